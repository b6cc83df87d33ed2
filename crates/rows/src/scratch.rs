use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// Makes the files that rows are written to.
#[derive(Clone)]
pub struct Scratch(Arc<Make>);

type Make = dyn Fn() -> io::Result<File> + Send + Sync;

impl Scratch {
    /// Takes a function that opens an empty file to read and write, which nothing else uses. It should
    /// go when it is closed.
    pub fn new(make: impl Fn() -> io::Result<File> + Send + Sync + 'static) -> Self {
        Scratch(Arc::new(make))
    }

    /// Makes none: rows stay in memory.
    pub fn none() -> Self {
        Scratch::new(|| Err(io::ErrorKind::Unsupported.into()))
    }

    /// Makes a file.
    pub(crate) fn file(&self) -> io::Result<File> {
        self.0()
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Scratch")
    }
}
