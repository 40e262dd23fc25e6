//! The published documents: what kubectl reads to explain fields, to see what the server can do, and to merge lists.
//!
//! Version 3 has one document for each group and version, version 2 has one for everything. Both are made of the same
//! parts: `definitions` of built-in kinds (their prose comes from the Kubernetes types, the facts about lists from
//! the shapes), `custom` definitions from what their authors wrote, and `paths` with their operations. Making one
//! takes milliseconds and memory, so callers keep the bytes and ask again only when the list of resources changes.

mod custom;
mod definitions;
mod operations;
mod paths;

use crate::resource::{GroupVersionKind, Resource};
use crate::schema::Source;
use serde_json::{Map, Value, json};

/// The version the documents claim.
const VERSION: &str = "v1.37.2";

/// The two forms of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    V2,
    V3,
}

impl Dialect {
    /// A reference to a definition.
    fn reference(self, name: &str) -> Value {
        let place = match self {
            Self::V2 => "#/definitions/",
            Self::V3 => "#/components/schemas/",
        };
        json!({"$ref": format!("{place}{name}")})
    }

    /// A reference that says more than its target. Version 3 ignores what stands beside a reference.
    fn described_reference(self, name: &str, description: &Value) -> Value {
        let mut schema = match self {
            Self::V2 => self.reference(name),
            Self::V3 => json!({"allOf": [self.reference(name)], "default": {}}),
        };
        if !description.is_null() {
            schema["description"] = description.clone();
        }
        schema
    }
}

/// `/openapi/v3`: where the documents of the group versions (`apps/v1`) are. `hash` names the content of one.
#[must_use]
pub fn v3_index(group_versions: &[&str], hash: impl Fn(&str) -> String) -> Value {
    let paths = group_versions.iter().map(|gv| {
        let path = if gv.contains('/') {
            format!("apis/{gv}")
        } else {
            format!("api/{gv}")
        };
        let url = json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={}", hash(gv))});
        (path, url)
    });
    json!({"paths": paths.collect::<Map<_, _>>()})
}

/// `/openapi/v3/apis/{group}/{version}`: paths and schemas of one group version.
#[must_use]
pub fn v3(group: &str, version: &str, resources: &[&Resource]) -> Value {
    let of_version = |resource: &&&Resource| resource.gvk.group == group && resource.gvk.version == version;
    let resources: Vec<&Resource> = resources.iter().filter(of_version).copied().collect();
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": paths::of(&resources, Dialect::V3),
        "components": {"schemas": schemas(&resources, Dialect::V3)},
    })
}

/// `/openapi/v2`: everything in one document.
#[must_use]
pub fn v2(resources: &[&Resource]) -> Value {
    json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": paths::of(resources, Dialect::V2),
        "definitions": schemas(resources, Dialect::V2),
    })
}

/// All definitions, by name.
fn schemas(resources: &[&Resource], dialect: Dialect) -> Map<String, Value> {
    let mut all = definitions::of(resources, dialect);
    for resource in resources {
        if let Source::Custom(schema) = &resource.schema.source {
            all.insert(
                definition_name(&resource.gvk),
                custom::definition(resource, schema, dialect),
            );
        }
        if !resource.list_kind.is_empty() && resource.verbs.iter().any(|verb| verb == "list") {
            let list = GroupVersionKind {
                kind: resource.list_kind.clone(),
                ..resource.gvk.clone()
            };
            all.insert(definition_name(&list), definitions::list(resource, dialect));
        }
    }
    all.sort_keys();
    all
}

/// The name a kind is published under: `io.k8s.api.apps.v1.Deployment`, or the group turned around for custom kinds.
fn definition_name(gvk: &GroupVersionKind) -> String {
    if let Some(name) = definitions::name(gvk) {
        return name;
    }
    let group: Vec<&str> = gvk.group.rsplit('.').collect();
    format!("{}.{}.{}", group.join("."), gvk.version, gvk.kind)
}

/// `x-kubernetes-group-version-kind` of an operation, and of a definition in a list.
fn kind_mark(gvk: &GroupVersionKind) -> Value {
    json!({"group": gvk.group, "kind": gvk.kind, "version": gvk.version})
}

#[cfg(test)]
mod tests;
