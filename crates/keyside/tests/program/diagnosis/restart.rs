//! `explain --restart-stuck`: whom it replaces, how many at once, and whom it leaves.

use super::bench::{Bench, listing};
use super::kubelet::{Kubelet, NODE, Said};
use crate::registry::{Own, PASSWORD, USER};
use crate::world::{World, eventually, has_kubectl, text, up};
use std::collections::BTreeSet;

/// Three pods whose containers have run before and now wait for an image that can be had again.
fn three_stuck<'a>(world: &'a World, bench: &Bench<'_>, registry: &Own, password: &str) -> Kubelet<'a> {
    let image = format!("{}/team/app:1", registry.host());
    bench.namespace("lab");
    bench.secret("lab", "own", &registry.host(), USER, password);
    world.apply(&format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: lab}}\nspec:\n  replicas: 3\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      nodeName: {NODE}\n      imagePullSecrets: [{{name: own}}]\n      containers: [{{name: app, image: \"{image}\"}}]\n"
    ));
    let mut kubelet = Kubelet::join(world);
    let said = Said::of_table("docker-acr-firewall", &image);
    for number in 1..=3 {
        eventually(&format!("pod {number} fails"), || {
            kubelet
                .fail("lab", &said, "Running")
                .ok_or_else(|| "there is none".to_owned())
        });
    }
    kubelet
}

/// Pods of the namespace that nobody has told to go.
fn staying(world: &World) -> BTreeSet<String> {
    let path = "{range .items[*]}{.metadata.uid}:{.metadata.deletionTimestamp}{\"\\n\"}{end}";
    let list = world.run(&["get", "pods", "-n", "lab", "-o", &format!("jsonpath={path}")]);
    let kept = list.lines().filter_map(|line| line.strip_suffix(':'));
    kept.map(str::to_owned).collect()
}

/// The exit status, and everything that was said.
fn restart(bench: &Bench<'_>, flags: &str) -> (Option<i32>, String) {
    let line = format!("keyside explain deploy/web -n lab --restart-stuck {flags}");
    let output = bench.shell(&line, "");
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn not_more_pods_are_replaced_than_told_and_none_against_a_disruption_budget() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    registry.push("team/app", "1");
    let bench = Bench::new(&world);
    let kubelet = three_stuck(&world, &bench, &registry, PASSWORD);
    let stuck = staying(&world);
    assert_eq!(stuck.len(), 3);

    world.apply("apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: keep, namespace: lab}\nspec: {minAvailable: 3, selector: {matchLabels: {app: web}}}\n");
    let (status, said) = restart(&bench, "");
    assert_eq!(status, Some(1), "{said}");
    assert_eq!(
        said.matches("a PodDisruptionBudget does not allow it now")
            .count(),
        3,
        "{said}"
    );
    assert_eq!(staying(&world), stuck);
    world.ok("delete poddisruptionbudget keep -n lab");

    let left = |world: &World| stuck.intersection(&staying(world)).count();
    let (status, said) = restart(&bench, "--max-restarts 1");
    assert_eq!(status, Some(1), "{said}");
    assert_eq!(said.matches(" replaced\n").count(), 1, "{said}");
    assert!(said.contains("2 more pods wait"), "{said}");
    assert_eq!(left(&world), 2);
    // The node lets the old one go and runs the new one, which is nobody's to replace.
    eventually("the new pod runs", || {
        kubelet.work("lab");
        let running =
            world.ok("get pods -n lab -o jsonpath={.items[*].status.containerStatuses[*].state.running}");
        if running.is_empty() { Err("none") } else { Ok(()) }.map_err(str::to_owned)
    });
    let (status, said) = restart(&bench, "");
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(said.matches(" replaced\n").count(), 2, "{said}");
    assert_eq!(left(&world), 0);
}

#[test]
fn pods_are_left_whose_cause_is_still_there_or_whom_nobody_would_make_anew() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    registry.push("team/app", "1");
    let bench = Bench::new(&world);
    three_stuck(&world, &bench, &registry, "not-the-word");
    let stuck = staying(&world);
    let (status, said) = restart(&bench, "");
    assert_eq!(status, Some(1), "{said}");
    assert_eq!(said.matches("the cause is still there").count(), 3, "{said}");
    assert_eq!(staying(&world), stuck);

    let image = format!("{}/team/app:1", registry.host());
    let mut kubelet = Kubelet::join(&world);
    bench.namespace("alone");
    bench.secret("alone", "own", &registry.host(), USER, PASSWORD);
    world.pod_of(
        "alone",
        "p",
        &image,
        &format!("{}  nodeName: {NODE}\n", listing("own")),
    );
    let said = Said::of_table("docker-acr-firewall", &image);
    assert_eq!(kubelet.fail("alone", &said, "Pending").as_deref(), Some("p"));
    let output = bench.shell("keyside explain pod/p -n alone --restart-stuck", "");
    // Its kubelet gets the image with its next attempt.
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(
        said.contains("it has no controller that would make a new one"),
        "{said}"
    );
    assert!(
        world
            .ok("get pod p -n alone -o jsonpath={.metadata.deletionTimestamp}")
            .is_empty()
    );
}
