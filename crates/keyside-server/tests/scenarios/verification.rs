//! Credentials are shown to their registries: when, how often, and what comes of it.

use crate::bed::{Bed, pull_secrets};
use crate::registry::{Peer, USER};
use keyside_registry::{Fault, Script};
use keyside_server::Verification;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};
use std::time::Duration;

fn configure(config: &mut keyside_server::Config) {
    config.verification = Some(Verification {
        loopback: true,
        ..Verification::default()
    });
}

/// A cluster with the namespaces, and a registry that knows `right`.
async fn world(namespaces: &[&str]) -> (Bed, Peer) {
    let mut bed = Bed::empty().await;
    bed.run(configure).await;
    for namespace in namespaces {
        bed.namespace(namespace).await;
    }
    (bed, Peer::start("right").await)
}

fn login(password: &str) -> String {
    format!("{USER}:{password}")
}

async fn annotate(bed: &Bed, namespace: &str, name: &str, value: &str) {
    let api: Api<keyside_api::RegistryCredential> = Api::namespaced(bed.client.clone(), namespace);
    let patch = json!({"metadata": {"annotations": {"keyside.dev/verify": value}}});
    api.patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap();
}

async fn status(bed: &Bed, namespace: &str, name: &str) -> keyside_api::CredentialStatus {
    bed.get_credential(namespace, name)
        .await
        .status
        .unwrap_or_default()
}

#[tokio::test]
async fn saved_credential_is_verified_once_for_all_its_copies() {
    own_keyside!();
    let names: Vec<String> = (0..12).map(|at| format!("n{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (bed, peer) = world(&names).await;
    bed.project("shop", &names).await;
    bed.quiet().await;
    bed.count();
    bed.credential("project-shop", "c", "Project", &[(&peer.host, &login("right"))])
        .await;
    bed.until_condition("project-shop", "c", "Verified", "True/LoggedIn")
        .await;
    bed.until_condition("project-shop", "c", "Ready", "True/Delivered")
        .await;
    let costs = bed.costs().await;
    assert_eq!(costs.copies, 12);
    assert!(costs.statuses <= 2, "{costs:?}");
    assert_eq!(peer.pings(), 1);
    assert!(
        bed.event_reasons("project-shop")
            .await
            .contains(&"Verified".to_owned())
    );
}

#[tokio::test]
async fn f39_wrong_password_is_not_given_to_pods_where_another_credential_answers() {
    own_keyside!();
    let (bed, peer) = world(&["lab"]).await;
    bed.credential("lab", "a-wrong", "Namespace", &[(&peer.host, &login("wrong"))])
        .await;
    bed.credential("lab", "b-right", "Namespace", &[(&peer.host, &login("right"))])
        .await;
    bed.until_condition("lab", "a-wrong", "Verified", "False/BadCredentials")
        .await;
    bed.until_condition("lab", "a-wrong", "Stalled", "True/BadCredentials")
        .await;
    bed.until_condition("lab", "b-right", "Verified", "True/LoggedIn")
        .await;
    let pod = bed
        .pod("lab", "one", &[&format!("{}/team/app:1", peer.host)])
        .await;
    assert_eq!(pull_secrets(&pod), ["b-right"]);
    // The right password heals it at once.
    bed.set_content("lab", "a-wrong", &[(&peer.host, &login("right"))])
        .await;
    bed.until_condition("lab", "a-wrong", "Verified", "True/LoggedIn")
        .await;
    let pod = bed
        .pod("lab", "two", &[&format!("{}/team/app:1", peer.host)])
        .await;
    assert_eq!(pull_secrets(&pod), ["a-wrong"]);
    let reasons = bed.event_reasons("lab").await;
    assert_eq!(
        reasons
            .iter()
            .filter(|reason| *reason == "VerificationFailed")
            .count(),
        1
    );
}

#[tokio::test]
async fn stated_repository_is_pulled_and_a_missing_one_is_said() {
    own_keyside!();
    let (bed, peer) = world(&["lab"]).await;
    bed.pull_secret("lab", "s", &[(&peer.host, &login("right"))])
        .await;
    for (name, repository, expected) in [
        ("there", "team/app", "True/PullAllowed"),
        ("gone", "team/none:1", "Unknown/NotFound"),
    ] {
        let spec = json!({
            "source": {"secret": {"name": "s"}},
            "verification": {"repository": format!("{}/{repository}", peer.host)},
        });
        bed.credential_like("lab", name, spec).await.unwrap();
        bed.until_condition("lab", name, "Verified", expected).await;
    }
}

#[tokio::test]
async fn image_of_a_pod_is_tested_without_being_named() {
    own_keyside!();
    let (bed, peer) = world(&["lab"]).await;
    bed.pod("lab", "early", &["busybox"]).await;
    bed.pull_secret("lab", "c", &[(&peer.host, &login("right"))])
        .await;
    bed.credential_like("lab", "c", json!({"source": {"secret": {"name": "c"}}}))
        .await
        .unwrap();
    bed.until_condition("lab", "c", "Verified", "True/LoggedIn").await;
    let image = format!("{}/team/app:1", peer.host);
    bed.pod("lab", "one", &[&image]).await;
    annotate(&bed, "lab", "c", "now").await;
    bed.until_condition("lab", "c", "Verified", "True/PullAllowed")
        .await;
    let state = status(&bed, "lab", "c").await.registries.remove(0);
    assert_eq!(state.repository, Some(image));
}

#[tokio::test]
async fn restart_asks_nobody_and_the_annotation_asks_once() {
    own_keyside!();
    let (mut bed, peer) = world(&["lab"]).await;
    bed.credential("lab", "c", "Namespace", &[(&peer.host, &login("right"))])
        .await;
    bed.until_condition("lab", "c", "Verified", "True/LoggedIn").await;
    bed.quiet().await;
    assert_eq!(peer.pings(), 1);
    bed.stop().await;
    bed.count();
    bed.run(configure).await;
    bed.quiet().await;
    assert_eq!(peer.pings(), 0);
    assert_eq!(bed.costs().await.statuses, 0);
    annotate(&bed, "lab", "c", "at-noon").await;
    bed.eventually("the request is answered", async || {
        let status = status(&bed, "lab", "c").await;
        (status.last_handled_verify.as_deref() == Some("at-noon")).then_some(())
    })
    .await;
    bed.quiet().await;
    assert_eq!(peer.pings(), 1);
}

#[tokio::test]
async fn r12_outage_leaves_what_was_known_standing() {
    own_keyside!();
    let (bed, peer) = world(&["lab"]).await;
    bed.credential("lab", "c", "Namespace", &[(&peer.host, &login("right"))])
        .await;
    bed.until_condition("lab", "c", "Verified", "True/LoggedIn").await;
    for (at, (fault, expected)) in [
        (Fault::Unavailable(503), "Unknown/RegistryError"),
        (Fault::RateLimited { retry_after: None }, "Unknown/RateLimited"),
    ]
    .into_iter()
    .enumerate()
    {
        peer.registry.faults().clear_all();
        peer.registry.faults().add(Script::everywhere(fault));
        annotate(&bed, "lab", "c", &format!("request-{at}")).await;
        bed.until_condition("lab", "c", "Verified", expected).await;
        bed.until_condition("lab", "c", "Ready", "True/Delivered").await;
        let state = status(&bed, "lab", "c").await.registries.remove(0);
        assert_eq!(state.last_settled.unwrap().reason, "LoggedIn");
    }
    let reasons = bed.event_reasons("lab").await;
    assert!(!reasons.contains(&"VerificationFailed".to_owned()), "{reasons:?}");
}

#[tokio::test]
async fn same_content_under_two_names_is_asked_about_once() {
    own_keyside!();
    let (bed, peer) = world(&["lab", "other"]).await;
    for (namespace, name) in [("lab", "a"), ("lab", "b"), ("other", "c")] {
        bed.credential(namespace, name, "Namespace", &[(&peer.host, &login("right"))])
            .await;
    }
    for (namespace, name) in [("lab", "a"), ("lab", "b"), ("other", "c")] {
        bed.until_condition(namespace, name, "Verified", "True/LoggedIn")
            .await;
    }
    assert_eq!(peer.pings(), 1);
}

#[tokio::test]
async fn each_entry_goes_to_its_own_registry_only() {
    own_keyside!();
    let (bed, peer) = world(&["lab"]).await;
    let other = Peer::start("other").await;
    let entries = [(&*peer.host, &*login("right")), (&*other.host, &*login("wrong"))];
    bed.credential("lab", "c", "Namespace", &entries).await;
    bed.until_condition("lab", "c", "Verified", "False/BadCredentials")
        .await;
    let registries = status(&bed, "lab", "c").await.registries;
    let said: Vec<Value> = registries
        .iter()
        .map(|state| json!([state.registry == peer.host, state.verified, state.reason]))
        .collect();
    let expected = [
        json!([true, "True", "LoggedIn"]),
        json!([false, "False", "BadCredentials"]),
    ];
    assert_eq!(said.len(), 2);
    assert!(expected.iter().all(|one| said.contains(one)), "{said:?}");
    let image = |host: &str| format!("{host}/team/app:1");
    let pod = bed.pod("lab", "one", &[&image(&peer.host)]).await;
    assert_eq!(pull_secrets(&pod), ["c"], "its other entry works");
    let pod = bed.pod("lab", "two", &[&image(&other.host)]).await;
    assert_eq!(
        pull_secrets(&pod),
        ["c"],
        "nothing else answers: it heals when the password is replaced"
    );
}

#[tokio::test]
async fn foreign_token_service_is_said_and_gets_nothing() {
    own_keyside!();
    let (bed, peer) = world(&["lab"]).await;
    let thief = Peer::start("stolen").await;
    let realm = format!("http://{}/token", thief.host);
    peer.registry
        .faults()
        .add(Script::everywhere(Fault::ForeignRealm(realm)));
    bed.credential("lab", "c", "Namespace", &[(&peer.host, &login("right"))])
        .await;
    bed.until_condition("lab", "c", "Verified", "Unknown/TokenServiceUnconfirmed")
        .await;
    assert_eq!(thief.pings(), 0);
    bed.until_condition("lab", "c", "Ready", "True/Delivered").await;
}

#[tokio::test]
async fn in_a_cluster_registries_on_loopback_are_not_asked() {
    own_keyside!();
    let mut bed = Bed::empty().await;
    bed.run(|config| config.verification = Some(Verification::default()))
        .await;
    bed.namespace("lab").await;
    let peer = Peer::start("right").await;
    bed.credential("lab", "c", "Namespace", &[(&peer.host, &login("right"))])
        .await;
    bed.until_condition("lab", "c", "Verified", "Unknown/NetworkUnreachable")
        .await;
    assert_eq!(peer.pings(), 0);
}

#[tokio::test]
async fn slow_registry_holds_up_nobody_else() {
    own_keyside!();
    let (bed, peer) = world(&["lab"]).await;
    let slow = Peer::start("right").await;
    slow.registry
        .faults()
        .add(Script::everywhere(Fault::Slow(Duration::from_secs(60))));
    for at in 0..12 {
        let secret = login(&format!("password-{at}"));
        bed.credential(
            "lab",
            &format!("slow-{at}"),
            "Namespace",
            &[(&slow.host, &secret)],
        )
        .await;
    }
    bed.credential("lab", "quick", "Namespace", &[(&peer.host, &login("right"))])
        .await;
    bed.until_condition("lab", "quick", "Verified", "True/LoggedIn")
        .await;
    bed.until_condition("lab", "slow-11", "Verified", "Unknown/Unverified")
        .await;
}

#[tokio::test]
async fn a08_namespace_that_has_many_hosts_asked_waits_and_keeps_no_other_waiting() {
    own_keyside!();
    let mut bed = Bed::empty().await;
    bed.run(|config| {
        config.verification = Some(Verification {
            loopback: true,
            author_burst: 2,
            author_refill: Duration::from_secs(3600),
            ..Verification::default()
        });
    })
    .await;
    bed.namespace("curious").await;
    bed.namespace("lab").await;
    let mut peers = Vec::new();
    for at in 0..5 {
        let peer = Peer::start("right").await;
        let name = format!("c{at}");
        bed.credential("curious", &name, "Namespace", &[(&peer.host, &login("right"))])
            .await;
        peers.push(peer);
    }
    let own = Peer::start("right").await;
    bed.credential("lab", "own", "Namespace", &[(&own.host, &login("right"))])
        .await;
    bed.until_condition("lab", "own", "Verified", "True/LoggedIn")
        .await;
    let mut asked = 0;
    bed.eventually("two hosts are asked", async || {
        asked += peers.iter().map(Peer::pings).sum::<usize>();
        (asked >= 2).then_some(())
    })
    .await;
    bed.quiet().await;
    asked += peers.iter().map(Peer::pings).sum::<usize>();
    assert_eq!(asked, 2);
}
