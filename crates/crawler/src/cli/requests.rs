use std::num::NonZeroUsize;
use std::time::Duration;

use dragline::Config;

use crate::cli::value::{bytes, seconds};

/// How requests are made.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Requests")]
pub(crate) struct Requests {
    /// Requests in flight at once
    #[arg(short, long, value_name = "N", default_value_t = 8)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: u16,

    /// Seconds to wait for an answer, or for more of it
    #[arg(short = 'T', long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

    /// Seconds to wait for a connection
    #[arg(long, value_name = "SECONDS", value_parser = seconds, hide_short_help = true)]
    connect_timeout: Option<Duration>,

    /// Seconds to wait for more of an answer
    #[arg(long, value_name = "SECONDS", value_parser = seconds, hide_short_help = true)]
    read_timeout: Option<Duration>,

    /// Longest body, also as k, m, g [default: 256m]
    #[arg(long, value_name = "BYTES", value_parser = bytes, hide_short_help = true)]
    max_filesize: Option<u64>,

    /// What to call ourselves [default: dragline/VERSION]
    #[arg(short = 'U', long, value_name = "NAME")]
    user_agent: Option<String>,
}

impl Requests {
    pub(crate) fn apply(self, config: &mut Config) {
        config.jobs = NonZeroUsize::new(self.jobs.into()).unwrap_or(config.jobs);
        let fetch = &mut config.fetch;
        if let Some(timeout) = self.timeout {
            fetch.connect_timeout = timeout;
            fetch.head_timeout = timeout;
            fetch.idle_timeout = timeout;
            fetch.rate_window = timeout;
        }
        if let Some(timeout) = self.connect_timeout {
            fetch.connect_timeout = timeout;
        }
        if let Some(timeout) = self.read_timeout {
            (fetch.head_timeout, fetch.idle_timeout) = (timeout, timeout);
            fetch.rate_window = timeout;
        }
        if let Some(bytes) = self.max_filesize {
            fetch.max_body = bytes;
        }
        if let Some(user_agent) = self.user_agent {
            fetch.user_agent = user_agent;
        }
    }
}
