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
        path.display(), Value(theirs, ours), Value(ours, theirs)
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

/// What a crawl says of itself, beside what another says. What it says nothing of is as it is by default;
/// of very much, only where it differs is told.
struct Value<'a>(&'a str, &'a str);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Value(said, other) = *self;
        if said.is_empty() {
            return f.write_str("as by default");
        }
        if said.len().max(other.len()) <= MOST_TOLD {
            return write!(f, "`{said}`");
        }
        let alike = said.split(' ').zip(other.split(' '));
        let alike = alike.take_while(|(ours, theirs)| ours == theirs).count();
        let different: Vec<_> = said.split(' ').skip(alike).take(3).collect();
        match &*different.join(" ") {
            "" => f.write_str("no more than these"),
            different => write!(f, "`... {different} ...`"),
        }
    }
}

/// Longer texts are not told in full, in bytes.
const MOST_TOLD: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_long_lists_it_is_told_where_they_differ() {
        let told = |said: &str, other: &str| Value(said, other).to_string();
        assert_eq!(told("a b", "a c"), "`a b`");
        assert_eq!(told("", "a c"), "as by default");
        let long = "http://h/ ".repeat(100);
        let list = |end| format!("{long}{end}");
        assert_eq!(told(&list("a b c d"), &list("x")), "`... a b c ...`");
        assert_eq!(told(&list("x"), &list("a b c d")), "`... x ...`");
        assert_eq!(told(long.trim_end(), &list("x")), "no more than these");
    }
}
