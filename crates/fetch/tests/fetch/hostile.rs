//! Servers that do what none should: every request ends, and what comes of it is clear.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Lets `answer` do what it likes with each connection, and counts them.
async fn serve<F>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> (Url, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(answer(stream));
        }
    });
    (url.parse().unwrap(), connections)
}

/// Answers each request with `answer`, and keeps the connection.
async fn keep(answer: impl Into<Vec<u8>>) -> (Url, Arc<AtomicUsize>) {
    let answer = Arc::new(answer.into());
    serve(move |mut stream| {
        let answer = Arc::clone(&answer);
        async move {
            while read_request(&mut stream).await.is_some() {
                let _ = stream.write_all(&answer).await;
            }
        }
    })
    .await
}

/// Sends `start` after a request and then `more` again and again, as fast as it is taken.
async fn endless(start: &'static str, more: &'static [u8]) -> Url {
    let server = serve(move |mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(start.as_bytes()).await;
        while stream.write_all(more).await.is_ok() {}
    });
    server.await.0
}

/// Sends `start` after a request and then a byte every second.
async fn trickle(start: &'static str) -> Url {
    let server = serve(move |mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(start.as_bytes()).await;
        let mut second = tokio::time::interval(Duration::from_secs(1));
        while stream.write_all(b"x").await.is_ok() {
            second.tick().await;
        }
    });
    server.await.0
}

async fn get(url: &Url, config: Config) -> Result<Response, FetchError> {
    Fetcher::new(&config).fetch(url).await
}

/// Time leaps when all wait: what is not to be tested must be far away.
fn patient() -> Config {
    let hour = Duration::from_secs(3600);
    Config {
        connect_timeout: hour,
        head_timeout: hour,
        idle_timeout: hour,
        min_rate: 0,
        ..Config::default()
    }
}

#[tokio::test]
async fn interim_responses_are_passed_over() {
    let early =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(50);
    let response = fetched(&format!(
        "{early}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    ))
    .await;
    assert_eq!(response.body, "ok");
}

#[tokio::test]
async fn endless_interim_responses_are_counted() {
    let url = endless("", b"HTTP/1.1 100 Continue\r\n\r\n").await;
    let error = get(&url, patient()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "more than 100 interim responses (1xx) and no final one"
    );
    assert!(!error.is_transient());
}

#[tokio::test(start_paused = true)]
async fn a_head_that_comes_byte_by_byte_has_a_limit_as_a_whole() {
    let url = trickle("HTTP/1.1 200 OK\r\nX: ").await;
    let config = Config {
        head_timeout: Duration::from_secs(30),
        ..patient()
    };
    let error = get(&url, config).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the response's head took longer than 30 s"
    );
    assert!(error.is_transient());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_byte_by_byte_is_too_slow() {
    let url = trickle("HTTP/1.1 200 OK\r\n\r\n").await;
    let config = Config {
        min_rate: 1024,
        ..patient()
    };
    let error = get(&url, config).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "response body came slower than 1024 bytes/s over 30 s"
    );
    assert!(error.is_transient());
}

#[tokio::test(start_paused = true)]
async fn a_whole_request_has_a_limit() {
    let config = Config {
        whole_timeout: Some(Duration::from_secs(60)),
        ..patient()
    };
    let url = trickle("HTTP/1.1 200 OK\r\n\r\n").await;
    let error = get(&url, config.clone()).await.unwrap_err();
    assert_eq!(error.to_string(), "the whole request took longer than 60 s");
    let url = trickle("HTTP/1.1 200 OK\r\nX: ").await;
    let error = get(&url, config).await.unwrap_err();
    assert_eq!(error.to_string(), "the whole request took longer than 60 s");
}

#[tokio::test]
async fn an_endless_body_ends_at_its_limit() {
    let config = Config {
        max_body: 1 << 16,
        ..patient()
    };
    let url = endless("HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 4096]).await;
    let error = get(&url, config.clone()).await.unwrap_err();
    assert_eq!(error.to_string(), "response body exceeds 65536 bytes");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let url = endless(chunked, b"1\r\nx\r\n").await;
    let error = get(&url, config).await.unwrap_err();
    assert_eq!(error.to_string(), "response body exceeds 65536 bytes");
}

#[tokio::test]
async fn endless_trailers_and_extensions_end() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let last_chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    for (start, more) in [(last_chunk, "X: y\r\n"), (chunked, "1;x=y\r\nx\r\n")] {
        let error = get(&endless(start, more.as_bytes()).await, patient())
            .await
            .unwrap_err();
        assert!(
            matches!(error, FetchError::Incomplete { .. }),
            "{more:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn bytes_that_are_no_body_do_not_count_as_one() {
    // A chunk's length with ever more zeros before it.
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let config = Config {
        idle_timeout: Duration::from_millis(50),
        ..patient()
    };
    let error = get(&endless(chunked, b"00000").await, config)
        .await
        .unwrap_err();
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
async fn long_heads_are_accepted_and_longer_ones_refused() {
    let with = |fields: String| format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nok");
    let many = |count| with("X-Many: 1\r\n".repeat(count));
    let long = |length| with(format!("X-Long: {}\r\n", "x".repeat(length)));
    assert_eq!(fetched(&many(3999)).await.headers.len(), 4000);
    assert_eq!(fetched(&long(300 * 1024 - 60)).await.body, "ok");
    for too_long in [many(4000), long(300 * 1024), with("x".repeat(1 << 20))] {
        let error = failed(&too_long).await;
        assert_eq!(
            error.to_string(),
            "response head exceeds 307200 bytes or 4000 fields"
        );
        assert!(!error.is_transient());
    }
    let url = endless("HTTP/1.1 200 OK\r\n", b"X: y\r\n").await;
    let error = get(&url, patient()).await.unwrap_err();
    assert!(matches!(error, FetchError::HeadTooLarge), "{error:?}");
}

#[tokio::test]
async fn what_browsers_overlook_is_overlooked() {
    for odd in [
        "X-Fold: a\r\n\tb\r\n",
        "X-Blank : c\r\n",
        "no colon at all\r\n",
        ": no name\r\n",
        "X-\u{e9}t\u{e9}: latin\r\n",
        "X-Latin: \u{e9}\u{ff}\r\n",
        "X-Escape: \x1b[2J\r\n",
        "X-Line: feed\n",
        "\"quoted\": 1\r\n",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{odd}Content-Length: 2\r\n\r\nok");
        let response = fetch(Config::default(), &answer).await;
        let response = response.unwrap_or_else(|error| panic!("{odd:?}: {error:?}"));
        assert_eq!(response.body, "ok", "{odd:?}");
        // A byte is a character in Latin-1.
        let latin: Vec<u8> = answer
            .chars()
            .map(|char| u8::try_from(char).unwrap())
            .collect();
        let url = server(vec![latin]).await;
        assert_eq!(
            get(&url, Config::default()).await.unwrap().body,
            "ok",
            "{odd:?}"
        );
    }
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused() {
    for odd in ["X-Nul: a\0b\r\n", "X-Bare: a\rContent-Length: 1\r\n"] {
        let error = failed(&format!(
            "HTTP/1.1 200 OK\r\n{odd}Content-Length: 2\r\n\r\nok"
        ))
        .await;
        assert!(
            matches!(error, FetchError::Protocol(_)),
            "{odd:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn statuses_have_a_clear_outcome() {
    for (line, outcome) in [
        ("HTTP/1.1 200", "200"),
        ("HTTP/1.0 200 OK", "200"),
        ("HTTP/1.1 200 \u{e9}\u{2603}", "200"),
        ("HTTP/1.1 999 Request denied", "999"),
        ("HTTP/1.1 416 Range Not Satisfiable", "416"),
        (
            "HTTP/1.1 101 Switching Protocols",
            "response `101 Switching Protocols` to a request that did not ask for it",
        ),
        (
            "HTTP/1.1 206 Partial Content",
            "response `206 Partial Content` to a request that did not ask for it",
        ),
        (
            "HTTP/1.1 304 Not Modified",
            "response `304 Not Modified` to a request that did not ask for it",
        ),
        ("HTTP/1.1 099 Low", "no valid HTTP response"),
        ("HTTP/1.1 20 Short", "no valid HTTP response"),
        ("HTTP/1.1 2000 Long", "no valid HTTP response"),
        ("HTTP/3.7 200 OK", "no valid HTTP response"),
        (
            "<html>an answer of HTTP/0.9</html>",
            "no valid HTTP response",
        ),
        ("\x1b[2J", "no valid HTTP response"),
    ] {
        let answer = format!("{line}\r\nContent-Length: 2\r\n\r\nok");
        let got = match fetch(Config::default(), &answer).await {
            Ok(response) => response.status.as_str().to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, outcome, "{line:?}");
    }
}

#[tokio::test]
async fn lengths_that_make_no_sense_are_refused() {
    for length in [
        "+5",
        "-1",
        "0x5",
        "5,6",
        "5 5",
        "9223372036854775808000",
        "1e3",
        "",
    ] {
        let error = failed(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nhello"
        ))
        .await;
        assert!(
            matches!(error, FetchError::Protocol(_)),
            "{length}: {error:?}"
        );
        assert!(!error.is_transient());
    }
    for length in ["18446744073709551615", "9223372036854775808"] {
        let error = failed(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nhello"
        ))
        .await;
        assert!(!error.is_transient(), "{length}: {error:?}");
    }
    let twice = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5 , 5\r\n\r\nhello";
    assert_eq!(fetched(twice).await.body, "hello");
}

#[tokio::test]
async fn chunks_that_make_no_sense_are_incomplete() {
    for chunks in [
        "",
        "5",
        "5\r\n",
        "5\r\nhello",
        "5\r\nhello\r\n",
        "5\r\nhello\r\n0",
        "5\r\nhello\r\n0\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "zz\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "7fffffffffffffff\r\nhello",
        "5\r\nhelloworld\r\n0\r\n\r\n",
        "5\nhello\n0\n\n",
        " \r\n",
        "\r\n",
    ] {
        let error = failed(&format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
        ))
        .await;
        assert!(
            matches!(
                error,
                FetchError::Incomplete {
                    announced: None,
                    ..
                }
            ),
            "{chunks:?}: {error:?}"
        );
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn unknown_transfer_codings_are_refused_by_name() {
    for (coding, named) in [
        ("gzip", "gzip"),
        ("gzip, chunked", "gzip"),
        ("xchunked", "xchunked"),
        ("\u{9b}2J", r"\u{9b}2j"),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n");
        let error = failed(&answer).await;
        assert_eq!(
            error.to_string(),
            format!("unknown transfer coding `{named}`")
        );
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn identity_is_no_coding_and_ends_where_it_says() {
    let (url, _) =
        keep("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nokmore")
            .await;
    assert_eq!(get(&url, patient()).await.unwrap().body, "ok");
    let cut = "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nok";
    assert_eq!(
        failed(cut).await.to_string(),
        "response body cut short after 2 bytes of 3"
    );
}

/// Fetches twice, and returns how many connections that took.
async fn connections_for_two(answer: &str) -> usize {
    let (url, connections) = keep(answer).await;
    let fetcher = Fetcher::new(&Config::default());
    for _ in 0..2 {
        assert_eq!(fetcher.fetch(&url).await.unwrap().body, "ok", "{answer:?}");
        // The connection's task gets to see what else there is.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
    connections.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_connection_is_used_again_only_where_there_is_no_doubt() {
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (fields, body, connections) in [
        ("Content-Length: 2\r\n", "ok", 1),
        (chunked, "2\r\nok\r\n0\r\n\r\n", 1),
        // RFC 9112 §6.3, rule 3.
        (
            "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
            "2\r\nok\r\n0\r\n\r\n",
            2,
        ),
        (
            "Transfer-Encoding: chunked, chunked\r\n",
            "2\r\nok\r\n0\r\n\r\n",
            2,
        ),
        ("Content-Length: 2\r\nConnection: close\r\n", "ok", 2),
        // What is behind a body is not the answer to the next request.
        (
            "Content-Length: 2\r\n",
            "okHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
            2,
        ),
        (
            chunked,
            "2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
            2,
        ),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}");
        assert_eq!(
            connections_for_two(&answer).await,
            connections,
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_before_the_request_does_not_answer_the_next_one() {
    let (url, _) = serve(|mut stream| async move {
        let early = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly";
        let _ = stream.write_all(early).await;
        read_request(&mut stream).await;
        let _ = stream.write_all(early).await;
        std::future::pending::<()>().await;
    })
    .await;
    let fetcher = Fetcher::new(&Config::default());
    for _ in 0..3 {
        match fetcher.fetch(&url).await {
            Ok(response) => assert_eq!(response.body, "early"),
            Err(error) => assert!(
                matches!(error, FetchError::Protocol(_) | FetchError::Lost(_)),
                "{error:?}"
            ),
        }
    }
}

/// The runtime asks the system only when it has nothing else to do: until then what came unasked was not
/// seen, and was taken for the answer to the next request.
#[tokio::test]
async fn what_came_before_a_request_is_not_its_answer() {
    use std::io::{Read, Write};
    let answer = |body: &str| {
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let (is_idle, idle) = std::sync::mpsc::channel();
    let (has_sent, sent) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        let (mut first, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        assert!(first.read(&mut request).unwrap() > 0);
        first.write_all(&answer("first")).unwrap();
        idle.recv().unwrap();
        first.write_all(&answer("unasked")).unwrap();
        has_sent.send(()).unwrap();
        let (mut second, _) = listener.accept().unwrap();
        assert!(second.read(&mut request).unwrap() > 0);
        second.write_all(&answer("second")).unwrap();
    });
    let fetcher = Fetcher::new(&Config::default());
    assert_eq!(fetcher.fetch(&url).await.unwrap().body, "first");
    // The connection's task gets to see that there is nothing else.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    is_idle.send(()).unwrap();
    sent.recv().unwrap();
    assert_eq!(fetcher.fetch(&url).await.unwrap().body, "second");
    server.join().unwrap();
}

/// Of seven pages of a server that closed each connection at its second request, some were lost: two
/// connections of before in a row were dead.
#[tokio::test]
async fn connections_that_were_kept_and_die_say_nothing_of_a_new_one() {
    const KEPT: usize = 5;
    let all_there = Arc::new(tokio::sync::Barrier::new(KEPT));
    let new_ones_live = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let (barrier, live) = (Arc::clone(&all_there), Arc::clone(&new_ones_live));
    let opened = Arc::new(AtomicUsize::new(0));
    let (url, connections) = serve(move |mut stream| {
        let (barrier, live) = (Arc::clone(&barrier), Arc::clone(&live));
        let number = opened.fetch_add(1, Ordering::Relaxed);
        async move {
            read_request(&mut stream).await;
            if number < KEPT {
                barrier.wait().await;
            }
            if live.load(Ordering::Relaxed) {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    .await;
                read_request(&mut stream).await;
            }
        }
    })
    .await;
    let fetcher = Fetcher::new(&Config::default());
    let at_once = (0..KEPT).map(|_| fetcher.fetch(&url));
    for fetched in futures::future::join_all(at_once).await {
        assert_eq!(fetched.unwrap().body, "ok");
    }
    assert_eq!(connections.load(Ordering::Relaxed), KEPT);
    assert_eq!(fetcher.fetch(&url).await.unwrap().body, "ok");
    assert_eq!(connections.load(Ordering::Relaxed), KEPT + 1);

    new_ones_live.store(false, Ordering::Relaxed);
    let error = fetcher.fetch(&url).await.unwrap_err();
    assert!(matches!(error, FetchError::Lost(_)), "{error:?}");
    // The last that was kept was passed over; a new one was tried once more.
    assert_eq!(connections.load(Ordering::Relaxed), KEPT + 3);
}

#[tokio::test]
async fn bodies_where_there_are_none_are_passed_over() {
    let (url, _) = keep("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello").await;
    let fetcher = Fetcher::new(&Config::default());
    for _ in 0..2 {
        let response = fetcher.fetch(&url).await.unwrap();
        assert_eq!((response.status.as_u16(), response.body.len()), (204, 0));
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_secure_body_that_ends_without_saying_so_is_incomplete() {
    let end = |says_so: bool| async move {
        let (url, certificate) = tls_server_of("localhost", move |mut stream| async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhalf of it").await;
            let _ = stream.flush().await;
            if says_so {
                let _ = stream.shutdown().await;
            }
        })
        .await;
        let config = Config {
            tls: Tls {
                authorities: vec![certificate],
                ..Tls::default()
            },
            ..Config::default()
        };
        get(&url, config).await
    };
    assert_eq!(end(true).await.unwrap().body, "half of it");
    let error = end(false).await.unwrap_err();
    assert!(
        matches!(
            error,
            FetchError::Incomplete {
                received: 10,
                announced: None,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.source().unwrap().to_string().contains("close_notify"));
}

#[tokio::test]
async fn what_a_certificate_says_is_escaped() {
    let (url, certificate) = tls_server_of("\x1b[2J\u{7f}.example", |_| async {}).await;
    let config = Config {
        tls: Tls {
            authorities: vec![certificate],
            ..Tls::default()
        },
        ..Config::default()
    };
    let error = get(&url, config).await.unwrap_err();
    assert!(matches!(error, FetchError::Tls { .. }), "{error:?}");
    let source = error.source().unwrap().to_string();
    assert!(source.contains(r"\u{1b}[2J\u{7f}.example"), "{source}");
    assert!(!error.is_transient());
}
