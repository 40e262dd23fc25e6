//! Credentials, as decisions see them: where they apply, what they deliver, and what their status says.

use super::copies;
use super::place::source_annotation;
use crate::CredentialId;
use crate::names::credential_label;
use crate::source::{Content, Problem, PullSecret, Terms};
use crate::verify::{self, Round};
use crate::version::{InstallKey, Version};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, Time};
use keyside_api::{
    Cause, CertificateAuthority, ClusterCertificateAuthority, ClusterRegistryCredential, CredentialStatus,
    Delivery, RegistryCredential, RegistryState, Scope, Verification, label,
};
use keyside_keychain::{Pattern, Reference};
use std::sync::Arc;

/// How many images that pods use are remembered of a credential.
const USED_MAX: usize = 8;

/// How much of the annotation that asks for a verification is kept.
const REQUEST_MAX: usize = 64;

/// Where a credential applies.
#[derive(Clone, Debug, PartialEq)]
pub enum Applies {
    /// In its own namespace.
    Namespace,
    /// In the namespaces of the Project whose home it lives in.
    Project,
    /// In the namespaces of the cluster that are selected and not excluded.
    Cluster {
        /// Selects by labels; none selects all.
        selector: Option<LabelSelector>,
        /// Leaves out by name.
        exclude: Vec<String>,
    },
}

impl Applies {
    /// A letter in the stored binding, in the order from narrow to wide.
    fn letter(&self) -> char {
        match self {
            Self::Namespace => '1',
            Self::Project => '2',
            Self::Cluster { .. } => '3',
        }
    }
}

/// Where the certificates of a registry's private authority are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Whether they are in a Secret; otherwise in a `ConfigMap`.
    pub in_secret: bool,
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The key in its data.
    pub key: String,
}

/// Whether and what a credential delivers.
#[derive(Clone, Debug)]
pub enum State {
    /// This.
    Ready(Content),
    /// Where it may be sent was changed without entering the secret again.
    Suspended,
    /// The source cannot be used. Copies keep the last good content, and what that was for is still served where a copy
    /// stands.
    Unserved {
        /// Why.
        problem: Problem,
        /// The last good content of this run.
        last: Option<Content>,
    },
    /// keyside may not read the Secret: pods of its own namespace are given its name for images of these patterns, which
    /// the spec states.
    Unread(Vec<Pattern>),
}

/// What is known of a credential's Secret.
pub(super) enum Found<'a> {
    /// This.
    Secret(&'a PullSecret),
    /// That there is none.
    Nothing,
    /// Nothing, because it may not be read.
    NoRight,
}

/// A credential.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its name.
    pub id: CredentialId,
    /// Its uid.
    pub uid: String,
    /// When it was created; of two that want one name, the older gets it.
    pub created: Option<Timestamp>,
    /// The generation of its spec.
    pub generation: i64,
    /// The version of the object, as far as versions can be compared.
    pub(super) resource_version: u64,
    /// The label of its copies.
    pub label: Arc<str>,
    /// Where it applies.
    pub applies: Applies,
    /// How it reaches pods.
    pub delivery: Delivery,
    /// Namespace and name of its Secret.
    pub source: Option<(Arc<str>, Arc<str>)>,
    /// How its Secret is used.
    pub terms: Terms,
    /// What decides where it may be sent, besides the Secret itself.
    destination: Vec<String>,
    /// The credential that this one replaces.
    pub moved_from: Option<CredentialId>,
    /// When it stops working, as the spec says.
    pub expiry: Option<Time>,
    /// The status as last seen.
    pub status: CredentialStatus,
    /// Whether and what it delivers.
    pub state: State,
    /// What copies with its usual content are compared by.
    pub(super) mark: Option<u64>,
    /// The binding of content and destination that holds now, to be stored in the status.
    pub binding: Option<String>,
    /// How it is tested.
    pub verification: Verification,
    /// The token service that may see it besides those that are known.
    pub token_service: Option<String>,
    /// The registry's private authority.
    pub authority: Option<Authority>,
    /// The annotation by which somebody asks for a verification.
    pub request: Option<String>,
    /// Images of pods in scope, the latest first.
    pub used: Vec<Arc<str>>,
    /// The fingerprint of what is verified: the present content and how it is tested.
    pub subject: Option<Version>,
    /// The last verification of this run.
    pub round: Option<Round>,
}

/// What both kinds have in common, taken from their specs.
struct Common<'a> {
    meta: &'a ObjectMeta,
    id: CredentialId,
    applies: Applies,
    source: Option<(Arc<str>, Arc<str>)>,
    delivery: Delivery,
    registry: Option<&'a String>,
    repositories: &'a [String],
    token_service: Option<&'a String>,
    certificate_authority: String,
    authority: Option<Authority>,
    verification: Option<&'a Verification>,
    expiry: Option<&'a Time>,
    status: Option<&'a CredentialStatus>,
}

impl From<Common<'_>> for Credential {
    fn from(common: Common<'_>) -> Self {
        let text = |value: Option<&String>| value.cloned().unwrap_or_default();
        Self {
            uid: common.meta.uid.clone().unwrap_or_default(),
            created: common.meta.creation_timestamp.as_ref().map(|time| time.0),
            generation: common.meta.generation.unwrap_or_default(),
            resource_version: resource_version(common.meta),
            label: credential_label(&common.id).into(),
            id: common.id,
            applies: common.applies,
            delivery: common.delivery,
            state: State::Unserved {
                problem: missing(common.source.as_ref()),
                last: None,
            },
            source: common.source,
            terms: Terms {
                registry: common.registry.cloned(),
                repositories: common.repositories.to_vec(),
            },
            destination: vec![
                text(common.registry),
                text(common.token_service),
                common.certificate_authority,
            ],
            moved_from: common
                .meta
                .annotations
                .as_ref()
                .and_then(|map| map.get(label::MOVED_FROM))
                .map(|text| named(text)),
            expiry: common.expiry.cloned(),
            status: common.status.cloned().unwrap_or_default(),
            mark: None,
            binding: None,
            verification: common.verification.cloned().unwrap_or_default(),
            token_service: common.token_service.cloned(),
            authority: common.authority,
            request: common.meta.annotations.as_ref().and_then(request),
            used: Vec::new(),
            subject: None,
            round: None,
        }
    }
}

impl From<&RegistryCredential> for Credential {
    fn from(object: &RegistryCredential) -> Self {
        let spec = &object.spec;
        let meta = &object.metadata;
        let namespace: Arc<str> = meta.namespace.as_deref().unwrap_or_default().into();
        let name = meta.name.as_deref().unwrap_or_default();
        Self::from(Common {
            meta,
            id: CredentialId::namespaced(namespace.clone(), name),
            applies: match spec.scope {
                Scope::Namespace => Applies::Namespace,
                Scope::Project => Applies::Project,
            },
            source: spec
                .source
                .secret
                .as_ref()
                .map(|secret| (namespace, secret.name.as_str().into())),
            delivery: spec.delivery,
            registry: spec.registry.as_ref(),
            repositories: &spec.repositories,
            token_service: spec.token_service.as_ref(),
            certificate_authority: as_text(&spec.certificate_authority),
            authority: spec.certificate_authority.as_ref().and_then(|authority| {
                own_authority(authority, meta.namespace.as_deref().unwrap_or_default())
            }),
            verification: spec.verification.as_ref(),
            expiry: spec.expiry_time.as_ref(),
            status: object.status.as_ref(),
        })
    }
}

impl From<&ClusterRegistryCredential> for Credential {
    fn from(object: &ClusterRegistryCredential) -> Self {
        let spec = &object.spec;
        let secret = spec.source.secret.as_ref();
        Self::from(Common {
            meta: &object.metadata,
            id: CredentialId::cluster(object.metadata.name.as_deref().unwrap_or_default()),
            applies: Applies::Cluster {
                selector: spec.namespace_selector.clone(),
                exclude: spec.exclude_namespaces.clone(),
            },
            source: secret.map(|secret| (secret.namespace.as_str().into(), secret.name.as_str().into())),
            delivery: spec.delivery,
            registry: spec.registry.as_ref(),
            repositories: &spec.repositories,
            token_service: spec.token_service.as_ref(),
            certificate_authority: as_text(&spec.certificate_authority),
            authority: spec.certificate_authority.as_ref().and_then(cluster_authority),
            verification: spec.verification.as_ref(),
            expiry: spec.expiry_time.as_ref(),
            status: object.status.as_ref(),
        })
    }
}

fn own_authority(authority: &CertificateAuthority, namespace: &str) -> Option<Authority> {
    let (in_secret, reference) = match (&authority.secret_ref, &authority.config_map_ref) {
        (Some(reference), _) => (true, reference),
        (None, reference) => (false, reference.as_ref()?),
    };
    Some(Authority {
        in_secret,
        namespace: namespace.to_owned(),
        name: reference.name.clone(),
        key: reference.key.clone(),
    })
}

fn cluster_authority(authority: &ClusterCertificateAuthority) -> Option<Authority> {
    let (in_secret, reference) = match (&authority.secret_ref, &authority.config_map_ref) {
        (Some(reference), _) => (true, reference),
        (None, reference) => (false, reference.as_ref()?),
    };
    Some(Authority {
        in_secret,
        namespace: reference.namespace.clone(),
        name: reference.name.clone(),
        key: reference.key.clone(),
    })
}

/// The request for a verification, as far as it is kept.
fn request(annotations: &std::collections::BTreeMap<String, String>) -> Option<String> {
    let text = annotations.get(label::VERIFY)?;
    let kept = text.chars().filter(char::is_ascii_graphic).take(REQUEST_MAX);
    Some(kept.collect::<String>()).filter(|kept| !kept.is_empty())
}

/// The object's version as a number; 0 if it is none.
pub(super) fn resource_version(meta: &ObjectMeta) -> u64 {
    meta.resource_version
        .as_deref()
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

/// The credential that a text like `namespace/name` names.
fn named(text: &str) -> CredentialId {
    match text.split_once('/') {
        Some((namespace, name)) => CredentialId::namespaced(namespace, name),
        None => CredentialId::cluster(text),
    }
}

fn as_text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("references are plain data")
}

fn missing(source: Option<&(Arc<str>, Arc<str>)>) -> Problem {
    let (namespace, name) = source
        .map(|(namespace, name)| (&**namespace, &**name))
        .unwrap_or_default();
    Problem::Missing {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

/// For what a registry has refused a credential.
#[derive(Clone, Debug)]
pub(crate) enum Refused {
    /// One repository.
    Repository(Reference),
    /// Everything under a pattern.
    Registry(Pattern),
}

impl Refused {
    fn of(state: &RegistryState, cause: Cause) -> Option<Self> {
        match &state.repository {
            Some(tested) if cause == Cause::NoPullScope => {
                Reference::parse(tested).ok().map(Self::Repository)
            }
            _ => Pattern::parse(&state.registry).ok().map(Self::Registry),
        }
    }
}

impl Credential {
    /// What it delivers, or delivered last.
    pub fn content(&self) -> Option<&Content> {
        match &self.state {
            State::Ready(content) => Some(content),
            State::Suspended | State::Unread(_) => None,
            State::Unserved { last, .. } => last.as_ref(),
        }
    }

    /// What it is for, as far as it can serve.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let read = self.content().into_iter().flat_map(|content| &content.served);
        let stated: &[Pattern] = match &self.state {
            State::Unread(patterns) => patterns,
            _ => &[],
        };
        read.map(|served| &served.pattern).chain(stated)
    }

    /// What it delivers now.
    pub fn ready(&self) -> Option<&Content> {
        match &self.state {
            State::Ready(content) => Some(content),
            _ => None,
        }
    }

    /// The cause if the registry itself has refused the credential, as it is now, for this image: it is then not handed
    /// out. What was refused once stays refused until it is accepted, not until the registry cannot be asked. A missing
    /// right is about the repository that was tested, everything else about the whole registry.
    pub fn refused(&self, image: &Reference) -> Option<Cause> {
        self.refusals()
            .find(|(refused, _)| match refused {
                Refused::Repository(tested) => tested.lookup() == image.lookup(),
                Refused::Registry(pattern) => pattern.matches(image),
            })
            .map(|(_, cause)| cause)
    }

    /// For which images the registry itself has refused the credential, as it is now.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = (Refused, Cause)> {
        let settled = self.status.registries.iter().filter_map(|state| {
            let settled = verify::settled(state).filter(|settled| settled.verified == "False")?;
            Some((state, Cause::parse(&settled.reason)?))
        });
        let mut settled = settled.peekable();
        let counts = settled.peek().is_some() && self.is_verified_subject() && self.ready().is_some();
        settled
            .filter(move |_| counts)
            .filter_map(|(state, cause)| Some((Refused::of(state, cause)?, cause)))
    }

    /// Notes what has been found out about it.
    pub(super) fn note_round(&mut self, round: Round) {
        self.round = Some(round);
    }

    /// Notes that a pod in scope uses an image. Returns whether that is new.
    pub(super) fn note_used(&mut self, image: &str) -> bool {
        if self.used.first().is_some_and(|first| **first == *image) {
            return false;
        }
        let before = self.used.len();
        self.used.retain(|known| **known != *image);
        let is_new = self.used.len() == before;
        self.used.insert(0, image.into());
        self.used.truncate(USED_MAX);
        is_new
    }

    /// Forgets an image that turned out not to exist.
    pub(super) fn forget_used(&mut self, image: &str) {
        self.used.retain(|known| **known != *image);
    }

    /// The fingerprint of what is to be verified now.
    fn note_subject(&mut self, key: Option<&InstallKey>) {
        let version = self.ready().and_then(|content| content.version);
        self.subject = key.zip(version).map(|(key, version)| {
            let version = version.to_string();
            let mut parts = vec![version.as_str()];
            parts.push(self.verification.repository.as_deref().unwrap_or_default());
            parts.extend(self.destination.iter().map(String::as_str));
            key.subject(&parts)
        });
    }

    /// Reads the source anew, or takes note that there is none.
    pub(super) fn read_source(&mut self, found: Found<'_>, key: Option<&InstallKey>) {
        let source = match found {
            Found::Secret(secret) => Some(secret),
            Found::Nothing => None,
            Found::NoRight => {
                self.state = self.unread();
                self.note_mark();
                return self.note_subject(key);
            }
        };
        let last = match std::mem::replace(&mut self.state, State::Suspended) {
            State::Ready(content) => Some(content),
            State::Suspended | State::Unread(_) => None,
            State::Unserved { last, .. } => last,
        };
        let content = source
            .ok_or_else(|| missing(self.source.as_ref()))
            .and_then(|source| Content::read(source, &self.terms, key));
        self.state = match content {
            Err(problem) => State::Unserved { problem, last },
            Ok(content) => match self.bind(source.and_then(|source| source.content), key) {
                Ok(binding) => {
                    self.binding = binding;
                    State::Ready(content)
                }
                Err(DestinationChanged) => {
                    self.binding = self.status.binding.clone();
                    State::Suspended
                }
            },
        };
        self.note_mark();
        self.note_subject(key);
    }

    /// What can be done without reading the Secret: its name can be given to pods beside it, if the spec says for what.
    fn unread(&self) -> State {
        let namespace = self.source.as_ref().map_or("", |(namespace, _)| namespace);
        let patterns = match self.applies {
            Applies::Namespace => self.terms.patterns(namespace),
            Applies::Project | Applies::Cluster { .. } => Err(Problem::Unreadable {
                namespace: namespace.to_owned(),
            }),
        };
        match patterns {
            Ok(patterns) => State::Unread(patterns),
            Err(problem) => State::Unserved { problem, last: None },
        }
    }

    /// Whether this is an older state of the same object: an answer to a write may overtake the watch.
    pub(super) fn is_older_than(&self, known: &Self) -> bool {
        self.uid == known.uid && self.resource_version < known.resource_version
    }

    /// Whether it asks for the same as the former object, so that at most the status is another one.
    pub(super) fn has_spec_of(&self, former: &Self) -> bool {
        self.uid == former.uid && self.generation == former.generation && self.moved_from == former.moved_from
    }

    /// Notes what copies are compared by.
    fn note_mark(&mut self) {
        let version = self.ready().and_then(|content| content.version);
        self.mark = version.map(|version| copies::mark(&source_annotation(self, version)));
    }

    /// Takes over from the former object what this run has learnt.
    pub(super) fn succeed(&mut self, former: Self) {
        if former.uid == self.uid {
            self.used = former.used;
            self.round = former.round;
        }
        if former.uid == self.uid && former.source == self.source && former.terms == self.terms {
            self.state = former.state;
            self.mark = former.mark;
            self.binding.clone_from(&former.binding);
        }
        if former.uid == self.uid && self.status.binding.is_none() {
            // The status that stores the binding may still be on its way.
            self.status.binding = former.status.binding.or(former.binding);
        }
    }

    /// The binding of this content to this destination, unless the same content was bound to another one before.
    fn bind(
        &self,
        content: Option<Version>,
        key: Option<&InstallKey>,
    ) -> Result<Option<String>, DestinationChanged> {
        let (Some(content), Some(key)) = (content, key) else {
            return Ok(None);
        };
        let destination: Vec<&str> = self.destination.iter().map(String::as_str).collect();
        let (content, destination) = (content.to_string(), key.destination(&destination).to_string());
        let scope = self.applies.letter();
        let binding = Some(format!("{content}.{destination}.{scope}"));
        let mut stored = self.status.binding.as_deref().unwrap_or_default().split('.');
        let (Some(old_content), Some(old_destination), Some(old_scope)) =
            (stored.next(), stored.next(), stored.next())
        else {
            return Ok(binding);
        };
        let wider = old_scope.chars().next().is_some_and(|old| scope > old);
        let moved = old_content == content && (old_destination != destination || wider);
        if moved {
            Err(DestinationChanged)
        } else {
            Ok(binding)
        }
    }
}

/// Where the credential may be sent was changed while the secret stayed the same.
struct DestinationChanged;
