//! The status of a pod, computed from the states of its containers as the kubelet does (`pkg/kubelet/kubelet_pods.go`,
//! `pkg/kubelet/status/generate.go`).

use super::container::{Group, States, is_sidecar};
use k8s_openapi::api::core::v1::{ContainerState, HostIP, Pod, PodCondition, PodIP, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

/// The conditions that the node itself writes.
pub(crate) const OWN_CONDITIONS: [&str; 5] = [
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
];

/// The addresses a pod is said to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) host: String,
    pub(crate) pod: String,
}

/// The next status. Whatever the node does not own, such as conditions of others, stays.
pub(crate) fn next(pod: &Pod, states: &States, addresses: &Addresses, now: Timestamp) -> PodStatus {
    let old = pod.status.clone().unwrap_or_default();
    let phase = phase(pod, states);
    let host_network = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.host_network)
        .unwrap_or_default();
    let pod_ip = if host_network {
        &addresses.host
    } else {
        &addresses.pod
    };
    let conditions = conditions(pod, states, phase, now);
    PodStatus {
        phase: Some(phase.to_owned()),
        conditions: Some(conditions),
        host_ip: Some(addresses.host.clone()),
        host_ips: Some(vec![HostIP {
            ip: addresses.host.clone(),
        }]),
        pod_ip: Some(pod_ip.clone()),
        pod_ips: Some(vec![PodIP { ip: pod_ip.clone() }]),
        start_time: old.start_time.clone().or(Some(Time(now))),
        init_container_statuses: states.list(pod, Group::Init),
        container_statuses: states.list(pod, Group::Main),
        ephemeral_container_statuses: states.list(pod, Group::Ephemeral),
        ..old
    }
}

/// How many containers are in which state.
#[derive(Debug, Default)]
struct Count {
    waiting: usize,
    running: usize,
    succeeded: usize,
    failed: usize,
}

fn phase(pod: &Pod, states: &States) -> &'static str {
    let Some(spec) = &pod.spec else { return "Pending" };
    if spec
        .init_containers
        .iter()
        .flatten()
        .any(|container| !is_initialized(states, container))
    {
        return "Pending";
    }
    let mut count = Count::default();
    for container in &spec.containers {
        let status = states.get(Group::Main, &container.name);
        let state = status.and_then(|status| status.state.as_ref());
        match state {
            Some(ContainerState { running: Some(_), .. }) => count.running += 1,
            Some(ContainerState {
                terminated: Some(end),
                ..
            }) if end.exit_code == 0 => count.succeeded += 1,
            Some(ContainerState {
                terminated: Some(_), ..
            }) => count.failed += 1,
            // One that ran before and waits again counts as stopped, not as never started.
            _ if status.is_some_and(|status| {
                status
                    .last_state
                    .as_ref()
                    .is_some_and(|last| last.terminated.is_some())
            }) =>
            {
                count.failed += 1;
            }
            _ => count.waiting += 1,
        }
    }
    let restart = spec.restart_policy.as_deref().unwrap_or("Always");
    match count {
        Count { waiting: 1.., .. } => "Pending",
        Count { running: 1.., .. } => "Running",
        _ if restart == "Always" => "Running",
        Count { failed: 0, .. } => "Succeeded",
        _ if restart == "Never" => "Failed",
        _ => "Running",
    }
}

/// An init container is behind the pod once it has completed; a sidecar once it has started.
fn is_initialized(states: &States, container: &k8s_openapi::api::core::v1::Container) -> bool {
    let Some(state) = states
        .get(Group::Init, &container.name)
        .and_then(|status| status.state.as_ref())
    else {
        return false;
    };
    if is_sidecar(container) {
        return state.running.is_some();
    }
    state.terminated.as_ref().is_some_and(|end| end.exit_code == 0)
}

/// True, or false with a reason and a message.
type Verdict = Result<(), (String, String)>;

fn conditions(pod: &Pod, states: &States, phase: &str, now: Timestamp) -> Vec<PodCondition> {
    let containers = containers_ready(pod, states, phase);
    let verdicts = [
        Ok(()),
        initialized(pod, states, phase),
        ready(pod, &containers),
        containers,
        Ok(()),
    ];
    let wanted: Vec<_> = OWN_CONDITIONS.into_iter().zip(verdicts).collect();
    let old = pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.clone())
        .unwrap_or_default();
    let is_ours = |kind: &str| OWN_CONDITIONS.contains(&kind);
    let mut conditions: Vec<_> = wanted
        .iter()
        .map(|(kind, verdict)| {
            condition(
                kind,
                verdict,
                old.iter().find(|condition| condition.type_ == *kind),
                now,
            )
        })
        .collect();
    conditions.extend(old.iter().filter(|condition| !is_ours(&condition.type_)).cloned());
    conditions
}

fn condition(kind: &str, verdict: &Verdict, old: Option<&PodCondition>, now: Timestamp) -> PodCondition {
    let status = if verdict.is_ok() { "True" } else { "False" };
    let (reason, message) = verdict.clone().err().unzip();
    let unchanged = old
        .filter(|old| old.status == status)
        .and_then(|old| old.last_transition_time.clone());
    PodCondition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason,
        message,
        last_transition_time: unchanged.or(Some(Time(now))),
        ..PodCondition::default()
    }
}

fn initialized(pod: &Pod, states: &States, phase: &str) -> Verdict {
    let init = pod
        .spec
        .iter()
        .flat_map(|spec| spec.init_containers.iter().flatten());
    let open: Vec<&str> = init
        .filter(|one| !is_initialized(states, one))
        .map(|one| one.name.as_str())
        .collect();
    if open.is_empty() || phase == "Succeeded" {
        return Ok(());
    }
    Err((
        "ContainersNotInitialized".to_owned(),
        format!("containers with incomplete status: [{}]", open.join(" ")),
    ))
}

fn containers_ready(pod: &Pod, states: &States, phase: &str) -> Verdict {
    match phase {
        "Succeeded" => return Err(("PodCompleted".to_owned(), String::new())),
        "Failed" => return Err(("PodFailed".to_owned(), String::new())),
        _ => {}
    }
    let spec = pod.spec.as_ref();
    let sidecars = spec
        .and_then(|spec| spec.init_containers.as_deref())
        .unwrap_or_default()
        .iter()
        .filter(|one| is_sidecar(one));
    let main = spec.map(|spec| spec.containers.as_slice()).unwrap_or_default();
    let listed = sidecars
        .map(|one| (Group::Init, one))
        .chain(main.iter().map(|one| (Group::Main, one)));
    let is_ready = |group, name: &str| states.get(group, name).is_some_and(|status| status.ready);
    let unready: Vec<&str> = listed
        .filter(|(group, one)| !is_ready(*group, &one.name))
        .map(|(_, one)| one.name.as_str())
        .collect();
    if unready.is_empty() {
        return Ok(());
    }
    Err((
        "ContainersNotReady".to_owned(),
        format!("containers with unready status: [{}]", unready.join(" ")),
    ))
}

/// Ready is what the containers are, and what the readiness gates of the pod say.
fn ready(pod: &Pod, containers: &Verdict) -> Verdict {
    containers.clone()?;
    let conditions = pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or_default();
    for gate in pod
        .spec
        .iter()
        .flat_map(|spec| spec.readiness_gates.iter().flatten())
    {
        let kind = &gate.condition_type;
        let message = match conditions.iter().find(|condition| condition.type_ == *kind) {
            None => format!("corresponding condition of pod readiness gate {kind:?} does not exist."),
            Some(condition) if condition.status != "True" => {
                format!(
                    "the status of pod readiness gate {kind:?} is not \"True\", but {}",
                    condition.status
                )
            }
            Some(_) => continue,
        };
        return Err(("ReadinessGatesNotReady".to_owned(), message));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
