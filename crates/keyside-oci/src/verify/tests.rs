//! The table of registries' habits, row by row, and what no row says.

use super::*;
use crate::call::Call;
use crate::client::Network;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use std::collections::BTreeMap;
use url::Url;

#[derive(Deserialize)]
struct Table {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    address: String,
    registry: String,
    repository: Option<String>,
    reference: Option<String>,
    credential: Option<Login>,
    #[serde(default)]
    confirmed_token_services: Vec<String>,
    responses: Vec<Scripted>,
    expected_requests: Vec<Asked>,
    verdict: String,
    detail: String,
}

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
}

#[derive(Deserialize)]
struct Scripted {
    #[serde(rename = "match")]
    matcher: Asked,
    #[serde(flatten)]
    reply: Reply,
    accept_must_include: Option<String>,
    #[serde(rename = "else")]
    otherwise: Option<Reply>,
}

#[derive(Clone, Deserialize)]
struct Reply {
    status: Option<u16>,
    error: Option<String>,
    #[serde(default)]
    headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    body: Option<String>,
}

/// A request as the table writes it: the address without service and scope.
#[derive(Clone, Debug, Deserialize, PartialEq)]
struct Asked {
    method: String,
    url: String,
    auth: String,
    #[serde(default)]
    scope: Option<String>,
}

impl Asked {
    fn of(call: &Call) -> Self {
        let mut url = call.url().clone();
        let scope = url
            .query_pairs()
            .find(|(name, _)| name == "scope")
            .map(|(_, value)| value.into_owned());
        let kept: Vec<_> = call
            .url()
            .query_pairs()
            .into_owned()
            .filter(|(name, _)| name != "scope" && name != "service")
            .collect();
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
        Self {
            method: call.method().to_string(),
            url: url.to_string(),
            auth: call.secret_kind().unwrap_or("none").to_owned(),
            scope,
        }
    }
}

fn reply(scripted: &Scripted, call: &Call) -> Response {
    let accepted = |kind: &String| call.accept().is_some_and(|accept| accept.contains(kind.as_str()));
    let reply = match &scripted.accept_must_include {
        Some(kind) if !accepted(kind) => scripted.otherwise.as_ref().unwrap(),
        _ => &scripted.reply,
    };
    if let Some(error) = &reply.error {
        return Err(transport_error(error));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in reply.headers.iter().flatten() {
        headers.append(
            HeaderName::try_from(name).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    Ok(Answer {
        status: reply.status.unwrap(),
        headers,
        body: reply.body.clone().unwrap_or_default().into_bytes(),
    })
}

fn transport_error(class: &str) -> SendError {
    let host = || "reg.corp.example".to_owned();
    match class {
        "dns" => SendError::UnknownHost { host: host() },
        "refused" => SendError::Refused { address: host() },
        "timeout" => SendError::Timeout,
        "reset" => SendError::Reset { address: host() },
        "http-on-https" => SendError::PlainAnswer,
        "tls-unknown-authority" => SendError::UnknownAuthority,
        "tls-expired" => SendError::CertificateExpired,
        "tls-name" => SendError::CertificateName { host: host() },
        other => panic!("unknown class of error {other}"),
    }
}

fn question(case: &Case) -> Question {
    let client = Client::new(&Network::default()).unwrap();
    let credential = case.credential.as_ref();
    let credential =
        credential.map(|login| Credential::new(login.username.as_str(), login.password.as_str()));
    let confirmed = case
        .confirmed_token_services
        .iter()
        .map(|text| Origin::parse(text).unwrap())
        .collect();
    let question = match &case.repository {
        None => Question::login(&client, &case.address, credential),
        Some(repository) => {
            let tag = case
                .reference
                .iter()
                .map(|tag| format!(":{tag}"))
                .collect::<String>();
            let image = Reference::parse(&format!("{}/{repository}{tag}", case.address)).unwrap();
            Question::pull(&client, &image, credential)
        }
    };
    question.unwrap().confirming(confirmed)
}

fn run(question: &Question, responses: &[Scripted]) -> (Verdict, Vec<Asked>) {
    let (mut asked, mut step) = (Vec::new(), begin(question));
    loop {
        match step {
            Step::Done(verdict) => return (verdict, asked),
            Step::Ask(state, call) => {
                let request = Asked::of(&call);
                let fits = |scripted: &&Scripted| scripted.matcher == request;
                let found = responses
                    .iter()
                    .find(fits)
                    .unwrap_or_else(|| panic!("nothing answers {request:?}"));
                asked.push(request);
                assert!(asked.len() < 10, "does not end: {asked:?}");
                step = next(question, &state, &reply(found, &call));
            }
        }
    }
}

#[test]
fn every_registry_in_the_table_is_judged_right_with_the_right_questions() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/cases/verify.json");
    let table: Table = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(table.cases.len() >= 60);
    for case in table.cases {
        let question = question(&case);
        assert_eq!(
            question.registry().origin().to_string(),
            format!("https://{}", case.registry),
            "{}",
            case.name
        );
        let (verdict, asked) = run(&question, &case.responses);
        assert_eq!(
            (verdict.reason.as_str(), verdict.detail.as_str()),
            (&*case.verdict, &*case.detail),
            "{}",
            case.name
        );
        assert_eq!(asked, case.expected_requests, "{}", case.name);
    }
}

fn scripted(matcher: (&str, &str, &str), status: u16, headers: &[(&str, &str)], body: &str) -> Scripted {
    let url = Url::parse(&format!("https://reg.corp.example{}", matcher.1)).unwrap();
    let scope = url
        .query_pairs()
        .find(|(name, _)| name == "scope")
        .map(|(_, value)| value.into_owned());
    Scripted {
        matcher: Asked {
            method: matcher.0.to_owned(),
            url: url[..url::Position::AfterPath].to_owned(),
            auth: matcher.2.to_owned(),
            scope,
        },
        reply: Reply {
            status: Some(status),
            error: None,
            headers: Some(
                headers
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
            ),
            body: Some(body.to_owned()),
        },
        accept_must_include: None,
        otherwise: None,
    }
}

fn login() -> Credential {
    Credential::new("u", "p")
}

fn ask(image: Option<&str>, credential: Option<Credential>) -> Question {
    let client = Client::new(&Network::default()).unwrap();
    match image {
        None => Question::login(&client, "reg.corp.example", credential).unwrap(),
        Some(path) => {
            let image = Reference::parse(&format!("reg.corp.example/{path}")).unwrap();
            Question::pull(&client, &image, credential).unwrap()
        }
    }
}

#[track_caller]
fn check(question: &Question, responses: &[Scripted], verdict: &str, standing: Standing) {
    let (found, asked) = run(question, responses);
    assert_eq!(found.reason.as_str(), verdict, "{asked:?}");
    assert_eq!(found.reason.standing(), standing);
    assert_eq!(asked.len(), responses.len(), "{asked:?}");
}

const BEARER: (&str, &str) = ("WWW-Authenticate", "Bearer realm=\"https://reg.corp.example/t\"");
const BASIC: (&str, &str) = ("WWW-Authenticate", "Basic realm=\"r\"");
const PING: (&str, &str, &str) = ("GET", "/v2/", "none");
const SCOPED: &str = "/t?scope=repository:a/b:pull";

#[test]
fn limits_and_outages_never_judge_the_credential() {
    for (status, verdict) in [
        (429, "RateLimited"),
        (500, "RegistryError"),
        (503, "RegistryError"),
        (504, "RegistryError"),
    ] {
        let question = ask(Some("a/b:1"), Some(login()));
        let ping = || scripted(PING, 401, &[BEARER], "");
        let token = || scripted(("GET", "/t", "basic"), 200, &[], "{}");
        let scope = || scripted(("GET", SCOPED, "basic"), 200, &[], r#"{"token":"t"}"#);
        let fails = |matcher| scripted(matcher, status, &[("Retry-After", "30")], "expired");
        check(&question, &[fails(PING)], verdict, Standing::Unknown);
        check(
            &question,
            &[ping(), fails(("GET", "/t", "basic"))],
            verdict,
            Standing::Unknown,
        );
        check(
            &question,
            &[ping(), token(), fails(("GET", SCOPED, "basic"))],
            verdict,
            Standing::Unknown,
        );
        let manifest = ("HEAD", "/v2/a/b/manifests/1", "bearer");
        check(
            &question,
            &[ping(), token(), scope(), fails(manifest)],
            verdict,
            Standing::Unknown,
        );
        let basic = || scripted(PING, 401, &[BASIC], "");
        check(
            &question,
            &[basic(), fails(("GET", "/v2/", "basic"))],
            verdict,
            Standing::Unknown,
        );
    }
}

#[test]
fn pause_is_reported_and_bounded() {
    let pause = |header: &str| {
        run(
            &ask(None, None),
            &[scripted(PING, 429, &[("Retry-After", header)], "")],
        )
        .0
        .retry_after
    };
    assert_eq!(pause("30"), Some(Duration::from_secs(30)));
    assert_eq!(pause("99999999999"), Some(Duration::from_secs(86_400)));
    assert_eq!(pause("Fri, 31 Dec 1999 23:59:59 GMT"), None);
}

#[test]
fn login_without_a_repository_is_not_called_more() {
    let ping = |challenge| scripted(PING, 401, &[challenge], "");
    let token = |status, body: &str| scripted(("GET", "/t", "basic"), status, &[], body);
    let basic = |status| scripted(("GET", "/v2/", "basic"), status, &[], "");
    let question = ask(None, Some(login()));
    check(
        &question,
        &[ping(BEARER), token(200, "{}")],
        "LoggedIn",
        Standing::True,
    );
    check(
        &question,
        &[ping(BEARER), token(400, "")],
        "Unverified",
        Standing::Unknown,
    );
    check(
        &question,
        &[ping(BEARER), token(403, "")],
        "BadCredentials",
        Standing::False,
    );
    check(
        &question,
        &[ping(BEARER), token(403, "has Expired")],
        "Expired",
        Standing::False,
    );
    check(
        &question,
        &[ping(BEARER), token(200, "<html>")],
        "NotARegistry",
        Standing::Unknown,
    );
    check(&question, &[ping(BASIC), basic(200)], "LoggedIn", Standing::True);
    check(
        &question,
        &[ping(BASIC), basic(401)],
        "BadCredentials",
        Standing::False,
    );
    check(&ask(None, None), &[ping(BASIC)], "Unverified", Standing::Unknown);
    check(&ask(None, None), &[ping(BEARER)], "Unverified", Standing::Unknown);
}

#[test]
fn token_service_that_knows_forms_alone_is_asked_with_forms() {
    let form = |status, body: &str| scripted(("POST", "/t", "form"), status, &[], body);
    for unknown in [404, 405] {
        let ping = || scripted(PING, 401, &[BEARER], "");
        let basic = || scripted(("GET", "/t", "basic"), unknown, &[], "");
        let manifest = scripted(("HEAD", "/v2/a/b/manifests/1", "bearer"), 200, &[], "");
        // Both forms look alike from outside; one answer serves them.
        let token = form(200, r#"{"access_token":"t"}"#);
        let question = ask(Some("a/b:1"), Some(login()));
        let (verdict, asked) = run(&question, &[ping(), basic(), token, manifest]);
        assert_eq!(verdict.reason, Reason::PullAllowed);
        let ways: Vec<_> = asked.iter().map(|asked| asked.auth.as_str()).collect();
        assert_eq!(ways, ["none", "basic", "form", "form", "bearer"]);

        let login_only = ask(None, Some(login()));
        let refused = |status, body: &str, verdict: &str, standing| {
            check(
                &login_only,
                &[ping(), basic(), form(status, body)],
                verdict,
                standing,
            );
        };
        refused(401, "", "BadCredentials", Standing::False);
        refused(
            400,
            r#"{"error":"invalid_grant"}"#,
            "BadCredentials",
            Standing::False,
        );
        refused(
            400,
            r#"{"error":"invalid_request"}"#,
            "Unverified",
            Standing::Unknown,
        );
        refused(429, "", "RateLimited", Standing::Unknown);
        // Neither way without a scope: the usual one with it. What takes no question refuses no credential.
        let scope = || scripted(("GET", SCOPED, "basic"), 405, &[], "");
        check(
            &question,
            &[ping(), basic(), form(405, ""), scope()],
            "RegistryError",
            Standing::Unknown,
        );
    }
}

#[test]
fn anonymous_pull_needs_no_login() {
    let ping = scripted(PING, 401, &[BASIC], "");
    let manifest = |status| scripted(("HEAD", "/v2/a/b/manifests/1", "none"), status, &[], "");
    let question = ask(Some("a/b:1"), None);
    check(&question, &[ping, manifest(200)], "PullAllowed", Standing::True);
    let ping = scripted(PING, 401, &[BASIC], "");
    check(
        &question,
        &[ping, manifest(401)],
        "NoCredentials",
        Standing::Unknown,
    );
}

#[test]
fn digest_is_asked_for_itself() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let question = ask(Some(&format!("a/b:1@{digest}")), Some(login()));
    let path = format!("/v2/a/b/manifests/{digest}");
    let responses = [
        scripted(PING, 200, &[], "{}"),
        scripted(("GET", "/v2/", "basic"), 200, &[], "{}"),
        scripted(("HEAD", &path, "basic"), 405, &[], ""),
        scripted(("GET", &path, "basic"), 200, &[], "{}"),
    ];
    check(&question, &responses, "PullAllowed", Standing::True);
}

#[test]
fn detail_never_repeats_what_the_registry_says() {
    let target = "https://user:s3cret@other.example/v2/?token=s3cret#s3cret";
    let (verdict, _) = run(
        &ask(None, None),
        &[scripted(PING, 302, &[("Location", target)], "s3cret")],
    );
    assert_eq!(verdict.detail, "redirect to https://other.example/v2/");
    let (verdict, _) = run(
        &ask(None, None),
        &[scripted(PING, 302, &[("Location", "javascript:s3cret")], "")],
    );
    assert_eq!(verdict.detail, "redirect");
}
