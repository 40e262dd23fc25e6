//! What a client learns about the server before it asks for anything.

use crate::rig::{Answer, Rig};
use http::Method;
use keyside_apiserver::Body;
use serde_json::{Value, json};

fn find<'a>(list: &'a Value, field: &str, name: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|one| one[field] == name);
    found.unwrap_or_else(|| panic!("{name} is missing"))
}

#[tokio::test]
async fn groups_versions_and_resources_are_listed() {
    let rig = Rig::new().await;
    assert_eq!(rig.get("/api").await.json()["versions"], json!(["v1"]));
    let groups = rig.get("/apis").await.json();
    let apps = find(&groups["groups"], "name", "apps");
    assert_eq!(
        apps["preferredVersion"],
        json!({"groupVersion": "apps/v1", "version": "v1"})
    );
    assert_eq!(rig.get("/apis/apps").await.json()["kind"], "APIGroup");
    let core = rig.get("/api/v1").await.json();
    let pods = find(&core["resources"], "name", "pods");
    assert_eq!(
        (&pods["kind"], &pods["namespaced"], &pods["shortNames"]),
        (&json!("Pod"), &json!(true), &json!(["po"]))
    );
    let binding = find(&core["resources"], "name", "pods/eviction");
    assert_eq!(
        (&binding["group"], &binding["version"]),
        (&json!("policy"), &json!("v1"))
    );
    assert_eq!(
        find(&core["resources"], "name", "namespaces")["verbs"]
            .as_array()
            .unwrap()
            .len(),
        7
    );
    for path in ["/apis/nothing", "/nothing"] {
        let answer = rig.get(path).await;
        assert_eq!(
            (answer.code.as_u16(), answer.text.as_str()),
            (404, "404 page not found\n"),
            "{path}"
        );
    }
    for path in ["/apis/apps/v9", "/api/v2"] {
        assert_eq!(
            rig.get(path).await.error(),
            "404 the server could not find the requested resource",
            "{path}"
        );
    }
}

#[tokio::test]
async fn newer_clients_get_everything_at_once_and_only_when_it_changed() {
    let rig = Rig::new().await;
    let get = async |path: &str, accept: &str, more: &[&str]| -> Answer {
        let accept = format!("accept: {accept}");
        let headers: Vec<&str> = std::iter::once(accept.as_str())
            .chain(more.iter().copied())
            .collect();
        rig.call(Method::GET, path, &headers, Body::empty()).await
    };
    let v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let answer = get("/apis", v2, &[]).await;
    assert_eq!(
        answer.headers["content-type"],
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    );
    let document = answer.json();
    assert_eq!(document["apiVersion"], "apidiscovery.k8s.io/v2");
    let apps = document["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|group| group["metadata"]["name"] == "apps")
        .unwrap();
    let deployments = find(&apps["versions"][0]["resources"], "resource", "deployments");
    assert_eq!(
        deployments["responseKind"],
        json!({"group": "apps", "version": "v1", "kind": "Deployment"})
    );
    assert_eq!(
        find(&deployments["subresources"], "subresource", "scale")["responseKind"]["group"],
        "autoscaling"
    );
    let tag = format!("if-none-match: {}", answer.headers["etag"].to_str().unwrap());
    let again = get("/apis", v2, &[&tag]).await;
    assert_eq!((again.code.as_u16(), again.text.as_str()), (304, ""));
    let beta = get(
        "/api",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        &[],
    )
    .await;
    assert_eq!(beta.json()["apiVersion"], "apidiscovery.k8s.io/v2beta1");
    assert_eq!(
        get("/apis", "application/json", &[]).await.json()["kind"],
        "APIGroupList"
    );
}

#[tokio::test]
async fn a_new_definition_appears_everywhere_and_vanishes_again() {
    let rig = Rig::new().await;
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let before = rig.get("/openapi/v3").await.json();
    let definition = json!({
        "metadata": {"name": "foos.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": "foos", "kind": "Foo", "singular": "foo"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}}}],
        },
    });
    let mut watch = rig.watch(&format!("{definitions}?watch=1"), &[]).await;
    assert_eq!(rig.post(definitions, &definition).await.code, 201);
    loop {
        let event = watch.next().await.unwrap();
        let conditions = event["object"]["status"]["conditions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if conditions
            .iter()
            .any(|one| one["type"] == "Established" && one["status"] == "True")
        {
            break;
        }
    }
    assert_eq!(
        rig.get("/apis/example.com/v1").await.json()["resources"][0]["name"],
        "foos"
    );
    assert!(before["paths"].get("apis/example.com/v1").is_none());
    assert!(rig.get("/openapi/v3").await.json()["paths"]["apis/example.com/v1"].is_object());
    let foos = "/apis/example.com/v1/namespaces/default/foos";
    assert_eq!(
        rig.post(foos, &json!({"metadata": {"name": "f"}})).await.code,
        201
    );
    let patch = rig
        .patch("strategic-merge", &format!("{foos}/f"), &json!({"spec": {}}))
        .await;
    assert_eq!(patch.code, 415, "custom kinds have no strategic merge");
    let update = json!({"metadata": {"name": "f"}});
    assert!(
        rig.put(&format!("{foos}/f"), &update)
            .await
            .error()
            .contains("must be specified for an update")
    );
    rig.delete(&format!("{definitions}/foos.example.com"), &Value::Null)
        .await;
    while watch.next().await.unwrap()["type"] != "DELETED" {}
    for _ in 0..100 {
        if rig.get("/apis/example.com/v1").await.code == 404 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the resource is still served");
}

#[tokio::test]
async fn published_schemas_are_named_by_their_content() {
    let rig = Rig::new().await;
    let index = rig.get("/openapi/v3").await.json();
    let url = index["paths"]["apis/apps/v1"]["serverRelativeURL"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, hash) = url.split_once("?hash=").unwrap();
    let answer = rig.get(&url).await;
    assert_eq!(answer.headers["etag"], format!("\"{hash}\"").as_str());
    assert!(
        answer.headers["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    assert!(answer.headers["expires"].to_str().unwrap().ends_with("GMT"));
    assert_eq!(answer.json()["openapi"], "3.0.0");
    assert_eq!(rig.get("/openapi/v3/apis/nothing/v1").await.code, 404);
    let binary = "accept: application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    let response = rig
        .open(Method::GET, "/openapi/v2", &[binary], Body::empty())
        .await;
    assert_eq!(
        response.headers()["content-type"],
        "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    );
    assert_eq!(rig.get("/openapi/v2").await.json()["swagger"], "2.0");
}

#[tokio::test]
async fn health_and_version_are_told() {
    let rig = Rig::new().await;
    assert_eq!(rig.get("/version").await.json()["gitVersion"], "v1.37.2+keyside");
    for path in ["/healthz", "/livez", "/readyz"] {
        assert_eq!(rig.get(path).await.text, "ok");
        assert!(
            rig.get(&format!("{path}?verbose"))
                .await
                .text
                .contains("[+]store ok")
        );
    }
    let paths = rig.get("/").await.json();
    assert!(
        paths["paths"]
            .as_array()
            .unwrap()
            .contains(&json!("/apis/apps/v1"))
    );
    rig.server.stop().await;
    assert_eq!(rig.get("/readyz").await.code, 500);
}

#[tokio::test]
async fn methods_that_make_no_sense_are_refused() {
    let rig = Rig::new().await;
    let sentence = "405 the server does not allow this method on the requested resource";
    let check = async |method: Method, path: &str| {
        assert_eq!(
            rig.call(method, path, &[], Body::empty()).await.error(),
            sentence,
            "{path}"
        );
    };
    check(Method::DELETE, "/apis").await;
    check(Method::POST, "/api/v1/namespaces/default/configmaps/a").await;
    check(Method::DELETE, "/api/v1/namespaces").await;
    check(Method::POST, "/api/v1/configmaps").await;
    check(Method::GET, "/apis/authentication.k8s.io/v1/tokenreviews").await;
}
