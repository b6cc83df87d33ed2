use std::time::Duration;

use crate::Rules;
use crate::lines::{Line, lines};
use crate::pattern::Pattern;
use crate::rules::Rule;

/// A file, read.
#[derive(Clone, Debug, Default)]
pub struct Robots {
    groups: Vec<Group>,
    sitemaps: Vec<String>,
}

/// What is said to some crawlers.
#[derive(Clone, Debug, Default)]
struct Group {
    /// Product tokens, in lower case; `*` is for all.
    agents: Vec<String>,
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

impl Robots {
    /// Reads a file: as much of it as counts.
    pub fn parse(file: &[u8]) -> Self {
        let file = match file.get(..MOST_BYTES) {
            Some(start) if file.len() > MOST_BYTES => {
                let end = start.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
                &start[..end.unwrap_or(0)]
            }
            _ => file,
        };
        let mut robots = Robots::default();
        // §2.2.1: lines that name crawlers begin a group, after something was said to others.
        let mut is_open = false;
        for line in lines(file) {
            if let Line::UserAgent(value) = line {
                if !is_open {
                    robots.groups.push(Group::default());
                    is_open = true;
                }
                if let Some(group) = robots.groups.last_mut() {
                    group.agents.push(product(value));
                }
                continue;
            }
            if let Line::Sitemap(url) = line {
                robots
                    .sitemaps
                    .push(String::from_utf8_lossy(url).into_owned());
                continue;
            }
            // §2.2.4: other lines than rules do not end the list of names.
            is_open &= matches!(line, Line::CrawlDelay(_));
            // Without a group it is said to no one.
            if let Some(group) = robots.groups.last_mut() {
                group.take_in(line);
            }
        }
        robots
    }

    /// Returns what is said to a crawler of that product token (`dragline`), in any case: in all the
    /// groups that name it, or, if there are none, in those for all (§2.2.1).
    pub fn rules(&self, agent: &str) -> Rules {
        let agent = product_token(agent);
        let named = self.groups_for(&agent);
        let groups = if named.is_empty() {
            self.groups_for("*")
        } else {
            named
        };
        let rules = groups.iter().flat_map(|group| group.rules.clone());
        let crawl_delay = groups.iter().find_map(|group| group.crawl_delay);
        Rules::new(rules.collect(), crawl_delay)
    }

    /// Returns the sitemaps that it names, as they stand there.
    pub fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }

    fn groups_for(&self, agent: &str) -> Vec<&Group> {
        let is_for = |group: &&Group| group.agents.iter().any(|it| it == agent);
        self.groups.iter().filter(is_for).collect()
    }
}

impl Group {
    fn take_in(&mut self, line: Line<'_>) {
        let (path, allows) = match line {
            Line::Allow(path) => (path, true),
            Line::Disallow(path) => (path, false),
            Line::CrawlDelay(seconds) => {
                let seconds = str::from_utf8(seconds).ok().and_then(|it| it.parse().ok());
                let delay = seconds.and_then(|it| Duration::try_from_secs_f64(it).ok());
                self.crawl_delay = self.crawl_delay.or(delay);
                return;
            }
            Line::UserAgent(_) | Line::Sitemap(_) => return,
        };
        // An empty path is no rule (§2.2.2).
        if !path.is_empty() {
            let pattern = Pattern::new(path);
            self.rules.push(Rule { pattern, allows });
        }
    }
}

/// Returns the product token of a crawler's name, in lower case: `dragline` of `Dragline/1.0` (§2.2.1).
pub fn product_token(name: &str) -> String {
    product(name.as_bytes())
}

/// The product token of a crawler's name, in lower case: `Dragline/1.0` is `dragline` (§2.2.1).
fn product(name: &[u8]) -> String {
    if name.starts_with(b"*") && name.get(1).is_none_or(u8::is_ascii_whitespace) {
        return "*".to_owned();
    }
    let is_of_token = |byte: &&u8| byte.is_ascii_alphabetic() || b"-_".contains(*byte);
    let token = name.iter().take_while(is_of_token);
    token
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect()
}

/// How much of a file counts, in bytes (§2.5 asks for 500 KiB at the least).
pub const MOST_BYTES: usize = 500 * 1024;
