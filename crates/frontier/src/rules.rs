use std::fmt;

use regex::Regex;

use crate::pattern::{FilePattern, FolderPattern};

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

fn texts(patterns: &[impl fmt::Display]) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}
