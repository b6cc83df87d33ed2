//! What a behaviour is: what servers do, and what has to come of it.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::script::Script;
use super::seen::Seen;
use super::server::{Answer, Asked, Door};

/// A way in which servers are broken or mean, or in which the machine is; always beside the good pages.
pub(crate) struct Behaviour {
    pub(crate) name: &'static str,
    /// What happens, in a line.
    pub(crate) says: &'static str,
    /// The servers beside the good one, which is the first.
    pub(crate) servers: Vec<Server>,
    pub(crate) pages: Vec<Page>,
    /// More of the first page.
    pub(crate) markup: String,
    pub(crate) flags: Vec<String>,
    /// A certificate authority to trust, as PEM.
    pub(crate) authority: Option<String>,
    /// What the good server waits before each answer.
    pub(crate) latency: Duration,
    /// The longest time that the crawl may take.
    pub(crate) limit: Duration,
    /// Most requests to all servers, if there is no end of what could be asked for.
    pub(crate) most_requests: Option<usize>,
    /// Puts something into the folder of the copy before.
    pub(crate) plant: Option<Plant>,
    pub(crate) trouble: Trouble,
    /// How many good pages are asked for when a signal comes.
    pub(crate) moment: usize,
    /// The exit codes that fit, if they do not follow from what is expected of the pages.
    pub(crate) fitting: Vec<i32>,
    /// Which of these exit codes it is depends on who is first, each time anew.
    pub(crate) race: Option<[i32; 2]>,
    /// The crawl has to be refused, with these words.
    pub(crate) refused: Option<&'static str>,
    /// The longest head of a request, in bytes.
    pub(crate) longest_head: usize,
    /// What else has to be so; the error says in what it is not.
    pub(crate) checks: Vec<Check>,
}

pub(crate) type Plant = fn(copy: &Path, outside: &Path) -> io::Result<()>;
pub(crate) type Check = Box<dyn Fn(&Seen<'_>) -> Result<(), String> + Send + Sync>;

/// A server beside the good one.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) door: Door,
    /// The name it is called by, if not by its address.
    pub(crate) host: Option<&'static str>,
    pub(crate) is_secure: bool,
    /// Whether the crawl is told where that name is.
    pub(crate) is_resolved: bool,
}

/// Something that a server has.
pub(crate) struct Page {
    pub(crate) server: &'static str,
    /// With `**` at its end: all that begins with it.
    pub(crate) path: String,
    pub(crate) answer: Answer,
    pub(crate) reached: Reached,
    pub(crate) expect: Expect,
}

/// How a crawl comes to a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// The first page names it.
    Linked,
    /// It is a seed.
    Seed,
    /// Another page leads to it.
    Hidden,
}

/// What has to come of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expect {
    /// A file of the copy is this, to the byte.
    Kept(Vec<u8>),
    /// A file of the copy holds this.
    Holds(&'static str),
    /// There is a line for it with these words, and no file.
    Fails(Side, &'static str),
    /// Neither a line nor a file.
    Silent,
    /// It is never asked for.
    Unasked,
    /// Kept or failed: both are right.
    Any,
}

/// At whose side something fails, which is told by the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// A server was not reached, or broke off: 4.
    Network,
    /// A server answered with what is of no use: 8.
    Server,
}

/// What befalls the program itself the first time; the second time it has to end well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Trouble {
    #[default]
    None,
    /// It gets a signal when so many good pages are asked for ([`Behaviour::moment`]), and may end with one of these codes.
    Signal(Signal, &'static [i32]),
    /// A shell sets this up before, and it has to end with one of these codes.
    Shell(&'static str, &'static [i32]),
    /// strace makes calls fail in this way, and it has to end with one of these codes.
    Strace(&'static str, &'static [i32]),
}

/// Words for [`Expect::Fails`] at the network's side.
pub(crate) fn breaks(words: &'static str) -> Expect {
    Expect::Fails(Side::Network, words)
}

/// Words for [`Expect::Fails`] at the server's side.
pub(crate) fn refused(words: &'static str) -> Expect {
    Expect::Fails(Side::Server, words)
}

pub(crate) fn kept(content: impl Into<Vec<u8>>) -> Expect {
    Expect::Kept(content.into())
}

/// What can answer: always the same, or as it is asked.
pub(crate) trait IntoAnswer {
    fn into_answer(self) -> Answer;
}

impl IntoAnswer for Script {
    fn into_answer(self) -> Answer {
        Arc::new(move |_| self.clone())
    }
}

impl<F: Fn(&Asked<'_>) -> Script + Send + Sync + 'static> IntoAnswer for F {
    fn into_answer(self) -> Answer {
        Arc::new(self)
    }
}

impl Behaviour {
    pub(crate) fn new(name: &'static str, says: &'static str) -> Self {
        Behaviour {
            name,
            says,
            servers: Vec::new(),
            pages: Vec::new(),
            markup: String::new(),
            flags: Vec::new(),
            authority: None,
            latency: Duration::ZERO,
            limit: LIMIT,
            most_requests: None,
            plant: None,
            trouble: Trouble::None,
            moment: super::good::PAGES / 2,
            fitting: Vec::new(),
            race: None,
            refused: None,
            longest_head: LONGEST_HEAD,
            checks: Vec::new(),
        }
    }

    /// Adds a page to the last server, and a link to it to the first page of the good one.
    pub(crate) fn link(self, path: &str, answer: impl IntoAnswer, expect: Expect) -> Self {
        self.page(path, answer, Reached::Linked, expect)
    }

    /// Adds a page to the last server that only another page leads to.
    pub(crate) fn hidden(self, path: &str, answer: impl IntoAnswer, expect: Expect) -> Self {
        self.page(path, answer, Reached::Hidden, expect)
    }

    /// Adds a page to the last server, and begins there too.
    pub(crate) fn seed(self, path: &str, answer: impl IntoAnswer, expect: Expect) -> Self {
        self.page(path, answer, Reached::Seed, expect)
    }

    fn page(
        mut self,
        path: &str,
        answer: impl IntoAnswer,
        reached: Reached,
        expect: Expect,
    ) -> Self {
        self.pages.push(Page {
            server: self.servers.last().map_or(GOOD, |it| it.name),
            path: path.to_owned(),
            answer: answer.into_answer(),
            reached,
            expect,
        });
        self
    }

    /// Adds a server, at an address and port of its own.
    pub(crate) fn server(mut self, name: &'static str, door: Door) -> Self {
        self.servers.push(Server {
            name,
            is_secure: matches!(door, Door::Tls(_)),
            door,
            host: None,
            is_resolved: true,
        });
        self
    }

    /// The last server is called by this name.
    pub(crate) fn named(mut self, host: &'static str) -> Self {
        if let Some(server) = self.servers.last_mut() {
            server.host = Some(host);
        }
        self
    }

    /// The last server is expected to speak TLS, whatever it does.
    pub(crate) fn secure(mut self) -> Self {
        if let Some(server) = self.servers.last_mut() {
            server.is_secure = true;
        }
        self
    }

    /// The last server is called by this name, and where that is has to be found out.
    pub(crate) fn called(mut self, host: &'static str) -> Self {
        self = self.named(host);
        if let Some(server) = self.servers.last_mut() {
            server.is_resolved = false;
        }
        self
    }

    /// Adds a server whose first page is a seed and takes connections in this way.
    pub(crate) fn door(self, door: Door, expect: Expect) -> Self {
        self.server("other", door)
            .seed("/", Script::page("never"), expect)
    }

    /// Adds to the first page.
    pub(crate) fn markup(mut self, html: impl AsRef<str>) -> Self {
        self.markup += html.as_ref();
        self
    }

    /// Adds flags, separated by spaces.
    pub(crate) fn flags(mut self, flags: &str) -> Self {
        self.flags.extend(flags.split(' ').map(str::to_owned));
        self
    }

    pub(crate) fn trust(mut self, authority: String) -> Self {
        self.authority = Some(authority);
        self
    }

    pub(crate) fn latency(mut self, milliseconds: u64) -> Self {
        self.latency = Duration::from_millis(milliseconds);
        self
    }

    pub(crate) fn within(mut self, seconds: u64) -> Self {
        self.limit = Duration::from_secs(seconds);
        self
    }

    /// Bounds the requests to twice what the good pages need.
    pub(crate) fn bounded(mut self) -> Self {
        self.most_requests = Some(2 * (super::good::PAGES + 1));
        self
    }

    pub(crate) fn plant(mut self, plant: Plant) -> Self {
        self.plant = Some(plant);
        self
    }

    pub(crate) fn trouble(mut self, trouble: Trouble) -> Self {
        self.trouble = trouble;
        self
    }

    /// A signal comes when so many good pages are asked for; without this, half of them.
    pub(crate) fn at(mut self, pages: usize) -> Self {
        self.moment = pages;
        self
    }

    /// The crawl does not begin, and these words say why.
    pub(crate) fn refuses(mut self, words: &'static str) -> Self {
        self.refused = Some(words);
        self.exits(&[2, 3])
    }

    /// A request's head may be as long as a URL.
    pub(crate) fn long_heads(mut self) -> Self {
        self.longest_head *= 10;
        self
    }

    /// The exit code is one of these.
    pub(crate) fn exits(mut self, exits: &[i32]) -> Self {
        self.fitting = exits.to_vec();
        self
    }

    /// A server and the program race, and no program could tell who was first: both codes are right, and the same
    /// command again may end with the other one. All else is asked as ever.
    pub(crate) fn race(mut self, exits: [i32; 2]) -> Self {
        self.race = Some(exits);
        self.exits(&exits)
    }

    pub(crate) fn check(
        mut self,
        check: impl Fn(&Seen<'_>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.checks.push(Box::new(check));
        self
    }

    /// Whether there is no end of what could be asked for: what is kept of it is then left open.
    pub(crate) fn is_endless(&self) -> bool {
        self.most_requests.is_some()
    }

    /// Nothing may fail, also not what may be kept in any form.
    pub(crate) fn must_be_well(self) -> Self {
        self.check(
            |seen| match seen.said.lines().find(|it| it.starts_with("failed: ")) {
                Some(line) => Err(format!("it should not have failed: {line}")),
                None => Ok(()),
            },
        )
    }

    /// Returns the exit codes that fit what is expected.
    pub(crate) fn fitting_exits(&self) -> Vec<i32> {
        if !self.fitting.is_empty() {
            return self.fitting.clone();
        }
        let fails = |side| {
            self.pages
                .iter()
                .any(|page| matches!(page.expect, Expect::Fails(it, _) if it == side))
        };
        if self.pages.iter().any(|page| page.expect == Expect::Any) {
            return vec![0, 4, 8];
        }
        vec![match (fails(Side::Network), fails(Side::Server)) {
            (true, _) => 4,
            (_, true) => 8,
            _ => 0,
        }]
    }

    /// Says in a line what is expected.
    pub(crate) fn expected(&self) -> String {
        let mut words = Vec::new();
        let mut add = |text: String| {
            if !words.contains(&text) {
                words.push(text);
            }
        };
        for page in &self.pages {
            match &page.expect {
                Expect::Kept(_) | Expect::Holds(_) => add("kept".to_owned()),
                Expect::Fails(_, why) => add(format!("fails: {why}")),
                Expect::Unasked => add("not asked for".to_owned()),
                Expect::Any => add("kept or failed".to_owned()),
                Expect::Silent => {}
            }
        }
        if self.most_requests.is_some() {
            add("at most twice the requests".to_owned());
        }
        if let Some([one, other]) = self.race {
            add(format!("exit {one} or {other}: a race"));
        }
        match self.trouble {
            Trouble::None => {}
            trouble => add(format!("{trouble}, then gone on with")),
        }
        if let Some(why) = self.refused {
            add(format!("refused: {why}"));
        }
        if words.is_empty() {
            words.push("no harm".to_owned());
        }
        words.join("; ")
    }
}

impl Trouble {
    /// With which codes the first run may end, if it is troubled.
    pub(crate) fn exits(self) -> Option<Vec<i32>> {
        match self {
            Trouble::None => None,
            Trouble::Signal(_, exits) | Trouble::Shell(_, exits) | Trouble::Strace(_, exits) => {
                Some(exits.to_vec())
            }
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exits: Vec<_> = self
            .exits()
            .unwrap_or_default()
            .iter()
            .map(i32::to_string)
            .collect();
        write!(f, "exit {}", exits.join(" or "))
    }
}

/// The name of the server with the good pages.
pub(crate) const GOOD: &str = "good";
/// The exit code of a crawl that ended because a flag said so.
pub(crate) const LIMIT_REACHED: i32 = 10;
/// Longer than any crawl takes with the flags that all are given, on a machine with other things to do.
const LIMIT: Duration = Duration::from_secs(15);
/// The longest head of a request, in bytes: what servers take by default, and a little more.
const LONGEST_HEAD: usize = 16 << 10;
