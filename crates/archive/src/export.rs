//! Views of an archive for other tools: its index as CDXJ, all of it as WACZ.

use std::collections::BTreeSet;
use std::io::{self, Seek, Write};
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::digest::Hasher;
use crate::entry::Kind;
use crate::section::Section;
use crate::{Algorithm, Digest, Entry, Reader};

/// What a WACZ says of itself.
#[derive(Clone, Debug)]
pub struct About<'a> {
    /// What it is called.
    pub title: &'a str,
    /// When it was made.
    pub created: SystemTime,
}

/// A page that a WACZ shows in its list.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// Its URL.
    pub url: &'a str,
    /// When it was captured.
    pub date: SystemTime,
    /// What it is called, if it has a name.
    pub title: Option<&'a str>,
}

/// Writes an index, sorted, a line a capture. The lines are held in memory.
///
/// An answer [`304`](crate::Archive::append_not_modified) is left out: replaying tools would answer
/// with it, where the earlier capture is what can be shown.
///
/// # Errors
///
/// Those of `out`.
pub fn cdxj<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    mut out: impl Write,
) -> io::Result<()> {
    for line in lines(entries) {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// Writes an archive as a WACZ 1.1.1: the segments that `entries` are in, their index and a list of
/// pages.
///
/// # Errors
///
/// Those of `out`; or a segment cannot be read.
pub fn wacz<'a>(
    reader: &Reader,
    entries: impl IntoIterator<Item = &'a Entry>,
    pages: impl IntoIterator<Item = Page<'a>>,
    about: &About<'_>,
    out: impl Write + Seek,
) -> io::Result<()> {
    let mut segments = BTreeSet::new();
    let entries = entries.into_iter().inspect(|entry| {
        segments.extend([entry.position(), entry.head(), entry.body()].map(|at| at.segment));
    });
    let lines = lines(entries);
    let mut package = Package {
        zip: ZipWriter::new(out),
        resources: Vec::new(),
    };
    package.add_index(&lines)?;
    drop(lines);
    package.add("pages/pages.jsonl", |out| write_pages(pages, out))?;
    for number in segments {
        let (segment, file) = reader.open(number)?;
        package.add(&format!("archive/{segment}"), |out| {
            io::copy(&mut Section::new(file, 0, None), out).map(drop)
        })?;
    }
    package.finish(about)
}

fn lines<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<String> {
    let entries = entries.into_iter();
    let shown = entries.filter(|entry| !matches!(entry.kind, Kind::NotModified { .. }));
    let mut lines: Vec<_> = shown.map(Entry::to_string).collect();
    lines.sort_unstable();
    lines
}

fn write_pages<'a>(
    pages: impl IntoIterator<Item = Page<'a>>,
    mut out: &mut dyn Write,
) -> io::Result<()> {
    let header = PagesHeader {
        format: "json-pages-1.0",
        id: "pages",
        title: "All Pages",
    };
    write_json(&header, &mut out)?;
    for (number, page) in pages.into_iter().enumerate() {
        let line = PageLine {
            id: (number + 1).to_string(),
            url: page.url,
            ts: rfc3339(page.date),
            title: page.title,
        };
        write_json(&line, &mut out)?;
    }
    Ok(())
}

/// A WACZ in the making.
struct Package<W: Write + Seek> {
    zip: ZipWriter<W>,
    resources: Vec<Resource>,
}

impl<W: Write + Seek> Package<W> {
    /// Adds the index in blocks, and the index of the blocks.
    fn add_index(&mut self, lines: &[String]) -> io::Result<()> {
        let mut blocks = String::from(
            "!meta 0 {\"format\": \"cdxj-gzip-1.0\", \"filename\": \"index.cdx.gz\"}\n",
        );
        let mut offset = 0;
        self.add("indexes/index.cdx.gz", |out| {
            for lines in lines.chunks(BLOCK_LINES) {
                let mut block = GzEncoder::new(Vec::new(), Compression::default());
                for line in lines {
                    writeln!(block, "{line}")?;
                }
                let block = block.finish()?;
                let key = lines[0].split('{').next().unwrap_or_default();
                let digest = Digest::of(&block);
                let length = block.len();
                blocks.push_str(&format!(
                    "{key}{{\"offset\": {offset}, \"length\": {length}, \"digest\": \"{digest}\"}}\n"
                ));
                offset += length;
                out.write_all(&block)?;
            }
            Ok(())
        })?;
        self.add("indexes/index.idx", |out| out.write_all(blocks.as_bytes()))
    }

    /// Adds a file, which is listed with its digest.
    fn add(
        &mut self,
        path: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        // Readers take records out of it by their offset: nothing is packed (once more).
        let options =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        self.zip.start_file(path, options.large_file(true))?;
        let mut out = Digesting {
            out: &mut self.zip,
            hasher: Hasher::new(Algorithm::Sha256),
            bytes: 0,
        };
        write(&mut out)?;
        self.resources.push(Resource {
            name: path.rsplit('/').next().unwrap_or_default().to_owned(),
            path: path.to_owned(),
            hash: out.hasher.finish().to_string(),
            bytes: out.bytes,
        });
        Ok(())
    }

    fn finish(mut self, about: &About<'_>) -> io::Result<()> {
        let mut package = Vec::new();
        let resources = std::mem::take(&mut self.resources);
        let description = DataPackage {
            profile: "data-package",
            resources,
            title: about.title,
            created: rfc3339(about.created),
            wacz_version: "1.1.1",
            software: concat!("dragline/", env!("CARGO_PKG_VERSION")),
        };
        write_json(&description, &mut package)?;
        let digest = PackageDigest {
            path: "datapackage.json",
            hash: Digest::of(&package).to_string(),
        };
        self.add("datapackage.json", |out| out.write_all(&package))?;
        self.add("datapackage-digest.json", |mut out| {
            write_json(&digest, &mut out)
        })?;
        self.zip.finish()?.flush()
    }
}

/// Takes the digest of what passes.
struct Digesting<'a, W: Write> {
    out: &'a mut W,
    hasher: Hasher,
    bytes: u64,
}

impl<W: Write> Write for Digesting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[derive(Serialize)]
struct PagesHeader<'a> {
    format: &'a str,
    id: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
struct PageLine<'a> {
    id: String,
    url: &'a str,
    ts: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
}

#[derive(Serialize)]
struct DataPackage<'a> {
    profile: &'a str,
    resources: Vec<Resource>,
    title: &'a str,
    created: String,
    wacz_version: &'a str,
    software: &'a str,
}

#[derive(Serialize)]
struct Resource {
    name: String,
    path: String,
    hash: String,
    bytes: u64,
}

#[derive(Serialize)]
struct PackageDigest<'a> {
    path: &'a str,
    hash: String,
}

fn write_json(value: &impl Serialize, mut out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")
}

fn rfc3339(date: SystemTime) -> String {
    humantime::format_rfc3339_seconds(crate::entry::whole_micros(date)).to_string()
}

/// As many as other writers of WACZ take.
const BLOCK_LINES: usize = 1024;
