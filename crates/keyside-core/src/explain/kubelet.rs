//! What the kubelet tries: the pod's pull secrets as one keyring, in the kubelet's own order.

use super::{Question, Tried};
use crate::index::{Credential, Index, Placement};
use crate::resolve::{Resolution, Who, Width};
use crate::source::{Holding, PullSecret};
use keyside_api::Delivery;
use keyside_api::condition::verified;
use keyside_keychain::keyring::Ring;
use keyside_keychain::{Credential as Login, Pattern, Reference};

/// A pull secret of the pod, and what is known of it.
pub(super) struct Listed<'a> {
    pub(super) name: String,
    /// The credential it is a copy of, or the source of.
    pub(super) credential: Option<&'a Credential>,
    pub(super) content: Content<'a>,
    /// Whether the pod itself lists it, and not keyside.
    pub(super) by_pod: bool,
}

impl Listed<'_> {
    /// Whether what it holds was read, and not only expected.
    pub(super) fn is_read(&self) -> bool {
        matches!(self.content, Content::Read(_))
    }
}

/// What a listed Secret holds.
pub(super) enum Content<'a> {
    /// A Secret that was read.
    Read(&'a PullSecret),
    /// A copy, known by what keyside writes into it.
    Copy,
    /// A copy that is due and does not stand yet.
    Due,
    /// Nobody knows: Secrets of the namespace may not be read.
    Unread,
    /// There is no such Secret.
    Missing,
}

/// The pull secrets of the pod in their order, with those that injection adds at the end.
pub(super) fn list<'a>(
    index: &'a Index,
    question: &'a Question<'_>,
    resolution: &Resolution<'a>,
) -> Vec<Listed<'a>> {
    let mut names: Vec<(String, bool)> = Vec::new();
    for name in question.listed.iter().filter(|name| !name.is_empty()) {
        names.push((name.clone(), !question.injected.contains(name)));
    }
    let best = resolution
        .answers
        .first()
        .and_then(|answer| answer.placement.secret());
    if let Some(name) =
        best.filter(|name| adds(index, question) && !question.listed.iter().any(|own| **own == ***name))
    {
        names.push((name.to_string(), false));
    }
    names
        .into_iter()
        .map(|(name, by_pod)| listed(index, question, name, by_pod))
        .collect()
}

/// Whether a pod created now would be given what it needs.
fn adds(index: &Index, question: &Question<'_>) -> bool {
    let disabled = index
        .namespace(question.namespace)
        .is_some_and(|one| one.ignored || one.injection_disabled);
    !question.exists && !disabled && !index.is_system(question.namespace)
}

fn listed<'a>(index: &'a Index, question: &'a Question<'_>, name: String, by_pod: bool) -> Listed<'a> {
    let namespace = question.namespace;
    let of_copy = index
        .copies_in(namespace)
        .find(|(copy, ..)| ***copy == name)
        .and_then(|(_, owner, _)| owner);
    let placed = |credential: &&Credential| {
        let placement = index.placement(credential, namespace);
        placement.secret().is_some_and(|secret| **secret == *name)
    };
    let credential = of_copy.or_else(|| index.credentials_in(namespace).find(placed));
    let content = if let Some(secret) = question
        .secrets
        .get(&name)
        .or_else(|| index.secret(namespace, &name))
    {
        Content::Read(secret)
    } else if index.copy(namespace, &name).is_some() {
        Content::Copy
    } else if credential.is_some_and(|credential| credential.ready().is_some()) {
        Content::Due
    } else if !index.may_read(namespace) {
        Content::Unread
    } else {
        Content::Missing
    };
    Listed {
        name,
        credential,
        content,
        by_pod,
    }
}

/// The keyring that the kubelet makes of the pod's list; each entry knows its place in the list.
pub(super) fn ring(
    index: &Index,
    question: &Question<'_>,
    image: &Reference,
    list: &[Listed<'_>],
) -> Ring<usize> {
    let mut ring: Ring<usize> = Ring::default();
    for (at, listed) in list.iter().enumerate() {
        match (&listed.content, listed.credential) {
            (
                Content::Read(PullSecret {
                    holding: Holding::Config(config),
                    ..
                }),
                _,
            ) => ring.add_config(at, config),
            (Content::Unread, Some(credential)) => {
                for key in credential
                    .patterns()
                    .flat_map(|pattern| pattern.delivered_keys([image]))
                {
                    ring.add(at, &key, Login::default());
                }
            }
            // What it holds nobody here knows, so it may answer.
            (Content::Unread, None) => {
                let host = image.lookup().split('/').next().unwrap_or_default();
                ring.add(at, host, Login::default());
            }
            (Content::Copy | Content::Due, Some(credential)) => {
                let images = index.own_images(question.namespace, credential);
                let images: Vec<&Reference> = images.iter().chain(std::iter::once(image)).collect();
                let served = credential
                    .content()
                    .into_iter()
                    .flat_map(|content| &content.served);
                for key in served.flat_map(|served| served.pattern.delivered_keys(images.iter().copied())) {
                    ring.add(at, &key, Login::default());
                }
            }
            _ => {}
        }
    }
    ring
}

/// What the kubelet tries for the image, in its order.
pub(super) fn tries(
    index: &Index,
    question: &Question<'_>,
    image: &Reference,
    list: &[Listed<'_>],
    ring: &Ring<usize>,
) -> Vec<Tried> {
    let found = ring.lookup(image.lookup());
    found
        .iter()
        .enumerate()
        .map(|(at, found)| tried(index, question, at + 1, &list[*found.source], found.key))
        .collect()
}

fn tried(index: &Index, question: &Question<'_>, rank: usize, listed: &Listed<'_>, key: &str) -> Tried {
    let pattern = Pattern::parse(key).map_or_else(|_| key.to_owned(), |pattern| pattern.to_string());
    let (result, reason) = said(listed.credential);
    Tried {
        rank,
        name: listed.credential.map_or_else(
            || listed.name.clone(),
            |credential| credential.id.name.to_string(),
        ),
        scope: match listed.credential {
            Some(credential) => scope(Who::Managed(credential).width()),
            None if listed.by_pod => "pod",
            None => "plain",
        }
        .to_owned(),
        pattern,
        delivery: match listed.credential {
            Some(credential) => delivery(index, question.namespace, credential),
            None if listed.by_pod => "none",
            None => "inject",
        }
        .to_owned(),
        secret: Some(listed.name.clone()),
        result: result.to_owned(),
        reason,
    }
}

/// How a credential reaches a namespace. Its own Secret in its own namespace needs no copy: only its name is added.
pub(super) fn delivery(index: &Index, namespace: &str, credential: &Credential) -> &'static str {
    match (index.placement(credential, namespace), credential.delivery) {
        (Placement::Source(_), _) => "inject",
        (_, Delivery::Copy) => "copy",
        (_, Delivery::OnDemand) => "on-demand",
        (_, Delivery::Node) => "node",
    }
}

/// The word for a scope.
pub(super) fn scope(width: Width) -> &'static str {
    match width {
        Width::Namespace => "namespace",
        Width::Project => "project",
        Width::Cluster => "cluster",
        Width::Plain => "plain",
    }
}

/// What the registry has said of a credential before: an outage takes nothing back.
pub(super) fn said(credential: Option<&Credential>) -> (&'static str, String) {
    let conditions = credential.map(|credential| &credential.status.conditions);
    let verified = conditions
        .into_iter()
        .flatten()
        .find(|one| one.type_ == verified::TYPE);
    let Some(verified) = verified else {
        return ("untested", verified::UNVERIFIED.to_owned());
    };
    let registries = credential.map_or_else(Vec::new, |credential| credential.status.registries.clone());
    let settled = crate::verify::overall(&registries).settled;
    let (status, reason) = match &settled {
        Some((status, reason, _)) if verified.status == "Unknown" => (*status, reason),
        _ => (&*verified.status, &verified.reason),
    };
    let result = match status {
        "True" => "verified",
        "False" => "refused",
        _ => "untested",
    };
    (result, reason.clone())
}
