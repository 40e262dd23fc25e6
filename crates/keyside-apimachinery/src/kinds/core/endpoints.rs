//! Endpoints: the addresses behind a service, in the old form.

use crate::kinds::access::{fill_text, int, items, list, same, text};
use crate::kinds::address;
use crate::kinds::checks::{Errors, one_of, sentences};
use crate::kinds::kind::{AGE, Kind, NAME};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::print::{age, at_most_three};
use crate::status::FieldError;
use serde_json::Value;

pub(super) const ENDPOINTS: Kind = Kind {
    default: |endpoints| {
        for subset in items(endpoints, "subsets") {
            for port in items(subset, "ports") {
                fill_text(port, "protocol", "TCP");
            }
        }
    },
    validate_create: |endpoints, _| validate(endpoints),
    validate_update: |new, old, _| {
        // What older versions accepted may stay.
        if same(&new["subsets"], &old["subsets"]) {
            Errors::new()
        } else {
            validate(new)
        }
    },
    columns: &[NAME, ("Endpoints", "string", "", 0, "Addresses and ports."), AGE],
    cells: |endpoints, now| {
        vec![
            endpoints["metadata"]["name"].clone(),
            at_most_three(&addresses(endpoints), "<none>").into(),
            age(endpoints, now).into(),
        ]
    },
    ..Kind::PLAIN
};

fn addresses(endpoints: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for subset in list(endpoints, "subsets") {
        let ips = || {
            list(subset, "addresses")
                .iter()
                .map(|address| text(address, "ip"))
        };
        let ports = list(subset, "ports");
        if ports.is_empty() {
            all.extend(ips().map(str::to_owned));
        }
        for port in ports {
            let port = int(port, "port").unwrap_or_default();
            all.extend(ips().map(|ip| {
                if ip.contains(':') {
                    format!("[{ip}]:{port}")
                } else {
                    format!("{ip}:{port}")
                }
            }));
        }
    }
    all
}

fn validate(endpoints: &Value) -> Errors {
    let mut errors = Errors::new();
    for (i, subset) in list(endpoints, "subsets").iter().enumerate() {
        let path = Path::new("subsets").index(i);
        let kinds = ["addresses", "notReadyAddresses"];
        if kinds.iter().all(|field| list(subset, field).is_empty()) {
            errors.push(FieldError::required(
                &path,
                "must specify `addresses` or `notReadyAddresses`",
            ));
        }
        for field in kinds {
            for (j, one) in list(subset, field).iter().enumerate() {
                address(&mut errors, &path.at(field).index(j), one);
            }
        }
        let ports = list(subset, "ports");
        for (j, one) in ports.iter().enumerate() {
            port(&mut errors, &path.at("ports").index(j), one, ports.len() > 1);
        }
    }
    errors
}

fn address(errors: &mut Errors, path: &Path, one: &Value) {
    let ip = text(one, "ip");
    address::ip(errors, &path.at("ip"), ip);
    let host = text(one, "hostname");
    if !host.is_empty() {
        sentences(errors, &path.at("hostname"), host, name::label(host, false));
    }
    if let Some(node) = one["nodeName"].as_str() {
        sentences(errors, &path.at("nodeName"), node, name::subdomain(node, false));
    }
    address::reachable(errors, &path.at("ip"), ip);
}

fn port(errors: &mut Errors, path: &Path, one: &Value, named: bool) {
    let port_name = text(one, "name");
    if !port_name.is_empty() {
        sentences(errors, &path.at("name"), port_name, name::label(port_name, false));
    } else if named {
        errors.push(FieldError::required(path.at("name"), ""));
    }
    let number = int(one, "port").unwrap_or_default();
    sentences(errors, &path.at("port"), number, name::port_number(number));
    one_of(
        errors,
        &path.at("protocol"),
        text(one, "protocol"),
        &["SCTP", "TCP", "UDP"],
    );
}
