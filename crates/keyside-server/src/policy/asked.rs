//! What is asked before anybody decides how pods are served: what the API server can, and what keyside may.

use super::ADMISSION;
use crate::registration::WEBHOOK_CONFIGURATION;
use anyhow::Context as _;
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use keyside_api::{GROUP, INJECTION};
use kube::Client;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};

/// Whether the API server follows policies that change objects.
///
/// # Errors
/// It does not say.
pub async fn serves_policies(client: &Client) -> anyhow::Result<bool> {
    let served = client
        .list_api_group_resources(&format!("{ADMISSION}/v1"))
        .await
        .context("ask which admission objects the API server has")?;
    Ok(served
        .resources
        .iter()
        .any(|resource| resource.name == "mutatingadmissionpolicies"))
}

/// Whether whoever asks may keep a policy and its tables.
///
/// # Errors
/// The API server does not say.
pub async fn may_write_policies(client: &Client) -> anyhow::Result<bool> {
    let table = json!({"verb": "create", "group": GROUP, "resource": "injectiontables"});
    let policy = json!({
        "verb": "patch", "group": ADMISSION, "resource": "mutatingadmissionpolicies", "name": INJECTION,
    });
    Ok(may(client, table).await? && may(client, policy).await?)
}

/// Whether whoever asks may register the webhook for pods.
///
/// # Errors
/// The API server does not say.
pub async fn may_register_webhook(client: &Client) -> anyhow::Result<bool> {
    let hook = json!({
        "verb": "patch", "group": ADMISSION, "resource": "mutatingwebhookconfigurations", "name": WEBHOOK_CONFIGURATION,
    });
    may(client, hook).await
}

async fn may(client: &Client, attributes: Value) -> anyhow::Result<bool> {
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let review = json!({"metadata": {}, "spec": {"resourceAttributes": attributes}});
    let review = serde_json::from_value(review).expect("a review has this form");
    let answer = reviews
        .create(&PostParams::default(), &review)
        .await
        .context("ask for keyside's own rights")?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
