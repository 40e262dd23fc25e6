//! Tags: names for digests. The last writer wins; removal never takes away what somebody has just pointed elsewhere.

use bytes::Bytes;

use super::{ContentError, Contents, folder, tag_key};
use crate::digest::Digest;
use crate::name::{Repository, Tag};
use crate::store::StoreError;

impl Contents {
    /// Points a tag at a digest.
    pub(crate) async fn put_tag(
        &self,
        repository: &Repository,
        tag: &Tag,
        digest: &Digest,
    ) -> Result<(), StoreError> {
        self.store
            .write(&tag_key(repository, tag), digest.to_string().into())
            .await
    }

    /// What a tag points to.
    pub(crate) async fn tag(
        &self,
        repository: &Repository,
        tag: &Tag,
    ) -> Result<Option<Digest>, ContentError> {
        let key = tag_key(repository, tag);
        let Some(bytes) = self.store.read(&key).await? else {
            return Ok(None);
        };
        let digest = std::str::from_utf8(&bytes).ok().and_then(Digest::parse);
        digest.map(Some).ok_or(ContentError::Damaged(key))
    }

    /// Removes a tag, but not the manifest; `false` if there is none.
    pub(crate) async fn delete_tag(&self, repository: &Repository, tag: &Tag) -> Result<bool, StoreError> {
        let key = tag_key(repository, tag);
        // Asked for by name: whatever it points to by then is meant, so a change in between is met by another try.
        while let Some(content) = self.store.read(&key).await? {
            if self.store.delete_if(&key, &content).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes the tags that point to a digest.
    pub(super) async fn delete_tags_of(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<(), StoreError> {
        let target = Bytes::from(digest.to_string());
        for name in self.store.list(&folder(repository, "_tags")).await?.objects {
            let Some(tag) = Tag::parse(&name) else { continue };
            self.store.delete_if(&tag_key(repository, &tag), &target).await?;
        }
        Ok(())
    }
}
