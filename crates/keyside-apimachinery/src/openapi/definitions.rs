//! Definitions of built-in kinds: the documents the Kubernetes types give of themselves, completed with what they do
//! not say about lists, maps and patches.

use super::{Dialect, definition_name, kind_mark};
use crate::resource::{GroupVersionKind, Resource, Subresource};
use crate::schema::{ListKind, Object, PatchStrategy, Schema, Shape, Source, definitions};
use serde_json::{Map, Value, json};

/// What every document refers to, whatever it serves: group, version, kind.
const ALWAYS: [[&str; 3]; 4] = [
    ["", "v1", "ObjectMeta"],
    ["", "v1", "ListMeta"],
    ["", "v1", "DeleteOptions"],
    ["", "v1", "Status"],
];

/// What `/scale` reads and writes.
const SCALE: [&str; 3] = ["autoscaling", "v1", "Scale"];

/// The body of a patch is of no kind.
pub(super) const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

/// Published name of a built-in kind or of its list.
pub(super) fn name(gvk: &GroupVersionKind) -> Option<String> {
    let known = |kind: &str| definitions::definition_name(&gvk.group, &gvk.version, kind);
    known(&gvk.kind).or_else(|| Some(format!("{}List", known(gvk.kind.strip_suffix("List")?)?)))
}

/// Definitions of the built-in kinds among the resources and of all that they refer to.
pub(super) fn of(resources: &[&Resource], dialect: Dialect) -> Map<String, Value> {
    let scaled = resources.iter().any(|r| {
        r.subresources
            .iter()
            .any(|s| matches!(s, Subresource::Scale { .. }))
    });
    let parts = |gvk: &'_ GroupVersionKind| [gvk.group.clone(), gvk.version.clone(), gvk.kind.clone()];
    let mut roots: Vec<[String; 3]> = resources
        .iter()
        .flat_map(|resource| kinds(resource))
        .map(parts)
        .collect();
    roots.extend(scaled.then(|| SCALE.map(String::from)));
    roots.extend(ALWAYS.map(|root| root.map(String::from)));
    let named = |[group, version, kind]: &[String; 3]| definitions::definition_name(group, version, kind);
    let documents =
        definitions::documents(roots.iter().map(|[g, v, k]| (g.as_str(), v.as_str(), k.as_str())));
    let complete = |(name, document): (String, Value)| {
        let mut definition = convert(&name, &document, dialect);
        let root = roots
            .iter()
            .find(|root| named(root).as_deref() == Some(name.as_str()));
        if let Some([group, version, kind]) = root.filter(|_| document["properties"]["kind"].is_object()) {
            let mark = json!([{"group": group, "kind": kind, "version": version}]);
            definition["x-kubernetes-group-version-kind"] = mark;
        }
        (name, definition)
    };
    let mut all: Map<String, Value> = documents.into_iter().map(complete).collect();
    all.insert(
        PATCH.into(),
        json!({"type": "object", "description": "A change, in one of the forms of a patch."}),
    );
    all
}

/// A resource's own kind and those of its special subresources.
fn kinds(resource: &Resource) -> Vec<&GroupVersionKind> {
    let special = resource
        .subresources
        .iter()
        .filter_map(|subresource| match subresource {
            Subresource::Special { kind, .. } => Some(kind),
            Subresource::Status | Subresource::Scale { .. } => None,
        });
    std::iter::once(&resource.gvk).chain(special).collect()
}

/// The definition of a resource's list.
pub(super) fn list(resource: &Resource, dialect: Dialect) -> Value {
    let (kind, list) = (&resource.gvk.kind, &resource.list_kind);
    let text = |field: &str| type_field(field, dialect);
    let mark = GroupVersionKind {
        kind: list.clone(),
        ..resource.gvk.clone()
    };
    let metadata = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
    json!({
        "description": format!("{list} is a list of {kind}"),
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": text("apiVersion"),
            "items": {
                "description": format!("List of {}.", resource.plural),
                "type": "array",
                "items": dialect.reference(&definition_name(&resource.gvk)),
            },
            "kind": text("kind"),
            "metadata": dialect.described_reference(metadata, &"Standard list metadata.".into()),
        },
        "x-kubernetes-group-version-kind": [kind_mark(&mark)],
    })
}

/// `apiVersion` or `kind`, described as in every kind.
pub(super) fn type_field(field: &str, dialect: Dialect) -> Value {
    let documents = definitions::documents(std::iter::once(("", "v1", "DeleteOptions")));
    let options = &documents["io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"];
    schema(&options["properties"][field], None, dialect)
}

fn convert(name: &str, document: &Value, dialect: Dialect) -> Value {
    if let Some(definition) = special(name, document, dialect) {
        return definition;
    }
    let shape = definitions::definition(&name.into(), document);
    schema(document, Some(&shape), dialect)
}

/// Definitions that hold values of several types, which the generated documents cannot say.
fn special(name: &str, document: &Value, dialect: Dialect) -> Option<Value> {
    let types = match (name.rsplit('.').next()?, dialect) {
        ("IntOrString", Dialect::V2) => json!({"type": "string", "format": "int-or-string"}),
        ("IntOrString", Dialect::V3) => {
            json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]})
        }
        ("Quantity", Dialect::V2) => json!({"type": "string"}),
        ("Quantity", Dialect::V3) => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        ("JSON" | "JSONSchemaPropsOrArray" | "JSONSchemaPropsOrBool" | "JSONSchemaPropsOrStringArray", _) => {
            json!({})
        }
        _ => return None,
    };
    let mut definition = types;
    definition["description"] = document["description"].clone();
    Some(definition)
}

fn schema(document: &Value, shape: Option<&Schema>, dialect: Dialect) -> Value {
    if let Some(reference) = document["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        let description = &document["description"];
        return if description.is_null() {
            dialect.reference(name)
        } else {
            dialect.described_reference(name, description)
        };
    }
    let mut out = Map::new();
    for (key, value) in document.as_object().into_iter().flatten() {
        let inner = |value: &Value, shape: Option<&Schema>| schema(value, shape, dialect);
        let value = match (key.as_str(), value) {
            ("properties", Value::Object(fields)) => {
                let fields = fields.iter().map(|(name, field)| {
                    let shape = shape.and_then(|shape| shape.field(name));
                    (name.clone(), marked(inner(field, shape), shape, dialect))
                });
                Value::Object(fields.collect())
            }
            ("items", item) => inner(item, None),
            ("additionalProperties", values @ Value::Object(_)) => inner(values, None),
            ("required", Value::Array(_)) => match required(shape, value) {
                Some(required) => required,
                None => continue,
            },
            _ => value.clone(),
        };
        out.insert(key.clone(), value);
    }
    let atomic = |schema: &Schema| matches!(&schema.shape, Shape::Object(Object { atomic: true, .. }));
    if shape.is_some_and(|shape| matches!(shape.source, Source::Definition(_)) && atomic(shape)) {
        out.insert("x-kubernetes-map-type".into(), "atomic".into());
    }
    Value::Object(out)
}

/// What has to be given; the shape knows better than the document.
fn required(shape: Option<&Schema>, document: &Value) -> Option<Value> {
    match shape.map(|shape| &shape.shape) {
        Some(Shape::Object(object)) if object.required.is_empty() => None,
        Some(Shape::Object(object)) => Some(object.required.clone().into()),
        _ => Some(document.clone()),
    }
}

/// A field with what the shape knows about merging it.
fn marked(mut field: Value, shape: Option<&Schema>, dialect: Dialect) -> Value {
    let Some(shape) = shape else { return field };
    match &shape.shape {
        Shape::List(list) => {
            let (kind, keys) = match &list.kind {
                ListKind::Atomic => ("atomic", None),
                ListKind::Set => ("set", None),
                ListKind::Map(keys) => ("map", Some(keys)),
            };
            field["x-kubernetes-list-type"] = kind.into();
            if let Some(keys) = keys {
                field["x-kubernetes-list-map-keys"] = keys.clone().into();
            }
        }
        Shape::Object(object) if object.atomic => field["x-kubernetes-map-type"] = "atomic".into(),
        _ => {}
    }
    if let (Some(default), Dialect::V3) = (&shape.default, dialect) {
        field["default"] = default.clone();
    }
    mark_patch(&mut field, &shape.patch);
    field
}

fn mark_patch(field: &mut Value, patch: &PatchStrategy) {
    let words = [
        (patch.merge, "merge"),
        (patch.retain_keys, "retainKeys"),
        (patch.replace, "replace"),
    ];
    let strategy: Vec<&str> = words
        .iter()
        .filter(|(given, _)| *given)
        .map(|(_, word)| *word)
        .collect();
    if !strategy.is_empty() {
        field["x-kubernetes-patch-strategy"] = strategy.join(",").into();
    }
    if let Some(key) = &patch.merge_key {
        field["x-kubernetes-patch-merge-key"] = key.as_str().into();
    }
}
