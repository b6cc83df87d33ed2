//! Whether a copy is what was archived, and hangs together.

mod finding;
mod known;
mod pages;
mod records;
mod references;

use std::io;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use frontier::CanonicalUrl;
use mirror::{OnlyServed, Site, Turns};

use crate::StartError;
use crate::index::each_once;
use crate::serve;
use crate::state::Left;

pub use finding::{Finding, Findings};
pub use known::{Outward, Why};
pub use pages::{BrowseError, Looks, THRESHOLD};

use known::Known;
use references::References;

/// What was found out about a copy.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verified {
    /// How many files it has, or should have.
    pub files: usize,
    /// How many references in its documents lead to files of it.
    pub references: usize,
    /// How many lead out of it, and why.
    pub outward: Outward,
    /// How many records of the archive were read.
    pub records: usize,
    /// What works only when it is served: the first thousand, by path.
    pub only_served: Vec<OnlyServed>,
    /// What falls short.
    pub findings: Findings,
    left: Left,
    known: Known,
    output: PathBuf,
    /// The paths of its pages and what they are copies of, in order.
    pages: Vec<(String, String)>,
}

/// Looks at the copy in `output` and at the archive in `state`: each file is compared with what
/// would be built, each reference followed, each record checked against its digest.
///
/// Blocks while all is read, on as many threads as there are processors. It takes some 300 bytes of
/// memory for each URL. No crawl goes on there as long as the result is kept.
///
/// # Errors
///
/// There is nothing, or it cannot be read, or a crawl is at work there. What falls short is no error:
/// it is among [`Verified::findings`].
pub fn verify(output: &Path, state: &Path) -> Result<Verified, StartError> {
    let failed = |source: io::Error| StartError::Output {
        path: output.to_owned(),
        source,
    };
    let left = Left::open(state)?;
    let reader = left.reader()?;
    let folder = Dir::open_ambient_dir(output, ambient_authority()).map_err(failed)?;
    let captures = serve::in_copy(&left)?;
    let known = Known::new(&left, &captures.entries)?;
    let references = References::new(&folder, &known).map_err(failed)?;
    let site = Site {
        seeds: left.seeds()?,
        key: CanonicalUrl::spelled,
        max_content: u64::MAX,
        fsync: false,
        turns: Turns::default(),
    };
    let looked = mirror::check(&reader, &captures, &site, &folder, &|shown| {
        references.look(shown);
    });
    let built = looked.map_err(failed)?;
    let mut referred = references.found();
    let mut findings = Findings::default();
    for failure in &built.failures {
        findings.push(Finding::File {
            path: failure.path.clone(),
            url: failure.url.clone(),
            why: failure.source.to_string(),
        });
    }
    findings.append(referred.findings);
    let entries = each_once(serve::all(&left)?);
    findings.append(records::check(&reader, &entries));
    referred.pages.sort_unstable();
    Ok(Verified {
        files: built.files + built.failures.len(),
        references: referred.inward,
        outward: referred.outward,
        records: entries.len(),
        only_served: built.only_served,
        findings,
        left,
        known,
        output: output.to_owned(),
        pages: referred.pages,
    })
}
