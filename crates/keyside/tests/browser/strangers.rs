//! Requests that nobody of ours sent: foreign hosts, other sites, old sessions, used links; and the headers of every
//! answer.

use crate::http::{Answered, Http, prepare};
use crate::pages::{another_link, base, link};
use crate::world::{has_kubectl, up};
use keyside_web as web;
use reqwest::{Method, StatusCode};

const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), serial=(), usb=()",
    ),
    ("cache-control", "no-store"),
];

fn check_headers(what: &str, answer: &Answered) {
    for (name, value) in HEADERS {
        let got = answer
            .headers
            .get(name)
            .map(|value| value.to_str().expect("text"));
        assert_eq!(got, Some(value), "{name} of {what}");
    }
    assert!(!answer.headers.contains_key("server"), "{what}");
    let hsts = answer
        .headers
        .get("strict-transport-security")
        .map(|value| value.to_str().expect("text"));
    let expected = is_over_tls().then_some("max-age=31536000; includeSubDomains");
    assert_eq!(hsts, expected, "{what}");
}

/// The embedded world's pages are on the loopback address, a cluster's behind TLS.
fn is_over_tls() -> bool {
    std::env::var_os("KEYSIDE_WORLD").is_some()
}

/// A path of a route, its parameters filled in.
fn filled(path: &str) -> String {
    path.replace("{place}", "project-default")
        .replace("{namespace}", "default")
        .replace("{kind}", "Deployment")
        .replace("/live/default/Deployment/{name}", "/live/default/Deployment/none")
        .replace("/projects/{name}", "/projects/none")
        .replace("{name}", "none")
        .replace("{file}", "none.css")
}

#[test]
fn every_route_is_closed_to_strangers_and_carries_the_headers() {
    let world = up();
    let (mut stranger, mut owner) = (Http::stranger(&world), Http::signed_in(&world));
    let site = [("sec-fetch-site", "same-origin")];
    let mut routes = 0;
    for (method, path, signed_in) in web::routes() {
        routes += 1;
        let path = filled(path);
        let form: Option<&[(&str, &str)]> = (method == Method::POST).then_some(&[]);
        let answer = stranger.send(method.clone(), &path, &site, form);
        check_headers(&format!("{method} {path}"), &answer);
        if signed_in {
            let is_part = path.starts_with("/ask/") || path.starts_with("/live/");
            if is_part {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            } else {
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{method} {path}");
                assert!(answer.location().starts_with("/sign-in"), "{method} {path}");
            }
        }
        if path != "/sign-out" && path != "/link" && path != "/sign-in" {
            let answer = owner.send(method.clone(), &path, &site, form);
            check_headers(&format!("{method} {path}, signed in"), &answer);
            assert_ne!(
                answer.status,
                StatusCode::INTERNAL_SERVER_ERROR,
                "{method} {path}: {}",
                answer.text
            );
        }
        // Whatever it is, another site's page does not get it done.
        let elsewhere = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")];
        let answer = owner.send(method.clone(), &path, &elsewhere, form);
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
        check_headers(&format!("{method} {path}, cross-site"), &answer);
        let neighbour = [("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")];
        let answer = owner.send(method, &path, &neighbour, form);
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(routes > 30, "{routes}");
}

#[test]
fn errors_carry_the_headers_too() {
    let world = up();
    let mut http = Http::signed_in(&world);
    let missing = http.get("/no-such-page");
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    check_headers("404", &missing);
    let method = http.send(
        Method::PUT,
        "/credentials",
        &[("sec-fetch-site", "same-origin")],
        Some(&[]),
    );
    assert_eq!(method.status, StatusCode::NOT_FOUND);
    check_headers("a method that is not served", &method);
    // In a cluster, what forwards a port of this machine has one of its own.
    let foreign: &[&str] = match is_over_tls() {
        true => &["evil.example", "10.0.0.1", "keyside.evil.example"],
        false => &["evil.example", "127.0.0.1", "localhost:1"],
    };
    for host in foreign {
        let answer = http.send(Method::GET, "/credentials", &[("host", host)], None);
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        check_headers(host, &answer);
        assert!(!answer.text.contains("<html"));
    }
    let long = "x".repeat(2 << 20);
    let large = http.post("/credentials/add", &[("config", &long)]);
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    check_headers("413", &large);
}

#[test]
fn a_one_time_link_works_once_and_guessing_ends_soon() {
    let world = up();
    let code = link(&world).split('#').nth(1).expect("a code").to_owned();
    let mut first = Http::stranger(&world);
    assert_eq!(
        first.post("/link", &[("code", &code)]).status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(first.get("/credentials").status, StatusCode::OK);
    let mut second = Http::stranger(&world);
    let again = second.post("/link", &[("code", &code)]);
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.text.contains("keyside up --print-link"));
    assert!(second.cookie.is_empty());
    for _ in 0..4 {
        let wrong = second.post("/sign-in", &[("token", "wrong")]);
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    }
    let code = another_link(&world).split('#').nth(1).expect("a code").to_owned();
    let late = second.post("/link", &[("code", &code)]);
    assert_eq!(late.status, StatusCode::TOO_MANY_REQUESTS);
    // Who is in stays in.
    assert_eq!(first.get("/credentials").status, StatusCode::OK);
}

#[test]
fn an_old_session_is_worth_nothing() {
    let world = up();
    let mut http = Http::signed_in(&world);
    let old = http.cookie.clone();
    assert!(old.starts_with(if is_over_tls() {
        "__Host-keyside="
    } else {
        "keyside-"
    }));
    let name = old.split('=').next().expect("a name").to_owned();
    http.post("/sign-out", &[]);
    http.cookie = old;
    assert!(http.get("/credentials").location().starts_with("/sign-in"));
    // An id that somebody else chose is not taken over.
    let mut fixed = Http::stranger(&world);
    fixed.cookie = format!("{name}=chosen");
    fixed.sign_in(&world);
    assert!(!fixed.cookie.contains("chosen"), "{}", fixed.cookie);
}

#[test]
fn a_stream_ends_with_its_session() {
    let world = up();
    let mut http = Http::signed_in(&world);
    prepare(&world, &mut http);
    let stream = http.stream("/live/default/Deployment/hello");
    http.post("/sign-out", &[]);
    assert!(stream.ends(), "the stream goes on after signing out");
}

#[test]
fn a_session_ends_with_its_token() {
    if !has_kubectl() {
        return;
    }
    let world = up();
    world.ok("create serviceaccount leaver");
    world.ok("create clusterrolebinding leaver --clusterrole=cluster-admin --serviceaccount=default:leaver");
    let token = world.ok("create token leaver");
    let mut http = Http::with_token(&world, token.trim());
    assert_eq!(http.get("/credentials").status, StatusCode::OK);
    world.ok("delete serviceaccount leaver");
    if is_over_tls() {
        // A real API server goes on believing in a token for ten seconds.
        std::thread::sleep(std::time::Duration::from_secs(12));
    }
    let answer = http.post("/projects/add", &[("name", "late"), ("namespaces", "late")]);
    assert!(answer.location().starts_with("/sign-in"), "{}", answer.status);
    assert!(http.get("/credentials").location().starts_with("/sign-in"));
    assert!(!world.ok("get projects.keyside.dev").contains("late"));
}

#[test]
fn who_saves_second_overwrites_nothing() {
    let world = up();
    let mut http = Http::signed_in(&world);
    prepare(&world, &mut http);
    let link = "/credentials/project-default/demo/edit";
    let form = http.get(link).text;
    let (credential, secret) = (
        crate::http::hidden(&form, "credential-version"),
        crate::http::hidden(&form, "secret-version"),
    );
    let registry = world.registry().to_owned();
    let save = |http: &mut Http, username: &str| {
        let fields = [
            ("credential-version", credential.as_str()),
            ("secret-version", secret.as_str()),
            ("registry", registry.as_str()),
            ("username", username),
            ("password", ""),
            ("save", "1"),
        ];
        http.post(link, &fields)
    };
    assert_eq!(save(&mut http, "first").status, StatusCode::SEE_OTHER);
    let second = save(&mut http, "second");
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert!(second.text.contains("Nothing was overwritten"));
    assert!(second.text.contains("value=\"second\""), "what was typed stays");
    assert!(http.get(link).text.contains("value=\"first\""));
}

#[test]
fn a_docker_config_keeps_every_registry_through_upload_and_edit() {
    let world = up();
    let mut http = Http::signed_in(&world);
    let config = r#"{"auths":{"quay.io":{"username":"a","password":" p1 "},"ghcr.io":{"username":"b","password":"p2"}}}"#;
    let answer = http.post(
        "/credentials/add",
        &[
            ("chosen", "file"),
            ("config", config),
            ("name", "many"),
            ("scope", "namespace"),
            ("namespace", "default"),
            ("save", "anyway"),
        ],
    );
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let link = "/credentials/default/many/edit";
    let form = http.get(link).text;
    assert!(!form.contains("p2") && !form.contains(" p1 "));
    let versions = (
        crate::http::hidden(&form, "credential-version"),
        crate::http::hidden(&form, "secret-version"),
    );
    let answer = http.post(
        link,
        &[
            ("credential-version", versions.0.as_str()),
            ("secret-version", versions.1.as_str()),
            ("registry", "quay.io"),
            ("username", "a"),
            ("password", ""),
            ("registry", "ghcr.io"),
            ("username", "b"),
            ("password", "fresh"),
            ("save", "1"),
        ],
    );
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    if !has_kubectl() {
        return;
    }
    let stored = world.run(&[
        "get",
        "secret",
        "many",
        "-o",
        "jsonpath={.data.\\.dockerconfigjson}",
    ]);
    let stored = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, stored).expect("base64");
    let stored: serde_json::Value = serde_json::from_slice(&stored).expect("JSON");
    assert_eq!(stored["auths"]["quay.io"]["password"], " p1 ");
    assert_eq!(stored["auths"]["ghcr.io"]["password"], "fresh");
    assert!(base(&world).starts_with("http://127.0.0.1:"));
}
