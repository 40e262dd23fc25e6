//! A directory of content, named by its digests.
//!
//! ```text
//! DIR/sha256/2cf24d…      complete: its digest was computed while it was written, and it is on the disk
//! DIR/partial/sha256-2cf… the beginning of something, to be continued
//! ```
//!
//! A file gets its final name only after its content was checked and flushed, so whatever has one can be used without reading it
//! again, even after a crash.

mod writer;

pub(crate) use writer::{Finished, Writer};

use crate::digest::Digest;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

const PARTIAL: &str = "partial";

/// A directory of blobs. One process at a time writes to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobDir {
    root: PathBuf,
}

impl BlobDir {
    /// Opens the directory and creates what is missing of it, readable by its owner only.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        for part in [PARTIAL, "sha256", "sha384", "sha512"] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(root.join(part))?;
        }
        Ok(Self { root })
    }

    /// Where a blob lies if it is present.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.root.join(digest.algorithm()).join(digest.hex())
    }

    /// The size of a blob that is present.
    pub fn size(&self, digest: &Digest) -> Option<u64> {
        let found = fs::symlink_metadata(self.path(digest)).ok()?;
        found.is_file().then_some(found.len())
    }

    /// Removes a blob and what there is of its beginning. Removing what is not there is no error.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn remove(&self, digest: &Digest) -> io::Result<()> {
        for path in [self.path(digest), self.partial(digest)] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads a small blob that is present; none if it is absent or larger than the limit.
    pub(crate) fn read(&self, digest: &Digest, limit: u64) -> Option<Vec<u8>> {
        self.size(digest).filter(|size| *size <= limit)?;
        let mut content = Vec::new();
        File::open(self.path(digest))
            .ok()?
            .take(limit)
            .read_to_end(&mut content)
            .ok()?;
        Some(content)
    }

    /// Stores bytes whose digest has been checked.
    pub(crate) fn put(&self, digest: &Digest, content: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(self.root.join(PARTIAL))?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(self.path(digest)).map_err(|error| error.error)?;
        self.flush_names(digest)
    }

    fn partial(&self, digest: &Digest) -> PathBuf {
        let name = format!("{}-{}", digest.algorithm(), digest.hex());
        self.root.join(PARTIAL).join(name)
    }

    fn commit(&self, partial: &Path, digest: &Digest) -> io::Result<()> {
        fs::rename(partial, self.path(digest))?;
        self.flush_names(digest)
    }

    /// A rename is only safe once its directory is on the disk.
    fn flush_names(&self, digest: &Digest) -> io::Result<()> {
        File::open(self.root.join(digest.algorithm()))?.sync_all()
    }
}

#[cfg(test)]
mod tests;
