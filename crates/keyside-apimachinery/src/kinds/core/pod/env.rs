//! Environment variables: names, and where their values come from.

use crate::kinds::access::{is_set, list, text};
use crate::kinds::checks::{Errors, required, sentences};
use crate::kinds::name;
use crate::kinds::path::Path;
use crate::kinds::quantity::Quantity;
use crate::status::FieldError;
use serde_json::Value;

const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// Errors of `env`.
pub(super) fn variables(errors: &mut Errors, path: &Path, variables: &[Value]) {
    for (i, variable) in variables.iter().enumerate() {
        let path = path.index(i);
        let variable_name = text(variable, "name");
        if variable_name.is_empty() {
            errors.push(FieldError::required(path.at("name"), ""));
        } else {
            sentences(
                errors,
                &path.at("name"),
                variable_name,
                name::variable(variable_name),
            );
        }
        if is_set(variable, "valueFrom") {
            value_from(errors, &path.at("valueFrom"), variable);
        }
    }
}

fn value_from(errors: &mut Errors, path: &Path, variable: &Value) {
    let source = &variable["valueFrom"];
    let mut sources = 0;
    if is_set(source, "fieldRef") {
        sources += 1;
        field(errors, &path.at("fieldRef"), &source["fieldRef"], &FIELDS);
    }
    if is_set(source, "resourceFieldRef") {
        sources += 1;
        resource(
            errors,
            &path.at("resourceFieldRef"),
            &source["resourceFieldRef"],
            false,
        );
    }
    for reference in ["configMapKeyRef", "secretKeyRef"] {
        if is_set(source, reference) {
            sources += 1;
            key(errors, &path.at(reference), &source[reference]);
        }
    }
    let detail = match sources {
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
        _ if !text(variable, "value").is_empty() => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    errors.push(FieldError::invalid(path, "", detail));
}

/// A reference to a key of a Secret or `ConfigMap`.
fn key(errors: &mut Errors, path: &Path, reference: &Value) {
    let object = text(reference, "name");
    sentences(errors, &path.at("name"), object, name::subdomain(object, false));
    let key = text(reference, "key");
    if key.is_empty() {
        errors.push(FieldError::required(path.at("key"), ""));
    } else {
        sentences(errors, &path.at("key"), key, name::data_key(key));
    }
}

/// Errors of a reference to a field of the pod itself.
pub(super) fn field(errors: &mut Errors, path: &Path, reference: &Value, allowed: &[&str]) {
    if text(reference, "apiVersion").is_empty() {
        errors.push(FieldError::required(path.at("apiVersion"), ""));
        return;
    }
    let field = text(reference, "fieldPath");
    if field.is_empty() {
        errors.push(FieldError::required(path.at("fieldPath"), ""));
        return;
    }
    let subscripted = field.strip_suffix("']").and_then(|rest| rest.split_once("['"));
    match subscripted {
        Some(("metadata.annotations", key)) => {
            sentences(errors, path, key, name::label_key(&key.to_lowercase()));
        }
        Some(("metadata.labels", key)) => sentences(errors, path, key, name::label_key(key)),
        Some(_) => errors.push(FieldError::invalid(
            path.at("fieldPath"),
            field,
            format!("error converting fieldPath: field label does not support subscript: {field}"),
        )),
        None if allowed.contains(&field) => {}
        None if known(field) => errors.push(FieldError::not_supported(path.at("fieldPath"), field, allowed)),
        None => errors.push(FieldError::invalid(
            path.at("fieldPath"),
            field,
            format!("error converting fieldPath: field label not supported: {field}"),
        )),
    }
}

/// Whether a pod has a field by this name that some reference may name.
fn known(field: &str) -> bool {
    FIELDS.contains(&field)
        || matches!(
            field,
            "metadata.annotations" | "metadata.labels" | "spec.restartPolicy" | "status.phase"
        )
}

/// Errors of a reference to an amount of a container's resource; in a volume it says which container's.
pub(super) fn resource(errors: &mut Errors, path: &Path, reference: &Value, in_volume: bool) {
    let resource = text(reference, "resource");
    if in_volume && text(reference, "containerName").is_empty() {
        errors.push(FieldError::required(path.at("containerName"), ""));
    } else if resource.is_empty() {
        errors.push(FieldError::required(path.at("resource"), ""));
    } else if !RESOURCES.contains(&resource)
        && !["limits.hugepages-", "requests.hugepages-"]
            .iter()
            .any(|prefix| resource.starts_with(prefix))
    {
        errors.push(FieldError::not_supported(
            path.at("resource"),
            resource,
            &RESOURCES,
        ));
    }
    let Some(divisor) = Quantity::read(&reference["divisor"]).filter(|divisor| !divisor.is_zero()) else {
        return;
    };
    let (units, wording): (&[&str], _) = if resource.ends_with(".cpu") {
        (
            &["1m", "1"],
            "1m and 1 are supported with the cpu resource".to_owned(),
        )
    } else {
        let units = &[
            "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
        ];
        let what = match resource.split_once('.').map(|(_, name)| name) {
            Some("memory") => "memory",
            Some("ephemeral-storage") => "local ephemeral storage",
            _ => "hugepages",
        };
        (
            units,
            format!("{} are supported with the {what} resource", units.join(", ")),
        )
    };
    if !units.contains(&divisor.to_string().as_str()) {
        let detail = format!("only divisor's values {wording}");
        errors.push(FieldError::invalid(path.at("divisor"), resource, detail));
    }
}

/// Errors of `envFrom`.
pub(super) fn sources(errors: &mut Errors, path: &Path, all: &[Value]) {
    for (i, source) in all.iter().enumerate() {
        let own = path.index(i);
        let prefix = text(source, "prefix");
        sentences(errors, &own.at("prefix"), prefix, name::variable(prefix));
        let references = ["configMapRef", "secretRef"]
            .into_iter()
            .filter(|field| is_set(source, field));
        let mut given = 0;
        for reference in references {
            given += 1;
            let object = text(&source[reference], "name");
            let path = own.at(reference).at("name");
            required(errors, &path, object);
            if !object.is_empty() {
                sentences(errors, &path, object, name::subdomain(object, true));
            }
        }
        match given {
            0 => {
                let detail = "must specify one of: `configMapRef` or `secretRef`";
                errors.push(FieldError::invalid(path, "", detail));
            }
            1 => {}
            _ => {
                let detail = "may not have more than one field specified at a time";
                errors.push(FieldError::invalid(path, "", detail));
            }
        }
    }
}

/// Whether a list of downward API files has something to say; used by volumes.
pub(super) fn files(source: &Value) -> impl Iterator<Item = &Value> {
    list(source, "items").iter()
}
