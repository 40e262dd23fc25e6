//! Storing, changing and removing credentials: what stands in the namespaces afterwards, and at every moment in between.

use crate::bed::Bed;
use keyside_api::{Project, RegistryCredential, SYSTEM_NAMESPACE};
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;
use std::time::{Duration, Instant};

/// A Project `shop` over `web` and `api` with the credential `testquay`, delivered.
async fn shop() -> Bed {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.namespace("api").await;
    bed.project("shop", &["web", "api"]).await;
    bed.credential("project-shop", "testquay", "Project", &[("quay.io", "u:old")])
        .await;
    bed.until_condition("project-shop", "testquay", "Ready", "True/Delivered")
        .await;
    bed
}

#[tokio::test]
async fn copy_is_what_kubectl_would_have_written() {
    let bed = shop().await;
    let content = bed.content("web", "testquay").await.unwrap();
    assert_eq!(
        content,
        r#"{"auths":{"quay.io":{"username":"u","password":"old","auth":"dTpvbGQ="}}}"#
    );
    let secret = bed.secrets("web").get("testquay").await.unwrap();
    assert_eq!(secret.type_.as_deref(), Some("kubernetes.io/dockerconfigjson"));
    assert_eq!(secret.data.unwrap().len(), 1);
    let labels: Vec<String> = secret
        .metadata
        .labels
        .unwrap()
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    assert_eq!(
        labels,
        [
            "app.kubernetes.io/managed-by=keyside",
            "keyside.dev/credential=RegistryCredential.project-shop.testquay"
        ]
    );
    let annotations: Vec<String> = secret.metadata.annotations.unwrap().into_keys().collect();
    assert_eq!(annotations, ["keyside.dev/source"]);
    let managers = secret.metadata.managed_fields.unwrap();
    assert!(
        managers
            .iter()
            .all(|entry| entry.manager.as_deref() == Some("keyside")),
        "{managers:?}"
    );
}

#[tokio::test]
async fn f03_rotated_password_is_in_every_copy_within_a_second_under_the_same_names() {
    let bed = shop().await;
    let before = (bed.secret_names("web").await, bed.secret_names("api").await);
    let start = Instant::now();
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:new")])
        .await;
    bed.until_content("web", "testquay", "\"new\"").await;
    bed.until_content("api", "testquay", "\"new\"").await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(
        (bed.secret_names("web").await, bed.secret_names("api").await),
        before
    );
}

#[tokio::test]
async fn f04_change_of_the_password_alone_is_a_change() {
    let bed = shop().await;
    let version = async |bed: &Bed| {
        bed.get_credential("project-shop", "testquay")
            .await
            .status
            .unwrap()
            .current_version
    };
    let before = version(&bed).await;
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:new")])
        .await;
    bed.eventually("another version", async || {
        version(&bed).await.filter(|now| Some(now) != before.as_ref())
    })
    .await;
    bed.eventually("the event", async || {
        bed.event_reasons("project-shop")
            .await
            .contains(&"Rotated".to_owned())
            .then_some(())
    })
    .await;
    let status = bed
        .get_credential("project-shop", "testquay")
        .await
        .status
        .unwrap();
    assert!(status.last_rotation_time.is_some());
}

#[tokio::test]
async fn f05_copy_is_never_absent_during_rotations() {
    let bed = shop().await;
    let uid = bed.secrets("web").get("testquay").await.unwrap().metadata.uid;
    for round in 0..10 {
        let password = format!("u:round{round}");
        bed.set_content("project-shop", "testquay", &[("quay.io", &password)])
            .await;
        let wanted = format!("round{round}");
        loop {
            // Looked at without a pause: a gap of one write would be seen.
            let content = bed
                .content("web", "testquay")
                .await
                .expect("the copy is there at every moment");
            if content.contains(&wanted) {
                break;
            }
        }
    }
    assert_eq!(
        bed.secrets("web").get("testquay").await.unwrap().metadata.uid,
        uid,
        "the same object all the time"
    );
}

#[tokio::test]
async fn f06_credential_stays_in_the_namespace_it_was_stored_in() {
    let bed = shop().await;
    bed.credential("api", "mine", "Namespace", &[("ghcr.io", "u:p")])
        .await;
    bed.until_condition("api", "mine", "Ready", "True/Delivered")
        .await;
    bed.quiet().await;
    assert_eq!(bed.secret_names("api").await, ["mine", "testquay"]);
    assert_eq!(bed.secret_names("web").await, ["testquay"]);
}

#[tokio::test]
async fn f12_copy_deleted_by_hand_is_back_within_a_second() {
    let bed = shop().await;
    bed.delete(bed.secrets("web"), "testquay").await;
    let start = Instant::now();
    bed.until_content("web", "testquay", "old").await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test]
async fn f13_copy_edited_by_hand_is_put_right_within_a_second() {
    let bed = shop().await;
    let start = Instant::now();
    bed.set_content("web", "testquay", &[("quay.io", "u:by-hand")])
        .await;
    bed.until_content("web", "testquay", "\"old\"").await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    // A changed label is put right as well; what others have added is theirs.
    let labels = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": "somebody", "team": "red"}}});
    bed.secrets("web")
        .patch("testquay", &PatchParams::default(), &Patch::Merge(labels))
        .await
        .unwrap();
    bed.eventually("the label", async || {
        let labels = bed
            .secrets("web")
            .get("testquay")
            .await
            .unwrap()
            .metadata
            .labels
            .unwrap();
        (labels["app.kubernetes.io/managed-by"] == "keyside" && labels["team"] == "red").then_some(())
    })
    .await;
}

#[tokio::test]
async fn f18_copies_go_with_their_project_and_other_secrets_stay() {
    let bed = shop().await;
    bed.pull_secret("web", "mine", &[("ghcr.io", "a:b")]).await;
    bed.delete(Api::<Project>::all(bed.client.clone()), "shop").await;
    bed.until_gone("web", "testquay").await;
    bed.until_gone("api", "testquay").await;
    assert_eq!(bed.secret_names("web").await, ["mine"]);
    assert_eq!(
        bed.secret_names("project-shop").await,
        ["testquay"],
        "the source is the user's"
    );
    bed.until_condition("project-shop", "testquay", "Delivered", "False/NotProjectHome")
        .await;
}

#[tokio::test]
async fn f19_deleted_credential_leaves_nothing_that_new_pods_would_name() {
    let bed = shop().await;
    bed.delete(
        Api::<RegistryCredential>::namespaced(bed.client.clone(), "project-shop"),
        "testquay",
    )
    .await;
    bed.quiet().await;
    let pod = bed.pod("web", "late", &["quay.io/shop/web"]).await;
    assert!(crate::bed::pull_secrets(&pod).is_empty());
    // After its time of grace.
    bed.until_gone("web", "testquay").await;
}

/// What a write of ours is answered may come after the watch has told that the object is gone.
#[tokio::test]
async fn f19_credential_that_is_deleted_while_its_status_is_written_stays_deleted() {
    own_keyside!();
    let bed = shop().await;
    bed.delay_statuses(Duration::from_millis(500));
    bed.count();
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:second")])
        .await;
    bed.eventually("a status on its way", async || {
        bed.calls().iter().any(|call| call.is_status()).then_some(())
    })
    .await;
    bed.delete(
        Api::<RegistryCredential>::namespaced(bed.client.clone(), "project-shop"),
        "testquay",
    )
    .await;
    bed.until_gone("web", "testquay").await;
    // The answer has come by then, and whoever believed it would have made the copies anew.
    tokio::time::sleep(Duration::from_secs(1)).await;
    bed.quiet().await;
    for namespace in ["web", "api"] {
        assert_eq!(bed.content(namespace, "testquay").await, None, "{namespace}");
    }
    let pod = bed.pod("web", "later", &["quay.io/shop/web"]).await;
    assert!(crate::bed::pull_secrets(&pod).is_empty());
}

#[tokio::test]
async fn f19_deleted_source_leaves_the_copies_in_use() {
    let bed = shop().await;
    bed.delete(bed.secrets("project-shop"), "testquay").await;
    bed.until_condition("project-shop", "testquay", "Delivered", "False/SourceInvalid")
        .await;
    assert!(bed.content("web", "testquay").await.is_some());
    let pod = bed.pod("web", "late", &["quay.io/shop/web"]).await;
    assert_eq!(crate::bed::pull_secrets(&pod), ["testquay"]);
}

#[tokio::test]
async fn f20_namespace_that_leaves_the_project_loses_the_copy() {
    let bed = shop().await;
    let spec = json!({"spec": {"namespaces": ["api"]}});
    Api::<Project>::all(bed.client.clone())
        .patch("shop", &PatchParams::default(), &Patch::Merge(spec))
        .await
        .unwrap();
    bed.until_gone("web", "testquay").await;
    assert!(bed.content("api", "testquay").await.is_some());
}

#[tokio::test]
async fn f21_exclusions_are_anchored_globs() {
    let bed = Bed::start().await;
    for name in ["prod", "prod-eu", "my-prod", "shop-dev", "shop-dev2"] {
        bed.namespace(name).await;
    }
    bed.pull_secret(SYSTEM_NAMESPACE, "hub", &[("https://index.docker.io/v1/", "u:p")])
        .await;
    let spec = json!({
        "source": {"secret": {"namespace": SYSTEM_NAMESPACE, "name": "hub"}},
        "excludeNamespaces": ["prod*", "*-dev", "default"],
    });
    bed.cluster_credential_like("hub", spec).await.unwrap();
    bed.until_content("my-prod", "hub", "docker.io").await;
    bed.until_content("shop-dev2", "hub", "docker.io").await;
    bed.quiet().await;
    for name in ["prod", "prod-eu", "shop-dev", "kube-system", "default"] {
        assert_eq!(bed.content(name, "hub").await, None, "{name}");
    }
}

#[tokio::test]
async fn f22_labels_and_annotations_of_the_source_are_not_copied() {
    let bed = shop().await;
    let meta = json!({"metadata": {
        "labels": {"argocd.argoproj.io/instance": "x"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"data\":\"s3cret\"}"},
    }});
    bed.secrets("project-shop")
        .patch("testquay", &PatchParams::default(), &Patch::Merge(meta))
        .await
        .unwrap();
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:new")])
        .await;
    bed.until_content("web", "testquay", "new").await;
    let copy = bed.secrets("web").get("testquay").await.unwrap();
    let text = serde_json::to_string(&copy.metadata).unwrap();
    assert!(!text.contains("argocd") && !text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn f23_copy_is_no_source_of_further_copies() {
    let bed = shop().await;
    bed.credential_like(
        "web",
        "again",
        json!({"source": {"secret": {"name": "testquay"}}}),
    )
    .await
    .unwrap();
    bed.until_condition("web", "again", "Delivered", "False/SourceInvalid")
        .await;
}

#[tokio::test]
async fn f31_f33_every_form_of_source_is_delivered() {
    let bed = shop().await;
    let data = |text: &str| json!({".dockercfg": text});
    let legacy = json!({"metadata": {"name": "legacy"}, "type": "kubernetes.io/dockercfg", "stringData": data(r#"{"reg.corp":{"auth":"dTpwOnc="}}"#)});
    bed.secret("project-shop", legacy).await;
    let basic = json!({"metadata": {"name": "basic"}, "type": "kubernetes.io/basic-auth", "stringData": {"username": "$robot", "password": "p\n"}});
    bed.secret("project-shop", basic).await;
    bed.credential_like(
        "project-shop",
        "legacy",
        json!({"scope": "Project", "source": {"secret": {"name": "legacy"}}}),
    )
    .await
    .unwrap();
    let spec =
        json!({"scope": "Project", "registry": "harbor.corp", "source": {"secret": {"name": "basic"}}});
    bed.credential_like("project-shop", "basic", spec).await.unwrap();
    let legacy = bed.until_content("web", "legacy", "reg.corp").await;
    assert_eq!(
        legacy,
        r#"{"auths":{"reg.corp":{"username":"u","password":"p:w","auth":"dTpwOnc="}}}"#
    );
    let basic = bed.until_content("web", "basic", "harbor.corp").await;
    assert_eq!(
        basic,
        r#"{"auths":{"harbor.corp":{"username":"$robot","password":"p\n","auth":"JHJvYm90OnAK"}}}"#
    );
}

#[tokio::test]
async fn f32_change_of_one_registry_keeps_the_others() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    bed.credential(
        "project-shop",
        "many",
        "Project",
        &[("quay.io", "a:1"), ("ghcr.io", "b:2"), ("reg.corp", "c:3")],
    )
    .await;
    bed.until_content("web", "many", "reg.corp").await;
    bed.set_content(
        "project-shop",
        "many",
        &[("quay.io", "a:9"), ("ghcr.io", "b:2"), ("reg.corp", "c:3")],
    )
    .await;
    let content = bed.until_content("web", "many", "\"9\"").await;
    assert!(
        content.contains("ghcr.io") && content.contains("reg.corp"),
        "{content}"
    );
}

#[tokio::test]
async fn f49_source_without_any_label_is_delivered() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    // As another tool leaves it: no label, no annotation, and the credential beside it before the Secret.
    bed.credential_like(
        "project-shop",
        "late",
        json!({"scope": "Project", "source": {"secret": {"name": "from-terraform"}}}),
    )
    .await
    .unwrap();
    bed.until_condition("project-shop", "late", "Verified", "Unknown/SourceMissing")
        .await;
    bed.pull_secret("project-shop", "from-terraform", &[("quay.io", "u:p")])
        .await;
    bed.until_content("web", "late", "quay.io").await;
    bed.until_condition("project-shop", "late", "Ready", "True/Delivered")
        .await;
}

#[tokio::test]
async fn f50_credentials_whose_names_begin_alike_stay_apart() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    for name in ["docker.io", "docker.corp"] {
        bed.credential("project-shop", name, "Project", &[(name, "u:p")])
            .await;
        bed.until_content("web", name, &format!("\"{name}\"")).await;
    }
    bed.quiet().await;
    assert_eq!(bed.secret_names("web").await, ["docker.corp", "docker.io"]);
}

#[tokio::test]
async fn broken_edit_of_the_source_keeps_the_last_good_content() {
    let bed = shop().await;
    let broken = json!({"stringData": {".dockerconfigjson": r#"{"auths":{"quay.io":{"auth":"!"}}}"#}});
    bed.secrets("project-shop")
        .patch("testquay", &PatchParams::default(), &Patch::Merge(broken))
        .await
        .unwrap();
    bed.until_condition("project-shop", "testquay", "Delivered", "False/SourceInvalid")
        .await;
    assert!(bed.content("web", "testquay").await.unwrap().contains("old"));
    bed.eventually("the event", async || {
        let reasons = bed.event_reasons("project-shop").await;
        reasons.contains(&"SourceInvalid".to_owned()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn status_holds_neither_user_name_nor_password() {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    bed.credential(
        "project-shop",
        "testquay",
        "Project",
        &[("quay.io", "canary-user:canary-word")],
    )
    .await;
    bed.until_condition("project-shop", "testquay", "Ready", "True/Delivered")
        .await;
    let text = serde_json::to_string(&bed.get_credential("project-shop", "testquay").await).unwrap();
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn destination_changed_behind_the_secret_suspends_until_the_secret_is_written_anew() {
    let bed = shop().await;
    let api: Api<RegistryCredential> = Api::namespaced(bed.client.clone(), "project-shop");
    let moved = json!({"spec": {"tokenService": "https://evil.example"}});
    api.patch("testquay", &PatchParams::default(), &Patch::Merge(moved))
        .await
        .unwrap();
    bed.until_condition("project-shop", "testquay", "Stalled", "True/DestinationChanged")
        .await;
    assert!(bed.content("web", "testquay").await.is_some());
    bed.set_content("project-shop", "testquay", &[("quay.io", "u:entered-again")])
        .await;
    bed.until_content("web", "testquay", "entered-again").await;
    bed.until_condition("project-shop", "testquay", "Ready", "True/Delivered")
        .await;
    assert_eq!(bed.condition("project-shop", "testquay", "Stalled").await, None);
}
