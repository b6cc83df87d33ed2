//! What broke off is gone on with: what comes of it is what a fresh fetch gives, or an error.

use dragline_fetch::{ResumeError, Resumed, Validator};
use http::HeaderMap;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

const BODY: &str = "the whole body";
const CUT: &str = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 14\r\n\r\nthe wh";

/// Fetches what breaks off after six bytes, and goes on with it.
async fn resume(
    fetcher: &Fetcher,
    answer: impl Into<Vec<u8>>,
) -> Result<(Resumed, String), FetchError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answer = answer.into();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await.unwrap();
        stream.write_all(CUT.as_bytes()).await.unwrap();
        drop(stream);
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await.unwrap();
        let _ = stream.write_all(&answer).await;
        request
    });
    let url = url.parse().unwrap();
    let mut response = fetcher.open(&url, HeaderMap::new()).await.unwrap();
    let validator = Validator::of(response.status, &response.headers).unwrap();
    while let Ok(Some(_)) = response.body.next().await {}
    let received = response.body.received();
    assert_eq!(received, 6);
    let resumed = fetcher
        .resume(&url, &validator, received, HeaderMap::new())
        .await?;
    Ok((resumed, server.await.unwrap()))
}

fn fetcher() -> Fetcher {
    Fetcher::new(&Config {
        max_body: 100,
        ..Config::default()
    })
}

async fn outcome(answer: impl Into<Vec<u8>>) -> Result<Vec<u8>, FetchError> {
    outcome_of(&fetcher(), answer).await
}

/// What there is at last.
async fn outcome_of(fetcher: &Fetcher, answer: impl Into<Vec<u8>>) -> Result<Vec<u8>, FetchError> {
    let (kept, rest) = match resume(fetcher, answer).await?.0 {
        Resumed::Rest(response) => (&BODY.as_bytes()[..6], response.body),
        Resumed::Whole(response) => (&b""[..], response.body),
    };
    let rest = rest.whole().await?;
    Ok([kept, &rest].concat())
}

#[tokio::test]
async fn the_rest_is_asked_for_and_put_behind_what_there_is() {
    let rest = "HTTP/1.1 206 Partial Content\r\nETag: \"1\"\r\nContent-Range: bytes 6-13/14\r\nContent-Length: 8\r\n\r\nole body";
    let (resumed, request) = resume(&fetcher(), rest).await.unwrap();
    assert!(
        request.contains("\r\nrange: bytes=6-\r\nif-range: \"1\"\r\n"),
        "{request}"
    );
    let Resumed::Rest(mut response) = resumed else {
        panic!("{resumed:?}");
    };
    assert_eq!(
        (response.body.received(), response.body.announced()),
        (6, Some(14))
    );
    assert_eq!(response.body.next().await.unwrap().unwrap(), "ole body");
    assert_eq!(response.body.next().await.unwrap(), None);
    assert_eq!(response.body.received(), 14);
}

#[tokio::test]
async fn the_length_of_the_rest_is_that_of_its_range_however_it_is_framed() {
    let part = |fields: &str, body: &str| {
        format!(
            "HTTP/1.1 206 Partial Content\r\nETag: \"1\"\r\nContent-Range: bytes 6-13/14\r\n{fields}\r\n{body}"
        )
    };
    let chunked = "Transfer-Encoding: chunked\r\n";
    assert_eq!(
        outcome(part("", "ole body")).await.unwrap(),
        BODY.as_bytes()
    );
    assert_eq!(
        outcome(part(chunked, "8\r\nole body\r\n0\r\n\r\n"))
            .await
            .unwrap(),
        BODY.as_bytes()
    );
    for short in [
        part("", "ole bod"),
        part(chunked, "7\r\nole bod\r\n0\r\n\r\n"),
        part("Content-Length: 8\r\n", "ole bod"),
    ] {
        let error = outcome(short).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "response body cut short after 13 bytes of 14"
        );
    }
    for other in [
        part("", "ole body!"),
        part(chunked, "9\r\nole body!\r\n0\r\n\r\n"),
        part("Content-Length: 7\r\n", "ole bod"),
    ] {
        let error = outcome(other).await.unwrap_err();
        assert!(
            matches!(error, FetchError::Resume(ResumeError::Length)),
            "{error:?}"
        );
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn what_is_not_the_rest_is_refused_or_whole() {
    let whole = "HTTP/1.1 200 OK\r\nETag: \"2\"\r\nContent-Length: 9\r\n\r\nsomething";
    assert_eq!(outcome(whole).await.unwrap(), b"something");
    let gone = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone";
    assert!(
        matches!(resume(&fetcher(), gone).await.unwrap().0, Resumed::Whole(response) if response.status == 404)
    );
    let none = "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */14\r\nContent-Length: 0\r\n\r\n";
    let error = outcome(none).await.unwrap_err();
    assert!(
        matches!(error, FetchError::Resume(ResumeError::NotSatisfiable)),
        "{error:?}"
    );
    let other = "HTTP/1.1 206 Partial Content\r\nETag: \"2\"\r\nContent-Range: bytes 6-13/14\r\n\r\nole body";
    let error = outcome(other).await.unwrap_err();
    assert!(
        matches!(error, FetchError::Resume(ResumeError::Changed)),
        "{error:?}"
    );
    let long = Validator::of(
        http::StatusCode::OK,
        &HeaderMap::from_iter([(http::header::ETAG, "\"1\"".parse().unwrap())]),
    )
    .unwrap();
    let url = server(vec![
        b"HTTP/1.1 206 Partial Content\r\nETag: \"1\"\r\nContent-Range: bytes 6-100/101\r\n\r\n"
            .to_vec(),
    ])
    .await;
    let config = Config {
        max_body: 100,
        ..Config::default()
    };
    let error = Fetcher::new(&config)
        .resume(&url, &long, 6, HeaderMap::new())
        .await
        .unwrap_err();
    assert!(
        matches!(error, FetchError::TooLarge { limit: 100 }),
        "{error:?}"
    );
}

/// An answer of a server whose `ETag` is `"1"` if and only if its body is the one that broke off; as
/// for all else, it does what comes to its mind.
fn answers() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let status = prop_oneof![4 => Just(206_u16), 1 => Just(200), 1 => Just(416)];
    let current = prop_oneof![3 => Just((BODY, "\"1\"")), 1 => Just(("another body !", "\"2\"")), 1 => Just(("some body else's", "W/\"1\""))];
    let first = prop_oneof![4 => Just(6_usize), 1 => 0_usize..14];
    let last = prop_oneof![4 => Just(13_usize), 1 => 0_usize..20];
    let says = prop_oneof![
        4 => Just(None),
        1 => (0_u64..20, 0_u64..20, 0_u64..20).prop_map(|(first, last, length)| Some(format!("bytes {first}-{last}/{length}"))),
        1 => "bytes [0-9]{0,20}-[0-9]{0,20}/[0-9*]{0,20}".prop_map(Some),
    ];
    let framing = prop_oneof![Just("length"), Just("chunked"), Just("none")];
    let cut = prop_oneof![3 => Just(usize::MAX), 1 => 0_usize..14];
    let all = (
        status,
        current,
        first,
        last,
        says,
        framing,
        cut,
        any::<bool>(),
    );
    all.prop_map(
        |(status, (body, etag), first, last, says, framing, cut, has_etag)| {
            let end = (last + 1).min(body.len());
            let sent = if status == 206 {
                &body[first.min(end)..end]
            } else {
                body
            };
            // No one could tell that this is a lie.
            let says = says
                .filter(|says| says != "bytes 6-13/14")
                .unwrap_or_else(|| format!("bytes {first}-{last}/{}", body.len()));
            let mut answer = format!("HTTP/1.1 {status} X\r\n");
            if has_etag {
                answer += &format!("ETag: {etag}\r\n");
            }
            if status != 200 {
                answer += &format!("Content-Range: {says}\r\n");
            }
            let (fields, framed) = match framing {
                "length" => (
                    format!("Content-Length: {}\r\n", sent.len()),
                    sent.to_owned(),
                ),
                "chunked" => {
                    let chunk = if sent.is_empty() {
                        String::new()
                    } else {
                        format!("{:x}\r\n{sent}\r\n", sent.len())
                    };
                    (
                        "Transfer-Encoding: chunked\r\n".to_owned(),
                        format!("{chunk}0\r\n\r\n"),
                    )
                }
                // Nobody could tell the end of a whole body that is cut.
                _ if status == 200 => (
                    format!("Content-Length: {}\r\n", sent.len()),
                    sent.to_owned(),
                ),
                _ => (String::new(), sent.to_owned()),
            };
            let mut answer = format!("{answer}{fields}\r\n").into_bytes();
            answer.extend_from_slice(&framed.as_bytes()[..cut.min(framed.len())]);
            (answer, body.as_bytes().to_vec())
        },
    )
}

#[test]
fn the_result_is_that_of_a_fresh_fetch_or_an_error() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    let fetcher = fetcher();
    let check = |(answer, fresh): (Vec<u8>, Vec<u8>)| {
        if let Ok(kept) = runtime.block_on(outcome_of(&fetcher, answer)) {
            prop_assert_eq!(
                String::from_utf8_lossy(&kept),
                String::from_utf8_lossy(&fresh)
            );
        }
        Ok(())
    };
    TestRunner::default().run(&answers(), check).unwrap();
}
