//! The beginning and the end of namespaces.

use super::world::*;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Secret, Service, ServiceAccount};
use kube::api::DeleteParams;
use kube::{Api, Client, ResourceExt};
use serde_json::json;

pub(super) async fn every_namespace_is_furnished(client: Client) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    create(&namespaces, json!({ "metadata": { "name": "shop" } })).await;
    for namespace in ["default", "kube-system", "shop"] {
        let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
        until_one(&accounts, "default", "an account", |_| true).await;
        let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
        let map = until_one(&maps, "kube-root-ca.crt", "a certificate", |_| true).await;
        assert_eq!(map.data.unwrap()["ca.crt"], "certificate");
    }
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "shop");
    let first = accounts.get("default").await.unwrap().uid();
    delete(&accounts, "default", &DeleteParams::default()).await;
    until_one(&accounts, "default", "another account", |account| {
        account.uid() != first
    })
    .await;
    let maps: Api<ConfigMap> = Api::namespaced(client, "shop");
    change(
        &maps,
        "kube-root-ca.crt",
        json!({ "data": { "ca.crt": "forged" } }),
    )
    .await;
    until_one(&maps, "kube-root-ca.crt", "repaired", |map| {
        map.data.as_ref().unwrap()["ca.crt"] == "certificate"
    })
    .await;
}

pub(super) async fn a_deleted_namespace_takes_everything_with_it(client: Client) {
    namespace(&client, "shop").await;
    pull_secret(&client, "shop", "cred", "right").await;
    let services: Api<Service> = Api::namespaced(client.clone(), "shop");
    create(&services, json!({ "metadata": { "name": "web" }, "spec": { "ports": [{ "port": 80 }], "selector": { "app": "web" } } })).await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    let spec = json!({ "containers": [{ "name": "a", "image": "reg.test/public/app:1" }] });
    for name in ["one", "two", "three"] {
        create(&pods, json!({ "metadata": { "name": name }, "spec": spec })).await;
    }
    until(&pods, "running", |all| {
        all.len() == 3 && all.iter().all(|pod| phase(pod) == "Running")
    })
    .await;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    delete(&namespaces, "shop", &DeleteParams::default()).await;
    until_gone(&namespaces, "shop").await;
    let secrets: Api<Secret> = Api::namespaced(client, "shop");
    assert!(
        names(&secrets).await.is_empty()
            && names(&services).await.is_empty()
            && names(&pods).await.is_empty()
    );
}

pub(super) async fn a_finalizer_holds_its_namespace_and_is_named(client: Client) {
    namespace(&client, "shop").await;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "shop");
    create(
        &maps,
        json!({ "metadata": { "name": "held", "finalizers": ["test.io/hold"] } }),
    )
    .await;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    delete(&namespaces, "shop", &DeleteParams::default()).await;
    let message = |namespace: &Namespace, kind: &str| {
        let conditions = namespace.status.as_ref()?.conditions.as_ref()?;
        conditions
            .iter()
            .find(|one| one.type_ == kind && one.status == "True")?
            .message
            .clone()
    };
    let held = until_one(&namespaces, "shop", "held", |one| {
        message(one, "NamespaceFinalizersRemaining").is_some()
    })
    .await;
    assert_eq!(
        message(&held, "NamespaceFinalizersRemaining").unwrap(),
        "Some content in the namespace has finalizers remaining: test.io/hold in 1 resource instances"
    );
    assert_eq!(
        message(&held, "NamespaceContentRemaining").unwrap(),
        "Some resources are remaining: configmaps. has 1 resource instances"
    );
    change(&maps, "held", json!({ "metadata": { "finalizers": null } })).await;
    until_gone(&namespaces, "shop").await;
}
