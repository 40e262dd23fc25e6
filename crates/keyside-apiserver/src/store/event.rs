//! One stored object, and one change of it as watchers see it.

use bytes::Bytes;
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A stored object: JSON with its own `metadata.resourceVersion` inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The revision that wrote it.
    pub revision: u64,
    /// The JSON.
    pub value: Bytes,
}

impl Entry {
    /// The object. What the store holds was JSON when it went in, so this fails only if memory lies.
    #[must_use]
    pub fn object(&self) -> Value {
        serde_json::from_slice(&self.value).unwrap_or(Value::Null)
    }
}

/// Labels and selectable fields of an object: all a selector looks at.
#[derive(Debug, Default)]
pub struct Facts {
    /// `metadata.labels`.
    pub labels: Option<Map<String, Value>>,
    /// Selectable fields.
    pub fields: Vec<(String, String)>,
}

/// One change. Shared by all watchers, and so is everything derived from it.
#[derive(Debug)]
pub struct Event {
    /// The change's revision.
    pub revision: u64,
    /// See [`super::Key`].
    pub path: Arc<str>,
    /// Whether the object is gone.
    pub deleted: bool,
    /// The object after the change; for a deletion its last state, with the deletion's revision.
    pub value: Bytes,
    /// The object before the change; `None` for a new one.
    pub previous: Option<Entry>,
    /// When it became visible; history is kept by age.
    pub(super) at: Instant,
    facts: Mutex<Vec<(u64, bool, Arc<Facts>)>>,
    frames: Mutex<Vec<(u64, Bytes)>>,
}

impl Event {
    pub(super) fn new(
        revision: u64,
        path: Arc<str>,
        deleted: bool,
        value: Bytes,
        previous: Option<Entry>,
    ) -> Self {
        Self {
            revision,
            path,
            deleted,
            value,
            previous,
            at: Instant::now(),
            facts: Mutex::new(Vec::new()),
            frames: Mutex::new(Vec::new()),
        }
    }

    /// Bytes this event keeps alive that the current state does not.
    pub(super) fn weight(&self) -> usize {
        self.previous.as_ref().map_or(0, |previous| previous.value.len())
            + usize::from(self.deleted) * self.value.len()
    }

    /// What selectors see of the object after (or, with `before`, before) the change; computed by the first who asks.
    /// `reader` tells apart those who read fields differently. Nothing if there was no object.
    pub fn facts(&self, reader: u64, before: bool, read: impl FnOnce(&Bytes) -> Facts) -> Option<Arc<Facts>> {
        let value = if before {
            &self.previous.as_ref()?.value
        } else {
            &self.value
        };
        let mut known = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, facts)) = known
            .iter()
            .find(|(by, when, _)| (*by, *when) == (reader, before))
        {
            return Some(Arc::clone(facts));
        }
        let facts = Arc::new(read(value));
        known.push((reader, before, Arc::clone(&facts)));
        Some(facts)
    }

    /// Lets go of everything derived; whoever is so late makes it again.
    pub(super) fn shed(&self) {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.frames.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The bytes of this event in one encoding, made once for all watchers that want the same. `encoding` tells the
    /// encodings apart.
    pub fn frame(&self, encoding: u64, encode: impl FnOnce() -> Bytes) -> Bytes {
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, frame)) = frames.iter().find(|(known, _)| *known == encoding) {
            return frame.clone();
        }
        let frame = encode();
        frames.push((encoding, frame.clone()));
        frame
    }
}
