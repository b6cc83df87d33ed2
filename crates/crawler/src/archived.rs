use std::io::{self, Seek, Write};
use std::path::Path;
use std::time::SystemTime;

use archive::export::{self, About, Page};
use http::StatusCode;

use crate::StartError;
use crate::state::{All, read_all};

/// All that crawls have archived, to be written in the forms that other tools take.
#[derive(Debug)]
pub struct Archived(All);

impl Archived {
    /// Opens what is archived in a folder for state: [`Config::state_folder`]. As long as it is open,
    /// no crawl goes on there.
    ///
    /// [`Config::state_folder`]: crate::Config::state_folder
    ///
    /// # Errors
    ///
    /// There is nothing, or it cannot be read, or a crawl is at work there.
    pub fn open(state: &Path) -> Result<Self, StartError> {
        read_all(state).map(Archived)
    }

    /// Writes the index of all captures, sorted, in the form CDXJ.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn cdxj(&self, out: &mut impl Write) -> io::Result<()> {
        export::cdxj(&self.0.entries, io::BufWriter::new(out))
    }

    /// Writes the archive as a WACZ 1.1.1: its segments, their index, and a list of the pages.
    ///
    /// # Errors
    ///
    /// Those of `out`; or what is archived cannot be read.
    pub fn wacz(&self, out: &mut (impl Write + Seek)) -> io::Result<()> {
        let All {
            reader,
            entries,
            seeds,
            ..
        } = &self.0;
        let is_html = |it: &String| it.to_ascii_lowercase().starts_with("text/html");
        let pages = entries.iter().filter(|entry| {
            entry.status == StatusCode::OK && entry.content_type.as_ref().is_some_and(is_html)
        });
        let pages = pages.map(|entry| Page {
            url: &entry.url,
            date: entry.date,
            title: None,
        });
        let about = About {
            title: seeds,
            created: SystemTime::now(),
        };
        export::wacz(reader, entries, pages, &about, io::BufWriter::new(out))
    }
}
