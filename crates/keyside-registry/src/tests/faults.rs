use super::*;
use crate::{Fault, Part, Script};
use std::time::{Duration, Instant};

const MANIFEST: &str = "/v2/team/app/manifests/1";

async fn with_image(authentication: Authentication) -> (Registry, String) {
    let registry = with_accounts(authentication).await;
    let config = registry.put_blob("team/app", "0123456789".into()).await.unwrap();
    let image = json!({"schemaVersion": 2, "config": {"digest": config}, "layers": []}).to_string();
    registry
        .put_manifest("team/app", Some("1"), image.into())
        .await
        .unwrap();
    (registry, format!("/v2/team/app/blobs/{config}"))
}

#[tokio::test]
async fn scripted_answers_replace_the_proper_ones() {
    let (registry, blob) = with_image(Authentication::Basic).await;
    let reader = Client::of(&registry).basic("reader", "r");
    let check = async |fault: Fault, path: &str, verdict: &str, header: &str, value: &str| {
        registry.faults().add(Script::new("team/app", fault).times(1));
        let answer = reader.get(path).await;
        assert_eq!(
            (&*answer.verdict(), answer.header(header)),
            (verdict, value),
            "{path}"
        );
        assert_eq!(reader.get(path).await.status, 200, "once only");
    };
    check(
        Fault::Unauthorized,
        MANIFEST,
        "401 UNAUTHORIZED",
        "www-authenticate",
        "Basic realm=\"keyside-registry\"",
    )
    .await;
    check(Fault::Forbidden, MANIFEST, "403 DENIED", "", "").await;
    check(Fault::NotFound, MANIFEST, "404 MANIFEST_UNKNOWN", "", "").await;
    check(Fault::NotFound, &blob, "404 BLOB_UNKNOWN", "", "").await;
    check(
        Fault::RateLimited {
            retry_after: Some(Duration::from_secs(7)),
        },
        MANIFEST,
        "429 TOOMANYREQUESTS",
        "retry-after",
        "7",
    )
    .await;
    check(Fault::Unavailable(503), &blob, "503 UNKNOWN", "", "").await;
    check(Fault::ExpiredLogin, MANIFEST, "403 DENIED", "", "").await;
    let realm = "Bearer realm=\"http://thief.test/t\",service=\"elsewhere\"";
    check(
        Fault::ForeignRealm("http://thief.test/t".into()),
        MANIFEST,
        "401 UNAUTHORIZED",
        "www-authenticate",
        realm,
    )
    .await;
    let target = format!("http://cdn.test{blob}");
    check(
        Fault::Redirect("http://cdn.test".into()),
        &blob,
        "307 UNKNOWN",
        "location",
        &target,
    )
    .await;
}

#[tokio::test]
async fn an_expired_login_is_told_to_those_who_log_in() {
    let (registry, _) = with_image(Authentication::Basic).await;
    registry.faults().add(Script::everywhere(Fault::ExpiredLogin));
    assert_eq!(Client::of(&registry).get("/v2/").await.status, 401);
    let answer = Client::of(&registry).basic("reader", "r").get("/v2/").await;
    assert_eq!(answer.verdict(), "403 DENIED");
    assert!(String::from_utf8_lossy(&answer.body).contains("authorization token has expired"));
}

#[tokio::test]
async fn bodies_are_cut_corrupted_and_slowed() {
    let (registry, blob) = with_image(Authentication::None).await;
    let client = Client::of(&registry);
    let spoiled = async |fault: Fault| {
        registry.faults().clear_all();
        registry
            .faults()
            .add(Script::new("team/app", fault).on(Part::Blobs));
        client.get(&blob).await
    };
    let cut = spoiled(Fault::Cut { after: 4 }).await;
    assert_eq!((cut.status, &*cut.body, cut.whole), (200, &b"0123"[..], false));
    assert_eq!(cut.header("content-length"), "10");
    let corrupt = spoiled(Fault::Corrupt).await;
    assert_eq!((corrupt.body.len(), corrupt.whole), (10, true));
    assert_ne!(corrupt.body, b"0123456789");
    let begin = Instant::now();
    let slow = spoiled(Fault::Slow(Duration::from_millis(20))).await;
    assert_eq!((&*slow.body, slow.whole), (&b"0123456789"[..], true));
    assert!(
        begin.elapsed() >= Duration::from_millis(40),
        "the head and one piece"
    );
    assert_eq!(client.get(MANIFEST).await.status, 200, "manifests are well");
}

#[tokio::test]
async fn tokens_out_of_date_are_given_out_and_refused() {
    let (registry, _) = with_image(Authentication::Bearer).await;
    registry
        .faults()
        .add(Script::new("team/app", Fault::ExpiredToken));
    let path = "/token?service=keyside-registry&scope=repository:team/app:pull";
    let answer = Client::of(&registry).basic("reader", "r").get(path).await;
    assert_eq!(answer.status, 200);
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let refused = Client::of(&registry).bearer(&token).get(MANIFEST).await;
    assert_eq!(refused.status, 401);
    assert!(
        refused
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
    registry.faults().clear("team/app");
    let answer = Client::of(&registry).basic("reader", "r").get(path).await;
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(
        Client::of(&registry).bearer(&token).get(MANIFEST).await.status,
        200
    );
}

#[tokio::test]
async fn the_token_service_has_faults_of_its_own() {
    let (registry, _) = with_image(Authentication::Bearer).await;
    registry
        .faults()
        .add(Script::new("team/app", Fault::RateLimited { retry_after: None }).on(Part::Token));
    let reader = Client::of(&registry).basic("reader", "r");
    assert_eq!(
        reader.get("/token?scope=repository:team/app:pull").await.status,
        429
    );
    assert_eq!(
        reader.get("/token?scope=repository:team/other:pull").await.status,
        200
    );
}
