//! `ReplicaSets`: as many pods as wanted.

mod plan;

use super::ownership::{claim, look_at_adopters, look_at_owner};
use super::{Reconciler, World, batch, template};
use crate::event::{Recorder, about};
use crate::informer::Key;
use crate::queue::{Failed, Queue, Worked};
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use plan::{Plan, plan};
use std::sync::Arc;

pub(crate) struct Controller {
    world: Arc<World>,
    recorder: Recorder,
}

/// What a look has done, for the status.
struct Applied {
    refused: Option<Failed>,
}

impl Reconciler for Controller {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let sets = Arc::clone(queue);
        self.world
            .replica_sets
            .listen(move |change| sets.add(Key::of(change.latest())));
        let (pods, parents) = (Arc::clone(queue), self.world.replica_sets.clone());
        self.world.pods.listen(move |change| {
            look_at_owner::<ReplicaSet, _>(&pods, change);
            look_at_adopters(&pods, change, &parents, |set: &ReplicaSet| {
                set.spec.as_ref().map(|spec| &spec.selector)
            });
        });
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let Some(set) = self.world.replica_sets.get(&key) else {
            return Ok(None);
        };
        let selector = set.spec.as_ref().map(|spec| &spec.selector);
        let pods = claim(&self.world.replica_sets, &*set, selector, &self.world.pods).await?;
        let applied = self.apply(&set, plan(&set, &pods)).await?;
        self.report(&set, applied).await
    }
}

impl Controller {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self {
            world: Arc::clone(world),
            recorder: world.recorder.signed("replicaset-controller"),
        }
    }

    async fn apply(&self, set: &ReplicaSet, plan: Plan) -> Result<Applied, Failed> {
        let Plan { create, delete } = plan;
        let template = set
            .spec
            .as_ref()
            .and_then(|spec| spec.template.clone())
            .unwrap_or_default();
        let (_, refused) =
            batch::slow_start(create, |_| self.create(set, template::pod(set, &template))).await;
        batch::each(delete, |pod| async move { self.delete(set, &pod).await }).await?;
        Ok(Applied { refused })
    }

    async fn create(&self, set: &ReplicaSet, pod: Pod) -> Result<(), Failed> {
        match self.world.pods.create(&pod).await {
            Ok(made) => {
                self.recorder.normal(
                    &about(set),
                    "SuccessfulCreate",
                    format!("Created pod: {}", made.name_any()),
                );
                Ok(())
            }
            Err(error) => {
                self.recorder.warning(
                    &about(set),
                    "FailedCreate",
                    format!("Error creating: {}", error.cause()),
                );
                Err(error)
            }
        }
    }

    async fn delete(&self, set: &ReplicaSet, pod: &Pod) -> Result<(), Failed> {
        match self.world.pods.delete(pod).await {
            Ok(()) => {
                self.recorder.normal(
                    &about(set),
                    "SuccessfulDelete",
                    format!("Deleted pod: {}", pod.name_any()),
                );
                Ok(())
            }
            Err(error) => {
                self.recorder.warning(
                    &about(set),
                    "FailedDelete",
                    format!("Error deleting: {}", error.cause()),
                );
                Err(error)
            }
        }
    }

    /// The status counts what exists after the writes, so that one look is enough.
    async fn report(&self, set: &ReplicaSet, applied: Applied) -> Worked {
        let Applied { refused } = applied;
        let uid = set.uid().unwrap_or_default();
        let pods: Vec<Arc<Pod>> = self.world.pods.owned_by(&uid);
        let now = Timestamp::now();
        let cause = refused.as_ref().map(Failed::cause);
        let (status, again) = plan::status(set, &pods, cause.as_deref(), now);
        if set.status.as_ref() != Some(&status)
            && let Some(latest) = self.world.replica_sets.get(&Key::of(set))
        {
            let changed = ReplicaSet {
                status: Some(status),
                ..ReplicaSet::clone(&latest)
            };
            self.world.replica_sets.replace_status(&changed).await?;
        }
        match refused {
            Some(refused) => Err(refused),
            None => Ok(again),
        }
    }
}
