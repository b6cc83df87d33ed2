use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, CONTENT_LANGUAGE, HeaderName,
    HeaderValue, PRAGMA, USER_AGENT,
};
use percent_encoding::percent_decode_str;
use url::{Origin, Url};

use crate::netrc::Netrc;

/// What only some servers may know, and who they are.
///
/// All of it goes to the seeds' own origins (scheme, host and port) and nowhere else: not along with
/// a redirect or a link to another port, to plain HTTP or to a host beneath. There it goes with
/// every request, as curl sends it, not only when the server has asked for it (`401`), as wget does:
/// half as many requests, to servers that are meant to have it.
///
/// The fields that carry it are [sensitive](HeaderValue::is_sensitive): they are not shown by
/// `Debug`, and stand as `[redacted]` in [`Response::request`](crate::Response::request).
///
/// Connections are shared by all requests of a [`Fetcher`](crate::Fetcher) to an origin, which are
/// all by one identity; two fetchers share none.
#[derive(Clone, Default)]
pub struct Credentials {
    /// The seeds' origins, and the name and password that a seed's own URL had.
    /// [`trust`](Self::trust) adds to them.
    pub origins: HashMap<Origin, Option<Login>>,
    /// For all of [`origins`](Self::origins) that have none of their own, as by `--user`. Default:
    /// none.
    pub login: Option<Login>,
    /// For those of [`origins`](Self::origins) that it names, if there is no other login.
    /// Default: empty.
    pub netrc: Netrc,
    /// More header fields, in place of usual ones of the same name. Those that say no more than
    /// a browser tells everyone ([`Field::is_harmless`]) go everywhere. Default: none.
    pub fields: Vec<Field>,
    /// Whether [`Response::request`](crate::Response::request) has them as sent. Default: `false`.
    pub disclose: bool,
}

impl Credentials {
    /// Trusts a seed's origin, and takes the name and the password out of its URL.
    pub fn trust(&mut self, seed: &mut Url) {
        let login = Login::take_from(seed);
        let known = self.origins.entry(seed.origin()).or_default();
        *known = login.or(known.take());
    }

    /// Adds what the server at `url` may know.
    pub(crate) fn apply(&self, url: &Url, headers: &mut HeaderMap) {
        let trusted = self.origins.get(&url.origin());
        let mine = |field: &&Field| trusted.is_some() || field.is_harmless();
        for field in self.fields.iter().filter(mine) {
            headers.remove(&field.name);
        }
        for field in self.fields.iter().filter(mine) {
            headers.append(&field.name, field.value.clone());
        }
        let Some(of_url) = trusted else { return };
        let login = of_url
            .as_ref()
            .or(self.login.as_ref())
            .or_else(|| self.netrc.login(url.host_str()?));
        if let Some(login) = login.filter(|_| !headers.contains_key(AUTHORIZATION)) {
            headers.insert(AUTHORIZATION, login.authorization());
        }
    }
}

/// Says nothing of what is secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// A name and a password, sent by the `Basic` scheme (RFC 7617).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// The name. One with a colon cannot be told from a shorter one by any server.
    pub user: String,
    /// The password.
    pub password: String,
}

impl Login {
    /// Takes the name and the password out of a URL; `None` if it has neither.
    pub fn take_from(url: &mut Url) -> Option<Self> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let login = Login {
            user: decoded(url.username()),
            password: decoded(url.password().unwrap_or_default()),
        };
        // These fail for URLs that cannot have them.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        (login != Login::default()).then_some(login)
    }

    fn authorization(&self) -> HeaderValue {
        let encoded = BASE64_STANDARD.encode(format!("{}:{}", self.user, self.password));
        let value = HeaderValue::from_str(&format!("Basic {encoded}"));
        let mut value = value.expect("base64 is visible ASCII");
        value.set_sensitive(true);
        value
    }
}

/// Says nothing of what is secret.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

/// A header field of the user's, read from `Name: value`.
///
/// ```
/// # use dragline_fetch::Field;
/// assert!("Accept-Language: de".parse::<Field>().unwrap().is_harmless());
/// assert!(!"X-Api-Key: 1234".parse::<Field>().unwrap().is_harmless());
/// assert!("Host: elsewhere".parse::<Field>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    name: HeaderName,
    value: HeaderValue,
}

/// A text that says no [`Field`].
///
/// It does not show the text: there may be a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// It is not of this form.
    #[error("not of the form `Name: value`")]
    Form,
    /// It is one that frames the request, names its receiver or asks for a part: whoever sends it
    /// must know what it means.
    #[error("a header field that cannot be chosen freely")]
    Reserved,
}

impl Field {
    /// Returns the field's name.
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// Tells whether everybody may know it. All others are taken for secret: nobody can tell by
    /// its name that `X-Token` is one.
    pub fn is_harmless(&self) -> bool {
        // As in the Fetch standard's CORS-safelisted request-headers, and what a reload adds.
        [
            ACCEPT,
            ACCEPT_LANGUAGE,
            CACHE_CONTROL,
            CONTENT_LANGUAGE,
            PRAGMA,
            USER_AGENT,
        ]
        .contains(&self.name)
            || ["dnt", "sec-gpc"].contains(&self.name.as_str())
    }
}

impl FromStr for Field {
    type Err = FieldError;

    fn from_str(line: &str) -> Result<Self, FieldError> {
        let (name, value) = line.split_once(':').ok_or(FieldError::Form)?;
        let name = HeaderName::from_str(name.trim_end_matches([' ', '\t']))
            .map_err(|_| FieldError::Form)?;
        let value = value.trim_matches([' ', '\t']);
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| FieldError::Form)?;
        if is_reserved(name.as_str()) {
            return Err(FieldError::Reserved);
        }
        let mut field = Field { name, value };
        field.value.set_sensitive(!field.is_harmless());
        Ok(field)
    }
}

fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 12] = [
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    RESERVED.contains(&name) || name.starts_with("proxy-") || name.starts_with("if-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(credentials: &Credentials, url: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        credentials.apply(&Url::parse(url).unwrap(), &mut headers);
        headers
    }

    fn login(user: &str) -> Login {
        Login {
            user: user.to_owned(),
            password: "p".to_owned(),
        }
    }

    #[test]
    fn what_is_in_a_seed_is_taken_out_of_it() {
        let mut seed = Url::parse("http://m%40e:s%3Acret@a.test/x").unwrap();
        let mut credentials = Credentials::default();
        credentials.trust(&mut seed);
        assert_eq!(seed.as_str(), "http://a.test/x");
        let sent = sent(&credentials, "http://a.test/y");
        assert_eq!(sent[AUTHORIZATION], "Basic bUBlOnM6Y3JldA==");
        assert!(sent[AUTHORIZATION].is_sensitive());
        // The same seed again, without them.
        credentials.trust(&mut seed);
        assert!(credentials.origins[&seed.origin()].is_some());
    }

    #[test]
    fn what_is_nearest_is_used() {
        let mut credentials = Credentials {
            netrc: Netrc::parse("machine a.test login netrc password p default login rest"),
            ..Credentials::default()
        };
        let authorization = |credentials: &Credentials, url| {
            let sent = sent(credentials, url);
            let value = sent[AUTHORIZATION].to_str().unwrap().to_owned();
            let encoded = value.strip_prefix("Basic ").unwrap_or_default();
            String::from_utf8(BASE64_STANDARD.decode(encoded).unwrap()).unwrap()
        };
        for seed in ["http://a.test/", "http://b.test/"] {
            credentials.trust(&mut Url::parse(seed).unwrap());
        }
        assert_eq!(authorization(&credentials, "http://a.test/"), "netrc:p");
        assert_eq!(authorization(&credentials, "http://b.test/"), "rest:");
        credentials.login = Some(login("user"));
        assert_eq!(authorization(&credentials, "http://b.test/"), "user:p");
        credentials.trust(&mut Url::parse("http://url:p@a.test/").unwrap());
        assert_eq!(authorization(&credentials, "http://a.test/"), "url:p");
        assert_eq!(authorization(&credentials, "http://b.test/"), "user:p");
        credentials.fields = vec!["Authorization: Bearer token".parse().unwrap()];
        let sent = sent(&credentials, "http://a.test/");
        let all: Vec<_> = sent.get_all(AUTHORIZATION).iter().collect();
        assert_eq!(all, ["Bearer token"]);
    }

    #[test]
    fn a_field_is_refused_that_would_break_the_request() {
        for line in ["", "a", ": b", "a b: c", "a: b\r\nc: d", "a: \0", "a\n: b"] {
            assert_eq!(line.parse::<Field>(), Err(FieldError::Form), "{line:?}");
        }
        for line in [
            "Host: a",
            "content-LENGTH: 5",
            "Range: bytes=1-",
            "If-Match: *",
        ] {
            assert_eq!(line.parse::<Field>(), Err(FieldError::Reserved), "{line:?}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let mut credentials = Credentials {
            login: Some(login("secret")),
            netrc: Netrc::parse("default login secret password secret"),
            fields: vec!["X-Key: secret".parse().unwrap()],
            ..Credentials::default()
        };
        credentials.trust(&mut Url::parse("http://u:secret@a.test").unwrap());
        let shown = format!(
            "{credentials:?} {:?} {:?} {:?} {:?}",
            credentials.login,
            credentials.netrc,
            credentials.fields,
            sent(&credentials, "http://a.test/")
        );
        assert!(
            !shown.contains("secret") && !shown.contains("c2Vj"),
            "{shown}"
        );
    }
}
