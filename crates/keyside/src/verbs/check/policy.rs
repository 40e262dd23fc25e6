//! Injection by a policy: one that fails says nothing to anybody, so a pod that needs something is shown to the API server,
//! which must add it. Nothing is stored.

use super::outcome::{Grade, Outcome, Problem};
use super::words::Said;
use k8s_openapi::api::core::v1::Pod;
use keyside_api::{INJECTION, InjectionTable};
use keyside_core::page::Reason;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams, PostParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;

/// How many tables are read to find one that can be tried.
const TABLES: u32 = 50;

/// What the API server counts of each policy; the only trace of one that fails and is told to be ignored then.
const METRIC: &str = "apiserver_mutating_admission_policy_check_duration_seconds_count";

/// How a person sees it.
const METRICS: &str = "kubectl get --raw /metrics | grep apiserver_mutating_admission_policy_check";

/// Whether pods are served by a policy.
pub(super) async fn is_used(client: &Client) -> bool {
    let gvk = GroupVersionKind::gvk(
        "admissionregistration.k8s.io",
        "v1",
        "MutatingAdmissionPolicyBinding",
    );
    let resource = ApiResource::from_gvk_with_plural(&gvk, "mutatingadmissionpolicybindings");
    let api = Api::<DynamicObject>::all_with(client.clone(), &resource);
    api.get_opt(INJECTION).await.is_ok_and(|found| found.is_some())
}

/// Shows the API server a pod that must get something.
pub(super) async fn holds(client: &Client) -> Outcome {
    let outcome = Outcome::begin("policy-holds", "the API server adds what pods need");
    let problem = match attempt(client).await {
        Some((namespace, image)) => refused_or_silent(client, &namespace, &image).await,
        None => None,
    };
    outcome.end(Grade::Error, Reason::PolicySilent, problem.into_iter().collect())
}

/// The API server's own count of how often the policy failed, since it started. Whoever may not read its metrics is told nothing.
pub(super) async fn failures(client: &Client) -> Outcome {
    let outcome = Outcome::begin("policy-failures", "the policy never failed");
    let request = axum::http::Request::get("/metrics").body(Vec::new());
    let metrics = client.request_text(request.expect("a path is a request")).await;
    let problem = match failed(&metrics.unwrap_or_default()) {
        0 => None,
        count => Some(Problem {
            object: format!("mutatingadmissionpolicy/{INJECTION}"),
            message: Said::PolicyFailed { count },
            fix: Some(METRICS.to_owned()),
        }),
    };
    outcome.end(
        Grade::Warning,
        Reason::PolicySilent,
        problem.into_iter().collect(),
    )
}

/// Adds up what the metric of admission policies counts for ours, but for what ended without an error.
fn failed(metrics: &str) -> u64 {
    let ours = format!("policy=\"{INJECTION}\"");
    metrics
        .lines()
        .filter(|line| line.starts_with(METRIC) && line.contains(&ours))
        .filter(|line| !line.contains("error_type=\"no_error\""))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// A namespace, and an image for which something answers there.
async fn attempt(client: &Client) -> Option<(String, String)> {
    let api: Api<InjectionTable> = Api::all(client.clone());
    let tables = api.list(&ListParams::default().limit(TABLES)).await.ok()?;
    tables.items.iter().find_map(|table| {
        let (registry, rule) = table.spec.registries.iter().find_map(|(registry, rules)| {
            let rule = rules.iter().find(|rule| rule.unless.is_empty())?;
            Some((registry, rule))
        })?;
        // A rule without a Secret is for nodes that ask by themselves: nothing is added.
        rule.secret.as_ref()?;
        let path = rule
            .path
            .as_ref()
            .map(|path| format!("{path}/"))
            .unwrap_or_default();
        Some((table.namespace()?, format!("{registry}/{path}keyside-check")))
    })
}

async fn refused_or_silent(client: &Client, namespace: &str, image: &str) -> Option<Problem> {
    let pod = json!({
        "metadata": {"generateName": "keyside-check-"},
        "spec": {"containers": [{"name": "check", "image": image}]},
    });
    let pod: Pod = serde_json::from_value(pod).expect("a pod has this form");
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let admitted = Api::<Pod>::namespaced(client.clone(), namespace)
        .create(&dry, &pod)
        .await;
    // Where such a pod is refused (a quota, a security standard) nobody can tell.
    let secrets = admitted.ok()?.spec?.image_pull_secrets.unwrap_or_default();
    secrets.is_empty().then(|| Problem {
        object: format!("mutatingadmissionpolicy/{INJECTION}"),
        message: Said::PolicySilent {
            image: image.to_owned(),
            namespace: namespace.to_owned(),
        },
        fix: Some(METRICS.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_this_policy_are_added_up_and_nothing_else() {
        let metrics = r#"# TYPE apiserver_mutating_admission_policy_check_duration_seconds histogram
apiserver_mutating_admission_policy_check_duration_seconds_bucket{error_type="invalid_error",policy="keyside-injection",le="5e-07"} 3
apiserver_mutating_admission_policy_check_duration_seconds_count{error_type="no_error",policy="keyside-injection",policy_binding="keyside-injection"} 900
apiserver_mutating_admission_policy_check_duration_seconds_count{error_type="invalid_error",policy="keyside-injection",policy_binding="keyside-injection"} 5
apiserver_mutating_admission_policy_check_duration_seconds_count{error_type="compile_error",policy="keyside-injection",policy_binding="keyside-injection"} 2
apiserver_mutating_admission_policy_check_duration_seconds_count{error_type="compile_error",policy="other",policy_binding="other"} 9
"#;
        assert_eq!(failed(metrics), 7);
        assert_eq!(failed(""), 0);
    }
}
