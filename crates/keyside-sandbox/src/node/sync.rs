//! One sync of one pod: the images in the kubelet's order, and what became of each container.
//!
//! Image volumes first, then ephemeral containers, then init containers one by one, then all the others
//! (`pkg/kubelet/kuberuntime/kuberuntime_manager.go`). A container whose image is there is said to be running; it is not run.

use super::container::{Group, States};
use super::image_manager::{ERR_IMAGE_PULL, Failure, Notice, Policy, Want};
use super::keyring::PodKeyring;
use super::pull::{Images, Runtime};
use k8s_openapi::api::core::v1::{Container, Pod, VolumeMount};
use k8s_openapi::jiff::Timestamp;
use keyside_keychain::Reference;
use std::collections::HashMap;

/// What one sync works with.
pub(crate) struct Sync<'a, R> {
    pub(crate) images: &'a Images<R>,
    pub(crate) pod: &'a Pod,
    pub(crate) keyring: &'a PodKeyring,
    /// Listed Secrets that could not be read.
    pub(crate) missing: &'a [String],
    /// Receives events; the first argument is the field of the pod they are about.
    pub(crate) tell: &'a (dyn Fn(Option<&str>, Notice) + std::marker::Sync),
    pub(crate) now: Timestamp,
}

/// The event of a container that cannot start, whatever the reason.
pub(crate) fn cannot_start(failure: &Failure) -> Notice {
    Notice::warning("Failed", format!("Error: {}", failure.reason))
}

type Volumes<'a> = HashMap<&'a str, Result<String, Failure>>;

impl<R: Runtime> Sync<'_, R> {
    /// Brings every container as far as it goes. `states` is what was known before; the answer is whether anything failed, so that
    /// the pod has to be tried again.
    pub(crate) async fn run(&self, states: &mut States) -> bool {
        states.stop_changed(self.pod, self.now, self.tell);
        if states.all_started(self.pod) {
            return false;
        }
        let volumes = self.volumes().await;
        let mut failures = Vec::new();
        for container in super::container::ephemeral(self.pod) {
            failures.extend(self.start(Group::Ephemeral, &container, &volumes, states).await);
        }
        let mut initialized = true;
        for container in self
            .spec()
            .and_then(|spec| spec.init_containers.as_deref())
            .unwrap_or_default()
        {
            let failure = self.start(Group::Init, container, &volumes, states).await;
            let stops = failure.is_some() && !super::container::is_sidecar(container);
            failures.extend(failure);
            if stops {
                initialized = false;
                break;
            }
        }
        if initialized {
            for container in self
                .spec()
                .map(|spec| spec.containers.as_slice())
                .unwrap_or_default()
            {
                failures.extend(self.start(Group::Main, container, &volumes, states).await);
            }
        }
        self.tell_missing(&failures);
        !failures.is_empty()
    }

    fn spec(&self) -> Option<&k8s_openapi::api::core::v1::PodSpec> {
        self.pod.spec.as_ref()
    }

    fn uid(&self) -> &str {
        self.pod.metadata.uid.as_deref().unwrap_or_default()
    }

    async fn volumes(&self) -> Volumes<'_> {
        let mut volumes = Volumes::new();
        for volume in self
            .spec()
            .and_then(|spec| spec.volumes.as_deref())
            .unwrap_or_default()
        {
            let Some(source) = &volume.image else { continue };
            let image = source.reference.as_deref().unwrap_or_default();
            let policy = Policy::of(source.pull_policy.as_deref());
            let want = Want {
                pod_uid: self.uid(),
                image,
                policy,
                keyring: self.keyring,
            };
            let answer = self
                .images
                .ensure(&want, &|notice| (self.tell)(None, notice))
                .await;
            volumes.insert(&volume.name, answer);
        }
        volumes
    }

    /// Starts one container unless it runs or has run; the answer is why it could not.
    async fn start(
        &self,
        group: Group,
        container: &Container,
        volumes: &Volumes<'_>,
        states: &mut States,
    ) -> Option<Failure> {
        if states.is_started(group, &container.name) {
            return None;
        }
        let field = group.field(&container.name);
        let tell = |notice| (self.tell)(Some(&field), notice);
        let mounts = container.volume_mounts.as_deref().unwrap_or_default();
        let answer = match failed_mount(mounts, volumes, &tell) {
            Some(failure) => Err(failure),
            None => {
                let image = container.image.as_deref().unwrap_or_default();
                let policy = Policy::of(container.image_pull_policy.as_deref());
                let want = Want {
                    pod_uid: self.uid(),
                    image,
                    policy,
                    keyring: self.keyring,
                };
                let answer = self.images.ensure(&want, &tell).await;
                if let Err(failure) = &answer {
                    tell(cannot_start(failure));
                }
                answer
            }
        };
        match answer {
            Ok(id) => {
                tell(Notice::normal("Created", "Container created"));
                tell(Notice::normal("Started", "Container started"));
                let image = runtime_name(container.image.as_deref().unwrap_or_default());
                let digest = self.images.runtime().repository_digest(&image, &id);
                states.started(self.pod, group, container, &digest, self.now);
                None
            }
            Err(failure) => {
                states.waiting(group, container, &failure);
                Some(failure)
            }
        }
    }

    /// Secrets that were not found are worth a word only when a pull really failed in this sync: not while backing off.
    fn tell_missing(&self, failures: &[Failure]) {
        if !self.missing.is_empty() && failures.iter().any(|failure| failure.reason == ERR_IMAGE_PULL) {
            let message = format!(
                "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.",
                self.missing.join(", ")
            );
            (self.tell)(None, Notice::warning("FailedToRetrieveImagePullSecret", message));
        }
    }
}

/// The last image volume of these mounts that could not be had. Each failed one is told about the container that mounts it.
fn failed_mount(mounts: &[VolumeMount], volumes: &Volumes<'_>, tell: &dyn Fn(Notice)) -> Option<Failure> {
    let failed = mounts
        .iter()
        .filter_map(|mount| volumes.get(mount.name.as_str())?.as_ref().err());
    failed
        .inspect(|failure| tell(cannot_start(failure)))
        .last()
        .cloned()
}

/// The name under which a runtime lists an image.
pub(crate) fn runtime_name(image: &str) -> String {
    Reference::parse(image).map_or_else(|_| image.to_owned(), |reference| reference.containerd_name())
}
