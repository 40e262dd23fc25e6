use super::*;

#[tokio::test]
async fn basic_lets_in_only_the_right_password() {
    let registry = with_accounts(Authentication::Basic).await;
    let ping = async |user: &str, password: &str| {
        Client::of(&registry)
            .basic(user, password)
            .get("/v2/")
            .await
            .verdict()
    };
    assert_eq!(ping("reader", "r").await, "200");
    for (user, password) in [
        ("reader", "R"),
        ("reader", ""),
        ("reader", "r "),
        ("writer", "r"),
        ("nobody", "r"),
        ("", ""),
    ] {
        assert_eq!(
            ping(user, password).await,
            "401 UNAUTHORIZED",
            "{user}:{password}"
        );
    }
    let nobody = Client::of(&registry).get("/v2/").await;
    assert_eq!(
        nobody.header("www-authenticate"),
        "Basic realm=\"keyside-registry\""
    );
    for header in ["Basic", "Basic !!!", "Basic cmVhZGVy", "Digest x", "Bearer x", ""] {
        let answer = Client::of(&registry)
            .send(Method::GET, "/v2/", &[("authorization", header)], "")
            .await;
        assert_eq!(answer.status, 401, "{header}");
    }
    let twice = [
        ("authorization", &*basic("reader", "r")),
        ("authorization", "Basic x"),
    ];
    assert_eq!(
        Client::of(&registry)
            .send(Method::GET, "/v2/", &twice, "")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn rights_are_by_repository_and_action() {
    let registry = with_accounts(Authentication::Basic).await;
    let writer = Client::of(&registry).basic("writer", "w");
    let reader = Client::of(&registry).basic("reader", "r");
    let digest = writer.push_image("team/app", "1").await;
    assert_eq!(reader.get("/v2/team/app/manifests/1").await.status, 200);
    assert_eq!(reader.get("/v2/team/app/tags/list").await.status, 200);
    assert_eq!(
        reader.post("/v2/team/app/blobs/uploads/", "").await.verdict(),
        "403 DENIED"
    );
    assert_eq!(
        reader
            .delete(&format!("/v2/team/app/manifests/{digest}"))
            .await
            .verdict(),
        "403 DENIED"
    );
    assert_eq!(
        reader.get("/v2/team-b/app/manifests/1").await.verdict(),
        "403 DENIED"
    );
    assert_eq!(
        writer.post("/v2/other/blobs/uploads/", "").await.verdict(),
        "403 DENIED"
    );
    assert_eq!(
        Client::of(&registry)
            .get("/v2/team/app/manifests/1")
            .await
            .verdict(),
        "401 UNAUTHORIZED"
    );
    assert_eq!(
        writer
            .delete(&format!("/v2/team/app/manifests/{digest}"))
            .await
            .status,
        202
    );
}

#[tokio::test]
async fn anybody_may_do_what_is_public() {
    let anonymous = Rights::none().pull("public");
    let registry = builder(Store::memory())
        .authentication(Authentication::Basic)
        .anonymous(anonymous)
        .build()
        .unwrap();
    registry
        .accounts()
        .set("owner", "o", Rights::all())
        .await
        .unwrap();
    let owner = Client::of(&registry).basic("owner", "o");
    owner.push_image("public/app", "1").await;
    owner.push_image("private/app", "1").await;
    let nobody = Client::of(&registry);
    assert_eq!(nobody.get("/v2/public/app/manifests/1").await.status, 200);
    assert_eq!(
        nobody.get("/v2/private/app/manifests/1").await.verdict(),
        "401 UNAUTHORIZED"
    );
    assert_eq!(
        nobody.post("/v2/public/app/blobs/uploads/", "").await.verdict(),
        "401 UNAUTHORIZED"
    );
    assert_eq!(nobody.get("/v2/").await.status, 401, "so that clients log in");
    let wrong = Client::of(&registry).basic("owner", "wrong");
    assert_eq!(
        wrong.get("/v2/public/app/manifests/1").await.status,
        401,
        "a wrong proof is never ignored"
    );
}

#[tokio::test]
async fn a_changed_password_counts_at_once_and_in_every_process() {
    let folder = tempfile::tempdir().unwrap();
    let process = || {
        let store = Store::files(folder.path()).unwrap();
        builder(store)
            .authentication(Authentication::Basic)
            .build()
            .unwrap()
    };
    let (one, other) = (process(), process());
    one.accounts().set("robot", "old", Rights::all()).await.unwrap();
    let ping = async |registry: &Registry, password: &str| {
        Client::of(registry)
            .basic("robot", password)
            .get("/v2/")
            .await
            .status
    };
    assert_eq!((ping(&one, "old").await, ping(&other, "old").await), (200, 200));
    one.accounts().set_password("robot", "new").await.unwrap();
    assert_eq!((ping(&one, "old").await, ping(&other, "old").await), (401, 401));
    assert_eq!((ping(&one, "new").await, ping(&other, "new").await), (200, 200));
    assert!(other.accounts().remove("robot").await.unwrap());
    assert_eq!((ping(&one, "new").await, ping(&other, "new").await), (401, 401));
    assert!(one.accounts().set_password("robot", "x").await.is_err());
}

#[tokio::test]
async fn passwords_are_not_in_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let registry = builder(Store::files(folder.path()).unwrap()).build().unwrap();
    registry
        .accounts()
        .set("robot", "canary-4711", Rights::all())
        .await
        .unwrap();
    assert_eq!(registry.accounts().names().await.unwrap(), ["robot"]);
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.path().join("accounts")).unwrap() {
        let content = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!content.contains("canary-4711") && !content.contains(&STANDARD.encode("canary-4711")));
        seen += 1;
    }
    assert_eq!(seen, 1);
    for name in ["", "a:b", "a\nb", &"x".repeat(121)] {
        assert!(
            registry.accounts().set(name, "p", Rights::none()).await.is_err(),
            "{name:?}"
        );
    }
}

#[tokio::test]
async fn only_known_names_are_answered_and_given_out() {
    let store = Store::memory;
    let registry = builder(store())
        .allowed_hosts(["localhost:5000"])
        .build()
        .unwrap();
    let mut client = Client::of(&registry);
    assert_eq!(client.get("/v2/").await.verdict(), "421 DENIED");
    client.host = "LOCALHOST:5000";
    assert_eq!(client.get("/v2/").await.status, 200);
    client.host = "a\"b";
    assert_eq!(client.get("/v2/").await.status, 400);

    let public = builder(store())
        .authentication(Authentication::Bearer)
        .public_url("https://images.example/")
        .build()
        .unwrap();
    let challenge = Client::of(&public)
        .get("/v2/")
        .await
        .header("www-authenticate")
        .to_owned();
    assert!(
        challenge.starts_with("Bearer realm=\"https://images.example/token\""),
        "{challenge}"
    );
    for bad in [
        "images.example",
        "ftp://x",
        "https://u@x",
        "https://x/y",
        "https://x?y",
        "",
    ] {
        assert!(builder(store()).public_url(bad).build().is_err(), "{bad}");
    }
    assert!(builder(store()).service("a\"b").build().is_err());
}
