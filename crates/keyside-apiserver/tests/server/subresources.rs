//! Below objects: scale, binding, eviction, and the commands that would need a running container.

use crate::rig::Rig;
use http::Method;
use keyside_apiserver::Body;
use serde_json::{Value, json};

const PODS: &str = "/api/v1/namespaces/default/pods";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

async fn with_pod() -> Rig {
    let rig = Rig::new().await;
    rig.post(
        "/api/v1/namespaces/default/serviceaccounts",
        &json!({"metadata": {"name": "default"}}),
    )
    .await;
    let pod = json!({
        "metadata": {"name": "p", "labels": {"app": "x"}},
        "spec": {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": false},
    });
    let answer = rig.post(PODS, &pod).await;
    assert_eq!(answer.code, 201, "{}", answer.text);
    rig
}

async fn bind(rig: &Rig, node: &str) -> crate::rig::Answer {
    let binding = json!({
        "kind": "Binding", "apiVersion": "v1", "metadata": {"name": "p"}, "target": {"kind": "Node", "name": node},
    });
    rig.post(&format!("{PODS}/p/binding"), &binding).await
}

#[tokio::test]
async fn a_scale_reads_and_writes_the_number_only() {
    let rig = Rig::new().await;
    let deployment = json!({
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        },
    });
    assert_eq!(rig.post(DEPLOYMENTS, &deployment).await.code, 201);
    let path = format!("{DEPLOYMENTS}/web/scale");
    let mut scale = rig.get(&path).await.json();
    assert_eq!(
        (&scale["kind"], &scale["spec"]["replicas"]),
        (&json!("Scale"), &json!(1))
    );
    assert_eq!(scale["status"]["selector"], "a=b");
    scale["spec"]["replicas"] = 4.into();
    assert_eq!(rig.put(&path, &scale).await.json()["spec"]["replicas"], 4);
    assert_eq!(
        rig.put(&path, &scale).await.code,
        409,
        "the version is the one before"
    );
    let patched = rig.patch("merge", &path, &json!({"spec": {"replicas": 2}})).await;
    assert_eq!(patched.json()["spec"]["replicas"], 2);
    assert_eq!(
        rig.get(&format!("{DEPLOYMENTS}/web")).await.json()["metadata"]["generation"],
        3
    );
    let wrong = rig
        .patch("merge", &path, &json!({"spec": {"replicas": -1}}))
        .await;
    assert!(
        wrong
            .error()
            .contains("spec.replicas: Invalid value: -1: must be greater than or equal to 0")
    );
    assert_eq!(rig.get(&format!("{PODS}/p/scale")).await.code, 404);
}

#[tokio::test]
async fn a_pod_is_bound_once() {
    let rig = with_pod().await;
    assert_eq!(bind(&rig, "node1").await.code, 201);
    let pod = rig.get(&format!("{PODS}/p")).await.json();
    assert_eq!(pod["spec"]["nodeName"], "node1");
    let conditions = pod["status"]["conditions"].as_array().unwrap();
    assert!(
        conditions
            .iter()
            .any(|one| one["type"] == "PodScheduled" && one["status"] == "True")
    );
    let again = bind(&rig, "node2").await;
    assert_eq!(again.code, 409);
    assert!(
        again
            .error()
            .contains("pod p is already assigned to node \"node1\""),
        "{}",
        again.text
    );
}

#[tokio::test]
async fn an_eviction_asks_the_budgets_first() {
    let rig = with_pod().await;
    bind(&rig, "node1").await;
    let running = json!({"status": {"phase": "Running"}});
    assert_eq!(
        rig.patch("merge", &format!("{PODS}/p/status"), &running)
            .await
            .code,
        200
    );
    let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    let budget = json!({"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}});
    assert_eq!(rig.post(budgets, &budget).await.code, 201);
    let eviction = json!({"kind": "Eviction", "apiVersion": "policy/v1", "metadata": {"name": "p"}});
    let path = format!("{PODS}/p/eviction");
    let refused = rig.post(&path, &eviction).await;
    assert_eq!(
        refused.error(),
        "429 Cannot evict pod as it would violate the pod's disruption budget."
    );
    assert_eq!(rig.delete(&format!("{budgets}/b"), &Value::Null).await.code, 200);
    assert_eq!(rig.post(&path, &eviction).await.code, 201);
    assert!(rig.get(&format!("{PODS}/p")).await.json()["metadata"]["deletionTimestamp"].is_string());
}

#[tokio::test]
async fn what_needs_a_container_is_refused_honestly() {
    let rig = with_pod().await;
    let unbound = rig.get(&format!("{PODS}/p/log")).await;
    assert_eq!(unbound.error(), "400 pod p does not have a host assigned");
    bind(&rig, "node1").await;
    for (what, word) in [
        ("log", "no logs"),
        ("exec", "nothing can be executed"),
        ("portforward", "no port"),
    ] {
        let answer = rig.get(&format!("{PODS}/p/{what}")).await;
        assert_eq!(answer.code, 501);
        assert!(
            answer.error().contains("does not run containers") && answer.error().contains(word),
            "{}",
            answer.text
        );
    }
    assert_eq!(
        rig.get(&format!("{PODS}/nobody/log")).await.error(),
        "404 pods \"nobody\" not found"
    );
    assert_eq!(
        rig.call(Method::PUT, &format!("{PODS}/p/log"), &[], Body::empty())
            .await
            .code,
        405
    );
    assert_eq!(rig.get(&format!("{PODS}/p/nothing")).await.code, 404);
}
