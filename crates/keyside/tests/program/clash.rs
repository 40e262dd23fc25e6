//! A Secret that is not ours has the name we need.

use crate::world::{has_kubectl, text, up};

#[test]
fn a_taken_name_is_refused_with_the_namespace_and_the_secret() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.ok("create namespace shop-web");
    world.ok("create secret generic testquay -n shop-web --from-literal=a=b");
    world.keyside_ok("project add shop --namespace shop-web", "");
    let line = format!(
        "credential add testquay --registry {} --username {} --project shop --password-stdin",
        world.registry(),
        world.user()
    );
    let output = world.keyside(&line, &world.password());
    assert!(!output.status.success());
    let message = text(&output.stderr);
    assert!(
        message.contains("shop-web") && message.contains("testquay"),
        "{message}"
    );
    assert!(
        message.contains("error:") && message.contains("hint:"),
        "{message}"
    );
    // Nothing is left behind, and the foreign Secret is as it was.
    assert!(
        world
            .refused("get regcred testquay -n project-shop")
            .contains("NotFound")
    );
    assert!(
        world
            .refused("get secret testquay -n project-shop")
            .contains("NotFound")
    );
    assert_eq!(
        world.ok("get secret testquay -n shop-web -o jsonpath={.data.a}"),
        "Yg=="
    );
}

#[test]
fn a_name_taken_later_leaves_the_stranger_alone_and_serves_the_pods() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.keyside_ok("project add shop --namespace later --namespace clean", "");
    world.add_credential("testquay", "--project shop");
    world.ok("create namespace clean");
    // The stranger arrives together with its namespace.
    world.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: later}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: testquay, namespace: later}\nstringData: {a: b}\n");
    world.pod("clean", "p", "");
    world.wait_running("clean", "p");
    world.wait(
        "regcred/testquay",
        "project-shop",
        "{.status.targets.delivered}",
        "both are delivered",
        |n| n == "2",
    );
    let owner = world.run(&[
        "get",
        "secret",
        "testquay",
        "-n",
        "later",
        "-o",
        "jsonpath={.metadata.labels.keyside\\.dev/credential}",
    ]);
    if owner.is_empty() {
        // The stranger won the race for the name: it must be untouched and the conflict be shown.
        assert_eq!(
            world.ok("get secret testquay -n later -o jsonpath={.data.a}"),
            "Yg=="
        );
        world.wait(
            "regcred/testquay",
            "project-shop",
            "{.status.targets.conflicts}",
            "the conflict is shown",
            |n| n == "1",
        );
    }
    world.pod("later", "p", "");
    world.wait_running("later", "p");
}
