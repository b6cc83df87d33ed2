//! The program: exit statuses, and what it says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod site;

use std::path::Path;
use std::process::{Output, Stdio};

use site::{Answer, Site};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

fn dragline(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dragline"));
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs the program in a folder of its own; returns its exit status, standard output and error.
async fn run(arguments: &[&str]) -> (i32, String, String, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let Output {
        status,
        stdout,
        stderr,
    } = dragline(folder.path(), arguments).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr), folder)
}

/// Presses Ctrl-C.
#[cfg(unix)]
async fn interrupt(child: &Child) {
    send("INT", child).await;
}

/// Sends a signal. (The shell's own `kill`: there may be no other.)
#[cfg(unix)]
async fn send(signal: &str, child: &Child) {
    let kill = format!("kill -{signal} {}", child.id().unwrap());
    let killed = Command::new("sh")
        .args(["-c", &kill])
        .status()
        .await
        .unwrap();
    assert!(killed.success());
}

async fn small_site() -> Site {
    Site::start(|_| [("/", Answer::html("<a href=a>")), ("/a", Answer::html("a"))]).await
}

#[tokio::test]
async fn all_well_is_0_with_a_summary() {
    let site = small_site().await;
    let (code, stdout, stderr, folder) = run(&[&site.url, "--jobs", "2"]).await;
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.starts_with("2 fetched, 25 B in "), "{stdout}");
    assert!(
        stdout.ends_with("s; 0 failed\nthe copy: 2 files, open 127.0.0.1/index.html\n"),
        "{stdout}"
    );
    assert_eq!(stderr, "building the copy\n");
    assert!(folder.path().join("127.0.0.1/a.html").exists());
}

#[tokio::test]
async fn what_works_only_when_it_is_served_is_told() {
    let site = Site::start(|_| {
        let register = "<script>navigator.serviceWorker.register('/w.js')</script>";
        [
            (
                "/",
                Answer::html(&format!("<a href=a></a><a href=w.js></a>{register}")),
            ),
            ("/a", Answer::html(register)),
            ("/w.js", Answer::of_type("text/javascript", "")),
        ]
    })
    .await;
    let (code, stdout, stderr, _folder) = run(&[&site.url]).await;
    assert_eq!(code, 0, "{stderr}");
    let told = format!(
        "\n2 things work only under `dragline serve`, the first: in a.html, a service worker ({}w.js)\n",
        site.url,
    );
    assert!(stdout.ends_with(&told), "{stdout}");
}

#[tokio::test]
async fn quiet_says_nothing_when_all_is_well() {
    let site = small_site().await;
    let (code, stdout, stderr, _folder) = run(&[&site.url, "-q"]).await;
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, "", ""));
}

#[tokio::test]
async fn wrong_usage_is_2() {
    for (arguments, says) in [
        (&["example.org"][..], "did you mean https://example.org/ ?"),
        (
            &["gopher://h/"],
            "scheme `gopher` is neither http nor https",
        ),
        (&["http://h/", "--jobs", "0"], "--jobs"),
        (&["http://h/", "--no-such-flag"], "--no-such-flag"),
        (&["http://h/", "--ca-certificate", "none.pem"], "none.pem"),
        (&[], "URL"),
        (&["--input-file", "none.txt"], "none.txt"),
        (&["http://h/", "-rN"], "tip: --update crawls again"),
        (
            &["http://h/", "--warc-file=x"],
            "tip: an archive is kept anyway",
        ),
        (&["http://h/", "-mnd"], "tip: files lie in the folders"),
    ] {
        let (code, _, stderr, folder) = run(arguments).await;
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{stderr}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn it_begins_at_the_urls_of_a_file_too() {
    let page = Answer::html;
    let site = Site::start(|_| {
        let all = ["/a", "/b", "/c", "/d"];
        all.map(|path| (path, page(if path == "/a" { "<a href=c>" } else { path })))
    });
    let site = site.await;
    let folder = TempDir::new().unwrap();
    let list = folder.path().join("list");
    let listed = |text: String| std::fs::write(&list, text).unwrap();
    let run = async |urls: &[&str]| {
        let list = ["--input-file", "list", "--no-guesses"];
        run_in(&folder, &[urls, &list].concat()).await
    };
    let url = &site.url;
    listed(format!("\u{feff}{url}b\r\n\n  # {url}d\n {url}a"));
    let (code, _, stderr) = run(&[]).await;
    assert_eq!(code, 0, "{stderr}");
    let requests = site.requests();
    let pages = requests.keys().filter(|path| *path != "/robots.txt");
    assert!(pages.eq(["/a", "/b", "/c"]), "{requests:?}");

    listed(format!("{url}a\n\nexample.org/x\n"));
    let (code, _, stderr) = run(&[url]).await;
    assert_eq!(code, 2);
    let says = "cannot crawl `example.org/x` (did you mean https://example.org/x ?) (list, line 3)";
    assert!(stderr.contains(says), "{stderr}");

    listed("# nothing\n".to_owned());
    let (code, _, stderr) = run(&[]).await;
    assert_eq!(code, 2);
    assert!(stderr.contains("no URL given"), "{stderr}");
}

#[tokio::test]
async fn an_output_that_cannot_be_written_is_3() {
    let (code, _, stderr, _folder) =
        run(&["http://127.0.0.1:1/", "--output", "/dev/null/copy"]).await;
    assert_eq!(code, 3, "{stderr}");
    assert!(
        stderr.starts_with("dragline: cannot write to output folder `/dev/null/copy`: "),
        "{stderr}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_reached_is_4() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    for (url, says) in [
        (url.as_str(), "cannot connect to 127.0.0.1:"),
        ("http://no-such-host.invalid/", "cannot resolve host"),
    ] {
        let (code, stdout, stderr, _folder) = run(&[url, "--tries", "1"]).await;
        assert_eq!(code, 4, "{stderr}");
        assert!(
            stderr.starts_with(&format!("failed: {url}: ")) && stderr.contains(says),
            "{stderr}"
        );
        assert!(
            stdout.contains("1 URLs left: the same command asks for them again"),
            "{stdout}"
        );
        assert!(stdout.contains("no page for a copy"), "{stdout}");
    }
}

#[tokio::test]
async fn an_error_of_a_server_is_8_with_one_line() {
    let site = Site::start(|_| [("/", Answer::html("<a href=gone>"))]).await;
    let (code, stdout, stderr, _folder) = run(&[&site.url]).await;
    assert_eq!(code, 8);
    let url = &site.url;
    assert_eq!(
        stderr,
        format!("failed: {url}gone: 404 Not Found (found on {url})\nbuilding the copy\n")
    );
    assert!(
        stdout.contains("1 failed (1 refused by a server, 0 not reached)"),
        "{stdout}"
    );
}

#[tokio::test]
async fn what_is_too_long_is_told_with_the_option_to_have_it() {
    let site = Site::start(|_| [("/", Answer::html("<a href=long>"))]).await;
    let (code, _, stderr, _folder) = run(&[&site.url, "--max-filesize", "5"]).await;
    assert_eq!(code, 4);
    let url = &site.url;
    assert!(
        stderr.starts_with(&format!(
            "failed: {url}: response body exceeds 5 bytes (see --max-filesize)\n"
        )),
        "{stderr}"
    );
}

#[tokio::test]
async fn what_a_server_sends_does_not_steer_the_terminal() {
    let answer = Answer::redirect("\u{9b}31m\u{1b}[2J:x");
    let site = Site::start(|_| [("/", answer)]).await;
    let (code, _, stderr, _folder) = run(&[&site.url]).await;
    assert_eq!(code, 8, "{stderr}");
    assert!(
        stderr
            .chars()
            .all(|char| char == '\n' || !char.is_control()),
        "{stderr:?}"
    );
}

#[tokio::test]
#[cfg(unix)]
async fn ctrl_c_builds_the_copy_and_is_11() {
    builds_the_copy_and_is_11("INT").await;
}

#[tokio::test]
#[cfg(unix)]
async fn being_told_to_end_is_as_ctrl_c() {
    for signal in ["TERM", "HUP"] {
        builds_the_copy_and_is_11(signal).await;
    }
}

#[cfg(unix)]
async fn builds_the_copy_and_is_11(signal: &str) {
    let site = Site::start(|_| {
        [
            ("/", Answer::html("<a href=gone><a href=never>")),
            ("/never", Answer::silent()),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = dragline(folder.path(), &[&site.url, "--output", "copy"]);
    let mut child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    // By then the first page is kept, and the other request can only wait.
    assert!(stderr.next_line().await.unwrap().unwrap().contains("404"));
    send(signal, &child).await;
    assert!(
        stderr
            .next_line()
            .await
            .unwrap()
            .unwrap()
            .starts_with("interrupted: ")
    );
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(11));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("interrupted before the end")
    );
    assert!(folder.path().join("copy/index.html").exists());
}

#[tokio::test]
#[cfg(unix)]
async fn ctrl_c_is_heard_in_the_thick_of_a_crawl() {
    // Each page leads to the next two: it goes on until it is stopped.
    let site = Site::start_with(|_| {
        let page =
            |n: usize| Answer::html(&format!("<a href=/{}><a href=/{}>", 2 * n + 1, 2 * n + 2));
        let path = |n: usize| {
            if n == 0 {
                "/".to_owned()
            } else {
                format!("/{n}")
            }
        };
        (0..50_000).map(|n| (path(n), page(n))).collect()
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = dragline(
        folder.path(),
        &[&site.url, "--output", "copy", "--max-alike=0"],
    );
    let child = command
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    while site.requests().len() < 500 {
        tokio::task::yield_now().await;
    }
    interrupt(&child).await;
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(11));
    assert!(folder.path().join("copy/index.html").exists());
}

/// Runs the program in a folder that is there; returns its exit status, standard output and error.
async fn run_in(folder: &TempDir, arguments: &[&str]) -> (i32, String, String) {
    let output = dragline(folder.path(), arguments).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn what_an_earlier_crawl_left_is_gone_on_with_updated_or_removed() {
    let site = small_site().await;
    let (_, _, _, folder) = run(&[&site.url]).await;
    let (code, _, stderr) = run_in(&folder, &[&site.url]).await;
    assert_eq!(code, 0);
    assert!(
        stderr.contains("this crawl is finished (3 URLs)"),
        "{stderr}"
    );

    let odd = r"/b?x\y";
    site.set("/a", Some(Answer::html(&format!("<a href='{odd}'>"))));
    site.set(odd, Some(Answer::html("new")));
    let (code, stdout, stderr) = run_in(&folder, &[&site.url, "--update", "--changes"]).await;
    assert_eq!(code, 0);
    let line = |change: &str, path: &str| {
        let url = format!("{}{path}", site.url);
        format!("{{\"change\":\"{change}\",\"url\":\"{url}\"}}\n")
    };
    assert_eq!(stdout, line("changed", "a") + &line("new", r"b?x\\y"));
    assert!(
        stderr.contains("1 new, 1 changed, 0 gone\nthe copy: 3 files"),
        "{stderr}"
    );

    let other = format!("{}a", site.url);
    let (code, _, stderr) = run_in(&folder, &[&other]).await;
    assert_eq!(code, 2);
    assert!(
        stderr.contains("is of another crawl, with seeds"),
        "{stderr}"
    );
    assert!(stderr.contains("--fresh removes that crawl"), "{stderr}");
    let (code, _, stderr) = run_in(&folder, &[&other, "--fresh"]).await;
    assert_eq!(code, 2);
    assert!(stderr.contains("to do so, add --yes"), "{stderr}");
    let (code, ..) = run_in(&folder, &[&other, "--fresh", "--yes"]).await;
    assert_eq!(code, 0);
}

#[tokio::test]
async fn what_is_archived_is_exported() {
    let site = small_site().await;
    let (_, _, _, folder) = run(&[&site.url]).await;
    let (code, stdout, _) = run_in(&folder, &["export", "127.0.0.1", "--cdxj", "-"]).await;
    // Two pages, and that there is no sitemap.
    assert_eq!((code, stdout.lines().count()), (0, 3), "{stdout}");
    let (code, ..) = run_in(&folder, &["export", "127.0.0.1", "--wacz", "a.wacz"]).await;
    assert_eq!(code, 0);
    assert!(folder.path().join("a.wacz").exists());
    let (code, _, stderr) = run_in(&folder, &["export", "nowhere", "--cdxj", "x"]).await;
    assert_eq!(code, 3);
    assert!(
        stderr.starts_with("dragline: no crawl in `nowhere/.dragline`"),
        "{stderr}"
    );
    let (code, _, stderr) = run_in(&folder, &["export", "127.0.0.1", "--cdxj", "no/x"]).await;
    assert_eq!(code, 3);
    assert!(
        stderr.starts_with("dragline: cannot write `no/x`"),
        "{stderr}"
    );
    assert_eq!(run_in(&folder, &["export", "127.0.0.1"]).await.0, 2);
}
