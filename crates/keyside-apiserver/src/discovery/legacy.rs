//! Discovery one document per question: `/api`, `/apis`, `/apis/{group}`, `/apis/{group}/{version}`.

use crate::catalog::{Listing, Served};
use keyside_apimachinery::resource::{Resource, Subresource};
use serde_json::{Map, Value, json};

/// `/api`.
pub(super) fn core_versions(listing: &Listing) -> Value {
    json!({
        "kind": "APIVersions", "versions": listing.versions(""),
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": ""}],
    })
}

/// `/apis`.
pub(super) fn groups(listing: &Listing) -> Value {
    let names = listing.groups().into_iter().filter(|group| !group.is_empty());
    let groups: Vec<Value> = names.filter_map(|name| describe(listing, name)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/{group}`.
pub(super) fn group(listing: &Listing, name: &str) -> Option<Value> {
    let described = describe(listing, name)?;
    let mut out = json!({"kind": "APIGroup", "apiVersion": "v1"});
    for (field, value) in described.as_object()? {
        out[field] = value.clone();
    }
    Some(out)
}

fn describe(listing: &Listing, name: &str) -> Option<Value> {
    let versions: Vec<Value> = listing
        .versions(name)
        .into_iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    let preferred = versions.first()?.clone();
    Some(json!({"name": name, "versions": versions, "preferredVersion": preferred}))
}

/// `/api/v1`, `/apis/{group}/{version}`.
pub(super) fn resources(listing: &Listing, group: &str, version: &str) -> Option<Value> {
    let served: Vec<_> = listing.of(group, version).collect();
    let api_version = served.first()?.resource.api_version();
    let mut resources: Vec<Value> = served.iter().flat_map(|served| entries(served)).collect();
    resources.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    Some(
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": resources}),
    )
}

fn entries(served: &Served) -> Vec<Value> {
    let resource = &served.resource;
    let mut main = Map::new();
    main.insert("name".to_owned(), resource.plural.as_str().into());
    main.insert("singularName".to_owned(), resource.singular.as_str().into());
    main.insert("namespaced".to_owned(), resource.namespaced.into());
    main.insert("kind".to_owned(), resource.gvk.kind.as_str().into());
    main.insert("verbs".to_owned(), json!(resource.verbs));
    if !resource.short_names.is_empty() {
        main.insert("shortNames".to_owned(), json!(resource.short_names));
    }
    if !resource.categories.is_empty() {
        main.insert("categories".to_owned(), json!(resource.categories));
    }
    if served.is_stored() {
        main.insert("storageVersionHash".to_owned(), storage_hash(resource).into());
    }
    let below = resource
        .subresources
        .iter()
        .map(|subresource| below(resource, subresource));
    std::iter::once(Value::Object(main)).chain(below).collect()
}

fn below(resource: &Resource, subresource: &Subresource) -> Value {
    let seen = Seen::of(resource, subresource);
    let mut out = Map::new();
    out.insert(
        "name".to_owned(),
        format!("{}/{}", resource.plural, seen.name).into(),
    );
    out.insert("singularName".to_owned(), "".into());
    out.insert("namespaced".to_owned(), resource.namespaced.into());
    let foreign = seen.group != resource.gvk.group || seen.version != resource.gvk.version;
    if foreign {
        out.insert("group".to_owned(), seen.group.into());
        out.insert("version".to_owned(), seen.version.into());
    }
    out.insert("kind".to_owned(), seen.kind.into());
    out.insert("verbs".to_owned(), json!(seen.verbs));
    Value::Object(out)
}

/// A subresource as discovery names it.
pub(super) struct Seen<'a> {
    pub(super) name: &'a str,
    pub(super) group: &'a str,
    pub(super) version: &'a str,
    pub(super) kind: &'a str,
    pub(super) verbs: &'a [&'static str],
}

impl<'a> Seen<'a> {
    pub(super) fn of(resource: &'a Resource, subresource: &'a Subresource) -> Self {
        const READ_WRITE: &[&str] = &["get", "patch", "update"];
        match subresource {
            Subresource::Status => Self {
                name: "status",
                group: &resource.gvk.group,
                version: &resource.gvk.version,
                kind: &resource.gvk.kind,
                verbs: READ_WRITE,
            },
            Subresource::Scale { .. } => Self {
                name: "scale",
                group: "autoscaling",
                version: "v1",
                kind: "Scale",
                verbs: READ_WRITE,
            },
            Subresource::Special { name, kind, verbs } => Self {
                name,
                group: &kind.group,
                version: &kind.version,
                kind: &kind.kind,
                verbs,
            },
        }
    }
}

/// Clients compare this to see whether a resource changed its storage version.
fn storage_hash(resource: &Resource) -> String {
    use base64::Engine;
    let gvk = &resource.gvk;
    let text = format!("{}/{}/{}", gvk.group, gvk.version, gvk.kind);
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(&hash.as_ref()[..8])
}
