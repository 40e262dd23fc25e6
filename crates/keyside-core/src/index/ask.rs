//! Questions to the index: who belongs where, where a credential applies, and what is there.

use super::{Applies, Candidate, Claim, Credential, Index, Namespace, Project};
use crate::CredentialId;
use crate::select;
use crate::source::PullSecret;
use keyside_keychain::Keychain;
use std::sync::Arc;

/// Why a credential does not apply in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outside {
    /// There is no such namespace.
    NoNamespace,
    /// The namespace is being deleted.
    Terminating,
    /// A user asked keyside to keep away from the namespace.
    Ignored,
    /// It applies in its own namespace only.
    OtherNamespace,
    /// It asks for a Project, but does not live in the home of one.
    NotProjectHome,
    /// The namespace is no member of the credential's Project.
    NotMember,
    /// The namespace is one of the cluster's own or keyside's.
    SystemNamespace,
    /// The namespace is excluded by name.
    Excluded,
    /// The selector does not select the namespace.
    NotSelected,
    /// It would need a copy, and keyside may write none.
    NoRight,
}

impl Index {
    /// A namespace.
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.get(name)
    }

    /// All namespaces by name, in no order.
    pub fn namespace_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.namespaces.keys()
    }

    /// A Project.
    pub fn project(&self, name: &str) -> Option<&Project> {
        self.projects.get(name)
    }

    /// All Projects.
    pub fn projects(&self) -> impl Iterator<Item = &Project> {
        self.projects.iter()
    }

    /// The Project a namespace is a member of.
    pub fn project_of(&self, namespace: &str) -> Option<&Project> {
        self.projects.of_namespace(namespace)
    }

    /// The Project whose home a namespace is.
    pub fn project_at_home(&self, namespace: &str) -> Option<&Project> {
        self.projects.of_home(namespace)
    }

    /// What became of a Project's claim on a namespace that it states by name.
    pub fn claim(&self, project: &Project, namespace: &str) -> Claim {
        self.projects
            .claim(project, namespace, self.namespaces.get(namespace))
    }

    /// A credential.
    pub fn credential(&self, id: &CredentialId) -> Option<&Credential> {
        self.credentials.get(id)
    }

    /// All credentials.
    pub fn credentials(&self) -> impl Iterator<Item = &Credential> {
        self.credentials.values()
    }

    /// Credentials whose object is in a namespace.
    pub fn credentials_living_in(&self, namespace: &str) -> impl Iterator<Item = &Credential> {
        let first = CredentialId::namespaced(namespace, "");
        let home = first.namespace.clone();
        self.credentials
            .range(first..)
            .map(|(_, one)| one)
            .take_while(move |one| one.id.namespace == home)
    }

    /// Credentials that apply in a namespace.
    pub fn credentials_in(&self, namespace: &str) -> impl Iterator<Item = &Credential> {
        let home = self
            .projects
            .of_namespace(namespace)
            .map(|project| project.home.clone());
        let elsewhere = home.filter(|home| **home != *namespace);
        let of_project = elsewhere.into_iter().flat_map(|home| {
            let living: Vec<&Credential> = self.credentials_living_in(&home).collect();
            living
        });
        let of_cluster = self
            .credentials
            .values()
            .take_while(|credential| credential.id.namespace.is_none());
        let candidates = of_cluster
            .chain(self.credentials_living_in(namespace))
            .chain(of_project);
        let namespace: Arc<str> = namespace.into();
        candidates.filter(move |credential| self.applies(credential, &namespace).is_ok())
    }

    /// Whether a credential applies in a namespace.
    ///
    /// # Errors
    /// It does not, and why.
    pub fn applies(&self, credential: &Credential, name: &str) -> Result<(), Outside> {
        let namespace = self.namespaces.get(name).ok_or(Outside::NoNamespace)?;
        self.reaches(credential, name, namespace)?;
        if namespace.terminating {
            Err(Outside::Terminating)
        } else if namespace.ignored {
            Err(Outside::Ignored)
        } else if self.lacks_copies(credential) {
            Err(Outside::NoRight)
        } else {
            Ok(())
        }
    }

    /// The part of [`Index::applies`] that the credential's scope decides.
    fn reaches(&self, credential: &Credential, name: &str, namespace: &Namespace) -> Result<(), Outside> {
        let home = credential.id.namespace.as_deref();
        match &credential.applies {
            Applies::Namespace if home == Some(name) => Ok(()),
            Applies::Namespace => Err(Outside::OtherNamespace),
            Applies::Project => {
                let project = home
                    .and_then(|home| self.projects.of_home(home))
                    .ok_or(Outside::NotProjectHome)?;
                if project.members.contains(name) {
                    Ok(())
                } else {
                    Err(Outside::NotMember)
                }
            }
            Applies::Cluster { .. } if self.is_system(name) => Err(Outside::SystemNamespace),
            Applies::Cluster { selector, exclude } => {
                if exclude.iter().any(|pattern| select::glob(pattern, name)) {
                    Err(Outside::Excluded)
                } else if selector
                    .as_ref()
                    .is_some_and(|selector| !select::selects(selector, &namespace.labels))
                {
                    Err(Outside::NotSelected)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// The namespaces where a credential applies, in order.
    pub fn targets(&self, credential: &Credential) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = match (&credential.applies, &credential.id.namespace) {
            (Applies::Namespace, Some(own)) => vec![own.clone()],
            (Applies::Project, Some(home)) => self
                .projects
                .of_home(home)
                .into_iter()
                .flat_map(|project| project.members.iter().cloned())
                .collect(),
            _ => self.namespaces.keys().cloned().collect(),
        };
        names.retain(|name| self.applies(credential, name).is_ok());
        names.sort_unstable();
        names
    }

    /// Namespaces in scope that get nothing because they are being deleted.
    pub fn terminating_targets(&self, credential: &Credential) -> usize {
        let terminating = self
            .namespaces
            .iter()
            .filter(|(_, namespace)| namespace.terminating && !namespace.ignored);
        terminating
            .filter(|(name, namespace)| self.reaches(credential, name, namespace).is_ok())
            .count()
    }

    /// A pull secret that is not keyside's.
    pub fn secret(&self, namespace: &str, name: &str) -> Option<&PullSecret> {
        self.secrets.get(namespace, name)
    }

    /// The pull secrets of a namespace that are not keyside's.
    pub fn secrets_in(&self, namespace: &str) -> impl Iterator<Item = &PullSecret> {
        self.secrets.in_namespace(namespace)
    }

    /// Whether a credential is made of this Secret.
    pub fn is_source(&self, namespace: &str, name: &str) -> bool {
        self.by_source.contains_key(&(namespace.into(), name.into()))
    }

    /// The credentials that are made of a Secret.
    pub fn credentials_made_of(
        &self,
        namespace: &Arc<str>,
        name: &Arc<str>,
    ) -> impl Iterator<Item = &Credential> {
        let ids = self.by_source.get(&(namespace.clone(), name.clone()));
        ids.into_iter()
            .flatten()
            .filter_map(|id| self.credentials.get(id))
    }

    /// All pull secrets that are not keyside's, with their namespaces.
    pub fn secrets(&self) -> impl Iterator<Item = (&Arc<str>, &PullSecret)> {
        self.secrets.iter()
    }

    /// Names that the API server said are taken, although no watch shows the Secret: namespace and name.
    pub fn taken(&self) -> impl Iterator<Item = &(Arc<str>, Arc<str>)> {
        self.secrets.taken()
    }

    /// Whether a name is taken by a Secret that no watch shows.
    pub fn is_taken_unseen(&self, namespace: &str, name: &str) -> bool {
        self.secrets.is_taken(namespace, name)
    }

    /// Whether pods of a `ServiceAccount` may use only the Secrets that the account lists.
    pub fn is_guarded(&self, namespace: &str, account: &str) -> bool {
        !self.guarded_accounts.is_empty()
            && self
                .guarded_accounts
                .contains(&(namespace.into(), account.into()))
    }

    /// `ServiceAccount`s whose pods may use only the Secrets that the account lists: namespace and name.
    pub fn guarded_accounts(&self) -> impl Iterator<Item = &(Arc<str>, Arc<str>)> {
        self.guarded_accounts.iter()
    }

    /// The keychains that answer in a namespace.
    pub fn keychains(&self, namespace: &str) -> impl Iterator<Item = &Keychain<Candidate>> {
        let home = self
            .projects
            .of_namespace(namespace)
            .filter(|project| self.holds_home(project));
        self.reach.of(namespace, home.map(|project| &*project.home))
    }

    /// Whether a Project's home namespace is its own and not that of an older Project.
    pub fn holds_home(&self, project: &Project) -> bool {
        !self.is_system(&project.home)
            && self
                .projects
                .of_home(&project.home)
                .is_some_and(|holder| holder.name == project.name)
    }
}
