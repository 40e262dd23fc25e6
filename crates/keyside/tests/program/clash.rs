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
    world.ok("create namespace clean");
    world.keyside_ok("project add shop --namespace clean", "");
    world.add_credential("testquay", "--project shop");
    // A namespace joins that has a Secret of the name already.
    world.ok("create namespace later");
    world.ok("create secret generic testquay -n later --from-literal=a=b");
    world.keyside_ok("project add shop --namespace later", "");
    world.wait(
        "regcred/testquay",
        "project-shop",
        "{.status.targets.delivered}",
        "both are delivered",
        |n| n == "2",
    );
    world.wait(
        "regcred/testquay",
        "project-shop",
        "{.status.targets.conflicts}",
        "the conflict is shown",
        |n| n == "1",
    );
    let reason = "{.status.conditions[?(@.type==\"Delivered\")].reason}";
    world.wait(
        "regcred/testquay",
        "project-shop",
        reason,
        "the reason is shown",
        |reason| reason == "NameTaken",
    );
    assert_eq!(
        world.ok("get secret testquay -n later -o jsonpath={.data.a}"),
        "Yg=="
    );
    let uid = world.ok("get regcred testquay -n project-shop -o jsonpath={.metadata.uid}");
    let conflict_name = format!("testquay-{}", &uid[..8]);
    world.pod("later", "p", "");
    world.wait_running("later", "p");
    assert_eq!(
        world.ok("get pod p -n later -o jsonpath={.spec.imagePullSecrets[*].name}"),
        conflict_name
    );
    world.pod("clean", "p", "");
    world.wait_running("clean", "p");
    assert_eq!(
        world.ok("get pod p -n clean -o jsonpath={.spec.imagePullSecrets[*].name}"),
        "testquay"
    );
}
