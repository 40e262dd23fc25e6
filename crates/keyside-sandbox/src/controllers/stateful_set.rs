//! `StatefulSets`: pods with numbers, made and replaced in order.

mod plan;

use super::history::{History, Parent};
use super::ownership::{claim, look_at_adopters, look_at_owner};
use super::{Reconciler, World, batch};
use crate::event::{Recorder, about};
use crate::informer::Key;
use crate::queue::{Failed, Queue, Worked};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::{Api, ResourceExt};
use plan::{Plan, View, plan};
use std::sync::Arc;

pub(crate) struct Controller {
    world: Arc<World>,
    recorder: Recorder,
}

impl Reconciler for Controller {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let sets = Arc::clone(queue);
        self.world
            .stateful_sets
            .listen(move |change| sets.add(Key::of(change.latest())));
        let (pods, parents) = (Arc::clone(queue), self.world.stateful_sets.clone());
        self.world.pods.listen(move |change| {
            look_at_owner::<StatefulSet, _>(&pods, change);
            look_at_adopters(&pods, change, &parents, |set: &StatefulSet| {
                set.spec.as_ref().map(|spec| &spec.selector)
            });
        });
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let Some(set) = self.world.stateful_sets.get(&key) else {
            return Ok(None);
        };
        let Some(spec) = &set.spec else { return Ok(None) };
        if set.metadata.deletion_timestamp.is_some() {
            return Ok(None);
        }
        let sets = &self.world.stateful_sets;
        let parent = Parent {
            object: &*set,
            objects: sets,
            selector: &spec.selector,
            template: &spec.template,
        };
        let history = History::of(&self.world, &parent).await?;
        let pods = claim(sets, &*set, Some(&spec.selector), &self.world.pods).await?;
        let current = plan::current_revision(&set, &history.latest());
        let current_template = history
            .template(&current)
            .unwrap_or_else(|| spec.template.clone());
        let view = View {
            set: &set,
            pods: &pods,
            current,
            update: history.latest(),
            current_template,
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
            recorder: world.recorder.signed("statefulset-controller"),
        }
    }

    async fn apply(&self, set: &StatefulSet, plan: Plan) -> Result<(), Failed> {
        let Plan {
            create,
            delete,
            again: _,
        } = plan;
        batch::each(delete, |pod| async move { self.delete(set, &pod).await }).await?;
        batch::each(create, |pod| async move { self.create(set, pod).await }).await
    }

    async fn create(&self, set: &StatefulSet, pod: Pod) -> Result<(), Failed> {
        self.claim_volumes(set, &pod).await?;
        let name = pod.name_any();
        let set_name = set.name_any();
        match self.world.pods.create(&pod).await {
            Ok(_) => {
                let message = format!("create Pod {name} in StatefulSet {set_name} successful");
                self.recorder.normal(&about(set), "SuccessfulCreate", message);
                Ok(())
            }
            // A pod of that name is known to the next look, or belongs to somebody else and is left alone.
            Err(error) if error.code() == Some(409) => Ok(()),
            Err(error) => {
                let message = format!(
                    "create Pod {name} in StatefulSet {set_name} failed error: {}",
                    error.cause()
                );
                self.recorder.warning(&about(set), "FailedCreate", message);
                Err(error)
            }
        }
    }

    /// One claim per template and pod, kept when the pod goes. Nothing here provides volumes: the claims stay pending.
    async fn claim_volumes(&self, set: &StatefulSet, pod: &Pod) -> Result<(), Failed> {
        let templates = set
            .spec
            .as_ref()
            .and_then(|spec| spec.volume_claim_templates.as_deref())
            .unwrap_or_default();
        let claims: Api<PersistentVolumeClaim> =
            Api::namespaced(self.world.client.clone(), &set.namespace().unwrap_or_default());
        for template in templates {
            let mut wanted = template.clone();
            wanted.metadata.name = Some(format!("{}-{}", template.name_any(), pod.name_any()));
            wanted.metadata.namespace = set.namespace();
            let selector = set
                .spec
                .as_ref()
                .and_then(|spec| spec.selector.match_labels.clone())
                .unwrap_or_default();
            wanted.metadata.labels.get_or_insert_default().extend(selector);
            wanted.status = None;
            crate::queue::ignore_exists(
                claims.create(&kube::api::PostParams::default(), &wanted).await,
                || format!("create persistentvolumeclaim {}", wanted.name_any()),
            )?;
        }
        Ok(())
    }

    async fn delete(&self, set: &StatefulSet, pod: &Pod) -> Result<(), Failed> {
        self.world.pods.delete(pod).await?;
        let message = format!(
            "delete Pod {} in StatefulSet {} successful",
            pod.name_any(),
            set.name_any()
        );
        self.recorder.normal(&about(set), "SuccessfulDelete", message);
        Ok(())
    }

    async fn report(&self, key: &Key, view: &View<'_>, history: &History) -> Result<(), Failed> {
        let Some(latest) = self.world.stateful_sets.get(key) else {
            return Ok(());
        };
        let pods = self.world.pods.owned_by(&latest.uid().unwrap_or_default());
        let status = plan::status(&View {
            pods: &pods,
            ..view.clone()
        });
        let used: Vec<String> = pods
            .iter()
            .filter_map(|pod| plan::revision(pod).map(str::to_owned))
            .collect();
        let limit = latest.spec.as_ref().and_then(|spec| spec.revision_history_limit);
        if latest.status.as_ref() != Some(&status) {
            let changed = StatefulSet {
                status: Some(status),
                ..StatefulSet::clone(&latest)
            };
            self.world.stateful_sets.replace_status(&changed).await?;
        }
        history
            .trim(&self.world, limit, &[used, vec![view.current.clone()]].concat())
            .await
    }
}
