use super::*;
use serde_json::json;

/// The schema at a path of fields; `[]` steps into the elements of a list.
fn at<'a>(root: &'a Schema, path: &str) -> &'a Schema {
    path.split('.')
        .fold(root, |schema, step| match (step, &schema.resolve().shape) {
            ("[]", Shape::List(list)) => &list.items,
            _ => schema
                .field(step)
                .unwrap_or_else(|| panic!("no {step} of {path}")),
        })
}

fn list_kind(root: &Schema, path: &str) -> ListKind {
    match &at(root, path).shape {
        Shape::List(list) => list.kind.clone(),
        other => panic!("{path} is no list but {other:?}"),
    }
}

#[test]
fn built_in_kinds_know_how_their_lists_merge() {
    let pod = builtin("", "v1", "Pod").unwrap();
    let key = |name: &str| ListKind::Map(vec![name.to_owned()]);
    assert_eq!(list_kind(&pod, "spec.imagePullSecrets"), key("name"));
    assert_eq!(list_kind(&pod, "spec.tolerations"), ListKind::Atomic);
    assert_eq!(list_kind(&pod, "metadata.finalizers"), ListKind::Set);
    assert_eq!(
        at(&pod, "spec.containers.[].ports.[].protocol").default,
        Some(json!("TCP"))
    );
    assert_eq!(
        at(&pod, "spec.volumes").patch,
        PatchStrategy::read("merge,retainKeys", "name")
    );
    let account = builtin("", "v1", "ServiceAccount").unwrap();
    assert_eq!(list_kind(&account, "imagePullSecrets"), ListKind::Atomic);
    assert_eq!(at(&account, "imagePullSecrets").patch, PatchStrategy::default());
}

#[test]
fn built_in_kinds_know_what_their_strings_hold() {
    let format = |kind: &str, path: &str| match at(&builtin("", "v1", kind).unwrap(), path).resolve().shape {
        Shape::String(format) => format,
        ref other => panic!("{path} is no string but {other:?}"),
    };
    assert_eq!(format("Pod", "metadata.creationTimestamp"), Format::Time);
    assert_eq!(format("Event", "eventTime"), Format::MicroTime);
    assert_eq!(format("Secret", "data.any"), Format::Bytes);
    assert_eq!(
        format("Pod", "spec.containers.[].resources.limits.cpu"),
        Format::Quantity
    );
}

#[test]
fn definitions_may_refer_to_themselves() {
    let definition = builtin("apiextensions.k8s.io", "v1", "CustomResourceDefinition").unwrap();
    let schema = "spec.versions.[].schema.openAPIV3Schema";
    let deep = at(
        &definition,
        &format!("{schema}.properties.a.properties.b.properties.c.type"),
    );
    assert!(matches!(deep.shape, Shape::String(Format::Plain)));
    assert!(matches!(
        at(&definition, &format!("{schema}.items")).resolve().shape,
        Shape::Either(_)
    ));
}

#[test]
fn kinds_that_are_not_known_have_no_shape() {
    assert!(builtin("apps", "v1beta1", "Deployment").is_none());
}

#[test]
fn custom_kinds_have_the_fields_of_every_object_and_their_own() {
    let kind = from_crd(
        &json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "rows": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
                 "items": {"type": "object", "properties": {"id": {"type": "string", "default": "x"}}}},
        "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
        "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true,
                 "properties": {"inner": {"type": "object", "properties": {"a": {"type": "string"}}}}}}}}}),
    );
    assert!(matches!(
        at(&kind, "metadata.labels.any").resolve().shape,
        Shape::String(Format::Plain)
    ));
    assert_eq!(list_kind(&kind, "spec.rows"), ListKind::Map(vec!["id".into()]));
    assert_eq!(at(&kind, "spec.rows.[].id").default, Some(json!("x")));
    assert!(matches!(&at(&kind, "spec.whole").shape, Shape::Object(map) if map.atomic));
    let inner = &at(&kind, "spec.open.inner").shape;
    assert!(matches!(inner, Shape::Object(object) if matches!(object.rest, Rest::Preserved)));
    assert!(kind.field("unknown").is_none());
}

#[test]
fn custom_kinds_without_schema_keep_everything() {
    let kind = from_crd(&Value::Null);
    assert!(matches!(&kind.shape, Shape::Object(object) if matches!(object.rest, Rest::Preserved)));
    assert!(matches!(
        at(&kind, "metadata.uid").shape,
        Shape::String(Format::Plain)
    ));
}
