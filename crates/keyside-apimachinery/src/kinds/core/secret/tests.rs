//! Tests of Secrets: the acceptance tables and what they do not cover.

use crate::kinds::fixture::{create, report, resource, rows, update};
use crate::meta;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const DOCKER: &str = "kubernetes.io/dockerconfigjson";

fn secret(kind: &str, data: &Value) -> Value {
    let encoded = data.as_object().into_iter().flatten().map(|(key, value)| {
        (
            key.clone(),
            Value::from(STANDARD.encode(value.as_str().unwrap_or_default())),
        )
    });
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": kind, "data": encoded.collect::<Value>(),
        "metadata": {"name": "reg", "namespace": "default", "resourceVersion": "1"},
    })
}

fn docker() -> Value {
    secret(DOCKER, &json!({".dockerconfigjson": "{}"}))
}

fn with(mut secret: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').expect("a pointer has a slash");
    let parent = secret
        .pointer_mut(parent)
        .and_then(Value::as_object_mut)
        .expect("the parent is an object");
    parent.insert(field.to_owned(), value);
    secret
}

/// Errors of a new Secret, its metadata included.
fn created(secret: &Value) -> Vec<String> {
    let secrets = resource("", "secrets");
    let name = |name: &str, prefix: bool| secrets.behaviour.validate_name(name, prefix);
    let metadata = meta::validate(secret, true, name);
    metadata
        .iter()
        .map(ToString::to_string)
        .chain(create(&secrets, secret).1)
        .collect()
}

/// Errors of a change, its metadata included.
fn updated(new: &Value, old: &Value) -> Vec<String> {
    let metadata = meta::validate_update(new, old, true);
    let content = update(&resource("", "secrets"), new, old, "").1;
    metadata.iter().map(ToString::to_string).chain(content).collect()
}

/// The table names what is written; this says how to write it. `None` for a name not known here.
fn written(name: &str) -> Option<Vec<String>> {
    let sized = |bytes: usize| {
        secret(
            DOCKER,
            &json!({".dockerconfigjson": "{}", "big": "x".repeat(bytes - 2)}),
        )
    };
    let named = |name: &str| with(docker(), "/metadata/name", name.into());
    let frozen = || with(docker(), "/immutable", true.into());
    let changed = |old: Value| with(old, "/data/more", "AA==".into());
    let limit = 1024 * 1024;
    Some(match name {
        "ok" => created(&docker()),
        "missing-key-legacy" => created(&secret("kubernetes.io/dockercfg", &json!({}))),
        "extra-key" => created(&with(docker(), "/data/extra", "AA==".into())),
        "bad-extra-key" => created(&secret(DOCKER, &json!({".dockerconfigjson": "{}", "a/b": ""}))),
        "key-dotdot" => created(&with(docker(), "/data/..x", "AA==".into())),
        "size-at-limit" => created(&sized(limit)),
        "size-over-limit" => created(&sized(limit + 1)),
        "name-upper" => created(&named("Reg")),
        "name-dots" => created(&named("a.b.c")),
        "name-253" => created(&named(&"a".repeat(253))),
        "name-254" => created(&named(&"a".repeat(254))),
        "name-underscore" => created(&named("a_b")),
        "type-empty" => created(&secret("", &json!({}))),
        "annotations-256k" => created(&with(
            docker(),
            "/metadata/annotations",
            json!({"a": "x".repeat(256 * 1024)}),
        )),
        "update-type" => updated(&with(docker(), "/type", "Opaque".into()), &docker()),
        "update-set-immutable" => updated(&changed(frozen()), &docker()),
        "update-immutable-data" => updated(&changed(frozen()), &frozen()),
        "update-immutable-labels" => {
            updated(&with(frozen(), "/metadata/labels", json!({"a": "b"})), &frozen())
        }
        "update-unset-immutable" => updated(&with(frozen(), "/immutable", false.into()), &frozen()),
        "update-nil-immutable" => updated(&docker(), &frozen()),
        "update-rename" => updated(&named("other"), &docker()),
        "update-remove-key" => updated(&with(docker(), "/data", json!({})), &docker()),
        _ => return None,
    })
}

/// The table cuts long texts in the middle.
fn fits(shown: &str, expected: &str) -> bool {
    match expected.split_once('…') {
        Some((start, end)) => shown.starts_with(start) && shown.ends_with(end),
        None => shown == expected,
    }
}

#[test]
fn secrets_are_checked_as_in_the_table() {
    let failures: Vec<String> = rows("dockerconfig.json", "secret_object")
        .iter()
        .filter_map(|row| {
            let Some(errors) = written(row["name"].as_str()?) else {
                return Some(format!("{row}\n  what it writes is not known here"));
            };
            let expected: Vec<&str> = row["errors"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let same =
                errors.len() == expected.len() && errors.iter().zip(&expected).all(|(e, x)| fits(e, x));
            (!same || errors.is_empty() != (row["accepted"] == true))
                .then(|| format!("{row}\n  got {errors:?}"))
        })
        .collect();
    report(&failures);
}

#[test]
fn documents_are_checked_as_in_the_table() {
    let failures: Vec<String> = rows("dockerconfig.json", "cases")
        .iter()
        .filter_map(|row| {
            let raw = row["raw"].as_str().map(|raw| STANDARD.encode(raw));
            let data = raw.or_else(|| row["raw_base64"].as_str().map(str::to_owned))?;
            let key = row["key"].as_str()?;
            let errors = created(&with(
                secret(row["type"].as_str()?, &json!({})),
                "/data",
                json!({key: data}),
            ));
            let expected = &row["api_server"];
            let texts: Vec<&str> = expected["errors"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let same = errors.len() == texts.len() && errors.iter().zip(&texts).all(|(e, x)| fits(e, x));
            (!same || errors.is_empty() != (expected["accepted"] == true))
                .then(|| format!("{row}\n  got {errors:?}"))
        })
        .collect();
    report(&failures);
}

#[test]
fn texts_become_data() {
    let mut secret = json!({"stringData": {"a": "ü", "b": ""}, "data": {"a": "b2xk", "c": "eA=="}});
    resource("", "secrets").behaviour.default(&mut secret);
    assert_eq!(
        secret,
        json!({"data": {"a": "w7w=", "c": "eA==", "b": ""}, "type": "Opaque"})
    );
}

#[test]
fn every_type_demands_its_entries() {
    let check = |kind: &str, data: Value, expected: &[&str]| {
        assert_eq!(created(&secret(kind, &data)), expected, "{kind} {data}");
    };
    let missing = |key: &str| format!("data[{key}]: Required value");
    check("kubernetes.io/basic-auth", json!({"password": ""}), &[]);
    check(
        "kubernetes.io/basic-auth",
        json!({}),
        &[&missing("username"), &missing("password")],
    );
    check(
        "kubernetes.io/ssh-auth",
        json!({"ssh-privatekey": ""}),
        &[&missing("ssh-privatekey")],
    );
    check(
        "kubernetes.io/tls",
        json!({"tls.crt": "x"}),
        &[&missing("tls.key")],
    );
    check(
        "kubernetes.io/service-account-token",
        json!({}),
        &["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
    );
    check("anything/else", json!({}), &[]);
}

#[test]
fn errors_never_show_what_is_stored() {
    let broken = secret(DOCKER, &json!({".dockerconfigjson": "hunter2"}));
    let shown = format!("{:?}", created(&broken));
    assert!(
        shown.contains("<secret contents redacted>") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn a_pair_without_a_certificate_is_warned_about() {
    let warnings = |data: Value| {
        resource("", "secrets")
            .behaviour
            .warnings(&secret("kubernetes.io/tls", &data), None)
    };
    assert_eq!(
        warnings(json!({"tls.crt": "x", "tls.key": "y"})),
        ["tls: failed to find any PEM data in certificate input"]
    );
    let pem = "-----BEGIN X-----\n";
    assert!(warnings(json!({"tls.crt": pem, "tls.key": pem})).is_empty());
}

#[test]
fn a_row_tells_the_type_and_counts() {
    insta::assert_snapshot!(crate::kinds::fixture::row(&resource("", "secrets"), &docker()), @r"
    Name: reg
    Type: kubernetes.io/dockerconfigjson
    Data: 1
    Age: <unknown>
    ");
}
