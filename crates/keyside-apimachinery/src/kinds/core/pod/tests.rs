//! Tests of pods: the acceptance tables, defaults, validation, updates, tables.

mod print;
mod update;
mod validate;

use crate::kinds::fixture::{create, report, resource, rows, yaml};
use serde_json::{Value, json};

/// A pod as small as it can be.
fn pod(spec: &str) -> Value {
    let mut pod = yaml(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ns}\nspec: {containers: [{name: c, image: i}]}",
    );
    if let Value::Object(more) = yaml(spec) {
        for (field, value) in more {
            pod["spec"][field] = value;
        }
    }
    pod
}

fn defaulted(pod: &Value) -> Value {
    let mut pod = pod.clone();
    resource("", "pods").behaviour.default(&mut pod);
    pod
}

#[test]
fn pull_policies_follow_the_table() {
    let failures: Vec<String> = rows("kubelet.json", "pull_policy_defaults")
        .iter()
        .filter_map(|row| {
            let (image, given) = (&row["image"], &row["given"]);
            let container = json!({"name": "c", "image": image, "imagePullPolicy": given});
            let volume = json!({"name": "v", "image": {"reference": image, "pullPolicy": given}});
            let pod = defaulted(&json!({"spec": {
                "containers": [container], "initContainers": [container], "ephemeralContainers": [container],
                "volumes": [volume],
            }}));
            let spec = &pod["spec"];
            let of_containers = ["containers", "initContainers", "ephemeralContainers"]
                .iter()
                .all(|list| spec[list][0]["imagePullPolicy"] == row["container"]);
            let of_volume = spec["volumes"][0]["image"]["pullPolicy"] == row["image_volume"];
            (!of_containers || !of_volume).then(|| format!("{row}\n  got {spec}"))
        })
        .collect();
    report(&failures);
}

#[test]
fn warnings_about_pull_secrets_follow_the_table() {
    let failures: Vec<String> = rows("admission.json", "pod_warnings")
        .iter()
        .filter_map(|row| {
            let mut pod = pod("{}");
            let names = row["list"].as_array().into_iter().flatten();
            pod["spec"]["imagePullSecrets"] = names.map(|name| json!({"name": name})).collect();
            let warnings = resource("", "pods").behaviour.warnings(&defaulted(&pod), None);
            (json!(warnings) != row["warnings"]).then(|| format!("{row}\n  got {warnings:?}"))
        })
        .collect();
    report(&failures);
}

#[test]
fn a_small_pod_gets_all_its_defaults() {
    let (pod, errors) = create(&resource("", "pods"), &pod("{}"));
    assert_eq!(errors, [""; 0]);
    insta::assert_yaml_snapshot!(pod, @r"
    apiVersion: v1
    kind: Pod
    metadata:
      name: a
      namespace: ns
    spec:
      containers:
        - name: c
          image: i
          imagePullPolicy: Always
          terminationMessagePath: /dev/termination-log
          terminationMessagePolicy: File
          resources: {}
      dnsPolicy: ClusterFirst
      restartPolicy: Always
      securityContext: {}
      terminationGracePeriodSeconds: 30
      schedulerName: default-scheduler
      enableServiceLinks: true
      priority: 0
      preemptionPolicy: PreemptLowerPriority
      tolerations:
        - key: node.kubernetes.io/not-ready
          operator: Exists
          effect: NoExecute
          tolerationSeconds: 300
        - key: node.kubernetes.io/unreachable
          operator: Exists
          effect: NoExecute
          tolerationSeconds: 300
    status:
      phase: Pending
      qosClass: BestEffort
    ");
}

const LARGE: &str = "
restartPolicy: Never
serviceAccount: builder
hostNetwork: true
terminationGracePeriodSeconds: -3
tolerations: [{operator: Exists}]
containers:
- name: c
  image: reg:5000/app:1
  ports: [{containerPort: 80}]
  env:
  - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
  resources: {limits: {cpu: 0.5, memory: 1024Mi}}
  livenessProbe: {httpGet: {port: 80}}
  lifecycle: {preStop: {httpGet: {port: 80}}}
volumes:
- name: none
- {name: secret, secret: {secretName: s}}
- {name: host, hostPath: {path: /tmp}}
- name: all
  projected:
    sources:
    - serviceAccountToken: {path: token}
    - downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}
";

#[test]
fn a_large_pod_gets_the_defaults_of_its_parts() {
    let given = pod(LARGE);
    let (pod, errors) = create(&resource("", "pods"), &given);
    assert_eq!(errors, [""; 0]);
    insta::assert_yaml_snapshot!(pod["spec"], @r#"
    containers:
      - name: c
        image: "reg:5000/app:1"
        ports:
          - containerPort: 80
            protocol: TCP
            hostPort: 80
        env:
          - name: IP
            valueFrom:
              fieldRef:
                fieldPath: status.podIP
                apiVersion: v1
        resources:
          limits:
            cpu: 500m
            memory: 1Gi
          requests:
            cpu: 500m
            memory: 1Gi
        livenessProbe:
          httpGet:
            port: 80
            path: /
            scheme: HTTP
          timeoutSeconds: 1
          periodSeconds: 10
          successThreshold: 1
          failureThreshold: 3
        lifecycle:
          preStop:
            httpGet:
              port: 80
              path: /
              scheme: HTTP
        imagePullPolicy: IfNotPresent
        terminationMessagePath: /dev/termination-log
        terminationMessagePolicy: File
    restartPolicy: Never
    serviceAccount: builder
    hostNetwork: true
    terminationGracePeriodSeconds: 1
    tolerations:
      - operator: Exists
    volumes:
      - name: none
        emptyDir: {}
      - name: secret
        secret:
          secretName: s
          defaultMode: 420
      - name: host
        hostPath:
          path: /tmp
          type: ""
      - name: all
        projected:
          sources:
            - serviceAccountToken:
                path: token
                expirationSeconds: 3600
            - downwardAPI:
                items:
                  - path: labels
                    fieldRef:
                      fieldPath: metadata.labels
                      apiVersion: v1
          defaultMode: 420
    serviceAccountName: builder
    dnsPolicy: ClusterFirst
    securityContext: {}
    schedulerName: default-scheduler
    enableServiceLinks: true
    priority: 0
    preemptionPolicy: PreemptLowerPriority
    "#);
}

#[test]
fn a_template_is_not_defaulted_like_a_pod() {
    let mut deployment = json!({"spec": {"template": {"spec": {
        "hostNetwork": true, "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}],
            "resources": {"limits": {"cpu": "1"}}}],
    }}}});
    resource("apps", "deployments").behaviour.default(&mut deployment);
    let spec = &deployment["spec"]["template"]["spec"];
    assert_eq!(
        spec["containers"][0]["resources"],
        json!({"limits": {"cpu": "1"}})
    );
    assert_eq!(
        spec["containers"][0]["ports"],
        json!([{"containerPort": 80, "protocol": "TCP"}])
    );
    assert_eq!(spec.get("enableServiceLinks"), None);
    assert_eq!(spec["restartPolicy"], "Always");
}

#[test]
fn the_class_of_a_pod_follows_its_resources() {
    let class = |resources: &str| {
        let given = pod(&format!(
            "containers: [{{name: c, image: i, resources: {resources}}}]"
        ));
        create(&resource("", "pods"), &given).0["status"]["qosClass"].clone()
    };
    assert_eq!(class("{}"), "BestEffort");
    assert_eq!(class("{requests: {cpu: 1}}"), "Burstable");
    assert_eq!(class("{limits: {cpu: 1, memory: 1Gi}}"), "Guaranteed");
}

#[test]
fn a_gated_pod_says_that_it_waits() {
    let (pod, errors) = create(&resource("", "pods"), &pod("schedulingGates: [{name: a.b/c}]"));
    assert_eq!(errors, [""; 0]);
    assert_eq!(pod["status"]["conditions"][0]["reason"], "SchedulingGated");
}

#[test]
fn a_creator_cannot_bring_a_status() {
    let mut given = pod("{}");
    given["status"] = json!({"phase": "Running", "podIP": "10.0.0.1"});
    let (pod, _) = create(&resource("", "pods"), &given);
    assert_eq!(
        pod["status"],
        json!({"phase": "Pending", "qosClass": "BestEffort"})
    );
}

#[test]
fn only_a_pod_on_a_node_needs_time_to_go() {
    let grace = |pod: &Value| resource("", "pods").behaviour.grace_period(pod);
    assert_eq!(grace(&defaulted(&pod("{}"))), None);
    assert_eq!(grace(&defaulted(&pod("nodeName: a"))), Some(30));
    assert_eq!(
        grace(&defaulted(&pod(
            "{nodeName: a, terminationGracePeriodSeconds: 0}"
        ))),
        Some(0)
    );
    let mut ended = defaulted(&pod("nodeName: a"));
    ended["status"] = json!({"phase": "Succeeded"});
    assert_eq!(grace(&ended), None);
}

#[test]
fn doubtful_pods_are_warned_about() {
    let check = |spec: &str, expected: &[&str]| {
        let warnings = resource("", "pods")
            .behaviour
            .warnings(&defaulted(&pod(spec)), None);
        assert_eq!(warnings, expected, "{spec}");
    };
    check(
        "containers: [{name: c, image: i, env: [{name: A, value: x}, {name: B}, {name: A, value: y}]}]",
        &[
            "spec.containers[0].env[2]: hides previous definition of \"A\", which may be dropped when using apply",
        ],
    );
    check(
        "containers: [{name: c, image: i, env: [{name: A, value: x}, {name: A, value: $(A)y}]}]",
        &[],
    );
    check(
        "containers: [{name: c, image: i, resources: {requests: {memory: 100m}}}]",
        &[
            "spec.containers[0].resources.requests[memory]: fractional byte value \"100m\" is invalid, must be an integer",
        ],
    );
    check(
        "nodeSelector: {beta.kubernetes.io/os: linux}",
        &[
            "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
        ],
    );
    check(
        "containers: [{name: c, image: i, ports: [{containerPort: 80}, {containerPort: 80}]}]",
        &["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"],
    );
    check(
        "volumes: [{name: v, gitRepo: {repository: r}}]",
        &["spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+"],
    );
}
