use super::*;

fn anybody() -> Client {
    Client::of(&builder(Store::memory()).build().unwrap())
}

fn manifest_path(repository: &str, reference: &str) -> String {
    format!("/v2/{repository}/manifests/{reference}")
}

/// A manifest about another one, with a type of its own.
fn about(subject: &str, kind: &str) -> Value {
    json!({
        "schemaVersion": 2, "mediaType": IMAGE, "artifactType": kind, "annotations": {"by": "test"},
        "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"), "layers": [],
        "subject": {"mediaType": IMAGE, "digest": subject, "size": 1},
    })
}

#[tokio::test]
async fn a_manifest_is_found_by_tag_and_by_digest() {
    let client = anybody();
    let digest = client.push_image("team/app", "v1").await;
    for reference in ["v1", &digest] {
        let answer = client.get(&manifest_path("team/app", reference)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, IMAGE));
        assert_eq!(sha256(&answer.body), digest);
        let head = client.head(&manifest_path("team/app", reference)).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), answer.body.len().to_string());
        assert_eq!(head.header("docker-content-digest"), digest);
    }
    assert_eq!(
        client.get(&manifest_path("team/app", "v2")).await.verdict(),
        "404 MANIFEST_UNKNOWN"
    );
    assert_eq!(
        client.get(&manifest_path("team/app", ".bad")).await.verdict(),
        "404 MANIFEST_UNKNOWN"
    );
    assert_eq!(
        client.get(&manifest_path("team/none", "v1")).await.verdict(),
        "404 MANIFEST_UNKNOWN"
    );
}

#[tokio::test]
async fn docker_manifests_keep_their_media_type() {
    let client = anybody();
    client.push_blob("a", b"{}").await;
    let kind = "application/vnd.docker.distribution.manifest.v2+json";
    let config = descriptor("application/vnd.docker.container.image.v1+json", b"{}");
    let manifest = json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []});
    assert_eq!(client.put_manifest("a", "1", kind, &manifest).await.status, 201);
    assert_eq!(
        client.get(&manifest_path("a", "1")).await.header("content-type"),
        kind
    );
}

#[tokio::test]
async fn manifests_that_cannot_be_pulled_are_refused() {
    let client = anybody();
    let image =
        |config: &[u8]| json!({"schemaVersion": 2, "config": descriptor("x/y", config), "layers": []});
    assert_eq!(
        client
            .put_manifest("a", "1", IMAGE, &image(b"none"))
            .await
            .verdict(),
        "404 MANIFEST_BLOB_UNKNOWN"
    );
    let index = json!({"schemaVersion": 2, "manifests": [descriptor(IMAGE, b"none")]});
    assert_eq!(
        client.put_manifest("a", "1", INDEX, &index).await.verdict(),
        "404 MANIFEST_BLOB_UNKNOWN"
    );
    client.push_blob("a", b"{}").await;
    assert_eq!(
        client
            .put_manifest("a", ".1", IMAGE, &image(b"{}"))
            .await
            .verdict(),
        "400 MANIFEST_INVALID"
    );
    assert_eq!(
        client
            .put_manifest("a", "1", "text/plain", &image(b"{}"))
            .await
            .verdict(),
        "400 MANIFEST_INVALID"
    );
    let wrong = sha256(b"another");
    assert_eq!(
        client
            .put_manifest("a", &wrong, IMAGE, &image(b"{}"))
            .await
            .verdict(),
        "400 DIGEST_INVALID"
    );
    assert_eq!(
        client.put_manifest("a", "1", IMAGE, &json!("x")).await.verdict(),
        "400 MANIFEST_INVALID"
    );
    assert_eq!(client.get("/v2/a/tags/list").await.verdict(), "404 NAME_UNKNOWN");
}

#[tokio::test]
async fn a_manifest_may_have_four_mebibytes_and_no_more() {
    let client = anybody();
    client.push_blob("a", b"{}").await;
    let padded = |size: usize| {
        let mut image =
            json!({"schemaVersion": 2, "config": descriptor("x/y", b"{}"), "layers": [], "pad": ""});
        let frame = image.to_string().len();
        image["pad"] = "x".repeat(size - frame).into();
        image
    };
    let limit = 4 * 1024 * 1024;
    assert_eq!(
        client
            .put_manifest("a", "fits", IMAGE, &padded(limit))
            .await
            .status,
        201
    );
    assert_eq!(
        client
            .put_manifest("a", "not", IMAGE, &padded(limit + 1))
            .await
            .verdict(),
        "413 SIZE_INVALID"
    );
}

#[tokio::test]
async fn tags_are_listed_in_pages() {
    let client = anybody();
    for tag in ["b", "a", "C", "d"] {
        client.push_image("team/app", tag).await;
    }
    let answer = client.get("/v2/team/app/tags/list").await;
    assert_eq!(
        answer.json(),
        json!({"name": "team/app", "tags": ["C", "a", "b", "d"]})
    );
    let page = client.get("/v2/team/app/tags/list?n=2").await;
    assert_eq!(page.json()["tags"], json!(["C", "a"]));
    assert_eq!(
        page.header("link"),
        "</v2/team/app/tags/list?n=2&last=a>; rel=\"next\""
    );
    let next = client.get("/v2/team/app/tags/list?n=2&last=a").await;
    assert_eq!(
        (&next.json()["tags"], next.header("link")),
        (&json!(["b", "d"]), "")
    );
    assert_eq!(
        client.get("/v2/team/app/tags/list?n=0").await.json()["tags"],
        json!([])
    );
    assert_eq!(
        client.get("/v2/team/app/tags/list?n=x").await.verdict(),
        "400 PAGINATION_NUMBER_INVALID"
    );
    assert_eq!(
        client.get("/v2/none/tags/list").await.verdict(),
        "404 NAME_UNKNOWN"
    );
}

#[tokio::test]
async fn repositories_are_listed_in_pages() {
    let client = anybody();
    for name in ["b/x", "b", "a"] {
        client.push_image(name, "1").await;
    }
    assert_eq!(
        client.get("/v2/_catalog").await.json()["repositories"],
        json!(["a", "b", "b/x"])
    );
    let page = client.get("/v2/_catalog?n=1&last=a").await;
    assert_eq!(page.json()["repositories"], json!(["b"]));
    assert_eq!(page.header("link"), "</v2/_catalog?n=1&last=b>; rel=\"next\"");
}

#[tokio::test]
async fn a_removed_manifest_takes_its_tags_along_and_a_removed_tag_nothing() {
    let client = anybody();
    let digest = client.push_image("a", "v1").await;
    let other = client.push_image("a", "other").await;
    let manifest: Value = client.get(&manifest_path("a", "v1")).await.json();
    for tag in ["v2", "v3"] {
        assert_eq!(client.put_manifest("a", tag, IMAGE, &manifest).await.status, 201);
    }
    assert_eq!(client.delete(&manifest_path("a", "v3")).await.status, 202);
    assert_eq!(
        client.delete(&manifest_path("a", "v3")).await.verdict(),
        "404 MANIFEST_UNKNOWN"
    );
    assert_eq!(client.get(&manifest_path("a", &digest)).await.status, 200);
    assert_eq!(client.delete(&manifest_path("a", &digest)).await.status, 202);
    assert_eq!(
        client.get("/v2/a/tags/list").await.json()["tags"],
        json!(["other"])
    );
    assert_eq!(client.get(&manifest_path("a", &other)).await.status, 200);
    assert_eq!(
        client.delete(&manifest_path("a", &digest)).await.verdict(),
        "404 MANIFEST_UNKNOWN"
    );
    assert_eq!(client.delete(&manifest_path("a", &other)).await.status, 202);
    assert_eq!(client.get("/v2/a/tags/list").await.verdict(), "404 NAME_UNKNOWN");
}

#[tokio::test]
async fn a_tag_that_moves_on_while_its_manifest_is_removed_stays() {
    let folder = tempfile::tempdir().unwrap();
    let process = || Client::of(&builder(Store::files(folder.path()).unwrap()).build().unwrap());
    let (one, other) = (process(), process());
    let newer = one.push_image("a", "newer").await;
    let manifest: Value = one.get(&manifest_path("a", "newer")).await.json();
    for round in 0..20 {
        let older = one.push_image("a", &format!("older-{round}")).await;
        let old: Value = one.get(&manifest_path("a", &older)).await.json();
        one.put_manifest("a", "moving", IMAGE, &old).await;
        let path = manifest_path("a", &older);
        let (removed, moved) = tokio::join!(
            one.delete(&path),
            other.put_manifest("a", "moving", IMAGE, &manifest)
        );
        assert_eq!((removed.status, moved.status), (202, 201));
        assert_eq!(
            one.get(&manifest_path("a", "moving"))
                .await
                .header("docker-content-digest"),
            newer
        );
    }
}

#[tokio::test]
async fn one_push_by_digest_can_set_several_tags() {
    let client = anybody();
    client.push_blob("a", b"{}").await;
    let image = json!({"schemaVersion": 2, "config": descriptor("x/y", b"{}"), "layers": []});
    let digest = sha256(image.to_string().as_bytes());
    let answer = client
        .put_manifest("a", &format!("{digest}?tag=one&tag=two"), IMAGE, &image)
        .await;
    let tags = answer.headers.get_all("oci-tag").iter();
    let tags: Vec<_> = tags.map(|tag| tag.to_str().unwrap()).collect();
    assert_eq!((answer.status, tags), (201, vec!["one", "two"]));
    assert_eq!(
        client.get("/v2/a/tags/list").await.json()["tags"],
        json!(["one", "two"])
    );
    let bad = client
        .put_manifest("a", &format!("{digest}?tag=-"), IMAGE, &image)
        .await;
    assert_eq!(bad.verdict(), "400 MANIFEST_INVALID");
}

#[tokio::test]
async fn referrers_are_listed_filtered_and_forgotten() {
    let client = anybody();
    let subject = client.push_image("a", "v1").await;
    let list = format!("/v2/a/referrers/{subject}");
    assert_eq!(client.get(&list).await.json()["manifests"], json!([]));
    for kind in ["x/signature", "x/sbom"] {
        let answer = client
            .put_manifest("a", kind.trim_start_matches("x/"), IMAGE, &about(&subject, kind))
            .await;
        assert_eq!((answer.status, answer.header("oci-subject")), (201, &*subject));
    }
    let all = client.get(&list).await;
    assert_eq!(
        (all.header("content-type"), all.header("oci-filters-applied")),
        (INDEX, "")
    );
    assert_eq!(all.json()["manifests"].as_array().unwrap().len(), 2);
    let filtered = client.get(&format!("{list}?artifactType=x/sbom")).await;
    assert_eq!(filtered.header("oci-filters-applied"), "artifactType");
    let found = &filtered.json()["manifests"];
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(
        (&found[0]["artifactType"], &found[0]["annotations"]["by"]),
        (&json!("x/sbom"), &json!("test"))
    );
    let digest = found[0]["digest"].as_str().unwrap();
    client.delete(&manifest_path("a", digest)).await;
    assert_eq!(
        client.get(&format!("{list}?artifactType=x/sbom")).await.json()["manifests"],
        json!([])
    );
    assert_eq!(
        client.get(&list).await.json()["manifests"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn referrers_that_a_client_keeps_under_a_tag_count_too() {
    let client = anybody();
    let subject = client.push_image("a", "v1").await;
    let artifact = about(&subject, "x/signature").to_string();
    let listed = json!({"mediaType": IMAGE, "digest": sha256(artifact.as_bytes()), "size": artifact.len(), "artifactType": "x/old"});
    let gone = descriptor(IMAGE, b"gone");
    // The index names a manifest that was pushed without a subject, and one that is no longer there.
    let plain = client.push_image("a", "plain").await;
    let kept = json!({"mediaType": IMAGE, "digest": plain, "size": 1, "artifactType": "x/old"});
    client.push_blob("a", b"{}").await;
    client
        .put_manifest("a", "s", IMAGE, &about(&subject, "x/signature"))
        .await;
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed, kept]});
    let tag = subject.replace(':', "-");
    assert_eq!(client.put_manifest("a", &tag, INDEX, &index).await.status, 201);
    let found = client.get(&format!("/v2/a/referrers/{subject}")).await.json();
    let mut kinds: Vec<&str> = found["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["artifactType"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["x/old", "x/signature"], "{gone} is not among them");
}

#[tokio::test]
async fn content_can_be_put_in_without_http() {
    let registry = with_accounts(Authentication::Basic).await;
    let config = registry.put_blob("team/app", "{}".into()).await.unwrap();
    let image = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": {"digest": config, "size": 2}, "layers": []});
    let digest = registry
        .put_manifest("team/app", Some("1"), image.to_string().into())
        .await
        .unwrap();
    let reader = Client::of(&registry).basic("reader", "r");
    assert_eq!(
        reader
            .get(&manifest_path("team/app", "1"))
            .await
            .header("docker-content-digest"),
        digest
    );
    let missing = json!({"schemaVersion": 2, "manifests": [descriptor(IMAGE, b"none")]}).to_string();
    insta::assert_snapshot!(registry.put_manifest("team/app", None, missing.into()).await.unwrap_err(), @"sha256:140bedbf9c3f6d56a9846d2ba7088798683f4da0c248231336e6a05679e4fdfe is not in the repository");
    insta::assert_snapshot!(registry.put_blob("Team", "".into()).await.unwrap_err(), @"invalid repository name");
}
