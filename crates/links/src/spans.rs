use std::ops::Range;
use std::sync::Arc;

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use crate::Format;
use crate::link::{Base, Found, Kind, MOST_LINKS, Origin, Place, Reference, Role, Span};

/// Where the links of a document stand, as they were found once: some thirty bytes a link, and no more
/// than some times as many as the document has, by which
/// [`Document::with_spans`](crate::Document::with_spans) need not look for them again.
///
/// They are of use to the program that made them, and to no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spans(Vec<u8>);

/// What stands before the rows of the references, which have the numbers of each.
#[derive(Serialize, Deserialize)]
struct Front<'f> {
    #[serde(borrow)]
    within: Within<'f>,
    bases: Vec<Base>,
    head: Option<usize>,
    policies: Vec<Range<usize>>,
    /// How many rows there are.
    count: usize,
    shapes: Vec<Shape>,
    /// What some references say, and the guards of some: by the references' places.
    texts: Vec<(u32, Box<str>)>,
    guards: Vec<(u32, Arc<[Span]>)>,
}

/// In what they were found: what decides of them beside the bytes.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Within<'w> {
    format: u8,
    encoding: &'w str,
    length: usize,
}

/// What a document's references have in common with many others of it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Shape {
    kind: Kind,
    role: Role,
    place: Place,
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
        found: Found,
        document: &[u8],
        format: Format,
        encoding: &'static Encoding,
    ) -> Option<Self> {
        if found.is_cut || found.has_passed_over {
            return None;
        }
        let mut front = Front {
            within: Within::new(document, format, encoding),
            bases: found.bases,
            head: found.head,
            policies: found.policies,
            count: 0,
            shapes: Vec::new(),
            texts: Vec::new(),
            guards: Vec::new(),
        };
        let mut rows = Vec::with_capacity(found.references.len() * ROW);
        let references = found.references.into_iter().filter(|it| !it.is_guess);
        let mut odd = 0;
        for (at, reference) in (0..).zip(references) {
            let Reference { span, origin, .. } = reference;
            let shape = Shape {
                kind: reference.kind,
                role: reference.role,
                place: reference.place,
            };
            let known = front.shapes.iter().position(|it| *it == shape);
            let number = known.unwrap_or(front.shapes.len());
            let number = u32::try_from(number).ok().filter(|it| *it < MOST_SHAPES)?;
            if known.is_none() {
                front.shapes.push(shape);
            }
            if let Some(text) = reference.text {
                odd += ROW + text.len();
                front.texts.push((at, text));
            }
            if let Some(guards) = origin.guards {
                odd += ROW * (1 + guards.len());
                front.guards.push((at, guards));
            }
            let tag = origin.tag;
            let row = [
                span.start,
                span.end,
                tag.start,
                tag.end,
                origin.element_end,
                origin.base,
                number,
            ];
            rows.extend_from_slice(row.map(u32::to_le_bytes).as_flattened());
        }
        front.count = rows.len() / ROW;
        let is_small = rows.len() + odd <= MOST_A_BYTE * document.len() + SMALL;
        // A document has no more than the most, however often it says them.
        if !is_small || front.count >= MOST_LINKS {
            return None;
        }
        let bytes = Vec::with_capacity(rows.len() + odd + SMALL);
        let mut bytes = postcard::to_extend(&front, bytes).ok()?;
        bytes.extend_from_slice(&rows);
        Some(Spans(bytes))
    }

    /// What was found, if it was in this document.
    pub(crate) fn found(
        &self,
        document: &[u8],
        format: Format,
        encoding: &'static Encoding,
    ) -> Option<Found> {
        let (front, rows): (Front<'_>, _) = postcard::take_from_bytes(&self.0).ok()?;
        if front.within != Within::new(document, format, encoding) {
            return None;
        }
        let mut texts = front.texts.into_iter().peekable();
        let mut guards = front.guards.into_iter().peekable();
        let mut reference = |at: u32, row: &[[u8; 4]; ROW / 4]| {
            let [start, end, tag_start, tag_end, element_end, base, shape] =
                row.map(u32::from_le_bytes);
            let Shape { kind, role, place } = *front.shapes.get(shape as usize)?;
            Some(Reference {
                text: texts.next_if(|it| it.0 == at).map(|it| it.1),
                span: Span { start, end },
                origin: Origin {
                    tag: Span {
                        start: tag_start,
                        end: tag_end,
                    },
                    element_end,
                    guards: guards.next_if(|it| it.0 == at).map(|it| it.1),
                    base,
                },
                kind,
                role,
                place,
                is_news: true,
                is_guess: false,
            })
        };
        let (numbers, []) = rows.as_chunks() else {
            return None;
        };
        let (rows, []) = numbers.as_chunks() else {
            return None;
        };
        if rows.len() != front.count {
            return None;
        }
        let references = (0..).zip(rows).map(|(at, row)| reference(at, row));
        let mut found = Found::new(0);
        found.references = references.collect::<Option<_>>()?;
        found.bases = front.bases;
        found.head = front.head;
        found.policies = front.policies;
        fits(&found, document.len()).then_some(found)
    }
}

/// So many bytes are written of each reference.
const ROW: usize = 28;
/// Few documents have so many; of those that do, links are looked for again.
const MOST_SHAPES: u32 = 64;
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
