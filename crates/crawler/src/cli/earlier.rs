use std::io::{self, IsTerminal as _};
use std::path::Path;

use dragline::{Again, Config};

use crate::cli::WrongUsage;

/// What becomes of a crawl that is there already.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "a command line has flags")]
#[command(next_help_heading = "Earlier crawls")]
pub(crate) struct Earlier {
    /// Crawl a finished crawl again, for what is new
    #[arg(long, conflicts_with_all = ["fresh", "no_state"])]
    update: bool,

    /// With --update: remove what is gone from the copy (the archive keeps it)
    #[arg(long, requires = "update", hide_short_help = true)]
    purge: bool,

    /// With --update: print what is new, changed or gone, as lines of JSON
    #[arg(long, requires = "update", hide_short_help = true)]
    pub(crate) changes: bool,

    /// Start over; removes archive and copy of an earlier crawl
    #[arg(long)]
    fresh: bool,

    /// Do not ask
    #[arg(short, long, hide_short_help = true)]
    yes: bool,

    /// Keep no state: a later run cannot go on
    #[arg(long, hide_short_help = true)]
    no_state: bool,
}

impl Earlier {
    /// To be called when it is known where the state is.
    pub(crate) fn apply(self, config: &mut Config) -> anyhow::Result<()> {
        if self.fresh {
            may_remove(&config.state_folder(), self.yes)?;
        }
        config.again = match (self.update, self.fresh) {
            (true, _) => Again::Update { purge: self.purge },
            (_, true) => Again::StartOver,
            _ => Again::GoOn,
        };
        config.resumable = !self.no_state;
        Ok(())
    }
}

/// Asks whether what an earlier crawl left may be removed, if there is any.
fn may_remove(state: &Path, yes: bool) -> anyhow::Result<()> {
    if yes || !dragline::is_begun(state) {
        return Ok(());
    }
    let folder = state.display();
    if !io::stdin().is_terminal() {
        let needed =
            format!("--fresh removes the archive in `{folder}` and its copy; to do so, add --yes");
        return Err(WrongUsage(needed).into());
    }
    eprint!("Remove the archive, the state and the copy of the crawl in `{folder}`? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(WrongUsage("nothing was removed".to_owned()).into())
}
