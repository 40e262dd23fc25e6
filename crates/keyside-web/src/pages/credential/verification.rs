//! The tab that says whether the registries take the credential: what they have just answered to this page, step by step; what
//! the controllers have found; and what nodes say of their own pulls.

use super::explain_link;
use crate::authority;
use crate::badge::{Badge, Tone};
use crate::call::Call;
use crate::cluster;
use crate::credential::Stored;
use crate::failure::Failure;
use crate::pages::events;
use crate::place::Seen;
use crate::pull;
use crate::text::Lang;
use crate::time::Moment;
use crate::users::users;
use crate::write;
use futures::future::join_all;
use k8s_openapi::api::core::v1::{Event, Pod, Secret};
use k8s_openapi::jiff::Timestamp;
use keyside_api::RegistryState;
use keyside_api::condition::verified::{self, status_of};
use keyside_core::explain::Observed;
use keyside_core::history::is_suspended;
use keyside_core::index::Credential;
use keyside_core::verify::{Question, overall, questions};
use keyside_keychain::{Pattern, Reference};
use keyside_oci::verify::{self as oci, Outcome, Report, Taken};
use keyside_oci::{Cause, Origin};
use kube::{Api, ResourceExt as _};
use std::cmp::Reverse;

/// How many pods are asked what their node says.
const PODS: usize = 5;

/// What the tab shows.
pub(super) struct Tab {
    /// What this very check has found; empty if none was made.
    pub(super) checked: Vec<Checked>,
    /// From where it was made, or why it was not.
    pub(super) from_here: String,
    /// What the controllers have found.
    pub(super) stored: Vec<Asked>,
    /// What nodes say.
    pub(super) nodes: Vec<Node>,
}

/// A registry with its answer and the way to it.
pub(super) struct Checked {
    pub(super) registry: String,
    pub(super) tested: String,
    pub(super) badge: Badge,
    pub(super) meaning: String,
    pub(super) steps: Vec<Step>,
}

/// A step, as the command line prints it.
pub(super) struct Step {
    pub(super) class: &'static str,
    pub(super) mark: &'static str,
    pub(super) name: &'static str,
    pub(super) took: String,
    pub(super) cause: String,
}

/// A registry as the status speaks of it.
pub(super) struct Asked {
    pub(super) registry: String,
    pub(super) tested: String,
    pub(super) badge: Badge,
    pub(super) meaning: String,
}

/// What a node says of a pod's image.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) pod: String,
    pub(super) link: String,
    pub(super) badge: Badge,
    pub(super) message: String,
}

/// What one registry has answered to this page.
pub(in crate::pages) struct Finding {
    pub(in crate::pages) state: RegistryState,
    report: Option<Report>,
}

/// The tab without a check of its own.
pub(super) async fn tab(call: &Call, stored: &Stored, seen: &Seen) -> Result<Tab, Failure> {
    let pods = pods(call, stored, seen).await?;
    tab_of(call, stored, &pods).await
}

async fn tab_of(call: &Call, stored: &Stored, pods: &[Pod]) -> Result<Tab, Failure> {
    let t = call.t();
    let states = stored.status().map(|status| status.registries.as_slice());
    let states = states.unwrap_or_default().iter();
    Ok(Tab {
        checked: Vec::new(),
        from_here: String::new(),
        stored: states.map(|state| Asked::of(state, t)).collect(),
        nodes: nodes(call, stored, pods).await?,
    })
}

/// The tab with a check made now, and what is to be said of the credential after it, if it says something.
pub(super) async fn checked(
    call: &Call,
    stored: &Stored,
    seen: &Seen,
) -> Result<(Tab, Option<Badge>), Failure> {
    let t = call.t();
    let pods = pods(call, stored, seen).await?;
    let mut tab = tab_of(call, stored, &pods).await?;
    let secret = match write::secret_of(&call.client()?, stored).await {
        Err(Failure::Forbidden(_) | Failure::NoObject) => {
            t.secret_unreadable().clone_into(&mut tab.from_here);
            return Ok((tab, None));
        }
        found => found?,
    };
    let images: Vec<String> = pods.iter().flat_map(images).collect();
    match ask(call, stored, &secret, &images).await {
        Ok(findings) => {
            let badge = badge(stored, &findings, t);
            t.asked_from_here().clone_into(&mut tab.from_here);
            tab.checked = findings.iter().map(|finding| Checked::of(finding, t)).collect();
            Ok((tab, badge))
        }
        Err(why) => {
            why.clone_into(&mut tab.from_here);
            Ok((tab, None))
        }
    }
}

/// Shows what a Secret holds to its registries, each entry to its own host alone.
///
/// # Errors
/// Nobody is asked, and why, in the reader's words.
pub(in crate::pages) async fn ask(
    call: &Call,
    stored: &Stored,
    secret: &Secret,
    images: &[String],
) -> Result<Vec<Finding>, &'static str> {
    let t = call.t();
    if stored.status().is_some_and(is_suspended) {
        return Err(t.suspended());
    }
    let (mut index, id) = stored.index(secret);
    for image in images {
        index.note_image(&id, image);
    }
    let credential = index.credential(&id).ok_or(t.nothing_to_ask())?;
    let client = call.client().map_err(|_| t.secret_unreadable())?;
    let network = authority::network(&client, &call.web.network, credential.authority.as_ref())
        .await
        .ok_or(t.authority_is_the_controllers())?;
    let all = questions(credential);
    if all.is_empty() {
        return Err(t.nothing_to_ask());
    }
    let asked = all.iter().map(async |question| {
        let _turn = call.web.turns.acquire().await.ok()?;
        let client = keyside_oci::Client::new(&network).ok()?;
        Some(one(&client, credential, question).await)
    });
    Ok(join_all(asked).await.into_iter().flatten().collect())
}

async fn one(client: &keyside_oci::Client, credential: &Credential, question: &Question) -> Finding {
    let image = question.image.as_ref();
    let asked = oci::Question::about(client, &question.host, image, Some(question.credential.clone()));
    let Ok(asked) = asked else {
        return Finding {
            state: question.answered(Cause::InvalidReference.as_str(), None),
            report: None,
        };
    };
    let services = credential.token_service.iter();
    let asked = asked.confirming(services.filter_map(|text| Origin::parse(text).ok()).collect());
    let (report, is_pull) = oci::verify_in_steps_or_login(client, &asked, question.stated).await;
    let tested = image.filter(|_| is_pull).map(|image| image.original().to_owned());
    Finding {
        state: question.answered(report.verdict.reason.as_str(), tested),
        report: Some(report),
    }
}

/// `True`, `False` or `Unknown`, and the reason, of all together.
pub(in crate::pages) fn verdict(findings: &[Finding]) -> (&'static str, String) {
    let states: Vec<RegistryState> = findings.iter().map(|finding| finding.state.clone()).collect();
    let (status, reason, _) = overall(&states).said;
    (status, reason)
}

/// The credential's state after a check that settled something. What stands in the way besides the registry still does.
fn badge(stored: &Stored, findings: &[Finding], t: Lang) -> Option<Badge> {
    let (status, reason) = verdict(findings);
    let said = Badge::of_credential(stored, t);
    let is_about_registries = said.code.is_empty()
        || said.code == verified::UNVERIFIED
        || matches!(status_of(&said.code), "True" | "False")
        || keyside_api::Cause::parse(&said.code).is_some();
    let tone = match status {
        "True" => Tone::Good,
        "False" => Tone::Bad,
        _ => return None,
    };
    is_about_registries.then(|| Badge {
        age: Moment::of(Some(Timestamp::now()), t),
        ..Badge::of_reason(tone, &reason, t)
    })
}

impl Asked {
    fn of(state: &RegistryState, t: Lang) -> Self {
        Self {
            registry: state.registry.clone(),
            tested: state.repository.clone().unwrap_or_default(),
            badge: Badge::of_registry(state, t),
            meaning: t
                .reason_sentence(state.reason.as_deref().unwrap_or_default())
                .to_owned(),
        }
    }
}

impl Checked {
    fn of(finding: &Finding, t: Lang) -> Self {
        let Asked {
            registry,
            tested,
            badge,
            meaning,
        } = Asked::of(&finding.state, t);
        let reason = finding.state.reason.as_deref().unwrap_or_default();
        let steps = finding.report.iter().flat_map(|report| &report.steps);
        Self {
            registry,
            tested,
            steps: steps.map(|step| Step::of(step, reason, t)).collect(),
            badge: Badge {
                age: Moment::of(Some(Timestamp::now()), t),
                ..badge
            },
            meaning,
        }
    }
}

impl Step {
    fn of(step: &Taken, reason: &str, t: Lang) -> Self {
        let (class, mark) = match (step.outcome, status_of(reason)) {
            (Outcome::Passed, _) => ("good", "√"),
            (Outcome::Skipped, _) => ("quiet", "–"),
            (Outcome::Failed, "False") => ("bad", "×"),
            (Outcome::Failed, _) => ("warn", "!"),
        };
        let took = match (step.outcome, step.time) {
            (Outcome::Skipped, _) => t.not_asked().to_owned(),
            (_, None) => t.took_nothing(step.name).to_owned(),
            (_, Some(time)) => format!("{:.1} ms", time.as_secs_f64() * 1000.0),
        };
        Self {
            class,
            mark,
            name: t.step(step.name),
            took,
            cause: if step.outcome == Outcome::Failed {
                reason.to_owned()
            } else {
                String::new()
            },
        }
    }
}

/// The pods that use the credential and are on a node, the newest first; only so many that the page stays quick.
async fn pods(call: &Call, stored: &Stored, seen: &Seen) -> Result<Vec<Pod>, Failure> {
    let mut pods = users(&call.client()?, seen, stored).await?.items;
    pods.retain(|pod| node_of(pod).is_some());
    pods.sort_by_key(|pod| Reverse(pod.creation_timestamp().map(|time| time.0)));
    pods.truncate(PODS);
    Ok(pods)
}

fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

fn images(pod: &Pod) -> Vec<String> {
    let specs = pod.spec.iter();
    let containers = specs.flat_map(|spec| {
        spec.containers
            .iter()
            .chain(spec.init_containers.iter().flatten())
    });
    containers.filter_map(|one| one.image.clone()).collect()
}

/// What the nodes of these pods say of images that the credential is for.
async fn nodes(call: &Call, stored: &Stored, pods: &[Pod]) -> Result<Vec<Node>, Failure> {
    let registries = stored.registries();
    let patterns: Vec<Pattern> = registries
        .iter()
        .filter_map(|text| Pattern::parse(text).ok())
        .collect();
    let is_served = |image: &String| {
        Reference::parse(image).is_ok_and(|image| patterns.iter().any(|pattern| pattern.matches(&image)))
    };
    let mut out = Vec::new();
    for pod in pods {
        let served: Vec<String> = images(pod).into_iter().filter(is_served).collect();
        out.extend(node(call, pod, &served).await?);
    }
    Ok(out)
}

async fn node(call: &Call, pod: &Pod, images: &[String]) -> Result<Option<Node>, Failure> {
    let t = call.t();
    let all: Vec<Observed> = images
        .iter()
        .filter_map(|image| pull::observed(pod, image))
        .collect();
    let failing = all.iter().find_map(|one| match one {
        Observed::Waiting(reason) => Some(reason.as_str()),
        _ => None,
    });
    let badge = match failing {
        Some(reason) => Badge::new(Tone::Bad, t.pull_failed(), reason),
        None if all.is_empty() => return Ok(None),
        None => Badge::new(Tone::Good, t.pulled(), "Pulled"),
    };
    let (name, namespace) = (pod.name_any(), pod.namespace().unwrap_or_default());
    let event = newest(call, pod, images).await?;
    let started = pod.status.as_ref().and_then(|status| status.start_time.as_ref());
    let when = event.as_ref().and_then(events::last_seen);
    Ok(Some(Node {
        name: node_of(pod).unwrap_or_default().to_owned(),
        link: explain_link(&name, &namespace),
        pod: format!("{namespace}/{name}"),
        badge: Badge {
            age: Moment::of(when.or(started.map(|time| time.0)), t),
            ..badge
        },
        message: event.as_ref().map(events::message).unwrap_or_default(),
    }))
}

/// The newest event about a pull of these images, as long as Kubernetes keeps it.
async fn newest(call: &Call, pod: &Pod, images: &[String]) -> Result<Option<Event>, Failure> {
    let api: Api<Event> = Api::namespaced(call.client()?, &pod.namespace().unwrap_or_default());
    let fields = format!("involvedObject.kind=Pod,involvedObject.name={}", pod.name_any());
    let found = cluster::list(api, &fields).await?.unwrap_or_default();
    let is_pull = |event: &&Event| {
        let reason = event.reason.as_deref().unwrap_or_default();
        let message = event.message.as_deref().unwrap_or_default();
        matches!(reason, "Pulled" | "Failed" | "BackOff")
            && images.iter().any(|image| message.contains(image))
    };
    Ok(found
        .iter()
        .filter(is_pull)
        .max_by_key(|event| events::last_seen(event))
        .cloned())
}
