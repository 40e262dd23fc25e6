use super::*;
use crate::kinds::builtin_resources;
use crate::schema::{definitions as table, from_crd};
use crate::{crd, resource};
use std::collections::BTreeSet;

fn all() -> Vec<Resource> {
    builtin_resources()
}

/// All names referred to, anywhere in a document.
fn references(document: &Value, found: &mut BTreeSet<String>) {
    match document {
        Value::Object(fields) => {
            let name = fields
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|r| r.rsplit('/').next());
            found.extend(name.map(String::from));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(elements) => elements.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn check_closed(document: &Value, definitions: &Value) {
    let mut found = BTreeSet::new();
    references(document, &mut found);
    let missing: Vec<_> = found
        .iter()
        .filter(|name| definitions.get(name.as_str()).is_none())
        .collect();
    assert_eq!(missing, Vec::<&String>::new());
}

/// A custom resource with a schema.
fn custom(schema: Value) -> Resource {
    let definition = json!({
        "spec": {"group": "stable.example.com", "scope": "Namespaced", "versions": [
            {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema},
             "selectableFields": [{"jsonPath": ".spec.color"}]}]},
        "status": {"acceptedNames": {"kind": "Foo", "plural": "foos", "singular": "foo", "listKind": "FooList"}},
    });
    crd::resources(&definition).pop().expect("one version")
}

fn published(schema: Value, dialect: Dialect) -> Value {
    let resource = custom(schema);
    schemas(&[&resource], dialect)["com.example.stable.v1.Foo"].clone()
}

#[test]
fn every_reference_has_a_target_in_its_document() {
    let resources = all();
    let resources: Vec<&Resource> = resources.iter().collect();
    let document = v2(&resources);
    check_closed(&document, &document["definitions"]);
    let versions: BTreeSet<_> = resources.iter().map(|r| (&r.gvk.group, &r.gvk.version)).collect();
    for (group, version) in versions {
        let document = v3(group, version, &resources);
        check_closed(&document, &document["components"]["schemas"]);
    }
}

#[test]
fn every_served_kind_is_described() {
    for resource in all() {
        let gvk = &resource.gvk;
        assert!(
            table::definition_name(&gvk.group, &gvk.version, &gvk.kind).is_some(),
            "{gvk:?}"
        );
    }
}

#[test]
fn lists_tell_how_they_merge() {
    let resources = all();
    let document = v3("", "v1", &resources.iter().collect::<Vec<_>>());
    let schemas = &document["components"]["schemas"];
    let secrets = &schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["imagePullSecrets"];
    let known: Map<String, Value> = secrets
        .as_object()
        .unwrap()
        .iter()
        .filter(|(k, _)| *k != "description")
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    assert_eq!(
        Value::Object(known),
        json!({
            "type": "array",
            "items": {"$ref": "#/components/schemas/io.k8s.api.core.v1.LocalObjectReference"},
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "x-kubernetes-patch-strategy": "merge",
            "x-kubernetes-patch-merge-key": "name",
        })
    );
    let account = &schemas["io.k8s.api.core.v1.ServiceAccount"]["properties"]["imagePullSecrets"];
    assert_eq!(account["x-kubernetes-list-type"], "atomic");
    assert_eq!(account.get("x-kubernetes-patch-strategy"), None);
    assert_eq!(
        schemas["io.k8s.api.core.v1.LocalObjectReference"]["x-kubernetes-map-type"],
        "atomic"
    );
}

#[test]
fn kubectl_finds_the_kind_of_a_resource_and_what_writes_understand() {
    let resources = all();
    let document = v3("apps", "v1", &resources.iter().collect::<Vec<_>>());
    let object = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"];
    let patch = &object["patch"];
    let kind = json!({"group": "apps", "kind": "Deployment", "version": "v1"});
    assert_eq!(patch["x-kubernetes-group-version-kind"], kind);
    assert_eq!(patch["operationId"], "patchAppsV1NamespacedDeployment");
    let names: Vec<_> = patch["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["dryRun", "fieldManager", "fieldValidation", "force"]);
    let scale = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"]["get"];
    assert_eq!(scale["x-kubernetes-group-version-kind"]["kind"], "Scale");
    assert_eq!(
        document["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"]["x-kubernetes-group-version-kind"],
        json!([kind])
    );
    let list = &document["paths"]["/apis/apps/v1/deployments"]["get"];
    assert_eq!(list["operationId"], "listAppsV1DeploymentForAllNamespaces");
}

#[test]
fn the_index_leads_to_documents_named_by_content() {
    let index = v3_index(&["v1", "apps/v1"], |gv| {
        format!("hash-of-{}", gv.replace('/', "-"))
    });
    assert_eq!(
        index,
        json!({"paths": {
            "api/v1": {"serverRelativeURL": "/openapi/v3/api/v1?hash=hash-of-v1"},
            "apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=hash-of-apps-v1"},
        }})
    );
}

#[test]
fn custom_kinds_are_published_as_written_with_the_fields_of_every_object() {
    let schema = json!({"type": "object", "description": "Foo for testing", "properties": {
        "spec": {"type": "object", "required": ["bars"], "properties": {"bars": {"type": "array", "items": {"type": "string"}}}}}});
    for dialect in [Dialect::V2, Dialect::V3] {
        let mut definition = published(schema.clone(), dialect);
        let fields = definition["properties"].as_object_mut().unwrap();
        assert!(
            fields.shift_remove("apiVersion").unwrap()["description"]
                .as_str()
                .unwrap()
                .starts_with("APIVersion defines")
        );
        assert_eq!(fields.shift_remove("kind").unwrap()["type"], "string");
        let metadata = fields.shift_remove("metadata").unwrap();
        assert!(metadata.to_string().contains("meta.v1.ObjectMeta"));
        let rest = definition.as_object_mut().unwrap();
        let mark = json!([{"group": "stable.example.com", "version": "v1", "kind": "Foo"}]);
        assert_eq!(rest.shift_remove("x-kubernetes-group-version-kind"), Some(mark));
        assert_eq!(
            rest.shift_remove("x-kubernetes-selectable-fields"),
            Some(json!([{"fieldPath": "spec.color"}]))
        );
        assert_eq!(definition, schema);
    }
}

#[test]
fn version_two_says_nothing_that_would_mislead_kubectl() {
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"a": {"type": "string"}}});
    let root = published(open.clone(), Dialect::V2);
    assert_eq!((root.get("properties"), &root["type"]), (None, &json!("object")));
    let nested = published(
        json!({"type": "object", "properties": {
            "open": open,
            "maybe": {"type": "object", "nullable": true, "properties": {"a": {"type": "string"}}},
            "either": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}},
            "required": ["maybe", "open"]}),
        Dialect::V2,
    );
    assert_eq!(
        nested["properties"]["open"],
        json!({"x-kubernetes-preserve-unknown-fields": true})
    );
    assert_eq!(nested["properties"]["maybe"], json!({}));
    assert_eq!(
        nested["properties"]["either"],
        json!({"x-kubernetes-int-or-string": true})
    );
    assert_eq!(nested["required"], json!(["open"]));
}

#[test]
fn embedded_objects_have_the_fields_of_every_object() {
    let schema = json!({"type": "object", "properties": {
        "template": {"type": "object", "x-kubernetes-embedded-resource": true, "properties": {"spec": {"type": "object"}}}}});
    let template = &published(schema, Dialect::V3)["properties"]["template"];
    assert_eq!(template["required"], json!(["kind", "apiVersion"]));
    let fields: Vec<_> = template["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(fields, ["spec", "apiVersion", "kind", "metadata"]);
}

#[test]
fn custom_kinds_without_schema_are_open() {
    let mut resource = custom(json!({"type": "object"}));
    resource.schema = resource::fn_schema::lazy(|| from_crd(&Value::Null));
    let definition = &schemas(&[&resource], Dialect::V3)["com.example.stable.v1.Foo"];
    assert_eq!(
        (definition.get("properties"), &definition["type"]),
        (None, &json!("object"))
    );
}
