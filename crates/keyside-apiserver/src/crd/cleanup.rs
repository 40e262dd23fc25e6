//! The end of a definition: its objects are deleted as any object is (finalizers hold them), and when the last one is
//! gone, so is the definition.

use crate::clock;
use crate::server::Core;
use crate::store::{CommitError, Entry, Key, Range, Transaction};
use keyside_apimachinery::crd::{CLEANUP_FINALIZER, accept};
use keyside_apimachinery::meta;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

const IN_PROGRESS: &str = "InstanceDeletionInProgress";

/// The definitions that are being cleaned up after.
pub(super) type Cleaning = Arc<Mutex<HashSet<String>>>;

/// Begins to clean up after a definition that is being deleted, unless that has begun already.
pub(super) fn start(core: &Arc<Core>, cleaning: &Cleaning, definition: &Value) {
    let name = meta::name(definition).to_owned();
    let held = meta::finalizers(definition).contains(&CLEANUP_FINALIZER);
    let lock = |cleaning: &Cleaning| {
        cleaning
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.clone())
    };
    if !held || !lock(cleaning) {
        return;
    }
    let (core, cleaning) = (Arc::clone(core), Arc::clone(cleaning));
    tokio::spawn(async move {
        tokio::select! {
            () = core.shutdown.cancelled() => {}
            () = run(&core, &name) => {}
        }
        cleaning
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&name);
    });
}

async fn run(core: &Core, name: &str) {
    let set = |status: &'static str, reason: &'static str, message: &'static str| {
        move |definition: &mut Value| {
            accept::set_condition(definition, "Terminating", status, reason, message, &clock::now());
        }
    };
    let begun = change(
        core,
        name,
        set("True", IN_PROGRESS, "CustomResource deletion is in progress"),
    )
    .await;
    let Some(definition) = begun else { return };
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (group, plural) = (text(&spec["group"]), text(&spec["names"]["plural"]));
    if accept::is_true(&definition, "Established") {
        delete_objects(core, &group, &plural).await;
    }
    change(core, name, |definition| {
        set("False", "InstanceDeletionCompleted", "removed all instances")(definition);
        let kept: Vec<String> = meta::finalizers(definition)
            .into_iter()
            .filter(|finalizer| *finalizer != CLEANUP_FINALIZER)
            .map(str::to_owned)
            .collect();
        if kept.is_empty() {
            meta::remove(definition, "finalizers");
        } else {
            meta::set(definition, "finalizers", kept);
        }
    })
    .await;
}

/// Changes a definition, again if it changed meanwhile. One that nothing holds any more goes away.
async fn change(core: &Core, name: &str, change: impl Fn(&mut Value)) -> Option<Value> {
    let key = Key::new(super::GROUP, super::PLURAL, "", name);
    loop {
        let entry = core.store.get(&key)?;
        let mut definition = entry.object();
        change(&mut definition);
        let held =
            meta::deletion_timestamp(&definition).is_none() || !meta::finalizers(&definition).is_empty();
        let transaction = if held {
            Transaction::update(key.clone(), entry.revision, &definition)
        } else {
            Transaction::delete(key.clone(), entry.revision, &definition)
        };
        match core.store.commit(transaction).await {
            Ok(_) => return Some(definition),
            Err(CommitError::Conflict { .. }) => {}
            Err(error) => {
                tracing::error!(definition = name, %error, "a definition could not be changed");
                return None;
            }
        }
    }
}

/// Deletes all objects of a resource and waits until those are gone that something holds.
async fn delete_objects(core: &Core, group: &str, plural: &str) {
    let range = Range::new(group, plural, None);
    loop {
        let page = core.store.list(&range);
        if page.entries.is_empty() {
            return;
        }
        let Ok(mut follow) = core.store.follow(range.clone(), page.revision) else {
            continue;
        };
        for (path, entry) in &page.entries {
            let (namespace, name) = path.split_once('/').unwrap_or_default();
            delete_object(core, Key::new(group, plural, namespace, name), entry).await;
        }
        if core.store.count(&range, "") > 0 {
            follow.changed().await;
        }
    }
}

/// Deletes one object, or marks it if finalizers hold it; one that changed meanwhile is met again.
async fn delete_object(core: &Core, key: Key, entry: &Entry) {
    let mut object = entry.object();
    let held = !meta::finalizers(&object).is_empty();
    if held && meta::deletion_timestamp(&object).is_some() {
        return;
    }
    let transaction = if held {
        meta::set(&mut object, "deletionTimestamp", clock::now());
        meta::set(&mut object, "deletionGracePeriodSeconds", 0);
        let generation = meta::generation(&object);
        meta::set(&mut object, "generation", generation + 1);
        Transaction::update(key, entry.revision, &object)
    } else {
        Transaction::delete(key, entry.revision, &object)
    };
    if let Err(error) = core.store.commit(transaction).await
        && !matches!(error, CommitError::Conflict { .. })
    {
        tracing::error!(%error, "an object of a deleted definition could not be deleted");
    }
}
