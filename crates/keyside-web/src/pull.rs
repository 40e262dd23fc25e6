//! How far the images of pods are, by what the node says: read from statuses, in the kubelet's words.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use keyside_core::diagnose::Word;
use keyside_core::explain::Observed;
use keyside_core::inject;
use kube::ResourceExt as _;

/// How far.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pull {
    /// There is no pod.
    None,
    /// Every image is there.
    Pulled,
    /// No node has begun.
    Waiting,
    /// A node is at it.
    Pulling,
    /// It does not work, with the kubelet's reason.
    Failing(String),
}

/// Reasons of waiting that say nothing about images.
const ORDINARY: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// How far one pod is.
pub(super) fn of_pod(pod: &Pod) -> Pull {
    let status = pod.status.as_ref();
    let all: Vec<&ContainerStatus> = statuses(pod).collect();
    let failing = all
        .iter()
        .filter_map(|one| waiting(one))
        .find(|reason| reason.starts_with("ErrImage") || reason.contains("Image"));
    if let Some(reason) = failing {
        return Pull::Failing(reason.to_owned());
    }
    let phase = status.and_then(|status| status.phase.as_deref());
    let is_there = |one: &&ContainerStatus| !one.image_id.is_empty();
    if matches!(phase, Some("Running" | "Succeeded")) || (!all.is_empty() && all.iter().all(is_there)) {
        return Pull::Pulled;
    }
    match pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) {
        Some(_) => Pull::Pulling,
        None => Pull::Waiting,
    }
}

/// How far several pods are together: the worst speaks.
pub(super) fn of_pods<'a>(pods: impl IntoIterator<Item = &'a Pod>) -> Pull {
    pods.into_iter()
        .filter(|pod| pod.metadata.deletion_timestamp.is_none())
        .map(of_pod)
        .max()
        .unwrap_or(Pull::None)
}

/// The images of a pod, wherever they stand in it.
pub(super) fn images(pod: &Pod) -> Vec<String> {
    let text = serde_json::to_string(pod).unwrap_or_default();
    inject::Pod::parse(&text)
        .map(|pod| pod.images().map(str::to_owned).collect())
        .unwrap_or_default()
}

/// The names of the containers that use an image.
fn names<'a>(pod: &'a Pod, image: &str) -> Vec<&'a str> {
    let spec = pod.spec.iter();
    let all = spec.flat_map(|spec| {
        spec.containers
            .iter()
            .chain(spec.init_containers.iter().flatten())
    });
    all.filter(|one| one.image.as_deref() == Some(image))
        .map(|one| one.name.as_str())
        .collect()
}

/// A container that uses the image.
pub(super) fn container<'a>(pod: &'a Pod, image: &str) -> Option<&'a str> {
    names(pod, image).first().copied()
}

fn statuses_of<'a>(pod: &'a Pod, image: &str) -> Vec<&'a ContainerStatus> {
    let names = names(pod, image);
    statuses(pod)
        .filter(|one| names.contains(&one.name.as_str()))
        .collect()
}

/// The node's own words about an image.
pub(super) fn words(pod: &Pod, image: &str) -> Vec<Word> {
    let of_image = statuses_of(pod, image);
    let messages = of_image.iter().filter_map(|one| {
        let waiting = one.state.as_ref()?.waiting.as_ref()?;
        waiting.message.clone()
    });
    let word = |message| Word {
        by: "status".to_owned(),
        message,
        times: 1,
        at: None,
    };
    messages.map(word).collect()
}

/// What the node says of one image of a pod: a container that waits speaks before one that runs.
pub(super) fn observed(pod: &Pod, image: &str) -> Option<Observed> {
    let of_image = statuses_of(pod, image);
    let reason = of_image.iter().filter_map(|one| waiting(one)).next();
    match reason {
        Some(reason) => Some(Observed::Waiting(reason.to_owned())),
        None => of_image
            .iter()
            .any(|one| !one.image_id.is_empty())
            .then_some(Observed::Pulled),
    }
}

/// The pull secrets a pod lists, in their order.
pub(super) fn listed(pod: &Pod) -> Vec<String> {
    let list = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.image_pull_secrets.as_ref());
    list.into_iter()
        .flatten()
        .map(|reference| reference.name.clone())
        .collect()
}

/// Those that keyside has added.
pub(super) fn injected(pod: &Pod) -> Vec<String> {
    let text = pod.annotations().get(keyside_api::label::INJECTED);
    text.map_or("", String::as_str)
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.as_ref();
    let lists = [
        status.and_then(|status| status.init_container_statuses.as_ref()),
        status.and_then(|status| status.container_statuses.as_ref()),
    ];
    lists.into_iter().flatten().flatten()
}

fn waiting(status: &ContainerStatus) -> Option<&str> {
    let waiting = status.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref()?;
    (!ORDINARY.contains(&reason)).then_some(reason)
}
