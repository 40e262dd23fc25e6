//! Objects in memory.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;

use super::{Content, Listing, StoreError};

type Objects = BTreeMap<String, Bytes>;

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Objects>);

impl Memory {
    /// Runs with the objects at hand. No step below can leave them half changed, so a poisoned lock is still good.
    fn with<T>(&self, step: impl FnOnce(&mut Objects) -> T) -> T {
        step(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.with(|objects| objects.get(key).cloned()))
    }

    pub(super) async fn size(&self, key: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.with(|objects| objects.get(key).map(|bytes| bytes.len() as u64)))
    }

    pub(super) async fn stream(&self, key: &str, range: Range<u64>) -> Result<Option<Content>, StoreError> {
        let index = |place: u64, bytes: &Bytes| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
        Ok(self.read(key).await?.map(|bytes| {
            let start = index(range.start, &bytes);
            let end = index(range.end, &bytes).max(start);
            futures::stream::iter([Ok(bytes.slice(start..end))]).boxed()
        }))
    }

    pub(super) async fn write(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.with(|objects| objects.insert(key.to_owned(), bytes));
        Ok(())
    }

    pub(super) async fn create(&self, key: &str, bytes: Bytes) -> Result<bool, StoreError> {
        Ok(self.with(|objects| {
            let free = !objects.contains_key(key);
            if free {
                objects.insert(key.to_owned(), bytes);
            }
            free
        }))
    }

    pub(super) fn writer(store: &Arc<Self>, key: &str) -> MemoryWriter {
        MemoryWriter {
            store: Arc::clone(store),
            key: key.to_owned(),
            content: BytesMut::new(),
        }
    }

    pub(super) async fn copy(&self, from: &str, to: &str) -> Result<bool, StoreError> {
        Ok(self.with(|objects| {
            let content = objects.get(from).cloned();
            content
                .map(|bytes| objects.insert(to.to_owned(), bytes))
                .is_some()
        }))
    }

    pub(super) async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        Ok(self.with(|objects| objects.remove(key).is_some()))
    }

    pub(super) async fn delete_if(&self, key: &str, content: &Bytes) -> Result<bool, StoreError> {
        Ok(self.with(|objects| objects.get(key) == Some(content) && objects.remove(key).is_some()))
    }

    pub(super) async fn delete_all(&self, prefix: &str) -> Result<(), StoreError> {
        let below = format!("{prefix}/");
        self.with(|objects| objects.retain(|key, _| !key.starts_with(&below)));
        Ok(())
    }

    pub(super) async fn list(&self, prefix: &str) -> Result<Listing, StoreError> {
        let below = format!("{prefix}/");
        let mut listing = Listing::default();
        self.with(|objects| {
            let from = objects.range::<str, _>((Bound::Excluded(below.as_str()), Bound::Unbounded));
            for rest in from.map_while(|(key, _)| key.strip_prefix(&below)) {
                match rest.split_once('/') {
                    None => listing.objects.push(rest.to_owned()),
                    Some((folder, _)) => listing.folders.push(folder.to_owned()),
                }
            }
        });
        // Keys are in order, but `a-b/…` stands before `a/…`: the folders' names alone are sorted otherwise.
        listing.folders.sort();
        listing.folders.dedup();
        Ok(listing)
    }
}

pub(crate) struct MemoryWriter {
    store: Arc<Memory>,
    key: String,
    content: BytesMut,
}

impl MemoryWriter {
    pub(super) fn write(&mut self, bytes: &Bytes) {
        self.content.extend_from_slice(bytes);
    }

    pub(super) fn finish(self) {
        self.store
            .with(|objects| objects.insert(self.key, self.content.freeze()));
    }
}
