//! The behaviour of a fetcher against servers on loopback that answer with given bytes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod hostile;
mod resume;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use dragline_fetch::{CertificateDer, Config, FetchError, Fetcher, Phase, Response, Tls};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::server::TlsStream;
use url::Url;

/// Reads a request's head; `None` when the connection ends.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(request).ok()
}

/// Answers the n-th connection with the n-th of `answers`, then closes it.
async fn server(answers: Vec<Vec<u8>>) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            let _ = stream.write_all(&answer).await;
        }
    });
    url.parse().unwrap()
}

async fn fetch(config: Config, answer: &str) -> Result<Response, FetchError> {
    let url = server(vec![answer.into()]).await;
    Fetcher::new(&config).fetch(&url).await
}

async fn fetched(answer: &str) -> Response {
    fetch(Config::default(), answer).await.unwrap()
}

async fn failed(answer: &str) -> FetchError {
    fetch(Config::default(), answer).await.unwrap_err()
}

#[tokio::test]
async fn a_response_is_returned_as_received() {
    let response =
        fetched("HTTP/1.1 404 Not Found\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 5\r\n\r\nnope\n")
            .await;
    assert_eq!(response.status, 404);
    assert_eq!(response.headers.get_all("x-a").iter().count(), 2);
    assert_eq!(response.body, "nope\n");
}

#[tokio::test]
async fn the_request_is_what_is_said_to_be_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .unwrap();
        request
    });
    let config = Config {
        user_agent: "test\r\nevil: 1/2".to_owned(),
        ..Config::default()
    };
    let url = Url::parse(&format!("http://user:secret@{address}/a%0Db?q=1#frag")).unwrap();
    let response = Fetcher::new(&config).fetch(&url).await.unwrap();
    let request = server.await.unwrap();
    assert_eq!(response.request, request);
    assert_eq!(
        request,
        format!(
            "GET /a%0Db?q=1 HTTP/1.1\r\nhost: {address}\r\nuser-agent: testevil: 1/2\r\n\
             accept: */*\r\naccept-encoding: gzip, br, zstd\r\n\r\n"
        )
    );
}

#[tokio::test]
async fn a_chunked_body_is_put_together() {
    let response = fetched(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n",
    )
    .await;
    assert_eq!(response.body, "abcde");
}

#[tokio::test]
async fn redirects_are_data() {
    let response =
        fetched("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")
            .await;
    assert_eq!(response.status, 302);
    assert_eq!(response.headers["location"], "file:///etc/passwd");
}

#[tokio::test]
async fn heads_that_browsers_accept_are_accepted() {
    let many = "X-Many: 1\r\n".repeat(900);
    let response = fetched(&format!(
        "HTTP/1.1 200 OK\r\n{many}X-Fold: a\r\n b\r\nX-Blank : c\r\njunk\r\nContent-Length: 2\r\n\r\nok"
    ))
    .await;
    assert_eq!(response.body, "ok");
    assert_eq!(response.headers["x-blank"], "c");
}

#[tokio::test]
async fn a_body_cut_short_is_incomplete() {
    let error = failed("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    assert_eq!(
        error.to_string(),
        "response body cut short after 4 bytes of 10"
    );
    let error = failed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab").await;
    assert!(
        matches!(error, FetchError::Incomplete { received: 2, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_is_no_http_is_an_error() {
    let error = failed("220 ftp.example.org ready\r\n\r\n").await;
    assert!(matches!(error, FetchError::Protocol(_)), "{error:?}");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_announced_or_not() {
    let config = || Config {
        max_body: 3,
        ..Config::default()
    };
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour";
    let error = fetch(config(), announced).await.unwrap_err();
    assert_eq!(error.to_string(), "response body exceeds 3 bytes");
    let endless = "HTTP/1.1 200 OK\r\n\r\nfour";
    let error = fetch(config(), endless).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { limit: 3 }));
    let fits = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nfit";
    assert_eq!(fetch(config(), fits).await.unwrap().body, "fit");
}

#[tokio::test]
async fn a_server_that_is_not_there_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = Url::parse(&format!("http://{address}/")).unwrap();
    let error = Fetcher::new(&Config::default())
        .fetch(&url)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), format!("cannot connect to {address}"));
    assert!(error.source().unwrap().to_string().contains("refused"));
}

#[tokio::test]
async fn a_name_without_an_address_is_named() {
    let url = Url::parse("http://no-such-host.invalid/").unwrap();
    let error = Fetcher::new(&Config::default())
        .fetch(&url)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot resolve host `no-such-host.invalid`"
    );
}

#[tokio::test]
async fn a_url_that_is_too_long_is_refused() {
    let url = Url::parse(&format!("http://127.0.0.1/{}", "a".repeat(1 << 17))).unwrap();
    let error = Fetcher::new(&Config::default())
        .fetch(&url)
        .await
        .unwrap_err();
    assert!(matches!(error, FetchError::Url(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let config = Config {
        connect_timeout: Duration::from_secs(3600),
        ..Config::default()
    };
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
    assert_eq!(
        error.to_string(),
        "the response's head took longer than 30 s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let _server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            .await
            .unwrap();
        std::future::pending::<()>().await;
    });
    // Paused time leaps when nothing else is to be done: the other limits are out of its way.
    let config = Config {
        connect_timeout: Duration::from_secs(3600),
        head_timeout: Duration::from_secs(3600),
        ..Config::default()
    };
    let error = Fetcher::new(&config).fetch(&url).await.unwrap_err();
    assert!(
        matches!(
            error,
            FetchError::Timeout {
                phase: Phase::Body,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_connection_that_dies_before_the_head_is_tried_once_more() {
    let good = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
    let url = server(vec![Vec::new(), good]).await;
    let response = Fetcher::new(&Config::default()).fetch(&url).await.unwrap();
    assert_eq!(response.body, "ok");

    let url = server(vec![Vec::new(), Vec::new()]).await;
    let error = Fetcher::new(&Config::default())
        .fetch(&url)
        .await
        .unwrap_err();
    assert!(matches!(error, FetchError::Lost(_)), "{error:?}");
}

/// A server with a certificate of its own making, for `localhost`.
async fn tls_server() -> (Url, CertificateDer<'static>) {
    tls_server_of("localhost", |mut stream| async move {
        answer(&mut stream).await;
    })
    .await
}

/// A server with a certificate of its own making, for `name`, that does what it likes with one
/// connection after the other.
async fn tls_server_of<F>(
    name: &str,
    serve: impl Fn(TlsStream<TcpStream>) -> F + Send + 'static,
) -> (Url, CertificateDer<'static>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
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
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream).await;
            }
        }
    });
    let url = Url::parse(&format!("https://localhost:{port}/")).unwrap();
    (url, cert.der().clone())
}

async fn answer(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    while read_request(stream).await.is_some() {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure")
            .await;
    }
}

#[tokio::test]
async fn https_with_a_trusted_authority() {
    let (url, certificate) = tls_server().await;
    let config = Config {
        tls: dragline_fetch::Tls {
            authorities: vec![certificate],
            ..dragline_fetch::Tls::default()
        },
        ..Config::default()
    };
    let response = Fetcher::new(&config).fetch(&url).await.unwrap();
    assert_eq!(response.body, "secure");
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let (url, _) = tls_server().await;
    let error = Fetcher::new(&Config::default())
        .fetch(&url)
        .await
        .unwrap_err();
    assert!(matches!(error, FetchError::Tls { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("no secure connection to localhost:{}", url.port().unwrap())
    );
}
