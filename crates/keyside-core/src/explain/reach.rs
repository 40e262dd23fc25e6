//! What stands in a namespace: every credential that applies there, in the order of scopes, and the plain pull secrets.

use super::kubelet::{delivery, said, scope};
use crate::index::Index;
use crate::resolve::{Who, Width};
use crate::source::Holding;
use keyside_api::Cause;
use serde::Serialize;

/// A credential in reach of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InReach {
    /// The credential's or the Secret's name.
    pub name: String,
    /// As in [`Tried::scope`](super::Tried::scope).
    pub scope: String,
    /// What it is for.
    pub patterns: Vec<String>,
    /// As in [`Tried::delivery`](super::Tried::delivery).
    pub delivery: String,
    /// The Secret a pod would name.
    pub secret: Option<String>,
    /// What the registry has said of it, or why it cannot be used.
    pub reason: String,
}

/// Everything in reach of a namespace.
pub fn in_reach(index: &Index, namespace: &str) -> Vec<InReach> {
    let mut found: Vec<(Width, InReach)> = index
        .credentials_in(namespace)
        .map(|credential| {
            let width = Who::Managed(credential).width();
            let served = credential
                .content()
                .into_iter()
                .flat_map(|content| &content.served);
            let one = InReach {
                name: credential.id.name.to_string(),
                scope: scope(width).to_owned(),
                patterns: served.map(|served| served.pattern.to_string()).collect(),
                delivery: delivery(index, namespace, credential).to_owned(),
                secret: index
                    .placement(credential, namespace)
                    .secret()
                    .map(ToString::to_string),
                reason: said(Some(credential)).1,
            };
            (width, one)
        })
        .collect();
    let plain = index
        .secrets_in(namespace)
        .filter(|secret| !index.is_source(namespace, &secret.name) && !secret.ignored);
    found.extend(plain.filter_map(|secret| {
        let (patterns, reason) = match &secret.holding {
            Holding::Config(config) => {
                let keys = config.entries().iter().map(|entry| entry.key().to_owned());
                (keys.collect(), said(None).1)
            }
            Holding::Broken { .. } => (Vec::new(), Cause::BrokenPullSecret.as_str().to_owned()),
            Holding::BasicAuth(_) | Holding::Nothing => return None,
        };
        let one = InReach {
            name: secret.name.to_string(),
            scope: scope(Width::Plain).to_owned(),
            patterns,
            delivery: "inject".to_owned(),
            secret: Some(secret.name.to_string()),
            reason,
        };
        Some((Width::Plain, one))
    }));
    found.sort_by(|(a, one), (b, other)| (a, &one.name).cmp(&(b, &other.name)));
    found.into_iter().map(|(_, one)| one).collect()
}
