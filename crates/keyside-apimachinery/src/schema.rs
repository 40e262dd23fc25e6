//! The shape of a kind: its fields, their types, how lists merge. One form serves built-in kinds (made from the
//! Kubernetes types, see [`builtin`]) and custom ones (made from a definition's `openAPIV3Schema`, see [`from_crd`]),
//! so that decoding, patching and applying know one code path only.
//!
//! A schema is compact: it holds what decides how an object is treated. Descriptions, patterns and bounds stay in
//! the published document, which [`Source`] finds again.

mod custom;
pub(crate) mod definitions;
mod kinds;
mod merge_rules;

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// What a value may look like and how changes to it merge.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Type and structure.
    pub shape: Shape,
    /// Value of an absent field. Decoding does not fill it in; list keys of server-side apply use it.
    pub default: Option<Value>,
    /// How a strategic merge patch treats the field.
    pub patch: PatchStrategy,
    /// Where the published form comes from; [`Source::Inline`] below the root.
    pub source: Source,
}

/// Type and structure of a value.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Anything; nothing below is known.
    Any,
    /// A JSON string in a form.
    String(Format),
    /// A whole number of so many bits.
    Integer(u8),
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A whole number or a string.
    IntOrString,
    /// A JSON object.
    Object(Object),
    /// A JSON array.
    List(List),
    /// One of several, told apart by JSON type (`JSONSchemaPropsOrBool`).
    Either(Vec<Schema>),
    /// A definition of its own, looked up on first use because definitions refer to themselves.
    Reference(Reference),
}

/// What a string holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text.
    Plain,
    /// Base64.
    Bytes,
    /// RFC 3339, kept with seconds.
    Time,
    /// RFC 3339, kept with microseconds.
    MicroTime,
    /// An amount such as `100m` or `1Gi`; may be written as a number.
    Quantity,
}

/// A JSON object's structure.
#[derive(Debug, Clone, Default)]
pub struct Object {
    /// Known fields.
    pub fields: BTreeMap<String, Schema>,
    /// Fields that are written even when empty.
    pub required: Vec<String>,
    /// What other keys mean.
    pub rest: Rest,
    /// Whether the object is owned and replaced as a whole (`x-kubernetes-map-type: atomic`).
    pub atomic: bool,
}

/// What keys mean that are not fields.
#[derive(Debug, Clone, Default)]
pub enum Rest {
    /// Unknown fields: reported and removed.
    #[default]
    Unknown,
    /// Kept as they are (`x-kubernetes-preserve-unknown-fields`).
    Preserved,
    /// A map with values of one shape (`additionalProperties`).
    Of(Box<Schema>),
}

/// A JSON array's structure.
#[derive(Debug, Clone)]
pub struct List {
    /// Shape of the elements.
    pub items: Box<Schema>,
    /// How server-side apply merges it.
    pub kind: ListKind,
}

/// How server-side apply merges a list (`x-kubernetes-list-type`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListKind {
    /// Replaced as a whole.
    Atomic,
    /// Elements are told apart by value.
    Set,
    /// Elements are told apart by the values of these keys.
    Map(Vec<String>),
}

/// How a strategic merge patch treats a field (`x-kubernetes-patch-strategy`, `-merge-key`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatchStrategy {
    /// Lists merge by element instead of being replaced.
    pub merge: bool,
    /// Keys not named by the patch are dropped when it says so (`retainKeys`).
    pub retain_keys: bool,
    /// Objects and lists are replaced (`replace`).
    pub replace: bool,
    /// The key that tells elements apart; absent for lists of plain values.
    pub merge_key: Option<String>,
}

/// Where the published form of a schema comes from.
#[derive(Debug, Clone, Default)]
pub enum Source {
    /// Part of another schema.
    #[default]
    Inline,
    /// A definition by its published name, such as `io.k8s.api.core.v1.Pod`.
    Definition(Arc<str>),
    /// A custom kind's `openAPIV3Schema`.
    Custom(Arc<Value>),
}

/// A definition found by name on first use.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Published name, such as `io.k8s.api.core.v1.PodSpec`.
    pub name: Arc<str>,
    target: OnceLock<Arc<Schema>>,
}

/// The shape of a built-in kind in one of its versions; `None` for one that is not known.
#[must_use]
pub fn builtin(group: &str, version: &str, kind: &str) -> Option<Arc<Schema>> {
    definitions::kind(group, version, kind)
}

/// The shape of a custom kind from the `openAPIV3Schema` of one version. `null` or an absent schema keeps anything.
#[must_use]
pub fn from_crd(schema: &Value) -> Arc<Schema> {
    Arc::new(custom::kind(schema))
}

impl Schema {
    /// A schema of a shape with nothing special about it.
    #[must_use]
    pub fn of(shape: Shape) -> Self {
        Self {
            shape,
            default: None,
            patch: PatchStrategy::default(),
            source: Source::Inline,
        }
    }

    /// The schema behind a reference, or itself.
    #[must_use]
    pub fn resolve(&self) -> &Self {
        match &self.shape {
            Shape::Reference(reference) => reference.target(),
            _ => self,
        }
    }

    /// The field of an object, or the shape of a map's values; `None` where nothing is known.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        let Shape::Object(object) = &self.resolve().shape else {
            return None;
        };
        match (object.fields.get(name), &object.rest) {
            (Some(field), _) => Some(field),
            (None, Rest::Of(values)) => Some(values),
            (None, Rest::Unknown | Rest::Preserved) => None,
        }
    }
}

impl Reference {
    /// The definition.
    #[must_use]
    pub fn target(&self) -> &Schema {
        let find = || definitions::find(&self.name).unwrap_or_else(|| Arc::new(Schema::of(Shape::Any)));
        self.target.get_or_init(find)
    }
}

#[cfg(test)]
mod tests;
