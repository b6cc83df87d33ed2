//! What a real browser does; skipped where there is none.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use dragline_browser::{Browser, Config, LaunchError, Network, Outcome, Rules, Visit, find};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Starts a browser, or says why the test is skipped.
async fn browser(config: Config) -> Option<Browser> {
    if find().is_none() {
        eprintln!("skipped: {}", LaunchError::NotFound);
        return None;
    }
    Some(Browser::launch(config).await.unwrap())
}

const OFFLINE: Rules = Rules {
    network: Network::Off,
    scripts: true,
};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn address(folder: &TempDir, file: &str) -> String {
    format!("file://{}/{file}", folder.path().display())
}

/// Answers every request on loopback with this page.
async fn serve(page: &'static str) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let length = page.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n"
                );
                let _ = stream.write_all((head + page).as_bytes()).await;
            });
        }
    });
    port
}

fn failed(visit: &Visit) -> Vec<(&str, &Outcome)> {
    let failed = visit.requests.iter().filter(|request| request.has_failed());
    failed
        .map(|request| {
            let name = request.url.rsplit('/').next().unwrap();
            (name, &request.outcome)
        })
        .collect()
}

#[tokio::test]
async fn a_visit_tells_what_a_page_asked_for() {
    let Some(browser) = browser(Config::default()).await else {
        return;
    };
    let folder = folder(&[
        (
            "page.html",
            "<title>A page</title><link rel=stylesheet href=style.css><img src=missing.png>\
             <iframe src=frame.html></iframe><script>console.error('said'); undefined.x</script>",
        ),
        ("style.css", "body { background: rgb(0, 128, 0) }"),
        ("frame.html", "<script src=missing.js></script>"),
    ]);
    let page = browser.page(OFFLINE).await.unwrap();
    let visit = page.open(&address(&folder, "page.html")).await.unwrap();

    assert_eq!(
        (visit.title.as_str(), visit.settled, &visit.error),
        ("A page", true, &None)
    );
    assert!(visit.url.ends_with("/page.html"), "{}", visit.url);
    let missing = Outcome::Failed("net::ERR_FILE_NOT_FOUND".to_owned());
    assert_eq!(
        failed(&visit),
        [("missing.png", &missing), ("missing.js", &missing)]
    );
    let kinds: Vec<_> = visit
        .requests
        .iter()
        .map(|request| request.kind.as_str())
        .collect();
    assert_eq!(
        kinds,
        ["Document", "Stylesheet", "Image", "Document", "Script"]
    );
    assert_eq!(visit.errors.len(), 2, "{:?}", visit.errors);
    assert_eq!(visit.errors[0], "said");
    assert!(
        !visit
            .requests
            .iter()
            .any(dragline_browser::Request::is_remote)
    );

    let color = "getComputedStyle(document.body).backgroundColor";
    assert_eq!(page.evaluate(color).await.unwrap(), "rgb(0, 128, 0)");
    assert_eq!(
        page.screenshot().await.unwrap().pixel(1000, 700),
        Some([0, 128, 0])
    );
    browser.close().await;
}

#[tokio::test]
async fn with_the_network_off_a_request_is_reported_and_reaches_no_one() {
    let Some(browser) = browser(Config::default()).await else {
        return;
    };
    let port = serve("<title>reached</title>").await;
    let there = format!("http://127.0.0.1:{port}/");
    let html = format!(
        "<img src='{there}a.png'><img src='http://example.org/b.png'>\
         <script>new Worker(URL.createObjectURL(new Blob(['fetch(\"{there}c\")'])))</script>"
    );
    let folder = folder(&[("page.html", &html)]);
    let page = browser.page(OFFLINE).await.unwrap();
    let visit = page.open(&address(&folder, "page.html")).await.unwrap();
    let remote = visit.requests.iter().filter(|request| request.is_remote());
    let mut remote: Vec<_> = remote
        .map(|request| (request.url.clone(), request.has_failed()))
        .collect();
    remote.sort();
    let expected = [
        format!("{there}a.png"),
        format!("{there}c"),
        "http://example.org/b.png".to_owned(),
    ];
    assert_eq!(remote, expected.map(|url| (url, true)));
    let visit = page.open(&there).await.unwrap();
    assert!(visit.error.is_some(), "{visit:?}");

    // And on, only this machine is.
    let page = browser.page(Rules::default()).await.unwrap();
    assert_eq!(page.open(&there).await.unwrap().title, "reached");
    assert_eq!(
        page.open("http://example.org/")
            .await
            .unwrap()
            .error
            .as_deref(),
        Some("net::ERR_NAME_NOT_RESOLVED")
    );
}

#[tokio::test]
async fn without_scripts_a_page_is_as_it_came() {
    let Some(browser) = browser(Config::default()).await else {
        return;
    };
    let html = "<title>before</title><script>document.title = 'after'</script>";
    let folder = folder(&[("page.html", html)]);
    for (scripts, title) in [(true, "after"), (false, "before")] {
        let page = browser.page(Rules { scripts, ..OFFLINE }).await.unwrap();
        let visit = page.open(&address(&folder, "page.html")).await.unwrap();
        assert_eq!(visit.title, title);
        page.screenshot().await.unwrap();
    }
}

#[tokio::test]
async fn what_scripts_draw_step_by_step_is_waited_for() {
    let Some(browser) = browser(Config::default()).await else {
        return;
    };
    let html = "<canvas width=800 height=400></canvas><script>
        const context = document.querySelector('canvas').getContext('2d');
        const begun = performance.now();
        requestAnimationFrame(function step(now) {
            const done = Math.min((now - begun) / 1500, 1);
            context.fillStyle = 'red';
            context.fillRect(0, 0, 800 * done, 400);
            if (done < 1) requestAnimationFrame(step);
        })</script>";
    let folder = folder(&[("page.html", html)]);
    let look = browser.look(&address(&folder, "page.html"), OFFLINE).await;
    assert_eq!(look.unwrap().picture.pixel(790, 30), Some([255, 0, 0]));
}

#[tokio::test]
async fn what_moves_looks_the_same_twice() {
    let Some(browser) = browser(Config::default()).await else {
        return;
    };
    let html = "<style>@keyframes go { to { margin-left: 800px } }
        .ends { animation: go 3s forwards } .goes { animation: go 3s infinite }
        div { width: 50px; height: 50px; background: red }</style>
        <div class=ends></div><div class=goes></div><input autofocus>";
    let folder = folder(&[("page.html", html)]);
    let mut pictures = Vec::new();
    for _ in 0..2 {
        let page = browser.page(OFFLINE).await.unwrap();
        page.open(&address(&folder, "page.html")).await.unwrap();
        pictures.push(page.screenshot().await.unwrap());
    }
    assert_eq!(pictures[0].size(), (1280, 800));
    assert_eq!(
        pictures[0].difference(&pictures[1]).to_bits(),
        0.0_f64.to_bits()
    );
    let red = Some([255, 0, 0]);
    assert_eq!(pictures[0].pixel(820, 30), red, "the end of what ends");
    assert_eq!(pictures[0].pixel(30, 80), red, "the start of what does not");
}

#[tokio::test]
async fn a_page_that_is_never_done_ends_at_the_deadline() {
    let config = Config {
        timeout: Duration::from_secs(4),
        // On a machine that is busy with something else, it may be a while until it asks again.
        settle: Duration::from_secs(2),
        ..Config::default()
    };
    let Some(browser) = browser(config).await else {
        return;
    };
    let html =
        "<script>setInterval(() => { new Image().src = 'x.png?' + Math.random() }, 20)</script>";
    let folder = folder(&[("page.html", html)]);
    let page = browser.page(OFFLINE).await.unwrap();
    let visit = page.open(&address(&folder, "page.html")).await.unwrap();
    assert!(!visit.settled);
    // A dialog would wait for someone.
    let alert = page
        .evaluate("alert('hello'), confirm('yes?')")
        .await
        .unwrap();
    assert_eq!(alert, false);
    let endless = page.evaluate("new Promise(() => {})").await;
    assert_eq!(
        endless.unwrap_err().to_string(),
        "no answer to Runtime.evaluate in time"
    );
}

#[tokio::test]
async fn a_copy_is_told_from_its_page() {
    let Some(browser) = browser(Config::default()).await else {
        return;
    };
    let page = "<style>body { background: green }</style><img src=a.png>";
    let copy = "<style>body { background: red }</style><img src=a.png><img src=b.png>\
        <img src='http://example.org/c.png'><script>throw 'up'</script>";
    let folder = folder(&[("page.html", page), ("copy.html", copy)]);
    let look = async |file| {
        browser
            .look(&address(&folder, file), OFFLINE)
            .await
            .unwrap()
    };
    let (page, copy) = (look("page.html").await, look("copy.html").await);

    let difference = page.difference(&copy);
    assert!(difference.pixels > 0.9, "{difference:?}");
    let urls = |requests: &[dragline_browser::Request]| {
        let names = requests
            .iter()
            .map(|request| request.url.rsplit('/').next().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(urls(&difference.failed), ["b.png"]);
    assert_eq!(urls(&difference.network), ["c.png"]);
    assert_eq!(difference.errors.len(), 1);
    let none = page.difference(&page);
    assert_eq!((none.pixels.to_bits(), none.failed.len()), (0, 0));
}

#[tokio::test]
async fn scripts_that_throw_and_pages_that_are_not_there_say_so() {
    let Some(browser) = browser(Config::default()).await else {
        return;
    };
    let page = browser.page(OFFLINE).await.unwrap();
    let visit = page.open("file:///nothing/here").await.unwrap();
    assert_eq!(visit.error.as_deref(), Some("net::ERR_FILE_NOT_FOUND"));
    let thrown = page.evaluate("throw new Error('no')").await.unwrap_err();
    assert_eq!(thrown.to_string(), "the script has thrown Error: no");
}

#[tokio::test]
async fn a_dropped_browser_leaves_nothing_behind() {
    let Some(browser) = browser(Config::default()).await else {
        return;
    };
    let page = browser.page(OFFLINE).await.unwrap();
    page.open("chrome://version").await.unwrap();
    let profile = page
        .evaluate("document.querySelector('#profile_path').textContent")
        .await
        .unwrap();
    let profile = Path::new(profile.as_str().unwrap())
        .parent()
        .unwrap()
        .to_owned();
    assert!(profile.is_dir(), "{}", profile.display());
    drop(page);
    drop(browser);
    assert!(!profile.exists());
}

#[tokio::test]
async fn what_is_no_browser_is_told() {
    let launch = |binary: &str| {
        Browser::launch(Config {
            binary: Some(binary.into()),
            ..Config::default()
        })
    };
    let error = launch("/nothing/here").await.unwrap_err();
    assert!(matches!(error, LaunchError::NoAnswer(_)), "{error:?}");
    let error = launch("/bin/true").await.unwrap_err();
    assert!(matches!(error, LaunchError::NoAnswer(_)), "{error:?}");
}
