//! Two registries over one bucket are one registry. Needs the feature `s3` and, as the bucket, Versity's S3 gateway:
//! `go install github.com/versity/versitygw/cmd/versitygw@latest`.

use crate::gateway::Gateway;
use axum::body::Body;
use futures::StreamExt as _;
use http::{HeaderMap, Method, Request};
use keyside_registry::{Authentication, Registry, Rights, Store};
use serde_json::json;
use tower::ServiceExt as _;

/// The sha256 of `aaa`, of `bbb` and of `{}`.
const AAA: &str = "sha256:9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0";
const BBB: &str = "sha256:3e744b9dc39389baf0c5a0660589b8402f3dbb49b89b3e75f2c9355852a3c677";
const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

fn registry(gateway: &Gateway) -> Registry {
    let store = Store::s3(gateway.bucket()).expect("the settings are complete");
    Registry::builder(store).build().expect("nothing is unusual")
}

async fn send(registry: &Registry, method: Method, path: &str, body: impl Into<Body>) -> (u16, HeaderMap) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "test")
        .header("content-type", IMAGE);
    let request = request.body(body.into()).expect("the request is well formed");
    let response = registry
        .router()
        .oneshot(request)
        .await
        .expect("the router never fails");
    (response.status().as_u16(), response.headers().clone())
}

async fn begin(registry: &Registry) -> String {
    let (status, headers) = send(registry, Method::POST, "/v2/a/blobs/uploads/", Body::empty()).await;
    assert_eq!(status, 202);
    headers["location"].to_str().expect("a path").to_owned()
}

#[tokio::test]
async fn one_bucket_serves_several_processes() {
    let Some(gateway) = Gateway::start() else { return };
    let (one, other) = (registry(&gateway), registry(&gateway));
    for _ in 0..10 {
        // Both continue the same upload at the same place: one may.
        let location = begin(&one).await;
        let (first, second) = tokio::join!(
            send(&one, Method::PATCH, &location, "aaa"),
            send(&other, Method::PATCH, &location, "bbb")
        );
        let mut statuses = [first.0, second.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [202, 416]);
        let winner = if first.0 == 202 { AAA } else { BBB };
        let put = send(
            &other,
            Method::PUT,
            &format!("{location}?digest={winner}"),
            Body::empty(),
        )
        .await;
        assert_eq!(put.0, 201);
        assert_eq!(
            send(&one, Method::GET, &format!("/v2/a/blobs/{winner}"), Body::empty())
                .await
                .0,
            200
        );
    }
    tags_that_move_on_stay(&one, &other).await;
    accounts_are_shared(&gateway).await;
}

async fn tags_that_move_on_stay(one: &Registry, other: &Registry) {
    one.put_blob("a", "{}".into())
        .await
        .expect("the bucket takes blobs");
    let image = |name: &str| {
        let config = json!({"mediaType": "x/y", "digest": EMPTY, "size": 2});
        json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [], "name": name})
            .to_string()
    };
    let newer = image("newer");
    for round in 0..10 {
        let older = image(&format!("older {round}"));
        let put = one.put_manifest("a", Some("moving"), older.into()).await;
        let path = format!("/v2/a/manifests/{}", put.expect("the bucket takes manifests"));
        let (removed, moved) = tokio::join!(
            send(one, Method::DELETE, &path, Body::empty()),
            send(other, Method::PUT, "/v2/a/manifests/moving", newer.clone())
        );
        assert_eq!((removed.0, moved.0), (202, 201));
        assert_eq!(
            send(one, Method::GET, "/v2/a/manifests/moving", Body::empty())
                .await
                .0,
            200
        );
    }
    assert_eq!(
        send(one, Method::DELETE, "/v2/a/manifests/moving", Body::empty())
            .await
            .0,
        202
    );
    assert_eq!(
        send(other, Method::GET, "/v2/a/manifests/moving", Body::empty())
            .await
            .0,
        404
    );
}

async fn accounts_are_shared(gateway: &Gateway) {
    let build = || {
        let store = Store::s3(gateway.bucket()).expect("the settings are complete");
        Registry::builder(store)
            .authentication(Authentication::Bearer)
            .build()
            .expect("nothing is unusual")
    };
    let (one, other) = (build(), build());
    one.accounts()
        .set("robot", "p", Rights::all())
        .await
        .expect("the bucket takes accounts");
    assert_eq!(
        other.accounts().names().await.expect("the bucket can be read"),
        ["robot"]
    );
    let ask = |registry: Registry| async move {
        let form = "grant_type=password&username=robot&password=p";
        send(&registry, Method::POST, "/token", form).await.0
    };
    // Nobody has asked for a token yet: all of them race to make the key, and one makes it.
    let asked = futures::stream::iter([one, other]).map(ask).buffer_unordered(2);
    assert_eq!(asked.collect::<Vec<_>>().await, [200, 200]);
}
