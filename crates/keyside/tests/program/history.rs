//! What a rotation replaces is kept in the source Secret and nowhere else, and can be put back.

use crate::world::{World, eventually, has_kubectl, text, up};
use serde_json::Value;

/// The history as programs read it.
fn older(world: &World, scope: &str) -> Vec<Value> {
    let text = world.keyside_ok(&format!("credential history testquay {scope} -o json"), "");
    let history: Value = serde_json::from_str(&text).expect("JSON");
    history["older"].as_array().expect("a list").clone()
}

/// The content of a Secret, in base64.
fn content(world: &World, namespace: &str) -> String {
    world.run(&[
        "get",
        "secret",
        "testquay",
        "-n",
        namespace,
        "-o",
        "jsonpath={.data.\\.dockerconfigjson}",
    ])
}

/// The data keys of a Secret.
fn keys(world: &World, namespace: &str) -> String {
    let template = "go-template={{range $key, $_ := .data}}{{$key}} {{end}}";
    world
        .run(&["get", "secret", "testquay", "-n", namespace, "-o", template])
        .trim()
        .to_owned()
}

const BOTH: &str = ".dockerconfigjson .keyside-history";

#[test]
fn rotation_is_taken_back_and_every_copy_follows_without_the_history() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.ok("create namespace web");
    world.keyside_ok("project add shop --namespace web", "");
    world.add_credential("testquay", "--project shop");
    let first = eventually("the copy is there", || {
        let copy = world
            .kubectl(&["get", "secret", "testquay", "-n", "web"])
            .output();
        if copy.is_ok_and(|output| output.status.success()) {
            Ok(content(&world, "web"))
        } else {
            Err("no copy".to_owned())
        }
    });
    assert!(older(&world, "--project shop").is_empty());
    world.keyside_ok(
        "credential set-password testquay --project shop --password-stdin --wait --no-verify",
        "mistyped",
    );
    assert_ne!(content(&world, "web"), first);
    let kept = older(&world, "--project shop");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["registries"][0], world.registry());
    let table = world.keyside_ok("credential history testquay --project shop", "");
    assert!(
        table.starts_with("NUMBER") && table.contains("\ncurrent ") && table.contains("\n1 "),
        "{table}"
    );

    let back = world.keyside("credential rollback testquay --project shop --wait", "");
    assert!(back.status.success(), "{}", text(&back.stderr));
    assert!(
        text(&back.stdout).contains("rolled back"),
        "{}",
        text(&back.stdout)
    );
    assert!(text(&back.stderr).contains("LoggedIn"), "{}", text(&back.stderr));
    assert_eq!(content(&world, "web"), first);
    assert_eq!(keys(&world, "project-shop"), BOTH);
    assert_eq!(keys(&world, "web"), ".dockerconfigjson");
    assert_eq!(
        older(&world, "--project shop").len(),
        1,
        "each content is kept once"
    );
    world.pod("web", "pulls", "");
    world.wait_running("web", "pulls");
}

#[test]
fn content_that_the_registry_refuses_is_set_or_put_back_only_by_force() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.add_credential("testquay", "-n default");
    let set = "credential set-password testquay -n default --password-stdin";
    let first = content(&world, "default");
    let refused = world.keyside(set, "mistyped");
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("registry refuses it")
            && said.contains("BadCredentials")
            && said.contains("--no-verify"),
        "{said}"
    );
    assert_eq!(content(&world, "default"), first);
    world.keyside_ok(&format!("{set} --no-verify"), "mistyped");
    world.keyside_ok(set, &world.password());
    let good = content(&world, "default");
    // The good one is the present one again, so only the mistyped one is older.
    assert_eq!(older(&world, "-n default").len(), 1);
    let refused = world.keyside("credential rollback testquay -n default", "");
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("because:") && said.contains("BadCredentials") && said.contains("--no-verify"),
        "{said}"
    );
    assert_eq!(content(&world, "default"), good);
    let missing = world.keyside("credential rollback testquay -n default --to 2", "");
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("no older content number 2"));
    world.keyside_ok("credential rollback testquay -n default --to 1 --no-verify", "");
    assert_ne!(content(&world, "default"), good);
    let named = world.keyside_ok("credential rollback testquay -n default -o name", "");
    assert_eq!(named.trim(), "registrycredential/testquay");
    assert_eq!(content(&world, "default"), good);
}

#[test]
fn history_is_forgotten_on_request() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.add_credential("testquay", "-n default");
    let set = "credential set-password testquay -n default --password-stdin --no-verify";
    world.keyside_ok(set, "second");
    let said = world.keyside_ok("credential history testquay -n default --forget", "");
    assert!(said.contains("history forgotten"), "{said}");
    assert_eq!(keys(&world, "default"), ".dockerconfigjson");
    let said = world.keyside_ok("credential history testquay -n default --forget", "");
    assert!(said.contains("unchanged"), "{said}");
    world.keyside_ok(set, "third");
    assert_eq!(keys(&world, "default"), BOTH);
    world.keyside_ok(&format!("{set} --forget"), "fourth");
    assert_eq!(keys(&world, "default"), ".dockerconfigjson");
    // What others write leaves nothing.
    let other = "eyJhdXRocyI6eyJxdWF5LmlvIjp7ImF1dGgiOiJkVHB3In19fQ==";
    world.run(&[
        "patch",
        "secret",
        "testquay",
        "-n",
        "default",
        "-p",
        &format!("{{\"data\":{{\".dockerconfigjson\":\"{other}\"}}}}"),
    ]);
    assert!(older(&world, "-n default").is_empty());
}

#[test]
fn history_moves_with_its_credential_and_leaves_a_secret_that_stays() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.ok("create namespace web");
    world.keyside_ok("project add shop --namespace web", "");
    world.add_credential("testquay", "-n web");
    world.keyside_ok(
        "credential set-password testquay -n web --password-stdin --no-verify",
        "mistyped",
    );
    world.keyside_ok(
        "credential move testquay -n web --to-project shop --password-stdin",
        &world.password(),
    );
    // The Secret that was the source is a copy now.
    assert_eq!(keys(&world, "web"), ".dockerconfigjson");
    assert_eq!(keys(&world, "project-shop"), BOTH);
    assert_eq!(older(&world, "--project shop").len(), 1);

    // A Secret that somebody has made before its credential stays when that is deleted.
    let docker = format!(
        "create secret docker-registry testquay -n default --docker-server={} --docker-username=u --docker-password=p",
        world.registry()
    );
    world.ok(&docker);
    world.apply("apiVersion: keyside.dev/v1alpha1\nkind: RegistryCredential\nmetadata: {name: testquay, namespace: default}\nspec: {source: {secret: {name: testquay}}}\n");
    world.keyside_ok(
        "credential set-password testquay -n default --password-stdin --no-verify",
        "second",
    );
    assert_eq!(keys(&world, "default"), BOTH);
    world.keyside_ok("credential delete testquay -n default", "");
    assert_eq!(keys(&world, "default"), ".dockerconfigjson");
}

#[test]
fn suspended_credential_gets_no_older_content_and_is_shown_to_nobody() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.add_credential("testquay", "-n default");
    world.keyside_ok(
        "credential set-password testquay -n default --password-stdin --no-verify",
        "second",
    );
    let before = content(&world, "default");
    world.wait(
        "regcred/testquay",
        "default",
        "{.status.binding}",
        "it is bound",
        |it| !it.is_empty(),
    );
    // Somebody who may change the credential, but not read its Secret, points it elsewhere.
    world.run(&[
        "patch",
        "regcred",
        "testquay",
        "-n",
        "default",
        "--type=merge",
        "-p",
        "{\"spec\":{\"tokenService\":\"https://evil.example\"}}",
    ]);
    world.wait(
        "regcred/testquay",
        "default",
        "{.status.conditions[?(@.type==\"Stalled\")].reason}",
        "it is suspended",
        |reason| reason == "DestinationChanged",
    );
    let back = world.keyside("credential rollback testquay -n default --no-verify", "");
    let said = text(&back.stderr);
    assert_eq!(back.status.code(), Some(1), "{said}");
    assert!(
        said.contains("another destination") && said.contains("set-password"),
        "{said}"
    );
    assert_eq!(content(&world, "default"), before);
    let verify = world.keyside("credential verify testquay -n default", "");
    let said = text(&verify.stderr);
    assert_eq!(verify.status.code(), Some(1), "{said}");
    assert!(
        said.contains("is suspended") && said.contains("DestinationChanged"),
        "{said}"
    );
}
