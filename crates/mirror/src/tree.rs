use std::collections::HashMap;
use std::io::{self, BufWriter, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cap_std::fs::{Dir, DirEntry, File, OpenOptions};

/// The folder of the copy: files appear in it whole or not at all, and nothing outside it is
/// touched.
pub(crate) struct Tree<'a> {
    root: &'a Dir,
    /// Where files are written before they get their names; nowhere, if they are only looked at.
    aside: Option<Dir>,
    /// Nothing was there, so that nothing can be as it is to be.
    is_fresh: bool,
    fsync: bool,
    serial: AtomicU64,
    /// Some folders, open.
    folders: Mutex<HashMap<String, Arc<Dir>>>,
}

impl<'a> Tree<'a> {
    pub(crate) fn new(root: &'a Dir, fsync: bool) -> io::Result<Self> {
        // Leftovers of a run that was killed belong to no one.
        match root
            .remove_dir_all(ASIDE)
            .or_else(|_| root.remove_file(ASIDE))
        {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(named(&error)),
            _ => root.create_dir_all(ASIDE).map_err(|error| named(&error))?,
        }
        let aside = root.open_dir(ASIDE).map_err(|error| named(&error))?;
        let own = ASIDE.split('/').next();
        let is_own = |entry: io::Result<DirEntry>| {
            entry.is_ok_and(|entry| entry.file_name().to_str() == own)
        };
        Ok(Tree {
            aside: Some(aside),
            is_fresh: root.entries()?.all(is_own),
            fsync,
            ..Tree::to_check(root)
        })
    }

    /// A tree in which nothing is written: it is an error that a file is not there as it would be
    /// written, or is there and would be removed.
    pub(crate) fn to_check(root: &'a Dir) -> Self {
        Tree {
            root,
            aside: None,
            is_fresh: false,
            fsync: false,
            serial: AtomicU64::new(0),
            folders: Mutex::default(),
        }
    }

    /// Writes a file, unless it is there with that content. What was there under that name is
    /// replaced; a symbolic link is not followed.
    pub(crate) fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        if self.is_as(path, &|out| out.write_all(content))?.is_some() {
            return Ok(());
        }
        self.replace(path, |file| file.write_all(content))
    }

    /// Writes a file of what is read, which may not fit into memory. Returns its length.
    pub(crate) fn write_from<R: Read>(
        &self,
        path: &str,
        open: impl Fn() -> io::Result<R>,
    ) -> io::Result<u64> {
        self.write_by(path, &|out| io::copy(&mut open()?, out).map(drop))
    }

    /// Writes a file of what `make` writes: the same each time. Returns its length.
    pub(crate) fn write_by(&self, path: &str, make: &Make<'_>) -> io::Result<u64> {
        if let Some(length) = self.is_as(path, make)? {
            return Ok(length);
        }
        let mut length = 0;
        self.replace(path, |file| {
            let mut file = BufWriter::with_capacity(CHUNK, file);
            make(&mut file)?;
            length = file.into_inner()?.metadata()?.len();
            Ok(())
        })?;
        Ok(length)
    }

    fn replace(
        &self,
        path: &str,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(in_aside) = &self.aside else {
            return Err(match self.root.symlink_metadata(path) {
                Ok(there) if there.is_file() => differs("it is not what the archive gives"),
                Ok(_) => differs("it is no file"),
                Err(error) if is_absent(&error) => {
                    io::Error::new(io::ErrorKind::NotFound, "it is not there")
                }
                Err(error) => error,
            });
        };
        let (folder, name) = match path.rsplit_once('/') {
            Some((folder, name)) => (Some(self.folder(folder)?), name),
            None => (None, path),
        };
        let folder = folder.as_deref().unwrap_or(self.root);
        let aside = self.serial.fetch_add(1, Ordering::Relaxed).to_string();
        let options = OpenOptions::new().write(true).create_new(true).clone();
        let written = in_aside
            .open_with(&aside, &options)
            .and_then(|mut file| {
                write(&mut file)?;
                if self.fsync { file.sync_all() } else { Ok(()) }
            })
            .and_then(|()| in_aside.rename(&aside, folder, name));
        if written.is_err() {
            // The error to report is the one above.
            let _ = in_aside.remove_file(&aside);
        }
        written
    }

    /// The length of the file, if it is what is made. Errors are those of the making.
    fn is_as(&self, path: &str, make: &Make<'_>) -> io::Result<Option<u64>> {
        if self.is_fresh {
            return Ok(None);
        }
        let there = self.root.symlink_metadata(path);
        let there = there.is_ok_and(|there| there.is_file());
        let Some(file) = there.then(|| self.root.open(path).ok()).flatten() else {
            return Ok(None);
        };
        let mut compared = Compared {
            file,
            buffer: Vec::new(),
            length: 0,
            differs: false,
        };
        let made = make(&mut compared);
        if compared.differs {
            return Ok(None);
        }
        made?;
        Ok(compared.is_at_end().then_some(compared.length))
    }

    /// Removes the files in a folder that are not `needed`, and the folders that are empty then. A
    /// symbolic link is removed, and not followed.
    pub(crate) fn clear(&self, folder: &str, needed: impl Fn(&str) -> bool) -> io::Result<()> {
        let is_folder = |path: &str| self.root.symlink_metadata(path).is_ok_and(|it| it.is_dir());
        if !is_folder(folder) {
            return Ok(());
        }
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in self.root.read_dir(&folder)? {
                let entry = entry?;
                let name = entry.file_name();
                let path = format!("{folder}/{}", name.to_string_lossy());
                if entry.file_type()?.is_dir() {
                    folders.push(path);
                } else if !needed(&path) {
                    if self.aside.is_none() {
                        return Err(differs(&format!("{path} belongs to nothing")));
                    }
                    remove(self.root, &path)?;
                }
            }
        }
        Ok(())
    }

    /// Removes what was only needed while writing.
    pub(crate) fn finish(self) -> io::Result<()> {
        if self.aside.is_none() {
            return Ok(());
        }
        self.root
            .remove_dir_all(ASIDE)
            .map_err(|error| named(&error))
    }

    /// Opens a folder, which is made if it is not there.
    fn folder(&self, path: &str) -> io::Result<Arc<Dir>> {
        let folders = || self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = folders().get(path) {
            return Ok(Arc::clone(folder));
        }
        let opened = self.root.open_dir(path).or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                // There may be too many open files.
                folders().clear();
            }
            self.root.create_dir_all(path)?;
            self.root.open_dir(path)
        });
        let folder = Arc::new(opened?);
        let mut folders = folders();
        if folders.len() >= MOST_FOLDERS {
            folders.clear();
        }
        folders.insert(path.to_owned(), Arc::clone(&folder));
        Ok(folder)
    }
}

/// What a file is made of: it is given where to write it.
pub(crate) type Make<'a> = dyn Fn(&mut dyn Write) -> io::Result<()> + 'a;

/// Compares what is written with a file, and fails where it differs.
struct Compared {
    file: File,
    buffer: Vec<u8>,
    length: u64,
    differs: bool,
}

impl Compared {
    fn is_at_end(&mut self) -> bool {
        self.file.read(&mut [0]).is_ok_and(|read| read == 0)
    }
}

impl Write for Compared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(CHUNK)];
        self.buffer.resize(bytes.len(), 0);
        let is_same = self.file.read_exact(&mut self.buffer).is_ok() && self.buffer == bytes;
        if !is_same {
            self.differs = true;
            return Err(differs("it is another"));
        }
        self.length += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn differs(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn named(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{ASIDE}: {error}"))
}

/// Removes a file, if it is there, and the folders that are empty then. A folder in its place is
/// someone else's.
pub(crate) fn remove(root: &Dir, path: &str) -> io::Result<()> {
    if root.symlink_metadata(path).is_ok_and(|it| it.is_dir()) {
        return Ok(());
    }
    match root.remove_file(path) {
        Err(error) if !is_absent(&error) => return Err(error),
        _ => {}
    }
    let mut folder = path;
    while let Some((parent, _)) = folder.rsplit_once('/') {
        if root.remove_dir(parent).is_err() {
            break;
        }
        folder = parent;
    }
    Ok(())
}

fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// So many are open at a time.
const MOST_FOLDERS: usize = 64;
/// In bytes.
const CHUNK: usize = 64 * 1024;
const ASIDE: &str = ".dragline/aside";
