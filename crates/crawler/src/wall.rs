//! Walls: who has no cookie is sent away to be given one, and back again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use archive::field_url;
use fetch::{Body, Cookies, FetchError, Fetcher, Response};
use frontier::{CanonicalUrl, Found, Role, Rules, Scope};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use url::{Position, Url};

use crate::Config;
use crate::redirect;
use crate::robots::Gate;

/// Fetches what is behind walls. A crawl that took their redirects as they come would go round in a
/// circle, since it asks for each URL once.
#[derive(Debug)]
pub(crate) struct Walls {
    pub(crate) fetcher: Fetcher,
    /// If robots.txt is heeded.
    pub(crate) gate: Option<Gate>,
    /// Without them there is no way through.
    cookies: Option<Cookies>,
    /// What may be asked for at all.
    rules: Arc<Rules>,
    /// How often what looked like a wall was none, by host.
    in_vain: Mutex<HashMap<String, u8>>,
}

impl Walls {
    pub(crate) fn new(config: &Config) -> Self {
        let fetcher = Fetcher::new(&config.fetch);
        let gate = || Gate::new(fetcher.clone(), &config.fetch.user_agent);
        Walls {
            gate: config.politeness.robots.then(gate),
            cookies: config.fetch.cookies.clone(),
            rules: Arc::new(config.scope.clone()),
            in_vain: Mutex::default(),
            fetcher,
        }
    }

    /// Asks for a URL; and if that is a wall, goes round, and asks again.
    ///
    /// # Errors
    ///
    /// There is no response, or its body is announced to be too long.
    pub(crate) async fn open(
        &self,
        url: &Url,
        more: HeaderMap,
    ) -> Result<Response<Body>, FetchError> {
        for _ in 0..MOST_ROUNDS {
            let shown = self.shown(url);
            let response = self.fetcher.open(url, more.clone()).await?;
            let Some(away) = self.sent_away(url, &response) else {
                return Ok(response);
            };
            // Another may have gone round in the meantime.
            let is_let_in = self.shown(url) != shown
                || !self.is_hopeless(url)
                    && self.goes_round(url, away).await
                    && self.shown(url) != shown;
            if !is_let_in {
                self.was_in_vain(url);
                return Ok(response);
            }
        }
        let response = self.fetcher.open(url, more).await?;
        if self.sent_away(url, &response).is_some() {
            self.was_in_vain(url);
        }
        Ok(response)
    }

    /// The cookies that a request shows.
    fn shown(&self, url: &Url) -> Option<HeaderValue> {
        let cookies = self.cookies.as_ref();
        cookies.and_then(|cookies| cookies.field(url, SystemTime::now()))
    }

    /// Where a response leads, if that may be a way round.
    fn sent_away(&self, url: &Url, response: &Response<Body>) -> Option<Url> {
        let away = target(url, response.status, &response.headers)?;
        let may_be = self.cookies.is_some() && self.may_lead(url, &away);
        (may_be && says_the_way_back(url, &away)).then_some(away)
    }

    /// Whether a way round may go there.
    fn may_lead(&self, url: &Url, away: &Url) -> bool {
        let (Some(page), Some(away_to)) = (CanonicalUrl::new(url), CanonicalUrl::new(away)) else {
            return false;
        };
        // On whatever host it is, the page needs it.
        let needed = Found {
            role: Role::Requisite,
            ..Found::link(away_to)
        };
        let scope = Scope::with(Rules::clone(&self.rules), [&page]);
        Cookies::are_shared(url, away) && scope.judge(&needed, 1).is_admitted()
    }

    /// Follows redirects; tells whether they lead back.
    async fn goes_round(&self, url: &Url, away: Url) -> bool {
        let mut at = away;
        for _ in 0..MOST_STEPS {
            if !self.may_be_asked(&at).await {
                return false;
            }
            match self.next(&at).await {
                Some(next) if is_same(&next, url) => return true,
                Some(next) if self.may_lead(url, &next) => at = next,
                _ => return false,
            }
        }
        false
    }

    async fn next(&self, at: &Url) -> Option<Url> {
        let response = self.fetcher.open(at, HeaderMap::new()).await.ok()?;
        target(at, response.status, &response.headers)
    }

    async fn may_be_asked(&self, url: &Url) -> bool {
        let Some(gate) = &self.gate else { return true };
        gate.rules(url).await.is_ok_and(|said| said.allows(url))
    }

    fn is_hopeless(&self, url: &Url) -> bool {
        let in_vain = self.in_vain.lock().unwrap_or_else(PoisonError::into_inner);
        let tried = url.host_str().and_then(|host| in_vain.get(host));
        match tried {
            Some(tried) => *tried >= MOST_IN_VAIN,
            None => in_vain.len() >= MOST_HOSTS,
        }
    }

    fn was_in_vain(&self, url: &Url) {
        let mut in_vain = self.in_vain.lock().unwrap_or_else(PoisonError::into_inner);
        let host = url.host_str().unwrap_or_default();
        let tried = in_vain.entry(host.to_owned()).or_default();
        *tried = tried.saturating_add(1);
    }
}

fn target(url: &Url, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
    let location = field_url(headers.get(LOCATION)?);
    redirect::is_followed(status).then(|| url.join(&location).ok())?
}

/// Whether a URL is the same as another but for what its query has more, or names it in its query.
fn says_the_way_back(url: &Url, away: &Url) -> bool {
    if is_same(url, away) {
        return false;
    }
    let is_beside = url[..Position::AfterPath] == away[..Position::AfterPath];
    let has_more = || {
        let (before, after) = (url.query().unwrap_or(""), away.query().unwrap_or(""));
        after.starts_with(before)
    };
    let is_named = |name: &str| {
        let is_url = name.starts_with('/') || name.starts_with("http");
        is_url && url.join(name).is_ok_and(|back| is_same(&back, url))
    };
    is_beside && has_more() || away.query_pairs().any(|(_, value)| is_named(&value))
}

fn is_same(one: &Url, other: &Url) -> bool {
    one[..Position::AfterQuery] == other[..Position::AfterQuery]
}

/// So often a URL is asked for again.
const MOST_ROUNDS: usize = 2;
/// So many redirects lead round at most.
const MOST_STEPS: usize = 5;
/// Of a host that sends away for another reason, to log in, say, no more is tried than this.
const MOST_IN_VAIN: u8 = 3;
/// So many hosts are known by which it was tried in vain; of others it is not tried then.
const MOST_HOSTS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_is_a_longer_query_or_one_that_names_the_url() {
        let says = |url: &str, away: &str| {
            let url = Url::parse(url).unwrap();
            says_the_way_back(&url, &url.join(away).unwrap())
        };
        assert!(says("http://h/", "/?ct=1") && says("http://h/a?b", "/a?b&c"));
        assert!(says("http://h/", "/gate?x=1&to=/"));
        assert!(says("http://h/a?b=1", "/gate?to=%2Fa%3Fb%3D1"));
        assert!(says("http://h/a", "http://id.h/in?to=http%3A%2F%2Fh%2Fa"));
        assert!(!says("http://h/a?b", "/a?c") && !says("http://h/a?b", "/a"));
        assert!(!says("http://h/a", "/b?to=/c") && !says("http://h/a", "/a/"));
        assert!(!says("http://h/a", "/a#b") && !says("http://h/a", "/b?to="));
        assert!(!says("http://h/a", "https://h/a"));
    }
}
