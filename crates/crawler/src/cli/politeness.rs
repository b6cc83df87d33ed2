use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use dragline::{Config, StatusCode};

use crate::cli::WrongUsage;
use crate::cli::value::{bytes, seconds};

/// How servers are treated.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Politeness")]
pub(crate) struct Politeness {
    /// Requests in flight at once to one host [default: as many as --jobs]
    #[arg(long, value_name = "N", hide_short_help = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    host_concurrency: Option<u16>,

    /// Seconds between two requests to a host
    #[arg(short, long, value_name = "SECONDS", value_parser = seconds, hide_short_help = true)]
    wait: Option<Duration>,

    /// Vary --wait, from half to one and a half of it
    #[arg(long, requires = "wait", hide_short_help = true)]
    random_wait: bool,

    /// Receive at most so many bytes a second; k, m and g are understood
    #[arg(long, value_name = "BYTES", value_parser = bytes, hide_short_help = true)]
    limit_rate: Option<u64>,

    /// Ask on and on, however a server answers, but for its Retry-After
    #[arg(long, hide_short_help = true)]
    no_adaptive: bool,

    /// Do not heed robots.txt
    #[arg(long, hide_short_help = true)]
    no_robots: bool,

    /// As wget has it; only `robots=off` is understood
    #[arg(short, long, value_name = "COMMAND", hide = true)]
    execute: Option<String>,

    /// Try a URL so many times; 0 is without end
    #[arg(
        short,
        long,
        value_name = "N",
        default_value_t = 4,
        hide_short_help = true
    )]
    tries: u32,

    /// Wait at most so many seconds before another try [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, hide_short_help = true)]
    waitretry: Option<Duration>,

    /// Try again at these statuses [default: 408,429,502,503,504]
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        hide_short_help = true
    )]
    retry_on_http_error: Option<Vec<StatusCode>>,
}

impl Politeness {
    pub(crate) fn apply(self, config: &mut Config) -> anyhow::Result<()> {
        let politeness = &mut config.politeness;
        politeness.concurrency = self
            .host_concurrency
            .and_then(|it| NonZeroUsize::new(it.into()));
        politeness.delay = self.wait.unwrap_or_default();
        politeness.random_delay = self.random_wait;
        politeness.adaptive = !self.no_adaptive;
        politeness.robots = !self.no_robots;
        // What is more than fits is no bound.
        let rate = self.limit_rate.and_then(|it| u32::try_from(it).ok());
        politeness.bytes_a_second = rate.and_then(NonZeroU32::new);
        if let Some(command) = self.execute {
            let plain: String = command.to_ascii_lowercase().split_whitespace().collect();
            match plain.as_str() {
                "robots=off" => politeness.robots = false,
                "robots=on" => {}
                _ => {
                    let message = format!("-e understands `robots=off`, not `{command}`");
                    return Err(WrongUsage(message).into());
                }
            }
        }
        let tries = &mut config.tries;
        tries.most = if self.tries == 0 {
            u32::MAX
        } else {
            self.tries
        };
        if let Some(longest) = self.waitretry {
            tries.backoff.cap = longest;
        }
        if let Some(statuses) = self.retry_on_http_error {
            tries.statuses = statuses;
        }
        Ok(())
    }
}
