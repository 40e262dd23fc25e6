//! Owners and dependents.

use super::world::*;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, PropagationPolicy};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

fn owned_by(owners: &[&ConfigMap]) -> Value {
    let reference = |owner: &&ConfigMap| json!({ "apiVersion": "v1", "kind": "ConfigMap", "name": owner.name_any(), "uid": owner.uid(), "blockOwnerDeletion": true });
    owners.iter().map(reference).collect()
}

async fn child(maps: &Api<ConfigMap>, name: &str, owners: &[&ConfigMap]) -> ConfigMap {
    create(
        maps,
        json!({ "metadata": { "name": name, "ownerReferences": owned_by(owners) } }),
    )
    .await
}

async fn maps(client: &Client) -> Api<ConfigMap> {
    namespace(client, "shop").await;
    Api::namespaced(client.clone(), "shop")
}

fn policy(policy: PropagationPolicy) -> DeleteParams {
    DeleteParams {
        propagation_policy: Some(policy),
        ..DeleteParams::default()
    }
}

pub(super) async fn background_deletion_takes_the_dependents(client: Client) {
    let maps = maps(&client).await;
    let owner = create(&maps, json!({ "metadata": { "name": "owner" } })).await;
    let one = child(&maps, "child", &[&owner]).await;
    child(&maps, "grandchild", &[&one]).await;
    delete(&maps, "owner", &policy(PropagationPolicy::Background)).await;
    until_gone(&maps, "grandchild").await;
    // A dependent of an owner that is gone already, or of a successor of its name, does not stay either.
    create(&maps, json!({ "metadata": { "name": "owner" } })).await;
    child(&maps, "late", &[&owner]).await;
    until_gone(&maps, "late").await;
    assert!(names(&maps).await.contains(&"owner".to_owned()));
}

pub(super) async fn orphaning_leaves_the_dependents(client: Client) {
    let maps = maps(&client).await;
    let owner = create(&maps, json!({ "metadata": { "name": "owner" } })).await;
    child(&maps, "child", &[&owner]).await;
    delete(&maps, "owner", &policy(PropagationPolicy::Orphan)).await;
    until_gone(&maps, "owner").await;
    until_one(&maps, "child", "released", |child| {
        child.owner_references().is_empty()
    })
    .await;
}

pub(super) async fn foreground_deletion_waits_for_the_dependents(client: Client) {
    let maps = maps(&client).await;
    let owner = create(&maps, json!({ "metadata": { "name": "owner" } })).await;
    let metadata =
        json!({ "name": "child", "ownerReferences": owned_by(&[&owner]), "finalizers": ["test.io/hold"] });
    create(&maps, json!({ "metadata": metadata })).await;
    delete(&maps, "owner", &policy(PropagationPolicy::Foreground)).await;
    until_one(&maps, "child", "deleted but held", |child| {
        child.metadata.deletion_timestamp.is_some()
    })
    .await;
    let waiting = maps.get("owner").await.unwrap();
    assert_eq!(waiting.finalizers(), ["foregroundDeletion"]);
    change(&maps, "child", json!({ "metadata": { "finalizers": null } })).await;
    until_gone(&maps, "owner").await;
    assert!(!names(&maps).await.contains(&"child".to_owned()));
}

pub(super) async fn a_circle_does_not_block(client: Client) {
    let maps = maps(&client).await;
    let one = create(&maps, json!({ "metadata": { "name": "one" } })).await;
    let two = child(&maps, "two", &[&one]).await;
    let three = child(&maps, "three", &[&two]).await;
    change(
        &maps,
        "one",
        json!({ "metadata": { "ownerReferences": owned_by(&[&three]) } }),
    )
    .await;
    delete(&maps, "one", &policy(PropagationPolicy::Foreground)).await;
    until(&maps, "all gone", |all| {
        all.iter().all(|map| map.name_any() == "kube-root-ca.crt")
    })
    .await;
}

pub(super) async fn a_dependent_with_another_owner_stays(client: Client) {
    let maps = maps(&client).await;
    let one = create(&maps, json!({ "metadata": { "name": "one" } })).await;
    let two = create(&maps, json!({ "metadata": { "name": "two" } })).await;
    child(&maps, "child", &[&one, &two]).await;
    delete(&maps, "one", &policy(PropagationPolicy::Foreground)).await;
    until_gone(&maps, "one").await;
    let rest = until_one(&maps, "child", "one owner", |child| {
        child.owner_references().len() == 1
    })
    .await;
    assert_eq!(rest.owner_references()[0].name, "two");
}

pub(super) async fn custom_objects_own_and_are_owned(client: Client) {
    let maps = maps(&client).await;
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let schema =
        json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
    create(
        &definitions,
        json!({
            "metadata": { "name": "things.test.io" },
            "spec": {
                "group": "test.io", "scope": "Namespaced", "names": { "kind": "Thing", "plural": "things" },
                "versions": [{ "name": "v1", "served": true, "storage": true, "schema": schema }],
            },
        }),
    )
    .await;
    let established = |one: &CustomResourceDefinition| {
        let conditions = one
            .status
            .as_ref()
            .and_then(|status| status.conditions.clone())
            .unwrap_or_default();
        conditions
            .iter()
            .any(|one| one.type_ == "Established" && one.status == "True")
    };
    until_one(&definitions, "things.test.io", "established", established).await;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("test.io", "v1", "Thing"));
    let things: Api<DynamicObject> = Api::namespaced_with(client.clone(), "shop", &resource);
    let thing: DynamicObject = serde_json::from_value(
        json!({ "apiVersion": "test.io/v1", "kind": "Thing", "metadata": { "name": "owner" } }),
    )
    .unwrap();
    let thing = things.create(&Default::default(), &thing).await.unwrap();
    let reference =
        json!([{ "apiVersion": "test.io/v1", "kind": "Thing", "name": "owner", "uid": thing.uid() }]);
    create(
        &maps,
        json!({ "metadata": { "name": "child", "ownerReferences": reference } }),
    )
    .await;
    things.delete("owner", &DeleteParams::default()).await.unwrap();
    until_gone(&maps, "child").await;
}
