//! The web UI of the replicas in containers: requests as a stranger, a project's owner and a viewer send them.

use super::{Client, NAMESPACE};
use crate::cluster::{PASSWORD, PRIVATE_IMAGE, REGISTRY, USER, until};
use anyhow::{Context as _, Result, bail};
use serde_json::json;
use std::path::Path;
use std::process::Stdio;

/// Tests of the program's browser suite that need no more than the cluster and the UI's address.
const TESTS: [&str; 6] = [
    "strangers::every_route_is_closed_to_strangers_and_carries_the_headers",
    "strangers::errors_carry_the_headers_too",
    "strangers::an_old_session_is_worth_nothing",
    "strangers::a_session_ends_with_its_token",
    "roles::the_owner_of_a_project_does_everything_in_it_and_sees_no_trace_of_others",
    "roles::a_viewer_looks_and_changes_nothing",
];

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let world = describe(client, folder.path())?;
    for test in TESTS {
        pass(client, &world, test)?;
        clear(client)?;
    }
    Ok(format!("{} tests of the browser suite", TESTS.len()))
}

/// Writes what the tests want to know, and returns the file.
fn describe(client: &Client<'_>, folder: &Path) -> Result<std::path::PathBuf> {
    client.kubectl("create serviceaccount visitor --namespace=default")?;
    client.kubectl(
        "create clusterrolebinding visitor --clusterrole=cluster-admin --serviceaccount=default:visitor",
    )?;
    let token = client.kubectl("create token visitor --namespace=default")?;
    let address = client.kubectl(&format!(
        "get service keyside-ui --namespace={NAMESPACE} --output=jsonpath={{.spec.clusterIP}}"
    ))?;
    let password = folder.join("password");
    std::fs::write(&password, PASSWORD)?;
    let world = json!({
        "ui": format!("https://keyside-ui.{NAMESPACE}.svc"),
        "uiAddress": format!("{}:443", address.trim()),
        "token": token.trim(),
        "kubeconfig": client.bed.kubeconfig(),
        "registry": REGISTRY,
        "registryUser": USER,
        "registryPasswordFile": password,
        "image": PRIVATE_IMAGE,
    });
    let file = folder.join("world.json");
    std::fs::write(&file, world.to_string())?;
    Ok(file)
}

fn pass(client: &Client<'_>, world: &Path, test: &str) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = client.program(cargo.as_ref());
    command
        .current_dir(crate::root())
        .args([
            "test",
            "--quiet",
            "--package",
            "keyside",
            "--test",
            "browser",
            "--",
            "--exact",
            test,
        ])
        .env("KEYSIDE_WORLD", world)
        .env("PATH", crate::tools::path()?)
        .stdin(Stdio::null());
    let output = command.output().context("cannot start cargo")?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || !said.contains("1 passed") {
        bail!(
            "{test}: {}\n{said}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// Takes away what a test has made, so that the next one finds its names free.
fn clear(client: &Client<'_>) -> Result<()> {
    client.kubectl("delete projects.keyside.dev shop bank --ignore-not-found")?;
    client.kubectl(
        "delete namespace shop-web bank-web project-shop project-bank --ignore-not-found --wait=false",
    )?;
    until("the namespaces of a test to go", || {
        let left = client.kubectl(
            "get namespaces shop-web bank-web project-shop project-bank --ignore-not-found --output=name",
        )?;
        Ok(left.trim().is_empty().then_some(()))
    })
}
