//! Large blobs pass through; they are never in memory as a whole. A process of its own, because it measures its memory.
#![cfg(target_os = "linux")]

use axum::body::Body;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use keyside_registry::{Registry, Store};
use tower::ServiceExt as _;

const PIECE: usize = 64 * 1024;
const PIECES: usize = 4096;
/// The sha256 of 256 MiB of zeros.
const DIGEST: &str = "sha256:a6d72ac7690f53be6ae46ba88506bd97302a093f7108472bd9efc3cefda06484";

fn zeros() -> Body {
    let piece = Bytes::from(vec![0; PIECE]);
    let pieces = std::iter::repeat_n(piece, PIECES).map(Ok::<_, std::io::Error>);
    Body::from_stream(futures::stream::iter(pieces))
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let figure = line.and_then(|line| line.split_whitespace().nth(1));
    figure
        .and_then(|text| text.parse().ok())
        .expect("the line holds a number")
}

#[tokio::test]
async fn a_blob_of_256_mebibytes_passes_through_16() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::builder(Store::files(folder.path()).unwrap())
        .build()
        .unwrap();
    let send = async |method: &str, path: &str, body: Body| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "test")
            .body(body)
            .unwrap();
        registry.router().oneshot(request).await.unwrap()
    };
    let before = peak_kib();
    let pushed = send("POST", &format!("/v2/a/blobs/uploads/?digest={DIGEST}"), zeros()).await;
    assert_eq!(pushed.status(), StatusCode::CREATED);

    let begun = send("POST", "/v2/b/blobs/uploads/", Body::empty()).await;
    let location = begun.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(
        send("PATCH", &location, zeros()).await.status(),
        StatusCode::ACCEPTED
    );
    let put = send("PUT", &format!("{location}?digest={DIGEST}"), Body::empty()).await;
    assert_eq!(put.status(), StatusCode::CREATED);

    let mut pulled = send("GET", &format!("/v2/b/blobs/{DIGEST}"), Body::empty())
        .await
        .into_body();
    let mut length = 0;
    while let Some(frame) = pulled.frame().await {
        length += frame.unwrap().data_ref().map_or(0, Bytes::len);
    }
    assert_eq!(length, PIECE * PIECES);
    let grown = peak_kib() - before;
    assert!(grown < 16 * 1024, "the peak grew by {grown} KiB");
}
