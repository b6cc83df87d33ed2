//! How a journal is read back.

use std::io;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use crate::error::FrontierError;
use crate::frontier::Limits;
use crate::schema::File;
use crate::state::State;

/// Reads the journal back. This thread reads and checks rows, another one takes their URLs in.
pub(crate) fn restore(
    file: &File,
    path: &Path,
    limits: Limits,
    now: Duration,
) -> Result<State, FrontierError> {
    let mut state = State::new(limits);
    let core = &mut state.core;
    file.delays(|host, delay| core.restore_delay(&host, delay, now))?;
    let urls = file.urls()?;
    let mut is_done = vec![false; urls as usize];
    file.each_done(urls, |url| {
        !std::mem::replace(&mut is_done[url as usize - 1], true)
    })?;
    core.reserve(urls as usize);
    thread::scope(|scope| {
        let (reader, read) = mpsc::sync_channel::<Texts>(READ_AHEAD);
        let take_in = move || {
            let mut is_done = is_done.into_iter();
            for texts in read {
                for url in texts.iter() {
                    core.restore(url, is_done.next().unwrap_or(false));
                }
            }
            core.restored();
        };
        let thread = thread::Builder::new().spawn_scoped(scope, take_in);
        thread.map_err(|source| before(path, source))?;
        let mut texts = Texts::default();
        file.each_url(urls, |url| {
            if texts.push(url) {
                // If nobody takes them, its thread has panicked; then so does this one.
                let _ = reader.send(std::mem::take(&mut texts));
            }
        })?;
        let _ = reader.send(texts);
        Ok(())
    })?;
    Ok(state)
}

/// Texts of URLs, one behind the other.
#[derive(Default)]
struct Texts {
    all: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Takes one more; tells whether these are enough.
    fn push(&mut self, text: &str) -> bool {
        self.all.push_str(text);
        self.ends.push(self.all.len());
        self.all.len() >= TOGETHER
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.all[*start..*end])
    }
}

fn before(path: &Path, source: io::Error) -> FrontierError {
    FrontierError::Before {
        path: path.to_path_buf(),
        source: Arc::new(source),
    }
}

/// So many bytes of text go from one thread to the other at once.
const TOGETHER: usize = 256 * 1024;
/// So often they may lie between the two.
const READ_AHEAD: usize = 4;
