//! The layout of ARCHITECTURE.md, asserted: which crate may depend on which, and what must never be in the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Crate, and the crates of ours it may depend on outside its tests.
const MAY_DEPEND_ON: [(&str, &[&str]); 13] = [
    ("keyside-keychain", &[]),
    ("keyside-api", &["keychain"]),
    ("keyside-core", &["keychain", "api"]),
    ("keyside-oci", &["keychain"]),
    ("keyside-registry", &[]),
    ("keyside-apimachinery", &[]),
    ("keyside-apiserver", &["apimachinery"]),
    ("keyside-sandbox", &["keychain", "oci", "apiserver", "registry"]),
    ("keyside-server", &["keychain", "api", "core", "oci"]),
    ("keyside-web", &["keychain", "api", "core", "oci"]),
    ("keyside-credential-provider", &["keychain"]),
    (
        "keyside",
        &[
            "keychain",
            "api",
            "core",
            "oci",
            "registry",
            "apiserver",
            "sandbox",
            "server",
            "web",
        ],
    ),
    ("keyside-e2e", &[]),
];

/// What must not be reachable, and why.
const NEVER: [(&str, &str); 5] = [
    ("ring", "one cryptography provider, aws-lc-rs"),
    ("openssl", "one TLS library, rustls"),
    ("openssl-sys", "one TLS library, rustls"),
    ("chrono", "one time library, jiff"),
    ("serde_yaml", "unmaintained; serde-saphyr reads YAML"),
];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

/// Direct normal and build dependencies of every member of the workspace, ours only.
fn our_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let text = cargo(&["metadata", "--format-version=1", "--no-deps", "--locked"]);
    let metadata: serde_json::Value = serde_json::from_str(&text).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let name = |value: &serde_json::Value| value.as_str().expect("a name").to_owned();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
            let ours = dependencies
                .filter(|dependency| dependency["kind"] != "dev")
                .map(|dependency| name(&dependency["name"]))
                .filter(|dependency| dependency.starts_with("keyside"))
                .collect();
            (name(&package["name"]), ours)
        })
        .collect()
}

#[test]
fn crates_depend_only_on_what_the_architecture_allows() {
    for (member, dependencies) in our_dependencies() {
        let (_, allowed) = MAY_DEPEND_ON
            .iter()
            .find(|(name, _)| *name == member)
            .unwrap_or_else(|| panic!("{member} is not in the table of ARCHITECTURE.md"));
        for dependency in dependencies {
            let short = dependency.trim_start_matches("keyside-");
            assert!(
                allowed.contains(&short),
                "{member} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn one_library_for_each_job() {
    let tree = cargo(&[
        "tree",
        "--workspace",
        "--locked",
        "--edges=normal,build",
        "--prefix=none",
        "--format={p}",
    ]);
    let present: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    for (name, why) in NEVER {
        assert!(!present.contains(name), "{name} is in the dependency tree: {why}");
    }
}
