use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// Makes the files that rows are written to when memory has as many as it shall hold.
#[derive(Clone)]
pub struct Scratch {
    make: Arc<Make>,
    most_in_memory: usize,
}

type Make = dyn Fn() -> io::Result<File> + Send + Sync;

impl Scratch {
    /// Takes a function that opens an empty file to read and write, which nothing else uses. It should
    /// go when it is closed.
    pub fn new(make: impl Fn() -> io::Result<File> + Send + Sync + 'static) -> Self {
        Scratch {
            make: Arc::new(make),
            most_in_memory: MOST_IN_MEMORY,
        }
    }

    /// Has memory hold at most so many rows of each set. Default: 32,768, which of 16 bytes are about
    /// 1 MiB.
    #[must_use]
    pub fn with_bound(self, most_in_memory: usize) -> Self {
        Scratch {
            most_in_memory,
            ..self
        }
    }

    pub(crate) fn most_in_memory(&self) -> usize {
        self.most_in_memory
    }

    /// Makes none: rows stay in memory.
    pub fn none() -> Self {
        Scratch::new(|| Err(io::ErrorKind::Unsupported.into()))
    }

    /// Makes a file.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn file(&self) -> io::Result<File> {
        (self.make)()
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Scratch")
    }
}

const MOST_IN_MEMORY: usize = 1 << 15;
