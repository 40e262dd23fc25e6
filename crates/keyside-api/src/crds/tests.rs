use super::*;
use std::path::{Path, PathBuf};

/// The committed text that the chart installs.
fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/keyside/files/crds.yaml")
}

/// Calls `check` with the dotted path of every schema of every kind.
fn each_schema(check: &mut dyn FnMut(&str, &Value)) {
    fn walk(path: &str, schema: &Value, check: &mut dyn FnMut(&str, &Value)) {
        check(path, schema);
        for (name, child) in schema["properties"].as_object().into_iter().flatten() {
            walk(&format!("{path}.{name}"), child, check);
        }
        for key in ["items", "additionalProperties"] {
            if schema[key].is_object() {
                walk(&format!("{path}[]"), &schema[key], check);
            }
        }
    }
    for crd in crds() {
        let kind = crd.spec.names.kind.clone();
        let value = serde_json::to_value(&crd).unwrap();
        walk(
            &kind,
            &value["spec"]["versions"][0]["schema"]["openAPIV3Schema"],
            check,
        );
    }
}

#[test]
fn committed_copy_in_the_chart_equals_the_types() {
    if std::env::var_os("UPDATE_CRDS").is_some() {
        std::fs::write(committed(), yaml()).expect("the chart's folder is writable");
    }
    let text = std::fs::read_to_string(committed()).expect("the chart has a copy of the definitions");
    assert!(
        text == yaml(),
        "run `UPDATE_CRDS=1 cargo test -p keyside-api` to write the chart's copy anew"
    );
}

#[test]
fn every_schema_is_structural() {
    each_schema(&mut |path, schema| {
        let typed = schema["type"].is_string() || schema["x-kubernetes-int-or-string"] == true;
        // The root of an object and what embeds foreign types state their type all the same.
        assert!(typed, "{path} has no type: {schema}");
        for forbidden in ["$ref", "oneOf", "anyOf", "allOf", "definitions", "nullable"] {
            assert!(schema.get(forbidden).is_none(), "{path} has {forbidden}");
        }
    });
}

#[test]
fn every_field_of_a_spec_is_explained_in_a_whole_sentence() {
    each_schema(&mut |path, schema| {
        let named = path.contains(".spec.") && !path.ends_with("[]") && !path.contains("elector");
        if named {
            let text = schema["description"].as_str().unwrap_or_default();
            assert!(
                text.ends_with('.') && text.contains(' '),
                "{path} has no sentence: {text:?}"
            );
            assert!(!text.contains('\n'), "{path} keeps line breaks");
        }
    });
}

#[test]
fn every_list_and_text_of_a_spec_is_bounded() {
    each_schema(&mut |path, schema| {
        if !path.contains(".spec.") || path.contains("elector") {
            return;
        }
        match schema["type"].as_str() {
            Some("array") => {
                assert!(schema["maxItems"].is_u64(), "{path} is an unbounded list");
                assert!(
                    schema["x-kubernetes-list-type"].is_string(),
                    "{path} has no list type"
                );
            }
            Some("string") => {
                let bounded = schema["maxLength"].is_u64()
                    || schema["enum"].is_array()
                    || schema["format"] == "date-time";
                assert!(bounded, "{path} is an unbounded text");
            }
            Some("integer") => assert!(schema["maximum"].is_number(), "{path} is an unbounded number"),
            Some("boolean") => panic!("{path} is a boolean; an enum can grow"),
            _ => {}
        }
    });
}

#[test]
fn rules_say_in_their_message_which_field_is_meant() {
    let mut rules = 0;
    each_schema(&mut |path, schema| {
        for rule in schema["x-kubernetes-validations"]
            .as_array()
            .into_iter()
            .flatten()
        {
            rules += 1;
            let message = rule["message"].as_str().unwrap_or_default();
            assert!(message.starts_with('`'), "{path}: {message:?}");
        }
    });
    assert_eq!(rules, 8);
}

#[test]
fn references_of_the_namespaced_kind_cannot_name_a_namespace() {
    each_schema(&mut |path, schema| {
        if path.starts_with("RegistryCredential.spec") {
            assert!(
                schema["properties"].get("namespace").is_none(),
                "{path} names a namespace"
            );
        }
    });
}

#[test]
fn conditions_are_a_map_by_type() {
    let mut found = 0;
    each_schema(&mut |path, schema| {
        if path.ends_with(".status.conditions") {
            found += 1;
            assert_eq!(schema["x-kubernetes-list-type"], "map");
            assert_eq!(schema["x-kubernetes-list-map-keys"], serde_json::json!(["type"]));
        }
    });
    assert_eq!(found, 3);
}

#[test]
fn kinds_have_short_names_columns_and_status() {
    let summary: Vec<String> = crds()
        .iter()
        .map(|crd| {
            let version = &crd.spec.versions[0];
            let columns = version.additional_printer_columns.iter().flatten();
            let columns: Vec<String> = columns
                .map(|column| {
                    format!(
                        "{}{}",
                        column.name,
                        if column.priority == Some(1) { "*" } else { "" }
                    )
                })
                .collect();
            format!(
                "{} {} {} {} {} status={}",
                crd.spec.names.kind,
                crd.spec.scope,
                crd.spec.names.short_names.clone().unwrap_or_default().join(","),
                crd.spec.names.categories.clone().unwrap_or_default().join(","),
                columns.join(" "),
                version
                    .subresources
                    .as_ref()
                    .is_some_and(|sub| sub.status.is_some())
            )
        })
        .collect();
    insta::assert_snapshot!(summary.join("\n"), @r"
    Project Cluster ksproject keyside Ready Home Namespaces Age Reason* Title* Rancher* status=true
    RegistryCredential Namespaced regcred keyside Ready Registry Verified Expires Age Reason* Targets* status=true
    ClusterRegistryCredential Cluster cregcred keyside Ready Registry Verified Expires Age Reason* Targets* status=true
    InjectionTable Namespaced  keyside Age status=false
    ");
}
