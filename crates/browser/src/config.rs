use std::path::PathBuf;
use std::time::Duration;

/// How a browser is started.
#[derive(Debug, Clone)]
pub struct Config {
    /// The program. Default: what [`find`](crate::find()) finds.
    pub binary: Option<PathBuf>,
    /// Width and height of what is seen of a page, in pixels. Default: 1280 by 800.
    pub viewport: (u32, u32),
    /// How long anything may take: the start, a page until it has settled, a command. Default: 30 seconds.
    pub timeout: Duration,
    /// How long a loaded page must have asked for nothing to count as settled. Default: 200 milliseconds.
    pub settle: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            binary: None,
            viewport: (1280, 800),
            timeout: Duration::from_secs(30),
            settle: Duration::from_millis(200),
        }
    }
}

/// What a page may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Default: [`Network::Loopback`].
    pub network: Network,
    /// Whether the page's scripts run; what [`Page::evaluate`](crate::Page::evaluate) is given does in any case.
    /// Default: yes.
    pub scripts: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            network: Network::Loopback,
            scripts: true,
        }
    }
}

/// What a page may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// This machine: `127.0.0.1` and `localhost`.
    Loopback,
    /// Nothing.
    Off,
}
