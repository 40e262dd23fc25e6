//! What is said about a namespace that cannot end yet (`pkg/controller/namespace/deletion`).

use k8s_openapi::api::core::v1::NamespaceCondition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use std::collections::BTreeMap;

/// What remains in a namespace.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Number of objects by kind.
    kinds: BTreeMap<String, usize>,
    /// Number of objects by finalizer.
    finalizers: BTreeMap<String, usize>,
    pub(super) trouble: Trouble,
}

/// What could not even be tried.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Trouble {
    #[default]
    None,
    Discovery(String),
    Deletion(Vec<String>),
}

impl Content {
    /// It is not even known which kinds there are.
    pub(super) fn undiscovered(error: String) -> Self {
        Self {
            trouble: Trouble::Discovery(error),
            ..Self::default()
        }
    }

    /// Adds what is known of one kind: the finalizers of each object that remains, or why it could not be emptied.
    pub(super) fn add(&mut self, kind: String, answer: Result<Vec<Vec<String>>, String>) {
        match answer {
            Ok(remaining) if remaining.is_empty() => {}
            Ok(remaining) => {
                self.kinds.insert(kind, remaining.len());
                for finalizer in remaining.into_iter().flatten() {
                    *self.finalizers.entry(finalizer).or_default() += 1;
                }
            }
            Err(error) => match &mut self.trouble {
                Trouble::Deletion(errors) => errors.push(error),
                _ => self.trouble = Trouble::Deletion(vec![error]),
            },
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kinds.is_empty() && self.trouble == Trouble::None
    }
}

/// The five conditions; others stay.
pub(super) fn next(
    old: Option<Vec<NamespaceCondition>>,
    content: &Content,
    now: Timestamp,
) -> Vec<NamespaceCondition> {
    let mut conditions = old.unwrap_or_default();
    for (kind, verdict) in verdicts(content) {
        let (status, (reason, message)) = match verdict {
            Verdict::Good(reason, message) => ("False", (reason, message.to_owned())),
            Verdict::Bad(reason, message) => ("True", (reason, message)),
        };
        let known = conditions.iter_mut().find(|condition| condition.type_ == kind);
        let unchanged = known
            .as_ref()
            .filter(|known| known.status == status)
            .and_then(|known| known.last_transition_time.clone());
        let condition = NamespaceCondition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message),
            last_transition_time: unchanged.or(Some(Time(now))),
        };
        match known {
            Some(known) => *known = condition,
            None => conditions.push(condition),
        }
    }
    conditions
}

enum Verdict {
    Good(&'static str, &'static str),
    Bad(&'static str, String),
}

fn verdicts(content: &Content) -> [(&'static str, Verdict); 5] {
    let discovery = match &content.trouble {
        Trouble::Discovery(error) => Verdict::Bad("DiscoveryFailed", error.clone()),
        _ => Verdict::Good("ResourcesDiscovered", "All resources successfully discovered"),
    };
    let deletion = match &content.trouble {
        Trouble::Deletion(errors) => {
            let (count, all) = (errors.len(), errors.join(", "));
            Verdict::Bad(
                "ContentDeletionFailed",
                format!("Failed to delete all resource types, {count} remaining: {all}"),
            )
        }
        _ => Verdict::Good(
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
    };
    let list = |counts: &BTreeMap<String, usize>, word: &str| {
        let one = |(name, count): (&String, &usize)| format!("{name} {word} {count} resource instances");
        counts.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let remaining = if content.kinds.is_empty() {
        Verdict::Good("ContentRemoved", "All content successfully removed")
    } else {
        Verdict::Bad(
            "SomeResourcesRemain",
            format!("Some resources are remaining: {}", list(&content.kinds, "has")),
        )
    };
    let finalizers = if content.finalizers.is_empty() {
        Verdict::Good(
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        )
    } else {
        let list = list(&content.finalizers, "in");
        Verdict::Bad(
            "SomeFinalizersRemain",
            format!("Some content in the namespace has finalizers remaining: {list}"),
        )
    };
    [
        ("NamespaceDeletionDiscoveryFailure", discovery),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            Verdict::Good("ParsedGroupVersions", "All legacy kube types successfully parsed"),
        ),
        ("NamespaceDeletionContentFailure", deletion),
        ("NamespaceContentRemaining", remaining),
        ("NamespaceFinalizersRemaining", finalizers),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(content: &Content) -> Vec<String> {
        let conditions = next(None, content, Timestamp::UNIX_EPOCH);
        conditions
            .into_iter()
            .filter(|one| one.status == "True")
            .map(|one| format!("{}: {}", one.reason.unwrap(), one.message.unwrap()))
            .collect()
    }

    #[test]
    fn what_remains_is_told_by_kind_and_by_finalizer() {
        let mut content = Content::default();
        assert!(content.is_empty() && show(&content).is_empty());
        content.add("pods.".into(), Ok(vec![vec!["a.io/x".into()], vec![]]));
        content.add("secrets.".into(), Ok(vec![]));
        assert_eq!(
            show(&content),
            [
                "SomeResourcesRemain: Some resources are remaining: pods. has 2 resource instances",
                "SomeFinalizersRemain: Some content in the namespace has finalizers remaining: a.io/x in 1 resource instances",
            ]
        );
    }

    #[test]
    fn trouble_is_told_and_keeps_the_namespace() {
        let mut content = Content::default();
        content.add("jobs.batch".into(), Err("no".into()));
        assert!(!content.is_empty());
        assert_eq!(
            show(&content),
            ["ContentDeletionFailed: Failed to delete all resource types, 1 remaining: no"]
        );
    }

    #[test]
    fn transition_times_change_with_the_status_only() {
        let mut content = Content::default();
        content.add("pods.".into(), Ok(vec![vec![]]));
        let first = next(None, &content, Timestamp::UNIX_EPOCH);
        let later = Timestamp::from_second(60).unwrap();
        assert_eq!(next(Some(first.clone()), &content, later), first);
    }
}
