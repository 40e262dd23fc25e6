//! The table of definitions behind all built-in kinds.
//!
//! Describing a kind means describing everything it refers to (a Pod: some two hundred definitions with their
//! prose). That is done when a kind is first asked for; what stays in memory is the compact form only, one entry per
//! definition, shared by all kinds.

use super::kinds::{METADATA, ROOTS, Root};
use super::merge_rules;
use super::{Format, List, ListKind, Object, PatchStrategy, Reference, Rest, Schema, Shape, Source};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

/// Published name of the shape of `metadata`.
pub(super) const METADATA_DEFINITION: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// How references begin in the generated documents.
const PREFIX: &str = "#/$defs/";

static TABLE: LazyLock<Mutex<HashMap<Arc<str>, Arc<Schema>>>> = LazyLock::new(Mutex::default);

/// The shape of a kind.
pub(super) fn kind(group: &str, version: &str, kind: &str) -> Option<Arc<Schema>> {
    let root = ROOTS
        .iter()
        .find(|r| r.kind == kind && r.group == group && r.version == version)?;
    let name = (root.definition)();
    find(&name).or_else(|| {
        load(root);
        find(&name)
    })
}

/// A definition that a loaded one refers to: loading a kind loads everything it refers to. Only `metadata` is also
/// referred to by custom kinds, of which nothing was loaded.
pub(super) fn find(name: &str) -> Option<Arc<Schema>> {
    let known = || {
        TABLE
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    };
    known().or_else(|| {
        (name == METADATA_DEFINITION).then(|| load(&METADATA))?;
        known()
    })
}

/// The generated documents, prose included, of kinds (group, version, kind) and of all they refer to.
pub(crate) fn documents<'a>(kinds: impl Iterator<Item = (&'a str, &'a str, &'a str)>) -> Map<String, Value> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    for (group, version, kind) in kinds {
        let root = ROOTS
            .iter()
            .find(|r| r.kind == kind && r.group == group && r.version == version);
        if let Some(root) = root {
            (root.add)(&mut generator);
        }
    }
    generator.take_definitions(false)
}

/// Published name of a kind's definition.
pub(crate) fn definition_name(group: &str, version: &str, kind: &str) -> Option<String> {
    let root = ROOTS
        .iter()
        .find(|r| r.kind == kind && r.group == group && r.version == version)?;
    Some((root.definition)().into_owned())
}

fn load(root: &Root) {
    let definitions = documents(std::iter::once((root.group, root.version, root.kind)));
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, document) in definitions {
        let name: Arc<str> = name.into();
        table
            .entry(Arc::clone(&name))
            .or_insert_with(|| Arc::new(definition(&name, &document)));
    }
}

/// The compact form of a generated document.
pub(crate) fn definition(name: &Arc<str>, document: &Value) -> Schema {
    let mut schema = Schema {
        source: Source::Definition(Arc::clone(name)),
        ..convert(document)
    };
    if let Some(shape) = known_shape(name) {
        schema.shape = shape;
    }
    if let Shape::Object(object) = &mut schema.shape {
        merge_rules::mark(name, object);
        if OPTIONAL_NAMES.contains(&name.rsplit('.').next().unwrap_or_default()) {
            object.required.retain(|field| field != "name");
        }
        // Types that are never null describe `metadata` as required, which no client has to send.
        if object.fields.contains_key("kind") && object.fields.contains_key("apiVersion") {
            object.required.retain(|field| field != "metadata");
        }
    }
    schema
}

/// Definitions whose `name` need not be given, though the Rust type always has one.
const OPTIONAL_NAMES: [&str; 8] = [
    "ConfigMapEnvSource",
    "ConfigMapKeySelector",
    "ConfigMapProjection",
    "ConfigMapVolumeSource",
    "LocalObjectReference",
    "SecretEnvSource",
    "SecretKeySelector",
    "SecretProjection",
];

/// Definitions whose generated document does not say what they hold.
fn known_shape(name: &str) -> Option<Shape> {
    let shape = match name.rsplit_once('.')?.1 {
        "FieldsV1" | "RawExtension" | "JSON" => Shape::Any,
        "Quantity" => Shape::String(Format::Quantity),
        "MicroTime" => Shape::String(Format::MicroTime),
        "IntOrString" => Shape::IntOrString,
        _ => return None,
    };
    Some(shape)
}

fn convert(document: &Value) -> Schema {
    Schema::of(shape(document))
}

fn shape(document: &Value) -> Shape {
    if let Some(reference) = document["$ref"].as_str() {
        let name = reference.strip_prefix(PREFIX).unwrap_or(reference);
        return Shape::Reference(Reference::to(name));
    }
    if let Some(choices) = document["oneOf"].as_array() {
        return Shape::Either(choices.iter().map(convert).collect());
    }
    match (document["type"].as_str(), document["format"].as_str()) {
        (Some("string"), Some("byte")) => Shape::String(Format::Bytes),
        (Some("string"), Some("date-time")) => Shape::String(Format::Time),
        (Some("string"), _) => Shape::String(Format::Plain),
        (Some("integer"), Some("int32")) => Shape::Integer(32),
        (Some("integer"), _) => Shape::Integer(64),
        (Some("number"), _) => Shape::Number,
        (Some("boolean"), _) => Shape::Boolean,
        (Some("array"), _) => Shape::List(List {
            items: Box::new(convert(&document["items"])),
            kind: ListKind::Atomic,
        }),
        (Some("object"), _) => Shape::Object(object(document)),
        _ => Shape::Any,
    }
}

fn object(document: &Value) -> Object {
    let fields = document["properties"].as_object().into_iter().flatten();
    let required = document["required"].as_array().into_iter().flatten();
    let rest = document.get("additionalProperties");
    Object {
        fields: fields
            .map(|(name, field)| (name.clone(), convert(field)))
            .collect::<BTreeMap<_, _>>(),
        required: required.filter_map(Value::as_str).map(String::from).collect(),
        rest: rest.map_or(Rest::Unknown, |values| Rest::Of(Box::new(convert(values)))),
        atomic: false,
    }
}

impl Reference {
    pub(super) fn to(name: &str) -> Self {
        Self {
            name: name.into(),
            target: OnceLock::new(),
        }
    }
}

impl PatchStrategy {
    /// Reads `merge,retainKeys` as it stands in the Go types.
    pub(super) fn read(text: &str, merge_key: &str) -> Self {
        let has = |word| text.split(',').any(|w| w == word);
        Self {
            merge: has("merge"),
            retain_keys: has("retainKeys"),
            replace: has("replace"),
            merge_key: (!merge_key.is_empty()).then(|| merge_key.to_owned()),
        }
    }
}
