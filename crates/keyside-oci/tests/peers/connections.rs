//! Requests that follow each other share one connection, on however many threads.

use crate::image::Image;
use crate::node::Node;
use crate::server::{Reply, Seen, Server};
use keyside_keychain::{Credential, Reference};
use keyside_oci::verify::{Question, verify};
use keyside_oci::{Cause, Client, Network};
use std::time::{Duration, Instant};

const CREDENTIALS: usize = 100;

fn login(at: usize) -> Credential {
    Credential::new(format!("robot-{at}"), "s3cret-password")
}

/// A registry with its own token service, which says something about a refusal.
fn behave(seen: &Seen, image: &Image, more: &[(&str, &str)]) -> Reply {
    let challenge = format!("Bearer realm=\"http://{}/token\"", seen.header("host").unwrap());
    let refused = [more, &[("WWW-Authenticate", challenge.as_str())]].concat();
    match (seen.target.starts_with("/token"), seen.header("authorization")) {
        (true, _) => seen.answer(200, more, br#"{"token":"t"}"#),
        (false, Some("bearer t")) => image.answer(seen),
        _ => seen.answer(401, &refused, br#"{"errors":[{"code":"UNAUTHORIZED"}]}"#),
    }
}

async fn verify_all(registry: &Server, count: usize) {
    let client = Client::new(&Network::default()).unwrap();
    let image = Reference::parse(&format!("{}/team/app:1", registry.host)).unwrap();
    for at in 0..count {
        let question = Question::pull(&client, &image, Some(login(at))).unwrap();
        let verdict = verify(&client, &question).await;
        assert_eq!(verdict.reason.as_str(), "PullAllowed", "{verdict:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hundred_verifications_of_one_registry_use_one_connection() {
    let image = Image::new(10);
    let registry = Server::start(move |seen: &Seen| behave(seen, &image, &[])).await;
    verify_all(&registry, CREDENTIALS).await;
    assert_eq!(registry.seen().len(), 4 * CREDENTIALS);
    assert_eq!(registry.accepted(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pull_uses_one_connection_as_long_as_nothing_is_fetched_side_by_side() {
    let image = Image {
        manifest: b"{}".to_vec(),
        ..Image::new(10)
    };
    let registry = Server::start(move |seen: &Seen| behave(seen, &image, &[])).await;
    for at in 1..=20 {
        // Head, challenge, token, head, manifest, and there it ends: each node has a client of its own.
        let node = Node::new("amd64");
        let error = node.pull_app(&registry.host, Some(&login(at))).await.unwrap_err();
        assert_eq!(error.cause(), Some(Cause::UnsupportedManifest), "{error}");
        assert_eq!((registry.accepted(), registry.seen().len()), (at, 4 * at));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_waits_for_a_connection_that_the_registry_ends() {
    let image = Image::new(10);
    let registry = Server::start(move |seen: &Seen| {
        let Reply::Whole(bytes) = behave(seen, &image, &[("Connection", "close")]) else {
            unreachable!("it always answers at once")
        };
        Reply::Cut(bytes)
    })
    .await;
    let started = Instant::now();
    verify_all(&registry, 1).await;
    assert_eq!(registry.accepted(), registry.seen().len());
    // Three of the four requests would have waited half a second each.
    assert!(
        started.elapsed() < Duration::from_millis(1200),
        "{:?}",
        started.elapsed()
    );
}
