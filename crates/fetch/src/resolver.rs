use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dns_lookup::{AddrFamily, AddrInfoHints, LookupErrorKind, SockType};
use tokio::sync::{OnceCell, Semaphore};
use tokio::task;
use tokio::time::{Instant, timeout};

use crate::address::Family;

/// How long an answer is believed. The system's resolver does not tell the answer's own time to
/// live: a minute is what a browser takes then.
const LIFETIME: Duration = Duration::from_secs(60);

/// How long a failure is believed: for the requests that wait for the same, not for a later try.
const LIFETIME_OF_FAILURE: Duration = Duration::from_secs(2);

/// How many names are remembered.
const MOST_NAMES: usize = 10_000;

/// How many addresses of each family are tried: more only take longer to fail.
const MOST_ADDRESSES: usize = 4;

/// How many names are looked up at a time. Each has a thread, which stays with it also when nobody
/// waits for it any longer.
const MOST_LOOKUPS: usize = 32;

type Lookup = dyn Fn(&str, Family) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// The addresses of names, remembered for a while. A name that several ask for is looked up once.
///
/// It asks the system's resolver, and so answers as all else on the machine: by `/etc/hosts`, by
/// mDNS, by a VPN. A resolver of its own would know the answers' times to live, but none of these.
pub(crate) struct Resolver {
    lookup: Arc<Lookup>,
    family: Family,
    limit: Duration,
    names: Mutex<HashMap<String, Slot>>,
    running: Arc<Semaphore>,
}

type Slot = Arc<OnceCell<Answer>>;

struct Answer {
    addresses: Result<Vec<IpAddr>, (io::ErrorKind, String)>,
    until: Instant,
}

impl Resolver {
    /// Makes one that asks the system.
    pub(crate) fn new(family: Family, limit: Duration) -> Self {
        Resolver::with(ask_system, family, limit)
    }

    /// Makes one that asks `lookup`, on a thread where it may block.
    pub(crate) fn with(
        lookup: impl Fn(&str, Family) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
        family: Family,
        limit: Duration,
    ) -> Self {
        Resolver {
            lookup: Arc::new(lookup),
            family,
            limit,
            names: Mutex::default(),
            running: Arc::new(Semaphore::new(MOST_LOOKUPS)),
        }
    }

    /// Returns the addresses of `name`, at least one, in the order to try them.
    ///
    /// # Errors
    ///
    /// It has none ([`io::ErrorKind::NotFound`]), the resolver does not say so in time
    /// ([`io::ErrorKind::TimedOut`]), or cannot say.
    ///
    /// # Cancel safety
    ///
    /// Others that wait for the same name go on.
    pub(crate) async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let slot = self.slot(name);
        let answer = slot.get_or_init(|| self.ask(name)).await;
        match &answer.addresses {
            Ok(addresses) => Ok(addresses.clone()),
            Err((kind, text)) => Err(io::Error::new(*kind, text.clone())),
        }
    }

    fn slot(&self, name: &str) -> Slot {
        let now = Instant::now();
        let is_valid = |slot: &Slot| slot.get().is_none_or(|answer| now < answer.until);
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = names.get(name).filter(|slot| is_valid(slot)) {
            return Arc::clone(slot);
        }
        if names.len() >= MOST_NAMES {
            names.retain(|_, slot| is_valid(slot));
        }
        if names.len() >= MOST_NAMES {
            names.clear();
        }
        let slot = Slot::default();
        names.insert(name.to_owned(), Arc::clone(&slot));
        slot
    }

    async fn ask(&self, name: &str) -> Answer {
        let asked = timeout(self.limit, self.look_up(name)).await;
        let addresses = asked
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| (error.kind(), error.to_string()));
        let lifetime = match addresses {
            Ok(_) => LIFETIME,
            Err(_) => LIFETIME_OF_FAILURE,
        };
        Answer {
            addresses,
            until: Instant::now() + lifetime,
        }
    }

    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let permit = Arc::clone(&self.running).acquire_owned().await;
        let (lookup, family, owned) = (Arc::clone(&self.lookup), self.family, name.to_owned());
        let addresses = task::spawn_blocking(move || {
            let _permit = permit;
            lookup(&owned, family)
        });
        let mut addresses = addresses.await.map_err(io::Error::other)??;
        let (mut v4, mut v6) = (0, 0);
        addresses.retain(|address| {
            let count = if address.is_ipv4() { &mut v4 } else { &mut v6 };
            *count += 1;
            *count <= MOST_ADDRESSES && family.has(*address)
        });
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no address"));
        }
        Ok(addresses)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

fn ask_system(name: &str, family: Family) -> io::Result<Vec<IpAddr>> {
    let hints = AddrInfoHints {
        socktype: SockType::Stream.into(),
        address: match family {
            Family::Any => 0,
            Family::V4 => AddrFamily::Inet.into(),
            Family::V6 => AddrFamily::Inet6.into(),
        },
        ..AddrInfoHints::default()
    };
    match dns_lookup::getaddrinfo(Some(name), None, Some(hints)) {
        Ok(found) => found
            .map(|address| Ok(address?.sockaddr.ip()))
            .collect::<io::Result<_>>(),
        Err(error) => {
            let unknown = matches!(
                error.kind(),
                LookupErrorKind::NoName | LookupErrorKind::NoData
            );
            let error = io::Error::from(error);
            let text = error.to_string();
            let text = text.trim_start_matches("failed to lookup address information: ");
            Err(if unknown {
                io::Error::new(io::ErrorKind::NotFound, text)
            } else {
                io::Error::new(error.kind(), text)
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn counting() -> Resolver {
        let asked = AtomicU8::new(0);
        let lookup = move |name: &str, _| match name {
            "gone.test" => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(vec![
                [192, 0, 2, asked.fetch_add(1, Ordering::Relaxed)].into(),
            ]),
        };
        Resolver::with(lookup, Family::Any, LIMIT)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_believed_for_a_minute() {
        let resolver = counting();
        let first = resolver.addresses("a.test").await.unwrap();
        assert_eq!(resolver.addresses("a.test").await.unwrap(), first);
        assert_ne!(resolver.addresses("b.test").await.unwrap(), first);
        tokio::time::advance(LIFETIME).await;
        assert_ne!(resolver.addresses("a.test").await.unwrap(), first);
    }

    #[tokio::test]
    async fn all_who_ask_at_once_get_one_answer() {
        let resolver = counting();
        let (a, b) = tokio::join!(resolver.addresses("a.test"), resolver.addresses("a.test"));
        assert_eq!(a.unwrap(), b.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_believed_for_a_moment() {
        let asked = AtomicU8::new(0);
        let lookup = move |_: &str, _| match asked.fetch_add(1, Ordering::Relaxed) {
            0 => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(vec![[192, 0, 2, 1].into()]),
        };
        let resolver = Resolver::with(lookup, Family::Any, LIMIT);
        for _ in 0..2 {
            let error = resolver.addresses("a.test").await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        }
        tokio::time::advance(LIFETIME_OF_FAILURE).await;
        resolver.addresses("a.test").await.unwrap();
    }

    #[tokio::test]
    async fn a_resolver_that_does_not_answer_is_not_waited_for() {
        let (release, blocked) = std::sync::mpsc::channel::<()>();
        let blocked = Mutex::new(blocked);
        let lookup = move |_: &str, _| {
            let _ = blocked.lock().unwrap().recv();
            Ok(Vec::new())
        };
        let resolver = Resolver::with(lookup, Family::Any, Duration::from_millis(20));
        let error = resolver.addresses("a.test").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(release);
    }

    #[tokio::test]
    async fn of_a_hundred_addresses_a_few_of_each_family_are_tried() {
        let lookup = |_: &str, _| {
            let v4 = (0..100).map(|n| IpAddr::from([192, 0, 2, n]));
            Ok(v4.chain(["2001:db8::1".parse().unwrap()]).collect())
        };
        let resolver = Resolver::with(lookup, Family::Any, LIMIT);
        let addresses = resolver.addresses("a.test").await.unwrap();
        assert_eq!(addresses.len(), MOST_ADDRESSES + 1);
        assert!(addresses[MOST_ADDRESSES].is_ipv6());
    }

    #[tokio::test]
    async fn no_more_names_are_remembered_than_fit() {
        let resolver = counting();
        for n in 0..=MOST_NAMES {
            resolver.slot(&n.to_string());
        }
        assert!(resolver.names.lock().unwrap().len() <= MOST_NAMES);
    }

    #[tokio::test]
    async fn the_system_knows_this_machine_and_knows_no_invalid_name() {
        let resolver = Resolver::new(Family::V4, LIMIT);
        let addresses = resolver.addresses("localhost").await.unwrap();
        assert_eq!(addresses, [IpAddr::from([127, 0, 0, 1])]);
    }
}
