//! What a disk holds after its power was cut.
//!
//! A change is sure to be on the disk when the file (or, for a name, the folder) was synced after it. Each other one may
//! be there or not, and a write may be there in part. A name that is synced leads to its file even if nothing of the
//! file's content is on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::random::Random;
use super::trace::{Change, Synced, Trace};

/// A disk, and all that was done to it.
#[derive(Debug)]
pub(crate) struct Disk {
    trace: Trace,
    /// The moment from which each operation is sure to be on the disk, if there is one.
    sure: Vec<usize>,
}

/// Files and folders, by path.
type Names = BTreeMap<String, Option<usize>>;

/// How a disk treats what was not synced.
#[derive(Debug, Clone, Copy)]
struct Habit {
    /// In so many cases of a hundred something is kept.
    kept: usize,
    /// Names change in the order in which they were changed, as with a file system that keeps a journal.
    in_order: bool,
    /// A folder's own name is on the disk when what it holds is; as there.
    upwards: bool,
}

impl Disk {
    pub(crate) fn new(trace: Trace) -> Self {
        let sure = trace
            .operations
            .iter()
            .enumerate()
            .map(|(index, operation)| {
                if index < trace.before {
                    return 0;
                }
                let syncs = trace.syncs.iter().filter(|sync| {
                    sync.start > operation.end
                        && match &operation.change {
                            Change::Write { file, .. } | Change::Cut { file, .. } => {
                                sync.what == Synced::File(*file)
                            }
                            Change::Create { path, .. }
                            | Change::Folder(path)
                            | Change::Remove(path) => is_of(&sync.what, path),
                            Change::Rename { from, to } => {
                                is_of(&sync.what, from) || is_of(&sync.what, to)
                            }
                        }
                });
                syncs.map(|sync| sync.end).min().unwrap_or(usize::MAX)
            });
        let sure = sure.collect();
        Disk { trace, sure }
    }

    /// Says what there is to cut.
    pub(crate) fn describe(&self) -> String {
        let sure = self.sure.iter().filter(|sure| **sure != usize::MAX).count();
        format!(
            "{} changes, {sure} of them synced at some time, by {} syncs",
            self.trace.operations.len(),
            self.trace.syncs.len()
        )
    }

    /// Fails unless all that was done makes what is in the folder.
    ///
    /// # Errors
    ///
    /// It does not: then what strace wrote was misunderstood.
    pub(crate) fn check(&self, folder: &Path) -> Result<()> {
        let operations: Vec<_> = (0..self.trace.operations.len()).collect();
        for (path, file) in self.names(&operations) {
            let there = folder.join(&path);
            let Some(file) = file else {
                ensure!(there.is_dir(), "{path} is no folder");
                continue;
            };
            if is_shared_memory(&path) {
                continue;
            }
            let content = self.content(file, &operations, |_, bytes| Some(bytes.to_vec()));
            let there = fs::read(&there).with_context(|| path.clone())?;
            ensure!(there == content, "{path} is not what was written to it");
        }
        Ok(())
    }

    /// Cuts the power at a random moment, and puts what is on the disk then into the folder, which is empty. Returns
    /// at which part of the whole it was, in words.
    ///
    /// # Errors
    ///
    /// The folder cannot be written.
    pub(crate) fn cut(&self, random: &mut Random, folder: &Path) -> Result<&'static str> {
        let moment = random.below(self.trace.end);
        let habit = Habit {
            kept: [0, 10, 50, 90, 100][random.below(5)],
            in_order: random.percent(50),
            upwards: random.percent(95),
        };
        let begun: Vec<_> = (0..self.trace.operations.len())
            .filter(|one| self.trace.operations[*one].start <= moment)
            .collect();
        let names = self.names(&self.names_kept(&begun, moment, habit, random));
        let mut lost: BTreeSet<String> = BTreeSet::new();
        for (path, file) in &names {
            if is_shared_memory(path) || lost.iter().any(|folder| is_below(path, folder)) {
                continue;
            }
            let parent = path.rsplit_once('/').map(|(parent, _)| parent);
            if parent.is_some_and(|parent| names.get(parent) != Some(&None)) {
                lost.insert(path.clone());
                continue;
            }
            let place = folder.join(path);
            match file {
                None => fs::create_dir(place)?,
                Some(file) => {
                    let content = self.content(*file, &begun, |one, bytes| {
                        if self.sure[one] <= moment || random.percent(habit.kept) {
                            return Some(bytes.to_vec());
                        }
                        random.percent(50).then(|| torn(bytes, random))
                    });
                    fs::write(place, content)?;
                }
            }
        }
        let is_building = names.keys().any(|path| path.starts_with(".dragline/aside"));
        let has_segment = names.keys().any(|path| path.ends_with(".warc.gz"));
        Ok(match (is_building, has_segment) {
            (true, _) => "while the copy was built",
            (false, true) => "with an archive",
            (false, false) => "before there was an archive",
        })
    }

    /// The changes of names that are on the disk.
    fn names_kept(
        &self,
        begun: &[usize],
        moment: usize,
        habit: Habit,
        random: &mut Random,
    ) -> Vec<usize> {
        let changes: Vec<_> = begun
            .iter()
            .copied()
            .filter(|one| self.is_name(*one))
            .collect();
        let is_sure = |one: usize| {
            self.sure[one] <= moment
                || habit.upwards
                    && matches!(&self.trace.operations[one].change, Change::Folder(path)
                    if self.trace.syncs.iter().any(|sync| sync.start > self.trace.operations[one].end
                        && sync.end <= moment && sync.what == Synced::Folder(path.clone())))
        };
        if !habit.in_order {
            // Those of one and the same name do stay in order: it is one place on the disk.
            let mut later = BTreeSet::new();
            let mut kept: Vec<_> = changes
                .into_iter()
                .rev()
                .filter(|one| {
                    let names = self.trace.operations[*one].change.names();
                    let is_kept = is_sure(*one)
                        || names.iter().any(|name| later.contains(name))
                        || random.percent(habit.kept);
                    if is_kept {
                        later.extend(names);
                    }
                    is_kept
                })
                .collect();
            kept.reverse();
            return kept;
        }
        let least = changes
            .iter()
            .rposition(|one| is_sure(*one))
            .map_or(0, |last| last + 1);
        let most = least + random.below(changes.len() - least + 1);
        changes[..most].to_vec()
    }

    fn is_name(&self, one: usize) -> bool {
        !matches!(
            self.trace.operations[one].change,
            Change::Write { .. } | Change::Cut { .. }
        )
    }

    /// What is where after these changes of names.
    fn names(&self, changes: &[usize]) -> Names {
        let mut names = Names::new();
        for one in changes {
            match &self.trace.operations[*one].change {
                Change::Create { path, file } => {
                    names.insert(path.clone(), Some(*file));
                }
                Change::Folder(path) => {
                    names.insert(path.clone(), None);
                }
                Change::Remove(path) => {
                    names.remove(path);
                }
                Change::Rename { from, to } => {
                    if let Some(file) = names.remove(from) {
                        names.insert(to.clone(), file);
                    }
                }
                Change::Write { .. } | Change::Cut { .. } => {}
            }
        }
        names
    }

    /// What is in a file after these changes; `kept` tells what of each.
    fn content(
        &self,
        wanted: usize,
        changes: &[usize],
        mut kept: impl FnMut(usize, &[u8]) -> Option<Vec<u8>>,
    ) -> Vec<u8> {
        let mut content = Vec::new();
        for one in changes {
            match &self.trace.operations[*one].change {
                Change::Write {
                    file,
                    offset,
                    bytes,
                } if *file == wanted => {
                    let Some(bytes) = kept(*one, bytes) else {
                        continue;
                    };
                    let end = offset + bytes.len();
                    if content.len() < end {
                        content.resize(end, 0);
                    }
                    content[*offset..end].copy_from_slice(&bytes);
                }
                Change::Cut { file, length } if *file == wanted && kept(*one, b"").is_some() => {
                    content.resize(*length, 0);
                }
                _ => {}
            }
        }
        content
    }
}

/// A part of what was to be written: as far as to some byte, or only some of its sectors and zeros for the others.
fn torn(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    if random.percent(50) {
        return bytes[..random.below(bytes.len() + 1)].to_vec();
    }
    let mut left = bytes.to_vec();
    for sector in left.chunks_mut(SECTOR) {
        if random.percent(50) {
            sector.fill(0);
        }
    }
    left
}

fn is_of(synced: &Synced, path: &str) -> bool {
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    matches!(synced, Synced::Folder(folder) if folder == parent)
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// `SQLite` makes it anew, and writes it without calls.
fn is_shared_memory(path: &str) -> bool {
    path.ends_with("-shm")
}

const SECTOR: usize = 512;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::trace::{Operation, Sync};
    use super::{Change, Disk, Random, Synced, Trace};

    #[test]
    fn what_was_synced_is_there_and_the_rest_may_be() {
        let changes = [
            Change::Create {
                path: "a".into(),
                file: 0,
            },
            Change::Write {
                file: 0,
                offset: 0,
                bytes: b"synced".into(),
            },
            Change::Write {
                file: 0,
                offset: 6,
                bytes: b" not".into(),
            },
        ];
        let moments = [0, 1, 10].into_iter();
        let operations = moments.zip(changes).map(|(at, change)| Operation {
            start: at,
            end: at,
            change,
        });
        let sync = |start, what| Sync {
            start,
            end: start,
            what,
        };
        let disk = Disk::new(Trace {
            operations: operations.collect(),
            before: 0,
            syncs: vec![
                sync(2, Synced::File(0)),
                sync(3, Synced::Folder(String::new())),
            ],
            end: 20,
        });
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..300 {
            let folder = tempfile::tempdir().unwrap();
            let mut random = Random::of(seed, 0);
            let moment = random.clone().below(20);
            disk.cut(&mut random, folder.path()).unwrap();
            let there = fs::read_to_string(folder.path().join("a")).ok();
            assert!(moment < 3 || there.as_ref().is_some_and(|it| it.starts_with("synced")));
            assert!(moment >= 10 || there.as_ref().is_none_or(|it| it.len() <= 6));
            seen.extend(there);
        }
        for whole in ["", "synced", "synced not"] {
            assert!(seen.contains(whole), "{seen:?}");
        }
        assert!(seen.len() > 4, "nothing is torn: {seen:?}");
    }
}
