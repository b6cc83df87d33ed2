//! How fast links are found, in MB/s of one core, over a folder of real documents, and over the worst
//! that a megabyte can hold. Beside HTML, what html5ever's tokenizer takes for every byte of it.
//!
//! `cargo xtask bench links`, or `cargo bench -p dragline-links -- [--json] FOLDER`
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints figures"
)]

use std::cell::Cell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs, io};

use dragline_links::{Format, extract};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use url::Url;

fn main() -> io::Result<ExitCode> {
    // Cargo passes `--bench`.
    let (flags, folders): (Vec<_>, Vec<_>) = env::args()
        .skip(1)
        .partition(|argument| argument.starts_with('-'));
    let mut files = Vec::new();
    for folder in folders {
        collect(Path::new(&folder), &mut files)?;
    }
    let mut table = Table::default();
    for (name, ending, format, bar) in FORMATS {
        let of_it = files
            .iter()
            .filter(|file| file.to_string_lossy().ends_with(ending));
        let contents = of_it.map(fs::read).collect::<Result<Vec<_>, _>>()?;
        table.real.extend(Real::of(name, &contents, format, bar));
    }
    table.worst = WORST.into_iter().map(Worst::of).collect();
    if flags.iter().any(|flag| flag == "--json") {
        println!("{:#}", table.json());
    } else {
        println!("{table}");
    }
    let is_met = table.missed().is_empty();
    Ok(if is_met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[derive(Default)]
struct Table {
    real: Vec<Real>,
    worst: Vec<Worst>,
}

/// Real documents of a format.
struct Real {
    name: &'static str,
    files: usize,
    bytes: usize,
    links: usize,
    speed: f64,
    /// That of html5ever's tokenizer.
    tokenizer: Option<f64>,
    /// What the speed must be, at least.
    bar: Option<f64>,
}

/// A megabyte of one thing.
struct Worst {
    name: &'static str,
    links: usize,
    time: Duration,
    /// How many times as long two megabytes take.
    growth: f64,
}

impl Table {
    fn missed(&self) -> Vec<String> {
        let is_slow = |real: &&Real| real.bar.is_some_and(|bar| real.speed < bar);
        let slow = self.real.iter().filter(is_slow);
        let slow = slow.map(|real| format!("{}: {:.0} MB/s", real.name, real.speed));
        let is_steep = |worst: &&Worst| worst.growth > MOST_GROWTH;
        let steep = self.worst.iter().filter(is_steep);
        let steep = steep.map(|worst| format!("{}: {:.2} times", worst.name, worst.growth));
        slow.chain(steep).collect()
    }

    fn json(&self) -> Value {
        let real = self.real.iter().map(|real| {
            json!({
                "format": real.name,
                "files": real.files,
                "bytes": real.bytes,
                "links": real.links,
                "mb_s": real.speed,
                "html5ever_mb_s": real.tokenizer,
                "bar_mb_s": real.bar,
            })
        });
        let worst = self.worst.iter().map(|worst| {
            json!({
                "of": worst.name,
                "links": worst.links,
                "ms": worst.time.as_secs_f64() * 1e3,
                "growth": worst.growth,
            })
        });
        json!({
            "real": real.collect::<Vec<_>>(),
            "worst": worst.collect::<Vec<_>>(),
            "most_growth": MOST_GROWTH,
            "missed": self.missed(),
        })
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "documents       files        MB     links      MB/s  html5ever       bar"
        )?;
        for real in &self.real {
            let or_dash = |figure: Option<f64>| {
                figure.map_or("-".to_owned(), |figure| format!("{figure:.0}"))
            };
            writeln!(
                f,
                "{:<12}{:>9}{:>10.2}{:>10}{:>10.0}{:>11}{:>10}",
                real.name,
                real.files,
                real.bytes as f64 / 1e6,
                real.links,
                real.speed,
                or_dash(real.tokenizer),
                or_dash(real.bar),
            )?;
        }
        writeln!(
            f,
            "\na MiB of                        ms     links  two take"
        )?;
        for worst in &self.worst {
            writeln!(
                f,
                "{:<25}{:>9.2}{:>10}{:>8.2} x",
                worst.name,
                worst.time.as_secs_f64() * 1e3,
                worst.links,
                worst.growth,
            )?;
        }
        let missed = self.missed();
        let bars = self.real.iter().filter(|real| real.bar.is_some()).count() + self.worst.len();
        write!(f, "\n{bars} bars, {} missed", missed.len())?;
        missed
            .iter()
            .try_for_each(|missed| write!(f, "\n  {missed}"))
    }
}

impl Real {
    fn of(
        name: &'static str,
        contents: &[Vec<u8>],
        format: Format,
        bar: Option<f64>,
    ) -> Option<Self> {
        let bytes: usize = contents.iter().map(Vec::len).sum();
        // Of few, over and over: a clock has its grain.
        let times = LEAST.div_ceil(bytes.max(1));
        let all = |of: &dyn Fn(&[u8]) -> usize| {
            let run = || {
                let each = (0..times).flat_map(|_| contents);
                each.map(|content| of(content)).sum::<usize>() / times
            };
            let (count, time) = best(5, run);
            (count, (bytes * times) as f64 / 1e6 / time.as_secs_f64())
        };
        let (links, speed) = (bytes > 0).then(|| all(&|content| find(content, format)))?;
        let tokenizer = (format == Format::Html).then(|| all(&tokens).1);
        Some(Real {
            name,
            files: contents.len(),
            bytes,
            links,
            speed,
            tokenizer,
            bar,
        })
    }
}

impl Worst {
    fn of((name, format, piece): (&'static str, Format, &str)) -> Self {
        let once = piece.repeat(MEGABYTE / piece.len()).into_bytes();
        let twice = once.repeat(2);
        let (links, time) = best(5, || find(&once, format));
        let (_, longer) = best(5, || find(&twice, format));
        Worst {
            name,
            links,
            time,
            growth: longer.as_secs_f64() / time.as_secs_f64(),
        }
    }
}

fn find(content: &[u8], format: Format) -> usize {
    let url = Url::parse("http://example.org/a/b/c").expect("it is a URL");
    extract(content, format, None, &url).len()
}

/// How many tags html5ever finds.
fn tokens(content: &[u8]) -> usize {
    let text = String::from_utf8_lossy(content);
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(&text));
    while !input.is_empty() {
        let _ = tokenizer.feed(&input);
    }
    tokenizer.end();
    tokenizer.sink.tags.get()
}

/// Switches states as tree construction does.
#[derive(Default)]
struct Sink {
    tags: Cell<usize>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else {
            return TokenSinkResult::Continue;
        };
        self.tags.update(|tags| tags + 1);
        match &*tag.name {
            _ if tag.kind == TagKind::EndTag => TokenSinkResult::Continue,
            "script" => TokenSinkResult::RawData(ScriptData),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                TokenSinkResult::RawData(Rawtext)
            }
            "title" | "textarea" => TokenSinkResult::RawData(Rcdata),
            "plaintext" => TokenSinkResult::Plaintext,
            _ => TokenSinkResult::Continue,
        }
    }
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

/// So many bytes are searched at a time, at least.
const LEAST: usize = 4 << 20;

/// Twice as much may take so many times as long: what is linear takes twice, and memory that must
/// be got is not always as near.
const MOST_GROWTH: f64 = 2.5;

/// What each is called, its files' ending, and its bar in MB/s.
const FORMATS: [(&str, &str, Format, Option<f64>); 3] = [
    ("HTML", ".html", Format::Html, Some(350.0)),
    ("CSS", ".css", Format::Css, Some(150.0)),
    ("JavaScript", ".js", Format::Script, None),
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
