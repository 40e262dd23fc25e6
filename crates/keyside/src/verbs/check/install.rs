//! keyside itself: its kinds, and the webhook, which is asked something that it must refuse.

use super::outcome::{Category, Grade, Outcome, Problem};
use super::policy;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use keyside_api::{RegistryCredential, RegistryCredentialSpec, Scope, Source};
use keyside_server::WEBHOOK_CONFIGURATION;
use kube::api::PostParams;
use kube::{Api, Client};

const KINDS: [&str; 3] = ["projects", "registrycredentials", "clusterregistrycredentials"];

pub(super) async fn category(client: &Client) -> Category {
    Category {
        name: "keyside",
        checks: match policy::is_used(client).await {
            true => vec![kinds(client).await, policy::holds(client).await],
            false => vec![kinds(client).await, registered(client).await, alive(client).await],
        },
    }
}

async fn kinds(client: &Client) -> Outcome {
    let outcome = Outcome::begin("crds", "keyside's kinds are served");
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut problems = Vec::new();
    for plural in KINDS {
        let name = format!("{plural}.{}", keyside_api::GROUP);
        let found = api.get_opt(&name).await.ok().flatten();
        let conditions = found
            .and_then(|one| one.status)
            .and_then(|status| status.conditions);
        let established = conditions
            .iter()
            .flatten()
            .any(|one| one.type_ == "Established" && one.status == "True");
        if !established {
            problems.push(Problem {
                object: format!("customresourcedefinition/{name}"),
                message: format!("{name} is not served"),
                fix: Some("keyside crds | kubectl apply -f -".to_owned()),
            });
        }
    }
    outcome.end(Grade::Error, "KindMissing", problems)
}

async fn registered(client: &Client) -> Outcome {
    let outcome = Outcome::begin("webhook-registered", "new pods are shown to keyside");
    let api: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let found = api.get_opt(WEBHOOK_CONFIGURATION).await;
    let hooks = found.ok().flatten().and_then(|one| one.webhooks);
    let missing = hooks.is_none_or(|hooks| hooks.is_empty()).then(|| Problem {
        object: format!("mutatingwebhookconfiguration/{WEBHOOK_CONFIGURATION}"),
        message: "no webhook is registered, so nothing is added to new pods".to_owned(),
        fix: None,
    });
    outcome.end(Grade::Error, "WebhookMissing", missing.into_iter().collect())
}

/// Asks for a credential that the webhook refuses; nothing is stored. An API server that accepts it has not asked the webhook.
async fn alive(client: &Client) -> Outcome {
    let outcome = Outcome::begin("webhook-alive", "keyside answers the API server");
    let credential = RegistryCredential::new(
        "keyside-check",
        RegistryCredentialSpec {
            scope: Scope::Project,
            source: Source::secret("keyside-check"),
            ..RegistryCredentialSpec::default()
        },
    );
    let api: Api<RegistryCredential> = Api::namespaced(client.clone(), "default");
    let parameters = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let silent = |message: String| Problem {
        object: "webhook".to_owned(),
        message,
        fix: Some(format!("kubectl get pods -n {}", keyside_api::SYSTEM_NAMESPACE)),
    };
    let problem = match api.create(&parameters, &credential).await {
        Ok(_) => Some(silent(
            "the webhook did not answer: pods are created without what they need".to_owned(),
        )),
        // Refused by somebody, which is what was wanted; a user without the right to ask cannot tell.
        Err(kube::Error::Api(_)) => None,
        Err(_) => Some(silent("the API server did not answer".to_owned())),
    };
    outcome.end(Grade::Error, "WebhookSilent", problem.into_iter().collect())
}
