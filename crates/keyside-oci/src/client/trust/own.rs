//! Servers that are their own authority.
//!
//! Many companies' registries show a certificate that they have signed themselves, made by one openssl command. It says that it is
//! an authority, and the usual rules forbid that an authority stands at a server's end of a connection. Nodes accept it once it is
//! configured, and whoever configures exactly this certificate means exactly this server: so does keyside, if name and time fit.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::Arc;
use x509_parser::prelude::{ASN1Time, FromDer as _, X509Certificate};

/// The usual verification, and the exception for configured certificates.
#[derive(Debug)]
pub(super) struct OwnCertificates {
    usual: Arc<WebPkiServerVerifier>,
    configured: Vec<CertificateDer<'static>>,
}

impl OwnCertificates {
    pub(super) fn new(usual: Arc<WebPkiServerVerifier>, configured: Vec<CertificateDer<'static>>) -> Self {
        Self { usual, configured }
    }
}

impl ServerCertVerifier for OwnCertificates {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.usual
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            Err(Error::InvalidCertificate(error))
                if is_own_authority(&error) && self.configured.contains(end_entity) =>
            {
                check_time(end_entity, now)?;
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// Whether the fault is that an authority's certificate stands where a server's should. The library has a name for it that only its
/// text shows.
pub(in crate::client) fn is_own_authority(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity"))
}

fn check_time(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let seconds = i64::try_from(now.as_secs()).map_err(|_| Error::FailedToGetCurrentTime)?;
    let now = ASN1Time::from_timestamp(seconds).map_err(|_| Error::FailedToGetCurrentTime)?;
    if parsed.validity().is_valid_at(now) {
        return Ok(());
    }
    Err(CertificateError::Expired.into())
}
