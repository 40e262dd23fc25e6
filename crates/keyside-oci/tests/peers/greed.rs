//! Registries that give too much, too slowly, or nonsense.

use crate::image::Image;
use crate::node::Node;
use crate::server::{Reply, Seen, Server};
use keyside_oci::Cause;
use std::time::{Duration, Instant};

/// Long enough for the limits of the tests' nodes, and far from a hang.
const PATIENCE: Duration = Duration::from_secs(8);

async fn check(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static, cause: Cause, words: &str) {
    let server = Server::start(script).await;
    let started = Instant::now();
    let error = Node::new("amd64").pull_app(&server.host, None).await.unwrap_err();
    assert_eq!(error.cause(), Some(cause), "{error}");
    assert!(error.to_string().contains(words), "{error}");
    assert!(started.elapsed() < PATIENCE, "took {:?}", started.elapsed());
    assert!(server.seen().len() < 20, "asked {} times", server.seen().len());
}

fn head(more: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{more}\r\n").into_bytes()
}

#[tokio::test]
async fn endless_manifest_ends_at_the_limit() {
    let script = |seen: &Seen| match seen.method.as_str() {
        "HEAD" => seen.answer(405, &[], b""),
        _ => Reply::Endless(head("Content-Type: application/vnd.oci.image.index.v1+json\r\n")),
    };
    check(script, Cause::NotARegistry, "answer is larger than 4194304 bytes").await;
    let promised = |seen: &Seen| match seen.method.as_str() {
        "HEAD" => Reply::Whole(head(
            "Content-Length: 4194305\r\nDocker-Content-Digest: sha256:0000000000000000000000000000000000000000000000000000000000000000\r\n",
        )),
        _ => seen.answer(500, &[], b""),
    };
    check(promised, Cause::NotFound, "rejecting 4194305 byte manifest").await;
}

#[tokio::test]
async fn endless_token_ends_at_the_limit() {
    let server = Server::start(|seen| match seen.target.starts_with("/token") {
        true => Reply::Endless(head("")),
        false => {
            let realm = format!("Bearer realm=\"http://{}/token\"", seen.header("host").unwrap());
            seen.answer(401, &[("WWW-Authenticate", &realm)], b"")
        }
    })
    .await;
    let error = Node::new("amd64").pull_app(&server.host, None).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("unable to decode token response: answer is larger than 65536 bytes"),
        "{error}"
    );
    assert_eq!(error.cause(), Some(Cause::NotARegistry));
}

#[tokio::test]
async fn long_heads_are_not_read() {
    for size in [40_000, 1 << 20] {
        let script = move |_: &Seen| {
            Reply::Whole(head(&format!(
                "Content-Length: 0\r\nX-Long: {}\r\n",
                "a".repeat(size)
            )))
        };
        check(
            script,
            Cause::NotARegistry,
            "response headers exceeded 32768 bytes",
        )
        .await;
    }
    let many = |_: &Seen| Reply::Whole(head(&"X: 1\r\n".repeat(100_000)));
    check(many, Cause::NotARegistry, "response headers exceeded 32768 bytes").await;
}

#[tokio::test]
async fn slow_answers_time_out() {
    let slow_manifest = |seen: &Seen| match seen.method.as_str() {
        "HEAD" => seen.answer(405, &[], b""),
        _ => Reply::Slow(head("Content-Length: 1000\r\n")),
    };
    check(slow_manifest, Cause::Timeout, "context deadline exceeded").await;
    check(
        |_| Reply::Slow(b"HTTP/1.1 200 OK\r\nX-Slow: ".to_vec()),
        Cause::Timeout,
        "context deadline exceeded",
    )
    .await;
    for pace in [Reply::Slow, Reply::Whole] {
        let image = Image::new(1000);
        let blob = move |seen: &Seen| match seen.target == image.layer_path() {
            true => pace(head("Content-Length: 1000\r\n")),
            false => image.answer(seen),
        };
        check(blob, Cause::Timeout, "failed to copy: context deadline exceeded").await;
    }
}

#[tokio::test]
async fn what_is_not_http_is_said_to_be_that() {
    check(
        |_| Reply::Cut(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        Cause::NotARegistry,
        "malformed HTTP response",
    )
    .await;
    check(|_| Reply::Cut(Vec::new()), Cause::Interrupted, ": EOF").await;
    check(
        |seen| seen.answer(200, &[("Content-Type", "text/html; charset=utf-8")], b"<html>"),
        Cause::NotARegistry,
        "unexpected media type text/html",
    )
    .await;
}

#[tokio::test]
async fn nothing_is_decompressed() {
    // A gzip stream of a token: whoever decompresses it finds a token and goes on.
    let packed = [
        31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 171, 86, 42, 201, 207, 78, 205, 83, 178, 82, 42, 81, 170, 5, 0, 133,
        191, 56, 100, 13, 0, 0, 0,
    ];
    let server = Server::start(move |seen| match seen.target.starts_with("/token") {
        true => seen.answer(200, &[("Content-Encoding", "gzip")], &packed),
        false => {
            let realm = format!("Bearer realm=\"http://{}/token\"", seen.header("host").unwrap());
            seen.answer(401, &[("WWW-Authenticate", &realm)], b"")
        }
    })
    .await;
    let error = Node::new("amd64").pull_app(&server.host, None).await.unwrap_err();
    assert!(
        error.to_string().contains("unable to decode token response"),
        "{error}"
    );
    assert_eq!(server.seen().len(), 2);
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.header("accept-encoding").is_none())
    );
}

#[tokio::test]
async fn layers_of_another_size_than_promised_are_refused() {
    let long = Image::with_layer(vec![7; 5000], 4000);
    check(
        move |seen| long.answer(seen),
        Cause::ContentCorrupt,
        "failed size validation",
    )
    .await;
    let short = Image::with_layer(vec![7; 4000], 5000);
    check(
        move |seen| short.answer(seen),
        Cause::ContentCorrupt,
        "unexpected EOF",
    )
    .await;
    let endless = Image::with_layer(vec![7; 5000], 5000);
    let script = move |seen: &Seen| match seen.target == endless.layer_path() {
        true => Reply::Endless(head("")),
        false => endless.answer(seen),
    };
    check(script, Cause::ContentCorrupt, "failed size validation").await;
}
