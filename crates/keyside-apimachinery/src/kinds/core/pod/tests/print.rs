//! The STATUS of a pod, as `kubectl get pods` shows it.

use super::pod;
use crate::kinds::fixture::{resource, row, yaml};
use serde_json::Value;

fn with(spec: &str, status: &str) -> Value {
    let mut pod = pod(spec);
    pod["metadata"]["creationTimestamp"] = "2026-01-01T00:55:00Z".into();
    pod["status"] = yaml(status);
    pod
}

/// Ready, status and restarts.
#[track_caller]
fn check(spec: &str, status: &str, expected: &str) {
    let row = row(&resource("", "pods"), &with(spec, status));
    let cells: Vec<&str> = row
        .lines()
        .skip(1)
        .take(3)
        .filter_map(|l| l.split_once(": "))
        .map(|(_, c)| c)
        .collect();
    assert_eq!(cells.join(" | "), expected, "{status}");
}

#[test]
fn a_whole_row_is_shown() {
    let pod = with(
        "{nodeName: n1, readinessGates: [{conditionType: a}]}",
        "{phase: Running, podIPs: [{ip: 10.0.0.7}], conditions: [{type: a, status: 'True'}], containerStatuses: \
         [{name: c, ready: true, restartCount: 2, state: {running: {}}, lastState: {terminated: {finishedAt: \
         '2026-01-01T00:58:00Z'}}}]}",
    );
    insta::assert_snapshot!(row(&resource("", "pods"), &pod), @r"
    Name: a
    Ready: 1/1
    Status: Running
    Restarts: 2 (2m ago)
    Age: 5m
    IP: 10.0.0.7
    Node: n1
    Nominated Node: <none>
    Readiness Gates: 1/1
    ");
}

#[test]
fn waiting_reasons_are_shown() {
    check("{}", "{phase: Pending}", "0/1 | Pending | 0");
    let waiting = |reason: &str| {
        format!(
            "{{phase: Pending, containerStatuses: [{{name: c, restartCount: 0, state: {{waiting: {{reason: {reason}}}}}}}]}}"
        )
    };
    for reason in [
        "ContainerCreating",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
    ] {
        check("{}", &waiting(reason), &format!("0/1 | {reason} | 0"));
    }
}

#[test]
fn init_containers_come_first() {
    let two = "initContainers: [{name: d, image: i}, {name: e, image: i}]";
    check(
        two,
        "{phase: Pending, initContainerStatuses: [{name: d, state: {running: {}}}]}",
        "0/1 | Init:0/2 | 0",
    );
    check(
        two,
        "{phase: Pending, initContainerStatuses: [{name: d, state: {terminated: {exitCode: 0}}}, {name: e, state: \
         {waiting: {reason: ImagePullBackOff}}}]}",
        "0/1 | Init:ImagePullBackOff | 0",
    );
    check(
        two,
        "{phase: Pending, initContainerStatuses: [{name: d, restartCount: 3, state: {terminated: {exitCode: 2}}}]}",
        "0/1 | Init:ExitCode:2 | 3",
    );
    check(
        "initContainers: [{name: d, image: i, restartPolicy: Always}]",
        "{phase: Running, initContainerStatuses: [{name: d, started: true, ready: true, state: {running: {}}}], \
         containerStatuses: [{name: c, ready: true, state: {running: {}}}]}",
        "2/2 | Running | 0",
    );
}

#[test]
fn the_end_is_shown() {
    check(
        "{}",
        "{phase: Succeeded, containerStatuses: [{name: c, state: {terminated: {exitCode: 0, reason: Completed}}}]}",
        "0/1 | Completed | 0",
    );
    check(
        "{}",
        "{phase: Failed, containerStatuses: [{name: c, state: {terminated: {exitCode: 1, reason: Error}}}]}",
        "0/1 | Error | 0",
    );
    check(
        "{}",
        "{phase: Failed, containerStatuses: [{name: c, state: {terminated: {exitCode: 137, signal: 9}}}]}",
        "0/1 | Signal:9 | 0",
    );
    check("{}", "{phase: Failed, reason: Evicted}", "0/1 | Evicted | 0");
}

#[test]
fn a_pod_on_its_way_out_says_so() {
    let mut leaving = with("{}", "{phase: Running}");
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:59:00Z".into();
    assert!(row(&resource("", "pods"), &leaving).contains("Status: Terminating\n"));
    leaving["status"]["phase"] = "Failed".into();
    assert!(row(&resource("", "pods"), &leaving).contains("Status: Failed\n"));
}

#[test]
fn pods_are_selected_by_their_fields() {
    let fields = resource("", "pods").behaviour.selectable_fields(&with(
        "{nodeName: n1, restartPolicy: Never}",
        "{phase: Running, podIPs: [{ip: 10.0.0.7}]}",
    ));
    let shown: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        shown.join(","),
        "spec.nodeName=n1,spec.restartPolicy=Never,spec.schedulerName=,spec.serviceAccountName=,\
         spec.hostNetwork=false,status.phase=Running,status.podIP=10.0.0.7,status.nominatedNodeName="
    );
}
