use super::super::{AdmissionRequest, Operation};
use super::Webhooks;
use crate::auth::UserInfo;
use crate::server::Body;
use crate::services::Services;
use crate::store::{Key, Store, Transaction};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Request, Response};
use http_body_util::BodyExt;
use keyside_apimachinery::kinds;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use tower::service_fn;
use tower::util::BoxCloneSyncService;

type Seen = Arc<Mutex<Vec<Value>>>;

/// A server with webhooks that answer as `reply` says; what they were asked is kept.
struct World {
    store: Store,
    webhooks: Webhooks,
    services: Arc<Services>,
}

impl World {
    async fn new() -> Self {
        let store = Store::memory();
        let services = Arc::new(Services::default());
        let webhooks = Webhooks::new(store.clone(), Arc::clone(&services));
        let world = Self {
            store,
            webhooks,
            services,
        };
        world
            .put(
                "",
                "namespaces",
                json!({"metadata": {"name": "team", "labels": {"env": "prod"}}}),
            )
            .await;
        world
    }

    async fn put(&self, group: &str, resource: &str, object: Value) {
        let key = Key::new(group, resource, "", object["metadata"]["name"].as_str().unwrap());
        self.store
            .commit(Transaction::create(key, &object))
            .await
            .unwrap();
    }

    async fn configure(&self, resource: &str, name: &str, webhook: Value) {
        let mut full = json!({
            "name": format!("{name}.example.com"), "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {"service": {"namespace": "sys", "name": name, "path": "/hook"}},
            "rules": [{"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}],
        });
        full.as_object_mut()
            .unwrap()
            .extend(webhook.as_object().unwrap().clone());
        let object = json!({"metadata": {"name": name}, "webhooks": [full]});
        self.put("admissionregistration.k8s.io", resource, object).await;
    }

    fn serve(&self, name: &str, reply: impl Fn(&Value) -> Value + Clone + Send + Sync + 'static) -> Seen {
        let seen = Seen::default();
        let kept = Arc::clone(&seen);
        let service = service_fn(move |request: Request<Body>| {
            let (reply, kept) = (reply.clone(), Arc::clone(&kept));
            async move {
                let bytes = request.into_body().collect().await.unwrap().to_bytes();
                let review: Value = serde_json::from_slice(&bytes).unwrap();
                let mut response = reply(&review["request"]);
                response["uid"] = review["request"]["uid"].clone();
                kept.lock().unwrap().push(review["request"].clone());
                let body = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response});
                Ok::<_, Infallible>(Response::new(Body::from(body.to_string())))
            }
        });
        self.services
            .register("sys", name, BoxCloneSyncService::new(service));
        seen
    }

    async fn mutate(&self, request: &AdmissionRequest, object: &mut Value) -> Result<Vec<String>, String> {
        let mut warnings = Vec::new();
        let round = self
            .webhooks
            .mutate(request, object, None, &mut warnings)
            .await
            .map_err(|s| s.message)?;
        if round.changed {
            self.webhooks
                .mutate_again(request, object, None, &round, &mut warnings)
                .await
                .map_err(|s| s.message)?;
        }
        Ok(warnings)
    }
}

fn request() -> AdmissionRequest {
    let resources = kinds::builtin_resources();
    AdmissionRequest {
        user: UserInfo::admin("tests"),
        operation: Operation::Create,
        resource: Arc::new(
            resources
                .into_iter()
                .find(|resource| resource.plural == "configmaps")
                .unwrap(),
        ),
        subresource: String::new(),
        namespace: "team".into(),
        name: "x".into(),
        options: json!({"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}),
        dry_run: false,
    }
}

fn object() -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "team"}, "data": {"a": "1"}})
}

fn adds(key: &str) -> impl Fn(&Value) -> Value + Clone + use<> {
    let patch = json!([{"op": "add", "path": format!("/data/{key}"), "value": "added"}]);
    let patch = STANDARD.encode(patch.to_string());
    move |_: &Value| json!({"allowed": true, "patchType": "JSONPatch", "patch": patch, "warnings": ["mind"]})
}

const MUTATING: &str = "mutatingwebhookconfigurations";
const VALIDATING: &str = "validatingwebhookconfigurations";

#[tokio::test]
async fn webhooks_change_the_object_in_the_order_of_their_names() {
    let world = World::new().await;
    world.configure(MUTATING, "b", json!({})).await;
    world
        .configure(MUTATING, "a", json!({"reinvocationPolicy": "IfNeeded"}))
        .await;
    let (a, b) = (world.serve("a", adds("one")), world.serve("b", adds("two")));
    let mut object = object();
    assert_eq!(world.mutate(&request(), &mut object).await.unwrap()[0], "mind");
    assert_eq!(object["data"], json!({"a": "1", "one": "added", "two": "added"}));
    assert_eq!(
        b.lock().unwrap()[0]["object"]["data"]["one"],
        "added",
        "b sees what a did"
    );
    assert_eq!(
        (a.lock().unwrap().len(), b.lock().unwrap().len()),
        (2, 1),
        "a asked to see what b did"
    );
    let asked = a.lock().unwrap()[0].clone();
    assert_eq!(
        (asked["operation"].as_str(), asked["name"].as_str()),
        (Some("CREATE"), Some("x"))
    );
    assert_eq!(
        asked["kind"],
        json!({"group": "", "version": "v1", "kind": "ConfigMap"})
    );
    assert_eq!(asked["userInfo"]["username"], "tests");
    assert_eq!(asked["oldObject"], Value::Null);
}

#[tokio::test]
async fn a_refusal_is_told_in_its_own_words() {
    let world = World::new().await;
    world.configure(VALIDATING, "a", json!({})).await;
    let refuse = |status: Value| {
        world.serve("a", move |_| json!({"allowed": false, "status": status}));
    };
    refuse(json!({"message": "no", "code": 403, "reason": "Forbidden"}));
    let status = world
        .webhooks
        .validate(&request(), &object(), None)
        .await
        .unwrap_err();
    assert_eq!(
        status.message,
        r#"admission webhook "a.example.com" denied the request: no"#
    );
    assert_eq!((status.code, status.reason), (403, "Forbidden"));
    refuse(json!({}));
    let status = world
        .webhooks
        .validate(&request(), &object(), None)
        .await
        .unwrap_err();
    assert_eq!(
        status.message,
        r#"admission webhook "a.example.com" denied the request without explanation"#
    );
    assert_eq!(status.code, 400);
}

#[tokio::test]
async fn a_webhook_that_cannot_be_asked_counts_by_its_policy() {
    let world = World::new().await;
    world
        .configure(VALIDATING, "gone", json!({"failurePolicy": "Ignore"}))
        .await;
    assert!(world.webhooks.validate(&request(), &object(), None).await.is_ok());
    world
        .configure(VALIDATING, "lost", json!({"failurePolicy": "Fail"}))
        .await;
    let status = world
        .webhooks
        .validate(&request(), &object(), None)
        .await
        .unwrap_err();
    let text = r#"Internal error occurred: failed calling webhook "lost.example.com": failed to call webhook: service "lost" not found"#;
    assert_eq!((status.code, status.message.as_str()), (500, text));
}

#[tokio::test]
async fn a_slow_webhook_is_not_waited_for() {
    let world = World::new().await;
    world
        .configure(VALIDATING, "slow", json!({"timeoutSeconds": 1}))
        .await;
    let service = service_fn(|_: Request<Body>| async {
        std::future::pending::<()>().await;
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    world
        .services
        .register("sys", "slow", BoxCloneSyncService::new(service));
    let status = world
        .webhooks
        .validate(&request(), &object(), None)
        .await
        .unwrap_err();
    let address = "https://slow.sys.svc:443/hook?timeout=1s";
    assert!(
        status
            .message
            .ends_with(&format!("Post {address:?}: context deadline exceeded")),
        "{}",
        status.message
    );
}

#[tokio::test]
async fn only_what_rules_and_selectors_choose_is_asked_about() {
    let world = World::new().await;
    let seen = world.serve("a", |_| json!({"allowed": true}));
    let rules = json!([{"operations": ["UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}]);
    for (i, webhook) in [
        json!({ "rules": rules }),
        json!({"namespaceSelector": {"matchLabels": {"env": "test"}}}),
        json!({"objectSelector": {"matchLabels": {"app": "x"}}}),
        json!({"matchConditions": [{"name": "never", "expression": "object.metadata.name == 'other'"}]}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut webhook = webhook;
        webhook["clientConfig"] = json!({"service": {"namespace": "sys", "name": "a"}});
        world.configure(VALIDATING, &format!("w{i}"), webhook).await;
    }
    world
        .webhooks
        .validate(&request(), &object(), None)
        .await
        .unwrap();
    assert_eq!(seen.lock().unwrap().len(), 0);
    let client = json!({"service": {"namespace": "sys", "name": "a"}});
    let chosen = json!({"clientConfig": client, "namespaceSelector": {"matchLabels": {"env": "prod"}},
                        "matchConditions": [{"name": "always", "expression": "request.operation == 'CREATE'"}]});
    world.configure(VALIDATING, "w9", chosen).await;
    world
        .webhooks
        .validate(&request(), &object(), None)
        .await
        .unwrap();
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_dry_run_needs_a_webhook_without_side_effects() {
    let world = World::new().await;
    world
        .configure(VALIDATING, "a", json!({"sideEffects": "Some"}))
        .await;
    world.serve("a", |_| json!({"allowed": true}));
    let dry = AdmissionRequest {
        dry_run: true,
        ..request()
    };
    let status = world.webhooks.validate(&dry, &object(), None).await.unwrap_err();
    assert_eq!(
        (status.code, status.message.as_str()),
        (
            400,
            r#"admission webhook "a.example.com" does not support dry run"#
        )
    );
    assert!(world.webhooks.validate(&request(), &object(), None).await.is_ok());
}
