//! What the store holds, in a registry's terms: blobs, manifests, tags, referrers, uploads.
//!
//! ```text
//! repositories/team/app/_blobs/sha256/ab12…            the bytes
//! repositories/team/app/_manifests/sha256/cd34…        a line with the media type, then the bytes
//! repositories/team/app/_tags/v1                       the digest it points to
//! repositories/team/app/_referrers/sha256/cd34…/sha256-ef56…   the descriptor of a manifest about cd34…
//! repositories/team/app/_uploads/9f…/session           when it began
//! repositories/team/app/_uploads/9f…/parts/0000…       what was received, by offset
//! repositories/team/app/_uploads/9f…/data/7e…          the bytes of a part
//! ```
//!
//! No part of a repository's name begins with `_`, so the names of repositories and of what is in them never meet.
//! Every repository has its own blobs: removing one frees its space at once, mounting one is a copy that files (hard links) and buckets
//! make without moving bytes, and who may read a blob is decided by who may read its repository.

mod blobs;
mod lists;
mod manifests;
mod referrers;
mod tags;
mod uploads;

use std::error::Error;

use bytes::Bytes;
use futures::stream::BoxStream;

use crate::digest::Digest;
use crate::name::{Repository, Tag};
use crate::random::RandomError;
use crate::store::{Store, StoreError};

pub(crate) use lists::Page;
pub(crate) use manifests::Stored;
pub(crate) use uploads::Upload;

/// A body on its way in.
pub(crate) type Incoming = BoxStream<'static, Result<Bytes, Box<dyn Error + Send + Sync>>>;

/// Why something could not be taken in or handed out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContentError {
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("the body broke off")]
    Body(#[source] Box<dyn Error + Send + Sync>),
    #[error("the content has the digest {0}")]
    OtherDigest(Digest),
    #[error("there is no such upload")]
    UnknownUpload,
    #[error("the upload continues at byte {0}")]
    OtherOffset(u64),
    #[error("an object of the registry's own is damaged: {0}")]
    Damaged(String),
}

/// The contents of one store.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(crate) store: Store,
}

/// Below this key are all repositories.
const REPOSITORIES: &str = "repositories";

fn folder(repository: &Repository, kind: &str) -> String {
    format!("{REPOSITORIES}/{repository}/{kind}")
}

fn addressed(repository: &Repository, kind: &str, digest: &Digest) -> String {
    format!(
        "{}/{}/{}",
        folder(repository, kind),
        digest.algorithm().name(),
        digest.hex()
    )
}

fn blob_key(repository: &Repository, digest: &Digest) -> String {
    addressed(repository, "_blobs", digest)
}

fn manifest_key(repository: &Repository, digest: &Digest) -> String {
    addressed(repository, "_manifests", digest)
}

fn tag_key(repository: &Repository, tag: &Tag) -> String {
    format!("{}/{tag}", folder(repository, "_tags"))
}

fn referrer_key(repository: &Repository, subject: &Digest, about: &Digest) -> String {
    let name = format!("{}-{}", about.algorithm().name(), about.hex());
    format!("{}/{name}", addressed(repository, "_referrers", subject))
}

fn upload_key(repository: &Repository, id: &str, rest: &str) -> String {
    format!("{}/{id}/{rest}", folder(repository, "_uploads"))
}
