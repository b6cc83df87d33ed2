//! How a journal is read back.

use std::collections::HashMap;
use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use crate::core::{Core, Place};
use crate::error::FrontierError;
use crate::frontier::{Limits, TrapKind};
use crate::schema::{File, Flags, UrlRead};
use crate::state::State;
use crate::traps::{Evidence, FLOOD, Judged, News, Traps};

/// Reads the journal back. This thread reads and checks rows, another one takes their URLs in.
pub(crate) fn restore(
    file: &File,
    path: &Path,
    limits: Limits,
    now: Duration,
) -> Result<State, FrontierError> {
    let mut state = State::new(limits);
    let mut nearer = HashMap::new();
    file.each_nearer(file.urls()?, |url, depth| {
        nearer.insert(url, depth);
    })?;
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
    file.each_in_vain(urls, |url| known[url as usize - 1].is_in_vain = true)?;
    let by_number = &nearer;
    let traps = thread::scope(|scope| {
        let (reader, read) = mpsc::sync_channel::<Texts>(READ_AHEAD);
        let take_in = move || {
            let mut taking = Taking {
                core,
                traps,
                nearer: by_number,
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
    // What was released before is not written down, and a limit may be another now.
    if let Some(traps) = &mut state.traps {
        state.core.release(&traps.release());
    }
    file.each_wanted(|text| state.restore_wanted(text))?;
    file.each_needed(|url| state.core.restore_needed(url))?;
    file.each_onward(|id, url, is_suspect, target| {
        if !state.core.is_needed(&url) {
            state.lead_on(id, url, is_suspect, target);
        }
    })?;
    for (url, depth) in nearer {
        state.restore_nearer(url, depth);
    }
    Ok(state)
}

/// What else is known of a URL.
#[derive(Clone, Copy, Default)]
struct Known {
    is_done: bool,
    is_in_vain: bool,
    news: News,
    /// Why it was held once.
    why: Option<TrapKind>,
}

/// Takes in URLs in the order in which they entered.
struct Taking<'a> {
    core: &'a mut Core,
    traps: Option<Traps>,
    /// How far away is what was found nearer than at first.
    nearer: &'a HashMap<u32, u32>,
    /// How many were taken in.
    url: usize,
    run: Run,
}

/// What was found on one page is one run of numbers.
#[derive(Default)]
struct Run {
    via: Option<u32>,
    found: usize,
    /// Whether it is known that there are very many: what is done counts with the flood from then on.
    is_flood: bool,
    /// Of these, what was done before.
    new: usize,
    wasted: usize,
}

impl Taking<'_> {
    fn take_in(&mut self, row: UrlRead<'_>, known: Known) {
        let UrlRead {
            url,
            via,
            depth,
            flags,
        } = row;
        let held = known.why.filter(|_| !known.is_done && self.traps.is_some());
        let place = match held {
            _ if known.is_done && known.is_in_vain => Place::DoneInVain,
            _ if known.is_done => Place::Done,
            Some(_) => Place::Held,
            None => Place::Queued,
        };
        self.url += 1;
        let nearer = u32::try_from(self.url)
            .ok()
            .and_then(|id| self.nearer.get(&id));
        let depth = nearer.copied().unwrap_or(depth);
        let host = self.core.restore(url, flags.role, depth, place);
        let Some(traps) = &mut self.traps else {
            return;
        };
        if via.is_some() {
            let is_flood = held == Some(TrapKind::Flood);
            self.run
                .found(traps, via, known.news.in_flood(flags.role), is_flood);
        }
        let Ok(number) = u32::try_from(self.url) else {
            return;
        };
        let judged = Judged {
            url: number,
            address: url,
            role: flags.role,
            is_suspect: flags.is_suspect,
            is_variant: flags.is_variant,
            via,
        };
        if known.news != News::Unknown {
            traps.count(judged, known.news);
        }
        if let Some(why) = held {
            traps.hold(host, judged, why);
        }
    }
}

impl Run {
    /// Takes in one more; `is_flood`: it is known to be one of very many.
    fn found(
        &mut self,
        traps: &mut Traps,
        via: Option<u32>,
        (new, wasted): (usize, usize),
        is_flood: bool,
    ) {
        if self.via != via {
            *self = Run {
                via,
                ..Run::default()
            };
        }
        self.found += 1;
        if self.is_flood {
            return;
        }
        self.is_flood = is_flood || self.found > FLOOD;
        if !self.is_flood {
            (self.new, self.wasted) = (self.new + new, self.wasted + wasted);
        } else if let Some(via) = via {
            traps.restore_flood(via, self.new, self.wasted);
        }
    }
}

/// Rows, their texts one behind the other.
#[derive(Default)]
struct Texts {
    all: String,
    rows: Vec<(usize, Option<u32>, u32, Flags)>,
}

impl Texts {
    /// Takes one more; tells whether these are enough.
    fn push(&mut self, row: UrlRead<'_>) -> bool {
        self.all.push_str(row.url);
        self.rows
            .push((self.all.len(), row.via, row.depth, row.flags));
        self.all.len() >= TOGETHER
    }

    fn iter(&self) -> impl Iterator<Item = UrlRead<'_>> {
        let mut start = 0;
        self.rows.iter().map(move |(end, via, depth, flags)| {
            let url = &self.all[start..*end];
            start = *end;
            UrlRead {
                url,
                via: *via,
                depth: *depth,
                flags: *flags,
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
