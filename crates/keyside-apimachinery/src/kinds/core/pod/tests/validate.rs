//! What is refused in a new pod.

use super::pod;
use crate::kinds::fixture::{create, resource};

#[track_caller]
fn check(spec: &str, expected: &[&str]) {
    let (_, errors) = create(&resource("", "pods"), &pod(spec));
    assert_eq!(errors, expected, "{spec}");
}

/// Checks the fields of the one container.
#[track_caller]
fn container(fields: &str, expected: &[&str]) {
    check(
        &format!("containers: [{{name: c, image: i, {fields}}}]"),
        expected,
    );
}

#[test]
fn containers_have_names_and_images() {
    check("containers: []", &["spec.containers: Required value"]);
    check(
        "containers: [{image: i}]",
        &["spec.containers[0].name: Required value"],
    );
    check(
        "containers: [{name: c}]",
        &["spec.containers[0].image: Required value"],
    );
    check(
        "containers: [{name: c, image: i}, {name: c, image: i}]",
        &["spec.containers[1].name: Duplicate value: \"c\""],
    );
    check(
        "initContainers: [{name: c, image: i}]",
        &["spec.initContainers[0].name: Duplicate value: \"c\""],
    );
    check(
        "containers: [{name: c, image: ' i'}]",
        &["spec.containers[0].image: Invalid value: \" i\": must not have leading or trailing whitespace"],
    );
    check(
        "ephemeralContainers: [{name: d, image: i}]",
        &["spec.ephemeralContainers: Forbidden: cannot be set on create"],
    );
}

#[test]
fn words_come_from_a_list() {
    check(
        "restartPolicy: Sometimes",
        &[
            "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\"",
        ],
    );
    container(
        "imagePullPolicy: Often",
        &[
            "spec.containers[0].imagePullPolicy: Unsupported value: \"Often\": supported values: \"Always\", \
           \"IfNotPresent\", \"Never\"",
        ],
    );
    check(
        "dnsPolicy: None",
        &["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
    );
}

#[test]
fn mounts_name_volumes() {
    container(
        "volumeMounts: [{name: v, mountPath: /a}]",
        &["spec.containers[0].volumeMounts[0].name: Not found: \"v\""],
    );
    check(
        "{volumes: [{name: v}], containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /a}, \
         {name: v, mountPath: /a, subPath: ../x}]}]}",
        &[
            "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/a\": must be unique",
            "spec.containers[0].volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'",
        ],
    );
}

#[test]
fn volumes_have_one_source() {
    check(
        "volumes: [{name: v, secret: {}}]",
        &["spec.volumes[0].secret.secretName: Required value"],
    );
    check(
        "volumes: [{name: v, emptyDir: {}, hostPath: {path: /a}}]",
        &["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
    );
    check(
        "volumes: [{name: v}, {name: v}]",
        &["spec.volumes[1].name: Duplicate value: \"v\""],
    );
    check(
        "volumes: [{name: v, image: {}}]",
        &["spec.volumes[0].image.reference: Required value"],
    );
    check(
        "volumes: [{name: v, secret: {secretName: s, items: [{key: k, path: ..x}]}}]",
        &["spec.volumes[0].secret.items[0].path: Invalid value: \"..x\": must not start with '..'"],
    );
    check(
        "volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t}}]}}]",
        &[
            "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when \
           serviceAccountName is not set",
        ],
    );
}

#[test]
fn variables_have_one_origin() {
    container(
        "env: [{value: x}]",
        &["spec.containers[0].env[0].name: Required value"],
    );
    container(
        "env: [{name: A=B}]",
        &[
            "spec.containers[0].env[0].name: Invalid value: \"A=B\": a valid environment variable name must consist only \
           of printable ASCII characters other than '='",
        ],
    );
    container(
        "env: [{name: A, value: x, valueFrom: {secretKeyRef: {name: s, key: k}}}]",
        &[
            "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty",
        ],
    );
    container(
        "env: [{name: A, valueFrom: {}}]",
        &[
            "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, \
           `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
        ],
    );
    container(
        "env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.x}}}]",
        &[
            "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.x\": error converting \
           fieldPath: field label not supported: spec.x",
        ],
    );
    container(
        "envFrom: [{}]",
        &[
            "spec.containers[0].envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`",
        ],
    );
}

#[test]
fn ports_are_in_range_and_not_taken_twice() {
    container(
        "ports: [{name: web}]",
        &["spec.containers[0].ports[0].containerPort: Required value"],
    );
    container(
        "ports: [{containerPort: 70000}]",
        &[
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ],
    );
    container(
        "ports: [{containerPort: 80, hostPort: 8}, {containerPort: 81, hostPort: 8}]",
        &["spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//8\""],
    );
    check(
        "{hostNetwork: true, containers: [{name: c, image: i, ports: [{containerPort: 80, hostPort: 8}]}]}",
        &[
            "spec.containers[0].ports[0].hostPort: Invalid value: 8: must match `containerPort` when `hostNetwork` is true",
        ],
    );
}

#[test]
fn resources_are_known_and_requests_fit() {
    container(
        "resources: {requests: {cpu: 2}, limits: {cpu: 1}}",
        &[
            "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
        ],
    );
    container(
        "resources: {limits: {gold: 1}}",
        &[
            "spec.containers[0].resources.limits[gold]: Invalid value: \"gold\": must be a standard resource type or \
             fully qualified",
            "spec.containers[0].resources.limits[gold]: Invalid value: \"gold\": must be a standard resource for \
             containers",
            "spec.containers[0].resources.requests[gold]: Invalid value: \"gold\": must be a standard resource type or \
             fully qualified",
            "spec.containers[0].resources.requests[gold]: Invalid value: \"gold\": must be a standard resource for \
             containers",
        ],
    );
    container(
        "resources: {limits: {cpu: -1}}",
        &[
            "spec.containers[0].resources.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0",
            "spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be greater than or equal to 0",
        ],
    );
    container(
        "resources: {requests: {nvidia.com/gpu: 1}}",
        &[
            "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources",
        ],
    );
}

#[test]
fn probes_act_in_one_way() {
    container(
        "livenessProbe: {}",
        &["spec.containers[0].livenessProbe: Required value: must specify a handler type"],
    );
    container(
        "livenessProbe: {exec: {command: [a]}, tcpSocket: {port: 1}}",
        &["spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"],
    );
    container(
        "livenessProbe: {exec: {command: [a]}, successThreshold: 2}",
        &["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
    );
    check(
        "initContainers: [{name: d, image: i, readinessProbe: {tcpSocket: {port: 1}}}]",
        &[
            "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without \
           restartPolicy=Always",
        ],
    );
}

#[test]
fn security_wishes_do_not_contradict_each_other() {
    container(
        "securityContext: {privileged: true, allowPrivilegeEscalation: false}",
        &[
            "spec.containers[0].securityContext: Invalid value: {\"privileged\":true,\"allowPrivilegeEscalation\":false}: \
           cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
        ],
    );
    check(
        "securityContext: {runAsUser: -1, seccompProfile: {type: Localhost}}",
        &[
            "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
            "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is \
             Localhost",
        ],
    );
}

#[test]
fn placing_follows_the_alphabet_of_labels() {
    check(
        "tolerations: [{key: a, operator: Exists, value: b}, {effect: NoSchedule}]",
        &[
            "spec.tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'",
            "spec.tolerations[1].operator: Invalid value: \"\": operator must be Exists when `key` is empty, which \
             means \"match all values and all keys\"",
        ],
    );
    check(
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}",
        &[
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: \
           must have at least one node selector term",
        ],
    );
    check(
        "topologySpreadConstraints: [{topologyKey: zone, whenUnsatisfiable: Maybe, maxSkew: 0, labelSelector: {}}]",
        &[
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"Maybe\": supported values: \
             \"DoNotSchedule\", \"ScheduleAnyway\"",
        ],
    );
    check(
        "{nodeName: a, schedulingGates: [{name: g}]}",
        &["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
    );
}
