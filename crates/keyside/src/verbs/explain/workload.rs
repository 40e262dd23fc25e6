//! From a workload to its pods, and from a pod to the workload that has made it.

use super::pod::is_waiting;
use super::subject::Kind;
use crate::failure::Failure;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use keyside_core::inject;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};

/// The pods of a workload, those that wait first, and what they are made of.
pub(super) struct Found {
    pub(super) pods: Vec<Pod>,
    pub(super) template: Template,
}

/// What matters of a pod template.
#[derive(Default)]
pub(super) struct Template {
    pub(super) account: String,
    pub(super) listed: Vec<String>,
    pub(super) images: Vec<String>,
}

/// Finds a workload and its pods.
pub(super) async fn find(client: &Client, namespace: &str, kind: Kind, name: &str) -> Result<Found, Failure> {
    let (selector, template) = read(client, namespace, kind, name).await?.ok_or_else(|| {
        Failure::new(format!(
            "there is no {}/{name} in namespace {namespace}",
            kind.word()
        ))
        .hint(format!("kubectl get {} -n {namespace}", kind.word()))
    })?;
    let parameters = ListParams::default().labels(&text(&selector));
    let mut pods = Api::<Pod>::namespaced(client.clone(), namespace)
        .list(&parameters)
        .await?
        .items;
    pods.retain(|pod| pod.metadata.deletion_timestamp.is_none());
    pods.sort_by_key(|pod| {
        (
            !is_waiting(pod),
            pod.creation_timestamp().map(|time| std::cmp::Reverse(time.0)),
        )
    });
    Ok(Found { pods, template })
}

async fn read(
    client: &Client,
    namespace: &str,
    kind: Kind,
    name: &str,
) -> Result<Option<(LabelSelector, Template)>, Failure> {
    let client = client.clone();
    Ok(match kind {
        Kind::Deployment => Api::<Deployment>::namespaced(client, namespace)
            .get_opt(name)
            .await?
            .and_then(|one| one.spec)
            .map(|spec| (spec.selector, template(Some(&spec.template)))),
        Kind::StatefulSet => Api::<StatefulSet>::namespaced(client, namespace)
            .get_opt(name)
            .await?
            .and_then(|one| one.spec)
            .map(|spec| (spec.selector, template(Some(&spec.template)))),
        Kind::DaemonSet => Api::<DaemonSet>::namespaced(client, namespace)
            .get_opt(name)
            .await?
            .and_then(|one| one.spec)
            .map(|spec| (spec.selector, template(Some(&spec.template)))),
        Kind::ReplicaSet => Api::<ReplicaSet>::namespaced(client, namespace)
            .get_opt(name)
            .await?
            .and_then(|one| one.spec)
            .map(|spec| (spec.selector, template(spec.template.as_ref()))),
        Kind::Job => Api::<Job>::namespaced(client, namespace)
            .get_opt(name)
            .await?
            .and_then(|one| one.spec)
            .map(|spec| (spec.selector.unwrap_or_default(), template(Some(&spec.template)))),
    })
}

fn template(template: Option<&PodTemplateSpec>) -> Template {
    let text = serde_json::to_string(&template).unwrap_or_default();
    match inject::Pod::parse(&text) {
        Ok(pod) => Template {
            account: pod.service_account().to_owned(),
            listed: pod.pull_secrets().map(str::to_owned).collect(),
            images: pod.images().map(str::to_owned).collect(),
        },
        Err(_) => Template::default(),
    }
}

/// A selector as the API server reads it.
fn text(selector: &LabelSelector) -> String {
    let equal = selector
        .match_labels
        .iter()
        .flatten()
        .map(|(key, value)| format!("{key}={value}"));
    let among = selector.match_expressions.iter().flatten().map(|one| {
        let values = one.values.clone().unwrap_or_default().join(",");
        match one.operator.as_str() {
            "In" => format!("{} in ({values})", one.key),
            "NotIn" => format!("{} notin ({values})", one.key),
            "DoesNotExist" => format!("!{}", one.key),
            _ => one.key.clone(),
        }
    });
    equal.chain(among).collect::<Vec<_>>().join(",")
}

/// `deployment/web` for a pod that one has made; the nearest owner where the user may not look further.
pub(super) async fn of_pod(client: &Client, pod: &Pod) -> Option<String> {
    let owner = pod
        .owner_references()
        .iter()
        .find(|owner| owner.controller == Some(true))?;
    let title = |kind: &str, name: &str| format!("{}/{name}", kind.to_lowercase());
    if owner.kind != "ReplicaSet" {
        return Some(title(&owner.kind, &owner.name));
    }
    let api: Api<ReplicaSet> = Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    let set = api.get_opt(&owner.name).await.ok().flatten();
    let above = set.and_then(|set| {
        set.owner_references()
            .iter()
            .find(|owner| owner.controller == Some(true))
            .map(|owner| title(&owner.kind, &owner.name))
    });
    above.or_else(|| Some(title(&owner.kind, &owner.name)))
}
