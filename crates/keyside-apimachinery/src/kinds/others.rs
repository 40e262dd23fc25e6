//! Kinds that clients expect every cluster to have and that nothing here acts on: autoscalers, certificate requests,
//! runtime classes, nodes as storage drivers see them. They are checked for what people get wrong, kept, and shown.

use super::access::{count, fill, int, list, text};
use super::checks::{Errors, immutable, required, sentences};
use super::kind::{AGE, Generation, Kind, NAME};
use super::name;
use super::path::Path;
use super::print::{age, or_none};
use super::served::Group;
use crate::resource::Resource;
use crate::status::FieldError;
use serde_json::{Value, json};

const AUTOSCALING: Group = Group {
    name: "autoscaling",
    version: "v1",
};
const AUTOSCALING_V2: Group = Group {
    name: "autoscaling",
    version: "v2",
};
const CERTIFICATES: Group = Group {
    name: "certificates.k8s.io",
    version: "v1",
};
const NODE: Group = Group {
    name: "node.k8s.io",
    version: "v1",
};
const STORAGE: Group = Group {
    name: "storage.k8s.io",
    version: "v1",
};

/// Resources of `/apis/autoscaling/v2` and, the older shape of the same objects, `/apis/autoscaling/v1`.
pub(super) fn autoscalers() -> Vec<Resource> {
    [AUTOSCALING_V2, AUTOSCALING]
        .into_iter()
        .map(|group| {
            let row = group.namespaced("HorizontalPodAutoscaler", "horizontalpodautoscalers", AUTOSCALER);
            row.short(&["hpa"]).category("all").status().done()
        })
        .collect()
}

/// Resources of `/apis/certificates.k8s.io/v1`.
pub(super) fn certificates() -> Vec<Resource> {
    let row = CERTIFICATES.cluster("CertificateSigningRequest", "certificatesigningrequests", REQUEST);
    let approval = ["certificates.k8s.io", "v1", "CertificateSigningRequest"];
    vec![
        row.short(&["csr"])
            .special("approval", approval, &["get", "patch", "update"])
            .status()
            .done(),
    ]
}

/// Resources of `/apis/node.k8s.io/v1`.
pub(super) fn runtimes() -> Vec<Resource> {
    vec![NODE.cluster("RuntimeClass", "runtimeclasses", RUNTIME).done()]
}

/// What `/apis/storage.k8s.io/v1` has besides storage classes.
pub(super) fn drivers() -> Vec<Resource> {
    vec![STORAGE.cluster("CSINode", "csinodes", DRIVERS).done()]
}

const AUTOSCALER: Kind = Kind {
    default: |scaler| {
        if let Some(spec) = scaler.get_mut("spec") {
            fill(spec, "minReplicas", || 1.into());
        }
    },
    validate_create: |scaler, _| autoscaler(scaler),
    validate_update: |new, _, context| {
        if context.subresource == "status" {
            Errors::new()
        } else {
            autoscaler(new)
        }
    },
    generation: Generation::Absent,
    columns: &[
        NAME,
        ("Reference", "string", "", 0, "What is scaled."),
        ("Targets", "string", "", 0, "Measured and wanted values."),
        ("MinPods", "string", "", 0, "Fewest pods."),
        ("MaxPods", "string", "", 0, "Most pods."),
        ("Replicas", "string", "", 0, "Pods there are."),
        AGE,
    ],
    cells: |scaler, now| {
        let (spec, target) = (&scaler["spec"], &scaler["spec"]["scaleTargetRef"]);
        vec![
            scaler["metadata"]["name"].clone(),
            format!("{}/{}", text(target, "kind"), text(target, "name")).into(),
            targets(spec).into(),
            int(spec, "minReplicas").map_or_else(|| "<unset>".into(), |least| json!(least)),
            count(spec, "maxReplicas").into(),
            count(&scaler["status"], "currentReplicas").into(),
            age(scaler, now).into(),
        ]
    },
    ..Kind::WITH_STATUS
};

/// Wanted CPU use; nobody measures it.
fn targets(spec: &Value) -> String {
    let newer = list(spec, "metrics")
        .iter()
        .find(|metric| metric["resource"]["name"] == "cpu");
    let newer = newer.and_then(|metric| metric["resource"]["target"]["averageUtilization"].as_i64());
    match newer.or_else(|| int(spec, "targetCPUUtilizationPercentage")) {
        Some(percent) => format!("cpu: <unknown>/{percent}%"),
        None => "<none>".to_owned(),
    }
}

fn autoscaler(scaler: &Value) -> Errors {
    let mut errors = Errors::new();
    let (spec, path) = (&scaler["spec"], Path::new("spec"));
    let (least, most) = (count(spec, "minReplicas"), count(spec, "maxReplicas"));
    if least < 1 {
        errors.push(FieldError::invalid(
            path.at("minReplicas"),
            least,
            "must be greater than or equal to 1",
        ));
    }
    if most < 1 {
        errors.push(FieldError::invalid(
            path.at("maxReplicas"),
            most,
            "must be greater than 0",
        ));
    } else if most < least {
        let detail = "must be greater than or equal to `minReplicas`";
        errors.push(FieldError::invalid(path.at("maxReplicas"), most, detail));
    }
    for field in ["kind", "name"] {
        required(
            &mut errors,
            &path.at("scaleTargetRef").at(field),
            text(&spec["scaleTargetRef"], field),
        );
    }
    errors
}

const REQUEST: Kind = Kind {
    prepare_create: |request, context| {
        if let Some(spec) = request.get_mut("spec").and_then(Value::as_object_mut) {
            // Who asks is not for the asker to say.
            for field in ["uid", "groups", "extra"] {
                spec.shift_remove(field);
            }
            spec.insert("username".into(), context.username.as_str().into());
        }
    },
    validate_create: |request, _| certificate_request(request),
    validate_update: |new, old, _| {
        let mut errors = Errors::new();
        immutable(&mut errors, &Path::new("spec"), &new["spec"], &old["spec"]);
        errors
    },
    generation: Generation::Absent,
    columns: &[
        NAME,
        AGE,
        ("SignerName", "string", "", 0, "Who is asked."),
        ("Requestor", "string", "", 0, "Who asks."),
        ("RequestedDuration", "string", "", 0, "For how long."),
        ("Condition", "string", "", 0, "How far it is."),
    ],
    cells: |request, now| {
        let spec = &request["spec"];
        let conditions = list(&request["status"], "conditions").iter();
        let mut state: Vec<&str> = conditions.map(|condition| text(condition, "type")).collect();
        if state.is_empty() {
            state.push("Pending");
        }
        if !text(&request["status"], "certificate").is_empty() {
            state.push("Issued");
        }
        let duration = int(spec, "expirationSeconds").map(super::print::short);
        vec![
            request["metadata"]["name"].clone(),
            age(request, now).into(),
            or_none(text(spec, "signerName")),
            text(spec, "username").into(),
            or_none(&duration.unwrap_or_default()),
            state.join(",").into(),
        ]
    },
    selectable: |request| vec![("spec.signerName", text(&request["spec"], "signerName").into())],
    ..Kind::WITH_STATUS
};

fn certificate_request(request: &Value) -> Errors {
    let mut errors = Errors::new();
    let (spec, path) = (&request["spec"], Path::new("spec"));
    required(&mut errors, &path.at("request"), text(spec, "request"));
    required(&mut errors, &path.at("signerName"), text(spec, "signerName"));
    if list(spec, "usages").is_empty() {
        errors.push(FieldError::required(path.at("usages"), ""));
    }
    if int(spec, "expirationSeconds").is_some_and(|seconds| seconds < 600) {
        let seconds = count(spec, "expirationSeconds");
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.push(FieldError::invalid(path.at("expirationSeconds"), seconds, detail));
    }
    errors
}

const RUNTIME: Kind = Kind {
    validate_create: |class, _| {
        let mut errors = Errors::new();
        let handler = text(class, "handler");
        sentences(
            &mut errors,
            &Path::new("handler"),
            handler,
            name::label(handler, false),
        );
        errors
    },
    validate_update: |new, old, _| {
        let mut errors = Errors::new();
        immutable(
            &mut errors,
            &Path::new("handler"),
            &new["handler"],
            &old["handler"],
        );
        errors
    },
    columns: &[
        NAME,
        ("Handler", "string", "", 0, "The runtime's own name for it."),
        AGE,
    ],
    cells: |class, now| {
        vec![
            class["metadata"]["name"].clone(),
            text(class, "handler").into(),
            age(class, now).into(),
        ]
    },
    ..Kind::PLAIN
};

const DRIVERS: Kind = Kind {
    columns: &[NAME, ("Drivers", "integer", "", 0, "How many there are."), AGE],
    cells: |node, now| {
        let drivers = list(&node["spec"], "drivers").len();
        vec![
            node["metadata"]["name"].clone(),
            drivers.into(),
            age(node, now).into(),
        ]
    },
    ..Kind::PLAIN
};
