//! A certificate that others renew: files of a mounted Secret, read again when they have changed.

use super::served;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Where a certificate and its key are, both PEM, the certificate with those between it and its authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// `tls.crt` of a Secret of the type `kubernetes.io/tls`.
    pub certificate: PathBuf,
    /// `tls.key` of it.
    pub key: PathBuf,
}

/// The files cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// One cannot be read.
    #[error("read {0}: {1}")]
    Read(PathBuf, std::io::Error),
    /// One is not PEM.
    #[error("read {0} as PEM: {1}")]
    Pem(PathBuf, rustls_pki_types::pem::Error),
    /// The key is of another kind, or belongs to another certificate.
    #[error("use {0}: {1}")]
    Use(PathBuf, rustls::Error),
}

impl CertificateFiles {
    /// TLS for a listener that serves what is in these files.
    ///
    /// # Errors
    /// What is in them now cannot be served. Later, what cannot be served leaves the former in place.
    pub(crate) fn config(&self) -> Result<Arc<ServerConfig>, Error> {
        let watched = Watched::new(self.clone())?;
        served::config(Arc::new(watched)).map_err(|error| Error::Use(self.certificate.clone(), error))
    }

    fn load(&self) -> Result<Arc<CertifiedKey>, Error> {
        let read = |path: &Path| std::fs::read(path).map_err(|error| Error::Read(path.to_owned(), error));
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(&self.certificate)?)
            .collect::<Result<_, _>>()
            .map_err(|error| Error::Pem(self.certificate.clone(), error))?;
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?)
            .map_err(|error| Error::Pem(self.key.clone(), error))?;
        let unusable = |error| Error::Use(self.key.clone(), error);
        let signer = aws_lc_rs::sign::any_supported_type(&key).map_err(unusable)?;
        let certified = CertifiedKey::new(chain, signer);
        certified.keys_match().map_err(unusable)?;
        Ok(Arc::new(certified))
    }

    /// When either was changed last; a mounted Secret changes both at once.
    fn changed(&self) -> Option<SystemTime> {
        let of = |path: &Path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
        of(&self.certificate).max(of(&self.key))
    }
}

/// What was read, and of when it is.
struct Watched {
    files: CertificateFiles,
    loaded: Mutex<(Option<SystemTime>, Arc<CertifiedKey>)>,
}

impl Watched {
    fn new(files: CertificateFiles) -> Result<Self, Error> {
        let loaded = Mutex::new((files.changed(), files.load()?));
        Ok(Self { files, loaded })
    }

    /// What to serve now.
    fn current(&self) -> Arc<CertifiedKey> {
        let now = self.files.changed();
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.0 != now {
            loaded.0 = now;
            match self.files.load() {
                Ok(certified) => loaded.1 = certified,
                Err(error) => {
                    tracing::warn!(%error, "the new certificate cannot be served; the former is, as before");
                }
            }
        }
        loaded.1.clone()
    }
}

impl ResolvesServerCert for Watched {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("files", &self.files).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files as a Secret is mounted, written at a moment of one's choice.
    fn write(files: &CertificateFiles, certificate: &str, key: &str, at: u64) {
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(at);
        for (path, text) in [(&files.certificate, certificate), (&files.key, key)] {
            std::fs::write(path, text).unwrap();
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_modified(time).unwrap();
        }
    }

    fn made(name: &str) -> (String, String) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn renewed_files_are_served_and_broken_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = CertificateFiles {
            certificate: folder.path().join("tls.crt"),
            key: folder.path().join("tls.key"),
        };
        assert!(matches!(files.config(), Err(Error::Read(..))));
        let ((old, old_key), (new, new_key)) = (made("old.example"), made("new.example"));
        write(&files, &old, &new_key, 1);
        assert!(
            matches!(files.config(), Err(Error::Use(..))),
            "they do not belong together"
        );
        write(&files, &old, &old_key, 2);
        let watched = Watched::new(files.clone()).unwrap();
        let before = watched.current().cert.clone();
        write(&files, &new, &new_key, 3);
        let after = watched.current().cert.clone();
        assert_ne!(before, after);
        write(&files, &new, "nonsense", 4);
        assert_eq!(watched.current().cert, after);
        write(&files, &old, &old_key, 5);
        assert_eq!(watched.current().cert, before);
    }
}
