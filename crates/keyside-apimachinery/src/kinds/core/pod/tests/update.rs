//! What may change in a pod.

use super::pod;
use crate::kinds::fixture::{report, resource, rows, update};
use serde_json::{Value, json};

fn errors(new: &Value, old: &Value) -> Vec<String> {
    update(&resource("", "pods"), new, old, "").1
}

fn with_secrets(names: &[&str]) -> Value {
    let mut pod = pod("{}");
    pod["spec"]["imagePullSecrets"] = names.iter().map(|name| json!({"name": name})).collect();
    pod
}

/// The table names what is changed; this says how to change it.
fn change(name: &str) -> Option<(Value, Value)> {
    let gated = |names: &[&str]| {
        let mut pod = with_secrets(names);
        pod["spec"]["schedulingGates"] = json!([{"name": "example.com/wait"}]);
        pod
    };
    let image = |image: &str| {
        let mut pod = with_secrets(&["a"]);
        pod["spec"]["containers"][0]["image"] = image.into();
        pod
    };
    Some(match name {
        "add-secret" => (with_secrets(&["a"]), with_secrets(&["a", "b"])),
        "remove-secret" => (with_secrets(&["a"]), with_secrets(&[])),
        "reorder" => (with_secrets(&["a", "b"]), with_secrets(&["b", "a"])),
        "gated-add-secret" => (gated(&["a"]), gated(&["a", "b"])),
        "change-image" => (image("i:1"), image("quay.io/other/i:1")),
        _ => return None,
    })
}

#[test]
fn updates_follow_the_table() {
    let failures: Vec<String> = rows("admission.json", "pod_update")
        .iter()
        .filter_map(|row| {
            let Some((old, new)) = change(row["name"].as_str()?) else {
                return Some(format!("{row}\n  what it changes is not known here"));
            };
            let errors = errors(&new, &old);
            let expected: Vec<&str> = row["error"].as_str().into_iter().collect();
            (errors != expected).then(|| format!("{row}\n  got {errors:?}"))
        })
        .collect();
    report(&failures);
}

fn check(old: &str, new: &str, expected: &[&str]) {
    let errors = errors(&pod(new), &pod(old));
    let starts: Vec<&str> = errors
        .iter()
        .zip(expected)
        .filter(|(e, x)| e.starts_with(**x))
        .map(|(e, _)| e.as_str())
        .collect();
    assert_eq!(
        (starts.len(), errors.len()),
        (expected.len(), expected.len()),
        "{old} -> {new}: {errors:?}"
    );
}

#[test]
fn little_may_change() {
    let frozen = &["spec: Forbidden: pod updates may not change fields other than"][..];
    check("{}", "{}", &[]);
    check("{}", "{hostNetwork: false, volumes: [], nodeSelector: {}}", &[]);
    check("{}", "nodeName: a", frozen);
    check("{}", "restartPolicy: Never", frozen);
    check("{}", "automountServiceAccountToken: false", frozen);
    check(
        "{}",
        "containers: [{name: c, image: i}, {name: d, image: i}]",
        &["spec.containers: Forbidden: pod updates may not add or remove containers"],
    );
    check("{}", "containers: [{name: c, image: j}]", &[]);
    check("{}", "containers: [{name: d, image: i}]", frozen);
    check(
        "{}",
        "containers: [{name: c, image: 'j ', imagePullPolicy: Always}]",
        &["spec.containers[0].image: Invalid value: \"j \": must not have leading or trailing whitespace"],
    );
}

#[test]
fn deadlines_come_nearer() {
    check("{}", "activeDeadlineSeconds: 10", &[]);
    check("activeDeadlineSeconds: 10", "activeDeadlineSeconds: 5", &[]);
    check(
        "activeDeadlineSeconds: 5",
        "activeDeadlineSeconds: 10",
        &["spec.activeDeadlineSeconds: Invalid value: 10: must be less than or equal to previous value"],
    );
    check(
        "activeDeadlineSeconds: 5",
        "{}",
        &[
            "spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value",
        ],
    );
}

#[test]
fn tolerations_grow_and_gates_open() {
    let one = "tolerations: [{key: a, operator: Exists, effect: NoExecute}]";
    check("{}", one, &[]);
    check(
        one,
        "tolerations: [{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 5}]",
        &[],
    );
    check(
        one,
        "{}",
        &["spec.tolerations: Forbidden: existing toleration can not be modified except"],
    );
    check(
        "schedulingGates: [{name: a}, {name: b}]",
        "schedulingGates: [{name: a}]",
        &[],
    );
    check(
        "{}",
        "schedulingGates: [{name: a}]",
        &[
            "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a'",
        ],
    );
    check(
        "{schedulingGates: [{name: a}]}",
        "{schedulingGates: [{name: a}], nodeSelector: {x: y}}",
        &[],
    );
    check(
        "{schedulingGates: [{name: a}], nodeSelector: {x: y}}",
        "{schedulingGates: [{name: a}], nodeSelector: {x: z}}",
        &["spec.nodeSelector: Invalid value: {\"x\":\"z\"}: only additions to spec.nodeSelector are allowed"],
    );
}

#[test]
fn ephemeral_containers_are_only_added() {
    let with = |names: &[&str]| {
        let mut pod = pod("{}");
        let containers = names.iter().map(|name| json!({"name": name, "image": "i"}));
        pod["spec"]["ephemeralContainers"] = containers.collect();
        pod
    };
    let pods = resource("", "pods");
    let errors = |new: &Value, old: &Value| update(&pods, new, old, "ephemeralcontainers").1;
    assert_eq!(errors(&with(&["d"]), &with(&[])), [""; 0]);
    assert_eq!(
        errors(&with(&[]), &with(&["d"])),
        ["spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be removed\n"]
    );
    let mut other = with(&["d"]);
    other["spec"]["nodeName"] = "elsewhere".into();
    assert_eq!(
        update(&pods, &other, &with(&[]), "ephemeralcontainers").0["spec"].get("nodeName"),
        None
    );
}

#[test]
fn a_status_keeps_the_class_and_the_owners() {
    let mut old = pod("{}");
    old["status"] = json!({"phase": "Pending", "qosClass": "BestEffort"});
    old["metadata"]["ownerReferences"] = json!([{"name": "o"}]);
    let mut new = pod("nodeName: other");
    new["status"] = json!({"phase": "Running", "podIP": "10.0.0.1"});
    let (stored, errors) = update(&resource("", "pods"), &new, &old, "status");
    assert_eq!(errors, [""; 0]);
    assert_eq!(stored["metadata"]["ownerReferences"], json!([{"name": "o"}]));
    assert_eq!(stored["spec"].get("nodeName"), None);
    assert_eq!(
        stored["status"],
        json!({"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}], "qosClass": "BestEffort"})
    );
    new["status"]["qosClass"] = "Guaranteed".into();
    let (_, errors) = update(&resource("", "pods"), &new, &old, "status");
    assert_eq!(
        errors,
        ["status.qosClass: Invalid value: \"Guaranteed\": field is immutable"]
    );
}

#[test]
fn an_ended_container_does_not_come_back() {
    let status = |state: Value| json!({"containerStatuses": [{"name": "c", "state": state}], "qosClass": "BestEffort"});
    let with = |policy: &str, state: Value| {
        let mut pod = pod(&format!("restartPolicy: {policy}"));
        pod["status"] = status(state);
        pod
    };
    let ended = json!({"terminated": {"exitCode": 1}});
    let back = json!({"running": {}});
    let errors = |policy: &str| {
        update(
            &resource("", "pods"),
            &with(policy, back.clone()),
            &with(policy, ended.clone()),
            "status",
        )
        .1
    };
    assert_eq!(errors("Always"), [""; 0]);
    assert_eq!(errors("OnFailure"), [""; 0]);
    assert_eq!(
        errors("Never"),
        ["status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"]
    );
}
