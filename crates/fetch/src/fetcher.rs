use std::time::SystemTime;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, HOST, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use url::Url;

use crate::body::Body;
use crate::connect::Connector;
use crate::error::{self, FetchError, Phase};
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
        let mut request = self.request(url)?;
        request.headers_mut().extend(more);
        let sent = head(&request, self.config.credentials.disclose);
        let asked = timeout(self.config.head_timeout, self.ask(request)).await;
        let response = asked.map_err(|_| FetchError::Timeout {
            phase: Phase::Head,
            limit: self.config.head_timeout,
        })??;
        let date = SystemTime::now();
        let (parts, incoming) = response.into_parts();
        Ok(Response {
            date,
            request: sent,
            status: parts.status,
            headers: parts.headers,
            body: Body::new(incoming, &self.config)?,
        })
    }

    fn request(&self, url: &Url) -> Result<Request<Empty<Bytes>>, FetchError> {
        let uri: Uri = url[..url::Position::AfterQuery]
            .parse()
            .map_err(FetchError::Url)?;
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(HOST, field_value(host));
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"));
        identity::apply(&self.config, url, headers);
        Ok(request)
    }

    async fn ask(
        &self,
        mut request: Request<Empty<Bytes>>,
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
        let failed = match self.client.request(request.clone()).await {
            Err(error) if error::died(&error) => self.client.request(request).await,
            answered => answered,
        };
        failed.map_err(|error| FetchError::before_head(error, &host))
    }
}

/// The head as HTTP/1.1 sends it; `disclose`: with what is secret.
fn head(request: &Request<Empty<Bytes>>, disclose: bool) -> Bytes {
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let mut head = format!("GET {target} HTTP/1.1\r\n").into_bytes();
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
    head.extend_from_slice(b"\r\n");
    head.into()
}

fn field_value(text: &str) -> HeaderValue {
    let visible: String = text.chars().filter(|c| matches!(c, ' '..='~')).collect();
    HeaderValue::from_str(&visible).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// How many bytes of a body may come by HTTP/2 before anyone takes them; of a connection's bodies
/// together, four times as many.
const HTTP2_WINDOW: u32 = 256 << 10;

/// The longest head by HTTP/2, each field with 32 bytes more (RFC 9113 §6.5.2). Of HTTP/1.1, hyper
/// has a limit of this size.
const HTTP2_LONGEST_HEAD: u32 = 400 << 10;

/// How often a response is followed that sets a cookie and leads to itself.
const MOST_WALLS: usize = 2;

/// More than any browser meets; hyper's default of 100 loses pages that browsers show.
const MOST_FIELDS: usize = 1000;
