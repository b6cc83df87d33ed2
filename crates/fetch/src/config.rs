use std::time::Duration;

use crate::{Addresses, Cookies, Credentials, Proxies, Tls};

/// How to fetch, and the bounds of it.
#[derive(Clone, Debug)]
pub struct Config {
    /// The `User-Agent` field. Characters that a header field cannot carry are left out.
    /// Default: `dragline/VERSION`.
    pub user_agent: String,
    /// The longest time to connect to one address. Default: 10 s.
    pub connect_timeout: Duration,
    /// The longest time from the request, connecting included, to the response's whole head.
    /// Default: 30 s.
    pub head_timeout: Duration,
    /// The longest time in which nothing more of a body arrives. Default: 30 s.
    pub idle_timeout: Duration,
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
            max_body: 256 << 20,
            addresses: Addresses::default(),
            proxies: Proxies::default(),
            tls: Tls::default(),
            credentials: Credentials::default(),
            cookies: None,
        }
    }
}
