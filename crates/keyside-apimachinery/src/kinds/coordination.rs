//! Leases, and events in their newer form (the same objects as the core group's).

use super::access::{inside, is_set, take, text};
use super::checks::Errors;
use super::core::event::NEW_EVENT;
use super::kind::{AGE, Kind, NAME};
use super::print::age;
use super::served::Group;
use crate::resource::Resource;
use crate::status::FieldError;
use serde_json::Value;

const EVENTS: Group = Group {
    name: "events.k8s.io",
    version: "v1",
};
const COORDINATION: Group = Group {
    name: "coordination.k8s.io",
    version: "v1",
};

/// Resources of `/apis/events.k8s.io/v1`.
pub(super) fn events() -> Vec<Resource> {
    vec![
        EVENTS
            .namespaced("Event", "events", NEW_EVENT)
            .short(&["ev"])
            .stored_under("")
            .done(),
    ]
}

/// Resources of `/apis/coordination.k8s.io/v1`.
pub(super) fn leases() -> Vec<Resource> {
    vec![COORDINATION.namespaced("Lease", "leases", LEASE).done()]
}

const LEASE: Kind = Kind {
    prepare_create: |lease, _| not_elected(lease, &Value::Null),
    prepare_update: |new, old, _| not_elected(new, old),
    validate_create: |lease, _| validate(lease),
    validate_update: |new, _, _| validate(new),
    columns: &[NAME, ("Holder", "string", "", 0, "Who holds the lease."), AGE],
    cells: |lease, now| {
        vec![
            lease["metadata"]["name"].clone(),
            text(&lease["spec"], "holderIdentity").into(),
            age(lease, now).into(),
        ]
    },
    ..Kind::PLAIN
};

/// Elections by the server are known, and switched off.
fn not_elected(lease: &mut Value, old: &Value) {
    if let Some(spec) = inside(lease, "spec") {
        for field in ["preferredHolder", "strategy"] {
            if !is_set(&old["spec"], field) {
                take(spec, field);
            }
        }
    }
}

fn validate(lease: &Value) -> Errors {
    let mut errors = Errors::new();
    let spec = &lease["spec"];
    if let Some(seconds) = spec["leaseDurationSeconds"]
        .as_i64()
        .filter(|seconds| *seconds <= 0)
    {
        let detail = "must be greater than 0";
        errors.push(FieldError::invalid("spec.leaseDurationSeconds", seconds, detail));
    }
    if let Some(number) = spec["leaseTransitions"].as_i64().filter(|number| *number < 0) {
        let detail = "must be greater than or equal to 0";
        errors.push(FieldError::invalid("spec.leaseTransitions", number, detail));
    }
    if !text(spec, "preferredHolder").is_empty() && !is_set(spec, "strategy") {
        let detail = "may only be specified if `strategy` is defined";
        errors.push(FieldError::forbidden("spec.preferredHolder", detail));
    }
    errors
}

#[cfg(test)]
mod tests;
