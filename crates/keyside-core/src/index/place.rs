//! Questions about copies: under which name a credential's copy stands in a namespace, whether one shall stand there, and
//! whether the one that stands is right.

use super::access::serves_from_source;
use super::{Copy, Credential, Index, Need, copies};
use crate::CredentialId;
use crate::names::conflict_name;
use crate::version::Version;
use jiff::Timestamp;
use keyside_api::Delivery;
use keyside_keychain::Reference;
use std::sync::Arc;

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
    /// Where the kubelet finds a credential in a namespace where it applies.
    pub fn placement(&self, credential: &Credential, namespace: &str) -> Placement {
        if credential.delivery == Delivery::Node {
            return Placement::Node;
        }
        match &credential.source {
            Some((_, name)) if serves_from_source(credential, namespace) => Placement::Source(name.clone()),
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
            Delivery::OnDemand if self.needs_unseen => true,
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

    /// The label by which a copy says whose it is.
    pub fn copy_label(&self, namespace: &str, name: &str) -> Option<Arc<str>> {
        let copy = self.copies.get(namespace, name)?;
        Some(self.copies.owner(copy).clone())
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

    /// The copies of a credential: namespace, name, and the copy.
    pub fn copies_of(&self, credential: &Credential) -> impl Iterator<Item = (&Arc<str>, &Arc<str>, &Copy)> {
        let ours = self
            .copies
            .of_owner(&credential.label)
            .filter(|(_, copy)| copy.is_ours(Some(&credential.uid)));
        ours.map(|(namespace, copy)| (namespace, self.copies.name(copy), copy))
    }

    /// Namespace and name of every Secret with our label, to compare with a fresh list.
    pub fn copy_keys(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.copies.keys()
    }

    /// How many Secrets with our label there are.
    pub fn copy_count(&self) -> usize {
        self.copies.len()
    }
}

/// The annotation of a copy: whose, and which version.
pub(super) fn source_annotation(credential: &Credential, version: Version) -> String {
    format!("{}/{version}", credential.uid)
}
