//! Tests of leases; events are tested with the core group.

use crate::kinds::fixture::{create, resource, row, yaml};

#[test]
fn a_lease_lasts_and_has_a_holder() {
    let leases = resource("coordination.k8s.io", "leases");
    let check = |spec: &str, expected: &[&str]| {
        let lease = yaml(&format!("{{metadata: {{name: l}}, spec: {spec}}}"));
        assert_eq!(create(&leases, &lease).1, expected, "{spec}");
    };
    check("{holderIdentity: me, leaseDurationSeconds: 15}", &[]);
    check(
        "{leaseDurationSeconds: 0, leaseTransitions: -1}",
        &[
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        ],
    );
    let lease = yaml("{metadata: {name: l}, spec: {holderIdentity: me}}");
    assert_eq!(row(&leases, &lease), "Name: l\nHolder: me\nAge: <unknown>\n");
}

#[test]
fn the_newer_events_share_the_store_of_the_old() {
    let events = resource("events.k8s.io", "events");
    assert_eq!(
        (events.storage_group.as_str(), events.plural.as_str()),
        ("", "events")
    );
}
