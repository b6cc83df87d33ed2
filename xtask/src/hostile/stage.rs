//! A behaviour on stage: its servers and the good pages are served, dragline crawls them, twice.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;
use tokio::time;

use super::behaviour::{Behaviour, GOOD, Reached, Trouble};
use super::good;
use super::judge::{Verdict, judge};
use super::run::{Program, Ran};
use super::script::Script;
use super::seen::{self, Files};
use super::server::{Answer, Bound, Door, Server, Urls};
use crate::torture::place::scratch;

/// The servers of a behaviour, running, and a folder.
pub(crate) struct Stage<'a> {
    pub(crate) behaviour: &'a Behaviour,
    pub(crate) urls: Urls,
    pub(crate) servers: BTreeMap<&'static str, Server>,
    folder: TempDir,
    arguments: Vec<String>,
}

/// A run, and what there is after it.
pub(crate) struct Run {
    pub(crate) ran: Ran,
    pub(crate) files: Files,
    /// How often each good page was asked for so far.
    pub(crate) asked: Vec<usize>,
}

/// Runs a behaviour, with these flags beside its own, and judges it. `base` is the memory that a crawl of the good pages
/// alone takes, in KiB.
///
/// # Errors
///
/// It cannot be run.
pub(crate) async fn perform(
    behaviour: &Behaviour,
    program: &Program,
    flags: &[String],
    base: u64,
) -> Result<Verdict> {
    let stage = Stage::set(behaviour, flags).await?;
    let outside = stage.folder.path().join(OUTSIDE);
    let before = seen::files(&outside, "")?;
    let first = stage.run(program, behaviour.trouble).await?;
    let second = stage.run(program, Trouble::None).await?;
    let is_untouched = seen::files(&outside, "")? == before && stage.has_nothing_else()?;
    Ok(judge(&stage, &first, &second, is_untouched, base))
}

impl<'a> Stage<'a> {
    async fn set(behaviour: &'a Behaviour, flags: &[String]) -> Result<Self> {
        let folder = scratch()?;
        let (copy, outside) = (folder.path().join(COPY), folder.path().join(OUTSIDE));
        fs::create_dir(&outside)?;
        fs::create_dir(outside.join("folder"))?;
        fs::write(outside.join("secret"), SECRET)?;
        fs::write(outside.join("folder/file"), SECRET)?;
        if let Some(plant) = behaviour.plant {
            fs::create_dir(&copy)?;
            plant(&copy, &outside)?;
        }
        let mut bound = vec![(
            GOOD,
            Door::Plain,
            Bound::new(Ipv4Addr::LOCALHOST, &Door::Plain).await?,
        )];
        for server in &behaviour.servers {
            let door = server.door.clone();
            let port = Bound::new(Ipv4Addr::LOCALHOST, &door).await?;
            bound.push((server.name, door, port));
        }
        let mut urls = Urls::default();
        let mut names = Vec::new();
        for (name, _, port) in &bound {
            let server = behaviour.servers.iter().find(|it| it.name == *name);
            let host = server.and_then(|it| it.host);
            let scheme = if server.is_some_and(|it| it.is_secure) {
                "https"
            } else {
                "http"
            };
            let port = port.port;
            if let Some(host) = host
                && server.is_some_and(|it| it.is_resolved)
            {
                names.push(format!("{host}:{port}:127.0.0.1"));
            }
            let host = host.unwrap_or("127.0.0.1");
            urls.0.insert(name, format!("{scheme}://{host}:{port}"));
        }
        let mut arguments = vec![urls.at(GOOD, "/"), "--output".to_owned(), COPY.to_owned()];
        for page in &behaviour.pages {
            if page.reached == Reached::Seed {
                arguments.push(urls.at(page.server, &page.path));
            }
        }
        arguments.extend(flags.iter().cloned());
        for flag in &behaviour.flags {
            arguments.push(urls.0.iter().fold(flag.clone(), |flag, (name, url)| {
                let port = url.rsplit(':').next().unwrap_or_default();
                flag.replace(&format!("PORT({name})"), port)
            }));
        }
        for name in names {
            arguments.extend(["--resolve".to_owned(), name]);
        }
        if let Some(authority) = &behaviour.authority {
            let file = outside.join("authority.pem");
            fs::write(&file, authority)?;
            arguments.extend([
                "--ca-certificate".to_owned(),
                file.to_string_lossy().into_owned(),
            ]);
        }
        let servers = bound.into_iter().map(|(name, door, port)| {
            let latency = if name == GOOD {
                behaviour.latency
            } else {
                Duration::ZERO
            };
            let answer = behaviour.answer(name, &urls);
            (name, port.serve(door, latency, urls.clone(), answer))
        });
        Ok(Stage {
            behaviour,
            servers: servers.collect(),
            urls,
            folder,
            arguments,
        })
    }

    async fn run(&self, program: &Program, trouble: Trouble) -> Result<Run> {
        let folder = self.folder.path();
        let moment = async {
            while self.asked().iter().sum::<usize>() < self.behaviour.moment {
                time::sleep(OFTEN).await;
            }
        };
        let limit = self.behaviour.limit;
        let ran = program
            .run(&self.arguments, folder, limit, trouble, moment)
            .await?;
        let copy = self.copy();
        let files = if copy.is_dir() {
            seen::files(&copy, STATE)?
        } else {
            Files::new()
        };
        Ok(Run {
            ran,
            files,
            asked: self.asked(),
        })
    }

    /// The folder of the copy.
    pub(crate) fn copy(&self) -> PathBuf {
        self.folder.path().join(COPY)
    }

    /// Returns all that was asked of all servers so far, but for what robots ask.
    pub(crate) fn requests(&self) -> usize {
        let count = |log: &super::server::Log| {
            let robots = log.targets.get("/robots.txt").copied().unwrap_or(0);
            log.requests - robots
        };
        self.servers
            .values()
            .map(|server| server.asked(count))
            .sum()
    }

    /// Returns how often each good page was asked for.
    fn asked(&self) -> Vec<usize> {
        let of = |page| {
            let path = good::path(page);
            self.servers[GOOD].asked(|log| log.targets.get(&path).copied().unwrap_or(0))
        };
        (0..good::PAGES).map(of).collect()
    }

    /// Whether nothing appeared beside the folder of the copy.
    fn has_nothing_else(&self) -> Result<bool> {
        let mut names: Vec<_> = fs::read_dir(self.folder.path())?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<std::io::Result<_>>()?;
        names.retain(|name| ![COPY, OUTSIDE, "said"].contains(&name.as_str()));
        Ok(names.is_empty())
    }
}

impl Behaviour {
    /// What a server answers: with its own pages before the good ones.
    fn answer(&self, server: &'static str, urls: &Urls) -> Answer {
        let mut own = Vec::new();
        let mut links = self.markup.clone();
        for page in &self.pages {
            if page.reached == Reached::Linked {
                let url = urls.at(page.server, &page.path);
                links += &format!("<a href=\"{}\">x</a>\n", url.replace('&', "&amp;"));
            }
            if page.server == server {
                own.push((page.path.clone(), Arc::clone(&page.answer)));
            }
        }
        for (name, url) in &urls.0 {
            links = links.replace(&format!("URL({name})"), url);
        }
        let first = good::first(&links);
        Arc::new(move |asked| {
            let found = own.iter().find(|(path, _)| matches(path, asked.target));
            match (found, good::find(asked.target)) {
                (Some((_, answer)), _) => answer(asked),
                (_, Some(page)) if server == GOOD => good::answer(page),
                _ if server == GOOD && asked.target == "/" => first.clone(),
                _ => Script::status("404 Not Found", "", "nothing here"),
            }
        })
    }
}

/// Whether a target is meant by a path, which may end with `**`. Of each there may be more than one spelling.
pub(crate) fn matches(path: &str, target: &str) -> bool {
    match path.strip_suffix("**") {
        Some(start) => spelled(target).starts_with(&spelled(start)),
        None => spelled(path) == spelled(target),
    }
}

/// Spells a target so that those that RFC 3986 §6.2.2 and browsers hold for the same are the same.
fn spelled(target: &str) -> String {
    let mut text = String::new();
    let mut bytes = target.as_bytes().iter();
    while let Some(&byte) = bytes.next() {
        let code = bytes
            .as_slice()
            .get(..2)
            .and_then(|it| std::str::from_utf8(it).ok());
        let code = code.and_then(|it| u8::from_str_radix(it, 16).ok());
        let (meant, is_escaped) = match code {
            Some(code) if byte == b'%' => {
                bytes.nth(1);
                (code, true)
            }
            _ => (byte, false),
        };
        let is_unreserved = meant.is_ascii_alphanumeric() || b"-._~".contains(&meant);
        let is_plain = meant.is_ascii_graphic() && !b"\"<>\\^`{|}'".contains(&meant);
        if is_unreserved || (is_plain && !is_escaped) {
            text.push(char::from(meant));
        } else {
            text += &format!("%{meant:02X}");
        }
    }
    text
}

/// The folders' names.
const COPY: &str = "copy";
const OUTSIDE: &str = "outside";
/// The folder of the crawl's state.
pub(crate) const STATE: &str = ".dragline";
/// What may be neither changed nor kept.
pub(crate) const SECRET: &str = "not to be touched";
/// How often it is looked what was asked for.
const OFTEN: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_a_target_however_it_is_spelled() {
        assert!(matches("/a**", "/ab?c"));
        assert!(matches("/a", "/a"));
        assert!(!matches("/a", "/ab"));
        assert!(matches("/%2e%7c|", "/.%7C%7c"));
        assert!(matches("/*", "/*"));
        assert!(!matches("/a%2fb", "/a/b"));
        assert!(matches("/%", "/%"));
    }
}
