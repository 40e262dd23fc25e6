//! What tools that wait by kstatus (Flux, `kubectl` plugins) make of our statuses: done, under way, or stuck.

use super::*;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// The rule of kstatus for kinds it does not know: an old status is under way, then `Reconciling`, `Stalled`, `Ready` count.
fn kstatus(generation: i64, observed: Option<i64>, conditions: &[Condition]) -> &'static str {
    let holds = |type_: &str, status: &str| {
        conditions
            .iter()
            .any(|one| one.type_ == type_ && one.status == status)
    };
    match () {
        () if observed.is_some_and(|observed| observed != generation) => "InProgress",
        () if holds("Reconciling", "True") => "InProgress",
        () if holds("Stalled", "True") => "Failed",
        () if holds("Ready", "False") || holds("Ready", "Unknown") => "InProgress",
        () => "Current",
    }
}

#[track_caller]
fn check(status: &CredentialStatus, expected: &str) {
    let one = kstatus(1, status.observed_generation, &status.conditions);
    assert_eq!(one, expected, "{:?}", conditions(status));
    let every = status
        .conditions
        .iter()
        .all(|one| one.observed_generation == status.observed_generation);
    assert!(every, "each condition says which generation it is about");
    let newer = kstatus(2, status.observed_generation, &status.conditions);
    assert_eq!(
        newer, "InProgress",
        "a change that was not looked at is under way"
    );
}

/// The status after the registry has said something.
fn verified(index: &mut Index, reason: &str) -> CredentialStatus {
    deliver(index);
    hear(
        index,
        &[("quay.io", reason)],
        "2026-11-01T00:00:00Z".parse().unwrap(),
    );
    status(index, &[])
}

#[test]
fn delivery_is_under_way_and_then_done() {
    let mut index = world(SHOP);
    check(&status(&index, &[]), "InProgress");
    deliver(&mut index);
    check(&status(&index, &[]), "Current");
}

#[test]
fn outage_of_a_registry_stops_nobody_who_waits() {
    check(&verified(&mut world(SHOP), "Timeout"), "Current");
    check(&verified(&mut world(SHOP), "RateLimited"), "Current");
}

#[test]
fn what_a_human_must_mend_is_stuck_and_not_under_way_for_ever() {
    for reason in ["BadCredentials", "NoPullScope", "Expired"] {
        check(&verified(&mut world(SHOP), reason), "Failed");
    }
    let mut taken = world(SHOP);
    add(
        &mut taken,
        20,
        "kind: Secret\nmetadata: {name: testquay, namespace: web}\nauths: {quay.io: 'x:y'}",
    );
    deliver(&mut taken);
    check(&status(&taken, &[]), "Failed");
    let refused = Failure {
        namespace: "web".into(),
        message: "exceeded quota".to_owned(),
    };
    check(&status(&world(SHOP), &[refused]), "Failed");
    let sourceless = world(&SHOP.replace("secret: {name: testquay}", "secret: {name: missing}"));
    check(&status(&sourceless, &[]), "Failed");
}
