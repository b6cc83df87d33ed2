use std::error::Error;
use std::fmt;

/// Why a wait ended without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitError<E> {
    /// The completer said that there is no value, and why.
    Failed(E),
    /// The completer was dropped without a word.
    Abandoned,
}

impl<E: fmt::Display> fmt::Display for WaitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitError::Failed(error) => error.fmt(f),
            WaitError::Abandoned => f.write_str("promise abandoned: its completer was dropped"),
        }
    }
}

/// Transparent for [`WaitError::Failed`]: the text and the source are those of the error within.
impl<E: Error> Error for WaitError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            WaitError::Failed(error) => error.source(),
            WaitError::Abandoned => None,
        }
    }
}
