//! Pulls that fail on a real node: `keyside explain` names each cause, and what it says to paste heals it.

use super::{Client, pods};
use crate::cluster::{PASSWORD, PRIVATE_IMAGE, REGISTRY, USER, until};
use anyhow::{Result, bail};
use serde_json::{Value, json};

/// Namespaces, and what is found there. The registry's credential stands in keyside's own namespace: whoever has none is told so.
const CAUSES: [(&str, &str); 3] = [
    ("explain-none", "SecretInWrongNamespace"),
    ("explain-wrong", "BadCredentials"),
    ("explain-gone", "NotFound"),
];

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    for (namespace, _) in CAUSES {
        client.kubectl(&format!("create namespace {namespace}"))?;
    }
    pods::create(client, "explain-none", "app", json!([]))?;
    secret(client, "explain-wrong", "not-the-password")?;
    pods::create(client, "explain-wrong", "app", json!([{"name": "own"}]))?;
    secret(client, "explain-gone", PASSWORD)?;
    missing_tag(client)?;
    let mut found = Vec::new();
    for (namespace, cause) in CAUSES {
        let object = if namespace == "explain-gone" {
            "deploy/app"
        } else {
            "pod/app"
        };
        let image = explained(client, namespace, object, cause)?;
        for fix in image["fix"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            paste(client, fix)?;
        }
        runs(client, namespace)?;
        found.push(cause);
    }
    for (namespace, _) in CAUSES {
        client.kubectl(&format!("delete namespace {namespace} --wait --timeout=120s"))?;
    }
    Ok(found.join(", "))
}

fn secret(client: &Client<'_>, namespace: &str, password: &str) -> Result<()> {
    let line = format!(
        "create secret docker-registry own --namespace={namespace} --docker-server={REGISTRY} \
         --docker-username={USER} --docker-password={password}"
    );
    client.kubectl(&line).map(drop)
}

/// A deployment whose template names a tag that is not there.
fn missing_tag(client: &Client<'_>) -> Result<()> {
    let (repository, _) = PRIVATE_IMAGE.rsplit_once(':').unwrap_or((PRIVATE_IMAGE, ""));
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app", "namespace": "explain-gone"},
        "spec": {
            "selector": {"matchLabels": {"app": "app"}},
            "template": {"metadata": {"labels": {"app": "app"}}, "spec": {
                "imagePullSecrets": [{"name": "own"}], "terminationGracePeriodSeconds": 1,
                "containers": [{"name": "app", "image": format!("{repository}:gone")}],
            }},
        },
    });
    client.fed("create -f -", &deployment.to_string()).map(drop)
}

/// Waits until the cause is named, with exit status 1 and what the node has said.
fn explained(client: &Client<'_>, namespace: &str, object: &str, cause: &str) -> Result<Value> {
    let mut last = String::new();
    let explained = until(&format!("{cause} of {namespace}/{object}"), || {
        let output = client.tried_keyside(&format!("explain {object} -n {namespace} -o json"))?;
        last = String::from_utf8_lossy(&output.stdout).into_owned();
        let document: Value = serde_json::from_str(&last).unwrap_or_default();
        let image = document["images"][0].clone();
        let by_node = |evidence: &Value| evidence["source"] == "node";
        let seen = image["evidence"]
            .as_array()
            .is_some_and(|all| all.iter().any(by_node));
        let named = image["reason"] == cause && seen && output.status.code() == Some(1);
        Ok(named.then_some(image))
    });
    match explained {
        Ok(image) => Ok(image),
        Err(error) => bail!("{error:#}; last seen: {last}"),
    }
}

/// Pastes a line, with what stands in capitals filled in.
fn paste(client: &Client<'_>, fix: &str) -> Result<()> {
    let line = fix
        .replace(" NAME ", " given ")
        .replace(" USER ", &format!(" {USER} "))
        .replace(":TAG ", ":1 ");
    client.fed_shell(&line, PASSWORD).map(drop)
}

/// Waits until some pod of the namespace runs; a kubelet that has to try again does so after a while that grows.
fn runs(client: &Client<'_>, namespace: &str) -> Result<()> {
    until(&format!("a pod of {namespace}"), || {
        let phases = client.kubectl(&format!(
            "get pods --namespace={namespace} --output=jsonpath={{.items[*].status.phase}}"
        ))?;
        Ok(phases.split(' ').any(|phase| phase == "Running").then_some(()))
    })
}
