//! Credentials: do they stand everywhere they apply, and do they still work.

use super::outcome::{Category, Grade, Outcome, Problem};
use super::survey::Survey;
use super::words::Said;
use crate::print;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use keyside_api::condition::{delivered, stalled, verified};
use keyside_api::{Cause, CredentialStatus};
use keyside_core::page::{Reason, Topic};
use kube::ResourceExt;

/// So long before its end a credential is pointed out.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A credential of either kind.
struct One<'a> {
    object: String,
    /// As `set-password` takes it.
    place: String,
    name: String,
    status: Option<&'a CredentialStatus>,
}

fn all(survey: &Survey) -> Vec<One<'_>> {
    let namespaced = survey.credentials.iter().map(|one| {
        let namespace = one.namespace().unwrap_or_default();
        One {
            object: format!("registrycredential/{namespace}/{}", one.name_any()),
            place: format!("-n {namespace}"),
            name: one.name_any(),
            status: one.status.as_ref(),
        }
    });
    let cluster = survey.cluster_credentials.iter().map(|one| One {
        object: format!("clusterregistrycredential/{}", one.name_any()),
        place: "--cluster".to_owned(),
        name: one.name_any(),
        status: one.status.as_ref(),
    });
    namespaced.chain(cluster).collect()
}

fn condition<'a>(one: &One<'a>, kind: &str) -> Option<&'a Condition> {
    one.status?
        .conditions
        .iter()
        .find(|condition| condition.type_ == kind)
}

/// Where copies are missing.
pub(super) fn delivery(survey: &Survey) -> Category {
    let everywhere = Outcome::begin("deliveries", "every namespace in scope has its credentials");
    let conflicts = Outcome::begin("name-conflicts", "no other Secret has a credential's name");
    let suspended = Outcome::begin(
        "suspended",
        "no credential waits for its secret to be entered again",
    );
    let credentials = all(survey);
    let (mut missing, mut taken, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
    for one in &credentials {
        let said = condition(one, delivered::TYPE);
        if let Some(said) = said.filter(|said| said.status == "False" && said.reason != delivered::NAME_TAKEN)
        {
            missing.push(Problem {
                object: one.object.clone(),
                message: Said::Condition {
                    object: one.object.clone(),
                    message: said.message.clone(),
                },
                fix: Some(format!("keyside explain {}", said.reason)),
            });
        }
        let targets = one.status.and_then(|status| status.targets.as_ref());
        if let Some(targets) = targets.filter(|targets| targets.conflicts > 0) {
            taken.push(Problem {
                object: one.object.clone(),
                message: Said::Taken {
                    object: one.object.clone(),
                    count: targets.conflicts,
                },
                fix: Some("keyside explain NameTaken".to_owned()),
            });
        }
        // What a registry has refused stalls as well, and is told by another check.
        let is_suspended =
            |said: &&Condition| said.status == "True" && said.reason == stalled::DESTINATION_CHANGED;
        if let Some(said) = condition(one, stalled::TYPE).filter(is_suspended) {
            waiting.push(Problem {
                object: one.object.clone(),
                message: Said::Condition {
                    object: one.object.clone(),
                    message: said.message.clone(),
                },
                fix: Some(set_password(one)),
            });
        }
    }
    Category {
        name: "delivery",
        checks: vec![
            everywhere.end(Grade::Error, Reason::NotDelivered, missing),
            conflicts.end(Grade::Warning, Reason::NameTaken, taken),
            suspended.end(Grade::Error, Reason::Stalled, waiting),
        ],
    }
}

fn set_password(one: &One<'_>) -> String {
    format!(
        "keyside credential set-password {} {} --password-stdin",
        one.name, one.place
    )
}

/// The registries that have refused it.
fn refusing(one: &One<'_>) -> String {
    let registries = one.status.into_iter().flat_map(|status| &status.registries);
    let refusing = registries.filter(|state| state.verified.as_deref() == Some("False"));
    let names: Vec<&str> = refusing.map(|state| state.registry.as_str()).collect();
    names.join(", ")
}

/// What registries have refused, and what ends.
pub(super) fn validity(survey: &Survey, now: Timestamp) -> Category {
    let valid = Outcome::begin("credentials-valid", "no registry has refused a credential");
    let expiry = Outcome::begin(
        "credentials-expiry",
        "no credential has expired or expires within a week",
    );
    let (mut refused, mut ends) = (Vec::new(), Vec::new());
    let mut is_over = false;
    for one in &all(survey) {
        if let Some(said) = condition(one, verified::TYPE).filter(|said| said.status == "False") {
            refused.push(Problem {
                object: one.object.clone(),
                message: Said::Refused {
                    object: one.object.clone(),
                    reason: said.reason.clone(),
                    registries: refusing(one),
                },
                fix: Some(set_password(one)),
            });
        }
        let end = one
            .status
            .and_then(|status| status.expiry_time.as_ref())
            .map(|time| time.0);
        let Some(left) = end.map(|end| end.duration_since(now)).filter(|left| *left < SOON) else {
            continue;
        };
        is_over |= left.is_negative();
        let span = print::span(left.as_secs().abs());
        let message = if left.is_negative() {
            Said::Expired {
                object: one.object.clone(),
                span,
            }
        } else {
            Said::Expires {
                object: one.object.clone(),
                span,
            }
        };
        ends.push(Problem {
            object: one.object.clone(),
            message,
            fix: Some(set_password(one)),
        });
    }
    let (grade, reason) = if is_over {
        (Grade::Error, Topic::from(Cause::Expired))
    } else {
        (Grade::Warning, Reason::Expiring.into())
    };
    Category {
        name: "credentials",
        checks: vec![
            valid.end(Grade::Error, Reason::VerificationFailed, refused),
            expiry.end(grade, reason, ends),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyside_api::RegistryCredential;
    use serde_json::json;

    fn survey(status: serde_json::Value) -> Survey {
        let credential: RegistryCredential = serde_json::from_value(json!({
            "apiVersion": "keyside.dev/v1alpha1", "kind": "RegistryCredential",
            "metadata": {"name": "quay", "namespace": "shop"}, "spec": {"source": {"secret": {"name": "quay"}}},
            "status": status,
        }))
        .expect("a credential");
        Survey {
            credentials: vec![credential],
            ..Survey::default()
        }
    }

    fn grades(category: &Category) -> Vec<(&'static str, Grade, &'static str)> {
        let checks = category.checks.iter();
        checks
            .map(|check| (check.id, check.grade, check.reason()))
            .collect()
    }

    #[test]
    fn refused_credential_fails_and_one_that_ends_soon_warns() {
        let now = Timestamp::constant(1_800_000_000, 0);
        let end = (now + SignedDuration::from_hours(30)).to_string();
        let survey = survey(json!({
            "expiryTime": end,
            "conditions": [{"type": "Verified", "status": "False", "reason": "BadCredentials", "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        }));
        assert_eq!(
            grades(&validity(&survey, now)),
            [
                ("credentials-valid", Grade::Error, "VerificationFailed"),
                ("credentials-expiry", Grade::Warning, "Expiring")
            ]
        );
        let later = now + SignedDuration::from_hours(48);
        assert_eq!(grades(&validity(&survey, later))[1].1, Grade::Error);
    }

    #[test]
    fn refusal_is_told_once_and_only_a_suspension_waits_for_its_secret() {
        let stalled = |reason: &str| {
            survey(
                json!({"conditions": [{"type": "Stalled", "status": "True", "reason": reason, "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z"}]}),
            )
        };
        let grade = |survey: &Survey| grades(&delivery(survey))[2].1;
        assert_eq!(grade(&stalled("BadCredentials")), Grade::Success);
        assert_eq!(grade(&stalled("DestinationChanged")), Grade::Error);
    }

    #[test]
    fn conflict_is_a_warning_and_nothing_else_is_wrong() {
        let survey = survey(json!({"targets": {"desired": 2, "delivered": 2, "conflicts": 1}}));
        assert_eq!(
            grades(&delivery(&survey)),
            [
                ("deliveries", Grade::Success, "Ok"),
                ("name-conflicts", Grade::Warning, "NameTaken"),
                ("suspended", Grade::Success, "Ok")
            ]
        );
    }
}
