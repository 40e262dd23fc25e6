//! Whom TLS trusts: the platform's authorities and those that are configured.

mod own;

use own::OwnCertificates;
pub(super) use own::is_own_authority;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::sync::{Arc, OnceLock};

/// The authorities trusted beside the platform's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    extra: Vec<CertificateDer<'static>>,
}

/// Certificates cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The text holds no PEM certificate, or a broken one.
    #[error("no certificates in PEM form")]
    NotPem,
    /// A certificate cannot be an authority.
    #[error("a certificate cannot be used as an authority")]
    Unusable,
}

impl Trust {
    /// Also trusts the certificates of a PEM file.
    ///
    /// # Errors
    /// [`TrustError::NotPem`] if there is not a single certificate, or one that cannot be decoded.
    pub fn with_pem(mut self, pem: &[u8]) -> Result<Self, TrustError> {
        let before = self.extra.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            self.extra.push(certificate.map_err(|_| TrustError::NotPem)?);
        }
        if self.extra.len() == before {
            return Err(TrustError::NotPem);
        }
        Ok(self)
    }

    /// The configuration of a client. It names its cryptography itself and does not depend on what the process installed.
    pub(super) fn config(&self) -> Result<ClientConfig, TrustError> {
        let mut roots = platform_roots().clone();
        for certificate in &self.extra {
            roots.add(certificate.clone()).map_err(|_| TrustError::Unusable)?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|_| TrustError::Unusable)?;
        if roots.is_empty() {
            // Nobody is trusted, which is a configuration too: a machine without authorities that only speaks to loopback.
            return Ok(builder.with_root_certificates(roots).with_no_client_auth());
        }
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let usual = usual.map_err(|_| TrustError::Unusable)?;
        let verifier = OwnCertificates::new(usual, self.extra.clone());
        // "Dangerous" because a verifier of one's own could accept anything. This one asks the usual one first.
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// What the operating system trusts, read once. A system without any leaves only what is configured.
fn platform_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        let (_, ignored) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        tracing::debug!(trusted = roots.len(), ignored, "read the platform's certificates");
        roots
    })
}
