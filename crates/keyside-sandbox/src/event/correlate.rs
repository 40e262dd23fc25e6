//! Merging events as client-go does (`tools/record/events_cache.go`), so that a pod that fails for hours does not fill the store.
//!
//! 1. Ten events within ten minutes that differ only in their message become one, with "(combined from similar events)".
//! 2. An event seen before is counted, not written again.
//! 3. One object gets 25 events at once, then one per five minutes.

use super::Signature;
use crate::token_bucket::TokenBucket;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SIMILAR: usize = 10;
const SIMILAR_WITHIN: Duration = Duration::from_secs(600);
const BURST: u32 = 25;
const REFILL: Duration = Duration::from_secs(300);
/// Entries that each memory keeps before it drops the older half.
const CAPACITY: usize = 4096;

/// Something that happened.
#[derive(Debug, Clone)]
pub(super) struct Occurrence {
    pub(super) about: ObjectReference,
    pub(super) signature: Arc<Signature>,
    pub(super) is_warning: bool,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) at: Timestamp,
}

/// What is to be written: a new event if `count` is 1, else the count of the one with this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) name: String,
    pub(super) message: String,
    pub(super) count: i32,
    pub(super) first: Timestamp,
}

/// Names an event among those that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    source: Source,
    reason: String,
    /// Nothing for events that were combined.
    exact: Option<(Option<String>, String)>,
}

/// An object, who speaks about it, and whether it is a warning.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Source {
    signature: Arc<Signature>,
    kind: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    uid: Option<String>,
    is_warning: bool,
}

#[derive(Debug, Default)]
pub(super) struct Correlator {
    similar: Memory<(Source, String), Similar>,
    written: Memory<Key, Written>,
    buckets: Memory<Source, Bucket>,
    names: Memory<String, ()>,
}

#[derive(Debug, Default)]
struct Similar {
    messages: HashSet<String>,
    last: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Written {
    name: String,
    count: i32,
    first: Timestamp,
}

#[derive(Debug)]
struct Bucket(TokenBucket);

impl Default for Bucket {
    fn default() -> Self {
        Self(TokenBucket::new(BURST, REFILL))
    }
}

impl Correlator {
    /// What to write about an occurrence, if anything.
    pub(super) fn correlate(&mut self, occurrence: &Occurrence, now: Instant) -> Option<(Key, Write)> {
        let source = source(occurrence);
        let combined = self.is_one_of_many(&source, occurrence, now);
        let exact = (!combined).then(|| (occurrence.about.field_path.clone(), occurrence.message.clone()));
        let key = Key {
            source: source.clone(),
            reason: occurrence.reason.clone(),
            exact,
        };
        let name = self.name(occurrence);
        let fresh = || Written {
            name,
            count: 0,
            first: occurrence.at,
        };
        let written = self.written.get_or(&key, fresh);
        written.count += 1;
        let message = if combined {
            format!("(combined from similar events): {}", occurrence.message)
        } else {
            occurrence.message.clone()
        };
        let write = Write {
            name: written.name.clone(),
            message,
            count: written.count,
            first: written.first,
        };
        let allowed = self.buckets.get_or(&source, Bucket::default).0.try_take(now);
        allowed.then_some((key, write))
    }

    /// The write did not succeed: the next occurrence is a first one again.
    pub(super) fn forget(&mut self, key: &Key) {
        self.written.entries.remove(key);
    }

    fn is_one_of_many(&mut self, source: &Source, occurrence: &Occurrence, now: Instant) -> bool {
        let similar = self
            .similar
            .get_or(&(source.clone(), occurrence.reason.clone()), Similar::default);
        if similar
            .last
            .is_some_and(|last| now.saturating_duration_since(last) > SIMILAR_WITHIN)
        {
            similar.messages.clear();
        }
        similar.last = Some(now);
        similar.messages.insert(occurrence.message.clone());
        if similar.messages.len() < SIMILAR {
            return false;
        }
        // The set never grows beyond the limit; which message leaves does not matter.
        let leaving = similar
            .messages
            .iter()
            .find(|message| **message != occurrence.message)
            .cloned();
        leaving.map(|message| similar.messages.remove(&message));
        true
    }

    /// Object name, dot, nanoseconds in hexadecimal. Two events of one instant get different names.
    fn name(&mut self, occurrence: &Occurrence) -> String {
        let object = occurrence.about.name.as_deref().unwrap_or_default();
        let mut nanos = occurrence.at.as_nanosecond();
        loop {
            let name = format!("{object}.{nanos:x}");
            if !self.names.entries.contains_key(&name) {
                self.names.get_or(&name, || ());
                return name;
            }
            nanos += 1;
        }
    }
}

fn source(occurrence: &Occurrence) -> Source {
    let about = &occurrence.about;
    Source {
        signature: Arc::clone(&occurrence.signature),
        kind: about.kind.clone(),
        namespace: about.namespace.clone(),
        name: about.name.clone(),
        uid: about.uid.clone(),
        is_warning: occurrence.is_warning,
    }
}

/// A map that drops what was least recently used.
#[derive(Debug)]
struct Memory<K, V> {
    entries: HashMap<K, (u64, V)>,
    tick: u64,
}

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            tick: 0,
        }
    }
}

impl<K: Clone + Eq + Hash, V> Memory<K, V> {
    fn get_or(&mut self, key: &K, fresh: impl FnOnce() -> V) -> &mut V {
        self.tick += 1;
        let tick = self.tick;
        if self.entries.len() >= CAPACITY && !self.entries.contains_key(key) {
            let mut ticks: Vec<u64> = self.entries.values().map(|(used, _)| *used).collect();
            ticks.sort_unstable();
            let half = ticks[ticks.len() / 2];
            self.entries.retain(|_, (used, _)| *used > half);
        }
        let entry = self.entries.entry(key.clone()).or_insert_with(|| (tick, fresh()));
        entry.0 = tick;
        &mut entry.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurrence(reason: &str, message: &str) -> Occurrence {
        let about = ObjectReference {
            name: Some("pod".into()),
            uid: Some("uid".into()),
            ..ObjectReference::default()
        };
        let signature = Signature::Source {
            component: "kubelet",
            host: "node".into(),
        };
        Occurrence {
            about,
            signature: Arc::new(signature),
            is_warning: false,
            reason: reason.into(),
            message: message.into(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn write(correlator: &mut Correlator, message: &str, now: Instant) -> Option<(String, i32)> {
        let (_, write) = correlator.correlate(&occurrence("BackOff", message), now)?;
        Some((write.message, write.count))
    }

    #[test]
    fn equal_events_are_counted() {
        let mut correlator = Correlator::default();
        let now = Instant::now();
        let (_, first) = correlator.correlate(&occurrence("BackOff", "x"), now).unwrap();
        let (key, second) = correlator.correlate(&occurrence("BackOff", "x"), now).unwrap();
        assert_eq!((first.count, second.count), (1, 2));
        assert_eq!(first.name, second.name);
        correlator.forget(&key);
        let (_, third) = correlator.correlate(&occurrence("BackOff", "x"), now).unwrap();
        assert_eq!(third.count, 1, "a failed write starts again");
        assert_ne!(third.name, second.name);
    }

    #[test]
    fn the_tenth_similar_event_within_ten_minutes_is_combined() {
        let mut correlator = Correlator::default();
        let now = Instant::now();
        for number in 0..9 {
            assert_eq!(
                write(&mut correlator, &number.to_string(), now),
                Some((number.to_string(), 1))
            );
        }
        assert_eq!(
            write(&mut correlator, "9", now),
            Some(("(combined from similar events): 9".into(), 1))
        );
        assert_eq!(
            write(&mut correlator, "10", now),
            Some(("(combined from similar events): 10".into(), 2))
        );
        let later = now + SIMILAR_WITHIN + Duration::from_secs(1);
        assert_eq!(write(&mut correlator, "11", later), Some(("11".into(), 1)));
    }

    #[test]
    fn an_object_gets_25_events_and_then_one_per_five_minutes() {
        let mut correlator = Correlator::default();
        let now = Instant::now();
        let written = (0..40)
            .filter(|_| write(&mut correlator, "x", now).is_some())
            .count();
        assert_eq!(written, 25);
        assert_eq!(
            write(&mut correlator, "x", now + REFILL),
            Some(("x".into(), 41)),
            "what was not written is still counted"
        );
        assert_eq!(write(&mut correlator, "x", now + REFILL), None);
    }

    #[test]
    fn events_of_one_instant_have_different_names() {
        let mut correlator = Correlator::default();
        let now = Instant::now();
        let (_, first) = correlator.correlate(&occurrence("Pulling", "x"), now).unwrap();
        let (_, second) = correlator.correlate(&occurrence("Pulled", "x"), now).unwrap();
        assert_ne!(first.name, second.name);
    }

    #[test]
    fn memory_stays_bounded() {
        let mut memory: Memory<u32, u32> = Memory::default();
        for number in 0..20_000 {
            memory.get_or(&number, || number);
        }
        assert!(memory.entries.len() <= CAPACITY);
        assert_eq!(*memory.get_or(&19_999, || 0), 19_999);
    }
}
