//! Registries that answer without end, without hurry or without sense: each verification ends in time with a typed verdict,
//! in little memory, and others are not held up.

use crate::image::Image;
use crate::server::{Reply, Seen, Server};
use keyside_keychain::{Credential, Reference};
use keyside_oci::verify::{Question, TIME_LIMIT, Verdict, verify};
use keyside_oci::{Client, Network};
use std::time::{Duration, Instant};

/// How much the process may grow while all of them are asked at once.
const GROWTH_MAX: u64 = 16 * 1024;
/// Honest registries that are asked beside them.
const HONEST: usize = 20;

fn head(more: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{more}\r\n").into_bytes()
}

fn challenge(seen: &Seen) -> Reply {
    let realm = format!("Bearer realm=\"http://{}/token\"", seen.header("host").unwrap());
    seen.answer(401, &[("WWW-Authenticate", &realm)], b"")
}

fn at_token(seen: &Seen, reply: impl Fn() -> Reply) -> Reply {
    match seen.target.starts_with("/token") {
        true => reply(),
        false => challenge(seen),
    }
}

async fn registries() -> Vec<(&'static str, Server, &'static str)> {
    let whole = |text: String| {
        Reply::Whole(
            [
                head(&format!("Content-Length: {}\r\n", text.len())),
                text.into_bytes(),
            ]
            .concat(),
        )
    };
    let deep = |open: &str| format!("{{\"token\":{}", open.repeat(100_000));
    vec![
        (
            "endless token",
            Server::start(move |seen: &Seen| at_token(seen, || Reply::Endless(head("")))).await,
            "NotARegistry",
        ),
        (
            "endless gzip token",
            Server::start(move |seen: &Seen| {
                at_token(seen, || Reply::Endless(head("Content-Encoding: gzip\r\n")))
            })
            .await,
            "NotARegistry",
        ),
        (
            "deep array",
            Server::start(move |seen: &Seen| at_token(seen, || whole(deep("[")))).await,
            "NotARegistry",
        ),
        (
            "deep object",
            Server::start(move |seen: &Seen| at_token(seen, || whole(deep("{\"a\":")))).await,
            "NotARegistry",
        ),
        (
            "one byte a second",
            Server::start(|_: &Seen| Reply::Slow(head("Content-Length: 100\r\n"))).await,
            "Timeout",
        ),
        (
            "head that never ends",
            Server::start(|_: &Seen| Reply::Slow(b"HTTP/1.1 200 OK\r\nX-Slow: ".to_vec())).await,
            "Timeout",
        ),
        (
            "head of a mebibyte",
            Server::start(|_: &Seen| Reply::Whole(head(&format!("X: {}\r\n", "a".repeat(1 << 20))))).await,
            "NotARegistry",
        ),
        (
            "endless head",
            Server::start(|_: &Seen| Reply::Endless(b"HTTP/1.1 200 OK\r\nX: ".to_vec())).await,
            "NotARegistry",
        ),
    ]
}

async fn ask(client: &Client, host: &str) -> Verdict {
    let image = Reference::parse(&format!("{host}/team/app:1")).unwrap();
    let login = Credential::new("robot", "s3cret-password");
    verify(client, &Question::pull(client, &image, Some(login)).unwrap()).await
}

/// Kibibytes of a line in `/proc/self/status`.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let found = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    found.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn r13_r14_hostile_registries_cost_little_and_hold_up_nobody() {
    // Memory is that of a process, so the measurement has one of its own.
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile::measured", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && shown.contains("grew by"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures the memory of its process: run by the test above"]
async fn measured() {
    let client = Client::new(&Network::default()).unwrap();
    let image = Image::new(10);
    let honest = Server::start(move |seen: &Seen| match seen.has_secret() {
        _ if seen.target.starts_with("/token") => seen.answer(200, &[], br#"{"token":"t"}"#),
        true => image.answer(seen),
        false => challenge(seen),
    })
    .await;
    assert_eq!(ask(&client, &honest.host).await.reason.as_str(), "PullAllowed");
    let hostile = registries().await;
    // The peak is counted from here.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory("VmHWM:");
    let started = Instant::now();
    let asking = hostile.iter().map(|(what, server, expected)| {
        let client = &client;
        async move { (what, ask(client, &server.host).await, expected, started.elapsed()) }
    });
    let others = (0..HONEST).map(|_| async {
        let verdict = ask(&client, &honest.host).await;
        (verdict, started.elapsed())
    });
    let (asked, others) = futures::join!(
        futures::future::join_all(asking),
        futures::future::join_all(others)
    );
    for (what, verdict, expected, took) in asked {
        assert_eq!(verdict.reason.as_str(), *expected, "{what}: {verdict:?}");
        assert!(took < TIME_LIMIT + Duration::from_secs(1), "{what} took {took:?}");
    }
    for (verdict, took) in others {
        assert_eq!(verdict.reason.as_str(), "PullAllowed");
        assert!(took < TIME_LIMIT / 2, "an honest one took {took:?}");
    }
    let grown = memory("VmHWM:").saturating_sub(before);
    eprintln!("grew by {grown} KiB");
    assert!(grown <= GROWTH_MAX, "grew by {grown} KiB");
}
