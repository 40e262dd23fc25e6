//! Where an object is kept: a collection (`apps/deployments`) and a path in it (`team/web`).

use std::fmt;
use std::sync::Arc;

/// Name of a collection: `group/resource`, with nothing before the slash for the core group.
#[must_use]
pub fn collection(group: &str, resource: &str) -> Arc<str> {
    format!("{group}/{resource}").into()
}

/// One object's place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// See [`collection`].
    pub collection: Arc<str>,
    /// `namespace/name`; `/name` for cluster-wide objects. Lists are in the order of these bytes.
    pub path: Arc<str>,
}

impl Key {
    /// The place of an object; `namespace` is empty for cluster-wide ones.
    #[must_use]
    pub fn new(group: &str, resource: &str, namespace: &str, name: &str) -> Self {
        Self {
            collection: collection(group, resource),
            path: format!("{namespace}/{name}").into(),
        }
    }

    /// A place in a known collection.
    #[must_use]
    pub fn within(collection: &Arc<str>, namespace: &str, name: &str) -> Self {
        Self {
            collection: Arc::clone(collection),
            path: format!("{namespace}/{name}").into(),
        }
    }

    /// Empty for cluster-wide objects.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.path.split_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.split_once('/').map_or(&*self.path, |(_, name)| name)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.collection, self.path)
    }
}

/// The objects a list or watch is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// See [`collection`].
    pub collection: Arc<str>,
    /// What paths begin with: empty for all, `team/` for one namespace.
    pub prefix: String,
}

impl Range {
    /// All objects of a resource, or those of one namespace.
    #[must_use]
    pub fn new(group: &str, resource: &str, namespace: Option<&str>) -> Self {
        let prefix = namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
        Self {
            collection: collection(group, resource),
            prefix,
        }
    }
}
