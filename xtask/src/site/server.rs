//! The listener, and an answer for each request.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time;

use super::counts::{Counts, Report};
use super::fixed::{Fixed, Resource};
use super::folder::{Folder, Found};
use super::pages::Pages;

/// The address of the report, which is no part of the site.
const REPORT: &str = "/-/report";

/// When every page made by formula was last changed.
const MODIFIED: HeaderValue = HeaderValue::from_static("Wed, 01 Jan 2025 00:00:00 GMT");

/// What a server serves.
#[derive(Debug)]
pub(crate) enum Content {
    Pages(Pages),
    /// Behind a pointer of its own, since a thread that may block reads the files.
    Folder(Arc<Folder>),
    /// Whoever shares it may put another in its place.
    Fixed(Arc<RwLock<Fixed>>),
}

/// A running site. Dropped, it closes its listener and its connections.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    site: Arc<Site>,
    /// The one task that accepts; it owns those of the connections. Aborted on drop.
    _accepting: JoinSet<()>,
}

impl Server {
    /// Starts to serve at 127.0.0.1, at a free port if `port` is 0. Each answer waits for `latency` first.
    ///
    /// # Errors
    ///
    /// Fails when the port is taken.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime.
    pub(crate) async fn start(content: Content, latency: Duration, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let counts = match &content {
            Content::Pages(pages) => Counts::new(pages.count()),
            Content::Folder(_) | Content::Fixed(_) => Counts::new(0),
        };
        let site = Arc::new(Site {
            content,
            counts,
            latency,
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&site)));
        Ok(Self {
            address,
            site,
            _accepting: accepting,
        })
    }

    /// Returns the address of the site's first page.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Tells whether anyone asked for what is at an address.
    pub(crate) fn was_asked_for(&self, address: &str) -> bool {
        let page = match &self.site.content {
            Content::Pages(pages) => pages.find(address),
            Content::Folder(_) | Content::Fixed(_) => None,
        };
        self.site.counts.has(page, address)
    }

    /// Sums up what was requested so far.
    pub(crate) fn report(&self) -> Report {
        self.site.counts.report()
    }
}

/// Accepts connections for ever, each with a task of its own.
async fn accept(listener: TcpListener, site: Arc<Site>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&site)));
                }
                // Out of file descriptors, most likely: asking again at once would only spin.
                Err(_) => time::sleep(Duration::from_millis(10)).await,
            },
            // A connection has ended; its task is taken off the set.
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers the requests of one connection, until the client closes it.
async fn serve(stream: TcpStream, site: Arc<Site>) {
    // Without it, the end of an answer may wait for the client's delayed acknowledgement (Nagle's algorithm). It fails
    // only for a connection that is gone already.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(site.answer(&request).await) }
    });
    // An error here is a client that broke off or spoke no HTTP: its own affair, and nothing to count.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

type Answer = Response<Full<Bytes>>;

/// What the tasks of the connections share.
#[derive(Debug)]
struct Site {
    content: Content,
    counts: Counts,
    latency: Duration,
}

impl Site {
    /// Answers a request of any method as if it were GET; hyper leaves the body off for HEAD.
    async fn answer(&self, request: &Request<Incoming>) -> Answer {
        let uri = request.uri();
        let address = uri.path_and_query().map_or("/", |address| address.as_str());
        if address == REPORT {
            return with_type("application/json", self.counts.report().json().to_string());
        }
        if !self.latency.is_zero() {
            // tokio's timers are late by a millisecond and more, which would be told of who asks.
            smol::Timer::after(self.latency).await;
        }
        match &self.content {
            Content::Pages(pages) => self.page(pages, address),
            Content::Folder(folder) => self.file(folder, uri.path(), address).await,
            Content::Fixed(fixed) => {
                let fixed = fixed.read().unwrap_or_else(PoisonError::into_inner);
                self.fixed(&fixed, address, request)
            }
        }
    }

    fn page(&self, pages: &Pages, address: &str) -> Answer {
        let Some(page) = pages.find(address) else {
            return self.missing(address);
        };
        self.counts.page(page);
        let mut answer = with_type("text/html; charset=utf-8", pages.html(page));
        let headers = answer.headers_mut();
        headers.insert(LAST_MODIFIED, MODIFIED);
        let etag = HeaderValue::from_maybe_shared(Bytes::from(format!(
            "\"{page:x}-{:x}\"",
            pages.bytes()
        )));
        headers.insert(ETAG, etag.expect("quotes, hexadecimal digits and a hyphen"));
        answer
    }

    async fn file(&self, folder: &Arc<Folder>, path: &str, address: &str) -> Answer {
        let folder = Arc::clone(folder);
        let wanted = path.to_owned();
        let found = tokio::task::spawn_blocking(move || folder.find(&wanted)).await;
        let found = found.expect("reading a file does not panic, and its thread is not cancelled");
        match found {
            Found::Nothing => self.missing(address),
            Found::File { content_type, body } => {
                self.counts.found(address);
                with_type(content_type, body)
            }
            Found::Folder => {
                self.counts.found(address);
                moved(&format!("{path}/"), &address[path.len()..])
            }
        }
    }

    fn fixed(&self, fixed: &Fixed, address: &str, request: &Request<Incoming>) -> Answer {
        let Some(resource) = fixed.find(address) else {
            return self.missing(address);
        };
        self.counts.found(address);
        match resource {
            Resource::Moved(to) => moved(to, ""),
            Resource::Document {
                content_type,
                coding,
                etag,
                body,
            } => {
                let mut answer = with_type(content_type, body.clone());
                if let Some(etag) = etag {
                    let etag = HeaderValue::try_from(etag).expect("a tag is ASCII");
                    if request.headers().get(IF_NONE_MATCH) == Some(&etag) {
                        answer = Response::default();
                        *answer.status_mut() = StatusCode::NOT_MODIFIED;
                    }
                    answer.headers_mut().insert(ETAG, etag);
                }
                if let Some(coding) = coding {
                    let coding = HeaderValue::from_static(coding);
                    answer.headers_mut().insert(CONTENT_ENCODING, coding);
                }
                answer
            }
        }
    }

    fn missing(&self, address: &str) -> Answer {
        self.counts.not_found(address);
        with_status(StatusCode::NOT_FOUND)
    }
}

/// Sends a client to another path, with the query that it came with.
fn moved(path: &str, query: &str) -> Answer {
    // One slash at the beginning: with two, the first name would be read as a host.
    let location = format!("/{}{query}", path.trim_start_matches('/'));
    let mut answer = with_status(StatusCode::MOVED_PERMANENTLY);
    let location = HeaderValue::try_from(location).expect("what came in a request's head");
    answer.headers_mut().insert(LOCATION, location);
    answer
}

/// Answers with a status other than 200, and its name for a body.
fn with_status(status: StatusCode) -> Answer {
    let body = format!("{status}\n");
    let mut answer = with_type("text/plain; charset=utf-8", body);
    *answer.status_mut() = status;
    answer
}

fn with_type(content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    let content_type = HeaderValue::from_static(content_type);
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::{Content, Folder, Pages, Server, moved};

    /// Sends the requests down one connection, the last of which closes it, and returns all the answers as one text.
    async fn fetch(server: &Server, paths: &[&str]) -> String {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        for (index, path) in paths.iter().enumerate() {
            let last = index + 1 == paths.len();
            let connection = if last { "close" } else { "keep-alive" };
            let request =
                format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: {connection}\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
        }
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        answers
    }

    async fn report(server: &Server) -> Value {
        let answer = fetch(server, &["/-/report"]).await;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    #[tokio::test]
    async fn pages_are_served_and_counted() {
        let pages = Pages::new(5, 2, 1_500);
        let (first, third) = (pages.html(0), pages.html(3));
        let server = Server::start(Content::Pages(pages), Duration::ZERO, 0)
            .await
            .unwrap();

        let answers = fetch(
            &server,
            &["/", "/page/3.html", "/page/3.html", "/robots.txt?a"],
        )
        .await;
        assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 3);
        assert_eq!(answers.matches("HTTP/1.1 404 Not Found\r\n").count(), 1);
        assert_eq!(answers.matches(&first).count(), 1);
        assert_eq!(answers.matches(&third).count(), 2);
        for header in [
            "content-type: text/html; charset=utf-8\r\n",
            "content-length: 1500\r\n",
            "last-modified: Wed, 01 Jan 2025 00:00:00 GMT\r\n",
        ] {
            assert_eq!(answers.matches(header).count(), 3, "{header}");
        }
        assert_eq!(answers.matches("etag: \"3-5dc\"\r\n").count(), 2);

        let expected = json!({
            "requests": 4,
            "distinct": 3,
            "repeated": [["/page/3.html", 2]],
            "missing_pages": 3,
            "not_found": ["/robots.txt?a"],
        });
        assert_eq!(report(&server).await, expected);
        assert_eq!(report(&server).await, expected, "a report counts itself");
        assert_eq!(server.report().json(), expected);
    }

    #[tokio::test]
    async fn folder_is_served_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a b")).unwrap();
        fs::write(folder.path().join("a b/index.html"), "<p>inside").unwrap();
        let content = Content::Folder(Arc::new(Folder::open(folder.path()).unwrap()));
        let server = Server::start(content, Duration::ZERO, 0).await.unwrap();

        let answers = fetch(&server, &["/a%20b?q", "/a%20b/", "/", "/../x"]).await;
        assert_eq!(answers.matches("HTTP/1.1 301 ").count(), 1);
        assert!(answers.contains("location: /a%20b/?q\r\n"));
        assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 1);
        assert!(answers.contains("content-type: text/html\r\n"));
        assert!(answers.contains("<p>inside"));
        assert_eq!(answers.matches("HTTP/1.1 404 ").count(), 2);

        let expected = json!({
            "requests": 4,
            "distinct": 4,
            "repeated": [],
            "missing_pages": null,
            "not_found": ["/", "/../x"],
        });
        assert_eq!(report(&server).await, expected);
    }

    #[test]
    fn a_redirect_stays_on_the_site() {
        let location = |path, query| moved(path, query).headers()["location"].clone();
        assert_eq!(location("/a/b/", ""), "/a/b/");
        assert_eq!(location("//host/", "?q"), "/host/?q");
    }
}
