//! Pods that the API server serves by itself: the same as with the webhook before.

use super::{Client, NAMESPACE, install, pods, rights};
use crate::cluster::{PASSWORD, PRIVATE_IMAGE, REGISTRY, USER, until};
use anyhow::{Result, bail};
use serde_json::json;

/// So many namespaces are created together with a pod each.
const NEW: usize = 20;

/// Nobody is asked about pods any more.
pub(super) fn change(client: &Client<'_>) -> Result<String> {
    upgrade(client, "policy")?;
    until("the webhook for pods to be taken out", || {
        let left = client.kubectl("get mutatingwebhookconfigurations --output=name")?;
        Ok(left.trim().is_empty().then_some(()))
    })?;
    // keyside's own kinds are checked all the same.
    client.kubectl("get validatingwebhookconfigurations/keyside")?;
    rights::compare(
        client,
        &["everywhere with `policy`", "everywhere with `policy` or `both`"],
    )?;
    install::test(client)
}

fn upgrade(client: &Client<'_>, mode: &str) -> Result<()> {
    client.helm(&format!(
        "upgrade keyside charts/keyside --namespace {NAMESPACE} --reuse-values --set injection.mode={mode} --wait --timeout 300s"
    ))?;
    client.until_ready()?;
    client.until_field(
        "mutatingadmissionpolicybindings/keyside-injection",
        "{.spec.policyName}",
        &["keyside-injection"],
    )
}

pub(super) fn pods(client: &Client<'_>) -> Result<String> {
    pods::by_hand_in(client, "page-by-policy")?;
    pods::create(client, "shop-web", "by-policy", json!([]))?;
    pods::create(client, "elsewhere", "by-policy", json!([]))?;
    pods::pulled(client, "shop-web", "by-policy", "team")?;
    pods::refused(client, "elsewhere", "by-policy")?;
    Ok(String::new())
}

/// Left to the cluster, an upgrade chooses both here, because this API server can follow a policy. What a policy cannot do,
/// the webhook does behind it, and the other way round.
pub(super) fn both(client: &Client<'_>) -> Result<String> {
    let project = json!({
        "apiVersion": "keyside.dev/v1alpha1", "kind": "Project", "metadata": {"name": "new"},
        "spec": {"namespaceSelector": {"matchLabels": {"new": "yes"}}},
    });
    client.fed("create -f -", &project.to_string())?;
    client.keyside(
        &format!(
            "credential add fresh --registry {REGISTRY} --username {USER} --project new --password-stdin"
        ),
        PASSWORD,
    )?;
    let by_policy = served(client, "by-policy")?;
    upgrade(client, "auto")?;
    client.until_field(
        "mutatingwebhookconfigurations/keyside",
        "{.webhooks[*].matchConditions[*].name}",
        &["not-ignored not-disabled not-a-mirror not-served"],
    )?;
    rights::compare(
        client,
        &[
            "everywhere with `webhook` or `both`",
            "everywhere with `policy` or `both`",
        ],
    )?;
    install::test(client)?;
    let (bare, deployed) = (served(client, "bare")?, served(client, "deployed")?);
    if bare + deployed != 2 * NEW {
        bail!("of {NEW} and {NEW} new namespaces, {bare} and {deployed} gave their first pod what it needs");
    }
    client.kubectl(&format!(
        "scale deployment/keyside --namespace={NAMESPACE} --replicas=0"
    ))?;
    client.kubectl(&format!(
        "wait --for=delete pod --namespace={NAMESPACE} --selector=app.kubernetes.io/component=server --timeout=300s"
    ))?;
    pods::create(client, "shop-web", "with-keyside-away", json!([]))?;
    pods::pulled(client, "shop-web", "with-keyside-away", "team")?;
    client.kubectl(&format!(
        "scale deployment/keyside --namespace={NAMESPACE} --replicas=2"
    ))?;
    client.until_ready()?;
    Ok(format!(
        "of {NEW} namespaces created together with a pod, the policy alone served {by_policy}, both all"
    ))
}

/// How many of new namespaces give the pod the name that is written down beside them: by itself or by a deployment.
fn served(client: &Client<'_>, how: &str) -> Result<usize> {
    let spec =
        json!({"terminationGracePeriodSeconds": 1, "containers": [{"name": "app", "image": PRIVATE_IMAGE}]});
    for at in 0..NEW {
        let name = format!("{how}-{at}");
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"new": "yes"}},
        });
        let labels = json!({"app": "first"});
        let pod = match how {
            "by-policy" | "bare" => json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": "first", "namespace": name, "labels": labels}, "spec": spec,
            }),
            _ => json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "first", "namespace": name},
                "spec": {
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": spec},
                },
            }),
        };
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [namespace, pod]});
        client.fed("create -f -", &list.to_string())?;
    }
    let mut given = 0;
    for at in 0..NEW {
        let secrets = until("the first pod", || {
            let list = client.json(&format!(
                "get pods --namespace={how}-{at} --selector=app=first --output=json"
            ))?;
            Ok(list["items"][0]["spec"]
                .as_object()
                .map(|spec| spec.get("imagePullSecrets").cloned()))
        })?;
        given += usize::from(secrets == Some(json!([{"name": "fresh"}])));
    }
    Ok(given)
}
