//! What the two kinds have in common: seen as a `ReplicaSet`, they are planned for alike.

use super::super::World;
use crate::objects::{Objects, Scoped};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetSpec, ReplicaSetStatus};
use k8s_openapi::api::core::v1::{
    ReplicationController, ReplicationControllerCondition, ReplicationControllerStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::Resource;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

pub(crate) trait Replicated:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Serialize
    + Send
    + Sync
    + 'static
where
    NamespaceResourceScope: Scoped<Self>,
{
    /// Who signs the events.
    const COMPONENT: &'static str;

    fn objects(world: &World) -> &Objects<Self>;

    fn selector(&self) -> Option<LabelSelector>;

    fn as_set(&self) -> ReplicaSet;

    fn with_status(&self, status: ReplicaSetStatus) -> Self;
}

impl Replicated for ReplicaSet {
    const COMPONENT: &'static str = "replicaset-controller";

    fn objects(world: &World) -> &Objects<Self> {
        &world.replica_sets
    }

    fn selector(&self) -> Option<LabelSelector> {
        self.spec.as_ref().map(|spec| spec.selector.clone())
    }

    fn as_set(&self) -> ReplicaSet {
        self.clone()
    }

    fn with_status(&self, status: ReplicaSetStatus) -> Self {
        Self {
            status: Some(status),
            ..self.clone()
        }
    }
}

impl Replicated for ReplicationController {
    const COMPONENT: &'static str = "replication-controller";

    fn objects(world: &World) -> &Objects<Self> {
        &world.replication_controllers
    }

    /// Plain labels; without any, nothing is selected.
    fn selector(&self) -> Option<LabelSelector> {
        let labels = self
            .spec
            .as_ref()?
            .selector
            .clone()
            .filter(|labels| !labels.is_empty())?;
        Some(LabelSelector {
            match_labels: Some(labels),
            ..LabelSelector::default()
        })
    }

    fn as_set(&self) -> ReplicaSet {
        let spec = self.spec.as_ref().map(|spec| ReplicaSetSpec {
            replicas: spec.replicas,
            min_ready_seconds: spec.min_ready_seconds,
            selector: self.selector().unwrap_or_default(),
            template: spec.template.clone(),
        });
        let condition = |one: &ReplicationControllerCondition| ReplicaSetCondition {
            type_: one.type_.clone(),
            status: one.status.clone(),
            reason: one.reason.clone(),
            message: one.message.clone(),
            last_transition_time: one.last_transition_time.clone(),
        };
        let status = self.status.as_ref().map(|status| ReplicaSetStatus {
            replicas: status.replicas,
            fully_labeled_replicas: status.fully_labeled_replicas,
            ready_replicas: status.ready_replicas,
            available_replicas: status.available_replicas,
            observed_generation: status.observed_generation,
            conditions: status
                .conditions
                .as_ref()
                .map(|all| all.iter().map(condition).collect()),
            ..ReplicaSetStatus::default()
        });
        ReplicaSet {
            metadata: self.metadata.clone(),
            spec,
            status,
        }
    }

    fn with_status(&self, status: ReplicaSetStatus) -> Self {
        let condition = |one: ReplicaSetCondition| ReplicationControllerCondition {
            type_: one.type_,
            status: one.status,
            reason: one.reason,
            message: one.message,
            last_transition_time: one.last_transition_time,
        };
        let status = ReplicationControllerStatus {
            replicas: status.replicas,
            fully_labeled_replicas: status.fully_labeled_replicas,
            ready_replicas: status.ready_replicas,
            available_replicas: status.available_replicas,
            observed_generation: status.observed_generation,
            conditions: status
                .conditions
                .map(|all| all.into_iter().map(condition).collect()),
        };
        Self {
            status: Some(status),
            ..self.clone()
        }
    }
}
