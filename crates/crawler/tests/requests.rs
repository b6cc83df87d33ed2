//! What servers are told, and how they are reached: flag by flag.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod site;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use site::{Answer, Site};
use tempfile::TempDir;
use tokio::process::Command;

/// The program, with no environment but what is given; its own folder is its home.
async fn run_in(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dragline"))
        .args(arguments)
        .args(["--tries", "1"])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(said).unwrap(),
    )
}

async fn run(arguments: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run_in(folder.path(), arguments, &[]).await;
    assert_eq!(code, 0, "{said}");
    folder
}

/// Two pages.
async fn pages() -> Site {
    Site::start(|_| [("/", Answer::html("<a href=a>")), ("/a", Answer::html("a"))]).await
}

/// The archive's bytes, not packed.
fn archived(folder: &TempDir) -> String {
    let warc = folder
        .path()
        .join("127.0.0.1/.dragline/archive/dragline-00000.warc");
    String::from_utf8_lossy(&fs::read(warc).unwrap()).into_owned()
}

#[tokio::test]
async fn a_password_comes_from_a_file_and_stays_with_its_servers() {
    let other = pages().await;
    let site = Site::start(|_| [("/", Answer::html(&format!("<img src={}a>", other.url)))]).await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "open:sesame\nnot this\n").unwrap();
    let arguments = [
        &site.url,
        "--user",
        "ali",
        "--password-file",
        "secret",
        "--no-archive-compression",
        "--header",
        "X-Token: tell-nobody",
        "--header",
        "Accept-Language: fa",
    ];
    let (code, said) = run_in(folder.path(), &arguments, &[]).await;
    assert_eq!(code, 0, "{said}");
    let asked = site.fields("/");
    assert!(
        asked.contains("authorization: Basic YWxpOm9wZW46c2VzYW1l\r\n"),
        "{asked}"
    );
    assert!(asked.contains("x-token: tell-nobody\r\n"), "{asked}");
    let elsewhere = other.fields("/a");
    assert!(
        !elsewhere.contains("authorization") && !elsewhere.contains("x-token"),
        "{elsewhere}"
    );
    assert!(elsewhere.contains("accept-language: fa\r\n"), "{elsewhere}");
    let archived = archived(&folder);
    assert!(archived.contains("authorization: [redacted]\r\n"));
    assert!(!archived.contains("YWxpOm9w") && !archived.contains("tell-nobody"));
    assert!(!said.contains("sesame"));
}

#[tokio::test]
async fn secrets_are_archived_if_asked_for() {
    let site = pages().await;
    let folder = run(&[
        &site.url,
        "--no-redact",
        "--header=X-Token: tell-nobody",
        "--no-archive-compression",
    ])
    .await;
    assert!(archived(&folder).contains("x-token: tell-nobody\r\n"));
}

#[tokio::test]
async fn a_seed_may_have_a_login() {
    let site = pages().await;
    let folder = run(&[&site.url.replace("//", "//ali:open@")]).await;
    let asked = site.fields("/a");
    assert!(
        asked.contains("authorization: Basic YWxpOm9wZW4=\r\n"),
        "{asked}"
    );
    assert!(folder.path().join("127.0.0.1/a.html").exists());
}

#[tokio::test]
async fn a_netrc_is_read_if_asked_for() {
    let site = pages().await;
    for (flag, is_sent) in [
        ("--quiet", false),
        ("--netrc", true),
        ("--netrc=logins", true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for name in [".netrc", "logins"] {
            let text = "machine 127.0.0.1 login ali password open";
            fs::write(folder.path().join(name), text).unwrap();
        }
        let (code, said) = run_in(folder.path(), &[&site.url, flag], &[]).await;
        assert_eq!(code, 0, "{said}");
        let asked = site.fields("/");
        let sent = asked.contains("authorization: Basic YWxpOm9wZW4=\r\n");
        assert_eq!(sent, is_sent, "{flag}: {asked}");
    }
}

#[tokio::test]
async fn headers_come_from_a_file() {
    let site = pages().await;
    let folder = tempfile::tempdir().unwrap();
    let fields = "X-One: 1\n\nUser-Agent: someone\n";
    fs::write(folder.path().join("fields"), fields).unwrap();
    let (code, said) = run_in(folder.path(), &[&site.url, "--header=@fields"], &[]).await;
    assert_eq!(code, 0, "{said}");
    let asked = site.fields("/a");
    assert!(asked.contains("x-one: 1\r\n"), "{asked}");
    assert!(asked.contains("user-agent: someone\r\n"), "{asked}");
}

/// `/` sets a cookie that `/a` must be shown.
async fn wall() -> Site {
    Site::start(|_| {
        let fields = [
            ("Content-Type", "text/html"),
            ("Set-Cookie", "session=1; Path=/"),
            ("Set-Cookie", "lasting=2; Path=/; Max-Age=9999"),
        ];
        let way_in = Answer::new("200 OK", &fields, "<a href=a>");
        [("/", way_in), ("/a", Answer::html("a"))]
    })
    .await
}

#[tokio::test]
async fn cookies_are_shown_again_unless_they_are_not_wanted() {
    let site = wall().await;
    let folder = run(&[&site.url, "--no-archive-compression"]).await;
    let asked = site.fields("/a");
    assert!(
        asked.contains("session=1") && asked.contains("lasting=2"),
        "{asked}"
    );
    assert!(archived(&folder).contains("cookie: [redacted]\r\n"));
    run(&[&site.url, "--no-cookies"]).await;
    assert!(!site.fields("/a").contains("cookie"));
}

#[tokio::test]
async fn cookies_are_loaded_and_saved() {
    let site = wall().await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let line = "127.0.0.1\tFALSE\t/\tFALSE\t0\tmine\t3\n";
    fs::write(
        file("mine"),
        format!("# Netscape HTTP Cookie File\n{line}what?\n"),
    )
    .unwrap();
    let arguments = [
        &site.url,
        "--load-cookies",
        "mine",
        "--save-cookies",
        "saved",
    ];
    let (code, said) = run_in(folder.path(), &arguments, &[]).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("note: 1 lines of `mine` say no cookie"),
        "{said}"
    );
    assert!(site.fields("/").contains("cookie: mine=3\r\n"));
    let saved = fs::read_to_string(file("saved")).unwrap();
    assert!(
        saved.contains("\tlasting\t2") && !saved.contains("session"),
        "{saved}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(file("saved")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let all = [
        &arguments[..],
        &["--keep-session-cookies", "--fresh", "--yes"],
    ]
    .concat();
    run_in(folder.path(), &all, &[]).await;
    let saved = fs::read_to_string(file("saved")).unwrap();
    assert!(
        saved.contains("\tsession\t1") && saved.contains("\tmine\t3"),
        "{saved}"
    );
}

/// Who has a session does not end it.
#[tokio::test]
async fn with_cookies_of_ones_own_nothing_logs_out() {
    let links = "<a href=/logout>x</a><a href=/a>a</a>";
    let site = Site::start(|_| ["/", "/a", "/logout"].map(|path| (path, Answer::html(links))));
    let site = site.await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "").unwrap();
    let arguments = [&site.url, "--load-cookies", "mine", "--no-guesses"];
    let (code, said) = run_in(folder.path(), &arguments, &[]).await;
    assert_eq!(code, 0, "{said}");
    let asked: Vec<_> = site.requests().into_keys().collect();
    assert_eq!(asked, ["/", "/a"]);
    let otherwise = ["--reject-regex=/a$", "--output=other"];
    run_in(folder.path(), &[&arguments[..], &otherwise].concat(), &[]).await;
    assert!(site.requests().contains_key("/logout"));
}

/// A crawl that ended at a limit is gone on with as the same visitor, also by its session.
#[tokio::test]
async fn a_crawl_that_is_gone_on_with_keeps_its_cookies() {
    let site = wall().await;
    let folder = tempfile::tempdir().unwrap();
    let limited = [&site.url, "--max-pages", "1"];
    let (code, said) = run_in(folder.path(), &limited, &[]).await;
    assert_eq!(code, 10, "{said}");
    let kept = folder.path().join("127.0.0.1/.dragline/cookies.txt");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&kept).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let (code, said) = run_in(folder.path(), &[&site.url], &[]).await;
    assert_eq!(code, 0, "{said}");
    let asked = site.fields("/a");
    assert!(
        asked.contains("session=1") && asked.contains("lasting=2"),
        "{asked}"
    );
    let left = fs::read_to_string(&kept).unwrap();
    assert!(
        left.contains("lasting") && !left.contains("session"),
        "{left}"
    );
    let (code, said) = run_in(folder.path(), &[&site.url, "--fresh", "--yes"], &[]).await;
    assert_eq!(code, 0, "{said}");
    assert!(!site.fields("/").contains("cookie"), "{}", site.fields("/"));
}

/// A proxy on loopback, which is asked for the whole URL.
async fn proxy() -> Site {
    let page = ("http://example.test/".to_owned(), Answer::html("by proxy"));
    Site::start_with(|_| HashMap::from([page])).await
}

#[tokio::test]
async fn proxies_come_from_the_command_line_or_the_environment() {
    let (proxy, dead) = (proxy().await, "http://127.0.0.1:1/");
    let proxied = proxy.url.replace("//", "//me:secret@");
    let check = async |flags: &[&str], variables: &[(&str, &str)], is_proxied: bool| {
        let before = proxy.requests().len();
        let folder = tempfile::tempdir().unwrap();
        let arguments = [&["http://example.test/", "--no-robots"], flags].concat();
        let (code, said) = run_in(folder.path(), &arguments, variables).await;
        let page = folder.path().join("example.test/index.html");
        assert_eq!(
            (code == 0, page.exists()),
            (is_proxied, is_proxied),
            "{said}"
        );
        assert!(!said.contains("secret"), "{said}");
        before
    };
    let nowhere = "--resolve=example.test:80:127.0.0.1";
    check(&["--proxy", &proxied], &[("http_proxy", dead)], true).await;
    let asked = proxy.fields("http://example.test/");
    assert!(
        asked.contains("proxy-authorization: Basic bWU6c2VjcmV0\r\n"),
        "{asked}"
    );
    check(&[], &[("http_proxy", &proxy.url)], true).await;
    check(
        &["--no-proxy", nowhere],
        &[("http_proxy", &proxy.url)],
        false,
    )
    .await;
    let none = [
        ("http_proxy", proxy.url.as_str()),
        ("no_proxy", "example.test"),
    ];
    check(&[nowhere], &none, false).await;
    check(&["--proxy", &proxy.url, nowhere], &none[1..], false).await;
    assert_eq!(proxy.requests()["http://example.test/"], 2);

    // What is on this machine needs none.
    let site = pages().await;
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run_in(folder.path(), &[&site.url], &[("all_proxy", dead)]).await;
    assert_eq!(code, 0, "{said}");
    for (flags, variables) in [
        (&["--proxy", "gopher://x:secret@y"][..], &[][..]),
        (&[], &[("all_proxy", "gopher://x:secret@y")]),
    ] {
        let arguments = [&["http://example.test/"], flags].concat();
        let (code, said) = run_in(folder.path(), &arguments, variables).await;
        assert!(code == 2 && !said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn a_host_has_the_address_that_is_given() {
    let site = pages().await;
    let port = site.url.trim_end_matches('/').rsplit(':').next().unwrap();
    let seed = format!("http://example.test:{port}/");
    let rule = format!("--resolve=example.test:{port}:127.0.0.1");
    let folder = run(&[&seed, &rule]).await;
    assert!(folder.path().join("example.test/a.html").exists());
    // It is of the wrong family.
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run_in(folder.path(), &[&seed, &rule, "-6"], &[]).await;
    assert!(code == 4 && said.contains("family"), "{said}");
    run(&[&seed, &rule, "-4"]).await;
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn connections_come_from_the_address_that_is_given() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, from) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        let answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
        stream.write_all(answer).await.unwrap();
        from.ip().to_string()
    });
    // All of 127.0.0.0/8 is this machine, on Linux.
    run(&[&url, "--bind-address", "127.0.0.9", "--no-robots"]).await;
    assert_eq!(server.await.unwrap(), "127.0.0.9");
}

#[tokio::test]
async fn what_cannot_be_meant_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    for (flags, says) in [
        (
            &["--user", "ali"][..],
            "no terminal to ask for the password",
        ),
        (&["--password-file", "x"], "--user"),
        (
            &["--user=ali", "--password-file=none"],
            "cannot read `none`",
        ),
        (&["--header", "Host: secret"], "cannot be chosen freely"),
        (&["--header", "secret"], "not of the form `Name: value`"),
        (&["--load-cookies", "none"], "cannot read `none`"),
        (&["--load-cookies", "none", "--no-cookies"], "--no-cookies"),
        (&["--netrc"], ".netrc"),
        (&["--resolve", "x"], "HOST:PORT:ADDRESS"),
        (&["-4", "-6"], "--ipv6"),
        (&["--bind-address", "x"], "--bind-address"),
    ] {
        let arguments = [&["http://127.0.0.1:1/"], flags].concat();
        let (code, said) = run_in(folder.path(), &arguments, &[]).await;
        assert!(code == 2 && said.contains(says), "{flags:?}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

/// Two pages that who shows no cookie is sent round for.
fn behind_walls() -> [(&'static str, Answer); 5] {
    let behind =
        |away: &str, page: &str| Answer::redirect(away).unless_shown("in=1", Answer::html(page));
    [
        ("/", Answer::html("<a href=a></a><a href=b></a>")),
        ("/a", behind("/a?ct=1", "it is a")),
        ("/a?ct=1", Answer::cookie("in=1", "/a")),
        ("/b", behind("/gate?to=%2Fb", "it is b")),
        ("/gate?to=%2Fb", Answer::cookie("in=1", "/b")),
    ]
}

#[tokio::test]
async fn who_is_sent_round_for_a_cookie_comes_to_the_page() {
    for page in ["a", "b"] {
        let site = Site::start(|_| behind_walls()).await;
        let folder = run(&[&format!("{}{page}", site.url)]).await;
        let kept = fs::read_to_string(folder.path().join(format!("127.0.0.1/{page}.html")));
        assert_eq!(kept.unwrap(), format!("it is {page}"));
        assert_eq!(site.requests()[&format!("/{page}")], 2);
    }
}

#[tokio::test]
async fn many_that_are_sent_round_at_once_all_come_to_their_pages() {
    let site = Site::start_with(|_| {
        let pages = (0..12).map(|n| {
            let page = Answer::html(&format!("it is {n}"));
            let gate = format!("/gate?to=/{n}");
            [
                (
                    format!("/{n}"),
                    Answer::redirect(&gate).unless_shown("in=1", page),
                ),
                (gate, Answer::cookie("in=1", &format!("/{n}"))),
            ]
        });
        let links: String = (0..12).map(|n| format!("<a href={n}></a>")).collect();
        let root = ("/".to_owned(), Answer::html(&links));
        pages.flatten().chain([root]).collect()
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run_in(folder.path(), &[&site.url], &[]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("13 fetched"), "{said}");
}

#[tokio::test]
async fn no_way_round_leads_where_the_crawl_may_not_go() {
    let site = Site::start(|_| behind_walls()).await;
    run(&[&site.url, "--reject-regex", "gate"]).await;
    let requests = site.requests();
    assert!(requests.contains_key("/b") && !requests.contains_key("/gate?to=%2Fb"));
}

#[tokio::test]
async fn a_way_round_is_left_alone_if_robots_or_the_user_say_so() {
    let site = Site::start(|_| behind_walls()).await;
    site.set(
        "/robots.txt",
        Some(Answer::of_type(
            "text/plain",
            "User-agent: *\nDisallow: /gate",
        )),
    );
    run(&[&site.url]).await;
    let requests = site.requests();
    assert!(requests.contains_key("/b") && !requests.contains_key("/gate?to=%2Fb"));
    let folder = tempfile::tempdir().unwrap();
    let url = format!("{}a", site.url);
    let (_, said) = run_in(
        folder.path(),
        &[&url, "--no-cookies", "--fresh", "--yes"],
        &[],
    )
    .await;
    assert!(said.contains("redirect loop"), "{said}");
}

#[tokio::test]
async fn a_login_that_wants_more_than_a_cookie_is_not_asked_again_and_again() {
    let site = Site::start_with(|_| {
        let pages = (0..10).map(|n| {
            let login = format!("/login?to=/{n}");
            [
                (format!("/{n}"), Answer::redirect(&login)),
                (login, Answer::html("who are you?")),
            ]
        });
        let links: String = (0..10).map(|n| format!("<a href={n}></a>")).collect();
        let root = ("/".to_owned(), Answer::html(&links));
        pages.flatten().chain([root]).collect()
    })
    .await;
    run(&[&site.url, "--jobs", "1"]).await;
    let logins = site.requests().into_iter();
    let logins = logins.filter(|(path, _)| path.starts_with("/login"));
    assert_eq!(logins.map(|(_, times)| times).sum::<usize>(), 10 + 3);
}

#[tokio::test]
async fn a_wall_that_never_lets_in_is_told_as_a_loop() {
    let site = Site::start(|_| {
        [
            ("/", Answer::redirect("/?ct=1")),
            ("/?ct=1", Answer::cookie("in=1", "/")),
        ]
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run_in(folder.path(), &[&site.url], &[]).await;
    assert_eq!(code, 8, "{said}");
    assert!(said.contains("redirect loop"), "{said}");
    assert!(site.requests()["/"] <= 3, "{:?}", site.requests());
}

#[tokio::test]
async fn pages_are_asked_for_as_browsers_do_and_the_user_has_the_last_word() {
    let site = Site::start(|_| {
        [
            ("/", Answer::html("<img src=a.png>")),
            ("/a.png", Answer::of_type("image/png", "")),
        ]
    })
    .await;
    run(&[&site.url]).await;
    let page = "accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";
    assert!(site.fields("/").contains(page), "{}", site.fields("/"));
    assert!(site.fields("/a.png").contains("accept: */*\r\n"));
    run(&[&site.url, "--header", "Accept: text/plain"]).await;
    for path in ["/", "/a.png"] {
        assert!(site.fields(path).contains("accept: text/plain\r\n"));
    }
}
