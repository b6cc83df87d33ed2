use std::ops::Range;

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use crate::Format;
use crate::link::{Found, MOST_LINKS, Reference, Span};

/// Where the links of a document stand, as they were found once: some twenty bytes a link, and no more
/// than some times as many as the document has, by which
/// [`Document::with_spans`](crate::Document::with_spans) need not look for them again.
///
/// They are of use to the program that made them, and to no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spans(Vec<u8>);

/// In what they were found: what decides of them beside the bytes.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Within<'w> {
    format: u8,
    encoding: &'w str,
    length: usize,
}

impl Within<'_> {
    fn new(document: &[u8], format: Format, encoding: &'static Encoding) -> Self {
        Within {
            format: format as u8,
            encoding: encoding.name(),
            length: document.len(),
        }
    }
}

impl Spans {
    /// Takes bytes that were [given](Self::as_bytes).
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Spans(bytes)
    }

    /// Returns the bytes, to be kept.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Of what was found, but for guesses; `None` where that is not all.
    pub(crate) fn of(
        mut found: Found,
        document: &[u8],
        format: Format,
        encoding: &'static Encoding,
    ) -> Option<Self> {
        found.references.retain(|it| !it.is_guess);
        let is_all = !found.is_cut && !found.has_passed_over;
        let length: usize = found.references.iter().map(length).sum();
        let is_small = length <= MOST_A_BYTE * document.len() + SMALL;
        // A document has no more than the most, however often it says them.
        if !is_all || !is_small || found.references.len() >= MOST_LINKS {
            return None;
        }
        let within = Within::new(document, format, encoding);
        let bytes = Vec::with_capacity(length + ABOUT_A_LINK);
        let bytes = postcard::to_extend(&(within, found), bytes).ok()?;
        Some(Spans(bytes))
    }

    /// What was found, if it was in this document.
    pub(crate) fn found(
        &self,
        document: &[u8],
        format: Format,
        encoding: &'static Encoding,
    ) -> Option<Found> {
        let (within, found): (Within<'_>, Found) = postcard::from_bytes(&self.0).ok()?;
        let is_of_it = within == Within::new(document, format, encoding);
        (is_of_it && fits(&found, document.len())).then_some(found)
    }
}

/// About how long it is when it is written.
fn length(reference: &Reference) -> usize {
    let text = reference.text.as_ref().map_or(0, |text| text.len());
    let guards = reference.origin.guards.as_ref();
    ABOUT_A_LINK + text + guards.map_or(0, |guards| guards.len() * ABOUT_A_SPAN)
}

const ABOUT_A_LINK: usize = 24;
const ABOUT_A_SPAN: usize = 5;
/// So many bytes are written for each that a document has, and as many beside them.
const MOST_A_BYTE: usize = 4;
const SMALL: usize = 4096;

/// Whether all places are in a document of this length, so that nothing panics that relies on it.
fn fits(found: &Found, length: usize) -> bool {
    let is_in = |span: Range<usize>| span.start <= span.end && span.end <= length;
    let has_base = |base: u32| (base as usize) < found.bases.len();
    let bases = found.bases.iter().enumerate();
    let mut around = bases.filter_map(|(at, base)| Some((at, base.around?)));
    found.head.is_none_or(|head| head <= length)
        && found.policies.iter().cloned().all(is_in)
        && around.all(|(at, around)| (around as usize) < at)
        && found.references.iter().all(|reference| {
            let origin = &reference.origin;
            let mut guards = origin.guards.iter().flat_map(|guards| guards.iter());
            let [span, tag] = [reference.span, origin.tag].map(Span::range);
            is_in(span)
                && is_in(tag)
                && is_in(origin.element())
                && guards.all(|guard| is_in(guard.range()))
                && has_base(origin.base)
        })
}
