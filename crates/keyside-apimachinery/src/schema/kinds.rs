//! The built-in kinds with a known shape: each row leads to the type that describes itself.

use k8s_openapi::api::{
    admissionregistration::v1 as admission, admissionregistration::v1alpha1 as mutation, apps::v1 as apps,
    authentication::v1 as authentication, authorization::v1 as authorization, autoscaling::v1 as autoscaling,
    autoscaling::v2 as autoscaling2, batch::v1 as batch, certificates::v1 as certificates,
    coordination::v1 as coordination, core::v1 as core, discovery::v1 as discovery, events::v1 as events,
    networking::v1 as networking, node::v1 as node, policy::v1 as policy, rbac::v1 as rbac,
    scheduling::v1 as scheduling, storage::v1 as storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1 as apiextensions;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1 as registration;
use schemars::{JsonSchema, SchemaGenerator};
use std::borrow::Cow;

/// A kind whose shape is known.
pub(super) struct Root {
    /// API group; empty for core.
    pub(super) group: &'static str,
    /// Version.
    pub(super) version: &'static str,
    /// Kind.
    pub(super) kind: &'static str,
    /// Published name of the definition.
    pub(super) definition: fn() -> Cow<'static, str>,
    /// Adds the definition and all that it refers to.
    pub(super) add: fn(&mut SchemaGenerator),
}

/// Metadata is described once for all kinds, custom ones included.
pub(super) const METADATA: Root = plain::<meta::ObjectMeta>("", "v1", "ObjectMeta");

/// Every kind with a known shape.
pub(super) const ROOTS: &[Root] = &[
    METADATA,
    plain::<meta::DeleteOptions>("", "v1", "DeleteOptions"),
    plain::<meta::ListMeta>("", "v1", "ListMeta"),
    plain::<meta::LabelSelector>("meta.k8s.io", "v1", "LabelSelector"),
    kind::<meta::Status>(),
    kind::<core::Binding>(),
    kind::<core::ConfigMap>(),
    kind::<core::Endpoints>(),
    kind::<core::Event>(),
    kind::<core::LimitRange>(),
    kind::<core::Namespace>(),
    kind::<core::Node>(),
    kind::<core::PersistentVolume>(),
    kind::<core::PersistentVolumeClaim>(),
    kind::<core::Pod>(),
    kind::<core::PodTemplate>(),
    kind::<core::ReplicationController>(),
    kind::<core::ResourceQuota>(),
    kind::<core::Secret>(),
    kind::<core::Service>(),
    kind::<core::ServiceAccount>(),
    kind::<apps::ControllerRevision>(),
    kind::<apps::DaemonSet>(),
    kind::<apps::Deployment>(),
    kind::<apps::ReplicaSet>(),
    kind::<apps::StatefulSet>(),
    kind::<autoscaling::Scale>(),
    kind::<autoscaling::HorizontalPodAutoscaler>(),
    kind::<autoscaling2::HorizontalPodAutoscaler>(),
    kind::<certificates::CertificateSigningRequest>(),
    kind::<node::RuntimeClass>(),
    kind::<storage::CSINode>(),
    kind::<batch::CronJob>(),
    kind::<batch::Job>(),
    kind::<coordination::Lease>(),
    kind::<discovery::EndpointSlice>(),
    kind::<events::Event>(),
    kind::<networking::Ingress>(),
    kind::<networking::IngressClass>(),
    kind::<networking::NetworkPolicy>(),
    kind::<policy::Eviction>(),
    kind::<policy::PodDisruptionBudget>(),
    kind::<rbac::ClusterRole>(),
    kind::<rbac::ClusterRoleBinding>(),
    kind::<rbac::Role>(),
    kind::<rbac::RoleBinding>(),
    kind::<scheduling::PriorityClass>(),
    kind::<storage::StorageClass>(),
    // The types of this Kubernetes version know them in a version with the same fields.
    plain::<mutation::MutatingAdmissionPolicy>(
        "admissionregistration.k8s.io",
        "v1",
        "MutatingAdmissionPolicy",
    ),
    plain::<mutation::MutatingAdmissionPolicyBinding>(
        "admissionregistration.k8s.io",
        "v1",
        "MutatingAdmissionPolicyBinding",
    ),
    kind::<admission::MutatingWebhookConfiguration>(),
    kind::<admission::ValidatingAdmissionPolicy>(),
    kind::<admission::ValidatingAdmissionPolicyBinding>(),
    kind::<admission::ValidatingWebhookConfiguration>(),
    kind::<apiextensions::CustomResourceDefinition>(),
    kind::<registration::APIService>(),
    kind::<authentication::SelfSubjectReview>(),
    kind::<authentication::TokenRequest>(),
    kind::<authentication::TokenReview>(),
    kind::<authorization::LocalSubjectAccessReview>(),
    kind::<authorization::SelfSubjectAccessReview>(),
    kind::<authorization::SelfSubjectRulesReview>(),
    kind::<authorization::SubjectAccessReview>(),
];

const fn kind<T: JsonSchema + k8s_openapi::Resource>() -> Root {
    plain::<T>(T::GROUP, T::VERSION, T::KIND)
}

const fn plain<T: JsonSchema>(group: &'static str, version: &'static str, kind: &'static str) -> Root {
    Root {
        group,
        version,
        kind,
        definition: T::schema_name,
        add: add::<T>,
    }
}

fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
    generator.subschema_for::<T>();
}
