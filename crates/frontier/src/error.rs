use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a frontier cannot go on. What it took in before is not harmed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrontierError {
    /// The journal cannot be read or written.
    #[error("cannot use journal `{}`", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: Arc<rusqlite::Error>,
    },
    /// What has to be on the disk before the journal is not.
    #[error("cannot write what journal `{}` refers to", path.display())]
    Before {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Arc<io::Error>,
    },
    /// The journal is not what was written.
    #[error("journal `{}` is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The journal was to be there, and nothing was written to it.
    #[error("journal `{}` is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is no journal.
    #[error("`{}` is not a journal of a crawl", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The journal was written by a later version of this program.
    #[error(
        "journal `{}` has format {version}; this program knows formats up to {known}",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: i64,
        /// The latest that is known here.
        known: i64,
    },
    /// The journal was written by an earlier version of this program, which kept less.
    #[error(
        "journal `{}` has format {version}, of an earlier version, which can end that crawl; \
         this program starts over, with format {known}",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: i64,
        /// The one of this program.
        known: i64,
    },
    /// The journal is that of another crawl.
    #[error(
        "journal `{}` is of another crawl, with {what} {}, not {}",
        path.display(), Value(theirs), Value(ours)
    )]
    OtherCrawl {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
        /// What the journal says.
        theirs: String,
        /// What was asked for.
        ours: String,
    },
    /// It was closed.
    #[error("the frontier is closed")]
    Closed,
}

/// What a crawl says of itself. What it says nothing of is as it is by default.
struct Value<'a>(&'a str);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => f.write_str("as by default"),
            said => write!(f, "`{said}`"),
        }
    }
}
