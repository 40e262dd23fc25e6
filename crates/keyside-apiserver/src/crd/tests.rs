use crate::{ApiServer, Body, UserInfo};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

async fn call(server: &ApiServer, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json");
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    let Ok(response) = server
        .in_process(UserInfo::admin("tests"))
        .oneshot(request.body(body).unwrap())
        .await;
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

fn definition(plural: &str, kind: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.example.com")},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": plural, "kind": kind}, "versions": [{
            "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "spec": {"type": "object", "properties": {
                    "size": {"type": "integer", "minimum": 1, "default": 3}}},
                "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            }}},
        }]},
    })
}

/// Waits, without asking again and again, until a definition is established.
async fn established(server: &ApiServer, name: &str) -> Value {
    let range = crate::store::Range::new(super::GROUP, super::PLURAL, None);
    let mut follow = server.store().follow(range, server.store().revision()).unwrap();
    loop {
        let (_, object) = call(server, "GET", &format!("{DEFINITIONS}/{name}"), Value::Null).await;
        if keyside_apimachinery::crd::accept::is_true(&object, "Established") {
            return object;
        }
        tokio::time::timeout(std::time::Duration::from_secs(5), follow.changed())
            .await
            .unwrap();
        follow.ready().unwrap();
    }
}

#[tokio::test]
async fn a_definition_brings_a_resource_with_its_rules() {
    let server = ApiServer::builder().build().await.unwrap();
    let (status, created) = call(&server, "POST", DEFINITIONS, definition("foos", "Foo")).await;
    assert_eq!(status, 201, "{created}");
    let object = established(&server, "foos.example.com").await;
    assert_eq!(object["status"]["acceptedNames"]["singular"], "foo");
    let foos = "/apis/example.com/v1/namespaces/default/foos";
    let foo = |spec: Value| json!({"apiVersion": "example.com/v1", "kind": "Foo", "metadata": {"name": "a"}, "spec": spec, "status": {"n": 1}});
    let (status, refused) = call(&server, "POST", foos, foo(json!({"size": 0}))).await;
    assert_eq!(status, 422);
    let text = "Foo.example.com \"a\" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1";
    assert_eq!(refused["message"], text);
    let (status, stored) = call(&server, "POST", foos, foo(json!({"other": 1}))).await;
    assert_eq!(status, 201, "{stored}");
    assert_eq!(stored["spec"], json!({"size": 3}));
    assert_eq!(stored.get("status"), None);
    assert_eq!(stored["metadata"]["generation"], 1);
    let path = format!("{foos}/a/status");
    let patch = json!({"status": {"n": 2}});
    let request = Request::builder()
        .method("PATCH")
        .uri(&path)
        .header("content-type", "application/merge-patch+json");
    let request = request.body(Body::from(patch.to_string())).unwrap();
    let Ok(response) = server.in_process(UserInfo::admin("tests")).oneshot(request).await;
    assert_eq!(response.status(), 200);
    let (_, now) = call(&server, "GET", &format!("{foos}/a"), Value::Null).await;
    assert_eq!(
        (&now["status"]["n"], &now["metadata"]["generation"]),
        (&json!(2), &json!(1))
    );
}

#[tokio::test]
async fn a_deleted_definition_takes_its_objects_along() {
    let server = ApiServer::builder().build().await.unwrap();
    call(&server, "POST", DEFINITIONS, definition("foos", "Foo")).await;
    established(&server, "foos.example.com").await;
    let foos = "/apis/example.com/v1/namespaces/default/foos";
    for (name, finalizers) in [("a", json!([])), ("b", json!(["example.com/hold"]))] {
        let metadata = json!({"name": name, "finalizers": finalizers});
        let foo = json!({"apiVersion": "example.com/v1", "kind": "Foo", "metadata": metadata});
        assert_eq!(call(&server, "POST", foos, foo).await.0, 201);
    }
    let name = format!("{DEFINITIONS}/foos.example.com");
    let (status, going) = call(&server, "DELETE", &name, Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(
        going["metadata"]["finalizers"],
        json!(["customresourcecleanup.apiextensions.k8s.io"])
    );
    let objects = crate::store::Range::new("example.com", "foos", None);
    wait_until(&server, || server.store().count(&objects, "") == 1).await;
    let (_, held) = call(&server, "GET", &format!("{foos}/b"), Value::Null).await;
    assert!(held["metadata"]["deletionTimestamp"].is_string());
    let request = Request::builder()
        .method("PATCH")
        .uri(format!("{foos}/b"))
        .header("content-type", "application/merge-patch+json");
    let request = request
        .body(Body::from(json!({"metadata": {"finalizers": null}}).to_string()))
        .unwrap();
    let Ok(response) = server.in_process(UserInfo::admin("tests")).oneshot(request).await;
    assert_eq!(response.status(), 200);
    let definitions = crate::store::Range::new(super::GROUP, super::PLURAL, None);
    wait_until(&server, || server.store().count(&definitions, "") == 0).await;
    wait_until(&server, || {
        server.core().catalog.find("example.com", "v1", "foos").is_none()
    })
    .await;
}

async fn wait_until(server: &ApiServer, done: impl Fn() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nothing happened by revision {}", server.store().revision());
}

#[tokio::test]
async fn a_name_that_is_taken_waits_until_it_is_free() {
    let server = ApiServer::builder().build().await.unwrap();
    let short = |plural: &str, kind: &str| {
        let mut definition = definition(plural, kind);
        definition["spec"]["names"]["shortNames"] = json!(["f"]);
        definition
    };
    call(&server, "POST", DEFINITIONS, short("foos", "Foo")).await;
    established(&server, "foos.example.com").await;
    call(&server, "POST", DEFINITIONS, short("fees", "Fee")).await;
    let path = format!("{DEFINITIONS}/fees.example.com");
    let refused = || async {
        let (_, object) = call(&server, "GET", &path, Value::Null).await;
        object["status"]["conditions"]
            .as_array()
            .is_some_and(|c| c.iter().any(|c| c["reason"] == "ShortNamesConflict"))
    };
    for _ in 0..500 {
        if refused().await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(refused().await);
    call(
        &server,
        "DELETE",
        &format!("{DEFINITIONS}/foos.example.com"),
        Value::Null,
    )
    .await;
    established(&server, "fees.example.com").await;
}

#[tokio::test]
async fn what_was_defined_is_served_after_a_restart() {
    let server = ApiServer::builder().build().await.unwrap();
    call(&server, "POST", DEFINITIONS, definition("foos", "Foo")).await;
    established(&server, "foos.example.com").await;
    let again = ApiServer::builder()
        .store(server.store().clone())
        .build()
        .await
        .unwrap();
    let (status, list) = call(&again, "GET", "/apis/example.com/v1/foos", Value::Null).await;
    assert_eq!((status, list["kind"].as_str()), (StatusCode::OK, Some("FooList")));
}
