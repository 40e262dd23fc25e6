//! keyside itself: its kinds, and the webhook, which is asked something that it must refuse.

use super::fresh;
use super::outcome::{Category, Grade, Outcome, Problem};
use super::policy;
use super::rights;
use super::survey::Survey;
use super::words::Said;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use keyside_api::{Project, RegistryCredential, RegistryCredentialSpec, Scope, Source};
use keyside_core::page::Reason;
use keyside_server::WEBHOOK_CONFIGURATION;
use kube::api::PostParams;
use kube::core::Status;
use kube::{Api, Client, Resource as _};

const KINDS: [&str; 3] = ["projects", "registrycredentials", "clusterregistrycredentials"];

pub(super) async fn category(client: &Client, survey: &Survey) -> Category {
    let lease = rights::lease(client).await;
    let mut checks = vec![kinds(client).await];
    let confined = rights::is_confined(lease.as_ref());
    // What serves pods may not be seen by keyside's own account then.
    if confined || policy::is_used(client).await {
        checks.push(policy::holds(client).await);
        checks.push(policy::failures(client).await);
    } else {
        checks.push(registered(client).await);
    }
    if !confined {
        checks.push(alive(client).await);
    }
    checks.push(rights::check(lease.as_ref()));
    checks.push(fresh::check(client, survey).await);
    Category {
        name: "keyside",
        checks,
    }
}

async fn kinds(client: &Client) -> Outcome {
    let outcome = Outcome::begin("crds", "keyside's kinds are served");
    // What is served, everybody may see; definitions may be read by few, and not by keyside itself.
    let version = Project::api_version(&());
    let served = client.list_api_group_resources(&version).await;
    let served = served.map(|list| list.resources).unwrap_or_default();
    let missing = KINDS
        .into_iter()
        .filter(|plural| served.iter().all(|one| one.name != *plural));
    let problems = missing.map(|plural| {
        let name = format!("{plural}.{}", keyside_api::GROUP);
        Problem {
            object: format!("customresourcedefinition/{name}"),
            message: Said::NotServed { kind: name },
            fix: Some("keyside crds | kubectl apply -f -".to_owned()),
        }
    });
    outcome.end(Grade::Error, Reason::KindMissing, problems.collect())
}

async fn registered(client: &Client) -> Outcome {
    let outcome = Outcome::begin("webhook-registered", "new pods are shown to keyside");
    let api: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let found = api.get_opt(WEBHOOK_CONFIGURATION).await;
    if matches!(&found, Err(kube::Error::Api(status)) if status.code == 403) {
        let (verb, resource) = ("get", "mutatingwebhookconfigurations");
        let problem = Problem {
            object: format!("mutatingwebhookconfiguration/{WEBHOOK_CONFIGURATION}"),
            message: Said::MayNot {
                verb: verb.to_owned(),
                resource: resource.to_owned(),
            },
            fix: Some(format!("kubectl auth can-i {verb} {resource}")),
        };
        return outcome.end(Grade::Warning, Reason::Forbidden, vec![problem]);
    }
    let hooks = found.ok().flatten().and_then(|one| one.webhooks);
    let missing = hooks.is_none_or(|hooks| hooks.is_empty()).then(|| Problem {
        object: format!("mutatingwebhookconfiguration/{WEBHOOK_CONFIGURATION}"),
        message: Said::NoWebhook,
        fix: None,
    });
    outcome.end(
        Grade::Error,
        Reason::WebhookMissing,
        missing.into_iter().collect(),
    )
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
    let silent = |message: Said| Problem {
        object: "webhook".to_owned(),
        message,
        fix: Some(format!("kubectl get pods -n {}", keyside_api::SYSTEM_NAMESPACE)),
    };
    let problem = match api.create(&parameters, &credential).await {
        Ok(_) => Some(silent(Said::NotHeard)),
        Err(kube::Error::Api(status)) => match hears(&status) {
            Heard::Yes => None,
            Heard::No => Some(silent(Said::NotReached)),
            Heard::Unasked => {
                let problem = Problem {
                    fix: Some("kubectl auth can-i create registrycredentials -n default".to_owned()),
                    ..silent(Said::MayNotTry)
                };
                return outcome.end(Grade::Warning, Reason::Forbidden, vec![problem]);
            }
        },
        Err(_) => Some(silent(Said::NoAnswer)),
    };
    outcome.end(Grade::Error, Reason::WebhookSilent, problem.into_iter().collect())
}

/// Whether a refusal shows that the webhook was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Yes,
    No,
    /// Somebody else refused before it was asked.
    Unasked,
}

/// API servers begin the words of a webhook in this way, and say in another when they could not get any.
fn hears(status: &Status) -> Heard {
    if status.message.contains("admission webhook") && status.message.contains("denied the request") {
        Heard::Yes
    } else if status.message.contains("failed calling webhook") {
        Heard::No
    } else {
        Heard::Unasked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_right_is_no_sign_of_life() {
        let said = |message: &str| hears(&Status::failure(message, "").boxed());
        assert_eq!(
            said(
                r#"admission webhook "validate.keyside.dev" denied the request: scope Project needs a Project"#
            ),
            Heard::Yes
        );
        assert_eq!(
            said(
                r#"registrycredentials.keyside.dev is forbidden: User "eve" cannot create resource "registrycredentials""#
            ),
            Heard::Unasked
        );
        assert_eq!(
            said(
                r#"Internal error occurred: failed calling webhook "validate.keyside.dev": connection refused"#
            ),
            Heard::No
        );
    }
}
