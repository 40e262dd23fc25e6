//! Pull secrets that stand in the cluster: named but not there, the same in many places, readable by everybody, or with the password
//! in an annotation.

use super::outcome::{Category, Grade, Outcome, Problem};
use super::survey::Survey;
use super::words::Said;
use k8s_openapi::api::rbac::v1::{PolicyRule, Subject};
use keyside_api::Cause;
use keyside_core::inventory::{Advice, groups};
use keyside_core::page::Reason;
use kube::ResourceExt;
use std::collections::BTreeSet;

/// Where kubectl keeps what was applied last, values and all.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Everybody who has any account.
const EVERYBODY: [&str; 3] = [
    "system:authenticated",
    "system:unauthenticated",
    "system:serviceaccounts",
];

/// Whoever says nothing of himself.
const ANONYMOUS: &str = "system:anonymous";

pub(super) fn category(survey: &Survey) -> Category {
    Category {
        name: "secrets",
        checks: vec![
            dangling(survey),
            broken(survey),
            duplicates(survey),
            annotated(survey),
            readable(survey),
        ],
    }
}

/// Named by a pod or an account, and not there. For public images it does no harm, so it only warns.
fn dangling(survey: &Survey) -> Outcome {
    let outcome = Outcome::begin(
        "dangling-pull-secrets",
        "every pull secret that is named is there",
    );
    let there: BTreeSet<(String, String)> = survey
        .secrets
        .iter()
        .map(|secret| (secret.namespace().unwrap_or_default(), secret.name_any()))
        .collect();
    let missing = survey
        .named()
        .into_iter()
        .filter(|place| survey.saw_secrets && !place.1.is_empty() && !there.contains(place));
    let problems = missing.map(|(namespace, name)| Problem {
        message: Said::Missing {
            namespace: namespace.clone(),
            name: name.clone(),
        },
        fix: Some(format!(
            "keyside credential add {name} --registry HOST --username USER --password-stdin -n {namespace}"
        )),
        object: format!("secret/{namespace}/{name}"),
    });
    outcome.end(Grade::Warning, Cause::MissingPullSecret, problems.collect())
}

/// Broken ones stop every pull of the pods that name them.
fn broken(survey: &Survey) -> Outcome {
    let outcome = Outcome::begin(
        "broken-pull-secrets",
        "a kubelet can read every pull secret that is named",
    );
    let named = survey.named();
    let groups = groups(
        &survey.secrets,
        |namespace, name| named.contains(&(namespace.to_owned(), name.to_owned())),
        |_, _| false,
    );
    let broken = groups
        .iter()
        .filter(|group| group.findings.iter().any(|one| one.level == "error"));
    let items = broken.flat_map(|group| &group.secrets).filter(|item| item.used);
    let problems = items.map(|item| Problem {
        object: format!("secret/{}/{}", item.namespace, item.name),
        message: Said::Unreadable {
            namespace: item.namespace.clone(),
            name: item.name.clone(),
        },
        fix: Some(format!(
            "kubectl delete secret {} -n {}",
            item.name, item.namespace
        )),
    });
    outcome.end(Grade::Error, Cause::BrokenPullSecret, problems.collect())
}

fn duplicates(survey: &Survey) -> Outcome {
    let outcome = Outcome::begin(
        "duplicate-pull-secrets",
        "no credential is stored by hand in several namespaces",
    );
    let is_source =
        |namespace: &str, name: &str| survey.sources.contains(&(namespace.to_owned(), name.to_owned()));
    let groups = groups(&survey.secrets, |_, _| true, is_source);
    let several = groups.iter().filter(|group| group.advice == Advice::StoreOnce);
    let problems = several.map(|group| {
        let first = &group.secrets[0];
        Problem {
            object: format!("secret/{}/{}", first.namespace, first.name),
            message: Said::Several {
                count: group.secrets.len(),
                registries: group.registries.join(", "),
            },
            fix: Some("keyside import secrets --dry-run".to_owned()),
        }
    });
    outcome.end(Grade::Warning, Reason::Duplicate, problems.collect())
}

fn annotated(survey: &Survey) -> Outcome {
    let outcome = Outcome::begin("last-applied-secrets", "no annotation contains a password");
    let with = survey.secrets.iter().filter(|secret| {
        let text = secret.annotations().get(LAST_APPLIED);
        text.is_some_and(|text| text.contains("\"data\"") || text.contains("\"stringData\""))
    });
    let problems = with.map(|secret| {
        let (namespace, name) = (secret.namespace().unwrap_or_default(), secret.name_any());
        Problem {
            object: format!("secret/{namespace}/{name}"),
            message: Said::Annotated {
                namespace: namespace.clone(),
                name: name.clone(),
            },
            fix: Some(format!(
                "kubectl annotate secret {name} -n {namespace} {LAST_APPLIED}-"
            )),
        }
    });
    outcome.end(Grade::Warning, Reason::PasswordInAnnotation, problems.collect())
}

fn readable(survey: &Survey) -> Outcome {
    let outcome = Outcome::begin("world-readable-secrets", "not everybody may read Secrets");
    let mut problems = Vec::new();
    for binding in &survey.cluster_bindings {
        let role = survey
            .cluster_roles
            .iter()
            .find(|role| role.name_any() == binding.role_ref.name);
        let rules = role.and_then(|role| role.rules.as_deref()).unwrap_or_default();
        if let Some(who) = everybody(binding.subjects.as_deref()).filter(|_| reads_secrets(rules)) {
            problems.push(problem("clusterrolebinding", &binding.name_any(), who, None));
        }
    }
    for binding in &survey.bindings {
        let namespace = binding.namespace().unwrap_or_default();
        let rules = if binding.role_ref.kind == "ClusterRole" {
            let role = survey
                .cluster_roles
                .iter()
                .find(|role| role.name_any() == binding.role_ref.name);
            role.and_then(|role| role.rules.as_deref())
        } else {
            let mine = |role: &&k8s_openapi::api::rbac::v1::Role| {
                role.name_any() == binding.role_ref.name && role.namespace().unwrap_or_default() == namespace
            };
            survey
                .roles
                .iter()
                .find(mine)
                .and_then(|role| role.rules.as_deref())
        };
        if let Some(who) =
            everybody(binding.subjects.as_deref()).filter(|_| reads_secrets(rules.unwrap_or_default()))
        {
            problems.push(problem("rolebinding", &binding.name_any(), who, Some(namespace)));
        }
    }
    outcome.end(Grade::Warning, Reason::WorldReadable, problems)
}

fn problem(kind: &str, name: &str, who: &str, namespace: Option<String>) -> Problem {
    let place = namespace.as_ref().map(|namespace| format!(" -n {namespace}"));
    Problem {
        object: match &namespace {
            Some(namespace) => format!("{kind}/{namespace}/{name}"),
            None => format!("{kind}/{name}"),
        },
        message: Said::Readable {
            by: format!("{kind} {name}"),
            who: who.to_owned(),
            namespace,
        },
        // Whether somebody relies on it, only its owner knows.
        fix: Some(format!(
            "kubectl get {kind} {name}{} -o yaml",
            place.unwrap_or_default()
        )),
    }
}

fn everybody(subjects: Option<&[Subject]>) -> Option<&str> {
    let mut subjects = subjects?.iter();
    let is_everybody = |subject: &&Subject| match subject.kind.as_str() {
        "Group" => EVERYBODY.contains(&subject.name.as_str()),
        "User" => subject.name == ANONYMOUS,
        _ => false,
    };
    subjects.find(is_everybody).map(|subject| subject.name.as_str())
}

fn reads_secrets(rules: &[PolicyRule]) -> bool {
    let has = |list: Option<&Vec<String>>, wanted: &[&str]| {
        list.is_some_and(|list| list.iter().any(|one| wanted.contains(&one.as_str())))
    };
    rules.iter().any(|rule| {
        has(rule.api_groups.as_ref(), &["", "*"])
            && has(rule.resources.as_ref(), &["secrets", "*"])
            && has(Some(&rule.verbs), &["get", "list", "watch", "*"])
            && rule.resource_names.as_ref().is_none_or(Vec::is_empty)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Pod;
    use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
    use serde_json::json;

    #[test]
    fn what_could_not_be_looked_at_is_not_called_missing() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "a"},
            "spec": {"containers": [], "imagePullSecrets": [{"name": "own"}]},
        }))
        .expect("a pod");
        let survey = |saw_secrets| Survey {
            pods: vec![pod.clone()],
            saw_secrets,
            ..Survey::default()
        };
        assert_eq!(dangling(&survey(false)).grade, Grade::Success);
        assert_eq!(dangling(&survey(true)).grade, Grade::Warning);
    }

    #[test]
    fn everybody_is_a_group_or_the_one_without_a_name() {
        let role: ClusterRole = serde_json::from_value(json!({
            "metadata": {"name": "reader"},
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}],
        }))
        .expect("a role");
        let by = |kind: &str, name: &str| {
            let binding: ClusterRoleBinding = serde_json::from_value(json!({
                "metadata": {"name": "open"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
                "subjects": [{"kind": kind, "name": name}],
            }))
            .expect("a binding");
            let survey = Survey {
                cluster_roles: vec![role.clone()],
                cluster_bindings: vec![binding],
                ..Survey::default()
            };
            readable(&survey).problems.len()
        };
        assert_eq!(by("Group", "system:authenticated"), 1);
        assert_eq!(by("User", "system:anonymous"), 1);
        assert_eq!(by("Group", "team"), 0);
        assert_eq!(by("User", "alice"), 0);
    }
}
