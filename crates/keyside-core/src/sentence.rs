//! What decisions say to people, as values. One enum, and one module per language that matches it without a wildcard: a sentence that
//! a language lacks does not compile.
//!
//! A sentence holds names that stand in objects anyway, never a value from a Secret, and never a text of a registry.

mod en;
mod zh;

use crate::CredentialId;
use crate::index::Outside;
use crate::language::Language;
use keyside_api::Cause;
use keyside_keychain::keychain::Miss;
use serde::{Serialize, Serializer};
use std::fmt;

/// One sentence, without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sentence {
    /// The verdict for a cause.
    Because {
        /// The cause.
        cause: Cause,
        /// What it is about.
        about: About,
    },
    /// The reference cannot be parsed.
    Unparsable {
        /// The kubelet's words.
        error: String,
    },
    /// The node has the image.
    Pulled,
    /// A credential answers.
    Answers {
        /// Its name.
        name: String,
        /// The pattern by which it matches.
        pattern: String,
        /// What the registry says of it.
        standing: Standing,
    },
    /// A credential answers, but another one that comes before it is refused.
    AnswersBehind {
        /// Its name.
        name: String,
        /// The one before.
        refused: String,
        /// Why that is refused.
        cause: Cause,
    },
    /// A credential answers, and the node does not get the image, for a reason that it does not tell.
    AnswersInVain {
        /// Its name.
        name: String,
        /// The pattern by which it matches.
        pattern: String,
    },
    /// Everything that is tried was refused.
    AllRefused {
        /// The first of them.
        name: String,
        /// By which registry.
        registry: String,
        /// Why.
        cause: Cause,
    },
    /// The registry serves the image to everybody.
    Public {
        /// Which.
        registry: String,
    },
    /// The node's credential provider is given the credential.
    NodeProvider {
        /// Its name.
        name: String,
    },
    /// No credential is for the image.
    NothingAnswers {
        /// In which namespace.
        namespace: String,
        /// The image's repository.
        repository: String,
    },
    /// The pod is older than the credential.
    CreatedWithout {
        /// The credential's name.
        name: String,
    },
    /// The pod lists a Secret that is not there.
    SecretMissing {
        /// Its name.
        name: String,
        /// The namespace.
        namespace: String,
    },
    /// The pod lists a Secret that cannot be read.
    SecretBroken {
        /// Its name.
        name: String,
        /// The kubelet's words.
        error: String,
    },
    /// The pod lists a Secret of another type.
    NotAPullSecret,
    /// A default for Docker Hub that is not looked at.
    HiddenDefault {
        /// Its key.
        key: String,
        /// The key that hides it.
        by: String,
    },
    /// The registry refused the credential before.
    RefusedBefore {
        /// Why.
        cause: Cause,
    },
    /// The credential is suspended.
    Suspended,
    /// Its Secret cannot be used.
    Unserved,
    /// It does not apply here.
    Outside(Outside),
    /// It is stored under a spelling that the kubelet does not match.
    Spelling {
        /// The credential's name.
        name: String,
    },
    /// It is what a credential is made of.
    SourceOf(CredentialId),
    /// The node asks for it.
    AskedByNode,
    /// Another one comes first.
    ComesLater {
        /// That one.
        first: String,
    },
    /// Nothing is added to pods here.
    NotInjected,
    /// A credential of another place is for the image.
    ElsewhereManaged {
        /// Which.
        id: CredentialId,
        /// Why it does not apply here.
        outside: Outside,
    },
    /// A Secret of another namespace is for the image.
    ElsewherePlain {
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: String,
    },
    /// A credential is for something else.
    Near {
        /// Its name.
        name: String,
        /// What it is for.
        pattern: String,
        /// The image's repository.
        repository: String,
        /// How near it is.
        miss: Miss,
    },
    /// How many credentials the kubelet has.
    Tries(usize),
    /// What the container waits for.
    Waits {
        /// The kubelet's reason.
        reason: String,
    },
    /// The node says why.
    NodeSays {
        /// What it means.
        cause: Cause,
        /// Where it says so: an event's reason, or `status`.
        by: String,
        /// How often.
        times: u32,
    },
    /// The registry was asked.
    RegistrySays {
        /// With which credential; none for an anonymous question.
        name: Option<String>,
        /// The reason of its verdict.
        reason: String,
        /// Where or how, in the verifier's own words.
        detail: String,
    },
    /// What was in the way is gone.
    Recovered,
    /// What helps a pod that is older than its credential.
    AdviceRenew,
    /// The image's address is to be corrected.
    AdviceAddress {
        /// What came of it.
        cause: Cause,
        /// The registry in the image.
        host: String,
        /// The registry that may be meant, if there is a credential for one that looks like it.
        meant: Option<String>,
    },
    /// What helps against a cause, for people.
    Advice {
        /// The cause.
        cause: Cause,
        /// What it is about.
        about: About,
    },
}

/// What a cause is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The registry's host.
    pub registry: String,
    /// The image's repository, with its host.
    pub repository: String,
    /// Tag or digest.
    pub version: String,
    /// The credential that was tried, if one was.
    pub credential: Option<String>,
    /// The host that was meant, where it may be another one than the registry's.
    pub host: Option<String>,
}

/// What the registry says of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It accepts it.
    Accepted,
    /// It was not asked.
    NotAsked,
    /// It was asked, and its answer says nothing about the credential.
    Unclear,
}

impl Sentence {
    /// The sentence in a language.
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::En => en::text(self),
            Language::Zh => zh::text(self),
        }
    }
}

/// In English, as programs and logs get it.
impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::En))
    }
}

/// Programs get English.
impl Serialize for Sentence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
