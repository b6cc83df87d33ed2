use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use frontier::{CanonicalUrl, InvalidUrl};

use crate::STATE_FOLDER;

/// What to crawl, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the crawl begins; its scope is the hosts of these.
    pub seeds: Vec<CanonicalUrl>,
    /// The folder for the copy. It is made if it is not there.
    pub output: PathBuf,
    /// The folder for the archive and the state from which a later process goes on; `None`: the one
    /// called `.dragline` in that of the copy. It is made if it is not there.
    pub state: Option<PathBuf>,
    /// How many requests may be in flight at once. Default: 8.
    pub jobs: NonZeroUsize,
    /// How each is made, and its bounds.
    pub fetch: fetch::Config,
    /// How the archive is written.
    pub archive: archive::Config,
    /// Whether the crawl's state is kept on disk, so that another process can go on with it.
    /// Default: true.
    pub resumable: bool,
    /// How long after its begin the copy of what there is so far is built, and then each time that
    /// twice as long has passed; and once more at the end. Default: 5 s.
    pub first_copy: Duration,
    /// Whether to wait for the disk at each step, so that a power cut too loses no more than a kill.
    /// Default: false; after a power cut the crawl then goes on from an earlier state.
    pub fsync: bool,
    /// What to do if the folder has a crawl already. Default: go on with it.
    pub again: Again,
}

/// What to do with a crawl that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Again {
    /// Go on with it; if it is finished, only see to its copy.
    #[default]
    GoOn,
    /// If it is finished, crawl again and fetch what is new; if not, go on with it.
    Update {
        /// Whether to remove from the copy what is gone, if all of the site could be looked at. It
        /// stays in the archive.
        purge: bool,
    },
    /// Remove its archive and its state, and start over.
    StartOver,
}

impl Config {
    /// Returns the folder for the archive and the state.
    pub fn state_folder(&self) -> PathBuf {
        let default = || self.output.join(STATE_FOLDER);
        self.state.clone().unwrap_or_else(default)
    }

    /// Crawls the host of `seed`, into a folder of the host's name in the current one.
    ///
    /// # Errors
    ///
    /// `seed` is not an absolute `http` or `https` URL.
    pub fn new(seed: &str) -> Result<Self, InvalidUrl> {
        let seed = CanonicalUrl::parse(seed)?;
        let name = seed.to_url().host_str().unwrap_or_default().to_owned();
        // `.` and `..` are hosts to the URL standard, and to a file system something else.
        let name = if name.trim_matches('.').is_empty() {
            "site".to_owned()
        } else {
            name
        };
        Ok(Config {
            seeds: vec![seed],
            // An IPv6 address is written so on Windows too.
            output: name.trim_matches(['[', ']']).replace(':', "-").into(),
            state: None,
            jobs: const { NonZeroUsize::new(8).unwrap() },
            fetch: fetch::Config::default(),
            archive: archive::Config::default(),
            resumable: true,
            first_copy: Duration::from_secs(5),
            fsync: false,
            again: Again::GoOn,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_output_is_the_name_of_the_host() {
        let output = |seed| Config::new(seed).unwrap().output;
        assert_eq!(
            output("http://Example.org:8080/docs/"),
            PathBuf::from("example.org")
        );
        assert_eq!(output("http://[::1]/"), PathBuf::from("--1"));
        assert_eq!(output("http://../"), PathBuf::from("site"));
    }
}
