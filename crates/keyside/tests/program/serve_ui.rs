//! `keyside serve --ui-port`: the web UI as a cluster has it, over TLS, for whoever signs in with a token.

use crate::serve::{Cluster, Replica, eventually, free_port};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use keyside_api::RegistryCredential;
use kube::Api;
use kube::api::PostParams;
use reqwest::header::{COOKIE, HOST, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

async fn make<K>(api: &Api<K>, object: Value)
where
    K: kube::Resource + Clone + std::fmt::Debug + serde::de::DeserializeOwned + serde::Serialize,
{
    let object: K = serde_json::from_value(object).expect("an object");
    api.create(&PostParams::default(), &object)
        .await
        .expect("it is created");
}

/// An account of the namespace `shop` with these verbs on everything, and its token.
async fn token(cluster: &Cluster, name: &str, verbs: &[&str]) -> String {
    let client = &cluster.client;
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "shop");
    make(&accounts, json!({"metadata": {"name": name}})).await;
    let roles: Api<ClusterRole> = Api::all(client.clone());
    let rules = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}]);
    make(&roles, json!({"metadata": {"name": name}, "rules": rules})).await;
    let bindings: Api<ClusterRoleBinding> = Api::all(client.clone());
    make(
        &bindings,
        json!({"metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "shop"}],
        }),
    )
    .await;
    let wanted = TokenRequest {
        spec: TokenRequestSpec::default(),
        ..TokenRequest::default()
    };
    let answer = accounts
        .create_token_request(name, &PostParams::default(), &wanted)
        .await
        .expect("a token");
    answer.status.expect("a status").token
}

/// Somebody in front of the UI.
struct Reader {
    client: Client,
    base: String,
    cookie: String,
}

impl Reader {
    fn new(port: u16) -> Self {
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // The certificate is the webhook's, which the API server trusts and nobody else.
            .tls_danger_accept_invalid_certs(true)
            .build()
            .expect("a client");
        Self {
            client,
            base: format!("https://localhost:{port}"),
            cookie: String::new(),
        }
    }

    fn with_headers(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header("sec-fetch-site", "same-origin")
            .header(COOKIE, &self.cookie)
    }

    async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.base));
        self.with_headers(request).send().await.expect("an answer")
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self.client.post(format!("{}{path}", self.base));
        self.with_headers(request)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .expect("an answer")
    }

    /// Signs in; gives the attributes of the cookie.
    async fn sign_in(&mut self, token: &str) -> String {
        let answer = self.post("/sign-in", &[("token", token)]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = header(&answer, SET_COOKIE.as_str());
        self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        cookie
    }
}

fn header(answer: &Response, name: &str) -> String {
    let value = answer.headers().get(name);
    let value = value.and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

async fn served() -> (Cluster, Replica, u16) {
    let cluster = Cluster::start().await;
    let port = free_port();
    let replica = Replica::start_with(&cluster, "only", &["--ui-port", &port.to_string()]).await;
    let namespaces: Api<Namespace> = Api::all(cluster.client.clone());
    make(&namespaces, json!({"metadata": {"name": "shop"}})).await;
    (cluster, replica, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_see_the_door_and_every_answer_carries_the_headers() {
    let (_cluster, _replica, port) = served().await;
    let reader = Reader::new(port);
    let door = reader.get("/sign-in").await;
    assert_eq!(door.status(), StatusCode::OK);
    let closed = reader.get("/credentials").await;
    assert_eq!(closed.status(), StatusCode::SEE_OTHER);
    assert_eq!(header(&closed, LOCATION.as_str()), "/sign-in?next=%2Fcredentials");
    let unknown = reader.get("/no/such/page").await;
    for answer in [&door, &closed, &unknown] {
        assert!(header(answer, "content-security-policy").starts_with("default-src 'none'"));
        assert!(header(answer, "strict-transport-security").contains("max-age="));
        assert_eq!(header(answer, "x-content-type-options"), "nosniff");
        assert_eq!(header(answer, "referrer-policy"), "no-referrer");
        assert_eq!(header(answer, "cache-control"), "no-store");
    }
    let text = door.text().await.expect("a page");
    assert!(
        text.contains("name=\"token\"") && !text.contains("keyside up"),
        "{text}"
    );

    let elsewhere = reader.client.get(format!("{}/sign-in", reader.base));
    let elsewhere = elsewhere
        .header(HOST, "evil.example")
        .send()
        .await
        .expect("an answer");
    assert_eq!(elsewhere.status(), StatusCode::MISDIRECTED_REQUEST);
    let refused = reader.post("/sign-in", &[("token", "not-a-token")]).await;
    assert!(refused.status().is_client_error() && header(&refused, SET_COOKIE.as_str()).is_empty());
    let plain = reader
        .client
        .get(format!("http://localhost:{port}/sign-in"))
        .send()
        .await;
    assert!(plain.is_err(), "it is served over TLS only");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_a_token_does_what_the_token_may_do() {
    let (cluster, _replica, port) = served().await;
    let (admin, viewer) = (
        token(&cluster, "ui-admin", &["*"]).await,
        token(&cluster, "ui-viewer", &["get", "list", "watch"]).await,
    );
    let mut reader = Reader::new(port);
    let cookie = reader.sign_in(&admin).await;
    for part in ["__Host-keyside=", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    for page in [
        "/credentials",
        "/projects",
        "/workloads",
        "/explain",
        "/events",
        "/settings",
        "/credentials/import",
    ] {
        let answer = reader.get(page).await;
        assert_eq!(answer.status(), StatusCode::OK, "{page}");
        let text = answer.text().await.expect("a page");
        assert!(
            text.contains("system:serviceaccount:shop:ui-admin") && !text.contains(&admin),
            "{page}"
        );
    }
    let form = [
        ("chosen", "custom"),
        ("registry", "registry.invalid"),
        ("username", "robot"),
        ("password", "canary-word"),
        ("name", "pull"),
        ("scope", "namespace"),
        ("namespace", "shop"),
        ("save", "anyway"),
    ];
    let answer = reader.post("/credentials/add", &form).await;
    assert_eq!(
        answer.status(),
        StatusCode::SEE_OTHER,
        "{}",
        answer.text().await.expect("a page")
    );
    let credentials: Api<RegistryCredential> = Api::namespaced(cluster.client.clone(), "shop");
    eventually("the controller to look at it", async || {
        credentials
            .get("pull")
            .await
            .ok()?
            .status
            .filter(|one| !one.registries.is_empty())
    })
    .await;
    let page = reader
        .get("/credentials/shop/pull")
        .await
        .text()
        .await
        .expect("a page");
    assert!(
        page.contains("registry.invalid") && !page.contains("canary-word"),
        "{page}"
    );

    let mut other = Reader::new(port);
    other.sign_in(&viewer).await;
    let list = other.get("/credentials").await.text().await.expect("a page");
    assert!(
        list.contains("pull") && !list.contains("class=\"button main\""),
        "{list}"
    );
    let refused = other
        .post(
            "/credentials/add",
            &form.map(|(name, value)| (name, if value == "pull" { "second" } else { value })),
        )
        .await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let refused = other
        .post("/credentials/shop/pull/delete", &[("confirm", "pull")])
        .await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(credentials.get_opt("pull").await.expect("an answer").is_some());

    // A session ends with its owner's wish, and no other session with it.
    reader.post("/sign-out", &[]).await;
    assert_eq!(reader.get("/credentials").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(other.get("/credentials").await.status(), StatusCode::OK);
}
