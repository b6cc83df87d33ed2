//! The server, as a client sees it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::SystemTime;

use archive::{Archive, Capture, Config};
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use dragline_replay::{Replay, Server, Site};
use http::StatusCode;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A server of one page and one large body; it ends with the set.
async fn serve() -> (SocketAddr, TempDir, JoinSet<()>) {
    let folder = tempfile::tempdir().unwrap();
    let dir = Dir::open_ambient_dir(&folder, ambient_authority()).unwrap();
    let mut archive = Archive::create(dir, Config::default()).unwrap();
    let bodies = [
        ("http://h/", vec![b'x']),
        ("http://h/large", vec![b'y'; 20 << 20]),
    ];
    let entries = bodies.map(|(url, body)| {
        archive
            .append(&Capture {
                url: url.to_owned(),
                date: SystemTime::UNIX_EPOCH,
                via: None,
                request: "".into(),
                status: StatusCode::OK,
                headers: http::HeaderMap::new(),
                body: body.into(),
                truncated: None,
            })
            .unwrap()
    });
    let site = Site {
        seeds: vec!["http://h/".to_owned()],
        key: |url| url.split('#').next().map(Into::into),
        max_content: u64::MAX,
    };
    let replay = Replay::new(archive.reader(), entries, site);
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::bind(replay, any)
        .await
        .map_err(|(_, error)| error)
        .unwrap();
    let url = server.url();
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let address = address.parse().unwrap();
    let mut running = JoinSet::new();
    running.spawn(async move { match server.run().await {} });
    (address, folder, running)
}

async fn ask(address: SocketAddr, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

fn starts(answer: &[u8], with: &str) -> bool {
    answer.starts_with(with.as_bytes())
}

#[tokio::test]
async fn browsers_are_answered_and_names_are_not() {
    let (address, _folder, _running) = serve().await;
    let get = |host: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        async move { ask(address, &request).await }
    };
    let answer = get(&address.to_string()).await;
    assert!(starts(&answer, "HTTP/1.1 200 OK\r\n"));
    assert!(answer.ends_with(b"\r\n\r\nx"));
    assert!(starts(&get("localhost").await, "HTTP/1.1 200 OK\r\n"));
    assert!(starts(&get("evil.example").await, "HTTP/1.1 421 "));
    let cross = "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n";
    assert!(starts(&ask(address, cross).await, "HTTP/1.1 403 "));
}

#[tokio::test]
async fn a_large_body_arrives_whole_and_measured() {
    let (address, _folder, _running) = serve().await;
    let request = "GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = ask(address, request).await;
    let head = answer.windows(4).position(|at| at == b"\r\n\r\n").unwrap();
    let fields = str::from_utf8(&answer[..head]).unwrap();
    assert!(fields.contains("content-length: 20971520"), "{fields}");
    assert_eq!(answer.len(), head + 4 + (20 << 20));
}

#[tokio::test]
async fn a_client_that_breaks_off_harms_nobody() {
    let (address, _folder, _running) = serve().await;
    for request in [
        "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\0\r\n",
        "GET",
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    let request = "HEAD /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = ask(address, request).await;
    assert!(starts(&answer, "HTTP/1.1 200 OK\r\n"));
    assert!(answer.ends_with(b"\r\n\r\n"));
}

#[tokio::test]
async fn dropped_it_leaves_no_connection() {
    let (address, _folder, mut running) = serve().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    stream.read_exact(&mut byte).await.unwrap();
    running.shutdown().await;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_port_that_is_taken_gives_the_replay_back() {
    let (address, _folder, _running) = serve().await;
    let folder = tempfile::tempdir().unwrap();
    let dir = Dir::open_ambient_dir(&folder, ambient_authority()).unwrap();
    let site = Site {
        seeds: Vec::new(),
        key: |_| None,
        max_content: 0,
    };
    let replay = Replay::new(archive::Reader::new(dir), [], site);
    let (_replay, error) = Server::bind(replay, address).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}
