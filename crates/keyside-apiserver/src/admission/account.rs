//! The service account plugin (`plugin/pkg/admission/serviceaccount`): a new pod gets its account, the account's pull
//! secrets if it names none of its own, and the token volume; an account may limit the secrets its pods use.

use super::{AdmissionRequest, Operation, forbidden};
use crate::store::{Key, Range, Store};
use keyside_apimachinery::meta;
use keyside_apimachinery::status::Status;
use serde_json::{Value, json};
use std::time::Duration;

const DEFAULT: &str = "default";
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX: &str = "kube-api-access-";
const MIRROR: &str = "kubernetes.io/config.mirror";
const ENFORCE: &str = "kubernetes.io/enforce-mountable-secrets";
/// How long a pod waits for the account that every namespace gets, if the namespace is that young.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the plugin has anything to do with a request.
fn concerns(request: &AdmissionRequest) -> bool {
    let gvk = &request.resource.gvk;
    gvk.group.is_empty() && request.resource.plural == "pods"
}

/// Fills in a new pod. Run again after webhooks, it leaves alone what it did before.
pub(super) async fn admit(store: &Store, request: &AdmissionRequest, pod: &mut Value) -> Result<(), Status> {
    let is_new = request.operation == Operation::Create && request.subresource.is_empty();
    if !concerns(request) || !is_new || meta::annotation(pod, MIRROR).is_some() {
        return Ok(());
    }
    if text(&pod["spec"], "serviceAccountName").is_empty() {
        pod["spec"]["serviceAccountName"] = DEFAULT.into();
        pod["spec"]["serviceAccount"] = DEFAULT.into();
    }
    let account = account(store, request, pod).await?;
    let automount = pod["spec"]["automountServiceAccountToken"].as_bool();
    if automount
        .or(account["automountServiceAccountToken"].as_bool())
        .unwrap_or(true)
    {
        mount_token(pod);
    }
    let own = pod["spec"]["imagePullSecrets"]
        .as_array()
        .is_some_and(|list| !list.is_empty());
    let given = account["imagePullSecrets"]
        .as_array()
        .filter(|list| !list.is_empty());
    if let (false, Some(list)) = (own, given) {
        let names = list.iter().map(|secret| match text(secret, "name") {
            "" => json!({}),
            name => json!({"name": name}),
        });
        pod["spec"]["imagePullSecrets"] = names.collect();
    }
    Ok(())
}

/// Checks a pod as it will be stored, after webhooks have had their say.
pub(super) async fn validate(store: &Store, request: &AdmissionRequest, pod: &Value) -> Result<(), Status> {
    if !concerns(request) {
        return Ok(());
    }
    match (request.operation, request.subresource.as_str()) {
        (Operation::Update, "ephemeralcontainers") => {
            let account = account(store, request, pod).await?;
            if !enforces(&account) {
                return Ok(());
            }
            let allowed = names(&account["secrets"]);
            let reference = first_reference(
                pod,
                "ephemeralContainers",
                "ephemeral container",
                &allowed,
                meta::name(&account),
            );
            reference.map_or(Ok(()), |why| Err(forbidden(request, pod, &why)))
        }
        (Operation::Create, "") if meta::annotation(pod, MIRROR).is_some() => {
            validate_mirror(pod).map_or(Ok(()), |why| Err(forbidden(request, pod, why)))
        }
        (Operation::Create, "") => {
            let account = account(store, request, pod).await?;
            let refused = if enforces(&account) {
                forbidden_reference(pod, &account)
            } else {
                None
            };
            refused.map_or(Ok(()), |why| Err(forbidden(request, pod, &why)))
        }
        _ => Ok(()),
    }
}

/// The pod's account. That of a young namespace may still be on its way, so it is waited for.
async fn account(store: &Store, request: &AdmissionRequest, pod: &Value) -> Result<Value, Status> {
    let (namespace, name) = (
        request.namespace.as_str(),
        text(&pod["spec"], "serviceAccountName"),
    );
    if name.is_empty() {
        let why = format!(
            "no service account specified for pod {namespace}/{}",
            meta::name(pod)
        );
        return Err(forbidden(request, pod, &why));
    }
    let key = Key::new("", "serviceaccounts", namespace, name);
    let mut found = store.get(&key);
    if found.is_none() && name == DEFAULT {
        found = tokio::time::timeout(PATIENCE, appears(store, &key))
            .await
            .ok()
            .flatten();
    }
    found.map(|entry| entry.object()).ok_or_else(|| {
        let why =
            format!("error looking up service account {namespace}/{name}: serviceaccount {name:?} not found");
        forbidden(request, pod, &why)
    })
}

/// The object, once it is there.
async fn appears(store: &Store, key: &Key) -> Option<crate::store::Entry> {
    let range = Range::new("", "serviceaccounts", Some(key.namespace()));
    let mut follow = store.follow(range, store.revision()).ok()?;
    loop {
        if let Some(entry) = store.get(key) {
            return Some(entry);
        }
        follow.changed().await;
        follow.ready().ok()?;
    }
}

fn mount_token(pod: &mut Value) {
    let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
    let present = volumes
        .map(|volume| text(volume, "name"))
        .find(|name| name.starts_with(VOLUME_PREFIX));
    let is_present = present.is_some();
    let random = u64::from_le_bytes(
        uuid::Uuid::new_v4().into_bytes()[8..]
            .try_into()
            .unwrap_or_default(),
    );
    let volume = present.map_or_else(|| meta::generate_name(VOLUME_PREFIX, random), str::to_owned);
    let mut needed = false;
    for list in ["initContainers", "containers"] {
        for container in pod["spec"]
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let mounts = container["volumeMounts"].as_array().into_iter().flatten();
            if mounts
                .into_iter()
                .any(|mount| text(mount, "mountPath") == MOUNT_PATH)
            {
                continue;
            }
            append(
                &mut container["volumeMounts"],
                json!({"name": volume, "readOnly": true, "mountPath": MOUNT_PATH}),
            );
            needed = true;
        }
    }
    if needed && !is_present {
        append(&mut pod["spec"]["volumes"], token_volume(&volume));
    }
}

fn token_volume(name: &str) -> Value {
    json!({"name": name, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [
            {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]}})
}

fn append(list: &mut Value, item: Value) {
    match list {
        Value::Array(items) => items.push(item),
        other => *other = json!([item]),
    }
}

fn enforces(account: &Value) -> bool {
    let value = meta::annotation(account, ENFORCE).unwrap_or_default();
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}

fn list<'a>(object: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    object[field].as_array().into_iter().flatten()
}

fn names(references: &Value) -> Vec<&str> {
    references
        .as_array()
        .into_iter()
        .flatten()
        .map(|reference| text(reference, "name"))
        .collect()
}

/// The first use of a secret that the account does not list.
fn forbidden_reference(pod: &Value, account: &Value) -> Option<String> {
    let (spec, owner) = (&pod["spec"], meta::name(account));
    let allowed = names(&account["secrets"]);
    let volumes = list(spec, "volumes").filter(|volume| volume["secret"].is_object());
    if let Some(name) = volumes
        .map(|v| text(&v["secret"], "secretName"))
        .find(|name| !allowed.contains(name))
    {
        return Some(format!(
            "volume with secret.secretName=\"{name}\" is not allowed because service account {owner} does not reference \
             that secret"
        ));
    }
    let in_containers = first_reference(pod, "initContainers", "init container", &allowed, owner)
        .or_else(|| first_reference(pod, "containers", "container", &allowed, owner));
    in_containers.or_else(|| {
        let allowed = names(&account["imagePullSecrets"]);
        let mut used = list(spec, "imagePullSecrets").map(|secret| text(secret, "name")).enumerate();
        let (i, name) = used.find(|(_, name)| !allowed.contains(name))?;
        Some(format!(
            "imagePullSecrets[{i}].name=\"{name}\" is not allowed because service account {owner} does not reference that \
             imagePullSecret"
        ))
    })
}

fn first_reference(pod: &Value, field: &str, what: &str, allowed: &[&str], owner: &str) -> Option<String> {
    let end = format!("is not allowed because service account {owner} does not reference that secret");
    for container in list(&pod["spec"], field) {
        let name = text(container, "name");
        for variable in list(container, "env").filter(|env| env["valueFrom"]["secretKeyRef"].is_object()) {
            let secret = text(&variable["valueFrom"]["secretKeyRef"], "name");
            if !allowed.contains(&secret) {
                let variable = text(variable, "name");
                return Some(format!(
                    "{what} {name} with envVar {variable} referencing secret.secretName=\"{secret}\" {end}"
                ));
            }
        }
        for source in list(container, "envFrom").filter(|source| source["secretRef"].is_object()) {
            let secret = text(&source["secretRef"], "name");
            if !allowed.contains(&secret) {
                return Some(format!(
                    "{what} {name} with envFrom referencing secret.secretName=\"{secret}\" {end}"
                ));
            }
        }
    }
    None
}

/// What a mirror pod, which a node writes about itself, may not have.
fn validate_mirror(pod: &Value) -> Option<&'static str> {
    let spec = &pod["spec"];
    if !text(spec, "serviceAccountName").is_empty() {
        return Some("a mirror pod may not reference service accounts");
    }
    let uses = first_reference(pod, "initContainers", "", &[], "")
        .or_else(|| first_reference(pod, "containers", "", &[], ""))
        .is_some();
    let volume = list(spec, "volumes").any(|volume| volume["secret"].is_object());
    if uses || volume || list(spec, "imagePullSecrets").next().is_some() {
        return Some("a mirror pod may not reference secrets");
    }
    let sources = list(spec, "volumes").flat_map(|volume| list(&volume["projected"], "sources"));
    let token = sources
        .into_iter()
        .any(|source| source["serviceAccountToken"].is_object());
    token.then_some("a mirror pod may not use ServiceAccountToken volume projections")
}

#[cfg(test)]
mod tests;
