use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{self, JoinSet};
use tokio::time;

use crate::content::Sending;
use crate::{Content, Replay, guard, notice};

/// A replay that listens for browsers.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    replay: Arc<Replay>,
}

impl Server {
    /// Listens at an address; port 0 is a free one.
    ///
    /// # Errors
    ///
    /// It cannot be listened at; the replay is given back.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O enabled.
    pub async fn bind(replay: Replay, address: SocketAddr) -> Result<Self, (Replay, io::Error)> {
        let bound = TcpListener::bind(address).await;
        match bound.and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Err(error) => Err((replay, error)),
            Ok((address, listener)) => Ok(Server {
                listener,
                address,
                replay: Arc::new(replay),
            }),
        }
    }

    /// Returns the address that a browser opens: `http://127.0.0.1:8080/`.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}/")
    }

    /// Returns what is served.
    pub fn replay(&self) -> &Arc<Replay> {
        &self.replay
    }

    /// Answers for ever, at most 256 connections at a time.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O and time enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends all: no connection is left.
    pub async fn run(self) -> Infallible {
        let mut connections = JoinSet::new();
        let answering = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let answering = Arc::new(Semaphore::new(answering + 1));
        loop {
            while connections.len() >= MOST_CONNECTIONS {
                connections.join_next().await;
            }
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let (replay, answering) = (Arc::clone(&self.replay), Arc::clone(&answering));
                        connections.spawn(converse(TokioIo::new(stream), replay, answering));
                    }
                    // One that has gone already; or there are no files left, and will be soon.
                    Err(_) => time::sleep(PAUSE).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

/// Answers the requests of one connection.
async fn converse(
    stream: TokioIo<tokio::net::TcpStream>,
    replay: Arc<Replay>,
    answering: Arc<Semaphore>,
) {
    let service = service_fn(move |request| {
        let (replay, answering) = (Arc::clone(&replay), Arc::clone(&answering));
        async move { Ok::<_, Infallible>(answer(request, replay, answering).await) }
    });
    // An error is a client that broke off, or a body that turned out to be damaged: the connection
    // ends, and tells it so.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(stream, service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    replay: Arc<Replay>,
    answering: Arc<Semaphore>,
) -> Response<Sending> {
    let (request, _) = request.into_parts();
    if let Err(refusal) = guard::check(&request) {
        return notice::refused(refusal).map(Content::send);
    }
    // A document may be in memory twice for each that is answered.
    let permit = answering.acquire_owned().await;
    let answered = task::spawn_blocking(move || {
        let _permit = permit;
        replay.answer(&request)
    });
    let answered = answered.await;
    let response = answered.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    response.map(Content::send)
}

/// At a time.
const MOST_CONNECTIONS: usize = 256;
/// How long a connection is kept on which nothing is asked.
const IDLE: Duration = Duration::from_secs(60);
/// How long until it is tried again to accept a connection.
const PAUSE: Duration = Duration::from_millis(50);
