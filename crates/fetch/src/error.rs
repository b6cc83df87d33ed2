use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use h2::Reason;
use http::StatusCode;
use hyper_util::client::legacy;

use crate::answer::{LONGEST_HEAD, MOST_FIELDS, MOST_INTERIM};
use crate::connect::{Early, Failed};
use crate::escaped;
use crate::resume::ResumeError;
use crate::tls::TlsError;

/// Why there is no response, or no whole one.
///
/// What these print is one line without control characters, whatever the server sent; their sources
/// too.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The URL cannot be put in a request; it is too long, for example.
    #[error("URL cannot be requested")]
    Url(#[source] http::uri::InvalidUri),
    /// The host's name has no address.
    #[error("cannot resolve host `{host}`")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// No connection came about.
    #[error("cannot connect to {host}")]
    Connect {
        /// The host, and the port if it is not the scheme's own.
        host: String,
        /// What the system said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// All its addresses are private, and such are refused
    /// ([`PrivateAddresses::Refuse`](crate::PrivateAddresses::Refuse)).
    #[error("will not connect to {host}: {address} is a private address")]
    Private {
        /// The host, and the port if it is not the scheme's own.
        host: String,
        /// One of its addresses.
        address: IpAddr,
    },
    /// A proxy cannot be reached, or does not do what it is asked to.
    #[error("no connection through proxy {proxy}")]
    Proxy {
        /// The proxy, without name and password.
        proxy: String,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server's identity could not be verified, or it does not speak TLS as it should.
    #[error("no secure connection to {host}")]
    Tls {
        /// The host, and the port if it is not the scheme's own.
        host: String,
        /// What went wrong.
        source: TlsError,
    },
    /// A limit of time was reached.
    #[error("{phase} took longer than {} s", limit.as_secs_f32())]
    Timeout {
        /// What took so long.
        phase: Phase,
        /// The limit.
        limit: Duration,
    },
    /// The connection broke before the response's head was here, also when tried once more.
    #[error("connection lost before a response")]
    Lost(#[source] Box<dyn Error + Send + Sync>),
    /// What the server sent is no HTTP response.
    #[error("no valid HTTP response")]
    Protocol(#[source] Box<dyn Error + Send + Sync>),
    /// The response's head is longer than any that makes sense.
    #[error("response head exceeds {LONGEST_HEAD} bytes or {MOST_FIELDS} fields")]
    HeadTooLarge,
    /// The server keeps announcing a response that does not come.
    #[error("more than {MOST_INTERIM} interim responses (1xx) and no final one")]
    Interim,
    /// The response answers something that was not asked: `101` what asks for no other protocol,
    /// `206` what asks for no part, `304` what has no conditions.
    #[error("response `{0}` to a request that did not ask for it")]
    Unasked(StatusCode),
    /// The body has a transfer coding that was not asked for (RFC 9112 §7), so that nobody knows
    /// what it is.
    #[error("unknown transfer coding `{}`", escaped(.0))]
    TransferCoding(String),
    /// The body ended before its end.
    #[error("response body cut short after {received} bytes{}", Announced(*announced))]
    Incomplete {
        /// How many bytes arrived.
        received: u64,
        /// How many the server had announced, if it had.
        announced: Option<u64>,
        /// How it ended, if not as if all was well.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// A body that broke off cannot be gone on with: it is to be fetched anew.
    #[error("no more of what was received in part")]
    Resume(#[from] ResumeError),
    /// The body came slower than allowed.
    #[error("response body came slower than {rate} bytes/s over {} s", window.as_secs_f32())]
    TooSlow {
        /// The least rate, in bytes a second.
        rate: u64,
        /// How long it was not reached.
        window: Duration,
    },
    /// The body is longer than allowed.
    #[error("response body exceeds {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
}

/// A part of a request that has a limit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Resolving the host's name.
    Resolve,
    /// Connecting to an address.
    Connect,
    /// Being let through by a proxy.
    Proxy,
    /// The TLS handshake.
    Handshake,
    /// Getting the response's head, connecting included.
    Head,
    /// Waiting for more of the body.
    Body,
    /// All of it, to the end of the body.
    Whole,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Resolve => "resolving the host's name",
            Phase::Connect => "connecting",
            Phase::Proxy => "the proxy's consent",
            Phase::Handshake => "the TLS handshake",
            Phase::Head => "the response's head",
            Phase::Body => "the next part of the response's body",
            Phase::Whole => "the whole request",
        })
    }
}

impl FetchError {
    /// Returns whether the same request may well succeed a little later: the connection, the server
    /// or the way between had a bad moment. All else stays as it is, as far as can be told: a
    /// certificate, a body that is too long, an answer that makes no sense.
    ///
    /// After [`Resume`](FetchError::Resume), "the same" is one for the whole, from the start.
    ///
    /// A response with a status of failure is not an error here; of those, see
    /// [`is_transient_status`](crate::is_transient_status).
    pub fn is_transient(&self) -> bool {
        match self {
            FetchError::Connect { .. }
            | FetchError::Proxy { .. }
            | FetchError::Timeout { .. }
            | FetchError::Lost(_)
            | FetchError::Incomplete { .. }
            | FetchError::Resume(_)
            | FetchError::TooSlow { .. } => true,
            // Resolvers say `NotFound` of what is known not to exist.
            FetchError::Resolve { source, .. } => source.kind() != io::ErrorKind::NotFound,
            FetchError::Url(_)
            | FetchError::Private { .. }
            | FetchError::Tls { .. }
            | FetchError::Protocol(_)
            | FetchError::HeadTooLarge
            | FetchError::Interim
            | FetchError::Unasked(_)
            | FetchError::TransferCoding(_)
            | FetchError::TooLarge { .. } => false,
        }
    }

    /// Classifies what the client says before there is a head.
    pub(crate) fn before_head(error: &legacy::Error, host: &str) -> Self {
        if let Some(failed) = find::<Failed>(error).and_then(Failed::take) {
            return failed;
        }
        if !error.is_connect() {
            let too_large = |error: &hyper::Error| error.is_parse_too_large();
            return match find::<hyper::Error>(error) {
                Some(source) if too_large(source) => FetchError::HeadTooLarge,
                _ if died(error) || is_overloaded(error) => FetchError::Lost(innermost(error)),
                _ => FetchError::Protocol(innermost(error)),
            };
        }
        FetchError::Connect {
            host: host.to_owned(),
            source: innermost(error),
        }
    }
}

/// Tells whether the connection died before a head, by no fault of the request.
pub(crate) fn died(error: &legacy::Error) -> bool {
    let http2 = find::<h2::Error>(error);
    let incomplete = find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message);
    let gone = is_gone(error);
    let broken = find::<io::Error>(error).or_else(|| http2?.get_io());
    let reset = broken.is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                // TLS that ends without saying so.
                | io::ErrorKind::UnexpectedEof
        )
    });
    let ended = http2.is_some_and(|error| {
        let reason = error.reason().filter(|_| error.is_remote());
        reason.is_some_and(|reason| ENDED.contains(&reason))
    });
    !error.is_connect() && (incomplete || gone || reset || ended)
}

/// Tells whether HTTP/2 gave the request back: the server ends the connection, as it does after so many,
/// or has too many at a time, and has done nothing for it (RFC 9113 §8.7); or the connection was gone.
pub(crate) fn was_refused(error: &legacy::Error) -> bool {
    let refused = find::<h2::Error>(error).is_some_and(|error| {
        let is_last = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
        error.is_remote() && (is_last || error.reason() == Some(Reason::REFUSED_STREAM))
    });
    !error.is_connect() && (refused || is_gone(error))
}

/// Tells whether the connection ended before the request was on it, or while it was.
fn is_gone(error: &legacy::Error) -> bool {
    // A user's error is that nobody answers for the connection any more: a GET without a body has no other.
    let is_gone =
        |error: &hyper::Error| error.is_canceled() || error.is_closed() || error.is_user();
    find::<hyper::Error>(error).is_some_and(is_gone)
}

/// Tells whether the server has too much to do. It is not asked again at once.
fn is_overloaded(error: &legacy::Error) -> bool {
    let reason = find::<h2::Error>(error).filter(|error| error.is_remote());
    reason.and_then(h2::Error::reason) == Some(Reason::ENHANCE_YOUR_CALM)
}

/// Why servers end a stream or a connection that may do another time (RFC 9113 §7).
const ENDED: [Reason; 6] = [
    Reason::REFUSED_STREAM,
    Reason::NO_ERROR,
    Reason::INTERNAL_ERROR,
    Reason::SETTINGS_TIMEOUT,
    Reason::CANCEL,
    Reason::CONNECT_ERROR,
];

/// Tells whether this process (EMFILE), or the system (ENFILE), had no file descriptor left.
pub(crate) fn lacks_descriptor(error: &(dyn Error + 'static)) -> bool {
    // Of Windows, WSAEMFILE.
    let codes: &[i32] = if cfg!(windows) { &[10024] } else { &[24, 23] };
    let code = causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .find_map(io::Error::raw_os_error);
    code.is_some_and(|code| codes.contains(&code))
}

/// Tells whether something was there on the connection before the request was sent.
pub(crate) fn came_early(error: &legacy::Error) -> bool {
    find::<Early>(error).is_some()
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The error and what caused it. An `io::Error` hides the error it wraps, and gives that one's
/// source for its own: here it is given itself.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// The cause that says most; those above it only say that something failed.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> Box<dyn Error + Send + Sync> {
    let cause = causes(error).last().unwrap_or(error);
    escaped(cause).to_string().into()
}

struct Announced(Option<u64>);

impl fmt::Display for Announced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |bytes| write!(f, " of {bytes}"))
    }
}
