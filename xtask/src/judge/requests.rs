//! `cargo xtask judge requests`: whether what a browser asks for, with scripts off, is what [`links`] finds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use browser::{Browser, Request, Rules};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, LINK, LOCATION, REFRESH};
use hyper_util::rt::TokioIo;
use links::{Document, Format, Kind, Link, Role};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use url::{Position, Url};

use super::sample::Sample;
use super::{OPEN, print_json, sites};
use crate::refer;
use crate::site::{Content, Folder, Server};
use crate::source;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Takes this site only: one of those of `judge sites`, or `references`
    #[arg(long, value_name = "NAME")]
    only: Option<String>,

    #[command(flatten)]
    sample: Sample,

    /// Prints the report as JSON
    #[arg(long)]
    json: bool,
}

/// What was asked for, and found, on the pages of a site.
#[derive(Debug, Default)]
struct Site {
    name: String,
    pages: usize,
    /// Requests of the browser, the pages themselves not counted.
    asked: usize,
    /// What it asked for and was not found: the page, and the URL.
    missed: Vec<(String, String)>,
    /// What it asked for by mistake.
    ahead: usize,
    /// What was found and not asked for, by why not.
    extra: BTreeMap<&'static str, usize>,
}

pub(crate) async fn run(args: &Args, browser: &Browser) -> Result<()> {
    let is_wanted = |name: &str| args.only.as_deref().is_none_or(|only| only == name);
    let cache = args.sample.cache()?;
    let mut judged = Vec::new();
    for source in sites::SOURCES {
        let is_chosen = args.only.is_some() || FEW.contains(&source.name);
        if !is_wanted(source.name) || !is_chosen {
            continue;
        }
        let folder = source.folder(&cache)?;
        let content = Content::Folder(Arc::new(Folder::open(&folder)?));
        let server = Server::start(content, Duration::ZERO, 0).await?;
        let pages: Vec<_> = source::pages(&folder)?.into_iter().collect();
        let chosen = args.sample.of(&pages);
        let chosen = chosen.map(|page| server.url() + &source::encoded(page));
        let site = judge(browser, source.name, chosen.collect()).await?;
        eprintln!("{}", site.row());
        judged.push(site);
    }
    if is_wanted("references") {
        let cases = refer::all();
        let server = refer::Server::start(&cases, 0).await?;
        let pages = cases.iter().map(|case| server.page(case)).collect();
        let site = judge(browser, "references", pages).await?;
        eprintln!("{}", site.row());
        judged.push(site);
    }
    if judged.is_empty() {
        let names: Vec<_> = sites::SOURCES.iter().map(|source| source.name).collect();
        bail!("no such site; there are {}, references", names.join(", "));
    }
    if args.json {
        print_json(&report(&judged))?;
    } else {
        print!("{}", table(&judged));
    }
    let missed: usize = judged.iter().map(|site| site.missed.len()).sum();
    if missed > 0 {
        bail!("{missed} requests are not among what was found");
    }
    Ok(())
}

async fn judge(browser: &Browser, name: &str, pages: Vec<String>) -> Result<Site> {
    let mut site = Site {
        name: name.to_owned(),
        pages: pages.len(),
        ..Site::default()
    };
    let looks = pages.into_iter().map(|page| async move {
        let asked = asked(browser, &page).await?;
        let found = Finder::default().find(&page).await?;
        anyhow::Ok((page, asked, found))
    });
    let looks: Vec<_> = looks.collect();
    let looks: Vec<_> = stream::iter(looks).buffered(OPEN).collect().await;
    for look in looks {
        let (page, asked, found) = look?;
        site.asked += asked.len();
        for url in asked.iter().filter(|url| !found.contains_key(*url)) {
            if AHEAD_OF_BASE.iter().any(|of| url.ends_with(of)) {
                site.ahead += 1;
            } else {
                site.missed.push((page.clone(), url.clone()));
            }
        }
        for (_, why) in found.iter().filter(|(url, _)| !asked.contains(*url)) {
            *site.extra.entry(why).or_default() += 1;
        }
    }
    Ok(site)
}

/// What a browser asks for to show a page, without fragments; the page itself not.
async fn asked(browser: &Browser, page: &str) -> Result<BTreeSet<String>> {
    let rules = Rules {
        scripts: false,
        ..Rules::default()
    };
    let opened = browser.page(rules).await?;
    let visit = opened.open(page).await?;
    // What is below the first screen is asked for when it comes near.
    opened.evaluate(SCROLL).await?;
    let scrolled = opened.settled().await?;
    let requests = visit.requests.iter().chain(&scrolled.requests);
    let of_network = requests.filter(|request| Request::is_remote(request));
    let urls = of_network.filter_map(|request| without_fragment(&request.url));
    let urls = urls.filter(|url| url != page && !is_of_browser(url));
    Ok(urls.collect())
}

/// The icon for its tab that a browser asks for once of each host whose pages name none: no page refers to it.
fn is_of_browser(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.path() == "/favicon.ico")
}

/// Finds what is needed for a page, and for that, and so on.
#[derive(Default)]
struct Finder {
    /// With the reason for which a browser may do without.
    found: HashMap<String, &'static str>,
    /// What is to be looked into, and in which encoding if nothing tells.
    next: Vec<(Url, &'static str)>,
}

impl Finder {
    async fn find(mut self, page: &str) -> Result<HashMap<String, &'static str>> {
        self.next.push((Url::parse(page)?, "the page"));
        while let Some((url, why)) = self.next.pop() {
            // What another machine has is not to be had here.
            let Ok(answer) = get(&url).await else {
                continue;
            };
            if let Some(location) = answer.headers.get(LOCATION)
                && let Ok(target) = url.join(&String::from_utf8_lossy(location.as_bytes()))
            {
                self.add(target, why);
            }
            for name in [LINK, REFRESH] {
                for value in answer.headers.get_all(&name) {
                    let value = String::from_utf8_lossy(value.as_bytes());
                    for link in links::header_links(name.as_str(), &value, &url) {
                        self.link(&link, "");
                    }
                }
            }
            let content_type = answer.headers.get(CONTENT_TYPE);
            let content_type = content_type.and_then(|value| value.to_str().ok());
            let Some(format) = Format::of(content_type, &answer.body, &url) else {
                continue;
            };
            let charset = content_type.and_then(links::charset);
            let document = Document::new(&answer.body, format, charset, &url);
            for link in document.links() {
                let tag = document.text(link.tag.clone());
                self.link(&link, &tag);
            }
        }
        self.found.remove(page);
        Ok(self.found)
    }

    fn link(&mut self, link: &Link, tag: &str) {
        let is_needed = matches!(link.kind, Kind::Requisite | Kind::Embedded);
        // Nobody has to do anything for it either.
        if is_needed || link.role == Role::Refresh {
            self.add(link.url.to_url(), why_not(link.role, tag));
        }
    }

    fn add(&mut self, mut url: Url, why: &'static str) {
        url.set_fragment(None);
        if !self.found.contains_key(url.as_str()) {
            self.found.insert(url.to_string(), why);
            self.next.push((url, why));
        }
    }
}

/// Why a browser may not ask for it.
fn why_not(role: Role, tag: &str) -> &'static str {
    match role {
        Role::Script
        | Role::ModuleScript
        | Role::ModuleImport
        | Role::ModulePreload
        | Role::ModuleUrl
        | Role::ImportMap
        | Role::Fetch
        | Role::Worker
        | Role::WorkerImport => "scripts are off",
        Role::Font => "no text in this font",
        Role::Icon => "icons are for tabs",
        Role::Manifest | Role::ManifestUrl => "manifests are for installing",
        Role::Lazy => "scripts show it later",
        Role::Preview | Role::StructuredData => "for others who show the page",
        Role::Feed | Role::Alternate => "for other programs",
        Role::Media | Role::Track => "media not played, or another source",
        Role::Frame | Role::Object => "loaded lazily, or of another type",
        Role::Stylesheet | Role::StyleImport => "for other media, or not preferred",
        Role::Preload | Role::Prefetch => "hints that are not taken",
        Role::Image if tag.contains("srcset") => "another candidate of srcset",
        Role::Image if tag.contains("lazy") => "loaded lazily",
        Role::Image | Role::Mask | Role::Paint | Role::ClipPath | Role::Use => {
            "a rule or an element that does not apply"
        }
        _ => "other",
    }
}

struct Got {
    headers: HeaderMap,
    body: Vec<u8>,
}

/// Gets what is on this machine.
async fn get(url: &Url) -> Result<Got> {
    let host = url.host_str().context("no host")?;
    if url.scheme() != "http" || !["127.0.0.1", "localhost"].contains(&host) {
        bail!("it is elsewhere");
    }
    let port = url.port_or_known_default().context("no port")?;
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driven = tokio::spawn(connection);
    let request = hyper::Request::get(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let (head, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    driven.abort();
    let mut content = Vec::new();
    let coding = head.headers.get(CONTENT_ENCODING);
    match coding.map(hyper::header::HeaderValue::as_bytes) {
        Some(b"gzip") => {
            flate2::read::MultiGzDecoder::new(&*body).read_to_end(&mut content)?;
        }
        Some(b"deflate") => {
            // By the standard it is zlib's, and by custom without a head.
            let zlib = flate2::read::ZlibDecoder::new(&*body).read_to_end(&mut content);
            if zlib.is_err() {
                content.clear();
                flate2::read::DeflateDecoder::new(&*body).read_to_end(&mut content)?;
            }
        }
        Some(b"br") => {
            brotli::Decompressor::new(&*body, 4096).read_to_end(&mut content)?;
        }
        _ => content.extend_from_slice(&body),
    }
    Ok(Got {
        headers: head.headers,
        body: content,
    })
}

fn without_fragment(url: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    url.set_fragment(None);
    Some(url.into())
}

impl Site {
    fn row(&self) -> String {
        format!(
            "{:<16} {:>6} {:>6} {:>7} {:>6}",
            self.name,
            self.pages,
            self.asked,
            self.missed.len(),
            self.extra.values().sum::<usize>()
        )
    }
}

fn table(sites: &[Site]) -> String {
    let mut table = format!(
        "{:<16} {:>6} {:>6} {:>7} {:>6}\n",
        "site", "pages", "asked", "missed", "extra"
    );
    for site in sites {
        let _ = writeln!(table, "{}", site.row());
    }
    for site in sites {
        if site.ahead > 0 {
            let _ = writeln!(
                table,
                "{}: {} asked for before the <base> was seen",
                site.name, site.ahead
            );
        }
        for (why, count) in &site.extra {
            let _ = writeln!(table, "{}: {count} extra: {why}", site.name);
        }
        for (page, url) in &site.missed {
            let _ = writeln!(table, "{}: {page} asks for {url}", site.name);
        }
    }
    table
}

fn report(sites: &[Site]) -> Value {
    let sites = sites.iter().map(|site| {
        json!({
            "site": site.name,
            "pages": site.pages,
            "asked": site.asked,
            "missed": site.missed,
            "ahead_of_base": site.ahead,
            "extra": site.extra,
        })
    });
    json!({ "sites": sites.collect::<Vec<_>>() })
}

/// Where Chromium, which looks ahead in a `srcdoc`, asks for what a `<base>` there has elsewhere, and then for that too.
const AHEAD_OF_BASE: [&str; 1] = ["/srcdoc-with-base/s.css"];

/// Those of the sites that are taken if none is named.
const FEW: [&str; 3] = ["python", "postgresql", "rust"];

const SCROLL: &str = "(async () => {
    for (let top = 0; top < Math.min(document.documentElement.scrollHeight, 20000); top += 700) {
        scrollTo(0, top);
        await new Promise(done => setTimeout(done, 0));
    }
})()";
