//! The few ways in which kinds differ in how they are written and deleted, beyond what is valid in them
//! (`k8s.io/kubernetes/pkg/registry`: `AllowUnconditionalUpdate`, `AllowCreateOnUpdate`, `ReturnDeletedObject`,
//! `DefaultGarbageCollectionPolicy`).

use crate::catalog::Served;
use keyside_apimachinery::resource::Resource;

/// What happens to dependents when a deletion does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dependents {
    /// They are deleted after their owner.
    Delete,
    /// They stay.
    Orphan,
    /// Nothing can depend on this kind.
    Unsupported,
}

fn name(resource: &Resource) -> (&str, &str) {
    (resource.gvk.group.as_str(), resource.plural.as_str())
}

/// Whether an update may come without a `resourceVersion`.
pub(crate) fn updates_unconditionally(served: &Served) -> bool {
    match name(&served.resource) {
        ("coordination.k8s.io", "leases")
        | ("policy", "poddisruptionbudgets")
        | ("admissionregistration.k8s.io" | "apiextensions.k8s.io", _) => false,
        _ => !served.custom,
    }
}

/// Whether an update of something that does not exist creates it.
pub(crate) fn creates_on_update(resource: &Resource) -> bool {
    matches!(
        name(resource),
        ("rbac.authorization.k8s.io", _)
            | ("coordination.k8s.io", "leases")
            | ("events.k8s.io", "events")
            | ("", "limitranges" | "events" | "services" | "endpoints")
    )
}

/// Whether a deletion answers with the object instead of a success status.
pub(crate) fn returns_deleted(resource: &Resource) -> bool {
    matches!(
        name(resource),
        (
            "",
            "resourcequotas"
                | "persistentvolumes"
                | "persistentvolumeclaims"
                | "serviceaccounts"
                | "namespaces"
        ) | ("", "pods" | "services" | "podtemplates")
            | ("storage.k8s.io", "storageclasses")
    )
}

/// What happens to dependents by default.
pub(crate) fn dependents(resource: &Resource) -> Dependents {
    match name(resource) {
        ("" | "events.k8s.io", "events") => Dependents::Unsupported,
        ("", "replicationcontrollers") | ("batch", "jobs") => Dependents::Orphan,
        _ => Dependents::Delete,
    }
}
