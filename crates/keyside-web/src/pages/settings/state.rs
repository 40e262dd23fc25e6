//! How this cluster is served, as far as the reader may see: who adds pull secrets to pods, which credentials are handed out
//! in which way, which carry a private authority, and what ends soon.

use crate::call::Call;
use crate::credential::Stored;
use crate::failure::Failure;
use crate::place::permitted;
use crate::text::Lang;
use crate::time::Moment;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::jiff::Timestamp;
use keyside_api::{Delivery, INJECTION};
use kube::api::DynamicObject;
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client};

/// The configuration of keyside's webhook, as the chart and `keyside up` call it.
const WEBHOOK: &str = "keyside";

/// What ends within so many seconds is listed.
const SOON: i64 = 14 * 24 * 3600;

/// A credential, and something about it.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) link: String,
    pub(super) place: String,
    pub(super) what: String,
}

/// A credential that ends soon, or has ended.
pub(super) struct Ending {
    pub(super) name: String,
    pub(super) link: String,
    pub(super) place: String,
    pub(super) class: &'static str,
    pub(super) end: Moment,
}

/// How pods get the names of their pull secrets: mode, and what it means.
pub(super) async fn injection(call: &Call) -> Result<(&'static str, &'static str), Failure> {
    let (t, client) = (call.t(), call.client()?);
    let webhooks: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    let (webhook, policy) = tokio::join!(webhooks.get_metadata(WEBHOOK), policy(&client));
    let webhook = match webhook {
        Err(kube::Error::Api(status)) if status.code == 403 => None,
        answer => Some(permitted(answer)?.is_some()),
    };
    Ok(match (webhook, policy?) {
        (None, _) | (_, None) => (t.unknown(), t.injection_unknown()),
        (Some(true), Some(true)) => ("both", t.injection_both()),
        (Some(true), Some(false)) => ("webhook", t.injection_webhook()),
        (Some(false), Some(true)) => ("policy", t.injection_policy()),
        (Some(false), Some(false)) => (t.none(), t.injection_none()),
    })
}

/// Whether there is keyside's policy, in whichever version the cluster serves it; none if the reader may not look.
async fn policy(client: &Client) -> Result<Option<bool>, Failure> {
    for version in ["v1", "v1beta1", "v1alpha1"] {
        let kind = GroupVersionKind::gvk("admissionregistration.k8s.io", version, "MutatingAdmissionPolicy");
        let resource = ApiResource::from_gvk_with_plural(&kind, "mutatingadmissionpolicies");
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        match api.get_metadata(INJECTION).await {
            Err(kube::Error::Api(status)) if status.code == 403 => return Ok(None),
            answer => {
                if permitted(answer)?.is_some() {
                    return Ok(Some(true));
                }
            }
        }
    }
    Ok(Some(false))
}

/// The ways of delivery: name, code, what it means, and how many credentials use it.
pub(super) fn deliveries(all: &[Stored], t: Lang) -> Vec<(&'static str, &'static str, &'static str, String)> {
    let count = |delivery: Delivery| {
        let used = all.iter().filter(|one| one.delivery() == delivery).count();
        t.used_by_credentials(used)
    };
    vec![
        (
            t.delivery_copy(),
            "Copy",
            t.delivery_copy_means(),
            count(Delivery::Copy),
        ),
        (
            t.delivery_on_demand(),
            "OnDemand",
            t.delivery_on_demand_means(),
            count(Delivery::OnDemand),
        ),
        (
            t.delivery_node(),
            "Node",
            t.delivery_node_means(),
            count(Delivery::Node),
        ),
    ]
}

/// The credentials with a private authority, and where that stands.
pub(super) fn authorities(all: &[Stored], place: impl Fn(&Stored) -> String) -> Vec<Line> {
    let with = all.iter().filter_map(|one| Some((one, authority(one)?)));
    with.map(|(one, what)| Line {
        name: one.name(),
        link: one.link(),
        place: place(one),
        what,
    })
    .collect()
}

fn authority(stored: &Stored) -> Option<String> {
    match stored {
        Stored::Namespaced(one) => {
            let authority = one.spec.certificate_authority.as_ref()?;
            let (kind, key) = match (&authority.secret_ref, &authority.config_map_ref) {
                (Some(key), _) => ("Secret", key),
                (None, Some(key)) => ("ConfigMap", key),
                (None, None) => return None,
            };
            Some(format!("{kind} {} · {}", key.name, key.key))
        }
        Stored::Cluster(one) => {
            let authority = one.spec.certificate_authority.as_ref()?;
            let (kind, key) = match (&authority.secret_ref, &authority.config_map_ref) {
                (Some(key), _) => ("Secret", key),
                (None, Some(key)) => ("ConfigMap", key),
                (None, None) => return None,
            };
            Some(format!("{kind} {}/{} · {}", key.namespace, key.name, key.key))
        }
    }
}

/// What ends within two weeks or has ended, the first to end first.
pub(super) fn endings(
    all: &[Stored],
    now: Timestamp,
    place: impl Fn(&Stored) -> String,
    t: Lang,
) -> Vec<Ending> {
    let end = |one: &Stored| Some(one.status()?.expiry_time.as_ref()?.0);
    let mut found: Vec<(i64, &Stored, Timestamp)> = all
        .iter()
        .filter_map(|one| end(one).map(|end| (end.as_second() - now.as_second(), one, end)))
        .filter(|(left, ..)| *left <= SOON)
        .collect();
    found.sort_by_key(|(left, ..)| *left);
    found
        .into_iter()
        .map(|(left, one, end)| Ending {
            name: one.name(),
            link: one.link(),
            place: place(one),
            class: if left <= 0 { "bad" } else { "warn" },
            end: Moment::of(Some(end), t),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyside_api::{CredentialStatus, RegistryCredential, RegistryCredentialSpec};

    fn ending(name: &str, end: &str) -> Stored {
        let mut one = RegistryCredential::new(name, RegistryCredentialSpec::default());
        let time = end.parse().expect("a time");
        one.status = Some(CredentialStatus {
            expiry_time: Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(time)),
            ..CredentialStatus::default()
        });
        Stored::Namespaced(Box::new(one))
    }

    #[test]
    fn what_ends_within_two_weeks_is_listed_and_what_has_ended_comes_first() {
        let all = [
            ending("later", "2026-02-01T00:00:01Z"),
            ending("soon", "2026-01-15T00:00:00Z"),
            ending("over", "2025-12-31T00:00:00Z"),
        ];
        let now = "2026-01-01T00:00:00Z".parse().expect("a time");
        let found = endings(&all, now, |_| String::new(), Lang::En);
        let names: Vec<(&str, &str)> = found.iter().map(|one| (&*one.name, one.class)).collect();
        assert_eq!(names, [("over", "bad"), ("soon", "warn")]);
    }
}
