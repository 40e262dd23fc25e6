//! What to add to a pod at admission.
//!
//! For each image the pod refers to, the credential that answers first is added to `spec.imagePullSecrets`, unless it is
//! there already. What the pod has stays, in its order; nothing is ever removed or moved, and a second run adds nothing. A
//! pod for whose images nothing answers is left alone. Templates and `ServiceAccount`s are never touched: a list in a
//! template hides the one of the `ServiceAccount`, while a pod at admission has already been given it.

mod patch;
mod pod;

pub use patch::Operation;
pub use pod::Pod;

use crate::CredentialId;
use crate::index::{Index, Placement};
use crate::resolve::{Who, resolve};
use keyside_api::label;
use keyside_keychain::Reference;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a pod needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Injection {
    /// Secrets to append, in this order.
    pub add: Vec<Arc<str>>,
    /// Credentials the pod uses, and repositories that need keys of their own in the namespace's copy.
    pub needs: BTreeMap<CredentialId, Vec<Arc<str>>>,
    /// Images, as the pod names them, and the credential that answers for each: what a verification can test.
    pub uses: Vec<(CredentialId, Arc<str>)>,
    /// Copies that the pod refers to, or will, and that do not stand as they shall yet.
    pub awaited: Vec<CredentialId>,
    /// Why nothing is added although something may answer.
    pub left_alone: Option<LeftAlone>,
}

/// Why a pod is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftAlone {
    /// The pod or its namespace asks keyside to keep away.
    Ignored,
    /// The pod or its namespace wants no injection; copies are made all the same.
    Disabled,
    /// The pod is one of the cluster's own or keyside's.
    System,
    /// The pod mirrors a static one, whose secrets cannot be changed.
    Mirror,
    /// The `ServiceAccount` lets its pods use only Secrets that it lists: an addition would get the pod refused.
    GuardedAccount,
}

/// Decides what a pod needs. A question to memory: no call, no wait.
pub fn decide(index: &Index, namespace: &str, pod: &Pod<'_>) -> Injection {
    let left_alone = left_alone(index, namespace, pod);
    let mut injection = Injection {
        left_alone,
        ..Injection::default()
    };
    if matches!(
        left_alone,
        Some(LeftAlone::Ignored | LeftAlone::System | LeftAlone::Mirror)
    ) {
        return injection;
    }
    let mut images: Vec<Reference> = Vec::new();
    for image in pod.images().filter_map(|image| Reference::parse(image).ok()) {
        if !images.iter().any(|known| known.lookup() == image.lookup()) {
            images.push(image);
        }
    }
    for image in &images {
        need(index, namespace, image, &mut injection);
    }
    injection
        .add
        .retain(|name| left_alone.is_none() && !pod.pull_secrets().any(|own| own == &**name));
    injection
}

fn need(index: &Index, namespace: &str, image: &Reference, injection: &mut Injection) {
    let resolution = resolve(index, namespace, image);
    let Some((who, placement)) = resolution.given() else {
        return;
    };
    if let Some(secret) = placement.secret()
        && !injection.add.contains(secret)
    {
        injection.add.push(secret.clone());
    }
    let Who::Managed(credential) = who else {
        return;
    };
    if !credential.used.iter().any(|known| **known == *image.original()) {
        injection
            .uses
            .push((credential.id.clone(), image.original().into()));
    }
    let Placement::Copy { .. } = placement else {
        return;
    };
    let own_key = credential
        .content()
        .is_some_and(|content| content.needs_own_key(image));
    let images = injection.needs.entry(credential.id.clone()).or_default();
    if own_key {
        images.push(image.lookup().into());
    }
    let known = |name: &str| {
        index
            .need(namespace, credential)
            .is_some_and(|need| need.images.contains(name))
    };
    let complete = !own_key || known(image.lookup());
    let due = credential.ready().is_some() && !(complete && index.is_current(namespace, credential));
    if due && !injection.awaited.contains(&credential.id) {
        injection.awaited.push(credential.id.clone());
    }
}

fn left_alone(index: &Index, namespace: &str, pod: &Pod<'_>) -> Option<LeftAlone> {
    let of_namespace = index.namespace(namespace);
    let says = |key: &str, value: &str| pod.label(key) == Some(value) || pod.annotation(key) == Some(value);
    if says(label::IGNORE, "true") || of_namespace.is_some_and(|namespace| namespace.ignored) {
        Some(LeftAlone::Ignored)
    } else if index.is_system(namespace) {
        Some(LeftAlone::System)
    } else if pod.annotation(label::MIRROR_POD).is_some() {
        Some(LeftAlone::Mirror)
    } else if says(label::INJECT, label::INJECT_DISABLED)
        || of_namespace.is_some_and(|namespace| namespace.injection_disabled)
    {
        Some(LeftAlone::Disabled)
    } else if index.is_guarded(namespace, pod.service_account()) {
        Some(LeftAlone::GuardedAccount)
    } else {
        None
    }
}

/// The JSON patch that appends the Secrets and says so in an annotation; empty if there is nothing to add.
pub fn patch(pod: &Pod<'_>, add: &[Arc<str>]) -> Vec<Operation> {
    patch::operations(pod, add)
}

#[cfg(test)]
mod tests;
