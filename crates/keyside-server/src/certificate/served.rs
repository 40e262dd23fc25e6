//! The leaf that is served: exchanged under way, without a connection noticing.

use super::material::{Material, Pair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// The leaf for new connections; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Served(Arc<RwLock<Option<Arc<CertifiedKey>>>>);

/// The stored leaf cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It is not PEM.
    #[error("read the webhook's certificate")]
    ReadPem(#[from] rustls_pki_types::pem::Error),
    /// The key is of another kind, or belongs to another certificate.
    #[error("use the webhook's key")]
    UseKey(#[from] rustls::Error),
}

impl Served {
    /// Whether there is one.
    pub(crate) fn is_there(&self) -> bool {
        self.current().is_some()
    }

    /// From now on new connections get this leaf.
    pub(crate) fn exchange(&self, material: &Material) -> Result<(), Error> {
        let certified = certified(material.leaf())?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(certified));
        Ok(())
    }

    fn current(&self) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// TLS for a listener that serves it.
    pub(crate) fn config(&self) -> Result<Arc<ServerConfig>, rustls::Error> {
        config(Arc::new(self.clone()))
    }
}

/// TLS for a listener whose certificates come from here.
pub(super) fn config(certificates: Arc<dyn ResolvesServerCert>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certified(Pair { certificate, key }: &Pair) -> Result<CertifiedKey, Error> {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(key.expose())?;
    let certified = CertifiedKey::new(vec![certificate], aws_lc_rs::sign::any_supported_type(&key)?);
    certified.keys_match()?;
    Ok(certified)
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current()
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served")
            .field("is_there", &self.is_there())
            .finish()
    }
}
