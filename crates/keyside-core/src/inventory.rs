//! All pull secrets of a cluster, grouped by what they hold, with what is wrong with them and what would be better.
//!
//! What they hold is compared and never shown: of a credential only the registry it is for leaves this module.

use crate::language::Language;
use crate::noticed;
use k8s_openapi::api::core::v1::Secret;
use keyside_api::label;
use keyside_keychain::lint;
use keyside_keychain::{DockerConfig, Form, Pattern};
use serde::Serialize;
use std::collections::BTreeMap;

/// Pull secrets with the same content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The registries and paths it is for.
    pub registries: Vec<String>,
    /// Where it stands.
    pub secrets: Vec<Item>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// What would be better.
    pub advice: Advice,
}

/// One Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether it is keyside's: a copy that it delivered, or what a credential is made of.
    pub managed: bool,
    /// Whether a pod or a `ServiceAccount` names it.
    pub used: bool,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters: `info`, `warning`, `error`.
    pub level: &'static str,
    /// What it is.
    pub message: String,
    /// What follows from it.
    pub consequence: String,
    /// The same, for whoever reads another language.
    #[serde(skip)]
    pub noticed: lint::Finding,
}

/// What would be better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Advice {
    /// keyside delivers it already.
    Managed,
    /// No kubelet can use it.
    Repair,
    /// Nobody names it.
    Unused,
    /// The same stands in several namespaces: one credential for all of them is enough.
    StoreOnce,
    /// It can be taken over as it is.
    Adopt,
}

/// Puts Secrets into groups, those that stand most often first. `used` says whether somebody names a Secret, `source` whether a
/// credential is made of it.
pub fn groups(
    secrets: &[Secret],
    used: impl Fn(&str, &str) -> bool,
    source: impl Fn(&str, &str) -> bool,
) -> Vec<Group> {
    let mut groups: BTreeMap<Vec<(String, String)>, Group> = BTreeMap::new();
    for secret in secrets {
        let Some((form, bytes)) = document(secret) else {
            continue;
        };
        let meta = &secret.metadata;
        let (namespace, name) = (
            meta.namespace.clone().unwrap_or_default(),
            meta.name.clone().unwrap_or_default(),
        );
        let config = DockerConfig::parse(form, bytes).ok();
        // What cannot be read is like nothing else.
        let content = match &config {
            Some(config) => content(config),
            None => vec![(format!("{namespace}/{name}"), String::new())],
        };
        let item = Item {
            managed: source(&namespace, &name)
                || meta
                    .labels
                    .as_ref()
                    .is_some_and(|labels| labels.contains_key(label::CREDENTIAL)),
            used: used(&namespace, &name),
            namespace,
            name,
        };
        let group = groups.entry(content).or_insert_with(|| Group {
            registries: config.as_ref().map(registries).unwrap_or_default(),
            secrets: Vec::new(),
            findings: findings(form, bytes),
            advice: Advice::Repair,
        });
        group.secrets.push(item);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    for group in &mut groups {
        group.advice = advice(group);
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.secrets.len()));
    groups
}

fn document(secret: &Secret) -> Option<(Form, &[u8])> {
    let form = Form::of_secret_type(secret.type_.as_deref().unwrap_or_default())?;
    let bytes = secret.data.as_ref()?.get(form.data_key())?;
    Some((form, &bytes.0))
}

/// What a document holds, to compare it by: canonical keys, and hashes of what stands under them.
fn content(config: &DockerConfig) -> Vec<(String, String)> {
    let mut content: Vec<(String, String)> = config
        .entries()
        .iter()
        .map(|entry| {
            let mut credential = entry.credential().clone();
            credential.email = keyside_keychain::Secret::default();
            (canonical(entry.key()), credential.kubelet_hash())
        })
        .collect();
    content.sort();
    content.dedup();
    content
}

fn canonical(key: &str) -> String {
    Pattern::parse(key).map_or_else(|_| key.to_owned(), |pattern| pattern.to_string())
}

fn registries(config: &DockerConfig) -> Vec<String> {
    let mut keys: Vec<String> = config
        .entries()
        .iter()
        .map(|entry| canonical(entry.key()))
        // A key that is no pattern may hold a user part.
        .map(|key| {
            key.rsplit_once('@')
                .map_or(key.clone(), |(_, host)| host.to_owned())
        })
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

fn findings(form: Form, bytes: &[u8]) -> Vec<Finding> {
    let found = lint::document(form, bytes).into_iter();
    let said = found.map(|finding| Finding {
        level: noticed::level(finding.level, Language::En),
        message: finding.message(),
        consequence: finding.why(),
        noticed: finding,
    });
    said.collect()
}

fn advice(group: &Group) -> Advice {
    if group.registries.is_empty() || group.findings.iter().any(|finding| finding.level == "error") {
        return Advice::Repair;
    }
    let mut foreign = group.secrets.iter().filter(|item| !item.managed);
    let Some(first) = foreign.next() else {
        return Advice::Managed;
    };
    if foreign.any(|item| item.namespace != first.namespace) {
        return Advice::StoreOnce;
    }
    if group.secrets.iter().any(|item| item.used) {
        Advice::Adopt
    } else {
        Advice::Unused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secret(namespace: &str, name: &str, document: &str) -> Secret {
        serde_json::from_value(json!({
            "metadata": {"namespace": namespace, "name": name}, "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": k8s_openapi::ByteString(document.as_bytes().to_vec())},
        }))
        .unwrap()
    }

    fn login(key: &str, password: &str) -> String {
        format!(r#"{{"auths":{{"{key}":{{"username":"canary-user","password":"{password}"}}}}}}"#)
    }

    #[test]
    fn same_content_under_two_spellings_is_one_group() {
        let secrets = [
            secret("a", "hub", &login("https://index.docker.io/v1/", "canary-word")),
            secret("b", "docker", &login("docker.io", "canary-word")),
            secret("b", "other", &login("docker.io", "another-word")),
        ];
        let groups = groups(&secrets, |_, name| name == "other", |_, _| false);
        let shown: Vec<String> = groups
            .iter()
            .map(|group| {
                format!(
                    "{} {:?} {:?}",
                    group.secrets.len(),
                    group.registries,
                    group.advice
                )
            })
            .collect();
        assert_eq!(
            shown,
            [r#"2 ["docker.io"] StoreOnce"#, r#"1 ["docker.io"] Adopt"#]
        );
        let text = serde_json::to_string(&groups).unwrap();
        assert!(
            !text.contains("canary") && !text.contains("another-word"),
            "{text}"
        );
    }

    #[test]
    fn what_no_kubelet_can_read_is_to_be_repaired() {
        let groups = groups(
            &[secret("a", "bad", r#"{"auths":{"x":{"auth":"%%"}}}"#)],
            |_, _| true,
            |_, _| false,
        );
        assert_eq!(groups[0].advice, Advice::Repair);
        assert_eq!(groups[0].findings[0].level, "error");
    }

    #[test]
    fn secret_that_nobody_names_is_unused() {
        let secrets = [secret("a", "x", &login("quay.io", "p"))];
        assert_eq!(
            groups(&secrets, |_, _| false, |_, _| false)[0].advice,
            Advice::Unused
        );
    }

    #[test]
    fn what_a_credential_is_made_of_is_not_called_unused() {
        let secrets = [secret("a", "x", &login("quay.io", "p"))];
        let groups = groups(
            &secrets,
            |_, _| false,
            |namespace, name| (namespace, name) == ("a", "x"),
        );
        assert_eq!(groups[0].advice, Advice::Managed);
        assert!(groups[0].secrets[0].managed);
    }
}
