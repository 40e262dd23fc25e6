//! Probes and lifecycle actions: exactly one way to act, with sensible numbers.

use crate::kinds::access::{count, int, is_set, list, text};
use crate::kinds::checks::{Errors, not_negative, one_of_or_none, sentences};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::status::FieldError;
use serde_json::Value;

const HANDLERS: [&str; 5] = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

/// Errors of a probe; `kind` is its field.
pub(super) fn probe(errors: &mut Errors, path: &Path, probe: &Value, kind: &str) {
    handler(errors, path, probe, None);
    let numbers = [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ];
    for field in numbers {
        not_negative(errors, &path.at(field), count(probe, field));
    }
    let field = "terminationGracePeriodSeconds";
    if let Some(grace) = int(probe, field) {
        if grace <= 0 {
            errors.push(FieldError::invalid(
                path.at(field),
                grace,
                "must be greater than 0",
            ));
        }
        if kind == "readinessProbe" {
            let detail = "must not be set for readinessProbes";
            errors.push(FieldError::invalid(path.at(field), grace, detail));
        }
    }
    let successes = count(probe, "successThreshold");
    if kind != "readinessProbe" && successes != 1 {
        errors.push(FieldError::invalid(
            path.at("successThreshold"),
            successes,
            "must be 1",
        ));
    }
}

/// Errors of the action of a probe or a lifecycle event. `grace` bounds how long a sleep may take.
pub(super) fn handler(errors: &mut Errors, path: &Path, handler: &Value, grace: Option<i64>) {
    let mut given = HANDLERS.into_iter().filter(|field| is_set(handler, field));
    let Some(first) = given.next() else {
        errors.push(FieldError::required(path, "must specify a handler type"));
        return;
    };
    action(errors, &path.at(first), first, &handler[first], grace);
    for more in given {
        errors.push(FieldError::forbidden(
            path.at(more),
            "may not specify more than 1 handler type",
        ));
    }
}

fn action(errors: &mut Errors, path: &Path, kind: &str, action: &Value, grace: Option<i64>) {
    match kind {
        "exec" if list(action, "command").is_empty() => {
            errors.push(FieldError::required(path.at("command"), ""));
        }
        "httpGet" => {
            if text(action, "path").is_empty() {
                errors.push(FieldError::required(path.at("path"), ""));
            }
            port(errors, &path.at("port"), &action["port"]);
            one_of_or_none(errors, &path.at("scheme"), &action["scheme"], &["HTTP", "HTTPS"]);
            for header in list(action, "httpHeaders") {
                let header = text(header, "name");
                if header.is_empty() || !header.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                    let detail = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. \
                                  'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
                    errors.push(FieldError::invalid(path.at("httpHeaders"), header, detail));
                }
            }
        }
        "tcpSocket" | "grpc" => port(errors, &path.at("port"), &action["port"]),
        "sleep" => {
            let seconds = count(action, "seconds");
            if let Some(grace) = grace.filter(|grace| seconds < 0 || seconds > *grace) {
                errors.push(FieldError::invalid(
                    path,
                    seconds,
                    format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})"),
                ));
            }
        }
        _ => {}
    }
}

/// Errors of a port given by number or by name.
pub(crate) fn port(errors: &mut Errors, path: &Path, port: &Value) {
    match port {
        Value::String(port) => sentences(errors, path, port.as_str(), name::port(port)),
        number => {
            let number = number.as_i64().unwrap_or_default();
            sentences(errors, path, number, name::port_number(number));
        }
    }
}
