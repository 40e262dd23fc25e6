//! Entries in the order of the document, found by key without a search: a Secret may hold a hundred thousand of them.

use std::collections::HashMap;

use super::Entry;

#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    list: Vec<Entry>,
    /// Where the entry of a key stands in the list.
    places: HashMap<String, usize>,
}

impl Entries {
    pub(super) fn as_slice(&self) -> &[Entry] {
        &self.list
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.places.get(key).map(|&place| &self.list[place])
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.places.get(key).map(|&place| &mut self.list[place])
    }

    /// Adds an entry at the end, or puts it in the place of the one with the same key and returns that.
    pub(super) fn put(&mut self, entry: Entry) -> Option<Entry> {
        if let Some(known) = self.get_mut(&entry.key) {
            return Some(std::mem::replace(known, entry));
        }
        self.places.insert(entry.key.clone(), self.list.len());
        self.list.push(entry);
        None
    }

    pub(super) fn remove(&mut self, key: &str) -> bool {
        let Some(removed) = self.places.remove(key) else {
            return false;
        };
        self.list.remove(removed);
        for place in self.places.values_mut().filter(|place| **place > removed) {
            *place -= 1;
        }
        true
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.places.clear();
    }
}
