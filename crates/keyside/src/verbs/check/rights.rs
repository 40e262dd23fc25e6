//! Which rights keyside has: with fewer it does less, on purpose, and whoever looks for what it does not do finds it said here.

use super::outcome::{Grade, Outcome, Problem};
use super::words::Said;
use k8s_openapi::api::coordination::v1::Lease;
use keyside_api::{SYSTEM_NAMESPACE, label};
use keyside_core::page::Reason;
use keyside_server::rbac::{LEASE, Mode};
use kube::{Api, Client, ResourceExt as _};

/// The holder of the Lease writes down which rights it has. A single replica has no Lease, and says nothing.
/// Where it is written down.
pub(super) async fn lease(client: &Client) -> Option<Lease> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
    leases.get_opt(LEASE).await.ok().flatten()
}

/// Whether keyside works in some namespaces only, and so registers no webhook.
pub(super) fn is_confined(lease: Option<&Lease>) -> bool {
    let given = lease.and_then(|lease| lease.annotations().get(label::RIGHTS));
    given.is_some_and(|given| given == Mode::Namespaced.as_str())
}

pub(super) fn check(lease: Option<&Lease>) -> Outcome {
    let outcome = Outcome::begin("rights", "keyside has all the rights that it can use");
    outcome.end(
        Grade::Warning,
        Reason::FewerRights,
        lease.and_then(fewer).into_iter().collect(),
    )
}

fn fewer(lease: &Lease) -> Option<Problem> {
    let given = lease.annotations().get(label::RIGHTS)?;
    let message = match given.as_str() {
        given if given == Mode::Inject.as_str() => Said::NamesOnly,
        given if given == Mode::Blind.as_str() => Said::Blind,
        given if given == Mode::Namespaced.as_str() => Said::Confined,
        _ => return None,
    };
    Some(Problem {
        object: format!("lease/{SYSTEM_NAMESPACE}/{LEASE}"),
        message,
        fix: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(rights: &str, expected: Option<Said>) {
        let annotations = json!({label::RIGHTS: rights});
        let lease =
            serde_json::from_value(json!({"metadata": {"annotations": annotations}})).expect("a Lease");
        assert_eq!(fewer(&lease).map(|problem| problem.message), expected);
    }

    #[test]
    fn what_is_lost_is_said_and_nothing_where_nothing_is() {
        check("inject", Some(Said::NamesOnly));
        check("blind", Some(Said::Blind));
        check("namespaced", Some(Said::Confined));
        check("repair", None);
        assert_eq!(fewer(&Lease::default()), None);
    }
}
