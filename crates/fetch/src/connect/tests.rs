use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

use super::*;
use crate::address::{Family, Override};

const LIMIT: Duration = Duration::from_secs(10);

/// A connector whose every name resolves to the n-th of `answers` the n-th time, to the last of
/// them from then on.
fn resolving(answers: &[&[&str]], config: &Config) -> Connector {
    let answers: Vec<Vec<IpAddr>> = answers
        .iter()
        .map(|answer| answer.iter().map(|a| a.parse().unwrap()).collect())
        .collect();
    let asked = AtomicUsize::new(0);
    let lookup = move |_: &str, _| {
        let n = asked.fetch_add(1, Ordering::Relaxed);
        Ok(answers[n.min(answers.len() - 1)].clone())
    };
    Connector::with(
        Resolver::with(lookup, config.addresses.family, LIMIT),
        config,
    )
}

fn refusing() -> Config {
    Config {
        addresses: Addresses {
            private: PrivateAddresses::Refuse,
            ..Addresses::default()
        },
        ..Config::default()
    }
}

async fn addresses(connector: &Connector, url: &str) -> Result<Vec<IpAddr>, FetchError> {
    let uri = url.parse().unwrap();
    connector.0.addresses(&Host::of(&uri)).await
}

async fn failed(connector: &Connector, url: &str) -> FetchError {
    connector.0.connect(url.parse().unwrap()).await.unwrap_err()
}

/// A name that is public when it is looked at and private when it is connected to (DNS rebinding):
/// what is looked at is what is connected to, each time anew.
#[tokio::test(start_paused = true)]
async fn a_name_that_turns_private_is_refused() {
    let connector = resolving(&[&["1.1.1.1"], &["127.0.0.1"]], &refusing());
    let first = addresses(&connector, "http://a.test/").await.unwrap();
    assert_eq!(first, [IpAddr::from([1, 1, 1, 1])]);
    tokio::time::advance(Duration::from_secs(61)).await;
    let error = addresses(&connector, "http://a.test/").await.unwrap_err();
    assert!(matches!(error, FetchError::Private { .. }), "{error:?}");
}

#[tokio::test]
async fn nothing_is_sent_to_a_private_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connector = resolving(&[&["127.0.0.1", "::ffff:127.0.0.1"]], &refusing());
    for host in ["a.test", "localhost", "127.0.0.1", "[::ffff:127.0.0.1]"] {
        let error = failed(&connector, &format!("http://{host}:{port}/")).await;
        assert!(
            matches!(error, FetchError::Private { .. }),
            "{host} {error:?}"
        );
    }
    let error = failed(&connector, &format!("https://a.test:{port}/")).await;
    assert_eq!(
        error.to_string(),
        format!("will not connect to a.test:{port}: 127.0.0.1 is a private address")
    );
    // What connects does so at once; so nothing did if this is the first.
    let probe = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (_, from) = listener.accept().await.unwrap();
    assert_eq!(from, probe.local_addr().unwrap());
}

#[tokio::test]
async fn of_public_and_private_addresses_the_public_are_used() {
    let answer: &[&str] = &["10.0.0.1", "1.1.1.1", "fd00:ec2::254", "64:ff9b::a00:1"];
    let connector = resolving(&[answer], &refusing());
    let found = addresses(&connector, "http://a.test/").await.unwrap();
    assert_eq!(found, [IpAddr::from([1, 1, 1, 1])]);
}

#[tokio::test]
async fn an_address_written_down_by_the_user_may_be_private() {
    let mut config = refusing();
    config.addresses.overrides = vec!["a.test:80:10.0.0.1".parse::<Override>().unwrap()];
    let connector = resolving(&[&["127.0.0.1"]], &config);
    let found = addresses(&connector, "http://a.test/").await.unwrap();
    assert_eq!(found, [IpAddr::from([10, 0, 0, 1])]);
    for other in ["http://a.test:81/", "https://a.test/", "http://b.test/"] {
        assert!(addresses(&connector, other).await.is_err(), "{other}");
    }
}

#[tokio::test]
async fn the_family_asked_for_is_used() {
    for (family, expected) in [(Family::V4, "192.0.2.1"), (Family::V6, "2001:db8::1")] {
        let mut config = Config::default();
        config.addresses.family = family;
        let connector = resolving(&[&["192.0.2.1", "2001:db8::1"]], &config);
        let found = addresses(&connector, "http://a.test/").await.unwrap();
        assert_eq!(found, [expected.parse::<IpAddr>().unwrap()]);
    }
    let mut config = Config::default();
    config.addresses.family = Family::V6;
    let connector = resolving(&[&["192.0.2.1"]], &config);
    for url in ["http://a.test/", "http://192.0.2.1/"] {
        let error = addresses(&connector, url).await.unwrap_err();
        assert!(matches!(error, FetchError::Resolve { .. }), "{error:?}");
    }
}

/// The other family is tried 300 ms after one that does not answer (RFC 8305), not after its limit
/// of time.
#[tokio::test]
async fn one_dead_family_does_not_keep_from_the_other() {
    // As many connections as nobody accepts: then the system answers no more.
    let dead = tokio::net::TcpSocket::new_v4().unwrap();
    dead.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let dead = dead.listen(1).unwrap();
    let address = dead.local_addr().unwrap();
    let mut waiting = Vec::new();
    let moment = Duration::from_millis(50);
    while let Ok(connected) = timeout(moment, TcpStream::connect(address)).await {
        waiting.push(connected.unwrap());
    }

    let alive = TcpListener::bind(("::1", address.port())).await.unwrap();
    let config = Config {
        connect_timeout: Duration::from_secs(3600),
        ..Config::default()
    };
    let connector = resolving(&[&["127.0.0.1", "::1"]], &config);
    let uri = format!("http://a.test:{}/", address.port())
        .parse()
        .unwrap();
    connector.0.dial(&Host::of(&uri)).await.unwrap();
    let (_, from) = alive.accept().await.unwrap();
    assert!(from.is_ipv6());
}

#[tokio::test]
async fn a_dead_address_is_followed_by_the_next() {
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connector = resolving(&[&["127.0.0.1", "127.0.0.2"]], &Config::default());
    let uri = format!("http://a.test:{port}/").parse().unwrap();
    connector.0.dial(&Host::of(&uri)).await.unwrap();
}

#[tokio::test]
async fn connections_come_from_the_address_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut config = Config::default();
    config.addresses.bind = Some([127, 0, 0, 9].into());
    let connector = resolving(&[&["::1", "127.0.0.1"]], &config);
    let uri = format!("http://a.test:{port}/").parse().unwrap();
    connector.0.dial(&Host::of(&uri)).await.unwrap();
    let (_, from) = listener.accept().await.unwrap();
    assert_eq!(from.ip(), IpAddr::from([127, 0, 0, 9]));
}

#[tokio::test]
async fn a_resolver_that_hangs_is_said_to() {
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let lookup = move |_: &str, _| {
        let _ = blocked.lock().unwrap().recv();
        Ok(Vec::new())
    };
    let resolver = Resolver::with(lookup, Family::Any, Duration::from_millis(20));
    let connector = Connector::with(resolver, &Config::default());
    let error = failed(&connector, "http://a.test/").await;
    assert_eq!(
        error.to_string(),
        "resolving the host's name took longer than 10 s"
    );
    drop(release);
}

#[tokio::test]
async fn a_private_address_is_not_asked_of_a_proxy() {
    let mut config = refusing();
    config.proxies = Proxies::new(&crate::ProxyRules {
        all: "http://127.0.0.1:1".to_owned(),
        ..crate::ProxyRules::default()
    })
    .unwrap();
    let connector = resolving(&[&["127.0.0.1"]], &config);
    for url in ["http://10.0.0.1/", "https://169.254.169.254/"] {
        let error = failed(&connector, url).await;
        assert!(matches!(error, FetchError::Private { .. }), "{error:?}");
    }
    // The proxy itself may be anywhere, and is tried.
    let error = failed(&connector, "http://a.test/").await;
    assert!(matches!(error, FetchError::Proxy { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_file_descriptor_is_waited_for_and_not_for_ever() {
    let limit = Duration::from_secs(10);
    for (code, lacking, tries) in [(24, 5, 6), (23, 5, 6), (111, 5, 1), (24, 1000, 201)] {
        let mut tried = 0;
        let connected = with_a_descriptor(limit, || {
            tried += 1;
            let error = io::Error::other(io::Error::from_raw_os_error(code));
            ready(if tried <= lacking { Err(error) } else { Ok(()) })
        });
        assert_eq!(connected.await.is_ok(), tries == 6);
        let few = tries - 2..=tries + 2;
        assert!(few.contains(&tried), "{code}: {tried}");
    }
}
