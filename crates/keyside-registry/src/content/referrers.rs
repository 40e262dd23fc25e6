//! Referrers: which manifests (signatures, bills of materials) are about another one.
//!
//! Clients that once met a registry without this list keep one of their own under a tag made of the subject's digest. The
//! specification ("Referrers tag schema") wants its entries to go on counting, so they are read as well.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{ContentError, Contents, Stored, addressed, referrer_key};
use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::name::{Repository, Tag};
use crate::store::StoreError;

impl Contents {
    pub(super) async fn put_referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        manifest: &Manifest,
        stored: &Stored,
    ) -> Result<(), StoreError> {
        let mut descriptor = Map::new();
        descriptor.insert("mediaType".into(), json!(stored.media_type));
        descriptor.insert("digest".into(), json!(stored.digest.to_string()));
        descriptor.insert("size".into(), json!(stored.bytes.len()));
        if let Some(artifact_type) = &manifest.artifact_type {
            descriptor.insert("artifactType".into(), json!(artifact_type));
        }
        if let Some(annotations) = &manifest.annotations {
            descriptor.insert("annotations".into(), annotations.clone());
        }
        let key = referrer_key(repository, subject, &stored.digest);
        self.store
            .write(&key, Value::Object(descriptor).to_string().into())
            .await
    }

    pub(super) async fn delete_referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        about: &Digest,
    ) -> Result<(), StoreError> {
        self.store
            .delete(&referrer_key(repository, subject, about))
            .await?;
        Ok(())
    }

    /// The descriptors of the manifests about a digest, in the order of their digests.
    pub(crate) async fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
    ) -> Result<Vec<Value>, ContentError> {
        let folder = addressed(repository, "_referrers", subject);
        let mut found = BTreeMap::new();
        for descriptor in self.referrers_by_tag(repository, subject).await? {
            let digest = descriptor["digest"].as_str().and_then(Digest::parse);
            let Some(digest) = digest else { continue };
            if self.has_manifest(repository, &digest).await? {
                found.insert(digest, descriptor);
            }
        }
        for name in self.store.list(&folder).await?.objects {
            let Some(digest) = Digest::parse(&name.replacen('-', ":", 1)) else {
                continue;
            };
            let key = referrer_key(repository, subject, &digest);
            let Some(bytes) = self.store.read(&key).await? else {
                continue;
            };
            let descriptor = serde_json::from_slice(&bytes).map_err(|_| ContentError::Damaged(key))?;
            found.insert(digest, descriptor);
        }
        Ok(found.into_values().collect())
    }

    async fn referrers_by_tag(
        &self,
        repository: &Repository,
        subject: &Digest,
    ) -> Result<Vec<Value>, ContentError> {
        let name = format!("{}-{}", subject.algorithm().name(), subject.hex());
        let name: String = name.chars().take(128).collect();
        let Some(tag) = Tag::parse(&name) else {
            return Ok(Vec::new());
        };
        let Some(digest) = self.tag(repository, &tag).await? else {
            return Ok(Vec::new());
        };
        let Some(stored) = self.manifest(repository, &digest).await? else {
            return Ok(Vec::new());
        };
        let index: Value = serde_json::from_slice(&stored.bytes).unwrap_or_default();
        Ok(index["manifests"].as_array().cloned().unwrap_or_default())
    }
}
