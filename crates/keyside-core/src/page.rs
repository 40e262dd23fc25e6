//! The page behind every code: what it means, and what to do. `keyside explain CODE` prints it without asking anybody.
//!
//! Every code has a page in every language: each language matches both enums without a wildcard.

pub mod en;
pub mod zh;

use crate::language::Language;
use keyside_api::Cause;

/// What a code means, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// One sentence.
    pub meaning: &'static str,
    /// What to look at and what to do.
    pub advice: &'static str,
}

/// Something that has a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A cause.
    Cause(Cause),
    /// Another code.
    Reason(Reason),
}

/// Codes that are no causes: reasons of conditions, of events, of checks, and of what an explanation lists. The pages say what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    PullAllowed,
    LoggedIn,
    Unverified,
    SourceMissing,
    TokenServiceUnconfirmed,
    Delivered,
    AllCopiesCurrent,
    Progressing,
    NameTaken,
    NamespaceTerminating,
    Forbidden,
    NotProjectHome,
    SourceInvalid,
    DestinationChanged,
    NodeDelivery,
    NameGiven,
    Accepted,
    NamespaceClaimed,
    NamespaceRecreated,
    HomeNamespaceTaken,
    HomeNamespaceMissing,
    DeliveryConflict,
    DeliveryFailed,
    Verified,
    VerificationFailed,
    Rotated,
    RolledBack,
    Expiring,
    PullDiagnosed,
    BackOff,
    HiddenHubDefault,
    NotAPullSecret,
    OutOfScope,
    NotNeeded,
    NotInjected,
    SourceOf,
    Unreachable,
    TooOld,
    KindMissing,
    WebhookMissing,
    WebhookSilent,
    PullSecretNotAdded,
    PolicySilent,
    FewerRights,
    NotFresh,
    NotDelivered,
    Stalled,
    Duplicate,
    PasswordInAnnotation,
    WorldReadable,
}

impl Reason {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::PullAllowed,
        Self::LoggedIn,
        Self::Unverified,
        Self::SourceMissing,
        Self::TokenServiceUnconfirmed,
        Self::Delivered,
        Self::AllCopiesCurrent,
        Self::Progressing,
        Self::NameTaken,
        Self::NamespaceTerminating,
        Self::Forbidden,
        Self::NotProjectHome,
        Self::SourceInvalid,
        Self::DestinationChanged,
        Self::NodeDelivery,
        Self::NameGiven,
        Self::Accepted,
        Self::NamespaceClaimed,
        Self::NamespaceRecreated,
        Self::HomeNamespaceTaken,
        Self::HomeNamespaceMissing,
        Self::DeliveryConflict,
        Self::DeliveryFailed,
        Self::Verified,
        Self::VerificationFailed,
        Self::Rotated,
        Self::RolledBack,
        Self::Expiring,
        Self::PullDiagnosed,
        Self::BackOff,
        Self::HiddenHubDefault,
        Self::NotAPullSecret,
        Self::OutOfScope,
        Self::NotNeeded,
        Self::NotInjected,
        Self::SourceOf,
        Self::Unreachable,
        Self::TooOld,
        Self::KindMissing,
        Self::WebhookMissing,
        Self::WebhookSilent,
        Self::PullSecretNotAdded,
        Self::PolicySilent,
        Self::FewerRights,
        Self::NotFresh,
        Self::NotDelivered,
        Self::Stalled,
        Self::Duplicate,
        Self::PasswordInAnnotation,
        Self::WorldReadable,
    ];

    /// The code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PullAllowed => "PullAllowed",
            Self::LoggedIn => "LoggedIn",
            Self::Unverified => "Unverified",
            Self::SourceMissing => "SourceMissing",
            Self::TokenServiceUnconfirmed => "TokenServiceUnconfirmed",
            Self::Delivered => "Delivered",
            Self::AllCopiesCurrent => "AllCopiesCurrent",
            Self::Progressing => "Progressing",
            Self::NameTaken => "NameTaken",
            Self::NamespaceTerminating => "NamespaceTerminating",
            Self::Forbidden => "Forbidden",
            Self::NotProjectHome => "NotProjectHome",
            Self::SourceInvalid => "SourceInvalid",
            Self::DestinationChanged => "DestinationChanged",
            Self::NodeDelivery => "NodeDelivery",
            Self::NameGiven => "NameGiven",
            Self::Accepted => "Accepted",
            Self::NamespaceClaimed => "NamespaceClaimed",
            Self::NamespaceRecreated => "NamespaceRecreated",
            Self::HomeNamespaceTaken => "HomeNamespaceTaken",
            Self::HomeNamespaceMissing => "HomeNamespaceMissing",
            Self::DeliveryConflict => "DeliveryConflict",
            Self::DeliveryFailed => "DeliveryFailed",
            Self::Verified => "Verified",
            Self::VerificationFailed => "VerificationFailed",
            Self::Rotated => "Rotated",
            Self::RolledBack => "RolledBack",
            Self::Expiring => "Expiring",
            Self::PullDiagnosed => "PullDiagnosed",
            Self::BackOff => "BackOff",
            Self::HiddenHubDefault => "HiddenHubDefault",
            Self::NotAPullSecret => "NotAPullSecret",
            Self::OutOfScope => "OutOfScope",
            Self::NotNeeded => "NotNeeded",
            Self::NotInjected => "NotInjected",
            Self::SourceOf => "SourceOf",
            Self::Unreachable => "Unreachable",
            Self::TooOld => "TooOld",
            Self::KindMissing => "KindMissing",
            Self::WebhookMissing => "WebhookMissing",
            Self::WebhookSilent => "WebhookSilent",
            Self::PullSecretNotAdded => "PullSecretNotAdded",
            Self::PolicySilent => "PolicySilent",
            Self::FewerRights => "FewerRights",
            Self::NotFresh => "NotFresh",
            Self::NotDelivered => "NotDelivered",
            Self::Stalled => "Stalled",
            Self::Duplicate => "Duplicate",
            Self::PasswordInAnnotation => "PasswordInAnnotation",
            Self::WorldReadable => "WorldReadable",
        }
    }
}

impl From<Cause> for Topic {
    fn from(cause: Cause) -> Self {
        Self::Cause(cause)
    }
}

impl From<Reason> for Topic {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
    }
}

impl Topic {
    /// All of them: causes first.
    pub fn all() -> impl Iterator<Item = Self> {
        let causes = Cause::ALL.iter().copied().map(Self::Cause);
        causes.chain(Reason::ALL.iter().copied().map(Self::Reason))
    }

    /// The topic with this code, whatever its case.
    pub fn find(code: &str) -> Option<Self> {
        Self::all().find(|topic| topic.code().eq_ignore_ascii_case(code))
    }

    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Cause(cause) => cause.as_str(),
            Self::Reason(reason) => reason.as_str(),
        }
    }

    /// The page in a language.
    pub fn page(self, language: Language) -> Page {
        match (self, language) {
            (Self::Cause(cause), Language::En) => en::cause(cause),
            (Self::Cause(cause), Language::Zh) => zh::cause(cause),
            (Self::Reason(reason), Language::En) => en::reason(reason),
            (Self::Reason(reason), Language::Zh) => zh::reason(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the constants in a file of codes, but for the types of conditions.
    fn codes(source: &str) -> Vec<&str> {
        let constants = source
            .lines()
            .filter(|line| line.contains("pub const") && !line.contains(" TYPE"));
        constants
            .filter_map(|line| line.split_once("= \"")?.1.split_once('"'))
            .map(|(code, _)| code)
            .collect()
    }

    #[test]
    fn every_reason_of_conditions_and_events_has_a_page() {
        let known = [
            include_str!("../../keyside-api/src/condition.rs"),
            include_str!("../../keyside-api/src/event.rs"),
        ];
        for code in known.into_iter().flat_map(codes) {
            assert!(Topic::find(code).is_some(), "{code} has no page");
        }
    }

    #[test]
    fn pages_are_whole_sentences_in_their_language() {
        for topic in Topic::all() {
            let (en, zh) = (topic.page(Language::En), topic.page(Language::Zh));
            for text in [en.meaning, en.advice] {
                assert!(text.ends_with('.') && text.is_ascii(), "{}: {text}", topic.code());
            }
            for text in [zh.meaning, zh.advice] {
                assert!(
                    text.ends_with('。') && !text.contains(". "),
                    "{}: {text}",
                    topic.code()
                );
            }
        }
    }

    #[test]
    fn code_is_found_whatever_its_case() {
        assert_eq!(Topic::find("nopullscope"), Some(Topic::Cause(Cause::NoPullScope)));
        assert_eq!(
            Topic::find("PullAllowed"),
            Some(Topic::Reason(Reason::PullAllowed))
        );
        assert_eq!(Topic::find("frobnicate"), None);
    }
}
