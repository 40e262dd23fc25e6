//! Whose an object is: what a controller takes over because its labels fit, and what it lets go because they no longer do.

use crate::informer::{Change, Key};
use crate::objects::{Objects, Scoped};
use crate::queue::{Doing as _, Failed, Queue};
use crate::selector;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, OwnerReference};
use kube::api::Patch;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::fmt::Debug;
use std::sync::Arc;

/// The reference of a controller to put into what it creates.
pub(crate) fn controller_of<P: Resource<DynamicType = ()>>(parent: &P) -> OwnerReference {
    OwnerReference {
        api_version: P::api_version(&()).into_owned(),
        kind: P::kind(&()).into_owned(),
        name: parent.name_any(),
        uid: parent.uid().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// The controlling owner of an object.
pub(crate) fn owner<C: Resource>(child: &C) -> Option<&OwnerReference> {
    child
        .owner_references()
        .iter()
        .find(|owner| owner.controller == Some(true))
}

/// Asks for a look at the controller of a changed object, and at its former one.
pub(crate) fn look_at_owner<P, C>(queue: &Queue<Key>, change: &Change<C>)
where
    P: Resource<DynamicType = ()>,
    C: Resource,
{
    for child in change.both() {
        let Some(owner) = owner(&**child) else { continue };
        if owner.kind == P::kind(&()) && owner.api_version == P::api_version(&()) {
            queue.add(Key::new(child.namespace().unwrap_or_default(), &owner.name));
        }
    }
}

/// Asks for a look at every controller whose selector takes an object that nobody controls.
pub(crate) fn look_at_adopters<P, C>(
    queue: &Queue<Key>,
    change: &Change<C>,
    parents: &Objects<P>,
    selector: impl Fn(&P) -> Option<&LabelSelector>,
) where
    P: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug + Send + Sync + 'static,
    P::Scope: Scoped<P>,
    C: Resource,
{
    let Some(child) = change.new.as_ref().filter(|child| owner(&***child).is_none()) else {
        return;
    };
    for parent in parents.list_in(child.meta().namespace.as_deref().unwrap_or_default()) {
        if selector(&parent).is_some_and(|selector| selector::matches(selector, child.meta().labels.as_ref()))
        {
            queue.add(Key::of(&*parent));
        }
    }
}

/// The children of a controller: those it owns and still selects, and those without controller that it selects, which it adopts.
/// What it owns and no longer selects is released.
pub(crate) async fn claim<P, C>(
    parents: &Objects<P>,
    parent: &P,
    selector: Option<&LabelSelector>,
    children: &Objects<C>,
) -> Result<Vec<Arc<C>>, Failed>
where
    P: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug + Send + Sync + 'static,
    P::Scope: Scoped<P>,
    C: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug + Send + Sync + 'static,
    C::Scope: Scoped<C>,
{
    let Some(selector) = selector else {
        return Ok(Vec::new());
    };
    let uid = parent.meta().uid.as_deref().unwrap_or_default();
    let is_leaving = parent.meta().deletion_timestamp.is_some();
    let (mut claimed, mut confirmed) = (Vec::new(), false);
    for child in children.list_in(parent.meta().namespace.as_deref().unwrap_or_default()) {
        let fits = selector::matches(selector, child.meta().labels.as_ref());
        match owner(&*child) {
            Some(owner) if owner.uid == uid && fits => claimed.push(child),
            Some(owner) if owner.uid == uid && !is_leaving => release(children, &child, uid).await?,
            None if fits && !is_leaving && child.meta().deletion_timestamp.is_none() => {
                if !confirmed {
                    confirm(parents, parent).await?;
                    confirmed = true;
                }
                claimed.push(Arc::new(adopt(children, &child, controller_of(parent)).await?));
            }
            _ => {}
        }
    }
    Ok(claimed)
}

/// Before something is adopted, the controller itself must still exist: memory may be behind, and a wrong adoption is a deletion.
async fn confirm<P>(parents: &Objects<P>, parent: &P) -> Result<(), Failed>
where
    P: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug + Send + Sync + 'static,
    P::Scope: Scoped<P>,
{
    let api = parents.api(parent.meta().namespace.as_deref().unwrap_or_default());
    let doing = || format!("confirm that {} {} still exists", P::kind(&()), parent.name_any());
    let live = api.get(&parent.name_any()).await.doing(doing)?;
    if live.meta().uid != parent.meta().uid || live.meta().deletion_timestamp.is_some() {
        parents.observe(live);
        let gone = kube::core::Status::failure("the controller is gone", "Conflict").with_code(409);
        return Err(kube::Error::Api(gone.boxed())).doing(doing);
    }
    Ok(())
}

async fn adopt<C>(children: &Objects<C>, child: &C, owner: OwnerReference) -> Result<C, Failed>
where
    C: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug + Send + Sync + 'static,
    C::Scope: Scoped<C>,
{
    let patch = json!({ "metadata": { "uid": child.meta().uid, "ownerReferences": [owner] } });
    children.patch(child, &Patch::Strategic(patch)).await
}

async fn release<C>(children: &Objects<C>, child: &C, owner_uid: &str) -> Result<(), Failed>
where
    C: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug + Send + Sync + 'static,
    C::Scope: Scoped<C>,
{
    let delete = json!({ "$patch": "delete", "uid": owner_uid });
    let patch = json!({ "metadata": { "uid": child.meta().uid, "ownerReferences": [delete] } });
    match children.patch(child, &Patch::Strategic(patch)).await {
        Err(error) if matches!(error.code(), Some(404 | 422)) => Ok(()),
        answer => answer.map(drop),
    }
}
