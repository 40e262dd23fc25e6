//! Pods that came while keyside was away: they wait for an image, and what would let them pull was never added.

use super::outcome::{Category, Grade, Outcome, Problem};
use super::survey::Survey;
use super::words::Said;
use crate::verbs::explain::{index, is_waiting};
use k8s_openapi::api::core::v1::Pod;
use keyside_core::page::Reason;
use keyside_core::{Index, inject};
use kube::ResourceExt;

pub(super) fn category(survey: &Survey) -> Category {
    Category {
        name: "pods",
        checks: vec![missed(survey)],
    }
}

/// They stay as they are: a pod's pull secrets cannot be changed, so only a new pod helps.
fn missed(survey: &Survey) -> Outcome {
    let outcome = Outcome::begin(
        "missed-pods",
        "no pod waits for an image without the pull secret that is there for it",
    );
    let index = index(
        &survey.namespaces,
        &survey.projects,
        &survey.cluster_credentials,
        &survey.credentials,
        &survey.secrets,
    );
    let problems = survey
        .pods
        .iter()
        .filter(|pod| is_waiting(pod))
        .filter_map(|pod| problem(pod, &lacking(&index, pod)));
    outcome.end(Grade::Warning, Reason::PullSecretNotAdded, problems.collect())
}

/// What admission would add to the pod if it came now.
fn lacking(index: &Index, pod: &Pod) -> Vec<String> {
    let text = serde_json::to_string(pod).unwrap_or_default();
    let Ok(parsed) = inject::Pod::parse(&text) else {
        return Vec::new();
    };
    let decided = inject::decide(index, &pod.namespace().unwrap_or_default(), &parsed);
    decided.add.iter().map(ToString::to_string).collect()
}

fn problem(pod: &Pod, lacking: &[String]) -> Option<Problem> {
    if lacking.is_empty() {
        return None;
    }
    let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
    let owners = pod.owner_references();
    let fix = if owners.iter().any(|owner| owner.controller == Some(true)) {
        format!("keyside explain pod/{name} -n {namespace} --restart-stuck")
    } else {
        format!("kubectl get pod {name} -n {namespace} -o yaml | kubectl replace --force -f -")
    };
    Some(Problem {
        message: Said::Missed {
            namespace: namespace.clone(),
            pod: name.clone(),
            lacking: lacking.join(", "),
        },
        object: format!("pod/{namespace}/{name}"),
        fix: Some(fix),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{Namespace, Secret};
    use serde_json::{Value, json};

    fn survey(pull_secrets: &Value, reason: &str) -> Survey {
        let object = |value: Value| serde_json::from_value::<Pod>(value).expect("a pod");
        let namespace: Namespace =
            serde_json::from_value(json!({"metadata": {"name": "shop", "uid": "1"}})).expect("a namespace");
        // {"auths":{"quay.io":{"username":"u","password":"p"}}}
        let config = "eyJhdXRocyI6eyJxdWF5LmlvIjp7InVzZXJuYW1lIjoidSIsInBhc3N3b3JkIjoicCJ9fX0=";
        let secret: Secret = serde_json::from_value(json!({
            "metadata": {"name": "testquay", "namespace": "shop", "uid": "2"},
            "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": config},
        }))
        .expect("a secret");
        Survey {
            namespaces: vec![namespace],
            secrets: vec![secret],
            pods: vec![object(json!({
                "metadata": {"name": "web", "namespace": "shop"},
                "spec": {"containers": [{"name": "web", "image": "quay.io/team/app:1"}], "imagePullSecrets": pull_secrets},
                "status": {"containerStatuses": [{"name": "web", "image": "", "imageID": "", "ready": false,
                    "restartCount": 0, "state": {"waiting": {"reason": reason}}}]},
            }))],
            ..Survey::default()
        }
    }

    fn messages(survey: &Survey) -> Vec<String> {
        let problems = missed(survey).problems.into_iter();
        problems
            .map(|problem| problem.message.text(keyside_core::language::Language::En))
            .collect()
    }

    #[test]
    fn pod_that_waits_without_its_pull_secret_is_named() {
        assert_eq!(
            messages(&survey(&json!([]), "ImagePullBackOff")),
            ["shop: pod web waits for an image and was created without testquay"]
        );
    }

    #[test]
    fn pod_that_has_the_secret_or_waits_for_something_else_was_not_missed() {
        assert!(messages(&survey(&json!([{"name": "testquay"}]), "ImagePullBackOff")).is_empty());
        assert!(messages(&survey(&json!([]), "ContainerCreating")).is_empty());
    }
}
