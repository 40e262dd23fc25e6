//! The texts against the rules by which keyside's diagnosis reads the texts of real nodes: both must come to the same cause.

use super::*;
use crate::origin::{Origin, RegistryError};
use regex::Regex;
use serde::Deserialize;

#[derive(Deserialize)]
struct Table {
    rules: Vec<Rule>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Rule {
    cause: String,
    regex: String,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    message: String,
}

fn table() -> Table {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/cases/pull_errors.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn digest(letter: &str) -> Digest {
    Digest::parse(&format!("sha256:{}", letter.repeat(64))).unwrap()
}

fn request(error: SendError) -> Access {
    Access::Request {
        method: "Head",
        url: "https://reg.corp.test/v2/team/app/manifests/1".to_owned(),
        error,
    }
}

fn token(anonymous: bool, fault: TokenFault) -> Access {
    Access::Token { anonymous, fault }
}

fn manifest(status_code: u16) -> Access {
    Access::Manifest {
        host: "reg.corp.test".to_owned(),
        target: "1".to_owned(),
        status_code,
    }
}

fn content(status_code: u16, blob: bool, message: &str) -> Access {
    let kind = if blob { "blobs" } else { "manifests" };
    Access::Content {
        url: format!("https://reg.corp.test/v2/team/app/{kind}/{}", digest("a")),
        status_code,
        message: message.to_owned(),
        blob,
    }
}

fn transport() -> Vec<SendError> {
    let host = || "reg.corp.test".to_owned();
    let address = || "10.9.9.1:443".to_owned();
    vec![
        SendError::UnknownHost { host: host() },
        SendError::LookupFailed { host: host() },
        SendError::Forbidden { address: address() },
        SendError::Refused { address: address() },
        SendError::Unreachable { address: address() },
        SendError::ConnectTimeout { address: address() },
        SendError::Timeout,
        SendError::Reset { address: address() },
        SendError::Eof,
        SendError::UnknownAuthority,
        SendError::CertificateExpired,
        SendError::CertificateName { host: host() },
        SendError::CertificateOther,
        SendError::PlainAnswer,
        SendError::NotTls,
        SendError::Handshake,
    ]
}

const STATUSES: [u16; 9] = [401, 403, 404, 412, 429, 500, 502, 503, 504];

/// Everything that has a word in the rules.
fn failures() -> Vec<Failure> {
    let mut resolve = vec![
        Access::Denied("insufficient_scope".to_owned()),
        Access::Denied("invalid_token".to_owned()),
        Access::NotFound("reg.corp.test/team/app:1".to_owned()),
        Access::TooLarge {
            size: 5_000_000,
            name: "reg.corp.test/team/app:1".to_owned(),
        },
    ];
    resolve.extend(STATUSES.into_iter().filter(|status| *status != 404).map(manifest));
    for anonymous in [true, false] {
        let statuses: &[u16] = if anonymous {
            &[400, 401, 403, 404, 429, 500, 503]
        } else {
            &[401, 403, 429, 500, 503]
        };
        resolve.extend(
            statuses
                .iter()
                .map(|status| token(anonymous, TokenFault::Status(*status))),
        );
        resolve.extend([
            token(anonymous, TokenFault::Answer(TokenError::NotJson('<'))),
            token(anonymous, TokenFault::Answer(TokenError::Broken)),
            token(anonymous, TokenFault::Answer(TokenError::Missing)),
            token(
                anonymous,
                TokenFault::TooLarge(SendError::TooLarge { limit: 65536 }),
            ),
        ]);
        resolve.extend(transport().into_iter().map(|error| {
            let url = "https://token.invalid/token?scope=repository%3Ateam%2Fapp%3Apull&service=x".to_owned();
            token(
                anonymous,
                TokenFault::Request {
                    method: "Get",
                    url,
                    error,
                },
            )
        }));
    }
    resolve.extend(transport().into_iter().map(request));
    let mut failures: Vec<_> = resolve.into_iter().map(Failure::Resolve).collect();
    failures.extend(transport().into_iter().map(request).map(Failure::Fetch));
    failures.extend([401, 403, 429, 500, 503].map(|status| Failure::Fetch(content(status, true, ""))));
    failures.extend([401, 403, 429, 500, 503].map(|status| Failure::Fetch(content(status, false, ""))));
    let message = " - Server message: toomanyrequests: You have reached your limit. https://www.docker.com/increase-rate-limit";
    failures.push(Failure::Fetch(content(429, false, message)));
    failures.extend(content_failures());
    failures
}

fn content_failures() -> Vec<Failure> {
    vec![
        Failure::Body(SendError::Reset {
            address: "10.9.9.1:443".to_owned(),
        }),
        Failure::Body(SendError::Timeout),
        Failure::Short,
        Failure::Mismatch {
            part: "layer",
            expected: digest("a"),
            found: digest("b"),
        },
        Failure::TooLong {
            part: "layer",
            digest: digest("a"),
            size: 7,
        },
        Failure::Missing {
            digest: digest("a"),
            media_type: "application/vnd.oci.image.layer.v1.tar+gzip".to_owned(),
        },
        Failure::Platform(digest("a")),
        Failure::Page(digest("a")),
        Failure::Schema1,
        Failure::Store(io::Error::from(io::ErrorKind::StorageFull)),
        Failure::Reference(RegistryError::Host),
    ]
}

/// What no rule knows, because containerd has no such message: keyside's own limits and refusals.
fn own_failures() -> Vec<Failure> {
    let origin = |text: &str| Origin::parse(text).unwrap();
    let unconfirmed = RealmError::Unconfirmed {
        registry: origin("https://reg.corp.test"),
        service: origin("https://token.example"),
    };
    let mut access = vec![
        Access::Realm(unconfirmed),
        Access::Realm(RealmError::Unusable),
        Access::Challenge(crate::challenge::Unreadable),
        manifest(307),
        manifest(418),
        content(307, false, ""),
        token(false, TokenFault::Status(307)),
        token(false, TokenFault::Status(405)),
        token(false, TokenFault::Unsendable),
    ];
    access.extend(
        [
            SendError::HeadTooLarge,
            SendError::TooLarge { limit: 7 },
            SendError::Malformed,
            SendError::Scheme,
            SendError::ForeignOrigin,
            SendError::PlainHttp {
                host: "reg.corp.test".to_owned(),
            },
        ]
        .map(request),
    );
    let mut failures: Vec<_> = access.into_iter().map(Failure::Resolve).collect();
    failures.extend([
        Failure::NotAManifest(digest("a")),
        Failure::MediaType {
            digest: digest("a"),
            media_type: "text/plain".to_owned(),
        },
        Failure::Store(io::Error::other("read-only")),
    ]);
    failures
}

fn error(failure: Failure) -> PullError {
    PullError::new(&Reference::parse("reg.corp.test/team/app:1").unwrap(), failure)
}

fn cause_by_text(rules: &[(String, Regex)], error: &PullError) -> Option<String> {
    let text = format!(
        "Failed to pull image \"reg.corp.test/team/app:1\": {}",
        error.kubelet_message()
    );
    rules
        .iter()
        .find(|(_, regex)| regex.is_match(&text))
        .map(|(cause, _)| cause.clone())
}

fn rules() -> Vec<(String, Regex)> {
    let compiled = |rule: Rule| (rule.cause, Regex::new(&rule.regex).unwrap());
    table().rules.into_iter().map(compiled).collect()
}

#[test]
fn diagnosis_reads_the_same_cause_from_every_text() {
    let rules = rules();
    for failure in failures() {
        let error = error(failure);
        let expected = error.cause().map(|cause| cause.as_str().to_owned());
        assert_eq!(cause_by_text(&rules, &error), expected, "{error}");
    }
}

#[test]
fn what_nodes_never_say_is_not_taken_for_something_else() {
    let rules = rules();
    for failure in own_failures() {
        let error = error(failure);
        assert_eq!(cause_by_text(&rules, &error), None, "{error}");
    }
}

/// Replaces what differs from pull to pull, so that only the words are compared.
fn shapes() -> impl Fn(&str) -> String {
    let rules = [
        (r#"^Failed to pull image "[^"]*": "#, ""),
        (r"^rpc error: code = (\w+) desc = ", "$1 "),
        (r"sha256:[0-9a-f]{64}", "DIGEST"),
        (r"https?://[^\s:]+(?::\d+)?[^\s:]*(?::DIGEST)?", "URL"),
        (r"lookup \S+ on \S+:53: ", "lookup HOST: "),
        (r"lookup [\w.-]+: ", "lookup HOST: "),
        (r"tcp \S+->\S+: ", "tcp ADDRESS: "),
        (r"(dial|read) tcp [^\s:]+:\d+: ", "$1 tcp ADDRESS: "),
        (r"(https://)?\S+/\S+(:1|@DIGEST): not found$", "NAME: not found"),
        (r"pulling from host \S+ ", "pulling from host HOST "),
        (r#""[^"]*(/|URL)[^"]*""#, "\"NAME\""),
        (r"(is not yet valid): .*", "$1"),
        (
            r"certificate is (not )?valid for .*",
            "certificate is not valid for HOST",
        ),
        (
            r"DIGEST: unexpected commit digest DIGEST, expected DIGEST",
            "MISMATCH",
        ),
        (r"toomanyrequests: .*", "toomanyrequests: TEXT"),
        (r"snapshotter \w+", "snapshotter S"),
    ]
    .map(|(from, to)| (Regex::new(from).unwrap(), to));
    move |message| {
        let replaced = |text: String, (from, to): &(Regex, &str)| from.replace_all(&text, *to).into_owned();
        rules.iter().fold(message.to_owned(), replaced)
    }
}

#[test]
fn every_message_of_containerd_16_has_its_counterpart() {
    let shape = shapes();
    let produced: Vec<_> = failures()
        .into_iter()
        .map(|failure| shape(&error(failure).kubelet_message()))
        .collect();
    // Said of a name that is no reference, of a resolver that does not answer, of a signed format that nobody reads any more, and of
    // a handshake that hangs: there is no reference to pull here, and the others are told in neighbouring words.
    let exempt = [
        "repository name must be lowercase",
        "read udp",
        "no signatures",
        "TLS handshake timeout",
    ];
    let mut compared = 0;
    for case in table()
        .cases
        .into_iter()
        .filter(|case| case.name.starts_with("containerd16-"))
    {
        if exempt.iter().any(|words| case.message.contains(words)) {
            continue;
        }
        compared += 1;
        let shape = shape(&case.message);
        assert!(
            produced.contains(&shape),
            "{}\n{shape}\n\n{}",
            case.name,
            produced.join("\n")
        );
    }
    assert!(compared > 40, "only {compared} messages were compared");
}

#[test]
fn message_of_a_refused_login_is_containerds_to_the_letter() {
    let error = error(Failure::Resolve(token(false, TokenFault::Status(401))));
    insta::assert_snapshot!(error, @r#"failed to pull and unpack image "reg.corp.test/team/app:1": failed to resolve reference "reg.corp.test/team/app:1": failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized"#);
}
