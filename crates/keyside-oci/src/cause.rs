//! Why a pull or a verification failed, in the words that conditions, events, metrics and the command line use.

use std::fmt;

/// What stands between a credential and an image, as far as a client of the registry can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The registry or its token service refused user name and password.
    BadCredentials,
    /// The login works, but it may not read this repository.
    NoPullScope,
    /// The registry says that the credential has expired.
    Expired,
    /// The registry denies access and does not say whether the repository is private, missing, or the account wrong.
    AccessDenied,
    /// The registry wants a credential and none was offered.
    NoCredentials,
    /// The repository, tag or digest does not exist, or the registry hides it.
    NotFound,
    /// The registry or its token service asks for fewer requests.
    RateLimited,
    /// The registry's own policy forbids this image; the credential is fine.
    PolicyBlocked,
    /// The manifest was allowed, a layer was refused: storage, path or cache.
    BlobDenied,
    /// The registry lists content that it does not have.
    ContentMissing,
    /// What arrived does not have the digest or the size that was promised.
    ContentCorrupt,
    /// The image has no variant for the node's platform.
    NoMatchingPlatform,
    /// The manifest has a format that is not read.
    UnsupportedManifest,
    /// Something answered, but not a registry.
    NotARegistry,
    /// The registry failed on its own side.
    RegistryError,
    /// The registry names a token service elsewhere, and nobody has confirmed that the password may go there.
    TokenServiceUnconfirmed,
    /// A host name does not resolve.
    DnsFailure,
    /// Nothing listens at the address.
    ConnectionRefused,
    /// There is no way to the address, or none that is allowed.
    NetworkUnreachable,
    /// No answer came in time.
    Timeout,
    /// The connection broke off.
    Interrupted,
    /// A gateway in front of the registry refused.
    ProxyError,
    /// The registry does not serve the asker's address.
    AddressBlocked,
    /// The certificate's authority is not trusted.
    UntrustedCA,
    /// The certificate has expired or is for another name.
    CertificateInvalid,
    /// The registry speaks plain HTTP, and HTTPS was asked for.
    HttpOnlyRegistry,
    /// The peer does not speak TLS.
    TlsProtocolError,
    /// The image reference cannot be made into an address.
    InvalidReference,
    /// There is no space left for the image.
    DiskFull,
}

impl Cause {
    /// The code, as it stands in conditions, events, metrics and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadCredentials => "BadCredentials",
            Self::NoPullScope => "NoPullScope",
            Self::Expired => "Expired",
            Self::AccessDenied => "AccessDenied",
            Self::NoCredentials => "NoCredentials",
            Self::NotFound => "NotFound",
            Self::RateLimited => "RateLimited",
            Self::PolicyBlocked => "PolicyBlocked",
            Self::BlobDenied => "BlobDenied",
            Self::ContentMissing => "ContentMissing",
            Self::ContentCorrupt => "ContentCorrupt",
            Self::NoMatchingPlatform => "NoMatchingPlatform",
            Self::UnsupportedManifest => "UnsupportedManifest",
            Self::NotARegistry => "NotARegistry",
            Self::RegistryError => "RegistryError",
            Self::TokenServiceUnconfirmed => "TokenServiceUnconfirmed",
            Self::DnsFailure => "DnsFailure",
            Self::ConnectionRefused => "ConnectionRefused",
            Self::NetworkUnreachable => "NetworkUnreachable",
            Self::Timeout => "Timeout",
            Self::Interrupted => "Interrupted",
            Self::ProxyError => "ProxyError",
            Self::AddressBlocked => "AddressBlocked",
            Self::UntrustedCA => "UntrustedCA",
            Self::CertificateInvalid => "CertificateInvalid",
            Self::HttpOnlyRegistry => "HttpOnlyRegistry",
            Self::TlsProtocolError => "TlsProtocolError",
            Self::InvalidReference => "InvalidReference",
            Self::DiskFull => "DiskFull",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
