//! The web UI of the replicas in containers: requests as a stranger, a project's owner and a viewer send them, and the page's
//! flow in a browser.

use super::{Client, NAMESPACE};
use crate::cluster::{PASSWORD, PRIVATE_IMAGE, REGISTRY, TLS_REGISTRY, USER, until};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;

/// Tests of the program's browser suite that need no more than the cluster and the UI's address.
const TESTS: [&str; 10] = [
    "strangers::every_route_is_closed_to_strangers_and_carries_the_headers",
    "strangers::errors_carry_the_headers_too",
    "strangers::an_old_session_is_worth_nothing",
    "strangers::a_session_ends_with_its_token",
    "roles::the_owner_of_a_project_does_everything_in_it_and_sees_no_trace_of_others",
    "roles::a_viewer_looks_and_changes_nothing",
    "flow::the_page_s_flow_in_english",
    "flow::the_page_s_flow_in_chinese",
    "keyboard::add_deploy_and_explain_by_the_keyboard_alone",
    "scriptless::the_page_s_flow_without_script",
];

pub(super) fn run(client: &Client<'_>) -> Result<String> {
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let mut world = describe(client, folder.path())?;
    let file = folder.path().join("world.json");
    // The one that every embedded world begins with.
    client.keyside("project add default --namespace default", "")?;
    for (number, test) in TESTS.iter().enumerate() {
        world["image"] = fresh_image(client, number)?.into();
        std::fs::write(&file, world.to_string())?;
        pass(client, &file, test)?;
        clear(client)?;
    }
    Ok(format!("{} tests of the browser suite", TESTS.len()))
}

/// The private image under a name that the node has not pulled yet.
fn fresh_image(client: &Client<'_>, number: usize) -> Result<String> {
    let login = format!("{USER}:{PASSWORD}");
    let mut command = client.program(Path::new("skopeo"));
    command
        .args([
            "copy",
            "--quiet",
            "--src-tls-verify=false",
            "--dest-tls-verify=false",
        ])
        .args(["--src-creds", &login, "--dest-creds", &login])
        .arg(format!("docker://{PRIVATE_IMAGE}"))
        .arg(format!("docker://{REGISTRY}/team/app:ui-{number}"));
    crate::succeed(&mut command)?;
    Ok(format!("{TLS_REGISTRY}/team/app:ui-{number}"))
}

/// What the tests want to know.
fn describe(client: &Client<'_>, folder: &Path) -> Result<Value> {
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
    Ok(json!({
        "ui": format!("https://keyside-ui.{NAMESPACE}.svc"),
        "uiAddress": format!("{}:443", address.trim()),
        "token": token.trim(),
        "kubeconfig": client.bed.kubeconfig(),
        "registry": TLS_REGISTRY,
        "registryUser": USER,
        "registryPasswordFile": password,
    }))
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
        .env("KEYSIDE_REGISTRY_CA", client.bed.authority())
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
    client.kubectl("delete deployments --namespace=default --all")?;
    client.kubectl("delete registrycredentials.keyside.dev,secrets --namespace=project-default --all")?;
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
