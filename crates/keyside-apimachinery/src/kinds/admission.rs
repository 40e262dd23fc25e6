//! Webhook configurations and admission policies.

mod mutation;
mod policy;

use super::access::{fill, fill_text, inside, int, is_set, items, list, text};
use super::checks::{Errors, label_selector, one_of_or_none, required, sentences};
use super::kind::{AGE, Generation, Kind, NAME};
use super::name;
use super::path::Path;
use super::print::age;
use super::served::Group;
use crate::cel::{Program, Type};
use crate::resource::Resource;
use crate::status::{FieldError, FieldErrorKind};
use serde_json::{Value, json};
use std::collections::HashSet;

const ADMISSION: Group = Group {
    name: "admissionregistration.k8s.io",
    version: "v1",
};
/// Versions of the review that the server writes.
const REVIEWS: [&str; 2] = ["v1", "v1beta1"];

/// Resources of `/apis/admissionregistration.k8s.io/v1`.
pub(super) fn resources() -> Vec<Resource> {
    let mut resources = policy::resources();
    resources.extend(mutation::resources());
    resources.extend([
        ADMISSION
            .cluster(
                "MutatingWebhookConfiguration",
                "mutatingwebhookconfigurations",
                MUTATING,
            )
            .category("api-extensions")
            .done(),
        ADMISSION
            .cluster(
                "ValidatingWebhookConfiguration",
                "validatingwebhookconfigurations",
                VALIDATING,
            )
            .category("api-extensions")
            .done(),
    ]);
    resources
}

const VALIDATING: Kind = Kind {
    default: |configuration| items(configuration, "webhooks").iter_mut().for_each(default),
    validate_create: |configuration, _| validate(configuration),
    validate_update: |new, _, _| validate(new),
    generation: Generation::Content,
    columns: &[NAME, ("Webhooks", "integer", "", 0, "Number of webhooks."), AGE],
    cells: |configuration, now| {
        let webhooks = list(configuration, "webhooks").len();
        vec![
            configuration["metadata"]["name"].clone(),
            webhooks.into(),
            age(configuration, now).into(),
        ]
    },
    ..Kind::PLAIN
};

const MUTATING: Kind = Kind {
    default: |configuration| {
        for webhook in items(configuration, "webhooks") {
            default(webhook);
            fill(webhook, "reinvocationPolicy", || "Never".into());
        }
    },
    ..VALIDATING
};

fn default(webhook: &mut Value) {
    fill(webhook, "failurePolicy", || "Fail".into());
    fill(webhook, "matchPolicy", || "Equivalent".into());
    fill(webhook, "namespaceSelector", || json!({}));
    fill(webhook, "objectSelector", || json!({}));
    fill(webhook, "timeoutSeconds", || 10.into());
    for rule in items(webhook, "rules") {
        fill_text(rule, "scope", "*");
    }
    if let Some(service) = inside(webhook, "clientConfig").and_then(|config| inside(config, "service")) {
        fill(service, "port", || 443.into());
    }
}

fn validate(configuration: &Value) -> Errors {
    let mut errors = Errors::new();
    let mut names = HashSet::new();
    for (i, webhook) in list(configuration, "webhooks").iter().enumerate() {
        let path = Path::new("webhooks").index(i);
        one(&mut errors, &path, webhook);
        reviews(&mut errors, &path.at("admissionReviewVersions"), webhook);
        let own = text(webhook, "name");
        if !own.is_empty() && !names.insert(own) {
            errors.push(FieldError::duplicate(path.at("name"), own));
        }
    }
    errors
}

fn one(errors: &mut Errors, path: &Path, webhook: &Value) {
    full_name(errors, &path.at("name"), text(webhook, "name"));
    for (i, one) in list(webhook, "rules").iter().enumerate() {
        rule(errors, &path.at("rules").index(i), one);
    }
    for (field, allowed) in [
        ("failurePolicy", ["Fail", "Ignore"]),
        ("matchPolicy", ["Equivalent", "Exact"]),
        ("sideEffects", ["None", "NoneOnDryRun"]),
        ("reinvocationPolicy", ["IfNeeded", "Never"]),
    ] {
        one_of_or_none(errors, &path.at(field), &webhook[field], &allowed);
    }
    if !is_set(webhook, "sideEffects") {
        let detail = "must specify one of None, NoneOnDryRun";
        errors.push(FieldError::required(path.at("sideEffects"), detail));
    }
    if let Some(seconds) = int(webhook, "timeoutSeconds").filter(|seconds| !(1..=30).contains(seconds)) {
        let detail = "the timeout value must be between 1 and 30 seconds";
        errors.push(FieldError::invalid(path.at("timeoutSeconds"), seconds, detail));
    }
    for field in ["namespaceSelector", "objectSelector"] {
        label_selector(errors, &path.at(field), &webhook[field]);
    }
    client(errors, &path.at("clientConfig"), &webhook["clientConfig"]);
    conditions(
        errors,
        &path.at("matchConditions"),
        list(webhook, "matchConditions"),
    );
}

/// A domain of at least three parts, because webhooks of all makers share one space of names.
fn full_name(errors: &mut Errors, path: &Path, own: &str) {
    if own.is_empty() {
        errors.push(FieldError::required(path, ""));
        return;
    }
    let found = name::subdomain(own, false);
    if !found.is_empty() {
        errors.push(FieldError::invalid(path, own, found.join(",")));
    } else if own.split('.').count() < 3 {
        let detail = "should be a domain with at least three segments separated by dots";
        errors.push(FieldError::invalid(path, own, detail));
    }
}

fn rule(errors: &mut Errors, path: &Path, rule: &Value) {
    let operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    for (field, others) in [
        ("operations", "operations"),
        ("apiGroups", "API groups"),
        ("apiVersions", "API versions"),
    ] {
        let (values, path) = (list(rule, field), path.at(field));
        if values.is_empty() {
            errors.push(FieldError::required(&path, ""));
        }
        if values.len() > 1 && values.iter().any(|value| value == "*") {
            let detail = format!("if '*' is present, must not specify other {others}");
            errors.push(FieldError::invalid(&path, values, detail));
        }
        for (i, value) in values.iter().enumerate() {
            let value = value.as_str().unwrap_or_default();
            if field == "operations" && !operations.contains(&value) {
                errors.push(FieldError::not_supported(path.index(i), value, &operations));
            } else if field == "apiVersions" && value.is_empty() {
                errors.push(FieldError::required(path.index(i), ""));
            }
        }
    }
    targets(errors, &path.at("resources"), list(rule, "resources"));
    one_of_or_none(
        errors,
        &path.at("scope"),
        &rule["scope"],
        &["*", "Cluster", "Namespaced"],
    );
}

fn targets(errors: &mut Errors, path: &Path, values: &[Value]) {
    if values.is_empty() {
        errors.push(FieldError::required(path, ""));
    }
    let names: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
    let (mut whole_resources, mut whole_subresources) = (HashSet::new(), HashSet::new());
    for (i, name) in names.iter().enumerate() {
        let Some((resource, subresource)) = name.split_once('/') else {
            required(errors, &path.index(i), name);
            continue;
        };
        if whole_resources.contains(resource) {
            let detail = format!("if '{resource}/*' is present, must not specify {name}");
            errors.push(FieldError::invalid(path.index(i), *name, detail));
        }
        if whole_subresources.contains(subresource) {
            let detail = format!("if '*/{subresource}' is present, must not specify {name}");
            errors.push(FieldError::invalid(path.index(i), *name, detail));
        }
        if subresource == "*" {
            whole_resources.insert(resource);
        }
        if resource == "*" {
            whole_subresources.insert(subresource);
        }
    }
    if names.len() > 1 && names.contains(&"*/*") {
        let detail = "if '*/*' is present, must not specify other resources";
        errors.push(FieldError::invalid(path, values, detail));
    }
    if names.contains(&"*") && names.iter().any(|name| *name != "*" && !name.contains('/')) {
        let detail = "if '*' is present, must not specify other resources without subresources";
        errors.push(FieldError::invalid(path, values, detail));
    }
}

/// Where the webhook is: a service of the cluster, or an address outside.
fn client(errors: &mut Errors, path: &Path, config: &Value) {
    match (config["url"].as_str(), config["service"].is_object()) {
        (Some(url), false) => address(errors, &path.at("url"), url),
        (None, true) => service(errors, &path.at("service"), &config["service"]),
        _ => errors.push(FieldError::required(
            path,
            "exactly one of url or service is required",
        )),
    }
}

fn address(errors: &mut Errors, path: &Path, url: &str) {
    let form = "; desired format: https://host[/path]";
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if scheme != "https" {
        let detail = format!("'https' is the only allowed URL scheme{form}");
        errors.push(FieldError::invalid(path, scheme, detail));
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = if scheme.is_empty() {
        ""
    } else {
        rest.split('/').next().unwrap_or_default()
    };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if host.is_empty() {
        errors.push(FieldError::invalid(
            path,
            "",
            format!("host must be specified{form}"),
        ));
    }
    for (value, what) in [
        (user, "user information is"),
        (fragment, "fragments are"),
        (query, "query parameters are"),
    ] {
        if !value.is_empty() {
            let detail = format!("{what} not permitted in the URL");
            errors.push(FieldError::invalid(path, value, detail));
        }
    }
}

fn service(errors: &mut Errors, path: &Path, service: &Value) {
    for field in ["name", "namespace"] {
        required(errors, &path.at(field), text(service, field));
    }
    let port = int(service, "port").unwrap_or_default();
    if let Some(rule) = name::port_number(port).first() {
        errors.push(FieldError::invalid(
            path.at("port"),
            port,
            format!("port is not valid: {rule}"),
        ));
    }
    let (target, path) = (text(service, "path"), path.at("path"));
    if matches!(target, "" | "/") {
        return;
    }
    if !target.starts_with('/') {
        errors.push(FieldError::invalid(&path, target, "must start with a '/'"));
    }
    let mut steps = target.chars();
    steps.next();
    let steps = steps.as_str();
    let steps = steps.strip_suffix('/').unwrap_or(steps);
    for (i, step) in steps.split('/').enumerate() {
        if step.is_empty() {
            errors.push(FieldError::invalid(
                &path,
                target,
                format!("segment[{i}] may not be empty"),
            ));
            continue;
        }
        let found = name::subdomain(step, false)
            .into_iter()
            .map(|rule| format!("segment[{i}]: {rule}"));
        sentences(errors, &path, target, found);
    }
}

fn conditions(errors: &mut Errors, path: &Path, conditions: &[Value]) {
    if conditions.len() > 64 {
        let kind = FieldErrorKind::TooMany;
        let count = Some(conditions.len().into());
        errors.push(FieldError::new(kind, path, count, "must have at most 64 items"));
    }
    for (i, condition) in conditions.iter().enumerate() {
        let path = path.index(i);
        let (own, expression) = (text(condition, "name"), text(condition, "expression").trim());
        if expression.is_empty() {
            errors.push(FieldError::required(path.at("expression"), ""));
        } else if let Err(problem) = truth(expression) {
            errors.push(FieldError::invalid(path.at("expression"), expression, problem));
        }
        required(errors, &path.at("name"), own);
        if !own.is_empty() {
            sentences(errors, &path.at("name"), own, name::label_key(own));
            if conditions[..i].iter().any(|other| text(other, "name") == own) {
                errors.push(FieldError::duplicate(path.at("name"), own));
            }
        }
    }
}

/// An expression about a request, with the variables it may use, that answers yes or no.
fn truth(expression: &str) -> Result<(), String> {
    gives(expression, &["object", "oldObject", "request"], &Type::Bool)
}

/// An expression with the variables it may use that gives what is wanted.
fn gives(expression: &str, variables: &[&str], wanted: &Type) -> Result<(), String> {
    let variables: Vec<_> = variables
        .iter()
        .map(|name| ((*name).to_owned(), Type::Dyn))
        .collect();
    let program = Program::compile(expression, &variables)
        .map_err(|problem| format!("compilation failed: {problem}"))?;
    match program.gives() {
        given if given == wanted || matches!((given, wanted), (Type::Dyn, _) | (_, Type::Dyn)) => Ok(()),
        other => Err(format!("must evaluate to {wanted} but got {other}")),
    }
}

fn reviews(errors: &mut Errors, path: &Path, webhook: &Value) {
    let versions = list(webhook, "admissionReviewVersions");
    let known = REVIEWS.join(", ");
    if versions.is_empty() {
        errors.push(FieldError::required(path, format!("must specify one of {known}")));
        return;
    }
    for (i, version) in versions.iter().enumerate() {
        let (path, version) = (path.index(i), version.as_str().unwrap_or_default());
        if versions[..i].iter().any(|other| other == version) {
            errors.push(FieldError::invalid(path, version, "duplicate version"));
        } else {
            sentences(errors, &path, version, name::letter_label(version, false));
        }
    }
    if !versions
        .iter()
        .any(|version| REVIEWS.iter().any(|known| version == known))
    {
        let detail = format!("must include at least one of {known}");
        errors.push(FieldError::invalid(path, versions, detail));
    }
}

#[cfg(test)]
mod tests;
