use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use dragline::{CertificateDer, Config};

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

    /// Longest body in bytes, also as k, m, g [default: 256m]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    max_filesize: Option<u64>,

    /// What to call ourselves [default: dragline/VERSION]
    #[arg(short = 'U', long, value_name = "NAME")]
    user_agent: Option<String>,

    /// Certificate authorities to trust beside the system's (PEM)
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    ca_certificate: Option<PathBuf>,
}

impl Requests {
    pub(crate) fn apply(self, config: &mut Config) -> anyhow::Result<()> {
        config.jobs = NonZeroUsize::new(self.jobs.into()).unwrap_or(config.jobs);
        let fetch = &mut config.fetch;
        if let Some(timeout) = self.timeout {
            fetch.connect_timeout = timeout;
            fetch.head_timeout = timeout;
            fetch.idle_timeout = timeout;
        }
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
