//! Which capture gets which path, where several ask for one.
//!
//! The law: the least URL of those that ask for a path gets it, unless it is a folder's; the others
//! get one beside it, in the order of their URLs. Paths are the same that are so where case is
//! folded. What follows decides so on a few bytes a capture: paths are told apart by their
//! fingerprints, and only where these are equal is it looked at what they are of.

use std::collections::{HashMap, HashSet};
use std::io;

use rows::{Rows, Scratch};

use crate::name::{FRONT_DOOR, Name, fold};
use crate::print::{Printer, number, row};

/// What is asked for at one place.
#[derive(Debug)]
pub(crate) struct Wish {
    place: u32,
    /// The print of the path. None, if it is the front door's in other letters.
    path: Option<[u8; 8]>,
    is_front_door: bool,
    /// The prints of its folders.
    folders: Vec<[u8; 8]>,
}

/// The paths that are asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    scratch: Scratch,
    /// The print of each path, and the place of what asks for it.
    paths: Rows<12>,
    folders: Rows<8>,
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
    pub(crate) beside: Vec<(u32, u32)>,
    /// Whether there is a front door.
    pub(crate) has_front_door: bool,
    pub(crate) given: Given,
}

/// The paths that are given, by their prints.
#[derive(Debug)]
pub(crate) struct Given {
    printer: Printer,
    /// Those that are asked for, each with a place.
    asked: Rows<12>,
    /// Those that are a folder's.
    folders: Rows<8>,
    /// Those beside others.
    beside: Rows<8>,
}

impl Wish {
    pub(crate) fn new(place: u32, name: &Name, printer: &Printer) -> Self {
        let path = name.path();
        let folded = fold(path);
        let folders = folded.match_indices('/');
        let folders = folders
            .map(|(at, _)| printer.short(&folded[..at]))
            .collect();
        // The front door's name is its own to the letter: `Index.html` would be there on one system
        // and not on another.
        let is_front_door = path == FRONT_DOOR;
        let is_like_it = folded == FRONT_DOOR && !is_front_door;
        Wish {
            place,
            path: (!is_like_it).then(|| printer.short(&folded)),
            is_front_door,
            folders,
        }
    }
}

impl Asked {
    pub(crate) fn new(scratch: &Scratch) -> Self {
        Asked {
            scratch: scratch.clone(),
            paths: Rows::new(scratch.clone()),
            folders: Rows::new(scratch.clone()),
            doors: Vec::new(),
            has_front_door: false,
        }
    }

    /// Takes in what is asked for at a place.
    pub(crate) fn take_in(&mut self, wish: Wish) {
        self.folders.extend(wish.folders);
        self.has_front_door |= wish.is_front_door;
        match wish.path {
            Some(path) => self.paths.insert(row(path, wish.place)),
            None => self.doors.push(wish.place),
        }
    }

    /// Decides.
    pub(crate) fn settle(self, printer: &Printer, look: &Lookup<'_>) -> io::Result<Settled> {
        let Asked {
            scratch,
            mut paths,
            mut folders,
            doors: mut losers,
            has_front_door,
        } = self;
        paths.pack();
        folders.pack();
        let mut ordered = folders.iter();
        let mut folder = ordered.next().transpose()?;
        each_group(&paths, |path, places| {
            while folder.is_some_and(|folder| folder < path) {
                folder = ordered.next().transpose()?;
            }
            if folder == Some(path) {
                losers.extend(places);
            } else if places.len() > 1 {
                all_but_the_least(places, look, &mut losers)?;
            }
            Ok(())
        })?;
        let mut given = Given {
            printer: printer.clone(),
            asked: paths,
            folders,
            beside: Rows::new(scratch.clone()),
        };
        Ok(Settled {
            beside: given.beside(losers, &scratch, look)?,
            has_front_door,
            given,
        })
    }
}

/// Shows each path and the places that it is asked for at, in order.
fn each_group(
    asked: &Rows<12>,
    mut each: impl FnMut([u8; 8], &[u32]) -> io::Result<()>,
) -> io::Result<()> {
    let (mut path, mut places) = ([0; 8], Vec::new());
    for row in asked {
        let row = row?;
        let [next @ .., _, _, _, _] = row;
        if next != path && !places.is_empty() {
            each(path, &places)?;
            places.clear();
        }
        path = next;
        places.push(number(&row));
    }
    if places.is_empty() {
        return Ok(());
    }
    each(path, &places)
}

/// Adds the places of all but the least URL for each path. Equal prints are nearly always of equal
/// paths.
fn all_but_the_least(places: &[u32], look: &Lookup<'_>, losers: &mut Vec<u32>) -> io::Result<()> {
    let mut least: HashMap<String, (String, u32)> = HashMap::new();
    for place in places.iter().copied() {
        let (url, name) = look(place)?;
        let path = fold(name.path());
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
    pub(crate) fn is_file(&self, path: &str) -> io::Result<bool> {
        let path = self.printer.short(&fold(path));
        let is_asked_for = self.asked.contains(&path)? && !self.folders.contains(&path)?;
        Ok(is_asked_for || self.beside.contains(&path)?)
    }

    /// Gives each of these places a path beside the one it asks for.
    fn beside(
        &mut self,
        losers: Vec<u32>,
        scratch: &Scratch,
        look: &Lookup<'_>,
    ) -> io::Result<Vec<(u32, u32)>> {
        let mut asked = Rows::new(scratch.clone());
        for place in losers {
            let (url, name) = look(place)?;
            let path = self.printer.short(&fold(&name.beside(&url, 0)));
            asked.insert(row(path, place));
        }
        let (mut beside, mut rest) = (Vec::new(), Vec::new());
        each_group(&asked, |path, places| {
            match places {
                [one] if !self.is_taken(path)? => {
                    beside.push((*one, 0));
                    self.beside.insert(path);
                }
                // A URL is named so, or someone made two with one digest.
                several => {
                    for place in several {
                        let (url, name) = look(*place)?;
                        rest.push((url, name, *place));
                    }
                }
            }
            Ok(())
        })?;
        rest.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        // No first path beside another is a later one beside a third: the end of the digest tells
        // them apart. So those of `rest` are in each other's way alone.
        let mut taken = HashSet::new();
        for (url, name, place) in rest {
            let mut n = 0;
            loop {
                let path = self.printer.short(&fold(&name.beside(&url, n)));
                if !self.is_taken(path)? && taken.insert(path) {
                    break;
                }
                n += 1;
            }
            beside.push((place, n));
        }
        self.beside.extend(taken);
        self.beside.pack();
        Ok(beside)
    }

    fn is_taken(&self, path: [u8; 8]) -> io::Result<bool> {
        Ok(self.asked.contains(&path)? || self.folders.contains(&path)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;
    use url::Url;

    fn name(url: &str) -> Name {
        Name::of(Url::parse(url).unwrap().as_str(), 0, "h")
    }

    /// Asks in the given order.
    fn paths(urls: &[String]) -> BTreeMap<String, String> {
        let printer = Printer::default();
        // In memory, and in files.
        let bound = 1 + urls.len() % 4;
        let mut asked = Asked::new(&Scratch::new(tempfile::tempfile).with_bound(bound));
        for (place, url) in (0..).zip(urls) {
            asked.take_in(Wish::new(place, &name(url), &printer));
        }
        let look = |place: u32| {
            let url = &urls[place as usize];
            Ok((url.clone(), name(url)))
        };
        let settled = asked.settle(&printer, &look).unwrap();
        let mut paths: BTreeMap<_, _> = urls
            .iter()
            .map(|url| (url.clone(), name(url).path().to_owned()))
            .collect();
        for (place, n) in settled.beside {
            let url = &urls[place as usize];
            paths.insert(url.clone(), name(url).beside(url, n));
        }
        for path in paths.values() {
            assert!(settled.given.is_file(path).unwrap(), "{path}");
            for (at, _) in path.match_indices('/') {
                assert!(!settled.given.is_file(&path[..at]).unwrap(), "{path}");
            }
        }
        assert!(!settled.given.is_file("of nobody").unwrap());
        let has_front_door = paths.values().any(|path| path == FRONT_DOOR);
        assert_eq!(settled.has_front_door, has_front_door);
        paths
    }

    /// The law, as it is said.
    fn law(urls: &[String]) -> BTreeMap<String, String> {
        let names: BTreeMap<_, _> = urls.iter().map(|url| (url.clone(), name(url))).collect();
        let mut taken = HashSet::new();
        for name in names.values() {
            let folded = fold(name.path());
            taken.extend(
                folded
                    .match_indices('/')
                    .map(|(at, _)| folded[..at].to_owned()),
            );
        }
        let (mut paths, mut beside) = (BTreeMap::new(), Vec::new());
        for (url, name) in names {
            let path = name.path().to_owned();
            let is_door = fold(&path) == FRONT_DOOR && path != FRONT_DOOR;
            if !is_door && taken.insert(fold(&path)) {
                paths.insert(url, path);
            } else {
                beside.push((url, name));
            }
        }
        for (url, name) in beside {
            let free = (0..99_u32)
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
        let urls = prop::collection::hash_set((path, 0..4_u32), 0..14);
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
