//! Spaces without end, told from big sites, in plain code.
//!
//! What a trap has in common with no big site: its pages say nothing new, and lead only to more of
//! their kind. So each page that is done is compared with those of its site before ([`Content`]), by its
//! words, or by what it says to be a version of:
//!
//! - What was found only on a page that says nothing new is *suspect*; so is what has one segment
//!   three times in its path. Of suspects, a site may waste a few, or one for each three answers that
//!   say something. A page is wasted if it says nothing new, and with it what it needs. But if
//!   something new is found on it, be it the picture that it shows, it is not wasted after all: the
//!   pages of a gallery say the same, and so do those of a list. What differs by its query alone from
//!   the page that it was found on (a table, sorted otherwise) is counted apart, for of some sites it
//!   is most, and the files of a folder should not wait for it.
//! - Of what one page with more than a thousand links leads to, some may be the very same, and more
//!   the more are not.
//!
//! What is beyond that is *held*: it has entered, and waits until the site has earned it, or for
//! ever. All else is let through, however much there is. What a page needs is never suspect, but for
//! what style sheets that say nothing new import.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use crate::canonical::{host_of, path_and_query_of};
use crate::content::Content;
use crate::frontier::{Role, Trap, TrapKind};
use crate::state::Text;

/// What is known of the spaces of a crawl.
#[derive(Debug, Default)]
pub(crate) struct Traps {
    /// So many may be wasted before anything is earned.
    free: usize,
    digests: Recent,
    words: Recent,
    sites: HashMap<String, Site>,
    /// By the number of the page that leads to it all.
    floods: HashMap<u32, Flood>,
    /// The pages that are wasted, by number, unless something new is found on them.
    alike: HashMap<u32, Alike>,
    named: Vec<Trap>,
    by_name: HashMap<(TrapKind, String, String), usize>,
}

/// Whether a page says something new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum News {
    /// Nobody knows.
    #[default]
    Unknown,
    New,
    /// Its words are those of another.
    Alike,
    /// It is another, byte for byte.
    Same,
}

impl News {
    pub(crate) fn of_number(number: u8) -> Self {
        match number {
            1 => News::New,
            2 => News::Alike,
            3 => News::Same,
            _ => News::Unknown,
        }
    }

    /// What it counts for where one page leads to very many: as new, and as wasted. However often a
    /// picture is needed, that is no trap.
    pub(crate) fn in_flood(self, role: Role) -> (usize, usize) {
        match self {
            News::New | News::Alike => (1, 0),
            News::Same if role != Role::Requisite => (0, 1),
            News::Same | News::Unknown => (0, 0),
        }
    }
}

/// What is kept of a page that is done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) news: News,
    /// Of its site.
    pub(crate) content: Option<Content>,
}

/// What is known of a site.
#[derive(Debug, Default)]
struct Site {
    /// How many of its answers say something new.
    new: usize,
    suspects: Group,
    /// Of these, what differs by its query alone from the page that it was found on.
    variants: Group,
}

/// What is known of all that one page leads to.
#[derive(Debug, Default)]
struct Flood {
    new: usize,
    group: Group,
}

/// URLs that share what may be wasted.
#[derive(Debug, Default)]
struct Group {
    wasted: usize,
    /// Handed out, and not judged yet.
    pending: BTreeSet<u32>,
    held: VecDeque<Held>,
}

/// A page that is wasted: its group, and how many answers are, with those that it needs.
#[derive(Debug)]
struct Alike {
    key: Key,
    wasted: usize,
    /// What it needs, handed out and not judged yet.
    pending: BTreeSet<u32>,
}

/// A URL that is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) url: u32,
    pub(crate) address: &'a str,
    pub(crate) role: Role,
    pub(crate) is_suspect: bool,
    pub(crate) is_variant: bool,
    pub(crate) via: Option<u32>,
}

/// A URL that is held: its host by place, its number, its trap.
#[derive(Clone, Copy, Debug)]
struct Held {
    host: usize,
    url: u32,
    trap: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Site(String),
    Variants(String),
    Flood(u32),
}

impl Traps {
    pub(crate) fn new(free: usize) -> Self {
        Traps {
            free,
            ..Traps::default()
        }
    }

    /// Tells whether a URL may be handed out, or why not.
    pub(crate) fn admits(&mut self, url: u32, text: &Text) -> Result<(), TrapKind> {
        let Some((kind, key)) = self.group_of(&Judged::of(url, text)) else {
            // Of a page that is wasted it may be, too.
            if let Some(alike) = text.via_id.and_then(|via| self.alike.get_mut(&via))
                && alike.pending.insert(url)
            {
                let key = alike.key.clone();
                self.group(&key).map(|group| group.pending.insert(url));
            }
            return Ok(());
        };
        let most = self.most(&key);
        let Some(group) = self.group(&key) else {
            return Ok(());
        };
        if !group.pending.contains(&url) {
            if group.room(most) == 0 {
                return Err(kind);
            }
            group.pending.insert(url);
        }
        Ok(())
    }

    /// Takes in that a URL is held.
    pub(crate) fn hold(&mut self, host: usize, held: Judged<'_>, kind: TrapKind) {
        let Judged { url, address, .. } = held;
        let key = match (kind, held.via) {
            (TrapKind::Flood, Some(via)) => Key::Flood(via),
            (TrapKind::NothingNew, _) if held.is_variant => Key::Variants(site_of(address)),
            _ => Key::Site(site_of(address)),
        };
        let trap = self.name(kind, &key, address);
        self.named[trap].held += 1;
        if let Some(group) = self.group(&key) {
            group.held.push_back(Held { host, url, trap });
        }
    }

    /// Judges a page that is done.
    pub(crate) fn judge(&mut self, url: u32, text: &Text, content: Option<Content>) -> Evidence {
        let content = content.map(|it| it.of_site(&site_of(text.url.as_str())));
        let news = content.map_or(News::Unknown, |content| {
            let is_new = self.digests.insert(content.digest);
            match (is_new, content.words.map(|it| self.words.insert(it))) {
                (true, None | Some(true)) => News::New,
                (true, Some(false)) => News::Alike,
                (false, _) => News::Same,
            }
        });
        let judged = Judged::of(url, text);
        if let Some(alike) = judged.via.and_then(|via| self.alike.get_mut(&via))
            && alike.pending.remove(&url)
        {
            let key = alike.key.clone();
            self.group(&key).map(|group| group.pending.remove(&url));
        }
        let key = self.count(judged, news);
        if let Some(group) = key.and_then(|key| self.group(&key)) {
            group.pending.remove(&url);
        }
        Evidence { news, content }
    }

    /// Takes in what was judged before this process began.
    pub(crate) fn restore_evidence(&mut self, content: Content) {
        self.digests.insert(content.digest);
        if let Some(words) = content.words {
            self.words.insert(words);
        }
    }

    /// Takes in what a page was judged to be: all in the order in which they entered, or as they are
    /// judged.
    pub(crate) fn count(&mut self, judged: Judged<'_>, news: News) -> Option<Key> {
        let Judged { address, via, .. } = judged;
        let group = self.group_of(&judged);
        match news {
            News::New => {
                self.sites.entry(site_of(address)).or_default().new += 1;
                if let Some(alike) = via.and_then(|via| self.alike.remove(&via))
                    && let Some(group) = self.group(&alike.key)
                {
                    group.wasted -= alike.wasted;
                    group.pending.retain(|url| !alike.pending.contains(url));
                }
            }
            News::Alike | News::Same if group.is_none() => {
                if let Some(alike) = via.and_then(|via| self.alike.get_mut(&via)) {
                    alike.wasted += 1;
                    let key = alike.key.clone();
                    self.waste(&key);
                }
            }
            News::Alike | News::Same | News::Unknown => {}
        }
        let (_, key) = group?;
        match (&key, news) {
            (Key::Flood(via), _) => {
                if let Some(flood) = self.floods.get_mut(via) {
                    flood.count(news.in_flood(judged.role));
                }
            }
            (Key::Site(_) | Key::Variants(_), News::Alike | News::Same) => {
                self.waste(&key);
                let alike = Alike {
                    key: key.clone(),
                    wasted: 1,
                    pending: BTreeSet::new(),
                };
                self.alike.insert(judged.url, alike);
            }
            // What is new counts for the whole site, above.
            (Key::Site(_) | Key::Variants(_), News::New | News::Unknown) => {}
        }
        Some(key)
    }

    /// Takes in that so many were found on one page.
    pub(crate) fn found(&mut self, via: u32, links: usize) {
        if links > FLOOD && self.floods.len() < MOST_FLOODS {
            self.floods.entry(via).or_default();
        }
    }

    /// Takes in that a page leads to more than a thousand, of which some are done.
    pub(crate) fn restore_flood(&mut self, via: u32, new: usize, wasted: usize) {
        self.found(via, FLOOD + 1);
        if let Some(flood) = self.floods.get_mut(&via) {
            flood.count((new, wasted));
        }
    }

    /// Returns what is held no longer: hosts by place, and URLs by number.
    pub(crate) fn release(&mut self) -> Vec<(usize, u32)> {
        let mut released = Vec::new();
        if self.named.is_empty() {
            return released;
        }
        let free = self.free;
        let sites = self.sites.values_mut().flat_map(|site| {
            let most = site.most(free);
            [(&mut site.suspects, most), (&mut site.variants, most)]
        });
        let floods = self.floods.values_mut().map(|flood| {
            let most = flood.most(free);
            (&mut flood.group, most)
        });
        for (group, most) in sites.chain(floods) {
            let room = group.room(most);
            for held in group.held.drain(..room.min(group.held.len())) {
                self.named[held.trap].held -= 1;
                released.push((held.host, held.url));
            }
        }
        released
    }

    /// The traps that hold something, those that hold most first: a few by name, and of each site the
    /// others together.
    pub(crate) fn named(&self) -> Vec<Trap> {
        let mut traps: Vec<_> = self.named.iter().filter(|trap| trap.held > 0).collect();
        traps.sort_by_key(|trap| Reverse(trap.held));
        let (mut told, mut by_name) = (Vec::<Trap>::new(), 0);
        let mut others = HashMap::new();
        for trap in traps {
            if by_name < MOST_TOLD && trap.shape != OTHERS {
                by_name += 1;
                told.push(trap.clone());
                continue;
            }
            let next = told.len();
            let place = *others.entry((trap.kind, &trap.site)).or_insert(next);
            if place == next {
                told.push(Trap {
                    shape: OTHERS.to_owned(),
                    held: 0,
                    ..trap.clone()
                });
            }
            told[place].held += trap.held;
        }
        told
    }

    /// The group that a URL is of, if it may be wasted.
    fn group_of(&self, judged: &Judged<'_>) -> Option<(TrapKind, Key)> {
        let (address, via) = (judged.address, judged.via?);
        if repeats(address) {
            Some((TrapKind::Repeats, Key::Site(site_of(address))))
        } else if judged.is_suspect && judged.is_variant {
            Some((TrapKind::NothingNew, Key::Variants(site_of(address))))
        } else if judged.is_suspect {
            Some((TrapKind::NothingNew, Key::Site(site_of(address))))
        } else if self.floods.contains_key(&via) {
            Some((TrapKind::Flood, Key::Flood(via)))
        } else {
            None
        }
    }

    fn group(&mut self, key: &Key) -> Option<&mut Group> {
        match key {
            Key::Site(site) => Some(&mut self.sites.entry(site.clone()).or_default().suspects),
            Key::Variants(site) => Some(&mut self.sites.entry(site.clone()).or_default().variants),
            Key::Flood(via) => self.floods.get_mut(via).map(|flood| &mut flood.group),
        }
    }

    /// How many of a group may be wasted.
    fn most(&self, key: &Key) -> usize {
        let free = self.free;
        match key {
            Key::Site(site) | Key::Variants(site) => {
                self.sites.get(site).map_or(free, |site| site.most(free))
            }
            Key::Flood(via) => self.floods.get(via).map_or(0, |flood| flood.most(free)),
        }
    }

    fn waste(&mut self, key: &Key) {
        if let Some(group) = self.group(key) {
            group.wasted += 1;
        }
    }

    fn name(&mut self, kind: TrapKind, key: &Key, address: &str) -> usize {
        let site = site_of(address);
        let shape = match key {
            Key::Variants(_) => format!("/*{}", names_of(address)),
            _ => shape_of(address),
        };
        let mut key = (kind, site, shape);
        let next = self.named.len();
        if next >= MOST_NAMED && !self.by_name.contains_key(&key) {
            OTHERS.clone_into(&mut key.2);
        }
        let place = *self.by_name.entry(key.clone()).or_insert(next);
        if place == next {
            let (kind, site, shape) = key;
            self.named.push(Trap {
                kind,
                site,
                shape,
                held: 0,
            });
        }
        place
    }
}

impl<'a> Judged<'a> {
    pub(crate) fn of(url: u32, text: &'a Text) -> Self {
        Judged {
            url,
            address: text.url.as_str(),
            role: text.role,
            is_suspect: text.is_suspect,
            is_variant: text.is_variant,
            via: text.via_id,
        }
    }
}

impl Site {
    /// How many of a group may be wasted.
    fn most(&self, free: usize) -> usize {
        free.max(self.new / 3)
    }
}

impl Flood {
    fn count(&mut self, (new, wasted): (usize, usize)) {
        self.new += new;
        self.group.wasted += wasted;
    }

    fn most(&self, free: usize) -> usize {
        free.saturating_mul(2).saturating_add(self.new)
    }
}

impl Group {
    /// How many more may be handed out before one of those that are is judged.
    fn room(&self, most: usize) -> usize {
        most.saturating_sub(self.wasted + self.pending.len())
    }
}

/// A set of the latest numbers that were put in.
#[derive(Debug, Default)]
struct Recent {
    set: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Recent {
    /// Tells whether it is a new one.
    fn insert(&mut self, number: u64) -> bool {
        let is_new = self.set.insert(number);
        if is_new {
            self.order.push_back(number);
            if self.order.len() > MOST_REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.set.remove(&oldest);
            }
        }
        is_new
    }
}

/// What is one site: all hosts with the same last two labels.
fn site_of(address: &str) -> String {
    let host = host_of(address);
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    };
    // An address has no labels.
    if name.ends_with(|it: char| it.is_ascii_digit() || it == ']') {
        return host.to_owned();
    }
    let above = name.rmatch_indices('.').nth(1);
    above.map_or(name, |(dot, _)| &name[dot + 1..]).to_owned()
}

/// Whether a segment of letters stands three times in the path.
fn repeats(address: &str) -> bool {
    let (path, _) = path_and_query_of(address);
    let mut seen: HashMap<&str, u8> = HashMap::new();
    let mut segments = path
        .split('/')
        .filter(|it| it.contains(|it: char| it.is_ascii_alphabetic()));
    segments.any(|segment| {
        let times = seen.entry(segment).or_default();
        *times += 1;
        *times == 3
    })
}

/// A path without what differs among many: `/cal/N/N`, `/s?page&sid`.
fn shape_of(address: &str) -> String {
    let (path, _) = path_and_query_of(address);
    let mut shape = String::new();
    for (n, segment) in path.split('/').skip(1).enumerate() {
        if n == 4 {
            shape.push_str("/...");
            break;
        }
        shape.push('/');
        let digits = segment.bytes().filter(u8::is_ascii_digit).count();
        if segment.len() >= 12 && digits > 2 && digits < segment.len() {
            shape.push('*');
            continue;
        }
        let mut was_digit = false;
        for character in segment.chars().take(40) {
            let is_digit = character.is_ascii_digit();
            if !is_digit {
                shape.push(character);
            } else if !was_digit {
                shape.push('N');
            }
            was_digit = is_digit;
        }
    }
    shape + &names_of(address)
}

/// The names in a query, in order: `?page&sid`; nothing if there is none.
fn names_of(address: &str) -> String {
    let (_, Some(query)) = path_and_query_of(address) else {
        return String::new();
    };
    let names = query.split(['&', ';']);
    let names: BTreeSet<_> = names.map(|it| it.split('=').next().unwrap_or(it)).collect();
    let names: Vec<_> = names.into_iter().take(8).collect();
    format!("?{}", names.join("&"))
}

/// With more links on one page, it is looked at how many lead to the very same.
pub(crate) const FLOOD: usize = 1000;
const MOST_FLOODS: usize = 1024;
/// So many traps are named by the shape of their URLs.
const MOST_NAMED: usize = 256;
/// Of all others.
const OTHERS: &str = "*";
/// So many are told by name.
const MOST_TOLD: usize = 12;
/// With so many pages a new one is compared.
const MOST_REMEMBERED: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CanonicalUrl;

    #[test]
    fn a_site_is_what_is_below_two_labels() {
        let site = |address| site_of(address);
        assert_eq!(site("http://a.b.example.org:81/"), "example.org");
        assert_eq!(site("http://example.org/"), "example.org");
        assert_eq!(site("http://localhost:81/"), "localhost");
        assert_eq!(site("http://127.0.0.1:81/"), "127.0.0.1:81");
        assert_eq!(site("http://[::1]/"), "[::1]");
    }

    #[test]
    fn a_segment_three_times_repeats() {
        assert!(repeats("http://h/a/b/a/b/a/") && repeats("http://h/a/a/a"));
        assert!(!repeats("http://h/a/b/a/b?a/a/a") && !repeats("http://h/1/1/1/1.png"));
    }

    /// However long it takes to come: what is handed out meanwhile would be too much.
    #[test]
    fn what_a_wasted_page_needs_counts_while_it_is_on_its_way() {
        let text = |path: &str, via: Option<u32>, role: Role| Text {
            url: CanonicalUrl::parse(&format!("http://h/{path}")).unwrap(),
            via: None,
            redirects: 0,
            role,
            depth: 0,
            via_id: via,
            is_suspect: via.is_some() && role == Role::Page,
            is_variant: false,
        };
        let [first, second, third] = [(None, "1"), (Some(1), "2"), (Some(2), "3")]
            .map(|(via, path)| text(path, via, Role::Page));
        let [a, b] = ["a.png", "b.png"].map(|path| text(path, Some(2), Role::Requisite));
        let (page, picture) = (Content::of_bytes(1), Content::of_bytes(2));
        let mut traps = Traps::new(3);
        assert_eq!(traps.judge(1, &first, Some(page)).news, News::New);
        assert_eq!(traps.admits(2, &second), Ok(()));
        assert_eq!(traps.judge(2, &second, Some(page)).news, News::Same);
        assert_eq!(traps.admits(3, &a), Ok(()));
        assert_eq!(traps.admits(4, &b), Ok(()));
        assert_eq!(traps.admits(5, &third), Err(TrapKind::NothingNew));
        // It was not had, and so is no waste.
        traps.judge(3, &a, None);
        assert_eq!(traps.admits(5, &third), Ok(()));
        // It is new, and so is the page.
        traps.judge(4, &b, Some(picture));
        let site = &traps.sites[&site_of(first.url.as_str())];
        let Group {
            wasted, pending, ..
        } = &site.suspects;
        assert_eq!((*wasted, pending), (0, &BTreeSet::from([5])));
    }

    #[test]
    fn few_traps_are_told_by_name_and_all_are_counted() {
        let mut traps = Traps::new(0);
        // More shapes than are remembered, each three times.
        for n in (0..600).flat_map(|n| [n; 3]) {
            let address = format!(
                "http://h{}/{}/",
                n % 2,
                "a".repeat(n / 20) + &"b".repeat(n % 20)
            );
            let held = Judged {
                url: 1,
                address: &address,
                role: Role::Page,
                is_suspect: true,
                is_variant: false,
                via: Some(0),
            };
            traps.hold(0, held, TrapKind::NothingNew);
        }
        let told = traps.named();
        assert_eq!(told.iter().map(|trap| trap.held).sum::<u64>(), 1800);
        let (others, by_name): (Vec<_>, Vec<_>) = told.iter().partition(|it| it.shape == OTHERS);
        let sites: HashSet<_> = others.iter().map(|trap| &*trap.site).collect();
        assert_eq!((others.len(), sites.len()), (2, 2));
        assert_eq!(by_name.len(), MOST_TOLD);
        assert!(by_name.iter().all(|trap| trap.held == 3));
    }

    #[test]
    fn shapes_name_what_many_have_in_common() {
        let shape = |path: &str| shape_of(&format!("http://h{path}"));
        assert_eq!(shape("/cal/2026/11"), "/cal/N/N");
        assert_eq!(shape("/s?sid=1f&page=2"), "/s?page&sid");
        assert_eq!(shape("/s/0123456789abcdef/page1"), "/s/*/pageN");
        assert_eq!(shape("/a/a/a/a/a/a/"), "/a/a/a/a/...");
    }
}
