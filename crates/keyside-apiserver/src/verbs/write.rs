//! Creating and changing objects: the steps that create, update, every kind of patch, and the server's own writes
//! share. Nothing here is atomic by itself; the transaction at the end is, and if it finds the world changed, the
//! steps are taken again from the new state.

use crate::admission::Operation;
use crate::call::Call;
use crate::present::{self, Product};
use crate::store::{CommitError, Entry, Key, Transaction};
use crate::verbs::conduct;
use crate::verbs::guard;
use crate::verbs::metadata;
use crate::verbs::options::WriteOptions;
use keyside_apimachinery::meta;
use keyside_apimachinery::status::{FieldError, Status};
use serde_json::Value;

/// How often a generated name is tried.
const NAMES: usize = 8;

/// How often a change is worked out anew because somebody else was faster; each time somebody else made progress.
const ATTEMPTS: usize = 1000;

/// Where the new state comes from: given what is stored now (in the served version), what shall be stored?
/// Called again after a conflict.
pub(crate) type Source<'a> = dyn Fn(Option<&Value>) -> Result<Value, Status> + Send + Sync + 'a;

/// A change to be made.
pub(crate) struct Change<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) options: &'a WriteOptions,
    /// Whether an absent object is created.
    pub(crate) may_create: bool,
    /// Whether the source has recorded field ownership itself, as an apply does.
    pub(crate) tracked: bool,
    /// Whether the new state is the old one changed, and not one that a client has made whole.
    pub(crate) patches: bool,
}

/// Turns what the store says into what a client is told.
pub(crate) fn commit_error(call: &Call, name: &str, error: CommitError) -> Status {
    match error {
        CommitError::Conflict { .. } => Status::modified(call.group(), call.plural(), name),
        CommitError::ReadOnly(_) => Status::internal(error),
        CommitError::Closed => Status::new(503, "ServiceUnavailable", "the server is shutting down"),
    }
}

/// Stores a new object.
pub(crate) async fn create(
    call: &Call,
    object: Value,
    options: &WriteOptions,
    tracked: bool,
) -> Result<Product, Status> {
    let mut object = object;
    metadata::wipe(&mut object);
    metadata::match_namespace(&mut object, &call.namespace)?;
    guard::namespace(call, &object)?;
    metadata::dedup_owners(call, &mut object, false);
    if !tracked {
        metadata::track(call, options, None, &mut object);
    }
    let request = call.admission(Operation::Create, meta::name(&object), options);
    call.warnings
        .add(call.core.admission.mutate(&request, &mut object, None).await?);
    call.served.resource.behaviour.default(&mut object);
    metadata::dedup_owners(call, &mut object, true);
    let prefix = meta::string(&object, "generateName").to_owned();
    let generated = meta::name(&object).is_empty() && !prefix.is_empty();
    let mut attempts = if generated { NAMES } else { 1 };
    loop {
        let mut draft = object.clone();
        metadata::fill(&mut draft, &call.served.resource, &call.now);
        if generated {
            meta::set(&mut draft, "name", metadata::generate(&prefix));
        }
        attempts -= 1;
        match insert(call, draft, options).await {
            Err(status) if status.reason == "AlreadyExists" && attempts > 0 => {}
            other => return other,
        }
    }
}

/// One attempt to store a new object under the name it has.
async fn insert(call: &Call, mut object: Value, options: &WriteOptions) -> Result<Product, Status> {
    let behaviour = &call.served.resource.behaviour;
    let context = call.context();
    behaviour.prepare_create(&mut object, &context);
    let prepared = object;
    for _ in 0..ATTEMPTS {
        let mut object = prepared.clone();
        let condition = guard::namespace(call, &object)?;
        let also = call.served.allocate(&call.core, &mut object, None)?;
        check_new(call, &object, &context)?;
        let name = meta::name(&object).to_owned();
        let request = call.admission(Operation::Create, &name, options);
        call.warnings
            .add(call.core.admission.validate(&request, &object, None).await?);
        let key = call.key_of(&name);
        if options.dry_run {
            return match call.core.store.get(&key) {
                Some(existing) => Err(already_exists(call, &name, &existing)),
                None => Ok(Product::Draft(object)),
            };
        }
        let mut transaction = Transaction::create(key.clone(), &object).and(also);
        transaction.checks.extend(condition);
        match call.core.store.commit(transaction).await {
            Ok(entries) => return first(entries),
            Err(CommitError::Conflict {
                key: found,
                current: Some(existing),
            }) if found == key => {
                return Err(already_exists(call, &name, &existing));
            }
            // The namespace changed, or an address was taken: look again.
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(commit_error(call, &name, error)),
        }
    }
    Err(busy())
}

fn check_new(
    call: &Call,
    object: &Value,
    context: &keyside_apimachinery::resource::WriteContext,
) -> Result<(), Status> {
    let resource = &call.served.resource;
    if !meta::resource_version(object).is_empty() {
        let sentence = "resourceVersion should not be set on objects to be created";
        return Err(Status::new(500, "", sentence));
    }
    let name = |name: &str, prefix: bool| resource.behaviour.validate_name(name, prefix);
    let mut errors = meta::validate(object, resource.namespaced, name);
    if !call.served.custom {
        errors.extend(meta::validate_finalizers(object));
    }
    errors.extend(resource.behaviour.validate_create(object, context));
    invalid(call, meta::name(object), &errors)?;
    call.warnings.add(resource.behaviour.warnings(object, None));
    Ok(())
}

fn invalid(call: &Call, name: &str, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Status::invalid(call.group(), call.kind(), name, errors))
    }
}

fn already_exists(call: &Call, name: &str, existing: &Entry) -> Status {
    let mut status = Status::already_exists(call.group(), call.plural(), name);
    if meta::deletion_timestamp(&existing.object()).is_some() {
        status.message = format!("object is being deleted: {}", status.message);
    }
    status
}

fn first(entries: Vec<Entry>) -> Result<Product, Status> {
    let entry = entries.into_iter().next();
    entry
        .map(Product::Stored)
        .ok_or_else(|| Status::internal("the store has written nothing"))
}

fn busy() -> Status {
    let mut status = Status::new(504, "Timeout", "Timeout: the object changes too often");
    status.details = serde_json::json!({"retryAfterSeconds": 1});
    status
}

/// Changes an object, or creates it where that is allowed. Answers with the object and whether it is new.
pub(crate) async fn change(call: &Call, change: &Change<'_>) -> Result<(Product, bool), Status> {
    let key = call.key();
    for _ in 0..ATTEMPTS {
        let Some(live) = call.core.store.get(&key) else {
            if !change.may_create {
                return Err(call.not_found());
            }
            match create_by_change(call, change).await {
                // Somebody else created it between the look and the write.
                Err(status) if status.reason == "AlreadyExists" => continue,
                other => return other.map(|product| (product, true)),
            }
        };
        match attempt(call, change, &key, &live).await? {
            Outcome::Done(product) => return Ok((product, false)),
            Outcome::Again => {}
        }
    }
    Err(busy())
}

async fn create_by_change(call: &Call, change: &Change<'_>) -> Result<Product, Status> {
    let mut object = (change.source)(None)?;
    if !meta::uid(&object).is_empty() {
        let uid = meta::uid(&object);
        let detail = format!(
            "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        );
        return Err(Status::conflict(call.group(), call.plural(), &call.name, &detail));
    }
    metadata::match_namespace(&mut object, &call.namespace)?;
    match_name(call, &object)?;
    let attributes = crate::handle::creation(call);
    crate::handle::authorize(&call.core, &attributes)?;
    create(call, object, change.options, change.tracked).await
}

enum Outcome {
    Done(Product),
    Again,
}

/// One attempt to change the object that is stored now.
async fn attempt(call: &Call, change: &Change<'_>, key: &Key, entry: &Entry) -> Result<Outcome, Status> {
    let served = &call.served;
    let live = present::value(served, &entry.value);
    let mut new = (change.source)(Some(&live))?;
    metadata::match_namespace(&mut new, &call.namespace)?;
    match_name(call, &new)?;
    if !change.patches {
        is_meant(call, &new, &live)?;
    }
    metadata::dedup_owners(call, &mut new, false);
    if !change.tracked {
        metadata::track(call, change.options, Some(&live), &mut new);
    }
    let request = call.admission(Operation::Update, &call.name, change.options);
    call.warnings.add(
        call.core
            .admission
            .mutate(&request, &mut new, Some(&live))
            .await?,
    );
    served.resource.behaviour.default(&mut new);
    metadata::dedup_owners(call, &mut new, true);
    match_version(call, &mut new, entry)?;
    keeps_identity(call, &new, &live)?;
    let also = prepare(call, &mut new, &live)?;
    call.warnings
        .add(call.core.admission.validate(&request, &new, Some(&live)).await?);
    if ends_deletion(&new, &live) {
        return finish_deletion(call, change.options, key, entry, new).await;
    }
    if metadata::same_but_times(&new, &live) {
        return Ok(Outcome::Done(Product::Stored(entry.clone())));
    }
    if change.options.dry_run {
        return Ok(Outcome::Done(Product::Draft(new)));
    }
    let transaction = Transaction::update(key.clone(), entry.revision, &new).and(also);
    match call.core.store.commit(transaction).await {
        Ok(entries) => first(entries).map(Outcome::Done),
        Err(CommitError::Conflict { .. }) => Ok(Outcome::Again),
        Err(error) => Err(commit_error(call, &call.name, error)),
    }
}

/// The kind's own part of an update: what is kept, what is counted, what is refused.
fn prepare(call: &Call, new: &mut Value, live: &Value) -> Result<Transaction, Status> {
    let resource = &call.served.resource;
    let context = call.context();
    metadata::keep(new, live);
    resource.behaviour.prepare_update(new, live, &context);
    if resource.behaviour.has_generation() && resource.behaviour.generation_counts(new, live) {
        meta::set(new, "generation", meta::generation(live) + 1);
    }
    let also = call.served.allocate(&call.core, new, Some(live))?;
    let mut errors = meta::validate_update(new, live, resource.namespaced);
    errors.extend(resource.behaviour.validate_update(new, live, &context));
    invalid(call, meta::name(new), &errors)?;
    call.warnings.add(resource.behaviour.warnings(new, Some(live)));
    Ok(also)
}

fn match_name(call: &Call, object: &Value) -> Result<(), Status> {
    let found = meta::name(object);
    let name = &call.name;
    if found.is_empty() {
        return Err(Status::bad_request(format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )));
    }
    if found != name {
        return Err(Status::bad_request(format!(
            "the name of the object ({found}) does not match the name on the URL ({name})"
        )));
    }
    Ok(())
}

/// An identity is never changed. A patch that tries finds out after its version was looked at.
fn keeps_identity(call: &Call, new: &Value, live: &Value) -> Result<(), Status> {
    let (wanted, found) = (meta::uid(new), meta::uid(live));
    if wanted.is_empty() || wanted == found {
        return Ok(());
    }
    let error = FieldError::invalid("metadata.uid", wanted, "field is immutable");
    Err(Status::invalid(call.group(), call.kind(), &call.name, &[error]))
}

/// A replacement must be meant for the object that is there.
fn is_meant(call: &Call, new: &Value, live: &Value) -> Result<(), Status> {
    let (wanted, found) = (meta::uid(new), meta::uid(live));
    if wanted.is_empty() || wanted == found {
        return Ok(());
    }
    let detail = format!(
        "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: \
         Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}",
        storage_key(call)
    );
    Err(Status::conflict(call.group(), call.plural(), &call.name, &detail))
}

/// Where Kubernetes keeps an object; it shows in some sentences.
fn storage_key(call: &Call) -> String {
    let group = if call.served.custom { call.group() } else { "" };
    [group, call.plural(), &call.namespace, &call.name]
        .into_iter()
        .filter(|part| !part.is_empty())
        .fold("/registry".to_owned(), |key, part| format!("{key}/{part}"))
}

/// The version a writer has seen must be the one that is stored; some kinds accept a write without one.
fn match_version(call: &Call, new: &mut Value, entry: &Entry) -> Result<(), Status> {
    let seen = meta::resource_version(new);
    let stored = entry.revision.to_string();
    if seen.is_empty() || seen == "0" {
        if !conduct::updates_unconditionally(&call.served) {
            let error = FieldError::invalid("metadata.resourceVersion", 0, "must be specified for an update");
            return Err(Status::invalid(call.group(), call.plural(), &call.name, &[error]));
        }
        meta::set(new, "resourceVersion", stored);
        return Ok(());
    }
    if seen.parse::<u64>().is_err() {
        let detail = format!("strconv.ParseUint: parsing {seen:?}: invalid syntax");
        let error = FieldError::invalid("metadata.resourceVersion", seen, detail);
        return Err(Status::invalid(call.group(), call.kind(), &call.name, &[error]));
    }
    if seen == stored {
        Ok(())
    } else {
        Err(Status::modified(call.group(), call.plural(), &call.name))
    }
}

/// Whether this update takes away the last thing that held a deleted object.
fn ends_deletion(new: &Value, live: &Value) -> bool {
    let grace = live["metadata"]["deletionGracePeriodSeconds"]
        .as_i64()
        .unwrap_or(0);
    meta::deletion_timestamp(live).is_some() && grace == 0 && !crate::verbs::delete::is_held(new)
}

async fn finish_deletion(
    call: &Call,
    options: &WriteOptions,
    key: &Key,
    entry: &Entry,
    last: Value,
) -> Result<Outcome, Status> {
    if !options.dry_run {
        let also = call.served.release(&call.core, &last);
        let transaction = Transaction::delete(key.clone(), entry.revision, &last).and(also);
        match call.core.store.commit(transaction).await {
            Ok(_) => {}
            Err(CommitError::Conflict { .. }) => return Ok(Outcome::Again),
            Err(error) => return Err(commit_error(call, &call.name, error)),
        }
    }
    Ok(Outcome::Done(Product::Draft(last)))
}

/// Changes an object by a command that is none of the kind's own updates (a binding): what the command writes is
/// stored as it is.
pub(crate) async fn command(
    call: &Call,
    options: &WriteOptions,
    change: &(dyn Fn(&mut Value) -> Result<(), Status> + Send + Sync),
) -> Result<(), Status> {
    let key = call.key();
    for _ in 0..ATTEMPTS {
        let entry = call.core.store.get(&key).ok_or_else(|| call.not_found())?;
        let mut object = present::value(&call.served, &entry.value);
        change(&mut object)?;
        if options.dry_run {
            return Ok(());
        }
        match call
            .core
            .store
            .commit(Transaction::update(key.clone(), entry.revision, &object))
            .await
        {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => return Err(commit_error(call, &call.name, error)),
        }
    }
    Err(busy())
}
