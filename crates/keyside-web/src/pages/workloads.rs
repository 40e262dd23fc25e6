//! 工作负载: what runs, and whether its images arrive.

use super::{Choice, Copy};
use crate::badge::Badge;
use crate::call::Call;
use crate::cluster::{self, Found};
use crate::failure::{Failure, page};
use crate::form::encode;
use crate::frame::{Area, Frame};
use crate::place::{Chosen, Seen, permitted};
use crate::pull::{self, Pull};
use crate::rights::{Right, may, may_in_one};
use crate::route::Answer;
use crate::text::Lang;
use crate::time::Moment;
use askama::Template;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DynamicObject, ListParams};
use kube::core::ApiResource;
use kube::{Api, ResourceExt as _};
use serde_json::Value;
use std::collections::HashMap;

/// Rows of one page, and how many objects of a kind are asked for.
const MOST: u32 = 200;

#[derive(Template)]
#[template(path = "workloads.html")]
struct Page {
    frame: Frame,
    t: Lang,
    may_deploy: bool,
    namespace: String,
    namespaces: Vec<String>,
    q: String,
    state: String,
    states: Vec<Choice>,
    rows: Vec<Row>,
    sample: String,
    note: String,
    /// Where the next namespaces are.
    next: String,
    copy: Copy,
}

struct Row {
    name: String,
    namespace: String,
    kind: String,
    image: String,
    link: String,
    /// Where it is explained, by a key.
    explain: String,
    badge: Badge,
    created: Moment,
}

/// A kind of workload that has pages.
pub(super) fn resource(kind: &str) -> Option<ApiResource> {
    Some(match kind {
        "Deployment" => ApiResource::erase::<Deployment>(&()),
        "StatefulSet" => ApiResource::erase::<StatefulSet>(&()),
        "DaemonSet" => ApiResource::erase::<DaemonSet>(&()),
        "Job" => ApiResource::erase::<Job>(&()),
        "CronJob" => ApiResource::erase::<CronJob>(&()),
        "Pod" => ApiResource::erase::<Pod>(&()),
        _ => return None,
    })
}

const KINDS: [&str; 6] = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod"];

/// The list.
pub(crate) async fn list(call: Call) -> Answer {
    let t = call.t();
    let seen = Seen::read(&call).await?;
    let chosen = seen.chosen(&call);
    let found = objects(&call, chosen.names.as_deref()).await?;
    let pods: Vec<Pod> = found
        .items
        .iter()
        .filter(|object| kind(object) == "Pod")
        .filter_map(|object| object.clone().try_parse().ok())
        .collect();
    let by_owner = by_owner(&pods);
    let (q, state) = (call.query.get("q").to_lowercase(), call.query.get("state"));
    let mut rows: Vec<Row> = found
        .items
        .iter()
        .filter(|object| !is_owned(object))
        .filter(|object| !is_system(object) || call.query.has("namespace"))
        .map(|object| row(object, &by_owner, t))
        .filter(|row| q.is_empty() || row.name.contains(&q) || row.image.to_lowercase().contains(&q))
        .filter(|row| state.is_empty() || row.badge.class() == state)
        .collect();
    rows.sort_by(|a, b| (&a.namespace, &a.name, &a.kind).cmp(&(&b.namespace, &b.name, &b.kind)));
    rows.truncate(MOST as usize);
    let may_deploy = may_deploy(&call, &seen).await?;
    let sample = call
        .web
        .sandbox
        .as_ref()
        .map(|sandbox| sandbox.sample.image.clone());
    page(&Page {
        frame: Frame::page(&call, Area::Workloads, t.workloads()),
        t,
        may_deploy,
        namespace: call.query.get("namespace").to_owned(),
        namespaces: seen.namespaces.clone(),
        q: call.query.get("q").to_owned(),
        state: state.to_owned(),
        states: [
            ("", t.all()),
            ("good", t.pulled()),
            ("bad", t.pull_failed()),
            ("quiet", t.waiting()),
        ]
        .map(|(value, words)| (value.to_owned(), words.to_owned()))
        .to_vec(),
        rows,
        sample: sample.unwrap_or_default(),
        next: chosen.next,
        note: if found.is_cut {
            t.list_is_cut().to_owned()
        } else {
            String::new()
        },
        copy: Copy::command(match call.query.get("namespace") {
            "" => "kubectl get deployments,statefulsets,daemonsets,jobs,pods -A".to_owned(),
            namespace => format!("kubectl get deployments,statefulsets,daemonsets,jobs,pods -n {namespace}"),
        }),
    })
}

/// Whether somebody may deploy somewhere they can see.
async fn may_deploy(call: &Call, seen: &Seen) -> Result<bool, Failure> {
    let everywhere = may(call, Right::deployment("create", "")).await?;
    Ok(everywhere
        || may_in_one(call, seen.few(), |namespace| {
            Right::deployment("create", namespace)
        })
        .await?)
}

/// The workloads and pods of these namespaces, and whether there are more.
async fn objects(call: &Call, namespaces: Option<&[String]>) -> Result<Found<DynamicObject>, Failure> {
    let client = call.client()?;
    let mut asked: Vec<(&str, ApiResource, Api<DynamicObject>)> = Vec::new();
    for kind in KINDS {
        let Some(resource) = resource(kind) else { continue };
        match namespaces {
            None => asked.push((kind, resource.clone(), Api::all_with(client.clone(), &resource))),
            Some(names) => asked.extend(names.iter().map(|name| {
                let api = Api::namespaced_with(client.clone(), name, &resource);
                (kind, resource.clone(), api)
            })),
        }
    }
    let parameters = ListParams::default().limit(MOST);
    let lists = cluster::each(&asked, |(_, _, api)| async {
        permitted(api.list(&parameters).await)
    });
    let mut out = Found::default();
    for ((kind, resource, _), list) in asked.iter().zip(lists.await?) {
        let Some(list) = list else { continue };
        out.is_cut |= list.metadata.continue_.is_some_and(|token| !token.is_empty());
        out.items.extend(list.items.into_iter().map(|mut object| {
            object.types = Some(kube::core::TypeMeta {
                api_version: resource.api_version.clone(),
                kind: (*kind).to_owned(),
            });
            object
        }));
    }
    Ok(out)
}

fn kind(object: &DynamicObject) -> &str {
    object.types.as_ref().map_or("", |types| types.kind.as_str())
}

/// Pods of workloads and Jobs of `CronJob`s are shown by their owner.
fn is_owned(object: &DynamicObject) -> bool {
    object
        .owner_references()
        .iter()
        .any(|owner| owner.controller == Some(true) && owner.kind != "Node")
}

fn is_system(object: &DynamicObject) -> bool {
    object.namespace().is_some_and(|name| name.starts_with("kube-"))
}

/// Pods by namespace and the name of the workload that made them.
fn by_owner(pods: &[Pod]) -> HashMap<(String, String), Vec<&Pod>> {
    let mut out: HashMap<(String, String), Vec<&Pod>> = HashMap::new();
    for pod in pods {
        let namespace = pod.namespace().unwrap_or_default();
        out.entry((namespace, workload_of(pod))).or_default().push(pod);
    }
    out
}

/// `Kind/name` of the workload: a `ReplicaSet` of a Deployment carries its name and a hash.
pub(crate) fn workload_of(pod: &Pod) -> String {
    let owners = pod.owner_references();
    let Some(owner) = owners.iter().find(|owner| owner.controller == Some(true)) else {
        return format!("Pod/{}", pod.name_any());
    };
    let hash = pod.labels().get("pod-template-hash");
    match (owner.kind.as_str(), hash) {
        ("ReplicaSet", Some(hash)) => {
            let name = owner
                .name
                .strip_suffix(&format!("-{hash}"))
                .unwrap_or(&owner.name);
            format!("Deployment/{name}")
        }
        (kind, _) => format!("{kind}/{}", owner.name),
    }
}

fn row(object: &DynamicObject, pods: &HashMap<(String, String), Vec<&Pod>>, t: Lang) -> Row {
    let (name, namespace) = (object.name_any(), object.namespace().unwrap_or_default());
    let kind = kind(object).to_owned();
    let own = pods_of(pods, &namespace, &kind, &name);
    let pull = if own.is_empty() {
        Pull::None
    } else {
        pull::of_pods(own)
    };
    Row {
        link: link(&namespace, &kind, &name),
        explain: format!(
            "/explain?what={}/{}&namespace={}",
            kind.to_lowercase(),
            encode(&name),
            encode(&namespace)
        ),
        image: images(&object.data).join(", "),
        badge: Badge::of_pull(&pull, t),
        created: Moment::of(object.creation_timestamp().map(|time| time.0), t),
        name,
        namespace,
        kind,
    }
}

/// The pods of a workload; those of a `CronJob` belong to Jobs that carry its name and a time.
fn pods_of<'a>(
    pods: &HashMap<(String, String), Vec<&'a Pod>>,
    namespace: &str,
    kind: &str,
    name: &str,
) -> Vec<&'a Pod> {
    let own = (namespace.to_owned(), format!("{kind}/{name}"));
    if kind != "CronJob" {
        return pods.get(&own).cloned().unwrap_or_default();
    }
    let start = format!("Job/{name}-");
    pods.iter()
        .filter(|((at, owner), _)| at == namespace && owner.starts_with(&start))
        .flat_map(|(_, pods)| pods.iter().copied())
        .collect()
}

/// Where a workload's page is.
pub(super) fn link(namespace: &str, kind: &str, name: &str) -> String {
    format!("/workloads/{}/{kind}/{}", encode(namespace), encode(name))
}

/// The images of a workload's pods.
pub(super) fn images(data: &Value) -> Vec<String> {
    let spec = [
        "/spec/jobTemplate/spec/template/spec",
        "/spec/template/spec",
        "/spec",
    ]
    .iter()
    .find_map(|path| data.pointer(path).filter(|spec| spec["containers"].is_array()));
    let Some(spec) = spec else { return Vec::new() };
    let mut out: Vec<String> = Vec::new();
    for list in ["initContainers", "containers"] {
        for container in spec[list].as_array().into_iter().flatten() {
            let image = container["image"].as_str().unwrap_or_default();
            if !image.is_empty() && !out.iter().any(|own| own == image) {
                out.push(image.to_owned());
            }
        }
    }
    out
}

/// Pods somebody may see: those that wait first, because a pull that fails is mostly among them.
pub(super) async fn pods(call: &Call, seen: &Seen) -> Result<Found<Pod>, Failure> {
    const WAITING: &str = "status.phase=Pending";
    const OTHERS: &str = "status.phase!=Pending,status.phase!=Succeeded";
    let client = call.client()?;
    let Chosen { names, next } = seen.chosen(call);
    let apis: Vec<Api<Pod>> = match names {
        None => vec![Api::all(client)],
        Some(names) => names
            .iter()
            .map(|name| Api::namespaced(client.clone(), name))
            .collect(),
    };
    let (mut items, mut is_cut) = (Vec::new(), !next.is_empty());
    for fields in [WAITING, OTHERS] {
        let lists = cluster::each(&apis, |api| cluster::some(api.clone(), fields, 1)).await?;
        for list in lists.into_iter().flatten() {
            is_cut |= list.is_cut;
            items.extend(list.items);
        }
    }
    Ok(Found { items, is_cut })
}
