//! What a crawl leaves behind, and where two differ.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};

use super::warc::{self, Kept};

/// What a crawl leaves behind that has to be the same whatever befell it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) exit: i32,
    /// The copy: the content of each file but those of the crawl's state.
    tree: BTreeMap<String, Vec<u8>>,
    /// How often each answer is archived.
    records: BTreeMap<Kept, usize>,
}

/// Where two outcomes differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Records that should be there, and those that should not.
    pub(crate) lost: usize,
    pub(crate) double: usize,
    /// In words; empty if there is none.
    pub(crate) text: String,
}

impl Outcome {
    /// Reads what a crawl of the site at `url` left in `output`.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or is not what it has to be at the end of any crawl.
    pub(crate) fn read(output: &Path, url: &str, exit: i32) -> Result<Arc<Self>> {
        let mut tree = BTreeMap::new();
        // Links that lead out of the copy have the site's address: that of this crawl.
        read_tree(output, "", url.trim_end_matches('/').as_bytes(), &mut tree)?;
        let state = output.join(STATE);
        ensure!(!state.join("aside").exists(), "{STATE}/aside is left");
        let records = warc::records(&state.join("archive"))?;
        Ok(Arc::new(Outcome {
            exit,
            tree,
            records,
        }))
    }

    /// Fails if something is archived twice.
    ///
    /// # Errors
    ///
    /// It is.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some((kept, times)) = self.records.iter().find(|(_, times)| **times != 1) {
            bail!("{} is archived {times} times", kept.0);
        }
        Ok(())
    }

    pub(crate) fn files(&self) -> usize {
        self.tree.len()
    }

    pub(crate) fn records(&self) -> usize {
        self.records.len()
    }

    /// Tells in what `self` is not as `expected`.
    pub(crate) fn differs(&self, expected: &Outcome) -> Difference {
        let mut difference = Difference::default();
        let mut note = |text: String| {
            let said = &mut difference.text;
            if said.len() < LONGEST_TEXT {
                said.push_str(if said.is_empty() { "" } else { "; " });
                said.push_str(&text);
            }
        };
        if self.exit != expected.exit {
            note(format!("exit code {}, not {}", self.exit, expected.exit));
        }
        for (kept, times) in &expected.records {
            let there = self.records.get(kept).copied().unwrap_or(0);
            if there < *times {
                difference.lost += times - there;
                note(format!("record of /{} is lost", kept.0));
            }
        }
        for (kept, times) in &self.records {
            let wanted = expected.records.get(kept).copied().unwrap_or(0);
            if *times > wanted {
                difference.double += times - wanted;
                note(format!("record of /{} is there {times} times", kept.0));
            }
        }
        for (path, content) in &expected.tree {
            match self.tree.get(path) {
                None => note(format!("file {path} is missing")),
                Some(there) if there != content => note(format!("file {path} is another")),
                Some(_) => {}
            }
        }
        for path in self.tree.keys() {
            if !expected.tree.contains_key(path) {
                note(format!("file {path} is too many"));
            }
        }
        difference
    }
}

fn read_tree(
    folder: &Path,
    below: &str,
    origin: &[u8],
    tree: &mut BTreeMap<String, Vec<u8>>,
) -> Result<()> {
    for file in fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        let file = file?;
        let name = file.file_name();
        let name = name.to_str().context("a file's name is no UTF-8")?;
        let path = format!("{below}{name}");
        if path == STATE {
            continue;
        }
        if file.file_type()?.is_dir() {
            read_tree(&file.path(), &format!("{path}/"), origin, tree)?;
        } else {
            tree.insert(path, without(&fs::read(file.path())?, origin));
        }
    }
    Ok(())
}

/// Takes each occurrence of `what` out of the bytes.
fn without(bytes: &[u8], what: &[u8]) -> Vec<u8> {
    let mut left = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, others)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(what) {
            rest = after;
        } else {
            left.push(*first);
            rest = others;
        }
    }
    left
}

/// The folder of the crawl's state, in that of the copy.
pub(crate) const STATE: &str = ".dragline";
/// So much of a difference is told, in bytes.
const LONGEST_TEXT: usize = 300;
