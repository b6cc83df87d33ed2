//! What the hosts' robots.txt allow: asked for once a day.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use archive::{Body, Capture};
use bytes::BytesMut;
use fetch::{FetchError, Fetcher};
use frontier::CanonicalUrl;
use http::{HeaderMap, StatusCode};
use promise::{Completer, Promise, promise};
use robots::{MOST_BYTES, Robots, Rules};
use tokio::time::Instant;
use url::{Position, Url};

use crate::event::Reason;
use crate::redirect;

/// Knows what each origin allows. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    fetcher: Fetcher,
    agent: Arc<str>,
    known: Arc<Mutex<HashMap<String, Known>>>,
}

/// What is known of one origin, or is being asked for. Why it is not is text.
#[derive(Debug)]
struct Known {
    said: Promise<Arc<Said>, Arc<str>>,
    since: Instant,
}

/// What an origin's file says to us.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) rules: Rules,
    /// The sitemaps that it names, the first thousand.
    pub(crate) sitemaps: Vec<CanonicalUrl>,
}

impl Said {
    pub(crate) fn allows(&self, url: &Url) -> bool {
        self.rules
            .allows(&url[Position::BeforePath..Position::AfterQuery])
    }
}

impl Gate {
    pub(crate) fn new(fetcher: Fetcher, user_agent: &str) -> Self {
        Gate {
            fetcher,
            agent: user_agent.into(),
            known: Arc::default(),
        }
    }

    /// Returns the rules of a URL's origin. Whoever comes first asks for them; others wait for the
    /// same answer.
    ///
    /// # Errors
    ///
    /// There is no answer, or it is that the server fails.
    pub(crate) async fn rules(&self, url: &Url) -> Result<Arc<Said>, Reason> {
        // A canonical one names no user.
        let origin = &url[..Position::BeforePath];
        let (said, completer) = self.known(origin);
        if let Some(completer) = completer {
            let answer = self.ask(url).await;
            if answer.is_err() {
                self.lock().remove(origin);
            }
            completer.complete(answer);
        }
        match said.wait().await {
            Ok(said) => Ok(Arc::clone(said)),
            Err(promise::WaitError::Failed(why)) => Err(Reason::Robots(Arc::clone(why))),
            Err(promise::WaitError::Abandoned) => Err(Reason::Robots("it was given up".into())),
        }
    }

    /// What an origin says, and, if they are to be asked for, where to put them.
    #[expect(clippy::type_complexity, reason = "two ends of one thing")]
    fn known(
        &self,
        origin: &str,
    ) -> (
        Promise<Arc<Said>, Arc<str>>,
        Option<Completer<Arc<Said>, Arc<str>>>,
    ) {
        let now = Instant::now();
        let mut known = self.lock();
        if let Some(it) = known.get(origin)
            && now < it.since + GOOD_FOR
        {
            return (it.said.clone(), None);
        }
        if known.len() >= MOST_KNOWN {
            // Those that are forgotten can be asked for again.
            known.clear();
        }
        let (completer, said) = promise();
        let waiting = said.clone();
        known.insert(origin.to_owned(), Known { said, since: now });
        (waiting, Some(completer))
    }

    /// Asks for them (RFC 9309 §2.3.1): what is not there allows all, what fails is an error.
    async fn ask(&self, url: &Url) -> Result<Arc<Said>, Arc<str>> {
        let mut at = url.clone();
        at.set_path("/robots.txt");
        at.set_query(None);
        at.set_fragment(None);
        for _ in 0..=MOST_REDIRECTS {
            let (status, headers, body) = self.fetch(&at).await.map_err(|it| whole(&it))?;
            if redirect::is_followed(status) {
                let capture = capture(status, headers, body);
                match redirect::target(status, capture.location().as_deref(), &at) {
                    Ok(target) => at = CanonicalUrl::to_url(&target),
                    Err(_) => return Ok(Arc::default()),
                }
            } else if status.is_success() {
                let mut file = Vec::new();
                let capture = capture(status, headers, body);
                if let Ok(content) = capture.content_reader(u64::MAX) {
                    // What came before it broke counts.
                    let _ = content.take(MOST_BYTES as u64 + 1).read_to_end(&mut file);
                }
                let robots = Robots::parse(&file);
                let sitemaps = robots.sitemaps().iter().take(MOST_SITEMAPS);
                let sitemaps = sitemaps.filter_map(|it| CanonicalUrl::new(&at.join(it).ok()?));
                return Ok(Arc::new(Said {
                    rules: robots.rules(&self.agent),
                    sitemaps: sitemaps.collect(),
                }));
            } else if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                return Err(Reason::Status(status).to_string().into());
            } else {
                return Ok(Arc::default());
            }
        }
        Ok(Arc::default())
    }

    /// Receives as much of it as counts.
    async fn fetch(&self, url: &Url) -> Result<(StatusCode, HeaderMap, BytesMut), FetchError> {
        let mut response = self.fetcher.open(url, HeaderMap::new()).await?;
        let mut body = BytesMut::new();
        while body.len() <= MOST_BYTES {
            match response.body.next().await {
                Ok(Some(more)) => body.extend_from_slice(&more),
                Ok(None) => break,
                Err(error) => return Err(error),
            }
        }
        Ok((response.status, response.headers, body))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn capture(status: StatusCode, headers: HeaderMap, body: BytesMut) -> Capture {
    Capture {
        url: String::new(),
        via: None,
        date: std::time::SystemTime::UNIX_EPOCH,
        request: bytes::Bytes::new(),
        status,
        headers,
        body: Body::from(body.freeze()),
        truncated: None,
    }
}

/// An error with its causes.
fn whole(error: &FetchError) -> Arc<str> {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |it| it.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    causes.join(": ").into()
}

/// RFC 9309 §2.4: for no more than a day.
const GOOD_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// RFC 9309 §2.3.1.2: at least five in a row are followed.
const MOST_REDIRECTS: usize = 5;
/// So many sitemaps of an origin are known.
const MOST_SITEMAPS: usize = 1000;
/// So many origins are known at once.
const MOST_KNOWN: usize = 4096;
