//! Who owns whom: a graph kept from watches, and what to look at when it changes. No I/O.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::ApiResource;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// Finalizer of an object that goes after its dependents.
pub(super) const FOREGROUND: &str = "foregroundDeletion";
/// Finalizer of an object whose dependents stay.
pub(super) const ORPHAN: &str = "orphan";
/// UIDs of vanished objects that are remembered, so that their dependents need not ask.
const ABSENT: usize = 10_000;

/// An object, as far as ownership goes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) resource: Arc<ApiResource>,
    pub(super) is_namespaced: bool,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) owners: Vec<OwnerReference>,
    pub(super) is_deleting: bool,
    finalizers: Vec<String>,
}

impl Node {
    pub(super) fn new(resource: &Arc<ApiResource>, is_namespaced: bool, meta: &ObjectMeta) -> Self {
        Self {
            resource: Arc::clone(resource),
            is_namespaced,
            namespace: meta.namespace.clone().unwrap_or_default(),
            name: meta.name.clone().unwrap_or_default(),
            owners: meta.owner_references.clone().unwrap_or_default(),
            is_deleting: meta.deletion_timestamp.is_some(),
            finalizers: meta.finalizers.clone().unwrap_or_default(),
        }
    }

    /// Whether the object waits for its dependents to go first.
    pub(super) fn waits_for_dependents(&self) -> bool {
        self.is_deleting && self.has(FOREGROUND)
    }

    /// Whether the object waits for its dependents to be released.
    pub(super) fn releases_dependents(&self) -> bool {
        self.is_deleting && self.has(ORPHAN)
    }

    fn has(&self, finalizer: &str) -> bool {
        self.finalizers.iter().any(|one| one == finalizer)
    }
}

/// Something to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Look {
    /// Whether the object with this UID has to go, or may go now.
    Collect(String),
    /// The object with this UID waits for its dependents to be released.
    Release(String),
}

#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: HashMap<String, Node>,
    /// By UID of the owner, whether or not the owner has been seen.
    dependents: HashMap<String, HashSet<String>>,
    absent: HashSet<String>,
    absent_order: VecDeque<String>,
}

impl Graph {
    pub(super) fn get(&self, uid: &str) -> Option<&Node> {
        self.nodes.get(uid)
    }

    pub(super) fn is_absent(&self, uid: &str) -> bool {
        self.absent.contains(uid)
    }

    /// UIDs and nodes of the dependents of an object.
    pub(super) fn dependents(&self, uid: &str) -> impl Iterator<Item = (&String, &Node)> {
        let uids = self.dependents.get(uid).into_iter().flatten();
        uids.filter_map(|uid| Some((uid, self.nodes.get(uid)?)))
    }

    /// Takes over an object as it is now.
    pub(super) fn seen(&mut self, uid: &str, node: Node) -> Vec<Look> {
        self.absent.remove(uid);
        let old = self.nodes.insert(uid.to_owned(), node.clone());
        let mut looks = Vec::new();
        let old_owners = old.as_ref().map(|old| old.owners.clone()).unwrap_or_default();
        for owner in &old_owners {
            if !node.owners.iter().any(|one| one.uid == owner.uid) {
                self.detach(&owner.uid, uid);
            }
        }
        for owner in &node.owners {
            self.dependents
                .entry(owner.uid.clone())
                .or_default()
                .insert(uid.to_owned());
        }
        if old_owners != node.owners {
            // An owner that waits may be free now; one that is unknown may not exist.
            looks.extend(
                self.waiting(&old_owners)
                    .map(|owner| Look::Collect(owner.uid.clone())),
            );
            let needs_look =
                |owner: &OwnerReference| self.nodes.get(&owner.uid).is_none_or(Node::waits_for_dependents);
            if node.owners.iter().any(needs_look) {
                looks.push(Look::Collect(uid.to_owned()));
            }
        }
        if node.releases_dependents() && !old.as_ref().is_some_and(Node::releases_dependents) {
            looks.push(Look::Release(uid.to_owned()));
        }
        if node.waits_for_dependents() && !old.as_ref().is_some_and(Node::waits_for_dependents) {
            looks.extend(self.dependents(uid).map(|(uid, _)| Look::Collect(uid.clone())));
            looks.push(Look::Collect(uid.to_owned()));
        }
        looks
    }

    /// Takes over that an object is gone.
    pub(super) fn gone(&mut self, uid: &str) -> Vec<Look> {
        self.bury(uid);
        let Some(old) = self.nodes.remove(uid) else {
            return Vec::new();
        };
        for owner in &old.owners {
            self.detach(&owner.uid, uid);
        }
        let orphaned = self.dependents(uid).map(|(uid, _)| Look::Collect(uid.clone()));
        let waiting = self
            .waiting(&old.owners)
            .map(|owner| Look::Collect(owner.uid.clone()));
        orphaned.chain(waiting).collect()
    }

    /// UIDs of the objects of a kind, to find out which ones a new list lacks.
    pub(super) fn of_kind(&self, resource: &ApiResource) -> Vec<String> {
        self.nodes
            .iter()
            .filter(|(_, node)| *node.resource == *resource)
            .map(|(uid, _)| uid.clone())
            .collect()
    }

    fn waiting<'a>(&'a self, owners: &'a [OwnerReference]) -> impl Iterator<Item = &'a OwnerReference> {
        owners
            .iter()
            .filter(|owner| self.nodes.get(&owner.uid).is_some_and(Node::waits_for_dependents))
    }

    fn detach(&mut self, owner: &str, dependent: &str) {
        if let Some(dependents) = self.dependents.get_mut(owner) {
            dependents.remove(dependent);
            if dependents.is_empty() {
                self.dependents.remove(owner);
            }
        }
    }

    fn bury(&mut self, uid: &str) {
        if self.absent.insert(uid.to_owned()) {
            self.absent_order.push_back(uid.to_owned());
        }
        if self.absent_order.len() > ABSENT
            && let Some(oldest) = self.absent_order.pop_front()
        {
            self.absent.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn node(owners: &[&str], finalizers: &[&str], deleting: bool) -> Node {
        let owners: Vec<_> = owners
            .iter()
            .map(|uid| json!({ "apiVersion": "v1", "kind": "ConfigMap", "name": uid, "uid": uid, "blockOwnerDeletion": true }))
            .collect();
        let time = deleting.then_some("2026-01-01T00:00:00Z");
        let meta = json!({ "name": "n", "namespace": "ns", "ownerReferences": owners, "finalizers": finalizers, "deletionTimestamp": time });
        let resource = ApiResource::erase::<k8s_openapi::api::core::v1::ConfigMap>(&());
        Node::new(&Arc::new(resource), true, &serde_json::from_value(meta).unwrap())
    }

    fn collect(uids: &[&str]) -> Vec<Look> {
        uids.iter().map(|uid| Look::Collect((*uid).to_owned())).collect()
    }

    #[test]
    fn dependents_of_a_vanished_owner_are_looked_at() {
        let mut graph = Graph::default();
        assert!(graph.seen("owner", node(&[], &[], false)).is_empty());
        assert!(
            graph.seen("child", node(&["owner"], &[], false)).is_empty(),
            "its owner is there"
        );
        assert_eq!(graph.gone("owner"), collect(&["child"]));
        assert!(graph.is_absent("owner"));
    }

    #[test]
    fn a_dependent_of_an_unknown_owner_is_looked_at() {
        let mut graph = Graph::default();
        assert_eq!(
            graph.seen("child", node(&["owner"], &[], false)),
            collect(&["child"])
        );
        assert!(
            graph.seen("child", node(&["owner"], &[], false)).is_empty(),
            "only when something changed"
        );
    }

    #[test]
    fn foreground_deletion_looks_at_the_dependents_and_at_the_owner_again() {
        let mut graph = Graph::default();
        graph.seen("owner", node(&[], &[], false));
        graph.seen("child", node(&["owner"], &[], false));
        let waiting = node(&[], &[FOREGROUND], true);
        assert_eq!(graph.seen("owner", waiting.clone()), collect(&["child", "owner"]));
        assert!(graph.seen("owner", waiting).is_empty());
        assert_eq!(graph.gone("child"), collect(&["owner"]));
    }

    #[test]
    fn orphaning_is_asked_for_once() {
        let mut graph = Graph::default();
        let releasing = node(&[], &[ORPHAN], true);
        assert_eq!(
            graph.seen("owner", releasing.clone()),
            [Look::Release("owner".into())]
        );
        assert!(graph.seen("owner", releasing).is_empty());
    }

    #[test]
    fn a_changed_owner_is_followed() {
        let mut graph = Graph::default();
        graph.seen("a", node(&[], &[], false));
        graph.seen("b", node(&[], &[], false));
        graph.seen("child", node(&["a"], &[], false));
        graph.seen("child", node(&["b"], &[], false));
        assert!(graph.gone("a").is_empty());
        assert_eq!(graph.gone("b"), collect(&["child"]));
        graph.gone("child");
        assert!(graph.dependents.is_empty() && graph.nodes.is_empty());
    }
}
