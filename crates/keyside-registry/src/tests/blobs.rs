use super::*;
use bytes::Bytes;
use std::time::Duration;

async fn anybody() -> Client {
    Client::of(&builder(Store::memory()).build().unwrap())
}

async fn begin(client: &Client) -> String {
    let answer = client.post("/v2/a/blobs/uploads/", Body::empty()).await;
    assert_eq!((answer.status, answer.header("range")), (202, "0-0"));
    answer.header("location").to_owned()
}

async fn patch(client: &Client, location: &str, range: &str, body: &'static str) -> Answer {
    client
        .send(Method::PATCH, location, &[("content-range", range)], body)
        .await
}

async fn put(client: &Client, location: &str, digest: &str, body: &'static str) -> Answer {
    client
        .send(Method::PUT, &format!("{location}?digest={digest}"), &[], body)
        .await
}

#[tokio::test]
async fn a_blob_comes_back_as_it_went_in() {
    let client = anybody().await;
    let digest = client.push_blob("team/app", b"hello").await;
    let path = format!("/v2/team/app/blobs/{digest}");
    let answer = client.get(&path).await;
    assert_eq!(
        (answer.status, &*answer.body, answer.header("content-length")),
        (200, &b"hello"[..], "5")
    );
    assert_eq!(answer.header("docker-content-digest"), digest);
    let head = client.head(&path).await;
    assert_eq!(
        (head.status, head.body.len(), head.header("content-length")),
        (200, 0, "5")
    );
    assert_eq!(
        client
            .get(&format!("/v2/team/other/blobs/{digest}"))
            .await
            .verdict(),
        "404 BLOB_UNKNOWN"
    );
    assert_eq!(client.delete(&path).await.status, 202);
    assert_eq!(client.delete(&path).await.verdict(), "404 BLOB_UNKNOWN");
    assert_eq!(client.get(&path).await.verdict(), "404 BLOB_UNKNOWN");
}

#[tokio::test]
async fn ranges_of_a_blob_are_served() {
    let client = anybody().await;
    let digest = client.push_blob("a", b"0123456789").await;
    let path = format!("/v2/a/blobs/{digest}");
    let part = async |range: &str| {
        let answer = client
            .send(Method::GET, &path, &[("range", range)], Body::empty())
            .await;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        (answer.status, answer.header("content-range").to_owned(), body)
    };
    assert_eq!(
        part("bytes=2-4").await,
        (206, "bytes 2-4/10".into(), "234".into())
    );
    assert_eq!(part("bytes=7-").await, (206, "bytes 7-9/10".into(), "789".into()));
    assert_eq!(part("bytes=-2").await, (206, "bytes 8-9/10".into(), "89".into()));
    assert_eq!(part("bytes=0-").await.0, 200, "the whole is no part");
    let head = client
        .send(Method::HEAD, &path, &[("range", "bytes=2-4")], Body::empty())
        .await;
    assert_eq!((head.status, head.header("content-length")), (200, "10"));
    let beyond = part("bytes=10-").await;
    assert_eq!((beyond.0, &*beyond.1), (416, "bytes */10"));
}

#[tokio::test]
async fn chunks_join_and_their_places_are_checked() {
    let client = anybody().await;
    let location = begin(&client).await;
    assert_eq!(
        patch(&client, &location, "0-2", "abc").await.header("range"),
        "0-2"
    );
    let early = patch(&client, &location, "4-5", "ef").await;
    assert_eq!(
        (early.verdict(), early.header("range")),
        ("416 BLOB_UPLOAD_INVALID".into(), "0-2")
    );
    assert_eq!(early.header("location"), location);
    let again = patch(&client, &location, "0-2", "abc").await;
    assert_eq!(again.status, 416);
    let status = client.get(&location).await;
    assert_eq!((status.status, status.header("range")), (204, "0-2"));
    assert_eq!(
        patch(&client, &location, "nonsense", "x").await.verdict(),
        "400 BLOB_UPLOAD_INVALID"
    );
    let answer = put(&client, &location, &sha256(b"abcdef"), "def").await;
    assert_eq!(answer.status, 201);
    assert_eq!(client.get(answer.header("location")).await.body, b"abcdef");
    assert_eq!(client.get(&location).await.verdict(), "404 BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn wrong_digests_leave_nothing_behind() {
    let client = anybody().await;
    let wrong = sha256(b"something else");
    let direct = client
        .post(&format!("/v2/a/blobs/uploads/?digest={wrong}"), "abc")
        .await;
    assert_eq!(direct.verdict(), "400 DIGEST_INVALID");
    for (chunk, last) in [("abc", ""), ("ab", "c"), ("", "abc")] {
        let location = begin(&client).await;
        if !chunk.is_empty() {
            patch(&client, &location, &format!("0-{}", chunk.len() - 1), chunk).await;
        }
        assert_eq!(
            put(&client, &location, &wrong, last).await.verdict(),
            "400 DIGEST_INVALID"
        );
        assert_eq!(client.get(&location).await.status, 404);
    }
    assert_eq!(client.get(&format!("/v2/a/blobs/{wrong}")).await.status, 404);
    assert_eq!(client.get("/v2/_catalog").await.json()["repositories"], json!([]));
    let location = begin(&client).await;
    assert_eq!(
        client.send(Method::PUT, &location, &[], "abc").await.verdict(),
        "400 DIGEST_INVALID"
    );
}

#[tokio::test]
async fn sha512_is_as_good_as_sha256() {
    let client = anybody().await;
    let digest = Digest::of(Algorithm::Sha512, b"abc").to_string();
    assert_eq!(
        client
            .post(&format!("/v2/a/blobs/uploads/?digest={digest}"), "abc")
            .await
            .status,
        201
    );
    let other = Digest::of(Algorithm::Sha512, b"abcd").to_string();
    let location = begin(&client).await;
    patch(&client, &location, "0-3", "abcd").await;
    assert_eq!(put(&client, &location, &other, "").await.status, 201);
    assert_eq!(client.get(&format!("/v2/a/blobs/{other}")).await.body, b"abcd");
}

#[tokio::test]
async fn an_upload_can_be_cancelled() {
    let client = anybody().await;
    let location = begin(&client).await;
    assert_eq!(client.delete(&location).await.status, 204);
    assert_eq!(
        client.delete(&location).await.verdict(),
        "404 BLOB_UPLOAD_UNKNOWN"
    );
    for id in ["x", "../../..", &"f".repeat(32)] {
        let path = format!("/v2/a/blobs/uploads/{id}");
        assert!(matches!(client.get(&path).await.status, 400 | 404), "{id}");
    }
}

#[tokio::test]
async fn what_arrived_before_the_client_vanished_counts() {
    let client = anybody().await;
    let location = begin(&client).await;
    let pieces: [Result<Bytes, std::io::Error>; 2] = [
        Ok(Bytes::from_static(b"abc")),
        Err(std::io::ErrorKind::ConnectionReset.into()),
    ];
    let broken = Body::from_stream(futures::stream::iter(pieces));
    assert_eq!(
        client.send(Method::PATCH, &location, &[], broken).await.verdict(),
        "400 BLOB_UPLOAD_INVALID"
    );
    assert_eq!(client.get(&location).await.header("range"), "0-2");
    assert_eq!(put(&client, &location, &sha256(b"abcd"), "d").await.status, 201);
}

#[tokio::test]
async fn two_processes_over_one_store_share_an_upload() {
    let folder = tempfile::tempdir().unwrap();
    let process = || Client::of(&builder(Store::files(folder.path()).unwrap()).build().unwrap());
    let (one, other) = (process(), process());
    let location = begin(&one).await;
    assert_eq!(patch(&other, &location, "0-1", "ab").await.status, 202);
    assert_eq!(patch(&one, &location, "2-3", "cd").await.status, 202);
    let answer = put(&other, &location, &sha256(b"abcd"), "").await;
    assert_eq!(answer.status, 201);
    assert_eq!(one.get(answer.header("location")).await.body, b"abcd");
}

#[tokio::test]
async fn of_two_chunks_for_one_place_one_is_taken() {
    let client = anybody().await;
    for _ in 0..20 {
        let location = begin(&client).await;
        let slow = |text: &'static str| {
            let pieces = futures::stream::unfold(text, |rest| async move {
                tokio::task::yield_now().await;
                let (first, rest) = rest.split_at_checked(1)?;
                Some((
                    Ok::<_, std::io::Error>(Bytes::from_static(first.as_bytes())),
                    rest,
                ))
            });
            client.send(Method::PATCH, &location, &[], Body::from_stream(pieces))
        };
        let (first, second) = tokio::join!(slow("aaa"), slow("bbb"));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [202, 416]);
        let winner: &[u8] = if first.status == 202 { b"aaa" } else { b"bbb" };
        assert_eq!(put(&client, &location, &sha256(winner), "").await.status, 201);
    }
}

#[tokio::test]
async fn blobs_are_mounted_from_where_they_are() {
    let client = anybody().await;
    let digest = client.push_blob("from/here", b"layer").await;
    let mount = async |query: &str| {
        client
            .post(&format!("/v2/to/there/blobs/uploads/?{query}"), Body::empty())
            .await
            .status
    };
    assert_eq!(mount(&format!("mount={digest}&from=not/here")).await, 202);
    assert_eq!(mount(&format!("mount={digest}&from=from/here")).await, 201);
    assert_eq!(
        client.get(&format!("/v2/to/there/blobs/{digest}")).await.body,
        b"layer"
    );
    assert_eq!(mount(&format!("mount={}", sha256(b"nowhere"))).await, 202);
    client.delete(&format!("/v2/to/there/blobs/{digest}")).await;
    assert_eq!(
        mount(&format!("mount={digest}")).await,
        201,
        "found without being told where"
    );
    assert_eq!(
        client.get(&format!("/v2/from/here/blobs/{digest}")).await.body,
        b"layer"
    );
    assert_eq!(mount("mount=nonsense").await, 400);
}

#[tokio::test]
async fn abandoned_uploads_are_swept_away_and_young_ones_stay() {
    let registry = builder(Store::memory()).build().unwrap();
    let client = Client::of(&registry);
    let location = begin(&client).await;
    assert_eq!(registry.sweep(Duration::from_secs(3600)).await.unwrap(), 0);
    assert_eq!(client.get(&location).await.status, 204);
    assert_eq!(registry.sweep(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(client.get(&location).await.status, 404);
}

#[tokio::test]
async fn other_methods_are_refused_with_those_that_would_do() {
    let client = anybody().await;
    let answer = client
        .send(Method::PATCH, "/v2/a/tags/list", &[], Body::empty())
        .await;
    assert_eq!(
        (answer.verdict(), answer.header("allow")),
        ("405 UNSUPPORTED".into(), "GET, HEAD")
    );
    assert_eq!(
        client.get("/v2/").await.header("docker-distribution-api-version"),
        "registry/2.0"
    );
    assert_eq!(client.get("/elsewhere").await.verdict(), "404 UNSUPPORTED");
}
