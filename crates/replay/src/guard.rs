//! Who is answered.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It names a host that is none of this machine's addresses.
    OtherHost,
    /// A page of another origin asks.
    OtherOrigin,
}

/// Tells whether a request is refused.
///
/// A name of its owner's choice can be made to lead to loopback (DNS rebinding): the pages of that
/// owner would then be of this origin, and could read all. No address and no `localhost` can.
pub(crate) fn check(request: &Parts) -> Result<(), Refusal> {
    let mut hosts = request.headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let host = host.filter(|_| hosts.next().is_none());
    let Some(host) = host.filter(is_loopback_or_address) else {
        return Err(Refusal::OtherHost);
    };
    if request.uri.authority().is_some_and(|asked| *asked != host) {
        return Err(Refusal::OtherHost);
    }
    // A frame in a sandbox has the origin `null`.
    let origin = request.headers.get(ORIGIN);
    let is_own = origin.is_none_or(|origin| {
        let authority = origin
            .to_str()
            .ok()
            .and_then(|it| it.strip_prefix("http://"));
        origin == "null" || authority.is_some_and(|it| host == *it)
    });
    if is_own {
        Ok(())
    } else {
        Err(Refusal::OtherOrigin)
    }
}

fn is_loopback_or_address(host: &Authority) -> bool {
    let name = host.host().to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.ends_with(".localhost") || address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn asked(uri: &str, host: &[&str], origin: Option<&str>) -> Result<(), Refusal> {
        let mut request = Request::get(uri);
        for host in host {
            request = request.header(HOST, *host);
        }
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        check(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn only_addresses_and_localhost_are_answered() {
        for host in [
            "127.0.0.1:80",
            "LOCALHOST",
            "a.localhost:1",
            "[::1]:9",
            "10.0.0.7:8080",
        ] {
            assert_eq!(asked("/", &[host], None), Ok(()), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:80",
            "",
            "a b",
            "localhost.",
        ] {
            assert_eq!(asked("/", &[host], None), Err(Refusal::OtherHost), "{host}");
        }
        assert_eq!(asked("/", &[], None), Err(Refusal::OtherHost));
        assert_eq!(
            asked("/", &["localhost", "evil.example"], None),
            Err(Refusal::OtherHost)
        );
        assert_eq!(
            asked("http://evil.example/", &["localhost"], None),
            Err(Refusal::OtherHost)
        );
        assert_eq!(asked("http://localhost/", &["localhost"], None), Ok(()));
    }

    #[test]
    fn pages_of_other_origins_are_not() {
        let host = &["127.0.0.1:8080"];
        assert_eq!(asked("/", host, Some("http://127.0.0.1:8080")), Ok(()));
        assert_eq!(asked("/", host, Some("null")), Ok(()));
        for other in [
            "http://127.0.0.1:80",
            "https://127.0.0.1:8080",
            "http://evil.example",
        ] {
            assert_eq!(
                asked("/", host, Some(other)),
                Err(Refusal::OtherOrigin),
                "{other}"
            );
        }
    }
}
