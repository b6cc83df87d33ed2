use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dragline::{
    CertificateDer, Config, Family, Override, PrivateAddresses, Proxies, ProxyRules,
    is_private_host,
};

use crate::cli::WrongUsage;

/// How servers are reached. Without --proxy, the proxies are those of the environment (`http_proxy`,
/// `https_proxy`, `all_proxy`, `no_proxy`), for all but this machine.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "a command line has flags")]
#[command(next_help_heading = "Network")]
pub(crate) struct Network {
    /// Go through a proxy: http, https, socks5 or socks5h [default: as the environment says]
    #[arg(long, value_name = "URL", hide_short_help = true)]
    proxy: Option<String>,

    /// Go through no proxy, whatever the environment says
    #[arg(long, conflicts_with = "proxy", hide_short_help = true)]
    no_proxy: bool,

    /// Connect to this address for that host and port (HOST:PORT:ADDRESS[,ADDRESS])
    #[arg(long, value_name = "RULE", hide_short_help = true)]
    resolve: Vec<Override>,

    /// Connect to IPv4 addresses alone
    #[arg(
        short = '4',
        long,
        visible_alias = "inet4-only",
        hide_short_help = true
    )]
    ipv4: bool,

    /// Connect to IPv6 addresses alone
    #[arg(
        short = '6',
        long,
        visible_alias = "inet6-only",
        conflicts_with = "ipv4",
        hide_short_help = true
    )]
    ipv6: bool,

    /// Connect from this address
    #[arg(long, value_name = "ADDRESS", hide_short_help = true)]
    bind_address: Option<IpAddr>,

    /// Speak HTTP/2 with servers that can: one connection to each
    #[arg(long, hide_short_help = true)]
    http2: bool,

    /// Never connect to private addresses (loopback, private, link-local, metadata) [default: when
    /// no seed has one]
    #[arg(long, hide_short_help = true)]
    no_private_addresses: bool,

    /// Connect to private addresses, though no seed has one
    #[arg(long, conflicts_with = "no_private_addresses", hide_short_help = true)]
    private_addresses: bool,

    /// Do not verify certificates
    #[arg(long, hide_short_help = true)]
    no_check_certificate: bool,

    /// Certificate authorities to trust beside the system's (PEM)
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    ca_certificate: Option<PathBuf>,
}

impl Network {
    /// To be called when the seeds are known. `variable` reads the environment.
    pub(crate) fn apply(
        self,
        config: &mut Config,
        variable: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<()> {
        let mut seeds = config.seeds.iter();
        let is_public = !seeds.any(|seed| is_private_host(&seed.to_url()));
        let fetch = &mut config.fetch;
        fetch.proxies = match &self.proxy {
            _ if self.no_proxy => Proxies::default(),
            None => Proxies::from_env(variable)
                .context(WrongUsage("the environment names a proxy".to_owned()))?,
            Some(proxy) => {
                let none = ["no_proxy", "NO_PROXY"].into_iter().find_map(variable);
                let rules = ProxyRules {
                    all: proxy.clone(),
                    none: none.unwrap_or_default(),
                    ..ProxyRules::default()
                };
                // It is not shown: there may be a password in it.
                Proxies::new(&rules).context(WrongUsage("cannot use --proxy".to_owned()))?
            }
        };
        if self.no_private_addresses || (is_public && !self.private_addresses) {
            fetch.addresses.private = PrivateAddresses::Refuse;
        }
        fetch.addresses.family = match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        };
        fetch.addresses.overrides = self.resolve;
        fetch.addresses.bind = self.bind_address;
        fetch.tls.http2 = self.http2;
        fetch.tls.insecure = self.no_check_certificate;
        if let Some(file) = self.ca_certificate {
            fetch.tls.authorities = certificates(&file)?;
        }
        Ok(())
    }
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
