//! Uploads in several requests, which may reach several processes.
//!
//! A part is written first and then announced under its offset, with [`Store::create`](crate::store::Store::create): of two requests
//! that continue the same upload at the same place one wins, whichever processes they reach. Parts therefore follow each other
//! without gap by construction, and the last one says how far the upload is.

use bytes::Bytes;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::blobs::{accept, take_in};
use super::{ContentError, Contents, Incoming, blob_key, folder, upload_key};
use crate::digest::{Algorithm, Digest, Hasher};
use crate::name::Repository;
use crate::random;
use crate::store::StoreError;

/// An upload in progress.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    repository: Repository,
    id: String,
    /// How many bytes have been received: where the next part begins.
    pub(crate) received: u64,
}

#[derive(Serialize, Deserialize)]
struct Session {
    started: Timestamp,
}

/// What is announced about a part.
#[derive(Serialize, Deserialize)]
struct Part {
    length: u64,
    sha256: String,
    data: String,
}

impl Upload {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    fn key(&self, rest: &str) -> String {
        upload_key(&self.repository, &self.id, rest)
    }

    fn part_key(&self, offset: u64) -> String {
        self.key(&format!("parts/{offset:020}"))
    }

    fn data_key(&self, name: &str) -> String {
        self.key(&format!("data/{name}"))
    }
}

impl Contents {
    /// Begins an upload.
    pub(crate) async fn begin_upload(&self, repository: &Repository) -> Result<Upload, ContentError> {
        let upload = Upload {
            repository: repository.clone(),
            id: random::hex_id()?,
            received: 0,
        };
        let session = Session {
            started: Timestamp::now(),
        };
        self.store.write(&upload.key("session"), json(&session)).await?;
        Ok(upload)
    }

    /// Finds an upload by its id.
    pub(crate) async fn upload(&self, repository: &Repository, id: &str) -> Result<Upload, ContentError> {
        let mut upload = Upload {
            repository: repository.clone(),
            id: id.to_owned(),
            received: 0,
        };
        let known = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !known || self.store.size(&upload.key("session")).await?.is_none() {
            return Err(ContentError::UnknownUpload);
        }
        if let Some(offset) = self.part_offsets(&upload).await?.last() {
            upload.received = offset + self.part(&upload, *offset).await?.length;
        }
        Ok(upload)
    }

    /// Appends to an upload. If the body breaks off, what has arrived counts and the client may go on from there.
    pub(crate) async fn append(&self, mut upload: Upload, body: Incoming) -> Result<Upload, ContentError> {
        let name = random::hex_id()?;
        let data = upload.data_key(&name);
        let mut writer = self.store.writer(&data).await?;
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let taken = take_in(body, &mut writer, &mut hasher).await;
        if taken.length == 0 {
            return taken.result.map(|()| upload);
        }
        writer.finish().await?;
        let part = Part {
            length: taken.length,
            sha256: hasher.finish().hex().to_owned(),
            data: name,
        };
        if !self
            .store
            .create(&upload.part_key(upload.received), json(&part))
            .await?
        {
            self.store.delete(&data).await?;
            let now = self.upload(&upload.repository, &upload.id).await?;
            return Err(ContentError::OtherOffset(now.received));
        }
        upload.received += taken.length;
        taken.result.map(|()| upload)
    }

    /// Turns an upload into a blob. A digest that does not fit ends the upload as well: its bytes are wrong for good.
    pub(crate) async fn complete(&self, upload: &Upload, digest: &Digest) -> Result<(), ContentError> {
        let key = blob_key(&upload.repository, digest);
        let mut parts = Vec::new();
        for offset in self.part_offsets(upload).await? {
            parts.push(self.part(upload, offset).await?);
        }
        let result = match parts.as_slice() {
            [only] if digest.algorithm() == Algorithm::Sha256 => {
                self.keep_only_part(upload, only, digest, &key).await
            }
            _ => self.join(upload, &parts, digest, &key).await,
        };
        if matches!(result, Ok(()) | Err(ContentError::OtherDigest(_))) {
            self.cancel(upload).await?;
        }
        result
    }

    /// Forgets an upload and everything received for it.
    pub(crate) async fn cancel(&self, upload: &Upload) -> Result<(), StoreError> {
        // First, so that from here on nobody finds it.
        self.store.delete(&upload.key("session")).await?;
        self.store
            .delete_all(&format!(
                "{}/{}",
                folder(&upload.repository, "_uploads"),
                upload.id
            ))
            .await
    }

    /// Forgets uploads of a repository that began before a moment; returns how many.
    pub(crate) async fn cancel_older(
        &self,
        repository: &Repository,
        moment: Timestamp,
    ) -> Result<usize, ContentError> {
        let mut cancelled = 0;
        for id in self.store.list(&folder(repository, "_uploads")).await?.folders {
            let upload = Upload {
                repository: repository.clone(),
                id,
                received: 0,
            };
            let session = self.store.read(&upload.key("session")).await?;
            let started = session.and_then(|bytes| serde_json::from_slice::<Session>(&bytes).ok());
            if started.is_none_or(|session| session.started < moment) {
                self.cancel(&upload).await?;
                cancelled += 1;
            }
        }
        Ok(cancelled)
    }

    /// The usual case: everything came in one request and its hash is known. No byte is read again.
    async fn keep_only_part(
        &self,
        upload: &Upload,
        part: &Part,
        digest: &Digest,
        key: &str,
    ) -> Result<(), ContentError> {
        if part.sha256 != digest.hex() {
            let found = Digest::parse(&format!("sha256:{}", part.sha256));
            return Err(found.map_or_else(|| damaged(upload), ContentError::OtherDigest));
        }
        if self.store.copy(&upload.data_key(&part.data), key).await? {
            return Ok(());
        }
        Err(ContentError::UnknownUpload)
    }

    async fn join(
        &self,
        upload: &Upload,
        parts: &[Part],
        digest: &Digest,
        key: &str,
    ) -> Result<(), ContentError> {
        let mut writer = self.store.writer(key).await?;
        let mut hasher = Hasher::new(digest.algorithm());
        for part in parts {
            let data = self
                .store
                .stream(&upload.data_key(&part.data), 0..part.length)
                .await?;
            let mut data = data.ok_or(ContentError::UnknownUpload)?;
            while let Some(bytes) = data.try_next().await? {
                hasher.update(&bytes);
                writer.write(bytes).await?;
            }
        }
        accept(writer, hasher, digest).await
    }

    async fn part_offsets(&self, upload: &Upload) -> Result<Vec<u64>, ContentError> {
        let names = self.store.list(&upload.key("parts")).await?.objects;
        let offsets = names.iter().map(|name| name.parse().map_err(|_| damaged(upload)));
        offsets.collect()
    }

    async fn part(&self, upload: &Upload, offset: u64) -> Result<Part, ContentError> {
        let bytes = self.store.read(&upload.part_key(offset)).await?;
        let bytes = bytes.ok_or(ContentError::UnknownUpload)?;
        serde_json::from_slice(&bytes).map_err(|_| damaged(upload))
    }
}

fn damaged(upload: &Upload) -> ContentError {
    ContentError::Damaged(upload.key("parts"))
}

fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value)
        .expect("plain structures of strings and numbers can always be written")
        .into()
}
