//! Makes a real cluster empty again, after whatever the last test has left, be it half done.

use crate::world::is_deployed;
use futures::StreamExt as _;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Namespace, Pod, ResourceQuota, Secret, ServiceAccount};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use keyside_api::{ClusterRegistryCredential, InjectionTable, Project, RegistryCredential, SYSTEM_NAMESPACE};
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
};
use kube::{Client, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::{Duration, Instant};

/// What a cluster must hold, in `kube-system`, before anything in it is removed.
const MARK: &str = "keyside-test-bed";

/// Namespaces that stay.
const STAY: [&str; 5] = [
    "default",
    "kube-system",
    "kube-public",
    "kube-node-lease",
    SYSTEM_NAMESPACE,
];

/// A thousand namespaces take a while.
const PATIENCE: Duration = Duration::from_secs(300);

/// Removes everything that is not a cluster's own.
pub(crate) async fn wipe(client: &Client) {
    let marks: Api<ConfigMap> = Api::namespaced(client.clone(), "kube-system");
    assert!(
        marks.get_opt(MARK).await.unwrap().is_some(),
        "this cluster is not there for tests: the ConfigMap {MARK} is missing in kube-system"
    );
    if is_deployed() {
        return wipe_around_keyside(client).await;
    }
    // First whoever could object.
    let name = keyside_server::WEBHOOK_CONFIGURATION;
    gone(Api::<MutatingWebhookConfiguration>::all(client.clone()), name).await;
    gone(Api::<ValidatingWebhookConfiguration>::all(client.clone()), name).await;
    for (kind, plural) in [
        (
            "MutatingAdmissionPolicyBinding",
            "mutatingadmissionpolicybindings",
        ),
        ("MutatingAdmissionPolicy", "mutatingadmissionpolicies"),
    ] {
        let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
        let resource = ApiResource::from_gvk_with_plural(&kind, plural);
        gone(
            Api::<DynamicObject>::all_with(client.clone(), &resource),
            keyside_api::INJECTION,
        )
        .await;
    }
    all_gone(Api::<Project>::all(client.clone())).await;
    all_gone(Api::<ClusterRegistryCredential>::all(client.clone())).await;
    for namespace in ["default", SYSTEM_NAMESPACE] {
        all_gone(Api::<RegistryCredential>::namespaced(client.clone(), namespace)).await;
        all_gone(Api::<InjectionTable>::namespaced(client.clone(), namespace)).await;
        all_gone(Api::<Deployment>::namespaced(client.clone(), namespace)).await;
        all_gone(Api::<Pod>::namespaced(client.clone(), namespace)).await;
        all_gone(Api::<Secret>::namespaced(client.clone(), namespace)).await;
        all_gone(Api::<ConfigMap>::namespaced(client.clone(), namespace)).await;
        all_gone(Api::<Event>::namespaced(client.clone(), namespace)).await;
        // Of replicas that ended with their test.
        all_gone(Api::<Lease>::namespaced(client.clone(), namespace)).await;
    }
    namespaces_gone(client).await;
}

/// The same, with keyside running: it stays, with everything that it is made of and remembers.
async fn wipe_around_keyside(client: &Client) {
    all_gone(Api::<Project>::all(client.clone())).await;
    all_gone(Api::<ClusterRegistryCredential>::all(client.clone())).await;
    for namespace in ["default", SYSTEM_NAMESPACE] {
        all_gone(Api::<RegistryCredential>::namespaced(client.clone(), namespace)).await;
        let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
        for secret in secrets.list(&ListParams::default()).await.unwrap() {
            let name = secret.name_any();
            if !name.starts_with("keyside-") && !name.starts_with("sh.helm.") {
                gone(secrets.clone(), &name).await;
            }
        }
    }
    // A node takes its time for each pod, and a namespace waits for it.
    let pods = Api::<Pod>::all(client.clone())
        .list(&ListParams::default())
        .await
        .unwrap();
    let namespaces: BTreeSet<String> = pods.iter().filter_map(kube::ResourceExt::namespace).collect();
    for namespace in namespaces
        .iter()
        .filter(|name| *name != SYSTEM_NAMESPACE && *name != "kube-system")
    {
        all_gone(Api::<Deployment>::namespaced(client.clone(), namespace)).await;
        all_gone(Api::<Pod>::namespaced(client.clone(), namespace)).await;
    }
    namespaces_gone(client).await;
}

async fn namespaces_gone(client: &Client) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let start = Instant::now();
    loop {
        let left: Vec<Namespace> = namespaces
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .into_iter()
            .filter(|namespace| !STAY.contains(&namespace.name_any().as_str()))
            .collect();
        if left.is_empty() {
            // After five seconds the namespace controller has begun as well, and would go on in a new namespace of that name.
            if start.elapsed() > Duration::from_secs(4) {
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{} namespaces do not go", left.len());
        let asked = left.iter().map(|namespace| end(client, namespace));
        futures::stream::iter(asked)
            .buffer_unordered(16)
            .collect::<Vec<()>>()
            .await;
        let_go(client).await;
    }
}

/// Deletes a namespace and does the namespace controller's work, which begins five seconds later only. What cannot be removed
/// now, because a finalizer holds it, keeps its namespace for another round.
async fn end(client: &Client, namespace: &Namespace) {
    let (namespaces, name) = (Api::<Namespace>::all(client.clone()), namespace.name_any());
    if namespace.metadata.deletion_timestamp.is_none() {
        gone(namespaces, &name).await;
    }
    all_gone(Api::<Deployment>::namespaced(client.clone(), &name)).await;
    all_gone(Api::<ReplicaSet>::namespaced(client.clone(), &name)).await;
    all_gone(Api::<Pod>::namespaced(client.clone(), &name)).await;
    all_gone(Api::<RegistryCredential>::namespaced(client.clone(), &name)).await;
    all_gone(Api::<InjectionTable>::namespaced(client.clone(), &name)).await;
    all_gone(Api::<PodDisruptionBudget>::namespaced(client.clone(), &name)).await;
    all_gone(Api::<ResourceQuota>::namespaced(client.clone(), &name)).await;
    all_gone(Api::<ConfigMap>::namespaced(client.clone(), &name)).await;
    all_gone(Api::<ServiceAccount>::namespaced(client.clone(), &name)).await;
    all_gone(Api::<Event>::namespaced(client.clone(), &name)).await;
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &name);
    all_gone(secrets.clone()).await;
    let left = secrets.list_metadata(&ListParams::default()).await.unwrap();
    if left.items.is_empty() {
        finish(client, &name).await;
    }
}

/// Lets a namespace go that is being deleted and has nothing in it any more.
async fn finish(client: &Client, name: &str) {
    let empty = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {"finalizers": []}});
    let request = http::Request::put(format!("/api/v1/namespaces/{name}/finalize"))
        .header("content-type", "application/json")
        .body(serde_json::to_vec(&empty).unwrap())
        .unwrap();
    absent_is_fine(client.request::<serde_json::Value>(request).await.map(drop));
}

/// Takes finalizers off Secrets: tests set them to hold a namespace back.
async fn let_go(client: &Client) {
    let secrets: Api<Secret> = Api::all(client.clone());
    for secret in secrets.list(&ListParams::default()).await.unwrap() {
        if secret.finalizers().is_empty() {
            continue;
        }
        let namespace = secret.namespace().unwrap_or_default();
        let free = json!({"metadata": {"finalizers": null}});
        let _may_be_gone = Api::<Secret>::namespaced(client.clone(), &namespace)
            .patch(&secret.name_any(), &PatchParams::default(), &Patch::Merge(free))
            .await;
    }
}

/// Removes an object, if it is there.
async fn gone<K>(api: Api<K>, name: &str)
where
    K: Clone + Debug + DeserializeOwned,
{
    absent_is_fine(api.delete(name, &DeleteParams::default()).await.map(drop));
}

/// Removes a collection, if its kind is served at all.
async fn all_gone<K>(api: Api<K>)
where
    K: Clone + Debug + DeserializeOwned,
{
    let at_once = DeleteParams::default().grace_period(0);
    absent_is_fine(
        api.delete_collection(&at_once, &ListParams::default())
            .await
            .map(drop),
    );
}

fn absent_is_fine(result: kube::Result<()>) {
    match result {
        Ok(()) => {}
        Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => {}
        Err(error) => panic!("{error}"),
    }
}
