//! What the scenarios stand on.

use super::super::*;
use crate::node::Fetched;
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Event, Namespace, Pod};
use keyside_apiserver::{ApiServer, UserInfo};
use keyside_keychain::Credential;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher::{Config as WatchConfig, Event as Change, watcher};
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tower::ServiceExt as _;

/// Longer than anything takes on a busy machine, shorter than patience.
const PATIENCE: Duration = Duration::from_secs(20);

/// An API server, the sandbox, and a count of the sandbox's writes.
pub(super) struct World {
    client: Client,
    counted: Arc<Counted>,
    sandbox: Sandbox,
    stop: CancellationToken,
    server: ApiServer,
}

#[derive(Default)]
struct Counted {
    writes: AtomicUsize,
    last: Mutex<Vec<String>>,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::start_parts(Parts::ALL).await
    }

    pub(super) async fn start_parts(parts: Parts) -> Self {
        let server = ApiServer::builder().build().await.unwrap();
        let client = Client::new(server.in_process(UserInfo::admin("tests")), "default");
        let counted = Arc::new(Counted::default());
        let counter = Arc::clone(&counted);
        let service = server.in_process(UserInfo::admin("sandbox")).map_request(
            move |request: http::Request<kube::client::Body>| {
                if request.method() != http::Method::GET {
                    counter.writes.fetch_add(1, Ordering::SeqCst);
                    counter.last.lock().unwrap().push(format!(
                        "{} {}",
                        request.method(),
                        request.uri().path()
                    ));
                }
                request
            },
        );
        let mut config = Config::new(Client::new(service, "default"), "node");
        config.root_certificate = Some("certificate".into());
        config.parts = parts;
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path()).unwrap());
        let stop = CancellationToken::new();
        let sandbox = Sandbox::start_with(config, stop.clone(), store, Scripted)
            .await
            .unwrap();
        Self {
            client,
            counted,
            sandbox: Sandbox {
                _scratch: Some(dir),
                ..sandbox
            },
            stop,
            server,
        }
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(super) fn writes(&self) -> usize {
        self.counted.writes.load(Ordering::SeqCst)
    }

    pub(super) fn last_writes(&self) -> Vec<String> {
        let all = self.counted.last.lock().unwrap();
        all.iter().rev().take(10).cloned().collect()
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.sandbox.stopped())
            .await
            .expect("everything ends");
        self.server.stop().await;
    }
}

/// A registry: `public/…` is for everybody, `private/…` for `user:right`.
struct Scripted;

impl Runtime for Scripted {
    async fn find(&self, _image: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    async fn pull(&self, image: &str, credential: Option<&Credential>) -> Result<Fetched, String> {
        let right = Credential::new("user", "right");
        if image.contains("/private/") && credential != Some(&right) {
            return Err(format!("failed to pull and unpack image {image:?}: denied"));
        }
        Ok(Fetched {
            id: format!("id of {image}"),
            size: 10,
        })
    }

    fn repository_digest(&self, image: &str, _id: &str) -> String {
        format!("{image}@sha256:0")
    }

    async fn save(&self, _id: String, _record: crate::node::Record) {}
}

/// A typed object from JSON.
pub(super) fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

pub(super) async fn create<K>(api: &Api<K>, value: Value) -> K
where
    K: Resource + Clone + DeserializeOwned + Serialize + Debug,
{
    api.create(&PostParams::default(), &object(value)).await.unwrap()
}

pub(super) async fn change<K>(api: &Api<K>, name: &str, patch: Value) -> K
where
    K: Clone + DeserializeOwned + Debug,
{
    api.patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap()
}

pub(super) async fn delete<K>(api: &Api<K>, name: &str, params: &DeleteParams)
where
    K: Clone + DeserializeOwned + Debug,
{
    api.delete(name, params).await.unwrap();
}

/// As [`change`], for the built-in kinds whose lists are merged by name.
pub(super) async fn merge<K>(api: &Api<K>, name: &str, patch: Value) -> K
where
    K: Clone + DeserializeOwned + Debug,
{
    api.patch(name, &PatchParams::default(), &Patch::Strategic(patch))
        .await
        .unwrap()
}

/// A new namespace, usable at once: its service account is there.
pub(super) async fn namespace(client: &Client, name: &str) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    create(&namespaces, json!({ "metadata": { "name": name } })).await;
    let accounts: Api<k8s_openapi::api::core::v1::ServiceAccount> = Api::namespaced(client.clone(), name);
    until(&accounts, "a service account", |all| !all.is_empty()).await;
}

/// Waits, by a watch, until the objects satisfy a condition; the answer is what they are then.
pub(super) async fn until<K>(api: &Api<K>, what: &str, holds: impl Fn(&[K]) -> bool) -> Vec<K>
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut seen: Vec<K> = Vec::new();
    let mut changes = watcher(api.clone(), WatchConfig::default()).boxed();
    let mut is_listed = false;
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            let same = |one: &K, other: &K| one.meta().uid == other.meta().uid;
            match changes.next().await.unwrap().unwrap() {
                Change::Init => seen.clear(),
                Change::InitDone => is_listed = true,
                Change::Delete(gone) => seen.retain(|one| !same(one, &gone)),
                Change::InitApply(new) | Change::Apply(new) => {
                    seen.retain(|one| !same(one, &new));
                    seen.push(new);
                }
            }
            if is_listed && holds(&seen) {
                return;
            }
        }
    });
    if found.await.is_err() {
        panic!("{what}: not within {PATIENCE:?}: {seen:#?}");
    }
    seen
}

/// Waits until an object satisfies a condition.
pub(super) async fn until_one<K>(api: &Api<K>, name: &str, what: &str, holds: impl Fn(&K) -> bool) -> K
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let named = |one: &&K| one.meta().name.as_deref() == Some(name);
    let all = until(api, what, |all| all.iter().find(named).is_some_and(&holds)).await;
    all.iter().find(named).cloned().unwrap()
}

/// Waits until an object is gone.
pub(super) async fn until_gone<K>(api: &Api<K>, name: &str)
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    until(api, "gone", |all| {
        all.iter().all(|one| one.meta().name.as_deref() != Some(name))
    })
    .await;
}

pub(super) async fn names<K>(api: &Api<K>) -> Vec<String>
where
    K: Clone + DeserializeOwned + Debug + Resource,
{
    api.list(&ListParams::default())
        .await
        .unwrap()
        .items
        .iter()
        .map(|one| one.name_any())
        .collect()
}

pub(super) fn phase(pod: &Pod) -> &str {
    crate::pod::phase(pod)
}

/// The events about an object in the order of their names' times: `Type Reason field: message`.
pub(super) async fn events(client: &Client, namespace: &str, about: &str, count: usize) -> Vec<String> {
    let events: Api<Event> = Api::namespaced(client.clone(), namespace);
    let ours = |event: &&Event| event.involved_object.name.as_deref() == Some(about);
    let mut all = until(&events, "events", |all| all.iter().filter(ours).count() >= count).await;
    all.retain(|event| ours(&event));
    all.sort_by_key(|event| event.name_any());
    let show = |event: &Event| {
        let field = event
            .involved_object
            .field_path
            .as_deref()
            .map(|field| format!(" {field}"))
            .unwrap_or_default();
        let message = event.message.as_deref().unwrap();
        let message = message
            .split_once(" in ")
            .filter(|(head, _)| head.starts_with("Successfully pulled"))
            .map_or(message, |(head, _)| head);
        format!(
            "{} {}{field}: {message}",
            event.type_.as_deref().unwrap(),
            event.reason.as_deref().unwrap()
        )
    };
    all.iter().map(show).collect()
}

/// A Secret of docker's form for every registry of the scripted kind.
pub(super) async fn pull_secret(client: &Client, namespace: &str, name: &str, password: &str) {
    let config = json!({ "auths": { "reg.test": { "username": "user", "password": password } } });
    let secrets: Api<k8s_openapi::api::core::v1::Secret> = Api::namespaced(client.clone(), namespace);
    let data = json!({ ".dockerconfigjson": config.to_string() });
    create(
        &secrets,
        json!({ "metadata": { "name": name }, "type": "kubernetes.io/dockerconfigjson", "stringData": data }),
    )
    .await;
}
