//! The page this product starts from, word for word with kubectl (P1, P8, P9, P10); the sample image stands for quay.io's.

use crate::world::{World, has_kubectl, text, up};

fn create_testreg(world: &World, name: &str) -> String {
    let (server, user, password) = (world.registry(), world.user(), world.password());
    world.run(&[
        "create",
        "secret",
        "docker-registry",
        name,
        &format!("--docker-server={server}"),
        &format!("--docker-username={user}"),
        &format!("--docker-password={password}"),
    ])
}

#[test]
fn without_a_secret_the_pod_shows_the_failing_events() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.pod("default", "private-reg", "");
    world.wait_waiting("default", "private-reg", "ImagePullBackOff");
    let events = world.events("default", "private-reg");
    let image = world.image();
    for (reason, start) in [
        (
            "Scheduled",
            "Successfully assigned default/private-reg to ".to_owned(),
        ),
        ("Pulling", format!("Pulling image \"{image}\"")),
        ("Failed", format!("Failed to pull image \"{image}\": ")),
        ("Failed", "Error: ErrImagePull".to_owned()),
        ("BackOff", format!("Back-off pulling image \"{image}\"")),
        ("Failed", "Error: ImagePullBackOff".to_owned()),
    ] {
        assert!(
            events.iter().any(|(r, m)| r == reason && m.starts_with(&start)),
            "no {reason} {start:?} in {events:#?}"
        );
    }
}

#[test]
fn with_the_secret_named_by_hand_the_pod_pulls() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    assert_eq!(create_testreg(&world, "testreg"), "secret/testreg created\n");
    let stored = world
        .kubectl(&[
            "get",
            "secret",
            "testreg",
            "--output=jsonpath={.data.\\.dockerconfigjson}",
        ])
        .output()
        .expect("kubectl");
    let decoded = crate::world::fed(
        {
            let mut base64 = std::process::Command::new("base64");
            base64.arg("--decode");
            base64
        },
        &text(&stored.stdout),
    );
    let (server, user, password) = (world.registry(), world.user(), world.password());
    let auth = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("{user}:{password}"));
    assert_eq!(
        text(&decoded.stdout),
        format!(
            r#"{{"auths":{{"{server}":{{"username":"{user}","password":"{password}","auth":"{auth}"}}}}}}"#
        )
    );
    world.pod(
        "default",
        "private-reg",
        "  imagePullSecrets: [{name: testreg}]\n",
    );
    world.wait_running("default", "private-reg");
    let reasons: Vec<String> = world
        .events("default", "private-reg")
        .into_iter()
        .map(|(reason, _)| reason)
        .collect();
    for reason in ["Scheduled", "Pulling", "Pulled"] {
        assert!(
            reasons.iter().any(|r| r == reason),
            "{reason} is missing in {reasons:?}"
        );
    }
    let listed = world.ok("get events");
    assert!(listed.contains("Successfully pulled image"), "{listed}");
    assert!(!listed.contains(&password));
}

#[test]
fn a_secret_of_the_namespace_is_used_without_being_named() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    create_testreg(&world, "testreg");
    world.pod("default", "unnamed", "");
    world.wait_running("default", "unnamed");
    assert_eq!(
        world.ok("get pod unnamed -o jsonpath={.spec.imagePullSecrets[*].name}"),
        "testreg"
    );
    assert_eq!(
        world.run(&[
            "get",
            "pod",
            "unnamed",
            "-o",
            "jsonpath={.metadata.annotations.keyside\\.dev/injected}"
        ]),
        "testreg"
    );
}
