//! Request bodies to objects: media type, syntax, kind, shape, and what to do about fields nobody knows.

use crate::call::{Call, Warnings};
use crate::verbs::options::FieldValidation;
use keyside_apimachinery::decode::{self, Format};
use keyside_apimachinery::protobuf;
use keyside_apimachinery::resource::Resource;
use keyside_apimachinery::status::Status;
use serde_json::Value;

/// Format of a body by its media type; JSON if none is given.
pub(crate) fn format(media: &str) -> Result<Format, Status> {
    match media {
        "" | "application/json" => Ok(Format::Json),
        "application/yaml" => Ok(Format::Yaml),
        _ => Err(unsupported(&[
            "application/json",
            "application/yaml",
            protobuf::MEDIA_TYPE,
        ])),
    }
}

/// The Go package of a group, as it shows in sentences.
fn package(group: &str) -> &str {
    match group.split_once('.').map_or(group, |(first, _)| first) {
        "" => "core",
        first => first,
    }
}

/// 415.
pub(crate) fn unsupported(accepted: &[&str]) -> Status {
    let list = accepted.join(", ");
    let message =
        format!("the body of the request was in an unknown format - accepted media types include: {list}");
    Status::new(415, "UnsupportedMediaType", message)
}

/// A body as an object of this resource, in the kind's shape, with defaults.
pub(crate) fn object(call: &Call, body: &[u8], validation: FieldValidation) -> Result<Value, Status> {
    let resource = &call.served.resource;
    let (mut object, duplicates) = document(call, body)?;
    check_kind(&mut object, resource)?;
    let findings = shape(resource, &mut object).map_err(|error| misfit(&object, resource, &error))?;
    let findings = decode::findings(&duplicates, &findings);
    report(findings, validation, &call.warnings).map_err(|error| misfit(&object, resource, &error))?;
    resource.behaviour.default(&mut object);
    Ok(object)
}

/// A body as JSON, whatever it is.
pub(crate) fn document(call: &Call, body: &[u8]) -> Result<(Value, Vec<String>), Status> {
    if call.content_type() == protobuf::MEDIA_TYPE {
        let object = protobuf::decode(body, None).map_err(|error| Status::bad_request(error.to_string()))?;
        return Ok((object, Vec::new()));
    }
    let format = format(&call.content_type())?;
    let kind = call.kind();
    let unrecognized = |detail: String| {
        let summary = summarize(body);
        let message =
            format!("the object provided is unrecognized (must be of type {kind}): {detail} ({summary})");
        Status::bad_request(message)
    };
    let parsed = decode::parse(body, format)
        .map_err(|error| unrecognized(format!("couldn't get version/kind; json parse error: {error}")))?;
    if !parsed.value.is_object() {
        let found = match parsed.value {
            Value::Array(_) => "array",
            Value::String(_) => "string",
            Value::Number(_) => "number",
            Value::Bool(_) => "bool",
            Value::Null | Value::Object(_) => {
                return Err(unrecognized("Object 'Kind' is missing".to_owned()));
            }
        };
        let go = "json: cannot unmarshal";
        let into = "into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
        return Err(unrecognized(format!(
            "couldn't get version/kind; json parse error: {go} {found} {into}"
        )));
    }
    Ok((parsed.value, parsed.duplicates))
}

/// Fills in or checks `apiVersion` and `kind`, and puts them first.
fn check_kind(object: &mut Value, resource: &Resource) -> Result<(), Status> {
    let api_version = resource.api_version();
    let text = |name: &str| {
        object
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (found_kind, found_version) = (text("kind"), text("apiVersion"));
    if !found_version.is_empty() && found_version != api_version {
        return Err(Status::bad_request(format!(
            "the API version in the data ({found_version}) does not match the expected API version ({api_version})"
        )));
    }
    if !found_kind.is_empty() && found_kind != resource.gvk.kind {
        let version = &resource.gvk.version;
        let kind = &resource.gvk.kind;
        return Err(Status::bad_request(format!(
            "{found_kind} in version {version:?} cannot be handled as a {kind}: converting ({version}.{found_kind}) to ({}.{kind}): unknown conversion",
            package(&resource.gvk.group)
        )));
    }
    if let Some(fields) = object.as_object_mut() {
        let rest = std::mem::take(fields);
        fields.insert("kind".to_owned(), resource.gvk.kind.as_str().into());
        fields.insert("apiVersion".to_owned(), api_version.into());
        for (name, value) in rest {
            fields.entry(name).or_insert(value);
        }
    }
    Ok(())
}

/// Brings an object into its kind's shape; the findings are sentences about what was removed.
pub(crate) fn shape(resource: &Resource, object: &mut Value) -> Result<Vec<String>, String> {
    match resource.behaviour.coerce(object) {
        Some(outcome) => outcome,
        None => decode::shape(&resource.schema, object).map_err(|error| error.to_string()),
    }
}

/// Warns about findings or refuses them; the error is Kubernetes' sentence about all of them.
pub(crate) fn report(
    findings: Vec<String>,
    validation: FieldValidation,
    warnings: &Warnings,
) -> Result<(), String> {
    match validation {
        FieldValidation::Strict if !findings.is_empty() => Err(decode::strict_error(&findings)),
        FieldValidation::Warn => {
            warnings.add(findings);
            Ok(())
        }
        FieldValidation::Ignore | FieldValidation::Strict => Ok(()),
    }
}

fn misfit(object: &Value, resource: &Resource, error: &str) -> Status {
    let kind = object
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or(&resource.gvk.kind);
    let version = &resource.gvk.version;
    let wanted = &resource.gvk.kind;
    Status::bad_request(format!(
        "{kind} in version {version:?} cannot be handled as a {wanted}: {error}"
    ))
}

/// The beginning of a body, for an error message: text if it looks like JSON, else hexadecimal.
fn summarize(body: &[u8]) -> String {
    let head = &body[..body.len().min(30)];
    let more = if body.len() > 30 { " ..." } else { "" };
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(head)),
        Some(_) => {
            let hex: String = head.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hex}{more}")
        }
    }
}
