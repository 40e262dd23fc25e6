//! The current objects and the recent changes, in memory. Only the writer thread changes them, and only after the
//! changes are on disk; everyone else reads.

use super::event::{Entry, Event};
use super::key::{Key, Range};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How many of a collection's newest changes keep what was derived from them for watchers.
const FRESH: usize = 64;

/// How much history is kept for watches that resume and lists that go on. Whatever is exceeded first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Number of changes.
    pub events: usize,
    /// Bytes of objects that only history keeps alive.
    pub bytes: usize,
    /// Age; Kubernetes compacts every five minutes.
    pub age: Duration,
}

impl Default for History {
    fn default() -> Self {
        Self {
            events: 100_000,
            bytes: 64 << 20,
            age: Duration::from_secs(300),
        }
    }
}

/// The revision asked for is no longer, or not yet, known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("revision {wanted} is not available (oldest {oldest}, newest {newest})")]
pub struct Unavailable {
    /// What was asked for.
    pub wanted: u64,
    /// The oldest revision that could be asked for.
    pub oldest: u64,
    /// The newest.
    pub newest: u64,
}

/// One change as the writer has decided it.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) revision: u64,
    pub(super) key: Key,
    pub(super) deleted: bool,
    pub(super) value: Bytes,
}

/// Part of a list, all of one moment.
#[derive(Debug)]
pub struct Page {
    /// The moment.
    pub revision: u64,
    /// Paths and objects in order.
    pub entries: Vec<(Arc<str>, Entry)>,
    /// Whether there is more after the last one.
    pub more: bool,
}

/// Objects and changes of one resource.
struct Collection {
    objects: BTreeMap<Arc<str>, Entry>,
    events: VecDeque<Arc<Event>>,
    /// The newest change that is no longer in `events`.
    forgotten: u64,
    head: watch::Sender<u64>,
}

impl Collection {
    fn new(forgotten: u64) -> Self {
        Self {
            objects: BTreeMap::new(),
            events: VecDeque::new(),
            forgotten,
            head: watch::Sender::new(0),
        }
    }

    fn events_after(&self, revision: u64) -> impl DoubleEndedIterator<Item = &Arc<Event>> {
        let from = self.events.partition_point(|event| event.revision <= revision);
        self.events.range(from..)
    }
}

/// Everything.
pub(super) struct State {
    revision: u64,
    /// The newest change that was forgotten at start or since, in any collection.
    compacted: u64,
    /// What was forgotten when this process started: collections without changes since know no better.
    loaded_from: u64,
    collections: HashMap<Arc<str>, Collection>,
    /// Changes of all collections in order, for forgetting the oldest first.
    order: VecDeque<(Arc<str>, Arc<Event>)>,
    weight: usize,
    keep: History,
    writable: bool,
}

impl State {
    pub(super) fn new(keep: History) -> Self {
        Self {
            revision: 0,
            compacted: 0,
            loaded_from: 0,
            collections: HashMap::new(),
            order: VecDeque::new(),
            weight: 0,
            keep,
            writable: true,
        }
    }

    /// The newest visible revision.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether writes are still accepted.
    pub(super) fn is_writable(&self) -> bool {
        self.writable
    }

    /// States that the disk has failed.
    pub(super) fn break_writes(&mut self) {
        self.writable = false;
    }

    /// The newest forgotten change.
    pub(super) fn compacted(&self) -> u64 {
        self.compacted
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Entry> {
        self.collections.get(&key.collection)?.objects.get(&key.path)
    }

    /// Names of the collections that hold something.
    pub(super) fn collections(&self) -> Vec<Arc<str>> {
        let filled = self
            .collections
            .iter()
            .filter(|(_, collection)| !collection.objects.is_empty());
        filled.map(|(name, _)| Arc::clone(name)).collect()
    }

    pub(super) fn count(&self, range: &Range, after: &str) -> usize {
        let Some(collection) = self.collections.get(&range.collection) else {
            return 0;
        };
        within(&collection.objects, range, after).count()
    }

    /// Up to `limit` objects after the path `after` (empty: from the start), as they were at revision `at`, or are now.
    pub(super) fn page(
        &self,
        range: &Range,
        after: &str,
        limit: usize,
        at: Option<u64>,
    ) -> Result<Page, Unavailable> {
        let revision = at.unwrap_or(self.revision);
        if revision > self.revision || revision < self.expired() {
            return Err(self.unavailable(revision));
        }
        let Some(collection) = self.collections.get(&range.collection) else {
            return Ok(Page {
                revision,
                entries: Vec::new(),
                more: false,
            });
        };
        let undone = undo(collection, range, after, revision);
        let wanted = limit.saturating_add(undone.len()).saturating_add(1);
        let mut current = within(&collection.objects, range, after);
        let mut found: BTreeMap<Arc<str>, Entry> = current
            .by_ref()
            .take(wanted)
            .map(|(path, entry)| (Arc::clone(path), entry.clone()))
            .collect();
        let end = current
            .next()
            .and_then(|_| found.last_key_value().map(|(path, _)| Arc::clone(path)));
        for (path, entry) in undone {
            match entry {
                Some(entry) if end.as_ref().is_none_or(|end| path <= *end) => {
                    found.insert(path, entry);
                }
                Some(_) => {}
                None => {
                    found.remove(&path);
                }
            }
        }
        let more = found.len() > limit;
        Ok(Page {
            revision,
            entries: found.into_iter().take(limit).collect(),
            more,
        })
    }

    /// A receiver that is woken by changes of this collection.
    pub(super) fn subscribe(&mut self, collection: &Arc<str>) -> watch::Receiver<u64> {
        self.collection(collection).head.subscribe()
    }

    fn collection(&mut self, name: &Arc<str>) -> &mut Collection {
        let forgotten = self.loaded_from;
        self.collections
            .entry(Arc::clone(name))
            .or_insert_with(|| Collection::new(forgotten))
    }

    /// Up to `limit` changes after `revision`, and the revision up to which nothing else has happened.
    pub(super) fn changes(
        &self,
        range: &Range,
        revision: u64,
        limit: usize,
    ) -> Result<(Vec<Arc<Event>>, u64), Unavailable> {
        let Some(collection) = self.collections.get(&range.collection) else {
            return Ok((Vec::new(), self.revision));
        };
        if revision < collection.forgotten || revision > self.revision {
            let oldest = collection.forgotten;
            return Err(Unavailable {
                wanted: revision,
                oldest,
                newest: self.revision,
            });
        }
        let mut found = Vec::new();
        for event in collection.events_after(revision) {
            if found.len() == limit {
                let reached = found.last().map_or(revision, |last: &Arc<Event>| last.revision);
                return Ok((found, reached));
            }
            if event.path.starts_with(&range.prefix) {
                found.push(Arc::clone(event));
            }
        }
        Ok((found, self.revision))
    }

    /// The oldest revision a list may ask for: history that has outlived its age counts as forgotten even if no
    /// write has come to remove it.
    fn expired(&self) -> u64 {
        let Some(limit) = Instant::now().checked_sub(self.keep.age) else {
            return self.compacted;
        };
        let old = self.order.partition_point(|(_, event)| event.at < limit);
        old.checked_sub(1)
            .and_then(|last| self.order.get(last))
            .map_or(self.compacted, |(_, event)| event.revision)
    }

    fn unavailable(&self, wanted: u64) -> Unavailable {
        Unavailable {
            wanted,
            oldest: self.expired(),
            newest: self.revision,
        }
    }

    /// Makes a change visible.
    pub(super) fn apply(&mut self, change: Change) {
        let Change {
            revision,
            key,
            deleted,
            value,
        } = change;
        let collection = self.collection(&key.collection);
        let entry = Entry {
            revision,
            value: value.clone(),
        };
        let previous = if deleted {
            collection.objects.remove(&key.path)
        } else {
            collection.objects.insert(Arc::clone(&key.path), entry)
        };
        let event = Arc::new(Event::new(revision, key.path, deleted, value, previous));
        collection.events.push_back(Arc::clone(&event));
        if let Some(late) = collection.events.len().checked_sub(FRESH + 1) {
            collection.events[late].shed();
        }
        self.weight += event.weight();
        self.order.push_back((key.collection, event));
        self.revision = self.revision.max(revision);
    }

    /// Takes over an object of which no history is kept; returns revisions that are not needed.
    pub(super) fn load(&mut self, change: Change) -> Vec<u64> {
        let Change {
            revision,
            key,
            deleted,
            value,
        } = change;
        let collection = self.collection(&key.collection);
        let mut gone = Vec::new();
        let before = if deleted {
            gone.push(revision);
            collection.objects.remove(&key.path)
        } else {
            collection.objects.insert(key.path, Entry { revision, value })
        };
        gone.extend(before.map(|entry| entry.revision));
        self.revision = self.revision.max(revision);
        gone
    }

    /// States, before anything is loaded, that changes up to this revision are forgotten and that `newest` was the
    /// last one given out.
    pub(super) fn loading(&mut self, forgotten: u64, newest: u64) {
        self.compacted = forgotten;
        self.loaded_from = forgotten;
        self.revision = newest;
    }

    /// Forgets the oldest changes beyond what is to be kept; returns the revisions nobody can ask for any more.
    pub(super) fn forget(&mut self) -> Vec<u64> {
        let limit = Instant::now().checked_sub(self.keep.age);
        let mut gone = Vec::new();
        while let Some((name, event)) = self.order.front() {
            let old = limit.is_some_and(|limit| event.at < limit);
            if !old && self.order.len() <= self.keep.events && self.weight <= self.keep.bytes {
                break;
            }
            gone.extend(event.previous.as_ref().map(|previous| previous.revision));
            if event.deleted {
                gone.push(event.revision);
            }
            self.weight -= event.weight();
            self.compacted = event.revision;
            if let Some(collection) = self.collections.get_mut(name) {
                collection.forgotten = event.revision;
                collection.events.pop_front();
            }
            self.order.pop_front();
        }
        gone
    }

    /// Wakes the watchers of these collections.
    pub(super) fn wake<'a>(&self, names: impl Iterator<Item = &'a Arc<str>>) {
        for collection in names.filter_map(|name| self.collections.get(name)) {
            collection.head.send_replace(self.revision);
        }
    }
}

/// Objects of a range after a path.
fn within<'a>(
    objects: &'a BTreeMap<Arc<str>, Entry>,
    range: &'a Range,
    after: &str,
) -> impl Iterator<Item = (&'a Arc<str>, &'a Entry)> {
    let start = if after.is_empty() {
        Bound::Included(range.prefix.as_str())
    } else {
        Bound::Excluded(after)
    };
    let found = objects.range::<str, _>((start, Bound::Unbounded));
    found.take_while(|(path, _)| path.starts_with(&range.prefix))
}

/// What must be put back (or taken away) to see a range as it was at a revision.
fn undo(
    collection: &Collection,
    range: &Range,
    after: &str,
    revision: u64,
) -> BTreeMap<Arc<str>, Option<Entry>> {
    let later = collection.events_after(revision);
    let mine = later.filter(|event| event.path.starts_with(&range.prefix) && *event.path > *after);
    mine.rev()
        .map(|event| (Arc::clone(&event.path), event.previous.clone()))
        .collect()
}
