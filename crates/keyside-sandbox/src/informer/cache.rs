//! The memory of an informer: which of two versions of an object is the newer one, and what is gone for good.

use super::{Change, Key};
use kube::{Resource, ResourceExt};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// How many UIDs of deleted objects are remembered. An own write that is answered after the watch already told of the object's
/// deletion must not bring it back.
const TOMBSTONES: usize = 4096;

pub(super) struct Cache<K> {
    objects: BTreeMap<Key, Arc<K>>,
    owned: HashMap<String, BTreeSet<Key>>,
    gone: HashSet<String>,
    gone_order: VecDeque<String>,
    /// Keys seen since the list under way began.
    listing: Option<HashSet<Key>>,
}

impl<K> Default for Cache<K> {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
            owned: HashMap::new(),
            gone: HashSet::new(),
            gone_order: VecDeque::new(),
            listing: None,
        }
    }
}

impl<K: Resource> Cache<K> {
    pub(super) fn get(&self, key: &Key) -> Option<Arc<K>> {
        self.objects.get(key).cloned()
    }

    pub(super) fn list(&self) -> impl Iterator<Item = &Arc<K>> {
        self.objects.values()
    }

    pub(super) fn list_in(&self, namespace: &str) -> impl Iterator<Item = &Arc<K>> {
        let first = Key::new(namespace, "");
        self.objects
            .range(first..)
            .take_while(move |(key, _)| key.namespace == namespace)
            .map(|(_, object)| object)
    }

    pub(super) fn owned_by(&self, uid: &str) -> Vec<Arc<K>> {
        self.owned
            .get(uid)
            .into_iter()
            .flatten()
            .filter_map(|key| self.get(key))
            .collect()
    }

    /// Keeps the newer of two versions; the answer is what changed by that.
    pub(super) fn apply(&mut self, object: K) -> Option<Change<K>> {
        let key = Key::of(&object);
        // Own writes that are answered while a list is under way are newer than the list: they are not missing from it.
        if let Some(listing) = &mut self.listing {
            listing.insert(key.clone());
        }
        if object
            .meta()
            .uid
            .as_ref()
            .is_some_and(|uid| self.gone.contains(uid))
        {
            return None;
        }
        let old = self.get(&key);
        if old
            .as_ref()
            .is_some_and(|old| old.meta().uid == object.meta().uid && version(&**old) >= version(&object))
        {
            return None;
        }
        if let Some(old) = &old {
            self.unindex(old, &key);
            if old.meta().uid != object.meta().uid {
                self.bury(old.meta().uid.clone());
            }
        }
        if let Some(owner) = owner(&object) {
            self.owned.entry(owner).or_default().insert(key.clone());
        }
        let new = Arc::new(object);
        self.objects.insert(key, Arc::clone(&new));
        Some(Change { old, new: Some(new) })
    }

    /// Forgets an object, unless another one has taken its name meanwhile.
    pub(super) fn remove(&mut self, key: &Key, uid: Option<&str>) -> Option<Change<K>> {
        self.bury(uid.map(str::to_owned));
        let known = self.objects.get(key)?;
        if uid.is_some() && known.meta().uid.as_deref() != uid {
            return None;
        }
        let old = self.objects.remove(key)?;
        self.unindex(&old, key);
        Some(Change {
            old: Some(old),
            new: None,
        })
    }

    pub(super) fn start_list(&mut self) {
        self.listing = Some(HashSet::new());
    }

    /// What is not in the list is gone.
    pub(super) fn end_list(&mut self) -> Vec<Change<K>> {
        let Some(listed) = self.listing.take() else {
            return Vec::new();
        };
        let missing: Vec<(Key, Option<String>)> = self
            .objects
            .iter()
            .filter(|(key, _)| !listed.contains(key))
            .map(|(key, object)| (key.clone(), object.meta().uid.clone()))
            .collect();
        missing
            .into_iter()
            .filter_map(|(key, uid)| self.remove(&key, uid.as_deref()))
            .collect()
    }

    fn bury(&mut self, uid: Option<String>) {
        let Some(uid) = uid else { return };
        if self.gone.insert(uid.clone()) {
            self.gone_order.push_back(uid);
        }
        if self.gone_order.len() > TOMBSTONES
            && let Some(oldest) = self.gone_order.pop_front()
        {
            self.gone.remove(&oldest);
        }
    }

    fn unindex(&mut self, object: &K, key: &Key) {
        let Some(owner) = owner(object) else { return };
        if let Some(keys) = self.owned.get_mut(&owner) {
            keys.remove(key);
            if keys.is_empty() {
                self.owned.remove(&owner);
            }
        }
    }
}

/// UID of the controlling owner.
fn owner<K: Resource>(object: &K) -> Option<String> {
    object
        .owner_references()
        .iter()
        .find(|owner| owner.controller == Some(true))
        .map(|owner| owner.uid.clone())
}

/// Resource versions of one server are numbers that grow.
fn version<K: Resource>(object: &K) -> u64 {
    object
        .meta()
        .resource_version
        .as_deref()
        .and_then(|version| version.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::ConfigMap;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

    fn object(name: &str, uid: &str, version: u64) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.namespace = Some("ns".into());
        object.metadata.name = Some(name.into());
        object.metadata.uid = Some(uid.into());
        object.metadata.resource_version = Some(version.to_string());
        object
    }

    fn key(name: &str) -> Key {
        Key::new("ns", name)
    }

    #[test]
    fn an_older_version_is_ignored() {
        let mut cache = Cache::default();
        assert!(cache.apply(object("a", "1", 10)).is_some());
        assert!(cache.apply(object("a", "1", 9)).is_none());
        assert!(cache.apply(object("a", "1", 10)).is_none());
        assert!(cache.apply(object("a", "1", 11)).is_some());
    }

    #[test]
    fn a_late_answer_does_not_bring_back_what_is_gone() {
        let mut cache = Cache::default();
        cache.apply(object("a", "1", 10));
        cache.remove(&key("a"), Some("1"));
        assert!(cache.apply(object("a", "1", 11)).is_none());
        assert!(
            cache.apply(object("a", "2", 12)).is_some(),
            "another object of the name is another matter"
        );
    }

    #[test]
    fn the_deletion_of_a_predecessor_leaves_the_successor_alone() {
        let mut cache = Cache::default();
        cache.apply(object("a", "2", 12));
        assert!(cache.remove(&key("a"), Some("1")).is_none());
        assert!(cache.get(&key("a")).is_some());
    }

    #[test]
    fn what_a_new_list_lacks_is_gone() {
        let mut cache = Cache::default();
        cache.apply(object("a", "1", 10));
        cache.apply(object("b", "2", 11));
        cache.start_list();
        cache.apply(object("b", "2", 11));
        cache.apply(object("c", "3", 12));
        let gone: Vec<_> = cache
            .end_list()
            .iter()
            .map(|change| change.latest().name_any())
            .collect();
        assert_eq!(gone, ["a"]);
    }

    #[test]
    fn objects_are_found_by_their_controlling_owner() {
        let mut cache = Cache::default();
        let mut owned = object("a", "1", 10);
        let owner = OwnerReference {
            uid: "o".into(),
            controller: Some(true),
            ..OwnerReference::default()
        };
        owned.metadata.owner_references = Some(vec![owner]);
        cache.apply(owned);
        assert_eq!(cache.owned_by("o").len(), 1);
        cache.apply(object("a", "1", 11));
        assert!(cache.owned_by("o").is_empty(), "it was released");
        assert!(cache.owned.is_empty());
    }

    #[test]
    fn namespaces_do_not_leak_into_their_neighbours() {
        let mut cache = Cache::default();
        cache.apply(object("a", "1", 10));
        let mut other = object("a", "2", 11);
        other.metadata.namespace = Some("ns2".into());
        cache.apply(other);
        assert_eq!(cache.list_in("ns").count(), 1);
        assert_eq!(cache.list().count(), 2);
    }
}
