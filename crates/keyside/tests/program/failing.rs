//! What cannot work fails as the kubelet would, in its words.

use crate::world::{World, has_kubectl, up};

fn secret(world: &World, name: &str, password: &str) {
    world.run(&[
        "create",
        "secret",
        "docker-registry",
        name,
        &format!("--docker-server={}", world.registry()),
        &format!("--docker-username={}", world.user()),
        &format!("--docker-password={password}"),
    ]);
}

fn waiting_message(world: &World, pod: &str) -> String {
    world.wait_waiting("default", pod, "ImagePullBackOff");
    world.ok(&format!(
        "get pod {pod} -o jsonpath={{.status.containerStatuses[0].state.waiting.message}}"
    ))
}

#[test]
fn a_wrong_password_an_unknown_host_and_a_missing_tag_say_what_they_are() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    let repository = world.image().rsplit_once(':').expect("a tag").0.to_owned();
    secret(&world, "wrong", "not-the-password");
    world.pod(
        "default",
        "wrong-password",
        "  imagePullSecrets: [{name: wrong}]\n",
    );
    world.pod_of("default", "unknown-host", "registry.invalid/team/app:1", "");
    let message = waiting_message(&world, "wrong-password");
    assert!(message.contains("401 Unauthorized"), "{message}");
    assert!(!message.contains("not-the-password"), "{message}");
    let message = waiting_message(&world, "unknown-host");
    assert!(
        message.contains("registry.invalid") && message.contains("no such host"),
        "{message}"
    );

    world.ok("delete secret wrong");
    secret(&world, "right", &world.password());
    world.pod_of("default", "missing-tag", &format!("{repository}:missing"), "");
    let message = waiting_message(&world, "missing-tag");
    assert!(message.contains("not found"), "{message}");
}

#[test]
fn a_broken_secret_stops_even_an_image_that_is_public() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.apply("apiVersion: v1\nkind: Secret\nmetadata: {name: broken}\ntype: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: '{\"auths\":{\"x.example\":{\"auth\":\"%%%\"}}}'}\n");
    world.pod("default", "p", "  imagePullSecrets: [{name: broken}]\n");
    let path = "{.status.containerStatuses[0].state.waiting.reason}";
    let reason = world.wait("pod/p", "default", path, "the keyring fails", |reason| {
        !reason.is_empty() && reason != "ContainerCreating"
    });
    assert!(reason.contains("illegal base64 data"), "{reason}");
    let events = world.events("default", "p");
    assert!(
        !events.iter().any(|(reason, _)| reason == "Pulling"),
        "{events:?}"
    );
}

#[test]
fn a_name_that_is_no_image_and_one_that_may_not_be_pulled_say_so() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.pod_of("default", "bad-name", "team/App:1", "");
    world.wait_waiting("default", "bad-name", "InvalidImageName");
    world.apply(&format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: never}}\nspec: {{containers: [{{name: app, image: \"{}\", imagePullPolicy: Never}}]}}\n",
        world.image()
    ));
    world.wait_waiting("default", "never", "ErrImageNeverPull");
}
