//! What checks say to people, in their language. Each language matches the enum without a wildcard, so none can lack a sentence. Ids,
//! codes, commands and JSON are the same in all of them.

mod en;
mod zh;

use keyside_core::page::Topic;

use super::outcome::Grade;
use keyside_core::language::Language;

/// A sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    TooOld {
        version: String,
        oldest: u32,
    },
    MayNot {
        verb: String,
        resource: String,
    },
    NotServed {
        kind: String,
    },
    NoWebhook,
    NotHeard,
    NotReached,
    NoAnswer,
    MayNotTry,
    HolderSilent {
        holder: String,
        seconds: i64,
    },
    NoHolder,
    NotSeen {
        object: String,
    },
    /// A condition's own words, which are those of the API.
    Condition {
        object: String,
        message: String,
    },
    Taken {
        object: String,
        count: i64,
    },
    /// A registry has refused a credential, for a reason with a page.
    Refused {
        object: String,
        reason: String,
        registries: String,
    },
    Expired {
        object: String,
        span: String,
    },
    Expires {
        object: String,
        span: String,
    },
    Missing {
        namespace: String,
        name: String,
    },
    Unreadable {
        namespace: String,
        name: String,
    },
    Several {
        count: usize,
        registries: String,
    },
    Annotated {
        namespace: String,
        name: String,
    },
    /// The policy has added nothing to a pod of this image.
    PolicySilent {
        image: String,
        namespace: String,
    },
    /// How often the policy has failed, as the API server counts.
    PolicyFailed {
        count: u64,
    },
    /// keyside may do nothing with Secrets of others.
    NamesOnly,
    /// keyside writes copies and does not see them.
    Blind,
    /// keyside works in some namespaces only.
    Confined,
    /// A pod that was created without what is there for it.
    Missed {
        namespace: String,
        pod: String,
        lacking: String,
    },
    /// Who may read the Secrets of a namespace, or of all.
    Readable {
        by: String,
        who: String,
        namespace: Option<String>,
    },
    /// How many checks of a category ended in this way.
    Category {
        count: usize,
        all: usize,
        worst: Grade,
    },
    /// How all checks ended.
    Total {
        all: usize,
        fine: usize,
        warnings: usize,
        failed: usize,
    },
    /// A report was written.
    Written {
        path: String,
    },
    /// Before a command.
    Fix,
}

/// What a code means, without a full stop.
fn meaning(code: &str, language: Language) -> &'static str {
    let meaning = Topic::find(code).map_or("", |topic| topic.page(language).meaning);
    meaning.trim_end_matches(['.', '。'])
}

/// How a category is called. In JSON it keeps its English name.
pub(super) fn category(name: &'static str, language: Language) -> &'static str {
    match (language, name) {
        (Language::Zh, "delivery") => "分发",
        (Language::Zh, "credentials") => "凭证",
        (Language::Zh, "secrets") => "密文",
        (Language::Zh, "pods") => "Pod",
        _ => name,
    }
}

impl Said {
    /// The sentence in a language.
    pub(super) fn text(&self, language: Language) -> String {
        match language {
            Language::En => en::text(self),
            Language::Zh => zh::text(self),
        }
    }
}
