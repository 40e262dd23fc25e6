//! `DaemonSets`: one pod per node that takes it.

mod plan;

use super::history::{History, Parent};
use super::ownership::{claim, look_at_adopters, look_at_owner};
use super::pods::PodWriter;
use super::{Reconciler, World, batch};
use crate::informer::Key;
use crate::queue::{Failed, Queue, Worked};
use crate::scheduler::fit;
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use plan::{Plan, View, plan};
use std::sync::Arc;

pub(crate) struct Controller {
    world: Arc<World>,
    pods: PodWriter,
}

impl Reconciler for Controller {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let sets = Arc::clone(queue);
        self.world
            .daemon_sets
            .listen(move |change| sets.add(Key::of(change.latest())));
        let (pods, parents) = (Arc::clone(queue), self.world.daemon_sets.clone());
        self.world.pods.listen(move |change| {
            look_at_owner::<DaemonSet, _>(&pods, change);
            look_at_adopters(&pods, change, &parents, |set: &DaemonSet| {
                set.spec.as_ref().map(|spec| &spec.selector)
            });
        });
        let (queue, sets) = (Arc::clone(queue), self.world.daemon_sets.clone());
        self.world.nodes.listen(move |change| {
            if change.old.as_deref().map(fit::relevant) != change.new.as_deref().map(fit::relevant) {
                sets.list().iter().for_each(|set| queue.add(Key::of(&**set)));
            }
        });
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let Some(set) = self.world.daemon_sets.get(&key) else {
            return Ok(None);
        };
        let Some(spec) = &set.spec else { return Ok(None) };
        if set.metadata.deletion_timestamp.is_some() {
            return Ok(None);
        }
        let sets = &self.world.daemon_sets;
        let parent = Parent {
            object: &*set,
            objects: sets,
            selector: &spec.selector,
            template: &spec.template,
        };
        let history = History::of(&self.world, &parent).await?;
        let pods = claim(sets, &*set, Some(&spec.selector), &self.world.pods).await?;
        let nodes = self.world.nodes.list();
        let view = View {
            set: &set,
            pods: &pods,
            nodes: &nodes,
            hash: history.latest_hash(),
            now: Timestamp::now(),
        };
        let plan = plan(&view);
        let again = plan.again;
        self.apply(&set, plan).await?;
        self.report(&key, &view, &history).await?;
        Ok(again)
    }
}

impl Controller {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self {
            world: Arc::clone(world),
            pods: PodWriter::new(world, "daemonset-controller"),
        }
    }

    async fn apply(&self, set: &DaemonSet, plan: Plan) -> Result<(), Failed> {
        let Plan {
            create,
            delete,
            again: _,
        } = plan;
        batch::each(delete, |pod| async move { self.pods.delete(set, &pod).await }).await?;
        batch::each(create, |pod| async move { self.pods.create(set, &pod).await }).await
    }

    async fn report(&self, key: &Key, view: &View<'_>, history: &History) -> Result<(), Failed> {
        let Some(latest) = self.world.daemon_sets.get(key) else {
            return Ok(());
        };
        let pods = self.world.pods.owned_by(&latest.uid().unwrap_or_default());
        let status = plan::status(&View {
            pods: &pods,
            ..view.clone()
        });
        let used: Vec<String> = pods
            .iter()
            .filter_map(|pod| plan::hash(pod).map(str::to_owned))
            .collect();
        let limit = latest.spec.as_ref().and_then(|spec| spec.revision_history_limit);
        if latest.status.as_ref() != Some(&status) {
            let changed = DaemonSet {
                status: Some(status),
                ..DaemonSet::clone(&latest)
            };
            self.world.daemon_sets.replace_status(&changed).await?;
        }
        history.trim(&self.world, limit, &used).await
    }
}
