//! TLS of the listener: a server certificate that renews itself, and client certificates if clients have them.

use super::{LEAF_DAYS, PkiError, leaf};
use rcgen::{DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(super) fn config(
    issuer: Arc<Issuer<'static, KeyPair>>,
    authority: &str,
    names: &[String],
) -> Result<Arc<ServerConfig>, PkiError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(authority.as_bytes())
        .map_err(|_| rustls::Error::InvalidCertificate(rustls::CertificateError::BadEncoding))?;
    roots.add(certificate)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let renewing = Renewing::new(issuer, names)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(renewing));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A certificate that is issued again when half of its time is over.
struct Renewing {
    issuer: Arc<Issuer<'static, KeyPair>>,
    names: Vec<String>,
    current: Mutex<(Arc<CertifiedKey>, Instant)>,
}

impl Renewing {
    fn new(issuer: Arc<Issuer<'static, KeyPair>>, names: &[String]) -> Result<Self, PkiError> {
        let first = issue(&issuer, names)?;
        Ok(Self {
            issuer,
            names: names.to_vec(),
            current: Mutex::new((first, Instant::now())),
        })
    }
}

fn issue(issuer: &Issuer<'_, KeyPair>, names: &[String]) -> Result<Arc<CertifiedKey>, PkiError> {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "kube-apiserver");
    let (certificate, key) = leaf(issuer, name, names, ExtendedKeyUsagePurpose::ServerAuth)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let key = aws_lc_rs::sign::any_supported_type(&key)?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], key)))
}

impl ResolvesServerCert for Renewing {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        const RENEW_AFTER: Duration = Duration::from_secs(LEAF_DAYS as u64 * 12 * 60 * 60);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.1.elapsed() > RENEW_AFTER
            && let Ok(next) = issue(&self.issuer, &self.names)
        {
            *current = (next, Instant::now());
        }
        Some(Arc::clone(&current.0))
    }
}

impl fmt::Debug for Renewing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewing")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}
