//! What scripts rely on: ports, files, exit statuses, streams.

use crate::world::{fed, text, up, up_in, words};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

fn keyside(line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyside"));
    command
        .args(words(line))
        .env_remove("KUBECONFIG")
        .env("HOME", "/nonexistent");
    fed(command, "")
}

#[test]
fn up_prints_one_json_line_with_everything_a_script_needs() {
    let mut world = up();
    let ready = world.ready.clone();
    let dir = world.dir.canonicalize().expect("a folder");
    assert_eq!(ready["dataDir"], dir.to_str().expect("UTF-8"));
    assert_eq!(
        ready["kubeconfig"],
        dir.join("kubeconfig").to_str().expect("UTF-8")
    );
    assert_eq!(
        ready["registryPasswordFile"],
        dir.join("registry-password").to_str().expect("UTF-8")
    );
    assert_eq!(ready["registryUser"], "demo");
    assert_eq!(ready["pid"], world.pid());
    assert_eq!(ready["image"], format!("{}/demo/hello:1", world.registry()));
    assert!(
        ready["apiServer"]
            .as_str()
            .expect("apiServer")
            .starts_with("https://127.0.0.1:")
    );
    assert!(ready["ui"].as_str().expect("ui").starts_with("http://127.0.0.1:"));
    let metrics = scrape(ready["metrics"].as_str().expect("metrics"));
    assert!(
        metrics.contains("\nkeyside_leader 1\n") && metrics.ends_with("# EOF\n"),
        "{metrics}"
    );
    for (file, mode) in [("kubeconfig", 0o600), ("registry-password", 0o600), ("", 0o700)] {
        let found = std::fs::metadata(dir.join(file))
            .expect("it exists")
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(found, mode, "mode of {file:?} is {found:o}");
    }
    assert!(world.stop().success());
    assert!(!dir.join("up.json").exists());
}

#[test]
fn a_port_asked_for_that_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let dir = tempfile::tempdir().expect("a folder");
    let output = keyside(&format!(
        "up --registry-port 0 --ui-port 0 --api-port {port} --data-dir {}",
        dir.path().display()
    ));
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        message.contains(&format!("port {port}")) && message.contains("hint:"),
        "{message}"
    );
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn the_same_folder_is_used_by_one_process_at_a_time() {
    let world = up();
    let output = keyside(&format!(
        "up --api-port 0 --registry-port 0 --ui-port 0 --data-dir {}",
        world.dir.display()
    ));
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("already running"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn an_ephemeral_world_leaves_nothing_behind() {
    let parent = tempfile::tempdir().expect("a folder");
    let dir = parent.path().join("e");
    let mut world = up_in(&dir, &["--ephemeral"]);
    assert!(dir.join("kubeconfig").exists());
    assert!(world.stop().success());
    assert!(
        !dir.exists(),
        "left: {:?}",
        std::fs::read_dir(&dir).map(|entries| entries.flatten().map(|e| e.path()).collect::<Vec<_>>())
    );
}

#[test]
fn down_stops_and_reset_deletes_after_a_yes() {
    let parent = tempfile::tempdir().expect("a folder");
    let dir = parent.path().join("w");
    let _world = up_in(&dir, &[]);
    let at = |line: &str| keyside(&format!("{line} --data-dir {}", dir.display()));
    assert_eq!(
        at("reset --yes").status.code(),
        Some(2),
        "a running world is not deleted"
    );
    assert!(at("down").status.success());
    assert!(at("down").status.success(), "stopping what is stopped is fine");
    let asked = at("reset");
    assert_eq!(asked.status.code(), Some(2));
    assert!(text(&asked.stderr).contains("--yes"));
    assert!(at("reset --yes").status.success());
    assert!(!dir.exists());
}

#[test]
fn usage_errors_end_with_2_and_leave_stdout_empty() {
    for line in [
        "credential add",
        "explain",
        "frobnicate",
        "credential add x --registry quay.io",
    ] {
        let output = keyside(line);
        assert_eq!(output.status.code(), Some(2), "{line}: {}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "", "{line}");
    }
}

#[test]
fn without_any_cluster_the_next_step_is_named() {
    let output = keyside("credential list");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("hint: keyside up"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn version_crds_and_completion_need_no_cluster() {
    assert_eq!(
        text(&keyside("version").stdout),
        format!("keyside {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert!(text(&keyside("crds").stdout).contains("kind: CustomResourceDefinition"));
    assert!(text(&keyside("completion bash").stdout).contains("_keyside"));
}

/// What `/metrics` answers to whoever names it by its own address.
fn scrape(url: &str) -> String {
    use std::io::{Read, Write};
    let host = url.trim_start_matches("http://").trim_end_matches("/metrics");
    let mut stream = std::net::TcpStream::connect(host).expect("metrics are served");
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}
