//! An [`Entry`] as a line of CDXJ, as `pywb` and other tools of web archiving read it, and back.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::entry::Kind;
use crate::segment::Segment;
use crate::{Entry, surt};

/// A line that is no [`Entry`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseEntryError {
    /// It is not `KEY TIMESTAMP {...}`.
    #[error("index line is not a key, a timestamp and JSON")]
    Shape,
    /// Its JSON is broken, or lacks a field that every entry has.
    #[error("index line's JSON is not that of an entry")]
    Json(#[from] serde_json::Error),
    /// A field's value is not what it should be.
    #[error("index line's `{0}` has a wrong value")]
    Field(&'static str),
}

/// The usual fields, all text, then those of ours.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
    /// The media type alone, or that the record is a revisit.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    mime: Option<Cow<'a, str>>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow)]
    digest: Cow<'a, str>,
    #[serde(borrow)]
    length: Cow<'a, str>,
    #[serde(borrow)]
    offset: Cow<'a, str>,
    #[serde(borrow)]
    filename: Cow<'a, str>,
    /// The whole `Content-Type`, unless `mime` says it.
    #[serde(
        borrow,
        default,
        rename = "type",
        skip_serializing_if = "Option::is_none"
    )]
    content_type: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    location: Option<Cow<'a, str>>,
    /// Microseconds of the date, which the timestamp has no digits for.
    #[serde(default, skip_serializing_if = "is_zero")]
    micros: u32,
    /// Where the headers are that a revisit changes.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    head: Option<Cow<'a, str>>,
    /// Where the body of a revisit is.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(&surt::key(&self.url), formatter)
    }
}

/// The line of an [`Entry`] with `-` for its key: for who does not sort by it.
#[derive(Clone, Copy, Debug)]
pub struct Unkeyed<'a>(&'a Entry);

impl fmt::Display for Unkeyed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write("-", formatter)
    }
}

impl Entry {
    /// Returns what writes its line without its key, which reads back as well.
    pub fn unkeyed(&self) -> Unkeyed<'_> {
        Unkeyed(self)
    }

    fn write(&self, key: &str, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.date.duration_since(SystemTime::UNIX_EPOCH);
        let since = since.map_err(|_| fmt::Error)?;
        let mut timestamp = humantime::format_rfc3339_seconds(self.date).to_string();
        timestamp.retain(|char| char.is_ascii_digit());
        let mime = self.mime();
        let (head, body) = match self.kind {
            Kind::Response => (None, None),
            Kind::Identical { body } => (None, Some(body)),
            Kind::NotModified { head, body } => (Some(head), Some(body)),
        };
        let line = Line {
            url: Cow::Borrowed(&self.url),
            content_type: self
                .content_type
                .as_deref()
                .filter(|text| self.is_revisit() || mime != Some(text))
                .map(Cow::Borrowed),
            mime: mime.map(Cow::Borrowed),
            status: Cow::Borrowed(self.status.as_str()),
            digest: Cow::Owned(self.digest.to_string()),
            length: Cow::Owned(self.length.to_string()),
            offset: Cow::Owned(self.offset.to_string()),
            filename: Cow::Owned(self.segment.to_string()),
            location: self.location.as_deref().map(Cow::Borrowed),
            micros: since.subsec_micros(),
            head: head.map(|head| Cow::Owned(head.to_string())),
            body: body.map(|body| Cow::Owned(body.to_string())),
        };
        let mut json = Vec::with_capacity(USUAL_LENGTH);
        serde_json::to_writer(&mut json, &line).map_err(|_| fmt::Error)?;
        let json = str::from_utf8(&json).map_err(|_| fmt::Error)?;
        write!(formatter, "{key} {timestamp} {json}")
    }

    /// What goes into `mime`.
    fn mime(&self) -> Option<&str> {
        if self.is_revisit() {
            return Some(REVISIT);
        }
        let text = self.content_type.as_deref()?;
        let essence = text.split([';', ' ', '\t']).next()?;
        // A server that sends this must not make a response look like a revisit.
        (!essence.is_empty() && essence != REVISIT).then_some(essence)
    }
}

impl FromStr for Entry {
    type Err = ParseEntryError;

    fn from_str(line: &str) -> Result<Self, ParseEntryError> {
        let (_, line) = line.split_once(' ').ok_or(ParseEntryError::Shape)?;
        let (timestamp, json) = line.split_once(' ').ok_or(ParseEntryError::Shape)?;
        let line: Line<'_> = serde_json::from_str(json)?;
        let kind = match (&line.head, &line.body) {
            (None, None) => Kind::Response,
            (None, Some(body)) => Kind::Identical {
                body: parse("body", body)?,
            },
            (Some(head), Some(body)) => Kind::NotModified {
                head: parse("head", head)?,
                body: parse("body", body)?,
            },
            (Some(_), None) => return Err(ParseEntryError::Field("body")),
        };
        let mime = line.mime.filter(|_| kind == Kind::Response);
        let segment = Segment::from_name(&line.filename);
        Ok(Entry {
            date: date(timestamp, line.micros).ok_or(ParseEntryError::Field("timestamp"))?,
            status: StatusCode::from_bytes(line.status.as_bytes())
                .map_err(|_| ParseEntryError::Field("status"))?,
            content_type: line.content_type.or(mime).map(Cow::into_owned),
            location: line.location.map(Cow::into_owned),
            digest: parse("digest", &line.digest)?,
            segment: segment.ok_or(ParseEntryError::Field("filename"))?,
            offset: parse("offset", &line.offset)?,
            length: parse("length", &line.length)?,
            url: line.url.into_owned(),
            kind,
        })
    }
}

fn parse<T: FromStr>(field: &'static str, text: &str) -> Result<T, ParseEntryError> {
    text.parse().map_err(|_| ParseEntryError::Field(field))
}

fn date(timestamp: &str, micros: u32) -> Option<SystemTime> {
    if timestamp.len() != 14 || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (day, time) = timestamp.split_at(8);
    let (year, month, day) = (&day[..4], &day[4..6], &day[6..]);
    let (hour, minute, second) = (&time[..2], &time[2..4], &time[4..]);
    let text = [
        year, "-", month, "-", day, "T", hour, ":", minute, ":", second, "Z",
    ]
    .concat();
    let whole = humantime::parse_rfc3339(&text).ok()?;
    (micros < 1_000_000).then(|| whole + Duration::from_micros(micros.into()))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Of a line, in bytes.
const USUAL_LENGTH: usize = 512;
const REVISIT: &str = "warc/revisit";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Digest, Position};
    use proptest::prelude::*;

    fn entry() -> Entry {
        Entry {
            url: "https://www.example.org/A?b".to_owned(),
            date: SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456),
            status: StatusCode::OK,
            content_type: Some("text/html; charset=utf-8".to_owned()),
            location: None,
            digest: Digest::of(b""),
            segment: Segment {
                number: 1,
                compressed: true,
            },
            offset: 12,
            length: 345,
            kind: Kind::Response,
        }
    }

    #[test]
    fn a_line_has_the_usual_fields() {
        let expected = concat!(
            r#"org,example)/a?b 20231114221320 {"url":"https://www.example.org/A?b","#,
            r#""mime":"text/html","status":"200","digest":"sha256:"#,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            r#"","length":"345","offset":"12","filename":"dragline-00001.warc.gz","#,
            r#""type":"text/html; charset=utf-8","micros":123456}"#,
        );
        assert_eq!(entry().to_string(), expected);
        let body = Position {
            segment: 0,
            offset: 9,
        };
        let revisit = Entry {
            kind: Kind::Identical { body },
            ..entry()
        }
        .to_string();
        assert!(revisit.contains(r#""mime":"warc/revisit","#));
        assert!(revisit.ends_with(r#","body":"0:9"}"#));
    }

    #[test]
    fn a_response_cannot_pass_for_a_revisit() {
        let content_type = Some(REVISIT.to_owned());
        let line = Entry {
            content_type,
            ..entry()
        }
        .to_string();
        assert!(!line.contains("\"mime\""), "{line}");
    }

    #[test]
    fn what_is_no_line_is_an_error() {
        let line = entry().to_string();
        for cut in 0..line.len() {
            assert!(line[..cut].parse::<Entry>().is_err());
        }
        for (from, to) in [
            ("2023", "20Z3"),
            ("221320", "226320"),
            ("\"200\"", "\"20\""),
            ("\"12\"", "\"-1\""),
            ("dragline-", "../"),
            ("123456}", "1000000}"),
            ("sha256", "sha1"),
            ("}", ",\"head\":\"0:1\"}"),
        ] {
            assert!(line.replace(from, to).parse::<Entry>().is_err(), "{from}");
        }
    }

    fn kinds() -> impl Strategy<Value = Kind> {
        let position = || {
            (any::<u32>(), any::<u64>()).prop_map(|(segment, offset)| Position { segment, offset })
        };
        prop_oneof![
            Just(Kind::Response),
            position().prop_map(|body| Kind::Identical { body }),
            (position(), position()).prop_map(|(head, body)| Kind::NotModified { head, body }),
        ]
    }

    proptest! {
        #[test]
        fn a_line_is_one_line_and_read_back_the_same(
            url in "[ -~]*|https?://\\PC*|http://[a-z.]{1,9}/[!-~]*",
            micros in 0..253_402_300_800_000_000_u64,
            status in 100_u16..1000,
            content_type in prop::option::of("\\PC*|[a-z/]{0,9};?[ -~]{0,9}|warc/revisit"),
            location in prop::option::of(any::<String>()),
            (number, compressed, offset, length) in any::<(u32, bool, u64, u64)>(),
            kind in kinds(),
        ) {
            let entry = Entry {
                date: SystemTime::UNIX_EPOCH + Duration::from_micros(micros),
                status: StatusCode::from_u16(status).unwrap(),
                digest: Digest::of(url.as_bytes()),
                segment: Segment { number, compressed },
                url, content_type, location, offset, length, kind,
            };
            let line = entry.to_string();
            prop_assert!(!line.contains(['\n', '\r']));
            prop_assert_eq!(&line.parse::<Entry>().unwrap(), &entry);
            let line = entry.unkeyed().to_string();
            prop_assert!(line.starts_with("- "));
            prop_assert_eq!(line.parse::<Entry>().unwrap(), entry);
        }
    }
}
