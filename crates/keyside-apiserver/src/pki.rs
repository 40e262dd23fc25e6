//! The certificate authority of an embedded cluster: its own CA, a server certificate, client certificates, kubeconfig.
//!
//! Only two things are kept on disk: the CA with its key, and the key that signs service account tokens. Everything
//! else is issued anew when it is needed, so there is nothing else to expire unnoticed or to leak. The folder has mode
//! 0700, its files 0600.

mod kubeconfig;
mod server;

use crate::auth::TokenKey;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use kubeconfig::write as write_kubeconfig;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const CA_DAYS: u32 = 3650;
const LEAF_DAYS: u32 = 365;
/// A CA is replaced when it has less than this left: enough for what it issues today.
const RENEW_BEFORE_DAYS: i64 = 400;

/// Why certificates could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// The folder or a file in it cannot be used.
    #[error("{path} cannot be used")]
    UseFile {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A certificate or key could not be made.
    #[error("a certificate could not be issued")]
    Issue(#[from] rcgen::Error),
    /// TLS could not be set up with what was issued.
    #[error("TLS could not be set up")]
    Configure(#[from] rustls::Error),
    /// A key file holds no key.
    #[error("{path} holds no usable key; remove it to have another one made")]
    ReadKey {
        /// Which.
        path: PathBuf,
    },
}

/// A certificate and its key, in PEM.
pub struct Identity {
    certificate: String,
    key: String,
}

/// The CA of an embedded cluster.
pub struct Authority {
    folder: PathBuf,
    issuer: Arc<Issuer<'static, KeyPair>>,
    certificate: String,
}

impl Authority {
    /// Opens the CA in `folder`, or makes folder and CA the first time; one that is about to expire is replaced.
    ///
    /// # Errors
    /// If the folder or its files cannot be read or written, or hold something else.
    pub fn open(folder: &Path) -> Result<Self, PkiError> {
        let unusable = |source| PkiError::UseFile {
            path: folder.to_owned(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(unusable)?;
        std::fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(unusable)?;
        let (certificate_path, key_path) = (folder.join("ca.crt"), folder.join("ca.key"));
        let stored = read(&certificate_path)?
            .zip(read(&key_path)?)
            .filter(|(certificate, _)| lasts(certificate));
        let (certificate, key) = match stored {
            Some((certificate, key)) => {
                let key = KeyPair::from_pem(&key).map_err(|_| PkiError::ReadKey { path: key_path })?;
                (certificate, key)
            }
            None => {
                let key = KeyPair::generate()?;
                let certificate = ca_params().self_signed(&key)?.pem();
                // The key first: a certificate without its key would look like a finished CA.
                write(&key_path, &key.serialize_pem())?;
                write(&certificate_path, &certificate)?;
                (certificate, key)
            }
        };
        let issuer = Arc::new(Issuer::from_ca_cert_pem(&certificate, key)?);
        Ok(Self {
            folder: folder.to_owned(),
            issuer,
            certificate,
        })
    }

    /// The CA's certificate in PEM: what clients trust.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A client certificate for a user of a group, valid for a year.
    ///
    /// # Errors
    /// If it cannot be issued.
    pub fn client(&self, user: &str, group: &str) -> Result<Identity, PkiError> {
        let mut name = DistinguishedName::new();
        name.push(DnType::OrganizationName, group);
        name.push(DnType::CommonName, user);
        let (certificate, key) = leaf(&self.issuer, name, &[], ExtendedKeyUsagePurpose::ClientAuth)?;
        Ok(Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// TLS for a listener reached under these names and addresses. Clients may show a certificate of this CA; without
    /// one they have to bring a token. The server's certificate is renewed while the listener runs.
    ///
    /// # Errors
    /// If a certificate cannot be issued.
    pub fn server(&self, names: &[String]) -> Result<Arc<rustls::ServerConfig>, PkiError> {
        server::config(Arc::clone(&self.issuer), &self.certificate, names)
    }

    /// The key that signs service account tokens; made the first time, so that tokens outlive restarts.
    ///
    /// # Errors
    /// If the key cannot be read, made or kept.
    pub fn token_key(&self) -> Result<TokenKey, PkiError> {
        let path = self.folder.join("sa.key");
        if let Some(pem) = read(&path)? {
            return TokenKey::from_pem(&pem).ok_or(PkiError::ReadKey { path });
        }
        let pem = KeyPair::generate()?.serialize_pem();
        write(&path, &pem)?;
        TokenKey::from_pem(&pem).ok_or(PkiError::ReadKey { path })
    }

    /// A kubeconfig for the server at this URL with the CA and the identity inside.
    #[must_use]
    pub fn kubeconfig(&self, cluster: &str, server: &str, identity: &Identity) -> String {
        kubeconfig::text(
            cluster,
            server,
            &self.certificate,
            &identity.certificate,
            &identity.key,
        )
    }
}

/// Issues a certificate for a fresh key.
fn leaf(
    issuer: &Issuer<'_, KeyPair>,
    name: DistinguishedName,
    names: &[String],
    purpose: ExtendedKeyUsagePurpose,
) -> Result<(rcgen::Certificate, KeyPair), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = name;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    params.use_authority_key_identifier_extension = true;
    last(&mut params, LEAF_DAYS);
    let certificate = params.signed_by(&key, issuer)?;
    Ok((certificate, key))
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "keyside-ca");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    last(&mut params, CA_DAYS);
    params
}

/// Sets the validity: from yesterday, because clocks differ, for so many days.
fn last(params: &mut CertificateParams, days: u32) {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let (month, day) = (today.month().unsigned_abs(), today.day().unsigned_abs());
    params.not_before = rcgen::date_time_ymd(i32::from(today.year()), month, day) - DAY;
    params.not_after = params.not_before + DAY * (days + 1);
}

/// Whether a stored CA can be read and is good for long enough.
fn lasts(certificate: &str) -> bool {
    let Ok(der) = CertificateDer::from_pem_slice(certificate.as_bytes()) else {
        return false;
    };
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(&der) else {
        return false;
    };
    let left = parsed.validity().not_after.timestamp() - jiff::Timestamp::now().as_second();
    left > RENEW_BEFORE_DAYS * 24 * 60 * 60
}

/// The text of a file; `None` if there is none.
fn read(path: &Path) -> Result<Option<String>, PkiError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PkiError::UseFile {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Puts a file of mode 0600 in place in one step, so that no half of it is ever seen.
fn write(path: &Path, text: &str) -> Result<(), PkiError> {
    let failed = |source| PkiError::UseFile {
        path: path.to_owned(),
        source,
    };
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}", std::process::id()));
    let temporary = PathBuf::from(temporary);
    // What a killed process with the same id has left would keep its own mode.
    let _ = std::fs::remove_file(&temporary);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(failed)
}

#[cfg(test)]
mod tests;
