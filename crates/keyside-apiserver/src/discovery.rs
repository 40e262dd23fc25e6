//! What is served, told in two forms: the old one (a document for each group and version) and the aggregated one
//! (everything at once, `apidiscovery.k8s.io`), which kubectl asks for first.

use keyside_apimachinery::resource::{Resource, Subresource};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::sync::Arc;

/// A version of the aggregated form: its name in `Accept`, and in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregated {
    /// `apidiscovery.k8s.io/v2`.
    V2,
    /// `apidiscovery.k8s.io/v2beta1`.
    V2Beta1,
}

impl Aggregated {
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V2Beta1 => "v2beta1",
        }
    }

    /// The media type of the answer, which clients compare as text.
    pub(crate) fn media_type(self) -> String {
        format!(
            "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList",
            self.version()
        )
    }
}

/// `/api`.
pub(crate) fn core_versions(address: &str) -> Value {
    json!({
        "kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    })
}

/// `/apis`.
pub(crate) fn groups(resources: &[Arc<Resource>]) -> Value {
    let groups: Vec<Value> = group_names(resources)
        .iter()
        .map(|name| describe_group(resources, name))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`, if anything is served in it.
pub(crate) fn group(resources: &[Arc<Resource>], name: &str) -> Option<Value> {
    if name.is_empty() || !resources.iter().any(|resource| resource.gvk.group == name) {
        return None;
    }
    let mut document = describe_group(resources, name);
    document["kind"] = "APIGroup".into();
    document["apiVersion"] = "v1".into();
    Some(document)
}

fn describe_group(resources: &[Arc<Resource>], name: &str) -> Value {
    let versions: Vec<Value> = versions(resources, name)
        .iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions[0]})
}

/// `/api/v1` or `/apis/GROUP/VERSION`, if anything is served there.
pub(crate) fn resources(all: &[Arc<Resource>], group: &str, version: &str) -> Option<Value> {
    let served: Vec<&Arc<Resource>> = of(all, group, version);
    if served.is_empty() {
        return None;
    }
    let group_version = served[0].api_version();
    let list: Vec<Value> = served
        .iter()
        .flat_map(|resource| legacy_entries(resource))
        .collect();
    Some(
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": list}),
    )
}

/// A resource and its subresources in the old form.
fn legacy_entries(resource: &Resource) -> Vec<Value> {
    let mut own = json!({
        "name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced,
        "kind": resource.gvk.kind, "verbs": resource.verbs,
    });
    if !resource.short_names.is_empty() {
        own["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        own["categories"] = json!(resource.categories);
    }
    if resource.verbs.iter().any(|verb| verb == "list") {
        own["storageVersionHash"] = storage_hash(resource).into();
    }
    let subresources = resource.subresources.iter().map(|subresource| {
        let (name, kind, verbs) = describe_subresource(resource, subresource);
        let mut entry = json!({
            "name": format!("{}/{name}", resource.plural), "singularName": "", "namespaced": resource.namespaced,
            "kind": kind.kind, "verbs": verbs,
        });
        if (&kind.group, &kind.version) != (&resource.gvk.group, &resource.gvk.version) {
            entry["group"] = kind.group.clone().into();
            entry["version"] = kind.version.clone().into();
        }
        entry
    });
    std::iter::once(own).chain(subresources).collect()
}

/// `/api` or `/apis` in the aggregated form.
pub(crate) fn aggregated(all: &[Arc<Resource>], form: Aggregated, core: bool) -> Value {
    let names = if core {
        vec![String::new()]
    } else {
        group_names(all)
    };
    let items: Vec<Value> = names
        .iter()
        .map(|name| {
            let versions: Vec<Value> = versions(all, name)
                .iter()
                .map(|version| {
                    let entries: Vec<Value> = of(all, name, version)
                        .iter()
                        .map(|resource| aggregated_entry(resource))
                        .collect();
                    json!({"version": version, "freshness": "Current", "resources": entries})
                })
                .collect();
            let metadata = if name.is_empty() {
                json!({"creationTimestamp": null})
            } else {
                json!({"name": name, "creationTimestamp": null})
            };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{}", form.version()),
        "metadata": {}, "items": items,
    })
}

fn aggregated_entry(resource: &Resource) -> Value {
    let kind = |gvk: &keyside_apimachinery::resource::GroupVersionKind| json!({"group": gvk.group, "version": gvk.version, "kind": gvk.kind});
    let mut entry = json!({
        "resource": resource.plural, "responseKind": kind(&resource.gvk),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular, "verbs": resource.verbs,
    });
    if !resource.short_names.is_empty() {
        entry["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        entry["categories"] = json!(resource.categories);
    }
    let subresources: Vec<Value> = resource
        .subresources
        .iter()
        .map(|subresource| {
            let (name, gvk, verbs) = describe_subresource(resource, subresource);
            json!({"subresource": name, "responseKind": kind(&gvk), "verbs": verbs})
        })
        .collect();
    if !subresources.is_empty() {
        entry["subresources"] = subresources.into();
    }
    entry
}

/// Name, answered kind and verbs of a subresource.
fn describe_subresource(
    resource: &Resource,
    subresource: &Subresource,
) -> (
    &'static str,
    keyside_apimachinery::resource::GroupVersionKind,
    &'static [&'static str],
) {
    const WRITE: &[&str] = &["get", "patch", "update"];
    match subresource {
        Subresource::Status => ("status", resource.gvk.clone(), WRITE),
        Subresource::Scale { .. } => {
            let kind = keyside_apimachinery::resource::GroupVersionKind {
                group: "autoscaling".to_owned(),
                version: "v1".to_owned(),
                kind: "Scale".to_owned(),
            };
            ("scale", kind, WRITE)
        }
        Subresource::Special { name, kind, verbs } => (name, kind.clone(), verbs),
    }
}

/// The named groups in a stable order: Kubernetes' own before others, each by name.
fn group_names(resources: &[Arc<Resource>]) -> Vec<String> {
    let mut names: Vec<String> = resources
        .iter()
        .map(|resource| resource.gvk.group.clone())
        .filter(|group| !group.is_empty())
        .collect();
    names.sort_by_key(|name| (name.contains('.') && !name.ends_with(".k8s.io"), name.clone()));
    names.dedup();
    names
}

/// The versions of a group, the preferred one first.
fn versions(resources: &[Arc<Resource>], group: &str) -> Vec<String> {
    let mut versions: Vec<String> = resources
        .iter()
        .filter(|resource| resource.gvk.group == group)
        .map(|resource| resource.gvk.version.clone())
        .collect();
    versions.sort_by_key(|version| Reverse(priority(version)));
    versions.dedup();
    versions
}

/// Kubernetes' order of versions (`pkg/version` of apimachinery): `v2 > v1 > v1beta2 > v1beta1 > v1alpha1 > anything`.
/// The last part compares other names, of which the alphabetically first is preferred.
pub(crate) fn priority(version: &str) -> (u8, u64, u64, Reverse<String>) {
    let other = (0, 0, 0, Reverse(version.to_owned()));
    let Some(rest) = version.strip_prefix('v') else {
        return other;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let Ok(major) = rest[..digits].parse::<u64>() else {
        return other;
    };
    let (stability, minor) = match &rest[digits..] {
        "" => (3, Some(0)),
        stage if stage.starts_with("beta") => (2, stage[4..].parse().ok()),
        stage if stage.starts_with("alpha") => (1, stage[5..].parse().ok()),
        _ => (0, None),
    };
    minor.map_or(other, |minor| (stability, major, minor, Reverse(String::new())))
}

fn of<'a>(all: &'a [Arc<Resource>], group: &str, version: &str) -> Vec<&'a Arc<Resource>> {
    let mut served: Vec<_> = all
        .iter()
        .filter(|resource| resource.gvk.group == group && resource.gvk.version == version)
        .collect();
    served.sort_by(|a, b| a.plural.cmp(&b.plural));
    served
}

/// A short hash that tells clients when the stored form has changed.
fn storage_hash(resource: &Resource) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    let text = format!(
        "{}/{}/{}",
        resource.storage_group, resource.gvk.version, resource.gvk.kind
    );
    base64::prelude::BASE64_STANDARD.encode(&sha2::Sha256::digest(text.as_bytes())[..8])
}

#[cfg(test)]
mod tests {
    use super::priority;
    use std::cmp::Reverse;

    #[test]
    fn stable_versions_come_before_beta_and_alpha_and_other_names_last() {
        let mut versions = [
            "v1alpha1",
            "foo1",
            "v10",
            "v1",
            "v2beta1",
            "v11beta2",
            "v11alpha2",
            "foo10",
            "v2",
        ];
        versions.sort_by_key(|version| Reverse(priority(version)));
        assert_eq!(
            versions,
            [
                "v10",
                "v2",
                "v1",
                "v11beta2",
                "v2beta1",
                "v11alpha2",
                "v1alpha1",
                "foo1",
                "foo10"
            ]
        );
    }
}
