//! The acceptance tables, and what they do not hold.

use serde_json::Value;

use super::*;
use crate::acceptance::{cases, document, failures, text};
use crate::reference::Reference;

/// User, password, e-mail, source and hash of one credential.
type Row = [String; 5];

#[test]
fn every_row_of_the_keyring_table_is_looked_up_as_the_kubelet_does() {
    failures(cases("keyring.json", "cases"), |row| {
        if let Some(image) = row["image"].as_str() {
            let image = Reference::parse(image).map_err(|error| error.to_string())?;
            same(image.lookup(), text(row, "lookup"))?;
        }
        let keyring = match keyring_of(row) {
            Err(error) => return same(Some(error.to_string().as_str()), row["keyring_error"].as_str()),
            Ok(_) if row["keyring_error"].is_string() => return Err("no keyring error".to_owned()),
            Ok(keyring) => keyring,
        };
        let mut found: Vec<Row> = keyring
            .lookup(text(row, "lookup"))
            .iter()
            .map(found_row)
            .collect();
        let mut expected: Vec<Row> = row["expected"]
            .as_array()
            .into_iter()
            .flatten()
            .map(expected_row)
            .collect();
        if row["order"] == "unspecified" {
            found.sort();
            expected.sort();
        }
        same(row["found"].as_bool(), Some(!found.is_empty()))?;
        same(found, expected)
    });
}

fn keyring_of(row: &Value) -> Result<Keyring<String>, ReadError> {
    let mut keyring = Keyring::new();
    for secret in row["secrets"].as_array().into_iter().flatten() {
        let source = text(secret, "name").to_owned();
        keyring.add_secret(
            source,
            text(secret, "type"),
            text(secret, "key"),
            &document(secret),
        )?;
    }
    if !row["node_config"].is_null() {
        let config = DockerConfig::parse(Form::ConfigJson, row["node_config"].to_string().as_bytes())?;
        keyring.add_node_config("node".to_owned(), &config);
    }
    Ok(keyring)
}

fn found_row(found: &Found<'_, String>) -> Row {
    let Credential {
        username,
        password,
        email,
    } = found.credential;
    let [username, password, email] =
        [username, password, email].map(|value| value.expose_text().into_owned());
    [
        username,
        password,
        email,
        found.source.clone(),
        found.credential.kubelet_hash(),
    ]
}

fn expected_row(row: &Value) -> Row {
    ["username", "password", "email", "from", "hash"]
        .map(|field| row[field].as_str().unwrap_or_default().to_owned())
}

#[test]
fn every_row_of_the_match_table_is_compared_as_the_kubelet_does() {
    failures(cases("keyring.json", "urls_match"), |row| {
        let compared = urls_match(text(row, "glob"), text(row, "target"));
        same(
            compared.as_ref().is_ok_and(|&matches| matches),
            row["match"].as_bool().expect("a verdict"),
        )?;
        // Upstream's text quotes the pattern, which ours leaves out.
        let reason = row["error"]
            .as_str()
            .and_then(|error| error.split_once("\": "))
            .map(|(_, reason)| reason);
        same(compared.err().map(|error| error.to_string()).as_deref(), reason)
    });
}

fn same<T: PartialEq + std::fmt::Debug>(actual: T, expected: T) -> Result<(), String> {
    if actual == expected {
        Ok(())
    } else {
        Err(format!("{actual:?}, expected {expected:?}"))
    }
}

fn ring(keys: &[&str]) -> Ring<()> {
    let mut ring = Ring::default();
    for key in keys {
        ring.add((), key, Credential::new(*key, "p"));
    }
    ring
}

fn keys_found(ring: &Ring<()>, lookup: &str) -> Vec<String> {
    ring.lookup(lookup)
        .iter()
        .map(|found| found.key.to_owned())
        .collect()
}

#[test]
fn escapes_are_decoded_when_filed_and_again_when_compared() {
    // The second decoding of %2561 gives the letter a; a decoded question mark cuts the path.
    assert!(serves("quay.io/%2561pp", "quay.io/app"));
    assert!(serves("quay.io/a%3Fb", "quay.io/app"));
    assert!(!serves("quay.io/%25", "quay.io/app"));
    assert!(!serves("quay.io/%0a", "quay.io/app"));
}

#[test]
fn a_doubled_version_addresses_a_repository_that_begins_with_one() {
    assert!(!serves("quay.io/v2/app", "quay.io/v2/app"));
    assert!(serves("quay.io/v2/v2/app", "quay.io/v2/app"));
}

#[test]
fn a_colon_without_port_is_no_port() {
    assert!(serves("quay.io:", "quay.io/app"));
    assert!(!serves("quay.io:443", "quay.io/app"));
}

#[test]
fn a_hidden_hub_default_is_told() {
    let ring = ring(&["docker.io/team", "https://index.docker.io/v1/"]);
    assert_eq!(keys_found(&ring, "docker.io/team/app"), ["docker.io/team"]);
    let hidden = ring.hidden_hub_default("docker.io/team/app");
    assert_eq!(
        hidden.iter().map(|found| found.key).collect::<Vec<_>>(),
        ["https://index.docker.io/v1/"]
    );
    assert!(ring.hidden_hub_default("docker.io/library/nginx").is_empty());
    assert!(ring.lookup("docker.io/library/nginx")[0].is_hub_default);
}

#[test]
fn plugins_come_last_and_have_their_own_hub_default() {
    let mut keyring = Keyring::new();
    keyring.add_plugin_answer("plugin", "https://index.docker.io/v1/", Credential::new("c", "p"));
    keyring
        .add_secret(
            "secret",
            Form::ConfigJson.secret_type(),
            ".dockerconfigjson",
            br#"{"auths":{"docker.io":{}}}"#,
        )
        .unwrap();
    let sources: Vec<_> = keyring
        .lookup("docker.io/library/nginx")
        .iter()
        .map(|found| *found.source)
        .collect();
    assert_eq!(sources, ["secret", "plugin"]);
}

#[test]
fn an_unusable_key_is_filed_nowhere_and_says_why() {
    for (key, reason) in [
        ("quay.io\n", "net/url: invalid control character in URL"),
        ("quay.io ", "invalid character \" \" in host name"),
        ("reg:*", "invalid port after host"),
        ("{a,b}.corp", "invalid character \"{\" in host name"),
        ("reg[12].corp", "invalid host: not an IPv6 address in brackets"),
        ("quay.io/%zz", "invalid URL escape"),
        ("ro bot@quay.io", "net/url: invalid userinfo"),
    ] {
        assert_eq!(
            index_key(key).map_err(|error| error.to_string()),
            Err(reason.to_owned()),
            "{key:?}"
        );
    }
    assert_eq!(
        index_key("https://u:p@quay.io/v2/org?x#y").as_deref(),
        Ok("quay.io/org")
    );
}

#[test]
fn one_key_alone_serves_what_a_ring_of_it_finds() {
    let keys = [
        "quay.io",
        "docker.io/team",
        "https://index.docker.io/v1/",
        "index.docker.io/v1",
        "*.io",
        "quay.io/%2561pp",
        "[",
        "",
    ];
    let lookups = [
        "quay.io/app",
        "docker.io/team/app",
        "docker.io/library/nginx",
        "google/app",
        "nginx",
        "[",
        "",
    ];
    for (key, lookup) in keys.iter().flat_map(|key| lookups.map(|lookup| (*key, lookup))) {
        assert_eq!(
            serves(key, lookup),
            !ring(&[key]).lookup(lookup).is_empty(),
            "{key:?} for {lookup:?}"
        );
    }
}
