//! A credential changes its scope: more namespaces are served, and no namespace is without it meanwhile.

use crate::bare::Bare;
use crate::world::{World, fed, has_kubectl, text, up};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// What happened to the Secrets of that name since a version, in order.
fn history(world: &World, version: &str, name: &str) -> Vec<String> {
    let url = format!(
        "/api/v1/secrets?watch=true&resourceVersion={version}&timeoutSeconds=2&fieldSelector=metadata.name={name}"
    );
    let mut watch = world
        .kubectl(&["get", "--raw", &url])
        .stdout(Stdio::piped())
        .spawn()
        .expect("kubectl starts");
    let lines = BufReader::new(watch.stdout.take().expect("stdout")).lines();
    let events = lines
        .map_while(Result::ok)
        .map(|line| serde_json::from_str::<Value>(&line).expect("an event"))
        .map(|event| {
            let field = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!(
                "{} {}",
                field(&event["type"]),
                field(&event["object"]["metadata"]["namespace"])
            )
        })
        .collect();
    watch.wait().expect("kubectl ends");
    events
}

fn version(world: &World) -> String {
    let list = world.ok("get --raw /api/v1/secrets?limit=1");
    let list: Value = serde_json::from_str(&list).expect("JSON");
    list["metadata"]["resourceVersion"]
        .as_str()
        .expect("a version")
        .to_owned()
}

#[test]
fn a_credential_that_moves_to_a_project_serves_all_of_it_without_a_gap() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    for namespace in ["shop-web", "shop-api"] {
        world.ok(&format!("create namespace {namespace}"));
    }
    world.keyside_ok("project add shop --namespace shop-web --namespace shop-api", "");
    world.add_credential("testquay", "-n shop-web");
    world.pod("shop-web", "before", "");
    world.wait_running("shop-web", "before");

    let line = "credential move testquay -n shop-web --to-project shop";
    let plan = world.keyside_ok(&format!("{line} --dry-run=server"), "");
    assert!(plan.contains("+ shop-api") && !plan.contains("- "), "{plan}");
    let start = version(&world);
    let said = world.keyside_ok(&format!("{line} --password-stdin"), &world.password());
    assert!(said.contains("moved to project/shop"), "{said}");

    for namespace in ["shop-web", "shop-api"] {
        world.pod(namespace, "after", "");
        world.wait_running(namespace, "after");
        assert_eq!(
            world.ok(&format!(
                "get pod after -n {namespace} -o jsonpath={{.spec.imagePullSecrets[*].name}}"
            )),
            "testquay"
        );
    }
    // The Secret that stood in shop-web was taken over in place.
    let happened = history(&world, &start, "testquay");
    assert!(happened.contains(&"ADDED shop-api".to_owned()), "{happened:?}");
    assert!(!happened.contains(&"DELETED shop-web".to_owned()), "{happened:?}");
    assert!(
        world
            .refused("get regcred testquay -n shop-web")
            .contains("NotFound")
    );
}

#[test]
fn a_move_without_the_password_is_refused_and_changes_nothing() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.ok("create namespace lab");
    world.add_credential("testquay", "-n lab");
    let output = world.keyside("credential move testquay -n lab --to-cluster", "");
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        message.contains("hint:") && message.contains("--password-stdin"),
        "{message}"
    );
    assert!(
        world
            .ok("get regcred testquay -n lab -o name")
            .contains("testquay")
    );
    assert_eq!(world.ok("get cregcred -o name"), "");
}

/// Between a new Project and its home lies what keyside takes to make it; here, a person with kubectl.
#[test]
fn credential_waits_for_the_home_of_a_new_project() {
    if !has_kubectl() {
        return;
    }
    let bare = Bare::start();
    let crds = bare.keyside("crds");
    let applied = fed(bare.command("kubectl", "apply -f -"), &text(&crds.stdout));
    assert!(applied.status.success(), "{}", text(&applied.stderr));
    assert!(bare.keyside("project add shop --namespace web").status.success());
    std::thread::scope(|scope| {
        let add = scope.spawn(|| {
            bare.keyside(
                "credential add hub --registry docker.io --username u --password p --project shop --no-verify",
            )
        });
        std::thread::sleep(std::time::Duration::from_millis(1500));
        assert!(!add.is_finished(), "it waits");
        bare.kubectl("create namespace project-shop");
        let added = add.join().expect("it ends");
        assert!(added.status.success(), "{}", text(&added.stderr));
    });
    assert!(
        bare.kubectl("get regcred hub -n project-shop -o name")
            .contains("hub")
    );
    // A home that does not come is said, with what makes it.
    assert!(bare.keyside("project add lab --namespace later").status.success());
    let never = bare.keyside(
        "credential add hub --registry docker.io --username u --password p --project lab --no-verify",
    );
    assert_eq!(never.status.code(), Some(2));
    assert!(
        text(&never.stderr).contains("kubectl create namespace project-lab"),
        "{}",
        text(&never.stderr)
    );
}
