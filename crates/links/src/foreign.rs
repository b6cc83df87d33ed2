//! Which elements of an HTML document are of SVG or `MathML`: there, CDATA sections exist and no
//! element is raw text (§13.2.6.5, the rules for parsing tokens in foreign content).
//!
//! Only elements that change this are kept in mind, not all that are open. What differs from the
//! standard for that: in HTML within foreign content, the end tag of what it stands in closes that,
//! also where an HTML element is left open.

use crate::scan::Tag;

#[derive(Default)]
pub(crate) struct Foreign {
    /// Outermost first. Empty: HTML.
    open: Vec<Open>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Svg,
    Math,
    /// An integration point: HTML stands in it.
    ForeignObject,
    Desc,
    Title,
    AnnotationXml,
    /// `mi`, `mo`, `mn`, `ms`, `mtext`: HTML but for two elements.
    MathText([u8; 5]),
}

impl Foreign {
    pub(crate) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether text here is text of a foreign element.
    pub(crate) fn is_inside(&self) -> bool {
        matches!(self.open.last(), Some(Open::Svg | Open::Math))
    }

    /// Takes a start tag; tells whether it is of a foreign element. `name` is in lower case if it is
    /// short.
    pub(crate) fn enter(&mut self, name: &[u8], tag: &Tag) -> bool {
        let open = match (self.open.last(), name) {
            (
                None
                | Some(
                    Open::ForeignObject
                    | Open::Desc
                    | Open::Title
                    | Open::AnnotationXml
                    | Open::MathText(_),
                ),
                _,
            ) => match name {
                b"svg" => Some(Open::Svg),
                b"math" => Some(Open::Math),
                b"mglyph" | b"malignmark"
                    if matches!(self.open.last(), Some(Open::MathText(_))) =>
                {
                    None
                }
                _ => return false,
            },
            (Some(Open::Svg | Open::Math), _) if breaks_out(name, tag) => {
                while self.is_inside() {
                    self.open.pop();
                }
                return false;
            }
            (Some(Open::Svg), b"foreignobject") => Some(Open::ForeignObject),
            (Some(Open::Svg), b"desc") => Some(Open::Desc),
            (Some(Open::Svg), b"title") => Some(Open::Title),
            (Some(_), b"svg") => Some(Open::Svg),
            (Some(_), b"math") => Some(Open::Math),
            (Some(Open::Math), b"annotation-xml") => Some(Open::AnnotationXml),
            (Some(Open::Math), b"mi" | b"mo" | b"mn" | b"ms" | b"mtext") => {
                Some(Open::MathText(text_name(name)))
            }
            _ => None,
        };
        if !tag.self_closing && self.open.len() < DEEPEST {
            self.open.extend(open);
        }
        true
    }

    /// Takes an end tag.
    pub(crate) fn leave(&mut self, name: &[u8]) {
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        if self.is_inside() && (is(b"p") || is(b"br")) {
            while self.is_inside() {
                self.open.pop();
            }
            return;
        }
        let is_it = |open: &Open| match open {
            Open::Svg => is(b"svg"),
            Open::Math => is(b"math"),
            Open::ForeignObject => is(b"foreignobject"),
            Open::Desc => is(b"desc"),
            Open::Title => is(b"title"),
            Open::AnnotationXml => is(b"annotation-xml"),
            Open::MathText(text) => name.len() <= 5 && text_name(name) == *text,
        };
        // An element of HTML between keeps the end tag from what is outside of it; this far up, it
        // is the innermost that counts or those of one foreign tree.
        let mut inside = true;
        let found = self.open.iter().rposition(|open| {
            let found = inside && is_it(open);
            inside &= matches!(open, Open::Svg | Open::Math);
            found
        });
        if let Some(found) = found {
            self.open.truncate(found);
        }
    }
}

fn text_name(name: &[u8]) -> [u8; 5] {
    let mut text = [0; 5];
    for (to, from) in text.iter_mut().zip(name) {
        *to = from.to_ascii_lowercase();
    }
    text
}

fn breaks_out(name: &[u8], tag: &Tag) -> bool {
    match name {
        b"font" => tag
            .attributes
            .iter()
            .any(|attribute| attribute.name.is_of_font()),
        _ => BREAKERS.contains(&name),
    }
}

/// What is nested deeper changes nothing; browsers, too, end at some depth.
const DEEPEST: usize = 100;

const BREAKERS: [&[u8]; 44] = [
    b"b",
    b"big",
    b"blockquote",
    b"body",
    b"br",
    b"center",
    b"code",
    b"dd",
    b"div",
    b"dl",
    b"dt",
    b"em",
    b"embed",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"head",
    b"hr",
    b"i",
    b"img",
    b"li",
    b"listing",
    b"menu",
    b"meta",
    b"nobr",
    b"ol",
    b"p",
    b"pre",
    b"ruby",
    b"s",
    b"small",
    b"span",
    b"strong",
    b"strike",
    b"sub",
    b"sup",
    b"table",
    b"tt",
    b"u",
    b"ul",
    b"var",
];
