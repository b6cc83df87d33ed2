use std::collections::HashMap;
use std::time::Duration;

use crate::core::{Core, Entry, Leased};
use crate::frontier::{Added, Found, Item, Limits, Report, Role, UrlId};
use crate::{CanonicalUrl, Host};

/// The core, and the text of URLs that are about to be handed out.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) core: Core,
    texts: HashMap<u32, Text>,
}

/// What a URL was found as.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) url: CanonicalUrl,
    pub(crate) via: Option<CanonicalUrl>,
    pub(crate) redirects: u8,
    pub(crate) role: Role,
    pub(crate) depth: u32,
}

/// Is told of what is to be remembered, in the order in which it came about.
pub(crate) trait Log {
    fn entered(&mut self, url: u32, text: &Text, via: Option<u32>);
    /// `urls` had entered by then, what was found on it included.
    fn done(&mut self, url: u32, text: Text, record: String, urls: u32);
    fn delayed(&mut self, host: &Host, delay: Duration);
}

impl State {
    pub(crate) fn new(limits: Limits) -> Self {
        State {
            core: Core::new(limits),
            texts: HashMap::new(),
        }
    }

    pub(crate) fn add(&mut self, found: Vec<Found>, log: &mut impl Log) -> Added {
        self.enter(found, None, log)
    }

    /// Takes a report in; `None` if its token is not held.
    pub(crate) fn report(
        &mut self,
        report: Report,
        now: Duration,
        log: &mut impl Log,
    ) -> Option<Vec<u32>> {
        let Report { host, token, .. } = report;
        if !self.core.holds(&host, token, now) {
            return None;
        }
        for done in report.done {
            let UrlId(id) = done.id;
            // What is out has its text here: whoever drives this saw to it.
            let Some(text) = self.texts.get(&id).cloned() else {
                continue;
            };
            if !self.core.finish(&host, token, id) {
                continue;
            }
            self.texts.remove(&id);
            self.enter(done.found, Some((id, &text)), log);
            log.done(id, text, done.record, self.core.urls());
        }
        if let Some(delay) = report.delay
            && self.core.set_delay(&host, delay)
        {
            log.delayed(&host, delay);
        }
        Some(self.core.go_on(&host, token, report.then))
    }

    pub(crate) fn lease(&mut self, want: usize, ttl: Duration, now: Duration) -> Vec<Leased> {
        self.core.lease(want, ttl, now)
    }

    /// The URLs of these numbers, which are here.
    pub(crate) fn items(&self, urls: &[u32]) -> Vec<Item> {
        let item = |id: &u32| {
            let text = self.texts.get(id)?.clone();
            Some(Item {
                id: UrlId(*id),
                url: text.url,
                via: text.via,
                redirects: text.redirects,
                role: text.role,
                depth: text.depth,
            })
        };
        urls.iter().filter_map(item).collect()
    }

    pub(crate) fn has(&self, url: u32) -> bool {
        self.texts.contains_key(&url)
    }

    pub(crate) fn put(&mut self, url: u32, text: Text) {
        self.texts.insert(url, text);
    }

    /// Forgets the text of a URL that can be looked up again, if there are more than `most`.
    pub(crate) fn evict(&mut self, url: u32, most: usize) {
        if self.texts.len() > most {
            self.texts.remove(&url);
        }
    }

    fn enter(&mut self, found: Vec<Found>, on: Option<(u32, &Text)>, log: &mut impl Log) -> Added {
        let mut added = Added::default();
        for found in found {
            match self.core.add(&found.url) {
                Entry::Known => added.known += 1,
                Entry::Capped => added.capped += 1,
                Entry::New(id) => {
                    added.new += 1;
                    let on = on.filter(|_| !found.is_seed);
                    let text = Text {
                        depth: on.map_or(0, |(_, page)| found.depth_from(page.depth)),
                        url: found.url,
                        via: on.map(|(_, page)| page.url.clone()),
                        redirects: found.redirects,
                        role: found.role,
                    };
                    log.entered(id, &text, on.map(|(id, _)| id));
                    self.texts.insert(id, text);
                }
            }
        }
        added
    }
}
