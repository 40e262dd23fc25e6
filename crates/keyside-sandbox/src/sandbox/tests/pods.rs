//! What becomes of single pods.

use super::world::*;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Event, Node, Pod};
use kube::api::DeleteParams;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

fn pod(name: &str, spec: Value) -> Value {
    let mut whole = json!({ "containers": [{ "name": "a", "image": "reg.test/public/app:1" }] });
    whole
        .as_object_mut()
        .unwrap()
        .extend(spec.as_object().unwrap().clone());
    json!({ "metadata": { "name": name }, "spec": whole })
}

fn private(secrets: &[&str]) -> Value {
    let listed: Vec<_> = secrets.iter().map(|name| json!({ "name": name })).collect();
    json!({ "containers": [{ "name": "a", "image": "reg.test/private/app:1" }], "imagePullSecrets": listed })
}

fn waiting(pod: &Pod) -> Option<(String, String)> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let waiting = statuses[0].state.as_ref()?.waiting.as_ref()?;
    Some((
        waiting.reason.clone()?,
        waiting.message.clone().unwrap_or_default(),
    ))
}

pub(super) async fn a_pod_pulls_with_the_secret_it_lists(client: Client) {
    namespace(&client, "shop").await;
    pull_secret(&client, "shop", "cred", "right").await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    create(&pods, pod("app", private(&["cred"]))).await;
    let running = until_one(&pods, "app", "running", |pod| phase(pod) == "Running").await;
    assert_eq!(running.annotations()["sandbox.keyside.dev/containers"], "not run");
    let status = running.status.unwrap();
    assert_eq!(status.host_ip.as_deref(), Some("127.0.0.1"));
    assert!(status.pod_ip.unwrap().starts_with("198.18."));
    let container = &status.container_statuses.unwrap()[0];
    assert_eq!(container.image_id, "reg.test/private/app:1@sha256:0");
    assert!(
        container.ready
            && container
                .container_id
                .as_ref()
                .unwrap()
                .starts_with("keyside-not-run://")
    );
    assert_eq!(
        events(&client, "shop", "app", 5).await,
        [
            "Normal Scheduled: Successfully assigned shop/app to node",
            "Normal Pulling spec.containers{a}: Pulling image \"reg.test/private/app:1\"",
            "Normal Pulled spec.containers{a}: Successfully pulled image \"reg.test/private/app:1\"",
            "Normal Created spec.containers{a}: Container created",
            "Normal Started spec.containers{a}: Container started",
        ]
    );
    let all: Api<Event> = Api::namespaced(client, "shop");
    let all = all.list(&Default::default()).await.unwrap().items;
    let pulled = all
        .iter()
        .find(|event| event.reason.as_deref() == Some("Pulled"))
        .unwrap();
    let source = pulled.source.clone().unwrap();
    assert_eq!(
        (source.component.as_deref(), source.host.as_deref()),
        (Some("kubelet"), Some("node"))
    );
}

pub(super) async fn a_pod_without_secret_says_why_it_waits(client: Client) {
    namespace(&client, "shop").await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    create(&pods, pod("app", private(&[]))).await;
    let failed = until_one(&pods, "app", "ErrImagePull", |pod| {
        waiting(pod).is_some_and(|(reason, _)| reason == "ErrImagePull")
    })
    .await;
    assert_eq!(phase(&failed), "Pending");
    assert_eq!(
        waiting(&failed).unwrap().1,
        "failed to pull and unpack image \"reg.test/private/app:1\": denied"
    );
    assert_eq!(
        events(&client, "shop", "app", 4).await[1..],
        [
            "Normal Pulling spec.containers{a}: Pulling image \"reg.test/private/app:1\"",
            "Warning Failed spec.containers{a}: Failed to pull image \"reg.test/private/app:1\": failed to pull and unpack image \"reg.test/private/app:1\": denied",
            "Warning Failed spec.containers{a}: Error: ErrImagePull",
        ]
    );
    // A change of the pod is a reason to look again at once, and the back-off holds.
    merge(&pods, "app", json!({ "spec": { "activeDeadlineSeconds": 1000 } })).await;
    let held = until_one(&pods, "app", "ImagePullBackOff", |pod| {
        waiting(pod).is_some_and(|(reason, _)| reason == "ImagePullBackOff")
    })
    .await;
    assert_eq!(
        waiting(&held).unwrap().1,
        "Back-off pulling image \"reg.test/private/app:1\": ErrImagePull: failed to pull and unpack image \"reg.test/private/app:1\": denied"
    );
    // Another image starts afresh.
    merge(
        &pods,
        "app",
        json!({ "spec": { "containers": [{ "name": "a", "image": "reg.test/public/app:1" }] } }),
    )
    .await;
    until_one(&pods, "app", "running", |pod| phase(pod) == "Running").await;
}

pub(super) async fn a_secret_that_is_missing_is_told_after_a_failed_pull(client: Client) {
    namespace(&client, "shop").await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    create(&pods, pod("app", private(&["gone", "", "lost"]))).await;
    let told = events(&client, "shop", "app", 5).await;
    assert_eq!(
        told[4],
        "Warning FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (gone, lost); attempting to pull the image may not succeed."
    );
    create(
        &pods,
        pod("fine", json!({ "imagePullSecrets": [{ "name": "gone" }] })),
    )
    .await;
    until_one(&pods, "fine", "running", |pod| phase(pod) == "Running").await;
    assert!(
        events(&client, "shop", "fine", 5)
            .await
            .iter()
            .all(|event| !event.contains("Retrieve"))
    );
}

pub(super) async fn init_containers_and_sidecars_start_in_order(client: Client) {
    namespace(&client, "shop").await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    let init = json!([
        { "name": "first", "image": "reg.test/public/init:1" },
        { "name": "beside", "image": "reg.test/public/beside:1", "restartPolicy": "Always" },
    ]);
    create(&pods, pod("app", json!({ "initContainers": init }))).await;
    let running = until_one(&pods, "app", "running", |pod| phase(pod) == "Running").await;
    let init = running.status.unwrap().init_container_statuses.unwrap();
    let ended = init[0].state.clone().unwrap().terminated.unwrap();
    assert_eq!((ended.reason.as_deref(), ended.exit_code), (Some("Completed"), 0));
    assert!(init[1].state.clone().unwrap().running.is_some());
    let pulled: Vec<_> = events(&client, "shop", "app", 13)
        .await
        .into_iter()
        .filter(|event| event.contains("Pulling"))
        .collect();
    assert!(
        pulled[0].contains("initContainers{first}")
            && pulled[1].contains("initContainers{beside}")
            && pulled[2].contains("containers{a}")
    );
    let blocked = json!({ "initContainers": [{ "name": "first", "image": "reg.test/private/init:1" }] });
    create(&pods, pod("blocked", blocked)).await;
    let blocked = until_one(&pods, "blocked", "held back", |pod| {
        waiting(pod).is_some_and(|(reason, _)| reason == "PodInitializing")
    })
    .await;
    assert_eq!(phase(&blocked), "Pending");
}

pub(super) async fn image_volumes_and_ephemeral_containers_pull_too(client: Client) {
    namespace(&client, "shop").await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    let volumes = json!([{ "name": "data", "image": { "reference": "reg.test/private/data:1" } }]);
    let containers = json!([
        { "name": "a", "image": "reg.test/public/app:1", "volumeMounts": [{ "name": "data", "mountPath": "/data" }] },
        { "name": "b", "image": "reg.test/public/app:1" },
    ]);
    create(
        &pods,
        pod("app", json!({ "volumes": volumes, "containers": containers })),
    )
    .await;
    let told = events(&client, "shop", "app", 8).await;
    assert_eq!(
        told[1..],
        [
            "Normal Pulling: Pulling image \"reg.test/private/data:1\"",
            "Warning Failed: Failed to pull image \"reg.test/private/data:1\": failed to pull and unpack image \"reg.test/private/data:1\": denied",
            "Warning Failed spec.containers{a}: Error: ErrImagePull",
            "Normal Pulling spec.containers{b}: Pulling image \"reg.test/public/app:1\"",
            "Normal Pulled spec.containers{b}: Successfully pulled image \"reg.test/public/app:1\"",
            "Normal Created spec.containers{b}: Container created",
            "Normal Started spec.containers{b}: Container started",
        ]
    );
    let held = until_one(&pods, "app", "one waits", |pod| {
        waiting(pod).is_some_and(|(reason, _)| reason == "ErrImagePull")
    })
    .await;
    assert!(held.status.unwrap().container_statuses.unwrap()[1].ready);
    create(&pods, pod("plain", json!({}))).await;
    until_one(&pods, "plain", "running", |pod| phase(pod) == "Running").await;
    let added = json!({ "spec": { "ephemeralContainers": [{ "name": "debug", "image": "reg.test/public/debug:1" }] } });
    pods.patch_ephemeral_containers("plain", &Default::default(), &kube::api::Patch::Strategic(added))
        .await
        .unwrap();
    let runs = |pod: &Pod| {
        let statuses = pod
            .status
            .as_ref()
            .and_then(|status| status.ephemeral_container_statuses.as_ref());
        statuses.is_some_and(|all| all[0].state.as_ref().is_some_and(|state| state.running.is_some()))
    };
    until_one(&pods, "plain", "debugged", runs).await;
}

/// Nobody furnishes the namespace and nobody pulls.
pub(super) async fn only_scheduled(client: Client) {
    let accounts: Api<k8s_openapi::api::core::v1::ServiceAccount> = Api::default_namespaced(client.clone());
    create(&accounts, json!({ "metadata": { "name": "default" } })).await;
    let nodes: Api<Node> = Api::all(client.clone());
    create(&nodes, json!({ "metadata": { "name": "somewhere" } })).await;
    let pods: Api<Pod> = Api::default_namespaced(client);
    create(&pods, pod("app", json!({}))).await;
    let bound = until_one(&pods, "app", "bound", |pod| {
        crate::pod::node(pod) == Some("somewhere")
    })
    .await;
    assert_eq!(phase(&bound), "Pending");
}

pub(super) async fn a_deleted_pod_goes_and_one_with_a_finalizer_ends(client: Client) {
    namespace(&client, "shop").await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    create(&pods, pod("app", json!({}))).await;
    let mut held = pod("held", json!({}));
    held["metadata"]["finalizers"] = json!(["test.io/hold"]);
    create(&pods, held).await;
    until(&pods, "running", |all| {
        all.len() == 2 && all.iter().all(|pod| phase(pod) == "Running")
    })
    .await;
    for name in ["app", "held"] {
        delete(&pods, name, &DeleteParams::default()).await;
    }
    until_gone(&pods, "app").await;
    until_one(&pods, "held", "ended", |pod| {
        phase(pod) == "Succeeded" && pod.metadata.deletion_grace_period_seconds == Some(0)
    })
    .await;
    change(&pods, "held", json!({ "metadata": { "finalizers": null } })).await;
    until_gone(&pods, "held").await;
}

pub(super) async fn a_gated_pod_waits_and_an_impossible_one_says_why(client: Client) {
    namespace(&client, "shop").await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    create(
        &pods,
        pod(
            "gated",
            json!({ "schedulingGates": [{ "name": "test.io/gate" }] }),
        ),
    )
    .await;
    create(&pods, pod("picky", json!({ "nodeSelector": { "disk": "ssd" } }))).await;
    let unschedulable = |pod: &Pod| {
        let condition = crate::pod::condition(pod, "PodScheduled");
        condition.is_some_and(|condition| condition.reason.as_deref() == Some("Unschedulable"))
    };
    until_one(&pods, "picky", "refused", unschedulable).await;
    assert_eq!(
        events(&client, "shop", "picky", 1).await[0],
        "Warning FailedScheduling: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    );
    let nodes: Api<Node> = Api::all(client.clone());
    change(
        &nodes,
        "node",
        json!({ "metadata": { "labels": { "disk": "ssd" } } }),
    )
    .await;
    until_one(&pods, "picky", "running", |pod| phase(pod) == "Running").await;
    assert_eq!(crate::pod::node(&pods.get("gated").await.unwrap()), None);
    change(&pods, "gated", json!({ "spec": { "schedulingGates": null } })).await;
    until_one(&pods, "gated", "running", |pod| phase(pod) == "Running").await;
}

pub(super) async fn the_node_says_that_it_runs_nothing(client: Client) {
    let nodes: Api<Node> = Api::all(client.clone());
    let node = nodes.get("node").await.unwrap();
    assert_eq!(node.annotations()["sandbox.keyside.dev/containers"], "not run");
    let status = node.status.unwrap();
    let info = status.node_info.unwrap();
    assert!(
        info.os_image.contains("not run") && info.container_runtime_version.starts_with("keyside-not-run://")
    );
    let condition = |kind: &str| {
        status
            .conditions
            .as_ref()
            .unwrap()
            .iter()
            .find(|one| one.type_ == kind)
            .unwrap()
            .status
            .clone()
    };
    assert_eq!(
        (condition("Ready"), condition("ContainersNotRun")),
        ("True".into(), "True".into())
    );
    let leases: Api<Lease> = Api::namespaced(client, "kube-node-lease");
    assert!(
        leases
            .get("node")
            .await
            .unwrap()
            .spec
            .unwrap()
            .renew_time
            .is_some()
    );
}
