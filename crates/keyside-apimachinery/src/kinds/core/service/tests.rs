//! Tests of services.

use super::{needs_cluster_ip, ports_without_node_port, set_cluster_ip};
use crate::kinds::fixture::{create, resource, row, update, yaml};
use serde_json::{Value, json};

fn service(spec: &str) -> Value {
    json!({"metadata": {"name": "web"}, "spec": yaml(spec)})
}

fn stored(spec: &str) -> Value {
    let (mut service, errors) = create(&resource("", "services"), &service(spec));
    assert_eq!(errors, [""; 0], "{spec}");
    if needs_cluster_ip(&service) {
        set_cluster_ip(&mut service, "10.0.0.9");
    }
    service
}

#[track_caller]
fn check(spec: &str, expected: &[&str]) {
    assert_eq!(
        create(&resource("", "services"), &service(spec)).1,
        expected,
        "{spec}"
    );
}

#[test]
fn a_service_gets_its_defaults() {
    insta::assert_yaml_snapshot!(stored("{selector: {app: web}, ports: [{port: 80}]}"), @r"
    metadata:
      name: web
    spec:
      selector:
        app: web
      ports:
        - port: 80
          protocol: TCP
          targetPort: 80
      sessionAffinity: None
      type: ClusterIP
      internalTrafficPolicy: Cluster
      ipFamilyPolicy: SingleStack
      ipFamilies:
        - IPv4
      clusterIP: 10.0.0.9
      clusterIPs:
        - 10.0.0.9
    status:
      loadBalancer: {}
    ");
}

#[test]
fn only_services_inside_need_an_address() {
    assert!(needs_cluster_ip(
        &create(&resource("", "services"), &service("{ports: [{port: 80}]}")).0
    ));
    let headless = create(&resource("", "services"), &service("{clusterIP: None}")).0;
    assert!(!needs_cluster_ip(&headless));
    assert_eq!(headless["spec"]["clusterIPs"], json!(["None"]));
    let elsewhere = create(
        &resource("", "services"),
        &service("{type: ExternalName, externalName: a.example}"),
    );
    assert_eq!(elsewhere.1, [""; 0]);
    assert!(!needs_cluster_ip(&elsewhere.0));
}

#[test]
fn ports_of_nodes_are_given_by_type() {
    let missing = |spec: &str| ports_without_node_port(&stored(spec));
    assert_eq!(missing("{ports: [{port: 80}]}"), [0; 0]);
    let two = "ports: [{name: a, port: 80}, {name: b, port: 81, nodePort: 30000}]";
    assert_eq!(missing(&format!("{{type: NodePort, {two}}}")), [0]);
    assert_eq!(
        missing(&format!(
            "{{type: LoadBalancer, allocateLoadBalancerNodePorts: false, {two}}}"
        )),
        [0; 0]
    );
}

#[test]
fn what_the_server_gave_is_kept() {
    let services = resource("", "services");
    let mut old = stored("{type: NodePort, ports: [{port: 80}]}");
    old["spec"]["ports"][0]["nodePort"] = 30001.into();
    let (new, errors) = update(
        &services,
        &service("{type: NodePort, ports: [{port: 81}]}"),
        &old,
        "",
    );
    assert_eq!(errors, [""; 0]);
    assert_eq!(
        (&new["spec"]["clusterIP"], &new["spec"]["ports"][0]["nodePort"]),
        (&json!("10.0.0.9"), &json!(30001))
    );
    let mut inside = old.clone();
    inside["spec"]["type"] = "ClusterIP".into();
    inside["spec"]["externalTrafficPolicy"] = Value::Null;
    let (inside, errors) = update(&services, &inside, &old, "");
    assert_eq!(
        (errors, inside["spec"]["ports"][0].get("nodePort")),
        (vec![], None)
    );
}

#[test]
fn an_address_never_changes() {
    let old = stored("{ports: [{port: 80}]}");
    let mut new = old.clone();
    new["spec"]["clusterIP"] = "10.0.0.8".into();
    assert_eq!(
        update(&resource("", "services"), &new, &old, "").1,
        ["spec.clusterIPs[0]: Invalid value: [\"10.0.0.8\"]: may not change once set"]
    );
}

#[test]
fn ports_are_named_and_distinct() {
    check("{}", &["spec.ports: Required value"]);
    check(
        "{ports: [{port: 80}, {port: 80}]}",
        &[
            "spec.ports[0].name: Required value",
            "spec.ports[1].name: Required value",
            "spec.ports[1]: Duplicate value: {\"protocol\":\"TCP\",\"port\":80}",
        ],
    );
    check(
        "{ports: [{port: 80, nodePort: 30000}]}",
        &["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    );
    check(
        "{ports: [{port: 0}]}",
        &[
            "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
        ],
    );
}

#[test]
fn types_have_their_own_rules() {
    check(
        "{type: Other, ports: [{port: 80}]}",
        &[
            "spec.type: Unsupported value: \"Other\": supported values: \"ClusterIP\", \"ExternalName\", \
           \"LoadBalancer\", \"NodePort\"",
        ],
    );
    check("{type: ExternalName}", &["spec.externalName: Required value"]);
    check(
        "{clusterIP: None, type: NodePort, ports: [{port: 80}]}",
        &["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
    );
    check(
        "{externalIPs: [127.0.0.1], ports: [{port: 80}]}",
        &[
            "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)",
        ],
    );
}

#[test]
fn rows_tell_where_it_is() {
    let services = resource("", "services");
    let mut balanced = stored("{type: LoadBalancer, ports: [{port: 80}], selector: {app: web}}");
    balanced["spec"]["ports"][0]["nodePort"] = 30001.into();
    insta::assert_snapshot!(row(&services, &balanced), @r"
    Name: web
    Type: LoadBalancer
    Cluster-IP: 10.0.0.9
    External-IP: <pending>
    Port(s): 80:30001/TCP
    Age: <unknown>
    Selector: app=web
    ");
    assert!(
        row(&services, &stored("{ports: [{port: 80}]}")).contains("External-IP: <none>\nPort(s): 80/TCP\n")
    );
}
