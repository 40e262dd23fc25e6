//! One node of an `openAPIV3Schema`, with every keyword Kubernetes knows (`JSONSchemaProps`).
//!
//! The wire form is read once, when a definition arrives; everything else in this module works on [`Props`].

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A schema node. Absent keywords are `None`, empty or false, as in Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Props {
    /// `type`; empty when not given.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// `format`.
    pub(crate) format: String,
    /// `title`.
    pub(crate) title: String,
    /// `description`.
    pub(crate) description: String,
    /// Whether null is a value.
    pub(crate) nullable: bool,
    /// `default`; a null default counts as none.
    pub(crate) default: Option<Value>,
    /// `example`.
    pub(crate) example: Option<Value>,
    /// `externalDocs`.
    pub(crate) external_docs: Option<Value>,
    /// `maximum`.
    pub(crate) maximum: Option<f64>,
    /// Whether the maximum itself is refused.
    pub(crate) exclusive_maximum: bool,
    /// `minimum`.
    pub(crate) minimum: Option<f64>,
    /// Whether the minimum itself is refused.
    pub(crate) exclusive_minimum: bool,
    /// `multipleOf`.
    pub(crate) multiple_of: Option<f64>,
    /// Characters at most.
    pub(crate) max_length: Option<i64>,
    /// Characters at least.
    pub(crate) min_length: Option<i64>,
    /// Regular expression in Go's syntax; empty when not given.
    pub(crate) pattern: String,
    /// Elements at most.
    pub(crate) max_items: Option<i64>,
    /// Elements at least.
    pub(crate) min_items: Option<i64>,
    /// Refused in definitions; kept so that the refusal can be said.
    pub(crate) unique_items: bool,
    /// Entries at most.
    pub(crate) max_properties: Option<i64>,
    /// Entries at least.
    pub(crate) min_properties: Option<i64>,
    /// Names that must be present.
    pub(crate) required: Vec<String>,
    /// Allowed values.
    #[serde(rename = "enum")]
    pub(crate) allowed: Vec<Value>,
    /// Schema of the elements.
    pub(crate) items: Option<Items>,
    /// All must hold.
    pub(crate) all_of: Vec<Self>,
    /// Exactly one must hold.
    pub(crate) one_of: Vec<Self>,
    /// At least one must hold.
    pub(crate) any_of: Vec<Self>,
    /// Must not hold.
    pub(crate) not: Option<Box<Self>>,
    /// Fields of an object.
    pub(crate) properties: BTreeMap<String, Self>,
    /// Entries of a map.
    pub(crate) additional_properties: Option<Additional>,
    /// Unknown fields are kept.
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    pub(crate) preserve_unknown: Option<bool>,
    /// The object is a whole Kubernetes object with `apiVersion`, `kind` and `metadata`.
    #[serde(rename = "x-kubernetes-embedded-resource")]
    pub(crate) embedded: bool,
    /// A number or a string.
    #[serde(rename = "x-kubernetes-int-or-string")]
    pub(crate) int_or_string: bool,
    /// Keys of a list that is a map.
    #[serde(rename = "x-kubernetes-list-map-keys")]
    pub(crate) list_map_keys: Vec<String>,
    /// `atomic`, `set` or `map`.
    #[serde(rename = "x-kubernetes-list-type")]
    pub(crate) list_type: Option<String>,
    /// `atomic` or `granular`.
    #[serde(rename = "x-kubernetes-map-type")]
    pub(crate) map_type: Option<String>,
    /// Rules in the Common Expression Language.
    #[serde(rename = "x-kubernetes-validations")]
    pub(crate) rules: Vec<Rule>,
    /// `id`: not supported.
    pub(crate) id: Option<Value>,
    /// `$schema`: not supported.
    #[serde(rename = "$schema")]
    pub(crate) schema: Option<Value>,
    /// `$ref`: not supported.
    #[serde(rename = "$ref")]
    pub(crate) reference: Option<Value>,
    /// Not supported.
    pub(crate) pattern_properties: Option<Value>,
    /// Not supported.
    pub(crate) dependencies: Option<Value>,
    /// Not supported.
    pub(crate) additional_items: Option<Value>,
    /// Not supported.
    pub(crate) definitions: Option<Value>,
}

/// `items`: one schema; the list form of JSON schema is refused in definitions.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Items {
    /// Every element follows this schema.
    One(Box<Props>),
    /// Refused.
    Many(Vec<Props>),
}

/// `additionalProperties`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Additional {
    /// Any entry, or none.
    Allowed(bool),
    /// Every entry follows this schema.
    Schema(Box<Props>),
}

/// One entry of `x-kubernetes-validations`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rule {
    /// The expression; must give true.
    pub(crate) rule: String,
    /// Said when it does not.
    pub(crate) message: String,
    /// An expression for what is said; wins over `message`.
    pub(crate) message_expression: String,
    /// Kind of the error.
    pub(crate) reason: Option<String>,
    /// Field that is blamed, relative to the node.
    pub(crate) field_path: String,
    /// Whether `oldSelf` is an optional, so that the rule also runs on creation.
    pub(crate) optional_old_self: Option<bool>,
}

impl Props {
    /// Reads the wire form.
    ///
    /// # Errors
    /// Says what is not of the form of a schema.
    pub(crate) fn read(schema: &Value) -> Result<Self, String> {
        Self::deserialize(without_nulls(schema)).map_err(|error| error.to_string())
    }

    /// Schema of the elements, if there is one for all.
    pub(crate) fn element(&self) -> Option<&Self> {
        match &self.items {
            Some(Items::One(props)) => Some(props),
            _ => None,
        }
    }

    /// Schema of map entries, if there is one.
    pub(crate) fn entry(&self) -> Option<&Self> {
        match &self.additional_properties {
            Some(Additional::Schema(props)) => Some(props),
            _ => None,
        }
    }

    /// Schema of the field or entry of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        self.properties.get(name).or_else(|| self.entry())
    }

    /// Whether unknown fields are kept.
    pub(crate) fn keeps_unknown(&self) -> bool {
        self.preserve_unknown == Some(true)
    }

    /// Whether the list is one of the given type.
    pub(crate) fn is_list(&self, list_type: &str) -> bool {
        self.list_type.as_deref() == Some(list_type)
    }

    /// Whether this node or one below it, junctors included, satisfies the predicate.
    pub(crate) fn any(&self, predicate: &mut dyn FnMut(&Self) -> bool) -> bool {
        if predicate(self) {
            return true;
        }
        let items = match &self.items {
            Some(Items::One(props)) => std::slice::from_ref(&**props),
            Some(Items::Many(list)) => list.as_slice(),
            None => &[],
        };
        items
            .iter()
            .chain(&self.all_of)
            .chain(&self.any_of)
            .chain(&self.one_of)
            .chain(self.not.as_deref())
            .chain(self.properties.values())
            .chain(self.entry())
            .any(|props| props.any(predicate))
    }
}

/// A keyword that is null counts as absent; null inside a value (`default`, `enum`) is a value.
fn without_nulls(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else {
        return schema.clone();
    };
    let kept = keywords.iter().filter(|(_, value)| !value.is_null());
    let cleaned = kept.map(|(keyword, value)| {
        let value = match (keyword.as_str(), value) {
            ("properties", Value::Object(fields)) => fields
                .iter()
                .map(|(name, props)| (name.clone(), without_nulls(props)))
                .collect(),
            ("allOf" | "anyOf" | "oneOf", Value::Array(list)) => list.iter().map(without_nulls).collect(),
            ("items" | "not" | "additionalProperties", _) => without_nulls(value),
            _ => value.clone(),
        };
        (keyword.clone(), value)
    });
    cleaned.collect()
}
