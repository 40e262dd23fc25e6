//! Pods that wait in vain are replaced, if that is asked for: whom it helps, within the budget, and never against a disruption budget.

use crate::bed::Bed;
use crate::registry::{Peer, USER};
use http::Method;
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use keyside_server::{Restarts, Verification, rbac};
use kube::ResourceExt as _;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const ROUND: Duration = Duration::from_millis(500);

/// A cluster in which one pod a round is replaced. Nodes and the controller of budgets are played by the tests, so it is the
/// embedded one; on a real cluster they would contradict.
async fn world() -> Option<Bed> {
    if std::env::var_os("KEYSIDE_KUBECONFIG").is_some() {
        return None;
    }
    let mut bed = Bed::empty().await;
    let options = rbac::Options {
        restart_stuck: true,
        ..rbac::Options::default()
    };
    rbac::install_rbac(&bed.client, &options).await.unwrap();
    bed.run(|config| {
        config.restart_stuck = Some(Restarts {
            most: 1,
            every: ROUND,
        });
        config.verification = Some(Verification {
            loopback: true,
            ..Verification::default()
        });
    })
    .await;
    bed.namespace("lab").await;
    Some(bed)
}

/// A pod of a controller that waits for its image, and what its node says of it.
async fn failing(bed: &Bed, name: &str, image: &str, pull_secret: Option<&str>) {
    let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "0-1", "controller": true});
    let mut pod = json!({
        "metadata": {"name": name, "labels": {"app": name}, "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "c", "image": image}]},
    });
    if let Some(secret) = pull_secret {
        pod["spec"]["imagePullSecrets"] = json!([{"name": secret}]);
    }
    let pod = bed.pod_like("lab", pod).await.unwrap();
    state(bed, name, json!({"waiting": {"reason": "ImagePullBackOff"}})).await;
    let minute_ago = k8s_openapi::jiff::Timestamp::now() - k8s_openapi::jiff::SignedDuration::from_mins(1);
    let event = json!({
        "metadata": {"name": format!("{name}.1"), "namespace": "lab"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": name, "namespace": "lab", "uid": pod.uid()},
        "type": "Warning", "reason": "Failed", "source": {"component": "kubelet"},
        "lastTimestamp": minute_ago.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "message": format!("Failed to pull image \"{image}\": failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized"),
    });
    bed.try_create::<Event>(Api::namespaced(bed.client.clone(), "lab"), event)
        .await
        .unwrap();
    let diagnosed = format!("{name}.");
    bed.eventually(&format!("{name} is diagnosed"), async || {
        let events: Api<Event> = Api::namespaced(bed.client.clone(), "lab");
        let all = events.list(&kube::api::ListParams::default()).await.unwrap();
        let ours = |event: &Event| event.reason.as_deref() == Some("PullDiagnosed");
        all.iter()
            .any(|event| ours(event) && event.name_any().starts_with(&diagnosed))
            .then_some(())
    })
    .await;
}

/// What the node says of the pod's container.
async fn state(bed: &Bed, name: &str, state: Value) {
    let status = json!({"status": {"phase": "Running", "containerStatuses": [
        {"name": "c", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state},
    ]}});
    let pods: Api<Pod> = Api::namespaced(bed.client.clone(), "lab");
    pods.patch_status(name, &PatchParams::default(), &Patch::Merge(status))
        .await
        .unwrap();
}

async fn pods(bed: &Bed) -> Vec<String> {
    let pods: Api<Pod> = Api::namespaced(bed.client.clone(), "lab");
    let list = pods.list(&kube::api::ListParams::default()).await.unwrap();
    list.iter().map(kube::ResourceExt::name_any).collect()
}

async fn until_only(bed: &Bed, names: &[&str]) {
    bed.eventually(&format!("only {names:?} are left"), async || {
        (pods(bed).await == names).then_some(())
    })
    .await;
}

/// How often this was called.
fn calls(bed: &Bed, method: &Method, path: &str) -> usize {
    let calls = bed.calls();
    let same = calls
        .iter()
        .filter(|call| call.method == *method && call.path.ends_with(path));
    same.count()
}

#[tokio::test]
async fn pods_made_without_their_credential_are_replaced_one_a_round_and_what_has_healed_is_left() {
    own_keyside!();
    let Some(bed) = world().await else { return };
    for name in ["a", "b", "c", "healed"] {
        failing(&bed, name, "reg.test/team/app:1", None).await;
    }
    state(&bed, "healed", json!({"running": {}})).await;
    // Nothing would be better with a new pod yet.
    assert_eq!(pods(&bed).await, ["a", "b", "c", "healed"]);
    let began = Instant::now();
    bed.credential("lab", "own", "Namespace", &[("reg.test", "robot:word")])
        .await;
    until_only(&bed, &["healed"]).await;
    // Three rounds have two pauses between them.
    assert!(began.elapsed() >= 2 * ROUND, "{:?}", began.elapsed());
    bed.eventually("the healed one has been looked at", async || {
        (calls(&bed, &Method::GET, "/pods/healed") >= 2).then_some(())
    })
    .await;
    assert_eq!(calls(&bed, &Method::POST, "/pods/healed/eviction"), 0);
}

#[tokio::test]
async fn disruption_budget_that_forbids_is_obeyed_until_it_allows_and_keeps_nobody_else_waiting() {
    own_keyside!();
    let Some(bed) = world().await else { return };
    let budget = json!({
        "metadata": {"name": "keep"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "kept"}}},
    });
    let budgets: Api<PodDisruptionBudget> = Api::namespaced(bed.client.clone(), "lab");
    bed.try_create(budgets.clone(), budget).await.unwrap();
    failing(&bed, "kept", "reg.test/team/app:1", None).await;
    failing(&bed, "other", "reg.test/team/app:1", None).await;
    bed.credential("lab", "own", "Namespace", &[("reg.test", "robot:word")])
        .await;
    until_only(&bed, &["kept"]).await;
    bed.eventually("the budget has been asked more than once", async || {
        (calls(&bed, &Method::POST, "/pods/kept/eviction") > 1).then_some(())
    })
    .await;
    assert_eq!(pods(&bed).await, ["kept"]);
    let allow = json!({"status": {"disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1, "expectedPods": 2}});
    budgets
        .patch_status("keep", &PatchParams::default(), &Patch::Merge(allow))
        .await
        .unwrap();
    until_only(&bed, &[]).await;
}

#[tokio::test]
async fn pod_whose_credential_is_accepted_again_is_replaced_before_the_node_tries_again() {
    own_keyside!();
    let Some(bed) = world().await else { return };
    let peer = Peer::start("right").await;
    let image = format!("{}/team/app:1", peer.host);
    bed.credential(
        "lab",
        "own",
        "Namespace",
        &[(&peer.host, &format!("{USER}:wrong"))],
    )
    .await;
    bed.until_condition("lab", "own", "Verified", "False/BadCredentials")
        .await;
    failing(&bed, "p", &image, Some("own")).await;
    assert_eq!(pods(&bed).await, ["p"]);
    bed.set_content("lab", "own", &[(&peer.host, &format!("{USER}:right"))])
        .await;
    until_only(&bed, &[]).await;
    bed.until_condition("lab", "own", "Verified", "True/PullAllowed")
        .await;
}
