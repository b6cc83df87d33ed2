//! What is changed in a document: the URLs that would lead elsewhere than to what was captured.

use std::borrow::Cow;

use links::{Document, Edit, Format, Kind, Link};
use url::Url;

use crate::address::Addresses;
use crate::index::Index;

/// Decides where links lead.
#[derive(Clone, Copy)]
pub(crate) struct Guide<'a> {
    pub(crate) addresses: &'a Addresses,
    pub(crate) index: &'a Index,
}

impl Guide<'_> {
    /// Returns what a link must be replaced by, if it would lead elsewhere.
    pub(crate) fn replacement(&self, link: &Link) -> Option<String> {
        let url = || link.url.to_url();
        let leads_elsewhere = match Form::of(&link.text) {
            Form::Absolute => self.is_here(&url(), link.kind),
            // It would be taken for one of the own host, or climb out of the other one's place.
            Form::FromTheRoot | Form::Climbing => !self.addresses.is_own(&url()),
            Form::Relative => false,
        };
        leads_elsewhere.then(|| self.addresses.of(&url()))
    }

    /// Whether an absolute URL is to lead to what is served.
    fn is_here(&self, url: &Url, kind: Kind) -> bool {
        // Against a base, others are resolved; a hint may be where many are.
        self.addresses.is_own(url)
            || kind == Kind::Base
            || kind == Kind::Hint && self.index.knows_host(url)
            || self.index.find(url).is_some()
    }

    /// Rewrites a document. `is_changed` tells of which URLs the body is not as it was received.
    pub(crate) fn rewrite<'c>(
        &self,
        content: &'c [u8],
        format: Format,
        charset: Option<&str>,
        url: &Url,
        is_changed: impl Fn(&Url) -> bool,
    ) -> Cow<'c, [u8]> {
        let mut document = Document::new(content, format, charset, url);
        document.drop_policies();
        document.rewrite("", |link| {
            let new = self.replacement(link);
            // Its digest would not be that of what is served.
            let is_guarded = !link.guards.is_empty() && is_changed(&link.url.to_url());
            match new {
                _ if is_guarded => Some(Edit::Unguarded(new.unwrap_or_else(|| link.text.clone()))),
                new => new.map(Edit::Url),
            }
        })
    }
}

/// How a URL is written.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    /// It names a host, or a scheme.
    Absolute,
    FromTheRoot,
    /// Relative, and up.
    Climbing,
    /// Relative, and down.
    Relative,
}

impl Form {
    /// URL standard §4.4, as far as it tells these apart.
    fn of(text: &str) -> Self {
        let text = text.replace(['\t', '\n', '\r'], "");
        let is_slash = |byte: Option<&u8>| matches!(byte, Some(b'/' | b'\\'));
        let mut bytes = text.as_bytes().iter();
        if is_slash(bytes.next()) {
            return if is_slash(bytes.next()) {
                Form::Absolute
            } else {
                Form::FromTheRoot
            };
        }
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let scheme = path.split(['/', '\\']).next().unwrap_or_default();
        if scheme.contains(':') {
            return Form::Absolute;
        }
        let climbs = |part: &str| part.to_ascii_lowercase().replace("%2e", ".") == "..";
        if path.split(['/', '\\']).any(climbs) {
            Form::Climbing
        } else {
            Form::Relative
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_by_how_it_is_written() {
        for (text, form) in [
            ("http://h/a", Form::Absolute),
            ("HTTP:a", Form::Absolute),
            ("//h/a", Form::Absolute),
            ("\\/h", Form::Absolute),
            ("/\n/h", Form::Absolute),
            ("/a//b", Form::FromTheRoot),
            ("\\a", Form::FromTheRoot),
            ("a/b", Form::Relative),
            ("./a:b", Form::Relative),
            ("?a=http://h/../", Form::Relative),
            ("#a:b", Form::Relative),
            ("", Form::Relative),
            ("../a", Form::Climbing),
            ("a\\%2E.", Form::Climbing),
            ("a/..b", Form::Relative),
        ] {
            assert_eq!(Form::of(text), form, "{text}");
        }
    }
}
