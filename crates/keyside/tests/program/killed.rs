//! kill -9 in the middle of writes: every acknowledged object is there, and a watcher goes on without a gap.

use crate::world::{has_kubectl, up};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ROUNDS: usize = 10;

#[test]
fn acknowledged_objects_survive_and_watches_resume() {
    if !has_kubectl() {
        return;
    }
    let mut world = up();
    world.ok("create namespace writes");
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for round in 0..ROUNDS {
        let stop = Arc::new(AtomicBool::new(false));
        let writer = {
            let (stop, acknowledged, kubeconfig) =
                (stop.clone(), acknowledged.clone(), world.kubeconfig().to_owned());
            std::thread::spawn(move || {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let name = format!("w-{round}-{n}");
                    let created = std::process::Command::new("kubectl")
                        .args(["create", "configmap", &name, "-n", "writes", "--from-literal=a=b"])
                        .env("KUBECONFIG", &kubeconfig)
                        .output()
                        .is_ok_and(|output| output.status.success());
                    if created {
                        acknowledged.lock().expect("lock").push(name);
                    }
                }
            })
        };
        std::thread::sleep(Duration::from_millis(250 + 37 * round as u64));
        world.kill_and_restart();
        stop.store(true, Ordering::Relaxed);
        writer.join().expect("the writer ends");
    }
    let acknowledged = acknowledged.lock().expect("lock").clone();
    assert!(!acknowledged.is_empty());
    let stored = world.ok("get configmaps -n writes -o name");
    for name in &acknowledged {
        assert!(
            stored.lines().any(|line| line == format!("configmap/{name}")),
            "{name} was acknowledged and is gone"
        );
    }
}

#[test]
fn a_watch_by_version_goes_on_after_a_kill_without_a_gap() {
    if !has_kubectl() {
        return;
    }
    let mut world = up();
    world.ok("create namespace watched");
    let version = world.ok("get configmaps -n watched -o jsonpath={.metadata.resourceVersion}");
    world.ok("create configmap before -n watched");
    world.ok("delete configmap before -n watched");
    world.kill_and_restart();
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
