//! Where a crawl lives: its folder, its archive, its journal, and the lock that keeps others out.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use archive::{Archive, Entry, Position, Syncer};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use frontier::{CanonicalUrl, Frontier, FrontierError, Journal, JournalOptions};
use futures::executor::block_on;

use crate::history::{History, RestoreError};
use crate::update::Earlier;
use crate::{Again, Config, StartError};

/// The folder of the copy, and within it that of the crawl's state.
#[derive(Debug)]
pub(crate) struct State {
    /// Held as long as the crawl goes on.
    pub(crate) lock: File,
    pub(crate) output: Dir,
    /// The folder of the archive's segments.
    pub(crate) segments: Dir,
    /// The folder of the crawl's state.
    pub(crate) folder: Dir,
    /// Where the crawl's segments begin.
    pub(crate) start: Position,
    /// If this crawl is an update: the good captures of those before.
    pub(crate) earlier: Option<Earlier>,
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
        output.create_dir_all(FOLDER).map_err(failed)?;
        let folder = output.open_dir(FOLDER).map_err(failed)?;
        let lock = lock(&folder, path)?;
        if config.again == Again::StartOver {
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
            let folder = path.canonicalize().map_err(failed)?.join(FOLDER);
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
        let updates = matches!(config.again, Again::Update { .. });
        if updates && journal.exists() && !previous.exists() {
            let last = open_journal(&journal, config, self.start, Arc::default());
            if is_finished(&last.map_err(unusable)?).map_err(unusable)? {
                // From here on it is an update, until the one before is removed.
                fs::rename(&journal, &previous).map_err(failed)?;
            }
        }
        self.kept = read_kept(&self.folder).map_err(failed)?;
        if previous.exists() {
            let last = open_journal(&previous, config, self.start, Arc::default());
            let mut history = History::new(&config.seeds, self.start);
            let restored = last.map_err(RestoreError::from);
            let restored = restored.and_then(|last| history.restore(&last));
            restored.map_err(|error| error.in_folder(&config.output))?;
            let entries = self.kept.drain(..).chain(history.entries);
            self.earlier = Some(entries.map(|entry| (entry.url.clone(), entry)).collect());
        }
        let opened = open_journal(&journal, config, self.start, Arc::clone(&self.syncer));
        let opened = opened.map_err(unusable)?;
        let start = opened.note(START).map_err(unusable)?;
        self.start = start.and_then(|it| it.parse().ok()).unwrap_or(self.start);
        self.journal = Some(opened);
        Ok(())
    }
}

/// Ends an update: from now on what it kept of earlier crawls is all that is known of them.
pub(crate) fn end_update(folder: &Dir, kept: &[Entry]) -> io::Result<()> {
    let text: String = kept.iter().map(|entry| format!("{entry}\n")).collect();
    folder.write(NEW_KEPT, text)?;
    folder.open(NEW_KEPT)?.sync_all()?;
    folder.rename(NEW_KEPT, folder, KEPT)?;
    remove_journal(folder, PREVIOUS)
}

fn read_kept(folder: &Dir) -> io::Result<Vec<Entry>> {
    let text = match folder.read_to_string(KEPT) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let entries = text.lines().map(|line| {
        line.parse().map_err(|_| {
            let text = format!("{KEPT} is damaged");
            io::Error::new(io::ErrorKind::InvalidData, text)
        })
    });
    entries.collect()
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
    let seeds: Vec<_> = config.seeds.iter().map(CanonicalUrl::as_str).collect();
    let sync = move || syncer.get().map_or(Ok(()), Syncer::sync);
    let options = JournalOptions {
        about: vec![("seeds".to_owned(), seeds.join(" "))],
        notes: vec![(START.to_owned(), start.to_string())],
        before_commit: Some(Box::new(sync)),
        ..JournalOptions::default()
    };
    Journal::open(path, options)
}

/// Locks the folder, or tells by whom it is locked.
fn lock(folder: &Dir, path: &Path) -> Result<File, StartError> {
    let failed = |source| StartError::Output {
        path: path.to_owned(),
        source,
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = folder.open_with(LOCK, &options).map_err(failed)?;
    let mut file = file.into_std();
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(source)) => return Err(failed(source)),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // What cannot be read is not said.
            let _ = file.read_to_string(&mut holder);
            return Err(StartError::InUse {
                path: path.to_owned(),
                holder: holder.trim().to_owned(),
            });
        }
    }
    let since = humantime::format_rfc3339_seconds(SystemTime::now());
    let holder = format!("process {}, since {since}\n", std::process::id());
    file.set_len(0)
        .and_then(|()| file.write_all(holder.as_bytes()))
        .map_err(failed)?;
    Ok(file)
}

/// Removes all that a crawl left, the journal first: without it the rest is not gone on from.
fn remove(folder: &Dir) -> io::Result<()> {
    remove_journal(folder, JOURNAL)?;
    remove_journal(folder, PREVIOUS)?;
    if_there(folder.remove_file(KEPT))?;
    if_there(folder.remove_dir_all(SEGMENTS))
}

/// Removes a journal, what belongs to its file first, lest it be taken for another's.
fn remove_journal(folder: &Dir, name: &str) -> io::Result<()> {
    for suffix in ["-wal", "-shm", ""] {
        if_there(folder.remove_file(format!("{name}{suffix}")))?;
    }
    Ok(())
}

fn if_there(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Tells whether there is a crawl in the folder to go on from.
pub fn is_begun(output: &Path) -> bool {
    let journal: PathBuf = output.join(FOLDER).join(JOURNAL);
    journal.exists()
}

const FOLDER: &str = ".dragline";
const SEGMENTS: &str = "archive";
const JOURNAL: &str = "journal.db";
/// That of the crawl before, as long as an update goes on.
const PREVIOUS: &str = "previous.db";
/// The index of what the last update kept of earlier crawls.
const KEPT: &str = "kept.cdxj";
const NEW_KEPT: &str = "kept.cdxj.new";
const LOCK: &str = "lock";
/// Under what the journal notes where the archive was when it began.
const START: &str = "archive begins at";
