//! One look at one object: does it stay, does it go, and how.

use super::Collector;
use super::graph::{FOREGROUND, Look, Node, ORPHAN};
use crate::catalog::{Meta, Served};
use crate::queue::{Doing as _, Failed, Worked, code};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions, PropagationPolicy};
use kube::{Api, ResourceExt};
use serde_json::json;
use std::sync::Arc;

/// The owners of an object, by how they stand.
#[derive(Debug, Default)]
struct Owners {
    /// They hold the object.
    solid: Vec<OwnerReference>,
    /// They do not exist.
    dangling: Vec<OwnerReference>,
    /// They want the object to go before them.
    waiting: Vec<OwnerReference>,
}

impl Collector {
    pub(super) async fn look(self: Arc<Self>, look: Look) -> Worked {
        match look {
            Look::Collect(uid) => self.collect(&uid).await?,
            Look::Release(uid) => self.release(&uid).await?,
        }
        Ok(None)
    }

    async fn collect(&self, uid: &str) -> Result<(), Failed> {
        let Some(node) = self.graph().get(uid).cloned() else {
            return Ok(());
        };
        if node.is_deleting && !node.waits_for_dependents() {
            return Ok(());
        }
        let api = self.api(&node);
        let Some(live) = self.read(&api, &node, uid).await? else {
            return Ok(());
        };
        if node.waits_for_dependents() {
            return self.finish_foreground(&api, uid, &live).await;
        }
        if live.owner_references().is_empty() {
            return Ok(());
        }
        let owners = self.sort(&node, live.owner_references()).await?;
        if !owners.solid.is_empty() {
            if owners.dangling.is_empty() && owners.waiting.is_empty() {
                return Ok(());
            }
            return keep_owners(&api, &live, &owners.solid).await;
        }
        let has_dependents = self.graph().dependents(uid).next().is_some();
        let policy = if !owners.waiting.is_empty() && has_dependents {
            self.break_circle(&api, uid, &live).await?;
            PropagationPolicy::Foreground
        } else {
            own_policy(&live)
        };
        delete(&api, &live, policy).await
    }

    /// Reads an object freshly. If it is gone, or another one has its name, the graph learns so.
    async fn read(&self, api: &Api<Meta>, node: &Node, uid: &str) -> Result<Option<Meta>, Failed> {
        let live = match api.get_opt(&node.name).await {
            Err(error) if code(&error) == Some(404) => None,
            answer => answer.doing(|| format!("read {} {}", node.resource.kind, node.name))?,
        };
        match live {
            Some(live) if live.uid().as_deref() == Some(uid) => Ok(Some(live)),
            _ => {
                self.gone(uid);
                Ok(None)
            }
        }
    }

    /// An object that waits for its dependents may go when none of them blocks it any more.
    async fn finish_foreground(&self, api: &Api<Meta>, uid: &str, live: &Meta) -> Result<(), Failed> {
        let blocks = |dependent: &Node| {
            let to_us = dependent.owners.iter().find(|owner| owner.uid == uid);
            to_us.is_some_and(|owner| owner.block_owner_deletion == Some(true))
        };
        let blocking: Vec<(String, bool)> = {
            let graph = self.graph();
            let found = graph.dependents(uid).filter(|(_, dependent)| blocks(dependent));
            found
                .map(|(uid, dependent)| (uid.clone(), dependent.waits_for_dependents()))
                .collect()
        };
        if blocking.is_empty() {
            return remove_finalizer(api, live, FOREGROUND).await;
        }
        for (dependent, is_waiting) in blocking {
            if !is_waiting {
                self.looks.add(Look::Collect(dependent));
            }
        }
        Ok(())
    }

    /// If a dependent of this object is itself waiting for its dependents, there may be a circle: nobody must block anybody then.
    async fn break_circle(&self, api: &Api<Meta>, uid: &str, live: &Meta) -> Result<(), Failed> {
        let circle = self
            .graph()
            .dependents(uid)
            .any(|(_, dependent)| dependent.waits_for_dependents());
        let blocks = live
            .owner_references()
            .iter()
            .any(|owner| owner.block_owner_deletion == Some(true));
        if !circle || !blocks {
            return Ok(());
        }
        let freed = live.owner_references().iter().cloned();
        let freed: Vec<_> = freed
            .map(|owner| OwnerReference {
                block_owner_deletion: Some(false),
                ..owner
            })
            .collect();
        // The version is left out: the deletion that follows must not fail because of this change.
        let patch = json!({ "metadata": { "uid": live.uid(), "ownerReferences": freed } });
        change(api, live, patch).await
    }

    async fn sort(&self, dependent: &Node, owners: &[OwnerReference]) -> Result<Owners, Failed> {
        let mut sorted = Owners::default();
        for owner in owners {
            let list = match self.standing(dependent, owner).await? {
                Standing::Solid => &mut sorted.solid,
                Standing::Dangling => &mut sorted.dangling,
                Standing::Waiting => &mut sorted.waiting,
            };
            list.push(owner.clone());
        }
        Ok(sorted)
    }

    async fn standing(&self, dependent: &Node, owner: &OwnerReference) -> Result<Standing, Failed> {
        {
            let graph = self.graph();
            if graph.is_absent(&owner.uid) {
                return Ok(Standing::Dangling);
            }
            let known = graph
                .get(&owner.uid)
                .filter(|known| is_reachable(known, dependent) && is_same(known, owner));
            if let Some(known) = known {
                return Ok(if known.waits_for_dependents() {
                    Standing::Waiting
                } else {
                    Standing::Solid
                });
            }
        }
        // A kind that is not served may come back; so its objects may exist.
        let Some(served) = self.served(&owner.api_version, &owner.kind) else {
            return Ok(Standing::Solid);
        };
        if served.is_namespaced && dependent.namespace.is_empty() {
            self.tell_wrong_namespace(dependent, owner);
            return Ok(Standing::Solid);
        }
        self.live_standing(&served, dependent, owner).await
    }

    async fn live_standing(
        &self,
        served: &Served,
        dependent: &Node,
        owner: &OwnerReference,
    ) -> Result<Standing, Failed> {
        let api = served.within(&self.client, &dependent.namespace);
        let doing = || format!("read owner {} {}", owner.kind, owner.name);
        let live = api.get_opt(&owner.name).await.doing(doing)?;
        Ok(match live {
            Some(live) if live.uid().as_ref() == Some(&owner.uid) => {
                let finalizers = live.finalizers().iter().any(|one| one == FOREGROUND);
                let is_waiting = live.metadata.deletion_timestamp.is_some() && finalizers;
                if is_waiting {
                    Standing::Waiting
                } else {
                    Standing::Solid
                }
            }
            _ => {
                let elsewhere = self.graph().get(&owner.uid).is_some();
                if elsewhere {
                    self.tell_wrong_namespace(dependent, owner);
                }
                Standing::Dangling
            }
        })
    }

    fn tell_wrong_namespace(&self, dependent: &Node, owner: &OwnerReference) {
        let about = ObjectReference {
            api_version: Some(dependent.resource.api_version.clone()),
            kind: Some(dependent.resource.kind.clone()),
            name: Some(dependent.name.clone()),
            namespace: Some(dependent.namespace.clone()),
            ..ObjectReference::default()
        };
        let OwnerReference {
            api_version,
            kind,
            name,
            uid,
            ..
        } = owner;
        let namespace = &dependent.namespace;
        let message = format!(
            "ownerRef [{api_version}/{kind}, namespace: {namespace}, name: {name}, uid: {uid}] does not exist in namespace {namespace:?}"
        );
        self.recorder.warning(&about, "OwnerRefInvalidNamespace", message);
    }

    /// Releases the dependents of an object, and then the object.
    async fn release(&self, uid: &str) -> Result<(), Failed> {
        let Some(node) = self
            .graph()
            .get(uid)
            .filter(|node| node.releases_dependents())
            .cloned()
        else {
            return Ok(());
        };
        let dependents: Vec<(String, Node)> = self
            .graph()
            .dependents(uid)
            .map(|(uid, node)| (uid.clone(), node.clone()))
            .collect();
        crate::controllers::batch::each(dependents, |(dependent_uid, dependent)| async move {
            let api = self.api(&dependent);
            let Some(live) = self.read(&api, &dependent, &dependent_uid).await? else {
                return Ok(());
            };
            let others: Vec<_> = live
                .owner_references()
                .iter()
                .filter(|owner| owner.uid != uid)
                .cloned()
                .collect();
            keep_owners(&api, &live, &others).await
        })
        .await?;
        let api = self.api(&node);
        match self.read(&api, &node, uid).await? {
            Some(live) => remove_finalizer(&api, &live, ORPHAN).await,
            None => Ok(()),
        }
    }

    fn api(&self, node: &Node) -> Api<Meta> {
        if node.is_namespaced {
            Api::namespaced_with(self.client.clone(), &node.namespace, &*node.resource)
        } else {
            Api::all_with(self.client.clone(), &*node.resource)
        }
    }
}

/// How an owner stands to an object.
enum Standing {
    Solid,
    Dangling,
    Waiting,
}

/// Owners are in the namespace of what they own, or in none.
fn is_reachable(owner: &Node, dependent: &Node) -> bool {
    !owner.is_namespaced || owner.namespace == dependent.namespace
}

fn is_same(node: &Node, owner: &OwnerReference) -> bool {
    node.resource.kind == owner.kind && node.name == owner.name
}

/// A finalizer that is on the object already says how it wants to go.
fn own_policy(live: &Meta) -> PropagationPolicy {
    let has = |finalizer: &str| live.finalizers().iter().any(|one| one == finalizer);
    if has(ORPHAN) {
        PropagationPolicy::Orphan
    } else if has(FOREGROUND) {
        PropagationPolicy::Foreground
    } else {
        PropagationPolicy::Background
    }
}

async fn delete(api: &Api<Meta>, live: &Meta, policy: PropagationPolicy) -> Result<(), Failed> {
    // Owners may have been added meanwhile, so exactly what was judged is deleted; unless a circle has just been broken.
    let version = live
        .resource_version()
        .filter(|_| policy != PropagationPolicy::Foreground);
    let preconditions = Preconditions {
        uid: live.uid(),
        resource_version: version,
    };
    let params = DeleteParams {
        preconditions: Some(preconditions),
        propagation_policy: Some(policy),
        ..DeleteParams::default()
    };
    match api.delete(&live.name_any(), &params).await {
        Err(error) if code(&error) == Some(404) => Ok(()),
        answer => answer.map(drop).doing(|| format!("delete {}", live.name_any())),
    }
}

async fn keep_owners(api: &Api<Meta>, live: &Meta, owners: &[OwnerReference]) -> Result<(), Failed> {
    if live.owner_references() == owners {
        return Ok(());
    }
    let owners = if owners.is_empty() {
        json!(null)
    } else {
        json!(owners)
    };
    let metadata =
        json!({ "uid": live.uid(), "resourceVersion": live.resource_version(), "ownerReferences": owners });
    change(api, live, json!({ "metadata": metadata })).await
}

async fn remove_finalizer(api: &Api<Meta>, live: &Meta, finalizer: &str) -> Result<(), Failed> {
    let others: Vec<_> = live.finalizers().iter().filter(|one| *one != finalizer).collect();
    if others.len() == live.finalizers().len() {
        return Ok(());
    }
    let metadata =
        json!({ "uid": live.uid(), "resourceVersion": live.resource_version(), "finalizers": others });
    change(api, live, json!({ "metadata": metadata })).await
}

/// A merge patch works for every kind, custom ones included.
async fn change(api: &Api<Meta>, live: &Meta, patch: serde_json::Value) -> Result<(), Failed> {
    match api
        .patch(&live.name_any(), &PatchParams::default(), &Patch::Merge(patch))
        .await
    {
        Err(error) if code(&error) == Some(404) => Ok(()),
        answer => answer.map(drop).doing(|| format!("change {}", live.name_any())),
    }
}
