//! The coarse scan against html5ever's tokenizer over every byte: a link that is put anywhere into
//! a document is found by the one if and only if it is a tag to the other.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use dragline_links::{Format, Kind, extract};
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
        if &*name == "a" {
            let href = attrs
                .iter()
                .find(|attribute| &*attribute.name.local == "href");
            self.links
                .borrow_mut()
                .extend(href.map(|href| href.value.to_string()));
        }
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
    // No other element here has a link that a person follows.
    let of_a = links.iter().filter(|link| link.kind == Kind::Navigation);
    of_a.map(|link| link.url.to_string()).collect()
}

fn check(document: &str) {
    assert_eq!(by_scan(document), by_tokenizer(document), "{document:?}");
}

/// Foreign content is known to tree construction alone, and a byte order mark goes before all.
fn is_comparable(input: &str) -> bool {
    let lower = input.to_ascii_lowercase();
    !lower.contains("<svg") && !lower.contains("<math") && !lower.starts_with('\u{feff}')
}

#[test]
fn agrees_on_the_html5lib_tests() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/html5lib-tests/tokenizer");
    let Ok(files) = fs::read_dir(&folder) else {
        eprintln!(
            "skipped: the html5lib tests are not at {}",
            folder.display()
        );
        return;
    };
    let mut compared = 0;
    for file in files {
        let text = fs::read_to_string(file.unwrap().path()).unwrap_or_default();
        let Ok(tests) = serde_json::from_str::<serde_json::Value>(&text) else {
            continue;
        };
        let tests = tests
            .get("tests")
            .and_then(|tests| tests.as_array())
            .cloned();
        for test in tests.unwrap_or_default() {
            let input = test["input"].as_str().unwrap();
            if !is_comparable(input) || test.get("doubleEscaped").is_some() {
                continue;
            }
            // Of the thousands of character references, the ends are enough.
            let all = input.chars().count() < 40 && !input.starts_with('&');
            for (at, _) in input.char_indices().filter(|(at, _)| all || *at == 0) {
                check(&format!("{}{PROBE}{}", &input[..at], &input[at..]));
                compared += 1;
            }
            check(&format!("{input}{PROBE}"));
            check(&format!("<a href=\"{}\">{PROBE}", input.replace('"', "")));
        }
    }
    assert!(compared > 5_000, "{compared} compared");
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
                    "</XMP>", "<a\u{c}HREF='y' href=z>", "</a href=w>",
                ]).prop_map(str::to_owned),
                1 => "\\PC{0,3}",
            ],
            0..24,
        )
    ) {
        let document = pieces.concat();
        prop_assert_eq!(by_scan(&document), by_tokenizer(&document));
    }
}
