//! The words of tables and notes that people read, in their language. Each language matches the enum without a wildcard, so none can
//! lack a word. Codes, names, column titles and JSON are the same in all of them.

mod en;
mod zh;

use keyside_core::language::Language;

/// Something that the program says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Label<'a> {
    /// Before the line that names the pod.
    Pod,
    /// Before the line that names the image.
    Image,
    /// Before the line that names the namespace.
    Namespace,
    /// Before the line that names the workload.
    Workload,
    /// Before the verdict.
    Verdict,
    /// Before the commands that help.
    Fix,
    /// Before commands that say more.
    More,
    /// Where a pod runs, and as whom.
    PodPlace { account: &'a str, node: Option<&'a str> },
    /// The namespace of an image.
    InNamespace { namespace: &'a str },
    /// How many images cannot be pulled.
    CannotPull { failing: usize, total: usize },
    /// A pod without images.
    NoImages,
    /// All is well in a namespace.
    NamespaceFine,
    /// So many pods cannot pull.
    PodsFailing { failing: usize },
    /// For how long.
    FailingFor { span: &'a str },
    /// When the kubelet tries again.
    RetriesIn { span: &'a str },
    /// It tries again without being told.
    RetriesByItself,
    /// How to be faster.
    RestartHint,
    /// The image was pulled.
    PulledLine,
    /// Why a credential is not tried.
    NotUsed { why: &'a str },
    /// Who says so.
    SeenBy { source: &'a str },
    /// When.
    Ago { span: &'a str },
    /// Its own words.
    RawWords,
    /// What a code means.
    Meaning,
    /// What to do about it.
    WhatToDo,
    /// A pod was replaced.
    Replaced { pod: &'a str },
    /// It was not, because the cause is still there.
    CauseStays { pod: &'a str },
    /// It was not, because nobody would make a new one.
    NoController { pod: &'a str },
    /// It was not, because a disruption budget forbids it.
    BudgetForbids { pod: &'a str },
    /// More pods would have to be replaced than may be.
    OverBudget { left: usize },
    /// There is nothing to list.
    NoPullSecrets,
    /// How often a credential is stored by hand.
    SameContent { secrets: usize },
    /// What to do with a Secret that nobody needs.
    NobodyNames { command: &'a str },
    /// What to do with many that are the same.
    StoreOnce { command: &'a str },
}

impl Label<'_> {
    /// The words in a language.
    pub(crate) fn text(self, language: Language) -> String {
        match language {
            Language::En => en::text(self),
            Language::Zh => zh::text(self),
        }
    }
}
