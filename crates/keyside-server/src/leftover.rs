//! What the other way of serving pods has left: where it was changed from the webhook to the policy or back, the former one
//! would go on by what nobody keeps any more. It is taken out once, when the present way stands.

use crate::policy;
use crate::registration::WEBHOOK_CONFIGURATION;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use keyside_api::INJECTION;
use kube::Client;
use kube::api::{Api, DeleteParams};
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// Takes out the policy, its binding first; returns whether nothing is left of it.
pub(crate) async fn remove_policy(client: &Client) -> bool {
    let kinds = [policy::Which::Binding, policy::Which::Policy].map(|which| which.api(client.clone()));
    for api in kinds {
        if !remove(&api, INJECTION).await {
            return false;
        }
    }
    true
}

/// Takes out the registration for pods; returns whether nothing is left of it.
pub(crate) async fn remove_webhook(client: &Client) -> bool {
    let api: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    remove(&api, WEBHOOK_CONFIGURATION).await
}

async fn remove<K: Clone + DeserializeOwned + Debug>(api: &Api<K>, name: &str) -> bool {
    match api.delete(name, &DeleteParams::default()).await {
        Ok(_) => {
            tracing::info!(name, "what the other way of serving pods has left is taken out");
            true
        }
        // Also where the API server does not know the kind.
        Err(kube::Error::Api(status)) if status.code == 404 => true,
        Err(error) => {
            let answer = crate::error::answer(&error);
            tracing::warn!(
                name,
                answer,
                "what the other way of serving pods has left could not be taken out"
            );
            false
        }
    }
}
