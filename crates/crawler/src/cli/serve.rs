//! `dragline serve`.

use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;
use dragline::{Replay, Server};
use tokio::runtime::Runtime;

use crate::cli::NotServed;
use crate::{interrupted, show};

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// The folder of the copy
    dir: PathBuf,

    /// Folder of the archive and the crawl's state [default: DIR/.dragline]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,

    /// Port to listen at; 0 is any free one [default: one that is the site's own, if it is free]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// Address to listen at. Others than 127.0.0.1 let other machines read what is archived
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,
}

impl Serve {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let runtime = Runtime::new().context("cannot start")?;
        let ended = runtime.block_on(self.serve());
        // A body that is read for someone is not waited for.
        runtime.shutdown_background();
        ended
    }

    async fn serve(&self) -> anyhow::Result<()> {
        let default = || self.dir.join(dragline::STATE_FOLDER);
        let replay = dragline::replay(&self.state_dir.clone().unwrap_or_else(default))?;
        let server = self.listen(replay).await?;
        let url = server.url();
        // Whoever started it may not be interested.
        let _ = writeln!(io::stdout(), "{url}").and_then(|()| io::stdout().flush());
        let replay = server.replay();
        show::line(&format!(
            "serving {} captures of {} hosts; Ctrl-C ends",
            replay.captures(),
            replay.hosts(),
        ));
        for seed in replay.seeds().filter(|seed| seed != "/") {
            show::line(&format!("begin at {}{seed}", url.trim_end_matches('/')));
        }
        tokio::select! {
            ended = interrupted() => ended.context("cannot wait for Ctrl-C"),
            never = server.run() => match never {},
        }
    }

    async fn listen(&self, replay: Replay) -> anyhow::Result<Server> {
        let port = self.port.unwrap_or_else(|| own_port(&replay));
        let address = SocketAddr::new(self.bind, port);
        let bound = match Server::bind(replay, address).await {
            Err((replay, error))
                if self.port.is_none() && error.kind() == io::ErrorKind::AddrInUse =>
            {
                Server::bind(replay, SocketAddr::new(self.bind, 0)).await
            }
            bound => bound,
        };
        bound.map_err(|(_, error)| anyhow::Error::new(error).context(NotServed(address)))
    }
}

/// The port that a site is at: the same each time, so that its address is, and another for another
/// site, since what a browser keeps of a site (storage, service workers) it keeps by its port. It is
/// none of those that systems give away.
fn own_port(replay: &Replay) -> u16 {
    let seeds: Vec<_> = replay.seed_urls().collect();
    let hash = crc32fast::hash(seeds.join(" ").as_bytes());
    // At most 11,999.
    FIRST_PORT + u16::try_from(hash % PORTS).unwrap_or_default()
}

const FIRST_PORT: u16 = 20_000;
const PORTS: u32 = 12_000;
