//! Tests of the smaller kinds of the core group.

use crate::kinds::fixture::{create, resource, row, update, yaml};
use serde_json::{Value, json};

#[track_caller]
fn check(plural: &str, object: &str, expected: &[&str]) {
    assert_eq!(
        create(&resource("", plural), &yaml(object)).1,
        expected,
        "{plural} {object}"
    );
}

#[test]
fn a_namespace_is_labelled_active_and_finalized() {
    let (namespace, errors) = create(
        &resource("", "namespaces"),
        &yaml("{metadata: {name: a}, status: {phase: X}}"),
    );
    assert_eq!(errors, [""; 0]);
    insta::assert_yaml_snapshot!(namespace, @r"
    metadata:
      name: a
      labels:
        kubernetes.io/metadata.name: a
    status:
      phase: Active
    spec:
      finalizers:
        - kubernetes
    ");
}

#[test]
fn finalizers_of_a_namespace_change_only_by_finalize() {
    let namespaces = resource("", "namespaces");
    let old = create(&namespaces, &yaml("{metadata: {name: a}}")).0;
    let mut new = old.clone();
    new["spec"]["finalizers"] = json!([]);
    assert_eq!(update(&namespaces, &new, &old, "").0["spec"], old["spec"]);
    assert_eq!(
        update(&namespaces, &new, &old, "finalize").0["spec"],
        json!({"finalizers": []})
    );
    new["spec"]["finalizers"] = json!(["mine"]);
    assert_eq!(
        update(&namespaces, &new, &old, "finalize").1,
        [
            "spec.finalizers[0]: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully \
          qualified"
        ]
    );
    new["status"]["phase"] = "Terminating".into();
    assert_eq!(
        update(&namespaces, &new, &old, "status").1,
        [
            "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"
        ]
    );
}

#[test]
fn a_node_registers_with_its_status() {
    let given = yaml(
        "{metadata: {name: n1, labels: {node-role.kubernetes.io/worker: ''}, creationTimestamp: \
         '2026-01-01T00:00:00Z'}, status: {capacity: {cpu: 2000m}, conditions: [{type: Ready, status: 'True'}], \
         addresses: [{type: InternalIP, address: 10.0.0.1}], nodeInfo: {kubeletVersion: v1.37.2}}}",
    );
    let nodes = resource("", "nodes");
    let (node, errors) = create(&nodes, &given);
    assert_eq!(errors, [""; 0]);
    assert_eq!(node["status"]["allocatable"], json!({"cpu": "2"}));
    insta::assert_snapshot!(row(&nodes, &node), @r"
    Name: n1
    Status: Ready
    Roles: worker
    Age: 60m
    Version: v1.37.2
    Internal-IP: 10.0.0.1
    External-IP: <none>
    OS-Image: <unknown>
    Kernel-Version: <unknown>
    Container-Runtime: <unknown>
    ");
    let mut cordoned = node.clone();
    cordoned["spec"] = json!({"unschedulable": true});
    cordoned["status"] = Value::Null;
    let (cordoned, errors) = update(&nodes, &cordoned, &node, "");
    assert_eq!(errors, [""; 0]);
    assert!(row(&nodes, &cordoned).contains("Status: Ready,SchedulingDisabled\n"));
    let fields = nodes.behaviour.selectable_fields(&cordoned);
    assert_eq!(fields, [("spec.unschedulable".to_owned(), "true".to_owned())]);
}

#[test]
fn a_node_has_no_taint_twice() {
    check(
        "nodes",
        "{spec: {taints: [{key: a, effect: NoSchedule}, {key: a, effect: NoSchedule}, {key: b, effect: Never}]}}",
        &[
            "metadata.taints[1]: Duplicate value: {\"key\":\"a\",\"effect\":\"NoSchedule\"}: taints must be unique by key \
             and effect pair",
            "metadata.taints[2].effect: Unsupported value: \"Never\": supported values: \"NoSchedule\", \
             \"PreferNoSchedule\", \"NoExecute\"",
        ],
    );
}

#[test]
fn endpoints_lead_somewhere() {
    check(
        "endpoints",
        "{subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{port: 80}]}]}",
        &[],
    );
    check(
        "endpoints",
        "{subsets: [{}]}",
        &["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"],
    );
    check(
        "endpoints",
        "{subsets: [{addresses: [{ip: 127.0.0.1}], ports: [{port: 0}, {port: 1}]}]}",
        &[
            "subsets[0].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, \
             ::1/128)",
            "subsets[0].ports[0].name: Required value",
            "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            "subsets[0].ports[1].name: Required value",
        ],
    );
    let many = yaml(
        "{metadata: {name: e}, subsets: [{addresses: [{ip: 10.0.0.1}, {ip: 10.0.0.2}], ports: [{port: 80}, {port: 81}]}]}",
    );
    assert!(
        row(&resource("", "endpoints"), &many)
            .contains("Endpoints: 10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more...")
    );
}

const EVENT: &str = "{metadata: {name: e, namespace: a}, involvedObject: {kind: Pod, name: p, namespace: a, fieldPath: \
                     'spec.containers{c}'}, reason: Failed, message: ' no ', type: Warning, source: {component: kubelet, \
                     host: n1}, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:59:00Z', count: 3}";

#[test]
fn an_event_is_in_the_namespace_of_what_it_is_about() {
    check("events", EVENT, &[]);
    check(
        "events",
        "{metadata: {namespace: a}, involvedObject: {namespace: b}}",
        &["involvedObject.namespace: Invalid value: \"b\": does not match event.namespace"],
    );
    check(
        "events",
        "{metadata: {namespace: a}, involvedObject: {namespace: a}, eventTime: '2026-01-01T00:00:00.000000Z', reason: R, \
         action: A, reportingInstance: i}",
        &[
            "reportingComponent: Required value",
            "reportingComponent: Invalid value: \"\": name part must be non-empty",
            "reportingComponent: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or \
             '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', \
             regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ],
    );
}

#[test]
fn the_newer_events_are_stricter() {
    let events = resource("events.k8s.io", "events");
    let given = yaml(
        "{metadata: {name: e, namespace: a}, regarding: {kind: Pod, namespace: a}, note: n, reason: R, action: A, type: \
         Normal, eventTime: '2026-01-01T00:00:00.000000Z', reportingController: c, reportingInstance: i}",
    );
    assert_eq!(create(&events, &given).1, [""; 0]);
    let mut old_style = given.clone();
    old_style["deprecatedCount"] = 2.into();
    old_style["type"] = "Other".into();
    assert_eq!(
        create(&events, &old_style).1,
        [
            "type: Invalid value: \"\": has invalid value: Other",
            "count: Invalid value: \"\": needs to be unset",
        ]
    );
    let mut series = given.clone();
    series["series"] = yaml("{count: 2, lastObservedTime: '2026-01-01T00:00:10.000000Z'}");
    assert_eq!(update(&events, &series, &given, "").1, [""; 0]);
    let mut other = given.clone();
    other["note"] = "other".into();
    other["eventTime"] = "2026-01-01T00:00:00Z".into();
    assert_eq!(
        update(&events, &other, &given, "").1,
        ["message: Invalid value: \"other\": field is immutable"]
    );
    assert!(
        events
            .behaviour
            .selectable_field_names()
            .contains(&"regarding.kind".to_owned())
    );
}

#[test]
fn both_forms_of_an_event_have_one_row() {
    let core = yaml(EVENT);
    insta::assert_snapshot!(row(&resource("", "events"), &core), @r"
    Last Seen: 60s
    Type: Warning
    Reason: Failed
    Object: pod/p
    Subobject: spec.containers{c}
    Source: kubelet, n1
    Message: no
    First Seen: 60m
    Count: 3
    Name: e
    ");
    let newer = yaml(
        "{metadata: {name: e}, regarding: {kind: Pod, name: p}, note: hello, type: Normal, eventTime: \
         '2026-01-01T00:58:00.000000Z', reportingController: c, reportingInstance: i}",
    );
    insta::assert_snapshot!(row(&resource("events.k8s.io", "events"), &newer), @r"
    Last Seen: 2m
    Type: Normal
    Reason: 
    Object: pod/p
    Subobject: 
    Source: c, i
    Message: hello
    First Seen: 2m
    Count: 1
    Name: e
    ");
}

#[test]
fn claims_say_how_much_and_how() {
    let claim =
        "{metadata: {name: c}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}";
    let (stored, errors) = create(&resource("", "persistentvolumeclaims"), &yaml(claim));
    assert_eq!(errors, [""; 0]);
    assert_eq!(
        (&stored["spec"]["volumeMode"], &stored["status"]["phase"]),
        (&json!("Filesystem"), &json!("Pending"))
    );
    check(
        "persistentvolumeclaims",
        "{spec: {accessModes: [Sometimes], resources: {requests: {storage: 0}}}}",
        &[
            "spec.accessModes: Unsupported value: \"Sometimes\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \
             \"ReadWriteOnce\", \"ReadWriteOncePod\"",
            "spec.resources[storage]: Invalid value: \"0\": must be greater than zero",
        ],
    );
    let mut larger = stored.clone();
    larger["spec"]["resources"]["requests"]["storage"] = "2Gi".into();
    let errors = update(&resource("", "persistentvolumeclaims"), &larger, &stored, "").1;
    assert!(
        errors[0].starts_with("spec: Forbidden: spec is immutable after creation except"),
        "{errors:?}"
    );
    let mut bound = stored.clone();
    bound["status"]["phase"] = "Bound".into();
    assert_eq!(
        update(&resource("", "persistentvolumeclaims"), &larger, &bound, "").1,
        [""; 0]
    );
}

#[test]
fn volumes_have_a_source_that_stays() {
    let volumes = resource("", "persistentvolumes");
    let given = yaml(
        "{metadata: {name: v}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce, ReadOnlyMany], hostPath: \
         {path: /v}, claimRef: {namespace: a, name: c}}}",
    );
    let (stored, errors) = create(&volumes, &given);
    assert_eq!(errors, [""; 0]);
    insta::assert_snapshot!(row(&volumes, &stored), @r"
    Name: v
    Capacity: 1Gi
    Access Modes: RWO,ROX
    Reclaim Policy: Retain
    Status: Pending
    Claim: a/c
    StorageClass: 
    VolumeAttributesClass: <unset>
    Reason: 
    Age: <unknown>
    VolumeMode: Filesystem
    ");
    let mut moved = stored.clone();
    moved["spec"]["hostPath"]["path"] = "/w".into();
    assert_eq!(
        update(&volumes, &moved, &stored, "").1,
        ["spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"]
    );
    check(
        "persistentvolumes",
        "{spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce]}}",
        &["spec: Required value: must specify a volume type"],
    );
}

#[test]
fn limits_do_not_cross() {
    let ranges = resource("", "limitranges");
    let (stored, errors) = create(
        &ranges,
        &yaml("{spec: {limits: [{type: Container, max: {cpu: 2000m}, min: {memory: 1Mi}}]}}"),
    );
    assert_eq!(errors, [""; 0]);
    insta::assert_yaml_snapshot!(stored["spec"]["limits"][0], @r#"
    type: Container
    max:
      cpu: "2"
    min:
      memory: 1Mi
    default:
      cpu: "2"
    defaultRequest:
      cpu: "2"
      memory: 1Mi
    "#);
    check(
        "limitranges",
        "{spec: {limits: [{type: Pod, max: {cpu: 1}, min: {cpu: 2}, default: {cpu: 1}}]}}",
        &[
            "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
            "spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1",
        ],
    );
}

#[test]
fn quotas_name_resources() {
    check(
        "resourcequotas",
        "{spec: {hard: {pods: '10', limits.cpu: 2}}}",
        &[],
    );
    check(
        "resourcequotas",
        "{spec: {hard: {gold: 1, pods: 1.5}}}",
        &[
            "spec.hard[gold]: Invalid value: \"gold\": must be a standard resource type or fully qualified",
            "spec.hard[gold]: Invalid value: \"gold\": must be a standard resource for quota",
            "spec.hard[pods]: Invalid value: \"1500m\": must be an integer",
        ],
    );
    check(
        "resourcequotas",
        "{spec: {hard: {pods: 1, secrets: 1}, scopes: [BestEffort, NotBestEffort, Odd]}}",
        &[
            "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\",\"Odd\"]: unsupported scope applied to resource",
            "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\",\"Odd\"]: unsupported scope applied to resource",
            "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\",\"Odd\"]: unsupported scope",
            "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\",\"Odd\"]: conflicting scopes",
        ],
    );
    let quota =
        yaml("{metadata: {name: q}, status: {hard: {pods: '10', limits.cpu: '2'}, used: {pods: '3'}}}");
    assert!(
        row(&resource("", "resourcequotas"), &quota)
            .contains("Request: pods: 3/10\nLimit: limits.cpu: 0/2\n")
    );
}

#[test]
fn a_replication_controller_selects_by_its_template() {
    let given = "{metadata: {name: r}, spec: {template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: \
                 i}]}}}}";
    let (stored, errors) = create(&resource("", "replicationcontrollers"), &yaml(given));
    assert_eq!(errors, [""; 0]);
    assert_eq!(
        (&stored["spec"]["selector"], &stored["metadata"]["labels"]),
        (&json!({"a": "b"}), &json!({"a": "b"}))
    );
    check(
        "replicationcontrollers",
        "{spec: {selector: {a: b}}}",
        &["spec.template: Required value"],
    );
}

#[test]
fn an_old_way_to_restrict_accounts_is_warned_about() {
    let account = yaml("{metadata: {annotations: {kubernetes.io/enforce-mountable-secrets: 'true'}}}");
    let warnings = |old: Option<&Value>| resource("", "serviceaccounts").behaviour.warnings(&account, old);
    assert_eq!(warnings(None).len(), 1);
    assert_eq!(warnings(Some(&account)).len(), 0);
}
