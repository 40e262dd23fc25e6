//! Kinds that route traffic. Nothing here routes any: they are stored, shown, and checked for what people get wrong.

use super::access::{count, fill, fill_text, int, is_set, items, list, text};
use super::address;
use super::checks::{
    Errors, domain_path, immutable, immutable_unshown, label_selector, one_of, required, sentences,
};
use super::kind::{AGE, Generation, Kind, NAME};
use super::name;
use super::path::Path;
use super::print::{age, at_most_three, or_none};
use super::selector::shown;
use super::served::Group;
use crate::resource::Resource;
use crate::status::FieldError;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const NETWORKING: Group = Group {
    name: "networking.k8s.io",
    version: "v1",
};
const DISCOVERY: Group = Group {
    name: "discovery.k8s.io",
    version: "v1",
};

/// Resources of `/apis/networking.k8s.io/v1`.
pub(super) fn resources() -> Vec<Resource> {
    vec![
        NETWORKING
            .cluster("IngressClass", "ingressclasses", INGRESS_CLASS)
            .done(),
        NETWORKING
            .namespaced("Ingress", "ingresses", INGRESS)
            .short(&["ing"])
            .status()
            .done(),
        NETWORKING
            .namespaced("NetworkPolicy", "networkpolicies", POLICY)
            .short(&["netpol"])
            .done(),
    ]
}

/// Resources of `/apis/discovery.k8s.io/v1`.
pub(super) fn slices() -> Vec<Resource> {
    vec![
        DISCOVERY
            .namespaced("EndpointSlice", "endpointslices", SLICE)
            .done(),
    ]
}

const INGRESS_CLASS: Kind = Kind {
    generation: Generation::Spec,
    validate_create: |class, _| controller(class),
    validate_update: |new, old, _| {
        let mut errors = Errors::new();
        let [now, before] = [new, old].map(|class| &class["spec"]["controller"]);
        immutable(&mut errors, &Path::new("spec.controller"), now, before);
        errors.extend(controller(new));
        errors
    },
    columns: &[
        NAME,
        ("Controller", "string", "", 0, "Who handles the class."),
        ("Parameters", "string", "", 0, "Object with more settings."),
        AGE,
    ],
    cells: |class, now| {
        let parameters = &class["spec"]["parameters"];
        let shown = match (text(parameters, "kind"), text(parameters, "apiGroup")) {
            ("", _) => String::new(),
            (kind, "") => format!("{kind}/{}", text(parameters, "name")),
            (kind, group) => format!("{kind}.{group}/{}", text(parameters, "name")),
        };
        vec![
            class["metadata"]["name"].clone(),
            text(&class["spec"], "controller").into(),
            or_none(&shown),
            age(class, now).into(),
        ]
    },
    ..Kind::PLAIN
};

fn controller(class: &Value) -> Errors {
    let mut errors = Errors::new();
    let name = text(&class["spec"], "controller");
    if name.len() > 250 {
        errors.push(FieldError::too_long("spec.controller", 250));
    }
    domain_path(&mut errors, &Path::new("spec.controller"), name);
    errors
}

const INGRESS: Kind = Kind {
    validate_create: |ingress, _| ingress_rules(ingress),
    validate_update: |new, _, context| {
        if context.subresource == "status" {
            Errors::new()
        } else {
            ingress_rules(new)
        }
    },
    columns: &[
        NAME,
        ("Class", "string", "", 0, "Class that handles it."),
        ("Hosts", "string", "", 0, "Hosts it answers for."),
        ("Address", "string", "", 0, "Where it is reached."),
        ("Ports", "string", "", 0, "Ports it opens."),
        AGE,
    ],
    cells: |ingress, now| {
        let spec = &ingress["spec"];
        let hosts: Vec<String> = list(spec, "rules")
            .iter()
            .map(|r| text(r, "host").into())
            .filter(|h: &String| !h.is_empty())
            .collect();
        let points: BTreeSet<&str> = list(&ingress["status"]["loadBalancer"], "ingress")
            .iter()
            .filter_map(|point| {
                [text(point, "ip"), text(point, "hostname")]
                    .into_iter()
                    .find(|n| !n.is_empty())
            })
            .collect();
        vec![
            ingress["metadata"]["name"].clone(),
            or_none(text(spec, "ingressClassName")),
            at_most_three(&hosts, "*").into(),
            points.into_iter().collect::<Vec<_>>().join(",").into(),
            if list(spec, "tls").is_empty() {
                "80"
            } else {
                "80, 443"
            }
            .into(),
            age(ingress, now).into(),
        ]
    },
    ..Kind::WITH_STATUS
};

fn ingress_rules(ingress: &Value) -> Errors {
    let mut errors = Errors::new();
    let (spec, path) = (&ingress["spec"], Path::new("spec"));
    if list(spec, "rules").is_empty() && !is_set(spec, "defaultBackend") {
        let detail = "either `defaultBackend` or `rules` must be specified";
        errors.push(FieldError::invalid(&path, spec["rules"].clone(), detail));
    }
    if is_set(spec, "defaultBackend") {
        backend(&mut errors, &path.at("defaultBackend"), &spec["defaultBackend"]);
    }
    for (i, rule) in list(spec, "rules").iter().enumerate() {
        let own = path.at("rules").index(i);
        let host = text(rule, "host");
        if !host.is_empty() {
            let plain = host.strip_prefix("*.").unwrap_or(host);
            sentences(&mut errors, &own.at("host"), host, name::subdomain(plain, false));
        }
        for (j, one) in list(&rule["http"], "paths").iter().enumerate() {
            let own = own.at("http.paths").index(j);
            let kinds = ["Exact", "ImplementationSpecific", "Prefix"];
            let kind = text(one, "pathType");
            if kind.is_empty() {
                errors.push(FieldError::required(
                    own.at("pathType"),
                    "pathType must be specified",
                ));
            } else {
                one_of(&mut errors, &own.at("pathType"), kind, &kinds);
            }
            let target = text(one, "path");
            if matches!(kind, "Exact" | "Prefix") && !target.starts_with('/') {
                let detail = "must be an absolute path";
                errors.push(FieldError::invalid(own.at("path"), target, detail));
            }
            backend(&mut errors, &own.at("backend"), &one["backend"]);
        }
    }
    let class = text(spec, "ingressClassName");
    if is_set(spec, "ingressClassName") {
        let path = path.at("ingressClassName");
        sentences(&mut errors, &path, class, name::subdomain(class, false));
    }
    errors
}

/// Where requests go: a port of a service, or another object.
fn backend(errors: &mut Errors, path: &Path, backend: &Value) {
    let service = &backend["service"];
    match (is_set(backend, "resource"), service.is_object()) {
        (true, true) => {
            let detail = "cannot set both resource and service backends";
            errors.push(FieldError::invalid(path, "", detail));
        }
        (true, false) => {
            for field in ["kind", "name"] {
                required(
                    errors,
                    &path.at("resource").at(field),
                    text(&backend["resource"], field),
                );
            }
        }
        (false, false) => {
            let detail = "resource or service backend is required";
            errors.push(FieldError::invalid(path, "", detail));
        }
        (false, true) => {
            let own = path.at("service");
            match text(service, "name") {
                "" => errors.push(FieldError::required(own.at("name"), "")),
                target => sentences(errors, &own.at("name"), target, name::letter_label(target, false)),
            }
            let (port_name, number) = (text(&service["port"], "name"), count(&service["port"], "number"));
            match (port_name, number) {
                ("", 0) => errors.push(FieldError::required(path, "port name or number is required")),
                ("", number) => {
                    sentences(errors, &own.at("port.number"), number, name::port_number(number));
                }
                (port, 0) => sentences(errors, &own.at("port.name"), port, name::port(port)),
                _ => {
                    let detail = "cannot set both port name & port number";
                    errors.push(FieldError::invalid(path, "", detail));
                }
            }
        }
    }
}

const POLICY: Kind = Kind {
    default: |policy| {
        let Some(spec) = policy.get_mut("spec").filter(|spec| spec.is_object()) else {
            return;
        };
        for direction in ["ingress", "egress"] {
            for rule in items(spec, direction) {
                for port in items(rule, "ports") {
                    fill_text(port, "protocol", "TCP");
                }
            }
        }
        let outward = !list(spec, "egress").is_empty();
        fill(spec, "policyTypes", || {
            if outward {
                json!(["Ingress", "Egress"])
            } else {
                json!(["Ingress"])
            }
        });
    },
    generation: Generation::Spec,
    validate_create: |policy, _| pod_selector(policy),
    validate_update: |new, _, _| pod_selector(new),
    columns: &[
        NAME,
        ("Pod-Selector", "string", "", 0, "Labels of the pods it is about."),
        AGE,
    ],
    cells: |policy, now| {
        vec![
            policy["metadata"]["name"].clone(),
            shown(&policy["spec"]["podSelector"]).into(),
            age(policy, now).into(),
        ]
    },
    ..Kind::PLAIN
};

fn pod_selector(policy: &Value) -> Errors {
    let mut errors = Errors::new();
    label_selector(
        &mut errors,
        &Path::new("spec.podSelector"),
        &policy["spec"]["podSelector"],
    );
    errors
}

const SLICE: Kind = Kind {
    default: |slice| {
        for port in items(slice, "ports") {
            fill(port, "name", || "".into());
            fill(port, "protocol", || "TCP".into());
        }
    },
    generation: Generation::Content,
    validate_create: |slice, _| slice_addresses(slice),
    validate_update: |new, old, _| {
        let mut errors = slice_addresses(new);
        immutable_unshown(
            &mut errors,
            &Path::new("addressType"),
            &new["addressType"],
            &old["addressType"],
        );
        errors
    },
    columns: &[
        NAME,
        ("AddressType", "string", "", 0, "What its addresses are."),
        ("Ports", "string", "", 0, "Its ports."),
        ("Endpoints", "string", "", 0, "Its addresses."),
        AGE,
    ],
    cells: |slice, now| {
        let ports = list(slice, "ports").iter().map(|port| match int(port, "port") {
            Some(number) => number.to_string(),
            None if text(port, "name").is_empty() => "*".into(),
            None => text(port, "name").into(),
        });
        let addresses = list(slice, "endpoints")
            .iter()
            .flat_map(|one| list(one, "addresses"));
        let addresses = addresses.filter_map(Value::as_str).map(str::to_owned);
        vec![
            slice["metadata"]["name"].clone(),
            text(slice, "addressType").into(),
            at_most_three(&ports.collect::<Vec<_>>(), "<unset>").into(),
            at_most_three(&addresses.collect::<Vec<_>>(), "<unset>").into(),
            age(slice, now).into(),
        ]
    },
    ..Kind::PLAIN
};

fn slice_addresses(slice: &Value) -> Errors {
    let mut errors = Errors::new();
    let kind = text(slice, "addressType");
    one_of(
        &mut errors,
        &Path::new("addressType"),
        kind,
        &["FQDN", "IPv4", "IPv6"],
    );
    for (i, endpoint) in list(slice, "endpoints").iter().enumerate() {
        let path = Path::new("endpoints").index(i).at("addresses");
        if list(endpoint, "addresses").is_empty() {
            errors.push(FieldError::required(&path, ""));
        }
        for (j, one) in list(endpoint, "addresses").iter().enumerate() {
            let (path, one) = (path.index(j), one.as_str().unwrap_or_default());
            if kind == "FQDN" {
                sentences(&mut errors, &path, one, name::subdomain(one, false));
            } else {
                address::ip(&mut errors, &path, one);
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests;
