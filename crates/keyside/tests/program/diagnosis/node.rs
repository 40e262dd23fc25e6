//! Causes that a node alone can name, or names before the registry can be asked.

use super::bench::{Bench, Here, listing};
use super::kubelet::{Kubelet, NODE, Said};
use crate::registry::{Authority, Own, PASSWORD, Presented, USER};
use crate::world::{eventually, has_kubectl, up, up_with};
use keyside_api::Cause;

pub(crate) const OF_DENIALS: [Cause; 1] = [Cause::AccessDenied];
pub(crate) const OF_PRESENCE: [Cause; 1] = [Cause::ReverificationRefused];
pub(crate) const OF_WORDS: [Cause; 5] = [
    Cause::AddressBlocked,
    Cause::DiskFull,
    Cause::NetworkUnreachable,
    Cause::PullQpsExceeded,
    Cause::SignatureInvalid,
];

#[test]
fn denial_that_says_nothing_more_is_called_so_where_only_the_node_reaches_the_registry() {
    if !has_kubectl() {
        return;
    }
    let authority = Authority::new();
    let registry = Own::start_tls(&Presented::new(authority.certify("inner.test", false)));
    registry.push("team/app", "1");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).expect("a file");
    let (file, host) = (
        file.display().to_string(),
        format!("inner.test={}", registry.address),
    );
    let world = up_with(&["--registry-ca", &file, "--add-host", &host]);
    // From here, the name leads nowhere.
    let bench = Bench::at(&world, Here::default());
    bench.namespace("inner");
    bench.secret("inner", "own", "inner.test", USER, "not-the-word");
    world.pod_of("inner", "p", "inner.test/team/app:1", &listing("own"));
    let denied = bench.explained("pod/p", "inner", Cause::AccessDenied);
    bench.paste(&denied, PASSWORD);
    bench.runs("inner");
    bench.has_named(&OF_DENIALS);
}

#[test]
fn image_of_somebody_else_on_the_node_is_not_taken_for_one_that_is_not_there() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    registry.push("team/app", "1");
    let bench = Bench::new(&world);
    let image = format!("{}/team/app:1", registry.host());
    bench.namespace("owner");
    bench.secret("owner", "own", &registry.host(), USER, PASSWORD);
    world.pod_of("owner", "p", &image, &listing("own"));
    bench.runs("owner");
    bench.namespace("other");
    world.apply(&format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: other}}\nspec: {{containers: [{{name: app, image: \"{image}\", imagePullPolicy: Never}}]}}\n"
    ));
    let refused = bench.explained("pod/p", "other", Cause::ReverificationRefused);
    bench.paste(&refused, PASSWORD);
    bench.runs("other");
    bench.has_named(&OF_PRESENCE);
}

#[test]
fn words_of_a_node_are_understood_and_the_pasted_fix_makes_a_pod_that_it_can_serve() {
    if !has_kubectl() {
        return;
    }
    let (world, registry) = (up(), Own::start());
    registry.push("team/app", "1");
    let bench = Bench::new(&world);
    let mut kubelet = Kubelet::join(&world);
    let image = format!("{}/team/app:1", registry.host());
    for (namespace, cause, row) in [
        ("blocked", Cause::AddressBlocked, "docker-acr-firewall"),
        ("full", Cause::DiskFull, "docker-disk"),
        ("cut", Cause::NetworkUnreachable, "containerd2-noroute"),
        ("hasty", Cause::PullQpsExceeded, "kubelet-qps"),
        ("unsigned", Cause::SignatureInvalid, "kubelet-signature"),
    ] {
        bench.namespace(namespace);
        bench.secret(namespace, "own", &registry.host(), USER, PASSWORD);
        world.apply(&format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: {namespace}}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      nodeName: {NODE}\n      imagePullSecrets: [{{name: own}}]\n      containers: [{{name: app, image: \"{image}\"}}]\n"
        ));
        let said = Said::of_table(row, &image);
        let first = eventually(&format!("{namespace} has a pod"), || {
            kubelet
                .fail(namespace, &said, "Pending")
                .ok_or_else(|| "none".to_owned())
        });
        let found = bench.explained(&format!("pod/{first}"), namespace, cause);
        bench.paste(&found, PASSWORD);
        eventually(&format!("a new pod of {namespace} runs"), || {
            kubelet.work(namespace);
            let running = world.ok(&format!(
                "get pods -n {namespace} -o jsonpath={{.items[?(@.status.phase==\"Running\")].metadata.name}}"
            ));
            if running.is_empty() || running.contains(&first) {
                Err(running)
            } else {
                Ok(())
            }
        });
    }
    bench.has_named(&OF_WORDS);
}
