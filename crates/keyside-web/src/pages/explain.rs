//! 诊断: one search box for a pod, a workload or an image; the answer is `keyside explain`'s, as a page with a permanent
//! link. The live answer of the deploy form is the same one, shorter, with the registry's own word where a credential is
//! at hand.

use super::{Copy, workload, workloads};
use crate::authority;
use crate::badge::{Badge, Tone};
use crate::call::Call;
use crate::cluster::{self, About, Far};
use crate::command::quote;
use crate::failure::{Failure, page};
use crate::form::encode;
use crate::frame::{Area, Frame};
use crate::place::Seen;
use crate::pull::{self, Pull};
use crate::route::Answer;
use crate::text::Lang;
use askama::Template;
use k8s_openapi::api::core::v1::Pod;
use keyside_core::explain::{Explanation, Verdict};
use keyside_keychain::Reference;
use keyside_oci::Origin;
use keyside_oci::verify::{Question, Reason, Standing, verify};
use kube::api::DynamicObject;
use kube::{Api, ResourceExt as _};

/// How many credentials that are not used are listed; the nearest come first.
const UNUSED: usize = 5;

#[derive(Template)]
#[template(path = "explain.html")]
struct Page {
    frame: Frame,
    t: Lang,
    what: String,
    namespace: String,
    namespaces: Vec<String>,
    problem: String,
    about: String,
    pods: usize,
    /// Whether there are pods that were not looked at.
    is_cut: bool,
    failing: Vec<FailingRow>,
    answers: Vec<Answered>,
    copy: Copy,
}

#[derive(Template)]
#[template(path = "answer_part.html")]
struct Part {
    t: Lang,
    answer: Option<Answered>,
}

struct FailingRow {
    name: String,
    link: String,
    badge: Badge,
}

/// An answer as pages show it.
pub(super) struct Answered {
    pub(super) image: String,
    pub(super) badge: Badge,
    pub(super) sentence: String,
    pub(super) rows: Vec<Row>,
    pub(super) evidence: Vec<String>,
    pub(super) fix: Vec<String>,
    /// Where a missing credential can be added; empty if none is missing.
    pub(super) add: String,
}

/// A credential that is tried, or is not.
pub(super) struct Row {
    rank: String,
    name: String,
    namespace: String,
    scope: String,
    pattern: String,
    delivery: String,
    result: String,
    code: String,
    unused: bool,
}

impl Answered {
    /// The answer in the reader's language.
    pub(super) fn of(answer: &Explanation, namespace: &str, t: Lang) -> Self {
        let tried = answer.credentials.iter().map(|one| Row {
            rank: one.rank.to_string(),
            name: one.name.clone(),
            namespace: String::new(),
            scope: t.scope_code(&one.scope).to_owned(),
            pattern: one.pattern.clone(),
            delivery: t.delivery_code(&one.delivery).to_owned(),
            result: t.result_code(&one.result).to_owned(),
            code: one.reason.clone(),
            unused: false,
        });
        let unused = answer.unused.iter().take(UNUSED).map(|one| Row {
            rank: "–".to_owned(),
            name: one.name.clone(),
            namespace: one.namespace.clone().unwrap_or_default(),
            scope: t.scope_code(&one.scope).to_owned(),
            pattern: one.pattern.clone().unwrap_or_default(),
            delivery: String::new(),
            result: t.not_used(&one.message),
            code: one.reason.clone(),
            unused: true,
        });
        let is_missing = matches!(
            answer.reason.as_str(),
            "NoCredentials" | "NoMatchingCredential" | "HostSpelling" | "SecretInWrongNamespace"
        );
        let host = Reference::parse(&answer.image).map(|image| image.host().to_owned());
        let add = match host {
            Ok(host) if is_missing => format!(
                "/credentials/add?registry={}&namespace={}",
                encode(&host),
                encode(namespace)
            ),
            _ => String::new(),
        };
        Self {
            image: answer.image.clone(),
            badge: Badge::of_verdict(answer.verdict, &answer.reason, t),
            sentence: t.sentence(&answer.message),
            rows: tried.chain(unused).collect(),
            evidence: answer
                .evidence
                .iter()
                .map(|one| t.evidence_line(&one.source, &one.message))
                .collect(),
            fix: answer.fix.clone(),
            add,
        }
    }
}

/// The page.
pub(crate) async fn show(call: Call) -> Answer {
    let t = call.t();
    let seen = Seen::read(&call).await?;
    let what = call.query.get("what").to_owned();
    let namespace = match call.query.get("namespace") {
        "" => seen
            .namespaces
            .iter()
            .find(|name| *name == "default")
            .or_else(|| seen.namespaces.first())
            .cloned()
            .unwrap_or_default(),
        namespace => namespace.to_owned(),
    };
    let mut result = Page {
        frame: Frame::page(&call, Area::Explain, t.explain()),
        t,
        copy: Copy::command(command(&what, &namespace)),
        what,
        namespace,
        namespaces: seen.namespaces.clone(),
        problem: String::new(),
        about: String::new(),
        pods: 0,
        is_cut: false,
        failing: Vec::new(),
        answers: Vec::new(),
    };
    if result.what.is_empty() {
        overview(&call, &seen, &mut result).await?;
    } else if let Err(failure) = explain(&call, &mut result).await {
        match failure {
            Failure::SignedOut | Failure::Unreachable(_) | Failure::Ours(_) => return Err(failure),
            Failure::NoObject => result.problem = t.not_found(&result.what, &result.namespace),
            other => result.problem = other.sentence(t),
        }
    }
    page(&result)
}

fn command(what: &str, namespace: &str) -> String {
    match what.split_once('/') {
        _ if what.is_empty() => "keyside explain pod/NAME -n NAMESPACE".to_owned(),
        Some((kind, name)) if kind_of(kind).is_some() => {
            format!("keyside explain {kind}/{} -n {}", quote(name), quote(namespace))
        }
        _ => format!("keyside explain image {} -n {}", quote(what), quote(namespace)),
    }
}

/// The pods that cannot pull, where nothing was asked.
async fn overview(call: &Call, seen: &Seen, result: &mut Page) -> Result<(), Failure> {
    let found = workloads::pods(call, seen).await?;
    result.pods = found.items.len();
    result.is_cut = found.is_cut;
    for pod in &found.items {
        let state = pull::of_pod(pod);
        if matches!(state, Pull::Failing(_)) {
            let (name, namespace) = (pod.name_any(), pod.namespace().unwrap_or_default());
            result.failing.push(FailingRow {
                link: super::credential::explain_link(&name, &namespace),
                name: format!("{namespace}/{name}"),
                badge: Badge::of_pull(&state, call.t()),
            });
        }
    }
    Ok(())
}

/// The kind that a word of the command line names.
fn kind_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "pod" | "pods" | "po" => "Pod",
        "deploy" | "deployment" | "deployments" => "Deployment",
        "statefulset" | "sts" => "StatefulSet",
        "daemonset" | "ds" => "DaemonSet",
        "job" | "jobs" => "Job",
        "cronjob" | "cj" => "CronJob",
        _ => return None,
    })
}

async fn explain(call: &Call, result: &mut Page) -> Result<(), Failure> {
    let t = call.t();
    let client = call.client()?;
    let (what, namespace) = (result.what.clone(), result.namespace.clone());
    let object = what
        .split_once('/')
        .and_then(|(kind, name)| Some((kind_of(&kind.to_lowercase())?, name)));
    let Some((kind, name)) = object else {
        let image = what.strip_prefix("image ").unwrap_or(&what).trim();
        let answer = cluster::about_image(&client, &namespace, image, Far::Everywhere)
            .await?
            .explanation;
        result.answers.push(Answered::of(&answer, &namespace, t));
        return Ok(());
    };
    let resource = workloads::resource(kind).ok_or(Failure::NoObject)?;
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &namespace, &resource);
    let object = api.get(name).await?;
    let pods = workload::pods_of(call, &namespace, kind, &object).await?;
    let failing = pods
        .iter()
        .find(|pod| matches!(pull::of_pod(pod), Pull::Failing(_)));
    match failing.or(pods.first()) {
        Some(pod) => {
            result.about = about(pod);
            let answers = cluster::about_pod(&client, &namespace, pod).await?;
            result.answers = answers
                .iter()
                .map(|one| Answered::of(one, &namespace, t))
                .collect();
        }
        None => {
            for image in workloads::images(&object.data) {
                let answer = cluster::about_image(&client, &namespace, &image, Far::Everywhere)
                    .await?
                    .explanation;
                result.answers.push(Answered::of(&answer, &namespace, t));
            }
        }
    }
    Ok(())
}

fn about(pod: &Pod) -> String {
    let mut line = format!("Pod {}/{}", pod.namespace().unwrap_or_default(), pod.name_any());
    let owners = pod.owner_references();
    if let Some(owner) = owners.iter().find(|owner| owner.controller == Some(true)) {
        line.push_str(&format!(" · {} {}", owner.kind, owner.name));
    }
    if let Some(spec) = &pod.spec {
        let account = spec.service_account_name.as_deref().unwrap_or("default");
        line.push_str(&format!(" · ServiceAccount {account}"));
        if let Some(node) = &spec.node_name {
            line.push_str(&format!(" · Node {node}"));
        }
    }
    line
}

/// The live answer, as a part of the deploy form.
pub(crate) async fn ask(call: Call) -> Answer {
    let (namespace, image) = (call.query.get("namespace"), call.query.get("image"));
    page(&Part {
        t: call.t(),
        answer: answer(&call, namespace, image).await?,
    })
}

/// The answer for an image that a new pod would use, with the registry's word if a credential answers.
pub(super) async fn answer(call: &Call, namespace: &str, image: &str) -> Result<Option<Answered>, Failure> {
    if image.is_empty() || namespace.is_empty() {
        return Ok(None);
    }
    let t = call.t();
    let about = match cluster::about_image(&call.client()?, namespace, image, Far::Near).await {
        // Nothing can be said of a namespace that cannot exist; running it says why.
        Err(Failure::NoObject) => return Ok(None),
        found => found?,
    };
    let explanation = &about.explanation;
    let mut answered = Answered::of(explanation, namespace, t);
    if explanation.verdict == Verdict::Pullable
        && let Some(reason) = asked(call, &about).await
    {
        let tone = match reason.standing() {
            Standing::True => Tone::Good,
            Standing::False => Tone::Bad,
            Standing::Unknown => Tone::Warn,
        };
        let name = explanation
            .credentials
            .first()
            .map_or("", |one| one.name.as_str());
        answered.badge = Badge::new(tone, t.ask_word(tone), reason.as_str());
        answered.sentence = t.asked_registry(name, reason.as_str());
    }
    Ok(Some(answered))
}

/// What the registry says of the credential that answers: only what the kubelet would try first is shown to it, only for this
/// image, and only to the host that it is for; with the authority and the token service of the credential, as verification does.
async fn asked(call: &Call, about: &About<'_>) -> Option<Reason> {
    let first = about.first_login()?;
    let image = Reference::parse(&about.explanation.image).ok()?;
    let registries = match first.authority {
        None => call.web.registries.clone()?,
        Some(_) => {
            let client = call.client().ok()?;
            let network = authority::network(&client, &call.web.network, first.authority).await?;
            keyside_oci::Client::new(&network).ok()?
        }
    };
    let confirmed = first.token_service.and_then(|text| Origin::parse(text).ok());
    let question = Question::pull(&registries, &image, Some(first.login)).ok()?;
    let question = question.confirming(confirmed.into_iter().collect());
    let _turn = call.web.turns.acquire().await.ok()?;
    Some(verify(&registries, &question).await.reason)
}
