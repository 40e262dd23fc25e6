use super::*;
use crate::InstallKey;
use crate::world::NOW;
use jiff::SignedDuration;
use serde_json::json;

fn later(seconds: i64) -> Timestamp {
    NOW.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

/// A pull secret for `quay.io` with this password.
fn holding(password: &str) -> core::Secret {
    let config = json!({"auths": {"quay.io": {"username": "u", "password": password}}}).to_string();
    made(
        "kubernetes.io/dockerconfigjson",
        &[(".dockerconfigjson", &config)],
    )
}

fn made(secret_type: &str, values: &[(&str, &str)]) -> core::Secret {
    let data = values.iter().map(|(key, value)| {
        let bytes = ByteString(value.as_bytes().to_vec());
        ((*key).to_owned(), bytes)
    });
    core::Secret {
        type_: Some(secret_type.to_owned()),
        data: Some(data.collect()),
        ..core::Secret::default()
    }
}

/// What the status says of a content and where it goes.
fn said(version: &str, destination: &str) -> CredentialStatus {
    CredentialStatus {
        current_version: Some(version.to_owned()),
        binding: Some(format!("{version}.{destination}")),
        ..CredentialStatus::default()
    }
}

/// Nothing that could stand in the way.
const FREE: Known<'static> = Known {
    status: None,
    generation: None,
};

/// The Secret after its content was replaced by that of another one.
fn replaced(before: &core::Secret, by: &core::Secret, at: i64) -> core::Secret {
    let mut after = before.clone();
    for (key, value) in by.data.iter().flatten() {
        after.data.as_mut().unwrap().insert(key.clone(), value.clone());
    }
    keep(
        before,
        &mut after,
        Some(&said(&format!("v{at}"), "here.1")),
        later(at),
    );
    after
}

/// The passwords of the present content and of the older ones.
fn passwords(secret: &core::Secret) -> Vec<String> {
    let password = |secret: &core::Secret| {
        let config = PullSecret::read(secret, None).config().cloned().unwrap();
        config.entries()[0]
            .credential()
            .password
            .expose_text()
            .into_owned()
    };
    let list = older(secret);
    let old = list.iter().map(|one| password(&with(secret, &one.values)));
    std::iter::once(password(secret)).chain(old).collect()
}

fn rotated(passwords: &[&str]) -> core::Secret {
    let mut secret = holding(passwords[0]);
    for (at, password) in (1..).zip(&passwords[1..]) {
        secret = replaced(&secret, &holding(password), at);
    }
    secret
}

#[test]
fn three_older_contents_are_kept_the_newest_first() {
    let secret = rotated(&["a", "b", "c", "d", "e"]);
    assert_eq!(passwords(&secret), ["e", "d", "c", "b"]);
    let stored = String::from_utf8(secret.data.as_ref().unwrap()[KEY].0.clone()).unwrap();
    assert_eq!(
        stored.matches("replaced").count(),
        KEPT,
        "what is not shown is not kept either"
    );
    let newest = &older(&secret)[0];
    assert_eq!(
        (newest.replaced, newest.version.as_deref()),
        (later(4), Some("v4"))
    );
    assert_eq!(newest.registries, ["quay.io"]);
}

#[test]
fn rolling_back_keeps_what_it_replaces_and_each_content_once() {
    let secret = rotated(&["a", "b", "c"]);
    let back = roll_back(&secret, 2, FREE, later(9)).unwrap();
    assert_eq!(passwords(&back), ["a", "c", "b"]);
    let again = roll_back(&back, 1, FREE, later(10)).unwrap();
    assert_eq!(passwords(&again), ["c", "a", "b"]);
    for missing in [0, 3, usize::MAX] {
        let refused = roll_back(&secret, missing, FREE, NOW);
        assert_eq!(refused, Err(Refusal::Missing { kept: 2 }), "{missing}");
    }
}

#[test]
fn same_content_again_is_no_version() {
    let secret = holding("a");
    assert_eq!(older(&replaced(&secret, &holding("a"), 1)), []);
    assert_eq!(passwords(&rotated(&["a", "b", "a", "b"])), ["b", "a"]);
}

#[test]
fn version_that_was_said_of_another_content_is_not_said_again() {
    let (first, mut second) = (holding("a"), holding("b"));
    let status = said("v", "here.1");
    keep(&first, &mut second, Some(&status), NOW);
    let mut third = second.clone();
    third.data.as_mut().unwrap().extend(holding("c").data.unwrap());
    keep(&second, &mut third, Some(&status), NOW);
    let versions: Vec<_> = older(&third).into_iter().map(|one| one.version).collect();
    assert_eq!(versions, [None, Some("v".to_owned())]);
}

#[test]
fn user_name_and_password_without_registry_have_a_history_too() {
    let logins = |user, password| {
        made(
            BASIC_AUTH,
            &[("username", user), ("password", password), ("other", "stays")],
        )
    };
    let secret = replaced(&logins("u", "a"), &logins("v", "b"), 1);
    assert!(older(&secret)[0].registries.is_empty());
    let back = roll_back(&secret, 1, FREE, NOW).unwrap();
    let value = |key: &str| String::from_utf8(back.data.as_ref().unwrap()[key].0.clone()).unwrap();
    assert_eq!(
        (value("username"), value("password"), value("other")),
        ("u".into(), "a".into(), "stays".into())
    );
}

#[test]
fn what_does_not_fit_into_a_secret_is_forgotten_the_oldest_first() {
    let long = |letter: &str| letter.repeat(250_000);
    let (a, b, c, d) = (long("a"), long("b"), long("c"), long("d"));
    let secret = rotated(&[&a, &b, &c, &d]);
    assert_eq!(passwords(&secret), [d, c, b]);
    let bytes: usize = secret.data.iter().flatten().map(|(_, value)| value.0.len()).sum();
    assert!(bytes <= SECRET_MAX, "{bytes}");
    // Beside a content that fills the Secret nothing is kept, and the content is.
    let full = rotated(&["a", &"x".repeat(SECRET_MAX - 100)]);
    assert_eq!(older(&full), []);
}

#[test]
fn forgetting_leaves_the_content() {
    let mut secret = rotated(&["a", "b"]);
    assert!(forget(&mut secret));
    assert_eq!(secret, holding("b"));
    assert!(!forget(&mut secret));
}

#[test]
fn list_that_somebody_else_has_spoilt_is_none() {
    let mut secret = holding("a");
    for spoilt in [
        "",
        "{}",
        "[1]",
        r#"[{"replaced":"2026-01-01T00:00:00Z","data":{"other":"YQ=="}}]"#,
        r#"[{"replaced":"2026-01-01T00:00:00Z","data":{".dockerconfigjson":"?"}}]"#,
    ] {
        let data = secret.data.as_mut().unwrap();
        data.insert(KEY.to_owned(), ByteString(spoilt.as_bytes().to_vec()));
        assert_eq!(older(&secret), [], "{spoilt}");
        assert_eq!(passwords(&replaced(&secret, &holding("b"), 1)), ["b", "a"]);
    }
}

#[test]
fn nothing_of_a_content_is_printed() {
    let secret = rotated(&["s3cret-one", "s3cret-two"]);
    let printed = format!("{:?}", older(&secret));
    assert!(
        printed.contains("[redacted]") && !printed.contains("s3cret"),
        "{printed}"
    );
}

#[test]
fn fingerprint_of_a_source_is_that_of_its_content_alone() {
    let key = InstallKey::new(&[7; 32]).unwrap();
    let print = |secret: &core::Secret| PullSecret::read(secret, Some(&key)).content;
    let secret = rotated(&["a", "b"]);
    assert_eq!(print(&secret), print(&holding("b")));
    assert_ne!(print(&secret), print(&holding("a")));
}

#[test]
fn content_goes_back_only_to_where_it_was_entered_for() {
    let secret = rotated(&["a", "b"]);
    let check = |destination: &str, expected: Option<Refusal>| {
        let status = said("v2", destination);
        let known = Known {
            status: Some(&status),
            generation: None,
        };
        assert_eq!(roll_back(&secret, 1, known, NOW).err(), expected, "{destination}");
    };
    check("here.1", None);
    check("there.1", Some(Refusal::Elsewhere));
    check("here.2", Some(Refusal::Elsewhere));
    let wide = replaced_from("here.3");
    let status = said("v2", "here.1");
    let known = Known {
        status: Some(&status),
        generation: None,
    };
    assert!(
        roll_back(&wide, 1, known, NOW).is_ok(),
        "a narrower scope hands it to fewer"
    );
}

/// A content that was replaced while it was for this destination.
fn replaced_from(destination: &str) -> core::Secret {
    let (before, mut after) = (holding("a"), holding("b"));
    keep(&before, &mut after, Some(&said("v1", destination)), NOW);
    after
}

#[test]
fn suspended_credential_and_a_spec_nobody_has_looked_at_get_no_older_content() {
    let secret = rotated(&["a", "b"]);
    let mut status = said("v2", "here.1");
    status.observed_generation = Some(1);
    let asked = |status: &CredentialStatus, generation| {
        let known = Known {
            status: Some(status),
            generation: Some(generation),
        };
        roll_back(&secret, 1, known, NOW).err()
    };
    assert_eq!(asked(&status, 1), None);
    assert_eq!(asked(&status, 2), Some(Refusal::Unseen));
    let condition = json!({
        "type": "Stalled", "status": "True", "reason": "DestinationChanged", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    });
    status.conditions = vec![serde_json::from_value(condition).unwrap()];
    assert_eq!(asked(&status, 1), Some(Refusal::Elsewhere));
}
