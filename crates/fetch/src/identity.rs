use std::time::SystemTime;

use http::header::{COOKIE, LOCATION};
use http::{HeaderMap, HeaderValue};
use url::Url;

use crate::{Config, Response};

/// Adds to a request's fields who asks: credentials and cookies, each for whom it is meant.
pub(crate) fn apply(config: &Config, url: &Url, headers: &mut HeaderMap) {
    config.credentials.apply(url, headers);
    let jar = config.cookies.as_ref();
    let Some(cookies) = jar.and_then(|jar| jar.field(url, SystemTime::now())) else {
        return;
    };
    let mut all = cookies;
    // Some servers read but one field: the user's own are put behind those of the jar.
    if let Some(own) = headers.remove(COOKIE) {
        let joined = [all.as_bytes(), own.as_bytes()].join(&b"; "[..]);
        if let Ok(mut joined) = HeaderValue::from_bytes(&joined) {
            joined.set_sensitive(true);
            all = joined;
        }
    }
    headers.insert(COOKIE, all);
}

/// Takes the cookies of a response. Returns whether it asks for nothing but that they be shown: it
/// redirects to itself, and the next request has others.
pub(crate) fn take_cookies<B>(config: &Config, url: &Url, response: &Response<B>) -> bool {
    let Some(jar) = &config.cookies else {
        return false;
    };
    let is_again = response.status.is_redirection() && is_to_itself(url, &response.headers);
    let before = is_again.then(|| jar.field(url, response.date));
    jar.store(url, &response.headers, response.date);
    before.is_some_and(|before| jar.field(url, response.date) != before)
}

fn is_to_itself(url: &Url, headers: &HeaderMap) -> bool {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| url.join(location).ok());
    target.is_some_and(|target| {
        target[..url::Position::AfterQuery] == url[..url::Position::AfterQuery]
    })
}
