use std::path::PathBuf;

use dragline::Config;

use crate::cli::value::bytes;

/// What is left, and where.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "a command line has flags")]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Folder for the copy [default: the host's name]
    #[arg(long = "output", value_name = "DIR")]
    folder: Option<PathBuf>,

    /// Show nothing but failures
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Folder for the archive and the crawl's state [default: DIR/.dragline]
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    state_dir: Option<PathBuf>,

    /// Wait for the disk at each step: a power cut loses no more than a kill
    #[arg(long, hide_short_help = true)]
    fsync: bool,

    /// Leave the copy alone: archive and state are removed when the crawl ends
    #[arg(long, hide_short_help = true, conflicts_with = "update")]
    no_archive: bool,

    /// Do not pack what is archived
    #[arg(long, hide_short_help = true)]
    no_archive_compression: bool,

    /// Begin a new archive file when one is so long; k, m and g are understood [default: 1g]
    #[arg(long, value_name = "BYTES", value_parser = bytes, hide_short_help = true)]
    archive_size: Option<u64>,
}

impl Output {
    pub(crate) fn apply(self, config: &mut Config) {
        if let Some(folder) = self.folder {
            config.output = folder;
        }
        config.state = self.state_dir;
        config.fsync = self.fsync;
        config.archive.compression = !self.no_archive_compression && !self.no_archive;
        config.keep_archive = !self.no_archive;
        if let Some(bytes) = self.archive_size {
            config.archive.segment_size = bytes;
        }
    }
}
