//! The scenarios of the embedded world, this time against the replicas in containers.

use super::{Client, NAMESPACE};
use crate::cluster::until;
use anyhow::{Context as _, Result, bail};

/// Keeps the scenarios' pods, whose images are nowhere, off the node: it pulls one image after the other.
const AWAY: &str = "taint nodes --all keyside.dev/scenarios=run:NoSchedule";

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    client.kubectl(AWAY)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = client.program(cargo.as_ref());
    command
        .current_dir(crate::root())
        .args([
            "test",
            "--quiet",
            "--package",
            "keyside-server",
            "--test",
            "scenarios",
            "--",
        ])
        .args(std::env::var("KEYSIDE_SCENARIOS"))
        .envs(client.bed.environment())
        .env("KEYSIDE_DEPLOYED", "1");
    let output = command.output().context("cannot start cargo")?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!(
            "{}\n{said}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    clear(client)?;
    client.kubectl(&format!("{AWAY}-"))?;
    let skipped = said.lines().filter(|line| line.contains("skipped: ")).count();
    let result = said.lines().rev().find(|line| line.starts_with("test result"));
    Ok(format!(
        "{}; {skipped} of them need a keyside of their own and did nothing",
        result.unwrap_or_default()
    ))
}

/// Namespaces of the cluster itself.
const STAY: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Takes away what the last scenario has left.
fn clear(client: &Client<'_>) -> Result<()> {
    client.kubectl("delete projects.keyside.dev,clusterregistrycredentials.keyside.dev --all")?;
    let foreign = || -> Result<Vec<String>> {
        let names = client.kubectl("get namespaces --output=jsonpath={.items[*].metadata.name}")?;
        let names = names.split_whitespace().map(str::to_owned);
        Ok(names
            .filter(|name| name != NAMESPACE && !STAY.contains(&name.as_str()))
            .collect())
    };
    for name in foreign()? {
        client.kubectl(&format!("delete namespace {name} --wait=false"))?;
    }
    until("namespaces of the scenarios to go", || {
        Ok(foreign()?.is_empty().then_some(()))
    })
}
