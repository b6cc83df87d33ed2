use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, HOST, PROXY_AUTHORIZATION, USER_AGENT};
use http::response::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, Connected, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::answer::{self, Asked, Framing, LONGEST_HEAD, MOST_FIELDS, MOST_INTERIM};
use crate::body::Body;
use crate::connect::{Connector, Fuse, Proven};
use crate::error::{self, FetchError, Phase};
use crate::pace::{self, Pace};
use crate::resume::{ResumeError, Resumed, Validator};
use crate::{Config, identity};

/// A client that keeps its connections. Clones share them.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client<Connector, Empty<Bytes>>,
    connector: Connector,
    config: Config,
    user_agent: HeaderValue,
}

/// A response: whole, or its body yet to be received.
#[derive(Clone, Debug)]
pub struct Response<B = Bytes> {
    /// When its head was here.
    pub date: SystemTime,
    /// The request's head as sent, but for what is secret ([`Credentials`](crate::Credentials)).
    pub request: Bytes,
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body: transfer coding removed, content coding kept.
    pub body: B,
}

impl Fetcher {
    /// Makes a client. Reads the system's certificate authorities.
    pub fn new(config: &Config) -> Self {
        let connector = Connector::new(config);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .http1_max_headers(MOST_FIELDS)
            .http1_max_buf_size(LONGEST_HEAD)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .http2_initial_stream_window_size(HTTP2_WINDOW)
            .http2_initial_connection_window_size(4 * HTTP2_WINDOW)
            .http2_max_header_list_size(HTTP2_LONGEST_HEAD)
            .build(connector.clone());
        Fetcher {
            client,
            connector,
            user_agent: field_value(&config.user_agent),
            config: config.clone(),
        }
    }

    /// Sends a GET for `url` and returns the response once it is whole. Its body is in memory.
    ///
    /// # Errors
    ///
    /// There is no whole response; the error says in which way. A response with a status of
    /// failure (404, 500) is a response.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the request is given up.
    pub async fn fetch(&self, url: &Url) -> Result<Response, FetchError> {
        let response = self.open(url, HeaderMap::new()).await?;
        Ok(Response {
            date: response.date,
            request: response.request,
            status: response.status,
            headers: response.headers,
            body: response.body.whole().await?,
        })
    }

    /// Sends a GET for `url`, with `more` fields beside the usual ones, and returns the response
    /// once its head is here. One that only sets a cookie and leads to the same URL is answered by
    /// asking again, twice at most, if there are [`cookies`](Config::cookies).
    ///
    /// # Errors
    ///
    /// There is no response, or its body is announced to be too long.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the request is given up.
    pub async fn open(&self, url: &Url, more: HeaderMap) -> Result<Response<Body>, FetchError> {
        for _ in 0..MOST_WALLS {
            let response = self.open_once(url, more.clone()).await?;
            if !identity::take_cookies(&self.config, url, &response) {
                return Ok(response);
            }
        }
        let response = self.open_once(url, more).await?;
        identity::take_cookies(&self.config, url, &response);
        Ok(response)
    }

    async fn open_once(&self, url: &Url, more: HeaderMap) -> Result<Response<Body>, FetchError> {
        let request = self.request(url, more)?;
        self.send(request).await?.with_body(&self.config, 0)
    }

    /// Goes on with a body that broke off after `received` bytes ([`FetchError::Incomplete`] or a
    /// limit of time), by a GET for what is behind them, which counts only if it is still the same
    /// (`Range` and `If-Range`, RFC 9110 §13.1.5). `more` should be as for the first request.
    ///
    /// # Errors
    ///
    /// There is no response, or it is not the rest ([`FetchError::Resume`]): then `url` is to be
    /// fetched anew.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the request is given up.
    pub async fn resume(
        &self,
        url: &Url,
        validator: &Validator,
        received: u64,
        more: HeaderMap,
    ) -> Result<Resumed, FetchError> {
        if received == 0 {
            return Ok(Resumed::Whole(self.open(url, more).await?));
        }
        let mut request = self.request(url, more)?;
        validator.ask(received, request.headers_mut());
        let head = self.send(request).await?;
        match head.answer.status {
            StatusCode::PARTIAL_CONTENT => {
                let length = validator.length(received, &head.answer.headers)?;
                let mut response = head.with_body(&self.config, received)?;
                response.body = response.body.ending_at(length)?;
                Ok(Resumed::Rest(response))
            }
            StatusCode::RANGE_NOT_SATISFIABLE => Err(ResumeError::NotSatisfiable.into()),
            _ => Ok(Resumed::Whole(head.with_body(&self.config, 0)?)),
        }
    }

    /// Sends a request, and waits for a head that makes sense.
    async fn send(&self, mut request: Request<Empty<Bytes>>) -> Result<Head, FetchError> {
        let begin = Instant::now();
        let asked = Asked::of(request.headers());
        let sent = head(&request, self.config.credentials.disclose);
        let connection = capture_connection(&mut request);
        let interim = count_interim(&mut request, connection.clone());
        let (at, phase, limit) = self.head_limit(begin);
        let response = tokio::select! {
            biased;
            // Before what comes of it: the connection's end.
            () = interim.notified() => return Err(FetchError::Interim),
            asked = timeout_at(at, self.ask(request, &connection)) => {
                let Ok(answered) = asked else {
                    // By HTTP/2 the next would share it, and it may be dead.
                    poison(&connection);
                    return Err(FetchError::Timeout { phase, limit });
                };
                answered?
            }
        };
        let date = SystemTime::now();
        let (answer, incoming) = response.into_parts();
        let framing = answer::check(asked, &answer)?;
        if framing.is_doubtful {
            poison(&connection);
        }
        Ok(Head {
            date,
            sent,
            answer,
            framing,
            incoming,
            pace: Pace::new(&self.config, begin),
        })
    }

    fn head_limit(&self, begin: Instant) -> (Instant, Phase, Duration) {
        let head = (
            begin + self.config.head_timeout,
            Phase::Head,
            self.config.head_timeout,
        );
        match (
            pace::deadline(&self.config, begin),
            self.config.whole_timeout,
        ) {
            (Some(deadline), Some(limit)) if deadline < head.0 => (deadline, Phase::Whole, limit),
            _ => head,
        }
    }

    fn request(&self, url: &Url, more: HeaderMap) -> Result<Request<Empty<Bytes>>, FetchError> {
        // Without user and password: in HTTP/2, and to a proxy, they would be sent.
        let scheme = &url[..url::Position::BeforeUsername];
        let rest = &url[url::Position::BeforeHost..url::Position::AfterQuery];
        let uri = Uri::try_from([scheme, rest].concat()).map_err(FetchError::Url)?;
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        // By HTTP/2 it would be there twice, which nginx refuses: the client adds it for HTTP/1.1.
        let may_be_http2 = self.config.tls.http2 && url.scheme() == "https";
        if !may_be_http2 {
            headers.insert(HOST, field_value(host));
        }
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br, zstd"));
        headers.extend(more);
        // The user's own count more than any.
        identity::apply(&self.config, url, headers);
        Ok(request)
    }

    /// Sends a request until it was sent on a new connection: one that was kept may die of its age, and
    /// so may the next. On a new one that dies it is tried once more, and some times more if the server
    /// did nothing for it.
    async fn ask(
        &self,
        mut request: Request<Empty<Bytes>>,
        connection: &CaptureConnection,
    ) -> Result<hyper::Response<Incoming>, FetchError> {
        let host = request
            .uri()
            .authority()
            .map_or("", |host| host.as_str())
            .to_owned();
        if let Some(proxy) = self.connector.forwarder(request.uri()) {
            let authorization = proxy.authorization().cloned();
            let authorization = authorization.map(|value| (PROXY_AUTHORIZATION, value));
            request.headers_mut().extend(authorization);
        }
        let (mut is_last, mut refusals) = (false, 0);
        loop {
            let error = match self.client.request(request.clone()).await {
                Ok(answered) => {
                    if let Some(proven) = answered.extensions().get::<Proven>() {
                        proven.prove();
                    }
                    return Ok(answered);
                }
                Err(error) => error,
            };
            let is_kept = extra::<Proven>(connection).is_some_and(|it| it.is_proven());
            let passes = is_kept && error::came_early(&error);
            let is_refused =
                is_http2(connection) && error::was_refused(&error) && refusals < MOST_REFUSALS;
            let is_tried_again = error::died(&error) && (is_kept || !is_last);
            if !passes && !is_refused && !is_tried_again {
                return Err(FetchError::before_head(&error, &host));
            }
            if is_refused {
                refusals += 1;
            } else {
                is_last |= !is_kept;
            }
        }
    }
}

/// A response before anyone takes its body.
struct Head {
    date: SystemTime,
    sent: Bytes,
    answer: Parts,
    framing: Framing,
    incoming: Incoming,
    pace: Pace,
}

impl Head {
    /// `received` bytes of the body were received before.
    fn with_body(self, config: &Config, received: u64) -> Result<Response<Body>, FetchError> {
        Ok(Response {
            date: self.date,
            request: self.sent,
            status: self.answer.status,
            headers: self.answer.headers,
            body: Body::new(
                self.incoming,
                self.framing,
                self.pace,
                config.max_body,
                received,
            )?,
        })
    }
}

/// Counts interim responses, which hyper passes over without end, and tells when there are too many;
/// then the connection ends, or its task would read on for as long as they come fast enough.
fn count_interim(
    request: &mut Request<Empty<Bytes>>,
    connection: CaptureConnection,
) -> Arc<Notify> {
    let too_many = Arc::new(Notify::new());
    let (notify, count) = (Arc::clone(&too_many), AtomicUsize::new(0));
    hyper::ext::on_informational(request, move |_| {
        if count.fetch_add(1, Ordering::Relaxed) == MOST_INTERIM {
            notify.notify_one();
            extra::<Fuse>(&connection).inspect(Fuse::blow);
        }
    });
    too_many
}

/// Has no other request be sent on a connection.
fn poison(connection: &CaptureConnection) {
    if let Some(connection) = &*connection.connection_metadata() {
        connection.poison();
    }
}

fn is_http2(connection: &CaptureConnection) -> bool {
    let connection = connection.connection_metadata();
    connection.as_ref().is_some_and(Connected::is_negotiated_h2)
}

/// What the connector has put to a connection that is for one request at a time.
fn extra<T: Clone + Send + Sync + 'static>(connection: &CaptureConnection) -> Option<T> {
    let mut extras = Extensions::new();
    if let Some(connected) = &*connection.connection_metadata()
        && !connected.is_negotiated_h2()
    {
        connected.get_extras(&mut extras);
    }
    extras.remove()
}

/// The head as HTTP/1.1 sends it; `disclose`: with what is secret.
fn head(request: &Request<Empty<Bytes>>, disclose: bool) -> Bytes {
    let uri = request.uri();
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut head = Vec::with_capacity(USUAL_HEAD + target.len());
    for part in ["GET ", target, " HTTP/1.1\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
    for (name, value) in request.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        let is_shown = disclose || !value.is_sensitive();
        head.extend_from_slice(if is_shown {
            value.as_bytes()
        } else {
            b"[redacted]"
        });
        head.extend_from_slice(b"\r\n");
    }
    // The client adds it; or HTTP/2 says it by `:authority` (RFC 9113 §8.3.1).
    if let Some(authority) = uri.authority()
        && !request.headers().contains_key(HOST)
    {
        for part in ["host: ", authority.as_str(), "\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
    }
    head.extend_from_slice(b"\r\n");
    head.into()
}

fn field_value(text: &str) -> HeaderValue {
    let visible: String = text.chars().filter(|c| matches!(c, ' '..='~')).collect();
    HeaderValue::from_str(&visible).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// As many bytes as a request has beside its target, mostly.
const USUAL_HEAD: usize = 256;

/// How many bytes of a body may come by HTTP/2 before anyone takes them; of a connection's bodies
/// together, four times as many. No more come in the time of a round trip: of 100 ms, 20 MB a second.
const HTTP2_WINDOW: u32 = 2 << 20;

/// The longest head by HTTP/2, each field with 32 bytes more (RFC 9113 §6.5.2).
const HTTP2_LONGEST_HEAD: u32 = 300 << 10;

/// How often a request is sent again that was refused.
const MOST_REFUSALS: u32 = 8;

/// How often a response is followed that sets a cookie and leads to itself.
const MOST_WALLS: usize = 2;
