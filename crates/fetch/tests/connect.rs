//! How a fetcher reaches its servers: TLS and proxies, against servers on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::error::Error as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dragline_fetch::{
    CertificateDer, Config, FetchError, Fetcher, Phase, Proxies, ProxyRules, Tls, TlsError,
};
use futures::stream::{self, StreamExt as _};
use h2::Reason;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, IsCa, Issuer, KeyPair, SanType,
    date_time_ymd,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;
use url::Url;

/// Reads a request's head; `None` when the connection ends.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// Answers every request of a connection with its own head.
async fn echo(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    while let Some(head) = read_head(stream).await {
        let length = head.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{head}");
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// Serves each connection to a new port by `serve`.
async fn listen<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

async fn echo_server() -> SocketAddr {
    listen(|mut stream| async move { echo(&mut stream).await }).await
}

/// An authority, and what it vouches for.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = DistinguishedName::new();
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Authority {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    fn signs(&self, params: &CertificateParams) -> TlsAcceptor {
        self.signs_for(params, &[b"http/1.1"])
    }

    fn signs_for_http2(&self) -> TlsAcceptor {
        self.signs_for(&localhost(), &[b"h2", b"http/1.1"])
    }

    fn signs_for(&self, params: &CertificateParams, protocols: &[&[u8]]) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        acceptor(certificate.der().clone(), &key, protocols)
    }

    fn trusted(&self) -> Config {
        Config {
            tls: Tls {
                authorities: vec![self.certificate.clone()],
                ..Tls::default()
            },
            ..Config::default()
        }
    }
}

fn acceptor(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    protocols: &[&[u8]],
) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// A certificate for `localhost`, in need of a change or not.
fn localhost() -> CertificateParams {
    CertificateParams::new(["localhost".to_owned()]).unwrap()
}

async fn tls_server(acceptor: TlsAcceptor) -> Url {
    tls_server_that(
        acceptor,
        |mut stream| async move { echo(&mut stream).await },
    )
    .await
}

/// Serves each connection by `serve`, if there comes one about.
async fn tls_server_that<F>(
    acceptor: TlsAcceptor,
    serve: impl Fn(TlsStream<TcpStream>) -> F + Clone + Send + 'static,
) -> Url
where
    F: Future<Output = ()> + Send + 'static,
{
    let address = listen(move |stream| {
        let (acceptor, serve) = (acceptor.clone(), serve.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream).await;
            }
        }
    })
    .await;
    Url::parse(&format!("https://localhost:{}/", address.port())).unwrap()
}

async fn tls_error(config: &Config, url: &Url) -> TlsError {
    match Fetcher::new(config).fetch(url).await.unwrap_err() {
        FetchError::Tls { source, .. } => source,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said() {
    let authority = Authority::new();
    let config = authority.trusted();

    let good = tls_server(authority.signs(&localhost())).await;
    Fetcher::new(&config).fetch(&good).await.unwrap();
    let unknown = tls_error(&Config::default(), &good).await;
    assert_eq!(unknown, TlsError::UnknownIssuer);
    assert_eq!(
        unknown.to_string(),
        "its certificate is self-signed or from an unknown authority"
    );

    let mut expired = localhost();
    expired.not_after = date_time_ymd(2020, 1, 1);
    let url = tls_server(authority.signs(&expired)).await;
    assert_eq!(tls_error(&config, &url).await, TlsError::Expired);

    let mut early = localhost();
    early.not_before = date_time_ymd(4000, 1, 1);
    let url = tls_server(authority.signs(&early)).await;
    assert_eq!(tls_error(&config, &url).await, TlsError::NotYetValid);

    let other = CertificateParams::new(["a.test".to_owned(), "*.b.test".to_owned()]).unwrap();
    let url = tls_server(authority.signs(&other)).await;
    let error = tls_error(&config, &url).await;
    assert!(matches!(error, TlsError::WrongHost(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "its certificate is for `a.test`, `*.b.test`"
    );
}

#[tokio::test]
async fn a_certificate_that_signs_itself_is_refused() {
    for is_authority in [false, true] {
        let key = KeyPair::generate().unwrap();
        let mut params = localhost();
        if is_authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let certificate = params.self_signed(&key).unwrap();
        let url = tls_server(acceptor(certificate.der().clone(), &key, &[b"http/1.1"])).await;
        let error = tls_error(&Config::default(), &url).await;
        assert_eq!(error, TlsError::UnknownIssuer);
    }
}

/// CVE-2009-3490 and its kind: a name that only looks like the host's.
#[tokio::test]
async fn a_wildcard_stands_for_one_whole_label_on_the_left() {
    let authority = Authority::new();
    for name in ["localhost.evil.test", "*", "*.localhost", "l*st", "lo*host"] {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::DnsName(name.try_into().unwrap())];
        let url = tls_server(authority.signs(&params)).await;
        let error = Fetcher::new(&authority.trusted()).fetch(&url).await;
        assert!(matches!(error, Err(FetchError::Tls { .. })), "{name}");
    }
}

#[tokio::test]
async fn an_address_needs_a_certificate_for_it() {
    let authority = Authority::new();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::IpAddress(Ipv4Addr::LOCALHOST.into())];
    let mut url = tls_server(authority.signs(&params)).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    Fetcher::new(&authority.trusted())
        .fetch(&url)
        .await
        .unwrap();

    let mut url = tls_server(authority.signs(&localhost())).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    let error = tls_error(&authority.trusted(), &url).await;
    assert!(matches!(error, TlsError::WrongHost(_)), "{error:?}");
}

#[tokio::test]
async fn insecure_accepts_any_certificate() {
    let mut expired = CertificateParams::new(["other.test".to_owned()]).unwrap();
    expired.not_after = date_time_ymd(2020, 1, 1);
    let url = tls_server(Authority::new().signs(&expired)).await;
    let config = Config {
        tls: Tls {
            insecure: true,
            ..Tls::default()
        },
        ..Config::default()
    };
    assert_eq!(Fetcher::new(&config).fetch(&url).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_server_without_tls_is_said_to_be_one() {
    let address = listen(|mut stream| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nplain HTTP request sent to HTTPS port")
            .await;
        let _ = stream.read_u8().await;
    })
    .await;
    let url = Url::parse(&format!("https://localhost:{}/", address.port())).unwrap();
    assert_eq!(tls_error(&Config::default(), &url).await, TlsError::NotTls);
}

#[tokio::test]
async fn a_server_of_old_tls_only_is_said_to_be_one() {
    // A fatal alert, `protocol_version`.
    let address = listen(|mut stream| async move {
        let _ = stream.write_all(&[21, 3, 1, 0, 2, 2, 70]).await;
        let _ = stream.read_u8().await;
    })
    .await;
    let url = Url::parse(&format!("https://localhost:{}/", address.port())).unwrap();
    assert_eq!(tls_error(&Config::default(), &url).await, TlsError::Version);
}

#[tokio::test]
async fn a_handshake_that_stalls_times_out() {
    let address = listen(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let url = Url::parse(&format!("https://127.0.0.1:{}/", address.port())).unwrap();
    let config = Config {
        tls: Tls {
            handshake_timeout: Duration::from_millis(20),
            ..Tls::default()
        },
        ..Config::default()
    };
    let error = Fetcher::new(&config).fetch(&url).await.unwrap_err();
    let phase = Phase::Handshake;
    assert!(
        matches!(error, FetchError::Timeout { phase: p, .. } if p == phase),
        "{error:?}"
    );
}

fn through(proxy: &str) -> Config {
    let rules = ProxyRules {
        all: proxy.to_owned(),
        ..ProxyRules::default()
    };
    Config {
        proxies: Proxies::new(&rules).unwrap(),
        ..Config::default()
    }
}

/// An HTTP proxy that tells what it is asked, and makes tunnels to wherever `to` is.
async fn proxy_to(to: SocketAddr) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let (tell, told) = mpsc::unbounded_channel();
    let address = listen(move |mut stream| {
        let tell = tell.clone();
        async move {
            while let Some(head) = read_head(&mut stream).await {
                let is_tunnel = head.starts_with("CONNECT ");
                tell.send(head).unwrap();
                if is_tunnel {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                    let mut onward = TcpStream::connect(to).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
                    return;
                }
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy")
                    .await;
            }
        }
    })
    .await;
    (address, told)
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_whole_url() {
    let (proxy, mut told) = proxy_to(SocketAddr::from(([127, 0, 0, 1], 1))).await;
    let fetcher = Fetcher::new(&through(&format!("http://me:secret@{proxy}")));
    let url = Url::parse("http://name.invalid/path?q").unwrap();
    let response = fetcher.fetch(&url).await.unwrap();
    assert_eq!(response.body, "proxy");
    let head = told.recv().await.unwrap();
    assert!(
        head.starts_with("GET http://name.invalid/path?q HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\nproxy-authorization: Basic bWU6c2VjcmV0\r\n"),
        "{head}"
    );
    let kept = String::from_utf8(response.request.to_vec()).unwrap();
    assert!(!kept.contains("bWU6"), "{kept}");
}

/// Also GHSA-jm3v-qxmh-hxwv: a redirect from http to https is not sent through the proxy of http.
#[tokio::test]
async fn https_goes_through_a_tunnel() {
    let authority = Authority::new();
    let url = tls_server(authority.signs(&localhost())).await;
    let to = SocketAddr::from(([127, 0, 0, 1], url.port().unwrap()));
    let (proxy, mut told) = proxy_to(to).await;
    let mut config = through(&format!("http://me:secret@{proxy}"));
    config.tls = authority.trusted().tls;
    let response = Fetcher::new(&config).fetch(&url).await.unwrap();
    let head = told.recv().await.unwrap();
    assert!(
        head.starts_with(&format!(
            "CONNECT {} ",
            &url[url::Position::BeforeHost..url::Position::AfterPort]
        )),
        "{head}"
    );
    assert!(
        head.contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"),
        "{head}"
    );
    // What went through the tunnel has the path alone, and nothing for the proxy.
    let sent = String::from_utf8(response.body.to_vec()).unwrap();
    assert!(sent.starts_with("GET / HTTP/1.1\r\n"), "{sent}");
    assert!(!sent.contains("proxy"), "{sent}");
}

#[tokio::test]
async fn a_proxy_can_itself_be_at_https() {
    let authority = Authority::new();
    let acceptor = authority.signs(&localhost());
    let proxy = tls_server(acceptor).await;
    let mut config = through(proxy.as_str());
    config.tls = authority.trusted().tls;
    let url = Url::parse("http://name.invalid/").unwrap();
    let response = Fetcher::new(&config).fetch(&url).await.unwrap();
    assert!(response.body.starts_with(b"GET http://name.invalid/ "));

    let mut untrusting = config.clone();
    untrusting.tls = Tls::default();
    let error = Fetcher::new(&untrusting).fetch(&url).await.unwrap_err();
    assert!(matches!(error, FetchError::Proxy { .. }), "{error:?}");
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_not_there_is_named_without_its_password() {
    let refusing = listen(|mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            .await;
    })
    .await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = listener.local_addr().unwrap();
    drop(listener);
    let url = Url::parse("https://name.invalid/").unwrap();
    for (proxy, why) in [
        (refusing, "authorization required"),
        (gone, "cannot connect"),
    ] {
        let config = through(&format!("http://me:secret@{proxy}"));
        let error = Fetcher::new(&config).fetch(&url).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("no connection through proxy {proxy}")
        );
        assert!(
            error.source().unwrap().to_string().contains(why),
            "{error:?}"
        );
        assert!(!format!("{error:?}").contains("secret"));
    }
}

/// A SOCKS5 proxy that lets `me` in and tells what address is asked for, as sent.
async fn socks_proxy(to: SocketAddr) -> (SocketAddr, mpsc::UnboundedReceiver<Vec<u8>>) {
    let (tell, told) = mpsc::unbounded_channel();
    let address = listen(move |mut stream| {
        let tell = tell.clone();
        async move {
            let mut greeting = [0; 3];
            stream.read_exact(&mut greeting).await.unwrap();
            assert_eq!(greeting, [5, 1, 2]);
            stream.write_all(&[5, 2]).await.unwrap();
            let mut login = [0; 11];
            stream.read_exact(&mut login).await.unwrap();
            assert_eq!(&login, b"\x01\x02me\x06secret");
            stream.write_all(&[1, 0]).await.unwrap();
            let mut asked = vec![0; 5];
            stream.read_exact(&mut asked).await.unwrap();
            let rest = if asked[3] == 3 {
                usize::from(asked[4]) + 2
            } else {
                5
            };
            asked.resize(5 + rest, 0);
            stream.read_exact(&mut asked[5..]).await.unwrap();
            tell.send(asked).unwrap();
            let done = [5, 0, 0, 1, 127, 0, 0, 1, 0, 0];
            stream.write_all(&done).await.unwrap();
            let mut onward = TcpStream::connect(to).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
        }
    })
    .await;
    (address, told)
}

#[tokio::test]
async fn socks_proxies_resolve_names_or_are_given_addresses() {
    let to = echo_server().await;
    let (proxy, mut told) = socks_proxy(to).await;

    let remote = Fetcher::new(&through(&format!("socks5h://me:secret@{proxy}")));
    let url = Url::parse("http://name.invalid/").unwrap();
    let response = remote.fetch(&url).await.unwrap();
    assert!(response.body.starts_with(b"GET / HTTP/1.1\r\n"));
    assert_eq!(
        told.recv().await.unwrap(),
        b"\x05\x01\x00\x03\x0cname.invalid\x00\x50"
    );

    let mut config = through(&format!("socks5://me:secret@{proxy}"));
    config.addresses.overrides = vec!["name.invalid:80:192.0.2.7".parse().unwrap()];
    Fetcher::new(&config).fetch(&url).await.unwrap();
    assert_eq!(
        told.recv().await.unwrap(),
        b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50"
    );
}

#[tokio::test]
async fn https_goes_through_socks() {
    let authority = Authority::new();
    let url = tls_server(authority.signs(&localhost())).await;
    let to = SocketAddr::from(([127, 0, 0, 1], url.port().unwrap()));
    let (proxy, _told) = socks_proxy(to).await;
    let mut config = through(&format!("socks5h://me:secret@{proxy}"));
    config.tls = authority.trusted().tls;
    assert_eq!(Fetcher::new(&config).fetch(&url).await.unwrap().status, 200);
}

/// A server of HTTP/2 whose every answer `answer` makes.
async fn http2_server<F, B>(
    acceptor: TlsAcceptor,
    answer: impl Fn(hyper::Request<hyper::body::Incoming>) -> F + Clone + Send + 'static,
) -> Url
where
    F: Future<Output = Result<hyper::Response<B>, std::convert::Infallible>> + Send + 'static,
    B: hyper::body::Body<Data = bytes::Bytes, Error = std::io::Error> + Send + 'static,
{
    let address = listen(move |stream| {
        let (acceptor, answer) = (acceptor.clone(), answer.clone());
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            let service = hyper::service::service_fn(answer);
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    })
    .await;
    Url::parse(&format!("https://localhost:{}/a?b", address.port())).unwrap()
}

fn http2(authority: &Authority) -> Config {
    let mut config = authority.trusted();
    config.tls.http2 = true;
    config
}

#[tokio::test]
async fn http2_is_spoken_if_both_want_to() {
    let authority = Authority::new();
    let url = http2_server(authority.signs_for_http2(), |request| async move {
        assert_eq!(request.version(), hyper::Version::HTTP_2);
        // The authority says it, and nginx answers 400 where both do.
        assert!(!request.headers().contains_key("host"));
        let told = format!("{} {}", request.method(), request.uri());
        let body = Full::from(told).map_err(|never| match never {});
        Ok(hyper::Response::new(body))
    })
    .await;
    let fetcher = Fetcher::new(&http2(&authority));
    let (one, two) = tokio::join!(fetcher.fetch(&url), fetcher.fetch(&url));
    assert_eq!(one.unwrap().body, format!("GET {url}"));
    let mut with_user = url.clone();
    with_user.set_username("me").unwrap();
    let three = fetcher.fetch(&with_user).await.unwrap();
    assert_eq!(three.body, format!("GET {url}"));
    let request = String::from_utf8(two.unwrap().request.to_vec()).unwrap();
    let host = format!("\r\nhost: localhost:{}\r\n", url.port().unwrap());
    assert!(request.starts_with("GET /a?b HTTP/1.1\r\n"), "{request}");
    assert_eq!(request.matches(&host).count(), 1, "{request}");

    // A server that can only HTTP/1.1 gets that.
    let old = tls_server(authority.signs(&localhost())).await;
    let response = fetcher.fetch(&old).await.unwrap();
    let host = format!("host: localhost:{}\r\n", old.port().unwrap());
    let received = String::from_utf8_lossy(&response.body).to_lowercase();
    assert_eq!(received.matches(&host).count(), 1, "{received}");
}

#[tokio::test]
async fn limits_are_the_same_by_http2() {
    let authority = Authority::new();
    // A body that is reset in its middle, once its head is there.
    let arrived = Arc::new(tokio::sync::Notify::new());
    let waiting = Arc::clone(&arrived);
    let url = http2_server(authority.signs_for_http2(), move |_| {
        let waiting = Arc::clone(&waiting);
        async move {
            let half = Ok(Frame::data(bytes::Bytes::from_static(b"half")));
            let reset = async move {
                waiting.notified().await;
                Err(std::io::Error::other("reset"))
            };
            let body = stream::iter([half]).chain(stream::once(reset));
            Ok(hyper::Response::new(StreamBody::new(body)))
        }
    })
    .await;
    let fetcher = Fetcher::new(&http2(&authority));
    let response = fetcher.open(&url, hyper::HeaderMap::new()).await.unwrap();
    arrived.notify_one();
    let error = response.body.whole().await.unwrap_err();
    assert!(matches!(error, FetchError::Incomplete { .. }), "{error:?}");

    let url = http2_server(authority.signs_for_http2(), |_| async move {
        let body = Full::from(vec![b'x'; 100_000]).map_err(|never| match never {});
        let mut response = hyper::Response::new(body);
        for n in 0..300 {
            let name = hyper::header::HeaderName::from_bytes(format!("x-{n}").as_bytes()).unwrap();
            let value = hyper::header::HeaderValue::from_static("value");
            response.headers_mut().insert(name, value);
        }
        Ok(response)
    })
    .await;
    let mut config = http2(&authority);
    let response = Fetcher::new(&config).fetch(&url).await.unwrap();
    assert!(response.headers.len() >= 300);
    config.max_body = 99_999;
    let error = Fetcher::new(&config).fetch(&url).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");

    let url = http2_server(authority.signs_for_http2(), |_| async move {
        std::future::pending::<()>().await;
        Ok(hyper::Response::new(
            Full::default().map_err(|never: std::convert::Infallible| match never {}),
        ))
    })
    .await;
    let mut config = http2(&authority);
    config.head_timeout = Duration::from_millis(50);
    let error = Fetcher::new(&config).fetch(&url).await.unwrap_err();
    assert!(
        matches!(
            error,
            FetchError::Timeout {
                phase: Phase::Head,
                ..
            }
        ),
        "{error:?}"
    );
}

/// A server of HTTP/2 that answers the requests of a connection, which it counts from 0, or ends them.
/// It has done nothing for what it ends.
async fn ending_http2_server(
    authority: &Authority,
    end: impl Fn(u32) -> Option<End> + Clone + Send + 'static,
) -> Url {
    tls_server_that(authority.signs_for_http2(), move |mut stream| {
        let end = end.clone();
        async move {
            let _ = end_requests(&mut stream, end).await;
        }
    })
    .await
}

async fn end_requests(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    end: impl Fn(u32) -> Option<End>,
) -> std::io::Result<()> {
    // RFC 9113 §3.4: the client's preface; then frames (§4.1), of which the first is `SETTINGS`.
    stream.read_exact(&mut [0; 24]).await?;
    stream.write_all(&frame(4, 0, 0, &[])).await?;
    let (mut requests, mut last) = (0, 0);
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let [a, b, c, kind, _, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload).await?;
        if kind != 1 {
            continue;
        }
        let id = u32::from_be_bytes(id);
        let code = |reason| u32::from(reason).to_be_bytes();
        let answer = match end(requests) {
            // The status is 200, in HPACK's static table (RFC 7541 A); headers and stream end here.
            None => {
                last = id;
                frame(1, 0x5, id, &[0x88])
            }
            Some(End::Stream(reason)) => frame(3, 0, id, &code(reason)),
            Some(End::Connection(reason)) => {
                frame(7, 0, 0, &[last.to_be_bytes(), code(reason)].concat())
            }
        };
        stream.write_all(&answer).await?;
        requests += 1;
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let id = stream.to_be_bytes();
    [&length[1..], &[kind, flags], &id[..], payload].concat()
}

#[derive(Clone, Copy, Debug)]
enum End {
    Stream(Reason),
    Connection(Reason),
}

#[tokio::test]
async fn what_http2_refuses_is_asked_for_again() {
    let authority = Authority::new();
    // As nginx does: so many requests a connection, and so many at a time.
    let full = |requests| (requests >= 3).then_some(End::Connection(Reason::NO_ERROR));
    let busy = |requests| (requests % 2 == 0).then_some(End::Stream(Reason::REFUSED_STREAM));
    let servers = [
        ending_http2_server(&authority, full).await,
        ending_http2_server(&authority, busy).await,
    ];
    for url in servers {
        let fetcher = Fetcher::new(&http2(&authority));
        let fetches = (0..16).map(|_| fetcher.fetch(&url));
        for fetched in futures::future::join_all(fetches).await {
            assert_eq!(fetched.unwrap().status, 200);
        }
    }
}

/// As a server does that is about to end; a connection may be gone before a request is on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_http2_ends_at_once_may_do_another_time() {
    let authority = Authority::new();
    for goes_away in [true, false] {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let acceptor = authority.signs_for_http2();
        let address = listen(move |stream| {
            let acceptor = acceptor.clone();
            // Each connection, also one that comes to nothing.
            counted.fetch_add(1, Ordering::Relaxed);
            async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                if goes_away {
                    let bye = [frame(4, 0, 0, &[]), frame(7, 0, 0, &[0; 8])].concat();
                    let _ = stream.write_all(&bye).await;
                    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                }
            }
        })
        .await;
        let url = Url::parse(&format!("https://localhost:{}/", address.port())).unwrap();
        let fetcher = Fetcher::new(&http2(&authority));
        for _ in 0..16 {
            let error = fetcher.fetch(&url).await.unwrap_err();
            assert!(error.is_transient(), "{error:?}");
        }
        let asked = asked.load(Ordering::Relaxed);
        assert!(asked <= 160, "{asked} connections");
    }
}

#[tokio::test]
async fn what_http2_ends_for_good_is_told() {
    let authority = Authority::new();
    let ends = [
        (End::Connection(Reason::NO_ERROR), true),
        (End::Stream(Reason::REFUSED_STREAM), true),
        (End::Stream(Reason::ENHANCE_YOUR_CALM), true),
        (End::Stream(Reason::INTERNAL_ERROR), true),
        (End::Connection(Reason::INTERNAL_ERROR), true),
        (End::Stream(Reason::PROTOCOL_ERROR), false),
        (End::Connection(Reason::PROTOCOL_ERROR), false),
    ];
    for (end, is_transient) in ends {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let url = ending_http2_server(&authority, move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Some(end)
        })
        .await;
        let error = Fetcher::new(&http2(&authority)).fetch(&url).await;
        let error = error.unwrap_err();
        assert_eq!(error.is_transient(), is_transient, "{end:?}: {error:?}");
        let asked = asked.load(Ordering::Relaxed);
        assert!((1..=10).contains(&asked), "{end:?}: {asked} times");
    }
}

#[tokio::test]
async fn a_connection_that_is_silent_is_not_shared_any_more() {
    let authority = Authority::new();
    let connections = Arc::new(AtomicUsize::new(0));
    let url = tls_server_that(authority.signs_for_http2(), move |mut stream| {
        let connections = Arc::clone(&connections);
        async move {
            if connections.fetch_add(1, Ordering::Relaxed) == 0 {
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            } else {
                let _ = end_requests(&mut stream, |_| None).await;
            }
        }
    })
    .await;
    let mut config = http2(&authority);
    config.head_timeout = Duration::from_millis(500);
    let fetcher = Fetcher::new(&config);
    let error = fetcher.fetch(&url).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { .. }), "{error:?}");
    assert_eq!(fetcher.fetch(&url).await.unwrap().status, 200);
}

/// Or a server far away would be slow by HTTP/2, however wide the way to it.
#[tokio::test]
async fn a_mebibyte_comes_by_http2_before_anyone_takes_it() {
    let authority = Authority::new();
    let came = Arc::new(tokio::sync::Notify::new());
    let told = Arc::clone(&came);
    let url = http2_server(authority.signs_for_http2(), move |_| {
        let told = Arc::clone(&told);
        async move {
            let frames = stream::iter(0..).map(move |n| {
                if n == 64 {
                    told.notify_one();
                }
                Ok(Frame::data(bytes::Bytes::from_static(&[0; 16 << 10])))
            });
            Ok(hyper::Response::new(StreamBody::new(frames)))
        }
    })
    .await;
    let fetcher = Fetcher::new(&http2(&authority));
    let _response = fetcher.open(&url, hyper::HeaderMap::new()).await.unwrap();
    let all = tokio::time::timeout(Duration::from_secs(10), came.notified());
    assert!(all.await.is_ok());
}
