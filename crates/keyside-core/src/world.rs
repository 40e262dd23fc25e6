//! For tests: a cluster written down as YAML, fed into an index.

use crate::{CredentialId, Index, InstallKey};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use keyside_api::{ClusterRegistryCredential, Project, RegistryCredential, label};
use serde_json::{Value, json};

/// The time of every test.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// A cluster as YAML documents. What every object has anyway (uid, time of creation, generation) is filled in, in the
/// order of the documents; `auths: {KEY: user:password}` stands for a pull secret's content.
pub(crate) fn world(yaml: &str) -> Index {
    let mut index = Index::new("keyside-system", InstallKey::new(&[7; 32]));
    let documents = yaml.split("\n---\n").enumerate();
    for (at, document) in documents {
        add(&mut index, at, document);
    }
    index
}

/// Feeds one more document.
pub(crate) fn add(index: &mut Index, at: usize, document: &str) -> crate::index::Touched {
    let mut object: Value =
        serde_saphyr::from_str(document).unwrap_or_else(|error| panic!("{error} in {document}"));
    complete(&mut object, at);
    let read = |value: &Value| value.clone();
    match object["kind"].as_str().unwrap_or_default() {
        "Namespace" => {
            let namespace: Namespace = serde_json::from_value(read(&object)).unwrap();
            index.apply_namespace(&namespace.metadata)
        }
        "Project" => index.apply_project(&serde_json::from_value::<Project>(read(&object)).unwrap()),
        "RegistryCredential" => {
            index.apply_credential(&serde_json::from_value::<RegistryCredential>(read(&object)).unwrap())
        }
        "ClusterRegistryCredential" => index
            .apply_credential(&serde_json::from_value::<ClusterRegistryCredential>(read(&object)).unwrap()),
        "Secret" => {
            let secret: Secret = serde_json::from_value(read(&object)).unwrap();
            if secret
                .metadata
                .labels
                .as_ref()
                .is_some_and(|labels| labels.contains_key(label::CREDENTIAL))
            {
                index.apply_copy(&secret.metadata, NOW)
            } else {
                index.apply_secret(&secret)
            }
        }
        kind => panic!("no such kind in a test: {kind:?}"),
    }
}

fn complete(object: &mut Value, at: usize) {
    let seconds = at % 60;
    let minutes = at / 60;
    let meta = &mut object["metadata"];
    let defaults = [
        (
            "uid",
            json!(format!("{:08x}-0000-4000-8000-000000000000", at + 1)),
        ),
        ("resourceVersion", json!("1")),
        ("generation", json!(1)),
        (
            "creationTimestamp",
            json!(format!("2026-01-01T00:{minutes:02}:{seconds:02}Z")),
        ),
    ];
    for (key, value) in defaults {
        if meta.get(key).is_none() {
            meta[key] = value;
        }
    }
    let Some(auths) = object.get("auths").cloned() else {
        return;
    };
    object["type"] = json!("kubernetes.io/dockerconfigjson");
    let entries: serde_json::Map<String, Value> = auths
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, login)| {
            let (user, password) = login.as_str().unwrap().split_once(':').unwrap();
            (key.clone(), json!({"username": user, "password": password}))
        })
        .collect();
    let document = json!({"auths": entries}).to_string();
    object["data"] = json!({".dockerconfigjson": k8s_openapi::ByteString(document.into_bytes())});
}

/// `namespace/name`, or `name` for one of the cluster.
pub(crate) fn id(text: &str) -> CredentialId {
    match text.split_once('/') {
        Some((namespace, name)) => CredentialId::namespaced(namespace, name),
        None => CredentialId::cluster(text),
    }
}

/// Does what a plan asks for, as an API server would, and returns what was done.
pub(crate) fn carry_out(index: &mut Index, plan: crate::plan::Plan) -> Vec<String> {
    let mut done = Vec::new();
    for write in plan.writes {
        let verb = if write.existing.is_some() {
            "update"
        } else {
            "create"
        };
        done.push(format!("{verb} {}/{}", write.namespace, write.name));
        let version = 1_000_000 + index.copy_count() + done.len();
        index.apply_copy(&written(&write, version), NOW);
    }
    for delete in plan.deletes {
        done.push(format!("delete {}/{}", delete.namespace, delete.name));
        index.remove_copy(&delete.namespace, &delete.name, delete.existing.uid.as_deref());
    }
    done
}

/// The metadata of a copy as the API server would keep it.
pub(crate) fn written(
    write: &crate::plan::Write,
    version: usize,
) -> k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
    let uid = write.existing.as_ref().and_then(|existing| existing.uid.clone());
    serde_json::from_value(json!({
        "namespace": *write.namespace, "name": *write.name, "labels": write.labels, "annotations": write.annotations,
        "uid": uid.unwrap_or_else(|| format!("{version:08x}-0000-4000-8000-0000000000ff")),
        "resourceVersion": version.to_string(),
        "managedFields": [managed("keyside")],
    }))
    .unwrap()
}

/// The note of the API server that a manager wrote the content.
pub(crate) fn managed(manager: &str) -> Value {
    json!({"manager": manager, "operation": "Update", "fieldsV1": {"f:data": {"f:.dockerconfigjson": {}}}})
}
