//! Questions to the index: where a credential applies, under which name its copy stands, and what is there.

use super::{Applies, Candidate, Claim, Copy, Credential, Index, Namespace, Need, Project, copies};
use crate::CredentialId;
use crate::names::conflict_name;
use crate::select;
use crate::source::PullSecret;
use crate::version::Version;
use jiff::Timestamp;
use keyside_api::Delivery;
use keyside_keychain::{Keychain, Reference};
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
}

/// Where the kubelet finds a credential in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In the credential's own Secret: this is its namespace, and the kubelet reads it as keyside does.
    Source(Arc<str>),
    /// In a copy of this name.
    Copy {
        /// The Secret.
        name: Arc<str>,
        /// Why it is not the credential's name.
        clash: Option<Clash>,
    },
    /// In no Secret: the node asks.
    Node,
}

impl Placement {
    /// The Secret's name.
    pub fn secret(&self) -> Option<&Arc<str>> {
        match self {
            Self::Source(name) | Self::Copy { name, .. } => Some(name),
            Self::Node => None,
        }
    }
}

/// Why a copy cannot have the credential's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clash {
    /// A Secret that is not ours has it.
    Foreign,
    /// The credential's own Secret has it, and the kubelet would not read it as keyside does.
    Source,
    /// An older credential has it.
    Credential(CredentialId),
    /// The credential that this one replaces has it, and is about to hand it over.
    Handover,
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

    /// Where the kubelet finds a credential in a namespace where it applies.
    pub fn placement(&self, credential: &Credential, namespace: &str) -> Placement {
        if credential.delivery == Delivery::Node {
            return Placement::Node;
        }
        let own_source = credential
            .source
            .as_ref()
            .filter(|(source_in, _)| **source_in == *namespace);
        let direct = credential.ready().is_some_and(|content| content.serves_directly);
        match own_source {
            Some((_, name)) if direct => Placement::Source(name.clone()),
            _ => {
                let clash = self.clash(credential, namespace);
                let name = match clash {
                    None => credential.id.name.clone(),
                    Some(_) => conflict_name(&credential.id.name, &credential.uid).into(),
                };
                Placement::Copy { name, clash }
            }
        }
    }

    /// Why the copy of a credential cannot have the credential's name in a namespace.
    fn clash(&self, credential: &Credential, namespace: &str) -> Option<Clash> {
        let name = &credential.id.name;
        let is_source = credential
            .source
            .as_ref()
            .is_some_and(|(source_in, source)| **source_in == *namespace && source == name);
        if is_source {
            return Some(Clash::Source);
        }
        let labelled_by_others = self
            .copies
            .get(namespace, name)
            .is_some_and(|copy| !self.is_ours(copy));
        if labelled_by_others || self.secrets.has(namespace, name) {
            let former = credential
                .moved_from
                .as_ref()
                .and_then(|id| self.credentials.get(id));
            let is_formers = former
                .and_then(|former| former.source.as_ref())
                .is_some_and(|(source_in, source)| **source_in == *namespace && source == name);
            return Some(if is_formers {
                Clash::Handover
            } else {
                Clash::Foreign
            });
        }
        let seniority = |one: &Credential| (one.created, one.id.clone());
        let others = self
            .by_name
            .get(name)
            .into_iter()
            .flatten()
            .filter(|id| **id != credential.id);
        others
            .filter_map(|id| self.credentials.get(id))
            .find(|other| {
                seniority(other) < seniority(credential)
                    && other.delivery != Delivery::Node
                    && self.applies(other, namespace).is_ok()
            })
            .map(|other| Clash::Credential(other.id.clone()))
    }

    /// Whether a copy of the credential shall stand in a namespace where it applies.
    pub fn wants_copy(&self, credential: &Credential, namespace: &str) -> bool {
        match credential.delivery {
            Delivery::Copy => true,
            Delivery::Node => false,
            Delivery::OnDemand => match self.need(namespace, credential) {
                Some(need) => !need.released,
                None => self.holds_copy(credential, namespace),
            },
        }
    }

    fn holds_copy(&self, credential: &Credential, namespace: &str) -> bool {
        self.copies
            .in_namespace(namespace)
            .any(|copy| *self.copies.owner(copy) == credential.label && self.is_ours(copy))
    }

    /// What pods of a namespace have asked of a credential.
    pub fn need(&self, namespace: &str, credential: &Credential) -> Option<&Need> {
        self.needs.get(namespace, &credential.label)
    }

    /// The images that need keys of their own in the namespace's copy.
    pub fn own_images(&self, namespace: &str, credential: &Credential) -> Vec<Reference> {
        let need = self.need(namespace, credential);
        let images = need.into_iter().flat_map(|need| &need.images);
        images.filter_map(|image| Reference::parse(image).ok()).collect()
    }

    /// The version that a namespace's copy shall have; `None` if nothing can be delivered or compared.
    pub fn wanted_version(&self, namespace: &str, credential: &Credential) -> Option<Version> {
        let content = credential.ready()?;
        let images = self.own_images(namespace, credential);
        if images.is_empty() {
            return content.version;
        }
        let document = content.document_for(&images).ok()?;
        Some(self.key.as_ref()?.version(&document))
    }

    /// What the annotation of a namespace's copy shall say.
    pub fn wanted_annotation(&self, namespace: &str, credential: &Credential) -> Option<String> {
        self.wanted_version(namespace, credential)
            .map(|version| source_annotation(credential, version))
    }

    /// The copy under this name, if there is one of keyside's.
    pub fn copy(&self, namespace: &str, name: &str) -> Option<&Copy> {
        self.copies.get(namespace, name).filter(|copy| self.is_ours(copy))
    }

    /// Since when a copy has had no reason to stand: notes the time when asked first, and forgets it when there is a
    /// reason again.
    pub(crate) fn unwanted_since(
        &mut self,
        namespace: &Arc<str>,
        name: &Arc<str>,
        now: Timestamp,
    ) -> Timestamp {
        *self
            .unwanted
            .entry((namespace.clone(), name.clone()))
            .or_insert(now)
    }

    /// A copy has a reason to stand.
    pub(crate) fn is_wanted_again(&mut self, namespace: &Arc<str>, name: &Arc<str>) {
        if !self.unwanted.is_empty() {
            self.unwanted.remove(&(namespace.clone(), name.clone()));
        }
    }

    /// Whether a namespace's copy is the one that shall stand there.
    pub fn is_current(&self, namespace: &str, credential: &Credential) -> bool {
        match self.placement(credential, namespace) {
            Placement::Source(_) | Placement::Node => true,
            Placement::Copy { name, .. } => self.copy(namespace, &name).is_some_and(|copy| {
                self.wanted_mark(namespace, credential)
                    .is_some_and(|mark| copy.is(mark))
            }),
        }
    }

    /// What a namespace's copy is compared by. Usually the same everywhere, and then known beforehand.
    fn wanted_mark(&self, namespace: &str, credential: &Credential) -> Option<u64> {
        if self
            .need(namespace, credential)
            .is_none_or(|need| need.images.is_empty())
        {
            return credential.mark.filter(|_| credential.ready().is_some());
        }
        self.wanted_annotation(namespace, credential)
            .map(|annotation| copies::mark(&annotation))
    }

    /// The copies of keyside in a namespace: name, the credential they belong to if it still exists, and the copy.
    pub fn copies_in(
        &self,
        namespace: &str,
    ) -> impl Iterator<Item = (&Arc<str>, Option<&Credential>, &Copy)> {
        let ours = self
            .copies
            .in_namespace(namespace)
            .filter(|copy| self.is_ours(copy));
        ours.map(|copy| {
            let owner = self
                .by_label
                .get(self.copies.owner(copy))
                .and_then(|id| self.credentials.get(id));
            (self.copies.name(copy), owner, copy)
        })
    }

    /// Whether a Secret with our label is keyside's.
    fn is_ours(&self, copy: &Copy) -> bool {
        let owner = self
            .by_label
            .get(self.copies.owner(copy))
            .and_then(|id| self.credentials.get(id));
        copy.is_ours(owner.map(|owner| &*owner.uid))
    }

    /// The label of a copy.
    pub fn label_of(&self, copy: &Copy) -> &Arc<str> {
        self.copies.owner(copy)
    }

    /// The namespaces where a credential has a copy.
    pub fn holders(&self, credential: &Credential) -> impl Iterator<Item = &Arc<str>> {
        let ours = self
            .copies
            .of_owner(&credential.label)
            .filter(|(_, copy)| copy.is_ours(Some(&credential.uid)));
        ours.map(|(namespace, _)| namespace)
    }

    /// Namespace and name of every Secret with our label, to compare with a fresh list.
    pub fn copy_keys(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.copies.keys()
    }

    /// How many Secrets with our label there are.
    pub fn copy_count(&self) -> usize {
        self.copies.len()
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

/// The annotation of a copy: whose, and which version.
pub(super) fn source_annotation(credential: &Credential, version: Version) -> String {
    format!("{}/{version}", credential.uid)
}
