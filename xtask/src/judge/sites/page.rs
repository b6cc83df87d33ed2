//! One page, live and from disk.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Result;
use browser::{Browser, Look, Request, Rules};
use serde_json::{Value, json};
use url::Url;

/// The part of the pixels that may differ.
pub(super) const THRESHOLD: f64 = 0.001;

/// A page that was opened, and where its links lead and its elements refer to.
#[derive(Debug)]
pub(super) struct Opened {
    look: Look,
    links: Vec<String>,
}

/// Opens a page as the site has it, two times. If it does not look the same then, what it looks like says nothing of a copy.
pub(super) async fn open_twice(browser: &Browser, rules: Rules, url: &str) -> Result<Live> {
    let look = browser.look(url, rules).await?;
    let again = browser.look(url, rules).await?;
    Ok(Live {
        own_difference: look.picture.difference(&again.picture),
        look,
    })
}

/// A page as the site has it.
#[derive(Debug)]
pub(super) struct Live {
    look: Look,
    /// The part of the pixels that differ from one time to the next.
    own_difference: f64,
}

/// Opens a page from disk and looks at it.
pub(super) async fn open(browser: &Browser, rules: Rules, url: &str) -> Result<Opened> {
    let look = browser.look(url, rules).await?;
    // Its links without its scripts' doing: what scripts add is theirs, live too.
    let page = browser
        .page(Rules {
            scripts: false,
            ..rules
        })
        .await?;
    page.open(url).await?;
    let links = page.evaluate(LINKS).await?;
    Ok(Opened {
        look,
        links: serde_json::from_value(links).unwrap_or_default(),
    })
}

/// What a copy has made of links: an absolute link to a file is the page's own, and wrong live too.
const LINKS: &str = "[...document.querySelectorAll('[href], [src]')]
    .filter(e => !/^\\s*file:/i.test(e.getAttribute('href') ?? e.getAttribute('src')))
    .map(e => e.href ?? e.src).filter(link => typeof link === 'string')";

/// What is different from disk.
#[derive(Debug)]
pub(super) struct Compared {
    page: String,
    /// Why there is no page.
    error: Option<String>,
    /// The part of the pixels that differ.
    pub(super) difference: f64,
    /// The same, of the site's own page from one time to the next.
    own_difference: f64,
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
    pub(super) fn new(page: &str, live: &Live, disk: &Opened) -> Self {
        let own_difference = live.own_difference;
        let live = &live.look;
        let difference = live.difference(&disk.look);
        let dangling = disk.links.iter().filter(|link| is_dangling(link));
        let spelled = |request: &Request| format!("{} {:?}", request.url, request.outcome);
        Self {
            page: page.to_owned(),
            error: disk.look.visit.error.clone(),
            difference: difference.pixels,
            own_difference,
            failed: difference.failed.iter().map(spelled).collect(),
            network: difference
                .network
                .into_iter()
                .map(|request| request.url)
                .collect(),
            dangling: dangling
                .cloned()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            errors: difference.errors,
        }
    }

    /// Whether the page looks different each time that the site has it. It is compared in all but that.
    pub(super) fn is_unstable(&self) -> bool {
        self.own_difference > THRESHOLD
    }

    pub(super) fn looks_same(&self) -> bool {
        self.error.is_none() && !self.is_unstable() && self.difference <= THRESHOLD
    }

    /// Whether it is the same in all.
    pub(super) fn is_the_same(&self) -> bool {
        self.looks_same() && self.is_kept()
    }

    /// Whether nothing is wrong with it that the copy could help.
    pub(super) fn is_kept(&self) -> bool {
        self.error.is_none()
            && (self.is_unstable() || self.looks_same())
            && self.failed.is_empty()
            && self.network.is_empty()
            && self.dangling.is_empty()
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "page": self.page,
            "error": self.error,
            "difference": self.difference,
            "own_difference": self.own_difference,
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
        if self.is_unstable() {
            let own = self.own_difference * 100.0;
            write!(f, ", and {own:.3} % from itself")?;
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

fn is_dangling(link: &str) -> bool {
    let path = Url::parse(link).ok().filter(|url| url.scheme() == "file");
    path.and_then(|url| url.to_file_path().ok())
        .is_some_and(|path| !path.is_file())
}

#[cfg(test)]
mod tests {
    use super::is_dangling;

    #[test]
    fn a_link_dangles_when_it_is_for_a_file_that_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a b.html"), "").unwrap();
        let link = |name: &str| format!("file://{}/{name}", folder.path().display());
        assert!(!is_dangling(&link("a%20b.html#x")));
        assert!(is_dangling(&link("a.html")));
        assert!(is_dangling(&link("")), "a folder is no page");
        assert!(!is_dangling("http://example.org/a.html"));
        assert!(!is_dangling("mailto:a@example.org"));
    }
}
