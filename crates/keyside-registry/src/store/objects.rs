//! Objects in a bucket, through the `object_store` crate.
//!
//! Needs conditional writes (`If-None-Match`, `If-Match`), which S3 and most of its imitations have. There is no conditional
//! removal; instead an object is replaced, on condition, by an empty one, and an empty small object counts as absent.

use std::fmt;
use std::io::{Error as IoError, ErrorKind};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    Error, GetOptions, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion, WriteMultipart,
};

use super::{Content, Listing, StoreError};

/// The smallest part that S3 takes is 5 MiB; two parts of this size are in memory at most.
const PART: usize = 8 * 1024 * 1024;
const PARTS_IN_FLIGHT: usize = 2;
/// S3 copies objects up to this size by itself.
const LARGEST_COPY: u64 = 5 * 1024 * 1024 * 1024;

/// Which bucket, and how it is reached. What is not said here is taken from the environment (`AWS_…`), so that workload identities
/// work.
#[derive(Clone, Default)]
pub struct Bucket {
    /// The bucket's name.
    pub name: String,
    /// A folder within the bucket; empty for the whole bucket.
    pub prefix: String,
    /// The region, if it is not in the environment.
    pub region: Option<String>,
    /// The address of a service that is not Amazon's.
    pub endpoint: Option<String>,
    /// Access key and secret, if they are not in the environment.
    pub access_key: Option<(String, String)>,
    /// Allows an endpoint without TLS.
    pub plain_http: bool,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("name", &self.name)
            .field("prefix", &self.prefix)
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(super) struct Objects(Arc<dyn ObjectStore>);

impl Objects {
    pub(super) fn open(bucket: Bucket) -> Result<Self, StoreError> {
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket.name)
            .with_allow_http(bucket.plain_http);
        if let Some(region) = bucket.region {
            builder = builder.with_region(region);
        }
        if let Some(endpoint) = bucket.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some((id, secret)) = bucket.access_key {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let s3 = builder.build().map_err(StoreError::Settings)?;
        Ok(Self::over(PrefixStore::new(s3, Path::from(bucket.prefix))))
    }

    pub(super) fn over(store: impl ObjectStore) -> Self {
        Self(Arc::new(store))
    }

    pub(super) async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.read_version(key).await?.map(|(bytes, _)| bytes))
    }

    /// A small object and what identifies this version of it.
    async fn read_version(&self, key: &str) -> Result<Option<(Bytes, UpdateVersion)>, StoreError> {
        let Some(found) = present(self.0.get(&path(key)).await)? else {
            return Ok(None);
        };
        let version = UpdateVersion {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
        };
        let bytes = found.bytes().await?;
        Ok((!bytes.is_empty()).then_some((bytes, version)))
    }

    pub(super) async fn size(&self, key: &str) -> Result<Option<u64>, StoreError> {
        Ok(present(self.0.head(&path(key)).await)?.map(|meta| meta.size))
    }

    pub(super) async fn stream(&self, key: &str, range: Range<u64>) -> Result<Option<Content>, StoreError> {
        if range.is_empty() {
            let empty = futures::stream::empty().boxed();
            return Ok(self.size(key).await?.map(|_| empty));
        }
        let options = GetOptions::new().with_range(Some(range));
        let found = present(self.0.get_opts(&path(key), options).await)?;
        Ok(found.map(|found| found.into_stream().map_err(StoreError::from).boxed()))
    }

    pub(super) async fn write(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.0.put(&path(key), bytes.into()).await?;
        Ok(())
    }

    pub(super) async fn create(&self, key: &str, bytes: Bytes) -> Result<bool, StoreError> {
        if self.put(key, bytes.clone(), PutMode::Create).await? {
            return Ok(true);
        }
        // An empty object holds the place of a removed one.
        let placeholder = self.0.get(&path(key)).await;
        let Some(placeholder) = present(placeholder)?.filter(|found| found.meta.size == 0) else {
            return Ok(false);
        };
        let version = UpdateVersion {
            e_tag: placeholder.meta.e_tag,
            version: placeholder.meta.version,
        };
        self.put(key, bytes, PutMode::Update(version)).await
    }

    async fn put(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<bool, StoreError> {
        let options = PutOptions {
            mode,
            ..PutOptions::default()
        };
        match self.0.put_opts(&path(key), bytes.into(), options).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. }) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn writer(&self, key: &str) -> Result<ObjectWriter, StoreError> {
        let upload = self.0.put_multipart(&path(key)).await?;
        Ok(ObjectWriter(Some(WriteMultipart::new_with_chunk_size(
            upload, PART,
        ))))
    }

    pub(super) async fn copy(&self, from: &str, to: &str) -> Result<bool, StoreError> {
        let Some(size) = self.size(from).await? else {
            return Ok(false);
        };
        if size <= LARGEST_COPY {
            return Ok(present(self.0.copy(&path(from), &path(to)).await)?.is_some());
        }
        let Some(mut content) = self.stream(from, 0..size).await? else {
            return Ok(false);
        };
        let mut writer = self.writer(to).await?;
        while let Some(piece) = content.try_next().await? {
            writer.write(piece).await?;
        }
        writer.finish().await?;
        Ok(true)
    }

    pub(super) async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        let there = self.size(key).await?.is_some();
        present(self.0.delete(&path(key)).await)?;
        Ok(there)
    }

    pub(super) async fn delete_if(&self, key: &str, content: &Bytes) -> Result<bool, StoreError> {
        match self.read_version(key).await? {
            Some((bytes, version)) if bytes == content => {
                self.put(key, Bytes::new(), PutMode::Update(version)).await
            }
            _ => Ok(false),
        }
    }

    pub(super) async fn delete_all(&self, prefix: &str) -> Result<(), StoreError> {
        let found = self
            .0
            .list(Some(&path(prefix)))
            .map_ok(|meta| meta.location)
            .boxed();
        let mut deleted = self.0.delete_stream(found);
        while let Some(result) = deleted.next().await {
            present(result)?;
        }
        Ok(())
    }

    pub(super) async fn list(&self, prefix: &str) -> Result<Listing, StoreError> {
        let found = self.0.list_with_delimiter(Some(&path(prefix))).await?;
        let name = |path: &Path| path.filename().unwrap_or_default().to_owned();
        let objects = found.objects.iter().filter(|meta| meta.size > 0);
        let mut listing = Listing {
            objects: objects.map(|meta| name(&meta.location)).collect(),
            folders: found.common_prefixes.iter().map(name).collect(),
        };
        listing.objects.sort();
        listing.folders.sort();
        Ok(listing)
    }
}

/// A large object in the making.
pub(crate) struct ObjectWriter(Option<WriteMultipart>);

impl ObjectWriter {
    fn upload(&mut self) -> Result<&mut WriteMultipart, StoreError> {
        self.0.as_mut().ok_or_else(|| StoreError::Write {
            key: String::new(),
            source: IoError::from(ErrorKind::BrokenPipe),
        })
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        let upload = self.upload()?;
        upload.wait_for_capacity(PARTS_IN_FLIGHT).await?;
        upload.put(bytes);
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<(), StoreError> {
        if let Some(upload) = self.0.take() {
            upload.finish().await?;
        }
        Ok(())
    }
}

impl Drop for ObjectWriter {
    fn drop(&mut self) {
        let (Some(upload), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        // Parts that were sent would be paid for until somebody looks.
        runtime.spawn(upload.abort());
    }
}

/// Keys are made of checked names; they contain nothing that would have to be escaped.
fn path(key: &str) -> Path {
    Path::from(key)
}

fn present<T>(result: Result<T, Error>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
