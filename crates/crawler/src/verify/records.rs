//! The records of an archive.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use archive::{Entry, Reader};

use crate::verify::{Finding, Findings};

/// Reads all, on as many threads as there are processors.
pub(crate) fn check(reader: &Reader, entries: &[Entry]) -> Findings {
    let next = AtomicUsize::new(0);
    let broken = Mutex::new(Vec::new());
    let run = || {
        while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = reader.check(entry) {
                let finding = Finding::Record {
                    url: entry.url.clone(),
                    why: error.to_string(),
                };
                let mut broken = broken.lock().unwrap_or_else(PoisonError::into_inner);
                broken.push((entry.position(), finding));
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(run);
        }
        run();
    });
    let mut broken = broken.into_inner().unwrap_or_else(PoisonError::into_inner);
    broken.sort_by_key(|(position, _)| *position);
    let mut findings = Findings::default();
    for (_, finding) in broken {
        findings.push(finding);
    }
    findings
}
