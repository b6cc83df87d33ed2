use std::fmt;
use std::str::FromStr;

use regex::Regex;

use crate::pattern::{Case, FilePattern, FolderPattern, InvalidPattern};

/// What belongs to a crawl, as wget's options say it. By default: the hosts of the seeds, and what
/// pages need from any host.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// How many links away from a seed a page may be (`--level`; 0 is
    /// `--page-requisites`); `None`: any number. What a page
    /// needs, and where it redirects to, is no farther away than the page.
    pub depth: Option<u32>,
    /// Whether to stay in the folders of the seeds, on their hosts (`--no-parent`).
    pub no_parent: bool,
    /// Whether links lead to other hosts than those of the seeds (`--span-hosts`).
    pub span_hosts: bool,
    /// If there are any, links lead only to these domains and those below them (`--domains`). It
    /// opens no host by itself, as with wget.
    pub domains: Vec<String>,
    /// Domains that nothing is fetched from, nor from those below them (`--exclude-domains`).
    pub exclude_domains: Vec<String>,
    /// If there are any, links lead only to these folders (`--include-directories`).
    pub include_directories: Vec<FolderPattern>,
    /// Folders that nothing is fetched from (`--exclude-directories`).
    pub exclude_directories: Vec<FolderPattern>,
    /// If there are any, only files of these names are kept (`--accept`).
    pub accept: Vec<FilePattern>,
    /// Files of these names are not kept (`--reject`).
    pub reject: Vec<FilePattern>,
    /// If there is one, only URLs in which it is found are fetched (`--accept-regex`).
    pub accept_regex: Option<Regex>,
    /// URLs in which it is found are not fetched (`--reject-regex`).
    pub reject_regex: Option<Regex>,
    /// Where what pages need may come from (`--page-requisites-hosts`).
    pub requisites: RequisiteHosts,
}

/// Where what pages need may come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequisiteHosts {
    /// From any host.
    #[default]
    Any,
    /// Only from where links may lead.
    Same,
}

/// The rules that differ from the defaults, as options: nothing for the defaults. What has the same
/// text decides the same.
impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut options: Vec<String> = Vec::new();
        let mut list = |name: &str, values: Vec<String>| {
            if !values.is_empty() {
                options.push(format!("--{name}={}", values.join(",")));
            }
        };
        // To wget, that is any number.
        let depth = self.depth.filter(|most| *most > 0);
        list("level", depth.iter().map(u32::to_string).collect());
        list("domains", self.domains.clone());
        list("exclude-domains", self.exclude_domains.clone());
        list("include-directories", texts(&self.include_directories));
        list("exclude-directories", texts(&self.exclude_directories));
        list("accept", texts(&self.accept));
        list("reject", texts(&self.reject));
        let regex = |regex: &Option<Regex>| regex.iter().map(Regex::to_string).collect();
        list("accept-regex", regex(&self.accept_regex));
        list("reject-regex", regex(&self.reject_regex));
        let mut files = self.accept.iter().chain(&self.reject);
        let folders = self.include_directories.iter();
        let mut folders = folders.chain(&self.exclude_directories);
        let ignores_case =
            files.any(FilePattern::ignores_case) || folders.any(FolderPattern::ignores_case);
        let flags = [
            (self.depth == Some(0), "--page-requisites"),
            (ignores_case, "--ignore-case"),
            (self.no_parent, "--no-parent"),
            (self.span_hosts, "--span-hosts"),
            (
                self.requisites == RequisiteHosts::Same,
                "--page-requisites-hosts=same",
            ),
        ];
        let flags = flags.iter().filter(|(is_set, _)| *is_set);
        options.extend(flags.map(|(_, name)| (*name).to_owned()));
        f.write_str(&options.join(" "))
    }
}

/// What their text says.
impl FromStr for Rules {
    type Err = InvalidRules;

    fn from_str(text: &str) -> Result<Self, InvalidRules> {
        let invalid = || InvalidRules(text.to_owned());
        let case = if text.split(' ').any(|option| option == "--ignore-case") {
            Case::Ignored
        } else {
            Case::Heeded
        };
        let mut rules = Rules::default();
        // There may be blanks in an expression.
        for option in text.split(" --").filter(|option| !option.is_empty()) {
            let option = option.strip_prefix("--").unwrap_or(option);
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            rules.set(name, value, case).ok_or_else(invalid)?;
        }
        if rules.to_string() == text {
            Ok(rules)
        } else {
            Err(invalid())
        }
    }
}

impl Rules {
    /// Takes in an option; `None`: there is none of this name, or it has no such value.
    fn set(&mut self, name: &str, value: &str, case: Case) -> Option<()> {
        let files = || each(value, |name| FilePattern::with_case(name, case));
        let folders = || each(value, |name| FolderPattern::with_case(name, case));
        let domains = || value.split(',').map(str::to_owned).collect();
        match name {
            "level" => self.depth = Some(value.parse().ok()?),
            "page-requisites" => self.depth = Some(0),
            "ignore-case" => {}
            "no-parent" => self.no_parent = true,
            "span-hosts" => self.span_hosts = true,
            "domains" => self.domains = domains(),
            "exclude-domains" => self.exclude_domains = domains(),
            "include-directories" => self.include_directories = folders()?,
            "exclude-directories" => self.exclude_directories = folders()?,
            "accept" => self.accept = files()?,
            "reject" => self.reject = files()?,
            "accept-regex" => self.accept_regex = Some(Regex::new(value).ok()?),
            "reject-regex" => self.reject_regex = Some(Regex::new(value).ok()?),
            "page-requisites-hosts" => self.requisites = RequisiteHosts::Same,
            _ => return None,
        }
        Some(())
    }
}

/// The text is not that of rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` says no rules of a scope")]
pub struct InvalidRules(String);

fn each<T>(list: &str, read: impl Fn(&str) -> Result<T, InvalidPattern>) -> Option<Vec<T>> {
    list.split(',').map(|name| read(name).ok()).collect()
}

fn texts(patterns: &[impl fmt::Display]) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_from_their_text() {
        for text in [
            "",
            "--level=3",
            "--page-requisites",
            "--level=2 --domains=a.org,b.org --span-hosts",
            "--exclude-domains=ads.org --include-directories=/a,/b/* --exclude-directories=/tmp",
            "--accept=pdf,a*.gif --reject=zip --ignore-case --no-parent",
            "--accept-regex=a b --reject-regex=[?=] --page-requisites-hosts=same",
        ] {
            let read: Result<Rules, _> = text.parse();
            assert_eq!(read.map(|rules| rules.to_string()), Ok(text.to_owned()));
        }
        let rules: Rules = "--accept=GIF --ignore-case".parse().unwrap_or_default();
        assert!(rules.accept.iter().any(|it| it.matches("a.gif")));
        for text in [
            "--level=x",
            "--level=0",
            "--no-parent --level=2",
            "--accept=[",
            "--accept-regex=(",
            "--page-requisites-hosts=any",
            "no-parent",
            // Where it ends is not told.
            "--accept-regex=a -- c",
            "--no-such",
        ] {
            assert!(text.parse::<Rules>().is_err(), "{text}");
        }
    }
}
