//! Pull secrets and basic-auth Secrets that are not keyside's: sources of credentials, plain pull secrets of their
//! namespaces, and names that are taken.

use crate::source::PullSecret;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

#[derive(Debug, Default)]
pub(super) struct Secrets {
    by_namespace: HashMap<Arc<str>, BTreeMap<Arc<str>, PullSecret>>,
    /// Names that the API server said are taken by a Secret of a kind that is not watched.
    taken: HashSet<(Arc<str>, Arc<str>)>,
}

impl Secrets {
    pub(super) fn insert(&mut self, namespace: &Arc<str>, secret: PullSecret) -> Option<PullSecret> {
        self.taken.remove(&(namespace.clone(), secret.name.clone()));
        self.by_namespace
            .entry(namespace.clone())
            .or_default()
            .insert(secret.name.clone(), secret)
    }

    pub(super) fn remove(&mut self, namespace: &str, name: &str) -> Option<PullSecret> {
        let secrets = self.by_namespace.get_mut(namespace)?;
        let removed = secrets.remove(name);
        if secrets.is_empty() {
            self.by_namespace.remove(namespace);
        }
        removed
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<&PullSecret> {
        self.by_namespace.get(namespace)?.get(name)
    }

    pub(super) fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &PullSecret> {
        self.by_namespace
            .get(namespace)
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &PullSecret)> {
        self.by_namespace
            .iter()
            .flat_map(|(namespace, secrets)| secrets.values().map(move |secret| (namespace, secret)))
    }

    /// Whether a Secret that is not keyside's has this name.
    pub(super) fn has(&self, namespace: &str, name: &str) -> bool {
        self.get(namespace, name).is_some() || self.is_taken(namespace, name)
    }

    pub(super) fn is_taken(&self, namespace: &str, name: &str) -> bool {
        !self.taken.is_empty() && self.taken.contains(&(namespace.into(), name.into()))
    }

    pub(super) fn set_taken(&mut self, namespace: &str, name: &str, taken: bool) -> bool {
        let key = (namespace.into(), name.into());
        if taken {
            self.taken.insert(key)
        } else {
            self.taken.remove(&key)
        }
    }

    pub(super) fn taken(&self) -> impl Iterator<Item = &(Arc<str>, Arc<str>)> {
        self.taken.iter()
    }

    pub(super) fn remove_namespace(&mut self, namespace: &str) {
        self.taken.retain(|(taken_in, _)| &**taken_in != namespace);
    }
}
