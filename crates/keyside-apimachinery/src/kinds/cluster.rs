//! Kinds about the cluster itself: who may do what (asked, not stored), disruption budgets, priorities, storage
//! classes, and the definitions of custom kinds.

use super::kind::Kind;
use super::served::Group;
use crate::resource::Resource;

const AUTHENTICATION: Group = Group {
    name: "authentication.k8s.io",
    version: "v1",
};
const AUTHORIZATION: Group = Group {
    name: "authorization.k8s.io",
    version: "v1",
};
const POLICY: Group = Group {
    name: "policy",
    version: "v1",
};
const STORAGE: Group = Group {
    name: "storage.k8s.io",
    version: "v1",
};
const SCHEDULING: Group = Group {
    name: "scheduling.k8s.io",
    version: "v1",
};
const EXTENSIONS: Group = Group {
    name: "apiextensions.k8s.io",
    version: "v1",
};

/// Resources of `/apis/authentication.k8s.io/v1` and `/apis/authorization.k8s.io/v1`.
pub(super) fn reviews() -> Vec<Resource> {
    vec![
        AUTHENTICATION
            .question("SelfSubjectReview", "selfsubjectreviews")
            .done(),
        AUTHENTICATION.question("TokenReview", "tokenreviews").done(),
        AUTHORIZATION
            .question("LocalSubjectAccessReview", "localsubjectaccessreviews")
            .in_namespaces()
            .done(),
        AUTHORIZATION
            .question("SelfSubjectAccessReview", "selfsubjectaccessreviews")
            .done(),
        AUTHORIZATION
            .question("SelfSubjectRulesReview", "selfsubjectrulesreviews")
            .done(),
        AUTHORIZATION
            .question("SubjectAccessReview", "subjectaccessreviews")
            .done(),
    ]
}

/// Resources of `/apis/policy/v1`.
pub(super) fn policies() -> Vec<Resource> {
    vec![
        POLICY
            .namespaced("PodDisruptionBudget", "poddisruptionbudgets", Kind::WITH_STATUS)
            .short(&["pdb"])
            .status()
            .done(),
    ]
}

/// Resources of `/apis/storage.k8s.io/v1`.
pub(super) fn storage() -> Vec<Resource> {
    vec![
        STORAGE
            .cluster("StorageClass", "storageclasses", Kind::PLAIN)
            .short(&["sc"])
            .done(),
    ]
}

/// Resources of `/apis/scheduling.k8s.io/v1`.
pub(super) fn priorities() -> Vec<Resource> {
    vec![
        SCHEDULING
            .cluster("PriorityClass", "priorityclasses", Kind::PLAIN)
            .short(&["pc"])
            .done(),
    ]
}

/// Resources of `/apis/apiextensions.k8s.io/v1`. Definitions behave as [`crate::crd`] says.
pub(super) fn definitions() -> Vec<Resource> {
    let row = EXTENSIONS
        .cluster(
            "CustomResourceDefinition",
            "customresourcedefinitions",
            Kind::WITH_STATUS,
        )
        .short(&["crd", "crds"])
        .category("api-extensions")
        .status()
        .done();
    vec![Resource {
        behaviour: crate::crd::definition_behaviour(),
        ..row
    }]
}
