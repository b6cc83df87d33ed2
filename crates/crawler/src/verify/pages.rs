//! What a browser says of the pages of a copy.

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;

use browser::{Browser, LaunchError, Look, Network, Outcome, PageError, Rules};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use mirror::{Obstacle, OnlyServed};
use replay::{Replay, Server};
use tokio::task::JoinSet;
use url::Url;

use crate::serve;
use crate::verify::known::{Known, Leads};
use crate::verify::{Finding, Verified};
use crate::{CanonicalUrl, StartError};

/// The part of the pixels of a page that may differ: 0.1 %, of 1280 by 800.
pub const THRESHOLD: f64 = 0.001;

/// What came of opening pages.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Looks {
    /// How many pages the copy has.
    pub pages: usize,
    /// How many of these were opened.
    pub opened: usize,
    /// How many of these look as they do when they are served.
    pub same: usize,
    /// How many are no more than twice as different from that as they are from themselves when they
    /// are served again: something on them moves, and nothing falls short that can be seen.
    pub restless: usize,
}

/// Why pages cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowseError {
    /// There is no browser.
    #[error("cannot open pages")]
    Launch(#[from] LaunchError),
    /// The browser has gone.
    #[error("the browser does not do what it is told")]
    Page(#[from] PageError),
    /// The archive cannot be read.
    #[error(transparent)]
    State(#[from] StartError),
    /// The archive cannot be served.
    #[error("cannot serve the archive")]
    Serve(#[source] io::Error),
}

impl Verified {
    /// Opens pages in a headless Chromium, at most so many, evenly spread over the copy: each as it is
    /// served, and from disk with the network off. What falls short is added to the findings, also what
    /// it is made of that was never asked for, as scripts put it together.
    ///
    /// # Errors
    ///
    /// There is no Chromium, or it ends; or the archive cannot be served.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends the browser and the server; nothing is found.
    pub async fn browse(&mut self, most: NonZeroUsize) -> Result<Looks, BrowseError> {
        let browser = Browser::launch(browser::Config::default()).await?;
        let replay = serve::of(&self.left)?;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::bind(replay, any).await;
        let server = server.map_err(|(_, error)| BrowseError::Serve(error))?;
        let at = server.url();
        let wanted = most.get().min(self.pages.len());
        let chosen = (0..wanted).map(|number| &self.pages[number * self.pages.len() / wanted]);
        let mut served = Vec::new();
        for (path, url) in chosen {
            let address =
                CanonicalUrl::parse(url).map(|url| server.replay().address(&url.to_url()));
            let file = self.output.canonicalize().map(|folder| folder.join(path));
            let file = file.ok().and_then(|file| Url::from_file_path(file).ok());
            if let (Ok(address), Some(file)) = (address, file) {
                let address = format!("{}{address}", at.trim_end_matches('/'));
                served.push((path.clone(), address, file.to_string()));
            }
        }
        let replay = Arc::clone(server.replay());
        // The modules of a page that stays as it was made are told with the rest that works only when
        // it is served.
        let stays = |only: &&OnlyServed| only.reason == Obstacle::Routed;
        let stay = self.only_served.iter().filter(stays);
        let stay: &HashSet<_> = &stay.map(|only| &*only.path).collect();
        let mut running = JoinSet::new();
        running.spawn(async move { match server.run().await {} });
        let (browser, lacks) = (
            &browser,
            Lacks {
                known: &self.known,
                replay: &replay,
                at: &at,
            },
        );
        let looks = served.into_iter().map(|(path, address, file)| async move {
            let served = browser.look(&address, Rules::default()).await?;
            let off = Rules {
                network: Network::Off,
                ..Rules::default()
            };
            let disk = browser.look(&file, off).await?;
            let is_like = is_like(&served, &disk);
            let mut likeness = Likeness::Same;
            let mut lacked: Vec<_> = lacks.found(&path, &served).collect();
            if !is_like || !lacked.is_empty() {
                let again = browser.look(&address, Rules::default()).await?;
                if !is_like {
                    likeness = Likeness::of(&served, &again, &disk);
                }
                // What is asked for by another URL each time, nobody could have asked for.
                let again: Vec<_> = lacks.found(&path, &again).collect();
                lacked.retain(|finding| again.contains(finding));
            }
            let mut findings = compare(&path, likeness, &served, &disk);
            findings.retain(|finding| !(stay.contains(&*path) && is_refused(finding)));
            findings.append(&mut lacked);
            Ok::<_, PageError>((likeness, findings))
        });
        let looks: Vec<_> = looks.collect();
        let looked: Vec<(Likeness, Vec<Finding>)> =
            stream::iter(looks).buffered(OPEN).try_collect().await?;
        let count = |wanted| looked.iter().filter(|(is, _)| *is == wanted).count();
        let looks = Looks {
            pages: self.pages.len(),
            opened: looked.len(),
            same: count(Likeness::Same),
            restless: count(Likeness::Restless),
        };
        for finding in looked.into_iter().flat_map(|(_, findings)| findings) {
            self.findings.push(finding);
        }
        Ok(looks)
    }
}

/// Finds what neither the copy nor the archive has.
#[derive(Clone, Copy)]
struct Lacks<'a> {
    known: &'a Known,
    replay: &'a Replay,
    /// Where it is served.
    at: &'a str,
}

impl Lacks<'_> {
    fn found(self, page: &str, served: &Look) -> impl Iterator<Item = Finding> {
        let asked = served.visit.requests.iter();
        let lacked = asked.filter(|request| {
            request.outcome == Outcome::Answered(404) && PARTS.contains(&&*request.kind)
        });
        let urls = lacked.filter_map(move |request| {
            let address = request.url.strip_prefix(self.at.trim_end_matches('/'))?;
            self.replay.url(address)
        });
        let urls = urls.filter(move |url| matches!(self.known.leads(url, true), Leads::Unasked));
        urls.map(move |url| Finding::NotAskedFor {
            from: page.to_owned(),
            to: url.into(),
        })
    }
}

/// How a page looks from disk, beside how it looks when it is served.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Likeness {
    Same,
    /// Not much more different than from itself, when it is served twice.
    Restless,
    /// In this part of the pixels.
    Different(f64),
}

impl Likeness {
    fn of(served: &Look, again: &Look, disk: &Look) -> Self {
        let own = served.picture.difference(&again.picture);
        let [once, twice] = [served, again].map(|look| look.picture.difference(&disk.picture));
        let least = once.min(twice);
        if disk.visit.error.is_some() || least > 2.0 * own + THRESHOLD {
            Likeness::Different(least)
        } else {
            Likeness::Restless
        }
    }
}

fn is_like(served: &Look, disk: &Look) -> bool {
    disk.visit.error.is_none() && served.picture.difference(&disk.picture) <= THRESHOLD
}

/// Tells whether it is that a browser refuses a page from disk what CORS (Fetch standard §3.3) is about.
fn is_refused(finding: &Finding) -> bool {
    matches!(finding, Finding::Request { why, .. } if why.contains("CorsDisabledScheme"))
}

/// Says what is different from disk.
fn compare(page: &str, likeness: Likeness, served: &Look, disk: &Look) -> Vec<Finding> {
    let page = || page.to_owned();
    let mut findings = Vec::new();
    if let Some(why) = &disk.visit.error {
        let why = why.clone();
        return vec![Finding::Page { page: page(), why }];
    }
    if let Likeness::Different(difference) = likeness {
        let page = page();
        findings.push(Finding::Looks { page, difference });
    }
    let difference = served.difference(disk);
    for request in difference.failed {
        findings.push(Finding::Request {
            page: page(),
            why: format!("{:?}", request.outcome),
            url: request.url,
        });
    }
    for request in difference.network {
        let url = request.url;
        findings.push(Finding::Network { page: page(), url });
    }
    findings
}

/// What a page is made of, in the words of [`Request::kind`](browser::Request::kind).
const PARTS: [&str; 5] = ["Stylesheet", "Image", "Media", "Font", "Script"];
/// At a time.
const OPEN: usize = 4;
