//! The URLs that a script makes plain: what modules import, and workers; and names of files that it
//! has in strings.
//!
//! JavaScript is read as a row of tokens, as es-module-lexer does. Whether a `/` divides or begins a
//! regular expression is told by what stands before it, which is right but for rare cases.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use crate::chunks::chunks;
use crate::doxygen;
use crate::holds::is_plainly_url;
use crate::link::{MOST_LINKS, Within};
use crate::{Kind, Role, near};

/// A URL as it stands in a script.
pub(crate) struct Found {
    /// Escapes undone.
    pub(crate) text: String,
    /// Where it stands, without quotes.
    pub(crate) span: Range<usize>,
    pub(crate) role: Role,
    /// It is a mere name, which an import map may give a meaning.
    pub(crate) is_name: bool,
    /// Nothing says what it is for.
    pub(crate) is_guess: bool,
}

impl Found {
    fn guess(text: String, span: Range<usize>) -> Self {
        Found {
            text,
            span,
            role: Role::Fetch,
            is_name: false,
            is_guess: true,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.role {
            _ if self.is_guess => Kind::Guess,
            Role::ServiceWorker => Kind::Hint,
            Role::Refresh => Kind::Navigation,
            _ => Kind::Requisite,
        }
    }

    pub(crate) fn within(&self) -> Within {
        match self.role {
            Role::ModuleImport => Within::Module,
            _ => Within::Script,
        }
    }
}

/// Finds what a script refers to by literals: one of a page, also where it goes.
pub(crate) fn urls(script: &str, is_of_page: bool) -> Vec<Found> {
    let goes = is_of_page && memmem::find(script.as_bytes(), b"location").is_some();
    if !goes && !may_refer(script) {
        return Vec::new();
    }
    let mut lexer = Lexer::new(script, 0);
    lexer.run();
    lexer.found
}

/// Finds the same, and the names of files that stand in strings by themselves, which the script may
/// do anything with: so many.
pub(crate) fn urls_and_guesses(script: &str, most: usize) -> Vec<Found> {
    let mut lexer = Lexer::new(script, most);
    lexer.run();
    lexer.found
}

/// Finds the names of other files that a script makes of what is in it.
pub(crate) fn made_names(script: &str) -> impl Iterator<Item = Found> {
    let names = chunks(script, MOST_MADE).into_iter();
    let names = names.filter(|(name, _)| is_file_name(name));
    let names = names.chain(doxygen::names(script, MOST_MADE));
    names.map(|(text, span)| Found::guess(text, span))
}

/// What a script refers to, as one that it only may ask for.
pub(crate) fn guess(found: Found) -> Option<Found> {
    is_file_name(&found.text).then(|| Found::guess(found.text, found.span))
}

/// Whether markup has an attribute with a URL.
fn names_a_url(markup: &str) -> bool {
    markup.match_indices('=').any(|(at, _)| {
        let before = &markup.as_bytes()[..=at];
        URLS.iter().any(|name| {
            let begin = before.len().checked_sub(name.len());
            begin.is_some_and(|begin| before[begin..].eq_ignore_ascii_case(name.as_bytes()))
        })
    })
}

/// What markup that scripts make has URLs in.
const URLS: [&str; 3] = ["href=", "src=", "background="];

fn may_refer(script: &str) -> bool {
    let may_have = |needle: &str| memmem::find(script.as_bytes(), needle.as_bytes()).is_some();
    [
        "import",
        "export",
        "Worker",
        "addModule",
        "fetch",
        ".open",
        "currentScript",
    ]
    .into_iter()
    .any(may_have)
}

/// Tells whether a specifier of a module is a URL (HTML §8.1.6.2, resolve a URL-like module
/// specifier).
pub(crate) fn is_url_like(specifier: &str) -> bool {
    let is_relative = ["/", "./", "../"]
        .iter()
        .any(|begin| specifier.starts_with(begin));
    is_relative || url::Url::parse(specifier).is_ok()
}

struct Lexer<'s> {
    script: &'s str,
    bytes: &'s [u8],
    at: usize,
    found: Vec<Found>,
    /// How many guesses may still be made.
    guesses: usize,
    /// It writes markup into its page.
    writes: bool,
    /// What is open here, innermost last.
    open: Vec<Open>,
    before: Before,
    /// Between `import` or `export` and its `from`.
    in_clause: bool,
    regex_may_follow: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// `(`, behind `if` and its like: no expression ends with it.
    Head,
    /// Any other `(`, or `[`, or the `{` of an object.
    Expression,
    Block,
    /// `${` in a template.
    Template,
}

/// What the token before says of a string that follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Other,
    Dot,
    /// A keyword behind which `(` opens no expression.
    Head,
    /// `import`
    Import,
    /// `from`, in a clause
    From,
    /// `serviceWorker`, and the dot behind it
    Container,
    ContainerDot,
    /// The name of a function or class that takes a URL.
    Callee(Role),
    /// The same and `(`.
    Call(Role),
    /// `.open`, and how many more tokens of `("GET", ` behind it.
    Open(u8),
    /// `window` and its like, the dot behind it, `.open` behind that, and `(`
    Window,
    WindowDot,
    WindowOpen,
    WindowOpens,
    /// `var` and its like: what follows is a name of its own
    Declaration,
    /// `location`, and whether it must be that of a window: no other variable
    Location(bool),
    LocationDot,
    LocationHref,
    /// One of them and `=`; the same
    Place(bool),
    /// `import`, and the dot behind it: `import.meta` is none.
    Operator,
}

impl<'s> Lexer<'s> {
    fn new(script: &'s str, guesses: usize) -> Self {
        Lexer {
            script,
            bytes: script.as_bytes(),
            at: 0,
            found: Vec::new(),
            guesses,
            writes: guesses > 0 && memmem::find(script.as_bytes(), b"document.write").is_some(),
            open: Vec::new(),
            before: Before::Other,
            in_clause: false,
            regex_may_follow: true,
        }
    }

    fn run(&mut self) {
        if self.script.starts_with("#!") {
            self.skip_line();
        }
        while self.at < self.script.len() && self.found.len() < MOST_LINKS {
            self.token();
        }
    }

    fn token(&mut self) {
        let rest = &self.bytes[self.at..];
        match rest[0] {
            b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'\x0b' => self.at += 1,
            b'/' if rest.starts_with(b"//") => self.skip_line(),
            b'/' if rest.starts_with(b"/*") => {
                let end = memmem::find(&rest[2..], b"*/");
                self.at += end.map_or(rest.len(), |end| end + 4);
            }
            b'<' if rest.starts_with(b"<!--") => self.skip_line(),
            b'/' if self.regex_may_follow => self.regex(),
            b'"' | b'\'' => self.string(rest[0]),
            b'`' => {
                self.at += 1;
                self.template(self.at);
            }
            byte if is_name(byte) => self.name(),
            byte => self.punctuator(byte),
        }
    }

    fn name(&mut self) {
        let start = self.at;
        self.skip_while(is_name);
        let name = &self.script[start..self.at];
        let behind_dot = matches!(
            self.before,
            Before::Dot | Before::ContainerDot | Before::WindowDot | Before::LocationDot
        );
        self.regex_may_follow = !behind_dot && OPERATORS.contains(&name);
        self.before = match name {
            "import" | "export" if !behind_dot => {
                self.in_clause = true;
                if name == "import" {
                    Before::Import
                } else {
                    Before::Operator
                }
            }
            "from" if self.in_clause => Before::From,
            "register" if self.before == Before::ContainerDot => {
                Before::Callee(Role::ServiceWorker)
            }
            "serviceWorker" => Before::Container,
            "addModule" if behind_dot => Before::Callee(Role::Worker),
            "Worker" | "SharedWorker" => Before::Callee(Role::Worker),
            "fetch" => Before::Callee(Role::Fetch),
            "open" if self.before == Before::WindowDot => Before::WindowOpen,
            "open" if behind_dot => Before::Open(0),
            "window" | "document" | "self" | "top" | "parent" if !behind_dot => Before::Window,
            "window" | "document" | "top" | "parent" if self.before == Before::WindowDot => {
                Before::Window
            }
            "location" if self.before == Before::WindowDot => Before::Location(true),
            "location" if !behind_dot && self.before != Before::Declaration => {
                Before::Location(false)
            }
            "var" | "let" | "const" | "static" if !behind_dot => Before::Declaration,
            "href" if self.before == Before::LocationDot => Before::LocationHref,
            "assign" | "replace" if self.before == Before::LocationDot => {
                Before::Callee(Role::Refresh)
            }
            "importScripts" => Before::Callee(Role::WorkerImport),
            "URL" => Before::Callee(Role::ModuleUrl),
            "if" | "while" | "for" | "with" if !behind_dot => Before::Head,
            _ if self.regex_may_follow => Before::Operator,
            _ => Before::Other,
        };
    }

    fn punctuator(&mut self, byte: u8) {
        self.at += 1;
        let before = self.before;
        let follows_value = !self.regex_may_follow;
        self.before = Before::Operator;
        self.regex_may_follow = true;
        if !matches!(byte, b'{' | b'}' | b',' | b'*') {
            self.in_clause = false;
        }
        match byte {
            b'(' => {
                self.before = match before {
                    Before::Import => Before::Call(Role::ModuleImport),
                    Before::Callee(role) => Before::Call(role),
                    Before::Open(0) => Before::Open(1),
                    Before::WindowOpen => Before::WindowOpens,
                    _ => Before::Operator,
                };
                self.open.push(match before {
                    Before::Head => Open::Head,
                    _ => Open::Expression,
                });
            }
            b'[' => self.open.push(Open::Expression),
            b'{' => {
                let arrow = self.bytes[..self.at - 1].trim_ascii_end().ends_with(b"=>");
                let begins = self.at_statement(before);
                self.open.push(if follows_value || arrow || begins {
                    Open::Block
                } else {
                    Open::Expression
                });
                self.before = Before::Other;
            }
            b')' | b']' => {
                self.regex_may_follow = self.open.pop() == Some(Open::Head);
                self.before = Before::Other;
            }
            b'}' => match self.open.pop() {
                Some(Open::Template) => self.template(self.at),
                opened => {
                    self.regex_may_follow = opened != Some(Open::Expression);
                    self.before = Before::Other;
                }
            },
            b'.' => {
                self.before = match before {
                    Before::Container => Before::ContainerDot,
                    Before::Window => Before::WindowDot,
                    Before::Location(_) => Before::LocationDot,
                    _ => Before::Dot,
                };
                // Of a spread, the operand follows.
                if self.bytes[..self.at].ends_with(b"..") {
                    self.before = Before::Operator;
                }
            }
            b'=' if self.bytes.get(self.at) != Some(&b'=') => match before {
                Before::Location(is_sure) => self.before = Before::Place(is_sure),
                Before::LocationHref => self.before = Before::Place(true),
                _ => {}
            },
            b',' if before == Before::Call(Role::WorkerImport) => self.before = before,
            b',' if before == Before::Open(2) => self.before = Before::Open(3),
            // Behind a value, it is part of that.
            b'+' | b'-' if self.bytes.get(self.at) == Some(&byte) => {
                self.at += 1;
                self.regex_may_follow = !follows_value;
            }
            _ => {}
        }
    }

    /// Whether what follows is a statement, as far as the token before tells.
    fn at_statement(&self, before: Before) -> bool {
        let behind = self.bytes[..self.at - 1].trim_ascii_end();
        match behind.last() {
            None | Some(b';' | b'{' | b'}' | b')') => before != Before::Call(Role::ModuleImport),
            Some(b':') => self.open.last().is_none_or(|open| *open == Open::Block),
            _ => behind.ends_with(b"else") || behind.ends_with(b"do") || behind.ends_with(b"try"),
        }
    }

    fn string(&mut self, quote: u8) {
        let start = self.at + 1;
        self.at = start;
        loop {
            self.skip_while(|byte| byte != quote && !matches!(byte, b'\\' | b'\n'));
            match self.bytes.get(self.at) {
                Some(b'\\') => self.at = (self.at + 2).min(self.bytes.len()),
                Some(byte) if *byte == quote => break,
                // It never ends: no string.
                _ => {
                    self.before = Before::Other;
                    return;
                }
            }
        }
        // An escaped character may be longer than a byte.
        let end = self.at;
        self.at += 1;
        self.literal(start..end);
    }

    /// Goes on in a template, up to its end or to what is put into it.
    fn template(&mut self, start: usize) {
        let whole = self.bytes[..start].ends_with(b"`");
        loop {
            self.skip_while(|byte| !matches!(byte, b'`' | b'\\' | b'$'));
            match self.bytes.get(self.at) {
                Some(b'\\') => self.at = (self.at + 2).min(self.bytes.len()),
                Some(b'$') if self.bytes.get(self.at + 1) == Some(&b'{') => {
                    self.at += 2;
                    self.open.push(Open::Template);
                    self.before = Before::Operator;
                    self.regex_may_follow = true;
                    return;
                }
                Some(b'$') => self.at += 1,
                Some(_) => break,
                None => return,
            }
        }
        let end = self.at;
        self.at += 1;
        if whole {
            self.literal(start..end);
        } else {
            self.regex_may_follow = false;
            self.before = Before::Other;
        }
    }

    /// Takes a string without its quotes.
    fn literal(&mut self, span: Range<usize>) {
        self.regex_may_follow = false;
        let before = std::mem::replace(&mut self.before, Before::Other);
        let is_template = self.bytes[..span.start].ends_with(b"`");
        let role = match before {
            Before::Import | Before::From if is_template => return,
            Before::Import | Before::From => {
                self.in_clause = false;
                Role::ModuleImport
            }
            Before::Call(role) => {
                let follows = self.follows();
                let complete = match role {
                    Role::ModuleUrl => is_of_module(follows) || is_of_script(follows),
                    // With more, it may be for something else than to get it, or a text's `replace`.
                    Role::Fetch | Role::Refresh => follows.starts_with(')'),
                    _ => follows.starts_with([',', ')']),
                };
                if !complete {
                    return self.guess(span);
                }
                if role == Role::WorkerImport {
                    self.before = before;
                }
                role
            }
            Before::Open(1) => {
                if self.script[span].eq_ignore_ascii_case("get") {
                    self.before = Before::Open(2);
                }
                return;
            }
            Before::Place(is_sure) if self.ends_here() && (is_sure || self.is_url(&span)) => {
                Role::Refresh
            }
            // `document.open` has a media type.
            Before::WindowOpens if self.follows().starts_with([',', ')']) && self.is_url(&span) => {
                Role::Refresh
            }
            Before::Open(3) if self.follows().starts_with([',', ')']) => Role::Fetch,
            _ => return self.guess(span),
        };
        let text = unescape(&self.script[span.clone()]);
        // No one would write a URL so.
        if role == Role::Refresh && text.contains([' ', '<', '{']) {
            return;
        }
        self.found.push(Found {
            is_name: role == Role::ModuleImport && !is_url_like(&text),
            text,
            span,
            role,
            is_guess: false,
        });
    }

    /// Takes a string that may name a file, if it is no key of an object and no module's name: what
    /// packs modules into one script leaves these there.
    fn guess(&mut self, span: Range<usize>) {
        let text = &self.script[span.clone()];
        let has = |byte| near::find(byte, text.as_bytes(), 0).is_some();
        let is_markup = has(b'<') && (self.writes || names_a_url(text));
        if self.guesses == 0 || !has(b'.') && !is_markup {
            return;
        }
        let text = if text.contains('\\') {
            Cow::Owned(unescape(text))
        } else {
            Cow::Borrowed(text)
        };
        let before = self.bytes[..span.start - 1].trim_ascii_end();
        let is_key = before.ends_with(b"{") || before.ends_with(b",");
        if is_key && self.follows().starts_with(':') || before.ends_with(b"require(") {
            return;
        }
        if !is_markup {
            // There may be more, of the markup around it.
            let mut pieces = text.split(['"', '\'']);
            return self.guess_at(pieces.find(|it| !it.is_empty()).unwrap_or_default(), &span);
        }
        // Of markup, what is in an attribute.
        let mut is_url = false;
        for piece in text.split(['"', '\'', ' ', '>']) {
            let value = URLS.iter().find_map(|name| {
                let (begin, value) = piece.split_at_checked(name.len())?;
                begin.eq_ignore_ascii_case(name).then_some(value)
            });
            let text = value.unwrap_or(piece);
            // What ends so is put together.
            if (is_url || value.is_some()) && is_plainly_url(text) && !text.ends_with('=') {
                self.push_guess(text, &span);
            } else {
                self.guess_at(text, &span);
            }
            is_url = value == Some("");
        }
    }

    fn guess_at(&mut self, text: &str, span: &Range<usize>) {
        // The query may be yet to come.
        let name = match text.split_once('?') {
            Some((path, query)) if query.is_empty() || query.ends_with('=') => path,
            _ => text,
        };
        if is_file_name(name) {
            self.push_guess(name, span);
        }
    }

    fn push_guess(&mut self, name: &str, span: &Range<usize>) {
        if self.guesses > 0 {
            self.guesses -= 1;
            self.found.push(Found::guess(name.to_owned(), span.clone()));
        }
    }

    fn is_url(&self, span: &Range<usize>) -> bool {
        is_plainly_url(&unescape(&self.script[span.clone()]))
    }

    /// Whether an expression ends here, as far as that is plain: not where comments follow.
    fn ends_here(&self) -> bool {
        let follows = self.follows();
        let blanks = &self.script[self.at..self.script.len() - follows.len()];
        let is_name = follows.bytes().next().is_some_and(is_name);
        let ends = follows.is_empty() || follows.starts_with([';', ',', ')', '}']);
        let is_in = follows.starts_with("in ") || follows.starts_with("instanceof ");
        ends || blanks.contains('\n') && is_name && !is_in
    }

    /// What follows behind blanks, for as long as it is of interest.
    fn follows(&self) -> &str {
        let rest = &self.script[self.at..];
        rest.trim_start_matches(|char: char| char.is_ascii_whitespace())
    }

    fn regex(&mut self) {
        self.at += 1;
        let mut in_class = false;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at = (self.at + 1).min(self.bytes.len()),
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => break,
                b'\n' => break,
                _ => {}
            }
        }
        self.align();
        self.skip_while(|byte| byte.is_ascii_alphabetic());
        self.regex_may_follow = false;
        self.before = Before::Other;
    }

    fn skip_line(&mut self) {
        self.skip_while(|byte| !matches!(byte, b'\n' | b'\r'));
    }

    fn skip_while(&mut self, goes: impl Fn(u8) -> bool) {
        self.align();
        let rest = &self.bytes[self.at..];
        self.at += rest
            .iter()
            .position(|byte| !goes(*byte))
            .unwrap_or(rest.len());
    }

    /// Behind a backslash may stand a character of several bytes.
    fn align(&mut self) {
        while !self.script.is_char_boundary(self.at) {
            self.at += 1;
        }
    }
}

/// `, import.meta.url)`
fn is_of_module(follows: &str) -> bool {
    begins_with(follows, &[",", "import", ".", "meta", ".", "url"])
}

/// `, document.currentScript.src)`
fn is_of_script(follows: &str) -> bool {
    begins_with(
        follows,
        &[",", "document", ".", "currentScript", ".", "src"],
    )
}

/// Whether these tokens follow, and then no more of an expression.
fn begins_with(follows: &str, tokens: &[&str]) -> bool {
    let mut rest = follows;
    for token in tokens {
        let Some(after) = rest.strip_prefix(token) else {
            return false;
        };
        let blanks = after
            .bytes()
            .take(MOST_BLANKS)
            .take_while(u8::is_ascii_whitespace)
            .count();
        rest = &after[blanks..];
    }
    rest.starts_with([')', ','])
}

/// ECMAScript §12.9.4, the escape sequences of strings; those of JSON are among them.
pub(crate) fn unescape(string: &str) -> String {
    if !string.contains('\\') {
        return string.to_owned();
    }
    let mut text = String::with_capacity(string.len());
    let mut rest = string;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(escaped) = rest.chars().next() else {
            break;
        };
        rest = &rest[escaped.len_utf8()..];
        let digits = match escaped {
            'x' => rest.get(..2).map(|digits| (digits, 2)),
            'u' if rest.starts_with('{') => {
                let end = rest.bytes().take(10).position(|byte| byte == b'}');
                end.map(|end| (&rest[1..end], end + 1))
            }
            'u' => rest.get(..4).map(|digits| (digits, 4)),
            _ => None,
        };
        let code = digits
            .and_then(|(digits, length)| Some((u32::from_str_radix(digits, 16).ok()?, length)));
        if let Some((code, length)) = code {
            text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            rest = &rest[length..];
            continue;
        }
        match escaped {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'v' => text.push('\u{b}'),
            '0' => text.push('\0'),
            // A continued line.
            '\r' => rest = rest.strip_prefix('\n').unwrap_or(rest),
            '\n' | '\u{2028}' | '\u{2029}' => {}
            other => text.push(other),
        }
    }
    text.push_str(rest);
    text
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'$' | b'\\' | b'#' | b'@')
        || !byte.is_ascii()
}

/// Whether a string looks like the URL of a file, of a kind that a page may need.
fn is_file_name(text: &str) -> bool {
    let text = match text.split_once("://") {
        Some(("http" | "https", rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        _ => text,
    };
    let is_plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'-' | b'_' | b'~' | b'/' | b'%' | b'@')
    };
    let is_of_tools = text.starts_with("//") || text.contains("node_modules/");
    if text.len() > LONGEST_FILE_NAME || is_of_tools {
        return false;
    }
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let is_query = |byte: u8| is_plain(byte) || matches!(byte, b'=' | b'&');
    if !path.bytes().all(is_plain) || !query.bytes().all(is_query) {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((stem, ending)) = name.rsplit_once('.') else {
        return false;
    };
    let is_known = FILES.iter().any(|known| ending.eq_ignore_ascii_case(known));
    is_known && !stem.trim_matches('.').is_empty()
}

/// How the names end of files that pages need.
const FILES: [&str; 59] = [
    "js",
    "mjs",
    "json",
    "css",
    "html",
    "htm",
    "xhtml",
    "xml",
    "svg",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "webp",
    "avif",
    "ico",
    "bmp",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "eot",
    "mp3",
    "mp4",
    "m4a",
    "m4v",
    "webm",
    "ogg",
    "oga",
    "ogv",
    "wav",
    "flac",
    "vtt",
    "wasm",
    "webmanifest",
    "csv",
    "tsv",
    "txt",
    "geojson",
    "topojson",
    "glb",
    "gltf",
    "bin",
    "data",
    "pdf",
    "yaml",
    "yml",
    "md",
    "toml",
    "kml",
    "gpx",
    "hdr",
    "ktx2",
    "onnx",
    "ipynb",
    "sqlite",
    "parquet",
    "usdz",
    "gz",
];
const LONGEST_FILE_NAME: usize = 256;
/// So many names are made of one script, in each way.
const MOST_MADE: usize = 2048;

/// Keywords behind which an operand stands.
const OPERATORS: [&str; 14] = [
    "return",
    "typeof",
    "case",
    "do",
    "else",
    "in",
    "instanceof",
    "new",
    "void",
    "delete",
    "throw",
    "yield",
    "await",
    "of",
];

/// Between the tokens of `import.meta.url`, so that looking ahead costs no more than this.
const MOST_BLANKS: usize = 100;

#[cfg(test)]
mod tests {
    use crate::Role::{self, Fetch, ModuleImport, ModuleUrl, ServiceWorker, Worker, WorkerImport};

    fn check(script: &str, expected: &[(&str, Role)]) {
        let found = super::urls(script, true);
        let found: Vec<_> = found
            .iter()
            .filter(|url| !url.is_name)
            .map(|url| (url.text.as_str(), url.role))
            .collect();
        assert_eq!(found, expected, "{script}");
    }

    #[test]
    fn modules_say_what_they_import() {
        for script in [
            "import './a'",
            "import\"./a\";",
            "import x from './a'",
            "import * as x from './a';",
            "import x, { y as z, default as w } from\n'./a' with { type: 'json' }",
            "import {'string name' as x} from './a'",
            "export * from './a'",
            "export {x,y as default}from'./a'",
            "export * as ns from './a'",
            "import(/* webpackChunkName: 'x' */ './a')",
            "x = await import('./a').then(y => z)",
            "import(`./a`, {with: {type: 'json'}})",
            "a.b; import './a' // import './no'",
            "import /* from './no' */ './a'",
            "import x from '.\\x2f\\u0061'",
            "const {x} = await import('./a')",
            "function f() { return import('./a') }",
            "`${import('./a')} import './no'`",
            "`${`${{}}`}`; import './a'",
            "/['\"]/.test(x); import './a'",
            "a = b / c; import './a'; d / e",
            "if (x) /'/.test(y); import './a'",
            "x++ / 2; import './a'; '/'",
            "<!-- import './no'\nimport './a'",
            "#!/bin/node './no'\nimport './a'",
            "}}}))) import './a'",
            "x = {}\n/ 2; import './a' // '",
            "{}\n/'/; import './a'",
        ] {
            check(script, &[("./a", ModuleImport)]);
        }
    }

    #[test]
    fn what_is_no_literal_or_no_url_is_not_found() {
        for script in [
            "import 'bare'",
            "import x from 'bare/y'",
            "import('./a' + b)",
            "import(`./a${b}`)",
            "import(a)",
            "x.import('./a')",
            "// import './a'",
            "/* import './a' */",
            "'import \"./a\"'",
            "x = /import '.\\/a'/",
            "export default './a'",
            "export const x = './a'",
            "import.meta.url; './a'",
            "import { x }; from './a'",
            "import './a",
            "import './a\n'",
            "new URL('./a', base); import.meta",
            "Worker; ('./a')",
            "x.register('./a'); import.meta",
        ] {
            check(script, &[]);
        }
    }

    #[test]
    fn what_is_plainly_got_is_found() {
        check("fetch('a.json').then(b)", &[("a.json", Fetch)]);
        check("window.fetch(`a.json`)", &[("a.json", Fetch)]);
        check(
            "x.open('GET', 'a.txt'); x.open('get', \"b\", true)",
            &[("a.txt", Fetch), ("b", Fetch)],
        );
        check(
            "new URL('i.png', document.currentScript.src)",
            &[("i.png", ModuleUrl)],
        );
        check(
            "fetch('a', {method: 'POST'}); x.open('POST', 'a'); fetch(a + 'b'); open('GET', 'a')",
            &[],
        );
    }

    #[test]
    fn names_of_files_are_guesses() {
        let guesses = |script: &str| {
            let found = super::urls_and_guesses(script, 3);
            let guesses = found.into_iter().filter(|url| url.is_guess);
            guesses.map(|url| url.text).collect::<Vec<_>>()
        };
        for (script, expected) in [
            ("load(root + 'search-index.js')", "search-index.js"),
            ("x.src = `../a/b.PNG`", "../a/b.PNG"),
            ("['/data/a.json?v=1']", "/data/a.json?v=1"),
            ("x = y ? 'a.css' : z", "a.css"),
            ("x = {file: 'a.html'}", "a.html"),
            ("new URL('a.json', base)", "a.json"),
            ("fetch('a.json', {cache: 'no-store'})", "a.json"),
            ("fetch('a.json?v=' + n)", "a.json"),
            ("new Worker('b/a.js?' + n)", "b/a.js"),
            (
                r#"{"x":"http:\/\/h\/a.min.js?v=1"}"#,
                "http://h/a.min.js?v=1",
            ),
            ("'<img src=' + root + 'a.png\" title='", "a.png"),
        ] {
            assert_eq!(guesses(script), [expected], "{script}");
        }
        for script in [
            "'.js' + '..js' + 'js' + 'a.exe' + 'a b.js' + '*.js' + 'ftp://h/a.js' + '//h/a.js'",
            "x = {'./a.js': 1, \"./b.js\" : 2}",
            "require('./a.js')",
            "`${x}.js` + `a.js${x}` + 'a.js\\n'",
            "// 'a.js'\n/a.js/",
        ] {
            assert_eq!(guesses(script), [""; 0], "{script}");
        }
        let made: Vec<_> = super::made_names("e => 'c/' + {7: 'a', 8: '*'}[e] + '.js'").collect();
        assert!(made.len() == 1 && made[0].text == "c/a.js" && made[0].is_guess);
        assert_eq!(guesses("f('a.js','b.js','c.js','d.js')").len(), 3);
        // What it is for is known of these.
        assert_eq!(guesses("fetch('a.json'); import './a.js'"), [""; 0]);
        check("load('a.js')", &[]);
    }

    #[test]
    fn workers_and_urls_of_modules_are_found() {
        check("new Worker('a.js', {type: 'module'})", &[("a.js", Worker)]);
        check("new window.SharedWorker(\"a.js\")", &[("a.js", Worker)]);
        check(
            "new Worker(new URL('a.js', import.meta.url))",
            &[("a.js", ModuleUrl)],
        );
        check(
            "new URL( `a.wasm` ,\nimport . meta.url)",
            &[("a.wasm", ModuleUrl)],
        );
        check(
            "importScripts('a', \"b\", c, 'd')",
            &[("a", WorkerImport), ("b", WorkerImport)],
        );
        check(
            "navigator.serviceWorker.register('/sw.js')",
            &[("/sw.js", ServiceWorker)],
        );
        check("audioWorklet.addModule('a.js')", &[("a.js", Worker)]);
    }
}
