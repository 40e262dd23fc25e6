//! How the lists and maps of built-in kinds merge: facts that stand in the comments of Kubernetes' Go types
//! (`+listType`, `+mapType`, `patchStrategy`) and in its published documents, but not in the generated ones.
//!
//! What is not in the table is the rule: lists are replaced as a whole, objects merge field by field.

use super::{ListKind, Object, PatchStrategy, Shape};
use Apply::{Atomic, Keys, Set};
use Patch::{Merge, MergeRetain, MergeValues, Replace, Retain, Whole};

/// How server-side apply treats a field.
#[derive(Clone, Copy)]
enum Apply {
    /// Replaced as a whole.
    Atomic,
    /// Elements are told apart by value.
    Set,
    /// Elements are told apart by these fields.
    Keys(&'static [&'static str]),
}

/// How a strategic merge patch treats a field.
#[derive(Clone, Copy)]
enum Patch {
    /// Replaced as a whole.
    Whole,
    /// Elements merge by this field.
    Merge(&'static str),
    /// Plain values are added to what is there.
    MergeValues,
    /// Elements merge by this field, and keys that are not retained go.
    MergeRetain(&'static str),
    /// Objects merge, and keys that are not retained go.
    Retain,
    /// Objects are replaced instead of merged.
    Replace,
}

/// A field and how it is treated.
type Rule = (&'static str, Apply, Patch);

/// Definitions that are owned and replaced as a whole.
const ATOMIC: &[&str] = &[
    "io.k8s.api.admissionregistration.v1.MatchResources",
    "io.k8s.api.admissionregistration.v1.NamedRuleWithOperations",
    "io.k8s.api.admissionregistration.v1.ParamKind",
    "io.k8s.api.admissionregistration.v1.ParamRef",
    "io.k8s.api.core.v1.ConfigMapKeySelector",
    "io.k8s.api.core.v1.EndpointAddress",
    "io.k8s.api.core.v1.EndpointPort",
    "io.k8s.api.core.v1.LocalObjectReference",
    "io.k8s.api.core.v1.NodeSelector",
    "io.k8s.api.core.v1.NodeSelectorTerm",
    "io.k8s.api.core.v1.ObjectFieldSelector",
    "io.k8s.api.core.v1.ObjectReference",
    "io.k8s.api.core.v1.ResourceFieldSelector",
    "io.k8s.api.core.v1.ScopeSelector",
    "io.k8s.api.core.v1.SecretKeySelector",
    "io.k8s.api.core.v1.SecretReference",
    "io.k8s.api.core.v1.TopologySelectorTerm",
    "io.k8s.api.core.v1.TypedLocalObjectReference",
    "io.k8s.api.discovery.v1.EndpointPort",
    "io.k8s.api.networking.v1.ServiceBackendPort",
    "io.k8s.api.rbac.v1.RoleRef",
    "io.k8s.api.rbac.v1.Subject",
    "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
    "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
    "io.k8s.apimachinery.pkg.runtime.RawExtension",
];

/// Fields of definitions that differ from the rule.
const FIELDS: &[(&str, &[Rule])] = &[
    (
        "io.k8s.api.admissionregistration.v1.MutatingWebhook",
        &[("matchConditions", Keys(&["name"]), Merge("name"))],
    ),
    (
        "io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration",
        &[("webhooks", Keys(&["name"]), Merge("name"))],
    ),
    (
        "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec",
        &[
            ("matchConditions", Keys(&["name"]), Merge("name")),
            ("variables", Keys(&["name"]), Merge("name")),
        ],
    ),
    (
        "io.k8s.api.admissionregistration.v1alpha1.MutatingAdmissionPolicySpec",
        &[
            ("matchConditions", Keys(&["name"]), Merge("name")),
            ("variables", Keys(&["name"]), Merge("name")),
        ],
    ),
    (
        "io.k8s.api.admissionregistration.v1.ValidatingWebhook",
        &[("matchConditions", Keys(&["name"]), Merge("name"))],
    ),
    (
        "io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration",
        &[("webhooks", Keys(&["name"]), Merge("name"))],
    ),
    ("io.k8s.api.apps.v1.DaemonSetStatus", CONDITIONS),
    (
        "io.k8s.api.apps.v1.DeploymentSpec",
        &[("strategy", Atomic, Retain)],
    ),
    ("io.k8s.api.apps.v1.DeploymentStatus", CONDITIONS),
    ("io.k8s.api.apps.v1.ReplicaSetStatus", CONDITIONS),
    ("io.k8s.api.apps.v1.StatefulSetStatus", CONDITIONS),
    (
        "io.k8s.api.batch.v1.JobStatus",
        &[("conditions", Atomic, Merge("type"))],
    ),
    (
        "io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement",
        &[("values", Set, Whole)],
    ),
    (
        "io.k8s.api.batch.v1.UncountedTerminatedPods",
        &[("failed", Set, Whole), ("succeeded", Set, Whole)],
    ),
    ("io.k8s.api.core.v1.Container", CONTAINER),
    (
        "io.k8s.api.core.v1.ContainerStatus",
        &[
            ("allocatedResourcesStatus", Keys(&["name"]), Merge("name")),
            ("volumeMounts", Keys(&["mountPath"]), Merge("mountPath")),
        ],
    ),
    ("io.k8s.api.core.v1.EphemeralContainer", CONTAINER),
    ("io.k8s.api.core.v1.NamespaceStatus", CONDITIONS),
    ("io.k8s.api.core.v1.NodeSpec", &[("podCIDRs", Set, MergeValues)]),
    (
        "io.k8s.api.core.v1.NodeStatus",
        &[
            ("addresses", Keys(&["type"]), Merge("type")),
            ("conditions", Keys(&["type"]), Merge("type")),
        ],
    ),
    ("io.k8s.api.core.v1.PersistentVolumeClaimStatus", CONDITIONS),
    (
        "io.k8s.api.core.v1.PodSpec",
        &[
            ("containers", Keys(&["name"]), Merge("name")),
            ("ephemeralContainers", Keys(&["name"]), Merge("name")),
            ("hostAliases", Keys(&["ip"]), Merge("ip")),
            ("imagePullSecrets", Keys(&["name"]), Merge("name")),
            ("initContainers", Keys(&["name"]), Merge("name")),
            ("nodeSelector", Atomic, Whole),
            ("resourceClaims", Keys(&["name"]), MergeRetain("name")),
            ("schedulingGates", Keys(&["name"]), Merge("name")),
            (
                "topologySpreadConstraints",
                Keys(&["topologyKey", "whenUnsatisfiable"]),
                Merge("topologyKey"),
            ),
            ("volumes", Keys(&["name"]), MergeRetain("name")),
        ],
    ),
    (
        "io.k8s.api.core.v1.PodStatus",
        &[
            ("conditions", Keys(&["type"]), Merge("type")),
            ("hostIPs", Atomic, Merge("ip")),
            ("podIPs", Keys(&["ip"]), Merge("ip")),
            ("resourceClaimStatuses", Keys(&["name"]), MergeRetain("name")),
        ],
    ),
    (
        "io.k8s.api.core.v1.ReplicationControllerSpec",
        &[("selector", Atomic, Whole)],
    ),
    ("io.k8s.api.core.v1.ReplicationControllerStatus", CONDITIONS),
    (
        "io.k8s.api.core.v1.ResourceRequirements",
        &[("claims", Keys(&["name"]), Whole)],
    ),
    (
        "io.k8s.api.core.v1.ResourceStatus",
        &[("resources", Keys(&["resourceID"]), Whole)],
    ),
    (
        "io.k8s.api.core.v1.ServiceAccount",
        &[("secrets", Keys(&["name"]), Merge("name"))],
    ),
    (
        "io.k8s.api.core.v1.ServiceSpec",
        &[
            ("ports", Keys(&["port", "protocol"]), Merge("port")),
            ("selector", Atomic, Whole),
        ],
    ),
    ("io.k8s.api.core.v1.ServiceStatus", CONDITIONS),
    ("io.k8s.api.discovery.v1.Endpoint", &[("addresses", Set, Whole)]),
    (
        "io.k8s.api.policy.v1.PodDisruptionBudgetSpec",
        &[("selector", Atomic, Replace)],
    ),
    ("io.k8s.api.policy.v1.PodDisruptionBudgetStatus", CONDITIONS),
    (
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus",
        &[("conditions", Keys(&["type"]), Whole)],
    ),
    (
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps",
        &[("x-kubernetes-validations", Keys(&["rule"]), Merge("rule"))],
    ),
    (
        "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
        &[
            ("finalizers", Set, MergeValues),
            ("ownerReferences", Keys(&["uid"]), Merge("uid")),
        ],
    ),
];

const CONDITIONS: &[Rule] = &[("conditions", Keys(&["type"]), Merge("type"))];

const CONTAINER: &[Rule] = &[
    ("env", Keys(&["name"]), Merge("name")),
    (
        "ports",
        Keys(&["containerPort", "protocol"]),
        Merge("containerPort"),
    ),
    ("volumeDevices", Keys(&["devicePath"]), Merge("devicePath")),
    ("volumeMounts", Keys(&["mountPath"]), Merge("mountPath")),
];

/// Values of absent fields that are part of a list key.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("io.k8s.api.core.v1.ContainerPort", "protocol", "TCP"),
    ("io.k8s.api.core.v1.ServicePort", "protocol", "TCP"),
];

/// Writes the table's facts about a definition into its shape.
pub(super) fn mark(definition: &str, object: &mut Object) {
    object.atomic = ATOMIC.contains(&definition);
    let rows = FIELDS
        .iter()
        .filter(|(name, _)| *name == definition)
        .flat_map(|(_, rows)| *rows);
    for &(field, apply, patch) in rows {
        if let Some(schema) = object.fields.get_mut(field) {
            schema.patch = patch.strategy();
            match &mut schema.shape {
                Shape::List(list) => list.kind = apply.list(),
                Shape::Object(map) => map.atomic = matches!(apply, Atomic),
                _ => {}
            }
        }
    }
    for (_, field, value) in DEFAULTS.iter().filter(|(name, ..)| *name == definition) {
        if let Some(schema) = object.fields.get_mut(*field) {
            schema.default = Some((*value).into());
        }
    }
}

impl Apply {
    fn list(self) -> ListKind {
        match self {
            Atomic => ListKind::Atomic,
            Set => ListKind::Set,
            Keys(keys) => ListKind::Map(keys.iter().map(|&k| k.to_owned()).collect()),
        }
    }
}

impl Patch {
    fn strategy(self) -> PatchStrategy {
        let (text, key) = match self {
            Whole => ("", ""),
            Merge(key) => ("merge", key),
            MergeValues => ("merge", ""),
            MergeRetain(key) => ("merge,retainKeys", key),
            Retain => ("retainKeys", ""),
            Replace => ("replace", ""),
        };
        PatchStrategy::read(text, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{definitions, kinds};
    use std::collections::HashSet;

    #[test]
    fn every_row_names_a_field_that_exists() {
        let all = definitions::documents(kinds::ROOTS.iter().map(|r| (r.group, r.version, r.kind)));
        for name in ATOMIC {
            assert!(all.contains_key(*name), "no definition {name}");
        }
        for (name, rows) in FIELDS {
            for (field, ..) in *rows {
                assert!(
                    all[*name]["properties"][*field].is_object(),
                    "no field {name} {field}"
                );
            }
        }
        for (name, field, _) in DEFAULTS {
            assert!(
                all[*name]["properties"][*field].is_object(),
                "no field {name} {field}"
            );
        }
    }

    #[test]
    fn no_definition_is_named_twice() {
        let mut seen = HashSet::new();
        assert!(FIELDS.iter().all(|(name, _)| seen.insert(name)));
    }
}
