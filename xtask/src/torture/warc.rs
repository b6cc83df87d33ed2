//! The records of an archive, read without the crate that wrote them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use flate2::bufread::GzDecoder;
use sha2::{Digest as _, Sha256};

/// What is archived of a URL: its address without the host, the status, and the payload's digest.
///
/// Whether it is a `response` or a `revisit` is left out: of those with the same payload, the one that came first is the
/// response.
pub(crate) type Kept = (String, String, String);

/// Reads every segment in the folder, and returns how often each is archived.
///
/// # Errors
///
/// A segment is not a row of whole records, a record of an exchange is missing, or a payload is not what its digest
/// says.
pub(crate) fn records(folder: &Path) -> Result<BTreeMap<Kept, usize>> {
    let mut kept = BTreeMap::new();
    for file in fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        let path = file?.path();
        if path.is_dir() {
            bail!("{} is left", path.display());
        }
        let bytes = fs::read(&path)?;
        segment(&bytes, &mut kept).with_context(|| format!("{}", path.display()))?;
    }
    Ok(kept)
}

fn segment(mut bytes: &[u8], kept: &mut BTreeMap<Kept, usize>) -> Result<()> {
    let mut kinds = Vec::new();
    let length = bytes.len();
    while !bytes.is_empty() {
        let at = length - bytes.len();
        let mut record = Vec::new();
        let mut member = GzDecoder::new(bytes);
        let unpacked = member.read_to_end(&mut record);
        unpacked.with_context(|| format!("torn record at {at}"))?;
        bytes = member.into_inner();
        let record = Record::parse(&record).with_context(|| format!("record at {at}"))?;
        kinds.push(record.kind.to_owned());
        if let Some(key) = record.kept()? {
            *kept.entry(key).or_default() += 1;
        }
    }
    let (first, rest) = kinds.split_first().context("no record")?;
    ensure!(first == "warcinfo", "it begins with a {first} record");
    let mut rest = rest.iter().map(String::as_str).peekable();
    while let Some(request) = rest.next() {
        let response = rest.next();
        ensure!(
            request == "request" && matches!(response, Some("response" | "revisit")),
            "a {request} record is followed by {response:?}"
        );
        // That of a seed has none.
        rest.next_if_eq(&"metadata");
    }
    Ok(())
}

struct Record<'a> {
    kind: &'a str,
    head: &'a str,
    block: &'a [u8],
}

impl<'a> Record<'a> {
    fn parse(record: &'a [u8]) -> Result<Self> {
        let (head, rest) = split(record).context("its head does not end")?;
        let head = str::from_utf8(head)?;
        ensure!(head.starts_with("WARC/1.1\r\n"), "it is no record");
        let length: usize = field(head, "Content-Length")?.parse()?;
        ensure!(
            rest.len() == length + END.len() && rest.ends_with(END),
            "it is {} bytes long and not {length}",
            rest.len()
        );
        Ok(Record {
            kind: field(head, "WARC-Type")?,
            head,
            block: &rest[..length],
        })
    }

    /// What it keeps, if it is a response or stands for one.
    fn kept(&self) -> Result<Option<Kept>> {
        if !matches!(self.kind, "response" | "revisit") {
            return Ok(None);
        }
        let (http, payload) = split(self.block).context("its HTTP head does not end")?;
        let status = str::from_utf8(http)?.split(' ').nth(1);
        let digest = field(self.head, "WARC-Payload-Digest")?;
        if self.kind == "response" {
            let sum = Sha256::digest(payload);
            let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
            ensure!(digest == format!("sha256:{hex}"), "its payload is damaged");
        }
        let url = field(self.head, "WARC-Target-URI")?;
        let address = url.splitn(4, '/').nth(3).context("its URL has no path")?;
        let status = status.context("it has no status")?;
        Ok(Some((
            address.to_owned(),
            status.to_owned(),
            digest.to_owned(),
        )))
    }
}

/// Splits a head from what follows it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(END.len()).position(|four| four == END)?;
    Some((&bytes[..end], &bytes[end + END.len()..]))
}

fn field<'a>(head: &'a str, name: &str) -> Result<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    let field = fields.find(|(there, _)| *there == name);
    let (_, value) = field.with_context(|| format!("it has no {name}"))?;
    Ok(value)
}

const END: &[u8] = b"\r\n\r\n";
