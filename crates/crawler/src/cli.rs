//! The command line: as typed, and what follows from it. A file a group of flags.

mod earlier;
mod exit;
mod export;
mod identity;
mod limits;
mod network;
mod output;
mod politeness;
mod requests;
mod scope;
mod seeds;
mod serve;
mod value;
mod verify;
mod wget;

use clap::Parser;
use dragline::Config;

use crate::cli::earlier::Earlier;
use crate::cli::exit::{EXIT_CODES, VERIFY_CODES};
pub(crate) use crate::cli::exit::{Exit, NotServed, Unwritten, WrongUsage, hint};
use crate::cli::export::Export;
use crate::cli::identity::{Identity, Saved};
use crate::cli::limits::Limits;
use crate::cli::network::Network;
use crate::cli::output::Output;
use crate::cli::politeness::Politeness;
use crate::cli::requests::Requests;
use crate::cli::scope::Scope;
use crate::cli::seeds::Seeds;
use crate::cli::serve::Serve;
use crate::cli::verify::Verify;
use crate::cli::wget::Anyway;

/// Keep a web site: an archive of it (WARC), and a copy that opens offline
///
/// Fetches its pages and all that they need.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
#[command(subcommand_help_heading = "Or", disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    seeds: Seeds,

    #[command(flatten)]
    pub(crate) output: Output,

    #[command(flatten)]
    scope: Scope,

    #[command(flatten)]
    pub(crate) earlier: Earlier,

    #[command(flatten)]
    requests: Requests,

    #[command(flatten)]
    identity: Identity,

    #[command(flatten)]
    network: Network,

    #[command(flatten)]
    politeness: Politeness,

    #[command(flatten)]
    limits: Limits,

    #[command(flatten)]
    anyway: Anyway,
}

/// What is done beside crawling.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Write what is archived in the forms that other tools take
    Export(Export),
    /// Answer browsers from what is archived, as if the site were online
    Serve(Serve),
    /// Prove that the copy is what was archived, and hangs together
    #[command(after_help = VERIFY_CODES)]
    Verify(Verify),
}

impl Arguments {
    /// Reads the command line; ends the program if it is wrong.
    pub(crate) fn typed() -> Self {
        let typed = std::env::args_os().flat_map(wget::spelled_out);
        Self::try_parse_from(typed).unwrap_or_else(|error| wget::with_hint(error).exit())
    }

    /// Returns what is to be done, and where cookies go at the end.
    pub(crate) fn into_config(self) -> anyhow::Result<(Config, Option<Saved>)> {
        let (typed, mut config) = self.seeds.into_config()?;
        self.output.apply(&mut config);
        self.scope.apply(self.anyway.recursive > 0, &mut config)?;
        self.requests.apply(&mut config);
        let variable = |name: &str| std::env::var(name).ok();
        self.network.apply(&mut config, variable)?;
        self.politeness.apply(&mut config)?;
        self.limits.apply(&mut config);
        self.earlier.apply(&mut config)?;
        let saved = self.identity.apply(&typed, &mut config)?;
        Ok((config, saved))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use clap::CommandFactory;
    use dragline::PrivateAddresses;

    fn config(arguments: &[&str]) -> anyhow::Result<Config> {
        let typed = ["dragline"].iter().chain(arguments);
        let (config, _) = Arguments::try_parse_from(typed)?.into_config()?;
        Ok(config)
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
        assert_eq!(config.fetch.rate_window, Duration::from_millis(2500));
        assert_eq!(config.fetch.max_body, 2 << 20);
    }

    #[test]
    fn private_addresses_are_refused_unless_a_seed_has_one() {
        let refused = |arguments: &[&str]| {
            let config = config(arguments).unwrap();
            config.fetch.addresses.private == PrivateAddresses::Refuse
        };
        assert!(refused(&["http://example.org/"]));
        assert!(refused(&["http://93.184.216.34/", "http://example.org/"]));
        assert!(!refused(&["http://example.org/", "http://192.168.0.1/"]));
        assert!(!refused(&["http://localhost:8000/"]));
        assert!(refused(&["http://localhost/", "--no-private-addresses"]));
        assert!(!refused(&["http://example.org/", "--private-addresses"]));
    }

    #[test]
    fn wget_users_find_their_flags() {
        let config = config(&[
            "http://h/",
            "-w",
            "2",
            "--random-wait",
            "-t",
            "0",
            "-Q",
            "5m",
            "-e",
            "robots=off",
            "--connect-timeout",
            "3",
            "--retry-on-http-error",
            "500,503",
            "--waitretry",
            "7",
        ])
        .unwrap();
        let politeness = &config.politeness;
        assert_eq!(politeness.delay, Duration::from_secs(2));
        assert!(politeness.random_delay && !politeness.robots);
        assert_eq!(config.limits.bytes, Some(5 << 20));
        assert_eq!(config.fetch.connect_timeout, Duration::from_secs(3));
        assert_eq!(config.tries.most, u32::MAX);
        assert_eq!(config.tries.backoff.cap, Duration::from_secs(7));
        assert_eq!(config.tries.statuses.len(), 2);
        let error = super::tests::config(&["http://h/", "-e", "robots=maybe"]).unwrap_err();
        assert_eq!(Exit::of_error(&error), Exit::Usage);
    }

    #[test]
    fn the_scope_is_what_its_flags_say() {
        let scope = |typed: &str| {
            let typed = typed.split(' ').flat_map(|it| wget::spelled_out(it.into()));
            let typed = ["dragline", "http://h/"]
                .map(Into::into)
                .into_iter()
                .chain(typed);
            let arguments = Arguments::try_parse_from(typed).unwrap();
            arguments.into_config().unwrap().0.scope.to_string()
        };
        for same in [
            "--level=3",
            "--page-requisites",
            "--no-parent",
            "--span-hosts",
            "--domains=a.org,b.org --span-hosts",
            "--exclude-domains=ads.org",
            "--include-directories=/a,/b/*",
            "--exclude-directories=/tmp",
            "--accept=pdf,a*.gif",
            "--reject=zip --ignore-case",
            "--accept-regex=x{1,2}",
            "--reject-regex=[?]",
            "--page-requisites-hosts=same",
        ] {
            assert_eq!(scope(same), same);
            let read: Result<dragline::Rules, _> = same.parse();
            assert_eq!(read.map(|rules| rules.to_string()), Ok(same.to_owned()));
        }
        for (short, long) in [
            ("-l 2", "--level=2"),
            ("-l 0", ""),
            ("-l inf", ""),
            ("-p", "--page-requisites"),
            ("-np", "--no-parent"),
            ("-mkEpnp", "--no-parent"),
            ("-r -l 2 -p -k -nH -nv -c -K", "--level=2"),
            ("-H -D a", "--domains=a --span-hosts"),
            (
                "-I a -X b",
                "--include-directories=/a --exclude-directories=/b",
            ),
            ("-A a -A b -R c", "--accept=a,b --reject=c"),
            ("--page-requisites-hosts any", ""),
        ] {
            assert_eq!(scope(short), long);
        }
        for wrong in [["-A", "a["], ["-p", "-l2"]] {
            let error = config(&[&["http://h/"][..], &wrong].concat()).unwrap_err();
            assert_eq!(Exit::of_error(&error), Exit::Usage);
        }
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
}
