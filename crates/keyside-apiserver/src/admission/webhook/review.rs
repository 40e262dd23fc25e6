//! `AdmissionReview`: the question sent to a webhook, and what its answer means.

use super::call::Failure;
use super::configuration::Webhook;
use super::matching::Subject;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use json_patch::Patch;
use keyside_apimachinery::resource::{GroupVersionKind, Subresource};
use keyside_apimachinery::status::Status;
use serde_json::{Map, Value, json};

/// What a webhook allowed, and wants.
pub(super) struct Answer {
    pub(super) warnings: Vec<String>,
    /// A JSON patch with something in it.
    pub(super) patch: Option<Patch>,
}

/// The review of a request, with the object in the version the webhook wants.
pub(in crate::admission) fn question(subject: &Subject<'_>, version: &str, uid: &str) -> Value {
    let request = subject.request;
    let gvk = &request.resource.gvk;
    let plural = request.resource.plural.as_str();
    let kind = kind_of(subject);
    let wanted = |kind: &GroupVersionKind| {
        let version = if kind.group == gvk.group {
            version
        } else {
            kind.version.as_str()
        };
        json!({"group": kind.group, "version": version, "kind": kind.kind})
    };
    let mut review = Map::new();
    let mut put = |name: &str, value: Value| drop(review.insert(name.to_owned(), value));
    put("uid", uid.into());
    put("kind", wanted(&kind));
    put(
        "resource",
        json!({"group": gvk.group, "version": version, "resource": plural}),
    );
    put(
        "requestKind",
        json!({"group": kind.group, "version": kind.version, "kind": kind.kind}),
    );
    put(
        "requestResource",
        json!({"group": gvk.group, "version": gvk.version, "resource": plural}),
    );
    if !request.subresource.is_empty() {
        put("subResource", request.subresource.as_str().into());
        put("requestSubResource", request.subresource.as_str().into());
    }
    for (name, text) in [("name", &request.name), ("namespace", &request.namespace)] {
        if !text.is_empty() {
            put(name, text.as_str().into());
        }
    }
    put("operation", request.operation.word().into());
    put("userInfo", user_of(subject));
    put("object", in_version(subject.object, gvk, version));
    put(
        "oldObject",
        subject
            .old
            .map_or(Value::Null, |old| in_version(old, gvk, version)),
    );
    put("dryRun", request.dry_run.into());
    put("options", request.options.clone());
    json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": review})
}

/// The kind in the request: that of a special subresource is not that of its resource.
fn kind_of(subject: &Subject<'_>) -> GroupVersionKind {
    let request = subject.request;
    let special = request
        .resource
        .subresources
        .iter()
        .find_map(|subresource| match subresource {
            Subresource::Special { name, kind, .. } if *name == request.subresource => Some(kind.clone()),
            Subresource::Scale { .. } if request.subresource == "scale" => Some(GroupVersionKind {
                group: "autoscaling".to_owned(),
                version: "v1".to_owned(),
                kind: "Scale".to_owned(),
            }),
            _ => None,
        });
    special.unwrap_or_else(|| request.resource.gvk.clone())
}

fn user_of(subject: &Subject<'_>) -> Value {
    let user = &subject.request.user;
    let mut out = Map::new();
    out.insert("username".into(), user.username.as_str().into());
    if !user.uid.is_empty() {
        out.insert("uid".into(), user.uid.as_str().into());
    }
    if !user.groups.is_empty() {
        out.insert("groups".into(), user.groups.clone().into());
    }
    if !user.extra.is_empty() {
        out.insert("extra".into(), json!(user.extra));
    }
    out.into()
}

/// The object with another version written on it: custom resources are converted by nothing else.
fn in_version(object: &Value, gvk: &GroupVersionKind, version: &str) -> Value {
    let mut object = object.clone();
    if version != gvk.version && object["apiVersion"] == gvk.api_version().as_str() {
        object["apiVersion"] = GroupVersionKind {
            version: version.to_owned(),
            ..gvk.clone()
        }
        .api_version()
        .into();
    }
    object
}

/// What a webhook's reply says.
pub(super) fn read(webhook: &Webhook, uid: &str, reply: &Value) -> Result<Answer, Failure> {
    let invalid = |why: String| Failure::Call(format!("received invalid webhook response: {why}"));
    if reply["kind"] != "AdmissionReview" || reply["apiVersion"] != "admission.k8s.io/v1" {
        let (version, kind) = (shown(&reply["apiVersion"]), shown(&reply["kind"]));
        let wanted = "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview";
        return Err(invalid(format!("{wanted}, got {version}, Kind={kind}")));
    }
    let response = &reply["response"];
    if !response.is_object() {
        return Err(invalid("webhook response was absent".to_owned()));
    }
    if response["uid"] != uid {
        return Err(invalid(format!(
            "expected response.uid={uid:?}, got {:?}",
            shown(&response["uid"])
        )));
    }
    if response["allowed"] != true {
        return Err(Failure::Refused(refusal(&webhook.name, &response["status"])));
    }
    let warnings = response["warnings"].as_array().into_iter().flatten();
    let warnings = warnings.filter_map(|w| w.as_str().map(str::to_owned)).collect();
    Ok(Answer {
        warnings,
        patch: patch_of(response, &invalid)?,
    })
}

fn shown(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn patch_of(response: &Value, invalid: &dyn Fn(String) -> Failure) -> Result<Option<Patch>, Failure> {
    let Some(encoded) = response["patch"].as_str().filter(|patch| !patch.is_empty()) else {
        if !shown(&response["patchType"]).is_empty() {
            return Err(invalid(
                "webhook returned response.patchType but not response.patch".to_owned(),
            ));
        }
        return Ok(None);
    };
    match shown(&response["patchType"]) {
        "JSONPatch" => {}
        "" => {
            return Err(invalid(
                "webhook returned response.patch but not response.patchType".to_owned(),
            ));
        }
        other => {
            return Err(invalid(format!(
                "webhook returned invalid response.patchType of {other:?}"
            )));
        }
    }
    let undecodable =
        |why: String| Failure::Call(format!("received undecodable patch in webhook response: {why}"));
    let bytes = STANDARD
        .decode(encoded)
        .map_err(|error| undecodable(error.to_string()))?;
    let patch: Patch = serde_json::from_slice(&bytes).map_err(|error| undecodable(error.to_string()))?;
    Ok((!patch.0.is_empty()).then_some(patch))
}

/// The object with the patch applied, in the version of the request.
pub(super) fn patched(
    webhook: &Webhook,
    subject: &Subject<'_>,
    version: &str,
    patch: &Patch,
) -> Result<Value, Failure> {
    let gvk = &subject.request.resource.gvk;
    if subject.object.is_null() {
        let why = format!(
            "admission webhook {:?} attempted to modify the object, which is not supported for this operation",
            webhook.name
        );
        return Err(Failure::Refused(Status::internal(why)));
    }
    let mut object = in_version(subject.object, gvk, version);
    json_patch::patch(&mut object, patch).map_err(|error| Failure::Refused(Status::internal(error)))?;
    if version != gvk.version {
        object["apiVersion"] = gvk.api_version().into();
    }
    Ok(object)
}

/// The error of a webhook that said no.
fn refusal(webhook: &str, status: &Value) -> Status {
    let denied = format!("admission webhook {webhook:?} denied the request");
    let message = match (shown(&status["message"]), shown(&status["reason"])) {
        ("", "") => format!("{denied} without explanation"),
        ("", reason) => format!("{denied}: {reason}"),
        (message, _) => format!("{denied}: {message}"),
    };
    let code = status["code"]
        .as_u64()
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| (400..600).contains(code));
    let mut refusal = Status::new(
        code.unwrap_or(400),
        known_reason(shown(&status["reason"])),
        message,
    );
    refusal.details = status["details"].clone();
    refusal
}

/// The reasons Kubernetes itself gives; others are told in the message.
fn known_reason(reason: &str) -> &'static str {
    const KNOWN: [&str; 17] = [
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "AlreadyExists",
        "Conflict",
        "Gone",
        "Invalid",
        "ServerTimeout",
        "Timeout",
        "TooManyRequests",
        "BadRequest",
        "MethodNotAllowed",
        "NotAcceptable",
        "RequestEntityTooLarge",
        "UnsupportedMediaType",
        "InternalError",
        "ServiceUnavailable",
    ];
    KNOWN
        .into_iter()
        .find(|known| *known == reason)
        .unwrap_or_default()
}
