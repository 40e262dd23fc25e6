//! What may stand in the `openAPIV3Schema` of a definition.

use super::versions;
use crate::crd::paths::{child, index, key};
use crate::crd::props::{Additional, Items, Props, Rule};
use crate::crd::{formats, rules, structural};
use crate::status::FieldError;
use serde_json::Value;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const REASONS: [&str; 4] = [
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
];
const ROOT_KEYWORDS: &str = "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength \
    MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example \
    XPreserveUnknownFields XValidations]";

/// Checks `schema` of a version; `path` is that of the schema's holder.
pub(super) fn validate(schema: &Value, status_enabled: bool, path: &str, errors: &mut Vec<FieldError>) {
    let wire = &schema["openAPIV3Schema"];
    if wire.is_null() {
        return;
    }
    let path = child(path, "openAPIV3Schema");
    let props = match Props::read(wire) {
        Ok(props) => props,
        Err(why) => return errors.push(FieldError::invalid(path, "", why)),
    };
    let before = errors.len();
    if status_enabled {
        validate_root_with_status(&props, wire, &path, errors);
    }
    if props.nullable {
        errors.push(FieldError::forbidden(
            child(&path, "nullable"),
            "nullable cannot be true at the root",
        ));
    }
    let unsupported = structural::unsupported(&props);
    let mut sound = false;
    if unsupported.is_none() {
        let mut found = structural::violations(&path, &props);
        if found.is_empty() {
            found = super::defaults::violations(&path, &props);
        }
        sound = found.is_empty();
        errors.extend(found);
    }
    let mut walk = Walk {
        errors: Vec::new(),
        sound,
    };
    walk.node(&props, &path, &Where::root());
    let broken = !walk.errors.is_empty();
    errors.append(&mut walk.errors);
    // Rules are only compiled against a schema that makes sense: else their errors would mislead.
    if sound && !broken {
        errors.extend(rules::violations(&path, &props));
    }
    if let Some(why) = unsupported.filter(|_| errors.len() == before) {
        errors.push(FieldError::invalid(path, "", why));
    }
}

/// With `/status` served, the root may only say what is not lost when `status` is checked by itself.
fn validate_root_with_status(props: &Props, wire: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if props.kind != "object" && !props.kind.is_empty() {
        let detail = "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        errors.push(FieldError::invalid(
            child(path, "type"),
            props.kind.as_str(),
            detail,
        ));
    }
    let allowed = Props {
        kind: String::new(),
        title: String::new(),
        description: String::new(),
        format: String::new(),
        pattern: String::new(),
        maximum: None,
        exclusive_maximum: false,
        minimum: None,
        exclusive_minimum: false,
        multiple_of: None,
        max_length: None,
        min_length: None,
        max_items: None,
        min_items: None,
        unique_items: false,
        required: Vec::new(),
        items: None,
        properties: std::collections::BTreeMap::new(),
        external_docs: None,
        example: None,
        preserve_unknown: None,
        rules: Vec::new(),
        ..props.clone()
    };
    if allowed != Props::default() {
        let detail = format!(
            "only {ROOT_KEYWORDS} fields are allowed at the root of the schema if the status subresource is enabled"
        );
        errors.push(FieldError::invalid(path, wire.clone(), detail));
    }
}

/// What is known about where a node stands.
#[derive(Clone)]
struct Where {
    root: bool,
    /// Inside `apiVersion`, `kind` or `metadata` of an object.
    meta: bool,
    /// Why no default may stand here.
    no_default: Option<String>,
}

impl Where {
    fn root() -> Self {
        Self {
            root: true,
            meta: false,
            no_default: None,
        }
    }

    fn below(&self) -> Self {
        Self {
            root: false,
            ..self.clone()
        }
    }
}

struct Walk {
    errors: Vec<FieldError>,
    /// Whether the schema is structural, so that paths into it can be followed.
    sound: bool,
}

impl Walk {
    fn forbid(&mut self, path: String, detail: &str) {
        self.errors.push(FieldError::forbidden(path, detail));
    }

    fn node(&mut self, s: &Props, path: &str, at: &Where) {
        self.keywords(s, path, at);
        if s.unique_items {
            let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.forbid(child(path, "uniqueItems"), detail);
        }
        self.below(s, path, at);
        if s.preserve_unknown == Some(false) {
            let path = child(path, "x-kubernetes-preserve-unknown-fields");
            self.errors
                .push(FieldError::invalid(path, false, "must be true or undefined"));
        }
        self.map_type(s, path);
        self.list_type(s, path);
        self.list_map(s, path);
        self.keys(s, path);
        for (i, rule) in s.rules.iter().enumerate() {
            self.rule(s, rule, &index(&child(path, "x-kubernetes-validations"), i));
        }
    }

    fn keywords(&mut self, s: &Props, path: &str, at: &Where) {
        if !s.kind.is_empty() && !TYPES.contains(&s.kind.as_str()) {
            self.errors.push(FieldError::not_supported(
                child(path, "type"),
                s.kind.as_str(),
                &TYPES,
            ));
        }
        if let (Some(_), Some(why)) = (&s.default, &at.no_default) {
            self.forbid(child(path, "default"), &format!("must not be set {why}"));
        }
        let refused = [
            ("id", s.id.is_some()),
            ("additionalItems", s.additional_items.is_some()),
            ("patternProperties", s.pattern_properties.is_some()),
            ("definitions", s.definitions.is_some()),
            ("dependencies", s.dependencies.is_some()),
            ("$ref", s.reference.is_some()),
        ];
        for (name, _) in refused.iter().filter(|(_, present)| *present) {
            self.forbid(child(path, name), &format!("{name} is not supported"));
        }
        if s.kind == "null" {
            self.forbid(
                child(path, "type"),
                "type cannot be set to null, use nullable as an alternative",
            );
        }
        if matches!(s.items, Some(Items::Many(_))) {
            self.forbid(
                child(path, "items"),
                "items must be a schema object and not an array",
            );
        }
        if at.meta && s.embedded {
            self.forbid(
                child(path, "x-kubernetes-embedded-resource"),
                "must not be used inside of resource meta",
            );
        }
    }

    fn below(&mut self, s: &Props, path: &str, at: &Where) {
        let path_of = |name: &str| child(path, name);
        if let Some(additional) = &s.additional_properties {
            if !s.properties.is_empty() && !matches!(additional, Additional::Allowed(true)) {
                let detail = "additionalProperties and properties are mutual exclusive";
                self.forbid(path_of("additionalProperties"), detail);
            }
            if let Additional::Schema(entry) = additional {
                let mut at = at.below();
                if at.meta {
                    at.no_default =
                        Some("inside additionalProperties applying to object metadata".to_owned());
                }
                self.node(entry, &path_of("additionalProperties"), &at);
            }
        }
        for (name, field) in &s.properties {
            let mut inner = at.below();
            if (at.root || s.embedded) && matches!(name.as_str(), "metadata" | "kind" | "apiVersion") {
                inner.meta = true;
                if at.root {
                    inner.no_default = Some(format!("in top-level {name}"));
                }
            }
            self.node(field, &key(&path_of("properties"), name), &inner);
        }
        if let Some(clause) = &s.not {
            self.node(clause, &path_of("not"), &at.below());
        }
        for (name, clauses) in [("allOf", &s.all_of), ("oneOf", &s.one_of), ("anyOf", &s.any_of)] {
            for (i, clause) in clauses.iter().enumerate() {
                self.node(clause, &index(&path_of(name), i), &at.below());
            }
        }
        match &s.items {
            Some(Items::One(element)) => self.node(element, &path_of("items"), &at.below()),
            Some(Items::Many(list)) => {
                for (i, element) in list.iter().enumerate() {
                    self.node(element, &index(&path_of("items"), i), &at.below());
                }
            }
            None => {}
        }
    }

    fn wrong_type(&mut self, s: &Props, path: &str, detail: &str) {
        let path = child(path, "type");
        self.errors.push(if s.kind.is_empty() {
            FieldError::required(path, detail)
        } else {
            FieldError::invalid(path, s.kind.as_str(), detail)
        });
    }

    fn map_type(&mut self, s: &Props, path: &str) {
        let Some(map_type) = s.map_type.as_deref() else {
            return;
        };
        if s.kind != "object" {
            self.wrong_type(s, path, "must be object if x-kubernetes-map-type is specified");
        }
        if !matches!(map_type, "atomic" | "granular") {
            let path = child(path, "x-kubernetes-map-type");
            self.errors
                .push(FieldError::not_supported(path, map_type, &["atomic", "granular"]));
        }
    }

    fn list_type(&mut self, s: &Props, path: &str) {
        let Some(list_type) = s.list_type.as_deref() else {
            return;
        };
        let items = child(path, "items");
        if s.kind != "array" {
            self.wrong_type(s, path, "must be array if x-kubernetes-list-type is specified");
        } else if let (true, Some(element)) = (list_type == "set", s.element()) {
            let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
            let given = |value: &Option<String>| value.clone().map_or(Value::Null, Value::from);
            let list = element.list_type.as_deref().is_some_and(|t| t != "atomic");
            let map = element.map_type.as_deref() != Some("atomic");
            let name = match element.kind.as_str() {
                "array" if list => "x-kubernetes-list-type",
                "object" if map => "x-kubernetes-map-type",
                _ => "",
            };
            if !name.is_empty() {
                self.errors.push(FieldError::invalid(
                    child(&items, name),
                    given(&element.list_type),
                    detail,
                ));
            }
        }
        if !matches!(list_type, "atomic" | "set" | "map") {
            let path = child(path, "x-kubernetes-list-type");
            self.errors.push(FieldError::not_supported(
                path,
                list_type,
                &["atomic", "set", "map"],
            ));
        }
    }

    fn list_map(&mut self, s: &Props, path: &str) {
        let path_of = |name: &str| child(path, name);
        if !s.list_map_keys.is_empty() && !s.is_list("map") {
            let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
            let path = path_of("x-kubernetes-list-type");
            self.errors.push(match &s.list_type {
                None => FieldError::required(path, detail),
                Some(other) => FieldError::invalid(path, other.as_str(), detail),
            });
        }
        if !s.is_list("map") {
            return;
        }
        if s.list_map_keys.is_empty() {
            let detail = "must not be empty if x-kubernetes-list-type is map";
            self.errors.push(FieldError::required(
                path_of("x-kubernetes-list-map-keys"),
                detail,
            ));
        }
        if s.items.is_none() {
            let detail = "must have a schema if x-kubernetes-list-type is map";
            self.errors.push(FieldError::required(path_of("items"), detail));
        }
        let Some(element) = s.element() else { return };
        let items = path_of("items");
        if element.kind != "object" {
            let detail = "must be object if parent array's x-kubernetes-list-type is map";
            self.errors.push(FieldError::invalid(
                child(&items, "type"),
                element.kind.as_str(),
                detail,
            ));
            return;
        }
        let list = path_of("x-kubernetes-list-map-keys");
        for (i, name) in s.list_map_keys.iter().enumerate() {
            match element.properties.get(name) {
                Some(field) if matches!(field.kind.as_str(), "array" | "object") => {
                    let path = child(&key(&child(&items, "properties"), name), "type");
                    let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                    self.errors
                        .push(FieldError::invalid(path, element.kind.as_str(), detail));
                }
                Some(_) => {}
                None => {
                    let detail = "entries must all be names of item properties";
                    self.errors
                        .push(FieldError::invalid(&list, s.list_map_keys.clone(), detail));
                }
            }
            if s.list_map_keys[..i].contains(name) {
                let detail = "must not contain duplicate entries";
                self.errors
                    .push(FieldError::invalid(&list, s.list_map_keys.clone(), detail));
            }
        }
    }

    /// Elements of sets and maps must be there, and so must their keys.
    fn keys(&mut self, s: &Props, path: &str) {
        let (Some(element), Some(list_type @ ("set" | "map"))) = (s.element(), s.list_type.as_deref()) else {
            return;
        };
        let items = child(path, "items");
        if element.nullable {
            let detail = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
            self.forbid(child(&items, "nullable"), &detail);
        }
        if list_type == "set" {
            return;
        }
        for name in &s.list_map_keys {
            let Some(field) = element.properties.get(name) else {
                continue;
            };
            let path = key(&child(&items, "properties"), name);
            if !element.required.contains(name) && field.default.is_none() {
                let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a \
                              required property";
                self.errors
                    .push(FieldError::required(child(&path, "default"), detail));
            }
            if field.nullable {
                let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
                self.forbid(child(&path, "nullable"), detail);
            }
        }
    }

    fn rule(&mut self, s: &Props, rule: &Rule, path: &str) {
        let path_of = |name: &str| child(path, name);
        let has_break = |text: &str| text.contains(['\n', '\r']);
        let message = rule.message.trim();
        if rule.rule.trim().is_empty() {
            self.errors
                .push(FieldError::required(path_of("rule"), "rule is not specified"));
        } else if !rule.message.is_empty() && message.is_empty() {
            let detail = "must be non-empty if specified";
            self.errors.push(FieldError::invalid(
                path_of("message"),
                rule.message.as_str(),
                detail,
            ));
        } else if has_break(message) {
            let detail = "must not contain line breaks";
            self.errors.push(FieldError::invalid(
                path_of("message"),
                rule.message.as_str(),
                detail,
            ));
        } else if has_break(rule.rule.trim()) && message.is_empty() {
            let detail = "message must be specified if rule contains line breaks";
            self.errors.push(FieldError::required(path_of("message"), detail));
        }
        if !rule.message_expression.is_empty() && rule.message_expression.trim().is_empty() {
            let detail = "messageExpression must be non-empty if specified";
            self.errors
                .push(FieldError::required(path_of("messageExpression"), detail));
        }
        if let Some(reason) = rule.reason.as_deref().filter(|reason| !REASONS.contains(reason)) {
            self.errors
                .push(FieldError::not_supported(path_of("reason"), reason, &REASONS));
        }
        if rule.field_path.is_empty() {
            return;
        }
        let mut refuse = |detail: &str| {
            self.errors.push(FieldError::invalid(
                path_of("fieldPath"),
                rule.field_path.as_str(),
                detail,
            ));
        };
        if rule.field_path.trim().is_empty() {
            refuse("must be non-empty if specified");
        }
        if has_break(&rule.field_path) {
            refuse("must not contain line breaks");
        }
        if self.sound && field_at(&rule.field_path, s, true).is_err() {
            refuse("must be a valid path");
        }
    }
}

/// The schema a field path such as `.spec.list` or `.map['a.b']` leads to.
///
/// # Errors
/// What is wrong with the path, in the words of Kubernetes.
pub(crate) fn field_at<'a>(path: &str, schema: &'a Props, brackets: bool) -> Result<&'a Props, String> {
    let mut found = schema;
    for name in rules::path_names(path, brackets)? {
        let knows = !found.properties.is_empty() || found.entry().is_some();
        let next = if found.properties.is_empty() {
            found.entry()
        } else {
            found.properties.get(&name)
        };
        found = next
            .filter(|_| knows)
            .ok_or_else(|| "does not refer to a valid field".to_owned())?;
    }
    Ok(found)
}

/// Sentences for `Warning:` headers about the schemas of a spec.
pub(super) fn warnings(spec: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut sets = Vec::new();
    let schemas: Vec<&Value> = versions(spec)
        .map(|version| &version["schema"]["openAPIV3Schema"])
        .collect();
    for (i, schema) in schemas.iter().enumerate().filter(|(_, schema)| !schema.is_null()) {
        // A schema that several versions share is spoken of once.
        if schemas[..i].contains(schema) {
            continue;
        }
        let Ok(props) = Props::read(schema) else { continue };
        props.any(&mut |node| {
            if !node.format.is_empty() && !formats::is_checked(&node.format, &node.kind) {
                warnings.push(format!("unrecognized format {:?}", node.format));
            }
            let element = node.element().map(|element| element.kind.as_str());
            if let (true, Some(kind @ ("object" | "array"))) = (node.is_list("set"), element) {
                sets.push(format!(
                    "x-kubernetes-list-type: set for items of type {kind:?} is not supported by server-side apply or \
                     CEL validation rules"
                ));
            }
            false
        });
    }
    sets.sort();
    sets.dedup();
    warnings.extend(sets);
    warnings
}
