//! Moving from `kubectl apply` to `kubectl apply --server-side`: what the annotation of the former says was applied
//! is no conflict for the latter, and the annotation is kept up to date.

use super::compare::compare;
use super::typed::{self, Type};
use super::{Conflict, fields};
use crate::meta;
use serde_json::Value;

/// The field manager of kubectl's server-side apply. Others do not get the special treatment.
pub(super) const KUBECTL: &str = "kubectl";

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The conflicts that remain when fields still as they were applied on the client side are taken over.
pub(super) fn remaining(ty: Type<'_>, live: &Value, conflicts: Vec<Conflict>) -> Vec<Conflict> {
    let Some(allowed) = allowed(ty, live) else {
        return conflicts;
    };
    conflicts
        .into_iter()
        .filter(|conflict| !allowed.contains(&conflict.field))
        .collect()
}

fn allowed(ty: Type<'_>, live: &Value) -> Option<Vec<String>> {
    let last: Value = serde_json::from_str(meta::annotation(live, ANNOTATION)?).ok()?;
    if last["apiVersion"] != live["apiVersion"] || typed::check(ty, &last, false).is_err() {
        return None;
    }
    let changes = compare(ty, &last, live).ok()?;
    let different = changes.modified.union(&changes.added).union(&changes.removed);
    Some(fields::of(ty, &last).difference(&different).paths())
}

/// Writes the applied configuration into the annotation, if the object has it.
pub(super) fn refresh(object: &mut Value, applied: &Value) {
    if meta::annotation(object, ANNOTATION).is_none_or(str::is_empty) {
        return;
    }
    let mut applied = applied.clone();
    if let Some(Value::Object(annotations)) = applied.pointer_mut("/metadata/annotations") {
        annotations.shift_remove(ANNOTATION);
    }
    object["metadata"]["annotations"][ANNOTATION] = format!("{applied}\n").into();
}
