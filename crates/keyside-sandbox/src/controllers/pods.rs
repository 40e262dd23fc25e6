//! Making and deleting the pods of a controller, and saying so at the controller.

use super::World;
use crate::event::{Recorder, about};
use crate::queue::Failed;
use k8s_openapi::api::core::v1::{ObjectReference, Pod};
use kube::{Resource, ResourceExt};
use std::sync::Arc;

/// Writes the pods of one kind of controller.
pub(super) struct PodWriter {
    world: Arc<World>,
    pub(super) recorder: Recorder,
}

impl PodWriter {
    pub(super) fn new(world: &Arc<World>, component: &'static str) -> Self {
        Self {
            world: Arc::clone(world),
            recorder: world.recorder.signed(component),
        }
    }

    pub(super) async fn create<P: Resource<DynamicType = ()>>(
        &self,
        parent: &P,
        pod: &Pod,
    ) -> Result<(), Failed> {
        let made = self.world.pods.create(pod).await;
        let name = made.as_ref().map(ResourceExt::name_any).unwrap_or_default();
        self.tell(
            &about(parent),
            made.map(drop),
            ["SuccessfulCreate", "FailedCreate"],
            &format!("Created pod: {name}"),
            "creating",
        )
    }

    pub(super) async fn delete<P: Resource<DynamicType = ()>>(
        &self,
        parent: &P,
        pod: &Pod,
    ) -> Result<(), Failed> {
        let deleted = self.world.pods.delete(pod).await;
        let done = format!("Deleted pod: {}", pod.name_any());
        self.tell(
            &about(parent),
            deleted,
            ["SuccessfulDelete", "FailedDelete"],
            &done,
            "deleting",
        )
    }

    fn tell(
        &self,
        about: &ObjectReference,
        answer: Result<(), Failed>,
        [success, failure]: [&str; 2],
        done: &str,
        doing: &str,
    ) -> Result<(), Failed> {
        match &answer {
            Ok(()) => self.recorder.normal(about, success, done),
            Err(error) => self
                .recorder
                .warning(about, failure, format!("Error {doing}: {}", error.cause())),
        }
        answer
    }
}
