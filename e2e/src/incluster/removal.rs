//! What is left after uninstalling: first nothing that acts, then nothing at all of keyside's.

use super::{Client, NAMESPACE, leader, many};
use anyhow::{Result, bail};

/// What could change or refuse anything in the cluster.
const ACTING: &str = "mutatingwebhookconfigurations,validatingwebhookconfigurations,validatingadmissionpolicies,\
                      validatingadmissionpolicybindings,mutatingadmissionpolicies,mutatingadmissionpolicybindings";

/// What may hold something back while it is deleted; definitions always do, until their objects are gone.
const HELD: &str =
    "secrets,serviceaccounts,pods,namespaces,projects,registrycredentials,clusterregistrycredentials";

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    client.helm(&format!(
        "uninstall keyside --namespace {NAMESPACE} --wait --timeout 300s"
    ))?;
    nothing(client, &format!("get {ACTING} --output=name"))?;
    nothing(
        client,
        "get clusterroles,clusterrolebindings --selector=app.kubernetes.io/part-of=keyside --output=name",
    )?;
    nothing(
        client,
        &format!(
            "get deployments,services,jobs,leases,roles,rolebindings --namespace={NAMESPACE} --output=name"
        ),
    )?;
    nothing(
        client,
        &format!("get {HELD} --all-namespaces --output=jsonpath={{.items[*].metadata.finalizers}}"),
    )?;
    if many::contents(client)?.len() != leader::COUNT {
        bail!("pull secrets went although nobody asked");
    }
    client.keyside(
        &format!("uninstall --namespace {NAMESPACE} --yes --delete-copies --delete-crds"),
        "",
    )?;
    nothing(
        client,
        "get secrets --all-namespaces --selector=keyside.dev/credential --output=name",
    )?;
    nothing(client, "get customresourcedefinitions --output=name")?;
    client.kubectl("get secret testquay --namespace=page")?;
    Ok(String::new())
}

fn nothing(client: &Client<'_>, line: &str) -> Result<()> {
    let left = client.kubectl(line)?;
    if !left.trim().is_empty() {
        bail!("kubectl {line}: this is left:\n{left}");
    }
    Ok(())
}
