use std::collections::HashSet;

use crate::{Browser, PageError, Picture, Request, Rules, Visit};

/// A page that was opened and looked at.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Look {
    /// What came of opening it.
    pub visit: Visit,
    /// What it looks like.
    pub picture: Picture,
}

/// What is different in a page's copy.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Difference {
    /// The part of the pixels that differ, from 0 to 1.
    pub pixels: f64,
    /// Requests for what is local that failed, and that those for things of the same name did not in the page itself.
    pub failed: Vec<Request>,
    /// Requests that tried the network.
    pub network: Vec<Request>,
    /// Errors of scripts that the page itself does not have.
    pub errors: Vec<String>,
}

impl Browser {
    /// Opens a page of its own at a URL, and takes its picture when it has come to rest.
    ///
    /// # Errors
    ///
    /// Fails when the browser has gone or does not answer. That there is no such page is in the look.
    ///
    /// # Cancel safety
    ///
    /// Nothing is left open.
    pub async fn look(&self, url: &str, rules: Rules) -> Result<Look, PageError> {
        let page = self.page(rules).await?;
        let visit = page.open(url).await?;
        let picture = page.screenshot_at_rest().await?;
        Ok(Look { visit, picture })
    }
}

impl Look {
    /// Says what is different in a copy of this page that was opened from disk with the network off.
    pub fn difference(&self, copy: &Look) -> Difference {
        let failed_here: HashSet<_> = failed(&self.visit).map(name).collect();
        let failed = failed(&copy.visit)
            .filter(|request| !request.is_remote() && !failed_here.contains(name(request)));
        let remote = copy
            .visit
            .requests
            .iter()
            .filter(|request| request.is_remote());
        let errors = copy
            .visit
            .errors
            .iter()
            .filter(|error| !self.visit.errors.contains(error));
        Difference {
            pixels: self.picture.difference(&copy.picture),
            failed: failed.cloned().collect(),
            network: remote.cloned().collect(),
            errors: errors.cloned().collect(),
        }
    }
}

fn failed(visit: &Visit) -> impl Iterator<Item = &Request> {
    visit.requests.iter().filter(|request| request.has_failed())
}

/// The name of what is asked for, which a copy keeps where it can.
fn name(request: &Request) -> &str {
    let path = request.url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}
