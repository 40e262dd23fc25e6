//! Manifests: kept with their media type, found by digest or tag.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{ContentError, Contents, manifest_key};
use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::name::{Repository, Tag};
use crate::store::StoreError;

/// A manifest as it was pushed.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) digest: Digest,
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
}

impl Contents {
    /// Keeps a checked manifest, files it with what it is about, and points tags at it.
    pub(crate) async fn put_manifest(
        &self,
        repository: &Repository,
        manifest: &Manifest,
        stored: &Stored,
        tags: &[Tag],
    ) -> Result<(), ContentError> {
        let mut object = BytesMut::with_capacity(stored.media_type.len() + 1 + stored.bytes.len());
        object.put(stored.media_type.as_bytes());
        object.put_u8(b'\n');
        object.put(&stored.bytes[..]);
        self.store
            .write(&manifest_key(repository, &stored.digest), object.freeze())
            .await?;
        if let Some(subject) = &manifest.subject {
            self.put_referrer(repository, subject, manifest, stored).await?;
        }
        for tag in tags {
            self.put_tag(repository, tag, &stored.digest).await?;
        }
        Ok(())
    }

    /// A manifest by its digest.
    pub(crate) async fn manifest(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<Stored>, ContentError> {
        let key = manifest_key(repository, digest);
        let Some(object) = self.store.read(&key).await? else {
            return Ok(None);
        };
        let end = object.iter().position(|byte| *byte == b'\n');
        let media_type = end.and_then(|end| std::str::from_utf8(&object[..end]).ok());
        let (Some(end), Some(media_type)) = (end, media_type) else {
            return Err(ContentError::Damaged(key));
        };
        Ok(Some(Stored {
            digest: digest.clone(),
            media_type: media_type.to_owned(),
            bytes: object.slice(end + 1..),
        }))
    }

    /// Whether the repository has a manifest of this digest.
    pub(crate) async fn has_manifest(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<bool, StoreError> {
        Ok(self
            .store
            .size(&manifest_key(repository, digest))
            .await?
            .is_some())
    }

    /// The first thing that a manifest points to and the repository does not have.
    pub(crate) async fn first_missing(
        &self,
        repository: &Repository,
        manifest: &Manifest,
    ) -> Result<Option<Digest>, ContentError> {
        for digest in &manifest.blobs {
            if self.blob_size(repository, digest).await?.is_none() {
                return Ok(Some(digest.clone()));
            }
        }
        for digest in &manifest.manifests {
            if !self.has_manifest(repository, digest).await? {
                return Ok(Some(digest.clone()));
            }
        }
        Ok(None)
    }

    /// Removes a manifest, the tags that point to it, and its entry among the referrers; `false` if there is none.
    pub(crate) async fn delete_manifest(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<bool, ContentError> {
        let Some(stored) = self.manifest(repository, digest).await? else {
            return Ok(false);
        };
        self.delete_tags_of(repository, digest).await?;
        let manifest = Manifest::read(Some(&stored.media_type), &stored.bytes).ok();
        if let Some(subject) = manifest.and_then(|manifest| manifest.subject) {
            self.delete_referrer(repository, &subject, digest).await?;
        }
        Ok(self.store.delete(&manifest_key(repository, digest)).await?)
    }
}
