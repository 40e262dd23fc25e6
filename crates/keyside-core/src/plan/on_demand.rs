//! Delivery on demand: a copy stands where a pod needs it, and goes when nobody does any more.
//!
//! Admission notes the need. That nobody needs a copy any more cannot be seen without looking at pods, and keyside does
//! not watch pods: so a copy that no new pod has asked for in a long while is only a candidate, and the pods of its
//! namespace are looked at once before it goes.

use crate::CredentialId;
use crate::index::Index;
use jiff::{SignedDuration, Timestamp};
use keyside_api::Delivery;
use std::sync::Arc;

/// An on-demand copy that no new pod has asked for in a long while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The credential.
    pub credential: CredentialId,
    /// The Secret's name, which pods may still list.
    pub secret: Arc<str>,
}

/// The on-demand copies that no new pod has asked for since `now - idle_for`. What an earlier run noted is not known, so
/// `started` counts as the last need of a copy that was found standing.
pub fn idle(index: &Index, started: Timestamp, now: Timestamp, idle_for: SignedDuration) -> Vec<Idle> {
    let mut found = Vec::new();
    for credential in index
        .credentials()
        .filter(|credential| credential.delivery == Delivery::OnDemand)
    {
        for (namespace, secret, _) in index.copies_of(credential) {
            let last = index
                .need(namespace, credential)
                .map_or(started, |need| need.last);
            let due = last.checked_add(idle_for).unwrap_or(Timestamp::MAX);
            if due <= now {
                let (namespace, secret) = (namespace.clone(), secret.clone());
                found.push(Idle {
                    namespace,
                    credential: credential.id.clone(),
                    secret,
                });
            }
        }
    }
    found
}
