//! The acceptance table and round trips.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::acceptance::{cases, document, failures, text};

fn parse(text: &str) -> DockerConfig {
    DockerConfig::parse(Form::ConfigJson, text.as_bytes()).unwrap()
}

fn plain(config: &DockerConfig) -> String {
    config.to_json(Escape::Plain).expose_text().into_owned()
}

#[test]
fn every_row_of_the_table_is_read_as_the_kubelet_does() {
    failures(cases("dockerconfig.json", "cases"), |row| {
        let form = Form::of_secret_type(text(row, "type")).expect("rows have a docker config type");
        let bytes = document(row);
        let kubelet = &row["kubelet"];
        if kubelet["skipped"] == Value::Bool(true) {
            return if bytes.is_empty() {
                Ok(())
            } else {
                Err("only an empty value is skipped".to_owned())
            };
        }
        match DockerConfig::parse(form, &bytes) {
            Err(error) if kubelet["ok"] == Value::Bool(true) => Err(format!("refused: {error}")),
            Err(error) => same(error.to_string().as_str(), text(kubelet, "error")),
            Ok(_) if kubelet["ok"] == Value::Bool(false) => Err("accepted".to_owned()),
            Ok(config) => same_entries(&config, kubelet["entries"].as_object().expect("entries")),
        }
    });
}

#[test]
fn every_row_of_the_table_is_accepted_or_refused_as_by_the_api_server() {
    failures(cases("dockerconfig.json", "cases"), |row| {
        let accepted = api_server_accepts(&document(row)).is_ok();
        same(
            &accepted,
            &row["api_server"]["accepted"].as_bool().expect("a verdict"),
        )
    });
}

fn same<T: PartialEq + std::fmt::Debug + ?Sized>(actual: &T, expected: &T) -> Result<(), String> {
    if actual == expected {
        Ok(())
    } else {
        Err(format!("{actual:?}, expected {expected:?}"))
    }
}

fn same_entries(config: &DockerConfig, expected: &serde_json::Map<String, Value>) -> Result<(), String> {
    same(&config.entries().len(), &expected.len())?;
    for entry in config.entries() {
        let wanted = expected
            .get(entry.key())
            .ok_or_else(|| format!("unexpected key {:?}", entry.key()))?;
        for (name, value) in [
            ("username", &entry.credential().username),
            ("password", &entry.credential().password),
        ] {
            let wanted = match wanted[format!("{name}_base64")].as_str() {
                Some(encoded) => document(&serde_json::json!({"raw_base64": encoded})),
                None => text(wanted, name).as_bytes().to_vec(),
            };
            same(value.expose(), wanted.as_slice())
                .map_err(|error| format!("{name} of {}: {error}", entry.key()))?;
        }
        same(
            entry.credential().email.expose(),
            text(wanted, "email").as_bytes(),
        )?;
    }
    Ok(())
}

#[test]
fn a_new_document_looks_like_the_one_kubectl_writes() {
    let mut credential = Credential::new("u", "p");
    let config = DockerConfig::with_keys(["quay.io"], &credential);
    assert_eq!(
        plain(&config),
        r#"{"auths":{"quay.io":{"username":"u","password":"p","auth":"dTpw"}}}"#
    );
    credential.email = Secret::from("a@b.c");
    let config = DockerConfig::with_keys(["quay.io"], &credential);
    assert_eq!(
        plain(&config),
        r#"{"auths":{"quay.io":{"username":"u","password":"p","email":"a@b.c","auth":"dTpw"}}}"#
    );
}

#[test]
fn html_characters_are_escaped_only_on_request() {
    let config = DockerConfig::with_keys(["quay.io"], &Credential::new("<u>", "a&b"));
    assert!(plain(&config).contains(r#""username":"<u>","password":"a&b""#));
    let escaped = config.to_json(Escape::Html).expose_text().into_owned();
    assert!(escaped.contains(r#""username":"\u003cu\u003e","password":"a\u0026b""#));
    assert_eq!(plain(&parse(&escaped)), plain(&config));
}

#[test]
fn an_edit_keeps_other_entries_and_unknown_fields() {
    let mut config = parse(
        r#"{"auths":{"a":{"auth":"dTpw","x":[1, {"y":null}]},"b":{"username":"u","password":"p"}},"psFormat":"table","n":1e2}"#,
    );
    config.set("a", Credential::new("v", "q"));
    config.set("c", Credential::new("w", "r"));
    insta::assert_snapshot!(plain(&config), @r#"{"auths":{"a":{"username":"v","password":"q","auth":"djpx","x":[1, {"y":null}]},"b":{"username":"u","password":"p","auth":"dTpw"},"c":{"username":"w","password":"r","auth":"dzpy"}},"psFormat":"table","n":1e2}"#);
    assert!(config.remove("a"));
    assert!(!config.remove("a"));
    assert!(config.get("a").is_none());
}

#[test]
fn a_new_password_drops_the_tokens_of_the_old_one() {
    let mut config =
        parse(r#"{"auths":{"a":{"auth":"dTpw","identitytoken":"t","registrytoken":"r","x":1}}}"#);
    assert_eq!(config.entries()[0].identity_token(), Some(Secret::from("t")));
    assert_eq!(config.entries()[0].registry_token(), Some(Secret::from("r")));
    config.set("a", Credential::new("u", "q"));
    assert_eq!(
        plain(&config),
        r#"{"auths":{"a":{"username":"u","password":"q","auth":"dTpx","x":1}}}"#
    );
}

#[test]
fn auth_is_left_out_where_it_would_be_wrong() {
    assert_eq!(plain(&parse(r#"{"auths":{"h":{}}}"#)), r#"{"auths":{"h":{}}}"#);
    let colon = parse(r#"{"auths":{"h":{"username":"a:b","password":"c"}}}"#);
    assert_eq!(
        plain(&colon),
        r#"{"auths":{"h":{"username":"a:b","password":"c"}}}"#
    );
}

#[test]
fn bytes_that_are_no_text_survive_in_auth() {
    let config = parse(r#"{"auths":{"h":{"auth":"dTr/"}}}"#);
    assert_eq!(plain(&config), r#"{"auths":{"h":{"auth":"dTr/"}}}"#);
}

#[test]
fn null_empties_auths_and_leaves_a_field_as_it_was() {
    let config = parse(
        r#"{"auths":{"a":{"auth":"dTpw"}},"auths":null,"auths":{"b":{"username":"u","username":null}}}"#,
    );
    assert_eq!(config.entries().len(), 1);
    assert_eq!(config.entries()[0].credential().username, Secret::from("u"));
    assert!(config.quirks().duplicate_names);
}

#[test]
fn an_entry_that_cannot_be_read_is_reported_before_an_earlier_wrong_type() {
    let error = |text: &str| {
        DockerConfig::parse(Form::ConfigJson, text.as_bytes())
            .unwrap_err()
            .to_string()
    };
    let header = r#""HttpHeaders":{"X":1}"#;
    assert_eq!(
        error(&format!(r#"{{{header},"auths":{{"h":{{"auth":"pants"}}}}}}"#)),
        "illegal base64 data at input byte 4"
    );
    assert_eq!(
        error(&format!(r#"{{"auths":1,{header}}}"#)),
        "json: cannot unmarshal number into Go struct field DockerConfigJSON.auths of type credentialprovider.DockerConfig"
    );
}

#[test]
fn a_legacy_document_converts_to_the_form_of_today() {
    let config = DockerConfig::parse(Form::Legacy, br#"{"quay.io":{"auth":"dTpw","email":"e"}}"#).unwrap();
    assert_eq!(
        plain(&config),
        r#"{"quay.io":{"username":"u","password":"p","email":"e","auth":"dTpw"}}"#
    );
    let converted = config.into_form(Form::ConfigJson);
    assert_eq!(
        plain(&converted),
        r#"{"auths":{"quay.io":{"username":"u","password":"p","email":"e","auth":"dTpw"}}}"#
    );
}

#[test]
fn stores_and_helpers_are_noticed() {
    let config =
        parse(r#"{"auths":{"quay.io":{}},"credsStore":"desktop","credHelpers":{"gcr.io":"gcloud","x":1}}"#);
    assert_eq!(config.credential_store().as_deref(), Some("desktop"));
    assert_eq!(
        config.credential_helpers(),
        [("gcr.io".to_owned(), "gcloud".to_owned())]
    );
    assert_eq!(parse("{}").credential_store(), None);
}

#[test]
fn depth_up_to_ten_thousand_is_fine_and_one_more_is_not() {
    let nested = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(DockerConfig::parse(Form::ConfigJson, nested(10_000).as_bytes()).is_ok());
    let error = DockerConfig::parse(Form::ConfigJson, nested(10_001).as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "invalid character '[' exceeded max depth");
}

#[test]
fn debug_output_of_a_document_holds_no_secret() {
    let config = parse(
        r#"{"auths":{"h":{"username":"hidden-user","password":"hidden-word","identitytoken":"hidden-token"}}}"#,
    );
    assert!(!format!("{config:?}").contains("hidden"));
}

#[test]
fn a_removed_key_leaves_the_others_where_they_were() {
    let mut config = DockerConfig::with_keys(["a", "b", "c", "d"], &Credential::new("u", "p"));
    assert!(config.remove("b"));
    config.set("c", Credential::new("v", "q"));
    config.set("b", Credential::default());
    let entries: Vec<_> = config
        .entries()
        .iter()
        .map(|entry| {
            (
                entry.key(),
                entry.credential().username.expose_text().into_owned(),
            )
        })
        .collect();
    assert_eq!(
        entries,
        [("a", "u"), ("c", "v"), ("d", "u"), ("b", "")].map(|(key, user)| (key, user.to_owned()))
    );
    assert_eq!(config.get("d").map(Entry::key), Some("d"));
}

/// As many keys as fit into a Secret. Searching for each among the others would take minutes.
#[test]
fn a_document_full_of_keys_is_read_without_searching() {
    let entries: Vec<_> = (0..80_000).map(|n| format!(r#""{n}":{{}}"#)).collect();
    let text = format!(r#"{{"auths":{{{}}}}}"#, entries.join(","));
    let mut config = parse(&text);
    for n in 0..80_000 {
        config.set(n.to_string(), Credential::default());
    }
    assert_eq!(config.entries().len(), 80_000);
    assert_eq!(plain(&config), text);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        entries in prop::collection::btree_map("[a-z.:/]{1,12}", (".{0,8}", ".{0,8}", "[a-z@.]{0,6}"), 0..4),
        html in any::<bool>(),
    ) {
        let mut config = DockerConfig::new(Form::ConfigJson);
        for (key, (username, password, email)) in &entries {
            let mut credential = Credential::new(username.as_str(), password.as_str());
            credential.email = Secret::from(email.as_str());
            config.set(key, credential);
        }
        let written = config.to_json(if html { Escape::Html } else { Escape::Plain });
        let again = DockerConfig::parse(Form::ConfigJson, written.expose()).unwrap();
        prop_assert_eq!(again.entries().len(), entries.len());
        for (before, after) in config.entries().iter().zip(again.entries()) {
            prop_assert_eq!(before.key(), after.key());
            prop_assert_eq!(before.credential(), after.credential());
        }
        serde_json::from_slice::<Value>(written.expose()).unwrap();
        prop_assert!(api_server_accepts(written.expose()).is_ok());
    }

    #[test]
    fn any_bytes_are_read_or_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = DockerConfig::parse(Form::ConfigJson, &bytes);
    }

    #[test]
    fn damaged_documents_never_panic(at in 0_usize..90, byte in any::<u8>()) {
        let mut text = br#"{"auths":{"h":{"username":"\ud83d\ude00","password":"p","auth":"dTpw"}},"x":[-1.5e3,true]}"#.to_vec();
        let at = at.min(text.len() - 1);
        text[at] = byte;
        let read = DockerConfig::parse(Form::ConfigJson, &text);
        // A strict reader refuses more, never less.
        if serde_json::from_slice::<serde_json::Map<String, Value>>(&text).is_err() {
            return Ok(());
        }
        let is_syntax_error = matches!(read, Err(ReadError::Syntax(_)));
        prop_assert!(!is_syntax_error);
    }
}
