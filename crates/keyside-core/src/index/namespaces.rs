//! Namespaces, as far as decisions depend on them.

use crate::select::Labels;
use crate::source::is_ignored;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keyside_api::label;

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Its uid; a namespace made anew under the same name has another one.
    pub uid: String,
    /// Its labels, for selectors.
    pub labels: Labels,
    /// The project that Rancher says it belongs to.
    pub rancher_project: Option<String>,
    /// Whether it is being deleted, so that nothing can be created in it.
    pub terminating: bool,
    /// Whether a user asked keyside to keep away from it.
    pub ignored: bool,
    /// Whether nothing is added to its pods; copies still arrive.
    pub injection_disabled: bool,
}

impl Namespace {
    /// What decisions need of the object's metadata.
    pub fn of(meta: &ObjectMeta) -> Self {
        let annotation = |key: &str| meta.annotations.as_ref().and_then(|map| map.get(key));
        let label = |key: &str| meta.labels.as_ref().and_then(|map| map.get(key));
        Self {
            uid: meta.uid.clone().unwrap_or_default(),
            rancher_project: annotation(label::RANCHER_PROJECT).cloned(),
            terminating: meta.deletion_timestamp.is_some(),
            ignored: is_ignored(meta.labels.as_ref(), meta.annotations.as_ref()),
            injection_disabled: [label(label::INJECT), annotation(label::INJECT)]
                .into_iter()
                .flatten()
                .any(|value| value == label::INJECT_DISABLED),
            labels: meta.labels.clone().unwrap_or_default(),
        }
    }
}
