//! TLS: certificates that are not to be believed, handshakes that do not end, ends that are not said.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, IsCa, Issuer, KeyPair,
    SanType, date_time_ymd,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::hostile::behaviour::{Behaviour, Expect, breaks, kept};
use crate::hostile::script::{FOR_EVER, Script};
use crate::hostile::server::Door;

pub(super) fn all() -> Vec<Behaviour> {
    // Only a random source that fails could make it fail.
    Authority::new()
        .and_then(|authority| authority.behaviours())
        .unwrap_or_else(|error| panic!("certificates are made of what is written here: {error}"))
}

/// A certificate authority that the crawls trust.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

type Made<T> = Result<T, Box<dyn std::error::Error>>;

impl Authority {
    fn new() -> Made<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key)?;
        Ok(Authority {
            issuer: Issuer::new(params, key),
            certificate,
        })
    }

    fn behaviours(&self) -> Made<Vec<Behaviour>> {
        let pem = self.certificate.pem();
        let trusting = |name, says| Behaviour::new(name, says).trust(pem.clone());
        let refused = |name, says, door, words| trusting(name, says).door(door, breaks(words));
        let believed = || self.door(|_| ());
        Ok(vec![
            trusting("tls-good", "a certificate to be believed")
                .server("other", believed()?)
                .seed("/", Script::page("believed"), kept("believed")),
            refused(
                "expired",
                "the certificate is no longer valid",
                self.door(|it| {
                    it.not_before = date_time_ymd(2001, 1, 1);
                    it.not_after = date_time_ymd(2002, 1, 1);
                })?,
                "expired",
            ),
            refused(
                "not-yet-valid",
                "the certificate is not yet valid",
                self.door(|it| {
                    it.not_before = date_time_ymd(2201, 1, 1);
                    it.not_after = date_time_ymd(2202, 1, 1);
                })?,
                "",
            ),
            refused(
                "self-signed",
                "the certificate is signed by nobody else",
                self_signed()?,
                "",
            ),
            refused(
                "wrong-host",
                "the certificate is for another host",
                self.door(|it| {
                    it.subject_alt_names = names(["example.org"]);
                })?,
                "",
            ),
            refused(
                "nul-in-name",
                "the certificate's name has a NUL in it",
                self.door(|it| {
                    it.subject_alt_names = names(["127.0.0.1\0.example.org"]);
                })?,
                "",
            ),
            refused(
                "wildcard-address",
                "the certificate is for *.0.0.1",
                self.door(|it| {
                    it.subject_alt_names = names(["*.0.0.1", "127.0.0.1"]);
                })?,
                "",
            ),
            refused(
                "for-nobody",
                "the certificate is for nobody",
                self.door(|it| {
                    it.subject_alt_names = Vec::new();
                })?,
                "",
            ),
            refused(
                "huge-certificate",
                "a certificate of 1 MiB",
                self.door(|it| {
                    let filling = vec![0; 1 << 20];
                    it.custom_extensions
                        .push(CustomExtension::from_oid_content(&[2, 5, 9999], filling));
                })?,
                "",
            ),
            refused(
                "long-chain",
                "a chain of a hundred certificates",
                self.chain(100)?,
                "",
            ),
            raw(
                trusting("stalls-in-handshake", "silence after the first message"),
                Script::default().stall(),
            ),
            raw(
                trusting(
                    "handshake-by-drips",
                    "a handshake's record, a byte at a time",
                ),
                Script::send([0x16, 3, 3, 0x40, 0]).drip([2], FOR_EVER, Duration::from_millis(100)),
            ),
            raw(
                trusting("plain-http-on-tls", "HTTP where TLS should be"),
                Script::send("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"),
            ),
            raw(
                trusting("garbage-on-tls", "noise where TLS should be"),
                Script::default().repeat([0xa5, 0x5a, 0], 50_000),
            ),
            raw(
                trusting("tls-alert", "an alert at once"),
                Script::send([0x15, 3, 3, 0, 2, 2, 40]),
            ),
            raw(
                trusting("old-tls", "only TLS 1.0 is spoken"),
                Script::send(old_server_hello()),
            ),
            trusting(
                "end-unsaid",
                "a body that ends with the connection, which TLS does not say",
            )
            .server("other", believed()?)
            .seed(
                "/",
                Script::send("HTTP/1.1 200 OK\r\n\r\nhow much is missing?").close_unsaid(),
                breaks(""),
            ),
            trusting(
                "end-unsaid-but-known",
                "a body with its length, and an end that TLS does not say",
            )
            .server("other", believed()?)
            .seed(
                "/",
                Script::page("all of it").close_unsaid(),
                kept("all of it"),
            ),
            trusting("end-said", "a body that ends as TLS says so")
                .server("other", believed()?)
                .seed(
                    "/",
                    Script::send("HTTP/1.1 200 OK\r\n\r\nall of it").close(),
                    kept("all of it"),
                ),
            Behaviour::new("unverified", "self-signed, and nobody wants to know")
                .flags("--no-check-certificate")
                .server("other", self_signed()?)
                .seed("/", Script::page("whoever it is"), kept("whoever it is")),
            trusting("downgrade", "a page over TLS redirects to one without")
                .server("plain", Door::Plain)
                .hidden("/plain", Script::page("plain"), Expect::Any)
                .server("other", believed()?)
                .seed(
                    "/",
                    |asked: &crate::hostile::server::Asked<'_>| {
                        Script::redirect(&asked.urls.at("plain", "/plain"))
                    },
                    Expect::Any,
                ),
        ])
    }

    /// Returns a door with a certificate for 127.0.0.1, changed.
    fn door(&self, change: impl FnOnce(&mut CertificateParams)) -> Made<Door> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()])?;
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer)?;
        door(vec![certificate.der().clone()], &key)
    }

    /// Returns a door with a certificate that so many others lead to.
    fn chain(&self, length: usize) -> Made<Door> {
        let mut chain = Vec::new();
        let mut issuer: Option<Issuer<'static, KeyPair>> = None;
        for _ in 0..length {
            let key = KeyPair::generate()?;
            let mut params = CertificateParams::new(Vec::<String>::new())?;
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let certificate = params.signed_by(&key, issuer.as_ref().unwrap_or(&self.issuer))?;
            chain.push(certificate.der().clone());
            issuer = Some(Issuer::new(params, key));
        }
        let key = KeyPair::generate()?;
        let params = CertificateParams::new(["127.0.0.1".to_owned()])?;
        let leaf = params.signed_by(&key, issuer.as_ref().unwrap_or(&self.issuer))?;
        chain.push(leaf.der().clone());
        chain.reverse();
        door(chain, &key)
    }
}

fn self_signed() -> Made<Door> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.self_signed(&key)?;
    door(vec![certificate.der().clone()], &key)
}

fn door(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Made<Door> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
    let provider = Arc::new(ring::default_provider());
    // Not `with_single_cert`, which looks whether the certificate is one to be believed.
    let key = CertifiedKey::new(chain, provider.key_provider.load_private_key(key)?);
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    Ok(Door::Tls(Arc::new(config)))
}

/// A server that does this where TLS is expected.
fn raw(behaviour: Behaviour, script: Script) -> Behaviour {
    behaviour.server("other", Door::Raw(script)).secure().seed(
        "/",
        Script::page("never"),
        breaks(""),
    )
}

fn names<const N: usize>(names: [&str; N]) -> Vec<SanType> {
    let name = |name: &str| Ia5String::try_from(name).map(SanType::DnsName);
    names.into_iter().filter_map(|it| name(it).ok()).collect()
}

/// A `ServerHello` of TLS 1.0 (RFC 2246 §7.4.1.3), with a suite of that time.
fn old_server_hello() -> Vec<u8> {
    let mut hello = vec![0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend([7; 32]);
    // No session; TLS_RSA_WITH_AES_128_CBC_SHA; no compression.
    hello.extend([0, 0, 0x2f, 0]);
    hello
}
