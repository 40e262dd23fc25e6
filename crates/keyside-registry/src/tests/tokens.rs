use super::*;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

async fn token(registry: &Registry, account: Option<(&str, &str)>, scope: &str) -> Answer {
    let mut client = Client::of(registry);
    if let Some((user, password)) = account {
        client = client.basic(user, password);
    }
    client
        .get(&format!("/token?service=keyside-registry&scope={scope}"))
        .await
}

async fn bearer(registry: &Registry, account: (&str, &str), scope: &str) -> Client {
    let answer = token(registry, Some(account), scope).await;
    assert_eq!(answer.status, 200, "{}", answer.verdict());
    Client::of(registry).bearer(answer.json()["token"].as_str().unwrap())
}

async fn form(registry: &Registry, body: &'static str) -> Answer {
    Client::of(registry).post("/token", body).await
}

/// The claims of a token, which anybody can read.
fn granted(token: &Value) -> String {
    let claims = token.as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let scopes = claims["access"].as_array().unwrap().iter();
    let scopes = scopes.map(|scope| format!("{}={}", scope["name"].as_str().unwrap(), scope["actions"]));
    scopes.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn the_challenge_says_where_and_for_what() {
    let registry = with_accounts(Authentication::Bearer).await;
    let nobody = Client::of(&registry);
    let challenge = nobody.get("/v2/").await.header("www-authenticate").to_owned();
    insta::assert_snapshot!(challenge, @r#"Bearer realm="http://registry.test:5000/token",service="keyside-registry""#);
    let challenge = nobody
        .post("/v2/team/app/blobs/uploads/", "")
        .await
        .header("www-authenticate")
        .to_owned();
    insta::assert_snapshot!(challenge, @r#"Bearer realm="http://registry.test:5000/token",service="keyside-registry",scope="repository:team/app:pull,push""#);
    let reader = bearer(&registry, ("reader", "r"), "repository:team/app:pull").await;
    let challenge = reader
        .delete("/v2/team/app/manifests/1")
        .await
        .header("www-authenticate")
        .to_owned();
    insta::assert_snapshot!(challenge, @r#"Bearer realm="http://registry.test:5000/token",service="keyside-registry",scope="repository:team/app:delete",error="insufficient_scope""#);
    let wrong = Client::of(&registry)
        .bearer("x.y.z")
        .get("/v2/")
        .await
        .header("www-authenticate")
        .to_owned();
    insta::assert_snapshot!(wrong, @r#"Bearer realm="http://registry.test:5000/token",service="keyside-registry",error="invalid_token""#);
}

#[tokio::test]
async fn tokens_open_what_was_asked_for_and_allowed() {
    let registry = with_accounts(Authentication::Bearer).await;
    let scope = "repository:team/app:pull,push";
    bearer(&registry, ("writer", "w"), scope)
        .await
        .push_image("team/app", "1")
        .await;
    let reader = bearer(&registry, ("reader", "r"), scope).await;
    assert_eq!(reader.get("/v2/").await.status, 200);
    assert_eq!(reader.get("/v2/team/app/manifests/1").await.status, 200);
    assert_eq!(
        reader.post("/v2/team/app/blobs/uploads/", "").await.status,
        401,
        "asked for, not granted"
    );
    assert_eq!(
        reader.get("/v2/team/b/tags/list").await.status,
        401,
        "not asked for"
    );
    let answer = token(
        &registry,
        Some(("reader", "r")),
        "repository:team/app:pull,push&scope=repository:other:pull",
    )
    .await;
    assert_eq!(granted(&answer.json()["token"]), "team/app=[\"pull\"] other=[]");
    assert_eq!(
        (&answer.json()["expires_in"], answer.header("cache-control")),
        (&json!(300), "no-store")
    );
    assert_eq!(answer.json()["token"], answer.json()["access_token"]);
    let basic = Client::of(&registry)
        .basic("reader", "r")
        .get("/v2/team/app/manifests/1")
        .await;
    assert_eq!(basic.status, 401, "a password is for the token service");
}

#[tokio::test]
async fn the_token_service_refuses_wrong_passwords_and_nobody() {
    let registry = with_accounts(Authentication::Bearer).await;
    let scope = "repository:team/app:pull";
    assert_eq!(
        token(&registry, Some(("reader", "x")), scope).await.verdict(),
        "401 UNAUTHORIZED"
    );
    assert_eq!(
        token(&registry, Some(("nobody", "r")), scope).await.verdict(),
        "401 UNAUTHORIZED"
    );
    assert_eq!(token(&registry, None, scope).await.verdict(), "401 UNAUTHORIZED");
    assert_eq!(
        form(&registry, "grant_type=password&username=reader&password=x")
            .await
            .status,
        401
    );
    assert_eq!(
        form(&registry, "grant_type=refresh_token&refresh_token=a.b.c")
            .await
            .status,
        401
    );
    assert_eq!(form(&registry, "grant_type=other").await.status, 400);
    assert_eq!(
        Client::of(&registry)
            .basic("reader", "r")
            .get("/token?service=other")
            .await
            .status,
        400
    );
    assert_eq!(Client::of(&registry).delete("/token").await.status, 405);
    let large = "x".repeat(64 * 1024 + 1);
    assert_eq!(Client::of(&registry).post("/token", large).await.status, 413);
    let basic = with_accounts(Authentication::Basic).await;
    assert_eq!(token(&basic, Some(("reader", "r")), scope).await.status, 404);
}

#[tokio::test]
async fn nobody_gets_a_token_where_something_is_public() {
    let anonymous = Rights::none().pull("public");
    let registry = builder(Store::memory())
        .authentication(Authentication::Bearer)
        .anonymous(anonymous)
        .build()
        .unwrap();
    let answer = token(
        &registry,
        None,
        "repository:public/app:pull repository:private:pull"
            .replace(' ', "%20")
            .as_str(),
    )
    .await;
    assert_eq!(
        granted(&answer.json()["token"]),
        "public/app=[\"pull\"] private=[]"
    );
    let nobody = Client::of(&registry).bearer(answer.json()["token"].as_str().unwrap());
    assert_eq!(
        nobody.get("/v2/public/app/manifests/1").await.verdict(),
        "404 MANIFEST_UNKNOWN"
    );
    assert_eq!(nobody.get("/v2/private/manifests/1").await.status, 401);
}

#[tokio::test]
async fn a_refresh_token_stands_for_the_password_at_the_token_service_only() {
    let registry = with_accounts(Authentication::Bearer).await;
    let first = form(
        &registry,
        "grant_type=password&username=reader&password=r&access_type=offline&service=keyside-registry&scope=repository%3Ateam%2Fapp%3Apull",
    )
    .await;
    assert_eq!(first.json()["scope"], "repository:team/app:pull");
    let refresh = first.json()["refresh_token"].as_str().unwrap().to_owned();
    let again = async |token: &str| {
        let body = format!("grant_type=refresh_token&refresh_token={token}&scope=repository:team/app:pull");
        Client::of(&registry).post("/token", body).await
    };
    let second = again(&refresh).await;
    assert_eq!(granted(&second.json()["access_token"]), "team/app=[\"pull\"]");
    assert_eq!(
        Client::of(&registry).bearer(&refresh).get("/v2/").await.status,
        401,
        "it opens nothing itself"
    );
    let access = second.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(
        again(&access).await.status,
        401,
        "and an access token refreshes nothing"
    );
    let offline = Client::of(&registry)
        .basic("reader", "r")
        .get("/token?offline_token=true")
        .await;
    assert!(offline.json()["refresh_token"].is_string());
    registry.accounts().set_password("reader", "new").await.unwrap();
    assert_eq!(again(&refresh).await.status, 401, "it dies with the password");
}

#[tokio::test]
async fn tokens_die_with_any_change_of_their_account() {
    let registry = with_accounts(Authentication::Bearer).await;
    let scope = "repository:team/app:pull";
    let reader = bearer(&registry, ("reader", "r"), scope).await;
    registry
        .accounts()
        .set_rights("reader", Rights::none().pull("team"))
        .await
        .unwrap();
    assert_eq!(reader.get("/v2/").await.status, 401);
    let reader = bearer(&registry, ("reader", "r"), scope).await;
    registry.accounts().remove("reader").await.unwrap();
    assert_eq!(reader.get("/v2/").await.status, 401);
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let registry = with_accounts(Authentication::Bearer).await;
    let stranger = with_accounts(Authentication::Bearer).await;
    let scope = "repository:team/app:pull";
    let genuine = token(&registry, Some(("reader", "r")), scope).await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let foreign = token(&stranger, Some(("reader", "r")), scope).await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let parts: Vec<&str> = genuine.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let wider = URL_SAFE_NO_PAD.encode(
        String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap())
            .unwrap()
            .replace("pull", "push"),
    );
    let forged = [
        foreign,
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{wider}.{}", parts[0], parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        genuine[..genuine.len() - 2].to_owned(),
        String::new(),
    ];
    for token in &forged {
        assert_eq!(
            Client::of(&registry).bearer(token).get("/v2/").await.status,
            401,
            "{token}"
        );
    }
    assert_eq!(
        Client::of(&registry).bearer(&genuine).get("/v2/").await.status,
        200
    );
}

#[tokio::test]
async fn processes_over_one_store_take_each_others_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let process = || {
        let store = Store::files(folder.path()).unwrap();
        builder(store)
            .authentication(Authentication::Bearer)
            .build()
            .unwrap()
    };
    let (one, other) = (process(), process());
    one.accounts().set("robot", "p", Rights::all()).await.unwrap();
    let client = bearer(&one, ("robot", "p"), "repository:a:pull").await;
    let token = client.authorization.unwrap();
    let there = Client {
        authorization: Some(token),
        ..Client::of(&other)
    };
    assert_eq!(there.get("/v2/").await.status, 200);
}

#[tokio::test]
async fn mounting_needs_the_right_to_read_the_source() {
    let registry = with_accounts(Authentication::Bearer).await;
    let accounts = registry.accounts();
    accounts
        .set("both", "b", Rights::none().push("to").pull("from"))
        .await
        .unwrap();
    accounts.set("owner", "o", Rights::all()).await.unwrap();
    let owner = bearer(
        &registry,
        ("owner", "o"),
        "repository:from:pull,push&scope=repository:secret:pull,push",
    )
    .await;
    let digest = owner.push_blob("from", b"layer").await;
    let hidden = owner.push_blob("secret", b"hidden").await;
    let mount = |client: Client, query: String| async move {
        client
            .post(&format!("/v2/to/blobs/uploads/?{query}"), Body::empty())
            .await
    };
    let narrow = bearer(&registry, ("both", "b"), "repository:to:pull,push").await;
    let answer = mount(narrow, format!("mount={digest}&from=from")).await;
    assert_eq!(answer.status, 401, "another token may help");
    assert!(
        answer
            .header("www-authenticate")
            .contains("scope=\"repository:to:pull,push repository:from:pull\"")
    );
    let wide = "repository:to:pull,push%20repository:from:pull%20repository:secret:pull";
    let answer = mount(
        bearer(&registry, ("both", "b"), wide).await,
        format!("mount={digest}&from=from"),
    )
    .await;
    assert_eq!(answer.status, 201);
    let answer = mount(
        bearer(&registry, ("both", "b"), wide).await,
        format!("mount={hidden}&from=secret"),
    )
    .await;
    assert_eq!(answer.status, 202, "no token will help: upload it");
    let answer = mount(
        bearer(&registry, ("both", "b"), wide).await,
        format!("mount={hidden}"),
    )
    .await;
    assert_eq!(answer.status, 202, "nor is it found by its digest");
}

#[tokio::test]
async fn the_list_of_repositories_shows_only_what_may_be_read() {
    for authentication in [Authentication::Basic, Authentication::Bearer] {
        let registry = with_accounts(authentication).await;
        for name in ["team/app", "other"] {
            let config = registry.put_blob(name, "{}".into()).await.unwrap();
            let image = json!({"schemaVersion": 2, "config": {"digest": config}, "layers": []}).to_string();
            registry
                .put_manifest(name, Some("1"), image.into())
                .await
                .unwrap();
        }
        let reader = match authentication {
            Authentication::Bearer => bearer(&registry, ("reader", "r"), "registry:catalog:*").await,
            _ => Client::of(&registry).basic("reader", "r"),
        };
        assert_eq!(
            reader.get("/v2/_catalog").await.json()["repositories"],
            json!(["team/app"])
        );
        assert_eq!(Client::of(&registry).get("/v2/_catalog").await.status, 401);
    }
}
