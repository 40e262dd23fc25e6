//! Injection without a webhook: what the API server needs so that it adds the right Secrets by itself.
//!
//! One policy, whose text never changes, and one table for each namespace in which something can answer. The table is the
//! decision of [`crate::resolve`] for all images at once: every credential in reach, in the order in which they answer, with
//! the Secret it stands in. The policy normalises a pod's images as the kubelet does, looks for the first rule that fits
//! each, and appends what the pod does not have yet, as [`crate::inject`] would. A rotation changes no table.
//!
//! What depends on an image beyond the order is written down as expressions: where a registry has refused a credential,
//! which spellings the kubelet finds a key by, and where a Secret answers as the credential made of it.

mod expression;
mod objects;
mod pattern;
mod rule;

pub use objects::{binding, match_conditions, namespace_selector, not_served, policy};

use crate::Index;
use keyside_api::{InjectionRule, InjectionTableSpec};
use keyside_keychain::keychain::in_order;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What to do about the tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Tables to create or to change.
    pub writes: Vec<(Arc<str>, InjectionTableSpec)>,
    /// Namespaces whose table has no reason any more.
    pub deletes: Vec<Arc<str>>,
    /// How many namespaces were planned.
    pub planned: usize,
}

/// The table of a namespace; `None` if none is needed there.
pub fn table(index: &Index, namespace: &str) -> Option<InjectionTableSpec> {
    let known = index.namespace(namespace)?;
    if known.ignored || known.injection_disabled || index.is_system(namespace) {
        return None;
    }
    let mut table = InjectionTableSpec::default();
    let ordered = in_order(index.keychains(namespace));
    for filed in &ordered {
        let Some(rule) = rule::rule(index, namespace, &ordered, filed) else {
            continue;
        };
        let rules = if filed.pattern.has_wildcard() {
            &mut table.wildcards
        } else {
            table
                .registries
                .entry(filed.pattern.host().to_owned())
                .or_default()
        };
        if !is_hidden(rules, &rule) {
            rules.push(rule);
        }
    }
    let has_rules = !(table.registries.is_empty() && table.wildcards.is_empty());
    let guarded = index.guarded_accounts().filter(|(of, _)| **of == *namespace);
    table.guarded_accounts = guarded.map(|(_, account)| account.to_string()).collect();
    table.guarded_accounts.sort();
    has_rules.then_some(table)
}

/// Whether an earlier rule counts for all that this one is for.
fn is_hidden(earlier: &[InjectionRule], rule: &InjectionRule) -> bool {
    earlier.iter().any(|one| {
        one.path == rule.path
            && one.registry == rule.registry
            && one.written.is_none()
            && one.unless.is_empty()
            && one.refused.is_empty()
    })
}

/// What to write and what to remove in these namespaces, given the tables that stand. What a namespace that is going holds
/// goes with it.
pub fn plan<'a>(
    index: &Index,
    namespaces: &BTreeSet<Arc<str>>,
    live: impl Fn(&str) -> Option<&'a InjectionTableSpec>,
) -> Plan {
    let mut plan = Plan::default();
    for name in namespaces {
        if index
            .namespace(name)
            .is_none_or(|namespace| namespace.terminating)
        {
            continue;
        }
        plan.planned += 1;
        match (table(index, name), live(name)) {
            (Some(wanted), Some(stands)) if wanted == *stands => {}
            (Some(wanted), _) => plan.writes.push((name.clone(), wanted)),
            (None, Some(_)) => plan.deletes.push(name.clone()),
            (None, None) => {}
        }
    }
    plan
}

#[cfg(test)]
mod tests;
