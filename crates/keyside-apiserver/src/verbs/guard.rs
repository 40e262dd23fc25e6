//! Namespaces and what may happen in them (`plugin/pkg/admission/namespace/lifecycle`).

use crate::call::Call;
use crate::store::{Expect, Key};
use keyside_apimachinery::meta;
use keyside_apimachinery::status::Status;
use serde_json::{Value, json};

/// A new object's namespace must exist and not be going away. The answer is a condition for the transaction, so that
/// no object can slip into a namespace that is deleted at the same moment.
pub(crate) fn namespace(call: &Call, object: &Value) -> Result<Option<(Key, Expect)>, Status> {
    if !call.served.resource.namespaced || call.served.resource.gvk.group == "authorization.k8s.io" {
        return Ok(None);
    }
    let key = Key::new("", "namespaces", "", &call.namespace);
    let Some(entry) = call.core.store.get(&key) else {
        return Err(Status::not_found("", "namespaces", &call.namespace));
    };
    if is_terminating(&entry.object()) {
        return Err(terminating(call, object));
    }
    Ok(Some((key, Expect::At(entry.revision))))
}

/// Whether a namespace object is on its way out.
fn is_terminating(namespace: &Value) -> bool {
    meta::deletion_timestamp(namespace).is_some() || namespace["status"]["phase"] == "Terminating"
}

fn terminating(call: &Call, object: &Value) -> Status {
    let name = match (meta::name(object), meta::string(object, "generateName")) {
        ("", "") => "Unknown",
        ("", prefix) => prefix,
        (name, _) => name,
    };
    let namespace = &call.namespace;
    let detail =
        format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut status = Status::forbidden(call.group(), call.plural(), name, &detail);
    status.details["causes"] = json!([{
        "reason": "NamespaceTerminating",
        "message": format!("namespace {namespace} is being terminated"),
        "field": "metadata.namespace",
    }]);
    status
}

/// The namespaces a cluster cannot be without stay.
pub(crate) fn immortal(call: &Call) -> Result<(), Status> {
    let is_namespace = call.group().is_empty() && call.plural() == "namespaces";
    if is_namespace && crate::server::IMMORTAL.contains(&call.name.as_str()) {
        return Err(Status::forbidden(
            "",
            "namespaces",
            &call.name,
            "this namespace may not be deleted",
        ));
    }
    Ok(())
}
