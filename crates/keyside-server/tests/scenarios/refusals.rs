//! What admission refuses, and that it says why.

use crate::bed::Bed;
use serde_json::json;

async fn shop() -> Bed {
    let bed = Bed::start().await;
    bed.namespace("web").await;
    bed.project("shop", &["web"]).await;
    bed
}

#[tokio::test]
async fn scope_project_outside_of_a_home_is_refused() {
    let bed = shop().await;
    let spec = json!({"scope": "Project", "source": {"secret": {"name": "x"}}});
    let error = bed
        .credential_like("web", "x", spec)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`spec.scope` may be Project only in the home namespace of a Project"),
        "{error}"
    );
}

#[tokio::test]
async fn credential_right_after_its_project_is_accepted() {
    let bed = Bed::start().await;
    for round in 0..10 {
        let name = format!("p{round}");
        bed.project_like(json!({"metadata": {"name": name}, "spec": {}}))
            .await
            .unwrap();
        let home = format!("project-{name}");
        bed.eventually("the home", async || {
            let namespaces: kube::Api<k8s_openapi::api::core::v1::Namespace> =
                kube::Api::all(bed.client.clone());
            namespaces.get_opt(&home).await.unwrap()
        })
        .await;
        let spec = json!({"scope": "Project", "source": {"secret": {"name": "x"}}});
        bed.credential_like(&home, "x", spec).await.unwrap();
    }
}

#[tokio::test]
async fn registry_that_no_image_can_match_is_refused() {
    let bed = shop().await;
    let spec = json!({"registry": "quay.io?x", "source": {"secret": {"name": "x"}}});
    let error = bed
        .credential_like("web", "x", spec)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("`spec.registry`"), "{error}");
}

#[tokio::test]
async fn reference_into_another_namespace_cannot_be_expressed() {
    let bed = shop().await;
    let spec = json!({"source": {"secret": {"name": "x", "namespace": "kube-system"}}});
    let created = bed.credential_like("web", "x", spec).await.unwrap();
    let text = serde_json::to_string(&created.spec).unwrap();
    assert!(!text.contains("kube-system"), "{text}");
}

#[tokio::test]
async fn system_namespace_is_no_home() {
    let bed = shop().await;
    let spec = json!({"homeNamespace": "kube-system"});
    let error = bed
        .project_like(json!({"metadata": {"name": "x"}, "spec": spec}))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("kube-system is a system namespace"), "{error}");
}

#[tokio::test]
async fn what_a_schema_can_say_the_schema_says() {
    let bed = shop().await;
    for (spec, expected) in [
        (
            json!({"source": {}}),
            "`source` must have exactly one member: `secret`",
        ),
        (
            json!({"source": {"secret": {"name": "x"}}, "overlapSeconds": -1}),
            "spec.overlapSeconds",
        ),
        (
            json!({"source": {"secret": {"name": "x"}}, "scope": "Everything"}),
            "spec.scope",
        ),
        (
            json!({"source": {"secret": {"name": "x"}}, "certificateAuthority": {}}),
            "`certificateAuthority` must have exactly one member",
        ),
    ] {
        // As text: the types of this test would not let it through.
        let object = json!({
            "apiVersion": "keyside.dev/v1alpha1", "kind": "RegistryCredential", "metadata": {"name": "x", "namespace": "web"}, "spec": spec,
        });
        let request = http::Request::post("/apis/keyside.dev/v1alpha1/namespaces/web/registrycredentials")
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&object).unwrap())
            .unwrap();
        let error = bed
            .client
            .request::<serde_json::Value>(request)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}
