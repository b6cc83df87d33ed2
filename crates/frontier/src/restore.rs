//! How a journal is read back.

use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use crate::core::{Core, Place};
use crate::error::FrontierError;
use crate::frontier::{Limits, TrapKind};
use crate::schema::{File, UrlRead};
use crate::state::State;
use crate::traps::{Evidence, FLOOD, News, Traps};

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
    let mut known = vec![Known::default(); urls as usize];
    file.each_held(urls, |url, why| known[url as usize - 1].why = Some(why))?;
    let mut traps = limits.traps.map(Traps::new);
    file.each_done(urls, |url, Evidence { news, content }| {
        if let (Some(traps), Some(content)) = (&mut traps, content) {
            traps.restore_evidence(content);
        }
        let known = &mut known[url as usize - 1];
        known.news = news;
        !std::mem::replace(&mut known.is_done, true)
    })?;
    core.reserve(urls as usize);
    let traps = thread::scope(|scope| {
        let (reader, read) = mpsc::sync_channel::<Texts>(READ_AHEAD);
        let take_in = move || {
            let mut taking = Taking {
                core,
                traps,
                url: 0,
                run: Run::default(),
            };
            for texts in read {
                for row in texts.iter() {
                    let known = known.get(taking.url).copied().unwrap_or_default();
                    taking.take_in(row, known);
                }
            }
            taking.core.restored();
            taking.traps
        };
        let thread = thread::Builder::new().spawn_scoped(scope, take_in);
        let thread = thread.map_err(|source| before(path, source))?;
        let mut texts = Texts::default();
        file.each_url(urls, |row| {
            if texts.push(row) {
                // If nobody takes them, its thread has panicked; then so does this one.
                let _ = reader.send(std::mem::take(&mut texts));
            }
        })?;
        let _ = reader.send(texts);
        drop(reader);
        Ok(thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })?;
    state.traps = traps;
    Ok(state)
}

/// What else is known of a URL.
#[derive(Clone, Copy, Default)]
struct Known {
    is_done: bool,
    news: News,
    /// Why it was held once.
    why: Option<TrapKind>,
}

/// Takes in URLs in the order in which they entered.
struct Taking<'a> {
    core: &'a mut Core,
    traps: Option<Traps>,
    /// How many were taken in.
    url: usize,
    run: Run,
}

/// What was found on one page is one run of numbers.
#[derive(Default)]
struct Run {
    via: Option<u32>,
    found: usize,
    /// Of these, what was done before it was known that there are so many.
    new: usize,
    wasted: usize,
}

impl Taking<'_> {
    fn take_in(&mut self, row: UrlRead<'_>, known: Known) {
        let UrlRead {
            url,
            via,
            is_suspect,
        } = row;
        let held = known.why.filter(|_| !known.is_done && self.traps.is_some());
        let place = match held {
            _ if known.is_done => Place::Done,
            Some(_) => Place::Held,
            None => Place::Queued,
        };
        let host = self.core.restore(url, place);
        self.url += 1;
        let Some(traps) = &mut self.traps else {
            return;
        };
        if via.is_some() {
            self.run.found(traps, via, known.news);
        }
        if known.news != News::Unknown {
            traps.count(url, is_suspect, via, known.news);
        }
        if let Some(why) = held
            && let Ok(number) = u32::try_from(self.url)
        {
            traps.hold(host, number, why, url, via);
        }
    }
}

impl Run {
    fn found(&mut self, traps: &mut Traps, via: Option<u32>, news: News) {
        if self.via != via {
            *self = Run {
                via,
                ..Run::default()
            };
        }
        self.found += 1;
        if self.found <= FLOOD {
            self.new += usize::from(matches!(news, News::New | News::Alike));
            self.wasted += usize::from(news == News::Same);
        } else if self.found == FLOOD + 1
            && let Some(via) = via
        {
            traps.restore_flood(via, self.new, self.wasted);
        }
    }
}

/// Rows, their texts one behind the other.
#[derive(Default)]
struct Texts {
    all: String,
    rows: Vec<(usize, Option<u32>, bool)>,
}

impl Texts {
    /// Takes one more; tells whether these are enough.
    fn push(&mut self, row: UrlRead<'_>) -> bool {
        self.all.push_str(row.url);
        self.rows.push((self.all.len(), row.via, row.is_suspect));
        self.all.len() >= TOGETHER
    }

    fn iter(&self) -> impl Iterator<Item = UrlRead<'_>> {
        let mut start = 0;
        self.rows.iter().map(move |(end, via, is_suspect)| {
            let url = &self.all[start..*end];
            start = *end;
            UrlRead {
                url,
                via: *via,
                is_suspect: *is_suspect,
            }
        })
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
