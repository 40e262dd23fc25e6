//! The keychains that answer in a namespace: its own, its Project's, and the cluster's.
//!
//! Plain pull secrets rank behind every managed credential whose pattern is equally specific, so they are filed with the
//! widest scope although they apply in one namespace only.

use super::{Applies, Credential};
use crate::CredentialId;
use crate::source::{Holding, PullSecret};
use keyside_keychain::{Keychain, Origin, Pattern, Rank, Scope};
use std::collections::HashMap;
use std::sync::Arc;

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// A credential of keyside.
    Managed(CredentialId),
    /// A pull secret that somebody made in the namespace.
    Plain {
        /// The Secret.
        secret: Arc<str>,
        /// The key in it, as written.
        key: Box<str>,
    },
}

#[derive(Debug, Default)]
pub(super) struct Reach {
    namespaces: HashMap<Arc<str>, Keychain<Candidate>>,
    /// By home namespace.
    projects: HashMap<Arc<str>, Keychain<Candidate>>,
    cluster: Keychain<Candidate>,
}

impl Reach {
    /// The keychains in reach of a namespace.
    pub(super) fn of<'a>(
        &'a self,
        namespace: &str,
        home: Option<&str>,
    ) -> impl Iterator<Item = &'a Keychain<Candidate>> + use<'a> {
        let own = self.namespaces.get(namespace);
        let project = home.and_then(|home| self.projects.get(home));
        [own, project, Some(&self.cluster)].into_iter().flatten()
    }

    pub(super) fn file(&mut self, credential: &Credential) {
        let mut patterns = credential.patterns().peekable();
        if patterns.peek().is_none() {
            return;
        }
        let scope = match credential.applies {
            Applies::Namespace => Scope::Namespace,
            Applies::Project => Scope::Project,
            Applies::Cluster { .. } => Scope::Cluster,
        };
        let keychain = self.keychain(&credential.id, scope);
        for pattern in patterns {
            let rank = Rank {
                scope,
                origin: Origin::Managed,
                name: credential.id.name.to_string(),
            };
            keychain.insert(pattern.clone(), rank, Candidate::Managed(credential.id.clone()));
        }
    }

    pub(super) fn unfile(&mut self, credential: &Credential) {
        if credential.patterns().next().is_none() {
            return;
        }
        let is_other =
            |candidate: &Candidate| !matches!(candidate, Candidate::Managed(id) if *id == credential.id);
        match &credential.id.namespace {
            None => self.cluster.retain(|filed| is_other(&filed.payload)),
            Some(namespace) => {
                for keychains in [&mut self.namespaces, &mut self.projects] {
                    retain(keychains, namespace, is_other);
                }
            }
        }
    }

    fn keychain(&mut self, id: &CredentialId, scope: Scope) -> &mut Keychain<Candidate> {
        match (&id.namespace, scope) {
            (None, _) => &mut self.cluster,
            (Some(namespace), Scope::Project) => self.projects.entry(namespace.clone()).or_default(),
            (Some(namespace), _) => self.namespaces.entry(namespace.clone()).or_default(),
        }
    }

    /// Files a plain pull secret under every key that an image could match.
    pub(super) fn file_plain(&mut self, namespace: &Arc<str>, secret: &PullSecret) {
        let Holding::Config(config) = &secret.holding else {
            return;
        };
        if secret.ignored {
            return;
        }
        for entry in config
            .entries()
            .iter()
            .filter(|entry| !entry.credential().is_empty())
        {
            let Ok(pattern) = Pattern::parse(entry.key()) else {
                continue;
            };
            let rank = Rank {
                scope: Scope::Cluster,
                origin: Origin::Plain,
                name: secret.name.to_string(),
            };
            let candidate = Candidate::Plain {
                secret: secret.name.clone(),
                key: entry.key().into(),
            };
            self.namespaces
                .entry(namespace.clone())
                .or_default()
                .insert(pattern, rank, candidate);
        }
    }

    pub(super) fn unfile_plain(&mut self, namespace: &Arc<str>, name: &str) {
        let is_other = |candidate: &Candidate| !matches!(candidate, Candidate::Plain { secret, .. } if **secret == *name);
        retain(&mut self.namespaces, namespace, is_other);
    }
}

fn retain(
    keychains: &mut HashMap<Arc<str>, Keychain<Candidate>>,
    namespace: &Arc<str>,
    keep: impl Fn(&Candidate) -> bool,
) {
    if let Some(keychain) = keychains.get_mut(namespace) {
        keychain.retain(|filed| keep(&filed.payload));
        if keychain.is_empty() {
            keychains.remove(namespace);
        }
    }
}
