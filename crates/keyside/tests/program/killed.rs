//! kill -9 in the middle of writes: every acknowledged object is there, and a watcher goes on without a gap.

use crate::world::{has_kubectl, up};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Duration;

/// How often the process is killed; `KEYSIDE_KILLS=200` is the long run.
fn rounds() -> usize {
    std::env::var("KEYSIDE_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20)
}

/// Objects written in one round, if it lasted long enough.
const WRITES: usize = 300;

#[test]
fn acknowledged_objects_survive_kills() {
    if !has_kubectl() {
        return;
    }
    let mut world = up();
    world.ok("create namespace writes");
    let mut acknowledged: Vec<String> = Vec::new();
    let rounds = rounds();
    for round in 0..rounds {
        let objects: String = (0..WRITES)
            .map(|n| format!("{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{{\"name\":\"w-{round}-{n}\",\"namespace\":\"writes\"}}}}\n"))
            .collect();
        let mut writer = world
            .kubectl(&["create", "--validate=false", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("kubectl starts");
        writer
            .stdin
            .take()
            .expect("stdin")
            .write_all(objects.as_bytes())
            .expect("kubectl reads");
        let mut lines = BufReader::new(writer.stdout.take().expect("stdout")).lines();
        // The first acknowledgement, then a moment that differs from round to round.
        acknowledged.extend(lines.next().and_then(Result::ok));
        std::thread::sleep(Duration::from_millis(round as u64 * 7 % 60));
        world.kill();
        acknowledged.extend(lines.map_while(Result::ok));
        writer.wait().expect("kubectl ends");
        world.restart();
    }
    let stored = world.ok("get configmaps -n writes -o name");
    let stored: std::collections::HashSet<&str> = stored.lines().collect();
    let lost: Vec<&String> = acknowledged
        .iter()
        .filter(|line| !stored.contains(line.trim_end_matches(" created")))
        .collect();
    assert!(
        acknowledged.len() >= rounds,
        "only {} writes were acknowledged",
        acknowledged.len()
    );
    assert!(
        lost.is_empty(),
        "{} of {} acknowledged objects are gone: {lost:?}",
        lost.len(),
        acknowledged.len()
    );
}

#[test]
fn a_watch_by_version_goes_on_after_a_kill_without_a_gap() {
    if !has_kubectl() {
        return;
    }
    let mut world = up();
    world.ok("create namespace watched");
    let list = world.ok("get --raw /api/v1/namespaces/watched/configmaps");
    let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
    let version = list["metadata"]["resourceVersion"]
        .as_str()
        .expect("a version")
        .to_owned();
    world.ok("create configmap before -n watched");
    world.ok("delete configmap before -n watched");
    world.kill();
    world.restart();
    world.ok("create configmap after -n watched");
    let url = format!(
        "/api/v1/namespaces/watched/configmaps?watch=true&resourceVersion={version}&timeoutSeconds=3"
    );
    let mut child = world
        .kubectl(&["get", "--raw", &url])
        .stdout(Stdio::piped())
        .spawn()
        .expect("kubectl");
    let lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
    let seen: Vec<String> = lines
        .map_while(Result::ok)
        .map(|line| serde_json::from_str::<serde_json::Value>(&line).expect("an event"))
        .map(|event| {
            format!(
                "{} {}",
                event["type"].as_str().unwrap_or_default(),
                event["object"]["metadata"]["name"].as_str().unwrap_or_default()
            )
        })
        .filter(|line| line.contains("before") || line.contains("after"))
        .collect();
    child.wait().expect("kubectl ends");
    assert_eq!(seen, ["ADDED before", "DELETED before", "ADDED after"]);
}
