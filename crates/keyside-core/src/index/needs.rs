//! What pods have asked for, per namespace and credential (by the label of its copies): on-demand copies are made for it, and every copy gets the keys
//! without which the kubelet would not find the credential for these images.

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The most images of one credential that get keys of their own in one namespace; a bound, not a limit anyone meets.
const IMAGES_MAX: usize = 64;

/// What pods of a namespace need of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Repositories, as pods spell them, that need a key of their own.
    pub images: BTreeSet<Arc<str>>,
    /// When a pod last needed it.
    pub last: Timestamp,
    /// No pod needs it any more, so that an on-demand copy may go.
    pub released: bool,
}

#[derive(Debug, Default)]
pub(super) struct Needs {
    by_namespace: HashMap<Arc<str>, BTreeMap<Arc<str>, Need>>,
}

impl Needs {
    /// Takes note of a need. Returns whether it is a new one.
    pub(super) fn note(
        &mut self,
        namespace: &Arc<str>,
        label: &Arc<str>,
        images: impl IntoIterator<Item = Arc<str>>,
        now: Timestamp,
    ) -> bool {
        let needs = self.by_namespace.entry(namespace.clone()).or_default();
        let mut is_new = !needs.contains_key(label);
        let need = needs.entry(label.clone()).or_insert_with(|| Need {
            images: BTreeSet::new(),
            last: now,
            released: false,
        });
        is_new |= std::mem::take(&mut need.released);
        need.last = need.last.max(now);
        for image in images {
            if need.images.len() < IMAGES_MAX {
                is_new |= need.images.insert(image);
            }
        }
        is_new
    }

    pub(super) fn get(&self, namespace: &str, label: &str) -> Option<&Need> {
        self.by_namespace.get(namespace)?.get(label)
    }

    /// Takes note that no pod needs it any more.
    pub(super) fn release(&mut self, namespace: &Arc<str>, label: &Arc<str>, now: Timestamp) {
        let needs = self.by_namespace.entry(namespace.clone()).or_default();
        needs.insert(
            label.clone(),
            Need {
                images: BTreeSet::new(),
                last: now,
                released: true,
            },
        );
    }

    pub(super) fn remove_namespace(&mut self, namespace: &str) {
        self.by_namespace.remove(namespace);
    }

    /// Forgets a credential everywhere.
    pub(super) fn remove(&mut self, label: &str) {
        self.by_namespace.retain(|_, needs| {
            needs.remove(label);
            !needs.is_empty()
        });
    }
}
