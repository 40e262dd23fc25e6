//! Names that are taken: a Secret that is not keyside's is never touched, and pods are served all the same.

use crate::bed::{Bed, pull_secrets};
use kube::ResourceExt as _;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};

async fn shop() -> Bed {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.namespace("api").await;
    bed.project("shop", &["web", "api"]).await;
    bed
}

/// The name that a copy of a credential gets where its own is taken.
async fn conflict_name(bed: &Bed, namespace: &str, name: &str) -> String {
    let uid = bed.get_credential(namespace, name).await.uid().unwrap();
    format!("{name}-{}", &uid[..8])
}

/// Everything about a Secret, to see that it did not change.
async fn all_of(bed: &Bed, namespace: &str, name: &str) -> Value {
    serde_json::to_value(bed.secrets(namespace).get(name).await.unwrap()).unwrap()
}

#[tokio::test]
async fn p3_name_of_a_foreign_secret_in_a_target_namespace_is_refused_and_both_are_named() {
    let bed = shop().await;
    bed.pull_secret("web", "testquay", &[("ghcr.io", "a:b")]).await;
    bed.quiet().await;
    let spec = json!({"scope": "Project", "source": {"secret": {"name": "testquay"}}});
    let error = bed
        .credential_like("project-shop", "testquay", spec)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("namespace web already has a Secret testquay"),
        "{error}"
    );
}

#[tokio::test]
async fn f14_foreign_secret_that_appears_later_is_untouched_and_pods_get_the_copy_under_another_name() {
    let bed = shop().await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.until_content("web", "testquay", "quay.io").await;
    // Somebody puts their own Secret where the copy was: neither label nor manager of keyside is left.
    let theirs = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "testquay"}, "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": r#"{"auths":{"quay.io":{"username":"they","password":"they"}}}"#},
    });
    bed.secrets("web")
        .replace(
            "testquay",
            &kube::api::PostParams::default(),
            &serde_json::from_value(theirs).unwrap(),
        )
        .await
        .unwrap();
    let before = all_of(&bed, "web", "testquay").await;
    let other = conflict_name(&bed, "project-shop", "testquay").await;
    bed.until_content("web", &other, "\"p\"").await;
    bed.until_condition("project-shop", "testquay", "Delivered", "False/NameTaken")
        .await;
    bed.quiet().await;
    assert_eq!(all_of(&bed, "web", "testquay").await, before);
    assert!(
        bed.event_reasons("project-shop")
            .await
            .contains(&"DeliveryConflict".to_owned())
    );
    let targets = bed
        .get_credential("project-shop", "testquay")
        .await
        .status
        .unwrap()
        .targets
        .unwrap();
    assert_eq!((targets.desired, targets.delivered, targets.conflicts), (2, 2, 1));
    let pod = bed.pod("web", "p", &["quay.io/shop/web"]).await;
    assert_eq!(pull_secrets(&pod), [other]);
}

#[tokio::test]
async fn f15_foreign_secret_of_another_type_is_untouched_and_the_others_go_on() {
    let bed = shop().await;
    let opaque = json!({"metadata": {"name": "testquay"}, "stringData": {"a": "b"}});
    bed.secret("web", opaque).await;
    let before = all_of(&bed, "web", "testquay").await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.until_content("api", "testquay", "quay.io").await;
    let other = conflict_name(&bed, "project-shop", "testquay").await;
    bed.until_content("web", &other, "quay.io").await;
    bed.until_condition("project-shop", "testquay", "Stalled", "True/NameTaken")
        .await;
    assert_eq!(all_of(&bed, "web", "testquay").await, before);
}

#[tokio::test]
async fn foreign_secret_that_goes_gives_the_name_back() {
    own_keyside!();
    let bed = shop().await;
    bed.pull_secret("web", "hub", &[("ghcr.io", "a:b")]).await;
    bed.quiet().await;
    // The Secret is there before the namespace's Project has the credential, so it is not refused but named.
    bed.pull_secret("project-shop", "hub", &[("quay.io", "u:p")])
        .await;
    let unchecked = json!({
        "apiVersion": "keyside.dev/v1alpha1", "kind": "RegistryCredential", "metadata": {"name": "hub"},
        "spec": {"scope": "Project", "source": {"secret": {"name": "hub"}}},
    });
    bed.remove_validation().await;
    let api: Api<keyside_api::RegistryCredential> = Api::namespaced(bed.client.clone(), "project-shop");
    api.patch("hub", &PatchParams::apply("test"), &Patch::Apply(unchecked))
        .await
        .unwrap();
    let other = conflict_name(&bed, "project-shop", "hub").await;
    bed.until_content("web", &other, "quay.io").await;
    bed.delete(bed.secrets("web"), "hub").await;
    bed.until_content("web", "hub", "quay.io").await;
    bed.until_gone("web", &other).await;
    bed.until_condition("project-shop", "hub", "Ready", "True/Delivered")
        .await;
}

#[tokio::test]
async fn secret_that_was_copied_with_its_labels_is_neither_changed_nor_removed() {
    let bed = shop().await;
    bed.namespace("lab").await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.until_content("web", "testquay", "quay.io").await;
    // `kubectl get secret -o yaml | kubectl apply -n lab -f -`
    let mut copy = bed.secrets("web").get("testquay").await.unwrap();
    copy.metadata =
        serde_json::from_value(json!({"name": "testquay", "labels": copy.metadata.labels})).unwrap();
    bed.secret("lab", serde_json::to_value(copy).unwrap()).await;
    let before = all_of(&bed, "lab", "testquay").await;
    bed.quiet().await;
    assert_eq!(all_of(&bed, "lab", "testquay").await, before);
}

#[tokio::test]
async fn restart_after_a_conflict_changes_nothing() {
    let mut bed = shop().await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:p")])
        .await;
    bed.until_content("web", "testquay", "quay.io").await;
    bed.stop().await;
    bed.delete(bed.secrets("web"), "testquay").await;
    bed.pull_secret("web", "testquay", &[("quay.io", "they:they")])
        .await;
    let before = all_of(&bed, "web", "testquay").await;
    bed.run(|_| {}).await;
    let other = conflict_name(&bed, "project-shop", "testquay").await;
    bed.until_content("web", &other, "\"p\"").await;
    bed.quiet().await;
    assert_eq!(all_of(&bed, "web", "testquay").await, before);
}
