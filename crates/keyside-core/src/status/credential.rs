//! The status of a credential.

use super::conditions::{Conditions, Holds, Said, whole_seconds};
use crate::index::{Credential, Index, Outside, Placement, State};
use crate::plan::copy;
use crate::source::Problem;
use crate::verify;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use keyside_api::condition::{delivered, ready, stalled, verified};
use keyside_api::{Cause, CredentialStatus, Delivery, RegistryState, Targets};
use std::sync::Arc;

/// How many registries a status shows.
pub(crate) const REGISTRIES_MAX: usize = 64;

/// How many namespaces a message names.
const NAMED_MAX: usize = 5;

/// A copy that a namespace refused for good, until something changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The namespace.
    pub namespace: Arc<str>,
    /// What the API server said, without any value.
    pub message: String,
}

/// How far the delivery is.
struct Progress {
    desired: usize,
    delivered: usize,
    conflicts: usize,
    terminating: usize,
}

impl Progress {
    fn of(index: &Index, credential: &Credential) -> Self {
        let targets = index.targets(credential);
        let wanted = targets.iter().filter(|namespace| {
            let direct = matches!(index.placement(credential, namespace), Placement::Source(_));
            direct || index.wants_copy(credential, namespace)
        });
        let mut progress = Self {
            desired: 0,
            delivered: 0,
            conflicts: 0,
            terminating: index.terminating_targets(credential),
        };
        for namespace in wanted {
            progress.desired += 1;
            progress.delivered += usize::from(index.is_current(namespace, credential));
        }
        progress.conflicts = copy::clashes(index, credential).len();
        progress
    }

    fn text(&self) -> String {
        format!("{}/{}", self.delivered, self.desired)
    }
}

/// The status of a credential, from what stands and what failed.
pub fn credential(
    index: &Index,
    credential: &Credential,
    failures: &[Failure],
    now: Timestamp,
) -> CredentialStatus {
    let former = &credential.status;
    let progress = Progress::of(index, credential);
    let delivered_said = delivered(index, credential, &progress, failures);
    let version = credential
        .ready()
        .and_then(|content| content.version)
        .map(|version| version.to_string());
    let settled = progress.delivered + failures.len() >= progress.desired;
    let current_version = if settled && version.is_some() {
        version.clone()
    } else {
        former.current_version.clone()
    };
    let rotated = former.current_version.is_some() && former.current_version != current_version;
    let registries = verify::registries(credential);
    let (verified_said, settled_said) = verified(index, credential, &registries);
    let build = Conditions {
        former: &former.conditions,
        generation: credential.generation,
        now,
    };
    let mut conditions = vec![
        build.condition(ready::TYPE, ready(&delivered_said, &settled_said)),
        build.condition(verified::TYPE, verified_said.clone()),
        build.condition(delivered::TYPE, delivered_said.clone()),
    ];
    conditions
        .extend(stalled(&delivered_said, &settled_said).map(|said| build.condition(stalled::TYPE, said)));
    let tested = super::verified::tested(credential, &registries);
    let mut status = CredentialStatus {
        observed_generation: Some(credential.generation),
        targets: Some(Targets {
            desired: count(progress.desired),
            delivered: count(progress.delivered),
            conflicts: count(progress.conflicts),
            summary: Some(progress.text()),
        }),
        current_version,
        binding: credential.binding.clone().or_else(|| former.binding.clone()),
        last_rotation_time: if rotated {
            Some(Time(whole_seconds(now)))
        } else {
            former.last_rotation_time.clone()
        },
        conditions,
        registries,
        ..tested
    };
    super::verified::expiry(credential, &mut status, now);
    status
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The first thing that stands in the way, or that all is well.
fn delivered(index: &Index, credential: &Credential, progress: &Progress, failures: &[Failure]) -> Said {
    use delivered as reason;
    let not = |reason: &str, message: String| Said::new(Holds::False, reason, message);
    if let State::Unserved {
        problem: problem @ Problem::Unreadable { .. },
        ..
    } = &credential.state
    {
        return not(reason::FORBIDDEN, problem.to_string());
    }
    if let State::Unserved { problem, .. } = &credential.state {
        return not(
            reason::SOURCE_INVALID,
            match problem {
                Problem::Unstated { .. } => problem.to_string(),
                _ => format!("{problem}; copies keep what they have"),
            },
        );
    }
    if matches!(credential.state, State::Suspended) {
        return not(reason::DESTINATION_CHANGED, suspended());
    }
    if copy::outside_scope(index, credential) == Some(Outside::NotProjectHome) {
        let home = credential.id.namespace.as_deref().unwrap_or_default();
        return not(
            reason::NOT_PROJECT_HOME,
            format!("namespace {home} is not the home of a Project"),
        );
    }
    if index.lacks_copies(credential) {
        return not(reason::FORBIDDEN, no_copies());
    }
    if credential.delivery == Delivery::Node {
        let message = "nothing is copied; the keyside credential provider on each node answers".to_owned();
        return Said::new(Holds::Unknown, reason::NODE_DELIVERY, message);
    }
    if !failures.is_empty() {
        return not(reason::FORBIDDEN, refused(failures));
    }
    if progress.desired == 0 && progress.terminating > 0 {
        return not(
            reason::NAMESPACE_TERMINATING,
            "the namespace is being deleted".to_owned(),
        );
    }
    if progress.delivered < progress.desired {
        return not(
            reason::PROGRESSING,
            format!("{} namespaces have the present content", progress.text()),
        );
    }
    if progress.conflicts > 0 {
        return not(reason::NAME_TAKEN, name_taken(index, credential));
    }
    if let (State::Unread(_), Some((namespace, secret)), 1..) =
        (&credential.state, &credential.source, progress.desired)
    {
        return Said::new(Holds::True, reason::NAME_GIVEN, name_given(namespace, secret));
    }
    Said::new(Holds::True, reason::ALL_COPIES_CURRENT, served(progress.desired))
}

fn no_copies() -> String {
    "it needs copies, and keyside has no right to write any: use scope Namespace beside the Secret, or install with `delivery.mode: Copy`"
        .to_owned()
}

fn name_given(namespace: &str, secret: &str) -> String {
    format!(
        "pods of namespace {namespace} are given the name {secret}; keyside may not read that Secret, so it does not know whether it stands"
    )
}

fn served(namespaces: usize) -> String {
    match namespaces {
        0 => "no namespace needs it".to_owned(),
        1 => "one namespace is served".to_owned(),
        many => format!("{many} namespaces are served"),
    }
}

fn suspended() -> String {
    "registry, authority, token service or scope was changed while the secret stayed the same: write the Secret anew to confirm"
        .to_owned()
}

fn refused(failures: &[Failure]) -> String {
    let named: Vec<String> = failures
        .iter()
        .take(NAMED_MAX)
        .map(|failure| format!("namespace {}: {}", failure.namespace, failure.message))
        .collect();
    format!("{}{}", named.join("; "), more(failures.len()))
}

fn name_taken(index: &Index, credential: &Credential) -> String {
    let clashes = copy::clashes(index, credential);
    let named: Vec<&str> = clashes
        .iter()
        .take(NAMED_MAX)
        .map(|(namespace, _, _)| &**namespace)
        .collect();
    let other = clashes.first().map_or("", |(_, name, _)| name);
    let (names, more, own) = (named.join(", "), more(clashes.len()), &credential.id.name);
    format!("the name {own} is taken by another Secret in {names}{more}; pods there are served as {other}")
}

fn more(all: usize) -> String {
    if all > NAMED_MAX {
        format!(" and {} more", all - NAMED_MAX)
    } else {
        String::new()
    }
}

/// What the registries say now, and what they said last for certain.
fn verified(index: &Index, credential: &Credential, registries: &[RegistryState]) -> (Said, Said) {
    use verified as reason;
    if let Some(message) = verify::hindrance(index, credential) {
        let said = Said::new(Holds::Unknown, reason::UNVERIFIED, message);
        return (said.clone(), said);
    }
    if let State::Unserved {
        problem: Problem::Missing { .. },
        ..
    } = &credential.state
    {
        let message = "there is no Secret to verify";
        let said = Said::new(Holds::Unknown, reason::SOURCE_MISSING, message);
        return (said.clone(), said);
    }
    let overall = verify::overall(registries);
    let said = super::verified::said(overall.said);
    let settled = overall
        .settled
        .map_or_else(|| said.clone(), super::verified::said);
    (said, settled)
}

fn ready(delivered: &Said, verified: &Said) -> Said {
    if verified.holds == Holds::False {
        return verified.clone();
    }
    match delivered.holds {
        Holds::True => Said {
            reason: ready::DELIVERED.to_owned(),
            ..delivered.clone()
        },
        Holds::False | Holds::Unknown => delivered.clone(),
    }
}

/// Exactly while a human must act. An outage of a registry or a delivery under way is nothing to act on.
fn stalled(delivered: &Said, verified: &Said) -> Option<Said> {
    let acting = [
        delivered::NAME_TAKEN,
        delivered::FORBIDDEN,
        delivered::NOT_PROJECT_HOME,
        delivered::SOURCE_INVALID,
        delivered::DESTINATION_CHANGED,
    ];
    let refused = [Cause::BadCredentials, Cause::NoPullScope, Cause::Expired].map(Cause::as_str);
    if delivered.holds == Holds::False && acting.contains(&&*delivered.reason) {
        Some(Said {
            holds: Holds::True,
            ..delivered.clone()
        })
    } else if verified.holds == Holds::False && refused.contains(&&*verified.reason) {
        Some(Said {
            holds: Holds::True,
            ..verified.clone()
        })
    } else {
        None
    }
}
