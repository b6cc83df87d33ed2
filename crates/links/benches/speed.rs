//! How fast links are found, in MB/s of one core, over a folder of real documents, and over the worst
//! that a megabyte can hold.
//!
//! `cargo bench -p dragline-links -- FOLDER` (for instance, of Debian's `python3.11-doc`)
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints figures"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, io};

use dragline_links::{Format, extract};
use rustix::time::{ClockId, clock_gettime};
use url::Url;

fn main() -> io::Result<()> {
    // Cargo passes `--bench`.
    let folders = env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'));
    for folder in folders {
        let mut files = Vec::new();
        collect(Path::new(&folder), &mut files)?;
        for (name, ending, format) in FORMATS {
            let of_it = files
                .iter()
                .filter(|file| file.to_string_lossy().ends_with(ending));
            let contents = of_it.map(fs::read).collect::<Result<Vec<_>, _>>()?;
            real(name, &contents, format);
        }
    }
    for (name, format, piece) in WORST {
        let mut content = piece.repeat(MEGABYTE / piece.len()).into_bytes();
        let (links, once) = best(3, || find(&content, format));
        content.extend_from_within(..);
        let (_, twice) = best(3, || find(&content, format));
        println!(
            "{:>8.2} ms for 1 MiB, {:>4.2} times that for 2, {links:>6} links: {name:?}",
            once.as_secs_f64() * 1e3,
            twice.as_secs_f64() / once.as_secs_f64(),
        );
    }
    Ok(())
}

fn real(name: &str, contents: &[Vec<u8>], format: Format) {
    let bytes: usize = contents.iter().map(Vec::len).sum();
    if bytes == 0 {
        return;
    }
    let all = || {
        contents
            .iter()
            .map(|content| find(content, format))
            .sum::<usize>()
    };
    let (links, time) = best(5, all);
    let speed = bytes as f64 / 1e6 / time.as_secs_f64();
    println!(
        "{speed:>8.0} MB/s {name}: {} files, {bytes} bytes, {links} links",
        contents.len()
    );
}

fn find(content: &[u8], format: Format) -> usize {
    let url = Url::parse("http://example.org/a/b/c").expect("it is a URL");
    extract(content, format, None, &url).len()
}

/// The least time of some runs.
fn best(runs: usize, mut run: impl FnMut() -> usize) -> (usize, Duration) {
    let mut least = Duration::MAX;
    let mut links = 0;
    for _ in 0..runs {
        let begin = running();
        links = run();
        least = least.min(running().saturating_sub(begin));
    }
    (links, least)
}

/// The time that this thread ran: others may want the machine, too.
fn running() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(())
}

const MEGABYTE: usize = 1 << 20;

const FORMATS: [(&str, &str, Format); 3] = [
    ("HTML", ".html", Format::Html),
    ("CSS", ".css", Format::Css),
    ("JavaScript", ".js", Format::Script),
];

const WORST: [(&str, Format, &str); 27] = [
    ("links", Format::Html, "<a href=x>"),
    ("open elements", Format::Html, "<div>"),
    ("foreign elements", Format::Html, "<svg>"),
    ("NULs", Format::Html, "\0"),
    ("ends", Format::Html, "</"),
    ("less-than", Format::Html, "<"),
    ("attributes", Format::Html, "<a href=x "),
    ("comments", Format::Html, "<!-- --!"),
    ("references", Format::Html, "<a href='&amp;&notit;&#x41'>"),
    ("one long srcset", Format::Html, "<img srcset='a 1x, b"),
    ("styles", Format::Html, "<p style='a:url(b)'>"),
    ("empty styles", Format::Html, "<style></style>"),
    ("a style that never ends", Format::Html, "<style>url("),
    ("scripts that hide", Format::Html, "<script><!--<script>"),
    ("other than ASCII", Format::Html, "<a href='é'>é"),
    ("blocks", Format::Css, "{[("),
    ("urls", Format::Css, "url(a)"),
    (
        "documents",
        Format::Html,
        "<iframe srcdoc='<a href=&quot;x&quot;>'></iframe>",
    ),
    (
        "names",
        Format::Html,
        "<link rel='a a a a a a a a a a a a a a a a a' href=x>",
    ),
    (
        "guards",
        Format::Html,
        "<img integrity crossorigin integrity srcset='a,b 1x, c'>",
    ),
    ("bases", Format::Html, "<object codebase=a archive='b c'>"),
    ("elements of XML", Format::Xml, "<a xml:base='b'>"),
    (
        "items",
        Format::Xml,
        "<rss><description>&lt;a href=x></description>",
    ),
    ("imports", Format::Script, "import'./x';"),
    ("templates", Format::Script, "import`${{"),
    ("keys", Format::Manifest, "{\"icons\":[\"src\":\"x\","),
    ("escapes", Format::Css, "\\61 url(\\62)"),
];
