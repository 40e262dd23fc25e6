//! One rule of a role: what it allows, and which other rules it covers.

use crate::auth::Attributes;
use serde_json::Value;

/// A `PolicyRule`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) verbs: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) names: Vec<String>,
    pub(crate) urls: Vec<String>,
}

impl Rule {
    /// The rules of a role object.
    pub(crate) fn read_all(role: &Value) -> Vec<Self> {
        role["rules"]
            .as_array()
            .into_iter()
            .flatten()
            .map(Self::read)
            .collect()
    }

    fn read(rule: &Value) -> Self {
        let list = |field: &str| {
            let texts = rule[field].as_array().into_iter().flatten();
            texts
                .filter_map(|text| text.as_str().map(str::to_owned))
                .collect()
        };
        Self {
            verbs: list("verbs"),
            groups: list("apiGroups"),
            resources: list("resources"),
            names: list("resourceNames"),
            urls: list("nonResourceURLs"),
        }
    }

    /// Whether the rule allows what is asked.
    pub(crate) fn allows(&self, asked: &Attributes) -> bool {
        if !has(&self.verbs, &asked.verb) {
            return false;
        }
        if !asked.is_resource() {
            return self.urls.iter().any(|url| url_matches(url, &asked.path));
        }
        has(&self.groups, &asked.group)
            && self
                .resources
                .iter()
                .any(|rule| resource_matches(rule, &asked.resource, &asked.subresource))
            && (self.names.is_empty() || self.names.contains(&asked.name))
    }

    /// The rule as single permissions: one verb on one resource of one group, and one name if names are given.
    pub(super) fn split(&self) -> Vec<Self> {
        let one = |text: &String| vec![text.clone()];
        let mut out = Vec::new();
        for verb in &self.verbs {
            for group in &self.groups {
                for resource in &self.resources {
                    let single = Self {
                        verbs: one(verb),
                        groups: one(group),
                        resources: one(resource),
                        ..Self::default()
                    };
                    if self.names.is_empty() {
                        out.push(single);
                    } else {
                        out.extend(self.names.iter().map(|name| Self {
                            names: one(name),
                            ..single.clone()
                        }));
                    }
                }
            }
            out.extend(self.urls.iter().map(|url| Self {
                verbs: one(verb),
                urls: one(url),
                ..Self::default()
            }));
        }
        out
    }

    /// Whether a single permission is within this rule.
    pub(super) fn covers(&self, single: &Self) -> bool {
        let all = |own: &[String], wanted: &[String]| {
            own.iter().any(|o| o == "*") || wanted.iter().all(|w| own.contains(w))
        };
        if !all(&self.verbs, &single.verbs) {
            return false;
        }
        if let Some(url) = single.urls.first() {
            let within = |own: &String| match own.strip_suffix('*') {
                Some(prefix) => url.trim_end_matches('*').starts_with(prefix),
                None => own == url,
            };
            return self.urls.iter().any(within);
        }
        all(&self.groups, &single.groups)
            && single.resources.iter().all(|wanted| self.covers_resource(wanted))
            && (self.names.is_empty()
                || (!single.names.is_empty() && single.names.iter().all(|n| self.names.contains(n))))
    }

    fn covers_resource(&self, wanted: &str) -> bool {
        let any_of_subresource = wanted
            .split_once('/')
            .map(|(_, subresource)| format!("*/{subresource}"));
        let within = |own: &String| own == "*" || own == wanted || Some(own) == any_of_subresource.as_ref();
        self.resources.iter().any(within)
    }

    /// The rule in the words of an escalation error.
    pub(super) fn describe(&self) -> String {
        let parts = [
            ("APIGroups", &self.groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.urls),
            ("ResourceNames", &self.names),
            ("Verbs", &self.verbs),
        ];
        let given = parts.iter().filter(|(_, list)| !list.is_empty());
        let texts: Vec<String> = given
            .map(|(name, list)| format!("{name}:{}", quoted(list)))
            .collect();
        format!("{{{}}}", texts.join(", "))
    }
}

/// A list as Go's `%q` writes it.
pub(crate) fn quoted(list: &[String]) -> String {
    let texts: Vec<String> = list.iter().map(|text| format!("{text:?}")).collect();
    format!("[{}]", texts.join(" "))
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|own| own == "*" || own == wanted)
}

fn resource_matches(rule: &str, resource: &str, subresource: &str) -> bool {
    if rule == "*" {
        return true;
    }
    match rule.split_once('/') {
        None => subresource.is_empty() && rule == resource,
        Some(("*", sub)) => !subresource.is_empty() && sub == subresource,
        Some((own, sub)) => own == resource && sub == subresource,
    }
}

fn url_matches(rule: &str, path: &str) -> bool {
    rule == "*"
        || rule == path
        || rule
            .strip_suffix('*')
            .is_some_and(|prefix| path.starts_with(prefix.trim_end_matches('*')))
}

#[cfg(test)]
mod tests {
    use super::Rule;
    use crate::auth::Attributes;
    use serde_json::json;

    fn allows(rule: serde_json::Value, verb: &str, what: &str, name: &str) -> bool {
        let rule = Rule::read(&rule);
        let mut asked = Attributes {
            verb: verb.into(),
            name: name.into(),
            ..Attributes::default()
        };
        if what.starts_with('/') {
            asked.path = what.into();
        } else {
            let (group, resource) = what.split_once(':').unwrap();
            asked.group = group.into();
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            asked.resource = resource.into();
            asked.subresource = subresource.into();
        }
        rule.allows(&asked)
    }

    #[test]
    fn rules_allow_what_they_name() {
        let pods = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]});
        assert!(allows(pods.clone(), "get", ":pods", "a"));
        assert!(!allows(pods.clone(), "list", ":pods", ""));
        assert!(!allows(pods.clone(), "get", "apps:pods", "a"));
        assert!(!allows(pods, "get", ":pods/log", "a"));
        let status = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*/status"]});
        assert!(allows(status.clone(), "update", "apps:deployments/status", "a"));
        assert!(!allows(status, "update", "apps:deployments", "a"));
        let named =
            json!({"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"]});
        assert!(allows(named.clone(), "get", ":secrets", "a"));
        assert!(!allows(named.clone(), "get", ":secrets", "b"));
        assert!(!allows(named, "get", ":secrets", ""));
        let urls = json!({"verbs": ["get"], "nonResourceURLs": ["/healthz/*", "/version"]});
        assert!(allows(urls.clone(), "get", "/healthz/x", ""));
        assert!(allows(urls.clone(), "get", "/version", ""));
        assert!(!allows(urls, "get", "/metrics", ""));
    }

    #[test]
    fn covering_looks_at_each_permission() {
        let owner =
            Rule::read(&json!({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "*/log"]}));
        let covers = |rule: serde_json::Value| {
            Rule::read(&rule)
                .split()
                .iter()
                .all(|single| owner.covers(single))
        };
        assert!(covers(
            json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods", "pods/log"]})
        ));
        assert!(covers(
            json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"]})
        ));
        assert!(!covers(
            json!({"verbs": ["get", "delete"], "apiGroups": [""], "resources": ["pods"]})
        ));
        assert!(!covers(
            json!({"verbs": ["get"], "apiGroups": ["*"], "resources": ["pods"]})
        ));
        assert!(!covers(json!({"verbs": ["get"], "nonResourceURLs": ["/x"]})));
    }
}
