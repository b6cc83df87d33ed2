//! The URLs of CSS.

use std::ops::Range;

use cssparser::{Parser, Token};

/// A URL as it stands in CSS.
pub(crate) struct Found {
    /// Escapes undone.
    pub(crate) text: String,
    /// Where it stands, without quotes or blanks around it.
    pub(crate) span: Range<usize>,
}

/// Finds what a style refers to: `url()` and `src()`, `@import`, the strings of `image-set()`.
/// The name of an `@namespace` is no reference.
pub(crate) fn urls(css: &str) -> Vec<Found> {
    let mut state = State::default();
    let mut from = 0;
    // cssparser skips the content of a block unless one calls it to go in, which is recursion. Here
    // a new parser begins behind each opening instead, so that all tokens come in one row.
    while from < css.len() {
        let mut parser = Parser::new(&css[from..]);
        let begin = from;
        let mut opened = false;
        while !opened {
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

impl State {
    /// Takes the next token; tells whether it opens a block.
    fn take(&mut self, token: &Token<'_>, span: Range<usize>, css: &str) -> bool {
        match token {
            Token::AtKeyword(name) => {
                self.rule = match () {
                    () if name.eq_ignore_ascii_case("import") => Rule::Import,
                    () if name.eq_ignore_ascii_case("namespace") => Rule::Namespace,
                    () => Rule::Other,
                };
            }
            Token::Semicolon => self.rule = Rule::Other,
            Token::UnquotedUrl(url) => self.find(url, unquoted(css, span)),
            Token::QuotedString(string) if self.is_url() => self.find(string, quoted(css, span)),
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
                self.rule = Rule::Other;
                return self.enter(Open::Curly);
            }
            Token::CloseParenthesis => {
                self.leave(|open| !matches!(open, Open::Square | Open::Curly));
            }
            Token::CloseSquareBracket => self.leave(|open| open == Open::Square),
            Token::CloseCurlyBracket => {
                self.leave(|open| open == Open::Curly);
                self.rule = Rule::Other;
            }
            _ => {}
        }
        false
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

    fn find(&mut self, text: &str, span: Range<usize>) {
        if self.rule == Rule::Namespace {
            return;
        }
        // What follows the URL in an `@import` (layer, supports, media) names no other.
        self.rule = Rule::Other;
        self.found.push(Found {
            text: text.to_owned(),
            span,
        });
    }
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
    fn depth_costs_nothing() {
        let css = format!("{}a:url(b)", "{[(".repeat(100_000));
        assert_eq!(super::urls(&css).len(), 1);
    }
}
