//! The references in the documents of a copy.

use std::collections::HashSet;
use std::io;
use std::sync::{Mutex, PoisonError};

use cap_std::fs::Dir;
use links::{Document, Format, Kind, Link, Role};
use mirror::Shown;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::folder::STATE_FOLDER;
use crate::verify::known::{Known, Leads};
use crate::verify::{Finding, Findings, Outward};

/// Follows references, on several threads.
pub(crate) struct References<'a> {
    known: &'a Known,
    /// The paths of the files that are there.
    files: HashSet<String>,
    /// Where the top of the copy is, for documents to be resolved against.
    top: Option<Url>,
    found: Mutex<Referred>,
}

/// What was found.
#[derive(Default)]
pub(crate) struct Referred {
    /// How many lead to files.
    pub(crate) inward: usize,
    pub(crate) outward: Outward,
    pub(crate) findings: Findings,
    /// The paths of pages and what they are copies of.
    pub(crate) pages: Vec<(String, String)>,
}

impl<'a> References<'a> {
    pub(crate) fn new(folder: &Dir, known: &'a Known) -> io::Result<Self> {
        Ok(References {
            known,
            files: files(folder)?,
            top: Url::parse(TOP).ok(),
            found: Mutex::default(),
        })
    }

    /// Looks at a document.
    pub(crate) fn look(&self, shown: &Shown<'_>) {
        let Some(format) = Format::of(shown.content_type, shown.content, shown.url) else {
            return;
        };
        let mut referred = Referred::default();
        if format == Format::Html {
            let page = (shown.path.to_owned(), shown.url.to_string());
            referred.pages.push(page);
        }
        let charset = shown.content_type.and_then(links::charset);
        if let Some(address) = self.address(shown.path) {
            let document = Document::new(shown.content, format, charset, &address);
            // What is data is kept as it is, to be taken elsewhere.
            if !document.is_data() {
                for link in document.links().filter(is_followed) {
                    self.follow(&link, shown.path, &mut referred);
                }
            }
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.append(referred);
    }

    pub(crate) fn found(self) -> Referred {
        self.found
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(&self, link: &Link, path: &str, referred: &mut Referred) {
        let url = link.url.to_url();
        if url.host_str() == self.top.as_ref().and_then(Url::host_str) {
            let to = percent_decode_str(&url.path()[1..]).decode_utf8_lossy();
            if self.files.contains(&*to) {
                referred.inward += 1;
            } else {
                referred.findings.push(Finding::Dangling {
                    from: path.to_owned(),
                    to: to.into_owned(),
                });
            }
            return;
        }
        let (from, to) = (path.to_owned(), link.url.without_fragment().to_owned());
        let is_needed = matches!(link.kind, Kind::Requisite | Kind::Embedded);
        match self.known.leads(&url, is_needed) {
            Leads::In => referred.findings.push(Finding::LeadsOut { from, to }),
            Leads::Failed(why) => referred.outward.failed(&to, why),
            Leads::Unasked => referred.findings.push(Finding::NotAskedFor { from, to }),
            Leads::Out(why) => referred.outward.count(why),
        }
    }

    /// Where a file would be if the top of the copy were where we say.
    fn address(&self, path: &str) -> Option<Url> {
        let mut address = self.top.clone()?;
        address
            .path_segments_mut()
            .ok()?
            .clear()
            .extend(path.split('/'));
        Some(address)
    }
}

impl Referred {
    fn append(&mut self, other: Referred) {
        self.inward += other.inward;
        for (why, count) in other.outward.counts {
            *self.outward.counts.entry(why).or_default() += count;
        }
        for (url, why) in other.outward.failed {
            if self.outward.failed.len() < 1000 {
                self.outward.failed.entry(url).or_insert(why);
            }
        }
        self.findings.append(other.findings);
        self.pages.extend(other.pages);
    }
}

/// Whether it refers to one thing, which the copy may have.
fn is_followed(link: &Link) -> bool {
    // A prefix is of many; what a service worker is, it is only when it is served.
    let is_prefix = matches!(link.role, Role::ImportMap | Role::ImportMapKey)
        && link.url.to_url().path().ends_with('/');
    // That nothing is where a guess leads is no fault.
    let is_one = !matches!(link.kind, Kind::Base | Kind::Guess);
    !is_prefix && is_one && link.role != Role::ServiceWorker
}

/// The paths of all files, but for those of the state.
fn files(folder: &Dir) -> io::Result<HashSet<String>> {
    let mut files = HashSet::new();
    let mut folders = vec![String::new()];
    while let Some(at) = folders.pop() {
        let here = if at.is_empty() { "." } else { at.as_str() };
        for entry in folder.read_dir(here)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                continue;
            };
            if at.is_empty() && name == STATE_FOLDER {
                continue;
            }
            let path = if at.is_empty() {
                name.to_owned()
            } else {
                format!("{at}/{name}")
            };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                files.insert(path);
            }
        }
    }
    Ok(files)
}

/// RFC 6761 §6.4: nobody has this host.
const TOP: &str = "http://copy.invalid/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_again_whatever_is_in_it() {
        let known = Known::of_files(&["http://h/kept"]);
        let path = "a%b/é ?#&.html";
        let references = References {
            known: &known,
            files: [path.to_owned()].into(),
            top: Url::parse(TOP).ok(),
            found: Mutex::default(),
        };
        let address = references.address("a%b/c.html").unwrap();
        let page = "<a href='%C3%A9%20%3F%23&.html#x'></a><a href=no></a><a href=http://h/kept></a>\
                    <img src=http://h/unknown>";
        let document = Document::new(page.as_bytes(), Format::Html, Some("utf-8"), &address);
        let mut referred = Referred::default();
        for link in document.links() {
            references.follow(&link, "p", &mut referred);
        }
        assert_eq!(referred.inward, 1);
        let kinds: Vec<_> = referred
            .findings
            .first()
            .iter()
            .map(Finding::kind)
            .collect();
        assert_eq!(kinds, ["dangling", "leads out", "not asked for"]);
    }
}
