//! A cluster with one large project, and somebody who looks at it: every request to the API server is written down.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use keyside_api::{Project, ProjectSpec, RegistryCredential, RegistryCredentialSpec, Scope, Source, label};
use keyside_apiserver::{ApiServer, UserInfo, auth};
use keyside_web::{self, Door};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt as _, service_fn};

const HOST: &str = "127.0.0.1:7080";

/// Who may do everything.
pub(crate) const ADMIN: &str = "admin";
/// Who owns the large project, and may look into nothing else.
pub(crate) const OWNER: &str = "owner";

/// The pages over a cluster.
pub(crate) struct World {
    pages: axum::Router,
    asked: Arc<Mutex<Vec<String>>>,
    memory: Arc<Memory>,
}

/// Verb, address and asker, and what was sent.
type Asked = (String, Bytes);
type Answer = (StatusCode, HeaderMap, Bytes);

/// What the API server has answered, so that a page can be measured without the API server's own time.
#[derive(Default)]
pub(crate) struct Memory {
    /// Whether answers come from here.
    used: AtomicBool,
    answers: Mutex<HashMap<Asked, Answer>>,
}

impl Memory {
    /// Answers as the API server has, or asks it.
    async fn answer<S, E>(&self, inner: S, request: Request<kube::client::Body>) -> Result<Response<Body>, E>
    where
        S: Service<Request<kube::client::Body>, Response = Response<Body>, Error = E>,
    {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .map(HeaderValue::as_bytes);
        let key = (format!("{} {} {token:?}", parts.method, parts.uri), body.clone());
        let known = || self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if self.used.load(Ordering::Relaxed)
            && let Some((status, headers, bytes)) = known().get(&key).cloned()
        {
            let mut answer = Response::new(Body::from(bytes));
            (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
            return Ok(answer);
        }
        let request = Request::from_parts(parts, kube::client::Body::from(body.to_vec()));
        let (parts, body) = inner.oneshot(request).await?.into_parts();
        let bytes = body.collect().await.expect("an answer").to_bytes();
        let answer = (parts.status, parts.headers.clone(), bytes.clone());
        known().insert(key, answer);
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }
}

/// Somebody's session.
pub(crate) struct Reader<'a> {
    world: &'a World,
    cookie: String,
}

impl World {
    /// A project of so many namespaces and credentials.
    pub(crate) async fn of(namespaces: usize, credentials: usize) -> Self {
        let (admin, owner) = (
            UserInfo::admin(ADMIN),
            UserInfo::service_account("project-large", OWNER),
        );
        let api = ApiServer::builder()
            .auth(
                auth::Config::default()
                    .token(ADMIN, admin.clone())
                    .token(OWNER, owner),
            )
            .build()
            .await
            .expect("an API server");
        let client = Client::new(api.in_process(admin), "default");
        keyside_server::install(&client).await.expect("the kinds");
        fill(&client, namespaces, credentials).await;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let memory = Arc::new(Memory::default());
        let (inner, notes, remembered) = (api.by_token(), asked.clone(), memory.clone());
        let counted = service_fn(move |request: Request<kube::client::Body>| {
            notes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(described(&request));
            let (inner, memory) = (inner.clone(), remembered.clone());
            async move { memory.answer(inner, request).await }
        });
        let pages = keyside_web::router(keyside_web::Config {
            door: Door::service(counted),
            hosts: vec![HOST.to_owned()],
            tls: false,
            network: keyside_oci::Network::default(),
            sandbox: None,
            shutdown: CancellationToken::new(),
        });
        Self { pages, asked, memory }
    }

    /// From now on the API server is not asked what it has been asked before.
    pub(crate) fn answer_from_memory(&self, used: bool) {
        self.memory.used.store(used, Ordering::Relaxed);
    }

    /// Signs somebody in.
    pub(crate) async fn reader(&self, token: &str) -> Reader<'_> {
        let request = Request::post("/sign-in")
            .header(header::HOST, HOST)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("token={token}")))
            .expect("a request");
        let answer = self.answer(request).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("a cookie");
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Reader { world: self, cookie }
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        self.pages.clone().oneshot(request).await.expect("never fails")
    }
}

impl Reader<'_> {
    /// The size of a page.
    pub(crate) async fn look(&self, path: &str) -> usize {
        let request = Request::get(path)
            .header(header::HOST, HOST)
            .header(header::COOKIE, &self.cookie)
            .body(Body::empty())
            .expect("a request");
        let answer = self.world.answer(request).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let body = answer.into_body().collect().await.expect("a page");
        body.to_bytes().len()
    }

    /// What the API server is asked for one page, sorted, because some of it is asked at the same time.
    pub(crate) async fn asks(&self, path: &str) -> Vec<String> {
        let asked = || self.world.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked().clear();
        self.look(path).await;
        let mut asked = std::mem::take(&mut *asked());
        asked.sort();
        asked
    }
}

/// Verb, path, what is wanted of it, and as what.
fn described(request: &Request<kube::client::Body>) -> String {
    let uri = request.uri();
    let query = uri.query().unwrap_or_default().trim_matches(['?', '&']);
    let accept = request.headers().get(header::ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let form = accept
        .split(';')
        .find_map(|part| part.strip_prefix("as="))
        .map_or_else(String::new, |form| format!(" as {form}"));
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{} {}{mark}{query}{form}", request.method(), uri.path())
}

async fn fill(client: &Client, namespaces: usize, credentials: usize) {
    let mut names = vec!["project-large".to_owned()];
    names.extend((1..namespaces).map(|number| format!("team-{number:05}")));
    let all: Api<Namespace> = Api::all(client.clone());
    for name in &names {
        make(&all, json!({"metadata": {"name": name}})).await;
    }
    for name in &names[1..] {
        copy(client, name).await;
    }
    project(client, names.split_off(1)).await;
    let homes: Api<RegistryCredential> = Api::namespaced(client.clone(), "project-large");
    for number in 0..credentials {
        let name = format!("pull-{number}");
        let spec = RegistryCredentialSpec {
            scope: Scope::Project,
            source: Source::secret(&name),
            registry: Some(format!("registry-{number}.example.com")),
            ..RegistryCredentialSpec::default()
        };
        let credential = RegistryCredential::new(&name, spec);
        homes
            .create(&PostParams::default(), &credential)
            .await
            .expect("a credential");
    }
    let labels = json!({"app": "web"});
    let workloads: Api<Deployment> = Api::namespaced(client.clone(), "team-00001");
    make(
        &workloads,
        json!({"metadata": {"name": "web"}, "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [
                {"name": "web", "image": "registry-1.example.com/shop/web:1"},
            ]}},
        }}),
    )
    .await;
    rights(client).await;
}

/// What has been delivered of `pull-1`.
async fn copy(client: &Client, namespace: &str) {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let labels = json!({label::CREDENTIAL: "RegistryCredential.project-large.pull-1", label::MANAGED_BY: label::MANAGED_BY_KEYSIDE});
    make(
        &secrets,
        json!({
            "metadata": {"name": "pull-1", "labels": labels}, "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": "{\"auths\":{\"registry-1.example.com\":{\"auth\":\"dTpw\"}}}"},
        }),
    )
    .await;
}

async fn project(client: &Client, members: Vec<String>) {
    let count = members.len();
    let spec = ProjectSpec {
        display_name: Some("大项目".to_owned()),
        namespaces: members,
        ..ProjectSpec::default()
    };
    let projects: Api<Project> = Api::all(client.clone());
    projects
        .create(&PostParams::default(), &Project::new("large", spec))
        .await
        .expect("a project");
    let status = json!({"status": {"homeNamespace": "project-large", "namespaceCount": count}});
    projects
        .patch_status("large", &PatchParams::default(), &Patch::Merge(status))
        .await
        .expect("a status");
}

async fn rights(client: &Client) {
    let meta = json!({"name": OWNER});
    let roles: Api<Role> = Api::namespaced(client.clone(), "project-large");
    make(
        &roles,
        json!({"metadata": meta, "rules": [
            {"apiGroups": [keyside_api::GROUP], "resources": ["registrycredentials"], "verbs": ["*"]},
            {"apiGroups": [""], "resources": ["secrets", "events", "pods"], "verbs": ["*"]},
        ]}),
    )
    .await;
    // The Project itself says whom it holds.
    let all: Api<ClusterRole> = Api::all(client.clone());
    make(
        &all,
        json!({"metadata": meta, "rules": [
            {"apiGroups": [keyside_api::GROUP], "resources": ["projects"], "resourceNames": ["large"], "verbs": ["get"]},
        ]}),
    )
    .await;
    let given: Api<ClusterRoleBinding> = Api::all(client.clone());
    make(
        &given,
        json!({"metadata": meta,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": OWNER},
            "subjects": [{"kind": "ServiceAccount", "name": OWNER, "namespace": "project-large"}],
        }),
    )
    .await;
    let bindings: Api<RoleBinding> = Api::namespaced(client.clone(), "project-large");
    make(
        &bindings,
        json!({"metadata": meta,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": OWNER},
            "subjects": [{"kind": "ServiceAccount", "name": OWNER, "namespace": "project-large"}],
        }),
    )
    .await;
}

async fn make<K>(api: &Api<K>, object: Value)
where
    K: kube::Resource + Clone + std::fmt::Debug + serde::de::DeserializeOwned + serde::Serialize,
{
    let object: K = serde_json::from_value(object).expect("an object");
    api.create(&PostParams::default(), &object)
        .await
        .expect("it is created");
}
