//! What keyside's own verification has heard, taken for the registry's answer where nobody may ask it.

use super::{Question, kubelet};
use crate::diagnose::Answer;
use crate::index::{Credential, Index};
use crate::resolve::resolve;
use crate::verify::{registries, settled};
use jiff::Timestamp;
use keyside_api::Settled;
use keyside_keychain::Reference;

/// What the registry has said since then of the credentials that the kubelet tries for the image, as far as it accepted them. What it
/// refuses the node has met itself.
pub fn heard(index: &Index, question: &Question<'_>, since: Timestamp) -> Vec<Answer> {
    let Ok(image) = Reference::parse(question.image) else {
        return Vec::new();
    };
    let resolution = resolve(index, question.namespace, &image);
    let list = kubelet::list(index, question, &resolution);
    let ring = kubelet::ring(index, question, &image, &list);
    let found = ring.lookup(image.lookup());
    let answer = |(at, credential): (usize, Option<&Credential>)| {
        let settled = accepted(credential?, &image)?;
        (settled.time.0 > since).then(|| Answer {
            rank: Some(at + 1),
            reason: settled.reason,
            detail: String::new(),
            raw: None,
            at: settled.time.0,
        })
    };
    found
        .iter()
        .map(|found| list[*found.source].credential)
        .enumerate()
        .filter_map(answer)
        .collect()
}

/// The last word of the image's registry, if it was a yes.
fn accepted(credential: &Credential, image: &Reference) -> Option<Settled> {
    let served = &credential.content()?.served;
    let meant: Vec<String> = served
        .iter()
        .filter(|served| served.pattern.matches(image))
        .map(|served| served.pattern.to_string())
        .collect();
    registries(credential)
        .iter()
        .filter(|state| meant.contains(&state.registry))
        .filter_map(settled)
        .find(|settled| settled.verified == "True")
}
