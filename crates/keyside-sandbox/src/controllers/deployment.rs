//! `Deployments`: one `ReplicaSet` per revision of the template, and the way from one to the next.

mod plan;
mod revision;
mod rollout;
mod status;

use super::ownership::{claim, look_at_adopters, look_at_owner, owner};
use super::{Reconciler, World, batch};
use crate::event::{Recorder, about};
use crate::informer::Key;
use crate::pod;
use crate::queue::{Queue, Worked};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use kube::api::Patch;
use plan::{Plan, Resize, View, plan};
pub(crate) use rollout::scaled;
use serde_json::json;
use std::sync::Arc;

pub(crate) struct Controller {
    world: Arc<World>,
    recorder: Recorder,
}

/// What a look has done, for the status.
struct Applied {
    plan_status: status::Planned,
    /// Another template has the name that this one would get.
    collided: bool,
    /// Why the new set was refused.
    refused: Option<String>,
}

impl Reconciler for Controller {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let own = Arc::clone(queue);
        self.world
            .deployments
            .listen(move |change| own.add(Key::of(change.latest())));
        let (sets, parents) = (Arc::clone(queue), self.world.deployments.clone());
        self.world.replica_sets.listen(move |change| {
            look_at_owner::<Deployment, _>(&sets, change);
            look_at_adopters(&sets, change, &parents, |one: &Deployment| {
                one.spec.as_ref().map(|spec| &spec.selector)
            });
        });
        // `Recreate` waits until the last old pod is gone.
        let (pods, sets, parents) = (
            Arc::clone(queue),
            self.world.replica_sets.clone(),
            self.world.deployments.clone(),
        );
        self.world.pods.listen(move |change| {
            let Some(gone) = change.old.as_ref().filter(|_| change.new.is_none()) else {
                return;
            };
            let namespace = gone.namespace().unwrap_or_default();
            let Some(set) = owner(&**gone).and_then(|owner| sets.get(&Key::new(&namespace, &owner.name)))
            else {
                return;
            };
            let Some(parent) = owner(&*set).map(|owner| Key::new(&namespace, &owner.name)) else {
                return;
            };
            if parents
                .get(&parent)
                .is_some_and(|parent| rollout::is_recreate(&parent))
            {
                pods.add(parent);
            }
        });
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let Some(deployment) = self.world.deployments.get(&key) else {
            return Ok(None);
        };
        let selector = deployment.spec.as_ref().map(|spec| &spec.selector);
        let sets = claim(
            &self.world.deployments,
            &*deployment,
            selector,
            &self.world.replica_sets,
        )
        .await?;
        let alive = self.sets_with_pods(&sets);
        let view = View {
            deployment: &deployment,
            sets: &sets,
            alive: &alive,
            now: Timestamp::now(),
        };
        let plan = plan(&view);
        let again = plan.status.again;
        let applied = self.apply(&deployment, plan).await?;
        self.report(&deployment, applied).await?;
        Ok(again)
    }
}

impl Controller {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self {
            world: Arc::clone(world),
            recorder: world.recorder.signed("deployment-controller"),
        }
    }

    /// UIDs of the sets that still have pods which have not ended, deleted ones included.
    fn sets_with_pods(&self, sets: &[Arc<ReplicaSet>]) -> Vec<String> {
        let has_pods = |uid: &String| {
            self.world
                .pods
                .owned_by(uid)
                .iter()
                .any(|pod| !pod::is_finished(pod))
        };
        sets.iter().filter_map(|set| set.uid()).filter(has_pods).collect()
    }

    async fn apply(&self, deployment: &Deployment, plan: Plan) -> Result<Applied, crate::queue::Failed> {
        let Plan {
            create,
            update,
            delete,
            revision,
            status,
        } = plan;
        let mut applied = Applied {
            plan_status: status,
            collided: false,
            refused: None,
        };
        if let Some(set) = create {
            self.create(deployment, &set, &mut applied).await?;
        }
        batch::each(update, |resize| self.resize(deployment, resize)).await?;
        batch::each(
            delete,
            |set| async move { self.world.replica_sets.delete(&set).await },
        )
        .await?;
        if let Some(revision) = revision {
            let patch = json!({ "metadata": { "annotations": { revision::REVISION: revision } } });
            self.world
                .deployments
                .patch(deployment, &Patch::Merge(patch))
                .await?;
        }
        Ok(applied)
    }

    async fn create(
        &self,
        deployment: &Deployment,
        set: &ReplicaSet,
        applied: &mut Applied,
    ) -> Result<(), crate::queue::Failed> {
        match self.world.replica_sets.create(set).await {
            Ok(made) => {
                let replicas = made
                    .spec
                    .as_ref()
                    .and_then(|spec| spec.replicas)
                    .unwrap_or_default();
                if replicas > 0 {
                    self.tell_scaled(deployment, &made.name_any(), 0, replicas);
                }
                Ok(())
            }
            // Our own set of that name would have been found; so the name belongs to another template or another owner.
            Err(error) if error.code() == Some(409) => {
                applied.collided = true;
                Ok(())
            }
            Err(error) => {
                let message = format!(
                    "Failed to create new replica set {:?}: {}",
                    set.name_any(),
                    error.cause()
                );
                self.recorder
                    .warning(&about(deployment), status::FAILED_CREATE, &message);
                applied.refused = Some(message);
                Ok(())
            }
        }
    }

    async fn resize(&self, deployment: &Deployment, resize: Resize) -> Result<(), crate::queue::Failed> {
        let Resize { set, from, to } = resize;
        self.world.replica_sets.replace(&set).await?;
        if from != to {
            self.tell_scaled(deployment, &set.name_any(), from, to);
        }
        Ok(())
    }

    fn tell_scaled(&self, deployment: &Deployment, set: &str, from: i32, to: i32) {
        let direction = if from < to { "up" } else { "down" };
        let message = format!("Scaled {direction} replica set {set} from {from} to {to}");
        self.recorder
            .normal(&about(deployment), "ScalingReplicaSet", message);
    }

    async fn report(&self, deployment: &Deployment, applied: Applied) -> Result<(), crate::queue::Failed> {
        let Applied {
            plan_status,
            collided,
            refused,
        } = applied;
        let mut status = plan_status.status;
        if collided {
            status.collision_count = Some(status.collision_count.unwrap_or_default() + 1);
        }
        if let Some(message) = &refused {
            status::set_refused(&mut status, message, Timestamp::now());
        }
        if deployment.status.as_ref() != Some(&status)
            && let Some(latest) = self.world.deployments.get(&Key::of(deployment))
        {
            let changed = Deployment {
                status: Some(status),
                ..Deployment::clone(&latest)
            };
            self.world.deployments.replace_status(&changed).await?;
        }
        Ok(())
    }
}
