//! Why there was no answer, reduced to what can be done about it.
//!
//! The texts are those of Go's network library, because they end up in the messages that people know from their nodes.

use crate::cause::Cause;

/// No answer, or none that is read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The name does not exist.
    #[error("dial tcp: lookup {host}: no such host")]
    UnknownHost {
        /// The name.
        host: String,
    },
    /// The resolver could not say whether the name exists.
    #[error("dial tcp: lookup {host}: server misbehaving")]
    LookupFailed {
        /// The name.
        host: String,
    },
    /// The address is one that registries have no business with.
    #[error("dial tcp {address}: connect: network is unreachable: the address is not dialled for registries")]
    Forbidden {
        /// Host and port.
        address: String,
    },
    /// Nothing listens.
    #[error("dial tcp {address}: connect: connection refused")]
    Refused {
        /// Host and port.
        address: String,
    },
    /// There is no route.
    #[error("dial tcp {address}: connect: network is unreachable")]
    Unreachable {
        /// Host and port.
        address: String,
    },
    /// The connection did not come about in time.
    #[error("dial tcp {address}: i/o timeout")]
    ConnectTimeout {
        /// Host and port.
        address: String,
    },
    /// The answer did not come in time.
    #[error("context deadline exceeded")]
    Timeout,
    /// The peer broke the connection.
    #[error("read tcp {address}: read: connection reset by peer")]
    Reset {
        /// Host and port.
        address: String,
    },
    /// The peer ended the connection before the answer was complete.
    #[error("EOF")]
    Eof,
    /// The proxy would not or could not connect.
    #[error("proxyconnect tcp: the proxy refused")]
    Proxy,
    /// The certificate's authority is not trusted.
    #[error("x509: certificate signed by unknown authority")]
    UnknownAuthority,
    /// The certificate's time is over or has not come.
    #[error("x509: certificate has expired or is not yet valid")]
    CertificateExpired,
    /// The certificate is for another name.
    #[error("x509: certificate is not valid for {host}")]
    CertificateName {
        /// The name that was asked.
        host: String,
    },
    /// The certificate has another fault.
    #[error("x509: certificate is not acceptable")]
    CertificateOther,
    /// The peer speaks HTTP without TLS.
    #[error("http: server gave HTTP response to HTTPS client")]
    PlainAnswer,
    /// The peer speaks neither.
    #[error("tls: first record does not look like a TLS handshake")]
    NotTls,
    /// The peer speaks TLS, but not with us.
    #[error("remote error: tls: handshake failure")]
    Handshake,
    /// Too many or too long headers.
    #[error("net/http: server response headers exceeded 32768 bytes; aborted")]
    HeadTooLarge,
    /// A body over the limit.
    #[error("answer is larger than {limit} bytes")]
    TooLarge {
        /// Bytes.
        limit: usize,
    },
    /// What came is not HTTP.
    #[error("malformed HTTP response")]
    Malformed,
    /// An address that is neither HTTP nor HTTPS, or carries a user part.
    #[error("unsupported protocol scheme")]
    Scheme,
    /// A redirect away from encryption.
    #[error("redirect to {host} without TLS")]
    PlainHttp {
        /// The target.
        host: String,
    },
    /// A secret stood in a request to somebody else. Nothing was sent.
    #[error("secret is not for this address")]
    ForeignOrigin,
}

impl SendError {
    /// The cause in the common vocabulary.
    pub fn cause(&self) -> Cause {
        match self {
            Self::UnknownHost { .. } | Self::LookupFailed { .. } => Cause::DnsFailure,
            Self::Forbidden { .. } | Self::Unreachable { .. } => Cause::NetworkUnreachable,
            Self::Refused { .. } => Cause::ConnectionRefused,
            Self::ConnectTimeout { .. } | Self::Timeout => Cause::Timeout,
            Self::Reset { .. } | Self::Eof => Cause::Interrupted,
            Self::Proxy => Cause::ProxyError,
            Self::UnknownAuthority => Cause::UntrustedCA,
            Self::CertificateExpired | Self::CertificateName { .. } | Self::CertificateOther => {
                Cause::CertificateInvalid
            }
            Self::PlainAnswer => Cause::HttpOnlyRegistry,
            Self::NotTls | Self::Handshake => Cause::TlsProtocolError,
            Self::HeadTooLarge | Self::TooLarge { .. } | Self::Malformed => Cause::NotARegistry,
            Self::Scheme | Self::PlainHttp { .. } | Self::ForeignOrigin => Cause::NotARegistry,
        }
    }
}
