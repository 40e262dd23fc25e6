//! Pods of people: with the secret written by hand, and without a word about secrets.

use super::Client;
use crate::cluster::{PASSWORD, PRIVATE_IMAGE, REGISTRY, USER};
use anyhow::{Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What `kubectl get events` has to say of a pod that pulled.
const EVENTS: [&str; 3] = ["Scheduled", "Pulling", "Pulled"];

/// kubectl alone, in one namespace.
pub(super) fn by_hand(client: &Client<'_>) -> Result<String> {
    by_hand_in(client, "page")?;
    Ok(String::new())
}

/// What the page tells its readers to do, in this namespace, and then the same without a word about secrets.
pub(super) fn by_hand_in(client: &Client<'_>, namespace: &str) -> Result<()> {
    client.kubectl(&format!("create namespace {namespace}"))?;
    client.kubectl(&format!(
        "create secret docker-registry testquay --namespace={namespace} --docker-server={REGISTRY} \
         --docker-username={USER} --docker-password={PASSWORD}"
    ))?;
    let stored = client.kubectl(&format!(
        "get secret testquay --namespace={namespace} --output=jsonpath={{.data.\\.dockerconfigjson}}"
    ))?;
    let stored: Value = serde_json::from_slice(&STANDARD.decode(stored)?)?;
    let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let expected = json!({"auths": {REGISTRY: {"username": USER, "password": PASSWORD, "auth": auth}}});
    if stored != expected {
        bail!("the Secret does not hold what kubectl was told");
    }
    create(client, namespace, "by-hand", json!([{"name": "testquay"}]))?;
    create(client, namespace, "without", json!([]))?;
    for pod in ["by-hand", "without"] {
        pulled(client, namespace, pod, "testquay")?;
    }
    Ok(())
}

/// A credential of a Project: stored once, in a namespace that the pod does not see.
pub(super) fn of_project(client: &Client<'_>) -> Result<String> {
    for namespace in ["shop-web", "shop-api", "elsewhere"] {
        client.kubectl(&format!("create namespace {namespace}"))?;
    }
    client.keyside("project add shop --namespace shop-web --namespace shop-api", "")?;
    client.keyside(
        &format!(
            "credential add team --registry {REGISTRY} --username {USER} --project shop --password-stdin"
        ),
        PASSWORD,
    )?;
    create(client, "shop-web", "app", json!([]))?;
    create(client, "elsewhere", "app", json!([]))?;
    pulled(client, "shop-web", "app", "team")?;
    refused(client, "elsewhere", "app")?;
    Ok(String::new())
}

/// Always pulls, so that an image on the node helps nobody.
pub(super) fn create(client: &Client<'_>, namespace: &str, name: &str, pull_secrets: Value) -> Result<()> {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace},
        "spec": {"imagePullSecrets": pull_secrets, "terminationGracePeriodSeconds": 1, "containers": [
            {"name": "app", "image": PRIVATE_IMAGE, "imagePullPolicy": "Always"}]},
    });
    client.fed("create -f -", &pod.to_string()).map(drop)
}

/// It runs, with this secret and no other, and the node says how that came.
pub(super) fn pulled(client: &Client<'_>, namespace: &str, name: &str, secret: &str) -> Result<()> {
    let pod = format!("pod/{name} --namespace={namespace}");
    client.until_field(&pod, "{.status.phase}", &["Running"])?;
    let secrets = client.kubectl(&format!(
        "get {pod} --output=jsonpath={{.spec.imagePullSecrets[*].name}}"
    ))?;
    if secrets != secret {
        bail!("{namespace}/{name} has the pull secrets {secrets:?}, not {secret}");
    }
    let events = client.kubectl(&format!(
        "get events --namespace={namespace} --field-selector=involvedObject.name={name} \
         --output=jsonpath={{.items[*].reason}}"
    ))?;
    let missing = EVENTS
        .into_iter()
        .find(|one| !events.split(' ').any(|reason| reason == *one));
    match missing {
        Some(missing) => bail!("{namespace}/{name} has no event {missing}: {events}"),
        None => Ok(()),
    }
}

/// The node cannot pull for it.
pub(super) fn refused(client: &Client<'_>, namespace: &str, name: &str) -> Result<()> {
    client.until_field(
        &format!("pod/{name} --namespace={namespace}"),
        "{.status.containerStatuses[0].state.waiting.reason}",
        &["ErrImagePull", "ImagePullBackOff"],
    )
}
