//! What is to be seen after a crawl.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::server::{Log, Server};

/// What a check may look at.
pub(crate) struct Seen<'a> {
    /// What the program said, on both outputs.
    pub(crate) said: &'a str,
    pub(crate) servers: &'a BTreeMap<&'static str, Server>,
    /// The files of the copy, but for the crawl's state.
    pub(crate) files: &'a Files,
}

/// The files below a folder, by their path in it. What is neither a file nor a folder stands for itself.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

impl Seen<'_> {
    /// Looks at what a server was asked.
    pub(crate) fn asked<T: Default>(&self, server: &str, look: impl FnOnce(&Log) -> T) -> T {
        self.servers
            .get(server)
            .map_or_else(T::default, |it| it.asked(look))
    }

    /// Fails if a file holds this.
    pub(crate) fn nowhere(&self, text: &str) -> Result<(), String> {
        let mut files = self.files.iter();
        match files.find(|(_, file)| holds(file, text.as_bytes())) {
            Some((path, _)) => Err(format!("`{text}` is in {path}")),
            None => Ok(()),
        }
    }
}

/// Tells whether `bytes` occur in `file`.
pub(crate) fn holds(file: &[u8], bytes: &[u8]) -> bool {
    memchr::memmem::find(file, bytes).is_some()
}

/// Reads the files below a folder.
///
/// # Errors
///
/// One cannot be read.
pub(crate) fn files(folder: &Path, without: &str) -> io::Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap_or(&path);
            let name = name.to_string_lossy().into_owned();
            let kind = entry.file_type()?;
            if name == without {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                files.insert(name, fs::read(&path)?);
            } else if kind.is_symlink() {
                let target = fs::read_link(&path)?;
                files.insert(
                    name,
                    format!("symlink to {}", target.display()).into_bytes(),
                );
            } else {
                files.insert(name, b"neither file nor folder".to_vec());
            }
        }
    }
    Ok(files)
}
