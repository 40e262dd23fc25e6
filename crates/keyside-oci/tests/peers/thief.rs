//! Registries that try to get a credential to somebody else, and a thief who listens there.

use crate::image::Image;
use crate::node::{Node, options};
use crate::server::{Reply, Seen, Server};
use keyside_keychain::Credential;
use keyside_oci::{Cause, Network, Options, Origin};
use std::collections::{BTreeMap, BTreeSet};

fn login() -> Credential {
    Credential::new("robot", "s3cret-password")
}

/// Hands out tokens and images to everybody, and keeps what it gets.
async fn thief() -> Server {
    let image = Image::new(100);
    Server::start(move |seen: &Seen| match seen.target.starts_with("/v2/") {
        true => image.answer(seen),
        false => seen.answer(200, &[], br#"{"token":"t"}"#),
    })
    .await
}

/// A registry that answers requests without a secret with a challenge, and gives the image to a Bearer token.
async fn challenging(challenge: String, image: Image) -> Server {
    Server::start(move |seen: &Seen| match seen.header("authorization") {
        _ if seen.target.starts_with("/token") => seen.answer(200, &[], br#"{"token":"t"}"#),
        Some("bearer t") => image.answer(seen),
        _ => seen.answer(401, &[("WWW-Authenticate", &challenge)], b""),
    })
    .await
}

#[tokio::test]
async fn foreign_token_service_gets_nothing_at_all() {
    let thief = thief().await;
    let name = thief.host.replace("127.0.0.1", "localhost");
    for realm in [
        format!("http://{}/t", thief.host),
        format!("http://{name}/t"),
        format!("http://u:p@{}/t", thief.host),
    ] {
        let registry = challenging(format!("Bearer realm=\"{realm}\",service=\"s\""), Image::new(10)).await;
        let error = Node::new("amd64")
            .pull_app(&registry.host, Some(&login()))
            .await
            .unwrap_err();
        assert_eq!(error.cause(), Some(Cause::TokenServiceUnconfirmed), "{error}");
        assert!(error.unconfirmed().is_some());
        assert_eq!(thief.seen().len(), 0, "{realm}");
        assert!(registry.seen().iter().all(|seen| !seen.has_secret()));
    }
}

#[tokio::test]
async fn confirmed_token_service_gets_the_password_of_its_registry_alone() {
    let service = thief().await;
    let registry = challenging(
        format!("Bearer realm=\"http://{}/t\",service=\"s\"", service.host),
        Image::new(10),
    )
    .await;
    let confirmed = |host: &str| Options {
        token_services: BTreeMap::from([(
            host.to_owned(),
            vec![Origin::parse(&format!("http://{}", service.host)).unwrap()],
        )]),
        ..options()
    };
    let other = Node::with(confirmed("127.0.0.1:1"))
        .pull_app(&registry.host, Some(&login()))
        .await
        .unwrap_err();
    assert_eq!(
        other.cause(),
        Some(Cause::TokenServiceUnconfirmed),
        "pairs are confirmed, not services"
    );
    assert_eq!(service.seen().len(), 0);

    Node::with(confirmed(&registry.host))
        .pull_app(&registry.host, Some(&login()))
        .await
        .unwrap();
    let seen = service.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((&*seen[0].method, &*seen[0].target), ("POST", "/t"));
    assert_eq!(
        seen[0].body,
        "grant_type=password&service=s&client_id=keyside&scope=repository%3Ateam%2Fapp%3Apull&username=robot&password=s3cret-password"
    );
    assert_eq!(seen[0].header("authorization"), None);
    assert!(registry.seen().iter().all(|seen| {
        seen.body.is_empty()
            && seen
                .header("authorization")
                .is_none_or(|value| value == "bearer t")
    }));
}

/// A registry whose token service answers forms with this status, and knows the older way.
async fn without_forms(status: u16) -> Server {
    Server::start(move |seen: &Seen| {
        let token = seen.target.starts_with("/token");
        match (token, seen.method.as_str(), seen.header("authorization")) {
            // What a form is refused with must not lead anywhere else.
            (true, "POST", _) => {
                let elsewhere = "Bearer realm=\"http://127.0.0.1:1/t\"";
                seen.answer(status, &[("WWW-Authenticate", elsewhere)], b"{}")
            }
            (true, _, Some(_)) => seen.answer(200, &[], br#"{"token":"t"}"#),
            (false, _, Some("bearer t")) => Image::new(10).answer(seen),
            _ => {
                let realm = format!(
                    "Bearer realm=\"http://{}/token\",service=\"s\"",
                    seen.header("host").unwrap()
                );
                seen.answer(401, &[("WWW-Authenticate", &realm)], b"")
            }
        }
    })
    .await
}

#[tokio::test]
async fn token_service_that_takes_no_forms_is_asked_the_older_way_at_the_same_address() {
    let asked = |registry: &Server| -> Vec<(String, String)> {
        let seen = registry.seen().into_iter();
        seen.filter(|seen| seen.target.starts_with("/token"))
            .map(|seen| (seen.method, seen.target))
            .collect()
    };
    let form = ("POST".to_owned(), "/token".to_owned());
    let basic = (
        "GET".to_owned(),
        "/token?service=s&scope=repository%3Ateam%2Fapp%3Apull".to_owned(),
    );
    for status in [400, 401, 404, 405] {
        let registry = without_forms(status).await;
        Node::new("amd64")
            .pull_app(&registry.host, Some(&login()))
            .await
            .unwrap();
        assert_eq!(asked(&registry), [form.clone(), basic.clone()], "{status}");
    }
    for (status, cause) in [
        (403, Cause::NoPullScope),
        (429, Cause::RateLimited),
        (500, Cause::RegistryError),
    ] {
        let registry = without_forms(status).await;
        let refused = Node::new("amd64").pull_app(&registry.host, Some(&login())).await;
        assert_eq!(refused.unwrap_err().cause(), Some(cause));
        assert_eq!(asked(&registry), std::slice::from_ref(&form), "{status}");
    }
}

#[tokio::test]
async fn identity_token_is_never_tried_as_a_password() {
    let registry = without_forms(405).await;
    let token = Credential::new("<token>", "id-token");
    Node::new("amd64")
        .pull_app(&registry.host, Some(&token))
        .await
        .unwrap_err();
    let seen = registry.seen();
    assert!(seen.iter().all(|seen| seen.header("authorization").is_none()));
    let forms: Vec<_> = seen.iter().filter(|seen| !seen.body.is_empty()).collect();
    assert_eq!(forms.len(), 1);
}

#[tokio::test]
async fn anonymous_pulls_may_follow_a_foreign_token_service() {
    let service = thief().await;
    let registry = challenging(
        format!("Bearer realm=\"http://{}/t\"", service.host),
        Image::new(10),
    )
    .await;
    Node::new("amd64").pull_app(&registry.host, None).await.unwrap();
    assert!(service.seen().iter().all(|seen| !seen.has_secret()));
}

#[tokio::test]
async fn redirect_of_a_request_with_a_secret_is_not_followed() {
    let thief = thief().await;
    let target = format!("http://{}/v2/team/app/manifests/1", thief.host);
    for status in [301, 302, 303, 307, 308] {
        let target = target.clone();
        let registry = Server::start(move |seen: &Seen| match seen.has_secret() {
            true => seen.answer(status, &[("Location", &target)], b""),
            false => seen.answer(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b""),
        })
        .await;
        let error = Node::new("amd64")
            .pull_app(&registry.host, Some(&login()))
            .await
            .unwrap_err();
        assert_eq!(error.cause(), Some(Cause::NotARegistry), "{error}");
        assert_eq!(thief.seen().len(), 0, "{status}");
    }
    let token = format!("http://{}/t", thief.host);
    let registry = Server::start(move |seen: &Seen| match seen.target.starts_with("/token") {
        true => seen.answer(307, &[("Location", &token)], b""),
        false => {
            let realm = format!("Bearer realm=\"http://{}/token\"", seen.header("host").unwrap());
            seen.answer(401, &[("WWW-Authenticate", &realm)], b"")
        }
    })
    .await;
    Node::new("amd64")
        .pull_app(&registry.host, Some(&login()))
        .await
        .unwrap_err();
    assert_eq!(thief.seen().len(), 0);
}

#[tokio::test]
async fn redirected_layer_is_fetched_without_the_secret() {
    let image = Image::new(5000);
    let storage = {
        let image = image.clone();
        Server::start(move |seen: &Seen| seen.answer(200, &[], &image.layer)).await
    };
    let target = format!("http://{}/layer?X-Amz-Signature=abc", storage.host);
    let registry = Server::start(move |seen: &Seen| match seen.header("authorization") {
        None => seen.answer(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b""),
        Some(_) if seen.target == image.layer_path() => seen.answer(307, &[("Location", &target)], b""),
        Some(_) => image.answer(seen),
    })
    .await;
    Node::new("amd64")
        .pull_app(&registry.host, Some(&login()))
        .await
        .unwrap();
    let seen = storage.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].target, "/layer?X-Amz-Signature=abc");
    assert!(!seen[0].has_secret());
    assert!(!seen[0].head.contains("referer"));
}

#[tokio::test]
async fn three_redirects_are_enough() {
    let image = Image::new(10);
    let registry = Server::start(move |seen: &Seen| match seen.target.strip_prefix("/hop") {
        None if seen.target == image.layer_path() => seen.answer(302, &[("Location", "/hop1")], b""),
        None => image.answer(seen),
        Some(number) => {
            let next = format!("/hop{}", number.parse::<u32>().unwrap() + 1);
            seen.answer(302, &[("Location", &next)], b"")
        }
    })
    .await;
    let error = Node::new("amd64")
        .pull_app(&registry.host, None)
        .await
        .unwrap_err();
    assert_eq!(error.cause(), Some(Cause::NotARegistry), "{error}");
    assert_eq!(
        registry
            .seen()
            .iter()
            .filter(|seen| seen.target.starts_with("/hop"))
            .count(),
        3
    );
}

#[tokio::test]
async fn registry_elsewhere_cannot_make_the_node_dial_itself_or_the_metadata_service() {
    let thief = thief().await;
    let targets = [
        format!("http://{}/x", thief.host),
        format!("http://localhost:{}/x", thief.port()),
        format!("http://[::ffff:127.0.0.1]:{}/x", thief.port()),
        format!("http://2130706433:{}/x", thief.port()),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://[fd00:ec2::254]/".to_owned(),
        "https://0.0.0.0/".to_owned(),
        "ftp://files.example/x".to_owned(),
        "https://user:pass@files.example/x".to_owned(),
        "http://plain.example/x".to_owned(),
    ];
    for target in targets {
        let (image, location) = (Image::new(10), target.clone());
        let registry = Server::start(move |seen: &Seen| match seen.target == image.layer_path() {
            true => seen.answer(307, &[("Location", &location)], b""),
            false => image.answer(seen),
        })
        .await;
        let node = Node::with(at_name(&registry));
        let error = node
            .pull_app(&format!("reg.corp.test:{}", registry.port()), None)
            .await
            .unwrap_err();
        let expected = [Some(Cause::NetworkUnreachable), Some(Cause::NotARegistry)];
        assert!(expected.contains(&error.cause()), "{target}: {error}");
        assert_eq!(thief.seen().len(), 0, "{target}");
    }
}

/// A node that knows the registry by the name `reg.corp.test`, which is not this machine's.
fn at_name(registry: &Server) -> Options {
    Options {
        network: Network {
            plain_http: BTreeSet::from([format!("reg.corp.test:{}", registry.port())]),
            hosts: BTreeMap::from([("reg.corp.test".to_owned(), registry.host.parse().unwrap())]),
            ..Network::default()
        },
        ..options()
    }
}

#[tokio::test]
async fn unreadable_or_unknown_challenge_never_becomes_basic() {
    for challenge in [
        "Bearer realm=\"http://127.0.0.1/t,service=s",
        "Basic realm=\"r\", Bearer realm=",
        "Bearer realm=\"a\",realm=\"b\", Basic realm=\"r\"",
        "Negotiate",
        "Bearer",
        "Bearer realm=\"/token\", Basic realm=\"r\"",
    ] {
        let registry = challenging(challenge.to_owned(), Image::new(10)).await;
        Node::new("amd64")
            .pull_app(&registry.host, Some(&login()))
            .await
            .unwrap_err();
        assert!(
            registry.seen().iter().all(|seen| !seen.has_secret()),
            "{challenge}"
        );
    }
}

#[tokio::test]
async fn identity_token_is_sent_in_a_form() {
    let registry =
        Server::start(
            move |seen: &Seen| match (seen.method.as_str(), seen.header("authorization")) {
                ("POST", None) if seen.target == "/token" => {
                    seen.answer(200, &[], br#"{"access_token":"t"}"#)
                }
                (_, Some("bearer t")) => Image::new(10).answer(seen),
                _ => {
                    let realm = format!(
                        "Bearer realm=\"http://{}/token\",service=\"s\"",
                        seen.header("host").unwrap()
                    );
                    seen.answer(401, &[("WWW-Authenticate", &realm)], b"")
                }
            },
        )
        .await;
    let token = Credential::new("<token>", "id+token/=");
    Node::new("amd64")
        .pull_app(&registry.host, Some(&token))
        .await
        .unwrap();
    let seen = registry.seen();
    let post = seen.iter().find(|seen| seen.method == "POST").unwrap();
    assert_eq!(
        post.body,
        "grant_type=refresh_token&service=s&client_id=keyside&scope=repository%3Ateam%2Fapp%3Apull&refresh_token=id%2Btoken%2F%3D"
    );
}

#[tokio::test]
async fn token_that_expires_on_the_way_is_renewed_once() {
    let image = Image::new(10);
    let registry = Server::start(move |seen: &Seen| {
        let late = seen.target == image.layer_path() && seen.header("authorization") == Some("bearer first");
        match (seen.header("authorization"), seen.target.starts_with("/token")) {
            (_, true) if seen.head.contains("x-never") => Reply::Cut(Vec::new()),
            (_, true) => {
                let fresh = NUMBER.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let token: &[u8] = if fresh == 0 {
                    br#"{"token":"first"}"#
                } else {
                    br#"{"token":"second"}"#
                };
                seen.answer(200, &[], token)
            }
            (Some("bearer first" | "bearer second"), _) if !late => image.answer(seen),
            _ => {
                let challenge = format!(
                    "Bearer realm=\"http://{}/token\",error=\"invalid_token\"",
                    seen.header("host").unwrap()
                );
                seen.answer(401, &[("WWW-Authenticate", &challenge)], b"")
            }
        }
    })
    .await;
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    Node::new("amd64")
        .pull_app(&registry.host, Some(&login()))
        .await
        .unwrap();
    assert_eq!(
        registry
            .seen()
            .iter()
            .filter(|seen| seen.target.starts_with("/token"))
            .count(),
        2
    );
}

#[tokio::test]
async fn registry_cannot_print_the_credential() {
    let registry = Server::start(
        |seen: &Seen| match (seen.method.as_str(), seen.header("authorization")) {
            (_, None) => seen.answer(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b""),
            ("HEAD", Some(_)) => seen.answer(405, &[], b""),
            _ => seen.answer(
                403,
                &[],
                br#"{"errors":[{"code":"DENIED","message":"robot / s3cret-password"}]}"#,
            ),
        },
    )
    .await;
    let error = Node::new("amd64")
        .pull_app(&registry.host, Some(&login()))
        .await
        .unwrap_err();
    let shown = format!("{error} {error:?} {}", error.kubelet_message());
    assert!(!shown.contains("s3cret") && !shown.contains("robot"), "{shown}");
}
