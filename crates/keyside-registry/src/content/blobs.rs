//! Blobs: looked up, read in ranges, written with a check of their digest, mounted, removed.

use std::ops::Range;

use futures::StreamExt as _;

use super::{ContentError, Contents, Incoming, blob_key};
use crate::digest::{Digest, Hasher};
use crate::name::Repository;
use crate::store::{Content, StoreError, Writer};

impl Contents {
    /// The size of a blob, if the repository has it.
    pub(crate) async fn blob_size(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<u64>, StoreError> {
        self.store.size(&blob_key(repository, digest)).await
    }

    /// A range of a blob's bytes.
    pub(crate) async fn read_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        range: Range<u64>,
    ) -> Result<Option<Content>, StoreError> {
        self.store.stream(&blob_key(repository, digest), range).await
    }

    /// Takes in a whole blob. Nothing remains of it if its digest is another one.
    pub(crate) async fn write_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        body: Incoming,
    ) -> Result<(), ContentError> {
        let mut writer = self.store.writer(&blob_key(repository, digest)).await?;
        let mut hasher = Hasher::new(digest.algorithm());
        let end = take_in(body, &mut writer, &mut hasher).await;
        end.result?;
        accept(writer, hasher, digest).await
    }

    /// Gives a repository a blob of another one; `false` if that one does not have it.
    pub(crate) async fn mount_blob(
        &self,
        from: &Repository,
        to: &Repository,
        digest: &Digest,
    ) -> Result<bool, StoreError> {
        self.store
            .copy(&blob_key(from, digest), &blob_key(to, digest))
            .await
    }

    /// Removes a blob; `false` if there is none.
    pub(crate) async fn delete_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<bool, StoreError> {
        self.store.delete(&blob_key(repository, digest)).await
    }
}

/// How far a body came, and how it ended.
pub(super) struct Taken {
    pub(super) length: u64,
    pub(super) result: Result<(), ContentError>,
}

/// Moves a body into a writer and a hasher, a piece at a time.
pub(super) async fn take_in(mut body: Incoming, writer: &mut Writer, hasher: &mut Hasher) -> Taken {
    let mut length = 0;
    while let Some(piece) = body.next().await {
        let written = match piece {
            Ok(bytes) => {
                hasher.update(&bytes);
                let size = bytes.len() as u64;
                writer
                    .write(bytes)
                    .await
                    .map(|()| size)
                    .map_err(ContentError::from)
            }
            Err(error) => Err(ContentError::Body(error)),
        };
        match written {
            Ok(size) => length += size,
            Err(error) => {
                return Taken {
                    length,
                    result: Err(error),
                };
            }
        }
    }
    Taken {
        length,
        result: Ok(()),
    }
}

/// Makes the content visible if it is what it was said to be.
pub(super) async fn accept(writer: Writer, hasher: Hasher, digest: &Digest) -> Result<(), ContentError> {
    let found = hasher.finish();
    if found != *digest {
        return Err(ContentError::OtherDigest(found));
    }
    Ok(writer.finish().await?)
}
