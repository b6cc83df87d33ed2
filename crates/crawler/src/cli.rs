//! The command line: as typed, and what follows from it.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Parser;
use dragline::{
    Again, Archived, CanonicalUrl, CertificateDer, Config, FrontierError, InvalidUrl, Summary,
};

use crate::{CrawlError, StartError};

/// Keep a web site: fetch its pages and all that they need, leave an archive (WARC) and a copy that
/// opens offline.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "a command line has flags")]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
#[command(subcommand_help_heading = "Or", disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Where to begin; the crawl stays on its host
    #[arg(value_name = "URL", required = true)]
    seeds: Vec<String>,

    /// Folder for the copy; DIR/index.html is the way in [default: the host's name]
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    output: Option<PathBuf>,

    /// Show nothing but failures
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,

    /// Crawl a finished crawl again, for what is new
    #[arg(long, conflicts_with_all = ["fresh", "no_state"], help_heading = "Earlier crawls")]
    update: bool,

    /// With --update: remove what is gone from the copy (the archive keeps it)
    #[arg(long, requires = "update", help_heading = "Earlier crawls")]
    #[arg(hide_short_help = true)]
    purge: bool,

    /// With --update: print what is new, changed or gone, as lines of JSON
    #[arg(long, requires = "update", help_heading = "Earlier crawls")]
    #[arg(hide_short_help = true)]
    pub(crate) changes: bool,

    /// Start over; the archive of an earlier crawl is removed
    #[arg(long, help_heading = "Earlier crawls")]
    fresh: bool,

    /// Do not ask
    #[arg(short, long, help_heading = "Earlier crawls", hide_short_help = true)]
    yes: bool,

    /// Keep no state: a later run cannot go on
    #[arg(long, help_heading = "Earlier crawls", hide_short_help = true)]
    no_state: bool,

    /// Folder for the archive and the crawl's state [default: DIR/.dragline]
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "Output",
        hide_short_help = true
    )]
    state_dir: Option<PathBuf>,

    /// Wait for the disk at each step: a power cut loses no more than a kill
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    fsync: bool,

    /// Do not pack what is archived
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    no_archive_compression: bool,

    /// Begin a new archive file when one is so long; k, m and g are understood [default: 1g]
    #[arg(long, value_name = "BYTES", value_parser = bytes, help_heading = "Output")]
    #[arg(hide_short_help = true)]
    archive_size: Option<u64>,

    /// Requests in flight at once
    #[arg(
        short,
        long,
        value_name = "N",
        default_value_t = 8,
        help_heading = "Requests"
    )]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: u16,

    /// Seconds to wait for a connection, a response, or more of it
    #[arg(short = 'T', long, value_name = "SECONDS", value_parser = seconds, help_heading = "Requests")]
    timeout: Option<Duration>,

    /// Longest response body, in bytes; k, m and g are understood [default: 256m]
    #[arg(long, value_name = "BYTES", value_parser = bytes, help_heading = "Requests")]
    max_filesize: Option<u64>,

    /// What to call ourselves [default: dragline/VERSION]
    #[arg(short = 'U', long, value_name = "NAME", help_heading = "Requests")]
    user_agent: Option<String>,

    /// Certificate authorities to trust beside the system's (PEM)
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Requests",
        hide_short_help = true
    )]
    ca_certificate: Option<PathBuf>,
}

/// What is done beside crawling.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Write what is archived in the forms that other tools take
    Export(Export),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The folder of the copy
    dir: PathBuf,

    /// Folder of the archive and the crawl's state [default: DIR/.dragline]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,

    /// Write the index of all captures, sorted (CDXJ); `-` is standard output
    #[arg(long, value_name = "FILE", required_unless_present = "wacz")]
    cdxj: Option<PathBuf>,

    /// Write the archive and its index as one file (WACZ)
    #[arg(long, value_name = "FILE")]
    wacz: Option<PathBuf>,
}

impl Export {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        if self.wacz.as_deref() == Some(Path::new("-")) {
            let needed = "a WACZ is not written to standard output: name a file";
            return Err(WrongUsage(needed.to_owned()).into());
        }
        let default = || self.dir.join(dragline::STATE_FOLDER);
        let archived = Archived::open(&self.state_dir.clone().unwrap_or_else(default))?;
        let unwritten = |path: &Path| Unwritten(path.to_owned());
        match self.cdxj.as_deref() {
            Some(path) if path == Path::new("-") => archived
                .cdxj(&mut io::stdout().lock())
                .with_context(|| unwritten(path))?,
            Some(path) => {
                write(path, |file| archived.cdxj(file)).with_context(|| unwritten(path))?;
            }
            None => {}
        }
        match self.wacz.as_deref() {
            Some(path) => write(path, |file| archived.wacz(file)).with_context(|| unwritten(path)),
            None => Ok(()),
        }
    }
}

/// Writes a file whole or not at all.
fn write(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".part");
    let written = File::create(&aside).and_then(|mut file| write(&mut file));
    let written = written.and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        // The error to report is the one above.
        let _ = fs::remove_file(&aside);
    }
    written
}

/// Marks a file that could not be written.
#[derive(Clone, Debug)]
pub(crate) struct Unwritten(pub(crate) PathBuf);

impl std::fmt::Display for Unwritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot write `{}`", self.0.display())
    }
}

const EXIT_CODES: &str = "\
Exit status:
  0  all was fetched and written       4  a server was not reached, or broke off
  1  a bug                             8  a server answered with an error
  2  wrong usage                      11  interrupted by Ctrl-C
  3  a file could not be written          (of several, the first in this order: 1 3 11 4 8)";

impl Arguments {
    pub(crate) fn into_config(self) -> anyhow::Result<Config> {
        let mut seeds = self.seeds.iter();
        let first = seeds.next().ok_or_else(|| anyhow!("no URL given"))?;
        let mut config = Config::new(first).map_err(|error| wrong_url(first, error))?;
        for seed in seeds {
            let seed = CanonicalUrl::parse(seed).map_err(|error| wrong_url(seed, error))?;
            config.seeds.push(seed);
        }
        if let Some(output) = self.output {
            config.output = output;
        }
        config.state = self.state_dir;
        config.fsync = self.fsync;
        if self.fresh {
            may_remove(&config.state_folder(), self.yes)?;
        }
        config.again = match (self.update, self.fresh) {
            (true, _) => Again::Update { purge: self.purge },
            (_, true) => Again::StartOver,
            _ => Again::GoOn,
        };
        config.resumable = !self.no_state;
        config.archive.compression = !self.no_archive_compression;
        if let Some(bytes) = self.archive_size {
            config.archive.segment_size = bytes;
        }
        config.jobs = NonZeroUsize::new(self.jobs.into()).unwrap_or(config.jobs);
        let fetch = &mut config.fetch;
        if let Some(timeout) = self.timeout {
            fetch.connect_timeout = timeout;
            fetch.head_timeout = timeout;
            fetch.idle_timeout = timeout;
        }
        if let Some(bytes) = self.max_filesize {
            fetch.max_body = bytes;
        }
        if let Some(user_agent) = self.user_agent {
            fetch.user_agent = user_agent;
        }
        if let Some(file) = self.ca_certificate {
            fetch.ca_certificates = certificates(&file)?;
        }
        Ok(config)
    }
}

/// The exit statuses, those of wget where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Complete = 0,
    Internal = 1,
    Usage = 2,
    File = 3,
    Network = 4,
    Server = 8,
    Interrupted = 11,
}

impl Exit {
    pub(crate) fn of(summary: &Summary) -> Self {
        let causes = [
            (summary.internal > 0, Exit::Internal),
            (summary.not_written > 0, Exit::File),
            (summary.stopped, Exit::Interrupted),
            (summary.unreached > 0, Exit::Network),
            (summary.refused > 0, Exit::Server),
        ];
        let cause = causes.iter().find(|(applies, _)| *applies);
        cause.map_or(Exit::Complete, |(_, exit)| *exit)
    }

    pub(crate) fn of_error(error: &anyhow::Error) -> Self {
        if error.is::<WrongUsage>() {
            return Exit::Usage;
        }
        if error.is::<Unwritten>() {
            return Exit::File;
        }
        match error.downcast_ref() {
            Some(
                StartError::NoSeed
                | StartError::Resumable { .. }
                | StartError::State {
                    source: FrontierError::OtherCrawl { .. },
                    ..
                },
            ) => return Exit::Usage,
            Some(_) => return Exit::File,
            None => {}
        }
        match error.downcast_ref() {
            Some(
                CrawlError::Archive(_)
                | CrawlError::State(_)
                | CrawlError::Copy(_)
                | CrawlError::Update(_),
            ) => Exit::File,
            _ => Exit::Internal,
        }
    }

    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Says what can be done about an error, where that is not plain.
pub(crate) fn hint(error: &anyhow::Error) -> Option<&'static str> {
    match error.downcast_ref()? {
        StartError::State {
            source: FrontierError::OtherCrawl { .. },
            ..
        } => Some("another --output keeps both; --fresh removes that crawl and starts over"),
        StartError::Resumable { .. } => {
            Some("another --output keeps both; without --no-state it is gone on with")
        }
        StartError::State { .. } | StartError::Record { .. } | StartError::Archive { .. } => Some(
            "what was fetched is in the archive, and is left alone; another --output begins anew",
        ),
        _ => None,
    }
}

/// Marks an error of the one who typed the command.
#[derive(Clone, Debug)]
pub(crate) struct WrongUsage(String);

impl std::fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUsage {}

fn wrong_url(typed: &str, error: InvalidUrl) -> anyhow::Error {
    let hint = match &error {
        InvalidUrl::Syntax(_) if !typed.contains("://") => {
            match CanonicalUrl::parse(&format!("https://{typed}")) {
                Ok(url) => format!(" (did you mean {url} ?)"),
                Err(_) => String::new(),
            }
        }
        _ => String::new(),
    };
    anyhow::Error::new(error).context(WrongUsage(format!("cannot crawl `{typed}`{hint}")))
}

/// Asks whether what an earlier crawl left may be removed, if there is any.
fn may_remove(state: &Path, yes: bool) -> anyhow::Result<()> {
    if yes || !dragline::is_begun(state) {
        return Ok(());
    }
    let folder = state.display();
    if !io::stdin().is_terminal() {
        let needed = format!("--fresh removes the archive in `{folder}`; to do so, add --yes");
        return Err(WrongUsage(needed).into());
    }
    eprint!("Remove the archive and the state of the crawl in `{folder}`? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(WrongUsage("nothing was removed".to_owned()).into())
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    use dragline::PemObject as _;
    let unreadable = || {
        WrongUsage(format!(
            "cannot read certificates from `{}`",
            file.display()
        ))
    };
    let certificates = CertificateDer::pem_file_iter(file).with_context(unreadable)?;
    let certificates: Vec<_> = certificates
        .collect::<Result<_, _>>()
        .with_context(unreadable)?;
    if certificates.is_empty() {
        return Err(WrongUsage(format!("no certificate in `{}`", file.display())).into());
    }
    Ok(certificates)
}

fn seconds(typed: &str) -> Result<Duration, String> {
    let seconds: f64 = typed
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("must be more than 0".to_owned()),
    }
}

fn bytes(typed: &str) -> Result<u64, String> {
    let (number, unit) = match typed.to_ascii_lowercase().chars().last() {
        Some('k') => (&typed[..typed.len() - 1], 1 << 10),
        Some('m') => (&typed[..typed.len() - 1], 1 << 20),
        Some('g') => (&typed[..typed.len() - 1], 1 << 30),
        _ => (typed, 1),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "not a number of bytes".to_owned())?;
    number
        .checked_mul(unit)
        .ok_or_else(|| "too large".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn config(arguments: &[&str]) -> anyhow::Result<Config> {
        let typed = ["dragline"].iter().chain(arguments);
        Arguments::try_parse_from(typed)?.into_config()
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_fits_a_screen() {
        let help = Arguments::command()
            .term_width(80)
            .render_help()
            .to_string();
        assert!(help.lines().count() <= 40, "{help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 80),
            "{help}"
        );
    }

    #[test]
    fn what_is_typed_is_what_is_done() {
        let config = config(&[
            "http://h/",
            "-j",
            "3",
            "--output",
            "x",
            "-T",
            "2.5",
            "--max-filesize",
            "2M",
        ])
        .unwrap();
        assert_eq!((config.jobs.get(), config.output), (3, PathBuf::from("x")));
        assert_eq!(config.fetch.idle_timeout, Duration::from_millis(2500));
        assert_eq!(config.fetch.max_body, 2 << 20);
    }

    #[test]
    fn wrong_usage_is_told_apart_and_explained() {
        let check = |arguments: &[&str], message: &str| {
            let error = config(arguments).unwrap_err();
            assert_eq!(format!("{error:#}"), message);
            assert_eq!(Exit::of_error(&error), Exit::Usage);
        };
        check(
            &["example.org/a"],
            "cannot crawl `example.org/a` (did you mean https://example.org/a ?): not an absolute URL: \
             relative URL without a base",
        );
        check(
            &["not a url"],
            "cannot crawl `not a url`: not an absolute URL: relative URL without a base",
        );
        check(
            &["ftp://h/"],
            "cannot crawl `ftp://h/`: scheme `ftp` is neither http nor https",
        );
        for arguments in [
            &["http://h/", "-j", "0"][..],
            &["http://h/", "-j", "1025"],
            &["http://h/", "-T", "0"],
            &["http://h/", "--max-filesize", "x"],
            &[],
        ] {
            let error =
                Arguments::try_parse_from(["dragline"].iter().chain(arguments)).unwrap_err();
            assert_eq!(error.exit_code(), 2);
        }
    }

    #[test]
    fn of_several_causes_the_gravest_decides() {
        let exit = |change: fn(&mut Summary)| {
            let mut summary = Summary::default();
            change(&mut summary);
            Exit::of(&summary).code()
        };
        assert_eq!(exit(|_| ()), 0);
        assert_eq!(exit(|s| s.refused = 1), 8);
        assert_eq!(exit(|s| (s.refused, s.unreached) = (1, 1)), 4);
        assert_eq!(exit(|s| (s.unreached, s.stopped) = (1, true)), 11);
        assert_eq!(exit(|s| (s.unreached, s.not_written) = (1, 1)), 3);
        assert_eq!(exit(|s| (s.not_written, s.internal) = (1, 1)), 1);
    }
}
