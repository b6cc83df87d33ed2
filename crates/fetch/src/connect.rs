use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{Future, Ready, ready};
use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use crate::Config;
use crate::address::{Addresses, PrivateAddresses, is_private};
use crate::error::{self, FetchError, Phase};
use crate::proxy::{Kind, Proxies, Proxy};
use crate::resolver::Resolver;
use crate::tls::{self, TlsError};

/// What makes connections: resolves, looks at the addresses, connects, goes through a proxy, secures.
#[derive(Clone)]
pub(crate) struct Connector(Arc<Inner>);

struct Inner {
    resolver: Resolver,
    addresses: Addresses,
    proxies: Proxies,
    connect_timeout: Duration,
    handshake_timeout: Duration,
    /// For servers of `https` URLs.
    tls: Arc<ClientConfig>,
    /// For proxies at `https`.
    proxy_tls: Arc<ClientConfig>,
}

/// A host to connect to.
struct Host<'a> {
    /// Without the brackets of an IPv6 address.
    name: &'a str,
    port: u16,
    /// As it is called in errors.
    shown: &'a str,
    /// Whether the user has chosen it, so that it may have any address.
    is_chosen: bool,
}

impl<'a> Host<'a> {
    fn of(uri: &'a Uri) -> Self {
        let name = uri.host().unwrap_or_default();
        let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
        let default = if is_https(uri) { 443 } else { 80 };
        Host {
            name: bare.unwrap_or(name),
            port: uri.port_u16().unwrap_or(default),
            shown: uri.authority().map_or(name, |host| host.as_str()),
            is_chosen: false,
        }
    }

    /// The proxy itself.
    fn of_proxy(proxy: &'a Proxy) -> Self {
        Host {
            port: proxy.port(),
            is_chosen: true,
            ..Host::of(proxy.uri())
        }
    }
}

impl Connector {
    pub(crate) fn new(config: &Config) -> Self {
        let addresses = &config.addresses;
        let resolver = Resolver::new(addresses.family, addresses.resolve_timeout);
        Connector::with(resolver, config)
    }

    fn with(resolver: Resolver, config: &Config) -> Self {
        let proxy_tls = tls::client(&config.tls);
        let mut tls = proxy_tls.clone();
        if config.tls.http2 {
            tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        Connector(Arc::new(Inner {
            resolver,
            addresses: config.addresses.clone(),
            proxies: config.proxies.clone(),
            connect_timeout: config.connect_timeout,
            handshake_timeout: config.tls.handshake_timeout,
            proxy_tls: Arc::new(proxy_tls),
            tls: Arc::new(tls),
        }))
    }

    /// The proxy that is sent the request for `uri` itself, and so has to be told who asks.
    pub(crate) fn forwarder(&self, uri: &Uri) -> Option<Proxy> {
        let proxy = self.0.proxies.route(uri)?;
        (proxy.kind == Kind::Http && !is_https(uri)).then_some(proxy)
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

impl Inner {
    async fn connect(&self, uri: Uri) -> Result<Stream, FetchError> {
        let host = Host::of(&uri);
        let proxy = self.proxies.route(&uri);
        let reached = match &proxy {
            None => Hop::Http(self.dial(&host).await?),
            Some(proxy) => self.go_through(proxy, &host, is_https(&uri)).await?,
        };
        let io = if is_https(&uri) {
            self.secure(reached, &host, &self.tls).await?
        } else {
            reached.into()
        };
        let is_forwarded = !is_https(&uri) && proxy.is_some_and(|proxy| proxy.kind == Kind::Http);
        Ok(Stream {
            io,
            is_forwarded,
            fuse: Fuse::default(),
            proven: Proven::default(),
            is_writing: false,
        })
    }

    /// Connects to the first of the host's addresses that answers, IPv4 and IPv6 raced.
    async fn dial(&self, host: &Host<'_>) -> Result<TokioIo<TcpStream>, FetchError> {
        let addresses = self.addresses(host).await?;
        let addresses = addresses.iter().map(|ip| SocketAddr::new(*ip, host.port));
        let mut tcp = HttpConnector::new_with_resolver(Known(addresses.collect()));
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(self.connect_timeout));
        tcp.set_local_address(self.addresses.bind);
        // No name: it would take one that is an address for that address, whatever is known.
        let connect = || tcp.call(Uri::from_static("http://known"));
        let connected = with_a_descriptor(self.connect_timeout, connect).await;
        connected.map_err(|error| {
            let cause = error.source();
            let timed_out = cause
                .and_then(|cause| cause.downcast_ref::<io::Error>())
                .is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut);
            if timed_out {
                return FetchError::Timeout {
                    phase: Phase::Connect,
                    limit: self.connect_timeout,
                };
            }
            FetchError::Connect {
                host: host.shown.to_owned(),
                source: cause.map_or(error.to_string(), ToString::to_string).into(),
            }
        })
    }

    /// The addresses that may be connected to: at least one, and these very ones are dialled.
    async fn addresses(&self, host: &Host<'_>) -> Result<Vec<IpAddr>, FetchError> {
        let family = self.addresses.family;
        let mut overrides = self.addresses.overrides.iter();
        let given = overrides.find(|o| o.port == host.port && o.host == host.name);
        let is_chosen = host.is_chosen || given.is_some();
        let unresolved = |source| FetchError::Resolve {
            host: host.name.to_owned(),
            source,
        };
        let mut found = match (given, host.name.parse()) {
            (Some(given), _) => given.addresses.clone(),
            (None, Ok(address)) => vec![address],
            (None, Err(_)) => match self.resolver.addresses(host.name).await {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    return Err(FetchError::Timeout {
                        phase: Phase::Resolve,
                        limit: self.addresses.resolve_timeout,
                    });
                }
                found => found.map_err(unresolved)?,
            },
        };
        found.retain(|address| family.has(*address));
        let refused = found.iter().copied().find(|address| self.refuses(*address));
        if !is_chosen {
            found.retain(|address| !self.refuses(*address));
        }
        match (found.is_empty(), refused) {
            (false, _) => Ok(found),
            (true, Some(address)) => Err(FetchError::Private {
                host: host.shown.to_owned(),
                address,
            }),
            (true, None) => Err(unresolved(io::Error::new(
                io::ErrorKind::NotFound,
                "it has no address of the family asked for",
            ))),
        }
    }

    fn refuses(&self, address: IpAddr) -> bool {
        self.addresses.private == PrivateAddresses::Refuse && is_private(address)
    }

    /// Connects to a proxy, and by it to the host.
    async fn go_through(
        &self,
        proxy: &Proxy,
        host: &Host<'_>,
        secure: bool,
    ) -> Result<Hop, FetchError> {
        let hop = Host::of_proxy(proxy);
        let failed = |source: Box<dyn Error + Send + Sync>| FetchError::Proxy {
            proxy: hop.shown.to_owned(),
            source,
        };
        let address: Option<IpAddr> = host.name.parse().ok();
        let target = match (proxy.kind, address) {
            (Kind::Socks { resolve: true }, _) | (_, Some(_)) => {
                let addresses = self.addresses(host).await?;
                SocketAddr::new(addresses[0], host.port).to_string()
            }
            _ => format!("{}:{}", host.name, host.port),
        };
        let target = Uri::builder()
            .scheme("http")
            .authority(target)
            .path_and_query("/")
            .build()
            .map_err(|error| failed(error.into()))?;

        let tcp = self
            .dial(&hop)
            .await
            .map_err(|error| failed(error.into()))?;
        let reached = if is_https(proxy.uri()) {
            self.secure(tcp, &hop, &self.proxy_tls).await
        } else {
            Ok(tcp.into())
        };
        let reached = reached.map_err(|error| failed(error.into()))?;
        let asked = async {
            match proxy.kind {
                Kind::Http if !secure => Ok(reached),
                Kind::Http => {
                    let mut tunnel = Tunnel::new(proxy.uri().clone(), Open(Some(reached)));
                    if let Some(authorization) = proxy.authorization() {
                        tunnel = tunnel.with_auth(authorization.clone());
                    }
                    tunnel.call(target).await.map_err(|e| failed(e.into()))
                }
                Kind::Socks { .. } => {
                    let mut socks = SocksV5::new(proxy.uri().clone(), Open(Some(reached)));
                    if let Some((name, password)) = proxy.login() {
                        socks = socks.with_auth(name.to_owned(), password.to_owned());
                    }
                    socks.call(target).await.map_err(|e| failed(e.into()))
                }
            }
        };
        let asked = timeout(self.connect_timeout, asked).await;
        asked.map_err(|_| FetchError::Timeout {
            phase: Phase::Proxy,
            limit: self.connect_timeout,
        })?
    }

    async fn secure<T: Read + Write + Unpin>(
        &self,
        io: T,
        host: &Host<'_>,
        tls: &Arc<ClientConfig>,
    ) -> Result<MaybeHttpsStream<T>, FetchError> {
        let shown = || host.shown.to_owned();
        let name = ServerName::try_from(host.name.trim_end_matches('.').to_owned());
        let name = name.map_err(|error| FetchError::Connect {
            host: shown(),
            source: error.into(),
        })?;
        let handshake = TlsConnector::from(Arc::clone(tls)).connect(name, TokioIo::new(io));
        let done = timeout(self.handshake_timeout, handshake).await;
        let done = done.map_err(|_| FetchError::Timeout {
            phase: Phase::Handshake,
            limit: self.handshake_timeout,
        })?;
        done.map(MaybeHttpsStream::from)
            .map_err(|error| match TlsError::of(error) {
                Ok(source) => FetchError::Tls {
                    host: shown(),
                    source,
                },
                Err(source) => FetchError::Connect {
                    host: shown(),
                    source: source.into(),
                },
            })
    }
}

/// Connects, and again for so long while this process or the system has no file descriptor left: that
/// says nothing of the host, and those of other requests come free.
async fn with_a_descriptor<T, E, F>(limit: Duration, mut connect: impl FnMut() -> F) -> Result<T, E>
where
    E: Error + 'static,
    F: Future<Output = Result<T, E>>,
{
    let given_up = Instant::now() + limit;
    loop {
        match connect().await {
            Err(error) if error::lacks_descriptor(&error) && Instant::now() < given_up => {
                sleep(FOR_A_DESCRIPTOR).await;
            }
            connected => return connected,
        }
    }
}

/// After so long it is seen whether a file descriptor came free.
const FOR_A_DESCRIPTOR: Duration = Duration::from_millis(50);

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Failed;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Failed>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.connect(uri).await.map_err(Failed::new) })
    }
}

/// The error of a connector on its way through the client.
#[derive(Debug)]
pub(crate) struct Failed(Mutex<Option<FetchError>>);

impl Failed {
    fn new(error: FetchError) -> Self {
        Failed(Mutex::new(Some(error)))
    }

    /// Takes the error; `None` if it was taken before.
    pub(crate) fn take(&self) -> Option<FetchError> {
        let mut error = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        error.take()
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection")
    }
}

impl Error for Failed {}

/// A connection as far as the next hop: TLS is that of a proxy.
type Hop = MaybeHttpsStream<TokioIo<TcpStream>>;

/// A connection to a server.
#[derive(Debug)]
pub(crate) struct Stream {
    io: MaybeHttpsStream<Hop>,
    /// Whether requests go to a proxy, which must be told the whole URL (RFC 9112 §3.2.2).
    is_forwarded: bool,
    fuse: Fuse,
    proven: Proven,
    /// A request is sent in part.
    is_writing: bool,
}

impl Stream {
    /// Looks, before a request is sent, that nothing came before it. hyper looks too, but hears of
    /// what came only once the runtime has asked the system, and that may be later.
    ///
    /// Below TLS there are bytes that are none of HTTP's: there this is left to hyper.
    fn is_quiet(&self) -> io::Result<()> {
        let MaybeHttpsStream::Http(MaybeHttpsStream::Http(tcp)) = &self.io else {
            return Ok(());
        };
        match SockRef::from(tcp.inner()).peek(&mut [MaybeUninit::uninit()]) {
            Ok(0) => Err(io::ErrorKind::ConnectionReset.into()),
            Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidData, Early)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn before_write(&mut self) -> io::Result<()> {
        if !self.is_writing {
            self.is_quiet()?;
            self.is_writing = true;
        }
        Ok(())
    }
}

/// An answer came before there was a request: it is of no one knows what.
#[derive(Debug, thiserror::Error)]
#[error("an answer came before the request")]
pub(crate) struct Early;

/// Whether a connection has had an answer. One that has not is new: what becomes of it says something of
/// the server, while one that was kept may die for having been idle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proven(Arc<AtomicBool>);

impl Proven {
    pub(crate) fn prove(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_proven(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Ends a connection from outside, for hyper looks at nothing else while a server talks on and on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fuse(Arc<AtomicBool>);

impl Fuse {
    /// Lets nothing more be read.
    pub(crate) fn blow(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_blown(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = self.io.connected().proxy(self.is_forwarded);
        connected
            .extra(self.fuse.clone())
            .extra(self.proven.clone())
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.fuse.is_blown() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.before_write()?;
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when all of a request is written.
        self.is_writing = false;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.before_write()?;
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }
}

/// A resolver of one name, whose addresses are known.
#[derive(Clone, Debug)]
struct Known(Vec<SocketAddr>);

impl Service<Name> for Known {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}

/// A connection that is there already, for what wants to make one.
struct Open<T>(Option<T>);

impl<T> Service<Uri> for Open<T> {
    type Response = T;
    type Error = io::Error;
    type Future = Ready<io::Result<T>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().ok_or(io::ErrorKind::NotConnected.into()))
    }
}

fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

#[cfg(test)]
mod tests;
