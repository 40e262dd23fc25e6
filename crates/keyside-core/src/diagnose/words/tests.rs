//! Every message that was collected from real nodes, and what no row says.

use super::*;
use serde_json::Value;

/// A list of the table of messages.
pub(crate) fn rows(list: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/cases/pull_errors.json");
    #[expect(clippy::disallowed_methods, reason = "tests read the tables from disk")]
    let text = std::fs::read_to_string(path).unwrap();
    let table: Value = serde_json::from_str(&text).unwrap();
    let rows = table[list].as_array().unwrap().clone();
    assert!(!rows.is_empty(), "{list}");
    rows
}

fn code(said: Option<Said>) -> &'static str {
    match said {
        Some(Said::Because(cause)) => cause.as_str(),
        Some(Said::BackOff) => "BackOff",
        None => "nothing",
    }
}

#[test]
fn every_collected_message_is_read_as_its_cause() {
    let mut failed = Vec::new();
    for row in rows("cases") {
        let message = row["message"].as_str().unwrap();
        let (got, expected) = (code(read(message)), row["cause"].as_str().unwrap());
        if got != expected {
            failed.push(format!("{}: {got}, not {expected}: {message}", row["name"]));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn notes_in_front_of_a_message_change_nothing() {
    for row in rows("cases") {
        let message = row["message"].as_str().unwrap();
        let combined = format!("{COMBINED}{message}");
        assert_eq!(read(&combined), read(message), "{message}");
        let bare = message.replace("rpc error: code = NotFound desc = ", "");
        assert_eq!(read(&bare), read(message), "{message}");
    }
}

#[test]
fn table_has_the_causes_of_the_collected_rules_in_their_order() {
    let expected: Vec<String> = rows("rules")
        .iter()
        .map(|rule| rule["cause"].as_str().unwrap().to_owned())
        .collect();
    let ours: Vec<&str> = SIGNS.iter().map(|(said, _)| code(Some(*said))).collect();
    assert_eq!(ours, expected);
}

#[test]
fn message_about_something_else_says_nothing() {
    for message in [
        "",
        "Error: failed to create containerd task",
        "the EOFs are fine",
        "Pulling image \"nginx\"",
    ] {
        assert_eq!(read(message), None, "{message}");
    }
}

#[test]
fn name_that_does_not_resolve_and_image_are_found() {
    assert_eq!(
        unknown_name("dial tcp: lookup auth.example on 10.0.0.10:53: no such host"),
        Some("auth.example")
    );
    assert_eq!(
        unknown_name("lookup reg.invalid: no such host"),
        Some("reg.invalid")
    );
    assert_eq!(unknown_name("no such host"), None);
    assert_eq!(
        image_of("(combined from similar events): Failed to pull image \"a/b:1\": x"),
        Some("a/b:1")
    );
    assert_eq!(image_of("Back-off pulling image \"a/b:1\""), Some("a/b:1"));
    assert_eq!(image_of("Error: ErrImagePull"), None);
}

#[test]
fn host_that_was_asked_is_found_in_the_words_of_every_runtime() {
    for (message, host) in [
        (
            "failed to do request: Head \"https://reg.corp:5000/v2/a/manifests/1\": EOF",
            Some("reg.corp:5000"),
        ),
        (
            "failed to fetch anonymous token: Get \"https://auth.corp/token?service=x\": EOF",
            Some("auth.corp"),
        ),
        (
            "error pulling image configuration: Get https://cdn.corp/x: dial tcp 10.0.0.1:443: i/o timeout",
            Some("cdn.corp"),
        ),
        ("see https://docs.corp/pull for help", None),
        ("Get \"https://robot@reg.corp/v2/\": EOF", None),
        ("Get \"https:///v2/\": EOF", None),
        ("Get \"https://reg.corp", None),
    ] {
        assert_eq!(asked_host(message), host, "{message}");
    }
}
