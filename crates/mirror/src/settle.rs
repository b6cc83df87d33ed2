//! Which capture gets which path, where several ask for one.
//!
//! The law: the least URL of those that ask for a path gets it, unless it is a folder's; the others
//! get one beside it, in the order of their URLs. Paths are the same that are so where case is
//! folded. What follows decides so on a few bytes a capture: paths are told apart by their
//! fingerprints, and only where these are equal is it looked at what they are of.

use std::collections::{HashMap, HashSet};
use std::io;

use crate::name::{FRONT_DOOR, Name, fold};
use crate::print::{Printer, words};

/// The paths that are asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The print of each path, and the place of what asks for it.
    paths: Vec<[u32; 3]>,
    folders: Distinct,
    /// The places of what asks for the front door's path in other letters.
    doors: Vec<u32>,
    has_front_door: bool,
}

/// What is at a place: its key, and the name it asks for.
pub(crate) type Lookup<'a> = dyn Fn(u32) -> io::Result<(String, Name)> + 'a;

/// What came of it.
#[derive(Debug)]
pub(crate) struct Settled {
    /// What gets a path beside the one it asks for: the n-th, which nearly always is the first, 0.
    pub(crate) beside: Vec<(u32, usize)>,
    /// Whether there is a front door.
    pub(crate) has_front_door: bool,
    pub(crate) given: Given,
}

/// The paths that are given, by their prints.
#[derive(Debug)]
pub(crate) struct Given {
    printer: Printer,
    /// Those that are asked for, in order, each with a place.
    asked: Vec<[u32; 3]>,
    /// Those that are a folder's, in order.
    folders: Vec<u64>,
    /// Those beside others, in order.
    beside: Vec<u64>,
}

impl Asked {
    /// What so many may ask for.
    pub(crate) fn with_capacity(captures: usize) -> Self {
        Asked {
            paths: Vec::with_capacity(captures),
            ..Asked::default()
        }
    }

    /// Takes in what is asked for at a place.
    pub(crate) fn ask(&mut self, place: u32, name: &Name, printer: &Printer) {
        let path = name.path();
        let folded = fold(&path);
        for (at, _) in folded.match_indices('/') {
            self.folders.insert(printer.short(&folded[..at]));
        }
        // The front door's name is its own to the letter: `Index.html` would be there on one system
        // and not on another.
        if folded == FRONT_DOOR && path != FRONT_DOOR {
            self.doors.push(place);
            return;
        }
        self.has_front_door |= path == FRONT_DOOR;
        let [high, low] = words(printer.short(&folded));
        self.paths.push([high, low, place]);
    }

    /// Takes in what others asked for.
    pub(crate) fn append(&mut self, mut other: Asked) {
        self.paths.append(&mut other.paths);
        self.doors.append(&mut other.doors);
        self.folders.append(other.folders);
        self.has_front_door |= other.has_front_door;
    }

    /// Decides.
    pub(crate) fn settle(mut self, printer: &Printer, look: &Lookup<'_>) -> io::Result<Settled> {
        self.paths.sort_unstable();
        let folders = self.folders.sorted();
        let mut losers = self.doors;
        for group in self.paths.chunk_by(|a, b| a[..2] == b[..2]) {
            let places = group.iter().map(|[.., place]| *place);
            if folders.binary_search(&print(&group[0])).is_ok() {
                losers.extend(places);
            } else if group.len() > 1 {
                all_but_the_least(places, look, &mut losers)?;
            }
        }
        let mut given = Given {
            printer: printer.clone(),
            asked: self.paths,
            folders,
            beside: Vec::new(),
        };
        Ok(Settled {
            beside: given.beside(losers, look)?,
            has_front_door: self.has_front_door,
            given,
        })
    }
}

/// Adds the places of all but the least URL for each path. Equal prints are nearly always of equal
/// paths.
fn all_but_the_least(
    places: impl Iterator<Item = u32>,
    look: &Lookup<'_>,
    losers: &mut Vec<u32>,
) -> io::Result<()> {
    let mut least: HashMap<String, (String, u32)> = HashMap::new();
    for place in places {
        let (url, name) = look(place)?;
        let path = fold(&name.path());
        let loser = match least.get_mut(&path) {
            None => {
                least.insert(path, (url, place));
                continue;
            }
            Some(it) if url < it.0 => std::mem::replace(it, (url, place)).1,
            Some(_) => place,
        };
        losers.push(loser);
    }
    Ok(())
}

impl Given {
    /// Tells whether there is a file of this path.
    pub(crate) fn is_file(&self, path: &str) -> bool {
        let path = self.printer.short(&fold(path));
        self.is_asked_for(path) && !self.is_folder(path) || self.beside.binary_search(&path).is_ok()
    }

    /// Gives each of these places a path beside the one it asks for.
    fn beside(&mut self, losers: Vec<u32>, look: &Lookup<'_>) -> io::Result<Vec<(u32, usize)>> {
        let mut asked = Vec::with_capacity(losers.len());
        for place in losers {
            let (url, name) = look(place)?;
            let [high, low] = words(self.printer.short(&fold(&name.beside(&url, 0))));
            asked.push([high, low, place]);
        }
        asked.sort_unstable();
        let (mut beside, mut rest) = (Vec::with_capacity(asked.len()), Vec::new());
        for group in asked.chunk_by(|a, b| a[..2] == b[..2]) {
            match group {
                [one] if !self.is_taken(print(one)) => {
                    beside.push((one[2], 0));
                    self.beside.push(print(one));
                }
                // A URL is named so, or someone made two with one digest.
                several => {
                    for [.., place] in several {
                        let (url, name) = look(*place)?;
                        rest.push((url, name, *place));
                    }
                }
            }
        }
        rest.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        // No first path beside another is a later one beside a third: the end of the digest tells
        // them apart. So those of `rest` are in each other's way alone.
        let mut taken = HashSet::new();
        for (url, name, place) in rest {
            let mut n = 0;
            loop {
                let path = self.printer.short(&fold(&name.beside(&url, n)));
                if !self.is_taken(path) && taken.insert(path) {
                    break;
                }
                n += 1;
            }
            beside.push((place, n));
        }
        self.beside.extend(taken);
        self.beside.sort_unstable();
        Ok(beside)
    }

    fn is_taken(&self, path: u64) -> bool {
        self.is_asked_for(path) || self.is_folder(path)
    }

    fn is_asked_for(&self, path: u64) -> bool {
        self.asked.binary_search_by_key(&path, print).is_ok()
    }

    fn is_folder(&self, path: u64) -> bool {
        self.folders.binary_search(&path).is_ok()
    }
}

/// Numbers, each once.
#[derive(Debug, Default)]
struct Distinct {
    /// Some may be there twice.
    all: Vec<u64>,
    /// When there are so many, it is looked at which are.
    most: usize,
    /// What was taken in of late.
    recent: Vec<u64>,
}

impl Distinct {
    fn insert(&mut self, number: u64) {
        self.recent.resize(RECENT, 0);
        let at = usize::try_from(number % RECENT as u64).unwrap_or(0);
        if std::mem::replace(&mut self.recent[at], number) != number {
            self.push(number);
        }
    }

    fn push(&mut self, number: u64) {
        if self.all.len() >= self.most {
            self.all.sort_unstable();
            self.all.dedup();
            self.most = (self.all.len() * 2).max(RECENT);
        }
        self.all.push(number);
    }

    fn append(&mut self, other: Distinct) {
        for number in other.all {
            self.push(number);
        }
    }

    fn sorted(mut self) -> Vec<u64> {
        self.all.sort_unstable();
        self.all.dedup();
        self.all
    }
}

fn print([high, low, _]: &[u32; 3]) -> u64 {
    u64::from(*high) << 32 | u64::from(*low)
}

const RECENT: usize = 1024;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;
    use url::Url;

    fn name(url: &str) -> Name {
        Name::of(&Url::parse(url).unwrap(), None, "h")
    }

    /// Asks in the given order.
    fn paths(urls: &[String]) -> BTreeMap<String, String> {
        let printer = Printer::default();
        let mut asked = Asked::default();
        for (place, url) in (0..).zip(urls) {
            asked.ask(place, &name(url), &printer);
        }
        let look = |place: u32| {
            let url = &urls[place as usize];
            Ok((url.clone(), name(url)))
        };
        let settled = asked.settle(&printer, &look).unwrap();
        let mut paths: BTreeMap<_, _> = urls
            .iter()
            .map(|url| (url.clone(), name(url).path()))
            .collect();
        for (place, n) in settled.beside {
            let url = &urls[place as usize];
            paths.insert(url.clone(), name(url).beside(url, n));
        }
        for path in paths.values() {
            assert!(settled.given.is_file(path), "{path}");
            for (at, _) in path.match_indices('/') {
                assert!(!settled.given.is_file(&path[..at]), "{path}");
            }
        }
        assert!(!settled.given.is_file("of nobody"));
        let has_front_door = paths.values().any(|path| path == FRONT_DOOR);
        assert_eq!(settled.has_front_door, has_front_door);
        paths
    }

    /// The law, as it is said.
    fn law(urls: &[String]) -> BTreeMap<String, String> {
        let names: BTreeMap<_, _> = urls.iter().map(|url| (url.clone(), name(url))).collect();
        let mut taken = HashSet::new();
        for name in names.values() {
            let folded = fold(&name.stem);
            taken.extend(
                folded
                    .match_indices('/')
                    .map(|(at, _)| folded[..at].to_owned()),
            );
        }
        let (mut paths, mut beside) = (BTreeMap::new(), Vec::new());
        for (url, name) in names {
            let path = name.path();
            let is_door = fold(&path) == FRONT_DOOR && path != FRONT_DOOR;
            if !is_door && taken.insert(fold(&path)) {
                paths.insert(url, path);
            } else {
                beside.push((url, name));
            }
        }
        for (url, name) in beside {
            let free = (0..99)
                .map(|n| name.beside(&url, n))
                .find(|path| taken.insert(fold(path)));
            paths.insert(url, free.unwrap());
        }
        paths
    }

    fn owned(urls: &[&str]) -> Vec<String> {
        urls.iter().map(|url| (*url).to_owned()).collect()
    }

    #[test]
    fn urls_that_ask_for_one_path_get_several() {
        let paths = paths(&owned(&[
            "http://h/a",
            "http://h/A",
            "http://h/a/b",
            "https://h/a/b",
            "http://h/c",
        ]));
        assert_eq!(paths["http://h/c"], "c");
        assert_eq!(paths["http://h/a/b"], "a/b", "the least URL gets it");
        assert!(paths["https://h/a/b"].starts_with("a/b~"));
        assert!(paths["http://h/a"].starts_with("a~"), "`a` is a folder");
        assert!(
            paths["http://h/A"].starts_with("A~"),
            "and so is `A` where case is folded"
        );
    }

    #[test]
    fn a_path_that_is_taken_also_beside_gets_a_number() {
        let beside = name("http://h/B").beside("http://h/b", 0);
        let urls = owned(&["http://h/B", "http://h/b", &format!("http://h/{beside}")]);
        let paths = paths(&urls);
        assert!(paths["http://h/b"].ends_with("-1"), "{paths:?}");
        assert_eq!(paths, law(&urls));
    }

    #[test]
    fn folders_are_known_however_many_there_are() {
        let of_folders =
            (0..3000).flat_map(|n| [format!("http://h/{n}/x"), format!("http://h/{n}")]);
        let urls: Vec<_> = of_folders.collect();
        assert_eq!(paths(&urls), law(&urls));
    }

    /// URLs, some named as others are beside one another.
    fn urls() -> impl Strategy<Value = Vec<String>> {
        let path = "(index.html|Index.html|[aAbBσΣ./?%2]{0,6})";
        let urls = prop::collection::hash_set((path, 0..4_usize), 0..14);
        urls.prop_map(|urls| {
            let parsed = urls.iter().filter_map(|(path, kind)| {
                let scheme = if kind % 2 == 0 { "http" } else { "https" };
                let url = Url::parse(&format!("{scheme}://h/{path}"))
                    .ok()?
                    .to_string();
                let beside = name(&url).beside(&url, kind / 3);
                let named = Url::parse(&format!("http://h/{beside}")).ok()?.to_string();
                Some([Some(url), (*kind > 1).then_some(named)])
            });
            let distinct: HashSet<_> = parsed.flatten().flatten().collect();
            distinct.into_iter().collect()
        })
    }

    proptest! {
        #[test]
        fn it_is_the_law(urls in urls()) {
            prop_assert_eq!(paths(&urls), law(&urls));
        }

        #[test]
        fn no_two_urls_share_a_path(urls in urls()) {
            let paths = paths(&urls);
            let files: HashSet<_> = paths.values().map(|path| fold(path)).collect();
            prop_assert_eq!(files.len(), urls.len());
            for file in &files {
                for (at, _) in file.match_indices('/') {
                    prop_assert!(!files.contains(&file[..at]), "{} is a file and a folder", &file[..at]);
                }
            }
        }
    }
}
