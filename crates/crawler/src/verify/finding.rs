use std::fmt;

/// Something that falls short.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// A file is not as the archive gives it.
    File {
        /// Its path in the copy.
        path: String,
        /// What it is the copy of.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A reference leads to a file that is not there.
    Dangling {
        /// The path of the document that refers to it.
        from: String,
        /// The path that it leads to.
        to: String,
    },
    /// A reference leads out of the copy, to something that the copy has.
    LeadsOut {
        /// The path of the document that refers to it.
        from: String,
        /// The URL that it leads to.
        to: String,
    },
    /// A page needs something that was never asked for.
    NotAskedFor {
        /// The path of the document that needs it.
        from: String,
        /// The URL of what it needs.
        to: String,
    },
    /// A record of the archive is not whole, or not as its digest says.
    Record {
        /// What it is a capture of.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A page cannot be opened.
    Page {
        /// Its path in the copy.
        page: String,
        /// What the browser says.
        why: String,
    },
    /// A request for a file failed when the page was opened from disk, and not when it was served.
    Request {
        /// The path of the page.
        page: String,
        /// What it asked for.
        url: String,
        /// What the browser says.
        why: String,
    },
    /// A page that was opened from disk asked the network.
    Network {
        /// The path of the page.
        page: String,
        /// What it asked for.
        url: String,
    },
    /// A page does not look as it does when it is served.
    Looks {
        /// The path of the page.
        page: String,
        /// The part of the pixels that differ, from 0 to 1.
        difference: f64,
    },
}

impl Finding {
    /// Returns what kind it is, in a word or three.
    pub fn kind(&self) -> &'static str {
        match self {
            Finding::File { .. } => "file",
            Finding::Dangling { .. } => "dangling",
            Finding::LeadsOut { .. } => "leads out",
            Finding::NotAskedFor { .. } => "not asked for",
            Finding::Record { .. } => "record",
            Finding::Page { .. } => "page",
            Finding::Request { .. } => "failed request",
            Finding::Network { .. } => "network",
            Finding::Looks { .. } => "looks",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::File { path, url, why } => write!(f, "{path}, the copy of {url}: {why}"),
            Finding::Dangling { from, to } => {
                write!(f, "{from} refers to {to}, which is not there")
            }
            Finding::LeadsOut { from, to } => {
                write!(f, "{from} refers to {to}, of which there is a copy")
            }
            Finding::NotAskedFor { from, to } => {
                write!(f, "{from} needs {to}, which was never asked for")
            }
            Finding::Record { url, why } => write!(f, "the record of {url}: {why}"),
            Finding::Page { page, why } => write!(f, "{page} cannot be opened: {why}"),
            Finding::Request { page, url, why } => write!(f, "{page} asks for {url}: {why}"),
            Finding::Network { page, url } => write!(f, "{page} asks the network for {url}"),
            Finding::Looks { page, difference } => {
                let percent = difference * 100.0;
                write!(f, "{page} looks different in {percent:.3} % of its pixels")
            }
        }
    }
}

/// All that falls short: how much, and the first ten thousand.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    all: usize,
    first: Vec<Finding>,
}

impl Findings {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.all
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all == 0
    }

    /// Returns the first ten thousand.
    pub fn first(&self) -> &[Finding] {
        &self.first
    }

    pub(crate) fn push(&mut self, finding: Finding) {
        self.all += 1;
        if self.first.len() < MOST {
            self.first.push(finding);
        }
    }

    pub(crate) fn append(&mut self, other: Findings) {
        let untold = other.all - other.first.len();
        other
            .first
            .into_iter()
            .for_each(|finding| self.push(finding));
        self.all += untold;
    }
}

const MOST: usize = 10_000;
