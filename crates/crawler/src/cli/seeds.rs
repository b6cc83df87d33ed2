use std::path::{Path, PathBuf};

use dragline::{CanonicalUrl, Config, InvalidUrl};

use crate::cli::WrongUsage;
use crate::cli::value::read;

/// Where a crawl begins.
#[derive(Debug, clap::Args)]
pub(crate) struct Seeds {
    /// Where to begin; links are followed on its host
    #[arg(value_name = "URL", required_unless_present = "input_file")]
    urls: Vec<String>,

    /// Begin at the URLs in a file too: one a line, but for blank lines and those that begin with `#`;
    /// `-` is standard input
    #[arg(short, long, value_name = "FILE", hide_short_help = true)]
    input_file: Option<PathBuf>,
}

impl Seeds {
    /// Returns what was typed and what stands in the file, and a crawl that begins there.
    pub(crate) fn into_config(self) -> anyhow::Result<(Vec<String>, Config)> {
        let typed = self.urls.into_iter().map(|url| (String::new(), url));
        let listed = self.input_file.as_deref().map(lines).transpose()?;
        let seeds: Vec<_> = typed.chain(listed.into_iter().flatten()).collect();
        let urls = seeds.iter().map(|(place, seed)| {
            CanonicalUrl::parse(seed).map_err(|error| wrong_url(place, seed, error))
        });
        let urls = urls.collect::<Result<_, _>>()?;
        let (_, first) = seeds.first().ok_or_else(no_url)?;
        let mut config = Config::new(first)?;
        config.seeds = urls;
        Ok((seeds.into_iter().map(|(_, seed)| seed).collect(), config))
    }
}

/// The lines of a file that say something, each with its place.
fn lines(file: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let text = read(file)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let at = |n| format!(" ({}, line {n})", file.display());
    Ok(lines
        .map(|(n, line)| (at(n + 1), line.to_owned()))
        .collect())
}

fn no_url() -> WrongUsage {
    WrongUsage("no URL given".to_owned())
}

fn wrong_url(place: &str, typed: &str, error: InvalidUrl) -> anyhow::Error {
    let hint = match &error {
        InvalidUrl::Syntax(_) if !typed.contains("://") => {
            match CanonicalUrl::parse(&format!("https://{typed}")) {
                Ok(url) => format!(" (did you mean {url} ?)"),
                Err(_) => String::new(),
            }
        }
        _ => String::new(),
    };
    anyhow::Error::new(error).context(WrongUsage(format!("cannot crawl `{typed}`{hint}{place}")))
}
