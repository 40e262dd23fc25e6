//! A memory of the newest acknowledged revision beside the store.
//!
//! After an unclean end, the database takes its last commit back if that commit's checksums do not fit: then it was
//! torn by the crash and nobody was told of it. If the commit was whole and a bit rotted later, the same step would
//! take back acknowledged writes, silently. The witness tells the two apart. It is written after the commit and not
//! synced, so it can only be behind what is durable, never ahead.

use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Revision and checksum.
const LEN: usize = 16;

/// The file.
pub(super) struct Witness(File);

impl Witness {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map(Self)
    }

    /// The newest revision it knows; nothing if it knows none, or was torn itself.
    pub(super) fn newest(&self) -> Option<u64> {
        let mut bytes = [0; LEN];
        self.0.read_exact_at(&mut bytes, 0).ok()?;
        let (revision, sum) = bytes.split_first_chunk::<8>()?;
        let revision = u64::from_be_bytes(*revision);
        (checksum(revision) == sum).then_some(revision)
    }

    pub(super) fn remember(&self, revision: u64) -> io::Result<()> {
        let mut bytes = [0; LEN];
        bytes[..8].copy_from_slice(&revision.to_be_bytes());
        bytes[8..].copy_from_slice(&checksum(revision));
        self.0.write_all_at(&bytes, 0)
    }
}

fn checksum(revision: u64) -> [u8; 8] {
    let hash = Sha256::digest(revision.to_be_bytes());
    *hash.first_chunk::<8>().expect("a SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_witness_knows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.newest");
        let witness = Witness::open(&path).unwrap();
        assert_eq!(witness.newest(), None);
        witness.remember(7).unwrap();
        assert_eq!(Witness::open(&path).unwrap().newest(), Some(7));
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[7] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(witness.newest(), None);
    }
}
