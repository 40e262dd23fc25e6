//! The patch: additions only.

use super::Pod;
use keyside_api::label;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// One operation of a JSON patch (RFC 6902). There is only one kind, and this is why a pod never loses anything.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Operation {
    /// Puts the value at the path; with `-` at the end, behind the last element.
    Add {
        /// Where.
        path: String,
        /// What.
        value: Value,
    },
}

pub(super) fn operations(pod: &Pod<'_>, add: &[Arc<str>]) -> Vec<Operation> {
    if add.is_empty() {
        return Vec::new();
    }
    let named = |name: &Arc<str>| json!({"name": **name});
    let mut operations: Vec<Operation> = if pod.has_pull_secret_list() {
        let append = |name| Operation::Add {
            path: "/spec/imagePullSecrets/-".to_owned(),
            value: named(name),
        };
        add.iter().map(append).collect()
    } else {
        let list = add.iter().map(named).collect();
        vec![Operation::Add {
            path: "/spec/imagePullSecrets".to_owned(),
            value: list,
        }]
    };
    let injected = injected(pod, add);
    operations.push(if pod.has_annotations() {
        let key = label::INJECTED.replace('~', "~0").replace('/', "~1");
        Operation::Add {
            path: format!("/metadata/annotations/{key}"),
            value: injected.into(),
        }
    } else {
        Operation::Add {
            path: "/metadata/annotations".to_owned(),
            value: json!({label::INJECTED: injected}),
        }
    });
    operations
}

/// What was injected by an earlier run, and now.
fn injected(pod: &Pod<'_>, add: &[Arc<str>]) -> String {
    let before = pod.annotation(label::INJECTED).unwrap_or_default();
    let before = before.split(',').map(str::trim).filter(|name| !name.is_empty());
    let mut names: Vec<&str> = before.collect();
    names.extend(add.iter().map(|name| &**name));
    names.join(",")
}
