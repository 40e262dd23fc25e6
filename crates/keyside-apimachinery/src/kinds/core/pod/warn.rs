//! What a pod may say but should not: shown by kubectl as `Warning:` lines (`pkg/api/pod/warnings.go`).

mod files;

use crate::kinds::access::{count, entries, is_set, list, text};
use crate::kinds::path::Path;
use crate::kinds::quantity::Quantity;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Volume types that were removed, and what to say about them.
const REMOVED_VOLUMES: [(&str, &str); 9] = [
    (
        "photonPersistentDisk",
        "deprecated in v1.11, non-functional in v1.16+",
    ),
    (
        "gitRepo",
        "deprecated in v1.11, and disabled by default in v1.33+",
    ),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

/// Node labels that were renamed or given up.
const OLD_NODE_LABELS: [(&str, &str); 8] = [
    (
        "beta.kubernetes.io/arch",
        "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
    ),
    (
        "beta.kubernetes.io/os",
        "deprecated since v1.14; use \"kubernetes.io/os\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    ),
    ("app.kubernetes.io/created-by", "deprecated since v1.9"),
    (
        "scheduler.alpha.kubernetes.io/preferAvoidPods",
        "deprecated since v1.22; use Taints and Tolerations instead",
    ),
    (
        "node-role.kubernetes.io/master",
        "use \"node-role.kubernetes.io/control-plane\" instead",
    ),
];

const OLD_ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
];

/// Warnings about a new pod; a changed one is not looked at, because people rarely change pods themselves.
pub(super) fn pod(object: &Value, old: Option<&Value>) -> Vec<String> {
    if old.is_some() {
        return Vec::new();
    }
    let mut warnings = Vec::new();
    let name_errors = crate::kinds::name::label(text(&object["metadata"], "name"), false);
    if !name_errors.is_empty() {
        warnings.push(format!(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS \
             label is recommended: [{}]",
            name_errors.join(" ")
        ));
    }
    warnings.extend(of(object, &Path::root()));
    warnings
}

/// Warnings about a pod template that is new or has changed.
pub(crate) fn template(template: &Value, old: Option<&Value>, path: &Path) -> Vec<String> {
    if old.is_some_and(|old| old == template) {
        Vec::new()
    } else {
        of(template, path)
    }
}

fn of(pod: &Value, root: &Path) -> Vec<String> {
    let (spec, path) = (&pod["spec"], root.at("spec"));
    let mut warnings = Vec::new();
    node_labels(&mut warnings, spec, &path);
    for (key, message) in OLD_ANNOTATIONS {
        if is_set(&pod["metadata"]["annotations"], key) {
            warnings.push(format!("{}: {message}", root.at("metadata.annotations").key(key)));
        }
    }
    for (i, volume) in list(spec, "volumes").iter().enumerate() {
        for (field, message) in REMOVED_VOLUMES.iter().filter(|(field, _)| is_set(volume, field)) {
            warnings.push(format!("{}: {message}", path.at("volumes").index(i).at(field)));
        }
    }
    repeated(
        &mut warnings,
        list(spec, "hostAliases"),
        "ip",
        &path.at("hostAliases"),
    );
    repeated(
        &mut warnings,
        list(spec, "imagePullSecrets"),
        "name",
        &path.at("imagePullSecrets"),
    );
    for (i, reference) in list(spec, "imagePullSecrets").iter().enumerate() {
        if text(reference, "name").is_empty() {
            warnings.push(format!(
                "{}: invalid empty name \"\"",
                path.at("imagePullSecrets").index(i).at("name")
            ));
        }
    }
    files::overlapping(&mut warnings, list(spec, "volumes"));
    let containers = all_containers(spec, &path);
    for name in ["memory", "ephemeral-storage"] {
        fraction(
            &mut warnings,
            &spec["overhead"][name],
            &path.at("overhead").key(name),
        );
    }
    for (container, path) in &containers {
        fractions(&mut warnings, &container["resources"], &path.at("resources"));
        variables(&mut warnings, container, &path.at("env"));
    }
    ports(&mut warnings, &containers);
    if spec["terminationGracePeriodSeconds"]
        .as_i64()
        .is_some_and(|seconds| seconds < 0)
    {
        warnings.push(format!(
            "{}: must be >= 0; negative values are invalid and will be treated as 1",
            path.at("terminationGracePeriodSeconds")
        ));
    }
    selectors(&mut warnings, spec, &path);
    warnings
}

/// Every container with its path: init, then ordinary, then ephemeral.
fn all_containers<'a>(spec: &'a Value, path: &Path) -> Vec<(&'a Value, Path)> {
    let mut all = Vec::new();
    for field in ["initContainers", "containers", "ephemeralContainers"] {
        let numbered = list(spec, field).iter().enumerate();
        all.extend(numbered.map(|(i, container)| (container, path.at(field).index(i))));
    }
    all
}

fn node_labels(warnings: &mut Vec<String>, spec: &Value, path: &Path) {
    for (key, _) in entries(spec, "nodeSelector") {
        if let Some((_, message)) = OLD_NODE_LABELS.iter().find(|(old, _)| old == key) {
            warnings.push(format!("{}: {message}", path.at("nodeSelector").key(key)));
        }
    }
}

fn selectors(warnings: &mut Vec<String>, spec: &Value, path: &Path) {
    let mut note = |path: Path| {
        warnings.push(format!(
            "{}: a null labelSelector results in matching no pod",
            path.at("labelSelector")
        ));
    };
    for (i, constraint) in list(spec, "topologySpreadConstraints").iter().enumerate() {
        if !is_set(constraint, "labelSelector") {
            note(path.at("topologySpreadConstraints").index(i));
        }
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        let (terms, path) = (&spec["affinity"][kind], path.at("affinity").at(kind));
        let field = "requiredDuringSchedulingIgnoredDuringExecution";
        for (i, term) in list(terms, field).iter().enumerate() {
            if !is_set(term, "labelSelector") {
                note(path.at(field).index(i));
            }
        }
        let field = "preferredDuringSchedulingIgnoredDuringExecution";
        for (i, term) in list(terms, field).iter().enumerate() {
            if !is_set(&term["podAffinityTerm"], "labelSelector") {
                note(path.at(field).index(i).at("podAffinityTerm"));
            }
        }
    }
}

fn repeated(warnings: &mut Vec<String>, items: &[Value], field: &str, path: &Path) {
    let mut seen = HashSet::new();
    for (i, item) in items.iter().enumerate() {
        let value = text(item, field);
        if !seen.insert(value) {
            warnings.push(format!(
                "{}: duplicate {field} {value:?}",
                path.index(i).at(field)
            ));
        }
    }
}

/// Bytes cannot be divided: `memory: 100m` is a mistake for `100M`.
fn fractions(warnings: &mut Vec<String>, resources: &Value, path: &Path) {
    for name in ["memory", "ephemeral-storage"] {
        for kind in ["limits", "requests"] {
            fraction(warnings, &resources[kind][name], &path.at(kind).key(name));
        }
    }
}

fn fraction(warnings: &mut Vec<String>, amount: &Value, path: &Path) {
    if let Some(amount) = Quantity::read(amount).filter(|amount| !amount.is_whole()) {
        warnings.push(format!(
            "{path}: fractional byte value \"{amount}\" is invalid, must be an integer"
        ));
    }
}

/// A variable defined twice is lost by `kubectl apply`, unless the second builds on the first.
fn variables(warnings: &mut Vec<String>, container: &Value, path: &Path) {
    let mut seen = HashSet::new();
    for (i, variable) in list(container, "env").iter().enumerate() {
        let name = text(variable, "name");
        if seen.insert(name) {
            continue;
        }
        let reference = format!("$({name})");
        let value = text(variable, "value");
        if is_set(variable, "valueFrom") || value == reference || !value.contains(&reference) {
            warnings.push(format!(
                "{}: hides previous definition of {name:?}, which may be dropped when using apply",
                path.index(i)
            ));
        }
    }
}

fn ports(warnings: &mut Vec<String>, containers: &[(&Value, Path)]) {
    let all: Vec<(&Value, Path)> = containers
        .iter()
        .flat_map(|(container, path)| {
            let ports = list(container, "ports").iter().enumerate();
            ports.map(move |(i, port)| (port, path.at("ports").index(i)))
        })
        .collect();
    for (i, (port, path)) in all.iter().enumerate() {
        for (other, first) in &all[..i] {
            let same_port = ["containerPort", "protocol"]
                .iter()
                .all(|field| port[field] == other[field]);
            if !same_port {
                continue;
            }
            let (here, there) = (text(port, "hostIP"), text(other, "hostIP"));
            let (mine, theirs) = (count(port, "hostPort"), count(other, "hostPort"));
            if here == there && mine == theirs {
                warnings.push(format!("{path}: duplicate port definition with {first}"));
            } else if mine == 0 || theirs == 0 {
                warnings.push(format!("{path}: overlapping port definition with {first}"));
            } else if mine == theirs && here.is_empty() != there.is_empty() {
                warnings.push(format!(
                    "{path}: dangerously ambiguous port definition with {first}"
                ));
            }
        }
    }
    let mut named: HashMap<&str, &Path> = HashMap::new();
    for (port, path) in all.iter().filter(|(port, _)| !text(port, "name").is_empty()) {
        let name = text(port, "name");
        if let Some(first) = named.get(name) {
            warnings.push(format!(
                "{path}: duplicate port name {name:?} with {first}, services and probes that select ports by name \
                 will use {first}"
            ));
        } else {
            named.insert(name, path);
        }
    }
}
