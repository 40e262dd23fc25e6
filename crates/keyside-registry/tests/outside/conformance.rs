//! The official conformance program of the OCI distribution specification, in every mode of authentication.

use std::process::Command;

use crate::registry::{PASSWORD, Running, USER, find, run};
use keyside_registry::Authentication;

/// Runs the program with the tests of the next version of the specification, which contain those of this one.
fn check(authentication: Authentication) {
    let Some(program) = find("conformance") else {
        return;
    };
    let running = Running::start(authentication);
    // The registry is in use: other people's images must not disturb.
    running.put_image("team/app", "1");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut command = Command::new(program);
    command
        .current_dir(folder.path())
        .env("OCI_REGISTRY", running.address.to_string())
        .env("OCI_TLS", "disabled")
        .env("OCI_VERSION", "dev")
        .env("OCI_RESULTS_DIR", folder.path().join("results"));
    if authentication != Authentication::None {
        command.env("OCI_USERNAME", USER).env("OCI_PASSWORD", PASSWORD);
    }
    let (success, output) = run(&mut command, folder.path());
    let counts = ["FAIL", "Error", "Skip", "Disabled", "Pass"].map(|name| (name, count(&output, name)));
    println!("{authentication:?}: {counts:?}");
    let [(_, failures), (_, errors), (_, skipped), _, (_, passed)] = counts;
    assert!(success && failures == Some(0) && errors == Some(0), "{output}");
    assert!(skipped == Some(0) && passed > Some(900), "{output}");
}

/// Reads a line such as `  Pass..........................:        858`.
fn count(output: &str, name: &str) -> Option<u32> {
    let summary = output.split("OCI Conformance Result").nth(1)?;
    let line = summary
        .lines()
        .find(|line| line.trim_start().starts_with(&format!("{name}.")))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn without_authentication_everything_conforms() {
    check(Authentication::None);
}

#[test]
fn with_basic_authentication_everything_conforms() {
    check(Authentication::Basic);
}

#[test]
fn with_tokens_everything_conforms() {
    check(Authentication::Bearer);
}
