//! `dragline serve`: what was crawled is answered again, by the program and by the library.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod site;

use std::path::Path;
use std::process::Stdio;

use dragline::{Config, Crawl, STATE_FOLDER, StartError};
use http::Request;
use site::{Answer, Site};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

/// Crawls a site into a folder.
async fn crawl(url: &str, folder: &Path) {
    let mut config = Config::new(url).unwrap();
    config.output = folder.to_owned();
    config.tries = site::once();
    Crawl::start(config).unwrap().finish().await.unwrap();
}

fn serve(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dragline"));
    command
        .arg("serve")
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Starts the program; returns it, and the first line that it says, and where others come from.
async fn started(folder: &Path) -> (Child, String, Lines<BufReader<ChildStdout>>) {
    let mut child = serve(folder, &["--port", "0"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap().unwrap();
    (child, first, lines)
}

async fn get(url: &str, path: &str) -> String {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[cfg(unix)]
#[tokio::test]
async fn the_program_answers_from_the_archive_until_it_is_told_to_end() {
    let site = Site::start(|root| {
        [
            (
                "/",
                Answer::html(&format!("<a href='{root}/a'><a href=no>")),
            ),
            ("/a", Answer::new("203 So", &[("X-Own", "yes")], "a")),
            ("/no", Answer::new("410 Gone", &[], "gone")),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    crawl(&site.url, folder.path()).await;
    let asked = site.requests();
    for signal in ["INT", "TERM"] {
        let (mut child, url, mut lines) = started(folder.path()).await;
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        let answer = get(&url, "/").await;
        assert!(
            answer.ends_with("\r\n\r\n<a href='/a'><a href=no>"),
            "{answer}"
        );
        let answer = get(&url, "/a").await;
        assert!(answer.starts_with("HTTP/1.1 203 "), "{answer}");
        assert!(answer.contains("\r\nx-own: yes\r\n"), "{answer}");
        assert!(get(&url, "/no").await.starts_with("HTTP/1.1 410 "));
        assert!(get(&url, "/never").await.starts_with("HTTP/1.1 404 "));
        let kill = format!("kill -{signal} {}", child.id().unwrap());
        let killed = Command::new("sh").args(["-c", &kill]).status().await;
        assert!(killed.unwrap().success());
        assert_eq!(child.wait().await.unwrap().code(), Some(0));
        assert_eq!(lines.next_line().await.unwrap(), None);
    }
    assert_eq!(site.requests(), asked);
}

#[tokio::test]
async fn nothing_to_serve_and_nowhere_to_serve_it_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let failed = |arguments: &'static [&'static str]| {
        let mut serve = serve(folder.path(), arguments);
        async move {
            let output = serve.output().await.unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            (output.status.code(), said)
        }
    };
    let (code, said) = failed(&[]).await;
    assert_eq!(code, Some(3));
    assert!(said.starts_with("dragline: no crawl in `"), "{said}");
    let site = Site::start(|_| [("/", Answer::html(""))]).await;
    crawl(&site.url, folder.path()).await;
    // An address of documentation: nobody has it.
    let (code, said) = failed(&["--bind", "192.0.2.1", "--port", "1024"]).await;
    assert_eq!(code, Some(4), "{said}");
    assert!(
        said.starts_with("dragline: cannot serve at 192.0.2.1:1024: "),
        "{said}"
    );
}

/// Asks the library for what is kept in a folder.
fn answer(folder: &TempDir, target: &str) -> (u16, String) {
    let replay = dragline::replay(&folder.path().join(STATE_FOLDER)).unwrap();
    let request = Request::get(target).body(()).unwrap().into_parts().0;
    let response = replay.answer(&request);
    let body = response.body().bytes().unwrap().to_vec();
    (response.status().as_u16(), String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn what_the_copy_shows_is_answered_and_errors_where_there_is_nothing_better() {
    let page = Answer::html("<a href=good><a href=gone>");
    let site = Site::start(|_| {
        [
            ("/", page),
            ("/good", Answer::html("1")),
            ("/gone", Answer::html("1")),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    crawl(&site.url, folder.path()).await;
    let update = || async {
        let mut config = Config::new(&site.url).unwrap();
        config.output = folder.path().to_owned();
        config.tries = site::once();
        config.again = dragline::Again::Update { purge: true };
        Crawl::start(config).unwrap().finish().await.unwrap();
    };
    site.set("/good", Some(Answer::new("500 Oh", &[], "error")));
    site.set("/gone", None);
    update().await;
    // Nobody knows what is behind the error, so that nothing is removed.
    assert_eq!(answer(&folder, "/good"), (200, "1".to_owned()));
    assert_eq!(answer(&folder, "/gone"), (200, "1".to_owned()));
    site.set("/good", Some(Answer::html("2")));
    update().await;
    assert_eq!(answer(&folder, "/good"), (200, "2".to_owned()));
    assert_eq!(answer(&folder, "/gone").0, 404);
}

#[tokio::test]
async fn a_replay_keeps_no_crawl_out_and_no_crawl_it() {
    let site = Site::start(|_| [("/", Answer::html("1"))]).await;
    let folder = tempfile::tempdir().unwrap();
    crawl(&site.url, folder.path()).await;
    let state = folder.path().join(STATE_FOLDER);
    let replay = dragline::replay(&state).unwrap();
    crawl(&site.url, folder.path()).await;
    let request = Request::get("/").body(()).unwrap().into_parts().0;
    assert_eq!(replay.answer(&request).status(), 200);
    let none = dragline::replay(&folder.path().join("none"));
    assert!(matches!(none, Err(StartError::NoCrawl { .. })));
}

#[tokio::test]
async fn a_crawl_that_goes_on_is_answered_as_far_as_it_has_come() {
    let site = Site::start(|_| {
        let page = "<a href=/a><a href=/endless>";
        [
            ("/", Answer::html(page)),
            ("/a", Answer::html("a")),
            ("/endless", Answer::silent()),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new(&site.url).unwrap();
    config.output = folder.path().to_owned();
    config.tries = site::once();
    let crawl = Crawl::start(config).unwrap();
    let state = folder.path().join(STATE_FOLDER);
    let at = |target: &str| {
        let request = Request::get(target).body(()).unwrap().into_parts().0;
        dragline::replay(&state).unwrap().answer(&request).status()
    };
    // It is answered once it is committed.
    while at("/") != 200 || at("/a") != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(at("/endless"), 404);
    drop(crawl);
}
