use std::path::PathBuf;

use anyhow::Result;

use crate::cargo;

/// Which pages of a site are looked at, and where it is kept.
#[derive(Debug, clap::Args)]
pub(super) struct Sample {
    /// The number of pages to look at of each, spread evenly over it
    #[arg(long, value_name = "N", default_value_t = 60)]
    pages: usize,

    /// Where packages are kept once they are downloaded [default: sites in cargo's target folder]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl Sample {
    pub(super) fn cache(&self) -> Result<PathBuf> {
        match &self.cache {
            Some(cache) => Ok(cache.clone()),
            None => Ok(cargo::target_directory()?.join("sites")),
        }
    }

    /// Returns some of these, spread evenly.
    pub(super) fn of<'a, T>(
        &self,
        all: &'a [T],
    ) -> impl Iterator<Item = &'a T> + Clone + use<'a, T> {
        let wanted = self.pages.min(all.len());
        (0..wanted).map(move |number| &all[number * all.len() / wanted])
    }
}
