use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

use url::{Host, Url};

/// Which addresses to connect to, and from which.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Whether to connect to addresses that are not public. Default: [`PrivateAddresses::Allow`].
    pub private: PrivateAddresses,
    /// The kinds of addresses to use. Default: both.
    pub family: Family,
    /// Hosts whose addresses are given, as by curl's `--resolve`. These are exempt from
    /// [`private`](Self::private): whoever writes an address down means it. Default: none.
    pub overrides: Vec<Override>,
    /// The address to connect from. Hosts are then connected to by its family only. Default: the
    /// system's choice.
    pub bind: Option<IpAddr>,
    /// The longest time to resolve a name. Default: 10 s.
    pub resolve_timeout: Duration,
}

impl Default for Addresses {
    fn default() -> Self {
        Addresses {
            private: PrivateAddresses::Allow,
            family: Family::Any,
            overrides: Vec::new(),
            bind: None,
            resolve_timeout: Duration::from_secs(10),
        }
    }
}

/// What to do about addresses that are not public ([`is_private`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateAddresses {
    /// Connect to them like to any other.
    Allow,
    /// Never connect to them, however they came up: written in a link or a redirect in whatever
    /// form, or as what a name resolves to at the moment of connecting.
    ///
    /// A proxy is the user's own choice and may have any address. The names of what is fetched
    /// through it are resolved by the proxy (but for `socks5`), so that only addresses written in
    /// URLs can be refused then.
    Refuse,
}

/// A kind of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4 and IPv6, raced (RFC 8305).
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    pub(crate) fn has(self, address: IpAddr) -> bool {
        match self {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        }
    }
}

/// The addresses of one host and port: `HOST:PORT:ADDRESS[,ADDRESS]...`, as curl's `--resolve`.
///
/// ```
/// # use dragline_fetch::Override;
/// let made: Override = "example.org:443:192.0.2.1,[2001:db8::1]".parse().unwrap();
/// assert_eq!(made.addresses.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The host's name, in lower case.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Where to connect instead.
    pub addresses: Vec<IpAddr>,
}

/// A text that says no [`Override`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not of the form HOST:PORT:ADDRESS")]
pub struct OverrideError;

impl FromStr for Override {
    type Err = OverrideError;

    fn from_str(text: &str) -> Result<Self, OverrideError> {
        let mut parts = text.splitn(3, ':');
        let mut part = || parts.next().filter(|part| !part.is_empty());
        let (host, port, addresses) = (part(), part(), part());
        let host = Host::parse(host.ok_or(OverrideError)?).map_err(|_| OverrideError)?;
        let addresses = addresses.ok_or(OverrideError)?.split(',').map(|address| {
            let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']'));
            bare.unwrap_or(address).parse().map_err(|_| OverrideError)
        });
        Ok(Override {
            host: host.to_string(),
            port: port
                .and_then(|port| port.parse().ok())
                .ok_or(OverrideError)?,
            addresses: addresses.collect::<Result<_, _>>()?,
        })
    }
}

/// Tells whether an address is anything but that of a public host: of this machine, of a private
/// network, of a link, of a cloud's metadata service, of a group, for documentation, for
/// benchmarks, reserved; also within an IPv6 address that stands for it (mapped, NAT64, 6to4).
///
/// By the IANA registries of special-purpose addresses (RFC 6890).
///
/// ```
/// # use dragline_fetch::is_private;
/// assert!(is_private("169.254.169.254".parse().unwrap()));
/// assert!(is_private("::ffff:10.0.0.1".parse().unwrap()));
/// assert!(!is_private("1.1.1.1".parse().unwrap()));
/// ```
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(address) => is_private_v4(address),
            None => is_private_v6(address),
        },
    }
}

/// Tells whether a URL's host is private as it is written: an address that [is](is_private), or a
/// name that only means something on this machine or network (RFC 6761, RFC 6762, RFC 8375).
///
/// It resolves nothing: a name like any other is taken for public.
pub fn is_private_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_private(address.into()),
        Some(Host::Ipv6(address)) => is_private(address.into()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let last = name.rsplit('.').next().unwrap_or(name);
            !name.contains('.')
                || matches!(
                    last,
                    "localhost" | "local" | "internal" | "test" | "example"
                )
                || name.ends_with(".home.arpa")
        }
        None => false,
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let special = |network: [u8; 4], length: u32| {
        let shift = 32 - length;
        address.to_bits() >> shift == Ipv4Addr::from(network).to_bits() >> shift
    };
    special([0, 0, 0, 0], 8) // This network.
        || special([10, 0, 0, 0], 8) // Private.
        || special([100, 64, 0, 0], 10) // Between a provider and its customers.
        || special([127, 0, 0, 0], 8) // This machine.
        || special([168, 63, 129, 16], 32) // Azure's own services.
        || special([169, 254, 0, 0], 16) // The link, with most clouds' metadata services.
        || special([172, 16, 0, 0], 12) // Private.
        || special([192, 0, 0, 0], 24) // Protocol assignments.
        || special([192, 0, 2, 0], 24) // Documentation.
        || special([192, 88, 99, 0], 24) // 6to4 relays, which are no more.
        || special([192, 168, 0, 0], 16) // Private.
        || special([198, 18, 0, 0], 15) // Benchmarks.
        || special([198, 51, 100, 0], 24) // Documentation.
        || special([203, 0, 113, 0], 24) // Documentation.
        || special([224, 0, 0, 0], 3) // Groups, reserved, broadcast.
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let special = |network: u128, length: u32| {
        let shift = 128 - length;
        address.to_bits() >> shift == network >> shift
    };
    !special(0x2000 << 112, 3) // All that is public lies in here; not so ::1, fc00::, fe80::, ff00::
        || special(0x2001 << 112, 23) // Protocol assignments, Teredo.
        || special(0x2001_0db8 << 96, 32) // Documentation.
        || special(0x3fff << 112, 20) // Documentation.
}

/// The IPv4 address that an IPv6 address leads to.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let pair = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        // Mapped (RFC 4291 §2.5.5.2), translated (RFC 2765 §2.1), and NAT64 (RFC 6052 §2.1), whose
        // local prefix (RFC 8215) is private as a whole.
        [0, 0, 0, 0, 0, 0xffff, a, b]
        | [0, 0, 0, 0, 0xffff, 0, a, b]
        | [0x64, 0xff9b, 0, 0, 0, 0, a, b]
        // 6to4 (RFC 3056 §2).
        | [0x2002, a, b, ..] => Some(pair(a, b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_public_is_private_in_every_disguise() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:a9fe:a9fe",
            "::ffff:0:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1.1.1.1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_host_is_private_however_it_is_written() {
        let private = |url: &str| is_private_host(&Url::parse(url).unwrap());
        for url in [
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1./",
            "http://%31%32%37.0.0.1/",
            "http://[::ffff:7f00:1]/",
            "http://\u{ff11}27.0.0.1/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://intranet/",
            "http://printer.local/",
            "http://metadata.google.internal/",
        ] {
            assert!(private(url), "{url}");
        }
        for url in ["http://example.org/", "http://1.1.1.1/", "http://local.org"] {
            assert!(!private(url), "{url}");
        }
    }

    #[test]
    fn an_override_is_read_as_curl_reads_it() {
        let read = |text: &str| text.parse::<Override>();
        let made = read("EXAMPLE.org:80:127.0.0.1,::1,[2001:db8::1]").unwrap();
        assert_eq!((&*made.host, made.port), ("example.org", 80));
        assert_eq!(made.addresses.len(), 3);
        for wrong in [
            "",
            "a",
            "a:80",
            "a:80:",
            "a:x:1.1.1.1",
            ":80:1.1.1.1",
            "a:80:b",
            "a:80:1.1.1.1,",
        ] {
            assert_eq!(read(wrong), Err(OverrideError), "{wrong}");
        }
    }
}
