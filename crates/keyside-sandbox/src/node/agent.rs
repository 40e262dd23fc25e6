//! Following the pods of the node: each is brought as far as its images go, tried again when it fails, and let go when it is deleted.

use super::addresses::Addresses;
use super::container::{Group, NOT_RUN, States, all};
use super::image_manager::Notice;
use super::keyring::PodKeyring;
use super::pull::{Images, Runtime};
use super::status::{self, Addresses as PodAddresses};
use super::sync::Sync;
use crate::controllers::{Reconciler, World};
use crate::event::{Recorder, about};
use crate::informer::Key;
use crate::pod;
use crate::queue::{Failed, Queue, Worked};
use futures::future::join_all;
use k8s_openapi::api::core::v1::{ObjectReference, Pod, PodStatus, Secret};
use k8s_openapi::jiff::Timestamp;
use kube::api::Patch;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The wait before a pod that failed is tried again; up to half of it is added at random (`pkg/kubelet/pod_workers.go`).
const RETRY: Duration = Duration::from_secs(10);
/// Where the node says it is: every process of this machine can reach it, nobody else can.
pub(super) const HOST: &str = "127.0.0.1";

pub(crate) struct Agent<R> {
    world: Arc<World>,
    name: String,
    images: Arc<Images<R>>,
    recorder: Recorder,
    addresses: Arc<Addresses>,
}

impl<R: Runtime> Agent<R> {
    /// Pods worked on at once. Their pulls have a limit of their own; the others wait for those without holding anything.
    pub(crate) const WIDTH: usize = 500;

    pub(crate) fn new(world: &Arc<World>, name: &str, images: Arc<Images<R>>) -> Self {
        let recorder = world.recorder.signed_on("kubelet", name);
        Self {
            world: Arc::clone(world),
            name: name.to_owned(),
            images,
            recorder,
            addresses: Arc::default(),
        }
    }

    async fn sync(&self, pod: &Pod) -> Worked {
        let mut states = States::of(pod);
        let address = self.address(pod);
        let is_new = pod
            .status
            .as_ref()
            .is_none_or(|status| status.start_time.is_none());
        if is_new {
            let mut initial = states.clone();
            initial.fill(pod);
            self.write(pod, &initial, &address).await?;
        }
        let (keyring, missing) = self.keyring(pod, &states).await;
        let about = about(pod);
        let tell = |field: Option<&str>, notice: Notice| self.tell(&about, field, notice);
        let sync = Sync {
            images: &self.images,
            pod,
            keyring: &keyring,
            missing: &missing,
            tell: &tell,
            now: Timestamp::now(),
        };
        let failed = sync.run(&mut states).await;
        states.fill(pod);
        self.write(pod, &states, &address).await?;
        Ok(failed.then(|| RETRY + RETRY.mul_f64(fraction() / 2.0)))
    }

    fn address(&self, pod: &Pod) -> PodAddresses {
        let known = pod
            .status
            .as_ref()
            .and_then(|status| status.pod_ip.as_deref())
            .filter(|ip| *ip != HOST);
        let own = self.addresses.of(&pod.uid().unwrap_or_default(), known);
        PodAddresses {
            host: HOST.to_owned(),
            pod: own,
        }
    }

    /// The Secrets that a pod lists, as they are now, and the names of those that cannot be had. They are read and not watched: the
    /// node of the embedded world has every namespace's pods, and a pull right after a change must see the change.
    async fn keyring(&self, pod: &Pod, states: &States) -> (PodKeyring, Vec<String>) {
        let listed = pod
            .spec
            .as_ref()
            .and_then(|spec| spec.image_pull_secrets.as_deref())
            .unwrap_or_default();
        let names: Vec<&str> = listed
            .iter()
            .map(|one| one.name.as_str())
            .filter(|name| !name.is_empty())
            .collect();
        if states.all_started(pod) || names.is_empty() {
            return (PodKeyring::read([]), Vec::new());
        }
        let secrets: Api<Secret> =
            Api::namespaced(self.world.client.clone(), &pod.namespace().unwrap_or_default());
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        let found = join_all(unique.iter().map(|name| secrets.get(name))).await;
        let found: BTreeMap<&str, Secret> = unique
            .into_iter()
            .zip(found)
            .filter_map(|(name, secret)| Some((name, secret.ok()?)))
            .collect();
        let missing = names
            .iter()
            .filter(|name| !found.contains_key(**name))
            .map(|name| (*name).to_owned());
        (
            PodKeyring::read(names.iter().filter_map(|name| found.get(name))),
            missing.collect(),
        )
    }

    /// Writes the status if it says anything new.
    async fn write(&self, pod: &Pod, states: &States, addresses: &PodAddresses) -> Result<(), Failed> {
        // The pod as it is now, because others write conditions too.
        let latest = self
            .world
            .pods
            .get(&Key::of(pod))
            .filter(|latest| latest.uid() == pod.uid());
        let Some(latest) = latest else { return Ok(()) };
        let status = status::next(&latest, states, addresses, Timestamp::now());
        if latest.status.as_ref() == Some(&status) {
            return Ok(());
        }
        match self
            .world
            .pods
            .patch_status(pod, &Patch::Strategic(patch(pod, &status)))
            .await
        {
            // Gone, or another pod has its name.
            Err(error) if matches!(error.code(), Some(404 | 409)) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Confirms the end of a deleted pod: nothing ran, so nothing has to be waited for.
    async fn end(&self, pod: &Pod) -> Result<(), Failed> {
        // Only finalizers hold it now.
        if pod.metadata.deletion_grace_period_seconds == Some(0) {
            return Ok(());
        }
        let states = States::of(pod);
        for (group, container) in all(pod) {
            let status = states
                .get(group, &container.name)
                .and_then(|status| status.state.as_ref());
            if status.is_some_and(|state| state.running.is_some()) {
                let message = format!("Stopping container {}", container.name);
                self.tell(
                    &about(pod),
                    Some(&group.field(&container.name)),
                    Notice::normal("Killing", message),
                );
            }
        }
        if !pod.finalizers().is_empty() && !pod::is_finished(pod) {
            self.write_end(pod, states).await?;
        }
        self.world.pods.delete_now(pod).await
    }

    /// A pod that stays stored for somebody's finalizer is shown as ended.
    async fn write_end(&self, pod: &Pod, mut states: States) -> Result<(), Failed> {
        states.stop_all(pod, Timestamp::now());
        let mut status = status::next(pod, &states, &self.address(pod), Timestamp::now());
        status.phase = Some(
            if states.all_succeeded(pod, Group::Main) {
                "Succeeded"
            } else {
                "Failed"
            }
            .to_owned(),
        );
        self.world
            .pods
            .patch_status(pod, &Patch::Strategic(patch(pod, &status)))
            .await
            .map(drop)
    }

    fn tell(&self, about: &ObjectReference, field: Option<&str>, notice: Notice) {
        let about = ObjectReference {
            field_path: field.map(str::to_owned),
            ..about.clone()
        };
        self.recorder
            .tell(&about, notice.is_warning, notice.reason, notice.message);
    }
}

impl<R: Runtime> Reconciler for Agent<R> {
    fn listen(&self, queue: &Arc<Queue<Key>>) {
        let (queue, name, images) = (Arc::clone(queue), self.name.clone(), Arc::clone(&self.images));
        let addresses = Arc::clone(&self.addresses);
        self.world.pods.listen(move |change| {
            let pod = change.latest();
            if pod::node(pod) != Some(&name) {
                return;
            }
            let uid = pod.uid().unwrap_or_default();
            let address = pod
                .status
                .as_ref()
                .and_then(|status| status.pod_ip.as_deref())
                .filter(|ip| *ip != HOST);
            if change.new.is_some() {
                // Addresses from an earlier run are taken before any new one is given.
                address.map(|address| addresses.of(&uid, Some(address)));
                if is_worth_a_look(change.old.as_deref(), pod) {
                    queue.add(Key::of(pod));
                }
            } else {
                images.forget_pod(&uid);
                addresses.release(&uid, address);
            }
        });
    }

    async fn reconcile(&self, key: Key) -> Worked {
        let Some(pod) = self
            .world
            .pods
            .get(&key)
            .filter(|pod| pod::node(pod) == Some(&self.name))
        else {
            return Ok(None);
        };
        if pod::is_deleting(&pod) {
            self.end(&pod).await?;
            return Ok(None);
        }
        if pod::is_finished(&pod) {
            return Ok(None);
        }
        self.sync(&pod).await
    }
}

/// Own writes of the status are no reason to try again: that would end the wait between two attempts.
fn is_worth_a_look(old: Option<&Pod>, new: &Pod) -> bool {
    let Some(old) = old else { return true };
    let conditions = |pod: &Pod| {
        let conditions = pod
            .status
            .as_ref()
            .and_then(|status| status.conditions.clone())
            .unwrap_or_default();
        let ours = |kind: &str| status::OWN_CONDITIONS.contains(&kind);
        conditions
            .into_iter()
            .filter(|one| !ours(&one.type_))
            .map(|one| (one.type_, one.status))
            .collect::<Vec<_>>()
    };
    old.uid() != new.uid()
        || old.spec != new.spec
        || pod::is_deleting(old) != pod::is_deleting(new)
        || old.metadata.deletion_grace_period_seconds != new.metadata.deletion_grace_period_seconds
        || conditions(old) != conditions(new)
}

/// A patch with the annotation that says what is not done. Conditions are merged by type, so what is no longer said is set to null.
fn patch(pod: &Pod, status: &PodStatus) -> Value {
    let mut status = json!(status);
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        for field in ["reason", "message"] {
            if condition.get(field).is_none() {
                condition[field] = Value::Null;
            }
        }
    }
    let annotated = pod.annotations().contains_key(NOT_RUN);
    let mut metadata = json!({ "uid": pod.uid() });
    if !annotated {
        metadata["annotations"] = json!({ NOT_RUN: "not run" });
    }
    json!({ "metadata": metadata, "status": status })
}

/// A random number below one, good enough to spread retries.
fn fraction() -> f64 {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    f64::from(u32::try_from(high >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
