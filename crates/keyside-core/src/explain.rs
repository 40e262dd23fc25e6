//! The decision as people and programs read it: for one image, which credentials a kubelet tries and in which order, why
//! the others are not used, and what to do if none is.
//!
//! Everything here is known from memory alone. What the registry says, and what the node said, are further witnesses; the
//! verdict stays `Unknown` where only they could tell.

mod fix;
mod kubelet;
mod unused;
mod verdict;

use crate::index::Index;
use crate::resolve::resolve;
use crate::source::PullSecret;
use keyside_keychain::Reference;
use serde::{Deserialize, Serialize};
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
    /// What the node has done with the image.
    pub observed: Option<Observed>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// A credential answers that nothing speaks against, or the node has pulled the image.
    Pullable,
    /// It cannot be pulled, or is not.
    Failing,
    /// Nothing speaks for or against it: without a credential only a public image can be pulled.
    Unknown,
}

/// The answer for one image. Its JSON is a contract: programs rely on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The image as written.
    pub image: String,
    /// Whether it can be pulled.
    pub verdict: Verdict,
    /// Why: a cause, or a reason of the condition `Verified`.
    pub reason: String,
    /// The same in one sentence.
    pub message: String,
    /// What the kubelet tries, in its order.
    pub credentials: Vec<Tried>,
    /// What it does not try, the nearest first.
    pub unused: Vec<Unused>,
    /// What the verdict rests on.
    pub evidence: Vec<Evidence>,
    /// What to do: commands to paste.
    pub fix: Vec<String>,
}

/// A credential that the kubelet tries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// `verified`, `refused` or `untested`, by what the registry has said of it before.
    pub result: String,
    /// Why: a reason of the condition `Verified`.
    pub reason: String,
}

/// A credential that the kubelet does not try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    pub message: String,
}

/// Something the verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `decision` or `node`.
    pub source: String,
    /// What it says.
    pub message: String,
}

/// Explains one image.
pub fn explain(index: &Index, question: &Question<'_>) -> Explanation {
    let image = match Reference::parse(question.image) {
        Ok(image) => image,
        Err(error) => return verdict::invalid(question, &error),
    };
    let resolution = resolve(index, question.namespace, &image);
    let list = kubelet::list(index, question, &resolution);
    let ring = kubelet::ring(index, question, &image, &list);
    let tries = kubelet::tries(index, question, &image, &list, &ring);
    let mut unused = unused::hidden(&image, &list, &ring);
    unused.extend(unused::unused(
        index,
        question,
        &image,
        &resolution,
        &list,
        &tries,
    ));
    verdict::conclude(index, question, &image, &resolution, tries, unused)
}

#[cfg(test)]
mod tests;
