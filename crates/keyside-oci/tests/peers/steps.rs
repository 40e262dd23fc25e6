//! Verifications step by step, and through a proxy.

use crate::image::Image;
use crate::server::{Reply, Seen, Server};
use keyside_keychain::{Credential, Reference};
use keyside_oci::verify::{Question, verify, verify_in_steps};
use keyside_oci::{Client, Network, Proxy};
use std::collections::BTreeSet;

fn login() -> Option<Credential> {
    Some(Credential::new("robot", "s3cret-password"))
}

fn pull(client: &Client, host: &str) -> Question {
    let image = Reference::parse(&format!("{host}/team/app:1")).unwrap();
    Question::pull(client, &image, login()).unwrap()
}

/// The steps as words, with `+` where a time was taken.
async fn check(client: &Client, question: &Question, reason: &str, expected: &str) {
    let report = verify_in_steps(client, question).await;
    assert_eq!(report.verdict.reason.as_str(), reason);
    let words: Vec<String> = report
        .steps
        .iter()
        .map(|step| {
            let time = if step.time.is_some() { "+" } else { "" };
            format!("{} {}{time}", step.name.as_str(), step.outcome.as_str())
        })
        .collect();
    assert_eq!(words.join(", "), expected);
}

/// A registry that accepts any Bearer token, and the password or not.
async fn registry(accepts: bool) -> Server {
    let image = Image::new(10);
    Server::start(move |seen: &Seen| answer(&image, accepts, seen)).await
}

fn answer(image: &Image, accepts: bool, seen: &Seen) -> Reply {
    match seen.has_secret() {
        _ if seen.target.starts_with("/token") && accepts => seen.answer(200, &[], br#"{"token":"t"}"#),
        _ if seen.target.starts_with("/token") => seen.answer(401, &[], b""),
        true => image.answer(seen),
        false => {
            let realm = format!("Bearer realm=\"http://{}/token\"", seen.header("host").unwrap());
            seen.answer(401, &[("WWW-Authenticate", &realm)], b"")
        }
    }
}

/// A proxy that has a registry at hand for every host.
async fn proxy() -> Server {
    let image = Image::new(10);
    Server::start(move |seen: &Seen| {
        let path = seen
            .target
            .split_once("//")
            .and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned()));
        let target = path.unwrap_or_else(|| seen.target.clone());
        answer(
            &image,
            true,
            &Seen {
                target,
                ..seen.clone()
            },
        )
    })
    .await
}

#[tokio::test]
async fn steps_end_where_the_verification_ends() {
    let client = Client::new(&Network::default()).unwrap();
    let good = registry(true).await;
    let by_name = good.host.replace("127.0.0.1", "localhost");
    let all = "resolve passed+, connect passed+, registry passed+, login passed+, pull passed+";
    check(&client, &pull(&client, &by_name), "PullAllowed", all).await;
    let reused = "resolve passed, connect passed, registry passed+, login passed+, pull skipped";
    let only_login = Question::login(&client, &by_name, login()).unwrap();
    check(&client, &only_login, "LoggedIn", reused).await;
    let bad = registry(false).await;
    let refused = "resolve passed, connect passed+, registry passed+, login failed+, pull skipped";
    check(&client, &pull(&client, &bad.host), "BadCredentials", refused).await;
    let nobody = "resolve passed, connect failed+, registry skipped, login skipped, pull skipped";
    check(
        &client,
        &pull(&client, "127.0.0.1:1"),
        "ConnectionRefused",
        nobody,
    )
    .await;
    let nowhere = "resolve failed+, connect skipped, registry skipped, login skipped, pull skipped";
    check(&client, &pull(&client, "registry.invalid"), "DnsFailure", nowhere).await;
    let page = Server::start(|seen: &Seen| seen.answer(404, &[], b"")).await;
    let other = "resolve passed, connect passed+, registry failed+, login skipped, pull skipped";
    check(&client, &pull(&client, &page.host), "NotARegistry", other).await;
}

#[tokio::test]
async fn one_connection_serves_all_verifications_of_a_host() {
    let client = Client::new(&Network::default()).unwrap();
    let good = registry(true).await;
    for at in 0..10 {
        let connect = if at == 0 {
            "connect passed+"
        } else {
            "connect passed"
        };
        let expected = format!("resolve passed, {connect}, registry passed+, login passed+, pull passed+");
        check(&client, &pull(&client, &good.host), "PullAllowed", &expected).await;
    }
}

fn behind(proxy: &Server, plain: &str) -> Client {
    let variable = |name: &str| match name {
        "http_proxy" | "https_proxy" => Some(proxy.host.clone()),
        _ => None,
    };
    let network = Network {
        plain_http: BTreeSet::from([plain.to_owned()]),
        proxy: Proxy::from_variables(variable).unwrap(),
        ..Network::default()
    };
    Client::new(&network).unwrap()
}

#[tokio::test]
async fn registries_elsewhere_are_asked_through_the_proxy_and_those_here_are_not() {
    let proxy = proxy().await;
    let client = behind(&proxy, "reg.corp.test");
    let elsewhere = verify(&client, &pull(&client, "reg.corp.test")).await;
    assert_eq!(elsewhere.reason.as_str(), "PullAllowed");
    assert!(proxy.seen().len() >= 4);
    assert!(
        proxy
            .seen()
            .iter()
            .all(|seen| seen.target.starts_with("http://reg.corp.test/"))
    );
    let here = registry(true).await;
    let asked = proxy.seen().len();
    assert_eq!(
        verify(&client, &pull(&client, &here.host)).await.reason.as_str(),
        "PullAllowed"
    );
    assert_eq!(proxy.seen().len(), asked);
}

#[tokio::test]
async fn proxy_that_refuses_is_called_that() {
    let proxy =
        Server::start(|seen: &Seen| seen.answer(407, &[("Proxy-Authenticate", "Basic realm=\"p\"")], b""))
            .await;
    let client = behind(&proxy, "plain.corp.test");
    for host in ["reg.corp.test", "plain.corp.test"] {
        let verdict = verify(&client, &pull(&client, host)).await;
        assert_eq!(verdict.reason.as_str(), "ProxyError", "{host}: {verdict:?}");
    }
    assert!(proxy.seen().iter().all(|seen| !seen.has_secret()));
    let addresses = verify(&client, &pull(&client, "169.254.169.254")).await;
    assert_eq!(
        addresses.reason.as_str(),
        "NetworkUnreachable",
        "not even through a proxy"
    );
}
