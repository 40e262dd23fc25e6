//! Custom kinds come alive: definitions in the store become served resources.
//!
//! One task follows the definitions. A new one gets its names (if nobody in its group has them), is served, and only
//! then is marked `Established`, so that whoever waits for that mark can use the resource at once. A definition that
//! is deleted takes its objects with it before it goes; see [`cleanup`].

mod cleanup;

use crate::clock;
use crate::server::Core;
use crate::store::{CommitError, Entry, Key, Range, Transaction};
use cleanup::Cleaning;
use keyside_apimachinery::crd::accept::{self, Taken};
use keyside_apimachinery::{crd, meta};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) const GROUP: &str = "apiextensions.k8s.io";
pub(crate) const PLURAL: &str = "customresourcedefinitions";

/// Watches definitions until `core.shutdown`, sets their conditions and publishes what they define to `core.catalog`.
/// `loaded` is told when the definitions that were stored before are served.
pub(crate) async fn run(core: Arc<Core>, loaded: tokio::sync::oneshot::Sender<()>) {
    let mut loaded = Some(loaded);
    let mut keeper = Keeper {
        core: Arc::clone(&core),
        served: HashMap::new(),
        cleaning: Cleaning::default(),
    };
    let range = Range::new(GROUP, PLURAL, None);
    loop {
        let revision = core.store.revision();
        keeper.look_at_all().await;
        if let Some(loaded) = loaded.take() {
            // Nobody waits any more if the server is already stopping.
            let _ = loaded.send(());
        }
        // History that is too short to follow means looking at everything again.
        let Ok(mut follow) = core.store.follow(range.clone(), revision) else {
            continue;
        };
        while let Ok(events) = follow.ready() {
            for event in events {
                keeper.look_at(event.path.trim_start_matches('/')).await;
            }
            tokio::select! {
                () = core.shutdown.cancelled() => return,
                () = follow.changed() => {}
            }
        }
    }
}

/// Keeps the catalog like the definitions.
struct Keeper {
    core: Arc<Core>,
    /// What each definition's resources were made from.
    served: HashMap<String, Value>,
    cleaning: Cleaning,
}

impl Keeper {
    async fn look_at_all(&mut self) {
        let page = self.core.store.list(&Range::new(GROUP, PLURAL, None));
        let names: Vec<String> = page
            .entries
            .iter()
            .map(|(path, _)| path.trim_start_matches('/').to_owned())
            .collect();
        let gone: Vec<String> = self
            .served
            .keys()
            .filter(|name| !names.contains(name))
            .cloned()
            .collect();
        for name in names.iter().chain(&gone) {
            self.look_at(name).await;
        }
    }

    /// Brings one definition's status and resources up to date; if that sets names free, those who wait for them too.
    async fn look_at(&mut self, name: &str) {
        let mut waiting = vec![name.to_owned()];
        // Each step may free names once; bounded by the number of definitions in the group.
        while let Some(name) = waiting.pop() {
            let key = Key::new(GROUP, PLURAL, "", &name);
            let Some(entry) = self.core.store.get(&key) else {
                if let Some(before) = self.served.remove(&name) {
                    self.core.catalog.publish(&name, Vec::new());
                    waiting.extend(self.refused(before["group"].as_str().unwrap_or_default()));
                }
                continue;
            };
            let definition = entry.object();
            if meta::deletion_timestamp(&definition).is_some() {
                self.publish(&name, &definition);
                cleanup::start(&self.core, &self.cleaning, &definition);
                continue;
            }
            self.accept(&key, &name, entry).await;
        }
    }

    /// Accepts names and sets conditions, then serves; a definition that changes meanwhile comes again.
    async fn accept(&mut self, key: &Key, name: &str, entry: Entry) {
        let mut definition = entry.object();
        let group = definition["spec"]["group"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let others: Vec<Value> = self.others(&group, name).collect();
        let taken = Taken::of(&others, &group);
        let changed = accept::accept(&mut definition, &taken, &clock::now());
        self.publish(name, &definition);
        if changed {
            let transaction = Transaction::update(key.clone(), entry.revision, &definition);
            match self.core.store.commit(transaction).await {
                Ok(_) | Err(CommitError::Conflict { .. } | CommitError::Closed) => {}
                Err(error) => {
                    tracing::error!(definition = name, %error, "the status of a definition was not stored")
                }
            }
        }
    }

    /// Serves what a definition defines, if that is not what is served already.
    fn publish(&mut self, name: &str, definition: &Value) {
        let spec = &definition["spec"];
        let established = accept::is_true(definition, "Established");
        let made_from = json!({
            "group": spec["group"], "spec": spec, "names": definition["status"]["acceptedNames"],
            "established": established, "terminating": accept::is_true(definition, "Terminating"),
        });
        if self.served.get(name) == Some(&made_from) {
            return;
        }
        let resources = if established {
            crd::resources(definition)
        } else {
            Vec::new()
        };
        self.core.catalog.publish(name, resources);
        self.served.insert(name.to_owned(), made_from);
    }

    fn others(&self, group: &str, name: &str) -> impl Iterator<Item = Value> {
        let page = self.core.store.list(&Range::new(GROUP, PLURAL, None));
        let all = page.entries.into_iter().map(|(_, entry)| entry.object());
        all.filter(move |other| other["spec"]["group"] == group && meta::name(other) != name)
    }

    /// Definitions of a group that did not get their names.
    fn refused(&self, group: &str) -> Vec<String> {
        let refused = self
            .others(group, "")
            .filter(|other| !accept::is_true(other, "NamesAccepted"));
        refused.map(|other| meta::name(&other).to_owned()).collect()
    }
}

#[cfg(test)]
mod tests;
