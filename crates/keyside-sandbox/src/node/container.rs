//! What is known about the containers of one pod: their `containerStatuses`, and how each step changes them.
//!
//! The statuses in the API are the memory: after a restart of the node, a container that was said to be running still is.

use super::image_manager::{Failure, Notice};
use super::sync::runtime_name;
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
    ContainerStatus, Pod,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use std::collections::BTreeMap;

/// Scheme of container ids: nobody should look for a process behind it.
pub(crate) const SCHEME: &str = "keyside-not-run";

/// Annotation on pods and on the node that says what this node does not do.
pub(crate) const NOT_RUN: &str = "sandbox.keyside.dev/containers";

/// Annotation with which the author of a pod decides how its containers end, since none is run: `succeed` or `fail`, right after
/// their images are there. Without it they are said to be running for ever, also those of a Job. Pods that restart always ignore it.
pub(crate) const OUTCOME: &str = "sandbox.keyside.dev/outcome";

/// The three lists of containers in a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Init,
    Main,
    Ephemeral,
}

impl Group {
    /// The field path that the kubelet puts into events.
    pub(crate) fn field(self, name: &str) -> String {
        let list = match self {
            Self::Init => "initContainers",
            Self::Main => "containers",
            Self::Ephemeral => "ephemeralContainers",
        };
        format!("spec.{list}{{{name}}}")
    }
}

/// Whether an init container stays up beside the others.
pub(crate) fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

/// The ephemeral containers in the form of ordinary ones, as far as the node needs them.
pub(crate) fn ephemeral(pod: &Pod) -> Vec<Container> {
    let listed = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.ephemeral_containers.as_deref())
        .unwrap_or_default();
    let plain = |container: &k8s_openapi::api::core::v1::EphemeralContainer| Container {
        name: container.name.clone(),
        image: container.image.clone(),
        image_pull_policy: container.image_pull_policy.clone(),
        volume_mounts: container.volume_mounts.clone(),
        ..Container::default()
    };
    listed.iter().map(plain).collect()
}

/// All containers of a pod with their list, in the order of the statuses.
pub(crate) fn all(pod: &Pod) -> Vec<(Group, Container)> {
    let spec = pod.spec.as_ref();
    let init = spec
        .and_then(|spec| spec.init_containers.clone())
        .unwrap_or_default();
    let main = spec.map(|spec| spec.containers.clone()).unwrap_or_default();
    let group = |group: Group| move |container: Container| (group, container);
    let init = init.into_iter().map(group(Group::Init));
    init.chain(main.into_iter().map(group(Group::Main)))
        .chain(ephemeral(pod).into_iter().map(group(Group::Ephemeral)))
        .collect()
}

/// How the containers of a pod end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Never,
    Succeeded,
    Failed,
}

fn ending(pod: &Pod, group: Group, container: &Container) -> Ending {
    match group {
        Group::Init if !is_sidecar(container) => return Ending::Succeeded,
        Group::Init | Group::Ephemeral => return Ending::Never,
        Group::Main => {}
    }
    let restarts = pod.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref()) == Some("Always");
    let wished = pod
        .metadata
        .annotations
        .as_ref()
        .and_then(|all| all.get(OUTCOME))
        .map(String::as_str);
    match wished {
        Some("succeed") if !restarts => Ending::Succeeded,
        Some("fail") if !restarts => Ending::Failed,
        _ => Ending::Never,
    }
}

/// The statuses by list and container name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct States(BTreeMap<(Group, String), ContainerStatus>);

impl States {
    /// What the pod's status says.
    pub(crate) fn of(pod: &Pod) -> Self {
        let Some(status) = &pod.status else {
            return Self::default();
        };
        let lists = [
            (Group::Init, &status.init_container_statuses),
            (Group::Main, &status.container_statuses),
            (Group::Ephemeral, &status.ephemeral_container_statuses),
        ];
        let mut states = BTreeMap::new();
        for (group, list) in lists {
            for one in list.iter().flatten() {
                states.insert((group, one.name.clone()), one.clone());
            }
        }
        Self(states)
    }

    pub(crate) fn get(&self, group: Group, name: &str) -> Option<&ContainerStatus> {
        self.0.get(&(group, name.to_owned()))
    }

    /// Whether a container runs or has run.
    pub(crate) fn is_started(&self, group: Group, name: &str) -> bool {
        let state = self.get(group, name).and_then(|status| status.state.as_ref());
        state.is_some_and(|state| state.running.is_some() || state.terminated.is_some())
    }

    pub(crate) fn all_started(&self, pod: &Pod) -> bool {
        all(pod)
            .iter()
            .all(|(group, container)| self.is_started(*group, &container.name))
    }

    /// Stops the running containers whose image was changed in the pod; the next step starts them with the new one.
    pub(crate) fn stop_changed(
        &mut self,
        pod: &Pod,
        now: Timestamp,
        tell: &(dyn Fn(Option<&str>, Notice) + Sync),
    ) {
        for (group, container) in all(pod) {
            let Some(status) = self.0.get_mut(&(group, container.name.clone())) else {
                continue;
            };
            let running = status.state.as_ref().and_then(|state| state.running.as_ref());
            let Some(since) = running.map(|running| running.started_at.clone()) else {
                continue;
            };
            if status.image == runtime_name(container.image.as_deref().unwrap_or_default()) {
                continue;
            }
            let message = format!(
                "Container {} definition changed, will be restarted",
                container.name
            );
            tell(
                Some(&group.field(&container.name)),
                Notice::normal("Killing", message),
            );
            status.last_state = Some(terminated(&status.container_id, since, now, 0));
            status.restart_count += 1;
            status.state = None;
            (status.ready, status.started) = (false, Some(false));
        }
    }

    /// Ends whatever is said to run.
    pub(crate) fn stop_all(&mut self, pod: &Pod, now: Timestamp) {
        self.fill(pod);
        for status in self.0.values_mut() {
            let running = status.state.as_ref().and_then(|state| state.running.as_ref());
            let Some(since) = running.map(|running| running.started_at.clone()) else {
                continue;
            };
            status.state = Some(terminated(&status.container_id, since, now, 0));
            (status.ready, status.started) = (false, Some(false));
        }
    }

    /// Whether every container of a list has ended well.
    pub(crate) fn all_succeeded(&self, pod: &Pod, group: Group) -> bool {
        let ended = |status: &ContainerStatus| {
            status
                .state
                .as_ref()?
                .terminated
                .as_ref()
                .map(|end| end.exit_code == 0)
        };
        self.list(pod, group)
            .unwrap_or_default()
            .iter()
            .all(|status| ended(status) == Some(true))
    }

    /// The image is there: the container is said to run, or to have run, as its kind and its author want it.
    pub(crate) fn started(
        &mut self,
        pod: &Pod,
        group: Group,
        container: &Container,
        image_id: &str,
        now: Timestamp,
    ) {
        let ending = ending(pod, group, container);
        let status = self.0.entry((group, container.name.clone())).or_default();
        let id = Some(format!("{SCHEME}://{}", uuid::Uuid::new_v4().simple()));
        let state = match ending {
            Ending::Never => {
                let running = ContainerStateRunning {
                    started_at: Some(Time(now)),
                };
                ContainerState {
                    running: Some(running),
                    ..ContainerState::default()
                }
            }
            Ending::Succeeded => terminated(&id, Some(Time(now)), now, 0),
            Ending::Failed => terminated(&id, Some(Time(now)), now, 1),
        };
        *status = ContainerStatus {
            name: container.name.clone(),
            image: runtime_name(container.image.as_deref().unwrap_or_default()),
            image_id: image_id.to_owned(),
            container_id: id,
            ready: ending == Ending::Never && group != Group::Ephemeral
                || (group == Group::Init && ending == Ending::Succeeded),
            started: Some(ending == Ending::Never),
            restart_count: status.restart_count,
            last_state: status.last_state.take(),
            state: Some(state),
            ..ContainerStatus::default()
        };
    }

    /// The image could not be had.
    pub(crate) fn waiting(&mut self, group: Group, container: &Container, failure: &Failure) {
        self.wait(group, container, &failure.reason, Some(failure.message.clone()));
    }

    /// Gives every container a status: those not reached yet are being created, or wait for the init containers.
    pub(crate) fn fill(&mut self, pod: &Pod) {
        let containers = all(pod);
        let has_init = containers.iter().any(|(group, _)| *group == Group::Init);
        let reason = if has_init {
            "PodInitializing"
        } else {
            "ContainerCreating"
        };
        for (group, container) in &containers {
            if self
                .get(*group, &container.name)
                .is_none_or(|status| status.state.is_none())
            {
                self.wait(*group, container, reason, None);
            }
        }
        self.0.retain(|(group, name), _| {
            containers
                .iter()
                .any(|(of, container)| of == group && container.name == *name)
        });
    }

    fn wait(&mut self, group: Group, container: &Container, reason: &str, message: Option<String>) {
        let status = self.0.entry((group, container.name.clone())).or_default();
        let waiting = ContainerStateWaiting {
            reason: Some(reason.to_owned()),
            message,
        };
        status.name.clone_from(&container.name);
        status.image = container.image.clone().unwrap_or_default();
        status.state = Some(ContainerState {
            waiting: Some(waiting),
            ..ContainerState::default()
        });
        (status.ready, status.started) = (false, Some(false));
        status.container_id = None;
        status.image_id = String::new();
    }

    /// The statuses of one list in the order of the pod's own list, as they are written.
    pub(crate) fn list(&self, pod: &Pod, group: Group) -> Option<Vec<ContainerStatus>> {
        let of_group = all(pod).into_iter().filter(|(of, _)| *of == group);
        let list: Vec<_> = of_group
            .filter_map(|(_, container)| self.get(group, &container.name).cloned())
            .collect();
        (!list.is_empty()).then_some(list)
    }
}

fn terminated(
    id: &Option<String>,
    started: Option<Time>,
    finished: Timestamp,
    exit_code: i32,
) -> ContainerState {
    let reason = if exit_code == 0 { "Completed" } else { "Error" };
    let terminated = ContainerStateTerminated {
        container_id: id.clone(),
        exit_code,
        reason: Some(reason.to_owned()),
        started_at: started,
        finished_at: Some(Time(finished)),
        ..ContainerStateTerminated::default()
    };
    ContainerState {
        terminated: Some(terminated),
        ..ContainerState::default()
    }
}
