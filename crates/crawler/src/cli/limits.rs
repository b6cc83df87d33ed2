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

    /// Fetch so many URLs of a host at most
    #[arg(long, value_name = "N", hide_short_help = true)]
    max_per_host: Option<usize>,

    /// End when so many bytes are received; k, m and g are understood
    #[arg(short = 'Q', long, value_name = "BYTES", value_parser = bytes, hide_short_help = true)]
    quota: Option<u64>,

    /// Fetch at most so many pages of a site that lead on and say and show nothing new (calendars,
    /// sessions, filters), or one for each three answers that do, if that is more; as many again if only
    /// the query differs from the page they were found on; 0: all [default: 1000]
    #[arg(long, value_name = "N", hide_short_help = true)]
    max_alike: Option<usize>,

    /// End after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, hide_short_help = true)]
    max_time: Option<Duration>,
}

impl Limits {
    pub(crate) fn apply(self, config: &mut Config) {
        match self.max_alike {
            Some(0) => config.max_alike = None,
            Some(most) => config.max_alike = Some(most),
            None => {}
        }
        config.limits = dragline::Limits {
            pages: self.max_pages,
            pages_per_host: self.max_per_host,
            bytes: self.quota,
            time: self.max_time,
        };
    }
}
