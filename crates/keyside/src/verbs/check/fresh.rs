//! Whether keyside still sees what happens. Its watches cannot be seen from outside, but what follows from them can: a Lease that its
//! holder renews, and credentials whose last change somebody has looked at.

use super::outcome::{Grade, Outcome, Problem};
use super::survey::Survey;
use super::words::Said;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use keyside_api::SYSTEM_NAMESPACE;
use keyside_core::page::Reason;
use keyside_server::rbac::LEASE;
use kube::{Api, Client, ResourceExt};

/// A holder renews every twenty seconds; clocks of machines differ.
const SILENT: SignedDuration = SignedDuration::from_mins(2);

/// So long a change may wait for keyside's look.
const UNSEEN: SignedDuration = SignedDuration::from_mins(1);

pub(super) async fn check(client: &Client, survey: &Survey) -> Outcome {
    let outcome = Outcome::begin("watches-fresh", "keyside sees what is changed");
    let now = Timestamp::now();
    let leases: Api<Lease> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
    // A single replica has no Lease; whoever may not read it learns the rest.
    let lease = leases.get_opt(LEASE).await.ok().flatten();
    let silent = lease.as_ref().and_then(|lease| silence(lease, now));
    let unseen = unseen(survey, now);
    outcome.end(
        Grade::Error,
        Reason::NotFresh,
        silent.into_iter().chain(unseen).collect(),
    )
}

/// Nobody holds the Lease, or its holder has fallen silent.
fn silence(lease: &Lease, now: Timestamp) -> Option<Problem> {
    let spec = lease.spec.as_ref();
    let holder = spec.and_then(|spec| spec.holder_identity.as_deref());
    let renewed = spec.and_then(|spec| spec.renew_time.as_ref()).map(|time| time.0);
    let age = renewed.map(|renewed| now.duration_since(renewed));
    let message = match (holder.filter(|holder| !holder.is_empty()), age) {
        (Some(_), Some(age)) if age < SILENT => return None,
        (Some(holder), Some(age)) => Said::HolderSilent {
            holder: holder.to_owned(),
            seconds: age.as_secs(),
        },
        _ => Said::NoHolder,
    };
    Some(problem(format!("lease/{SYSTEM_NAMESPACE}/{LEASE}"), message))
}

/// Credentials whose last change nobody has looked at.
fn unseen(survey: &Survey, now: Timestamp) -> Vec<Problem> {
    let namespaced = survey.credentials.iter().map(|one| {
        let object = format!(
            "registrycredential/{}/{}",
            one.namespace().unwrap_or_default(),
            one.name_any()
        );
        (object, &one.metadata, one.status.as_ref())
    });
    let cluster = survey.cluster_credentials.iter().map(|one| {
        let object = format!("clusterregistrycredential/{}", one.name_any());
        (object, &one.metadata, one.status.as_ref())
    });
    let all = namespaced.chain(cluster);
    let late = all.filter(|(_, meta, status)| {
        let seen = status.and_then(|status| status.observed_generation);
        let waits = changed(meta).map(|changed| now.duration_since(changed));
        seen != meta.generation && waits.is_some_and(|waits| waits > UNSEEN)
    });
    late.map(|(object, ..)| {
        let message = Said::NotSeen {
            object: object.clone(),
        };
        problem(object, message)
    })
    .collect()
}

/// When the object was last changed, but for its status.
fn changed(meta: &ObjectMeta) -> Option<Timestamp> {
    let entries = meta.managed_fields.iter().flatten();
    let of_users = entries.filter(|entry| entry.subresource.as_deref().unwrap_or_default().is_empty());
    let times = of_users.filter_map(|entry| entry.time.as_ref());
    let newest = times.map(|time| time.0).max();
    newest.or(meta.creation_timestamp.as_ref().map(|time| time.0))
}

fn problem(object: String, message: Said) -> Problem {
    Problem {
        object,
        message,
        fix: Some(format!("kubectl get pods -n {SYSTEM_NAMESPACE}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyside_api::RegistryCredential;
    use serde_json::{Value, json};

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn ago(seconds: i64) -> String {
        (NOW - SignedDuration::from_secs(seconds)).to_string()
    }

    fn silent(spec: Value) -> bool {
        let lease: Lease = serde_json::from_value(json!({"spec": spec})).expect("a Lease");
        silence(&lease, NOW).is_some()
    }

    #[test]
    fn holder_that_renews_is_fresh_and_one_that_is_silent_or_absent_is_not() {
        assert!(!silent(json!({"holderIdentity": "a", "renewTime": ago(30)})));
        assert!(silent(json!({"holderIdentity": "a", "renewTime": ago(300)})));
        assert!(silent(json!({"holderIdentity": "", "renewTime": ago(30)})));
    }

    #[test]
    fn change_that_nobody_has_looked_at_for_a_minute_is_named() {
        let survey = |age: i64, observed: i64| {
            let credential: RegistryCredential = serde_json::from_value(json!({
                "apiVersion": "keyside.dev/v1alpha1", "kind": "RegistryCredential",
                "metadata": {"name": "quay", "namespace": "shop", "generation": 2, "creationTimestamp": ago(9000),
                    "managedFields": [{"manager": "kubectl", "time": ago(age)},
                        {"manager": "keyside", "time": ago(0), "subresource": "status"}]},
                "spec": {"source": {"secret": {"name": "quay"}}}, "status": {"observedGeneration": observed},
            }))
            .expect("a credential");
            Survey {
                credentials: vec![credential],
                ..Survey::default()
            }
        };
        let named = |survey: &Survey| unseen(survey, NOW).len();
        assert_eq!(named(&survey(300, 1)), 1);
        assert_eq!(named(&survey(300, 2)), 0);
        assert_eq!(named(&survey(5, 1)), 0);
    }
}
