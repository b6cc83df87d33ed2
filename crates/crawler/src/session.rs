//! The cookies of a crawl, in the folder of its state: one that is gone on with stays logged in.

use std::io::{self, Write as _};
use std::time::SystemTime;

use cap_std::fs::{Dir, OpenOptions};
use fetch::Cookies;

use crate::folder::if_there;
use crate::index::aside;

/// Adds what was kept. What there is already counts for more: it was given just now.
pub(crate) fn restore(folder: &Dir, cookies: &Cookies) -> io::Result<()> {
    let kept = match folder.read(COOKIES) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        kept => kept?,
    };
    let now = SystemTime::now();
    let given = cookies.save(now, true);
    cookies.load(&kept, now);
    cookies.load(&given, now);
    Ok(())
}

/// Keeps them, for the user alone to read. Those that end with a session are kept if it
/// `is_going_on`.
pub(crate) fn keep(folder: &Dir, cookies: &Cookies, is_going_on: bool) -> io::Result<()> {
    if cookies.is_empty() {
        return forget(folder);
    }
    let part = aside(COOKIES);
    // One that is left may be anyone's to read.
    if_there(folder.remove_file(&part))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    cap_std::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = folder.open_with(&part, &options)?;
    file.write_all(&cookies.save(SystemTime::now(), is_going_on))?;
    folder.rename(&part, folder, COOKIES)
}

/// Removes what was kept.
pub(crate) fn forget(folder: &Dir) -> io::Result<()> {
    if_there(folder.remove_file(aside(COOKIES)))?;
    if_there(folder.remove_file(COOKIES))
}

/// In Netscape's format.
const COOKIES: &str = "cookies.txt";
