//! Building the rows of the resource list: names first, then what differs from an ordinary resource.

use super::kind::Kind;
use crate::resource::{Behaviour, GroupVersionKind, Resource, Subresource, fn_schema};
use crate::schema;
use std::sync::Arc;

/// Verbs of an ordinary resource, in discovery's order.
const ALL: [&str; 8] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// Every served object of a kind is of one group and version; the row is built from there.
pub(crate) struct Group {
    /// API group; empty for core.
    pub(crate) name: &'static str,
    /// Version.
    pub(crate) version: &'static str,
}

impl Group {
    /// A namespaced resource with all verbs.
    pub(crate) fn namespaced(&self, kind: &str, plural: &str, behaviour: Kind) -> Row {
        let gvk = GroupVersionKind {
            group: self.name.into(),
            version: self.version.into(),
            kind: kind.into(),
        };
        let shape = gvk.clone();
        Row(Resource {
            list_kind: format!("{kind}List"),
            plural: plural.into(),
            singular: kind.to_ascii_lowercase(),
            short_names: Vec::new(),
            categories: Vec::new(),
            namespaced: true,
            verbs: ALL.map(String::from).to_vec(),
            subresources: Vec::new(),
            storage_group: self.name.into(),
            schema: fn_schema::lazy(move || {
                schema::builtin(&shape.group, &shape.version, &shape.kind)
                    .expect("every built-in kind has a schema; a test walks the list")
            }),
            behaviour: Arc::new(behaviour),
            gvk,
        })
    }

    /// A cluster-wide resource with all verbs.
    pub(crate) fn cluster(&self, kind: &str, plural: &str, behaviour: Kind) -> Row {
        let mut row = self.namespaced(kind, plural, behaviour);
        row.0.namespaced = false;
        row
    }

    /// A question that is asked by creating it and never stored (`TokenReview`).
    pub(crate) fn question(&self, kind: &str, plural: &str) -> Row {
        self.cluster(kind, plural, Kind::PLAIN).verbs(&["create"])
    }
}

/// One resource while it is being described.
pub(crate) struct Row(Resource);

impl Row {
    /// Replaces the behaviour by one of another make.
    pub(super) fn behaves(mut self, behaviour: Arc<dyn Behaviour>) -> Self {
        self.0.behaviour = behaviour;
        self
    }

    pub(crate) fn short(mut self, names: &[&str]) -> Self {
        self.0.short_names = names.iter().map(|&n| n.into()).collect();
        self
    }

    pub(crate) fn category(mut self, name: &str) -> Self {
        self.0.categories.push(name.into());
        self
    }

    pub(crate) fn verbs(mut self, verbs: &[&str]) -> Self {
        self.0.verbs = verbs.iter().map(|&v| v.into()).collect();
        self
    }

    pub(crate) fn without_verb(mut self, verb: &str) -> Self {
        self.0.verbs.retain(|v| v != verb);
        self
    }

    pub(crate) fn in_namespaces(mut self) -> Self {
        self.0.namespaced = true;
        self
    }

    /// Serves `/status`.
    pub(crate) fn status(mut self) -> Self {
        self.0.subresources.push(Subresource::Status);
        self
    }

    /// Serves `/scale` over `spec.replicas` and `status.replicas`. Built-in kinds keep their selector as an object
    /// (or, in replication controllers, as a map), so the path names that and the reader writes it as text.
    pub(crate) fn scale(mut self) -> Self {
        self.0.subresources.push(Subresource::Scale {
            spec_replicas: ".spec.replicas".into(),
            status_replicas: ".status.replicas".into(),
            label_selector: Some(".spec.selector".into()),
        });
        self
    }

    /// Serves a subresource with code of its own.
    pub(crate) fn special(
        mut self,
        name: &'static str,
        kind: [&str; 3],
        verbs: &'static [&'static str],
    ) -> Self {
        let [group, version, kind] = kind.map(String::from);
        let kind = GroupVersionKind { group, version, kind };
        self.0
            .subresources
            .push(Subresource::Special { name, kind, verbs });
        self
    }

    /// Stores the objects with those of another group.
    pub(crate) fn stored_under(mut self, group: &str) -> Self {
        self.0.storage_group = group.into();
        self
    }

    pub(crate) fn done(self) -> Resource {
        self.0
    }
}
