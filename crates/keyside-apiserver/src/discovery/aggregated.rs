//! Discovery in one document (`apidiscovery.k8s.io`): what newer clients ask for at `/api` and `/apis`.

use super::legacy::Seen;
use crate::catalog::{Listing, Served};
use serde_json::{Value, json};

/// The core group's document, or that of all named groups.
pub(super) fn document(listing: &Listing, core: bool, version: &str) -> Value {
    let groups = listing
        .groups()
        .into_iter()
        .filter(|group| group.is_empty() == core);
    let items: Vec<Value> = groups.map(|group| describe(listing, group)).collect();
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {}, "items": items,
    })
}

fn describe(listing: &Listing, group: &str) -> Value {
    let versions: Vec<Value> = listing
        .versions(group)
        .into_iter()
        .map(|version| {
            let mut resources: Vec<Value> = listing
                .of(group, version)
                .map(|served| resource(served))
                .collect();
            resources.sort_by(|a, b| a["resource"].as_str().cmp(&b["resource"].as_str()));
            json!({"version": version, "resources": resources, "freshness": "Current"})
        })
        .collect();
    let metadata = if group.is_empty() {
        json!({"creationTimestamp": null})
    } else {
        json!({"name": group, "creationTimestamp": null})
    };
    json!({"metadata": metadata, "versions": versions})
}

fn resource(served: &Served) -> Value {
    let resource = &served.resource;
    let gvk = &resource.gvk;
    let mut out = json!({
        "resource": resource.plural,
        "responseKind": {"group": gvk.group, "version": gvk.version, "kind": gvk.kind},
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": resource.verbs,
    });
    if !resource.short_names.is_empty() {
        out["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        out["categories"] = json!(resource.categories);
    }
    if !resource.subresources.is_empty() {
        let below = resource.subresources.iter().map(|subresource| {
            let seen = Seen::of(resource, subresource);
            json!({
                "subresource": seen.name,
                "responseKind": {"group": seen.group, "version": seen.version, "kind": seen.kind},
                "verbs": seen.verbs,
            })
        });
        out["subresources"] = below.collect();
    }
    out
}
