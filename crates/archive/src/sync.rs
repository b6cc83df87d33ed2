use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cap_std::fs::Dir;

use crate::segment::Segment;

/// Waits, on a thread of its own choice, until what was appended to an archive is on the disk.
#[derive(Clone, Debug)]
pub struct Syncer(pub(crate) Arc<Unsynced>);

impl Syncer {
    /// Waits until all that was appended before this call is on the disk. Blocks, and does not keep
    /// the archive from being written.
    ///
    /// # Errors
    ///
    /// The system cannot say that it is.
    pub fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

/// What of an archive may not be on the disk: at most its last segment, and that it is there.
#[derive(Debug)]
pub(crate) struct Unsynced {
    dir: Dir,
    last: Mutex<(Segment, Arc<File>)>,
    is_dirty: AtomicBool,
    is_dir_dirty: AtomicBool,
}

impl Unsynced {
    pub(crate) fn new(dir: &Dir, segment: Segment, file: &Arc<File>) -> io::Result<Self> {
        Ok(Unsynced {
            dir: dir.try_clone()?,
            last: Mutex::new((segment, Arc::clone(file))),
            is_dirty: AtomicBool::new(true),
            is_dir_dirty: AtomicBool::new(true),
        })
    }

    /// Is told after the segment was written to.
    pub(crate) fn note(&self) {
        self.is_dirty.store(true, Ordering::SeqCst);
    }

    /// Is told of the next segment, once the one before is synced.
    pub(crate) fn turn_to(&self, segment: Segment, file: &Arc<File>) {
        *self.last() = (segment, Arc::clone(file));
        self.is_dirty.store(true, Ordering::SeqCst);
        self.is_dir_dirty.store(true, Ordering::SeqCst);
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        let done = |synced: io::Result<()>, flag: &AtomicBool| {
            if synced.is_err() {
                flag.store(true, Ordering::SeqCst);
            }
            synced
        };
        if self.is_dirty.swap(false, Ordering::SeqCst) {
            let (segment, file) = self.last().clone();
            let synced = file.sync_data().map_err(|error| segment.error(&error));
            done(synced, &self.is_dirty)?;
        }
        if self.is_dir_dirty.swap(false, Ordering::SeqCst) {
            done(sync_dir(&self.dir), &self.is_dir_dirty)?;
        }
        Ok(())
    }

    fn last(&self) -> MutexGuard<'_, (Segment, Arc<File>)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes files that were created or removed last.
#[cfg(unix)]
fn sync_dir(dir: &Dir) -> io::Result<()> {
    dir.open(".")?.sync_all()
}

/// Other systems see to it by themselves, and cannot open a folder as a file.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on unix")]
fn sync_dir(_: &Dir) -> io::Result<()> {
    Ok(())
}
