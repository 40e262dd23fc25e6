//! Which namespaces' injection tables a change may concern, so that only those are planned anew.
//!
//! A table is the decision for all images at once, so it depends on more than copies do: on plain Secrets, on what registries
//! have refused, on accounts. It does not depend on content: a rotation concerns nobody here. Only where a policy serves pods
//! is any of this noted.

use super::{Applies, Credential, Index, State};
use keyside_api::Delivery;
use keyside_keychain::Pattern;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Namespaces whose table may have to change.
#[derive(Debug, Default)]
pub(super) struct Tables {
    noted: bool,
    stale: BTreeSet<Arc<str>>,
}

/// What tables show of a credential: while this stays, so do they.
#[derive(PartialEq)]
pub(super) struct Face {
    uid: String,
    applies: Applies,
    delivery: Delivery,
    source: Option<(Arc<str>, Arc<str>)>,
    state: std::mem::Discriminant<State>,
    serves_directly: bool,
    patterns: Vec<Pattern>,
    refusals: String,
}

impl Face {
    fn of(credential: &Credential) -> Self {
        Self {
            uid: credential.uid.clone(),
            applies: credential.applies.clone(),
            delivery: credential.delivery,
            source: credential.source.clone(),
            state: std::mem::discriminant(&credential.state),
            serves_directly: credential.ready().is_some_and(|content| content.serves_directly),
            patterns: credential.patterns().cloned().collect(),
            refusals: format!(
                "{:?}",
                credential.refusals().map(|(what, _)| what).collect::<Vec<_>>()
            ),
        }
    }
}

impl Index {
    /// From now on it is noted which tables may have to change. Before anything is fed.
    pub fn note_tables(&mut self) {
        self.tables.noted = true;
    }

    /// The namespaces whose table may have to change since this was asked last.
    pub fn take_stale_tables(&mut self) -> BTreeSet<Arc<str>> {
        std::mem::take(&mut self.tables.stale)
    }

    pub(super) fn stale_table(&mut self, namespace: &str) {
        if self.tables.noted && !self.tables.stale.contains(namespace) {
            self.tables.stale.insert(namespace.into());
        }
    }

    /// A Project came, changed or went: its members, those of others that share its home, and whom it claims.
    pub(super) fn stale_tables_of_homes(&mut self, homes: &[Option<Arc<str>>], claimed: &BTreeSet<Arc<str>>) {
        if !self.tables.noted {
            return;
        }
        let at_homes = homes
            .iter()
            .flatten()
            .flat_map(|home| self.projects.at_home(home));
        let sharing = at_homes.filter_map(|name| self.projects.get(name));
        let members = sharing.flat_map(|project| project.members.iter());
        let stale: Vec<Arc<str>> = members
            .chain(claimed)
            .chain(homes.iter().flatten())
            .cloned()
            .collect();
        self.tables.stale.extend(stale);
    }

    /// What tables show of a credential now, and where.
    pub(super) fn face(&self, credential: Option<&Credential>) -> Option<(Face, Vec<Arc<str>>)> {
        let credential = credential.filter(|_| self.tables.noted)?;
        Some((Face::of(credential), self.targets(credential)))
    }

    /// A credential has changed, or has come or gone.
    pub(super) fn stale_tables_of(
        &mut self,
        former: Option<(Face, Vec<Arc<str>>)>,
        present: Option<(Face, Vec<Arc<str>>)>,
    ) {
        let same = former.as_ref().map(|(face, _)| face) == present.as_ref().map(|(face, _)| face);
        if !same {
            let all = former.into_iter().chain(present);
            self.tables.stale.extend(all.flat_map(|(_, targets)| targets));
        }
    }
}
