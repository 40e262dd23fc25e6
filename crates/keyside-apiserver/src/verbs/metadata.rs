//! The metadata the server itself writes: uids, times, generations, owners without doubles, field ownership.

use crate::call::Call;
use crate::verbs::options::WriteOptions;
use keyside_apimachinery::apply::{self, Writer};
use keyside_apimachinery::meta;
use keyside_apimachinery::resource::Resource;
use keyside_apimachinery::status::Status;
use serde_json::Value;

/// Removes what only the server may write in a new object.
pub(crate) fn wipe(object: &mut Value) {
    let system = [
        "creationTimestamp",
        "uid",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
    ];
    for field in system {
        meta::remove(object, field);
    }
}

/// Gives a new object its identity.
pub(crate) fn fill(object: &mut Value, resource: &Resource, now: &str) {
    meta::set(object, "uid", uuid::Uuid::new_v4().to_string());
    meta::set(object, "creationTimestamp", now);
    if resource.behaviour.has_generation() {
        meta::set(object, "generation", 1);
    } else {
        meta::remove(object, "generation");
    }
}

/// A name for `generateName`.
pub(crate) fn generate(prefix: &str) -> String {
    let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
    meta::generate_name(prefix, random)
}

/// The namespace in the object must be that of the path; a missing one is filled in.
pub(crate) fn match_namespace(object: &mut Value, namespace: &str) -> Result<(), Status> {
    let found = meta::namespace(object);
    if found == namespace {
        return Ok(());
    }
    if !found.is_empty() && !namespace.is_empty() {
        let sentence =
            "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Status::bad_request(sentence));
    }
    if namespace.is_empty() {
        meta::remove(object, "namespace");
    } else {
        meta::set(object, "namespace", namespace);
    }
    Ok(())
}

/// Keeps what a write may not change, and counts generations.
pub(crate) fn keep(new: &mut Value, old: &Value) {
    for field in ["creationTimestamp", "deletionTimestamp"] {
        if !meta::string(old, field).is_empty() {
            meta::set(new, field, meta::string(old, field));
        } else if field == "deletionTimestamp" {
            meta::remove(new, field);
        }
    }
    let grace = &old["metadata"]["deletionGracePeriodSeconds"];
    if !grace.is_null() && new["metadata"]["deletionGracePeriodSeconds"].is_null() {
        meta::set(new, "deletionGracePeriodSeconds", grace.clone());
    }
    if meta::uid(new).is_empty() {
        meta::set(new, "uid", meta::uid(old));
    }
    meta::set(new, "generation", old["metadata"]["generation"].clone());
}

/// Removes repeated owners and says so.
pub(crate) fn dedup_owners(call: &Call, object: &mut Value, after_admission: bool) {
    let Some(Value::Array(owners)) = object.pointer_mut("/metadata/ownerReferences") else {
        return;
    };
    let mut unique: Vec<Value> = Vec::with_capacity(owners.len());
    let mut doubles: Vec<String> = Vec::new();
    for owner in owners.drain(..) {
        if unique.contains(&owner) {
            doubles.push(owner["uid"].as_str().unwrap_or_default().to_owned());
        } else {
            unique.push(owner);
        }
    }
    *owners = unique;
    if doubles.is_empty() {
        return;
    }
    let when = if after_admission {
        " after mutating admission happens"
    } else {
        ""
    };
    let doubles = doubles.join(", ");
    call.warnings.add([format!(
        ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {doubles}"
    )]);
}

/// Who a write is attributed to.
pub(crate) fn manager(call: &Call, options: &WriteOptions) -> String {
    let agent = if options.manager.is_empty() {
        call.agent()
    } else {
        options.manager.clone()
    };
    if agent.is_empty() {
        "unknown".to_owned()
    } else {
        agent
    }
}

/// Calls `with` with the writer that `managedFields` will name.
pub(crate) fn as_writer<T>(
    call: &Call,
    options: &WriteOptions,
    object: &Value,
    with: impl FnOnce(&Writer<'_>) -> T,
) -> T {
    let manager = manager(call, options);
    let api_version = call.served.resource.api_version();
    let ignored = ignored(call, object);
    let ignored: Vec<&str> = ignored.iter().map(String::as_str).collect();
    with(&Writer {
        manager: &manager,
        subresource: &call.subresource,
        api_version: &api_version,
        now: &call.now,
        ignored: &ignored,
    })
}

/// Fields the endpoint does not write: `status` on the object itself, all but `status` on `/status`.
fn ignored(call: &Call, object: &Value) -> Vec<String> {
    let resource = &call.served.resource;
    match call.subresource.as_str() {
        "" if resource.has_status() => vec!["status".to_owned()],
        "status" => {
            let fields = object.as_object().into_iter().flat_map(|fields| fields.keys());
            fields
                .filter(|name| !matches!(name.as_str(), "kind" | "apiVersion" | "metadata" | "status"))
                .cloned()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Records who owns what after a write that is not an apply.
pub(crate) fn track(call: &Call, options: &WriteOptions, live: Option<&Value>, new: &mut Value) {
    let schema = &call.served.resource.schema;
    let probe = new.clone();
    as_writer(call, options, &probe, |writer| {
        apply::track(schema, live, new, writer)
    });
}

/// Whether two objects differ in nothing but the times in `managedFields`.
pub(crate) fn same_but_times(new: &Value, old: &Value) -> bool {
    fn untimed(object: &Value) -> Value {
        let mut object = object.clone();
        meta::remove(&mut object, "resourceVersion");
        if let Some(Value::Array(entries)) = object.pointer_mut("/metadata/managedFields") {
            for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
                entry.shift_remove("time");
            }
        }
        object
    }
    untimed(new) == untimed(old)
}
