//! The health scripts for Argo CD, run by Lua over their own test data, which has the form that Argo CD's tests read.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const KINDS: [&str; 3] = ["ClusterRegistryCredential", "Project", "RegistryCredential"];

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../charts/argocd/resource_customizations/keyside.dev")
        .join(kind)
}

fn yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A value as Lua writes it.
fn lua(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Array(items) => format!("{{{}}}", items.iter().map(lua).collect::<Vec<_>>().join(",")),
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("[{name:?}]={}", lua(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

/// What a script says of an object.
fn health(script: &Path, object: &Value) -> [String; 2] {
    let program = format!(
        "obj = {}\nlocal hs = dofile({:?})\nio.write(hs.status, '\\n', hs.message)",
        lua(object),
        script.display().to_string()
    );
    let output = Command::new("lua5.4")
        .args(["-e", &program])
        .output()
        .expect("lua starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let (status, message) = text.split_once('\n').expect("two lines");
    [status.to_owned(), message.to_owned()]
}

/// Whether Lua is there; in CI its absence is a failure.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn has_lua() -> bool {
    let found = Command::new("lua5.4").arg("-v").output().is_ok();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "lua5.4 is not installed: run `cargo e2e tools`"
    );
    if !found {
        eprintln!("skipped: lua5.4 is not installed");
    }
    found
}

#[test]
fn each_state_has_the_health_that_its_test_data_says() {
    if !has_lua() {
        return;
    }
    for kind in KINDS {
        let cases = yaml(&folder(kind).join("health_test.yaml"));
        let cases = cases["tests"].as_array().expect("tests");
        assert!(cases.len() >= 3, "{kind} has too few");
        for case in cases {
            let input = case["inputPath"].as_str().expect("inputPath");
            let object = yaml(&folder(kind).join(input));
            assert_eq!(object["kind"], kind, "{input}");
            let expected =
                ["status", "message"].map(|field| case["healthStatus"][field].as_str().expect(field));
            assert_eq!(
                health(&folder(kind).join("health.lua"), &object),
                expected,
                "{kind} {input}"
            );
        }
    }
}

#[test]
fn all_kinds_have_the_same_script_and_no_test_data_is_left_out() {
    let script = |kind: &str| fs::read_to_string(folder(kind).join("health.lua")).expect("a script");
    for kind in KINDS {
        assert_eq!(script(kind), script(KINDS[0]), "{kind}");
        let listed = fs::read_to_string(folder(kind).join("health_test.yaml")).expect("tests");
        for file in fs::read_dir(folder(kind).join("testdata")).expect("test data") {
            let name = file.expect("a file").file_name().into_string().expect("UTF-8");
            assert!(
                listed.contains(&format!("inputPath: testdata/{name}")),
                "{kind} does not test {name}"
            );
        }
    }
}
