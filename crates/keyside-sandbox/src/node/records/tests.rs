use super::*;
use std::convert::Infallible;

fn proof(namespace: &str, uid: &str, hash: &str) -> SecretProof {
    SecretProof {
        namespace: namespace.into(),
        name: "cred".into(),
        uid: uid.into(),
        hash: hash.into(),
    }
}

fn must_pull(
    records: &mut Records,
    policy: &VerificationPolicy,
    image: &str,
    proofs: &[SecretProof],
) -> bool {
    let Ok(answer) = records.must_pull::<Infallible>(policy, image, "id", || Ok(proofs.to_vec()));
    answer
}

#[test]
fn repository_is_the_text_without_tag_and_digest() {
    let digest = format!("sha256:{}", "a".repeat(64));
    for (image, expected) in [
        ("nginx".to_owned(), "nginx"),
        ("nginx:1".to_owned(), "nginx"),
        ("reg:5000/app".to_owned(), "reg:5000/app"),
        (format!("reg:5000/app:1@{digest}"), "reg:5000/app"),
        (format!("Quay.io/app@{digest}"), "Quay.io/app"),
    ] {
        assert_eq!(repository(&image), Some(expected), "{image}");
    }
    assert_eq!(repository("Not/Valid "), None);
}

#[test]
fn a_secret_whose_password_changed_keeps_its_right_and_its_new_hash_is_noted() {
    let mut records = Records::default();
    let policy = VerificationPolicy::default();
    records.pulled("reg.corp/app:1", "id", Some(proof("ns1", "u1", "old")));
    assert!(!must_pull(
        &mut records,
        &policy,
        "reg.corp/app:1",
        &[proof("ns1", "u1", "new")]
    ));
    assert!(
        !must_pull(
            &mut records,
            &policy,
            "reg.corp/app:1",
            &[proof("ns2", "u2", "new")]
        ),
        "the new hash counts now"
    );
    assert!(
        must_pull(
            &mut records,
            &policy,
            "reg.corp/app:1",
            &[proof("ns3", "u3", "old")]
        ),
        "the old one no longer does"
    );
}

#[test]
fn a_full_record_believes_hashes_only() {
    let mut records = Records::default();
    let policy = VerificationPolicy::default();
    for number in 0..WRITE_WHILE_MATCHING {
        records.pulled(
            "reg.corp/app:1",
            "id",
            Some(proof("ns1", &format!("u{number}"), &format!("h{number}"))),
        );
    }
    assert!(must_pull(
        &mut records,
        &policy,
        "reg.corp/app:1",
        &[proof("ns1", "u1", "other")]
    ));
    assert!(!must_pull(
        &mut records,
        &policy,
        "reg.corp/app:1",
        &[proof("ns9", "u9", "h1")]
    ));
}

#[test]
fn an_image_that_is_being_pulled_is_not_preloaded() {
    let mut records = Records::default();
    let policy = VerificationPolicy::default();
    assert!(!must_pull(&mut records, &policy, "reg.corp/app:1", &[]));
    records.intend("reg.corp/app:1");
    records.intend("reg.corp/app:1");
    records.end_intent("reg.corp/app:1");
    assert!(must_pull(&mut records, &policy, "reg.corp/app:1", &[]));
    records.end_intent("reg.corp/app:1");
    assert!(!must_pull(&mut records, &policy, "reg.corp/app:1", &[]));
}

#[test]
fn the_allow_list_takes_names_and_prefixes() {
    let policy = VerificationPolicy::NeverVerifyAllowlistedImages(vec![
        "reg.corp/base".into(),
        "reg.corp/open/*".into(),
    ]);
    let mut records = Records::default();
    for (image, expected) in [
        ("reg.corp/base:1", false),
        ("reg.corp/base/x:1", true),
        ("reg.corp/open/x:1", false),
        ("reg.corp/opener:1", true),
    ] {
        assert_eq!(must_pull(&mut records, &policy, image, &[]), expected, "{image}");
    }
}

#[test]
fn what_was_pulled_without_a_credential_is_everybodys_for_good() {
    let mut records = Records::default();
    let policy = VerificationPolicy::default();
    records.pulled("reg.corp/app:1", "id", Some(proof("ns1", "u1", "h")));
    records.pulled("reg.corp/app:2", "id", None);
    records.take_unsaved();
    records.pulled("reg.corp/app:1", "id", Some(proof("ns1", "u1", "h")));
    assert!(records.take_unsaved().is_empty(), "nothing new was said");
    assert!(!must_pull(&mut records, &policy, "reg.corp/app:3", &[]));
}

#[test]
fn a_broken_secret_matters_only_when_a_record_has_to_be_compared() {
    let mut records = Records::default();
    let policy = VerificationPolicy::default();
    records.pulled("reg.corp/free:1", "free", None);
    records.pulled("reg.corp/app:1", "app", Some(proof("ns1", "u1", "h")));
    assert_eq!(
        records.must_pull(&policy, "reg.corp/free:1", "free", || Err("broken")),
        Ok(false)
    );
    assert_eq!(
        records.must_pull(&policy, "reg.corp/app:1", "app", || Err("broken")),
        Err("broken")
    );
}
