//! WARC 1.1 records (ISO 28500:2017), as text that is written and read back.

use std::fmt::Write as _;
use std::io;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::TRANSFER_ENCODING;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use uuid::Uuid;

use crate::Capture;

/// The records of one capture, around its body.
pub(crate) struct Records {
    /// The whole `request` record.
    pub(crate) request: Vec<u8>,
    /// The `response` record up to the body.
    pub(crate) response: Vec<u8>,
}

/// What follows the block of every record.
pub(crate) const END: &[u8] = b"\r\n\r\n";

/// The record that a segment begins with.
pub(crate) fn info(date: SystemTime) -> Vec<u8> {
    let block = concat!(
        "software: dragline/",
        env!("CARGO_PKG_VERSION"),
        "\r\nformat: WARC File Format 1.1\r\n"
    );
    let mut record = head(
        "warcinfo",
        date,
        &id(),
        "application/warc-fields",
        block.len() as u64,
        &[],
    );
    record.extend_from_slice(block.as_bytes());
    record.extend_from_slice(END);
    record
}

pub(crate) fn records(capture: &Capture) -> Records {
    let (request_id, response_id) = (id(), id());
    let mut request = head(
        "request",
        capture.date,
        &request_id,
        "application/http; msgtype=request",
        capture.request.len() as u64,
        &[
            ("WARC-Target-URI", &capture.url),
            ("WARC-Concurrent-To", &response_id),
        ],
    );
    request.extend_from_slice(&capture.request);
    request.extend_from_slice(END);

    let http_head = response_head(capture.status, &capture.headers);
    let mut response = head(
        "response",
        capture.date,
        &response_id,
        "application/http; msgtype=response",
        (http_head.len() + capture.body.len()) as u64,
        &[
            ("WARC-Target-URI", &capture.url),
            ("WARC-Concurrent-To", &request_id),
        ],
    );
    response.extend_from_slice(&http_head);
    Records { request, response }
}

/// Reads a `response` record back. What it holds besides the response, it was given by `records`.
pub(crate) fn parse_response(record: &Bytes) -> io::Result<Parsed> {
    let block_at = end_of_head(record)?;
    let mut fields = [httparse::EMPTY_HEADER; 16];
    let after_version = line_end(record)?;
    let (_, fields) = complete(httparse::parse_headers(
        &record[after_version..],
        &mut fields,
    ))?;
    let field = |name: &str| {
        let field = fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name));
        field.and_then(|field| str::from_utf8(field.value).ok())
    };
    let length = field("Content-Length").and_then(|length| length.parse::<usize>().ok());
    let date = field("WARC-Date").and_then(|date| humantime::parse_rfc3339(date).ok());
    let (Some(length), Some(date)) = (length, date) else {
        return Err(damaged());
    };
    let end = block_at
        .checked_add(length)
        .filter(|end| *end <= record.len());
    let block = record.slice(block_at..end.ok_or_else(damaged)?);

    let body_at = end_of_head(&block)?;
    let lines = block[..body_at].split(|byte| *byte == b'\n').count();
    let mut fields = vec![httparse::EMPTY_HEADER; lines];
    let mut response = httparse::Response::new(&mut fields);
    let status = complete(response.parse(&block)).map(|_| response.code)?;
    let status = status.and_then(|code| StatusCode::from_u16(code).ok());
    let mut headers = HeaderMap::new();
    for field in response.headers.iter() {
        let name = match field.name {
            MOVED_TRANSFER_ENCODING => TRANSFER_ENCODING,
            name => HeaderName::from_bytes(name.as_bytes()).map_err(|_| damaged())?,
        };
        headers.append(
            name,
            HeaderValue::from_bytes(field.value).map_err(|_| damaged())?,
        );
    }
    Ok(Parsed {
        date,
        status: status.ok_or_else(damaged)?,
        headers,
        body: block.slice(body_at..),
    })
}

pub(crate) struct Parsed {
    pub(crate) date: SystemTime,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

fn head(
    kind: &str,
    date: SystemTime,
    id: &str,
    content_type: &str,
    length: u64,
    more: &[(&str, &str)],
) -> Vec<u8> {
    let date = humantime::format_rfc3339_micros(date);
    let mut head = format!(
        "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: {id}\r\nWARC-Date: {date}\r\n\
         Content-Type: {content_type}\r\nContent-Length: {length}\r\n"
    );
    for (name, value) in more {
        // A URL as parsed, or an id: neither holds a line break.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn response_head(status: StatusCode, headers: &HeaderMap) -> Vec<u8> {
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    for (name, value) in headers {
        let name = if name == TRANSFER_ENCODING {
            MOVED_TRANSFER_ENCODING
        } else {
            name.as_str()
        };
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn id() -> String {
    format!("<urn:uuid:{}>", Uuid::new_v4())
}

fn line_end(bytes: &[u8]) -> io::Result<usize> {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    end.map(|at| at + 1).ok_or_else(damaged)
}

fn end_of_head(bytes: &[u8]) -> io::Result<usize> {
    let end = bytes.windows(4).position(|window| window == END);
    end.map(|at| at + 4).ok_or_else(damaged)
}

fn complete<T>(parsed: httparse::Result<T>) -> io::Result<T> {
    match parsed {
        Ok(httparse::Status::Complete(value)) => Ok(value),
        Ok(httparse::Status::Partial) | Err(_) => Err(damaged()),
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "archive record is damaged")
}

const MOVED_TRANSFER_ENCODING: &str = "x-archive-orig-transfer-encoding";
