//! The acceptance table, and the checks it has no rows for.

use super::*;
use crate::acceptance::{cases, document as bytes_of, failures, text};
use crate::pattern::Warning;

#[test]
fn every_row_of_the_table_gets_the_advice_of_the_table() {
    failures(cases("dockerconfig.json", "cases"), |row| {
        let form = Form::of_secret_type(text(row, "type")).expect("rows have a docker config type");
        let findings = document(form, &bytes_of(row));
        let wanted = match text(&row["advice"], "level") {
            "accept" => Level::Accept,
            "warn" => Level::Warn,
            _ => Level::Reject,
        };
        if level(&findings) != wanted {
            return Err(format!(
                "{:?}, expected {wanted:?}: {findings:#?}",
                level(&findings)
            ));
        }
        match row["advice"]["hint"].as_str() {
            Some(hint) if !findings.iter().any(|finding| finding.rule.summary() == hint) => {
                Err(format!("nobody says {hint:?}: {findings:#?}"))
            }
            _ => Ok(()),
        }
    });
}

fn rules(text: &str) -> Vec<Rule> {
    document(Form::ConfigJson, text.as_bytes())
        .into_iter()
        .map(|finding| finding.rule)
        .collect()
}

fn key_rules(key: &str) -> Vec<Rule> {
    rules(&format!(r#"{{"auths":{{"{key}":{{"auth":"dTpw"}}}}}}"#))
}

#[test]
fn a_file_that_only_points_to_a_store_is_refused() {
    let text = br#"{"auths":{"https://index.docker.io/v1/":{}},"credsStore":"desktop"}"#;
    let findings = document(Form::ConfigJson, text);
    assert_eq!(findings[0].message(), "this file only points to a store");
    assert!(findings[0].is_refusal());
    assert!(
        findings[0]
            .why()
            .starts_with("the passwords are held by desktop; ")
    );
}

#[test]
fn a_store_beside_real_passwords_is_only_mentioned() {
    let text = br#"{"auths":{"quay.io":{"auth":"dTpw"}},"credHelpers":{"gcr.io":"gcloud"}}"#;
    let findings = document(Form::ConfigJson, text);
    assert_eq!(
        (level(&findings), findings[0].rule),
        (Level::Accept, Rule::PointsToStore)
    );
}

#[test]
fn keys_that_the_kubelet_never_finds_are_told() {
    for key in [
        "HTTPS://quay.io",
        "https://quay.io/v2",
        "Quay.io",
        "quay.io:443",
        "registry-1.docker.io",
        "quay.io ",
    ] {
        assert!(key_rules(key).contains(&Rule::KeyUnreachable), "{key}");
    }
    for key in [
        "quay.io",
        "https://quay.io/v1/",
        "https://index.docker.io/v1/",
        "docker.io",
        "*.reg.corp",
        "reg.corp:5000",
    ] {
        assert!(!key_rules(key).contains(&Rule::KeyUnreachable), "{key}");
    }
}

#[test]
fn keys_that_mean_something_else_are_told() {
    for key in [
        "robot@quay.io",
        "quay.io?x",
        "reg.corp?.example.com",
        "quay.io/org/app:1.0",
        "quay.io/*/app",
        "",
    ] {
        assert_eq!(key_rules(key), [Rule::KeyRefused], "{key}");
    }
}

#[test]
fn a_scheme_is_mentioned_and_a_usual_spelling_is_not() {
    assert_eq!(key_rules("https://quay.io/v2/"), [Rule::KeyRewritten]);
    assert_eq!(key_rules("https://index.docker.io/v1/"), []);
    assert_eq!(key_rules("quay.io/org/"), []);
}

#[test]
fn a_path_without_closing_slash_is_offered_to_neighbours() {
    let text = br#"{"auths":{"quay.io/org":{"auth":"dTpw"}}}"#;
    let findings = document(Form::ConfigJson, text);
    assert_eq!(findings[0].rule, Rule::Trap(Warning::OfferedToNeighbours));
    assert!(findings[0].why().starts_with("quay.io/org-b is served too; "));
    let (findings, key) = entry("quay.io/org", &Credential::new("u", "p"));
    assert_eq!(
        (findings, key.as_str()),
        (vec![], "quay.io/org"),
        "copies carry the slash"
    );
}

#[test]
fn two_spellings_of_one_registry_are_told() {
    let text = r#"{"auths":{"quay.io":{"auth":"dTpw"},"https://quay.io":{"auth":"dTpw"}}}"#;
    assert!(rules(text).contains(&Rule::SameRegistryTwice));
    let hub = r#"{"auths":{"docker.io":{"auth":"dTpw"},"https://index.docker.io/v1/":{"auth":"dTpw"}}}"#;
    assert_eq!(rules(hub), []);
}

#[test]
fn a_form_refuses_what_is_no_registry_and_offers_what_was_meant() {
    let (findings, key) = entry("robot@quay.io", &Credential::new("u", "p"));
    assert!(findings[0].is_refusal());
    assert_eq!(key, "robot@quay.io");
    assert!(
        findings[0].why().contains("(use quay.io)"),
        "{}",
        findings[0].why()
    );
}

#[test]
fn a_form_stores_the_canonical_spelling_and_says_so() {
    let (findings, key) = entry("https://Quay.io/v2/", &Credential::new("u", "p"));
    assert_eq!(key, "quay.io");
    assert_eq!(
        (level(&findings), findings[0].rule),
        (Level::Accept, Rule::KeyRewritten)
    );
}

#[test]
fn a_form_tells_blanks_and_an_eaten_robot_name() {
    let (findings, _) = entry("harbor.corp", &Credential::new("robot", "p\n"));
    let said: Vec<_> = findings.iter().map(Finding::message).collect();
    assert_eq!(
        said,
        [
            "harbor.corp: blank, newline or NUL at the edge",
            "harbor.corp: the user name stops where a dollar sign may have been"
        ]
    );
    assert!(findings[0].why().starts_with("in the password; "));
}

#[test]
fn no_finding_shows_a_value() {
    let text = r#"{"auths":{"https://hidden:hidden@quay.io/v2/":{"username":"hidden ","password":"hidden\n","identitytoken":"hidden"}}}"#;
    let (from_entry, _) = entry("hidden:hidden@quay.io", &Credential::new("hidden ", ""));
    for finding in document(Form::ConfigJson, text.as_bytes())
        .into_iter()
        .chain(from_entry)
    {
        assert!(!format!("{finding} {finding:?}").contains("hidden"), "{finding}");
    }
}
