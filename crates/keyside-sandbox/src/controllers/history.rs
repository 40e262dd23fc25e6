//! `ControllerRevisions`: the earlier templates of stateful and daemon sets, which `kubectl rollout history` and `undo` read.

use super::ownership::{claim, controller_of};
use super::{World, template};
use crate::objects::{Objects, Scoped};
use crate::queue::Failed;
use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::fmt::Debug;
use std::sync::Arc;

/// Label of pods that names their revision.
pub(crate) const REVISION_HASH: &str = "controller-revision-hash";

/// The revisions of a set, oldest first; the last one is of the template as it is now.
pub(crate) struct History {
    revisions: Vec<Arc<ControllerRevision>>,
}

/// A set that keeps history.
pub(crate) struct Parent<'a, P> {
    pub(crate) object: &'a P,
    pub(crate) objects: &'a Objects<P>,
    pub(crate) selector: &'a LabelSelector,
    pub(crate) template: &'a PodTemplateSpec,
}

impl History {
    /// Reads the history of a set, and adds or renumbers the revision of its present template.
    pub(crate) async fn of<P>(world: &World, parent: &Parent<'_, P>) -> Result<Self, Failed>
    where
        P: Resource<DynamicType = ()> + Clone + DeserializeOwned + Serialize + Debug + Send + Sync + 'static,
        P::Scope: Scoped<P>,
    {
        let mut revisions = claim(
            parent.objects,
            parent.object,
            Some(parent.selector),
            &world.revisions,
        )
        .await?;
        revisions.sort_by_key(|one| (one.revision, one.name_any()));
        let wanted = data(parent.template);
        let next = revisions.last().map_or(1, |last| last.revision + 1);
        let known = revisions
            .iter()
            .position(|one| one.data.as_ref() == Some(&wanted));
        let latest = match known {
            Some(position) if position + 1 == revisions.len() => return Ok(Self { revisions }),
            // An earlier template is back: its revision becomes the latest.
            Some(position) => {
                let mut again = ControllerRevision::clone(&revisions.remove(position));
                again.revision = next;
                world.revisions.replace(&again).await?
            }
            None => create(world, parent, wanted, next).await?,
        };
        revisions.push(Arc::new(latest));
        Ok(Self { revisions })
    }

    /// Name of the revision of the present template.
    pub(crate) fn latest(&self) -> String {
        self.revisions
            .last()
            .map(|one| one.name_any())
            .unwrap_or_default()
    }

    /// The label that pods of the present template carry.
    pub(crate) fn latest_hash(&self) -> String {
        self.revisions.last().map(|one| hash_of(one)).unwrap_or_default()
    }

    /// The template of a revision.
    pub(crate) fn template(&self, name: &str) -> Option<PodTemplateSpec> {
        let revision = self.revisions.iter().find(|one| one.name_any() == name)?;
        let mut template = revision.data.as_ref()?.0.get("spec")?.get("template")?.clone();
        template.as_object_mut()?.remove("$patch");
        serde_json::from_value(template).ok()
    }

    /// Drops the oldest revisions beyond the limit that no pod has.
    pub(crate) async fn trim(
        &self,
        world: &World,
        limit: Option<i32>,
        used: &[String],
    ) -> Result<(), Failed> {
        let limit = usize::try_from(limit.unwrap_or(10)).unwrap_or_default();
        let history = &self.revisions[..self.revisions.len().saturating_sub(1)];
        let unused: Vec<_> = history
            .iter()
            .filter(|one| !used.contains(&one.name_any()) && !used.contains(&hash_of(one)))
            .collect();
        for revision in unused.iter().take(unused.len().saturating_sub(limit)) {
            world.revisions.delete(revision).await?;
        }
        Ok(())
    }
}

async fn create<P>(
    world: &World,
    parent: &Parent<'_, P>,
    data: RawExtension,
    number: i64,
) -> Result<ControllerRevision, Failed>
where
    P: Resource<DynamicType = ()>,
{
    let mut collisions = 0;
    loop {
        let hash = template::hash(parent.template, collisions);
        let mut labels = parent
            .template
            .metadata
            .as_ref()
            .and_then(|meta| meta.labels.clone())
            .unwrap_or_default();
        labels.insert(REVISION_HASH.to_owned(), hash.clone());
        let revision = ControllerRevision {
            metadata: ObjectMeta {
                name: Some(format!("{}-{hash}", parent.object.name_any())),
                namespace: parent.object.namespace(),
                labels: Some(labels),
                owner_references: Some(vec![controller_of(parent.object)]),
                ..ObjectMeta::default()
            },
            data: Some(data.clone()),
            revision: number,
        };
        match world.revisions.create(&revision).await {
            Err(error) if error.code() == Some(409) && collisions < 10 => collisions += 1,
            answer => return answer,
        }
    }
}

/// What `kubectl rollout undo` applies as a patch.
fn data(template: &PodTemplateSpec) -> RawExtension {
    let mut value = json!(template);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("$patch".to_owned(), json!("replace"));
    }
    RawExtension(json!({ "spec": { "template": value } }))
}

fn hash_of(revision: &ControllerRevision) -> String {
    revision
        .metadata
        .labels
        .as_ref()
        .and_then(|labels| labels.get(REVISION_HASH))
        .cloned()
        .unwrap_or_default()
}
