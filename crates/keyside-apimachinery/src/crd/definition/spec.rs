//! What may stand in `spec` of a definition, except inside schemas.
//!
//! Kubernetes checks definitions in an internal form where a schema, subresources or columns that all versions share
//! stand once, at the top: that is why errors of a definition with one version speak of `spec.validation`.

use super::schema;
use super::{text, versions};

use crate::crd::paths::{child, index};
use crate::crd::props::Props;
use crate::kinds::name;
use crate::status::{FieldError, FieldErrorKind};
use serde_json::{Value, json};

const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 8] = [
    "byte",
    "date",
    "date-time",
    "double",
    "float",
    "int32",
    "int64",
    "password",
];
const APPROVAL: &str = "api-approved.kubernetes.io";

/// Which parts all versions share.
struct Shared {
    schema: bool,
    subresources: bool,
    columns: bool,
    selectable: bool,
}

impl Shared {
    fn of(spec: &Value) -> Self {
        let alike = |field: &str| {
            let mut values =
                versions(spec).map(|v| v.get(field).filter(|v| !v.is_null() && **v != json!([])));
            let first = values.next().flatten();
            values.all(|value| value == first)
        };
        Self {
            schema: alike("schema"),
            subresources: alike("subresources"),
            columns: alike("additionalPrinterColumns"),
            selectable: alike("selectableFields"),
        }
    }
}

/// All that is wrong with a spec taken by itself.
pub(super) fn validate(spec: &Value) -> Vec<FieldError> {
    let shared = Shared::of(spec);
    let mut errors = Vec::new();
    validate_group(text(spec, "group"), &mut errors);
    match text(spec, "scope") {
        "" => errors.push(FieldError::required("spec.scope", "")),
        "Cluster" | "Namespaced" => {}
        other => errors.push(FieldError::not_supported(
            "spec.scope",
            other,
            &["Cluster", "Namespaced"],
        )),
    }
    for (i, _) in versions(spec)
        .enumerate()
        .filter(|(_, v)| v["schema"]["openAPIV3Schema"].is_null())
    {
        errors.push(FieldError::required(
            format!("spec.versions[{i}].schema.openAPIV3Schema"),
            "",
        ));
    }
    for (i, version) in versions(spec).enumerate() {
        validate_version(
            spec,
            &shared,
            version,
            &format!("spec.versions[{i}]"),
            &mut errors,
        );
    }
    validate_version_set(spec, &shared, &mut errors);
    for field in ["plural", "singular", "kind", "listKind"] {
        if text(&spec["names"], field).is_empty() {
            errors.push(FieldError::required(format!("spec.names.{field}"), ""));
        }
    }
    errors.extend(validate_names(&spec["names"], "spec.names"));
    if let Some(first) = versions(spec).next() {
        let any_status = versions(spec).any(has_status);
        if shared.schema {
            schema::validate(&first["schema"], any_status, "spec.validation", &mut errors);
        }
        if shared.subresources {
            validate_subresources(&first["subresources"], "spec.subresources", &mut errors);
        }
        if shared.columns {
            validate_columns(
                &first["additionalPrinterColumns"],
                "spec.additionalPrinterColumns",
                &mut errors,
            );
        }
        if shared.selectable {
            validate_selectable(first, "spec.selectableFields", &mut errors);
        }
    }
    validate_conversion(&spec["conversion"], &mut errors);
    errors
}

/// What an update may not change.
pub(super) fn validate_change(new: &Value, old: &Value, established: bool) -> Vec<FieldError> {
    let fields: &[&str] = if established {
        &["/scope", "/names/kind", "/group", "/names/plural"]
    } else {
        &["/group", "/names/plural"]
    };
    let changed = fields
        .iter()
        .filter(|path| new.pointer(path) != old.pointer(path));
    let error = |path: &&str| {
        let value = new.pointer(path).cloned().unwrap_or_default();
        FieldError::invalid(
            format!("spec{}", path.replace('/', ".")),
            value,
            "field is immutable",
        )
    };
    changed.map(error).collect()
}

/// The names of a spec or status.
pub(super) fn validate_names(names: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for field in ["plural", "singular", "kind", "listKind"] {
        let name = text(names, field);
        let mixed = field.to_lowercase().ends_with("kind");
        let wrong = name::letter_label(
            &if mixed {
                name.to_lowercase()
            } else {
                name.to_owned()
            },
            false,
        )
        .join(",");
        if !name.is_empty() && !wrong.is_empty() {
            let prefix = if mixed {
                "may have mixed case, but should otherwise match: "
            } else {
                ""
            };
            errors.push(FieldError::invalid(
                child(path, field),
                name,
                format!("{prefix}{wrong}"),
            ));
        }
    }
    let mut lists = |field: &str| {
        for (i, name) in names[field].as_array().into_iter().flatten().enumerate() {
            let name = name.as_str().unwrap_or_default();
            let wrong = name::letter_label(name, false).join(",");
            if !wrong.is_empty() {
                errors.push(FieldError::invalid(index(&child(path, field), i), name, wrong));
            }
        }
    };
    lists("shortNames");
    lists("categories");
    let kind = text(names, "kind");
    if !kind.is_empty() && kind == text(names, "listKind") {
        let detail = "kind and listKind may not be the same";
        errors.push(FieldError::invalid(child(path, "listKind"), kind, detail));
    }
    errors
}

/// Groups of the Kubernetes community need an approval annotation.
pub(super) fn validate_approval(new: &Value, old: Option<&Value>) -> Option<FieldError> {
    let group = text(&new["spec"], "group");
    let owned = |domain: &str| group == domain || group.ends_with(&format!(".{domain}"));
    if !owned("k8s.io") && !owned("kubernetes.io") {
        return None;
    }
    let value = |object: &Value| {
        crate::meta::annotation(object, APPROVAL)
            .unwrap_or_default()
            .to_owned()
    };
    let approval = value(new);
    if old.is_some_and(|old| approval_state(&value(old)) == approval_state(&approval)) {
        return None;
    }
    let path = format!("metadata.annotations[{APPROVAL}]");
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    match approval_state(&approval) {
        Approval::Missing => {
            let detail = format!("protected groups must have approval annotation {APPROVAL:?}, {see}");
            Some(FieldError::required(path, detail))
        }
        Approval::Invalid => {
            let detail = format!(
                "protected groups must have approval annotation {APPROVAL:?} with either a URL or a reason starting \
                 with \"unapproved\", {see}"
            );
            Some(FieldError::invalid(path, approval, detail))
        }
        Approval::Given => None,
    }
}

#[derive(PartialEq)]
enum Approval {
    Missing,
    Given,
    Invalid,
}

fn approval_state(value: &str) -> Approval {
    let is_url = value
        .split_once("://")
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    match value {
        "" => Approval::Missing,
        value if value.starts_with("unapproved") || is_url => Approval::Given,
        _ => Approval::Invalid,
    }
}

/// `preserveUnknownFields` is a relic that may only be false.
pub(super) fn validate_preserving(spec: &Value) -> Option<FieldError> {
    let detail = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    (spec["preserveUnknownFields"] == true)
        .then(|| FieldError::invalid("spec.preserveUnknownFields", true, detail))
}

fn validate_group(group: &str, errors: &mut Vec<FieldError>) {
    let wrong = name::subdomain(group, false).join(",");
    if group.is_empty() {
        errors.push(FieldError::required("spec.group", ""));
    } else if !wrong.is_empty() {
        errors.push(FieldError::invalid("spec.group", group, wrong));
    } else if !group.contains('.') {
        errors.push(FieldError::invalid(
            "spec.group",
            group,
            "should be a domain with at least one dot",
        ));
    }
}

fn has_status(version: &Value) -> bool {
    !version["subresources"]["status"].is_null()
}

fn validate_version(
    spec: &Value,
    shared: &Shared,
    version: &Value,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    let name = text(version, "name");
    let wrong = name::letter_label(name, false).join(",");
    if !wrong.is_empty() {
        errors.push(FieldError::invalid(child(path, "name"), name, wrong));
    }
    validate_deprecation(version, path, errors);
    if !shared.schema {
        let status = if shared.subresources {
            versions(spec).any(has_status)
        } else {
            has_status(version)
        };
        schema::validate(&version["schema"], status, &child(path, "schema"), errors);
    }
    if !shared.subresources {
        validate_subresources(&version["subresources"], &child(path, "subresources"), errors);
    }
    if !shared.columns {
        let path = child(path, "additionalPrinterColumns");
        validate_columns(&version["additionalPrinterColumns"], &path, errors);
    }
    if !shared.selectable {
        validate_selectable(version, &child(path, "selectableFields"), errors);
    }
}

fn validate_deprecation(version: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Some(warning) = version["deprecationWarning"].as_str() else {
        return;
    };
    let mut refuse = |detail: String| {
        errors.push(FieldError::invalid(
            child(path, "deprecationWarning"),
            warning,
            detail,
        ))
    };
    if version["deprecated"] != true {
        return refuse("can only be set for deprecated versions".into());
    }
    if warning.len() > 256 {
        refuse("must be <= 256 characters long".into());
    }
    if warning.is_empty() {
        refuse("must not be an empty string".into());
    }
    if let Some((i, _)) = warning.char_indices().find(|(_, c)| c.is_control()) {
        refuse(format!(
            "must only contain printable UTF-8 characters; non-printable character found at index {i}"
        ));
    }
}

fn validate_version_set(spec: &Value, shared: &Shared, errors: &mut Vec<FieldError>) {
    let mut names: Vec<&str> = versions(spec).map(|version| text(version, "name")).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    if names.len() != count {
        let shown = internal_versions(spec, shared);
        errors.push(FieldError::invalid(
            "spec.versions",
            shown,
            "must contain unique version names",
        ));
    }
    if versions(spec)
        .filter(|version| version["storage"] == true)
        .count()
        != 1
    {
        let shown = internal_versions(spec, shared);
        let detail = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid("spec.versions", shown, detail));
    }
}

/// The versions as Kubernetes prints its internal form of them.
fn internal_versions(spec: &Value, shared: &Shared) -> Value {
    let unless = |shared: bool, value: &Value| if shared { Value::Null } else { value.clone() };
    let internal = |version: &Value| {
        json!({
            "Name": version["name"], "Served": version["served"] == true, "Storage": version["storage"] == true,
            "Deprecated": version["deprecated"] == true, "DeprecationWarning": version["deprecationWarning"],
            "Schema": unless(shared.schema, &version["schema"]),
            "Subresources": unless(shared.subresources, &version["subresources"]),
            "AdditionalPrinterColumns": unless(shared.columns, &version["additionalPrinterColumns"]),
            "SelectableFields": unless(shared.selectable, &version["selectableFields"]),
        })
    };
    versions(spec).map(internal).collect()
}

fn validate_subresources(subresources: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let scale = &subresources["scale"];
    if scale.is_null() {
        return;
    }
    let mut check = |field: &str, prefixes: &[&str], detail: &str, required: bool| {
        let path = format!("{path}.scale.{field}");
        match text(scale, field) {
            "" if required => errors.push(FieldError::required(path, "")),
            "" => {}
            value => match simple_path(value, &path) {
                Some(error) => errors.push(error),
                None if prefixes.iter().any(|prefix| value.starts_with(prefix)) => {}
                None => errors.push(FieldError::invalid(path, value, detail)),
            },
        }
    };
    check(
        "specReplicasPath",
        &[".spec."],
        "should be a json path under .spec",
        true,
    );
    check(
        "statusReplicasPath",
        &[".status."],
        "should be a json path under .status",
        true,
    );
    let either = "should be a json path under either .spec or .status";
    check("labelSelectorPath", &[".spec.", ".status."], either, false);
}

fn simple_path(text: &str, path: &str) -> Option<FieldError> {
    (!text.starts_with('.'))
        .then(|| FieldError::invalid(path, text, "must be a simple json path starting with ."))
}

fn validate_columns(columns: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (i, column) in columns.as_array().into_iter().flatten().enumerate() {
        let path = index(path, i);
        if text(column, "name").is_empty() {
            errors.push(FieldError::required(child(&path, "name"), ""));
        }
        let one_of = |list: &[&str]| format!("must be one of {}", list.join(","));
        match text(column, "type") {
            "" => errors.push(FieldError::required(child(&path, "type"), one_of(&COLUMN_TYPES))),
            kind if COLUMN_TYPES.contains(&kind) => {}
            kind => errors.push(FieldError::invalid(
                child(&path, "type"),
                kind,
                one_of(&COLUMN_TYPES),
            )),
        }
        let format = text(column, "format");
        if !format.is_empty() && !COLUMN_FORMATS.contains(&format) {
            errors.push(FieldError::invalid(
                child(&path, "format"),
                format,
                one_of(&COLUMN_FORMATS),
            ));
        }
        let path = child(&path, "JSONPath");
        match text(column, "jsonPath") {
            "" => errors.push(FieldError::required(path, "")),
            value => errors.extend(simple_path(value, &path)),
        }
    }
}

fn validate_selectable(version: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Some(fields) = version["selectableFields"]
        .as_array()
        .filter(|fields| !fields.is_empty())
    else {
        return;
    };
    let Ok(schema) = Props::read(&version["schema"]["openAPIV3Schema"]) else {
        return;
    };
    let mut seen = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        let path = child(&index(path, i), "jsonPath");
        let value = text(field, "jsonPath");
        if value.is_empty() {
            errors.push(FieldError::required(path, ""));
            continue;
        }
        let found = match schema::field_at(value, &schema, false) {
            Ok(found) => found,
            Err(why) => {
                errors.push(FieldError::invalid(
                    path,
                    value,
                    format!("is an invalid path: {why}"),
                ));
                continue;
            }
        };
        if value == ".metadata" || value.starts_with(".metadata.") {
            errors.push(FieldError::invalid(
                &path,
                value,
                "must not point to fields in metadata",
            ));
        }
        if !matches!(found.kind.as_str(), "string" | "boolean" | "integer") {
            let detail = "must point to a field of type string, boolean or integer. Enum string fields and strings with \
                          formats are allowed.";
            errors.push(FieldError::invalid(&path, value, detail));
        }
        if seen.contains(&value) {
            errors.push(FieldError::duplicate(&path, value));
        } else {
            seen.push(value);
        }
    }
    if seen.len() > 8 {
        let detail = "must have at most 8 items";
        errors.push(FieldError::new(
            FieldErrorKind::TooMany,
            path,
            Some(seen.len().into()),
            detail,
        ));
    }
}

/// Objects are converted by changing their `apiVersion`. A definition that wants a webhook to convert them is refused
/// openly, because converting them otherwise would be wrong.
fn validate_conversion(conversion: &Value, errors: &mut Vec<FieldError>) {
    let path = "spec.conversion";
    match text(conversion, "strategy") {
        "" if conversion.is_null() => {}
        "" => errors.push(FieldError::required(child(path, "strategy"), "")),
        "None" => {
            if !conversion["webhook"]["clientConfig"].is_null() {
                let detail = "should not be set when strategy is not set to Webhook";
                errors.push(FieldError::forbidden(child(path, "webhookClientConfig"), detail));
            }
            if conversion["webhook"]["conversionReviewVersions"]
                .as_array()
                .is_some_and(|v| !v.is_empty())
            {
                let detail = "should not be set when strategy is not set to Webhook";
                errors.push(FieldError::forbidden(
                    child(path, "conversionReviewVersions"),
                    detail,
                ));
            }
        }
        "Webhook" => {
            let detail = "conversion by webhook is not supported by this server; use None";
            errors.push(FieldError::invalid(child(path, "strategy"), "Webhook", detail));
        }
        other => errors.push(FieldError::not_supported(
            child(path, "strategy"),
            other,
            &["None", "Webhook"],
        )),
    }
}
