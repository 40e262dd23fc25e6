//! Custom kinds: what a `CustomResourceDefinition` may say, and how the objects it defines behave.
//!
//! | Module | What it answers |
//! |---|---|
//! | `props` | one node of a schema, read from the wire |
//! | `structural` | whether a schema tells the shape of objects without evaluating alternatives |
//! | `definition` | the kind `CustomResourceDefinition`: defaults, validation, table |
//! | [`accept`] | which names a definition gets, and its conditions |
//! | `custom` | the behaviour of custom objects, put together from the modules below |
//! | `prune` | removing unknown fields, filling in defaults |
//! | `metadata` | `metadata` of objects and of objects inside them |
//! | `validate` | OpenAPI validation in the validator's words |
//! | `lists` | lists that are sets or maps |
//! | `rules` | `x-kubernetes-validations`, over [`crate::cel`] |
//! | `columns`, `jsonpath` | printer columns and selectable fields |
//! | `formats`, `pattern` | the `format` and `pattern` keywords |

pub mod accept;
mod columns;
mod custom;
mod definition;
mod formats;
mod jsonpath;
mod lists;
mod metadata;
mod paths;
pub(crate) mod pattern;
mod props;
mod prune;
mod rules;
mod structural;
mod validate;

use crate::resource::{Behaviour, GroupVersionKind, Resource, Subresource, fn_schema};
use crate::schema;
use columns::Columns;
use custom::{Custom, Scale};
use definition::{storage_version, text, versions};
use jsonpath::JsonPath;
use props::Props;
use rules::Rules;
use serde_json::Value;
use std::sync::Arc;
use validate::Checker;

pub use definition::CLEANUP_FINALIZER;

/// Verbs of custom resources, in discovery's order.
const VERBS: [&str; 8] = [
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "create",
    "update",
    "watch",
];
/// Verbs while a definition is being deleted: nothing new, but what holds objects back must be removable.
const LAST_VERBS: [&str; 7] = [
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// The behaviour of `CustomResourceDefinition` objects.
#[must_use]
pub fn definition_behaviour() -> Arc<dyn Behaviour> {
    Arc::new(definition::Definition)
}

/// The resources an established definition serves, one for each served version, under its accepted names.
#[must_use]
pub fn resources(definition: &Value) -> Vec<Resource> {
    let spec = &definition["spec"];
    let stored = storage_version(spec).unwrap_or_default();
    let schema_of =
        |version: &Value| Arc::new(Props::read(&version["schema"]["openAPIV3Schema"]).unwrap_or_default());
    let stored = versions(spec)
        .find(|version| text(version, "name") == stored)
        .map(schema_of);
    let served = versions(spec).filter(|version| version["served"] == true);
    served
        .map(|version| resource(definition, version, schema_of(version), stored.clone()))
        .collect()
}

fn resource(definition: &Value, version: &Value, props: Arc<Props>, stored: Option<Arc<Props>>) -> Resource {
    let spec = &definition["spec"];
    let names = &definition["status"]["acceptedNames"];
    let list = |field: &str| {
        names[field]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
    };
    let gvk = GroupVersionKind {
        group: text(spec, "group").to_owned(),
        version: text(version, "name").to_owned(),
        kind: text(names, "kind").to_owned(),
    };
    let scale = scale_of(&version["subresources"]["scale"]);
    let status = !version["subresources"]["status"].is_null();
    let mut subresources = Vec::new();
    if status {
        subresources.push(Subresource::Status);
    }
    if let Some(Scale {
        spec_replicas,
        status_replicas,
        label_selector,
    }) = scale.clone()
    {
        subresources.push(Subresource::Scale {
            spec_replicas,
            status_replicas,
            label_selector,
        });
    }
    let wire = version["schema"]["openAPIV3Schema"].clone();
    let verbs = if accept::is_true(definition, "Terminating") {
        LAST_VERBS.as_slice()
    } else {
        &VERBS
    };
    let behaviour = Custom {
        checker: Checker::new(&props),
        rules: Rules::new(&props, true),
        stored: stored.filter(|stored| *stored != props),
        schema: props,
        status,
        scale,
        columns: Columns::read(&version["additionalPrinterColumns"]),
        selectable: selectable_of(&version["selectableFields"]),
        deprecation: deprecation_of(spec, version),
        gvk: gvk.clone(),
    };
    Resource {
        list_kind: text(names, "listKind").to_owned(),
        plural: text(names, "plural").to_owned(),
        singular: text(names, "singular").to_owned(),
        short_names: list("shortNames").collect(),
        categories: list("categories").collect(),
        namespaced: text(spec, "scope") == "Namespaced",
        verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        subresources,
        storage_group: gvk.group.clone(),
        schema: fn_schema::lazy(move || schema::from_crd(&wire)),
        behaviour: Arc::new(behaviour),
        gvk,
    }
}

fn scale_of(scale: &Value) -> Option<Scale> {
    let path = |field: &str| {
        scale[field]
            .as_str()
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
    };
    Some(Scale {
        spec_replicas: path("specReplicasPath")?,
        status_replicas: path("statusReplicasPath")?,
        label_selector: path("labelSelectorPath"),
    })
}

fn selectable_of(fields: &Value) -> Vec<(String, JsonPath)> {
    let paths = fields
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|field| field["jsonPath"].as_str());
    paths
        .filter_map(|path| Some((path.trim_start_matches('.').to_owned(), JsonPath::parse(path)?)))
        .collect()
}

/// The warning of a deprecated version: the definition's own, or one that names a better version.
fn deprecation_of(spec: &Value, version: &Value) -> Option<String> {
    if version["deprecated"] != true {
        return None;
    }
    if let Some(own) = version["deprecationWarning"].as_str() {
        return Some(own.to_owned());
    }
    let (group, kind, name) = (
        text(spec, "group"),
        text(&spec["names"], "kind"),
        text(version, "name"),
    );
    let mut better: Vec<&str> = versions(spec)
        .filter(|v| v["served"] == true && v["deprecated"] != true)
        .map(|v| text(v, "name"))
        .filter(|other| version_rank(other) > version_rank(name))
        .collect();
    better.sort_by_key(|name| version_rank(name));
    let advice = match better.last() {
        Some(best) => format!("; use {group}/{best} {kind}"),
        None => String::new(),
    };
    Some(format!("{group}/{name} {kind} is deprecated{advice}"))
}

/// Orders versions as Kubernetes does: `v2` over `v1` over `v2beta1` over `v1alpha1` over anything else.
#[must_use]
pub fn version_rank(version: &str) -> (u8, u64, u64) {
    let parse = || {
        let rest = version.strip_prefix('v')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let major: u64 = rest[..end].parse().ok()?;
        let number = |text: &str| text.parse::<u64>().ok();
        Some(match &rest[end..] {
            "" => (3, major, 0),
            rest if rest.starts_with("beta") => (2, major, number(&rest[4..])?),
            rest if rest.starts_with("alpha") => (1, major, number(&rest[5..])?),
            _ => return None,
        })
    };
    parse().unwrap_or_default()
}

#[cfg(test)]
mod tests;
