//! A cluster with keyside running over it.

use crate::deployed;
use crate::world::{Upstream, World, is_deployed};
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::{Event, Namespace, Pod, Secret, ServiceAccount};
use keyside_api::{ClusterRegistryCredential, Project, RegistryCredential, SYSTEM_NAMESPACE};
use keyside_apiserver::Body;
use keyside_server::{Config, Running, rbac};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tower::Service;

/// How long nothing must be called until the system counts as quiet: longer than any burst is gathered.
const QUIET: Duration = Duration::from_millis(500);

/// The same for a keyside that is deployed, which writes a status once a second.
const QUIET_DEPLOYED: Duration = Duration::from_millis(1300);

/// One call of keyside to the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) is_watch: bool,
}

impl Call {
    fn is_event(&self) -> bool {
        self.path.ends_with("/events")
    }

    pub(crate) fn is_status(&self) -> bool {
        self.path.ends_with("/status")
    }

    pub(crate) fn is_copy(&self) -> bool {
        self.path.contains("/secrets") && !self.path.contains(&format!("/namespaces/{SYSTEM_NAMESPACE}/"))
    }
}

/// How many calls of each sort. Watches cost nothing and are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Costs {
    pub(crate) reads: usize,
    pub(crate) copies: usize,
    pub(crate) removals: usize,
    pub(crate) statuses: usize,
    pub(crate) events: usize,
    /// What keyside notes for itself in its own namespace, and home namespaces.
    pub(crate) others: usize,
}

/// Something wrong that is done to a call on its way.
pub(crate) type Fault = Arc<dyn Fn(&Call) -> Option<Response<Body>> + Send + Sync>;

/// Writes down every call, and spoils those that a test wants spoilt.
#[derive(Clone)]
pub(crate) struct Wire {
    inner: Upstream,
    calls: Arc<Mutex<Vec<Call>>>,
    before: Arc<Mutex<Option<Fault>>>,
    after: Arc<Mutex<Option<Fault>>>,
    /// Secrets of another shape than the one that keyside may write.
    misshapen: Arc<Mutex<Vec<Value>>>,
    /// What keyside asked for and may not do.
    denied: Arc<Mutex<Vec<String>>>,
    gate: Arc<Gate>,
    /// How long the answer to a status takes besides.
    late: Arc<Mutex<Duration>>,
}

/// Holds back everything that a replica sends, as if it stood still.
#[derive(Default)]
struct Gate {
    shut: AtomicBool,
    opened: Notify,
    held_back: AtomicUsize,
}

impl Gate {
    async fn pass(&self) {
        let opened = self.opened.notified();
        if !self.shut.load(Ordering::SeqCst) {
            return;
        }
        self.held_back.fetch_add(1, Ordering::SeqCst);
        opened.await;
        self.held_back.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Wire {
    fn new(inner: Upstream) -> Self {
        Self {
            inner,
            calls: Arc::default(),
            before: Arc::default(),
            after: Arc::default(),
            misshapen: Arc::default(),
            denied: Arc::default(),
            gate: Arc::default(),
            late: Arc::default(),
        }
    }

    /// From now on answers to statuses are late by this much.
    pub(crate) fn delay_statuses(&self, by: Duration) {
        *self.late.lock().unwrap() = by;
    }

    /// Every call, without watches.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| !call.is_watch).cloned().collect()
    }

    /// Begins to count anew.
    pub(crate) fn forget(&self) {
        self.calls.lock().unwrap().clear();
    }

    /// From now on nothing gets through, and nothing is lost.
    pub(crate) fn freeze(&self) {
        self.gate.shut.store(true, Ordering::SeqCst);
    }

    /// What was held back goes on, as it was sent.
    pub(crate) fn thaw(&self) {
        self.gate.shut.store(false, Ordering::SeqCst);
        self.gate.opened.notify_waiters();
    }

    /// How many calls are held back.
    pub(crate) fn held_back(&self) -> usize {
        self.gate.held_back.load(Ordering::SeqCst)
    }

    /// Copies are refused from now on.
    pub(crate) fn refuse_copies(&self) {
        let refuse = |call: &Call| {
            let is_write = call.is_copy() && call.method != Method::GET;
            is_write.then(|| failure(403, "Forbidden", 0))
        };
        *self.before.lock().unwrap() = Some(Arc::new(refuse));
    }

    /// R45: whatever happens, keyside writes one shape of Secret into namespaces that are not its own. Looked at in every
    /// test, at every write.
    async fn look_at(
        &self,
        call: &Call,
        request: Request<kube::client::Body>,
    ) -> Request<kube::client::Body> {
        let (parts, body) = request.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        if call.is_copy() && matches!(call.method, Method::POST | Method::PATCH | Method::PUT) {
            let object: Value = serde_json::from_slice(&bytes).unwrap();
            if !has_the_one_shape(&object) {
                self.misshapen.lock().unwrap().push(object);
            }
        }
        Request::from_parts(parts, kube::client::Body::from(bytes.to_vec()))
    }

    /// S07: keyside never asks for what its rights do not cover. Looked at in every test, at every answer.
    async fn look_at_answer(&self, response: Response<Body>) -> Response<Body> {
        if response.status() != 403 {
            return response;
        }
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let status: Value = serde_json::from_slice(&bytes).unwrap();
        let message = status["message"].as_str().unwrap_or_default();
        if message.contains("User \"") {
            self.denied.lock().unwrap().push(message.to_owned());
        }
        Response::from_parts(parts, Body::from(bytes))
    }
}

fn has_the_one_shape(secret: &Value) -> bool {
    let keys = |value: &Value| -> Vec<String> {
        value
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys().cloned())
            .collect()
    };
    let within =
        |value: &Value, allowed: &[&str]| keys(value).iter().all(|key| allowed.contains(&key.as_str()));
    let meta = &secret["metadata"];
    within(secret, &["apiVersion", "kind", "metadata", "type", "data"])
        && within(
            meta,
            &[
                "namespace",
                "name",
                "labels",
                "annotations",
                "uid",
                "resourceVersion",
            ],
        )
        && keys(&meta["labels"]) == ["app.kubernetes.io/managed-by", "keyside.dev/credential"]
        && within(
            &meta["annotations"],
            &["keyside.dev/source", "keyside.dev/images"],
        )
        && secret["type"] == "kubernetes.io/dockerconfigjson"
        && keys(&secret["data"]) == [".dockerconfigjson"]
}

impl Service<Request<kube::client::Body>> for Wire {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        let call = Call {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            is_watch: request.uri().query().unwrap_or_default().contains("watch=true"),
        };
        self.calls.lock().unwrap().push(call.clone());
        let before = self.before.lock().unwrap().clone();
        let after = self.after.lock().unwrap().clone();
        let mut inner = self.inner.clone();
        let wire = self.clone();
        Box::pin(async move {
            let request = wire.look_at(&call, request).await;
            wire.gate.pass().await;
            if let Some(response) = before.and_then(|fault| fault(&call)) {
                return Ok(response);
            }
            let response = wire.look_at_answer(inner.call(request).await).await;
            if call.is_status() {
                let late = *wire.late.lock().unwrap();
                tokio::time::sleep(late).await;
            }
            Ok(after.and_then(|fault| fault(&call)).unwrap_or(response))
        })
    }
}

/// The cluster, and keyside in it.
pub(crate) struct Bed {
    world: World,
    /// What users call with; not counted.
    pub(crate) client: Client,
    wire: Wire,
    running: Option<Running>,
    /// Where in the audit log the calls of a deployed keyside begin that count.
    counted: AtomicU64,
}

/// A `Status` answer of the API server.
pub(crate) fn failure(code: u16, reason: &str, retry_after: u32) -> Response<Body> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": "a test said so",
        "details": {"retryAfterSeconds": retry_after},
    });
    Response::builder()
        .status(code)
        .header("content-type", "application/json")
        .body(Body::from(status.to_string()))
        .unwrap()
}

impl Bed {
    /// A fresh cluster with keyside ready in it.
    pub(crate) async fn start() -> Self {
        let mut bed = Self::empty().await;
        bed.run(|_| {}).await;
        if is_deployed() {
            bed.quiet().await;
        }
        bed
    }

    /// A fresh cluster with the kinds installed and keyside not running.
    pub(crate) async fn empty() -> Self {
        // A second installation in one process is no error.
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let world = World::start().await;
        let client = world.client();
        let wire = Wire::new(world.upstream());
        if !is_deployed() {
            keyside_server::install(&client).await.unwrap();
            rbac::install_rbac(&client, &rbac::Options::default())
                .await
                .unwrap();
        }
        Self {
            world,
            client,
            wire,
            running: None,
            counted: AtomicU64::new(0),
        }
    }

    /// A wire of its own for another replica.
    pub(crate) fn wire(&self) -> Wire {
        let Wire {
            misshapen, denied, ..
        } = self.wire.clone();
        Wire {
            misshapen,
            denied,
            ..Wire::new(self.world.upstream())
        }
    }

    /// The API server asks this replica about pods and credentials.
    pub(crate) async fn serve_webhook_of(&self, running: &Running) {
        self.world.register(running.webhook()).await;
    }

    /// Ends keyside and its registration for pods, and runs it anew with a policy instead; returns when it is ready.
    pub(crate) async fn use_policy(&mut self) {
        self.stop().await;
        let registrations: Api<MutatingWebhookConfiguration> = Api::all(self.client.clone());
        self.delete(registrations, keyside_server::WEBHOOK_CONFIGURATION)
            .await;
        let options = rbac::Options {
            webhook: false,
            policy: true,
            ..rbac::Options::default()
        };
        rbac::install_rbac(&self.client, &options).await.unwrap();
        let needy = json!({"metadata": {"name": "unserved"}, "spec": {"containers": [{"name": "c", "image": "quay.io/x/y"}]}});
        self.eventually("the webhook not to be asked any more", async || {
            let pod = self.pod_like("web", needy.clone()).await.unwrap();
            let pods: Api<Pod> = Api::namespaced(self.client.clone(), "web");
            let at_once = DeleteParams::default().grace_period(0);
            pods.delete("unserved", &at_once).await.unwrap();
            pull_secrets(&pod).is_empty().then_some(())
        })
        .await;
        let _not_registered = self
            .start_keyside(|config| (config.policy, config.webhook) = (true, false))
            .await;
        self.until_ready().await;
    }

    /// Runs keyside, and waits until it is ready. What is deployed runs as it was installed: a test with other settings needs a
    /// keyside of its own.
    pub(crate) async fn run(&mut self, configure: impl FnOnce(&mut Config)) {
        if is_deployed() {
            return deployed::run(self).await;
        }
        let webhook = self.start_keyside(configure).await;
        self.world.register(webhook).await;
        self.until_ready().await;
    }

    async fn until_ready(&self) {
        let running = self.running.as_ref().expect("keyside runs");
        tokio::time::timeout(self.world.patience(), running.ready())
            .await
            .expect("keyside gets ready");
    }

    /// Starts keyside; what comes back answers reviews.
    async fn start_keyside(&mut self, configure: impl FnOnce(&mut Config)) -> axum::Router {
        let mut config = Config::new(Client::new(self.wire.clone(), "default"));
        config.grace = jiff::SignedDuration::from_millis(200);
        config.status_every = Duration::from_millis(200);
        // No test asks a registry that is not its own.
        config.verification = None;
        configure(&mut config);
        let running = keyside_server::run(config, CancellationToken::new())
            .await
            .unwrap();
        let webhook = running.webhook();
        self.running = Some(running);
        webhook
    }

    /// How many things are done at once where as many as possible are meant.
    pub(crate) fn crowd(&self) -> usize {
        self.world.crowd()
    }

    /// How many namespaces with a pod each are many here.
    pub(crate) fn many(&self) -> usize {
        self.world.many()
    }

    /// Stops keyside; the cluster stays.
    pub(crate) async fn stop(&mut self) {
        if is_deployed() {
            return deployed::stop(self).await;
        }
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// From now on, calls are answered by this where it has an answer, before they reach the API server.
    pub(crate) fn spoil(&self, fault: impl Fn(&Call) -> Option<Response<Body>> + Send + Sync + 'static) {
        *self.wire.before.lock().unwrap() = Some(Arc::new(fault));
    }

    /// From now on, answers are replaced by this, after the API server has done what it was told.
    pub(crate) fn spoil_answers(
        &self,
        fault: impl Fn(&Call) -> Option<Response<Body>> + Send + Sync + 'static,
    ) {
        *self.wire.after.lock().unwrap() = Some(Arc::new(fault));
    }

    /// From now on answers to statuses are late by this much.
    pub(crate) fn delay_statuses(&self, by: Duration) {
        self.wire.delay_statuses(by);
    }

    /// Calls go through untouched again.
    pub(crate) fn heal(&self) {
        *self.wire.before.lock().unwrap() = None;
        *self.wire.after.lock().unwrap() = None;
    }

    /// Begins to count anew.
    pub(crate) fn count(&self) {
        self.wire.forget();
        if is_deployed() {
            self.counted.store(deployed::end(), Ordering::SeqCst);
        }
    }

    /// Every call since [`Bed::count`], without watches.
    pub(crate) fn calls(&self) -> Vec<Call> {
        if !is_deployed() {
            return self.wire.calls();
        }
        let counted = self.counted.load(Ordering::SeqCst);
        let calls = deployed::calls(counted).into_iter();
        calls.filter(|call| !call.is_watch).collect()
    }

    /// What was called since [`Bed::count`], once nothing more is called.
    pub(crate) async fn costs(&self) -> Costs {
        self.quiet().await;
        let mut costs = Costs::default();
        for call in self.calls() {
            let counter = match call.method {
                Method::GET => &mut costs.reads,
                _ if call.is_event() => &mut costs.events,
                _ if call.is_status() => &mut costs.statuses,
                Method::DELETE if call.is_copy() => &mut costs.removals,
                _ if call.is_copy() => &mut costs.copies,
                _ => &mut costs.others,
            };
            *counter += 1;
        }
        costs
    }

    /// Waits until keyside has called nothing for a while.
    pub(crate) async fn quiet(&self) {
        self.quiet_on(&self.wire).await;
    }

    /// Waits until a replica has called nothing for a while.
    pub(crate) async fn quiet_on(&self, wire: &Wire) {
        let since = if is_deployed() { deployed::end() } else { 0 };
        let calls = || {
            if is_deployed() {
                let calls = deployed::calls(since);
                calls.iter().filter(|call| !call.is_watch).count()
            } else {
                wire.calls().len()
            }
        };
        let enough = if is_deployed() { QUIET_DEPLOYED } else { QUIET };
        let start = Instant::now();
        let mut last = (calls(), Instant::now());
        while last.1.elapsed() < enough {
            assert!(
                start.elapsed() < self.world.patience(),
                "keyside does not come to rest: {:?}",
                wire.calls()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
            let count = calls();
            if count != last.0 {
                last = (count, Instant::now());
            }
        }
    }

    /// A namespace with its default `ServiceAccount`, as every cluster has it.
    pub(crate) async fn namespace(&self, name: &str) {
        self.namespace_like(json!({"metadata": {"name": name}})).await;
    }

    pub(crate) async fn namespace_like(&self, namespace: Value) {
        let created = self
            .create::<Namespace>(Api::all(self.client.clone()), namespace)
            .await;
        let accounts = Api::<ServiceAccount>::namespaced(self.client.clone(), &created.name_any());
        let account = json!({"metadata": {"name": "default"}});
        match self.try_create(accounts, account).await {
            Ok(_) => {}
            // A controller manager was faster.
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// Deletes a namespace with everything in it, and waits until it is gone.
    pub(crate) async fn remove_namespace(&self, name: &str) {
        let api: Api<Namespace> = Api::all(self.client.clone());
        self.delete(api.clone(), name).await;
        if matches!(self.world, World::Embedded(_)) {
            self.finish_namespace(name).await;
        }
        self.eventually("the namespace to go", async || {
            api.get_opt(name).await.unwrap().is_none().then_some(())
        })
        .await;
    }

    /// What the namespace controller does, where there is none.
    async fn finish_namespace(&self, name: &str) {
        // What is in it goes while it is being deleted, when nothing new can come.
        for secret in self.secret_names(name).await {
            self.delete(self.secrets(name), &secret).await;
        }
        let accounts = Api::<ServiceAccount>::namespaced(self.client.clone(), name);
        self.delete(accounts, "default").await;
        let empty = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {"finalizers": []}});
        let request = Request::put(format!("/api/v1/namespaces/{name}/finalize"))
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&empty).unwrap())
            .unwrap();
        self.client.request::<Value>(request).await.unwrap();
    }

    /// As with keyside down or its webhook away: from now on, nothing is refused.
    pub(crate) async fn remove_validation(&self) {
        let configurations = Api::<ValidatingWebhookConfiguration>::all(self.client.clone());
        self.delete(configurations, keyside_server::WEBHOOK_CONFIGURATION)
            .await;
        self.world.until_unregistered().await;
    }

    /// A namespace without anything in it.
    pub(crate) async fn namespace_alone(&self, name: &str) {
        self.create::<Namespace>(Api::all(self.client.clone()), json!({"metadata": {"name": name}}))
            .await;
    }

    async fn create<K>(&self, api: Api<K>, object: Value) -> K
    where
        K: Clone + Debug + DeserializeOwned + serde::Serialize,
    {
        self.try_create(api, object).await.unwrap()
    }

    pub(crate) async fn try_create<K>(&self, api: Api<K>, object: Value) -> kube::Result<K>
    where
        K: Clone + Debug + DeserializeOwned + serde::Serialize,
    {
        api.create(&PostParams::default(), &serde_json::from_value(object).unwrap())
            .await
    }

    /// A Project with these namespaces, which exist.
    pub(crate) async fn project(&self, name: &str, namespaces: &[&str]) {
        self.project_like(json!({"metadata": {"name": name}, "spec": {"namespaces": namespaces}}))
            .await
            .unwrap();
        let home = format!("project-{name}");
        self.eventually("the home namespace", async || {
            Api::<Namespace>::all(self.client.clone())
                .get_opt(&home)
                .await
                .unwrap()
        })
        .await;
    }

    pub(crate) async fn project_like(&self, mut project: Value) -> kube::Result<Project> {
        project["apiVersion"] = json!("keyside.dev/v1alpha1");
        project["kind"] = json!("Project");
        self.try_create(Api::all(self.client.clone()), project).await
    }

    /// A Secret and a credential of the same name made of it, as the command line stores them.
    pub(crate) async fn credential(&self, namespace: &str, name: &str, scope: &str, auths: &[(&str, &str)]) {
        self.pull_secret(namespace, name, auths).await;
        let spec = json!({"scope": scope, "source": {"secret": {"name": name}}});
        self.credential_like(namespace, name, spec).await.unwrap();
    }

    pub(crate) async fn credential_like(
        &self,
        namespace: &str,
        name: &str,
        spec: Value,
    ) -> kube::Result<RegistryCredential> {
        let object = json!({
            "apiVersion": "keyside.dev/v1alpha1", "kind": "RegistryCredential",
            "metadata": {"name": name, "namespace": namespace}, "spec": spec,
        });
        self.try_create(Api::namespaced(self.client.clone(), namespace), object)
            .await
    }

    pub(crate) async fn cluster_credential_like(
        &self,
        name: &str,
        spec: Value,
    ) -> kube::Result<ClusterRegistryCredential> {
        let object = json!({
            "apiVersion": "keyside.dev/v1alpha1", "kind": "ClusterRegistryCredential",
            "metadata": {"name": name}, "spec": spec,
        });
        self.try_create(Api::all(self.client.clone()), object).await
    }

    /// A pull secret as `kubectl create secret docker-registry` makes it.
    pub(crate) async fn pull_secret(&self, namespace: &str, name: &str, auths: &[(&str, &str)]) {
        let secret = json!({
            "metadata": {"name": name}, "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": document(auths)},
        });
        self.create::<Secret>(self.secrets(namespace), secret).await;
    }

    /// Any other Secret.
    pub(crate) async fn secret(&self, namespace: &str, secret: Value) {
        self.create::<Secret>(self.secrets(namespace), secret).await;
    }

    /// New content for a pull secret.
    pub(crate) async fn set_content(&self, namespace: &str, name: &str, auths: &[(&str, &str)]) {
        let patch = json!({"stringData": {".dockerconfigjson": document(auths)}});
        self.secrets(namespace)
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }

    pub(crate) fn secrets(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// The document of a pull secret, if it stands.
    pub(crate) async fn content(&self, namespace: &str, name: &str) -> Option<String> {
        let secret = self.secrets(namespace).get_opt(name).await.unwrap()?;
        let bytes = secret.data?.remove(".dockerconfigjson")?.0;
        Some(String::from_utf8(bytes).unwrap())
    }

    /// Names of all Secrets in a namespace.
    pub(crate) async fn secret_names(&self, namespace: &str) -> Vec<String> {
        let list = self
            .secrets(namespace)
            .list(&ListParams::default())
            .await
            .unwrap();
        list.items.iter().map(kube::ResourceExt::name_any).collect()
    }

    pub(crate) async fn get_credential(&self, namespace: &str, name: &str) -> RegistryCredential {
        Api::namespaced(self.client.clone(), namespace)
            .get(name)
            .await
            .unwrap()
    }

    /// `status/reason` of a condition of a credential.
    pub(crate) async fn condition(&self, namespace: &str, name: &str, type_: &str) -> Option<String> {
        let credential = self.get_credential(namespace, name).await;
        let conditions = credential.status.unwrap_or_default().conditions;
        let condition = conditions
            .into_iter()
            .find(|condition| condition.type_ == type_)?;
        Some(format!("{}/{}", condition.status, condition.reason))
    }

    /// Waits until a credential has a condition.
    pub(crate) async fn until_condition(&self, namespace: &str, name: &str, type_: &str, expected: &str) {
        let what = format!("{namespace}/{name} {type_} {expected}");
        self.eventually(&what, async || {
            (self.condition(namespace, name, type_).await.as_deref() == Some(expected)).then_some(())
        })
        .await;
    }

    /// Waits until a copy has a content that holds this text.
    pub(crate) async fn until_content(&self, namespace: &str, name: &str, part: &str) -> String {
        let what = format!("{part} in {namespace}/{name}");
        self.eventually(&what, async || {
            self.content(namespace, name)
                .await
                .filter(|text| text.contains(part))
        })
        .await
    }

    /// Waits until a Secret is gone.
    pub(crate) async fn until_gone(&self, namespace: &str, name: &str) {
        let what = format!("{namespace}/{name} to go");
        self.eventually(&what, async || {
            self.content(namespace, name).await.is_none().then_some(())
        })
        .await;
    }

    /// Waits for something, and says what if it does not come.
    pub(crate) async fn eventually<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(
                start.elapsed() < self.world.patience(),
                "waited in vain for {what}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Reasons of the events on credentials of a namespace.
    pub(crate) async fn event_reasons(&self, namespace: &str) -> Vec<String> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), namespace);
        let list = events.list(&ListParams::default()).await.unwrap();
        list.items.into_iter().filter_map(|event| event.reason).collect()
    }

    /// Creates a pod with these images, and returns it as it was admitted.
    pub(crate) async fn pod(&self, namespace: &str, name: &str, images: &[&str]) -> Pod {
        let containers: Vec<Value> = images
            .iter()
            .enumerate()
            .map(|(at, image)| json!({"name": format!("c{at}"), "image": image}))
            .collect();
        self.pod_like(
            namespace,
            json!({"metadata": {"name": name}, "spec": {"containers": containers}}),
        )
        .await
        .unwrap()
    }

    pub(crate) async fn pod_like(&self, namespace: &str, pod: Value) -> kube::Result<Pod> {
        self.try_create(Api::namespaced(self.client.clone(), namespace), pod)
            .await
    }

    pub(crate) async fn delete<K>(&self, api: Api<K>, name: &str)
    where
        K: Clone + Debug + DeserializeOwned,
    {
        api.delete(name, &DeleteParams::default()).await.unwrap();
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        let misshapen = self.wire.misshapen.lock().unwrap();
        assert!(
            std::thread::panicking() || misshapen.is_empty(),
            "Secrets of another shape: {misshapen:?}"
        );
        let denied = self.wire.denied.lock().unwrap();
        assert!(
            std::thread::panicking() || denied.is_empty(),
            "not allowed: {denied:?}"
        );
    }
}

/// The names in a pod's list.
pub(crate) fn pull_secrets(pod: &Pod) -> Vec<String> {
    let list = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.image_pull_secrets.clone())
        .unwrap_or_default();
    list.into_iter().map(|reference| reference.name).collect()
}

/// A docker config as kubectl writes it.
fn document(auths: &[(&str, &str)]) -> String {
    let entries: serde_json::Map<String, Value> = auths
        .iter()
        .map(|(key, login)| {
            let (user, password) = login.split_once(':').unwrap();
            ((*key).to_owned(), json!({"username": user, "password": password}))
        })
        .collect();
    json!({"auths": entries}).to_string()
}
