//! Every row of the table measured on the real image manager, with a scripted registry; then what the table does not hold.

use super::*;
use crate::node::pull::{Fetched, Images, Runtime};
use crate::node::records::Record;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use keyside_keychain::Credential;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Mutex;

#[derive(Deserialize)]
struct Table {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    verification_policy: String,
    preloaded: Option<Vec<String>>,
    registry_accepts: Option<HashMap<String, Vec<String>>>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    pod: Pod,
    events: Vec<String>,
    registry_attempts: Vec<String>,
    #[serde(default)]
    waiting_reason: String,
    #[serde(default)]
    waiting_message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pod {
    pod: String,
    image: String,
    image_pull_policy: String,
    #[serde(default)]
    secrets: Vec<String>,
}

/// A registry that accepts what a case says and otherwise refuses in the words that the case's registry used. All tags of a
/// repository are one image.
#[derive(Default)]
struct Scripted {
    accepts: HashMap<String, Vec<String>>,
    state: Mutex<Script>,
}

#[derive(Default)]
struct Script {
    present: HashMap<String, String>,
    attempts: Vec<String>,
    refusals: VecDeque<String>,
}

fn lookup(image: &str) -> String {
    Reference::parse(image).unwrap().lookup().to_owned()
}

fn who(credential: Option<&Credential>) -> String {
    credential.map_or("anonymous".to_owned(), |credential| {
        format!(
            "{}:{}",
            credential.username.expose_text(),
            credential.password.expose_text()
        )
    })
}

impl Runtime for Scripted {
    async fn find(&self, image: &str) -> Result<Option<String>, String> {
        let name = Reference::parse(image).unwrap().containerd_name();
        Ok(self.state.lock().unwrap().present.get(&name).cloned())
    }

    async fn pull(&self, image: &str, credential: Option<&Credential>) -> Result<Fetched, String> {
        let who = who(credential);
        let mut state = self.state.lock().unwrap();
        state.attempts.push(format!("pull {image} as {who}"));
        let refusal = state.refusals.pop_front();
        if !self
            .accepts
            .get(&lookup(image))
            .is_some_and(|accepted| accepted.contains(&who))
        {
            return Err(refusal.unwrap_or_else(|| format!("denied for {who}")));
        }
        let name = Reference::parse(image).unwrap().containerd_name();
        let id = format!("id of {}", lookup(image));
        state.present.insert(name, id.clone());
        Ok(Fetched { id, size: 1_234_567 })
    }

    fn repository_digest(&self, _image: &str, id: &str) -> String {
        id.to_owned()
    }

    async fn save(&self, _id: String, _record: Record) {}
}

impl Scripted {
    fn of(case: &Case) -> Self {
        let accepts = case
            .registry_accepts
            .iter()
            .flatten()
            .map(|(name, who)| (lookup(name), who.clone()))
            .collect();
        let scripted = Self {
            accepts,
            ..Self::default()
        };
        for image in case.preloaded.iter().flatten() {
            let name = Reference::parse(image).unwrap().containerd_name();
            let id = format!("id of {}", lookup(image));
            scripted.state.lock().unwrap().present.insert(name, id);
        }
        scripted
    }

    /// The registry's own words are in the event of the failed pull: one text per attempt.
    fn expect(&self, step: &Step) {
        let prefix = format!("Warning Failed Failed to pull image {:?}: ", step.pod.image);
        let text = step
            .events
            .iter()
            .find_map(|event| event.strip_prefix(&prefix))
            .unwrap_or_default();
        let many = step.registry_attempts.len();
        let texts: Vec<String> = match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inside) => inside.split(", ").map(str::to_owned).collect(),
            None if text.is_empty() => Vec::new(),
            None => vec![text.to_owned(); many],
        };
        let mut state = self.state.lock().unwrap();
        state.refusals = texts.into();
        state.attempts.clear();
    }
}

/// `NAMESPACE/NAME uid=UID DOCUMENT`.
fn secret(text: &str) -> Secret {
    let (place, rest) = text.split_once(" uid=").unwrap();
    let (namespace, name) = place.split_once('/').unwrap();
    let (uid, document) = rest.split_once(' ').unwrap();
    let mut secret = Secret {
        type_: Some("kubernetes.io/dockerconfigjson".into()),
        ..Secret::default()
    };
    secret.metadata.namespace = Some(namespace.into());
    secret.metadata.name = Some(name.into());
    secret.metadata.uid = Some(uid.into());
    secret.data = Some(BTreeMap::from([(
        ".dockerconfigjson".into(),
        ByteString(document.into()),
    )]));
    secret
}

fn policy(name: &str) -> VerificationPolicy {
    match name {
        "NeverVerifyPreloadedImages" => VerificationPolicy::NeverVerifyPreloadedImages,
        "NeverVerify" => VerificationPolicy::NeverVerify,
        "AlwaysVerify" => VerificationPolicy::AlwaysVerify,
        other => panic!("unknown policy {other}"),
    }
}

fn show(notice: &Notice) -> String {
    let kind = if notice.is_warning { "Warning" } else { "Normal" };
    format!("{kind} {} {}", notice.reason, without_durations(&notice.message))
}

fn without_durations(message: &str) -> String {
    let Some((head, rest)) = message
        .split_once(" in ")
        .filter(|(head, _)| head.starts_with("Successfully pulled"))
    else {
        return message.to_owned();
    };
    let (_, tail) = rest.split_once(" including waiting").unwrap();
    format!("{head} in <d> (<d> including waiting{tail}")
}

/// What the node does for one container, as in a sync: the image, and `Error: …` if it cannot be had.
async fn start(
    images: &Images<Scripted>,
    pod: &Pod,
    secrets: &[Secret],
) -> (Vec<String>, Result<String, Failure>) {
    let keyring = PodKeyring::read(secrets);
    let policy = Policy::of(Some(&pod.image_pull_policy));
    let want = Want {
        pod_uid: &pod.pod,
        image: &pod.image,
        policy,
        keyring: &keyring,
    };
    let events = Mutex::new(Vec::new());
    let answer = images
        .ensure(&want, &|notice| events.lock().unwrap().push(show(&notice)))
        .await;
    let mut events = events.into_inner().unwrap();
    if let Err(failure) = &answer {
        events.push(show(&crate::node::sync::cannot_start(failure)));
    }
    (events, answer)
}

#[tokio::test]
async fn every_measured_row_of_the_kubelet_agrees() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/cases/kubelet.json");
    let table: Table = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(!table.cases.is_empty());
    for case in &table.cases {
        let manager = ImageManager::new(policy(&case.verification_policy), Records::default());
        let images = Images::new(Scripted::of(case), manager);
        for (number, step) in case.steps.iter().enumerate() {
            images.runtime().expect(step);
            let secrets: Vec<Secret> = step.pod.secrets.iter().map(|text| secret(text)).collect();
            let (events, answer) = start(&images, &step.pod, &secrets).await;
            let place = format!("{} step {number}", case.name);
            assert_eq!(events, step.events, "{place}");
            assert_eq!(
                images.runtime().state.lock().unwrap().attempts,
                step.registry_attempts,
                "{place}"
            );
            let failure = answer.err().unwrap_or(Failure::new("", ""));
            assert_eq!(
                (failure.reason, failure.message),
                (step.waiting_reason.clone(), step.waiting_message.clone()),
                "{place}"
            );
        }
    }
}

fn pod(name: &str, image: &str) -> Pod {
    Pod {
        pod: name.into(),
        image: image.into(),
        image_pull_policy: "Always".into(),
        secrets: Vec::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn back_off_ends_and_the_next_failure_waits_longer() {
    let images = Images::new(
        Scripted::default(),
        ImageManager::new(VerificationPolicy::default(), Records::default()),
    );
    let mut said = Vec::new();
    for seconds in [0, 9, 1, 19, 1] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        let (_, answer) = start(&images, &pod("a", "reg.corp/x:1"), &[]).await;
        said.push(answer.unwrap_err().reason);
    }
    assert_eq!(
        said,
        [
            "ErrImagePull",
            "ImagePullBackOff",
            "ErrImagePull",
            "ImagePullBackOff",
            "ErrImagePull"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_eleventh_pull_at_once_exceeds_the_limit_of_the_node() {
    let images = Images::new(
        Scripted::default(),
        ImageManager::new(VerificationPolicy::default(), Records::default()),
    );
    let mut messages = Vec::new();
    for number in 0..11 {
        let (_, answer) = start(&images, &pod(&format!("pod{number}"), "reg.corp/x:1"), &[]).await;
        messages.push(answer.unwrap_err().message);
    }
    assert_eq!(messages[9], "denied for anonymous");
    assert_eq!(messages[10], "pull QPS exceeded");
    assert_eq!(
        images.runtime().state.lock().unwrap().attempts.len(),
        10,
        "the registry was not asked an eleventh time"
    );
}

#[test]
fn equal_errors_are_told_once_and_without_brackets() {
    for (errors, expected) in [
        (vec!["a"], "a"),
        (vec!["a", "a"], "a"),
        (vec!["a", "b", "a"], "[a, b]"),
    ] {
        let errors: Vec<String> = errors.into_iter().map(str::to_owned).collect();
        assert_eq!(aggregate(&errors), expected);
    }
}

#[test]
fn durations_are_printed_as_go_does() {
    for (millis, expected) in [
        (0, "0s"),
        (56, "56ms"),
        (1500, "1.5s"),
        (2000, "2s"),
        (60_500, "1m0.5s"),
        (3_600_001, "1h0m0.001s"),
    ] {
        assert_eq!(go_duration(Duration::from_millis(millis)), expected);
    }
}

#[test]
fn texts_are_quoted_as_go_does() {
    for (text, expected) in [
        ("nginx:1", r#""nginx:1""#),
        ("a\"b\\c", r#""a\"b\\c""#),
        ("a\tb\u{7f}\0", r#""a\tb\x7f\x00""#),
        ("größe\u{200b}'", r#""größe\u200b'""#),
    ] {
        assert_eq!(go_quote(text), expected);
    }
}

/// A registry that takes its time and counts.
#[derive(Default)]
struct Slow {
    present: Mutex<bool>,
    pulls: std::sync::atomic::AtomicUsize,
}

impl Runtime for Slow {
    async fn find(&self, _image: &str) -> Result<Option<String>, String> {
        Ok(self.present.lock().unwrap().then(|| "id".to_owned()))
    }

    async fn pull(&self, _image: &str, _credential: Option<&Credential>) -> Result<Fetched, String> {
        self.pulls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(300)).await;
        *self.present.lock().unwrap() = true;
        Ok(Fetched {
            id: "id".into(),
            size: 1,
        })
    }

    fn repository_digest(&self, _image: &str, id: &str) -> String {
        id.to_owned()
    }

    async fn save(&self, _id: String, _record: Record) {}
}

#[tokio::test(start_paused = true)]
async fn many_pods_of_one_image_at_once_stay_below_the_limit() {
    let manager = ImageManager::new(VerificationPolicy::default(), Records::default());
    let images = Images::new(Slow::default(), manager);
    let keyring = PodKeyring::read([]);
    let names: Vec<String> = (0..500).map(|number| format!("pod{number}")).collect();
    let pull = |name| {
        let want = Want {
            pod_uid: name,
            image: "reg.corp/x:1",
            policy: Policy::IfNotPresent,
            keyring: &keyring,
        };
        let images = &images;
        async move { images.ensure(&want, &|_| ()).await }
    };
    let answers = futures::future::join_all(names.iter().map(|name| pull(name.as_str()))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(
        images.runtime().pulls.load(std::sync::atomic::Ordering::SeqCst),
        5,
        "those that came before it was there"
    );
}
