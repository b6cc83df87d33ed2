//! `cargo xtask judge references`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use browser::{Browser, Network, Page, Request, Rules};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::{self, Instant};

use super::copy::{Program, Served};
use super::{OPEN, print_json};
use crate::refer::{self, Case, Entrance, Evidence, Server};

/// How long a page may take until it shows what it should.
const LONGEST: Duration = Duration::from_secs(4);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    program: Program,

    /// Takes only cases whose names begin so, or whose group this is
    #[arg(long, value_name = "NAME")]
    only: Option<String>,

    /// Keeps the copy in this folder, which must not exist
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,

    /// Looks at the live site only
    #[arg(long)]
    live: bool,

    /// Serves the site until Ctrl-C, for other tools to be judged
    #[arg(long, value_name = "PORT")]
    serve: Option<u16>,

    /// Judges a copy that some tool made of the site served at this port
    #[arg(long, value_name = "DIR", requires = "serve")]
    copy: Option<PathBuf>,

    /// Prints the report as JSON
    #[arg(long)]
    json: bool,
}

/// Whether what should be seen is seen; else why not, as far as can be told.
type Seen = Result<(), String>;

/// What was seen of a case.
#[derive(Debug)]
struct Row<'a> {
    case: &'a Case,
    live: Seen,
    disk: Option<Seen>,
    served: Option<Seen>,
}

pub(crate) async fn run(args: &Args, browser: &Browser) -> Result<()> {
    let mut cases = refer::all();
    if let Some(only) = &args.only {
        cases.retain(|case| case.name.starts_with(only) || case.group == only);
    }
    let server = Server::start(&cases, args.serve.unwrap_or(0)).await?;
    if args.serve.is_some() && args.copy.is_none() {
        println!("serving {}", server.url());
        tokio::signal::ctrl_c().await?;
        return Ok(());
    }
    let mut rows = live(browser, &server, &cases).await?;
    if !args.live {
        let scratch = tempfile::tempdir()?;
        let folder = args
            .keep
            .clone()
            .unwrap_or_else(|| scratch.path().join("copy"));
        if let Some(copy) = &args.copy {
            from_disk(browser, server, copy, &mut rows).await?;
        } else {
            let program = args.program.build()?;
            args.program
                .crawl(&program, &[server.url()], &folder)
                .await?;
            from_disk(browser, server, &folder, &mut rows).await?;
            if let Some(served) = Served::start(&program, &folder).await? {
                from_server(browser, &served, &mut rows).await?;
            }
        }
    }
    if args.json {
        print_json(&report(&rows))?;
    } else {
        print!("{}", table(&rows));
    }
    verdict(&rows)
}

async fn live<'a>(browser: &Browser, server: &Server, cases: &'a [Case]) -> Result<Vec<Row<'a>>> {
    let pages = cases.iter().map(|case| (case, Some(server.page(case))));
    let seen = look(browser, Rules::default(), pages, |text| {
        server.settled(text)
    })
    .await?;
    let rows = cases.iter().zip(seen).map(|(case, live)| Row {
        case,
        live,
        disk: None,
        served: None,
    });
    Ok(rows.collect())
}

/// Looks at the copy's files, with the network off, and the site too.
async fn from_disk(
    browser: &Browser,
    server: Server,
    folder: &Path,
    rows: &mut [Row<'_>],
) -> Result<()> {
    let rules = Rules {
        network: Network::Off,
        ..Rules::default()
    };
    let folder = folder.canonicalize()?;
    let texts = texts(&folder)?;
    let front = format!("file://{}/index.html", folder.display());
    let links = links(browser, rules, &front).await?;
    let pages = rows
        .iter()
        .map(|row| (row.case, page(row.case, &links, &texts)));
    // An expression may name the site's address; the site itself is gone.
    let here = server.settled("{here}");
    drop(server);
    let seen = look(browser, rules, pages, |text| text.replace("{here}", &here)).await?;
    for (row, seen) in rows.iter_mut().zip(seen) {
        row.disk = Some(seen);
    }
    Ok(())
}

/// Looks at the copy as it is served. A page that nothing links to is where it was.
async fn from_server(browser: &Browser, served: &Served, rows: &mut [Row<'_>]) -> Result<()> {
    let links = links(browser, Rules::default(), &served.url).await?;
    let pages = rows.iter().map(|row| {
        let page = match row.case.entrance {
            Entrance::Linked => links.get(row.case.name).cloned(),
            Entrance::Hidden(address) => links
                .get(row.case.name)
                .map(|page| format!("{}{address}", page.trim_end_matches("index.html"))),
        };
        (row.case, page)
    });
    let here = served.url.trim_end_matches('/');
    let seen = look(browser, Rules::default(), pages, |text| {
        text.replace("{here}", here)
    })
    .await?;
    for (row, seen) in rows.iter_mut().zip(seen) {
        row.served = Some(seen);
    }
    Ok(())
}

/// Returns where the front page's links lead, by the names of the cases.
async fn links(browser: &Browser, rules: Rules, front: &str) -> Result<HashMap<String, String>> {
    let page = browser.page(rules).await?;
    let visit = page.open(front).await?;
    if let Some(error) = visit.error {
        bail!("cannot open {front}: {error}");
    }
    let links = page
        .evaluate("[...document.querySelectorAll('a[id]')].map(a => [a.id, a.href])")
        .await?;
    serde_json::from_value::<Vec<(String, String)>>(links)
        .map(|links| links.into_iter().collect())
        .context("the front page has no links")
}

/// Returns the address of a case's page in a copy: where a link leads, or in which file the words are that only it has.
fn page(
    case: &Case,
    links: &HashMap<String, String>,
    texts: &[(PathBuf, Vec<u8>)],
) -> Option<String> {
    match case.entrance {
        Entrance::Linked => links.get(case.name).cloned(),
        Entrance::Hidden(_) => {
            let marker = format!(">{}<", case.marker());
            let has = |text: &[u8]| {
                text.windows(marker.len())
                    .any(|window| window == marker.as_bytes())
            };
            let (path, _) = texts.iter().find(|(_, text)| has(text))?;
            Some(format!("file://{}", path.display()))
        }
    }
}

/// Returns the files of a copy that may be pages, without what it keeps for itself.
fn texts(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut texts = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                if path.file_name() != Some(".dragline".as_ref()) {
                    folders.push(path);
                }
            } else if path.extension() == Some("html".as_ref()) {
                texts.push((path.clone(), fs::read(&path)?));
            }
        }
    }
    texts.sort();
    Ok(texts)
}

/// Looks at these pages, a few at a time; in their order.
async fn look<'a>(
    browser: &Browser,
    rules: Rules,
    pages: impl Iterator<Item = (&'a Case, Option<String>)>,
    settled: impl Fn(&str) -> String,
) -> Result<Vec<Seen>> {
    // Each page is used again and again: a new one costs more than what is looked at.
    let mut free = Vec::new();
    for _ in 0..OPEN {
        free.push(browser.page(rules).await?);
    }
    let free = Mutex::new(free);
    let looks = pages.map(|(case, url)| {
        let evidence = match &case.evidence {
            Evidence::Script(expression) => Evidence::Script(settled(expression)),
            Evidence::Green(selector) => Evidence::Green(selector),
        };
        let free = &free;
        async move {
            let Some(url) = url else {
                return Ok(Err("there is no such page".to_owned()));
            };
            let page = lock(free)
                .pop()
                .context("fewer pages than looks at a time")?;
            let seen = look_at(&page, rules, case, &evidence, &url).await;
            lock(free).push(page);
            seen
        }
    });
    let looks: Vec<_> = looks.collect();
    let seen: Vec<Result<Seen>> = stream::iter(looks).buffered(OPEN).collect().await;
    seen.into_iter().collect()
}

fn lock(pages: &Mutex<Vec<Page>>) -> MutexGuard<'_, Vec<Page>> {
    pages.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn look_at(
    page: &Page,
    rules: Rules,
    case: &Case,
    evidence: &Evidence,
    url: &str,
) -> Result<Seen> {
    let visit = page.open(url).await?;
    if let Some(error) = visit.error {
        return Ok(Err(format!("{url}: {error}")));
    }
    if case.click {
        // One that cannot be clicked shows nothing.
        let _ = page.evaluate(CLICK).await;
    }
    let end = Instant::now() + LONGEST;
    while !is_seen(page, evidence).await {
        if Instant::now() >= end {
            return Ok(Err(why(page).await));
        }
        time::sleep(Duration::from_millis(50)).await;
    }
    if rules.network == Network::Loopback {
        return Ok(Ok(()));
    }
    // It is seen; that something went to the network all the same would be seen where there is one.
    let requests = page.settled().await?.requests;
    let mut remote = requests.iter().filter(|request| request.is_remote());
    Ok(match remote.next() {
        Some(request) => Err(format!("asks the network for {}", request.url)),
        None => Ok(()),
    })
}

async fn is_seen(page: &Page, evidence: &Evidence) -> bool {
    match evidence {
        Evidence::Script(expression) => {
            // What is thrown is no evidence, as is what takes longer than a look at an image.
            let guarded = format!(
                "(async () => {{ try {{ return !!await Promise.race([{expression}, new Promise(r => setTimeout(r, 1000))]) }} catch {{ return false }} }})()"
            );
            page.evaluate(&guarded).await.is_ok_and(|seen| seen == true)
        }
        Evidence::Green(selector) => {
            let middle = format!(
                "(r => [Math.floor(r.x + r.width / 2), Math.floor(r.y + r.height / 2)])(document.querySelector('{selector}').getBoundingClientRect())"
            );
            let Ok(middle) = page.evaluate(&middle).await else {
                return false;
            };
            let place = |at: usize| u32::try_from(middle[at].as_u64()?).ok();
            let Some((left, top)) = place(0).zip(place(1)) else {
                return false;
            };
            let picture = page.screenshot().await;
            picture.is_ok_and(|picture| picture.pixel(left, top) == Some([0, 128, 0]))
        }
    }
}

/// Says what a page that does not show it has to say: what failed of its requests, and its errors.
async fn why(page: &Page) -> String {
    let Ok(visit) = page.settled().await else {
        return "the browser does not answer".to_owned();
    };
    let failed = visit.requests.iter().filter(|request| request.has_failed());
    let mut said: Vec<_> = failed.map(spelled).chain(visit.errors).collect();
    said.truncate(3);
    if said.is_empty() {
        return format!("not seen at {}", visit.url);
    }
    said.join("; ")
}

fn spelled(request: &Request) -> String {
    format!("{} {:?}", request.url, request.outcome)
}

const CLICK: &str = "document.querySelector('#go').dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, view: window }))";

fn table(rows: &[Row<'_>]) -> String {
    let mut table = format!(
        "{:<12} {:<32} {:<6} {:<10} served\n",
        "", "", "live", "disk"
    );
    let mut group = "";
    for row in rows {
        let heading = if row.case.group == group {
            ""
        } else {
            row.case.group
        };
        group = row.case.group;
        let disk = match (&row.disk, row.case.impossible) {
            (Some(Err(_)), Some(_)) => "cannot",
            (seen, _) => mark(seen.as_ref()),
        };
        let (live, served) = (mark(Some(&row.live)), mark(row.served.as_ref()));
        let _ = writeln!(
            table,
            "{heading:<12} {:<32} {live:<6} {disk:<10} {served}",
            row.case.name
        );
    }
    for (place, seen) in places(rows) {
        let failed = seen
            .iter()
            .filter_map(|(row, seen)| Some((row, seen.as_ref().err()?)));
        for (row, why) in failed {
            let why = row
                .case
                .impossible
                .filter(|_| place == "disk")
                .unwrap_or(why);
            let _ = writeln!(table, "{place}: {}: {why}", row.case.name);
        }
        let passed = seen.iter().filter(|(_, seen)| seen.is_ok()).count();
        let _ = writeln!(table, "{place}: {passed} of {}", seen.len());
    }
    let impossible = rows
        .iter()
        .filter(|row| row.case.impossible.is_some())
        .count();
    let _ = writeln!(table, "impossible from disk: {impossible}");
    table
}

fn mark(seen: Option<&Seen>) -> &'static str {
    match seen {
        None => "-",
        Some(Ok(())) => "ok",
        Some(Err(_)) => "NO",
    }
}

/// What was seen in each of the places that were looked at.
fn places<'a>(rows: &'a [Row<'a>]) -> Vec<(&'static str, Vec<(&'a Row<'a>, &'a Seen)>)> {
    let all = [
        (
            "live",
            rows.iter().map(|row| (row, &row.live)).collect::<Vec<_>>(),
        ),
        (
            "disk",
            rows.iter()
                .filter_map(|row| Some((row, row.disk.as_ref()?)))
                .collect(),
        ),
        (
            "served",
            rows.iter()
                .filter_map(|row| Some((row, row.served.as_ref()?)))
                .collect(),
        ),
    ];
    all.into_iter()
        .filter(|(_, seen)| !seen.is_empty())
        .collect()
}

fn report(rows: &[Row<'_>]) -> Value {
    let spell = |seen: Option<&Seen>| match seen {
        None => Value::Null,
        Some(Ok(())) => json!({ "ok": true }),
        Some(Err(why)) => json!({ "ok": false, "why": why }),
    };
    let cases = rows.iter().map(|row| {
        json!({
            "group": row.case.group,
            "name": row.case.name,
            "live": spell(Some(&row.live)),
            "disk": spell(row.disk.as_ref()),
            "served": spell(row.served.as_ref()),
            "impossible": row.case.impossible,
        })
    });
    json!({ "cases": cases.collect::<Vec<_>>() })
}

/// Everything is seen live and served, and from disk what is not impossible, and only that.
fn verdict(rows: &[Row<'_>]) -> Result<()> {
    let mut wrong = 0;
    for row in rows {
        let disk = row
            .disk
            .as_ref()
            .is_some_and(|disk| disk.is_err() != row.case.impossible.is_some());
        let served = row.served.as_ref().is_some_and(Result::is_err);
        wrong += usize::from(row.live.is_err() || disk || served);
    }
    if wrong > 0 {
        bail!("{wrong} of {} cases are not as they should be", rows.len());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(case: &Case, live: bool, disk: Option<bool>) -> Row<'_> {
        let seen = |ok: bool| {
            if ok {
                Ok(())
            } else {
                Err("asks the network".to_owned())
            }
        };
        Row {
            case,
            live: seen(live),
            disk: disk.map(seen),
            served: None,
        }
    }

    #[test]
    fn right_is_what_is_seen_and_what_cannot_be() {
        let possible = Case::new("images", "img", "");
        let impossible = Case::new("scripts", "history", "").impossible("no");
        let right = |case, live, disk| verdict(&[row(case, live, disk)]).is_ok();
        assert!(right(&possible, true, None) && right(&possible, true, Some(true)));
        assert!(!right(&possible, true, Some(false)));
        assert!(
            !right(&possible, false, Some(true)),
            "the case itself is wrong"
        );
        assert!(right(&impossible, true, Some(false)));
        assert!(
            !right(&impossible, true, Some(true)),
            "it is possible after all"
        );
    }

    #[test]
    fn the_table_says_why() {
        let (img, history) = (
            Case::new("images", "img", ""),
            Case::new("scripts", "history", "").impossible("no"),
        );
        let table = table(&[
            row(&img, true, Some(false)),
            row(&history, true, Some(false)),
        ]);
        assert!(table.contains("disk: img: asks the network\n"), "{table}");
        assert!(table.contains("disk: history: no\n"), "{table}");
        assert!(table.contains("live: 2 of 2\n"), "{table}");
        assert!(
            table.contains("disk: 0 of 2\nimpossible from disk: 1\n"),
            "{table}"
        );
    }

    #[test]
    fn a_hidden_page_is_the_file_that_has_its_words() {
        let case = Case::new("discovery", "feed", "")
            .target("t.html")
            .hidden("t.html");
        let texts = [
            ("/c/a.html", "no"),
            ("/c/b.html", "<p>arrived by feed.</p>"),
        ]
        .map(|(path, text)| (path.into(), text.into()));
        let found = page(&case, &HashMap::new(), &texts);
        assert_eq!(found.as_deref(), Some("file:///c/b.html"));
        assert_eq!(page(&case, &HashMap::new(), &texts[..1]), None);
    }
}
