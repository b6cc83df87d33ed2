//! Who is told what: credentials and cookies, against servers on loopback that tell what they get.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::sync::Arc;

use dragline_fetch::{Config, Cookies, Credentials, Fetcher, Login, Netrc};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use url::Url;

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// Answers every request with its own head.
async fn echo(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    while let Some(head) = read_head(stream).await {
        let length = head.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{head}");
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// A server that speaks both HTTP and TLS on one port, as the first byte of a connection says.
async fn echo_server() -> u16 {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["a.test".to_owned()]).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![cert.der().clone()],
            signing_key.serialize_der().try_into().unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut first = [0];
                let _ = stream.peek(&mut first).await;
                if first == [22] {
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        echo(&mut stream).await;
                    }
                } else {
                    echo(&mut stream).await;
                }
            });
        }
    });
    port
}

/// Config with the hosts of these tests at 127.0.0.1, at two ports.
fn config(ports: [u16; 2]) -> Config {
    let mut config = Config::default();
    config.tls.insecure = true;
    for host in ["a.test", "b.test", "sub.a.test"] {
        for port in ports {
            let made = format!("{host}:{port}:127.0.0.1").parse().unwrap();
            config.addresses.overrides.push(made);
        }
    }
    config
}

async fn get(config: &Config, url: &str) -> (String, String) {
    let url = Url::parse(url).unwrap();
    let response = Fetcher::new(config).fetch(&url).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&response.body), text(&response.request))
}

/// CVE-2018-1000007, CVE-2021-31879, CVE-2022-27774, CVE-2022-27776, CVE-2024-11053,
/// GHSA-cw9j-q3vf-hrrv and their kind: each secret, by each way of leaving its origin.
#[tokio::test]
async fn nothing_secret_crosses_to_another_origin() {
    let (port, other) = (echo_server().await, echo_server().await);
    let fields = |lines: &[&str]| Credentials {
        fields: lines.iter().map(|line| line.parse().unwrap()).collect(),
        ..Credentials::default()
    };
    let login = Login {
        user: "me".to_owned(),
        password: "sesame".to_owned(),
    };
    let secrets = [
        ("authorization", fields(&["Authorization: Bearer sesame"])),
        ("cookie", fields(&["Cookie: session=sesame"])),
        ("x-api-key", fields(&["X-Api-Key: sesame"])),
        (
            "authorization",
            Credentials {
                login: Some(login),
                ..Credentials::default()
            },
        ),
        (
            "authorization",
            Credentials {
                netrc: Netrc::parse("default login me password sesame"),
                ..Credentials::default()
            },
        ),
        ("authorization", Credentials::default()),
    ];
    let last = secrets.len() - 1;
    for (n, (name, credentials)) in secrets.into_iter().enumerate() {
        let mut config = config([port, other]);
        config.credentials = credentials;
        let userinfo = if n == last { "me:sesame@" } else { "" };
        let seed = format!("http://{userinfo}a.test:{port}/");
        config.credentials.trust(&mut Url::parse(&seed).unwrap());

        let name = format!("\r\n{name}: ");
        let (sent, kept) = get(&config, &format!("http://a.test:{port}/x")).await;
        assert!(sent.contains(&name), "{sent}");
        assert!(kept.contains(&format!("{name}[redacted]\r\n")), "{kept}");
        for elsewhere in [
            format!("http://b.test:{port}/"),
            format!("http://a.test:{other}/"),
            format!("https://a.test:{port}/"),
            format!("http://sub.a.test:{port}/"),
            format!("http://me:sesame@b.test:{port}/"),
            format!("http://a.test:sesame@b.test:{port}/"),
        ] {
            let (sent, _) = get(&config, &elsewhere).await;
            assert!(!sent.contains(&name), "{elsewhere} {sent}");
            assert!(!sent.contains("sesame"), "{elsewhere} {sent}");
        }
        let shown = format!("{config:?} {:?}", Fetcher::new(&config));
        assert!(!shown.contains("sesame"), "{shown}");

        config.credentials.disclose = true;
        let (sent, kept) = get(&config, &format!("http://a.test:{port}/x")).await;
        assert_eq!(sent, kept);
    }
}

#[tokio::test]
async fn what_everybody_may_know_goes_everywhere() {
    let port = echo_server().await;
    let mut config = config([port, port]);
    config.credentials.fields = vec![
        "Accept-Language: de".parse().unwrap(),
        "User-Agent: other".parse().unwrap(),
    ];
    let (sent, kept) = get(&config, &format!("http://b.test:{port}/")).await;
    assert!(sent.contains("\r\naccept-language: de\r\n"), "{sent}");
    assert_eq!(sent.matches("user-agent: ").count(), 1, "{sent}");
    assert!(sent.contains("\r\nuser-agent: other\r\n"), "{sent}");
    assert_eq!(sent, kept);
}

/// CVE-2026-1965 and its kind: a connection made by one identity serves no other.
#[tokio::test]
async fn two_fetchers_share_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let mut serving = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            serving.push(tokio::spawn(async move { echo(&mut stream).await }));
        }
        serving.len()
    });
    let url = Url::parse(&format!("http://{address}/")).unwrap();
    for user in ["one", "two"] {
        let mut config = Config::default();
        config.credentials.login = Some(Login {
            user: user.to_owned(),
            password: String::new(),
        });
        config.credentials.trust(&mut url.clone());
        let fetcher = Fetcher::new(&config);
        // The second on the connection of the first.
        for _ in 0..2 {
            fetcher.fetch(&url).await.unwrap();
        }
    }
    assert_eq!(server.await.unwrap(), 2);
}

/// A server that lets in only who shows the cookie it has set, and tells how often it was asked.
async fn cookie_wall(cookie: &'static str) -> (Url, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/page?q", listener.local_addr().unwrap());
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    let location = url.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            while let Some(head) = read_head(&mut stream).await {
                let answer = if head.contains("cookie: seen=1\r\n") {
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned()
                } else {
                    format!(
                        "HTTP/1.1 302 Found\r\nLocation: {location}#top\r\n\
                         Set-Cookie: {cookie}\r\nContent-Length: 0\r\n\r\n"
                    )
                };
                let _ = tell.send(head);
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    });
    (url.parse().unwrap(), told)
}

#[tokio::test]
async fn a_cookie_wall_is_passed_with_the_cookie() {
    let with_cookies = || Config {
        cookies: Some(Cookies::default()),
        ..Config::default()
    };
    let (url, _) = cookie_wall("seen=1; Path=/").await;
    let response = Fetcher::new(&with_cookies()).fetch(&url).await.unwrap();
    assert_eq!(response.body, "ok");
    let kept = String::from_utf8(response.request.to_vec()).unwrap();
    assert!(kept.contains("\r\ncookie: [redacted]\r\n"), "{kept}");

    let response = Fetcher::new(&Config::default()).fetch(&url).await.unwrap();
    assert_eq!(response.status, 302);

    // One that sets what is not sent back is a redirect like any other.
    let (url, mut told) = cookie_wall("seen=1; Path=/elsewhere").await;
    let response = Fetcher::new(&with_cookies()).fetch(&url).await.unwrap();
    assert_eq!(response.status, 302);
    told.recv().await.unwrap();
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn cookies_of_the_user_and_of_the_server_go_as_one() {
    let port = echo_server().await;
    let mut config = config([port, port]);
    let jar = Cookies::default();
    jar.load(
        b"a.test\tFALSE\t/\tFALSE\t0\tjar\t1\n",
        std::time::SystemTime::now(),
    );
    config.cookies = Some(jar);
    config.credentials.fields = vec!["Cookie: mine=2".parse().unwrap()];
    let url = format!("http://a.test:{port}/");
    config.credentials.trust(&mut Url::parse(&url).unwrap());
    let (sent, _) = get(&config, &url).await;
    assert!(sent.contains("\r\ncookie: jar=1; mine=2\r\n"), "{sent}");
    let (sent, _) = get(&config, &format!("http://b.test:{port}/")).await;
    assert!(!sent.contains("cookie"), "{sent}");
}
