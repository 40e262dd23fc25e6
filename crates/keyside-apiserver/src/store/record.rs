//! What is on disk: one sealed record per change, and a sealed summary that says which records there must be.

use super::key::Key;
use super::seal::{Broken, Seal};
use super::state::Change;
use bytes::Bytes;

/// The role of the summary; records have their revision as role.
const SUMMARY: &[u8] = b"keyside store summary 1";

/// The role of a change's record.
fn role(revision: u64) -> [u8; 28] {
    let mut out = *b"keyside store record\0\0\0\0\0\0\0\0";
    out[20..].copy_from_slice(&revision.to_be_bytes());
    out
}

/// Seals a change. Its key is inside, so that not even names are in clear.
pub(super) fn seal(seal: &Seal, change: &Change) -> Result<Vec<u8>, Broken> {
    let (collection, path) = (change.key.collection.as_bytes(), change.key.path.as_bytes());
    let mut plain = Vec::with_capacity(collection.len() + path.len() + change.value.len() + 64);
    plain.push(u8::from(change.deleted));
    for text in [collection, path] {
        plain.extend_from_slice(&u32::try_from(text.len()).map_err(|_| Broken)?.to_be_bytes());
        plain.extend_from_slice(text);
    }
    plain.extend_from_slice(&change.value);
    seal.seal(&role(change.revision), plain)
}

/// Opens the record of a revision.
pub(super) fn open(seal: &Seal, revision: u64, sealed: &[u8]) -> Result<Change, Broken> {
    let plain = seal.open(&role(revision), sealed)?;
    let (deleted, rest) = plain.split_first().ok_or(Broken)?;
    let (collection, rest) = text(rest)?;
    let (path, value) = text(rest)?;
    Ok(Change {
        revision,
        key: Key {
            collection: collection.into(),
            path: path.into(),
        },
        deleted: *deleted == 1,
        value: Bytes::copy_from_slice(value),
    })
}

fn text(bytes: &[u8]) -> Result<(&str, &[u8]), Broken> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(Broken)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Broken)?;
    let (text, rest) = rest.split_at_checked(length).ok_or(Broken)?;
    Ok((std::str::from_utf8(text).map_err(|_| Broken)?, rest))
}

/// Which records there are. A file from which records have vanished does not add up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// The newest forgotten change.
    pub(super) compacted: u64,
    /// The newest change.
    pub(super) newest: u64,
    count: u64,
    sum: u64,
}

impl Summary {
    /// A record more.
    pub(super) fn add(&mut self, revision: u64) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(revision);
    }

    /// A record less.
    pub(super) fn remove(&mut self, revision: u64) {
        self.count = self.count.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(revision);
    }

    /// Whether the same records are meant.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        (self.count, self.sum) == (other.count, other.sum)
    }

    pub(super) fn seal(&self, seal: &Seal) -> Result<Vec<u8>, Broken> {
        let numbers = [self.compacted, self.newest, self.count, self.sum];
        seal.seal(
            SUMMARY,
            numbers.iter().flat_map(|number| number.to_be_bytes()).collect(),
        )
    }

    pub(super) fn open(seal: &Seal, sealed: &[u8]) -> Result<Self, Broken> {
        let plain = seal.open(SUMMARY, sealed)?;
        let (numbers, []) = plain.as_chunks::<8>() else {
            return Err(Broken);
        };
        let [compacted, newest, count, sum] = numbers else {
            return Err(Broken);
        };
        let [compacted, newest, count, sum] =
            [compacted, newest, count, sum].map(|bytes| u64::from_be_bytes(*bytes));
        Ok(Self {
            compacted,
            newest,
            count,
            sum,
        })
    }
}
