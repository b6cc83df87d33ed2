use dragline::{
    Case, Config, FilePattern, FolderPattern, Follow, InvalidPattern, Regex, RequisiteHosts, Rules,
};

use crate::cli::WrongUsage;

/// What belongs to the crawl. By default: what links lead to on the hosts of the seeds, and what
/// pages need from any host.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "a command line has flags")]
#[command(next_help_heading = "Scope")]
pub(crate) struct Scope {
    /// Follow so many links in a row [default: inf, or 0]
    #[arg(short, long, value_name = "N", value_parser = level)]
    level: Option<Level>,

    /// Fetch URL and what it needs, and follow no link
    #[arg(short, long)]
    page_requisites: bool,

    /// Stay in the folder of URL; also -np
    #[arg(long)]
    no_parent: bool,

    /// Follow links to any host
    #[arg(short = 'H', long, hide_short_help = true)]
    span_hosts: bool,

    /// Follow links to these domains and those below them alone; opens no other hosts without
    /// --span-hosts
    #[arg(
        short = 'D',
        long,
        value_name = "LIST",
        value_delimiter = ',',
        hide_short_help = true
    )]
    domains: Vec<String>,

    /// Fetch nothing from these domains and those below them
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        hide_short_help = true
    )]
    exclude_domains: Vec<String>,

    /// Follow links to these folders alone (/docs,/v*/api)
    #[arg(
        short = 'I',
        long,
        value_name = "LIST",
        value_delimiter = ',',
        hide_short_help = true
    )]
    include_directories: Vec<String>,

    /// Fetch nothing from these folders
    #[arg(
        short = 'X',
        long,
        value_name = "LIST",
        value_delimiter = ',',
        hide_short_help = true
    )]
    exclude_directories: Vec<String>,

    /// Keep files of these names alone: endings (pdf) or patterns (page-*.html). What may be a page
    /// is fetched all the same, for its links
    #[arg(
        short = 'A',
        long,
        value_name = "LIST",
        value_delimiter = ',',
        hide_short_help = true
    )]
    accept: Vec<String>,

    /// Do not keep files of these names
    #[arg(
        short = 'R',
        long,
        value_name = "LIST",
        value_delimiter = ',',
        hide_short_help = true
    )]
    reject: Vec<String>,

    /// Fetch only URLs in which this is found
    #[arg(long, value_name = "REGEX", hide_short_help = true)]
    accept_regex: Option<Regex>,

    /// Fetch no URLs in which this is found
    #[arg(long, value_name = "REGEX", hide_short_help = true)]
    reject_regex: Option<Regex>,

    /// Do not tell upper and lower case apart in the names of files and folders above
    #[arg(long, hide_short_help = true)]
    ignore_case: bool,

    /// Do not follow the sitemaps that robots.txt names [with --level none are]
    #[arg(long, alias = "no-follow-sitemaps", hide_short_help = true)]
    no_sitemaps: bool,

    /// Do not ask for what scripts only may ask for, nor for sitemap.xml if nothing names it
    #[arg(long, hide_short_help = true)]
    no_guesses: bool,

    /// Follow no links of pages that ask for it (X-Robots-Tag, meta robots)
    #[arg(long, hide_short_help = true)]
    nofollow: bool,

    /// From where to fetch what pages need: any host, or the same as links lead to
    #[arg(long, value_name = "any|same", value_parser = hosts, hide_short_help = true)]
    page_requisites_hosts: Option<RequisiteHosts>,
}

impl Scope {
    pub(crate) fn apply(self, is_recursive: bool, config: &mut Config) -> anyhow::Result<()> {
        let case = if self.ignore_case {
            Case::Ignored
        } else {
            Case::Heeded
        };
        let files = |names: Vec<String>| all(&names, |name| FilePattern::with_case(name, case));
        let folders = |names: Vec<String>| all(&names, |name| FolderPattern::with_case(name, case));
        let follows_none = self.page_requisites && !is_recursive;
        if follows_none && self.level.is_some() {
            let message = "--page-requisites follows no link: with --level, leave it out";
            return Err(WrongUsage(message.to_owned()).into());
        }
        let depth = self.level.and_then(|Level(most)| most);
        config.follow = Follow {
            sitemaps: !self.no_sitemaps,
            guesses: !self.no_guesses,
            nofollow: self.nofollow,
        };
        config.scope = Rules {
            depth: if follows_none { Some(0) } else { depth },
            no_parent: self.no_parent,
            span_hosts: self.span_hosts,
            domains: self.domains,
            exclude_domains: self.exclude_domains,
            include_directories: folders(self.include_directories)?,
            exclude_directories: folders(self.exclude_directories)?,
            accept: files(self.accept)?,
            reject: files(self.reject)?,
            accept_regex: self.accept_regex,
            reject_regex: self.reject_regex,
            requisites: self.page_requisites_hosts.unwrap_or_default(),
        };
        Ok(())
    }
}

fn all<T>(
    names: &[String],
    read: impl Fn(&str) -> Result<T, InvalidPattern>,
) -> anyhow::Result<Vec<T>> {
    let read = names
        .iter()
        .filter(|name| !name.is_empty())
        .map(|name| read(name).map_err(|error| WrongUsage(error.to_string()).into()));
    read.collect()
}

/// How many links away from a seed; `None`: any number.
#[derive(Clone, Copy, Debug)]
struct Level(Option<u32>);

/// As with wget, 0 is no bound.
fn level(typed: &str) -> Result<Level, String> {
    match typed {
        "inf" | "0" => Ok(Level(None)),
        _ => match typed.parse() {
            Ok(most) => Ok(Level(Some(most))),
            Err(_) => Err("neither a number nor `inf`".to_owned()),
        },
    }
}

fn hosts(typed: &str) -> Result<RequisiteHosts, String> {
    match typed {
        "any" => Ok(RequisiteHosts::Any),
        "same" => Ok(RequisiteHosts::Same),
        _ => Err("neither `any` nor `same`".to_owned()),
    }
}
