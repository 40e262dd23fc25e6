//! Tests of the kinds that route traffic.

use crate::kinds::fixture::{create, resource, row, update, yaml};
use serde_json::json;

#[track_caller]
fn check(group: &str, plural: &str, object: &str, expected: &[&str]) {
    assert_eq!(
        create(&resource(group, plural), &yaml(object)).1,
        expected,
        "{plural} {object}"
    );
}

const GROUP: &str = "networking.k8s.io";

#[test]
fn an_ingress_says_where_requests_go() {
    let backend = |path: &str, backend: &str| {
        format!(
            "{{spec: {{rules: [{{host: a.example, http: {{paths: [{{{path}, backend: {{{backend}}}}}]}}}}]}}}}"
        )
    };
    let path = |fields: &str| backend(fields, "service: {name: s, port: {number: 80}}");
    for (target, error) in [
        (
            "",
            ": Invalid value: \"\": resource or service backend is required",
        ),
        (
            "service: {name: s}",
            ": Required value: port name or number is required",
        ),
        ("service: {port: {name: web}}", ".service.name: Required value"),
        (
            "service: {name: s, port: {name: web, number: 1}}",
            ": Invalid value: \"\": cannot set both port name & port number",
        ),
        ("resource: {kind: K}", ".resource.name: Required value"),
    ] {
        let object = backend("path: /, pathType: Prefix", target);
        let expected = format!("spec.rules[0].http.paths[0].backend{error}");
        check(GROUP, "ingresses", &object, &[&expected]);
    }
    check(GROUP, "ingresses", &path("path: /, pathType: Prefix"), &[]);
    check(
        GROUP,
        "ingresses",
        &path("path: x"),
        &["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"],
    );
    check(
        GROUP,
        "ingresses",
        &path("path: x, pathType: Exact"),
        &["spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path"],
    );
    check(
        GROUP,
        "ingresses",
        "{spec: {}}",
        &["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
    );
    let ingress = yaml(
        "{metadata: {name: i}, spec: {ingressClassName: c, tls: [{}], rules: [{host: a.example}, {host: b.example}]}, \
         status: {loadBalancer: {ingress: [{ip: 10.0.0.1}]}}}",
    );
    insta::assert_snapshot!(row(&resource(GROUP, "ingresses"), &ingress), @r"
    Name: i
    Class: c
    Hosts: a.example,b.example
    Address: 10.0.0.1
    Ports: 80, 443
    Age: <unknown>
    ");
}

#[test]
fn a_policy_is_about_what_it_mentions() {
    let types = |spec: &str| {
        let object = yaml(&format!("{{spec: {{podSelector: {{}}, {spec}}}}}"));
        create(&resource(GROUP, "networkpolicies"), &object).0["spec"]["policyTypes"].clone()
    };
    assert_eq!(types("ingress: []"), json!(["Ingress"]));
    assert_eq!(types("egress: [{}]"), json!(["Ingress", "Egress"]));
    assert_eq!(types("policyTypes: [Egress]"), json!(["Egress"]));
}

#[test]
fn a_slice_holds_addresses_of_one_kind() {
    let slice = "{addressType: IPv4, endpoints: [{addresses: [10.0.0.1]}], ports: [{port: 80}]}";
    let slices = resource("discovery.k8s.io", "endpointslices");
    let (stored, errors) = create(&slices, &yaml(slice));
    assert_eq!(errors, [""; 0]);
    assert_eq!(
        stored["ports"][0],
        json!({"port": 80, "name": "", "protocol": "TCP"})
    );
    assert!(row(&slices, &stored).contains("AddressType: IPv4\nPorts: 80\nEndpoints: 10.0.0.1\n"));
    check(
        "discovery.k8s.io",
        "endpointslices",
        "{addressType: IPv4, endpoints: [{addresses: [x]}, {}]}",
        &[
            "endpoints[0].addresses[0]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or \
             2001:db8::ffff)",
            "endpoints[1].addresses: Required value",
        ],
    );
    let mut other = stored.clone();
    other["addressType"] = "FQDN".into();
    assert!(
        update(&slices, &other, &stored, "")
            .1
            .iter()
            .any(|e| e.ends_with("field is immutable"))
    );
}

#[test]
fn a_class_keeps_its_controller() {
    let classes = resource(GROUP, "ingressclasses");
    let class = |controller: &str| json!({"metadata": {"name": "c"}, "spec": {"controller": controller}});
    assert_eq!(
        update(&classes, &class("b"), &class("a.example/a"), "").1,
        [
            "spec.controller: Invalid value: \"b\": field is immutable",
            "spec.controller: Invalid value: \"b\": must be a domain-prefixed path (such as \"acme.io/foo\")",
        ]
    );
    assert!(row(&classes, &class("a")).contains("Controller: a\nParameters: <none>\n"));
}
