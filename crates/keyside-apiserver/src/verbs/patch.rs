//! `PATCH`: JSON patch, merge patch, strategic merge patch, server-side apply.

use crate::body;
use crate::call::Call;
use crate::present;
use crate::reply::Reply;
use crate::server::Body;
use crate::verbs::options::WriteOptions;
use crate::verbs::write::{self, Change};
use crate::verbs::{decode, metadata};
use http::StatusCode;
use keyside_apimachinery::apply;
use keyside_apimachinery::decode::Format;
use keyside_apimachinery::meta;
use keyside_apimachinery::patch;
use keyside_apimachinery::status::{FieldError, Status};
use serde_json::Value;

/// Kinds of patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl Kind {
    fn parse(call: &Call) -> Result<Self, Status> {
        let custom = !call.served.has_strategic_merge();
        let all = [
            ("application/json-patch+json", Self::Json),
            ("application/merge-patch+json", Self::Merge),
            ("application/strategic-merge-patch+json", Self::Strategic),
            ("application/apply-patch+yaml", Self::Apply),
        ];
        let allowed: Vec<_> = all
            .into_iter()
            .filter(|(_, kind)| !(custom && *kind == Self::Strategic))
            .collect();
        let media = call.content_type();
        let found = allowed.iter().find(|(name, _)| *name == media);
        let names: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
        found.map(|(_, kind)| *kind).ok_or_else(|| {
            // What no resource takes is refused in other words than what this one does not take.
            if all.iter().any(|(name, _)| *name == media) {
                decode::unsupported(&names)
            } else {
                let mut status = Status::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
                status.details = serde_json::json!({});
                status
            }
        })
    }
}

/// A patch as it was sent.
struct Patch {
    kind: Kind,
    document: Value,
    /// Sentences about repeated keys.
    doubles: Vec<String>,
    /// The text, for error messages.
    text: String,
}

/// Changes an object as the patch says; an apply creates it if need be.
pub(crate) async fn answer(call: &Call, body: Body) -> Result<Reply, Status> {
    let kind = Kind::parse(call)?;
    let apply = kind == Kind::Apply;
    let options = WriteOptions::parse(&call.query, "PatchOptions", apply)?;
    let patch = read(kind, &body::read(body).await?)?;
    let source = |live: Option<&Value>| new_state(call, &patch, &options, live);
    let may_create = apply && call.subresource.is_empty();
    let change = Change {
        source: &source,
        options: &options,
        may_create,
        tracked: apply,
        patches: true,
    };
    let (product, created) = write::change(call, &change).await?;
    present::object(
        call,
        if created {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        },
        &product,
    )
}

fn read(kind: Kind, body: &[u8]) -> Result<Patch, Status> {
    let format = if kind == Kind::Apply {
        Format::Yaml
    } else {
        Format::Json
    };
    let parsed = keyside_apimachinery::decode::parse(body, format)
        .map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))?;
    if kind != Kind::Json && !parsed.value.is_object() {
        let found = match parsed.value {
            Value::Array(_) => "array",
            Value::String(_) => "string",
            Value::Bool(_) => "bool",
            _ => "number",
        };
        let go = "json: cannot unmarshal";
        return Err(Status::bad_request(format!(
            "error decoding patch: {go} {found} into Go value of type map[string]interface {{}}"
        )));
    }
    let text = String::from_utf8_lossy(body).into_owned();
    Ok(Patch {
        kind,
        document: parsed.value,
        doubles: parsed.duplicates,
        text,
    })
}

/// The object as it shall be.
fn new_state(
    call: &Call,
    patch: &Patch,
    options: &WriteOptions,
    live: Option<&Value>,
) -> Result<Value, Status> {
    if patch.kind == Kind::Apply {
        return applied(call, patch, options, live);
    }
    let live = live.ok_or_else(|| call.not_found())?;
    let resource = &call.served.resource;
    let patched = match patch.kind {
        Kind::Json => patch::json(live, &patch.document),
        Kind::Strategic => patch::strategic(&resource.schema, live, &patch.document),
        Kind::Merge | Kind::Apply => Ok(patch::merge(live, &patch.document)),
    };
    let mut object = patched.map_err(|error| error.status())?;
    let wrong = |error: String| {
        let error = FieldError::invalid("patch", patch.text.as_str(), error);
        Status::invalid("", "", "", &[error])
    };
    same_type(&object, live, call)?;
    let unknown = decode::shape(resource, &mut object).map_err(wrong)?;
    let findings = keyside_apimachinery::decode::findings(&patch.doubles, &unknown);
    decode::report(findings, options.validation, &call.warnings).map_err(wrong)?;
    resource.behaviour.default(&mut object);
    Ok(object)
}

/// A patch may not make an object something else.
fn same_type(object: &Value, live: &Value, call: &Call) -> Result<(), Status> {
    for field in ["apiVersion", "kind"] {
        if object.get(field) != live.get(field) {
            let found = object.get(field).and_then(Value::as_str).unwrap_or_default();
            let kind = call.kind();
            return Err(Status::bad_request(format!(
                "the patch would change {field} of this {kind} to {found:?}"
            )));
        }
    }
    Ok(())
}

/// Server-side apply.
fn applied(
    call: &Call,
    patch: &Patch,
    options: &WriteOptions,
    live: Option<&Value>,
) -> Result<Value, Status> {
    let resource = &call.served.resource;
    let mut wanted = patch.document.clone();
    let (kind, api_version) = (resource.gvk.kind.as_str(), resource.api_version());
    check_type(&wanted, kind, &api_version)?;
    fill_names(call, &mut wanted)?;
    if live.is_none() && meta::name(&wanted) != call.name {
        let (found, name) = (meta::name(&wanted), &call.name);
        let sentence =
            format!("the name of the object ({found}) does not match the name on the URL ({name})");
        return Err(Status::bad_request(sentence));
    }
    let misfit = |error: String| Status::bad_request(format!("error strict decoding patch: {error}"));
    decode::report(patch.doubles.clone(), options.validation, &call.warnings).map_err(misfit)?;
    let force = options.force.unwrap_or(false);
    let schema = &resource.schema;
    let merged = metadata::as_writer(call, options, &wanted, |writer| {
        apply::apply(schema, live, &wanted, writer, force)
    });
    let mut object = merged.map_err(|error| error.status())?;
    // The merge leaves nulls where a field lost its content; what a kind does not know it has refused already.
    decode::shape(resource, &mut object).map_err(Status::internal)?;
    resource.behaviour.default(&mut object);
    Ok(object)
}

fn check_type(wanted: &Value, kind: &str, api_version: &str) -> Result<(), Status> {
    let text = |field: &str| wanted.get(field).and_then(Value::as_str).unwrap_or_default();
    let (found_kind, found_version) = (text("kind"), text("apiVersion"));
    if found_kind.is_empty() || found_version.is_empty() {
        let (group, version) = found_version.split_once('/').unwrap_or(("", found_version));
        return Err(Status::bad_request(format!(
            "invalid object type: {group}/{version}, Kind={found_kind}"
        )));
    }
    if found_version != api_version {
        return Err(Status::bad_request(format!(
            "Incorrect version specified in apply patch. Specified patch version: {found_version}, expected: {api_version}"
        )));
    }
    if found_kind != kind {
        let sentence = format!("invalid object type: {found_kind}, expected: {kind}");
        return Err(Status::bad_request(sentence));
    }
    Ok(())
}

/// The name and namespace of the path belong to the applied object even where it does not say them.
fn fill_names(call: &Call, wanted: &mut Value) -> Result<(), Status> {
    if meta::name(wanted).is_empty() {
        meta::set(wanted, "name", call.name.as_str());
    }
    metadata::match_namespace(wanted, &call.namespace)
}
