use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use dragline::{CertificateDer, Config, PrivateAddresses, is_private_host};

use crate::cli::WrongUsage;
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

impl Requests {
    /// To be called when the seeds are known.
    pub(crate) fn apply(self, config: &mut Config) -> anyhow::Result<()> {
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
        let mut seeds = config.seeds.iter();
        let is_public = !seeds.any(|seed| is_private_host(&seed.to_url()));
        if self.no_private_addresses || (is_public && !self.private_addresses) {
            fetch.addresses.private = PrivateAddresses::Refuse;
        }
        fetch.tls.insecure = self.no_check_certificate;
        if let Some(bytes) = self.max_filesize {
            fetch.max_body = bytes;
        }
        if let Some(user_agent) = self.user_agent {
            fetch.user_agent = user_agent;
        }
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
