#![no_main]

use std::sync::{Arc, Mutex};

use dragline_fetch::{Config, Cookies, FetchError, Fetcher, Tls, retry_after};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

// Whatever a server answers, bytes on a real connection: the request ends, what is kept was sent, within its bounds, an
// error steers no terminal, and the next request is answered by what comes after it was asked. The first byte says whether
// the connection stays open, and in how many pieces the rest is sent.
fuzz_target!(|input: &[u8]| {
    let Some((&how, answer)) = input.split_first() else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // When nobody can go on, time leaps: limits of time cost none.
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(check(how, answer));
});

async fn check(how: u8, answer: &[u8]) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    // What is answered once, then never again.
    let once = Arc::new(Mutex::new(Some(answer.to_vec())));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, how, Arc::clone(&once)));
        }
    });
    let fetcher = Fetcher::new(&Config {
        max_body: MOST,
        // Else it reads the system's authorities each time.
        tls: Tls {
            insecure: true,
            ..Tls::default()
        },
        cookies: Some(Cookies::default()),
        ..Config::default()
    });
    match fetcher.fetch(&url).await {
        Ok(response) => {
            assert!(response.body.len() as u64 <= MOST);
            assert!(is_part(&response.body, answer), "a body that nobody sent");
            let _ = retry_after(&response.headers, response.date);
        }
        Err(error) => {
            let said = chain(&error);
            assert!(!said.contains(char::is_control), "{said:?}");
        }
    }
    match fetcher.fetch(&url).await {
        Ok(response) => assert_eq!(response.body, NEXT, "the answer to another request"),
        Err(error) => panic!("the next request fails: {}", chain(&error)),
    }
}

/// Answers the first request with what is mean, and others well.
async fn serve(mut stream: TcpStream, how: u8, once: Arc<Mutex<Option<Vec<u8>>>>) {
    while read_request(&mut stream).await {
        let mean = once.lock().unwrap().take();
        let Some(mean) = mean else {
            let good = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", NEXT.len());
            let _ = stream.write_all(&[good.as_bytes(), NEXT].concat()).await;
            continue;
        };
        let pieces = usize::from(how >> 1) % 4 + 1;
        for piece in mean.chunks(mean.len() / pieces + 1) {
            if stream.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        if how & 1 == 0 {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    let mut bytes = [0; 4096];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut bytes).await {
            Ok(0) | Err(_) => return false,
            Ok(read) => head.extend_from_slice(&bytes[..read]),
        }
    }
    true
}

/// Whether the bytes of `part` stand in `whole` in this order: chunks are taken apart.
fn is_part(part: &[u8], whole: &[u8]) -> bool {
    // After a redirect to itself that sets a cookie, and after a connection that died, it was asked again.
    if part == NEXT {
        return true;
    }
    let mut whole = whole.iter();
    part.iter().all(|byte| whole.any(|it| it == byte))
}

fn chain(error: &FetchError) -> String {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        said += &format!(": {error}");
        cause = error.source();
    }
    said
}

const MOST: u64 = 4096;
const NEXT: &[u8] = b"what was asked for next";
