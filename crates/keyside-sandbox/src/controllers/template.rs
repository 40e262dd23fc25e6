//! From a pod template to pods, and from a template to a short name for it.

use super::ownership::controller_of;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};
use sha2::{Digest as _, Sha256};

/// Letters and digits that make no words and no mistakes (as in `k8s.io/apimachinery/pkg/util/rand`).
const SAFE: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Label with which a Deployment tells its revisions apart.
pub(crate) const POD_TEMPLATE_HASH: &str = "pod-template-hash";

/// A pod of a template, controlled by `parent`. The server completes the name.
pub(crate) fn pod<P: Resource<DynamicType = ()>>(parent: &P, template: &PodTemplateSpec) -> Pod {
    let meta = template.metadata.clone().unwrap_or_default();
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", parent.name_any())),
            namespace: parent.namespace(),
            labels: meta.labels,
            annotations: meta.annotations,
            finalizers: meta.finalizers,
            owner_references: Some(vec![controller_of(parent)]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

/// A short name for a template: the same for the same template, another one after a collision.
pub(crate) fn hash(template: &PodTemplateSpec, collisions: i32) -> String {
    let mut hasher = Sha256::new();
    // Serialising our own types into memory cannot fail; an empty text would only make names collide.
    hasher.update(serde_json::to_vec(template).unwrap_or_default());
    if collisions > 0 {
        hasher.update(collisions.to_be_bytes());
    }
    let digest = hasher.finalize();
    digest
        .iter()
        .take(10)
        .map(|byte| char::from(SAFE[usize::from(*byte) % SAFE.len()]))
        .collect()
}

/// Whether two templates make the same pods, whatever revision label they carry.
pub(crate) fn is_same(one: &PodTemplateSpec, other: &PodTemplateSpec) -> bool {
    let plain = |template: &PodTemplateSpec| {
        let mut template = template.clone();
        let meta = template.metadata.get_or_insert_default();
        meta.creation_timestamp = None;
        if let Some(labels) = &mut meta.labels {
            labels.remove(POD_TEMPLATE_HASH);
        }
        meta.labels = meta.labels.take().filter(|labels| !labels.is_empty());
        meta.annotations = meta
            .annotations
            .take()
            .filter(|annotations| !annotations.is_empty());
        template
    };
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(image: &str, labels: serde_json::Value) -> PodTemplateSpec {
        let value = json!({ "metadata": { "labels": labels }, "spec": { "containers": [{ "name": "a", "image": image }] } });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_revision_label_makes_no_difference() {
        let plain = template("x:1", json!({ "app": "web" }));
        assert!(is_same(
            &plain,
            &template("x:1", json!({ "app": "web", "pod-template-hash": "abc" }))
        ));
        assert!(!is_same(&plain, &template("x:2", json!({ "app": "web" }))));
        assert!(!is_same(&plain, &template("x:1", json!({ "app": "db" }))));
    }

    #[test]
    fn hashes_follow_the_template_and_the_collisions() {
        let plain = template("x:1", json!({}));
        assert_eq!(hash(&plain, 0), hash(&plain, 0));
        assert_ne!(hash(&plain, 0), hash(&plain, 1));
        assert_ne!(hash(&plain, 0), hash(&template("x:2", json!({})), 0));
        assert_eq!(hash(&plain, 0).len(), 10);
    }
}
