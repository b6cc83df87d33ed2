//! The coarse scan against html5ever's tokenizer over every byte: a link that is put anywhere into
//! a document is found by the one if and only if it is a tag to the other.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::{env, fs};

use dragline_links::{Format, Link, Role, extract};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use proptest::prelude::*;
use url::Url;

const PROBE: &str = "<a href=probe>";

/// Switches states as tree construction does outside foreign content, scripts off.
#[derive(Default)]
struct Sink {
    links: RefCell<Vec<String>>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(Tag {
            kind: TagKind::StartTag,
            name,
            attrs,
            ..
        }) = token
        else {
            return TokenSinkResult::Continue;
        };
        let value = |name: &str| {
            let attribute = attrs
                .iter()
                .find(|attribute| &*attribute.name.local == name);
            attribute.map(|attribute| attribute.value.to_string())
        };
        let found = match &*name {
            "a" | "area" => value("href"),
            "script" if value("type").is_none_or(|of| !of.eq_ignore_ascii_case("module")) => {
                value("src")
            }
            "img" | "iframe" => value("src"),
            "form" => value("action"),
            _ => None,
        };
        self.links.borrow_mut().extend(found);
        match &*name {
            "script" => TokenSinkResult::RawData(ScriptData),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                TokenSinkResult::RawData(Rawtext)
            }
            "title" | "textarea" => TokenSinkResult::RawData(Rcdata),
            "plaintext" => TokenSinkResult::Plaintext,
            _ => TokenSinkResult::Continue,
        }
    }
}

fn by_tokenizer(document: &str) -> Vec<String> {
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(document));
    while !input.is_empty() {
        let _ = tokenizer.feed(&input);
    }
    tokenizer.end();
    let url = Url::parse("http://h/").unwrap();
    let links = tokenizer.sink.links.take();
    let kept = links
        .iter()
        .map(|link| link.trim_matches(|c: char| c <= ' '));
    kept.filter(|link| !link.is_empty() && !link.starts_with('#'))
        .filter_map(|link| url.join(link).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(String::from)
        .collect()
}

fn by_scan(document: &str) -> Vec<String> {
    let url = Url::parse("http://h/").unwrap();
    let links = extract(document.as_bytes(), Format::Html, Some("utf-8"), &url);
    let of_these = |link: &&Link| {
        let tag = document[link.tag.clone()].to_ascii_lowercase();
        let is_plain = matches!(
            link.role,
            Role::Anchor | Role::Script | Role::Frame | Role::Form
        );
        // Only these elements; and of a button or a picture, other attributes have such roles, too.
        is_plain
            && !tag.starts_with("<button")
            && !tag.starts_with("<input")
            && !tag.starts_with("<frame")
            || (link.role == Role::Image && is_source(&tag, &document[..link.span.start]))
    };
    let of_these = links.iter().filter(of_these);
    of_these.map(|link| link.url.to_string()).collect()
}

/// Whether what follows is the `src` of an `img`.
fn is_source(tag: &str, before: &str) -> bool {
    let before = before.trim_end_matches(['"', '\'']).trim_end();
    let name = before
        .strip_suffix('=')
        .map(str::trim_end)
        .unwrap_or_default();
    let name = name
        .rsplit(|char: char| !char.is_ascii_alphanumeric() && char != '-')
        .next();
    tag.starts_with("<img") && name.is_some_and(|name| name.eq_ignore_ascii_case("src"))
}

fn check(document: &str) {
    assert_eq!(by_scan(document), by_tokenizer(document), "{document:?}");
}

/// Foreign content is known to tree construction alone, and a byte order mark goes before all.
fn is_comparable(input: &str) -> bool {
    let lower = input.to_ascii_lowercase();
    !lower.contains("<svg") && !lower.contains("<math") && !lower.starts_with('\u{feff}')
}

/// The inputs of html5lib's tests of tokenizers.
fn html5lib() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/html5lib-tests/tokenizer");
    let mut inputs = Vec::new();
    for file in fs::read_dir(&folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let tests: serde_json::Value = serde_json::from_str(&text).unwrap();
        for test in tests["tests"].as_array().into_iter().flatten() {
            let input = test["input"].as_str().unwrap();
            if is_comparable(input) && test.get("doubleEscaped").is_none() {
                inputs.push(input.to_owned());
            }
        }
    }
    inputs.sort();
    inputs
}

#[test]
fn agrees_on_the_html5lib_tests() {
    let mut compared = 0;
    for input in html5lib() {
        // Of the thousands of character references, the ends are enough.
        let all = input.chars().count() < 40 && !input.starts_with('&');
        for (at, _) in input.char_indices().filter(|(at, _)| all || *at == 0) {
            check(&format!("{}{PROBE}{}", &input[..at], &input[at..]));
            compared += 1;
        }
        check(&format!("{input}{PROBE}"));
        check(&format!("<a href=\"{}\">{PROBE}", input.replace('"', "")));
        check(&format!(
            "<a href=x{}>{PROBE}",
            input.replace(['"', '>', ' '], "")
        ));
    }
    assert!(compared > 5_000, "{compared} compared");
}

/// Real pages: `DRAGLINE_PAGES` names a folder, such as that of `python3.11-doc`.
#[test]
fn agrees_on_real_pages() {
    let Ok(folder) = env::var("DRAGLINE_PAGES") else {
        eprintln!("skipped: DRAGLINE_PAGES names no folder");
        return;
    };
    let mut folders = vec![folder.into()];
    let mut compared = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir::<std::path::PathBuf>(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "html") {
                let Ok(page) = fs::read_to_string(&path) else {
                    continue;
                };
                // Their pictures have no text that would be raw elsewhere.
                if !page.contains("<base") && !page.contains("<math") {
                    let (scan, tokenizer) = (by_scan(&page), by_tokenizer(&page));
                    let differ = scan
                        .iter()
                        .zip(&tokenizer)
                        .find(|(scan, tokenizer)| scan != tokenizer);
                    assert!(scan == tokenizer, "{}: {differ:?}", path.display());
                    compared += scan.len();
                }
            }
        }
    }
    println!("{compared} links are the same");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn agrees_on_soup(
        pieces in prop::collection::vec(
            prop_oneof![
                4 => Just(PROBE.to_owned()),
                12 => prop::sample::select(vec![
                    "<", ">", "/", "!", "?", "-", "--", "<!--", "-->", "--!>", "=", "'", "\"", " ", "\n", "\0", "&", "&amp;",
                    "<script", "</script", "<script>", "</script>", "<style>", "</style>", "<title>", "</title ", "<a", " href",
                    "<textarea/>", "</textarea>", "<![CDATA[", "]]>", "<!doctype", "<p title=", "<iframe>", "</iframe/>", "<xmp>",
                    "</XMP>", "<a\u{c}HREF='y' href=z>", "</a href=w>", "<img src=\"&notit;&notin;&ampx&#x41\">",
                    "<script src=x>", "<form action='&#0;y'>", "<plaintext>", "<noframes>", "<a href='&NotEqualTilde;'>",
                ]).prop_map(str::to_owned),
                1 => "\\PC{0,3}",
            ],
            0..24,
        )
    ) {
        let document = pieces.concat();
        prop_assert_eq!(by_scan(&document), by_tokenizer(&document));
    }
    /// Pieces of html5lib's tests, cut and put together anywhere.
    #[test]
    fn agrees_on_mutations_of_the_html5lib_tests(
        pieces in prop::collection::vec((any::<prop::sample::Index>(), any::<(u16, u16)>(), 0..4_u8), 1..6)
    ) {
        let inputs = INPUTS.with(Clone::clone);
        let cut = |text: &str, (from, to): (u16, u16)| {
            let chars: Vec<_> = text.chars().collect();
            let from = usize::from(from) % (chars.len() + 1);
            let to = from + usize::from(to) % (chars.len() - from + 1);
            chars[from..to].iter().collect::<String>()
        };
        let piece = |(index, ends, what): (prop::sample::Index, (u16, u16), u8)| match what {
            0 => PROBE.to_owned(),
            1 => inputs[index.index(inputs.len())].clone(),
            _ => cut(&inputs[index.index(inputs.len())], ends),
        };
        let document: String = pieces.into_iter().map(piece).collect();
        prop_assume!(is_comparable(&document));
        prop_assert_eq!(by_scan(&document), by_tokenizer(&document));
    }
}

thread_local! {
    static INPUTS: Rc<Vec<String>> = Rc::new(html5lib());
}
