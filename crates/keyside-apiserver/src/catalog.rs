//! What is served at this moment: the built-in resources and those that custom definitions have brought.

use crate::store::collection;
use keyside_apimachinery::resource::Resource;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_util::sync::CancellationToken;

/// A resource and what the server needs to find its objects.
pub(crate) struct Served {
    pub(crate) resource: Arc<Resource>,
    /// Where its objects are kept.
    pub(crate) collection: Arc<str>,
    /// How the JSON of its objects begins if they are stored in this version.
    pub(crate) head: String,
    /// Tells this description of the resource apart from any other, earlier ones of the same name included.
    pub(crate) stamp: u64,
    /// Whether a definition in the store brings it.
    pub(crate) custom: bool,
    /// Cancelled when this description is no longer served: watches that began with it end.
    pub(crate) withdrawn: CancellationToken,
}

impl Served {
    /// Strategic merge patches need to know a kind's lists; custom kinds do not say them.
    pub(crate) fn has_strategic_merge(&self) -> bool {
        !self.custom
    }

    /// Whether objects of this resource are kept, as opposed to questions that are only answered.
    pub(crate) fn is_stored(&self) -> bool {
        self.resource.verbs.iter().any(|verb| verb == "get")
    }

    pub(crate) fn supports(&self, verb: &str) -> bool {
        self.resource.verbs.iter().any(|known| known == verb)
    }
}

/// All resources at one moment.
#[derive(Default)]
pub(crate) struct Listing {
    /// Built-in ones in their order, then custom ones by group.
    pub(crate) all: Vec<Arc<Served>>,
    /// Raised by every change.
    pub(crate) generation: u64,
}

impl Listing {
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Served>> {
        self.all.iter().find(|served| {
            let resource = &served.resource;
            resource.plural == plural && resource.gvk.version == version && resource.gvk.group == group
        })
    }

    /// Groups in order of appearance.
    pub(crate) fn groups(&self) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for served in &self.all {
            let group = served.resource.gvk.group.as_str();
            if !out.contains(&group) {
                out.push(group);
            }
        }
        out
    }

    /// Versions of a group, the preferred one first.
    pub(crate) fn versions(&self, group: &str) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for served in self
            .all
            .iter()
            .filter(|served| served.resource.gvk.group == group)
        {
            let version = served.resource.gvk.version.as_str();
            if !out.contains(&version) {
                out.push(version);
            }
        }
        out.sort_by_key(|version| priority(version));
        out
    }

    pub(crate) fn of<'a>(
        &'a self,
        group: &'a str,
        version: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Served>> {
        self.all.iter().filter(move |served| {
            served.resource.gvk.group == group && served.resource.gvk.version == version
        })
    }
}

/// Order of versions: stable before beta before alpha, newer first, anything else last by name
/// (`k8s.io/apimachinery/pkg/version.CompareKubeAwareVersionStrings`).
pub(crate) fn priority(version: &str) -> (u8, std::cmp::Reverse<u64>, std::cmp::Reverse<u64>, String) {
    let reverse = std::cmp::Reverse;
    let parsed = || {
        let rest = version.strip_prefix('v')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let major: u64 = rest[..end].parse().ok()?;
        let (class, minor) = match &rest[end..] {
            "" => (0, 0),
            tail => {
                let (class, digits) = tail
                    .strip_prefix("beta")
                    .map(|digits| (1, digits))
                    .or_else(|| tail.strip_prefix("alpha").map(|digits| (2, digits)))?;
                (class, digits.parse().ok()?)
            }
        };
        Some((class, reverse(major), reverse(minor), String::new()))
    };
    parsed().unwrap_or_else(|| (3, reverse(0), reverse(0), version.to_owned()))
}

/// The changing list of what is served.
pub(crate) struct Catalog {
    builtin: Vec<Arc<Served>>,
    inner: RwLock<Inner>,
    stamps: AtomicU64,
}

struct Inner {
    custom: BTreeMap<String, Vec<Arc<Served>>>,
    listing: Arc<Listing>,
}

impl Catalog {
    pub(crate) fn new(builtin: Vec<Resource>) -> Self {
        let stamps = AtomicU64::new(1);
        let builtin: Vec<_> = builtin
            .into_iter()
            .map(|resource| serve(resource, false, &stamps))
            .collect();
        let listing = Arc::new(Listing {
            all: builtin.clone(),
            generation: 1,
        });
        let inner = RwLock::new(Inner {
            custom: BTreeMap::new(),
            listing,
        });
        Self {
            builtin,
            inner,
            stamps,
        }
    }

    /// What is served now.
    pub(crate) fn listing(&self) -> Arc<Listing> {
        Arc::clone(&self.inner.read().unwrap_or_else(PoisonError::into_inner).listing)
    }

    /// One resource.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Served>> {
        self.listing().find(group, version, plural).map(Arc::clone)
    }

    /// Serves what a definition brings (one resource per served version), in place of what it brought before;
    /// nothing withdraws it.
    pub(crate) fn publish(&self, definition: &str, resources: Vec<Resource>) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let served: Vec<_> = resources
            .into_iter()
            .map(|resource| serve(resource, true, &self.stamps))
            .collect();
        let before = if served.is_empty() {
            inner.custom.remove(definition)
        } else {
            inner.custom.insert(definition.to_owned(), served.clone())
        };
        if before.is_none() && served.is_empty() {
            return;
        }
        before
            .iter()
            .flatten()
            .for_each(|served| served.withdrawn.cancel());
        let mut all = self.builtin.clone();
        let mut custom: Vec<_> = inner.custom.values().flatten().cloned().collect();
        custom.sort_by(|a, b| a.resource.gvk.group.cmp(&b.resource.gvk.group));
        all.extend(custom);
        let generation = inner.listing.generation + 1;
        inner.listing = Arc::new(Listing { all, generation });
    }
}

fn serve(resource: Resource, custom: bool, stamps: &AtomicU64) -> Arc<Served> {
    let collection = collection(&resource.storage_group, &resource.plural);
    let stamp = stamps.fetch_add(1, Ordering::Relaxed);
    let (kind, api_version) = (&resource.gvk.kind, resource.api_version());
    let head = format!("{{\"kind\":{kind:?},\"apiVersion\":{api_version:?},");
    Arc::new(Served {
        resource: Arc::new(resource),
        collection,
        head,
        stamp,
        custom,
        withdrawn: CancellationToken::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_kubernetes_prefers_them() {
        let mut versions = [
            "foo",
            "v1alpha1",
            "v10beta3",
            "v2",
            "v11beta2",
            "v10",
            "v1",
            "v3beta1",
            "foo10",
            "v12alpha1",
        ];
        versions.sort_by_key(|version| priority(version));
        let expected = [
            "v10",
            "v2",
            "v1",
            "v11beta2",
            "v10beta3",
            "v3beta1",
            "v12alpha1",
            "v1alpha1",
            "foo",
            "foo10",
        ];
        assert_eq!(versions, expected);
    }
}
