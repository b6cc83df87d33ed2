//! The listeners, and what is asked of them.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use super::script::{Script, Then};

/// How a server takes a connection.
#[derive(Clone)]
pub(crate) enum Door {
    /// It reads requests.
    Plain,
    /// It reads requests, under TLS.
    Tls(Arc<ServerConfig>),
    /// It reads nothing and does this.
    Raw(Script),
    /// It listens, and its queue is full: no connection comes about.
    Full,
    /// Nobody listens, and the port is no one else's.
    Shut,
}

/// What answers a request.
pub(crate) type Answer = Arc<dyn Fn(&Asked<'_>) -> Script + Send + Sync>;

/// A request, and what was asked before.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// The request's target.
    pub(crate) target: &'a str,
    pub(crate) head: &'a str,
    /// How often this target was asked for before.
    pub(crate) before: usize,
    /// How many requests came before on this connection.
    pub(crate) on_connection: usize,
    pub(crate) urls: &'a Urls,
}

impl Asked<'_> {
    /// Returns the value of a field of the request.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self
            .head
            .lines()
            .skip(1)
            .filter_map(|it| it.split_once(':'));
        fields
            .find(|(it, _)| it.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

/// Where each server of a behaviour is, by its name: `http://127.0.0.1:1234`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Urls(pub(crate) BTreeMap<&'static str, String>);

impl Urls {
    /// Returns the URL of `path` at a server.
    pub(crate) fn at(&self, server: &str, path: &str) -> String {
        self.0.get(server).cloned().unwrap_or_default() + path
    }
}

/// What was asked of a server.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) targets: HashMap<String, usize>,
    pub(crate) requests: usize,
    /// Heads of requests that no client should send.
    pub(crate) malformed: Vec<String>,
    /// The bytes of the longest head.
    pub(crate) longest_head: usize,
    /// The heads, as far as they are few.
    pub(crate) heads: Vec<String>,
}

/// A port that is taken, not yet served.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) port: u16,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Listening(TcpListener),
    /// Held, so that the port stays as it is.
    Held {
        _listener: Option<TcpListener>,
        _filling: Vec<TcpStream>,
        _socket: Option<TcpSocket>,
    },
}

/// A running server. Dropped, it closes its listener and its connections.
#[derive(Debug)]
pub(crate) struct Server {
    log: Arc<Mutex<Log>>,
    /// The one task that accepts; it owns those of the connections. Aborted on drop.
    _accepting: JoinSet<()>,
}

impl Bound {
    /// Takes a free port of an address.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) async fn new(address: Ipv4Addr, door: &Door) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((address, 0)))?;
        let at = socket.local_addr()?;
        let kind = match door {
            Door::Shut => Kind::Held {
                _listener: None,
                _filling: Vec::new(),
                _socket: Some(socket),
            },
            Door::Full => {
                let listener = socket.listen(1)?;
                let mut filling = Vec::new();
                // Two fit; what waits beyond has no connection.
                for _ in 0..4 {
                    let waiting = time::timeout(SOON, TcpStream::connect(at)).await;
                    filling.extend(waiting.ok().and_then(Result::ok));
                }
                Kind::Held {
                    _listener: Some(listener),
                    _filling: filling,
                    _socket: None,
                }
            }
            _ => Kind::Listening(socket.listen(1024)?),
        };
        Ok(Bound {
            port: at.port(),
            kind,
        })
    }

    /// Serves.
    pub(crate) fn serve(self, door: Door, latency: Duration, urls: Urls, answer: Answer) -> Server {
        let log = Arc::new(Mutex::new(Log::default()));
        let mut accepting = JoinSet::new();
        let host = Arc::new(Host {
            door,
            latency,
            urls,
            answer,
            log: Arc::clone(&log),
        });
        match self.kind {
            Kind::Listening(listener) => {
                accepting.spawn(accept(listener, host));
            }
            held @ Kind::Held { .. } => {
                accepting.spawn(async move {
                    let _held = held;
                    std::future::pending::<()>().await;
                });
            }
        }
        Server {
            log,
            _accepting: accepting,
        }
    }
}

impl Server {
    /// Looks at what was asked so far.
    pub(crate) fn asked<T>(&self, look: impl FnOnce(&Log) -> T) -> T {
        look(&self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the tasks of the connections share.
struct Host {
    door: Door,
    latency: Duration,
    urls: Urls,
    answer: Answer,
    log: Arc<Mutex<Log>>,
}

async fn accept(listener: TcpListener, host: Arc<Host>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(Arc::clone(&host).take(stream));
                }
                // Out of file descriptors, most likely: asking again at once would only spin.
                Err(_) => time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

impl Host {
    async fn take(self: Arc<Self>, stream: TcpStream) {
        // It fails only for a connection that is gone already.
        let _ = stream.set_nodelay(true);
        let mut stream = match &self.door {
            Door::Tls(config) => match TlsAcceptor::from(Arc::clone(config)).accept(stream).await {
                Ok(stream) => Stream::Tls(Box::new(stream)),
                Err(_) => return,
            },
            Door::Raw(script) => {
                let mut stream = Stream::Plain(stream);
                let then = script.clone().run(&mut stream).await;
                return stream.end(then).await;
            }
            _ => Stream::Plain(stream),
        };
        let mut on_connection = 0;
        while let Some(head) = read_head(&mut stream).await {
            let script = self.answer(&head, on_connection);
            if !self.latency.is_zero() {
                time::sleep(self.latency).await;
            }
            match script.run(&mut stream).await {
                Then::Keep => on_connection += 1,
                then => return stream.end(then).await,
            }
        }
    }

    fn answer(&self, head: &str, on_connection: usize) -> Script {
        let target = head.split(' ').nth(1).unwrap_or_default();
        let before = {
            let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            log.requests += 1;
            log.longest_head = log.longest_head.max(head.len());
            if let Some(why) = malformed(head) {
                log.malformed.push(format!("{why}: {head:?}"));
            }
            if log.heads.len() < MOST_HEADS {
                log.heads.push(head.to_owned());
            }
            let count = log.targets.entry(target.to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        (self.answer)(&Asked {
            target,
            head,
            before,
            on_connection,
            urls: &self.urls,
        })
    }
}

/// Reads a request's head; `None` when the connection ends, or when what comes is none.
async fn read_head(stream: &mut Stream) -> Option<String> {
    let mut head = Vec::new();
    let mut more = [0; 4096];
    // The client sends no body and does not send a request before the last is answered: what is read ends with it.
    while !head.ends_with(b"\r\n\r\n") {
        let length = stream.read(&mut more).await.ok()?;
        if length == 0 || head.len() > LONGEST_HEAD {
            return None;
        }
        head.extend_from_slice(&more[..length]);
    }
    // Every byte has its character, so that none is lost that should not be there.
    Some(head.into_iter().map(char::from).collect())
}

/// Tells in what a request's head is not one that a careful client sends, whatever links it was made from.
fn malformed(head: &str) -> Option<&'static str> {
    let lines: Vec<_> = head.strip_suffix("\r\n\r\n")?.split("\r\n").collect();
    let line: Vec<_> = lines[0].split(' ').collect();
    if head
        .replace("\r\n", "")
        .contains(|c: char| !matches!(c, ' '..='~'))
    {
        return Some("a byte that is not printable ASCII");
    }
    if line.len() != 3 || !matches!(line[0], "GET" | "HEAD") || line[2] != "HTTP/1.1" {
        return Some("not one request line");
    }
    if !line[1].starts_with('/') {
        return Some("a target that is no path");
    }
    let mut names: Vec<_> = lines[1..]
        .iter()
        .map(|it| {
            it.split(':')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
        })
        .collect();
    if names.iter().any(|name| !FIELDS.contains(&name.as_str())) {
        return Some("a field that nobody asked for");
    }
    let all = names.len();
    names.sort();
    names.dedup();
    if names.len() != all || !names.iter().any(|it| it == "host") {
        return Some("a field twice, or no host");
    }
    None
}

/// A connection, taken.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Ends it.
    pub(crate) async fn end(mut self, then: Then) {
        match then {
            Then::Reset => {
                let tcp = match &self {
                    Stream::Plain(tcp) => tcp,
                    Stream::Tls(tls) => tls.get_ref().0,
                };
                // A connection that is closed with this, and at once, is reset.
                let _ = tcp.set_zero_linger();
            }
            Then::Close | Then::Keep => {
                let _ = self.shutdown().await;
                self.drain().await;
            }
            Then::CloseUnsaid => {
                if let Stream::Tls(tls) = &mut self {
                    let _ = tls.get_mut().0.shutdown().await;
                }
                self.drain().await;
            }
        }
    }

    /// Reads what the client has still sent: with that unread, closing would reset the connection.
    async fn drain(&mut self) {
        let mut ignored = [0; 4096];
        let reading = async { while self.read(&mut ignored).await.is_ok_and(|it| it > 0) {} };
        let _ = time::timeout(SOON, reading).await;
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Stream::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Stream::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

/// What a client may say beside its request line.
const FIELDS: [&str; 16] = [
    "host",
    "user-agent",
    "accept",
    "accept-encoding",
    "accept-language",
    "connection",
    "range",
    "if-range",
    "if-none-match",
    "if-modified-since",
    "cookie",
    "referer",
    "authorization",
    "from",
    "upgrade-insecure-requests",
    "x-asked",
];
/// More than any client says, in bytes.
const LONGEST_HEAD: usize = 1 << 20;
/// So many heads are kept.
const MOST_HEADS: usize = 500;
/// For what happens at once if it happens.
const SOON: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_careful_client_sends_is_told() {
        let check = |head: &str, expected: Option<&str>| {
            assert_eq!(malformed(head), expected, "{head:?}");
        };
        check("GET /a?b HTTP/1.1\r\nhost: h\r\naccept: */*\r\n\r\n", None);
        check(
            "GET /a b HTTP/1.1\r\nhost: h\r\n\r\n",
            Some("not one request line"),
        );
        check(
            "GET /a HTTP/1.1\r\nhost: h\r\nx-injected: 1\r\n\r\n",
            Some("a field that nobody asked for"),
        );
        check(
            "GET /a HTTP/1.1\r\nhost: h\r\nhost: i\r\n\r\n",
            Some("a field twice, or no host"),
        );
        check(
            "GET /\u{e4} HTTP/1.1\r\nhost: h\r\n\r\n",
            Some("a byte that is not printable ASCII"),
        );
        check(
            "GET http://h/ HTTP/1.1\r\nhost: h\r\n\r\n",
            Some("a target that is no path"),
        );
    }

    #[tokio::test]
    async fn a_full_door_lets_nobody_in() {
        let bound = Bound::new(Ipv4Addr::LOCALHOST, &Door::Full).await.unwrap();
        let at = (Ipv4Addr::LOCALHOST, bound.port);
        let coming = time::timeout(SOON, TcpStream::connect(at)).await;
        assert!(coming.is_err());
    }

    #[tokio::test]
    async fn a_shut_door_refuses() {
        let bound = Bound::new(Ipv4Addr::LOCALHOST, &Door::Shut).await.unwrap();
        let refused = TcpStream::connect((Ipv4Addr::LOCALHOST, bound.port)).await;
        assert_eq!(
            refused.unwrap_err().kind(),
            io::ErrorKind::ConnectionRefused
        );
    }
}
