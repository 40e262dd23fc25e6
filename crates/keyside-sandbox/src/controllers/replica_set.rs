//! `ReplicaSets`, and their elder brothers the `ReplicationControllers`: as many pods as wanted.

mod plan;
mod replicated;

use super::ownership::{claim, look_at_owner, owner};
use super::pods::PodWriter;
use super::{Reconciler, World, batch, template};
use crate::informer::Key;
use crate::queue::{Failed, Queue, Worked};
use crate::selector;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use plan::{Plan, plan};
use replicated::Replicated;
use std::marker::PhantomData;
use std::sync::Arc;

/// The controller of one of the two kinds.
pub(crate) struct Controller<K> {
    world: Arc<World>,
    pods: PodWriter,
    kind: PhantomData<fn() -> K>,
}

/// What a look has done, for the status.
struct Applied {
    refused: Option<Failed>,
}

impl<K: Replicated> Reconciler for Controller<K> {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let sets = Arc::clone(queue);
        K::objects(&self.world).listen(move |change| sets.add(Key::of(change.latest())));
        let (queue, parents) = (Arc::clone(queue), K::objects(&self.world).clone());
        self.world.pods.listen(move |change| {
            look_at_owner::<K, _>(&queue, change);
            let Some(stray) = change.new.as_ref().filter(|pod| owner(&***pod).is_none()) else {
                return;
            };
            for parent in parents.list_in(stray.metadata.namespace.as_deref().unwrap_or_default()) {
                if parent
                    .selector()
                    .is_some_and(|one| selector::matches(&one, stray.metadata.labels.as_ref()))
                {
                    queue.add(Key::of(&*parent));
                }
            }
        });
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let Some(object) = K::objects(&self.world).get(&key) else {
            return Ok(None);
        };
        let selector = object.selector();
        let pods = claim(
            K::objects(&self.world),
            &*object,
            selector.as_ref(),
            &self.world.pods,
        )
        .await?;
        let set = object.as_set();
        let applied = self.apply(&object, &set, plan(&set, &pods)).await?;
        self.report(&object, &set, applied).await
    }
}

impl<K: Replicated> Controller<K> {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self {
            world: Arc::clone(world),
            pods: PodWriter::new(world, K::COMPONENT),
            kind: PhantomData,
        }
    }

    async fn apply(&self, object: &K, set: &ReplicaSet, plan: Plan) -> Result<Applied, Failed> {
        let Plan { create, delete } = plan;
        let template = set
            .spec
            .as_ref()
            .and_then(|spec| spec.template.clone())
            .unwrap_or_default();
        let pod = template::pod(object, &template);
        let (_, refused) = batch::slow_start(create, |_| self.pods.create(object, &pod)).await;
        batch::each(delete, |pod| async move { self.pods.delete(object, &pod).await }).await?;
        Ok(Applied { refused })
    }

    /// The status counts what exists after the writes, so that one look is enough.
    async fn report(&self, object: &K, set: &ReplicaSet, applied: Applied) -> Worked {
        let Applied { refused } = applied;
        let pods: Vec<Arc<Pod>> = self.world.pods.owned_by(&object.uid().unwrap_or_default());
        let cause = refused.as_ref().map(Failed::cause);
        let (status, again) = plan::status(set, &pods, cause.as_deref(), Timestamp::now());
        if set.status.as_ref() != Some(&status)
            && let Some(latest) = K::objects(&self.world).get(&Key::of(object))
        {
            K::objects(&self.world)
                .replace_status(&latest.with_status(status))
                .await?;
        }
        match refused {
            Some(refused) => Err(refused),
            None => Ok(again),
        }
    }
}
