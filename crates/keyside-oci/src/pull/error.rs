//! Why a pull failed: typed for programs, and for people in the words that a containerd 1.6 node would use.
//!
//! The words matter. Documentation, search engines and keyside's own diagnosis know them, so a pull here must read like a pull there.

use crate::bound::RealmError;
use crate::cause::Cause;
use crate::digest::Digest;
use crate::failure::SendError;
use crate::token::TokenError;
use http::StatusCode;
use keyside_keychain::Reference;
use std::fmt;
use std::io;

/// A pull that failed.
///
/// `Display` is what containerd returns; [`PullError::kubelet_message`] is what the kubelet makes of it. Neither holds a secret: what
/// the registry says about a refusal is cut, cleaned, and left out if it repeats the credential.
#[derive(Debug)]
pub struct PullError {
    name: String,
    pub(super) failure: Failure,
}

/// The status codes of gRPC that matter here. The kubelet strips `Unknown` from its messages and shows the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Nothing in particular.
    Unknown,
    /// Something does not exist.
    NotFound,
    /// Content does not match its digest.
    FailedPrecondition,
    /// Too slow.
    DeadlineExceeded,
}

/// What went wrong at which point.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("invalid reference format: {0}")]
    Reference(crate::origin::RegistryError),
    /// While finding out what the name means.
    #[error("{0}")]
    Resolve(Access),
    #[error("failed to copy: httpReadSeeker: failed open: {0}")]
    Fetch(Access),
    /// In the middle of some content.
    #[error("failed to copy: {0}")]
    Body(SendError),
    #[error("failed to read expected number of bytes: unexpected EOF")]
    Short,
    #[error(
        "failed commit on ref \"{part}-{expected}\": unexpected commit digest {found}, expected {expected}: failed precondition"
    )]
    Mismatch {
        part: &'static str,
        expected: Digest,
        found: Digest,
    },
    #[error(
        "failed commit on ref \"{part}-{digest}\": \"{part}-{digest}\" failed size validation: more than {size} bytes: failed precondition"
    )]
    TooLong {
        part: &'static str,
        digest: Digest,
        size: u64,
    },
    #[error(
        "failed to copy: httpReadSeeker: failed open: could not fetch content descriptor {digest} ({media_type}) from remote: not found"
    )]
    Missing { digest: Digest, media_type: String },
    #[error("no match for platform in manifest {0}: not found")]
    Platform(Digest),
    #[error(
        "failed to unpack image on snapshotter overlayfs: unexpected media type text/html for {0}: not found"
    )]
    Page(Digest),
    #[error(
        "failed to unpack image on snapshotter overlayfs: unexpected media type {media_type} for {digest}"
    )]
    MediaType { digest: Digest, media_type: String },
    #[error("failed to unpack image on snapshotter overlayfs: {0} is not a manifest")]
    NotAManifest(Digest),
    #[error("schema 1 image manifests are no longer supported")]
    Schema1,
    #[error("failed to copy: failed to send write: {}", storage(.0))]
    Store(io::Error),
}

/// A request that did not give what it should.
#[derive(Debug, thiserror::Error)]
pub(super) enum Access {
    #[error("failed to do request: {method} \"{url}\": {error}")]
    Request {
        method: &'static str,
        url: String,
        error: SendError,
    },
    #[error("failed to authorize: failed to fetch {} token: {fault}", token_kind(*anonymous))]
    Token { anonymous: bool, fault: TokenFault },
    #[error("failed to authorize: {0}")]
    Realm(#[from] RealmError),
    #[error("failed to authorize: {0}")]
    Challenge(#[from] crate::challenge::Unreadable),
    #[error(
        "pull access denied, repository does not exist or may require authorization: server message: {0}: authorization failed"
    )]
    Denied(String),
    #[error("pulling from host {host} failed with status code [manifests {target}]: {}", status(*status_code))]
    Manifest {
        host: String,
        target: String,
        status_code: u16,
    },
    #[error("unexpected status code {url}: {}{message}", status(*status_code))]
    Content {
        url: String,
        status_code: u16,
        message: String,
        blob: bool,
    },
    #[error("{0}: not found")]
    NotFound(String),
    #[error("rejecting {size} byte manifest for {name}: not found")]
    TooLarge { size: u64, name: String },
}

/// What went wrong with a token.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenFault {
    #[error("unexpected status: {}", status(*.0))]
    Status(u16),
    #[error("{method} \"{url}\": {error}")]
    Request {
        method: &'static str,
        url: String,
        error: SendError,
    },
    #[error("unable to decode token response: {0}")]
    TooLarge(SendError),
    #[error("{0}")]
    Answer(#[from] TokenError),
    #[error("the token cannot stand in a header")]
    Unsendable,
}

impl PullError {
    pub(super) fn new(image: &Reference, failure: Failure) -> Self {
        Self {
            name: image.containerd_name(),
            failure,
        }
    }

    /// The cause, in the vocabulary that verification and diagnosis use. None for what lies on this machine alone and has no word
    /// there, such as a directory that cannot be written.
    pub fn cause(&self) -> Option<Cause> {
        Some(match &self.failure {
            Failure::Reference(_) => Cause::InvalidReference,
            Failure::Resolve(access) | Failure::Fetch(access) => access.cause(),
            Failure::Body(error) => error.cause(),
            Failure::Short | Failure::Mismatch { .. } | Failure::TooLong { .. } => Cause::ContentCorrupt,
            Failure::Missing { .. } => Cause::ContentMissing,
            Failure::Platform(_) => Cause::NoMatchingPlatform,
            Failure::Page(_) => Cause::NotARegistry,
            Failure::MediaType { .. } | Failure::NotAManifest(_) | Failure::Schema1 => {
                Cause::UnsupportedManifest
            }
            Failure::Store(error) if is_full(error) => Cause::DiskFull,
            Failure::Store(_) => return None,
        })
    }

    /// The code that containerd's service puts before its message.
    pub fn code(&self) -> Code {
        match &self.failure {
            Failure::Missing { .. } | Failure::Platform(_) | Failure::Page(_) => Code::NotFound,
            Failure::Mismatch { .. } | Failure::TooLong { .. } => Code::FailedPrecondition,
            Failure::Resolve(Access::NotFound(_) | Access::TooLarge { .. }) => Code::NotFound,
            Failure::Resolve(access) | Failure::Fetch(access) if access.is_late() => Code::DeadlineExceeded,
            Failure::Body(SendError::Timeout | SendError::ConnectTimeout { .. }) => Code::DeadlineExceeded,
            _ => Code::Unknown,
        }
    }

    /// The message in the kubelet's events and statuses, after `Failed to pull image "I": `.
    pub fn kubelet_message(&self) -> String {
        match self.code() {
            Code::Unknown => self.to_string(),
            code => format!("rpc error: code = {code:?} desc = {self}"),
        }
    }

    /// Registry and token service, if the pull stopped because the pair is not confirmed.
    pub fn unconfirmed(&self) -> Option<&RealmError> {
        match &self.failure {
            Failure::Resolve(Access::Realm(error)) | Failure::Fetch(Access::Realm(error)) => {
                matches!(error, RealmError::Unconfirmed { .. }).then_some(error)
            }
            _ => None,
        }
    }
}

impl fmt::Display for PullError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.failure {
            Failure::Reference(_) => {
                write!(f, "failed to parse image reference \"{name}\": {}", self.failure)
            }
            Failure::Resolve(access) => {
                write!(
                    f,
                    "failed to pull and unpack image \"{name}\": failed to resolve reference \"{name}\": {access}"
                )
            }
            failure => write!(f, "failed to pull and unpack image \"{name}\": {failure}"),
        }
    }
}

impl std::error::Error for PullError {}

impl Failure {
    /// Whether another attempt may bring the rest.
    pub(super) fn is_interruption(&self) -> bool {
        match self {
            Self::Short => true,
            Self::Body(error) => matches!(
                error,
                SendError::Reset { .. } | SendError::Eof | SendError::Timeout
            ),
            _ => false,
        }
    }
}

impl Access {
    fn cause(&self) -> Cause {
        match self {
            Self::Request { error, .. } => error.cause(),
            Self::Token { anonymous, fault } => fault.cause(*anonymous),
            Self::Realm(RealmError::Unconfirmed { .. }) => Cause::TokenServiceUnconfirmed,
            Self::Realm(RealmError::Unusable) | Self::Challenge(_) => Cause::RegistryError,
            Self::Denied(_) => Cause::AccessDenied,
            Self::Content {
                status_code: 403,
                blob: true,
                ..
            } => Cause::BlobDenied,
            Self::Manifest { status_code, .. } | Self::Content { status_code, .. } => {
                cause_of_status(*status_code)
            }
            Self::NotFound(_) | Self::TooLarge { .. } => Cause::NotFound,
        }
    }

    fn is_late(&self) -> bool {
        let (Self::Request { error, .. }
        | Self::Token {
            fault: TokenFault::Request { error, .. },
            ..
        }) = self
        else {
            return false;
        };
        matches!(error, SendError::Timeout | SendError::ConnectTimeout { .. })
    }
}

impl TokenFault {
    fn cause(&self, anonymous: bool) -> Cause {
        match self {
            Self::Status(429) => Cause::RateLimited,
            Self::Status(status) if *status >= 500 => Cause::RegistryError,
            Self::Status(_) if anonymous => Cause::NoCredentials,
            Self::Status(401) => Cause::BadCredentials,
            Self::Status(403 | 405) => Cause::NoPullScope,
            Self::Status(_) | Self::TooLarge(_) | Self::Answer(_) | Self::Unsendable => Cause::NotARegistry,
            Self::Request { error, .. } => error.cause(),
        }
    }
}

fn cause_of_status(status: u16) -> Cause {
    match status {
        401 => Cause::AccessDenied,
        403 => Cause::NoPullScope,
        404 => Cause::NotFound,
        412 => Cause::PolicyBlocked,
        429 => Cause::RateLimited,
        500.. => Cause::RegistryError,
        _ => Cause::NotARegistry,
    }
}

/// Code and phrase, as in `401 Unauthorized`.
fn status(code: u16) -> String {
    let phrase = StatusCode::from_u16(code)
        .ok()
        .and_then(|status| status.canonical_reason());
    format!("{code} {}", phrase.unwrap_or_default())
}

fn token_kind(anonymous: bool) -> &'static str {
    if anonymous { "anonymous" } else { "oauth" }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Says what the disk said, without the path.
fn storage(error: &io::Error) -> String {
    if is_full(error) {
        "no space left on device".to_owned()
    } else {
        error.to_string()
    }
}

#[cfg(test)]
mod tests;
