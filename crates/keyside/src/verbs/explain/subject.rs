//! What is to be explained: `pod/x`, `deploy/x`, `image REF`, `namespace/x`, or a code.

use crate::failure::Failure;
use keyside_core::page::Topic;

/// What is to be explained.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Pod(String),
    Workload(Kind, String),
    Image(String),
    Namespace(String),
    Code(Topic),
}

/// A kind that makes pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    Job,
}

impl Kind {
    /// As kubectl writes it before a name.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::DaemonSet => "daemonset",
            Self::ReplicaSet => "replicaset",
            Self::Job => "job",
        }
    }

    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "deploy" | "deployment" | "deployments" => Self::Deployment,
            "sts" | "statefulset" | "statefulsets" => Self::StatefulSet,
            "ds" | "daemonset" | "daemonsets" => Self::DaemonSet,
            "rs" | "replicaset" | "replicasets" => Self::ReplicaSet,
            "job" | "jobs" => Self::Job,
            _ => return None,
        })
    }
}

/// Reads the words of the command line.
pub(super) fn read(what: &[String]) -> Result<Subject, Failure> {
    let text = what.join(" ");
    let usage = || {
        Failure::new(format!("`{text}` is nothing that can be explained"))
            .because("pod/NAME, deploy/NAME (sts, ds, rs, job), image REF, namespace/NAME and codes such as NoPullScope can")
            .hint("keyside explain pod/NAME -n NS")
    };
    let (kind, name) = match what {
        [one] => match (Topic::find(one), one.split_once('/')) {
            (Some(topic), _) => return Ok(Subject::Code(topic)),
            (None, Some(parts)) if parts.0 != "image" => parts,
            _ => return Err(usage()),
        },
        [kind, name] => (kind.as_str(), name.as_str()),
        _ => return Err(usage()),
    };
    if name.is_empty() {
        return Err(usage());
    }
    let owned = name.to_owned();
    let word = kind.to_lowercase();
    match word.as_str() {
        "pod" | "pods" | "po" => Ok(Subject::Pod(owned)),
        "namespace" | "namespaces" | "ns" => Ok(Subject::Namespace(owned)),
        "image" => Ok(Subject::Image(owned)),
        "reason" | "cause" => Topic::find(name).map(Subject::Code).ok_or_else(usage),
        _ => Kind::read(&word)
            .map(|kind| Subject::Workload(kind, owned))
            .ok_or_else(usage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &Subject) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        assert_eq!(read(&words).expect(line), *expected);
    }

    #[test]
    fn both_forms_of_naming_an_object_are_read() {
        check("pod/x", &Subject::Pod("x".into()));
        check("po x", &Subject::Pod("x".into()));
        check("deploy/x", &Subject::Workload(Kind::Deployment, "x".into()));
        check("job x", &Subject::Workload(Kind::Job, "x".into()));
        check("image quay.io/a/b:1", &Subject::Image("quay.io/a/b:1".into()));
        check("ns/x", &Subject::Namespace("x".into()));
        let topic = Topic::find("NoPullScope").expect("a code");
        check("NoPullScope", &Subject::Code(topic));
    }

    #[test]
    fn anything_else_is_refused_with_what_can_be_asked() {
        for line in ["frobnicate", "quay.io/a/b", "pod/", "image", "node/x"] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert!(read(&words).is_err(), "{line}");
        }
    }
}
