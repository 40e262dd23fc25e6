//! The third witness: what the node says of a pod, in its status and in its events.

use super::{About, Look};
use crate::failure::Failure;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Node, Pod};
use keyside_api::label;
use keyside_core::diagnose::{Word, words};
use keyside_core::explain::{Observed, Question};
use keyside_core::inject;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};

/// How often, and since when, a node has tried in vain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tries {
    pub(super) count: u32,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
}

/// One image of a pod, and the container that uses it.
struct Use {
    image: String,
    container: Option<String>,
}

/// One answer for each image of the pod, in the order the kubelet pulls them.
pub(super) async fn about(look: &Look<'_>, pod: &Pod) -> Result<Vec<About>, Failure> {
    let client = &look.connection.client;
    let events = events(client, pod).await?;
    let present = images_on_node(client, pod).await;
    let workload = super::workload::of_pod(client, pod).await;
    let name = pod.name_any();
    let mut answers = Vec::new();
    for used in uses(pod) {
        let observed = observed(pod, &used.image);
        let question = Question {
            namespace: look.namespace,
            image: &used.image,
            pod: Some(&name),
            listed: listed(pod),
            injected: injected(pod),
            exists: true,
            secrets: look.cluster.secrets.clone(),
            container: used.container.as_deref(),
            workload: workload.as_deref(),
            present: present.contains(&used.image),
            node: words_about(pod, &used, &events),
            observed: observed.clone(),
            registry: Vec::new(),
        };
        answers.push(About {
            explanation: look.witness.explain(&look.cluster.index, question).await,
            tries: tries(&used.image, &events).filter(|_| matches!(observed, Some(Observed::Waiting(_)))),
            container: used.container,
        });
    }
    Ok(answers)
}

/// Whether a container of the pod waits for its image.
pub(crate) fn is_waiting(pod: &Pod) -> bool {
    uses(pod)
        .iter()
        .any(|used| matches!(observed(pod, &used.image), Some(Observed::Waiting(_))))
}

fn listed(pod: &Pod) -> Vec<String> {
    let listed = pod.spec.as_ref().and_then(|spec| spec.image_pull_secrets.clone());
    let names = listed.unwrap_or_default().into_iter();
    names.map(|reference| reference.name).collect()
}

fn injected(pod: &Pod) -> Vec<String> {
    let names = pod.annotations().get(label::INJECTED).map(String::as_str);
    let names = names.unwrap_or_default().split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Every image once, with the first container that uses it.
fn uses(pod: &Pod) -> Vec<Use> {
    let text = serde_json::to_string(pod).unwrap_or_default();
    let images: Vec<String> = match inject::Pod::parse(&text) {
        Ok(pod) => pod.images().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    };
    let mut uses: Vec<Use> = Vec::new();
    for image in images {
        if uses.iter().all(|used| used.image != image) {
            let container = container_of(pod, &image);
            uses.push(Use { image, container });
        }
    }
    uses
}

fn container_of(pod: &Pod, image: &str) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    let own = containers
        .into_iter()
        .find(|container| container.image.as_deref() == Some(image));
    own.map(|container| container.name.clone())
}

fn statuses<'a>(pod: &'a Pod, image: &str) -> Vec<&'a ContainerStatus> {
    let (Some(spec), Some(status)) = (&pod.spec, &pod.status) else {
        return Vec::new();
    };
    let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
    let names: Vec<&str> = containers
        .filter(|container| container.image.as_deref() == Some(image))
        .map(|container| container.name.as_str())
        .collect();
    let lists = [&status.init_container_statuses, &status.container_statuses];
    let all = lists.into_iter().flatten().flatten();
    all.filter(|status| names.contains(&status.name.as_str()))
        .collect()
}

/// What the node has done with an image: a container that waits for it speaks before one that has it.
fn observed(pod: &Pod, image: &str) -> Option<Observed> {
    let of_image = statuses(pod, image);
    let waiting = of_image.iter().find_map(|status| {
        let waiting = status.state.as_ref()?.waiting.as_ref()?;
        let reason = waiting.reason.clone()?;
        let is_pull =
            is_of_pull(&reason) || words::read(waiting.message.as_deref().unwrap_or_default()).is_some();
        is_pull.then_some(reason)
    });
    match waiting {
        Some(reason) => Some(Observed::Waiting(reason)),
        None => of_image
            .iter()
            .any(|status| !status.image_id.is_empty())
            .then_some(Observed::Pulled),
    }
}

/// The reasons of a kubelet for a container that waits for its image.
fn is_of_pull(reason: &str) -> bool {
    matches!(
        reason,
        "ErrImagePull"
            | "ImagePullBackOff"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed"
    )
}

/// What the node says about the image. The status is the newest; the event that says the same tells when and how often.
fn words_about(pod: &Pod, used: &Use, events: &[Event]) -> Vec<Word> {
    let of_events: Vec<Word> = events
        .iter()
        .filter(|event| is_about(event, used))
        .filter_map(|event| {
            Some(Word {
                by: format!("event {}", event.reason.clone().unwrap_or_default()),
                message: event.message.clone()?,
                times: times(event),
                at: last(event),
            })
        })
        .collect();
    let now = statuses(pod, &used.image)
        .into_iter()
        .find_map(|status| status.state.as_ref()?.waiting.as_ref()?.message.clone());
    let said = now.as_deref().and_then(words::read);
    match (now, said) {
        (Some(message), Some(said @ words::Said::Because(_))) => {
            let same = of_events
                .into_iter()
                .filter(|word| words::read(&word.message) == Some(said));
            let newest = same.max_by_key(|word| word.at);
            vec![newest.unwrap_or(Word {
                by: "status".to_owned(),
                message,
                times: 1,
                at: None,
            })]
        }
        _ => of_events,
    }
}

fn is_about(event: &Event, used: &Use) -> bool {
    let message = event.message.as_deref().unwrap_or_default();
    if let Some(image) = words::image_of(message) {
        return image == used.image;
    }
    let field = event.involved_object.field_path.as_deref();
    match (field, &used.container) {
        (Some(field), Some(container)) => field.ends_with(&format!("{{{container}}}")),
        (Some(_), None) => false,
        // Such as a Secret that is missing: it is about all of them.
        (None, _) => true,
    }
}

/// How often and since when the image was tried in vain.
fn tries(image: &str, events: &[Event]) -> Option<Tries> {
    let failed = events.iter().filter(|event| {
        let message = event.message.as_deref().unwrap_or_default();
        message.contains("Failed to pull image") && words::image_of(message) == Some(image)
    });
    let failed: Vec<&Event> = failed.collect();
    (!failed.is_empty()).then(|| Tries {
        count: failed.iter().map(|event| times(event)).sum(),
        first: failed.iter().filter_map(|event| first(event)).min(),
        last: failed.iter().filter_map(|event| last(event)).max(),
    })
}

fn times(event: &Event) -> u32 {
    let series = event.series.as_ref().and_then(|series| series.count);
    u32::try_from(series.or(event.count).unwrap_or(1)).unwrap_or(1)
}

fn first(event: &Event) -> Option<Timestamp> {
    let micro = event.event_time.as_ref().map(|time| time.0);
    event.first_timestamp.as_ref().map(|time| time.0).or(micro)
}

fn last(event: &Event) -> Option<Timestamp> {
    let series = event
        .series
        .as_ref()
        .and_then(|series| series.last_observed_time.as_ref());
    let time = series.map(|time| time.0);
    time.or(event.last_timestamp.as_ref().map(|time| time.0))
        .or(first(event))
}

/// The pod's own events; none where the user may not see them.
async fn events(client: &Client, pod: &Pod) -> Result<Vec<Event>, Failure> {
    let selector = format!("involvedObject.kind=Pod,involvedObject.name={}", pod.name_any());
    let api: Api<Event> = Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    match api.list(&ListParams::default().fields(&selector)).await {
        Ok(list) => Ok(list
            .items
            .into_iter()
            .filter(|event| event.involved_object.uid == pod.uid())
            .collect()),
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// The images that lie on the pod's node, under the names the node knows; none where the user may not see nodes.
async fn images_on_node(client: &Client, pod: &Pod) -> Vec<String> {
    let never = pod.spec.as_ref().is_some_and(|spec| {
        let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
        containers
            .into_iter()
            .any(|container| container.image_pull_policy.as_deref() == Some("Never"))
    });
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
    let (Some(node), true) = (node, never) else {
        return Vec::new();
    };
    let Ok(node) = Api::<Node>::all(client.clone()).get(node).await else {
        return Vec::new();
    };
    let images = node.status.and_then(|status| status.images).unwrap_or_default();
    images
        .into_iter()
        .flat_map(|image| image.names.unwrap_or_default())
        .collect()
}
