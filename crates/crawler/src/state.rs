//! Where a crawl lives: its folder, its archive, its journals, and what earlier crawls left.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use archive::{Archive, Entry, Position, Reader, Syncer};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use frontier::{
    CanonicalUrl, Frontier, FrontierError, Journal, JournalOptions, JournalReader, Past, Rules,
};
use futures::executor::block_on;

use crate::folder::{
    ENDED, JOURNAL, KEPT, PAST, PREVIOUS, SEEDS, SEGMENTS, STATE_FOLDER, has_journal, if_there,
    remove, remove_journal,
};
use crate::fresh::remove_copy;
use crate::index::{aside, each_once, read_index, sync, write_aside, write_index};
use crate::lock::{Lock, lock};
use crate::records::{Records, RestoreError, each_record};
use crate::update::Findings;
use crate::{Again, Config, StartError};

/// The folder of the copy, and within it that of the crawl's state.
#[derive(Debug)]
pub(crate) struct State {
    /// Held as long as the crawl goes on.
    pub(crate) lock: Lock,
    pub(crate) output: Dir,
    /// The folder of the archive's segments.
    pub(crate) segments: Dir,
    /// The folder of the crawl's state.
    pub(crate) folder: Dir,
    /// Where the crawl's segments begin.
    pub(crate) start: Position,
    /// If this crawl is an update: what those before found.
    pub(crate) earlier: Option<Arc<Findings>>,
    /// The good captures of earlier crawls that the last update kept.
    pub(crate) kept: Vec<Entry>,
    /// There is none if nothing is to be kept.
    pub(crate) journal: Option<Journal>,
    /// To be set once the archive is open: what has to be on the disk before the journal.
    pub(crate) syncer: Arc<OnceLock<Syncer>>,
}

impl State {
    /// Makes what is not there, and keeps others out. Blocks while a journal is read.
    pub(crate) fn open(config: &Config) -> Result<Self, StartError> {
        let path = &config.output;
        let failed = |source| StartError::Output {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(path).map_err(failed)?;
        let output = Dir::open_ambient_dir(path, ambient_authority()).map_err(failed)?;
        let folder = match &config.state {
            Some(path) => fs::create_dir_all(path)
                .and_then(|()| Dir::open_ambient_dir(path, ambient_authority())),
            None => output
                .create_dir_all(STATE_FOLDER)
                .and_then(|()| output.open_dir(STATE_FOLDER)),
        };
        let folder = folder.map_err(|source| StartError::Output {
            path: config.state_folder(),
            source,
        })?;
        let lock = lock(&folder, path)?;
        if !config.resumable && has_journal(&config.state_folder()) {
            // What is archived beside it would be cut off when that crawl is gone on with.
            return Err(StartError::Resumable {
                path: config.state_folder(),
            });
        }
        if config.again == Again::StartOver {
            let path = config.state_folder().canonicalize().map_err(failed)?;
            remove_copy(config, &folder, &path, &output).map_err(failed)?;
            remove(&folder).map_err(failed)?;
        }
        folder.create_dir_all(SEGMENTS).map_err(failed)?;
        let segments = folder.open_dir(SEGMENTS).map_err(failed)?;
        let mut state = State {
            lock,
            start: Archive::next_segment(&segments).map_err(failed)?,
            output,
            segments,
            folder,
            earlier: None,
            kept: Vec::new(),
            journal: None,
            syncer: Arc::default(),
        };
        if config.resumable {
            let folder = config.state_folder().canonicalize().map_err(failed)?;
            state.open_journals(config, &folder)?;
        }
        Ok(state)
    }

    fn open_journals(&mut self, config: &Config, folder: &Path) -> Result<(), StartError> {
        let unusable = |source| StartError::State {
            path: config.output.clone(),
            source,
        };
        let failed = |source| StartError::Output {
            path: config.output.clone(),
            source,
        };
        let [journal, previous] = [JOURNAL, PREVIOUS].map(|name| folder.join(name));
        // First: a next update must not be taken for the one that left it.
        settle_kept(&self.folder, previous.exists()).map_err(failed)?;
        let updates = matches!(config.again, Again::Update { .. });
        if updates && journal.exists() && !previous.exists() {
            let last = open_journal(&journal, config, self.start, Arc::default());
            let is_finished = is_finished(&last.map_err(unusable)?).map_err(unusable)?;
            if is_finished || self.folder.exists(ENDED) {
                is_settled(&folder.join(format!("{JOURNAL}-wal"))).map_err(failed)?;
                // From here on it is an update, until the one before is removed.
                fs::rename(&journal, &previous).map_err(failed)?;
                sync(&self.folder).map_err(failed)?;
            }
        }
        if previous.exists() {
            self.earlier = Some(Arc::new(before_update(config, &self.folder)?));
        } else if is_emptied(&journal) && self.start != Position::default() {
            return Err(unusable(FrontierError::Empty { path: journal }));
        } else {
            self.kept = read_index(&self.folder, KEPT).map_err(failed)?;
        }
        let opened = open_journal(&journal, config, self.start, Arc::clone(&self.syncer));
        let opened = opened.map_err(unusable)?;
        let start = opened.note(START).map_err(unusable)?;
        let start = start.and_then(|it| it.parse().ok());
        self.start = start.ok_or_else(|| {
            unusable(FrontierError::Damaged {
                path: journal,
                what: format!("it does not say where its {START}"),
            })
        })?;
        self.journal = Some(opened);
        if_there(self.folder.remove_file(ENDED)).map_err(failed)
    }
}

/// Notes that nothing is left of a crawl but what lies on hosts that never answered.
pub(crate) fn note_ended(folder: &Dir) -> io::Result<()> {
    folder.create(ENDED)?;
    sync(folder)
}

/// Reads what earlier crawls found, when the last is being updated.
fn before_update(config: &Config, folder: &Dir) -> Result<Findings, StartError> {
    let kept = read_index(folder, KEPT).map_err(|source| StartError::Output {
        path: config.output.clone(),
        source,
    })?;
    let mut earlier = Findings::default();
    let kept = kept.into_iter().map(|entry| (entry.url.clone(), entry));
    earlier.good.extend(kept);
    read_previous(config, |previous| earlier.read(previous))?;
    Ok(earlier)
}

/// Ends an update: what it kept of earlier crawls is part of the copy, the rest of them history.
pub(crate) fn end_update(config: &Config, folder: &Dir, kept: &[Entry]) -> Result<(), StartError> {
    let failed = |source| StartError::Output {
        path: config.output.clone(),
        source,
    };
    let mut past = read_index(folder, PAST).map_err(failed)?;
    read_previous(config, |previous| add_archived(previous, &mut past))?;
    // An end that was begun before may have noted them.
    let past = each_once(past);
    // Without the journal of the crawl before, the update has ended.
    write_index(folder, PAST, &past)
        .and_then(|()| write_aside(folder, KEPT, kept))
        .and_then(|()| remove_journal(folder, PREVIOUS))
        .and_then(|()| sync(folder))
        .and_then(|()| settle_kept(folder, false))
        .map_err(failed)
}

/// Takes over what an update keeps, once it has ended; or drops it, if its end was not reached.
fn settle_kept(folder: &Dir, is_update: bool) -> io::Result<()> {
    let aside = aside(KEPT);
    if is_update {
        return if_there(folder.remove_file(aside));
    }
    if_there(folder.rename(aside, folder, KEPT))
}

/// Fails if what was committed is not all in the file itself: then it must not be renamed.
fn is_settled(log: &Path) -> io::Result<()> {
    match fs::metadata(log) {
        Ok(log) if log.len() > 0 => Err(io::Error::other(format!(
            "{JOURNAL} is in use by another program"
        ))),
        _ => Ok(()),
    }
}

/// Whether there is a file with so little in it that a journal would be begun there.
fn is_emptied(path: &Path) -> bool {
    const LEAST: u64 = 512;
    fs::metadata(path).is_ok_and(|file| file.len() < LEAST)
}

/// Reads back what is known of all that is archived, also what is no part of the copy any more,
/// while no crawl is at work there.
pub(crate) fn read_all(path: &Path) -> Result<All, StartError> {
    let left = Left::open(path)?;
    let mut entries = left.past()?;
    for journal in &left.journals {
        let read = add_archived(journal, &mut entries);
        read.map_err(|error| error.in_folder(path))?;
    }
    Ok(All {
        seeds: left.seeds()?.join(" "),
        entries: each_once(entries),
        reader: left.reader()?,
        lock: left.lock,
    })
}

/// What crawls left in a folder for state, while none is at work there.
#[derive(Debug)]
pub(crate) struct Left {
    path: PathBuf,
    /// Held as long as it is read; not while a crawl is at work there.
    lock: Option<Lock>,
    folder: Dir,
    /// That of the crawl before an update that has not ended; that of the last crawl.
    pub(crate) journals: Vec<Opened>,
}

/// A journal that is there.
#[derive(Debug)]
pub(crate) enum Opened {
    Own(Journal),
    /// A crawl is writing it.
    Others(JournalReader),
}

impl Opened {
    fn open(path: &Path, is_own: bool) -> Result<Self, FrontierError> {
        if !is_own {
            return JournalReader::open(path).map(Opened::Others);
        }
        let existing = JournalOptions {
            existing: true,
            ..JournalOptions::default()
        };
        Journal::open(path, existing).map(Opened::Own)
    }

    fn note(&self, key: &str) -> Result<Option<String>, FrontierError> {
        match self {
            Opened::Own(journal) => journal.note(key),
            Opened::Others(journal) => journal.note(key),
        }
    }

    /// Whether nothing is left to fetch, as far as one can tell.
    pub(crate) fn is_finished(&self) -> Result<bool, FrontierError> {
        match self {
            Opened::Own(journal) => Ok(block_on(journal.stats())?.is_finished()),
            Opened::Others(_) => Ok(false),
        }
    }
}

impl Records for Opened {
    fn flush(&self) -> Result<(), FrontierError> {
        match self {
            Opened::Own(journal) => Records::flush(journal),
            Opened::Others(_) => Ok(()),
        }
    }

    fn read(&self, skip: u64, most: usize) -> Result<Vec<Past>, FrontierError> {
        match self {
            Opened::Own(journal) => Records::read(journal, skip, most),
            Opened::Others(journal) => journal.done(skip, most),
        }
    }

    fn left(&self, each: &mut (dyn FnMut(CanonicalUrl) + Send)) -> Result<(), FrontierError> {
        match self {
            Opened::Own(journal) => Records::left(journal, each),
            Opened::Others(journal) => journal.left(each),
        }
    }
}

impl Left {
    /// Opens it while no crawl is at work there, and keeps others out.
    pub(crate) fn open(path: &Path) -> Result<Self, StartError> {
        Self::open_with(path, |folder| lock(folder, path).map(Some))
    }

    /// Opens it to read what is there at this moment, also beside a crawl.
    pub(crate) fn look(path: &Path) -> Result<Self, StartError> {
        Self::open_with(path, |folder| match lock(folder, path) {
            Err(StartError::InUse { .. }) => Ok(None),
            locked => locked.map(Some),
        })
    }

    fn open_with(
        path: &Path,
        lock: impl FnOnce(&Dir) -> Result<Option<Lock>, StartError>,
    ) -> Result<Self, StartError> {
        let failed = |source| StartError::Output {
            path: path.to_owned(),
            source,
        };
        if !has_journal(path) {
            return Err(StartError::NoCrawl {
                path: path.to_owned(),
            });
        }
        let folder = Dir::open_ambient_dir(path, ambient_authority()).map_err(failed)?;
        let lock = lock(&folder)?;
        let mut journals = Vec::new();
        for name in [PREVIOUS, JOURNAL] {
            if !folder.exists(name) {
                continue;
            }
            let journal = path.canonicalize().map_err(failed)?.join(name);
            match Opened::open(&journal, lock.is_some()) {
                Err(FrontierError::Empty { .. }) => {}
                opened => journals
                    .push(opened.map_err(|error| RestoreError::from(error).in_folder(path))?),
            }
        }
        Ok(Left {
            path: path.to_owned(),
            lock,
            folder,
            journals,
        })
    }

    /// The seeds of the last crawl.
    pub(crate) fn seeds(&self) -> Result<Vec<String>, StartError> {
        let seeds = self.journals.last().map(|last| last.note(SEEDS));
        let seeds = seeds.transpose();
        let seeds = seeds.map_err(|error| RestoreError::from(error).in_folder(&self.path))?;
        let seeds = seeds.flatten().unwrap_or_default();
        Ok(seeds.split_whitespace().map(str::to_owned).collect())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// By which rules something belongs to the last crawl, unless their text is of another version.
    pub(crate) fn rules(&self) -> Result<Option<Rules>, StartError> {
        let scope = self.journals.last().map(|last| last.note(SCOPE));
        let scope = scope.transpose();
        let scope = scope.map_err(|error| RestoreError::from(error).in_folder(&self.path))?;
        Ok(Config::told_rules(&scope.flatten().unwrap_or_default()))
    }

    /// What earlier crawls archived, but for those that have a journal.
    pub(crate) fn past(&self) -> Result<Vec<Entry>, StartError> {
        self.index(PAST)
    }

    /// What the last update kept of earlier crawls.
    pub(crate) fn kept(&self) -> Result<Vec<Entry>, StartError> {
        self.index(KEPT)
    }

    pub(crate) fn reader(&self) -> Result<Reader, StartError> {
        let segments = self.folder.open_dir(SEGMENTS);
        segments
            .map(Reader::new)
            .map_err(|source| self.failed(source))
    }

    fn index(&self, name: &str) -> Result<Vec<Entry>, StartError> {
        read_index(&self.folder, name).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> StartError {
        StartError::Output {
            path: self.path.clone(),
            source,
        }
    }
}

/// All that is archived.
#[derive(Debug)]
pub(crate) struct All {
    #[expect(
        dead_code,
        reason = "it is held as long as what is archived is looked at"
    )]
    lock: Option<Lock>,
    /// With blanks between them.
    pub(crate) seeds: String,
    pub(crate) entries: Vec<Entry>,
    pub(crate) reader: Reader,
}

fn add_archived(records: &dyn Records, entries: &mut Vec<Entry>) -> Result<(), RestoreError> {
    each_record(records, |_, record| {
        entries.extend(record.kept.map(|kept| kept.entry));
    })
}

/// Has `read` read what the crawl left that is updated.
fn read_previous(
    config: &Config,
    read: impl FnOnce(&dyn Records) -> Result<(), RestoreError>,
) -> Result<(), StartError> {
    let path = config.state_folder().canonicalize();
    let path = path.map_err(|source| StartError::Output {
        path: config.output.clone(),
        source,
    })?;
    let path = path.join(PREVIOUS);
    let existing = JournalOptions {
        existing: true,
        about: about(config),
        ..JournalOptions::default()
    };
    Journal::open(&path, existing)
        .map_err(RestoreError::from)
        .and_then(|last| read(&last))
        .map_err(|error| error.in_folder(&config.output))
}

/// Tells whether all is done; closes the journal.
fn is_finished(journal: &Journal) -> Result<bool, FrontierError> {
    block_on(async {
        let stats = journal.stats().await?;
        journal.close().await?;
        Ok(stats.is_finished() && stats.done > 0)
    })
}

fn open_journal(
    path: &Path,
    config: &Config,
    start: Position,
    syncer: Arc<OnceLock<Syncer>>,
) -> Result<Journal, FrontierError> {
    let sync = move || syncer.get().map_or(Ok(()), Syncer::sync);
    let options = JournalOptions {
        about: about(config),
        notes: vec![(START.to_owned(), start.to_string())],
        fsync: config.fsync,
        limits: config.taken_in(),
        before_commit: Some(Box::new(sync)),
        ..JournalOptions::default()
    };
    Journal::open(path, options)
}

/// What tells a crawl from others.
fn about(config: &Config) -> Vec<(String, String)> {
    let seeds: Vec<_> = config.seeds.iter().map(CanonicalUrl::as_str).collect();
    vec![
        (SEEDS.to_owned(), seeds.join(" ")),
        (SCOPE.to_owned(), config.told_scope()),
    ]
}

/// Under what it says what belongs to it: nothing, if it is what does so by default.
const SCOPE: &str = "scope";
/// Under what the journal notes where the archive was when it began.
const START: &str = "archive begins at";
