//! One page, live and from disk.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use anyhow::Result;
use browser::{Browser, Picture, Request, Rules, Visit};
use serde_json::{Value, json};
use url::Url;

/// The part of the pixels that may differ.
pub(super) const THRESHOLD: f64 = 0.001;

/// A page that was opened.
#[derive(Debug)]
pub(super) struct Opened {
    visit: Visit,
    picture: Picture,
    /// Where its links lead, and what its elements refer to.
    links: Vec<String>,
}

/// Opens a page and looks at it.
pub(super) async fn open(browser: &Browser, rules: Rules, url: &str) -> Result<Opened> {
    let page = browser.page(rules).await?;
    let visit = page.open(url).await?;
    let picture = page.screenshot().await?;
    let links = page.evaluate(LINKS).await?;
    Ok(Opened {
        visit,
        picture,
        links: serde_json::from_value(links).unwrap_or_default(),
    })
}

const LINKS: &str = "[...document.links].map(a => a.href).concat([...document.querySelectorAll('link[href]')].map(l => l.href), \
    [...document.querySelectorAll('img[src], script[src], iframe[src], source[src]')].map(e => e.src)).filter(u => typeof u === 'string')";

/// What is different from disk.
#[derive(Debug)]
pub(super) struct Compared {
    page: String,
    /// Why there is no page.
    error: Option<String>,
    /// The part of the pixels that differ.
    pub(super) difference: f64,
    /// Requests that failed and did not, live: by the file's name.
    pub(super) failed: Vec<String>,
    /// Requests that tried the network.
    pub(super) network: Vec<String>,
    /// Links to files that are not there.
    pub(super) dangling: Vec<String>,
    /// Errors of scripts that there were none of, live.
    errors: Vec<String>,
}

impl Compared {
    pub(super) fn new(page: &str, live: &Opened, disk: &Opened) -> Self {
        let failed_live: HashSet<_> = failed(&live.visit).map(name).collect();
        let failed = failed(&disk.visit).filter(|request| !request.is_remote());
        let failed = failed.filter(|request| !failed_live.contains(name(request)));
        let network = disk
            .visit
            .requests
            .iter()
            .filter(|request| request.is_remote());
        let dangling = disk.links.iter().filter(|link| is_dangling(link));
        let errors = disk
            .visit
            .errors
            .iter()
            .filter(|error| !live.visit.errors.contains(error));
        Self {
            page: page.to_owned(),
            error: disk.visit.error.clone(),
            difference: live.picture.difference(&disk.picture),
            failed: failed
                .map(|request| format!("{} {:?}", request.url, request.outcome))
                .collect(),
            network: network.map(|request| request.url.clone()).collect(),
            dangling: dangling
                .cloned()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            errors: errors.cloned().collect(),
        }
    }

    pub(super) fn looks_same(&self) -> bool {
        self.error.is_none() && self.difference <= THRESHOLD
    }

    pub(super) fn is_same(&self) -> bool {
        self.looks_same()
            && self.failed.is_empty()
            && self.network.is_empty()
            && self.dangling.is_empty()
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "page": self.page,
            "error": self.error,
            "difference": self.difference,
            "failed": self.failed,
            "network": self.network,
            "dangling": self.dangling,
            "errors": self.errors,
        })
    }
}

impl fmt::Display for Compared {
    /// Says in one line what is different, the first of each kind by its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.page)?;
        if let Some(error) = &self.error {
            write!(f, " {error}")?;
        }
        if self.difference > 0.0 {
            write!(f, " {:.3} % of pixels", self.difference * 100.0)?;
        }
        let kinds = [
            ("failed", &self.failed),
            ("network", &self.network),
            ("dangling", &self.dangling),
            ("errors", &self.errors),
        ];
        for (kind, all) in kinds {
            if let Some(first) = all.first() {
                write!(f, " {} {kind} ({first})", all.len())?;
            }
        }
        Ok(())
    }
}

fn failed(visit: &Visit) -> impl Iterator<Item = &Request> {
    visit.requests.iter().filter(|request| request.has_failed())
}

/// The name of what is asked for, which is the same in a copy.
fn name(request: &Request) -> &str {
    let path = request.url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

fn is_dangling(link: &str) -> bool {
    let path = Url::parse(link).ok().filter(|url| url.scheme() == "file");
    path.and_then(|url| url.to_file_path().ok())
        .is_some_and(|path| !path.is_file())
}
