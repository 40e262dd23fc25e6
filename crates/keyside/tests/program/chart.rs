//! The chart as Helm sees it, and `keyside install` beside it: Helm lints and renders, kubeconform checks against the API
//! server's own schemas, kubectl lets the API server check, and both ways give the same objects.

use crate::world::{World, fed, text, up};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Values with which everything is compared.
const VALUES: [(&str, &str); 12] = [
    ("the chart's own", ""),
    (
        "as little as possible",
        "{replicaCount: 1, crds: {enabled: false}, rbac: {create: false}, serviceAccount: {create: false}, \
         networkPolicy: {enabled: false}, podDisruptionBudget: {enabled: false}, resources: {requests: null, limits: null}, \
         podSecurityContext: {runAsGroup: null}}",
    ),
    ("without a webhook", "{injection: {mode: policy}}"),
    (
        "with a webhook behind a policy",
        "{injection: {mode: both}, rbac: {mode: blind}}",
    ),
    (
        "names only",
        "{delivery: {mode: Inject}, rbac: {namespaces: [shop, keyside-system, somewhere, shop]}}",
    ),
    (
        "some namespaces only",
        "{rbac: {mode: namespaced, namespaces: [shop, project-shop]}, delivery: {mode: OnDemand}, restartStuck: 3}",
    ),
    (
        "blind copies",
        "{rbac: {mode: blind, namespaces: [project-shop, default]}, injection: {mode: webhook}}",
    ),
    (
        "blind copies on demand by the webhook, whatever the cluster can",
        "{rbac: {mode: blind}, delivery: {mode: OnDemand}}",
    ),
    (
        "on demand, with pages and nodes",
        "{delivery: {mode: OnDemand}, restartStuck: 5, ui: {enabled: true, hosts: [keyside.example.com], tls: {secretName: ui-tls}}, credentialProvider: {enabled: true}, registryCA: {configMapName: company}, crds: {keep: false}}",
    ),
    (
        "other names",
        "{nameOverride: pulls, fullnameOverride: registry-keys, commonLabels: {team: platform, app.kubernetes.io/name: other}, \
         serviceAccount: {name: robot, annotations: {example.com/role: pull}}}",
    ),
    (
        "a place of its own",
        "{image: {repository: 'registry.example.com:5000/keyside', tag: v9, digest: \
         'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', pullPolicy: Always}, \
         imagePullSecrets: [{name: one}], global: {imagePullSecrets: [{name: zero}], other: 1}, replicaCount: 3, \
         podDisruptionBudget: {minAvailable: 2}, nodeSelector: {kubernetes.io/os: linux}, \
         tolerations: [{key: dedicated, operator: Exists, effect: NoSchedule}], priorityClassName: system-cluster-critical, \
         affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: \
         [{key: zone, operator: In, values: [a]}]}]}}}, topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, \
         whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {a: b}}}], \
         extraArgs: ['--log-format=text', 'a: b'], extraEnv: [{name: HTTPS_PROXY, value: 'http://proxy:3128'}], \
         resources: {limits: {memory: 1Gi, cpu: '2'}}}",
    ),
    (
        "watched",
        "{serviceMonitor: {enabled: true, interval: 1m, labels: {release: prometheus}}, \
         prometheusRule: {enabled: true, labels: {release: prometheus}}, grafanaDashboard: {enabled: true, labels: {a: b}}}",
    ),
];

/// Kinds of an operator that no API server here knows.
const FOREIGN: &str = "ServiceMonitor,PrometheusRule";

#[test]
fn helm_finds_nothing_to_complain_about() {
    if !has(&["helm"]) {
        return;
    }
    for (name, values) in VALUES {
        let answer = helm(&["lint", "--strict"], values);
        assert!(answer.status.success(), "{name}: {}", text(&answer.stdout));
    }
}

#[test]
fn helm_refuses_values_that_the_chart_does_not_have() {
    if !has(&["helm"]) {
        return;
    }
    for values in [
        "{replicas: 3}",
        "{image: {repo: x}}",
        "{delivery: {mode: Everything}}",
        "{resources: {limit: {}}}",
    ] {
        let answer = helm(&["lint", "--strict"], values);
        assert!(!answer.status.success(), "{values} was accepted");
        let ours = keyside(&["install", "--dry-run=client"], values);
        assert_eq!(ours.status.code(), Some(2), "{values}: {}", text(&ours.stdout));
    }
}

#[test]
fn whoever_works_in_some_namespaces_only_has_to_name_them() {
    if !has(&["helm"]) {
        return;
    }
    let values = "{rbac: {mode: namespaced}}";
    let rendered = helm(&["template", "keyside"], values);
    let said = text(&rendered.stderr);
    assert!(
        !rendered.status.success() && said.contains("names no namespace"),
        "{said}"
    );
    let printed = keyside(&["install", "--dry-run=client"], values);
    let said = text(&printed.stderr);
    assert!(
        !printed.status.success() && said.contains("names no namespace"),
        "{said}"
    );
}

#[test]
fn helm_renders_what_install_prints() {
    if !has(&["helm"]) {
        return;
    }
    for (name, values) in VALUES {
        for release in ["keyside", "pulls"] {
            let rendered = objects(&render(release, values));
            let flags = [
                "install",
                "--dry-run=client",
                "-n",
                "somewhere",
                "--name",
                release,
            ];
            let printed = objects(&ok(keyside(&flags, values)));
            assert_eq!(titles(&rendered), titles(&printed), "{name}, release {release}");
            for (title, object) in &printed {
                assert_eq!(&rendered[title], object, "{name}, release {release}: {title}");
            }
        }
    }
}

#[test]
fn every_pod_meets_the_strictest_pod_security_standard() {
    if !has(&["helm"]) {
        return;
    }
    let mut pods = 0;
    for object in documents(&ok(helm(&["template", "keyside"], ""))) {
        let spec = match object["kind"].as_str() {
            Some("Pod") => &object["spec"],
            Some("Deployment" | "Job") => &object["spec"]["template"]["spec"],
            _ => continue,
        };
        pods += 1;
        let (whole, container) = (&spec["securityContext"], &spec["containers"][0]);
        let own = &container["securityContext"];
        assert_eq!(whole["runAsNonRoot"], true);
        assert_eq!(whole["seccompProfile"]["type"], "RuntimeDefault");
        assert_eq!(own["allowPrivilegeEscalation"], false);
        assert_eq!(own["readOnlyRootFilesystem"], true);
        assert_eq!(own["capabilities"], serde_json::json!({"drop": ["ALL"]}));
        assert!(container["resources"]["limits"]["memory"].is_string());
        assert!(container["resources"]["limits"]["cpu"].is_string());
        assert_eq!(spec["enableServiceLinks"], false);
        for absent in ["volumes", "hostNetwork", "hostPID", "hostIPC", "initContainers"] {
            assert!(spec[absent].is_null(), "{absent}: {spec}");
        }
    }
    assert_eq!(pods, 3, "the replicas, the check and the clean-up");
}

#[test]
fn install_prints_json_as_it_prints_yaml() {
    let yaml = objects(&ok(keyside(&["install", "--dry-run=client"], "")));
    let json: Value =
        serde_json::from_str(&ok(keyside(&["install", "--dry-run=client", "-o", "json"], ""))).expect("JSON");
    let items = json["items"].as_array().expect("items").iter();
    let again: String = items.map(|item| format!("---\n{item}\n")).collect();
    assert_eq!(objects(&again), yaml);
    let first = ok(keyside(
        &["install", "--dry-run=client", "--create-namespace", "-o", "name"],
        "",
    ));
    assert_eq!(first.lines().next(), Some("namespace/keyside-system"));
}

#[test]
fn every_object_fits_the_api_servers_schemas() {
    if !has(&["helm", "kubeconform", "kubectl"]) {
        return;
    }
    let world = up();
    let dir = tempfile::tempdir().expect("a folder");
    write_schemas(&world, dir.path());
    for (name, values) in VALUES {
        let all = format!("{}\n---\n{}", render("keyside", values), hooks("keyside", values));
        let known = documents(&all)
            .filter(|object| !FOREIGN.split(',').any(|kind| object["kind"] == kind))
            .count();
        let summary = conform(dir.path(), &all);
        assert_eq!(summary["valid"], known, "{name}: {summary}");
        assert_eq!(
            (&summary["invalid"], &summary["errors"]),
            (&0.into(), &0.into()),
            "{name}: {summary}"
        );
    }
    let wrong = render("keyside", "").replace("enableServiceLinks", "enableServiceLink");
    let summary = conform(dir.path(), &wrong);
    assert_eq!(summary["invalid"], 1, "an unknown field must be found: {summary}");
}

#[test]
fn api_server_accepts_what_helm_renders() {
    if !has(&["helm", "kubectl"]) {
        return;
    }
    let world = up();
    for kept in ["shop", "somewhere", "project-shop"] {
        world.ok(&format!("create namespace {kept}"));
    }
    for (name, values) in VALUES.iter().filter(|(name, _)| *name != "watched") {
        let manifest = ok(helm(
            &["template", "keyside", "-n", "keyside-system", "--no-hooks"],
            values,
        ));
        let answer = fed(
            world.kubectl(&["apply", "--dry-run=server", "-f", "-"]),
            &manifest,
        );
        assert!(answer.status.success(), "{name}: {}", text(&answer.stderr));
        let told = text(&answer.stdout);
        assert_eq!(
            told.lines().count(),
            documents(&manifest).count(),
            "{name}: {told}"
        );
    }
}

/// Helm on our chart with these values.
fn helm(arguments: &[&str], values: &str) -> Output {
    let mut command = Command::new("helm");
    command.args(arguments).arg(chart()).args(["--values", "-"]);
    fed(command, if values.is_empty() { "{}" } else { values })
}

/// The program with a values file.
fn keyside(arguments: &[&str], values: &str) -> Output {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut file, values.as_bytes()).expect("it is written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyside"));
    command
        .args(arguments)
        .arg("--values")
        .arg(file.path())
        .env_remove("KUBECONFIG");
    command.output().expect("keyside runs")
}

fn render(release: &str, values: &str) -> String {
    ok(helm(
        &["template", release, "-n", "somewhere", "--no-hooks"],
        values,
    ))
}

/// What Helm makes before and after: not part of an installation, but checked as well.
fn hooks(release: &str, values: &str) -> String {
    let all = ok(helm(&["template", release, "-n", "somewhere"], values));
    let hooks =
        documents(&all).filter(|object| object["metadata"]["annotations"]["helm.sh/hook"].is_string());
    hooks.map(|object| format!("---\n{object}\n")).collect()
}

fn ok(output: Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/keyside")
}

fn documents(yaml: &str) -> impl Iterator<Item = Value> {
    let texts: Vec<String> = format!("\n{yaml}").split("\n---").map(str::to_owned).collect();
    texts.into_iter().filter_map(|text| {
        serde_saphyr::from_str::<Option<Value>>(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    })
}

/// By title. Which tool manages an object is the one thing in which the two ways differ.
fn objects(yaml: &str) -> BTreeMap<String, Value> {
    let normal = |mut object: Value| {
        for at in ["/metadata/labels", "/spec/template/metadata/labels"] {
            if let Some(manager) = object.pointer_mut(&format!("{at}/app.kubernetes.io~1managed-by")) {
                assert!(manager == "Helm" || manager == "keyside", "{manager}");
                *manager = "keyside".into();
            }
        }
        whole(&mut object);
        (title(&object), object)
    };
    documents(yaml).map(normal).collect()
}

/// Helm writes 60 where a schema's bound is the number 60.0.
fn whole(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(float) = number
                .as_f64()
                .filter(|float| number.is_f64() && float.fract() == 0.0)
            {
                *value = serde_json::from_str(&format!("{float:.0}")).expect("a whole number");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole),
        Value::Object(fields) => fields.values_mut().for_each(whole),
        _ => {}
    }
}

fn title(object: &Value) -> String {
    format!(
        "{} {} in {}",
        object["kind"].as_str().expect("a kind"),
        object["metadata"]["name"].as_str().expect("a name"),
        object["metadata"]["namespace"].as_str().unwrap_or_default()
    )
}

fn titles(objects: &BTreeMap<String, Value>) -> Vec<&String> {
    objects.keys().collect()
}

/// The schemas that the API server publishes, in the form kubeconform reads: one file for each kind, nothing unknown allowed.
fn write_schemas(world: &World, dir: &Path) {
    let published: Value = serde_json::from_str(&world.ok("get --raw /openapi/v2")).expect("JSON");
    let mut definitions = published["definitions"].clone();
    definitions
        .as_object_mut()
        .expect("definitions")
        .values_mut()
        .for_each(close);
    for (name, definition) in definitions.as_object().expect("definitions") {
        for kind in definition["x-kubernetes-group-version-kind"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let part = |field: &str| kind[field].as_str().unwrap_or_default().to_lowercase();
            // kubeconform takes the version for the group where there is none.
            let group = Some(part("group"))
                .filter(|group| !group.is_empty())
                .unwrap_or_else(|| part("version"));
            let folder = dir.join(group);
            std::fs::create_dir_all(&folder).expect("a folder");
            let schema =
                serde_json::json!({"$ref": format!("#/definitions/{name}"), "definitions": definitions});
            let path = folder.join(format!("{}_{}.json", part("kind"), part("version")));
            if NEEDED.contains(&kind["kind"].as_str().unwrap_or_default()) {
                std::fs::write(path, schema.to_string()).expect("it is written");
            }
        }
    }
}

/// Kinds that the chart makes: each schema holds all definitions, so only these are written.
const NEEDED: [&str; 17] = [
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CustomResourceDefinition",
    "Deployment",
    "Job",
    "NetworkPolicy",
    "Pod",
    "PodDisruptionBudget",
    "Role",
    "RoleBinding",
    "Service",
    "ServiceAccount",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];

/// Makes a schema strict, and says what `int-or-string` means in JSON Schema.
fn close(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    if map.get("format").is_some_and(|format| format == "int-or-string") {
        *schema = serde_json::json!({"type": ["integer", "string"]});
        return;
    }
    if map.contains_key("properties") && !map.contains_key("additionalProperties") {
        map.insert("additionalProperties".to_owned(), false.into());
    }
    for (name, child) in map.iter_mut() {
        match name.as_str() {
            "properties" => child
                .as_object_mut()
                .into_iter()
                .flat_map(serde_json::Map::values_mut)
                .for_each(close),
            "items" | "additionalProperties" => close(child),
            _ => {}
        }
    }
}

/// kubeconform's counts.
fn conform(schemas: &Path, manifest: &str) -> Value {
    let mut command = Command::new("kubeconform");
    let location = format!(
        "{}/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json",
        schemas.display()
    );
    command.args([
        "-strict",
        "-summary",
        "-output",
        "json",
        "-skip",
        FOREIGN,
        "-schema-location",
        &location,
        "-",
    ]);
    let answer = fed(command, manifest);
    let told: Value = serde_json::from_slice(&answer.stdout)
        .unwrap_or_else(|error| panic!("{error}: {} {}", text(&answer.stdout), text(&answer.stderr)));
    let mut summary = told["summary"].clone();
    summary["resources"] = told["resources"].clone();
    summary
}

/// Whether these programs are there; in CI their absence is a failure.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn has(programs: &[&str]) -> bool {
    let missing = |program: &&&str| Command::new(**program).arg("--help").output().is_err();
    let Some(program) = programs.iter().find(missing) else {
        return true;
    };
    assert!(
        std::env::var_os("CI").is_none(),
        "{program} is not installed: run `cargo e2e tools`"
    );
    eprintln!("skipped: {program} is not installed; `cargo e2e test` builds it where Go is");
    false
}
