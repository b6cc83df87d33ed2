use std::time::Duration;

use crate::pattern::{Pattern, normal};

/// What one crawler may ask for. The default allows all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The longest first, and of those as long what allows.
    pub(crate) rules: Vec<Rule>,
    pub(crate) crawl_delay: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) pattern: Pattern,
    pub(crate) allows: bool,
}

impl Rules {
    pub(crate) fn new(mut rules: Vec<Rule>, crawl_delay: Option<Duration>) -> Self {
        rules.sort_by_key(|rule| (std::cmp::Reverse(rule.pattern.len()), !rule.allows));
        Rules { rules, crawl_delay }
    }

    /// Tells whether a URL may be asked for, by its path and query (`/a?b`). `/robots.txt` always may
    /// (§2.2.2).
    pub fn allows(&self, path_and_query: &str) -> bool {
        if path_and_query == "/robots.txt" {
            return true;
        }
        let path = normal(path_and_query.as_bytes(), |_| false);
        let rule = self.rules.iter().find(|rule| rule.pattern.matches(&path));
        rule.is_none_or(|rule| rule.allows)
    }

    /// Returns how long to wait between two requests, if that is said (`Crawl-delay`, which is no
    /// part of the standard). A server may say any time: bound it.
    pub fn crawl_delay(&self) -> Option<Duration> {
        self.crawl_delay
    }
}
