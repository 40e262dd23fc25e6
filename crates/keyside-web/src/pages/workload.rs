//! One workload: how far its images are, live, ending in Pulled or in a diagnosis with its fix.

use super::credential::explain_link;
use super::events;
use super::explain::Answered;
use super::{Copy, workloads};
use crate::badge::Badge;
use crate::call::Call;
use crate::cluster;
use crate::command::quote;
use crate::failure::{Failure, page};
use crate::form::encode;
use crate::frame::{Area, Frame};
use crate::pull::{self, Pull};
use crate::route::Answer;
use crate::text::Lang;
use crate::time::Moment;
use askama::Template;
use k8s_openapi::api::core::v1::{Event, Pod};
use keyside_core::explain::Verdict;
use kube::api::{DynamicObject, ListParams};
use kube::{Api, ResourceExt as _};
use std::collections::BTreeSet;

/// The newest steps that are shown.
const STEPS: usize = 14;

#[derive(Template)]
#[template(path = "workload.html")]
struct Page {
    frame: Frame,
    t: Lang,
    kind: String,
    namespace: String,
    images: Vec<String>,
    what: String,
    live: String,
    progress: Progress,
    copy: Copy,
}

#[derive(Template)]
#[template(path = "progress_part.html")]
struct Part {
    t: Lang,
    progress: Progress,
}

struct Progress {
    badge: Badge,
    injected: Vec<String>,
    steps: Vec<Step>,
    diagnoses: Vec<Diagnosis>,
    pods: Vec<PodRow>,
}

struct Step {
    class: &'static str,
    mark: &'static str,
    reason: String,
    message: String,
    time: Moment,
}

struct Diagnosis {
    word: String,
    code: String,
    sentence: String,
    fix: Vec<String>,
    add: String,
}

struct PodRow {
    name: String,
    link: String,
    badge: Badge,
    node: String,
}

/// Which workload.
pub(crate) struct Subject {
    pub(crate) namespace: String,
    kind: String,
    name: String,
}

impl Subject {
    /// The workload that a path names.
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        let kind = call.at("kind");
        workloads::resource(kind).ok_or(Failure::NoPage)?;
        Ok(Self {
            namespace: call.at("namespace").to_owned(),
            kind: kind.to_owned(),
            name: call.at("name").to_owned(),
        })
    }
}

/// The page.
pub(crate) async fn show(call: Call) -> Answer {
    let t = call.t();
    let subject = Subject::of(&call)?;
    let object = object(&call, &subject).await?;
    let progress = progress(&call, &subject, &object).await?;
    let Subject {
        namespace,
        kind,
        name,
    } = subject;
    let lower = kind.to_lowercase();
    page(&Page {
        frame: Frame::page(&call, Area::Workloads, name.clone())
            .crumb(t.workloads(), format!("/workloads{}", context(&call)))
            .crumb(name.clone(), ""),
        t,
        images: workloads::images(&object.data),
        what: format!("{lower}/{name}"),
        live: format!("/live/{}/{kind}/{}", encode(&namespace), encode(&name)),
        progress,
        copy: Copy::command(format!(
            "keyside explain {lower}/{} -n {}",
            quote(&name),
            quote(&namespace)
        )),
        kind,
        namespace,
    })
}

fn context(call: &Call) -> String {
    call.project()
        .map_or_else(String::new, |project| format!("?project={}", encode(project)))
}

/// The part that changes.
pub(crate) async fn fragment(call: &Call, subject: &Subject) -> Result<String, Failure> {
    let object = object(call, subject).await?;
    let part = Part {
        t: call.t(),
        progress: progress(call, subject, &object).await?,
    };
    part.render().map_err(|error| Failure::Ours(error.to_string()))
}

async fn object(call: &Call, subject: &Subject) -> Result<DynamicObject, Failure> {
    let resource = workloads::resource(&subject.kind).ok_or(Failure::NoPage)?;
    let api: Api<DynamicObject> = Api::namespaced_with(call.client()?, &subject.namespace, &resource);
    Ok(api.get(&subject.name).await?)
}

/// The pods of a workload, the newest first.
pub(super) async fn pods_of(
    call: &Call,
    namespace: &str,
    kind: &str,
    object: &DynamicObject,
) -> Result<Vec<Pod>, Failure> {
    let name = object.name_any();
    let api: Api<Pod> = Api::namespaced(call.client()?, namespace);
    let mut pods = match kind {
        "Pod" => vec![api.get(&name).await?],
        "CronJob" => {
            let all = cluster::list(api, "").await?.unwrap_or_default();
            let of_job = |pod: &Pod| {
                let owners = pod.owner_references();
                owners
                    .iter()
                    .any(|owner| owner.kind == "Job" && owner.name.starts_with(&format!("{name}-")))
            };
            all.into_iter().filter(of_job).collect()
        }
        _ => {
            let labels = object.data.pointer("/spec/selector/matchLabels");
            let labels: Vec<String> = labels
                .and_then(serde_json::Value::as_object)
                .into_iter()
                .flatten()
                .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
                .collect();
            if labels.is_empty() {
                return Ok(Vec::new());
            }
            let parameters = ListParams::default().labels(&labels.join(",")).limit(100);
            api.list(&parameters).await?.items
        }
    };
    pods.sort_by_key(|pod| std::cmp::Reverse(pod.creation_timestamp().map(|time| time.0)));
    Ok(pods)
}

async fn progress(call: &Call, subject: &Subject, object: &DynamicObject) -> Result<Progress, Failure> {
    let t = call.t();
    let client = call.client()?;
    let pods = pods_of(call, &subject.namespace, &subject.kind, object).await?;
    let names: BTreeSet<String> = pods.iter().map(kube::ResourceExt::name_any).collect();
    let fields = "involvedObject.kind=Pod";
    let events: Vec<Event> = cluster::list(Api::namespaced(client.clone(), &subject.namespace), fields)
        .await?
        .unwrap_or_default()
        .into_iter()
        .filter(|event: &Event| {
            event
                .involved_object
                .name
                .as_ref()
                .is_some_and(|name| names.contains(name))
        })
        .collect();
    let failing = pods
        .iter()
        .find(|pod| matches!(pull::of_pod(pod), Pull::Failing(_)));
    let diagnoses = match failing {
        Some(pod) => diagnoses(call, &subject.namespace, pod).await?,
        None => Vec::new(),
    };
    let injected: BTreeSet<String> = pods.iter().flat_map(pull::injected).collect();
    Ok(Progress {
        badge: Badge::of_pull(&pull::of_pods(&pods), t),
        injected: injected.into_iter().collect(),
        steps: steps(&events, t),
        diagnoses,
        pods: pods
            .iter()
            .map(|pod| pod_row(pod, &subject.namespace, t))
            .collect(),
    })
}

fn pod_row(pod: &Pod, namespace: &str, t: Lang) -> PodRow {
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
    PodRow {
        name: pod.name_any(),
        link: explain_link(&pod.name_any(), namespace),
        badge: Badge::of_pull(&pull::of_pod(pod), t),
        node: node.unwrap_or_default(),
    }
}

fn steps(events: &[Event], t: Lang) -> Vec<Step> {
    let mut sorted: Vec<&Event> = events.iter().collect();
    // Most times are whole seconds; within one, things happen in this order.
    const ORDER: [&str; 5] = ["Scheduled", "Pulling", "Pulled", "Created", "Started"];
    let turn = |event: &Event| ORDER.iter().position(|one| Some(*one) == event.reason.as_deref());
    sorted.sort_by_key(|event| {
        let second = events::last_seen(event).map(k8s_openapi::jiff::Timestamp::as_second);
        (second, turn(event).unwrap_or(ORDER.len()))
    });
    let from = sorted.len().saturating_sub(STEPS);
    sorted[from..]
        .iter()
        .map(|event| {
            let reason = event.reason.clone().unwrap_or_default();
            let (class, mark) = match (event.type_.as_deref(), reason.as_str()) {
                (Some("Warning"), _) => ("bad", "×"),
                (_, "Pulled" | "Created" | "Started") => ("good", "√"),
                _ => ("quiet", "·"),
            };
            Step {
                class,
                mark,
                reason,
                message: events::message(event),
                time: Moment::of(events::last_seen(event), t),
            }
        })
        .collect()
}

async fn diagnoses(call: &Call, namespace: &str, pod: &Pod) -> Result<Vec<Diagnosis>, Failure> {
    let t = call.t();
    let answers = cluster::about_pod(&call.client()?, namespace, pod).await?;
    Ok(answers
        .iter()
        .filter(|answer| answer.verdict == Verdict::Failing)
        .map(|explanation| {
            let answered = Answered::of(explanation, namespace, t);
            Diagnosis {
                word: t.reason(&explanation.reason).to_owned(),
                code: explanation.reason.clone(),
                sentence: answered.sentence,
                fix: answered.fix,
                add: answered.add,
            }
        })
        .collect())
}
