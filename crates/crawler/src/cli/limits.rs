use std::time::Duration;

use dragline::Config;

use crate::cli::value::{bytes, seconds};

/// Where a crawl ends before it has everything.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits (what is left is gone on with by the same command)")]
pub(crate) struct Limits {
    /// End when so many URLs are fetched
    #[arg(long, value_name = "N", hide_short_help = true)]
    max_pages: Option<usize>,

    /// End when so many bytes are received; k, m and g are understood
    #[arg(short = 'Q', long, value_name = "BYTES", value_parser = bytes, hide_short_help = true)]
    quota: Option<u64>,

    /// Fetch also what leads on without end and says nothing new (calendars, sessions, filters)
    #[arg(long, hide_short_help = true)]
    no_traps: bool,

    /// End after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, hide_short_help = true)]
    max_time: Option<Duration>,
}

impl Limits {
    pub(crate) fn apply(self, config: &mut Config) {
        config.traps = !self.no_traps;
        config.limits = dragline::Limits {
            pages: self.max_pages,
            bytes: self.quota,
            time: self.max_time,
        };
    }
}
