//! The numbers of a rollout: how far the new set may grow, and how far the old ones may shrink
//! (`pkg/controller/deployment/rolling.go`, `util/deployment_util.go`).

use super::revision::{self, Revisions};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The wanted size of sets, by name; those not named stay as they are.
pub(super) type Sizes = BTreeMap<String, i32>;

pub(super) fn replicas(deployment: &Deployment) -> i32 {
    deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.replicas)
        .unwrap_or(1)
}

pub(super) fn is_recreate(deployment: &Deployment) -> bool {
    let strategy = deployment.spec.as_ref().and_then(|spec| spec.strategy.as_ref());
    strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate")
}

/// Pods beyond the wanted number, during a rolling update.
pub(super) fn max_surge(deployment: &Deployment) -> i32 {
    if is_recreate(deployment) {
        0
    } else {
        fences(deployment).0
    }
}

/// Pods that may be missing, during a rolling update.
pub(super) fn max_unavailable(deployment: &Deployment) -> i32 {
    if is_recreate(deployment) {
        0
    } else {
        fences(deployment).1.min(replicas(deployment))
    }
}

/// Percentages of the wanted number: surge rounded up, unavailable rounded down; never both nothing, or nothing would move.
fn fences(deployment: &Deployment) -> (i32, i32) {
    let strategy = deployment.spec.as_ref().and_then(|spec| spec.strategy.as_ref());
    let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    let quarter = IntOrString::String("25%".to_owned());
    let surge = rolling
        .and_then(|rolling| rolling.max_surge.as_ref())
        .unwrap_or(&quarter);
    let unavailable = rolling
        .and_then(|rolling| rolling.max_unavailable.as_ref())
        .unwrap_or(&quarter);
    let total = replicas(deployment);
    match (scaled(surge, total, true), scaled(unavailable, total, false)) {
        (0, 0) => (0, 1),
        fences => fences,
    }
}

/// A number, or a percentage of `total`.
pub(crate) fn scaled(value: &IntOrString, total: i32, up: bool) -> i32 {
    let percent = match value {
        IntOrString::Int(number) => return *number,
        IntOrString::String(text) => text.trim_end_matches('%').parse::<i64>().unwrap_or_default(),
    };
    let product = percent * i64::from(total);
    let rounded = if up {
        (product + 99).div_euclid(100)
    } else {
        product.div_euclid(100)
    };
    i32::try_from(rounded).unwrap_or(i32::MAX)
}

pub(super) fn size(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

pub(super) fn available(set: &ReplicaSet) -> i32 {
    set.status
        .as_ref()
        .and_then(|status| status.available_replicas)
        .unwrap_or_default()
}

/// How large a new set may be, beside all that is there; `own` is its present size.
pub(super) fn new_size(deployment: &Deployment, revisions: &Revisions, own: i32) -> i32 {
    let wanted = replicas(deployment);
    if is_recreate(deployment) {
        return wanted;
    }
    let total: i32 = revisions.all().map(|set| size(set)).sum();
    let room = wanted + max_surge(deployment) - total;
    if room <= 0 {
        own
    } else {
        own + room.min(wanted - own)
    }
}

/// One step of a rolling update: first the new set grows (or shrinks to what is wanted), then the old ones shrink.
pub(super) fn roll(deployment: &Deployment, revisions: &Revisions, new: &ReplicaSet) -> Sizes {
    let wanted = replicas(deployment);
    let own = size(new);
    let target = if own > wanted {
        wanted
    } else {
        new_size(deployment, revisions, own)
    };
    if own != wanted && target != own {
        return Sizes::from([(new.name_any(), target)]);
    }
    shrink(deployment, revisions, new)
}

/// Old pods that are not available go first, then as many others as the new ones have made superfluous.
fn shrink(deployment: &Deployment, revisions: &Revisions, new: &ReplicaSet) -> Sizes {
    let min_available = replicas(deployment) - max_unavailable(deployment);
    let total: i32 = revisions.all().map(|set| size(set)).sum();
    let mut sizes: Sizes = revisions
        .old
        .iter()
        .map(|set| (set.name_any(), size(set)))
        .collect();
    let mut room = total - min_available - (size(new) - available(new));
    if sizes.values().all(|size| *size == 0) || room <= 0 {
        return Sizes::new();
    }
    for set in &revisions.old {
        let Some(size) = sizes.get_mut(&set.name_any()).filter(|size| **size > 0) else {
            continue;
        };
        let unhealthy = (*size - available(set)).clamp(0, room);
        *size -= unhealthy;
        room -= unhealthy;
    }
    let mut spare = revisions.all().map(|set| available(set)).sum::<i32>() - min_available;
    for set in &revisions.old {
        let Some(size) = sizes.get_mut(&set.name_any()) else {
            continue;
        };
        let less = (*size).min(spare).max(0);
        *size -= less;
        spare -= less;
    }
    sizes
}

/// A change of the wanted number, or any change while paused: all sets grow or shrink in proportion, so that a rollout is neither
/// hastened nor reverted by it.
pub(super) fn scale(deployment: &Deployment, revisions: &Revisions) -> Sizes {
    let wanted = replicas(deployment);
    let active: Vec<&Arc<ReplicaSet>> = revisions.all().filter(|set| size(set) > 0).collect();
    match active.as_slice() {
        [] => {
            let latest = revisions.new.as_ref().or(revisions.old.last());
            return latest.map(|set| (set.name_any(), wanted)).into_iter().collect();
        }
        [one] => return Sizes::from([(one.name_any(), wanted)]),
        _ => {}
    }
    if revisions
        .new
        .as_ref()
        .is_some_and(|new| is_saturated(new, wanted))
    {
        return revisions.old.iter().map(|set| (set.name_any(), 0)).collect();
    }
    if is_recreate(deployment) {
        return Sizes::new();
    }
    proportions(deployment, active)
}

fn is_saturated(set: &ReplicaSet, wanted: i32) -> bool {
    revision::desired(set) == Some(wanted) && size(set) == wanted && available(set) == wanted
}

fn proportions(deployment: &Deployment, mut active: Vec<&Arc<ReplicaSet>>) -> Sizes {
    let wanted = replicas(deployment);
    let allowed = if wanted > 0 {
        wanted + max_surge(deployment)
    } else {
        0
    };
    let to_add = allowed - active.iter().map(|set| size(set)).sum::<i32>();
    // Larger ones first; of equal ones the newer grows first and the older shrinks first.
    let created = |set: &ReplicaSet| set.metadata.creation_timestamp.as_ref().map(|time| time.0);
    if to_add > 0 {
        active.sort_by_key(|set| (Reverse(size(set)), Reverse(created(set))));
    } else {
        active.sort_by_key(|set| (Reverse(size(set)), created(set)));
    }
    let (mut sizes, mut added) = (Sizes::new(), 0);
    for set in &active {
        let left = to_add - added;
        let fraction = fraction(deployment, set);
        let share = if to_add > 0 {
            fraction.min(left)
        } else {
            fraction.max(left)
        };
        let share = if to_add == 0 { 0 } else { share };
        sizes.insert(set.name_any(), size(set) + share);
        added += share;
    }
    if let Some(size) = active
        .first()
        .and_then(|largest| sizes.get_mut(&largest.name_any()))
    {
        *size = (*size + to_add - added).max(0);
    }
    sizes
}

/// The share of a set in a change of size.
fn fraction(deployment: &Deployment, set: &ReplicaSet) -> i32 {
    let own = size(set);
    let wanted = replicas(deployment);
    if wanted == 0 {
        return -own;
    }
    let now = f64::from(wanted + max_surge(deployment));
    let status = deployment
        .status
        .as_ref()
        .and_then(|status| status.replicas)
        .unwrap_or_default();
    let before = revision::max(set).filter(|max| *max > 0).unwrap_or(status).max(1);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "both factors are pod counts; the product is rounded before"
    )]
    let target = (f64::from(own) * now / f64::from(before)).round() as i32;
    target - own
}
