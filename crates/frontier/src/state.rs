use std::collections::HashMap;
use std::time::Duration;

use crate::core::{Core, Entry, Leased};
use crate::frontier::{Added, Found, Item, Limits, Report, Role, Then, Token, TrapKind, UrlId};
use crate::traps::{Evidence, Judged, News, Traps};
use crate::{CanonicalUrl, Host};

/// The core, and the text of URLs that are about to be handed out.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) core: Core,
    /// If they are looked for.
    pub(crate) traps: Option<Traps>,
    texts: HashMap<u32, Text>,
    /// Redirects, by where from, that lead elsewhere once they are needed.
    onward: HashMap<CanonicalUrl, Onward>,
    /// How far away is what was found nearer than it was, and is not done.
    nearer: HashMap<u32, u32>,
    /// What guesses that are not done were found as in earnest: they enter as that if they are in vain.
    wanted: HashMap<CanonicalUrl, Text>,
}

/// A redirect that is done.
#[derive(Debug)]
struct Onward {
    id: u32,
    is_suspect: bool,
    target: Found,
}

/// What a URL was found as.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) url: CanonicalUrl,
    pub(crate) via: Option<CanonicalUrl>,
    pub(crate) redirects: u8,
    pub(crate) role: Role,
    pub(crate) depth: u32,
    /// The number of `via`.
    pub(crate) via_id: Option<u32>,
    /// Whether nothing but what says nothing new led to it.
    pub(crate) is_suspect: bool,
    /// Whether it has another query than `via`, and all else is the same.
    pub(crate) is_variant: bool,
}

/// Is told of what is to be remembered, in the order in which it came about.
pub(crate) trait Log {
    fn entered(&mut self, url: u32, text: &Text);
    /// `urls` had entered by then, what was found on it included.
    fn done(&mut self, url: u32, text: Text, record: String, urls: u32, evidence: Evidence);
    fn held(&mut self, url: u32, why: TrapKind);
    fn delayed(&mut self, host: &Host, delay: Duration);
    /// What entered as a page is needed too.
    fn needed(&mut self, url: &CanonicalUrl);
    /// What entered as a guess, and is not done, is this too.
    fn wanted(&mut self, text: &Text);
    /// It was a guess, and wrong.
    fn in_vain(&mut self, url: u32);
    /// It was found nearer to the seeds than before.
    fn nearer(&mut self, url: u32, depth: u32);
    /// Where a redirect leads if it is needed.
    fn onward(&mut self, url: u32, target: &Found);
}

impl State {
    pub(crate) fn new(limits: Limits) -> Self {
        State {
            core: Core::new(limits),
            traps: limits.traps.map(Traps::new),
            texts: HashMap::new(),
            onward: HashMap::new(),
            nearer: HashMap::new(),
            wanted: HashMap::new(),
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
            self.nearer.remove(&id);
            let evidence = match &mut self.traps {
                Some(traps) => traps.judge(id, &text, done.content),
                None => Evidence::default(),
            };
            let page = Page {
                id,
                text: &text,
                says_nothing_new: matches!(evidence.news, News::Alike | News::Same),
            };
            let found = match done.if_needed {
                Some(target) if self.core.is_needed(&text.url) => vec![target],
                Some(target) => {
                    log.onward(id, &target);
                    self.lead_on(id, text.url.clone(), text.is_suspect, target);
                    done.found
                }
                None => done.found,
            };
            self.enter(found, Some(page), log);
            if text.role == Role::Guess {
                self.settle_guess(id, &text.url, done.in_vain, log);
            }
            log.done(id, text, done.record, self.core.urls(), evidence);
        }
        if let Some(traps) = &mut self.traps {
            self.core.release(&traps.release());
        }
        if let Some(delay) = report.delay
            && self.core.set_delay(&host, delay)
        {
            log.delayed(&host, delay);
        }
        Some(self.core.go_on(&host, token, report.then))
    }

    /// Takes in what came of a guess: if it is in vain, what else it was found as enters now, or whenever
    /// that comes out.
    fn settle_guess(&mut self, id: u32, url: &CanonicalUrl, in_vain: bool, log: &mut impl Log) {
        let wanted = self.wanted.remove(url);
        let is_needed = self.core.is_needed(url);
        self.core.settle_guess(url, in_vain);
        if !in_vain {
            return;
        }
        log.in_vain(id);
        if let Some(mut text) = wanted {
            if is_needed {
                text.role = Role::Requisite;
            }
            if let Entry::New(id) = self.core.add(&text.url, text.role, text.depth) {
                self.entered(id, text, log);
            }
        }
    }

    fn entered(&mut self, id: u32, text: Text, log: &mut impl Log) {
        log.entered(id, &text);
        self.texts.insert(id, text);
    }

    pub(crate) fn lease(&mut self, want: usize, ttl: Duration, now: Duration) -> Vec<Leased> {
        self.core.lease(want, ttl, now)
    }

    /// Hands out those of these numbers, whose texts are here, that may be; returns how many are held.
    pub(crate) fn hand_out(
        &mut self,
        (host, token): (&Host, Token),
        urls: &[u32],
        items: &mut Vec<Item>,
        log: &mut impl Log,
    ) -> usize {
        let mut held = 0;
        for id in urls {
            let Some(text) = self.texts.get(id) else {
                continue;
            };
            if let Some(traps) = &mut self.traps
                && let Err(why) = traps.admits(*id, text)
                && let Some(host) = self.core.hold(host, token, *id)
            {
                traps.hold(host, Judged::of(*id, text), why);
                log.held(*id, why);
                held += 1;
                continue;
            }
            items.push(item(*id, text.clone()));
        }
        held
    }

    /// Takes so many more from the queue, in place of those that are held; ends the lease if none
    /// are out.
    pub(crate) fn instead(&mut self, (host, token): (&Host, Token), held: usize) -> Vec<u32> {
        if held == 0 {
            return Vec::new();
        }
        self.core.go_on(host, token, Then::Keep { more: held })
    }

    pub(crate) fn has(&self, url: u32) -> bool {
        self.texts.contains_key(&url)
    }

    pub(crate) fn put(&mut self, url: u32, mut text: Text) {
        if let Some(depth) = self.nearer.get(&url) {
            text.depth = *depth;
        }
        self.texts.insert(url, text);
    }

    /// Remembers that a URL which is not done was found nearer.
    pub(crate) fn restore_nearer(&mut self, url: u32, depth: u32) {
        self.nearer.insert(url, depth);
    }

    /// Remembers what else a guess is, if nobody has followed it.
    pub(crate) fn restore_wanted(&mut self, text: Text) {
        if self.core.restore_wanted(&text.url, text.role) || self.wanted.contains_key(&text.url) {
            self.wanted.insert(text.url.clone(), text);
        }
    }

    /// Remembers where a redirect leads if it is needed.
    pub(crate) fn lead_on(&mut self, id: u32, url: CanonicalUrl, is_suspect: bool, target: Found) {
        let onward = Onward {
            id,
            is_suspect,
            target,
        };
        self.onward.insert(url, onward);
    }

    /// The URLs that are not done, in the order of entry, if the texts of all are here.
    pub(crate) fn left(&self) -> Vec<CanonicalUrl> {
        let mut left: Vec<_> = self.texts.iter().collect();
        left.sort_unstable_by_key(|(id, _)| **id);
        left.into_iter().map(|(_, text)| text.url.clone()).collect()
    }

    /// Forgets the text of a URL that can be looked up again, if there are more than `most`.
    pub(crate) fn evict(&mut self, url: u32, most: usize) {
        if self.texts.len() > most {
            self.texts.remove(&url);
        }
    }

    fn enter(&mut self, found: Vec<Found>, on: Option<Page<'_>>, log: &mut impl Log) -> Added {
        let mut added = Added::default();
        if let (Some(traps), Some(page)) = (&mut self.traps, &on) {
            traps.found(page.id, found.len());
        }
        let mut leads_on = Vec::new();
        for found in found {
            self.enter_one(&found, on, log, &mut added, &mut leads_on);
        }
        // Behind what was found here, which is one run of numbers.
        while let Some((
            url,
            Onward {
                id,
                is_suspect,
                target,
            },
        )) = leads_on.pop()
        {
            let text = Text {
                // It is needed here.
                depth: on.map_or(0, |page| page.text.depth),
                is_suspect,
                is_variant: false,
                via: None,
                via_id: None,
                url,
                redirects: 0,
                role: Role::Requisite,
            };
            let redirect = Page {
                id,
                text: &text,
                says_nothing_new: false,
            };
            self.enter_one(&target, Some(redirect), log, &mut added, &mut leads_on);
        }
        added
    }

    /// Takes in one URL. What leads on from it since it is needed goes to `leads_on`.
    fn enter_one(
        &mut self,
        found: &Found,
        on: Option<Page<'_>>,
        log: &mut impl Log,
        added: &mut Added,
        leads_on: &mut Vec<(CanonicalUrl, Onward)>,
    ) {
        let on = on.filter(|_| !found.is_seed);
        let depth = on.map_or(0, |page| found.depth_from(page.text.depth));
        let entry = self.core.add(&found.url, found.role, depth);
        let text = || Text {
            depth,
            is_suspect: on.is_some_and(|page| page.makes_suspect(found)),
            is_variant: on.is_some_and(|page| found.url.is_variant_of(&page.text.url)),
            via: on.map(|page| page.text.url.clone()),
            via_id: on.map(|page| page.id),
            url: found.url.clone(),
            redirects: found.redirects,
            role: found.role,
        };
        match entry {
            Entry::Known(again) => {
                added.known += 1;
                if let Some(id) = again.nearer {
                    self.nearer.insert(id, depth);
                    if let Some(text) = self.texts.get_mut(&id) {
                        text.depth = depth;
                    }
                    log.nearer(id, depth);
                }
                let is_nearer = |wanted: &Text| found.role != Role::Guess && depth < wanted.depth;
                if again.is_wanted_now || self.wanted.get(&found.url).is_some_and(is_nearer) {
                    let text = text();
                    log.wanted(&text);
                    self.wanted.insert(found.url.clone(), text);
                }
                if again.is_needed_now {
                    log.needed(&found.url);
                    leads_on.extend(self.onward.remove_entry(&found.url));
                }
            }
            Entry::Capped => added.capped += 1,
            Entry::New(id) => {
                added.new += 1;
                self.entered(id, text(), log);
            }
        }
    }
}

/// On what something was found.
#[derive(Clone, Copy)]
struct Page<'a> {
    id: u32,
    text: &'a Text,
    says_nothing_new: bool,
}

impl Page<'_> {
    fn makes_suspect(&self, found: &Found) -> bool {
        if found.redirects > 0 {
            return self.text.is_suspect;
        }
        // A page that is fetched gets what it needs.
        let is_needed = found.role == Role::Requisite && self.text.role == Role::Page;
        self.says_nothing_new && !is_needed
    }
}

fn item(id: u32, text: Text) -> Item {
    Item {
        id: UrlId(id),
        url: text.url,
        via: text.via,
        redirects: text.redirects,
        role: text.role,
        depth: text.depth,
    }
}
