//! Where every byte lives: a flat space of keys, each with an object behind it.
//!
//! The registry keeps nothing else. Uploads in progress, accounts and the key that signs tokens are objects too, so any number of
//! processes may serve one store. What they need of it is little: an object appears whole or not at all, [`Store::create`] lets
//! exactly one of several writers win, and [`Store::delete_if`] removes only what was seen.
//!
//! Three kinds: a folder (the default), memory (for tests and for things that shall not last), and, with the feature `s3`, a bucket.
//! The folder is our own code and not that of the `object_store` crate, because that crate cannot be had without `chrono`, lacks
//! conditional removal for files, and leaves file modes to the umask; here nobody but the owner can read a file.

mod files;
mod memory;
#[cfg(feature = "s3")]
mod objects;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;

use files::{FileWriter, Files};
use memory::{Memory, MemoryWriter};
#[cfg(feature = "s3")]
pub use objects::Bucket;
#[cfg(feature = "s3")]
use objects::{ObjectWriter, Objects};

/// An error of the disk or of the network behind the store. Its text names a key, never a value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made or entered.
    #[error("cannot open the store in {path}")]
    Open {
        /// The folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// An object or a list could not be read.
    #[error("cannot read {key}")]
    Read {
        /// Which object.
        key: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// An object could not be written, copied or removed.
    #[error("cannot write {key}")]
    Write {
        /// Which object.
        key: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The bucket refused or was not reached.
    #[cfg(feature = "s3")]
    #[error("the object store failed")]
    Bucket(#[from] object_store::Error),
    /// The settings of the bucket are incomplete.
    #[cfg(feature = "s3")]
    #[error("the settings of the bucket do not fit")]
    Settings(#[source] object_store::Error),
}

/// The body of an object, piece by piece.
pub(crate) type Content = BoxStream<'static, Result<Bytes, StoreError>>;

/// One level of the key space below a prefix.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// The last parts of the keys of objects, in byte order.
    pub(crate) objects: Vec<String>,
    /// The next parts of longer keys, in byte order.
    pub(crate) folders: Vec<String>,
}

/// A folder, memory or a bucket. Cheap to clone; clones are the same store.
#[derive(Clone, Debug)]
pub struct Store(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Files(Arc<Files>),
    Memory(Arc<Memory>),
    #[cfg(feature = "s3")]
    Objects(Arc<Objects>),
}

impl Store {
    /// A folder, made if it is not there; readable by its owner only. Several processes may open the same one.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the folder cannot be made or entered.
    pub fn files(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        Ok(Self(Kind::Files(Arc::new(Files::open(folder.as_ref())?))))
    }

    /// A store that is gone with its last clone.
    pub fn memory() -> Self {
        Self(Kind::Memory(Arc::new(Memory::default())))
    }

    /// A bucket of S3 or of something that speaks its protocol.
    ///
    /// # Errors
    /// [`StoreError::Settings`] if the settings do not name a bucket that could be asked.
    #[cfg(feature = "s3")]
    pub fn s3(bucket: Bucket) -> Result<Self, StoreError> {
        Ok(Self(Kind::Objects(Arc::new(Objects::open(bucket)?))))
    }

    /// A whole small object.
    pub(crate) async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        match &self.0 {
            Kind::Files(store) => store.read(key).await,
            Kind::Memory(store) => store.read(key).await,
            #[cfg(feature = "s3")]
            Kind::Objects(store) => store.read(key).await,
        }
    }

    /// The size of an object in bytes.
    pub(crate) async fn size(&self, key: &str) -> Result<Option<u64>, StoreError> {
        match &self.0 {
            Kind::Files(store) => store.size(key).await,
            Kind::Memory(store) => store.size(key).await,
            #[cfg(feature = "s3")]
            Kind::Objects(store) => store.size(key).await,
        }
    }

    /// A part of an object as a stream. The range must lie within it.
    pub(crate) async fn stream(&self, key: &str, range: Range<u64>) -> Result<Option<Content>, StoreError> {
        match &self.0 {
            Kind::Files(store) => store.stream(key, range).await,
            Kind::Memory(store) => store.stream(key, range).await,
            #[cfg(feature = "s3")]
            Kind::Objects(store) => store.stream(key, range).await,
        }
    }

    /// Puts a small object in place of whatever is there.
    pub(crate) async fn write(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        match &self.0 {
            Kind::Files(store) => store.write(key, bytes).await,
            Kind::Memory(store) => store.write(key, bytes).await,
            #[cfg(feature = "s3")]
            Kind::Objects(store) => store.write(key, bytes).await,
        }
    }

    /// Puts a small object where none is; `false` if one is there, which then stays.
    pub(crate) async fn create(&self, key: &str, bytes: Bytes) -> Result<bool, StoreError> {
        match &self.0 {
            Kind::Files(store) => store.create(key, bytes).await,
            Kind::Memory(store) => store.create(key, bytes).await,
            #[cfg(feature = "s3")]
            Kind::Objects(store) => store.create(key, bytes).await,
        }
    }

    /// Begins a large object. Nobody sees it before [`Writer::finish`], and nobody ever if the writer is dropped.
    pub(crate) async fn writer(&self, key: &str) -> Result<Writer, StoreError> {
        Ok(match &self.0 {
            Kind::Files(store) => Writer::File(store.writer(key).await?),
            Kind::Memory(store) => Writer::Memory(Memory::writer(store, key)),
            #[cfg(feature = "s3")]
            Kind::Objects(store) => Writer::Object(store.writer(key).await?),
        })
    }

    /// Makes a second object of the same content; `false` if there is nothing to copy.
    pub(crate) async fn copy(&self, from: &str, to: &str) -> Result<bool, StoreError> {
        match &self.0 {
            Kind::Files(store) => store.copy(from, to).await,
            Kind::Memory(store) => store.copy(from, to).await,
            #[cfg(feature = "s3")]
            Kind::Objects(store) => store.copy(from, to).await,
        }
    }

    /// Removes an object; `false` if there is none.
    pub(crate) async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        match &self.0 {
            Kind::Files(store) => store.delete(key).await,
            Kind::Memory(store) => store.delete(key).await,
            #[cfg(feature = "s3")]
            Kind::Objects(store) => store.delete(key).await,
        }
    }

    /// Removes a small object if it still has this content; `false` if it has another by now, or is gone.
    pub(crate) async fn delete_if(&self, key: &str, content: &Bytes) -> Result<bool, StoreError> {
        match &self.0 {
            Kind::Files(store) => store.delete_if(key, content).await,
            Kind::Memory(store) => store.delete_if(key, content).await,
            #[cfg(feature = "s3")]
            Kind::Objects(store) => store.delete_if(key, content).await,
        }
    }

    /// Removes everything below a prefix.
    pub(crate) async fn delete_all(&self, prefix: &str) -> Result<(), StoreError> {
        match &self.0 {
            Kind::Files(store) => store.delete_all(prefix).await,
            Kind::Memory(store) => store.delete_all(prefix).await,
            #[cfg(feature = "s3")]
            Kind::Objects(store) => store.delete_all(prefix).await,
        }
    }

    /// What lies directly below a prefix.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Listing, StoreError> {
        match &self.0 {
            Kind::Files(store) => store.list(prefix).await,
            Kind::Memory(store) => store.list(prefix).await,
            #[cfg(feature = "s3")]
            Kind::Objects(store) => store.list(prefix).await,
        }
    }
}

/// An object in the making.
pub(crate) enum Writer {
    File(FileWriter),
    Memory(MemoryWriter),
    #[cfg(feature = "s3")]
    Object(ObjectWriter),
}

impl Writer {
    /// Appends; waits while the disk or the network is busy.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        match self {
            Self::File(writer) => writer.write(bytes).await,
            Self::Memory(writer) => {
                writer.write(&bytes);
                Ok(())
            }
            #[cfg(feature = "s3")]
            Self::Object(writer) => writer.write(bytes).await,
        }
    }

    /// Makes the object visible, in place of whatever is there. When this returns it is on disk.
    pub(crate) async fn finish(self) -> Result<(), StoreError> {
        match self {
            Self::File(writer) => writer.finish().await,
            Self::Memory(writer) => {
                writer.finish();
                Ok(())
            }
            #[cfg(feature = "s3")]
            Self::Object(writer) => writer.finish().await,
        }
    }
}

#[cfg(test)]
mod tests;
