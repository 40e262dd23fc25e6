//! `keyside serve` with each of the rights it can be given, on an API server that grants those and no others: from a new
//! credential over a pod to a rotation, without asking once for what it may not have.

use crate::world::text;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret, ServiceAccount};
use keyside_api::{ClusterRegistryCredential, InjectionTable, Project, RegistryCredential, SYSTEM_NAMESPACE};
use keyside_apiserver::{ApiServer, UserInfo};
use keyside_core::plan::policy;
use keyside_server::rbac::{self, Mode, Rights};
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams,
};
use kube::{Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How pods are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Webhook,
    Policy,
    Both,
}

/// What keyside has asked for: method and path; and what it was refused.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<(Vec<String>, Vec<String>)>>);

impl Heard {
    fn asked(&self) -> Vec<String> {
        self.0.lock().expect("nobody panicked").0.clone()
    }

    fn refused(&self) -> Vec<String> {
        self.0.lock().expect("nobody panicked").1.clone()
    }
}

/// Listens to what keyside asks, on its way to the API server and back.
async fn listen(State(heard): State<Heard>, request: Request, next: Next) -> Response {
    let asked = format!("{} {}", request.method(), request.uri().path());
    heard.0.lock().expect("nobody panicked").0.push(asked.clone());
    let response = next.run(request).await;
    if response.status() != 403 {
        return response;
    }
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("an answer");
    let why = format!("{asked}: {}", text(&bytes));
    heard.0.lock().expect("nobody panicked").1.push(why);
    Response::from_parts(parts, axum::body::Body::from(bytes))
}

/// A cluster with one keyside in it, which has these rights.
struct Cluster {
    client: Client,
    heard: Heard,
    kubeconfig: tempfile::NamedTempFile,
    flags: Vec<String>,
    keyside: Option<Child>,
}

impl Cluster {
    async fn start(mode: Mode, kept: &[&str], way: Way) -> Self {
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let server = ApiServer::builder().build().await.expect("an API server");
        let client = Client::new(server.in_process(UserInfo::admin("tests")), "default");
        let account = UserInfo::service_account(SYSTEM_NAMESPACE, rbac::NAME);
        let heard = Heard::default();
        let router = axum::Router::new()
            .fallback_service(server.in_process(account))
            .layer(middleware::from_fn_with_state(heard.clone(), listen));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        let kubeconfig = tempfile::NamedTempFile::new().expect("a file");
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "it", "user": {}}],
        });
        std::fs::write(kubeconfig.path(), config.to_string()).expect("it is written");
        keyside_server::install(&client).await.expect("the kinds");
        let mut flags = vec!["--rights".to_owned(), mode.as_str().to_owned()];
        if !kept.is_empty() {
            flags.extend(["--readable-namespaces".to_owned(), kept.join(",")]);
        }
        let mut cluster = Self {
            client,
            heard,
            kubeconfig,
            flags,
            keyside: None,
        };
        let namespaces: BTreeSet<&str> = kept.iter().copied().chain(["web", "api"]).collect();
        for namespace in namespaces {
            cluster.namespace(namespace).await;
        }
        cluster.grant(mode, kept, way).await;
        if mode == Mode::Namespaced {
            cluster.install_policy().await;
        }
        cluster.run().await;
        cluster
    }

    /// What an installation brings where keyside itself may not keep it.
    async fn install_policy(&self) {
        let objects = [
            ("mutatingadmissionpolicies", policy::policy(SYSTEM_NAMESPACE)),
            ("mutatingadmissionpolicybindings", policy::binding()),
        ];
        for (plural, object) in objects {
            let kind = object["kind"].as_str().expect("a kind");
            let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
            let kind = ApiResource::from_gvk_with_plural(&kind, plural);
            let api = Api::<DynamicObject>::all_with(self.client.clone(), &kind);
            let object = serde_json::from_value(object).expect("an object");
            api.create(&PostParams::default(), &object)
                .await
                .expect("a policy");
        }
    }

    /// Gives keyside these rights and no others.
    async fn grant(&self, mode: Mode, kept: &[&str], way: Way) {
        let options = rbac::Options {
            rights: Rights {
                mode,
                namespaces: kept.iter().map(|name| (*name).to_owned()).collect(),
            },
            webhook: way != Way::Policy,
            policy: way != Way::Webhook,
            ..rbac::Options::default()
        };
        rbac::install_rbac(&self.client, &options)
            .await
            .expect("the rights");
    }

    /// Waits until a credential that cannot be right is refused when it is written.
    async fn until_kinds_are_checked(&self) {
        let wrong = json!({
            "apiVersion": "keyside.dev/v1alpha1", "kind": "RegistryCredential", "metadata": {"name": "wrong"},
            "spec": {"scope": "Project", "source": {"secret": {"name": "wrong"}}},
        });
        let wrong = serde_json::from_value(wrong).expect("an object");
        let dry = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        eventually("what is wrong to be refused", async || {
            let answer = self
                .within::<RegistryCredential>("api")
                .create(&dry, &wrong)
                .await;
            let refused = answer.err()?.to_string();
            assert!(refused.contains("`spec.scope` may be Project only"), "{refused}");
            Some(())
        })
        .await;
    }

    /// Starts keyside, which finds out by its rights how pods are served; returns when it is ready.
    async fn run(&mut self) {
        // A port that was free may be somebody else's a moment later.
        for _ in 0..5 {
            if self.begins().await {
                return;
            }
        }
        panic!("keyside ends each time it is started");
    }

    /// Whether keyside becomes ready; if not, it has ended.
    async fn begins(&mut self) -> bool {
        let free = || {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().expect("an address").port()
        };
        let [webhook, health, metrics] = [free(), free(), free()];
        let child = Command::new(env!("CARGO_BIN_EXE_keyside"))
            .arg("serve")
            .arg("--kubeconfig")
            .arg(self.kubeconfig.path())
            .args(&self.flags)
            .args([
                "--listen",
                "127.0.0.1",
                "--drain",
                "0s",
                "--grace",
                "200ms",
                "--status-every",
                "200ms",
            ])
            .args(["--webhook-url", &format!("https://127.0.0.1:{webhook}")])
            .args([
                "--webhook-port",
                &webhook.to_string(),
                "--health-port",
                &health.to_string(),
            ])
            .args(["--metrics-port", &metrics.to_string()])
            .stderr(Stdio::null())
            .spawn()
            .expect("keyside starts");
        let child = self.keyside.insert(child);
        eventually("keyside to be ready", async || {
            if child.try_wait().expect("its state").is_some() {
                return Some(false);
            }
            let answer = reqwest::get(format!("http://127.0.0.1:{health}/readyz")).await;
            answer
                .is_ok_and(|answer| answer.status().is_success())
                .then_some(true)
        })
        .await
    }

    /// Ends keyside as a node does it, and starts it anew.
    async fn restart(&mut self) {
        let mut child = self.keyside.take().expect("it runs");
        let told = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status();
        assert!(told.expect("kill runs").success());
        assert!(child.wait().expect("it ends").success());
        self.run().await;
    }

    async fn create<K>(&self, api: Api<K>, object: Value) -> K
    where
        K: Resource + Clone + Debug + DeserializeOwned + Serialize,
    {
        let object = serde_json::from_value(object).expect("an object");
        api.create(&PostParams::default(), &object)
            .await
            .expect("it is created")
    }

    fn within<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    async fn namespace(&self, name: &str) {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        self.create(namespaces, json!({"metadata": {"name": name}})).await;
        let account = json!({"metadata": {"name": "default"}});
        self.create(self.within::<ServiceAccount>(name), account).await;
    }

    async fn secret(&self, namespace: &str, name: &str, host: &str, password: &str) {
        let secret = json!({
            "metadata": {"name": name}, "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": document(host, password)},
        });
        self.create(self.within::<Secret>(namespace), secret).await;
    }

    async fn rotate(&self, namespace: &str, name: &str, host: &str, password: &str) {
        let patch = json!({"stringData": {".dockerconfigjson": document(host, password)}});
        let secrets = self.within::<Secret>(namespace);
        let parameters = PatchParams::default();
        secrets
            .patch(name, &parameters, &Patch::Merge(patch))
            .await
            .expect("a rotation");
    }

    async fn credential(&self, namespace: &str, name: &str, spec: Value) {
        let object = json!({
            "apiVersion": "keyside.dev/v1alpha1", "kind": "RegistryCredential", "metadata": {"name": name}, "spec": spec,
        });
        self.create(self.within::<RegistryCredential>(namespace), object)
            .await;
    }

    async fn cluster_credential(&self, name: &str, source: &str) {
        let source = json!({"secret": {"namespace": SYSTEM_NAMESPACE, "name": source}});
        let object = json!({
            "apiVersion": "keyside.dev/v1alpha1", "kind": "ClusterRegistryCredential", "metadata": {"name": name},
            "spec": {"source": source, "excludeNamespaces": ["default"]},
        });
        self.create(Api::<ClusterRegistryCredential>::all(self.client.clone()), object)
            .await;
    }

    /// What a pod with this image, created now, would be given.
    async fn given(&self, namespace: &str, image: &str) -> Vec<String> {
        let pod = json!({
            "metadata": {"generateName": "p-"},
            "spec": {"containers": [{"name": "c", "image": image}], "automountServiceAccountToken": false},
        });
        let created = self.create(self.within::<Pod>(namespace), pod).await;
        let list = created
            .spec
            .and_then(|spec| spec.image_pull_secrets)
            .unwrap_or_default();
        list.into_iter().map(|reference| reference.name).collect()
    }

    async fn until_given(&self, namespace: &str, image: &str, expected: &[&str]) {
        let what = format!("{expected:?} for {image} in {namespace}");
        eventually(&what, async || {
            (self.given(namespace, image).await == expected).then_some(())
        })
        .await;
    }

    async fn copy(&self, namespace: &str, name: &str) -> Option<Secret> {
        self.within::<Secret>(namespace)
            .get_opt(name)
            .await
            .expect("an answer")
    }

    async fn until_content(&self, namespace: &str, name: &str, part: &str) -> Secret {
        eventually(&format!("{part} in {namespace}/{name}"), async || {
            self.copy(namespace, name)
                .await
                .filter(|secret| content(secret).contains(part))
        })
        .await
    }

    /// Waits for a condition: `type status/reason`.
    async fn until_said<K>(&self, api: Api<K>, name: &str, expected: &str)
    where
        K: Resource + Clone + Debug + DeserializeOwned + Serialize,
    {
        let (type_, said) = expected.split_once(' ').expect("type and rest");
        eventually(&format!("{name} {expected}"), async || {
            let object = serde_json::to_value(api.get(name).await.ok()?).ok()?;
            let conditions = object["status"]["conditions"].as_array()?.clone();
            let condition = conditions.into_iter().find(|one| one["type"] == type_)?;
            let now = format!(
                "{}/{}",
                condition["status"].as_str()?,
                condition["reason"].as_str()?
            );
            (now == said).then_some(())
        })
        .await;
    }

    /// Nothing was refused, and of Secrets nothing was asked but this.
    fn was_modest(&self, may_ask: impl Fn(&str) -> bool) {
        assert_eq!(self.heard.refused(), [""; 0]);
        let asked = self.heard.asked();
        let immodest = asked
            .iter()
            .filter(|asked| asked.contains("/secrets") && !may_ask(asked));
        assert_eq!(immodest.collect::<Vec<_>>(), [&""; 0]);
        assert!(
            asked
                .iter()
                .any(|asked| asked.contains("/keyside-system/secrets"))
        );
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(child) = &mut self.keyside {
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }
}

fn document(host: &str, password: &str) -> String {
    json!({"auths": {host: {"username": "u", "password": password}}}).to_string()
}

fn content(secret: &Secret) -> String {
    let data = secret
        .data
        .as_ref()
        .and_then(|data| data.get(".dockerconfigjson"));
    data.map(|bytes| text(&bytes.0)).unwrap_or_default()
}

async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "waited in vain for {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_own(asked: &str) -> bool {
    asked.contains("/namespaces/keyside-system/secrets")
}

/// Names only, whoever adds them.
async fn inject(way: Way) {
    let cluster = Cluster::start(Mode::Inject, &[], way).await;
    cluster.secret("web", "theirs", "quay.io", "first").await;
    let spec = json!({"registry": "quay.io/shop", "source": {"secret": {"name": "theirs"}}});
    cluster.credential("web", "quay", spec).await;
    cluster
        .until_given("web", "quay.io/shop/web:1", &["theirs"])
        .await;
    assert_eq!(cluster.given("web", "quay.io/other").await, [""; 0]);
    assert_eq!(cluster.given("api", "quay.io/shop/web:1").await, [""; 0]);
    let credentials = || cluster.within::<RegistryCredential>("web");
    cluster
        .until_said(credentials(), "quay", "Delivered True/NameGiven")
        .await;
    cluster
        .until_said(credentials(), "quay", "Ready True/Delivered")
        .await;
    cluster
        .until_said(credentials(), "quay", "Verified Unknown/Unverified")
        .await;
    // A rotation is nobody's business but the owner's: the name stays.
    cluster.rotate("web", "theirs", "quay.io", "second").await;
    assert_eq!(cluster.given("web", "quay.io/shop/web:2").await, ["theirs"]);
    cluster.until_kinds_are_checked().await;
    // What would need copies says that it cannot be had.
    cluster.secret(SYSTEM_NAMESPACE, "hub", "docker.io", "p").await;
    cluster.cluster_credential("hub", "hub").await;
    let of_cluster = Api::<ClusterRegistryCredential>::all(cluster.client.clone());
    cluster
        .until_said(of_cluster, "hub", "Delivered False/Forbidden")
        .await;
    assert_eq!(cluster.given("web", "nginx").await, [""; 0]);
    cluster.namespace("project-shop").await;
    let project = json!({
        "apiVersion": "keyside.dev/v1alpha1", "kind": "Project", "metadata": {"name": "shop"}, "spec": {"namespaces": ["api"]},
    });
    cluster
        .create(Api::<Project>::all(cluster.client.clone()), project)
        .await;
    let spec = json!({"scope": "Project", "registry": "quay.io", "source": {"secret": {"name": "team"}}});
    eventually("the project to stand", async || {
        let object = json!({
            "apiVersion": "keyside.dev/v1alpha1", "kind": "RegistryCredential", "metadata": {"name": "team"}, "spec": spec,
        });
        let object = serde_json::from_value(object).expect("an object");
        let api = cluster.within::<RegistryCredential>("project-shop");
        api.create(&PostParams::default(), &object).await.ok()
    })
    .await;
    let of_project = cluster.within::<RegistryCredential>("project-shop");
    cluster
        .until_said(of_project, "team", "Delivered False/Forbidden")
        .await;
    assert_eq!(cluster.given("api", "quay.io/a/b").await, [""; 0]);
    cluster.was_modest(is_own);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_right_on_secrets_pods_are_given_names_by_the_webhook() {
    inject(Way::Webhook).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_right_on_secrets_pods_are_given_names_by_the_policy() {
    inject(Way::Policy).await;
}

/// Copies that are never seen.
async fn blind(way: Way) {
    let mut cluster = Cluster::start(Mode::Blind, &["project-shop"], way).await;
    cluster
        .secret(SYSTEM_NAMESPACE, "hub", "docker.io", "first")
        .await;
    cluster.secret("api", "hub", "elsewhere.example", "foreign").await;
    cluster.cluster_credential("hub", "hub").await;
    let project = json!({
        "apiVersion": "keyside.dev/v1alpha1", "kind": "Project", "metadata": {"name": "shop"}, "spec": {"namespaces": ["web"]},
    });
    cluster
        .create(Api::<Project>::all(cluster.client.clone()), project)
        .await;
    cluster.secret("project-shop", "team", "quay.io", "first").await;
    eventually("the project to stand", async || {
        let object = json!({
            "apiVersion": "keyside.dev/v1alpha1", "kind": "RegistryCredential", "metadata": {"name": "team"},
            "spec": {"scope": "Project", "source": {"secret": {"name": "team"}}},
        });
        let object = serde_json::from_value(object).expect("an object");
        let api = cluster.within::<RegistryCredential>("project-shop");
        api.create(&PostParams::default(), &object).await.ok()
    })
    .await;
    cluster.until_content("web", "hub", "first").await;
    cluster.until_content("web", "team", "first").await;
    cluster.until_given("web", "nginx", &["hub"]).await;
    cluster.until_given("web", "quay.io/shop/web", &["team"]).await;
    // The name is taken, which only the write has shown.
    let credentials = || Api::<ClusterRegistryCredential>::all(cluster.client.clone());
    cluster
        .until_said(credentials(), "hub", "Delivered False/NameTaken")
        .await;
    let other = cluster.given("api", "nginx").await;
    assert!(other.len() == 1 && other[0].starts_with("hub-"), "{other:?}");
    assert!(content(&cluster.until_content("api", &other[0], "first").await).contains("docker.io"));
    assert!(content(&cluster.until_content("api", "hub", "foreign").await).contains("elsewhere"));
    // In place, and also where somebody has meddled with the copy meanwhile.
    let before = cluster.copy("web", "hub").await.expect("a copy");
    let meddled = json!({"data": {".dockerconfigjson": "e30="}});
    let secrets = cluster.within::<Secret>("web");
    secrets
        .patch("hub", &PatchParams::default(), &Patch::Merge(meddled))
        .await
        .expect("a change");
    secrets
        .delete("team", &DeleteParams::default())
        .await
        .expect("a deletion");
    cluster
        .rotate(SYSTEM_NAMESPACE, "hub", "docker.io", "second")
        .await;
    cluster.rotate("project-shop", "team", "quay.io", "second").await;
    let after = cluster.until_content("web", "hub", "second").await;
    let uid = before.uid();
    assert_eq!(after.uid(), uid, "it was never absent");
    cluster.until_content("web", "team", "second").await;
    cluster.until_content("api", &other[0], "second").await;
    // A new start finds its copies without reading one, and changes none.
    let version = async |cluster: &Cluster| {
        cluster
            .copy("web", "hub")
            .await
            .and_then(|one| one.resource_version())
    };
    let before = version(&cluster).await;
    cluster.restart().await;
    cluster.until_given("web", "nginx", &["hub"]).await;
    assert_eq!(version(&cluster).await, before);
    cluster
        .rotate(SYSTEM_NAMESPACE, "hub", "docker.io", "third")
        .await;
    let after = cluster.until_content("web", "hub", "third").await;
    assert_eq!(after.uid(), uid, "the same copy as before the start");
    cluster.until_content("api", &other[0], "third").await;
    let delete = DeleteParams::default();
    Api::<ClusterRegistryCredential>::all(cluster.client.clone())
        .delete("hub", &delete)
        .await
        .expect("a deletion");
    eventually("the copies to go", async || {
        let gone =
            cluster.copy("web", "hub").await.is_none() && cluster.copy("api", &other[0]).await.is_none();
        gone.then_some(())
    })
    .await;
    assert!(
        cluster.copy("api", "hub").await.is_some(),
        "what is not ours stays"
    );
    let reads = |asked: &str| asked.starts_with("GET") && !asked.contains("/project-shop/");
    cluster.was_modest(|asked| is_own(asked) || !reads(asked));
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_are_never_seen_are_delivered_rotated_and_taken_back_with_the_webhook() {
    blind(Way::Webhook).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_are_never_seen_are_delivered_rotated_and_taken_back_with_the_policy() {
    blind(Way::Policy).await;
}

/// All rights: what somebody changes is put right at once.
#[tokio::test(flavor = "multi_thread")]
async fn copies_that_are_seen_are_put_right() {
    for way in [Way::Webhook, Way::Policy, Way::Both] {
        let cluster = Cluster::start(Mode::Repair, &[], way).await;
        cluster
            .secret(SYSTEM_NAMESPACE, "hub", "docker.io", "first")
            .await;
        cluster.cluster_credential("hub", "hub").await;
        cluster.until_content("web", "hub", "first").await;
        cluster.until_given("web", "nginx", &["hub"]).await;
        let secrets = cluster.within::<Secret>("web");
        secrets
            .delete("hub", &DeleteParams::default())
            .await
            .expect("a deletion");
        cluster.until_content("web", "hub", "first").await;
        cluster
            .rotate(SYSTEM_NAMESPACE, "hub", "docker.io", "second")
            .await;
        cluster.until_content("web", "hub", "second").await;
        cluster.was_modest(|_| true);
    }
}

/// The names of what makes the API server serve pods.
async fn serving(cluster: &Cluster) -> Vec<String> {
    let client = || cluster.client.clone();
    let all = kube::api::ListParams::default();
    let hooks = Api::<MutatingWebhookConfiguration>::all(client())
        .list(&all)
        .await;
    let mut names: Vec<String> = hooks
        .expect("a list")
        .items
        .iter()
        .map(|_| "webhook".to_owned())
        .collect();
    let kind = GroupVersionKind::gvk(
        "admissionregistration.k8s.io",
        "v1",
        "MutatingAdmissionPolicyBinding",
    );
    let kind = ApiResource::from_gvk_with_plural(&kind, "mutatingadmissionpolicybindings");
    let bindings = Api::<DynamicObject>::all_with(client(), &kind).list(&all).await;
    names.extend(
        bindings
            .expect("a list")
            .items
            .iter()
            .map(|_| "policy".to_owned()),
    );
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn way_of_serving_pods_follows_the_rights_and_leaves_nothing_of_the_other() {
    let mut cluster = Cluster::start(Mode::Repair, &[], Way::Webhook).await;
    cluster
        .secret(SYSTEM_NAMESPACE, "hub", "docker.io", "first")
        .await;
    cluster.cluster_credential("hub", "hub").await;
    for (way, expected) in [
        (Way::Policy, &["policy"][..]),
        (Way::Both, &["webhook", "policy"]),
        (Way::Webhook, &["webhook"]),
        (Way::Both, &["webhook", "policy"]),
    ] {
        cluster.grant(Mode::Repair, &[], way).await;
        cluster.restart().await;
        eventually(&format!("{expected:?} and no more"), async || {
            (serving(&cluster).await == expected).then_some(())
        })
        .await;
        cluster.until_given("web", "nginx", &["hub"]).await;
        cluster.until_kinds_are_checked().await;
    }
    cluster.was_modest(|_| true);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_alone_keyside_works_everything_is_as_usual_and_elsewhere_it_asks_nothing() {
    let cluster = Cluster::start(Mode::Namespaced, &["web"], Way::Policy).await;
    let basic = |password: &str| {
        json!({
            "metadata": {"name": "login"}, "type": "kubernetes.io/basic-auth",
            "stringData": {"username": "u", "password": password},
        })
    };
    for namespace in ["web", "api"] {
        cluster
            .create(cluster.within::<Secret>(namespace), basic("first"))
            .await;
        let spec = json!({"registry": "quay.io/shop", "source": {"secret": {"name": "login"}}});
        cluster.credential(namespace, "quay", spec).await;
        cluster.secret(namespace, "plain", "ghcr.io", "p").await;
    }
    cluster.until_content("web", "quay", "first").await;
    cluster.until_given("web", "quay.io/shop/web:1", &["quay"]).await;
    cluster.until_given("web", "ghcr.io/a/b", &["plain"]).await;
    let credentials = cluster.within::<RegistryCredential>("web");
    cluster
        .until_said(credentials, "quay", "Ready True/Delivered")
        .await;
    let secrets = cluster.within::<Secret>("web");
    secrets
        .delete("quay", &DeleteParams::default())
        .await
        .expect("a deletion");
    cluster.until_content("web", "quay", "first").await;
    let rotated = Patch::Merge(basic("second"));
    secrets
        .patch("login", &PatchParams::default(), &rotated)
        .await
        .expect("a rotation");
    cluster.until_content("web", "quay", "second").await;
    assert_eq!(cluster.given("web", "quay.io/shop/web:2").await, ["quay"]);
    let credentials = cluster.within::<RegistryCredential>("web");
    credentials
        .delete("quay", &DeleteParams::default())
        .await
        .expect("a deletion");
    eventually("the copy to go", async || {
        cluster.copy("web", "quay").await.is_none().then_some(())
    })
    .await;
    cluster.until_given("web", "quay.io/shop/web:3", &[]).await;
    // Elsewhere nobody has looked.
    for image in ["quay.io/shop/web:1", "ghcr.io/a/b"] {
        assert_eq!(cluster.given("api", image).await, [""; 0]);
    }
    assert!(cluster.copy("api", "quay").await.is_none());
    let within =
        |asked: &str| asked.contains("/namespaces/web/") || asked.contains("/namespaces/keyside-system/");
    cluster.was_modest(within);
    let asked = cluster.heard.asked();
    let outside = asked.iter().filter(|asked| !within(asked));
    let outside: BTreeSet<&String> = outside.collect();
    assert_eq!(
        outside.into_iter().collect::<Vec<_>>(),
        ["GET /apis/admissionregistration.k8s.io/v1"],
        "only whether policies are served"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_the_policy_the_webhook_serves_the_first_pods_of_a_namespace_and_the_policy_those_with_nobody_there()
 {
    let mut cluster = Cluster::start(Mode::Repair, &[], Way::Both).await;
    cluster
        .secret(SYSTEM_NAMESPACE, "hub", "docker.io", "first")
        .await;
    cluster.cluster_credential("hub", "hub").await;
    cluster.until_given("web", "nginx", &["hub"]).await;
    eventually("webhook and policy", async || {
        (serving(&cluster).await == ["webhook", "policy"]).then_some(())
    })
    .await;
    for at in 0..20 {
        let namespace = format!("new-{at}");
        cluster.namespace(&namespace).await;
        assert_eq!(
            cluster.given(&namespace, "nginx").await,
            ["hub"],
            "the first of {namespace}"
        );
    }
    let tables = Api::<InjectionTable>::all(cluster.client.clone());
    eventually("a table for each", async || {
        let list = tables.list(&kube::api::ListParams::default()).await.ok()?;
        let new = list
            .items
            .iter()
            .filter(|table| table.namespace().is_some_and(|one| one.starts_with("new-")));
        (new.count() == 20).then_some(())
    })
    .await;
    let mut keyside = cluster.keyside.take().expect("it runs");
    keyside.kill().expect("it is killed");
    keyside.wait().expect("it ends");
    for namespace in ["web", "new-7"] {
        assert_eq!(
            cluster.given(namespace, "nginx").await,
            ["hub"],
            "with nobody there"
        );
    }
    cluster.was_modest(|_| true);
}
