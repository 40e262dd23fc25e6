//! What a writer asks the store to do, and what it may hear back.

use super::event::Entry;
use super::key::Key;
use bytes::Bytes;
use serde_json::{Map, Value};

/// What must be true of a key when the transaction's turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// There is no object.
    Absent,
    /// The object is the one this revision wrote.
    At(u64),
}

/// One change.
#[derive(Debug, Clone)]
pub struct Write {
    /// Where.
    pub key: Key,
    /// When.
    pub expect: Expect,
    /// The new state, or the last state of an object that goes away.
    pub object: Template,
    /// Whether the object goes away.
    pub delete: bool,
}

/// Changes that happen together or not at all.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// Keys that are not written but must be as expected: the namespace of a new object.
    pub checks: Vec<(Key, Expect)>,
    /// What is written, in order; each write has a revision of its own.
    pub writes: Vec<Write>,
}

impl Transaction {
    /// A new object.
    #[must_use]
    pub fn create(key: Key, object: &Value) -> Self {
        Self::one(key, Expect::Absent, object, false)
    }

    /// A changed object.
    #[must_use]
    pub fn update(key: Key, revision: u64, object: &Value) -> Self {
        Self::one(key, Expect::At(revision), object, false)
    }

    /// An object that goes away; `last` is what watchers are shown.
    #[must_use]
    pub fn delete(key: Key, revision: u64, last: &Value) -> Self {
        Self::one(key, Expect::At(revision), last, true)
    }

    fn one(key: Key, expect: Expect, object: &Value, delete: bool) -> Self {
        let write = Write {
            key,
            expect,
            object: Template::new(object),
            delete,
        };
        Self {
            checks: Vec::new(),
            writes: vec![write],
        }
    }

    /// Adds a condition on another key.
    #[must_use]
    pub fn provided(mut self, key: Key, expect: Expect) -> Self {
        self.checks.push((key, expect));
        self
    }

    /// Adds the writes and conditions of another transaction.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.checks.extend(other.checks);
        self.writes.extend(other.writes);
        self
    }
}

/// Why a transaction did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// An expectation was not met.
    #[error("{key} is not as expected")]
    Conflict {
        /// Whose.
        key: Key,
        /// What is there instead.
        current: Option<Entry>,
    },
    /// The disk failed before; see the reason. Reads go on.
    #[error("the store is read-only: {0}; free space or replace the disk, then restart")]
    ReadOnly(String),
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

/// An object in JSON with a gap for the `resourceVersion`, which is known only when its turn comes.
#[derive(Debug, Clone)]
pub struct Template {
    bytes: Vec<u8>,
    gap: usize,
}

impl Template {
    /// Serializes the object. `apiVersion` and `kind` come first, so that a stored value can be recognized by its
    /// first bytes.
    #[must_use]
    pub fn new(object: &Value) -> Self {
        let nothing = Map::new();
        let fields = object.as_object().unwrap_or(&nothing);
        let metadata = fields
            .get("metadata")
            .and_then(Value::as_object)
            .unwrap_or(&nothing);
        let mut out = Self {
            bytes: Vec::with_capacity(1024),
            gap: 0,
        };
        out.bytes.push(b'{');
        for name in ["kind", "apiVersion"] {
            if let Some(value) = fields.get(name) {
                out.field(name, value);
            }
        }
        out.name("metadata");
        out.bytes.push(b'{');
        for (name, value) in metadata.iter().filter(|(name, _)| *name != "resourceVersion") {
            out.field(name, value);
        }
        out.name("resourceVersion");
        out.bytes.push(b'"');
        out.gap = out.bytes.len();
        out.bytes.extend_from_slice(b"\"}");
        for (name, value) in fields {
            if !matches!(name.as_str(), "kind" | "apiVersion" | "metadata") {
                out.field(name, value);
            }
        }
        out.bytes.push(b'}');
        out
    }

    fn name(&mut self, name: &str) {
        if self.bytes.last() != Some(&b'{') {
            self.bytes.push(b',');
        }
        serde_json::to_writer(&mut self.bytes, name).expect("writing text to memory cannot fail");
        self.bytes.push(b':');
    }

    fn field(&mut self, name: &str, value: &Value) {
        self.name(name);
        serde_json::to_writer(&mut self.bytes, value).expect("writing a JSON value to memory cannot fail");
    }

    /// The JSON with this revision in the gap.
    pub(super) fn fill(&self, revision: u64) -> Bytes {
        let digits = revision.to_string();
        let mut out = Vec::with_capacity(self.bytes.len() + digits.len());
        out.extend_from_slice(&self.bytes[..self.gap]);
        out.extend_from_slice(digits.as_bytes());
        out.extend_from_slice(&self.bytes[self.gap..]);
        out.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_revision_lands_in_the_object_and_the_rest_is_kept() {
        let object = json!({"spec": {"a": [1, "x\"y"]}, "metadata": {"name": "n", "resourceVersion": "7"}, "kind": "K"});
        let text = Template::new(&object).fill(42);
        assert_eq!(
            std::str::from_utf8(&text).unwrap(),
            r#"{"kind":"K","metadata":{"name":"n","resourceVersion":"42"},"spec":{"a":[1,"x\"y"]}}"#
        );
    }

    #[test]
    fn an_object_without_metadata_gets_some() {
        assert_eq!(
            &Template::new(&json!({})).fill(1)[..],
            br#"{"metadata":{"resourceVersion":"1"}}"#
        );
    }
}
