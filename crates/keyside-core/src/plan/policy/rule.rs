//! One credential under one pattern, as a rule of a table.

use super::pattern;
use crate::index::{Candidate, Credential, Index, Placement, Refused, State};
use crate::resolve::OPEN;
use keyside_api::InjectionRule;
use keyside_keychain::Pattern;
use keyside_keychain::keychain::Filed;
use std::sync::Arc;

type Ordered<'a> = [&'a Filed<Candidate>];

/// The rule for a credential that is filed; `None` if it answers for no image at all.
pub(super) fn rule(
    index: &Index,
    namespace: &str,
    ordered: &Ordered<'_>,
    filed: &Filed<Candidate>,
) -> Option<InjectionRule> {
    let rule = InjectionRule {
        registry: filed
            .pattern
            .has_wildcard()
            .then(|| pattern::registry(&filed.pattern)),
        path: Some(filed.pattern.path())
            .filter(|path| !path.is_empty())
            .map(str::to_owned),
        ..InjectionRule::default()
    };
    match &filed.payload {
        Candidate::Managed(id) => managed(index, namespace, index.credential(id)?, filed, rule),
        Candidate::Plain { secret, key } => {
            let rule = InjectionRule {
                secret: Some(secret.to_string()),
                written: Some(pattern::key(key)?),
                ..rule
            };
            plain(index, namespace, secret, ordered, filed, rule)
        }
    }
}

fn managed(
    index: &Index,
    namespace: &str,
    credential: &Credential,
    filed: &Filed<Candidate>,
    rule: InjectionRule,
) -> Option<InjectionRule> {
    index.applies(credential, namespace).ok()?;
    let placement = index.placement(credential, namespace);
    let stands = match &placement {
        Placement::Copy { name, .. } => index.copy(namespace, name).is_some(),
        Placement::Source(_) => true,
        Placement::Node => false,
    };
    let answers = match &credential.state {
        State::Ready(_) | State::Unread(_) => true,
        State::Suspended => false,
        State::Unserved { .. } => stands,
    };
    answers.then(|| InjectionRule {
        secret: placement.secret().map(|name| name.to_string()),
        refused: refusals(credential, &filed.pattern),
        unless: open(credential),
        ..rule
    })
}

/// The images for which it has been refused and that everybody may pull: not even as the last resort is it given for them.
fn open(credential: &Credential) -> Vec<String> {
    let official = Pattern::parse(OPEN).expect("it is a pattern");
    let expression = |refused: Refused| match refused {
        Refused::Registry(other) if other.covers(&official) => Some(pattern::images(&official)),
        Refused::Registry(other) => official.covers(&other).then(|| pattern::images(&other)),
        Refused::Repository(tested) => official
            .matches(&tested)
            .then(|| pattern::repository(tested.lookup())),
    };
    credential
        .refusals()
        .filter_map(|(refused, _)| expression(refused))
        .collect()
}

/// A Secret that is the source of a credential answers once, as the credential; and what a registry has refused in the one
/// form it has refused in the other.
fn plain(
    index: &Index,
    namespace: &str,
    secret: &Arc<str>,
    ordered: &Ordered<'_>,
    filed: &Filed<Candidate>,
    mut rule: InjectionRule,
) -> Option<InjectionRule> {
    for credential in index.credentials_made_of(&namespace.into(), secret) {
        rule.unless.extend(refusals(credential, &filed.pattern));
        let answers_itself = credential.ready().is_some()
            && index.applies(credential, namespace).is_ok()
            && index.placement(credential, namespace) == Placement::Source(secret.clone());
        let own = ordered.iter().filter(|other| {
            answers_itself && matches!(&other.payload, Candidate::Managed(id) if *id == credential.id)
        });
        for other in own {
            if other.pattern.covers(&filed.pattern) {
                return None;
            }
            if may_meet(&other.pattern, &filed.pattern) {
                rule.unless.push(pattern::images(&other.pattern));
            }
        }
    }
    Some(rule)
}

fn refusals(credential: &Credential, pattern: &Pattern) -> Vec<String> {
    let expression = |refused: Refused| match refused {
        Refused::Registry(other) if may_meet(&other, pattern) => Some(pattern::images(&other)),
        Refused::Registry(_) => None,
        Refused::Repository(tested) => pattern
            .matches(&tested)
            .then(|| pattern::repository(tested.lookup())),
    };
    credential
        .refusals()
        .filter_map(|(refused, _)| expression(refused))
        .collect()
}

/// Whether there may be images that both are for.
fn may_meet(one: &Pattern, other: &Pattern) -> bool {
    one.has_wildcard() || other.has_wildcard() || one.covers(other) || other.covers(one)
}
