//! What keyside knows of the cluster, in memory: namespaces, projects, credentials, pull secrets and its own copies.
//!
//! Watches feed it ([`Index::apply_namespace`] and its siblings), one writer at a time; every decision reads it. Each
//! change says whom it touches ([`Touched`]), so that nobody has to look through everything. No question costs more
//! because there are more namespaces or more credentials, and of a copy only its identity is kept, never its content.

mod access;
mod ask;
mod copies;
mod credentials;
mod feed;
mod namespaces;
mod needs;
mod place;
mod projects;
mod reach;
mod secrets;
mod tables;
mod touched;

pub use access::Access;
pub use ask::Outside;
pub use copies::{Copy, may_be_removed};
pub(crate) use credentials::Refused;
pub use credentials::{Applies, Authority, Credential, State};
pub use namespaces::Namespace;
pub use needs::Need;
pub use place::{Clash, Placement};
pub use projects::{Accepted, Claim, Project, Recreated};
pub use reach::Candidate;
pub use touched::Touched;

use crate::CredentialId;
use crate::version::InstallKey;
use copies::Copies;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use keyside_api::SYSTEM_NAMESPACE;
use needs::Needs;
use projects::Projects;
use reach::Reach;
use secrets::Secrets;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use tables::Tables;

/// What keyside knows of the cluster.
#[derive(Debug)]
pub struct Index {
    /// Makes the fingerprints; without it (on the command line) copies can be seen but not compared.
    key: Option<InstallKey>,
    /// The namespace keyside lives in.
    system_namespace: Arc<str>,
    namespaces: HashMap<Arc<str>, Namespace>,
    projects: Projects,
    credentials: BTreeMap<CredentialId, Credential>,
    /// Credentials by their own name, to see that two of them want one name.
    by_name: HashMap<Arc<str>, Vec<CredentialId>>,
    /// Credentials by the label of their copies.
    by_label: HashMap<Arc<str>, CredentialId>,
    /// Credentials by the Secret they are made of.
    by_source: HashMap<(Arc<str>, Arc<str>), Vec<CredentialId>>,
    secrets: Secrets,
    copies: Copies,
    needs: Needs,
    /// Since when copies have had no reason to stand.
    unwanted: HashMap<(Arc<str>, Arc<str>), Timestamp>,
    reach: Reach,
    /// `ServiceAccount`s whose pods may use only the Secrets that the account lists.
    guarded_accounts: HashSet<(Arc<str>, Arc<str>)>,
    /// Whether nobody shows us new pods, so that what they need is not known.
    needs_unseen: bool,
    access: Access,
    tables: Tables,
}

impl Index {
    /// An empty index of the installation in this namespace.
    pub fn new(system_namespace: &str, key: Option<InstallKey>) -> Self {
        Self {
            key,
            system_namespace: system_namespace.into(),
            namespaces: HashMap::new(),
            projects: Projects::default(),
            credentials: BTreeMap::new(),
            by_name: HashMap::new(),
            by_label: HashMap::new(),
            by_source: HashMap::new(),
            secrets: Secrets::default(),
            copies: Copies::default(),
            needs: Needs::default(),
            unwanted: HashMap::new(),
            reach: Reach::default(),
            guarded_accounts: HashSet::new(),
            needs_unseen: false,
            access: Access::default(),
            tables: Tables::default(),
        }
    }

    /// What is known where only one credential is looked at: it, and the Secret that is its source.
    pub fn of_one(credential: impl Into<Credential>, secret: &Secret) -> (Self, CredentialId) {
        let mut index = Self::new(SYSTEM_NAMESPACE, None);
        drop(index.apply_secret(secret));
        let credential = credential.into();
        let id = credential.id.clone();
        drop(index.apply_credential(credential));
        (index, id)
    }

    /// Says what happens to a stated namespace that was deleted and made anew.
    pub fn set_recreated(&mut self, policy: Recreated) {
        self.projects.recreated = policy;
    }

    /// Says that nobody shows us new pods: what could be needed on demand then stands wherever it applies.
    pub fn set_needs_unseen(&mut self) {
        self.needs_unseen = true;
    }

    /// Which namespaces were accepted as members before, as remembered from an earlier run.
    pub fn restore_accepted(&mut self, accepted: Accepted) {
        self.projects.accepted = accepted;
    }

    /// Which namespaces are accepted as members.
    pub fn accepted(&self) -> &Accepted {
        &self.projects.accepted
    }

    /// Whether this is one of the cluster's own namespaces or keyside's: they join nothing by selectors, and pods there
    /// are none of our business.
    pub fn is_system(&self, namespace: &str) -> bool {
        namespace.starts_with("kube-") || namespace == &*self.system_namespace
    }
}

#[cfg(test)]
mod tests;
