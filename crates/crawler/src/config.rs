use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use frontier::{CanonicalUrl, InvalidUrl, Rules};
use http::StatusCode;

use crate::STATE_FOLDER;
use crate::event::Reason;
use crate::pace::Manner;
use crate::page::Answer;
use crate::search;

/// What to crawl, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the crawl begins.
    pub seeds: Vec<CanonicalUrl>,
    /// What belongs to it. Default: the hosts of the seeds, and what pages need from any host.
    pub scope: Rules,
    /// What is followed beside links, and what is not.
    pub follow: Follow,
    /// The folder for the copy. It is made if it is not there.
    pub output: PathBuf,
    /// The folder for the archive and the state from which a later process goes on; `None`: the one
    /// called `.dragline` in that of the copy. It is made if it is not there.
    pub state: Option<PathBuf>,
    /// How many requests may be in flight at once. Default: 8.
    pub jobs: NonZeroUsize,
    /// How a host is treated.
    pub politeness: Politeness,
    /// How often a URL is tried.
    pub tries: Tries,
    /// Where the crawl ends before it has everything.
    pub limits: Limits,
    /// How many pages of a site may lead on without end, as it seems, and say and show nothing new
    /// (calendars, sessions, filters): so many, or one for each three answers that say something, if that is
    /// more; and as many of those that differ by their query alone from the page they were found on. What is
    /// beyond is held back. `None`: all are fetched. Default: 1000.
    pub max_alike: Option<usize>,
    /// How each is made, and its bounds. Cookies are kept, and if the crawl is
    /// [resumable](Self::resumable), for the one that goes on with it: in the folder of the state,
    /// for nobody else to read.
    pub fetch: fetch::Config,
    /// How the archive is written. Whether it is `lasting` is not heeded, nor by what its `digests` are:
    /// [`keep_archive`](Self::keep_archive) says so, and what the crawl began with.
    pub archive: archive::Config,
    /// Whether the archive, and the state of the crawl, stay once there is nothing more to fetch.
    /// They are there until then, so that the crawl can be gone on with. Default: true.
    pub keep_archive: bool,
    /// Whether the crawl's state is kept on disk, so that another process can go on with it.
    /// Default: true.
    pub resumable: bool,
    /// How long after its begin the copy of what there is so far is built, and then each time that half
    /// as long again has passed, or later, lest it take more than a twentieth of the time; and once
    /// more at the end. Zero: as soon as there is something. Default: 5 s.
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
    /// Remove its archive, its state and the files of its copy, and start over. The files stay if its
    /// state cannot be read.
    StartOver,
}

/// What is followed beside links, and what is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follow {
    /// Whether the sitemaps are followed that the robots.txt of a seed names, if it is heeded, and if
    /// links are followed without end: a sitemap says nothing of how far away a page is. Default:
    /// true.
    pub sitemaps: bool,
    /// Whether what scripts only may ask for is asked for: names of files in their strings, and
    /// `/sitemap.xml` if nothing names it. What is not there is no failure. Default: true.
    pub guesses: bool,
    /// Whether pages are heeded that ask to follow none of their links (`X-Robots-Tag: nofollow`,
    /// `<meta name=robots content=nofollow>`). What they need is fetched all the same. Default: false.
    pub nofollow: bool,
}

impl Default for Follow {
    fn default() -> Self {
        Follow {
            sitemaps: true,
            guesses: true,
            nofollow: false,
        }
    }
}

/// How a host is treated.
#[derive(Clone, Debug, PartialEq)]
pub struct Politeness {
    /// How many requests to one host may be in flight at once. Default: as many as there are jobs.
    pub concurrency: Option<NonZeroUsize>,
    /// The least time between two requests to a host. Default: none; what its robots.txt says in
    /// `Crawl-delay` (up to a minute) counts all the same.
    pub delay: Duration,
    /// Whether that is varied, from half to one and a half of it. Default: false.
    pub random_delay: bool,
    /// Whether a host is asked as fast as it bears: at first one request, and then more at once as
    /// long as it answers as soon as ever; less when it answers late, or refuses (429, 503).
    /// Default: true. Without it only a `Retry-After` is heard.
    pub adaptive: bool,
    /// Whether a host's robots.txt (RFC 9309) is obeyed. A seed is fetched whatever it says.
    /// Default: true.
    pub robots: bool,
    /// At most so many bytes are received a second, from all hosts together. Default: no bound.
    pub bytes_a_second: Option<NonZeroU32>,
}

impl Default for Politeness {
    fn default() -> Self {
        Politeness {
            concurrency: None,
            delay: Duration::ZERO,
            random_delay: false,
            adaptive: true,
            robots: true,
            bytes_a_second: None,
        }
    }
}

/// How often a URL is tried.
///
/// It is tried again if it may well come out otherwise: the server was not reached or broke off, or
/// answered with one of some statuses.
#[derive(Clone, Debug, PartialEq)]
pub struct Tries {
    /// How often at the most. Default: 4.
    pub most: u32,
    /// How long to wait in between. Default: up to 1, 2 and 4 s.
    pub backoff: fetch::Backoff,
    /// Statuses to try again at. Default: 408, 429, 502, 503, 504.
    pub statuses: Vec<StatusCode>,
}

impl Default for Tries {
    fn default() -> Self {
        Tries {
            most: 4,
            backoff: fetch::Backoff {
                base: Duration::from_secs(1),
                cap: Duration::from_secs(10),
            },
            statuses: vec![
                StatusCode::REQUEST_TIMEOUT,
                StatusCode::TOO_MANY_REQUESTS,
                StatusCode::BAD_GATEWAY,
                StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::GATEWAY_TIMEOUT,
            ],
        }
    }
}

impl Tries {
    pub(crate) fn is_worth_another(&self, answer: &Result<Answer, Reason>) -> bool {
        match answer {
            Ok(answer) => match &answer.broke_off {
                Some(error) => error.is_transient(),
                None => self.statuses.contains(&answer.capture.status),
            },
            Err(Reason::Fetch(error)) => error.is_transient(),
            Err(reason) => matches!(reason, Reason::Robots(_)),
        }
    }
}

/// Where a crawl ends before it has everything. What was in flight is taken in; it can be gone on
/// with. Default: nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// So many URLs are fetched.
    pub pages: Option<usize>,
    /// So many URLs of a host are fetched; others go on. Which they are depends on what is found
    /// first.
    pub pages_per_host: Option<usize>,
    /// So many bytes of bodies are received, or hardly more.
    pub bytes: Option<u64>,
    /// It has taken so long.
    pub time: Option<Duration>,
}

impl Config {
    /// What the frontier takes in.
    pub(crate) fn taken_in(&self) -> frontier::Limits {
        frontier::Limits {
            traps: self.max_alike,
            // What is within so many links must not depend on which page is fetched first.
            levels: self.scope.depth.is_some_and(|most| most > 0),
            ..frontier::Limits::default()
        }
    }

    /// What is followed beside links.
    pub(crate) fn follows(&self) -> search::Manner {
        let agent = || robots::product_token(&self.fetch.user_agent).into();
        let pages = self.seeds.iter().map(CanonicalUrl::to_url);
        search::Manner {
            rules: Arc::new(self.scope.clone()),
            pages: Arc::new(pages.collect()),
            sitemaps: self.follow.sitemaps && self.scope.depth.is_none(),
            guesses: self.follow.guesses,
            nofollow: self.follow.nofollow.then(agent),
        }
    }

    /// What tells it from other crawls of the same seeds, as options; nothing by default.
    pub(crate) fn told_scope(&self) -> String {
        let rules = self.scope.to_string();
        let Follow {
            sitemaps,
            guesses,
            nofollow,
        } = self.follow;
        let are_set = [!sitemaps, !guesses, nofollow];
        let flags = FOLLOW_FLAGS.iter().zip(are_set);
        let flags = flags.filter_map(|(flag, is_set)| is_set.then_some(*flag));
        let rules = [rules.as_str()].into_iter().filter(|it| !it.is_empty());
        rules.chain(flags).collect::<Vec<_>>().join(" ")
    }

    /// The rules that were told so, if they can be read.
    pub(crate) fn told_rules(mut told: &str) -> Option<Rules> {
        for flag in FOLLOW_FLAGS.iter().rev() {
            told = match told.strip_suffix(flag) {
                Some("") => "",
                Some(before) => before.strip_suffix(' ').unwrap_or(told),
                None => told,
            };
        }
        told.parse().ok()
    }

    /// How a host is asked.
    pub(crate) fn manner(&self) -> Manner {
        let Politeness {
            concurrency,
            delay,
            random_delay,
            adaptive,
            ..
        } = self.politeness;
        Manner {
            concurrency: concurrency.unwrap_or(self.jobs).get(),
            delay,
            random: random_delay,
            adaptive,
        }
    }

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
            scope: Rules::default(),
            follow: Follow::default(),
            // An IPv6 address is written so on Windows too.
            output: name.trim_matches(['[', ']']).replace(':', "-").into(),
            state: None,
            jobs: const { NonZeroUsize::new(8).unwrap() },
            politeness: Politeness::default(),
            tries: Tries::default(),
            limits: Limits::default(),
            max_alike: Some(1000),
            fetch: fetch::Config {
                cookies: Some(fetch::Cookies::default()),
                ..fetch::Config::default()
            },
            archive: archive::Config::default(),
            keep_archive: true,
            resumable: true,
            first_copy: Duration::from_secs(5),
            fsync: false,
            again: Again::GoOn,
        })
    }
}

/// What is told of [`Follow`], in its order.
const FOLLOW_FLAGS: [&str; 3] = ["--no-sitemaps", "--no-guesses", "--nofollow"];

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

    #[test]
    fn the_rules_of_a_crawl_are_read_from_what_is_told_of_it() {
        let mut config = Config::new("http://h/").unwrap();
        for rules in [
            "",
            "--level=2 --accept-regex=a b",
            "--reject-regex=--nofollow",
        ] {
            config.scope = rules.parse().unwrap();
            for bits in 0..8 {
                config.follow = Follow {
                    sitemaps: bits & 1 == 0,
                    guesses: bits & 2 == 0,
                    nofollow: bits & 4 != 0,
                };
                let told = config.told_scope();
                let read = Config::told_rules(&told).unwrap().to_string();
                assert_eq!(read, rules, "{told}");
            }
        }
        assert!(Config::told_rules("--of-another-version").is_none());
    }
}
