//! The decision as people and programs read it: for one image, which credentials a kubelet tries and in which order, why
//! the others are not used, and what to do if the image cannot be pulled.
//!
//! The decision is known from memory alone. What the registry answers and what the node says are further witnesses; they come
//! with the [`Question`], and [`crate::diagnose`] weighs them. Without them the verdict stays `Unknown` where only they could tell.

mod heard;
mod kubelet;
mod reach;
mod unused;

pub use heard::heard;
pub use reach::{InReach, in_reach};

use crate::diagnose::{self, Answer, Remedy, Word};
use crate::index::{Authority, Index, Placement};
use crate::resolve::resolve;
use crate::sentence::Sentence;
use crate::source::PullSecret;
use jiff::Timestamp;
use keyside_keychain::{Credential, Pattern, Reference};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question<'a> {
    /// The namespace of the pod.
    pub namespace: &'a str,
    /// The image as written.
    pub image: &'a str,
    /// The pod's name, if one is meant; for the commands that heal.
    pub pod: Option<&'a str>,
    /// The pull secrets of the pod, or of its `ServiceAccount` if the pod does not exist yet, in their order.
    pub listed: Vec<String>,
    /// Those of them that keyside has added.
    pub injected: Vec<String>,
    /// Whether the pod exists: its list then cannot change any more.
    pub exists: bool,
    /// Secrets of the namespace as they were read, by name; they win over what the index would expect in them.
    pub secrets: BTreeMap<String, PullSecret>,
    /// The container that uses the image; for the commands that heal.
    pub container: Option<&'a str>,
    /// What has made the pod, such as `deployment/web`; for the commands that heal.
    pub workload: Option<&'a str>,
    /// What the node has done with the image.
    pub observed: Option<Observed>,
    /// Whether the image lies on the node.
    pub present: bool,
    /// What the node said about the image.
    pub node: Vec<Word>,
    /// What the registry answered, if it was asked.
    pub registry: Vec<Answer>,
}

/// What the node has done with an image of a pod that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// It was pulled, or was present and allowed.
    Pulled,
    /// It is waiting, with this reason (`ErrImagePull`, `ImagePullBackOff`, …).
    Waiting(String),
}

/// Whether an image can be pulled, as far as known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// A credential answers that nothing speaks against, or the node has pulled the image.
    Pullable,
    /// It cannot be pulled, or is not.
    Failing,
    /// Nothing speaks for or against it: without a credential only a public image can be pulled.
    Unknown,
}

/// The answer for one image. Its JSON is a contract: programs rely on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The image as written.
    pub image: String,
    /// Whether it can be pulled.
    pub verdict: Verdict,
    /// Why: a cause, or a reason of the condition `Verified`.
    pub reason: String,
    /// The same in one sentence.
    pub message: Sentence,
    /// What the kubelet tries, in its order.
    pub credentials: Vec<Tried>,
    /// What it does not try, the nearest first.
    pub unused: Vec<Unused>,
    /// What the verdict rests on.
    pub evidence: Vec<Seen>,
    /// What to do: commands to paste.
    pub fix: Vec<String>,
    /// What the commands are good for, for people.
    #[serde(skip)]
    pub advice: Option<Sentence>,
    /// What has to happen with a pod that waits.
    #[serde(skip)]
    pub remedy: Remedy,
}

/// A credential that the kubelet tries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// Its turn, from 1.
    pub rank: usize,
    /// The credential's name; for a Secret without one, the Secret's.
    pub name: String,
    /// `namespace`, `project`, `cluster`, `plain`, or `pod` for a Secret that the pod itself lists.
    pub scope: String,
    /// What it is for.
    pub pattern: String,
    /// `copy`, `on-demand`, `node`; `inject` for a plain Secret that keyside adds; `none` for one that the pod lists.
    pub delivery: String,
    /// The Secret the kubelet reads; none if the node asks keyside.
    pub secret: Option<String>,
    /// `verified`, `refused`, `unclear` or `untested`, by what the registry says of it, or has said before.
    pub result: String,
    /// Why: a reason of the condition `Verified`.
    pub reason: String,
}

/// A credential that the kubelet does not try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// The credential's or the Secret's name.
    pub name: String,
    /// As in [`Tried::scope`].
    pub scope: String,
    /// What it is for, if it can be read.
    pub pattern: Option<String>,
    /// Where it is, if in another namespace.
    pub namespace: Option<String>,
    /// Why it is not tried.
    pub reason: String,
    /// The same in one sentence.
    pub message: Sentence,
}

/// Something the verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// `decision`, `registry` or `node`.
    pub source: String,
    /// What it says.
    pub message: Sentence,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// In the words of node and registry, which are shown only to those who ask for them.
    #[serde(skip)]
    pub raw: Option<String>,
}

/// Explains one image.
pub fn explain(index: &Index, question: &Question<'_>) -> Explanation {
    let image = Reference::parse(question.image);
    let (mut tries, mut unused, mut provided) = (Vec::new(), Vec::new(), None);
    let resolution = image
        .as_ref()
        .map(|image| resolve(index, question.namespace, image))
        .unwrap_or_default();
    if let Ok(image) = &image {
        let list = kubelet::list(index, question, &resolution);
        let ring = kubelet::ring(index, question, image, &list);
        tries = kubelet::tries(index, question, image, &list, &ring);
        unused = unused::hidden(image, &list, &ring);
        unused.extend(unused::unused(index, question, image, &resolution, &list, &tries));
        let best = resolution.answers.first();
        provided = best
            .filter(|best| best.placement == Placement::Node)
            .map(|best| best.who.name());
    }
    diagnose::take_answers(&mut tries, &question.registry);
    diagnose::conclude(&diagnose::Evidence {
        index,
        question,
        image,
        tries: &tries,
        unused: &unused,
        provided,
        said: diagnose::Evidence::newest(&question.node),
    })
}

/// A credential that the registry may be asked with, and how the registry is reached with it: as verification does.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    /// Its turn, from 1.
    pub rank: usize,
    /// User name and password.
    pub login: Credential,
    /// The token service that was confirmed for it.
    pub token_service: Option<&'a str>,
    /// The registry's private authority.
    pub authority: Option<&'a Authority>,
}

/// The credentials that the registry may be asked with: those that the kubelet tries for the image, by their turn, as far as their
/// Secrets were read, and only where the pattern is for the image. The kubelet itself would also offer `team` to `team-b`.
pub fn logins<'a>(index: &'a Index, question: &Question<'_>) -> Vec<Shown<'a>> {
    let Ok(image) = Reference::parse(question.image) else {
        return Vec::new();
    };
    let resolution = resolve(index, question.namespace, &image);
    let list = kubelet::list(index, question, &resolution);
    let ring = kubelet::ring(index, question, &image, &list);
    let is_meant = |key: &str| Pattern::parse(key).is_ok_and(|pattern| pattern.matches(&image));
    ring.lookup(image.lookup())
        .iter()
        .enumerate()
        .filter(|(_, found)| is_meant(found.key) && list[*found.source].is_read())
        .map(|(at, found)| {
            let id = list[*found.source].credential.map(|credential| &credential.id);
            let credential = id.and_then(|id| index.credential(id));
            Shown {
                rank: at + 1,
                login: found.credential.clone(),
                token_service: credential.and_then(|one| one.token_service.as_deref()),
                authority: credential.and_then(|one| one.authority.as_ref()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
