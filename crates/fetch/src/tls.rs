use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, InvalidMessage,
    RootCertStore, SignatureScheme,
};

/// How to secure connections.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Certificate authorities to trust beside the system's. Default: none.
    pub authorities: Vec<CertificateDer<'static>>,
    /// Accept whatever certificate a server shows, as by wget's `--no-check-certificate`: nobody
    /// knows then whom it talks to. Default: `false`.
    pub insecure: bool,
    /// Whether to speak HTTP/2 with servers that can (ALPN): one connection to each instead of one a
    /// request in flight. What is received is the same; [`Response::request`](crate::Response::request)
    /// has the request's head as HTTP/1.1 would send it. Default: `false`.
    pub http2: bool,
    /// The longest time for a handshake. Default: 10 s.
    pub handshake_timeout: Duration,
}

impl Default for Tls {
    fn default() -> Self {
        Tls {
            authorities: Vec::new(),
            insecure: false,
            http2: false,
            handshake_timeout: Duration::from_secs(10),
        }
    }
}

/// Why there is no secure connection.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificate is no longer valid.
    #[error("its certificate has expired")]
    Expired,
    /// The certificate is not valid yet; or the clock of this machine is wrong.
    #[error("its certificate is not valid yet")]
    NotYetValid,
    /// The certificate is for other names.
    #[error("its certificate is for {}", Names(.0))]
    WrongHost(Vec<String>),
    /// The certificate is signed by itself, or by an authority that is not known; or a certificate
    /// between them was not sent.
    #[error("its certificate is self-signed or from an unknown authority")]
    UnknownIssuer,
    /// The certificate was revoked.
    #[error("its certificate was revoked")]
    Revoked,
    /// It speaks no TLS 1.2 or 1.3, or none of their secure variants.
    #[error("it speaks no secure version of TLS")]
    Version,
    /// It does not speak TLS at all.
    #[error("it does not speak TLS, but perhaps plain HTTP")]
    NotTls,
    /// Anything else.
    #[error(transparent)]
    Other(rustls::Error),
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        use rustls::Error as E;
        match error {
            E::InvalidCertificate(certificate) => match certificate {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    TlsError::Expired
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    TlsError::NotYetValid
                }
                CertificateError::NotValidForName => TlsError::WrongHost(Vec::new()),
                CertificateError::NotValidForNameContext { presented, .. } => {
                    TlsError::WrongHost(presented)
                }
                CertificateError::UnknownIssuer => TlsError::UnknownIssuer,
                // A certificate for signing others that a server shows for itself.
                CertificateError::Other(ref other)
                    if other.to_string().contains("CaUsedAsEndEntity") =>
                {
                    TlsError::UnknownIssuer
                }
                CertificateError::Revoked => TlsError::Revoked,
                other => TlsError::Other(E::InvalidCertificate(other)),
            },
            E::PeerIncompatible(_)
            | E::AlertReceived(
                AlertDescription::ProtocolVersion
                | AlertDescription::InsufficientSecurity
                | AlertDescription::HandshakeFailure,
            )
            | E::InvalidMessage(InvalidMessage::UnsupportedCompression) => TlsError::Version,
            E::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
            ) => TlsError::NotTls,
            other => TlsError::Other(other),
        }
    }
}

impl TlsError {
    /// Finds what went wrong in a handshake, if it was not the connection.
    pub(crate) fn of(error: io::Error) -> Result<Self, io::Error> {
        error.downcast::<rustls::Error>().map(TlsError::from)
    }
}

/// Some of a certificate's names, without what could not stand in a line.
struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("another host");
        }
        for (n, name) in self.0.iter().take(3).enumerate() {
            // rustls shows them as it debugs them: DnsName("a.test").
            let bare = name.split('"').nth(1).unwrap_or(name);
            let comma = if n > 0 { ", " } else { "" };
            write!(f, "{comma}`{}`", bare.escape_debug())?;
        }
        match self.0.len() {
            0..=3 => Ok(()),
            more => write!(f, " and {} more", more - 3),
        }
    }
}

/// Makes a client that verifies servers by the system's certificate authorities and by those given.
pub(crate) fn client(tls: &Tls) -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring has the default protocol versions");
    if tls.insecure {
        return builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
            .with_no_client_auth();
    }
    let mut roots = RootCertStore::empty();
    // A system without any, or one whose store cannot be read, is not a reason to fail here.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots.add_parsable_certificates(tls.authorities.iter().cloned());
    builder.with_root_certificates(roots).with_no_client_auth()
}

/// Takes any certificate. The server must still hold its key.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
