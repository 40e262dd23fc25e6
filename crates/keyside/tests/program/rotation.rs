//! The password changes in the registry, pods fail, one command heals it, and no name changes.

use crate::world::{World, eventually, has_kubectl, up};
use serde_json::Value;
use std::time::{Duration, Instant};

fn versions(world: &World, namespaces: &[&str]) -> Vec<String> {
    namespaces
        .iter()
        .map(|namespace| {
            world.run(&[
                "get",
                "secret",
                "testquay",
                "-n",
                namespace,
                "-o",
                "jsonpath={.metadata.uid} {.data.\\.dockerconfigjson}",
            ])
        })
        .collect()
}

#[test]
fn set_password_renews_every_copy_in_place() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    let namespaces = ["a", "b", "c"];
    for namespace in namespaces {
        world.ok(&format!("create namespace {namespace}"));
    }
    world.keyside_ok("project add shop --namespace a --namespace b --namespace c", "");
    // The stored password is the old one: the registry has already changed.
    let line = format!(
        "credential add testquay --registry {} --username {} --project shop --no-verify --password-stdin",
        world.registry(),
        world.user()
    );
    world.keyside_ok(&line, "the-old-one");
    world.pod("a", "early", "");
    world.wait_waiting("a", "early", "ImagePullBackOff");
    let before = eventually("copies are there", || {
        let all = world.ok("get secrets -A --field-selector metadata.name=testquay -o json");
        let all: Value = serde_json::from_str(&all).expect("JSON");
        if all["items"].as_array().expect("items").len() == 4 {
            Ok(versions(&world, &namespaces))
        } else {
            Err(all.to_string())
        }
    });

    let started = Instant::now();
    world.keyside_ok(
        "credential set-password testquay --project shop --password-stdin --wait",
        &world.password(),
    );
    let after = eventually("copies are new", || {
        let now = versions(&world, &namespaces);
        if now.iter().zip(&before).all(|(new, old)| new != old) {
            Ok(now)
        } else {
            Err("still the old content".to_owned())
        }
    });
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "set-password took {:?}",
        started.elapsed()
    );
    for (new, old) in after.iter().zip(&before) {
        assert_eq!(
            new.split(' ').next(),
            old.split(' ').next(),
            "replaced in place: the same object"
        );
    }
    world.pod("b", "late", "");
    world.wait_running("b", "late");
    // The failing pod heals by itself at the kubelet's next attempt.
    world.wait_running("a", "early");
}
