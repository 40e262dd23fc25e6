//! Events as lines of a watch answer. A line is made once and shared by all watchers that want the same.

use crate::accept::Transform;
use crate::call::Call;
use crate::catalog::Served;
use crate::clock;
use crate::present::{self, table};
use crate::store::Event;
use bytes::Bytes;
use keyside_apimachinery::meta;
use keyside_apimachinery::status::Status;
use serde_json::{Value, json};
use std::sync::Arc;

/// What an event is to a watcher; it depends on the selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Added,
    Modified,
    Deleted,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// Makes the lines of one watch.
pub(super) struct Encoder {
    served: Arc<Served>,
    transform: Transform,
    include: table::Include,
    /// The columns of a table are sent once.
    headers: bool,
}

impl Encoder {
    pub(super) fn new(call: &Call) -> Result<Self, Status> {
        Ok(Self {
            served: Arc::clone(&call.served),
            transform: call.accept.transform,
            include: table::Include::of(&call.query)?,
            headers: !call.query.flag("noHeaders"),
        })
    }

    /// A change. `gone` is set where the object lives on but has left the selection: then its state before is shown.
    pub(super) fn event(&mut self, event: &Event, kind: Kind) -> Bytes {
        let left = kind == Kind::Deleted && !event.deleted;
        if left {
            let Some(previous) = &event.previous else {
                return Bytes::new();
            };
            let mut object = present::value(&self.served, &previous.value);
            meta::set(&mut object, "resourceVersion", event.revision.to_string());
            return self.value(kind.name(), &object);
        }
        match self.transform {
            Transform::Table(_) => self.value(kind.name(), &present::value(&self.served, &event.value)),
            Transform::Whole | Transform::Metadata(_) => {
                let form = u64::from(self.transform == Transform::Whole) + 2 * u64::from(self.is_v1());
                let encoding = (self.served.stamp << 8) | (form << 4) | kind as u64;
                event.frame(encoding, || self.stored(kind, &event.value))
            }
        }
    }

    fn is_v1(&self) -> bool {
        matches!(self.transform, Transform::Metadata("v1"))
    }

    /// A stored object, at the beginning of a watch.
    pub(super) fn added(&mut self, stored: &Bytes) -> Bytes {
        match self.transform {
            Transform::Table(_) => self.value(Kind::Added.name(), &present::value(&self.served, stored)),
            Transform::Whole | Transform::Metadata(_) => self.stored(Kind::Added, stored),
        }
    }

    fn stored(&self, kind: Kind, stored: &Bytes) -> Bytes {
        match self.transform {
            Transform::Metadata(version) => {
                let object = present::metadata(&present::value(&self.served, stored), version);
                line(kind.name(), object.to_string().as_bytes())
            }
            Transform::Whole | Transform::Table(_) => line(kind.name(), &present::json(&self.served, stored)),
        }
    }

    /// An object that is shown as it is, transformed.
    fn value(&mut self, kind: &str, object: &Value) -> Bytes {
        let object = match self.transform {
            Transform::Whole => object.clone(),
            Transform::Metadata(version) => present::metadata(object, version),
            Transform::Table(version) => {
                let headers = std::mem::take(&mut self.headers);
                let meta = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
                let objects = std::slice::from_ref(object);
                table::table(
                    &self.served,
                    objects,
                    version,
                    meta,
                    self.include,
                    headers,
                    &clock::now(),
                )
            }
        };
        line(kind, object.to_string().as_bytes())
    }

    /// A place to resume from. `end` marks the end of a streaming list.
    pub(super) fn bookmark(&mut self, revision: u64, end: bool) -> Bytes {
        let resource = &self.served.resource;
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object =
            json!({"kind": resource.gvk.kind, "apiVersion": resource.api_version(), "metadata": metadata});
        // A row of a bookmark shows nothing, so what it is for comes with it in any case.
        let include = std::mem::replace(&mut self.include, table::Include::Metadata);
        let line = self.value("BOOKMARK", &object);
        self.include = include;
        line
    }

    /// The end of a watch that cannot go on.
    pub(super) fn error(status: &Status) -> Bytes {
        line("ERROR", status.to_json().to_string().as_bytes())
    }
}

fn line(kind: &str, object: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(object.len() + 40);
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\",\"object\":");
    out.extend_from_slice(object);
    out.extend_from_slice(b"}\n");
    out.into()
}
