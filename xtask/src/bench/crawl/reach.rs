//! What of a site can be reached, found apart from all that dragline is made of: html5ever's tokenizer over every page,
//! and a plain search for `url(` and `@import` in style sheets.

use std::cell::RefCell;
use std::collections::BTreeSet;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use url::{Position, Url};

use crate::site::{Fixed, Resource};

/// Returns the addresses of all that is there and can be reached from `seed`.
pub(super) fn from(seed: &str, site: &Fixed) -> BTreeSet<String> {
    let origin = Url::parse("http://site.test/").expect("it is a URL");
    let mut reached = BTreeSet::new();
    let mut seen = BTreeSet::from([seed.to_owned()]);
    let mut next = vec![seed.to_owned()];
    while let Some(address) = next.pop() {
        let Ok(mut base) = origin.join(&address) else {
            continue;
        };
        let targets = match site.find(&address) {
            None => continue,
            Some(Resource::Moved(to)) => vec![to.clone()],
            Some(Resource::Document {
                content_type, body, ..
            }) => {
                reached.insert(address);
                let text = String::from_utf8_lossy(body);
                match *content_type {
                    "text/html" | "application/xhtml+xml" => in_html(&text, &mut base),
                    "text/css" => in_css(&text),
                    _ => continue,
                }
            }
        };
        for target in targets {
            let Ok(target) = base.join(&target) else {
                continue;
            };
            let address = target[Position::BeforePath..Position::AfterQuery].to_owned();
            if target.origin() == origin.origin() && seen.insert(address.clone()) {
                next.push(address);
            }
        }
    }
    reached
}

/// What a page refers to, as it is written; and the page's base.
fn in_html(text: &str, base: &mut Url) -> Vec<String> {
    let tokenizer = Tokenizer::new(Links::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(text));
    // A script's end suspends it; what comes then is tokenized all the same.
    while !matches!(tokenizer.feed(&input), html5ever::TokenizerResult::Done) {}
    tokenizer.end();
    let Links {
        targets,
        base: said,
    } = tokenizer.sink;
    if let Some(said) = said.into_inner().and_then(|said| base.join(&said).ok()) {
        *base = said;
    }
    targets.into_inner()
}

#[derive(Default)]
struct Links {
    targets: RefCell<Vec<String>>,
    base: RefCell<Option<String>>,
}

impl TokenSink for Links {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else {
            return TokenSinkResult::Continue;
        };
        if tag.kind != TagKind::StartTag {
            return TokenSinkResult::Continue;
        }
        for attribute in &tag.attrs {
            let value = || attribute.value.to_string();
            match (&*tag.name, &*attribute.name.local) {
                ("base", "href") => *self.base.borrow_mut() = Some(value()),
                ("a" | "area" | "link", "href")
                | ("img" | "script" | "iframe" | "frame" | "embed" | "source" | "video", "src")
                | ("object", "data") => self.targets.borrow_mut().push(value()),
                _ => {}
            }
        }
        // What a tree builder would say (13.2.6.4): what is in these is no markup.
        match &*tag.name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            "plaintext" => TokenSinkResult::Plaintext,
            _ => TokenSinkResult::Continue,
        }
    }
}

/// What a style sheet refers to, as it is written.
fn in_css(text: &str) -> Vec<String> {
    let quoted = |text: &str| {
        let text = text.trim_start();
        let (quote, rest) = (text.chars().next()?, text.get(1..)?);
        let end = match quote {
            '"' | '\'' => return Some(rest[..rest.find(quote)?].to_owned()),
            _ => text.find(')')?,
        };
        Some(text[..end].trim_end().to_owned())
    };
    let imports = text.split("@import").skip(1);
    let imports = imports.filter(|rest| rest.trim_start().starts_with(['"', '\'']));
    let urls = text.split("url(").skip(1);
    imports.chain(urls).filter_map(quoted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_on_is_reached_and_nothing_else() {
        let mut site = Fixed::default();
        let mut add = |address: &str, content_type, body: &'static str| {
            let document = Resource::Document {
                content_type,
                coding: None,
                etag: None,
                body: body.into(),
            };
            site.insert(address.to_owned(), document);
        };
        add(
            "/",
            "text/html",
            "<link href=a.css rel=stylesheet><script>'<a href=no>'</script><a href=d><a href=gone>\
             <a href=http://other.test/no>",
        );
        add(
            "/a.css",
            "text/css",
            "@import 'b.css'; p { background: url( \"c.png\" ) }",
        );
        for address in ["/b.css", "/c.png", "/no"] {
            add(address, "text/plain", "");
        }
        add("/d/", "text/html", "<base href=/><img src=e.png>");
        add("/e.png", "image/png", "");
        site.insert("/d".to_owned(), Resource::Moved("/d/".to_owned()));
        let reached = from("/", &site);
        let reached: Vec<_> = reached.iter().map(String::as_str).collect();
        assert_eq!(
            reached,
            ["/", "/a.css", "/b.css", "/c.png", "/d/", "/e.png"]
        );
    }
}
