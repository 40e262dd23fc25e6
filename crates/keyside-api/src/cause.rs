//! Why a pull works or fails: one vocabulary for verification, diagnosis, events, metrics, command line and UI.
//!
//! Codes are never translated, and texts of a registry never become one: they are mapped to these words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The cause of a failed pull or verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Cause {
    /// The registry or its token service refused user name and password.
    BadCredentials,
    /// The login works, but it may not read this repository.
    NoPullScope,
    /// The registry says that the credential has expired.
    Expired,
    /// The registry denies access and does not say whether the repository is private, missing, or the account wrong.
    AccessDenied,
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
    /// What arrived does not have the digest that was promised.
    ContentCorrupt,
    /// The image has no variant for the node's platform.
    NoMatchingPlatform,
    /// The manifest has a format that the node does not read.
    UnsupportedManifest,
    /// Something answered, but not a registry.
    NotARegistry,
    /// The registry failed on its own side (5xx).
    RegistryError,
    /// A host name does not resolve.
    DnsFailure,
    /// Nothing listens at the address.
    ConnectionRefused,
    /// There is no route to the address.
    NetworkUnreachable,
    /// No answer came in time.
    Timeout,
    /// The connection broke off.
    Interrupted,
    /// A proxy between node and registry refused.
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
    /// The registry wants a credential and none was offered.
    NoCredentials,
    /// The pod names a Secret that does not exist in its namespace.
    MissingPullSecret,
    /// A Secret that the pod names cannot be read, which fails every pull of the pod.
    BrokenPullSecret,
    /// The image reference cannot be parsed.
    InvalidReference,
    /// The image is not on the node and its pull policy is Never.
    NeverPull,
    /// The node pulls too much at once.
    PullQpsExceeded,
    /// The node has no space left.
    DiskFull,
    /// The image's signature was refused by the node's policy.
    SignatureInvalid,
    /// The image is on the node, but this pod has not proven that it may use it.
    ReverificationRefused,
    /// Credentials exist here, but none of them is for this image.
    NoMatchingCredential,
    /// A credential for this image exists in another namespace only.
    SecretInWrongNamespace,
    /// A credential is for this registry, but under a spelling the kubelet does not match.
    HostSpelling,
}

impl Cause {
    /// Every cause, in the order of the documentation: the registry's answer, the way to it, the pod and its node, and
    /// the ones only the decision knows.
    pub const ALL: &[Self] = &[
        Self::BadCredentials,
        Self::NoPullScope,
        Self::Expired,
        Self::AccessDenied,
        Self::NotFound,
        Self::RateLimited,
        Self::PolicyBlocked,
        Self::BlobDenied,
        Self::ContentMissing,
        Self::ContentCorrupt,
        Self::NoMatchingPlatform,
        Self::UnsupportedManifest,
        Self::NotARegistry,
        Self::RegistryError,
        Self::DnsFailure,
        Self::ConnectionRefused,
        Self::NetworkUnreachable,
        Self::Timeout,
        Self::Interrupted,
        Self::ProxyError,
        Self::AddressBlocked,
        Self::UntrustedCA,
        Self::CertificateInvalid,
        Self::HttpOnlyRegistry,
        Self::TlsProtocolError,
        Self::NoCredentials,
        Self::MissingPullSecret,
        Self::BrokenPullSecret,
        Self::InvalidReference,
        Self::NeverPull,
        Self::PullQpsExceeded,
        Self::DiskFull,
        Self::SignatureInvalid,
        Self::ReverificationRefused,
        Self::NoMatchingCredential,
        Self::SecretInWrongNamespace,
        Self::HostSpelling,
    ];

    /// The code, as it stands in conditions, events, metrics and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadCredentials => "BadCredentials",
            Self::NoPullScope => "NoPullScope",
            Self::Expired => "Expired",
            Self::AccessDenied => "AccessDenied",
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
            Self::NoCredentials => "NoCredentials",
            Self::MissingPullSecret => "MissingPullSecret",
            Self::BrokenPullSecret => "BrokenPullSecret",
            Self::InvalidReference => "InvalidReference",
            Self::NeverPull => "NeverPull",
            Self::PullQpsExceeded => "PullQpsExceeded",
            Self::DiskFull => "DiskFull",
            Self::SignatureInvalid => "SignatureInvalid",
            Self::ReverificationRefused => "ReverificationRefused",
            Self::NoMatchingCredential => "NoMatchingCredential",
            Self::SecretInWrongNamespace => "SecretInWrongNamespace",
            Self::HostSpelling => "HostSpelling",
        }
    }

    /// What the cause means, in one sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::BadCredentials => "The registry or its token service refused user name and password.",
            Self::NoPullScope => "The login works, but it may not read this repository.",
            Self::Expired => "The registry says that the credential has expired.",
            Self::AccessDenied => {
                "The registry denies access and does not say whether the repository is private, missing, or the account wrong."
            }
            Self::NotFound => "The repository, tag or digest does not exist, or the registry hides it.",
            Self::RateLimited => "The registry or its token service asks for fewer requests.",
            Self::PolicyBlocked => "The registry's own policy forbids this image; the credential is fine.",
            Self::BlobDenied => "The manifest was allowed, a layer was refused: storage, path or cache.",
            Self::ContentMissing => "The registry lists content that it does not have.",
            Self::ContentCorrupt => "What arrived does not have the digest that was promised.",
            Self::NoMatchingPlatform => "The image has no variant for the node's platform.",
            Self::UnsupportedManifest => "The manifest has a format that the node does not read.",
            Self::NotARegistry => "Something answered, but not a registry.",
            Self::RegistryError => "The registry failed on its own side (5xx).",
            Self::DnsFailure => "A host name does not resolve.",
            Self::ConnectionRefused => "Nothing listens at the address.",
            Self::NetworkUnreachable => "There is no route to the address.",
            Self::Timeout => "No answer came in time.",
            Self::Interrupted => "The connection broke off.",
            Self::ProxyError => "A proxy between node and registry refused.",
            Self::AddressBlocked => "The registry does not serve the asker's address.",
            Self::UntrustedCA => "The certificate's authority is not trusted.",
            Self::CertificateInvalid => "The certificate has expired or is for another name.",
            Self::HttpOnlyRegistry => "The registry speaks plain HTTP, and HTTPS was asked for.",
            Self::TlsProtocolError => "The peer does not speak TLS.",
            Self::NoCredentials => "The registry wants a credential and none was offered.",
            Self::MissingPullSecret => "The pod names a Secret that does not exist in its namespace.",
            Self::BrokenPullSecret => {
                "A Secret that the pod names cannot be read, which fails every pull of the pod."
            }
            Self::InvalidReference => "The image reference cannot be parsed.",
            Self::NeverPull => "The image is not on the node and its pull policy is Never.",
            Self::PullQpsExceeded => "The node pulls too much at once.",
            Self::DiskFull => "The node has no space left.",
            Self::SignatureInvalid => "The image's signature was refused by the node's policy.",
            Self::ReverificationRefused => {
                "The image is on the node, but this pod has not proven that it may use it."
            }
            Self::NoMatchingCredential => "Credentials exist here, but none of them is for this image.",
            Self::SecretInWrongNamespace => "A credential for this image exists in another namespace only.",
            Self::HostSpelling => {
                "A credential is for this registry, but under a spelling the kubelet does not match."
            }
        }
    }

    /// The cause with this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.as_str() == code)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_names_the_variant_and_parses_back() {
        for cause in Cause::ALL {
            assert_eq!(format!("{cause:?}"), cause.as_str());
            assert_eq!(Cause::parse(cause.as_str()), Some(*cause));
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.as_str());
        }
    }

    #[test]
    fn lower_case_code_is_not_a_cause() {
        assert_eq!(Cause::parse("notfound"), None);
    }
}
