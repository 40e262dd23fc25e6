//! Role-based access control over the roles and bindings in the store.
//!
//! Roles and bindings are kept parsed in memory. Before a decision the changes since the last one are read from the
//! store's history, so a decision never lags behind what is stored, and nothing runs when nobody asks.

pub(crate) mod aggregate;
pub(crate) mod bootstrap;
pub(crate) mod escalation;
mod index;
pub(crate) mod rule;

use super::{Attributes, Decision, UserInfo};
use crate::store::Store;
use index::Index;
use rule::Rule;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// Members may do everything, whatever roles say, so that nobody can lock everybody out.
const MASTERS: &str = "system:masters";

/// Decides by the roles and bindings in the store; clones share what they have read.
#[derive(Clone)]
pub struct Authorizer {
    store: Store,
    index: Arc<RwLock<Index>>,
}

impl Authorizer {
    /// Reads roles and bindings from this store.
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            index: Arc::default(),
        }
    }

    /// Decides.
    #[must_use]
    pub fn authorize(&self, asked: &Attributes) -> Decision {
        if is_master(&asked.user) {
            return Decision {
                allowed: true,
                reason: String::new(),
            };
        }
        let index = self.current();
        let mut problems = Vec::new();
        for grant in index.grants(&asked.user, &asked.namespace) {
            match grant.rules {
                Ok(ref rules) if rules.iter().any(|rule| rule.allows(asked)) => {
                    return Decision {
                        allowed: true,
                        reason: format!("RBAC: allowed by {}", grant.describe()),
                    };
                }
                Ok(_) => {}
                Err(problem) => problems.push(problem.clone()),
            }
        }
        let reason = match problems.len() {
            0 => String::new(),
            1 => format!("RBAC: {}", problems.concat()),
            _ => format!("RBAC: [{}]", problems.join(", ")),
        };
        Decision {
            allowed: false,
            reason,
        }
    }

    /// All rules a user has in a namespace, and what could not be resolved.
    pub(crate) fn rules_for(&self, user: &UserInfo, namespace: &str) -> (Vec<Rule>, Vec<String>) {
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        for grant in self.current().grants(user, namespace) {
            match grant.rules {
                Ok(granted) => rules.extend(granted.iter().cloned()),
                Err(problem) => problems.push(problem),
            }
        }
        (rules, problems)
    }

    /// The rules of a role, or the sentence that it does not exist.
    pub(crate) fn role(&self, kind: &str, name: &str, namespace: &str) -> Result<Arc<Vec<Rule>>, String> {
        self.current().role(kind, name, namespace)
    }

    /// The index, with everything that is stored by now.
    fn current(&self) -> RwLockReadGuard<'_, Index> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        if index.is_current(&self.store) {
            return index;
        }
        drop(index);
        self.index
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .refresh(&self.store);
        // Another writer may come in between; what was asked about is in either way.
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a user is above all roles.
pub(crate) fn is_master(user: &UserInfo) -> bool {
    user.groups.iter().any(|group| group == MASTERS)
}

#[cfg(test)]
mod tests;
