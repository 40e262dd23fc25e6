//! The chain of causes of a failed request, read for what lies behind it.

use super::names::NameError;
use super::trust::is_own_authority;
use crate::failure::SendError;
use crate::origin::Origin;
use rustls::CertificateError;
use std::error::Error;
use std::io;
use url::Url;

/// What the texts of errors need to know about a request.
#[derive(Clone, Debug)]
pub(super) struct Context {
    host: String,
    address: String,
}

impl Context {
    pub(super) fn new(url: &Url) -> Self {
        Self {
            host: url.host_str().unwrap_or_default().to_owned(),
            address: Origin::of(url).map(|origin| origin.dialled()).unwrap_or_default(),
        }
    }

    pub(super) fn deadline(&self) -> SendError {
        SendError::Timeout
    }

    /// A request that failed before there was an answer.
    pub(super) fn classify(&self, error: &reqwest::Error) -> SendError {
        if let Some(found) = links(error).into_iter().find_map(|link| self.read(link)) {
            return found;
        }
        if error.is_timeout() {
            return self.timed_out(error.is_connect());
        }
        if error.is_connect() {
            return SendError::Unreachable {
                address: self.address.clone(),
            };
        }
        SendError::Eof
    }

    /// A request that failed in the middle of the body.
    pub(super) fn classify_body(&self, error: &reqwest::Error) -> SendError {
        links(error)
            .into_iter()
            .find_map(|link| self.read(link))
            .unwrap_or(SendError::Eof)
    }

    fn timed_out(&self, connecting: bool) -> SendError {
        if connecting {
            return SendError::ConnectTimeout {
                address: self.address.clone(),
            };
        }
        SendError::Timeout
    }

    fn read(&self, link: &(dyn Error + 'static)) -> Option<SendError> {
        if let Some(error) = link.downcast_ref::<NameError>() {
            return Some(self.read_name(error));
        }
        if let Some(error) = link.downcast_ref::<rustls::Error>() {
            return Some(self.read_tls(error));
        }
        if let Some(error) = link.downcast_ref::<hyper::Error>() {
            return read_http(error);
        }
        if let Some(error) = link.downcast_ref::<io::Error>() {
            return self.read_io(error);
        }
        // The library has no type for it that could be named from outside.
        let text = link.to_string();
        (text.starts_with("tunnel error: unsuccessful") || text.starts_with("tunnel error: proxy"))
            .then_some(SendError::Proxy)
    }

    fn read_name(&self, error: &NameError) -> SendError {
        match error.clone() {
            NameError::Unknown { host } => SendError::UnknownHost { host },
            NameError::Failed { host } => SendError::LookupFailed { host },
            NameError::Forbidden { .. } => SendError::Forbidden {
                address: self.address.clone(),
            },
        }
    }

    fn read_tls(&self, error: &rustls::Error) -> SendError {
        match error {
            rustls::Error::InvalidCertificate(error) => match error {
                // A bad signature is what an authority leaves that only shares its name with a trusted one.
                CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                    SendError::UnknownAuthority
                }
                CertificateError::Other(_) if is_own_authority(error) => SendError::UnknownAuthority,
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => SendError::CertificateExpired,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    SendError::CertificateName {
                        host: self.host.clone(),
                    }
                }
                _ => SendError::CertificateOther,
            },
            rustls::Error::InvalidMessage(_) => SendError::NotTls,
            _ => SendError::Handshake,
        }
    }

    fn read_io(&self, error: &io::Error) -> Option<SendError> {
        let address = self.address.clone();
        Some(match error.kind() {
            io::ErrorKind::ConnectionRefused => SendError::Refused { address },
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
                SendError::Reset { address }
            }
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
                SendError::Unreachable { address }
            }
            io::ErrorKind::TimedOut => SendError::ConnectTimeout { address },
            io::ErrorKind::UnexpectedEof => SendError::Eof,
            _ => return None,
        })
    }
}

/// The HTTP library's own word, where it is the last one.
fn read_http(error: &hyper::Error) -> Option<SendError> {
    if error.is_parse_too_large() {
        return Some(SendError::HeadTooLarge);
    }
    if error.is_parse() {
        return Some(SendError::Malformed);
    }
    error.is_incomplete_message().then_some(SendError::Eof)
}

/// All links of the chain, the innermost first. An I/O error hides what it wraps from `source`, so it is opened as well.
fn links(error: &reqwest::Error) -> Vec<&(dyn Error + 'static)> {
    let mut links: Vec<&(dyn Error + 'static)> = Vec::new();
    let mut next = error.source();
    while let Some(link) = next {
        links.push(link);
        let inner = link.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => link.source(),
        };
    }
    links.reverse();
    links
}
