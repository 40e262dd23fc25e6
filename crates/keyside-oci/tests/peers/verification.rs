//! Verification over the wire.

use crate::docker_registry::{DockerRegistry, PASSWORD, USER};
use crate::layout::Layout;
use crate::server::{Reply, Seen, Server};
use keyside_keychain::{Credential, Reference};
use keyside_oci::verify::{Question, Verdict, verify, verify_within};
use keyside_oci::{Client, Network};
use std::time::{Duration, Instant};

fn login() -> Option<Credential> {
    Some(Credential::new(USER, PASSWORD))
}

fn client() -> Client {
    Client::new(&Network::default()).unwrap()
}

fn pull(image: &str, credential: Option<Credential>) -> Question {
    Question::pull(&client(), &Reference::parse(image).unwrap(), credential).unwrap()
}

async fn short(question: &Question) -> Verdict {
    verify_within(&client(), question, Duration::from_secs(2)).await
}

async fn check(question: &Question, expected: &str) {
    let verdict = verify(&client(), question).await;
    assert_eq!(format!("{}: {}", verdict.reason, verdict.detail), expected);
}

#[tokio::test]
async fn real_registry_is_judged_without_downloading() {
    let Some(registry) = DockerRegistry::start() else {
        return;
    };
    let host = &registry.host;
    registry.push(&Layout::write(&["amd64"], &[10]), "team/app");
    let wrong = || Some(Credential::new(USER, "wrong"));

    check(&pull(&format!("{host}/team/app:1"), login()), "PullAllowed: pull").await;
    check(&pull(&format!("{host}/team/app"), login()), "PullAllowed: pull").await;
    check(
        &pull(&format!("{host}/team/app:2"), login()),
        "NotFound: manifest",
    )
    .await;
    check(
        &pull(&format!("{host}/team/other"), login()),
        "NotFound: manifest",
    )
    .await;
    check(
        &pull(&format!("{host}/team/app:1"), wrong()),
        "BadCredentials: registry",
    )
    .await;
    check(
        &pull(&format!("{host}/team/app:1"), None),
        "NoCredentials: anonymous",
    )
    .await;
    check(
        &Question::login(&client(), host, login()).unwrap(),
        "LoggedIn: login only",
    )
    .await;
    check(
        &Question::login(&client(), host, wrong()).unwrap(),
        "BadCredentials: registry",
    )
    .await;
}

#[tokio::test]
async fn foreign_token_service_is_named_and_never_asked() {
    let thief = Server::start(|seen: &Seen| seen.answer(200, &[], br#"{"token":"t"}"#)).await;
    let realm = format!("Bearer realm=\"http://{}/t\"", thief.host);
    let registry =
        Server::start(move |seen: &Seen| seen.answer(401, &[("WWW-Authenticate", &realm)], b"")).await;
    check(
        &pull(&format!("{}/a/b:1", registry.host), login()),
        "TokenServiceUnconfirmed: token service",
    )
    .await;
    assert_eq!(thief.seen().len(), 0);
    assert_eq!(registry.seen().len(), 1);
    assert!(!registry.seen()[0].has_secret());
}

#[tokio::test]
async fn redirects_are_shown_and_not_followed() {
    let thief = Server::start(|seen: &Seen| seen.answer(200, &[], b"{}")).await;
    let target = format!("http://{}/v2/", thief.host);
    let registry = {
        let target = target.clone();
        Server::start(move |seen: &Seen| match seen.has_secret() {
            true => seen.answer(302, &[("Location", &target)], b""),
            false => seen.answer(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b""),
        })
        .await
    };
    let expected = format!("NotARegistry: redirect to {target}");
    check(&pull(&format!("{}/a/b:1", registry.host), login()), &expected).await;
    assert_eq!(thief.seen().len(), 0);
}

#[tokio::test]
async fn slow_and_endless_answers_end_in_time() {
    let started = Instant::now();
    let slow =
        Server::start(|_: &Seen| Reply::Slow(b"HTTP/1.1 401 X\r\nContent-Length: 99\r\n\r\n".to_vec())).await;
    let verdict = short(&pull(&format!("{}/a/b:1", slow.host), login())).await;
    assert_eq!(
        (verdict.reason.as_str(), verdict.detail.as_str()),
        ("Timeout", "timeout")
    );

    let endless = Server::start(|seen: &Seen| match seen.has_secret() {
        true => seen.answer(403, &[], b"token has expired"),
        false => Reply::Endless(b"HTTP/1.1 401 X\r\n\r\n".to_vec()),
    })
    .await;
    let verdict = short(&pull(&format!("{}/a/b:1", endless.host), login())).await;
    assert_eq!(
        verdict.reason.as_str(),
        "Expired",
        "the beginning of a refusal is enough"
    );
    assert!(
        started.elapsed() < Duration::from_secs(6),
        "{:?}",
        started.elapsed()
    );
}
