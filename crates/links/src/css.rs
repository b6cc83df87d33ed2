//! The URLs of CSS.

use std::ops::Range;

use cssparser::{Parser, Token};
use memchr::memchr2;

use crate::Role;
use crate::link::MOST_LINKS;

/// A URL as it stands in CSS.
pub(crate) struct Found {
    /// Escapes undone.
    pub(crate) text: String,
    /// Where it stands, without quotes or blanks around it.
    pub(crate) span: Range<usize>,
    pub(crate) role: Role,
}

/// What scripts ask for beside a picture that a style names: Leaflet finds by it where those of its
/// markers are.
pub(crate) fn beside(picture: &str) -> impl Iterator<Item = String> {
    let folder = picture.strip_suffix("marker-icon.png");
    let folder = folder.filter(|folder| folder.is_empty() || folder.ends_with('/'));
    let others = ["marker-icon-2x.png", "marker-shadow.png"];
    let others = folder.map(|folder| others.map(|name| format!("{folder}{name}")));
    others.into_iter().flatten()
}

/// Finds what a style refers to: `url()` and `src()`, `@import`, the strings of `image-set()`.
/// The name of an `@namespace` is no reference. At most some 100,000 are found.
pub(crate) fn urls(css: &str) -> Vec<Found> {
    // Most styles of attributes have neither.
    if memchr2(b'(', b'@', css.as_bytes()).is_none() {
        return Vec::new();
    }
    let mut state = State::default();
    let mut from = 0;
    // cssparser skips the content of a block unless one calls it to go in, which is recursion. Here
    // a new parser begins behind each opening instead, so that all tokens come in one row.
    while from < css.len() && state.found.len() < MOST_LINKS {
        let mut parser = Parser::new(&css[from..]);
        let begin = from;
        let mut opened = false;
        while !opened && state.found.len() < MOST_LINKS {
            let start = begin + parser.position().byte_index();
            let Ok(token) = parser.next_including_whitespace_and_comments() else {
                return state.found;
            };
            let token = token.clone();
            let end = begin + parser.position().byte_index();
            opened = state.take(&token, start..end, css);
            if opened {
                from = end;
            }
        }
    }
    state.found
}

#[derive(Default)]
struct State {
    found: Vec<Found>,
    /// What is open here, innermost last.
    open: Vec<Open>,
    /// What the at-rule whose prelude this is makes of a URL.
    rule: Rule,
    /// The last name, which is a property's if a colon follows.
    name: Range<usize>,
    /// That of the property whose value this is.
    property: Option<Property>,
}

/// A property, and what it makes of a URL: asked once, for its name may be long and its URLs many.
struct Property {
    name: Range<usize>,
    role: Option<Role>,
}

impl Property {
    fn role(&mut self, css: &str) -> Role {
        let name = &css[self.name.clone()];
        *self.role.get_or_insert_with(|| role_in(name))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Url,
    ImageSet,
    Function,
    Square,
    Curly,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Rule {
    #[default]
    Other,
    /// The first string or URL is one.
    Import,
    /// None is.
    Namespace,
}

/// What the URL in a property is used as.
fn role_in(property: &str) -> Role {
    let is = |name: &str| property.eq_ignore_ascii_case(name);
    let has = |part: &str| {
        let mut parts = property.split('-');
        parts.any(|own| own.eq_ignore_ascii_case(part))
    };
    match () {
        () if property.starts_with("--") => Role::Image,
        () if is("src") => Role::Font,
        () if is("clip-path") || is("-webkit-clip-path") => Role::ClipPath,
        () if has("mask") || is("shape-outside") => Role::Mask,
        () if has("filter") || has("marker") || is("fill") || is("stroke") => Role::Paint,
        () => Role::Image,
    }
}

impl State {
    /// Takes the next token; tells whether it opens a block.
    fn take(&mut self, token: &Token<'_>, span: Range<usize>, css: &str) -> bool {
        match token {
            Token::Ident(_) => self.name = span,
            Token::Colon if self.open.last().is_none_or(|open| *open == Open::Curly) => {
                let name = self.name.clone();
                // Behind a second colon it is the same.
                if self.property.as_ref().is_none_or(|it| it.name != name) {
                    self.property = Some(Property { name, role: None });
                }
            }
            Token::AtKeyword(name) => {
                self.rule = match () {
                    () if name.eq_ignore_ascii_case("import") => Rule::Import,
                    () if is_name_only(name) => Rule::Namespace,
                    () => Rule::Other,
                };
            }
            Token::Semicolon => self.end(),
            Token::UnquotedUrl(url) => self.find(url, unquoted(css, span), css),
            Token::QuotedString(string) if self.is_url() => {
                self.find(string, quoted(css, span), css);
            }
            Token::Function(name) => {
                return self.enter(match () {
                    () if name.eq_ignore_ascii_case("url") || name.eq_ignore_ascii_case("src") => {
                        Open::Url
                    }
                    () if is_image_set(name) => Open::ImageSet,
                    () => Open::Function,
                });
            }
            Token::ParenthesisBlock => return self.enter(Open::Function),
            Token::SquareBracketBlock => return self.enter(Open::Square),
            Token::CurlyBracketBlock => {
                self.end();
                return self.enter(Open::Curly);
            }
            Token::CloseParenthesis => {
                self.leave(|open| !matches!(open, Open::Square | Open::Curly));
            }
            Token::CloseSquareBracket => self.leave(|open| open == Open::Square),
            Token::CloseCurlyBracket => {
                self.leave(|open| open == Open::Curly);
                self.end();
            }
            _ => {}
        }
        false
    }

    /// Ends a declaration, or a rule's prelude.
    fn end(&mut self) {
        self.rule = Rule::Other;
        self.name = 0..0;
        self.property = None;
    }

    fn enter(&mut self, open: Open) -> bool {
        self.open.push(open);
        true
    }

    /// A bracket that closes nothing is a token like any other.
    fn leave(&mut self, closes: impl Fn(Open) -> bool) {
        if self.open.last().is_some_and(|open| closes(*open)) {
            self.open.pop();
        }
    }

    fn is_url(&self) -> bool {
        let innermost = self.open.last();
        matches!(innermost, Some(Open::Url | Open::ImageSet))
            || (self.rule == Rule::Import && innermost != Some(&Open::Function))
    }

    fn find(&mut self, text: &str, span: Range<usize>, css: &str) {
        if self.rule == Rule::Namespace {
            return;
        }
        let role = if self.rule == Rule::Import {
            Role::StyleImport
        } else {
            let property = self.property.as_mut();
            property.map_or(Role::Image, |it| it.role(css))
        };
        // What follows the URL in an `@import` (layer, supports, media) names no other.
        self.rule = Rule::Other;
        // CSS Values §4.5.1: a mere fragment is of the document, whatever its base.
        if !text.starts_with('#') {
            let text = text.to_owned();
            self.found.push(Found { text, span, role });
        }
    }
}

/// `@namespace` and `@-moz-document` compare URLs.
fn is_name_only(at_rule: &str) -> bool {
    ["namespace", "document", "-moz-document"]
        .iter()
        .any(|name| at_rule.eq_ignore_ascii_case(name))
}

fn is_image_set(name: &str) -> bool {
    name.eq_ignore_ascii_case("image-set") || name.eq_ignore_ascii_case("-webkit-image-set")
}

/// The inside of a string token, which at the end of the input may lack its last quote.
fn quoted(css: &str, span: Range<usize>) -> Range<usize> {
    let string = &css[span.clone()];
    let quote = string.get(..1).unwrap_or_default();
    let inside = &string[quote.len()..];
    let closed =
        inside.ends_with(quote) && !inside.is_empty() && !ends_escaped(&inside[..inside.len() - 1]);
    span.start + quote.len()..span.end - usize::from(closed)
}

/// The inside of an unquoted `url(…)` token.
fn unquoted(css: &str, span: Range<usize>) -> Range<usize> {
    let url = &css[span.clone()];
    let start = url.find('(').map_or(0, |at| at + 1);
    let inside = &url[start..];
    let inside = match inside.strip_suffix(')') {
        Some(rest) if !ends_escaped(rest) => rest,
        _ => inside,
    };
    let blank = |char: char| matches!(char, ' ' | '\t' | '\n' | '\r' | '\x0c');
    let trimmed = inside.trim_start_matches(blank);
    let start = span.start + start + (inside.len() - trimmed.len());
    start..start + trimmed.trim_end_matches(blank).len()
}

/// Whether what follows is escaped by a backslash.
fn ends_escaped(text: &str) -> bool {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    fn check(css: &str, expected: &[(&str, &str)]) {
        let found = super::urls(css);
        let found: Vec<_> = found
            .iter()
            .map(|url| (url.text.as_str(), &css[url.span.clone()]))
            .collect();
        assert_eq!(found, expected, "{css}");
    }

    #[test]
    fn urls_are_found_with_their_places() {
        check("a { b: url(c) }", &[("c", "c")]);
        check("a{b:URL( \n'c d' )}", &[("c d", "c d")]);
        check("a{b:url(\"c\"), url(  d  )", &[("c", "c"), ("d", "d")]);
        check(r"a{b:\75rl(c\)d)}", &[("c)d", r"c\)d")]);
        check(r"a{b:url(c\29", &[("c)", r"c\29")]);
        check("a{b:url('c", &[("c", "c")]);
        check("a{b:src('c')}", &[("c", "c")]);
        check(
            "@font-face{src:url(a.woff2) format('woff2')}",
            &[("a.woff2", "a.woff2")],
        );
        check("@media x{@supports (y){a{b:url(c)}}}", &[("c", "c")]);
        check("/* url(a) */ 'url(b)' a{c:'d'}", &[]);
        check("a{b:url()}", &[("", "")]);
        check("a)b]c}{d:url(e)}", &[("e", "e")]);
    }

    #[test]
    fn imports_are_found_in_all_forms() {
        check(
            "@import 'a';@IMPORT \"b\" print;",
            &[("a", "a"), ("b", "b")],
        );
        check(
            "@import url(a) layer('x') supports(b:url(c));",
            &[("a", "a"), ("c", "c")],
        );
        check("@import/**/url( 'a' );b{c:'d'}", &[("a", "a")]);
        check(
            "@namespace url(a); @namespace x 'b'; c{d:url(e)}",
            &[("e", "e")],
        );
        check("@charset 'a'; @import 'b'", &[("b", "b")]);
    }

    #[test]
    fn an_image_set_may_have_bare_strings() {
        check(
            "a{b:image-set('c' 1x type('image/png'),url(d) 2x)}",
            &[("c", "c"), ("d", "d")],
        );
    }

    #[test]
    fn the_property_says_what_a_url_is_used_as() {
        use crate::Role::{ClipPath, Font, Image, Mask, Paint, StyleImport};
        for (css, role) in [
            ("@font-face{font-family:x;src:local(y),url(a)}", Font),
            ("@import url(a) layer(x);", StyleImport),
            ("@media (x:y){p{MASK-image:url(a)}}", Mask),
            ("p{-webkit-mask:url(a)}", Mask),
            ("p{shape-outside:url(a)}", Mask),
            ("p{clip-path:url(a#b)}", ClipPath),
            ("p{c:d;backdrop-filter:blur(1px) url(a#b)}", Paint),
            ("fill:url(a#b)", Paint),
            ("a:hover{background:image-set('a' 1x)}", Image),
            ("mask:none;cursor:url(a)", Image),
            ("p{--mask:url(a)}", Image),
        ] {
            let found = super::urls(css);
            assert_eq!(
                found.iter().map(|url| url.role).collect::<Vec<_>>(),
                [role],
                "{css}"
            );
        }
    }

    #[test]
    fn a_mere_fragment_is_of_the_document() {
        check("a{b:url(#c);d:url('#e')}", &[]);
    }

    #[test]
    fn depth_costs_nothing() {
        let css = format!("{}a:url(b)", "{[(".repeat(100_000));
        assert_eq!(super::urls(&css).len(), 1);
    }

    /// Looked at for each URL, it would take minutes.
    #[test]
    fn a_long_name_of_a_property_is_looked_at_once() {
        let name = "a-".repeat(16 << 10);
        for (between, after) in [("", ""), (":", ""), ("", ";"), (";", ":"), ("", "{}")] {
            let urls = format!("{between}url(x){after}").repeat(4 << 10);
            let found = super::urls(&format!("p{{{name}mask:{urls}"));
            assert_eq!(found.len(), 4 << 10);
            let is_value = between != ";";
            assert_eq!(found[0].role == crate::Role::Mask, is_value);
        }
    }
}
