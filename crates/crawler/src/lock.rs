//! The lock that keeps others out of a folder for state.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::time::SystemTime;

use cap_std::fs::{Dir, OpenOptions};

use crate::StartError;

/// A locked folder: others are kept out until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // To close the file would not do while a process that is being started still has it too. What
        // cannot be unlocked is so once that is gone.
        let _ = self.0.unlock();
    }
}

/// Locks the folder, or tells by whom it is locked.
pub(crate) fn lock(folder: &Dir, path: &Path) -> Result<Lock, StartError> {
    let failed = |source| StartError::Output {
        path: path.to_owned(),
        source,
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let is_link = folder
        .symlink_metadata(LOCK)
        .is_ok_and(|it| it.is_symlink());
    if is_link {
        return Err(failed(io::Error::other(format!(
            "{LOCK} is a symbolic link"
        ))));
    }
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
    Ok(Lock(file))
}

const LOCK: &str = "lock";
