//! The scheduler: every pod without a node gets one that may take it.
//!
//! It honours what a pod says about nodes (selector, required affinity, tolerations) and what a node says about itself (taints,
//! unschedulable). It does not count resources: nothing is run, so nothing is used up.

pub(crate) mod fit;

use crate::controllers::{Reconciler, World};
use crate::event::about;
use crate::informer::Key;
use crate::node::container::NOT_RUN;
use crate::pod;
use crate::queue::{Doing as _, Failed, Queue, Worked};
use fit::{Misfit, fit};
use k8s_openapi::api::core::v1::{Binding, Node, ObjectReference, Pod, PodCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use kube::api::{Patch, PostParams};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

const NAME: &str = "default-scheduler";

pub(crate) struct Scheduler {
    world: Arc<World>,
    recorder: crate::event::Recorder,
}

impl Reconciler for Scheduler {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let pods = Arc::clone(queue);
        self.world.pods.listen(move |change| {
            if change.new.as_ref().is_some_and(|pod| is_waiting(pod)) {
                pods.add(Key::of(change.latest()));
            }
        });
        let (queue, pods) = (Arc::clone(queue), self.world.pods.clone());
        self.world.nodes.listen(move |change| {
            let before = change.old.as_deref().map(fit::relevant);
            if before == change.new.as_deref().map(fit::relevant) {
                return;
            }
            pods.list()
                .iter()
                .filter(|pod| is_waiting(pod))
                .for_each(|pod| queue.add(Key::of(&**pod)));
        });
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let Some(pod) = self.world.pods.get(&key).filter(|pod| is_waiting(pod)) else {
            return Ok(None);
        };
        match choose(&pod, &self.world.nodes.list()) {
            Ok(node) => self.bind(&pod, &node).await?,
            Err(why) => self.refuse(&pod, why).await?,
        }
        Ok(None)
    }
}

impl Scheduler {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        let host = "keyside".to_owned();
        let recorder = world
            .recorder
            .reporting(NAME, format!("{NAME}-{host}"), "Binding");
        Self {
            world: Arc::clone(world),
            recorder,
        }
    }

    async fn bind(&self, pod: &Pod, node: &str) -> Result<(), Failed> {
        let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
        let binding = Binding {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                namespace: Some(namespace.clone()),
                uid: pod.uid(),
                annotations: Some(BTreeMap::from([(NOT_RUN.to_owned(), "not run".to_owned())])),
                ..ObjectMeta::default()
            },
            target: ObjectReference {
                kind: Some("Node".to_owned()),
                name: Some(node.to_owned()),
                ..ObjectReference::default()
            },
        };
        let api = self.world.pods.api(&namespace);
        // The node may act on the binding before its answer is here.
        let at = Timestamp::now();
        let answer: Result<kube::core::Status, _> = api
            .create_subresource("binding", &name, &PostParams::default(), &binding)
            .await;
        match answer.doing(|| format!("bind pod {namespace}/{name}")) {
            // Gone, or bound by somebody else.
            Err(error) if matches!(error.code(), Some(404 | 409)) => return Ok(()),
            answer => answer?,
        };
        let message = format!("Successfully assigned {namespace}/{name} to {node}");
        self.recorder
            .tell_at(at, &about(pod), false, "Scheduled", message);
        Ok(())
    }

    async fn refuse(&self, pod: &Pod, why: String) -> Result<(), Failed> {
        let known = pod::condition(pod, "PodScheduled");
        let is_known =
            known.is_some_and(|known| known.status == "False" && known.message.as_ref() == Some(&why));
        self.recorder.warning(&about(pod), "FailedScheduling", &why);
        if is_known {
            return Ok(());
        }
        let since = known
            .filter(|known| known.status == "False")
            .and_then(|known| known.last_transition_time.clone());
        let condition = PodCondition {
            type_: "PodScheduled".to_owned(),
            status: "False".to_owned(),
            reason: Some("Unschedulable".to_owned()),
            message: Some(why),
            last_transition_time: since.or(Some(Time(Timestamp::now()))),
            ..PodCondition::default()
        };
        let patch = json!({ "metadata": { "uid": pod.uid() }, "status": { "conditions": [condition] } });
        self.world
            .pods
            .patch_status(pod, &Patch::Strategic(patch))
            .await
            .map(drop)
    }
}

/// Whether a pod is for this scheduler and may be scheduled now. Gates are somebody else's to lift.
fn is_waiting(pod: &Pod) -> bool {
    let Some(spec) = &pod.spec else { return false };
    let ours = spec.scheduler_name.as_deref().is_none_or(|name| name == NAME);
    let gated = spec
        .scheduling_gates
        .as_ref()
        .is_some_and(|gates| !gates.is_empty());
    ours && !gated && pod::node(pod).is_none() && pod::is_active(pod)
}

/// The first node that fits, or why none does, in the scheduler's words.
fn choose(pod: &Pod, nodes: &[Arc<Node>]) -> Result<String, String> {
    let mut misfits: BTreeMap<String, usize> = BTreeMap::new();
    for node in nodes {
        match fit(pod, node) {
            Ok(()) => return Ok(node.name_any()),
            Err(misfit) => *misfits.entry(Misfit::to_string(&misfit)).or_default() += 1,
        }
    }
    let total = nodes.len();
    if misfits.is_empty() {
        return Err("no nodes available to schedule pods".to_owned());
    }
    let mut reasons: Vec<String> = misfits
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    reasons.sort();
    let reasons = reasons.join(", ");
    let preemption = format!(
        "preemption: 0/{total} nodes are available: {total} Preemption is not helpful for scheduling."
    );
    Err(format!("0/{total} nodes are available: {reasons}. {preemption}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, extra: serde_json::Value) -> Arc<Node> {
        let value = json!({ "metadata": { "name": name, "labels": { "kubernetes.io/hostname": name } }, "spec": extra });
        Arc::new(serde_json::from_value(value).unwrap())
    }

    fn pod(spec: serde_json::Value) -> Pod {
        serde_json::from_value(json!({ "metadata": { "name": "p" }, "spec": spec })).unwrap()
    }

    #[test]
    fn the_first_node_that_fits_is_taken() {
        let nodes = [node("a", json!({ "unschedulable": true })), node("b", json!({}))];
        assert_eq!(choose(&pod(json!({ "containers": [] })), &nodes), Ok("b".into()));
    }

    #[test]
    fn misfits_are_told_in_the_schedulers_words() {
        let nodes = [node("a", json!({ "unschedulable": true })), node("b", json!({}))];
        let picky = pod(json!({ "containers": [], "nodeSelector": { "disk": "ssd" } }));
        assert_eq!(
            choose(&picky, &nodes).unwrap_err(),
            "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable. \
             preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
        );
        assert_eq!(
            choose(&picky, &[]).unwrap_err(),
            "no nodes available to schedule pods"
        );
    }

    #[test]
    fn gated_bound_and_foreign_pods_are_left_alone() {
        assert!(is_waiting(&pod(
            json!({ "containers": [], "schedulerName": "default-scheduler" })
        )));
        for spec in [
            json!({ "containers": [], "schedulingGates": [{ "name": "x" }] }),
            json!({ "containers": [], "nodeName": "a" }),
            json!({ "containers": [], "schedulerName": "other" }),
        ] {
            assert!(!is_waiting(&pod(spec.clone())), "{spec}");
        }
    }
}
