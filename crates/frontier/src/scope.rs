use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::canonical::{PAGES, file_of, folder_of, host_of};
use crate::frontier::{Found, Role};
use crate::pattern::FilePattern;
use crate::rules::{RequisiteHosts, Rules};
use crate::{CanonicalUrl, Host};

/// Which URLs belong to the crawl: a function of its seeds, of where these led, and of [`Rules`].
///
/// What was found is judged by its URL, by what it was found as, and by how far from a seed it is;
/// not by the page that it was found on. What it was found as and how far away are not those of the
/// first find, but of all: a frontier sees to that ([`Done::if_needed`](crate::Done::if_needed),
/// [`Limits::levels`](crate::Limits::levels)). So what is fetched does not depend on the order of answers.
///
/// Links lead where all rules let them. What a page needs is exempt from the rules that say where a
/// crawl goes (hosts, domains, `--no-parent`, `--include-directories`), not from those that say what
/// it leaves out. A page of another host that came as such a requisite (a frame) is searched too:
/// what it needs is fetched, its links lead no farther than all others. A guess is judged as a link is,
/// if it may be a page by its name, and else as what a page needs, but on the hosts of the seeds alone.
/// Seeds always belong.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    rules: Rules,
    seeds: BTreeSet<CanonicalUrl>,
    /// The hosts of the seeds, with the folders these are in.
    hosts: BTreeMap<Host, BTreeSet<String>>,
}

/// Whether something belongs to the crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Admitted,
    /// It is fetched, since it may be a page that leads on, but is not to be kept, by this rule.
    LinksOnly(Rule),
    /// It does not, by this rule: the first one of several.
    Refused(Rule),
}

/// What may keep something out of a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// Its host is not one of the seeds'.
    Host,
    /// Its host is in none of the domains.
    Domain,
    /// Its host is in a domain that is excluded.
    ExcludedDomain,
    /// It is outside the folders of the seeds.
    Parent,
    /// It is in none of the folders that are included.
    Directory,
    /// It is in a folder that is excluded.
    ExcludedDirectory,
    /// Its file name is not accepted.
    NotAccepted,
    /// Its file name is rejected.
    Rejected,
    /// The expression that is to be found in it is not.
    NotAcceptedRegex,
    /// The expression that is not to be found in it is.
    RejectedRegex,
    /// It is too many links away from the seeds.
    Depth,
}

impl Scope {
    /// Makes the scope of a crawl that starts from `seeds`, with the default rules.
    pub fn of<'a>(seeds: impl IntoIterator<Item = &'a CanonicalUrl>) -> Self {
        Scope::with(Rules::default(), seeds)
    }

    /// Makes the scope of a crawl that starts from `seeds`.
    pub fn with<'a>(rules: Rules, seeds: impl IntoIterator<Item = &'a CanonicalUrl>) -> Self {
        let mut scope = Scope {
            rules,
            ..Scope::default()
        };
        for seed in seeds {
            scope.include(seed);
        }
        scope
    }

    /// Takes in one more seed, or where one leads; returns whether its host is a new one. With a host goes
    /// the one of the same name with `www.` before it, or without.
    pub fn include(&mut self, seed: &CanonicalUrl) -> bool {
        self.seeds.insert(seed.clone());
        let host = seed.host();
        let is_new = !self.hosts.contains_key(&host);
        let folder = folder_of(seed.as_str());
        for host in host.twin().into_iter().chain([host]) {
            let folders = self.hosts.entry(host).or_default();
            folders.insert(folder.to_owned());
        }
        is_new
    }

    /// Judges what was found, `depth` links away from a seed.
    pub fn judge(&self, found: &Found, depth: u32) -> Verdict {
        if found.is_seed || self.seeds.contains(&found.url) {
            return Verdict::Admitted;
        }
        let url = found.url.as_str();
        let refused = match found.role {
            Role::Requisite if self.rules.requisites == RequisiteHosts::Any => None,
            Role::Guess if !self.hosts.contains_key(host_of(url)) => Some(Rule::Host),
            Role::Guess if !found.url.may_be_page() => None,
            _ => self.leaves(url),
        };
        let refused = refused
            .or_else(|| self.is_left_out(url))
            .or_else(|| self.is_too_far(depth));
        if let Some(rule) = refused {
            return Verdict::Refused(rule);
        }
        match self.is_not_kept(url) {
            None => Verdict::Admitted,
            Some(rule) if may_lead_on(file_of(url)) => Verdict::LinksOnly(rule),
            Some(rule) => Verdict::Refused(rule),
        }
    }

    /// Tells whether what is fetched of `url` is kept: it is not if it is fetched for its links alone.
    pub fn keeps(&self, url: &CanonicalUrl) -> bool {
        self.seeds.contains(url) || self.is_not_kept(url.as_str()).is_none()
    }

    /// Where links do not lead.
    fn leaves(&self, url: &str) -> Option<Rule> {
        let rules = &self.rules;
        let host = host_of(url);
        let folders = self.hosts.get(host);
        if folders.is_none() && !rules.span_hosts {
            return Some(Rule::Host);
        }
        if !rules.domains.is_empty() && !is_in_domains(host, &rules.domains) {
            return Some(Rule::Domain);
        }
        let is_outside = |folders: &BTreeSet<String>| {
            let folder = folder_of(url);
            !folders.iter().any(|within| folder.starts_with(&**within))
        };
        if rules.no_parent && folders.is_some_and(is_outside) {
            return Some(Rule::Parent);
        }
        let included = &rules.include_directories;
        let is_included = || {
            let folder = folder_of(url);
            included.iter().any(|it| it.matches(folder))
        };
        (!included.is_empty() && !is_included()).then_some(Rule::Directory)
    }

    /// What nothing is fetched from.
    fn is_left_out(&self, url: &str) -> Option<Rule> {
        let rules = &self.rules;
        let (domains, excluded) = (&rules.exclude_domains, &rules.exclude_directories);
        if !domains.is_empty() && is_in_domains(host_of(url), domains) {
            Some(Rule::ExcludedDomain)
        } else if excluded.iter().any(|it| it.matches(folder_of(url))) {
            Some(Rule::ExcludedDirectory)
        } else if rules
            .accept_regex
            .as_ref()
            .is_some_and(|it| !it.is_match(url))
        {
            Some(Rule::NotAcceptedRegex)
        } else if rules
            .reject_regex
            .as_ref()
            .is_some_and(|it| it.is_match(url))
        {
            Some(Rule::RejectedRegex)
        } else {
            None
        }
    }

    fn is_too_far(&self, depth: u32) -> Option<Rule> {
        let is_too_far = self.rules.depth.is_some_and(|most| depth > most);
        is_too_far.then_some(Rule::Depth)
    }

    /// What is not kept.
    fn is_not_kept(&self, url: &str) -> Option<Rule> {
        let Rules { accept, reject, .. } = &self.rules;
        let is_one_of = |patterns: &[FilePattern]| {
            let name = file_of(url);
            patterns.iter().any(|it| it.matches(name))
        };
        if !accept.is_empty() && !is_one_of(accept) {
            return Some(Rule::NotAccepted);
        }
        (!reject.is_empty() && is_one_of(reject)).then_some(Rule::Rejected)
    }
}

impl Verdict {
    /// Tells whether it is fetched.
    pub fn is_admitted(self) -> bool {
        !matches!(self, Verdict::Refused(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Admitted => f.write_str("in scope"),
            Verdict::LinksOnly(rule) => write!(f, "fetched for its links, not kept: {rule}"),
            Verdict::Refused(rule) => write!(f, "out of scope: {rule}"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::Host => "its host is not one of the seeds' (--span-hosts)",
            Rule::Domain => "its host is in none of the domains (--domains)",
            Rule::ExcludedDomain => "its host is in an excluded domain (--exclude-domains)",
            Rule::Parent => "it is outside the folders of the seeds (--no-parent)",
            Rule::Directory => "it is in none of the folders included (--include-directories)",
            Rule::ExcludedDirectory => "it is in an excluded folder (--exclude-directories)",
            Rule::NotAccepted => "its file name is not accepted (--accept)",
            Rule::Rejected => "its file name is rejected (--reject)",
            Rule::NotAcceptedRegex => "the expression is not found in it (--accept-regex)",
            Rule::RejectedRegex => "the expression is found in it (--reject-regex)",
            Rule::Depth => "it is too many links away from the seeds (--level)",
        })
    }
}

/// Whether a host is one of these domains or below one.
fn is_in_domains(host: &str, domains: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        // An IPv6 address has colons too, but ends in a bracket.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    domains.iter().any(|domain| {
        let domain = domain.trim_start_matches('.');
        let above = name.len().checked_sub(domain.len());
        above.is_some_and(|above| {
            name.as_bytes()[above..].eq_ignore_ascii_case(domain.as_bytes())
                && (above == 0 || name.as_bytes()[above - 1] == b'.')
        })
    })
}

/// Whether a file of this name may be a page: it has none, or the suffix of one (as with wget).
fn may_lead_on(name: &str) -> bool {
    let suffix = name.rsplit_once('.').map(|(_, suffix)| suffix);
    name.is_empty()
        || suffix.is_some_and(|suffix| PAGES.iter().any(|page| suffix.eq_ignore_ascii_case(page)))
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;
    use crate::pattern::FolderPattern;

    fn url(text: &str) -> CanonicalUrl {
        CanonicalUrl::parse(text).unwrap()
    }

    fn files(names: &[&str]) -> Vec<FilePattern> {
        names
            .iter()
            .map(|it| FilePattern::new(it).unwrap())
            .collect()
    }

    fn folders(names: &[&str]) -> Vec<FolderPattern> {
        names
            .iter()
            .map(|it| FolderPattern::new(it).unwrap())
            .collect()
    }

    /// From `http://example.org/docs/index.html`.
    fn link(rules: &Rules, text: &str) -> Verdict {
        let seeds = [url("http://example.org/docs/index.html")];
        Scope::with(rules.clone(), &seeds).judge(&Found::link(url(text)), 1)
    }

    fn requisite(rules: &Rules, text: &str) -> Verdict {
        let seeds = [url("http://example.org/docs/index.html")];
        Scope::with(rules.clone(), &seeds).judge(&Found::requisite(url(text)), 1)
    }

    const IN: Verdict = Verdict::Admitted;

    fn out(rule: Rule) -> Verdict {
        Verdict::Refused(rule)
    }

    #[test]
    fn admits_the_hosts_of_the_seeds_and_no_other() {
        let admits = |scope: &Scope, text| scope.judge(&Found::link(url(text)), 0).is_admitted();
        let mut scope = Scope::of(&[url("http://example.org/docs/")]);
        assert!(admits(&scope, "http://example.org/"));
        assert!(admits(&scope, "https://example.org/a"));
        assert!(!admits(&scope, "http://example.org:8080/"));
        assert!(!admits(&scope, "http://docs.example.org/"));
        assert!(!admits(&scope, "http://example.org.evil.test/"));
        assert!(scope.include(&url("http://docs.example.org/")));
        assert!(!scope.include(&url("http://docs.example.org/a")));
        assert!(admits(&scope, "http://docs.example.org/"));
    }

    #[test]
    fn a_host_is_the_same_with_www_and_without() {
        for (seed, twin) in [
            ("http://example.org/a", Some("https://www.example.org/b")),
            (
                "http://www.example.org:81/a",
                Some("http://example.org:81/b"),
            ),
            ("http://docs.example.org/a", None),
            ("http://www.org/a", None),
            ("http://localhost/a", None),
            ("http://127.0.0.1/a", None),
        ] {
            let scope = Scope::of(&[url(seed)]);
            let others = [
                "https://www.example.org/b",
                "http://example.org:81/b",
                "http://org/b",
                "http://www.www.org/b",
                "http://www.localhost/b",
                "http://www.127.0.0.1.x/b",
            ];
            let judge = |text| scope.judge(&Found::link(url(text)), 1).is_admitted();
            let admitted: Vec<_> = others.into_iter().filter(|text| judge(text)).collect();
            assert_eq!(admitted, Vec::from_iter(twin), "{seed}");
        }
    }

    #[test]
    fn what_a_page_needs_comes_from_any_host_or_from_the_same() {
        let mut rules = Rules::default();
        assert_eq!(requisite(&rules, "http://cdn.test/a.css"), IN);
        assert_eq!(link(&rules, "http://cdn.test/a.css"), out(Rule::Host));
        rules.requisites = RequisiteHosts::Same;
        assert_eq!(requisite(&rules, "http://cdn.test/a.css"), out(Rule::Host));
        assert_eq!(requisite(&rules, "http://example.org/a.css"), IN);
    }

    #[test]
    fn a_guess_is_of_the_hosts_of_the_seeds() {
        let seeds = [url("http://example.org/docs/index.html")];
        let mut rules = Rules {
            no_parent: true,
            span_hosts: true,
            ..Rules::default()
        };
        let guess = |rules: &Rules, text: &str, depth| {
            Scope::with(rules.clone(), &seeds).judge(&Found::guess(url(text)), depth)
        };
        assert_eq!(guess(&rules, "http://example.org/a.js", 1), IN);
        assert_eq!(guess(&rules, "http://cdn.test/a.js", 1), out(Rule::Host));
        assert_eq!(
            guess(&rules, "http://example.org/a.php", 1),
            out(Rule::Parent)
        );
        assert_eq!(guess(&rules, "http://example.org/docs/a", 1), IN);
        rules.depth = Some(1);
        assert_eq!(guess(&rules, "http://example.org/a.js", 1), IN);
        assert_eq!(
            guess(&rules, "http://example.org/a.js", 2),
            out(Rule::Depth)
        );
        rules.exclude_directories = folders(&["/x"]);
        assert_eq!(
            guess(&rules, "http://example.org/x/a.js", 1),
            out(Rule::ExcludedDirectory)
        );
    }

    #[test]
    fn no_parent_keeps_links_in_the_folders_of_the_seeds() {
        let rules = Rules {
            no_parent: true,
            span_hosts: true,
            ..Rules::default()
        };
        assert_eq!(link(&rules, "http://example.org/docs/a/b"), IN);
        assert_eq!(link(&rules, "http://example.org/docs/?q=/x"), IN);
        assert_eq!(link(&rules, "http://example.org/docs2/"), out(Rule::Parent));
        assert_eq!(link(&rules, "http://example.org/docs"), out(Rule::Parent));
        assert_eq!(
            link(&rules, "http://example.org/?q=/docs/"),
            out(Rule::Parent)
        );
        assert_eq!(link(&rules, "http://other.test/a"), IN);
        assert_eq!(requisite(&rules, "http://example.org/style.css"), IN);
    }

    #[test]
    fn domains_narrow_and_span_hosts_opens() {
        let mut rules = Rules {
            domains: vec!["test".to_owned(), ".Example.org".to_owned()],
            ..Rules::default()
        };
        assert_eq!(link(&rules, "http://a.test/"), out(Rule::Host));
        assert_eq!(link(&rules, "http://example.org/"), IN);
        rules.span_hosts = true;
        assert_eq!(link(&rules, "http://a.test:81/"), IN);
        assert_eq!(link(&rules, "http://b.example.org/"), IN);
        assert_eq!(link(&rules, "http://notexample.org/"), out(Rule::Domain));
        assert_eq!(link(&rules, "http://[::1]:81/"), out(Rule::Domain));
        rules.exclude_domains = vec!["ads.test".to_owned()];
        assert_eq!(
            link(&rules, "http://x.ads.test/"),
            out(Rule::ExcludedDomain)
        );
        assert_eq!(
            requisite(&rules, "http://ads.test/"),
            out(Rule::ExcludedDomain)
        );
    }

    #[test]
    fn folders_are_included_and_excluded() {
        let rules = Rules {
            include_directories: folders(&["/docs", "/api"]),
            exclude_directories: folders(&["/docs/old", "/*/tmp"]),
            ..Rules::default()
        };
        assert_eq!(link(&rules, "http://example.org/api/"), IN);
        assert_eq!(
            link(&rules, "http://example.org/blog/"),
            out(Rule::Directory)
        );
        assert_eq!(requisite(&rules, "http://example.org/static/a.css"), IN);
        let excluded = out(Rule::ExcludedDirectory);
        assert_eq!(link(&rules, "http://example.org/docs/old/a"), excluded);
        assert_eq!(
            requisite(&rules, "http://example.org/a/tmp/a.css"),
            excluded
        );
        // A file is not the folder of its name.
        assert_eq!(link(&rules, "http://example.org/docs/old"), IN);
    }

    #[test]
    fn what_is_not_kept_is_fetched_if_it_may_be_a_page() {
        let rules = Rules {
            accept: files(&["pdf", "page-*"]),
            reject: files(&["*-draft.pdf"]),
            ..Rules::default()
        };
        assert_eq!(link(&rules, "http://example.org/a.pdf?x=1"), IN);
        assert_eq!(
            link(&rules, "http://example.org/a-draft.pdf"),
            out(Rule::Rejected)
        );
        assert_eq!(
            link(&rules, "http://example.org/a.gif"),
            out(Rule::NotAccepted)
        );
        let links_only = Verdict::LinksOnly(Rule::NotAccepted);
        assert_eq!(link(&rules, "http://example.org/a/"), links_only);
        assert_eq!(link(&rules, "http://example.org/a.HTML?pdf"), links_only);
        assert!(links_only.is_admitted());
    }

    #[test]
    fn expressions_are_searched_for_in_the_whole_url() {
        let rules = Rules {
            accept_regex: Some(Regex::new("[?]id=|/docs/").unwrap()),
            reject_regex: Some(Regex::new("logout").unwrap()),
            ..Rules::default()
        };
        assert_eq!(link(&rules, "http://example.org/?id=1"), IN);
        assert_eq!(
            link(&rules, "http://example.org/a"),
            out(Rule::NotAcceptedRegex)
        );
        let rejected = out(Rule::RejectedRegex);
        assert_eq!(link(&rules, "http://example.org/docs/?do=logout"), rejected);
    }

    #[test]
    fn a_page_may_be_so_many_links_away_and_a_seed_is_always_in() {
        let rules = Rules {
            depth: Some(1),
            reject_regex: Some(Regex::new(".").unwrap()),
            ..Rules::default()
        };
        assert_eq!(link(&rules, "http://example.org/docs/index.html"), IN);
        let rules = Rules {
            depth: Some(1),
            ..Rules::default()
        };
        assert_eq!(link(&rules, "http://example.org/a"), IN);
        let scope = Scope::with(rules, &[url("http://example.org/")]);
        let far = Found::link(url("http://example.org/a"));
        assert_eq!(scope.judge(&far, 2), out(Rule::Depth));
    }

    #[test]
    fn rules_are_told_as_options() {
        assert_eq!(Rules::default().to_string(), "");
        let rules = Rules {
            depth: Some(3),
            no_parent: true,
            accept: files(&["pdf", "*.gif"]),
            exclude_directories: folders(&["/a"]),
            ..Rules::default()
        };
        let told = "--level=3 --exclude-directories=/a --accept=pdf,*.gif --no-parent";
        assert_eq!(rules.to_string(), told);
    }
}
