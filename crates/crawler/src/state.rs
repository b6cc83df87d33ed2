//! Where a crawl lives: its folder, its archive, its journal, and the lock that keeps others out.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use archive::{Archive, Position, Syncer};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use frontier::{CanonicalUrl, FrontierError, Journal, JournalOptions};

use crate::{Config, StartError};

/// The folder of the copy, and within it that of the crawl's state.
#[derive(Debug)]
pub(crate) struct State {
    /// Held as long as the crawl goes on.
    pub(crate) lock: File,
    pub(crate) output: Dir,
    /// The folder of the archive's segments.
    pub(crate) segments: Dir,
    /// Where the crawl's segments begin.
    pub(crate) start: Position,
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
        if config.fresh {
            remove(&folder).map_err(failed)?;
        }
        folder.create_dir_all(SEGMENTS).map_err(failed)?;
        let segments = folder.open_dir(SEGMENTS).map_err(failed)?;
        let mut start = Archive::next_segment(&segments).map_err(failed)?;
        let syncer = Arc::new(OnceLock::new());
        let journal = if config.resumable {
            let real = path.canonicalize().map_err(failed)?;
            let journal = real.join(FOLDER).join(JOURNAL);
            let journal = open_journal(&journal, config, start, Arc::clone(&syncer));
            let noted = journal.and_then(|journal| Ok((journal.note(START)?, journal)));
            let (noted, journal) = noted.map_err(|source| StartError::State {
                path: path.clone(),
                source,
            })?;
            start = noted.and_then(|start| start.parse().ok()).unwrap_or(start);
            Some(journal)
        } else {
            None
        };
        Ok(State {
            lock,
            output,
            segments,
            start,
            journal,
            syncer,
        })
    }
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
    for suffix in ["-wal", "-shm", ""] {
        if_there(folder.remove_file(format!("{JOURNAL}{suffix}")))?;
    }
    if_there(folder.remove_dir_all(SEGMENTS))
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
const LOCK: &str = "lock";
/// Under what the journal notes where the archive was when it began.
const START: &str = "archive begins at";
