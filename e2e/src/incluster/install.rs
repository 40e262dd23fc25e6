//! The image goes into the registry, the chart into the cluster.

use super::{Client, NAMESPACE};
use crate::cluster::{PASSWORD, REGISTRY, USER};
use anyhow::{Context as _, Result, bail};
use std::process::Stdio;

/// Where the image goes.
const REPOSITORY: &str = "keyside/keyside";

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    push(client)?;
    client.kubectl(&format!("create namespace {NAMESPACE}"))?;
    // keyside cannot deliver the secret that its own first pod needs.
    client.kubectl(&format!(
        "create secret docker-registry keyside-image --namespace={NAMESPACE} --docker-server={REGISTRY} \
         --docker-username={USER} --docker-password={PASSWORD}"
    ))?;
    client.kubectl(&format!(
        "create configmap registry-ca --namespace={NAMESPACE} --from-file={}",
        client.bed.authority().display()
    ))?;
    client.helm(&format!(
        "install keyside charts/keyside --namespace {NAMESPACE} --set image.repository={REGISTRY}/{REPOSITORY} \
         --set image.tag=bed --set injection.mode=webhook --set ui.enabled=true --set registryCA.configMapName=registry-ca \
         --set tolerations[0].operator=Exists --set tolerations[0].key=keyside.dev/scenarios --set imagePullSecrets[0].name=keyside-image --wait --timeout 300s"
    ))?;
    client.until_ready()?;
    let pods = client.json(&format!(
        "get pods --namespace={NAMESPACE} --selector=app.kubernetes.io/component=server --output=json"
    ))?;
    let containers: Vec<&str> = pods["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|pod| pod["status"]["containerStatuses"][0]["containerID"].as_str())
        .collect();
    if containers.len() != 2 || !containers.iter().all(|id| id.starts_with("containerd://")) {
        bail!("not two replicas in containers: {containers:?}");
    }
    Ok(String::new())
}

/// This very program pushes, from inside the bed's network.
fn push(client: &Client<'_>) -> Result<()> {
    let own = std::env::current_exe().context("this program does not know where it is")?;
    let mut command = client.program(&own);
    command
        .args(["image", "--binary"])
        .arg(&client.program)
        .arg("--push")
        .arg(format!("{REGISTRY}/{REPOSITORY}:bed"))
        .args(["--plain-http", "--login", USER, "--password-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    let mut child = command.spawn().context("cannot start this program")?;
    let mut input = child.stdin.take().context("no input")?;
    std::io::Write::write_all(&mut input, PASSWORD.as_bytes())?;
    drop(input);
    let status = child.wait()?;
    if !status.success() {
        bail!("the image cannot be pushed: {status}");
    }
    Ok(())
}

/// The pod that Helm makes runs `keyside check` with keyside's own account.
pub(super) fn test(client: &Client<'_>) -> Result<String> {
    let said = client.helm(&format!("test keyside --namespace {NAMESPACE} --timeout 300s"))?;
    if !said.contains("Succeeded") {
        bail!("{said}");
    }
    Ok(String::new())
}
