//! When a schema is *structural*: every field it speaks of has a type outside of `allOf`, `anyOf`, `oneOf` and `not`,
//! so that pruning and defaulting know the shape without deciding which branch holds.
//!
//! The rules and sentences are those of `apiextensions-apiserver/pkg/apiserver/schema` (KEP-1002).

use super::paths::{child, index, key};
use super::pattern;
use super::props::{Additional, Items, Props};
use crate::status::FieldError;

/// What is not structural about a schema, sorted by sentence.
pub(crate) fn violations(path: &str, schema: &Props) -> Vec<FieldError> {
    let mut errors = Vec::new();
    invariants(schema, Level::Root, path, &mut errors);
    complete_value(schema, Some(schema), path, path, &mut errors);
    errors.sort_by_cached_key(ToString::to_string);
    errors
}

/// A keyword that no structural schema may carry, in the sentence Kubernetes uses.
pub(crate) fn unsupported(schema: &Props) -> Option<String> {
    let present = [
        ("id", schema.id.is_some()),
        ("schema", schema.schema.is_some()),
        ("$ref", schema.reference.is_some()),
        ("patternProperties", schema.pattern_properties.is_some()),
        ("dependencies", schema.dependencies.is_some()),
        ("additionalItems", schema.additional_items.is_some()),
        ("definitions", schema.definitions.is_some()),
    ];
    if let Some((name, _)) = present.iter().find(|(_, present)| *present) {
        return Some(format!("OpenAPIV3Schema '{name}' is not supported"));
    }
    if matches!(schema.items, Some(Items::Many(_))) {
        return Some("OpenAPIV3Schema 'items' must be a schema, but is an array".to_owned());
    }
    if schema.preserve_unknown == Some(false) {
        return Some(
            "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined".to_owned(),
        );
    }
    let below = schema
        .element()
        .into_iter()
        .chain(schema.properties.values())
        .chain(schema.entry());
    let junctors = schema
        .all_of
        .iter()
        .chain(&schema.any_of)
        .chain(&schema.one_of)
        .chain(schema.not.as_deref());
    below.chain(junctors).find_map(unsupported)
}

#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Item,
    Field,
}

fn invariants(s: &Props, level: Level, path: &str, errors: &mut Vec<FieldError>) {
    if s.kind == "array" && s.items.is_none() {
        errors.push(FieldError::required(child(path, "items"), "must be specified"));
    }
    if let Some(element) = s.element() {
        invariants(element, Level::Item, &child(path, "items"), errors);
    }
    for (name, field) in &s.properties {
        invariants(
            field,
            Level::Field,
            &key(&child(path, "properties"), name),
            errors,
        );
    }
    additional(s, level, path, errors);
    extensions(s, path, errors);
    let skip_any = is_int_or_string(&s.any_of);
    let skip_first_all = s
        .all_of
        .first()
        .is_some_and(|first| is_int_or_string(&first.any_of));
    values(s, skip_any, skip_first_all, path, errors);
    types(s, level, path, errors);
    type_meta(s, level, path, errors);
    if s.embedded && !s.keeps_unknown() && s.properties.is_empty() {
        let detail = "must not be empty if x-kubernetes-embedded-resource is true without \
                      x-kubernetes-preserve-unknown-fields";
        errors.push(FieldError::required(child(path, "properties"), detail));
    }
}

fn additional(s: &Props, level: Level, path: &str, errors: &mut Vec<FieldError>) {
    if s.additional_properties.is_none() {
        return;
    }
    let path = child(path, "additionalProperties");
    if level == Level::Root {
        errors.push(FieldError::forbidden(&path, "must not be used at the root"));
    }
    if let Some(entry) = s.entry() {
        invariants(entry, Level::Field, &path, errors);
    }
    if s.embedded {
        let detail = "must not be used if x-kubernetes-embedded-resource is set";
        errors.push(FieldError::forbidden(&path, detail));
    }
}

fn extensions(s: &Props, path: &str, errors: &mut Vec<FieldError>) {
    let detail = "must be false if x-kubernetes-int-or-string is true";
    if s.int_or_string && s.keeps_unknown() {
        let path = child(path, "x-kubernetes-preserve-unknown-fields");
        errors.push(FieldError::invalid(path, true, detail));
    }
    if s.int_or_string && s.embedded {
        errors.push(FieldError::invalid(
            child(path, "x-kubernetes-embedded-resource"),
            true,
            detail,
        ));
    }
}

/// The two forms in which `type` may stand inside a junctor: an `anyOf` of integer and string.
fn is_int_or_string(any_of: &[Props]) -> bool {
    let only = |kind: &str| Props {
        kind: kind.to_owned(),
        ..Props::default()
    };
    any_of.len() == 2 && any_of[0] == only("integer") && any_of[1] == only("string")
}

fn types(s: &Props, level: Level, path: &str, errors: &mut Vec<FieldError>) {
    let path = child(path, "type");
    if s.embedded && s.kind != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        errors.push(if s.kind.is_empty() {
            FieldError::required(&path, detail)
        } else {
            FieldError::invalid(&path, s.kind.as_str(), detail)
        });
    } else if s.kind.is_empty() && !s.int_or_string && !s.keeps_unknown() {
        let detail = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        errors.push(FieldError::required(&path, detail));
    }
    if level == Level::Root && !s.kind.is_empty() && s.kind != "object" {
        errors.push(FieldError::invalid(
            &path,
            s.kind.as_str(),
            "must be object at the root",
        ));
    }
}

/// `apiVersion`, `kind` and `metadata` belong to Kubernetes: a schema may only restrict the name.
fn type_meta(s: &Props, level: Level, path: &str, errors: &mut Vec<FieldError>) {
    let is_resource = level == Level::Root || s.embedded;
    let properties = child(path, "properties");
    if is_resource {
        for name in ["kind", "apiVersion"] {
            if let Some(field) = s.properties.get(name).filter(|field| field.kind != "string") {
                let path = child(&key(&properties, name), "type");
                errors.push(FieldError::invalid(path, field.kind.as_str(), "must be string"));
            }
        }
    }
    let Some(metadata) = s.properties.get("metadata") else {
        return;
    };
    let path = key(&properties, "metadata");
    if is_resource && metadata.kind != "object" {
        errors.push(FieldError::invalid(
            child(&path, "type"),
            metadata.kind.as_str(),
            "must be object",
        ));
    }
    if level == Level::Root && !restricts_name_only(metadata) {
        let detail = "must not specify anything other than name and generateName, but metadata is implicitly \
                      specified";
        errors.push(FieldError::forbidden(path, detail));
    }
}

fn restricts_name_only(metadata: &Props) -> bool {
    let mut rest = Props {
        kind: String::new(),
        default: None,
        ..metadata.clone()
    };
    if rest
        .properties
        .keys()
        .all(|name| name == "name" || name == "generateName")
    {
        rest.properties.clear();
    }
    rest == Props::default()
}

fn values(s: &Props, skip_any: bool, skip_first_all: bool, path: &str, errors: &mut Vec<FieldError>) {
    if !skip_any {
        for (i, clause) in s.any_of.iter().enumerate() {
            nested(clause, false, &index(&child(path, "anyOf"), i), errors);
        }
    }
    for (i, clause) in s.all_of.iter().enumerate() {
        nested(
            clause,
            skip_first_all && i == 0,
            &index(&child(path, "allOf"), i),
            errors,
        );
    }
    for (i, clause) in s.one_of.iter().enumerate() {
        nested(clause, false, &index(&child(path, "oneOf"), i), errors);
    }
    if let Some(clause) = &s.not {
        nested(clause, false, &child(path, "not"), errors);
    }
    if let Err(why) = pattern::compile(&s.pattern) {
        let detail = format!("must be a valid regular expression, but isn't: {why}");
        errors.push(FieldError::invalid(
            child(path, "pattern"),
            s.pattern.as_str(),
            detail,
        ));
    }
}

/// Inside a junctor only value validation may stand, no shape.
fn nested(s: &Props, skip_any: bool, path: &str, errors: &mut Vec<FieldError>) {
    values(s, skip_any, false, path, errors);
    if let Some(element) = s.element() {
        nested(element, false, &child(path, "items"), errors);
    }
    for (name, field) in &s.properties {
        nested(field, false, &key(&child(path, "properties"), name), errors);
    }
    let additional = !matches!(s.additional_properties, None | Some(Additional::Allowed(false)));
    let shape = [
        ("type", !s.kind.is_empty(), "must be empty to be structural"),
        (
            "additionalProperties",
            additional,
            "must be undefined to be structural",
        ),
        (
            "default",
            s.default.is_some(),
            "must be undefined to be structural",
        ),
        ("title", !s.title.is_empty(), "must be empty to be structural"),
        (
            "description",
            !s.description.is_empty(),
            "must be empty to be structural",
        ),
        ("nullable", s.nullable, "must be false to be structural"),
        (
            "x-kubernetes-preserve-unknown-fields",
            s.keeps_unknown(),
            "must be false to be structural",
        ),
        (
            "x-kubernetes-embedded-resource",
            s.embedded,
            "must be false to be structural",
        ),
        (
            "x-kubernetes-int-or-string",
            s.int_or_string,
            "must be false to be structural",
        ),
        (
            "x-kubernetes-list-map-keys",
            !s.list_map_keys.is_empty(),
            "must be empty to be structural",
        ),
        (
            "x-kubernetes-list-type",
            s.list_type.is_some(),
            "must be undefined to be structural",
        ),
        (
            "x-kubernetes-map-type",
            s.map_type.is_some(),
            "must be undefined to be structural",
        ),
        (
            "x-kubernetes-validations",
            !s.rules.is_empty(),
            "must be empty to be structural",
        ),
    ];
    for (name, _, detail) in shape.iter().filter(|(_, present, _)| *present) {
        errors.push(FieldError::forbidden(child(path, name), *detail));
    }
    if s.properties.contains_key("metadata") {
        let path = key(&child(path, "properties"), "metadata");
        errors.push(FieldError::forbidden(
            path,
            "must not be specified in a nested context",
        ));
    }
}

/// Every field named inside a junctor must be named outside too. `spine` is the node outside, `at` its path.
fn complete_value(v: &Props, spine: Option<&Props>, at: &str, path: &str, errors: &mut Vec<FieldError>) {
    let junctors = [("allOf", &v.all_of), ("anyOf", &v.any_of), ("oneOf", &v.one_of)];
    if let Some(clause) = &v.not {
        complete(clause, spine, at, &child(path, "not"), errors);
    }
    for (name, clauses) in junctors {
        for (i, clause) in clauses.iter().enumerate() {
            complete(clause, spine, at, &index(&child(path, name), i), errors);
        }
    }
}

fn complete(v: &Props, spine: Option<&Props>, at: &str, path: &str, errors: &mut Vec<FieldError>) {
    let Some(s) = spine else {
        errors.push(FieldError::required(
            at,
            format!("because it is defined in {path}"),
        ));
        return;
    };
    complete_value(v, Some(s), at, path, errors);
    if let Some(element) = v.element() {
        complete(
            element,
            s.element(),
            &child(at, "items"),
            &child(path, "items"),
            errors,
        );
    }
    for (name, field) in &v.properties {
        let (at, path) = (
            key(&child(at, "properties"), name),
            key(&child(path, "properties"), name),
        );
        complete(field, s.properties.get(name), &at, &path, errors);
    }
}
