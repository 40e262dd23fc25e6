//! `DELETE` of one object: at once, or by marking it and leaving the end to whoever removes the last finalizer.

mod options;

pub(crate) use options::DeleteOptions;

use crate::admission::Operation;
use crate::body;
use crate::call::Call;
use crate::clock;
use crate::present::{self, Product};
use crate::reply::Reply;
use crate::server::Body;
use crate::store::{CommitError, Entry, Key, Transaction};
use crate::verbs::conduct::{self, Dependents};
use crate::verbs::guard;
use crate::verbs::options::{FieldValidation, WriteOptions};
use crate::verbs::write::commit_error;
use http::StatusCode;
use keyside_apimachinery::meta;
use keyside_apimachinery::status::Status;
use serde_json::{Value, json};

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// How often a deletion is worked out anew because the object changed meanwhile.
const ATTEMPTS: usize = 1000;

/// Deletes an object, or begins to.
pub(crate) async fn answer(call: &Call, body: Body) -> Result<Reply, Status> {
    let options = DeleteOptions::read(call, &body::read(body).await?)?;
    let (product, gone) = one(call, &options).await?;
    reply(call, &options, &product, gone)
}

/// Deletes the object a call names. Answers with the object as it is or was, and whether it is gone.
pub(crate) async fn one(call: &Call, options: &DeleteOptions) -> Result<(Product, bool), Status> {
    guard::immortal(call)?;
    let key = call.key();
    for _ in 0..ATTEMPTS {
        let entry = call.core.store.get(&key).ok_or_else(|| call.not_found())?;
        if let Some(done) = attempt(call, options, &key, &entry).await? {
            return Ok(done);
        }
    }
    Err(Status::conflict(
        call.group(),
        call.plural(),
        &call.name,
        "the object changes too often",
    ))
}

/// What becomes of an object that is to be deleted.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// It goes at once.
    Remove,
    /// It is marked and stays.
    Mark,
    /// It is marked already.
    Wait,
}

/// One attempt on the object as it is now; nothing if it changed meanwhile.
async fn attempt(
    call: &Call,
    options: &DeleteOptions,
    key: &Key,
    entry: &Entry,
) -> Result<Option<(Product, bool)>, Status> {
    let live = present::value(&call.served, &entry.value);
    options.check_preconditions(call, &live)?;
    admit(call, options, &live).await?;
    let mut last = live.clone();
    let plan = plan(call, options, &mut last);
    if plan == Plan::Wait || (plan == Plan::Mark && last == live) {
        return Ok(Some((Product::Stored(entry.clone()), false)));
    }
    let gone = plan == Plan::Remove;
    if options.dry_run {
        return Ok(Some((Product::Draft(last), gone)));
    }
    let transaction = if gone {
        Transaction::delete(key.clone(), entry.revision, &last).and(call.served.release(&call.core, &last))
    } else {
        Transaction::update(key.clone(), entry.revision, &last)
    };
    match call.core.store.commit(transaction).await {
        Ok(entries) => Ok(entries
            .into_iter()
            .next()
            .map(|entry| (Product::Stored(entry), gone))),
        Err(CommitError::Conflict { .. }) => Ok(None),
        Err(error) => Err(commit_error(call, &call.name, error)),
    }
}

async fn admit(call: &Call, options: &DeleteOptions, live: &Value) -> Result<(), Status> {
    let write = WriteOptions {
        dry_run: options.dry_run,
        manager: String::new(),
        validation: FieldValidation::Ignore,
        force: None,
    };
    let mut request = call.admission(Operation::Delete, &call.name, &write);
    request.options = options.to_json();
    let admission = &call.core.admission;
    call.warnings
        .add(admission.mutate(&request, &mut Value::Null, Some(live)).await?);
    call.warnings
        .add(admission.validate(&request, &Value::Null, Some(live)).await?);
    Ok(())
}

/// Decides, and marks the object as far as it is to be marked
/// (`k8s.io/apiserver/pkg/registry/rest.BeforeDelete` and `registry.Store.Delete`).
fn plan(call: &Call, options: &DeleteOptions, object: &mut Value) -> Plan {
    let behaviour = &call.served.resource.behaviour;
    let begun = meta::deletion_timestamp(object).is_some();
    if !begun {
        behaviour.prepare_delete(object, &call.context());
        if is_namespace(object) {
            object["status"]["phase"] = "Terminating".into();
        }
    }
    let graceful = match grace(call, options, object) {
        Grace::Pending => return Plan::Wait,
        Grace::Wait(seconds) => {
            begin(object, seconds, begun);
            seconds > 0
        }
        Grace::Nothing => false,
    };
    set_finalizers(object, &finalizers(call, options, object));
    if is_held(object) {
        if !graceful {
            begin(object, 0, begun);
        }
        return Plan::Mark;
    }
    if graceful { Plan::Mark } else { Plan::Remove }
}

/// How long a deletion waits for whoever runs the object.
enum Grace {
    /// It does not.
    Nothing,
    /// So many seconds.
    Wait(i64),
    /// It is already waiting, and not longer than asked for.
    Pending,
}

fn grace(call: &Call, options: &DeleteOptions, object: &mut Value) -> Grace {
    let asked = options
        .grace_period
        .map(|seconds| if seconds < 0 { 1 } else { seconds });
    let left = object["metadata"]["deletionGracePeriodSeconds"].as_i64();
    if meta::deletion_timestamp(object).is_some() {
        let Some(left) = left.filter(|left| *left != 0) else {
            return Grace::Nothing;
        };
        let Some(asked) = asked.filter(|asked| *asked < left) else {
            return Grace::Pending;
        };
        return Grace::Wait(shorten(object, left, asked));
    }
    match call.served.resource.behaviour.grace_period(object) {
        // A pod that runs nowhere has a time of grace as well: none.
        None if call.plural() == "pods" => Grace::Wait(0),
        None => Grace::Nothing,
        Some(default) => Grace::Wait(asked.unwrap_or(default)),
    }
}

/// Moves the end of a waiting deletion nearer, but not into the past.
fn shorten(object: &mut Value, left: i64, asked: i64) -> i64 {
    let end = meta::deletion_timestamp(object).and_then(clock::parse);
    let nearer = end.and_then(|end| {
        end.checked_add(jiff::SignedDuration::from_secs(asked - left))
            .ok()
    });
    let now = jiff::Timestamp::now();
    match nearer {
        Some(nearer) if nearer >= now => {
            meta::set(object, "deletionTimestamp", clock::format(nearer));
            asked
        }
        _ => {
            meta::set(object, "deletionTimestamp", clock::format(now));
            asked.min(1)
        }
    }
}

/// Marks an object as being deleted.
fn begin(object: &mut Value, seconds: i64, begun: bool) {
    if !begun {
        let generation = meta::generation(object);
        if generation > 0 {
            meta::set(object, "generation", generation + 1);
        }
        meta::set(object, "deletionTimestamp", clock::after(seconds));
    } else if seconds == 0 {
        let now = clock::now();
        if meta::deletion_timestamp(object).is_some_and(|end| end > now.as_str()) {
            meta::set(object, "deletionTimestamp", now);
        }
    }
    meta::set(object, "deletionGracePeriodSeconds", seconds);
}

/// The finalizers the garbage collector shall find.
fn finalizers(call: &Call, options: &DeleteOptions, object: &Value) -> Vec<String> {
    let held = meta::finalizers(object);
    let mut out: Vec<String> = held
        .iter()
        .filter(|name| **name != ORPHAN && **name != FOREGROUND)
        .map(|name| (*name).to_owned())
        .collect();
    let default = conduct::dependents(&call.served.resource);
    if default == Dependents::Unsupported {
        return out;
    }
    let wanted = options.propagation.as_deref().or_else(|| {
        let known = held
            .iter()
            .find(|name| **name == ORPHAN || **name == FOREGROUND)?;
        Some(if *known == ORPHAN { "Orphan" } else { "Foreground" })
    });
    match wanted {
        Some("Orphan") => out.push(ORPHAN.to_owned()),
        Some("Foreground") => out.push(FOREGROUND.to_owned()),
        None if default == Dependents::Orphan => out.push(ORPHAN.to_owned()),
        _ => {}
    }
    out
}

fn set_finalizers(object: &mut Value, finalizers: &[String]) {
    if meta::finalizers(object) != finalizers {
        meta::set(object, "finalizers", json!(finalizers));
    }
}

/// Whether somebody still wants to see a deleted object. Namespaces have a second list of their own.
pub(crate) fn is_held(object: &Value) -> bool {
    let spec = object.pointer("/spec/finalizers").and_then(Value::as_array);
    !meta::finalizers(object).is_empty()
        || (is_namespace(object) && spec.is_some_and(|list| !list.is_empty()))
}

fn is_namespace(object: &Value) -> bool {
    object["kind"] == "Namespace" && object["apiVersion"] == "v1"
}

fn reply(call: &Call, options: &DeleteOptions, product: &Product, gone: bool) -> Result<Reply, Status> {
    let code = if !gone && options.orphan_dependents == Some(false) {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    if !gone || conduct::returns_deleted(&call.served.resource) {
        return present::object(call, code, product);
    }
    let object = product.value(&call.served);
    let mut details = json!({"name": call.name});
    if !call.group().is_empty() {
        details["group"] = call.group().into();
    }
    details["kind"] = call.plural().into();
    details["uid"] = meta::uid(&object).into();
    Ok(Reply::value(code, success(&details)))
}

/// A `Status` that says all went well.
pub(crate) fn success(details: &Value) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
