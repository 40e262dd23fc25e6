//! Tests of the kinds that keep pods running.

use super::super::fixture::{create, resource, row, update, yaml};
use serde_json::{Value, json};

fn workload(kind: &str, spec: &str) -> Value {
    let mut object = yaml(
        "{apiVersion: apps/v1, metadata: {name: web, creationTimestamp: '2026-01-01T00:00:00Z'}, spec: {selector: \
         {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: \
         i}]}}}}",
    );
    object["kind"] = kind.into();
    if let Value::Object(more) = yaml(spec) {
        for (field, value) in more {
            object["spec"][field] = value;
        }
    }
    object
}

#[track_caller]
fn check(plural: &str, spec: &str, expected: &[&str]) {
    let (_, errors) = create(&resource("apps", plural), &workload("Any", spec));
    assert_eq!(errors, expected, "{plural} {spec}");
}

#[track_caller]
fn check_update(plural: &str, old: &str, new: &str, expected: &[&str]) {
    let (_, errors) = update(
        &resource("apps", plural),
        &workload("Any", new),
        &workload("Any", old),
        "",
    );
    let starts = errors
        .iter()
        .zip(expected)
        .filter(|(error, start)| error.starts_with(**start))
        .count();
    assert_eq!(
        (starts, errors.len()),
        (expected.len(), expected.len()),
        "{plural} {new}: {errors:?}"
    );
}

const ALL: [&str; 4] = ["deployments", "replicasets", "statefulsets", "daemonsets"];

#[test]
fn a_deployment_gets_its_defaults() {
    let (mut deployment, errors) = create(&resource("apps", "deployments"), &workload("Deployment", "{}"));
    assert_eq!(errors, [""; 0]);
    deployment["spec"]["template"]["spec"] = "…".into();
    insta::assert_yaml_snapshot!(deployment, @r#"
    apiVersion: apps/v1
    metadata:
      name: web
      creationTimestamp: "2026-01-01T00:00:00Z"
    spec:
      selector:
        matchLabels:
          app: web
      template:
        metadata:
          labels:
            app: web
        spec: …
      replicas: 1
      revisionHistoryLimit: 10
      progressDeadlineSeconds: 600
      strategy:
        type: RollingUpdate
        rollingUpdate:
          maxUnavailable: 25%
          maxSurge: 25%
    kind: Deployment
    status: {}
    "#);
}

#[test]
fn a_stateful_set_gets_its_defaults() {
    let given = workload(
        "StatefulSet",
        "{serviceName: web, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], \
         resources: {requests: {storage: 1024Mi}}}}], template: {metadata: {labels: {app: web}}, spec: {containers: \
         [{name: c, image: i, volumeMounts: [{name: data, mountPath: /data}]}]}}}",
    );
    let (mut set, errors) = create(&resource("apps", "statefulsets"), &given);
    assert_eq!(errors, [""; 0]);
    set["spec"]["template"]["spec"] = "…".into();
    insta::assert_yaml_snapshot!(set["spec"], @r"
    selector:
      matchLabels:
        app: web
    template:
      metadata:
        labels:
          app: web
      spec: …
    serviceName: web
    volumeClaimTemplates:
      - metadata:
          name: data
        spec:
          accessModes:
            - ReadWriteOnce
          resources:
            requests:
              storage: 1Gi
          volumeMode: Filesystem
        kind: PersistentVolumeClaim
        apiVersion: v1
        status:
          phase: Pending
    podManagementPolicy: OrderedReady
    updateStrategy:
      type: RollingUpdate
      rollingUpdate:
        partition: 0
        maxUnavailable: 1
    persistentVolumeClaimRetentionPolicy:
      whenDeleted: Retain
      whenScaled: Retain
    replicas: 1
    revisionHistoryLimit: 10
    ");
}

#[test]
fn a_daemon_set_gets_its_defaults() {
    let (mut set, errors) = create(&resource("apps", "daemonsets"), &workload("DaemonSet", "{}"));
    assert_eq!(errors, [""; 0]);
    set["spec"]["template"]["spec"] = "…".into();
    insta::assert_yaml_snapshot!(set["spec"], @r"
    selector:
      matchLabels:
        app: web
    template:
      metadata:
        labels:
          app: web
      spec: …
    revisionHistoryLimit: 10
    updateStrategy:
      type: RollingUpdate
      rollingUpdate:
        maxUnavailable: 1
        maxSurge: 0
    ");
    assert_eq!(set["status"]["desiredNumberScheduled"], 0);
}

#[test]
fn the_selector_matches_the_template() {
    for plural in ALL {
        check(
            plural,
            "selector: {matchLabels: {app: other}}",
            &[
                "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template \
               `labels`",
            ],
        );
        let mismatch = "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match \
                        template `labels`";
        let errors: &[&str] = if plural == "daemonsets" {
            &[mismatch]
        } else {
            &["spec.selector: Required value", mismatch]
        };
        check(plural, "selector: null", errors);
    }
    check(
        "deployments",
        "selector: {}",
        &["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
    );
}

#[test]
fn the_selector_never_changes() {
    for plural in ALL {
        check_update(
            plural,
            "{}",
            "{selector: {matchLabels: {app: web, tier: a}}, template: {metadata: {labels: {app: web, tier: a}}, spec: \
             {containers: [{name: c, image: i}]}}}",
            &[
                "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"web\",\"tier\":\"a\"}}: field is immutable",
            ],
        );
        check_update(plural, "{}", "minReadySeconds: 3", &[]);
    }
    check_update(
        "statefulsets",
        "serviceName: a",
        "serviceName: b",
        &["spec.serviceName: Invalid value: \"b\": field is immutable"],
    );
}

#[test]
fn pods_that_are_kept_running_restart() {
    let spec = "template: {metadata: {labels: {app: web}}, spec: {restartPolicy: Never, containers: [{name: c, image: \
                i}]}}";
    for plural in ALL {
        check(
            plural,
            spec,
            &["spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""],
        );
    }
}

#[test]
fn templates_are_checked_like_pods() {
    let spec = |containers: &str| {
        format!("template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: {containers}}}}}")
    };
    for plural in ALL {
        check(
            plural,
            &spec("[{name: c}]"),
            &["spec.template.spec.containers[0].image: Required value"],
        );
        check(plural, &spec("[{name: c, image: ' '}]"), &[]);
    }
}

#[test]
fn numbers_are_not_negative() {
    for plural in ["deployments", "replicasets", "statefulsets"] {
        check(
            plural,
            "replicas: -1",
            &["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
        );
    }
    check(
        "deployments",
        "{minReadySeconds: 600}",
        &["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
    );
}

#[test]
fn updates_make_progress() {
    check(
        "deployments",
        "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}",
        &["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
    );
    check(
        "deployments",
        "strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}",
        &["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    );
    check(
        "deployments",
        "strategy: {rollingUpdate: {maxUnavailable: 150%}}",
        &[
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"150%\": must not be greater than 100%",
        ],
    );
    check(
        "daemonsets",
        "updateStrategy: {rollingUpdate: {maxUnavailable: 0}}",
        &["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
    );
    check(
        "statefulsets",
        "updateStrategy: {type: OnDelete, rollingUpdate: {partition: 1}}",
        &[
            "spec.updateStrategy.rollingUpdate: Invalid value: {\"partition\":1}: only allowed for updateStrategy \
           'RollingUpdate'",
        ],
    );
}

#[test]
fn a_status_counts_correctly() {
    let with = |status: Value| {
        let mut object = workload("Any", "{}");
        object["status"] = status;
        object
    };
    let errors = |plural: &str, status: Value| {
        update(
            &resource("apps", plural),
            &with(status),
            &with(json!({"collisionCount": 2})),
            "status",
        )
        .1
    };
    assert_eq!(
        errors(
            "replicasets",
            json!({"replicas": 2, "readyReplicas": 2, "availableReplicas": 1})
        ),
        [""; 0]
    );
    assert_eq!(
        errors("replicasets", json!({"replicas": 1, "readyReplicas": 2})),
        ["status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"]
    );
    assert_eq!(
        errors("deployments", json!({"collisionCount": 1})),
        ["status.collisionCount: Invalid value: 1: cannot be decremented"]
    );
}

#[test]
fn revisions_hold_data_that_stays() {
    let revisions = resource("apps", "controllerrevisions");
    assert_eq!(
        create(&revisions, &json!({"revision": 1})).1,
        ["data: Required value: data is mandatory"]
    );
    let with = |data: Value| json!({"revision": 1, "data": data});
    assert_eq!(
        update(&revisions, &with(json!({"a": 1})), &with(json!({"a": 2})), "").1,
        ["data: Invalid value: {\"a\":1}: field is immutable"]
    );
}

#[test]
fn rows_count_pods() {
    let shown = |plural: &str, status: Value| {
        let mut object = workload("Any", "replicas: 3");
        object["status"] = status;
        row(&resource("apps", plural), &object)
    };
    insta::assert_snapshot!(
        shown("deployments", json!({"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1})), @r"
        Name: web
        Ready: 1/3
        Up-to-date: 2
        Available: 1
        Age: 60m
        Containers: c
        Images: i
        Selector: app=web
        ");
    insta::assert_snapshot!(shown("replicasets", json!({"replicas": 2, "readyReplicas": 1})), @r"
    Name: web
    Desired: 3
    Current: 2
    Ready: 1
    Age: 60m
    Containers: c
    Images: i
    Selector: app=web
    ");
    insta::assert_snapshot!(shown("statefulsets", json!({"readyReplicas": 1})), @r"
    Name: web
    Ready: 1/3
    Age: 60m
    Containers: c
    Images: i
    ");
    insta::assert_snapshot!(shown("daemonsets", json!({"desiredNumberScheduled": 1, "numberReady": 1})), @r"
    Name: web
    Desired: 1
    Current: 0
    Ready: 1
    Up-to-date: 0
    Available: 0
    Node Selector: <none>
    Age: 60m
    Containers: c
    Images: i
    Selector: app=web
    ");
}
