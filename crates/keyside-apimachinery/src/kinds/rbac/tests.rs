//! Tests of roles and bindings.

use super::super::fixture::{create, resource, row, update, yaml};
use super::GROUP;

#[track_caller]
fn check(plural: &str, object: &str, expected: &[&str]) {
    assert_eq!(
        create(&resource(GROUP, plural), &yaml(object)).1,
        expected,
        "{plural} {object}"
    );
}

#[test]
fn rules_say_what_may_be_done_to_what() {
    check(
        "roles",
        "rules: [{verbs: [get], apiGroups: [''], resources: [pods]}]",
        &[],
    );
    check(
        "roles",
        "rules: [{}]",
        &[
            "rules[0].verbs: Required value",
            "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
            "rules[0].resources: Required value: resource rules must supply at least one resource",
        ],
    );
    let url = "rules: [{verbs: [get], nonResourceURLs: [/healthz]}]";
    check("clusterroles", url, &[]);
    check(
        "roles",
        url,
        &[
            "rules[0].nonResourceURLs: Invalid value: [\"/healthz\"]: namespaced rules cannot apply to non-resource URLs",
        ],
    );
    check(
        "clusterroles",
        "aggregationRule: {}",
        &[
            "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if \
           aggregationRule is non-nil",
        ],
    );
}

#[test]
fn bindings_name_a_role_and_who_has_it() {
    let full = "{roleRef: {kind: ClusterRole, name: admin}, subjects: [{kind: User, name: ann}, {kind: ServiceAccount, \
                name: default, namespace: a}]}";
    let (binding, errors) = create(&resource(GROUP, "rolebindings"), &yaml(full));
    assert_eq!(errors, [""; 0]);
    insta::assert_yaml_snapshot!(binding, @r"
    roleRef:
      kind: ClusterRole
      name: admin
      apiGroup: rbac.authorization.k8s.io
    subjects:
      - kind: User
        name: ann
        apiGroup: rbac.authorization.k8s.io
      - kind: ServiceAccount
        name: default
        namespace: a
    ");
    check(
        "clusterrolebindings",
        "{roleRef: {kind: Role, name: a}, subjects: [{kind: ServiceAccount, name: default}]}",
        &[
            "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"",
            "subjects[0].namespace: Required value",
        ],
    );
    check(
        "rolebindings",
        "{roleRef: {kind: Role}, subjects: [{kind: Robot, name: a}]}",
        &[
            "roleRef.name: Required value",
            "subjects[0].kind: Unsupported value: \"Robot\": supported values: \"ServiceAccount\", \"User\", \"Group\"",
        ],
    );
}

#[test]
fn a_binding_never_gives_another_role() {
    let bindings = resource(GROUP, "rolebindings");
    let with = |role: &str, subject: &str| {
        yaml(&format!(
            "{{roleRef: {{kind: Role, name: {role}}}, subjects: [{{kind: User, name: {subject}}}]}}"
        ))
    };
    assert_eq!(
        update(&bindings, &with("a", "ann"), &with("a", "bob"), "").1,
        [""; 0]
    );
    let errors = update(&bindings, &with("b", "ann"), &with("a", "ann"), "").1;
    assert!(errors[0].starts_with("roleRef: Invalid value: ") && errors[0].ends_with("field is immutable"));
}

#[test]
fn names_may_have_colons() {
    let roles = resource(GROUP, "clusterroles");
    assert!(roles.behaviour.validate_name("system:node", false).is_empty());
    assert_eq!(
        roles.behaviour.validate_name("a/b", false),
        ["may not contain '/'"]
    );
}

#[test]
fn a_row_tells_who_has_what() {
    let binding = yaml(
        "{metadata: {name: b, creationTimestamp: '2026-01-01T00:00:00Z'}, roleRef: {kind: Role, name: r}, subjects: \
         [{kind: User, name: ann}, {kind: User, name: bob}, {kind: Group, name: g}, {kind: ServiceAccount, name: s, \
         namespace: n1}]}",
    );
    insta::assert_snapshot!(row(&resource(GROUP, "rolebindings"), &binding), @r"
    Name: b
    Role: Role/r
    Age: 60m
    Users: ann, bob
    Groups: g
    ServiceAccounts: n1/s
    ");
}
