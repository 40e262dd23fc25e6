//! Where a pod may run: affinity, spreading, tolerations, and a node's taints.

use crate::kinds::access::{count, entries, int, is_set, list, text};
use crate::kinds::checks::{Errors, label_selector, one_of_or_none, sentences};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::status::{FieldError, FieldErrorKind};
use serde_json::Value;
use std::collections::HashSet;

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Errors of `affinity`.
pub(super) fn affinity(errors: &mut Errors, path: &Path, affinity: &Value) {
    let (node, own) = (&affinity["nodeAffinity"], path.at("nodeAffinity"));
    if is_set(node, REQUIRED) {
        node_selector(errors, &own.at(REQUIRED), &node[REQUIRED]);
    }
    for (i, term) in list(node, PREFERRED).iter().enumerate() {
        let path = own.at(PREFERRED).index(i);
        weight(errors, &path, term);
        node_term(errors, &path.at("preference"), &term["preference"], false);
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let (terms, own) = (&affinity[kind], path.at(kind));
        for (i, term) in list(terms, REQUIRED).iter().enumerate() {
            pod_term(errors, &own.at(REQUIRED).index(i), term);
        }
        for (i, term) in list(terms, PREFERRED).iter().enumerate() {
            let path = own.at(PREFERRED).index(i);
            weight(errors, &path, term);
            pod_term(errors, &path.at("podAffinityTerm"), &term["podAffinityTerm"]);
        }
    }
}

/// Errors of a `NodeSelector`.
pub(crate) fn node_selector(errors: &mut Errors, path: &Path, selector: &Value) {
    let (terms, path) = (list(selector, "nodeSelectorTerms"), path.at("nodeSelectorTerms"));
    if terms.is_empty() {
        errors.push(FieldError::required(
            path,
            "must have at least one node selector term",
        ));
        return;
    }
    for (i, term) in terms.iter().enumerate() {
        node_term(errors, &path.index(i), term, true);
    }
}

fn weight(errors: &mut Errors, path: &Path, term: &Value) {
    let weight = count(term, "weight");
    if !(1..=100).contains(&weight) {
        errors.push(FieldError::invalid(
            path.at("weight"),
            weight,
            "must be in the range 1-100",
        ));
    }
}

fn node_term(errors: &mut Errors, path: &Path, term: &Value, check_values: bool) {
    for (i, requirement) in list(term, "matchExpressions").iter().enumerate() {
        let path = path.at("matchExpressions").index(i);
        let values = list(requirement, "values");
        operator(errors, &path, text(requirement, "operator"), values);
        let key = text(requirement, "key");
        sentences(errors, &path.at("key"), key, name::label_key(key));
        for (j, value) in values.iter().enumerate().filter(|_| check_values) {
            let value = value.as_str().unwrap_or_default();
            sentences(
                errors,
                &path.at("values").index(j),
                value,
                name::label_value(value),
            );
        }
    }
    for (i, requirement) in list(term, "matchFields").iter().enumerate() {
        let path = path.at("matchFields").index(i);
        match text(requirement, "operator") {
            "In" | "NotIn" if list(requirement, "values").len() != 1 => errors.push(FieldError::required(
                path.at("values"),
                "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
            )),
            "In" | "NotIn" => {}
            other => {
                errors.push(FieldError::invalid(
                    path.at("operator"),
                    other,
                    "not a valid selector operator",
                ));
            }
        }
        let key = text(requirement, "key");
        if key != "metadata.name" {
            errors.push(FieldError::invalid(
                path.at("key"),
                key,
                "not a valid field selector key",
            ));
        }
    }
}

fn operator(errors: &mut Errors, path: &Path, operator: &str, values: &[Value]) {
    let path_of_values = path.at("values");
    match operator {
        "In" | "NotIn" if values.is_empty() => errors.push(FieldError::required(
            path_of_values,
            "must be specified when `operator` is 'In' or 'NotIn'",
        )),
        "Exists" | "DoesNotExist" if !values.is_empty() => errors.push(FieldError::forbidden(
            path_of_values,
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        )),
        "Gt" | "Lt" if values.len() != 1 => errors.push(FieldError::required(
            path_of_values,
            "must be specified single value when `operator` is 'Lt' or 'Gt'",
        )),
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => {
            errors.push(FieldError::invalid(
                path.at("operator"),
                other,
                "not a valid selector operator",
            ));
        }
    }
}

fn pod_term(errors: &mut Errors, path: &Path, term: &Value) {
    for field in ["labelSelector", "namespaceSelector"] {
        label_selector(errors, &path.at(field), &term[field]);
    }
    for namespace in list(term, "namespaces").iter().filter_map(Value::as_str) {
        sentences(
            errors,
            &path.at("namespace"),
            namespace,
            name::label(namespace, false),
        );
    }
    for field in ["matchLabelKeys", "mismatchLabelKeys"] {
        label_keys(errors, &path.at(field), list(term, field), term);
    }
    let other = list(term, "mismatchLabelKeys");
    for (i, key) in list(term, "matchLabelKeys")
        .iter()
        .enumerate()
        .filter(|(_, key)| other.contains(key))
    {
        let detail = "exists in both matchLabelKeys and mismatchLabelKeys";
        errors.push(FieldError::invalid(
            path.at("matchLabelKeys").index(i),
            key.clone(),
            detail,
        ));
    }
    let key = text(term, "topologyKey");
    if key.is_empty() {
        errors.push(FieldError::required(path.at("topologyKey"), "can not be empty"));
    }
    sentences(errors, &path.at("topologyKey"), key, name::label_key(key));
}

fn label_keys(errors: &mut Errors, path: &Path, keys: &[Value], term: &Value) {
    if keys.is_empty() {
        return;
    }
    if !is_set(term, "labelSelector") {
        errors.push(FieldError::forbidden(
            path,
            "must not be specified when labelSelector is not set",
        ));
        return;
    }
    for (i, key) in keys.iter().enumerate() {
        let key = key.as_str().unwrap_or_default();
        sentences(errors, &path.index(i), key, name::label_key(key));
    }
}

/// Errors of `topologySpreadConstraints`.
pub(super) fn spread(errors: &mut Errors, path: &Path, spec: &Value) {
    let all = list(spec, "topologySpreadConstraints");
    for (i, constraint) in all.iter().enumerate() {
        let path = path.index(i);
        let (key, action) = (
            text(constraint, "topologyKey"),
            text(constraint, "whenUnsatisfiable"),
        );
        let skew = count(constraint, "maxSkew");
        if skew <= 0 {
            errors.push(FieldError::invalid(
                path.at("maxSkew"),
                skew,
                "must be greater than zero",
            ));
        }
        if key.is_empty() {
            errors.push(FieldError::required(path.at("topologyKey"), "can not be empty"));
        }
        let actions = ["DoNotSchedule", "ScheduleAnyway"];
        if !actions.contains(&action) {
            errors.push(FieldError::not_supported(
                path.at("whenUnsatisfiable"),
                action,
                &actions,
            ));
        }
        let same =
            |other: &Value| text(other, "topologyKey") == key && text(other, "whenUnsatisfiable") == action;
        if all[i + 1..].iter().any(same) {
            let path = path.at("{topologyKey, whenUnsatisfiable}");
            errors.push(FieldError::duplicate(path, format!("{{{key}, {action}}}")));
        }
        if let Some(domains) = int(constraint, "minDomains") {
            let path = path.at("minDomains");
            if domains <= 0 {
                errors.push(FieldError::invalid(&path, domains, "must be greater than zero"));
            }
            if action != "DoNotSchedule" {
                let detail =
                    format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
                errors.push(FieldError::invalid(path, domains, detail));
            }
        }
        for field in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            one_of_or_none(errors, &path.at(field), &constraint[field], &["Honor", "Ignore"]);
        }
        label_keys(
            errors,
            &path.at("matchLabelKeys"),
            list(constraint, "matchLabelKeys"),
            constraint,
        );
        label_selector(errors, &path.at("labelSelector"), &constraint["labelSelector"]);
    }
}

/// Errors of tolerations.
pub(crate) fn tolerations(errors: &mut Errors, path: &Path, all: &[Value]) {
    for (i, toleration) in all.iter().enumerate() {
        let path = path.index(i);
        let (key, value) = (text(toleration, "key"), text(toleration, "value"));
        let (operator, effect) = (text(toleration, "operator"), text(toleration, "effect"));
        if !key.is_empty() {
            sentences(errors, &path.at("key"), key, name::label_key(key));
        } else if operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values and all \
                          keys\"";
            errors.push(FieldError::invalid(path.at("operator"), operator, detail));
        }
        if is_set(toleration, "tolerationSeconds") && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(FieldError::invalid(path.at("effect"), effect, detail));
        }
        match operator {
            "" | "Equal" => {
                let found = name::label_value(value);
                if !found.is_empty() {
                    errors.push(FieldError::invalid(path.at("operator"), value, found.join(";")));
                }
            }
            "Exists" => {
                if !value.is_empty() {
                    let detail = "value must be empty when `operator` is 'Exists'";
                    errors.push(FieldError::invalid(path.at("operator"), value, detail));
                }
            }
            // Known, and switched off.
            "Lt" | "Gt" => {
                let known = ["Equal", "Exists", "Lt", "Gt"];
                errors.push(FieldError::not_supported(path.at("operator"), operator, &known));
            }
            other => {
                errors.push(FieldError::not_supported(
                    path.at("operator"),
                    other,
                    &["Equal", "Exists"],
                ));
            }
        }
        if !effect.is_empty() && !EFFECTS.contains(&effect) {
            errors.push(FieldError::not_supported(path.at("effect"), effect, &EFFECTS));
        }
    }
}

/// Errors of a node's taints.
pub(crate) fn taints(errors: &mut Errors, path: &Path, taints: &[Value]) {
    let mut seen = HashSet::new();
    for (i, taint) in taints.iter().enumerate() {
        let path = path.index(i);
        let (key, value, effect) = (text(taint, "key"), text(taint, "value"), text(taint, "effect"));
        sentences(errors, &path.at("key"), key, name::label_key(key));
        let found = name::label_value(value);
        if !found.is_empty() {
            errors.push(FieldError::invalid(path.at("value"), value, found.join(";")));
        }
        if effect.is_empty() {
            errors.push(FieldError::required(path.at("effect"), ""));
        } else if !EFFECTS.contains(&effect) {
            errors.push(FieldError::not_supported(path.at("effect"), effect, &EFFECTS));
        }
        if !seen.insert((key, effect)) {
            let detail = "taints must be unique by key and effect pair";
            errors.push(FieldError::new(
                FieldErrorKind::Duplicate,
                path,
                Some(taint.clone()),
                detail,
            ));
        }
    }
}

/// Whether everything selected before is still selected (`field` holds labels).
pub(super) fn only_adds(new: &Value, old: &Value, field: &str) -> bool {
    entries(old, field).all(|(key, value)| new[field].get(key) == Some(value))
}
