use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::sync::Arc;

use bytes::Bytes;
use cap_std::fs::{Dir, OpenOptions};
use uuid::Uuid;

use crate::digest::Hasher;
use crate::section::Section;
use crate::{Algorithm, Body, Digest};

/// Makes bodies for an archive: in memory, or, of what is too large for that, in files in the
/// archive's folder under `spool`, until they are appended. The folder is there only while there are
/// such bodies.
#[derive(Clone, Debug)]
pub struct Spooler {
    parent: Arc<Dir>,
    /// That of the archive.
    algorithm: Algorithm,
}

/// A body that is being written to a file. The file goes with it.
pub struct Spool(Spooled);

/// A file that goes when it is dropped.
pub(crate) struct Spooled {
    parent: Arc<Dir>,
    path: String,
    file: Arc<File>,
    pub(crate) length: u64,
    /// Of what is written so far.
    hasher: Hasher,
    /// Of all of it, when it is.
    pub(crate) digest: Digest,
}

impl Spooler {
    pub(crate) fn new(parent: Dir, algorithm: Algorithm) -> Self {
        let parent = Arc::new(parent);
        Spooler { parent, algorithm }
    }

    /// Removes what an earlier run, which was ended before its time, left behind.
    pub(crate) fn remove_left(parent: &Dir) -> io::Result<()> {
        let dir = match parent.open_dir(FOLDER) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened.map_err(|error| named(&error))?,
        };
        for file in dir.entries()? {
            let name = file?.file_name();
            if name.to_str().is_some_and(|name| name.ends_with(SUFFIX)) {
                dir.remove_file(name).map_err(|error| named(&error))?;
            }
        }
        Ok(())
    }

    /// Makes a body of what is in memory.
    pub fn in_memory(&self, bytes: Bytes) -> Body {
        Body::in_memory(bytes, self.algorithm)
    }

    /// Begins a body, which is written to the [`Spool`] as it arrives.
    ///
    /// # Errors
    ///
    /// The file cannot be created.
    pub fn begin(&self) -> io::Result<Spool> {
        let path = new_path();
        let file = create(&self.parent, &path).map_err(|error| named(&error))?;
        let hasher = Hasher::new(self.algorithm);
        let file = Spooled {
            parent: Arc::clone(&self.parent),
            path,
            file: Arc::new(file),
            length: 0,
            digest: hasher.clone().finish(),
            hasher,
        };
        Ok(Spool(file))
    }

    /// Goes on with a body: what is written comes behind its bytes. Those are copied only if they
    /// are not in a file of its own already, or clones of it are read.
    ///
    /// # Errors
    ///
    /// The file cannot be created or written, or the body not be read.
    pub fn go_on(&self, body: Body) -> io::Result<Spool> {
        match body.into_spooled() {
            Ok(file) => {
                // Where it was read, it may be elsewhere.
                (&*file.file)
                    .seek(SeekFrom::Start(file.length))
                    .map_err(|error| named(&error))?;
                Ok(Spool(file))
            }
            Err(body) => {
                let mut spool = self.begin()?;
                io::copy(&mut body.reader()?, &mut spool)?;
                Ok(spool)
            }
        }
    }
}

impl Spool {
    /// Ends the body: what was written is all of it.
    pub fn finish(mut self) -> Body {
        self.0.digest = self.0.hasher.clone().finish();
        Body::spooled(self.0)
    }
}

/// Each write goes to the file: better many bytes at once than few.
impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Spool(spooled) = self;
        let written = (&*spooled.file)
            .write(bytes)
            .map_err(|error| named(&error))?;
        spooled.hasher.update(&bytes[..written]);
        spooled.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Spool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Spool({} bytes)", self.0.length)
    }
}

impl Spooled {
    /// Reads it from its start.
    pub(crate) fn read(self: Arc<Self>) -> impl Read + Send + use<> {
        let section = Section::new(Arc::clone(&self.file), 0, Some(self.length));
        Kept {
            section,
            _file: self,
        }
    }
}

/// A section of a file that must not go before it.
struct Kept {
    section: Section,
    _file: Arc<Spooled>,
}

impl Read for Kept {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.section.read(buffer)
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        // What cannot be removed now is when the archive is opened next.
        let _ = self.parent.remove_file(&self.path);
        // Not if there are other files.
        let _ = self.parent.remove_dir(FOLDER);
    }
}

/// Creates a file that has no name.
pub(crate) fn unnamed(parent: &Dir) -> io::Result<File> {
    let path = new_path();
    let file = create(parent, &path)?;
    parent.remove_file(&path)?;
    // Not if there are other files.
    let _ = parent.remove_dir(FOLDER);
    Ok(file)
}

fn new_path() -> String {
    format!("{FOLDER}/{}{SUFFIX}", Uuid::new_v4().simple())
}

/// Creates a file, and its folder if need be: which may go again in between, with a last file.
fn create(parent: &Dir, path: &str) -> io::Result<File> {
    let options = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .clone();
    loop {
        match parent.open_with(path, &options) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened.map(cap_std::fs::File::into_std),
        }
        match parent.create_dir(FOLDER) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
}

fn named(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{FOLDER}: {error}"))
}

const FOLDER: &str = "spool";
const SUFFIX: &str = ".body";
