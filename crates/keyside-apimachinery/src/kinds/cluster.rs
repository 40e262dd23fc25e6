//! Kinds about the cluster itself: who may do what (asked, not stored), disruption budgets, priorities, storage
//! classes, and the definitions of custom kinds.

use super::access::{count, fill, flag, is_set, text};
use super::apps::workload::{at_most_all, int_or_percent};
use super::checks::{Errors, immutable, immutable_unshown, label_selector, one_of_or_none, sentences};
use super::kind::{AGE, Generation, Kind, NAME};
use super::name;
use super::path::Path;
use super::print::age;
use super::served::Group;
use crate::crd;
use crate::resource::Resource;
use crate::status::FieldError;
use serde_json::Value;

const AUTHENTICATION: Group = Group {
    name: "authentication.k8s.io",
    version: "v1",
};
const AUTHORIZATION: Group = Group {
    name: "authorization.k8s.io",
    version: "v1",
};
const REGISTRATION: Group = Group {
    name: "apiregistration.k8s.io",
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
            .namespaced("PodDisruptionBudget", "poddisruptionbudgets", BUDGET)
            .short(&["pdb"])
            .status()
            .done(),
    ]
}

/// Resources of `/apis/storage.k8s.io/v1`.
pub(super) fn storage() -> Vec<Resource> {
    vec![
        STORAGE
            .cluster("StorageClass", "storageclasses", STORAGE_CLASS)
            .short(&["sc"])
            .done(),
    ]
}

/// Resources of `/apis/scheduling.k8s.io/v1`.
pub(super) fn priorities() -> Vec<Resource> {
    vec![
        SCHEDULING
            .cluster("PriorityClass", "priorityclasses", PRIORITY)
            .short(&["pc"])
            .done(),
    ]
}

/// Resources of `/apis/apiregistration.k8s.io/v1`. Clients expect the group to be there; this server is the only one,
/// so nothing can be registered.
pub(super) fn registrations() -> Vec<Resource> {
    vec![
        REGISTRATION
            .cluster("APIService", "apiservices", Kind::WITH_STATUS)
            .verbs(&["get", "list", "watch"])
            .category("api-extensions")
            .done(),
    ]
}

/// Resources of `/apis/apiextensions.k8s.io/v1`.
pub(super) fn definitions() -> Vec<Resource> {
    vec![
        EXTENSIONS
            .cluster(
                "CustomResourceDefinition",
                "customresourcedefinitions",
                Kind::WITH_STATUS,
            )
            .behaves(crd::definition_behaviour())
            .short(&["crd", "crds"])
            .category("api-extensions")
            .status()
            .done(),
    ]
}

const BUDGET: Kind = Kind {
    counts: &[
        "disruptionsAllowed",
        "currentHealthy",
        "desiredHealthy",
        "expectedPods",
    ],
    validate_create: |budget, _| budget_spec(budget),
    validate_update: |new, _, context| {
        if context.subresource == "status" {
            Errors::new()
        } else {
            budget_spec(new)
        }
    },
    columns: &[
        NAME,
        ("Min Available", "string", "", 0, "Pods that must stay."),
        ("Max Unavailable", "string", "", 0, "Pods that may be missing."),
        ("Allowed Disruptions", "integer", "", 0, "Pods that may go now."),
        AGE,
    ],
    cells: |budget, now| {
        let shown = |field: &str| match &budget["spec"][field] {
            Value::Null => "N/A".to_owned(),
            Value::String(text) => text.clone(),
            number => number.to_string(),
        };
        vec![
            budget["metadata"]["name"].clone(),
            shown("minAvailable").into(),
            shown("maxUnavailable").into(),
            count(&budget["status"], "disruptionsAllowed").into(),
            age(budget, now).into(),
        ]
    },
    ..Kind::WITH_STATUS
};

fn budget_spec(budget: &Value) -> Errors {
    let mut errors = Errors::new();
    let (spec, path) = (&budget["spec"], Path::new("spec"));
    let bounds = ["minAvailable", "maxUnavailable"];
    if bounds.iter().all(|field| is_set(spec, field)) {
        let detail = "minAvailable and maxUnavailable cannot be both set";
        errors.push(FieldError::invalid(&path, spec.clone(), detail));
    }
    for field in bounds.iter().filter(|field| is_set(spec, field)) {
        int_or_percent(&mut errors, &path.at(field), &spec[*field]);
        at_most_all(&mut errors, &path.at(field), &spec[*field]);
    }
    label_selector(&mut errors, &path.at("selector"), &spec["selector"]);
    errors
}

const STORAGE_CLASS: Kind = Kind {
    default: |class| {
        fill(class, "reclaimPolicy", || "Delete".into());
        fill(class, "volumeBindingMode", || "Immediate".into());
    },
    validate_create: |class, _| storage_class(class),
    validate_update: |new, old, _| {
        let mut errors = storage_class(new);
        for field in ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"] {
            immutable_unshown(&mut errors, &Path::new(field), &new[field], &old[field]);
        }
        errors
    },
    columns: &[
        NAME,
        ("Provisioner", "string", "", 0, "Who makes the volumes."),
        (
            "ReclaimPolicy",
            "string",
            "",
            0,
            "What happens to a volume whose claim is gone.",
        ),
        ("VolumeBindingMode", "string", "", 0, "When volumes are made."),
        (
            "AllowVolumeExpansion",
            "string",
            "",
            0,
            "Whether volumes may grow.",
        ),
        AGE,
    ],
    cells: |class, now| {
        let default = "storageclass.kubernetes.io/is-default-class";
        let mark = text(&class["metadata"]["annotations"], default) == "true";
        let name = text(&class["metadata"], "name");
        vec![
            if mark {
                format!("{name} (default)")
            } else {
                name.into()
            }
            .into(),
            class["provisioner"].clone(),
            class["reclaimPolicy"].clone(),
            class["volumeBindingMode"].clone(),
            flag(class, "allowVolumeExpansion").into(),
            age(class, now).into(),
        ]
    },
    ..Kind::PLAIN
};

fn storage_class(class: &Value) -> Errors {
    let mut errors = Errors::new();
    let provisioner = text(class, "provisioner").to_lowercase();
    if provisioner.is_empty() {
        errors.push(FieldError::required("provisioner", ""));
    } else {
        let found = name::label_key(&provisioner);
        sentences(&mut errors, &Path::new("provisioner"), provisioner, found);
    }
    let path = Path::new("reclaimPolicy");
    one_of_or_none(&mut errors, &path, &class["reclaimPolicy"], &["Delete", "Retain"]);
    let path = Path::new("volumeBindingMode");
    let modes = ["Immediate", "WaitForFirstConsumer"];
    one_of_or_none(&mut errors, &path, &class["volumeBindingMode"], &modes);
    errors
}

/// Highest priority a class may have that is not the system's own.
const HIGHEST: i64 = 1_000_000_000;

const PRIORITY: Kind = Kind {
    default: |class| fill(class, "preemptionPolicy", || "PreemptLowerPriority".into()),
    validate_create: |class, _| {
        let mut errors = Errors::new();
        let name = text(&class["metadata"], "name");
        if name.starts_with("system-") && !name.ends_with("-critical") {
            let detail = format!(
                "priority class names with 'system-' prefix are reserved for system use only. error: {name} is not a \
                 known system priority class"
            );
            errors.push(FieldError::forbidden("metadata.name", detail));
        } else if count(class, "value") > HIGHEST && !name.starts_with("system-") {
            let detail = format!("maximum allowed value of a user defined priority is {HIGHEST}");
            errors.push(FieldError::forbidden("value", detail));
        }
        let policies = ["PreemptLowerPriority", "Never"];
        one_of_or_none(
            &mut errors,
            &Path::new("preemptionPolicy"),
            &class["preemptionPolicy"],
            &policies,
        );
        errors
    },
    validate_update: |new, old, _| {
        let mut errors = Errors::new();
        if count(new, "value") != count(old, "value") {
            let detail = "may not be changed in an update.";
            errors.push(FieldError::forbidden("value", detail));
        }
        let [now, before] = [new, old].map(|class| &class["preemptionPolicy"]);
        immutable(&mut errors, &Path::new("preemptionPolicy"), now, before);
        errors
    },
    generation: Generation::Content,
    columns: &[
        NAME,
        ("Value", "integer", "", 0, "The priority."),
        (
            "Global-Default",
            "boolean",
            "",
            0,
            "Whether pods have it that name none.",
        ),
        AGE,
        (
            "PreemptionPolicy",
            "string",
            "",
            1,
            "Whether its pods push others out.",
        ),
    ],
    cells: |class, now| {
        vec![
            class["metadata"]["name"].clone(),
            count(class, "value").into(),
            flag(class, "globalDefault").into(),
            age(class, now).into(),
            text(class, "preemptionPolicy").into(),
        ]
    },
    ..Kind::PLAIN
};

#[cfg(test)]
mod tests;
