use std::time::Duration;

use crate::{Addresses, Cookies, Credentials, Proxies, Tls};

/// How to fetch, and the bounds of it.
///
/// With the default, every request ends: a body that keeps coming ends at the latest with
/// [`max_body`](Self::max_body), and comes at [`min_rate`](Self::min_rate) or is given up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The `User-Agent` field. Characters that a header field cannot carry are left out.
    /// Default: `dragline/VERSION`.
    pub user_agent: String,
    /// The longest time to connect to one address. Default: 10 s.
    pub connect_timeout: Duration,
    /// The longest time from the request, connecting included, to the response's whole head: also
    /// of one that comes byte by byte, or after interim responses. Default: 30 s.
    pub head_timeout: Duration,
    /// The longest time in which nothing more of a body arrives. Default: 30 s.
    pub idle_timeout: Duration,
    /// The fewest bytes a second at which a body may come, looked at each time that
    /// [`rate_window`](Self::rate_window) was spent waiting for it; 0: any. Default: 1024.
    pub min_rate: u64,
    /// How long a body may come slower than [`min_rate`](Self::min_rate). Time in which nobody
    /// waits for the body, because the receiver is busy, does not count. Default: 30 s.
    pub rate_window: Duration,
    /// The longest time from the request to the end of the body, whatever is received meanwhile;
    /// `None`: as long as the other limits allow. Default: `None`, for large bodies take long.
    pub whole_timeout: Option<Duration>,
    /// The longest body, in bytes as received. Default: 256 MiB.
    pub max_body: u64,
    /// Which addresses to connect to.
    pub addresses: Addresses,
    /// The proxies to go through. Default: none.
    pub proxies: Proxies,
    /// How to secure connections.
    pub tls: Tls,
    /// What only some servers may know. Default: nothing.
    pub credentials: Credentials,
    /// Where cookies are kept; `None`: they are ignored. Default: `None`.
    pub cookies: Option<Cookies>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            user_agent: concat!("dragline/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            min_rate: 1024,
            rate_window: Duration::from_secs(30),
            whole_timeout: None,
            max_body: 256 << 20,
            addresses: Addresses::default(),
            proxies: Proxies::default(),
            tls: Tls::default(),
            credentials: Credentials::default(),
            cookies: None,
        }
    }
}
