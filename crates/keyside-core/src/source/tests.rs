use super::*;
use keyside_keychain::Reference;
use serde_json::json;

fn key() -> InstallKey {
    InstallKey::new(&[7; 32]).unwrap()
}

fn config_secret(document: &str) -> PullSecret {
    read(
        "kubernetes.io/dockerconfigjson",
        &[(".dockerconfigjson", document)],
    )
}

fn read(secret_type: &str, values: &[(&str, &str)]) -> PullSecret {
    let data: serde_json::Map<_, _> = values
        .iter()
        .map(|(name, value)| {
            (
                (*name).to_owned(),
                json!(k8s_openapi::ByteString(value.as_bytes().to_vec())),
            )
        })
        .collect();
    let secret = json!({"metadata": {"name": "s", "uid": "u"}, "type": secret_type, "data": data});
    PullSecret::read(&serde_json::from_value(secret).unwrap(), Some(&key()))
}

/// Delivers the source and compares the document, or the reason why there is none.
fn check(source: &PullSecret, terms: &Terms, expected: Result<&str, &str>) {
    let got = Content::read(source, terms, Some(&key()))
        .map(|content| content.document.expose_text().into_owned())
        .map_err(|problem| problem.to_string());
    assert_eq!(got.as_deref().map_err(String::as_str), expected);
}

fn terms(registry: Option<&str>, repositories: &[&str]) -> Terms {
    Terms {
        registry: registry.map(str::to_owned),
        repositories: repositories.iter().map(|r| (*r).to_owned()).collect(),
    }
}

const QUAY: &str =
    r#"{"auths":{"https://Quay.io/v2/":{"username":"u","password":"p:w","extra":"kept away"}}}"#;

#[test]
fn f25_copy_carries_the_canonical_key_and_auth() {
    let expected = r#"{"auths":{"quay.io":{"username":"u","password":"p:w","auth":"dTpwOnc="}}}"#;
    check(&config_secret(QUAY), &Terms::default(), Ok(expected));
}

#[test]
fn f24_docker_hub_is_delivered_under_both_keys() {
    let expected = r#"{"auths":{"docker.io":{"username":"u","password":"p","auth":"dTpw"},"https://index.docker.io/v1/":{"username":"u","password":"p","auth":"dTpw"}}}"#;
    for spelling in [
        "docker.io",
        "https://index.docker.io/v1/",
        "registry-1.docker.io",
        "hub.docker.com",
    ] {
        let source = config_secret(&format!(r#"{{"auths":{{"{spelling}":{{"auth":"dTpw"}}}}}}"#));
        check(&source, &Terms::default(), Ok(expected));
    }
}

#[test]
fn f33_legacy_form_is_read_and_delivered_as_the_new_one() {
    let source = read(
        "kubernetes.io/dockercfg",
        &[(".dockercfg", r#"{"quay.io":{"auth":"dTpw"}}"#)],
    );
    check(
        &source,
        &Terms::default(),
        Ok(r#"{"auths":{"quay.io":{"username":"u","password":"p","auth":"dTpw"}}}"#),
    );
}

#[test]
fn f31_only_tokens_are_refused_with_the_reason() {
    let source = config_secret(r#"{"auths":{"quay.io":{"identitytoken":"t"}}}"#);
    check(
        &source,
        &Terms::default(),
        Err("the Secret holds only login tokens of docker, which a kubelet ignores"),
    );
}

#[test]
fn basic_auth_needs_a_registry() {
    let source = read(BASIC_AUTH, &[("username", "u"), ("password", "p\n")]);
    let needed = "a basic-auth Secret does not say for which registry it is: set `spec.registry`";
    check(&source, &Terms::default(), Err(needed));
    let expected = r#"{"auths":{"reg.corp:5000":{"username":"u","password":"p\n","auth":"dTpwCg=="}}}"#;
    check(&source, &terms(Some("https://reg.corp:5000/"), &[]), Ok(expected));
}

#[test]
fn repositories_narrow_the_pattern_and_close_it_at_a_segment() {
    let expected = r#"{"auths":{"quay.io/shop/":{"username":"u","password":"p:w","auth":"dTpwOnc="}}}"#;
    check(
        &config_secret(QUAY),
        &terms(None, &["quay.io/shop"]),
        Ok(expected),
    );
    let nothing = "the Secret is for nothing that `spec.repositories` allows";
    check(
        &config_secret(QUAY),
        &terms(None, &["ghcr.io/shop"]),
        Err(nothing),
    );
}

#[test]
fn narrower_entry_stays_under_a_wider_repository() {
    let source = config_secret(
        r#"{"auths":{"quay.io/shop/team":{"auth":"dTpw"},"quay.io/shopping":{"auth":"eDp5"}}}"#,
    );
    let expected = r#"{"auths":{"quay.io/shop/team/":{"username":"u","password":"p","auth":"dTpw"}}}"#;
    check(&source, &terms(None, &["quay.io/shop"]), Ok(expected));
}

#[test]
fn registry_picks_the_entries_of_one_registry() {
    let source = config_secret(r#"{"auths":{"quay.io":{"auth":"dTpw"},"ghcr.io":{"auth":"eDp5"}}}"#);
    let expected = r#"{"auths":{"ghcr.io":{"username":"x","password":"y","auth":"eDp5"}}}"#;
    check(&source, &terms(Some("ghcr.io"), &[]), Ok(expected));
    let none = "the Secret has no entry for reg.corp, which `spec.registry` asks for";
    check(&source, &terms(Some("reg.corp"), &[]), Err(none));
}

#[test]
fn broken_secret_is_refused_in_the_words_of_the_kubelet_without_a_value() {
    let source = config_secret(r#"{"auths":{"quay.io":{"auth":"s3cret!"}}}"#);
    let problem = Content::read(&source, &Terms::default(), None)
        .unwrap_err()
        .to_string();
    assert!(
        problem.contains("illegal base64 data") && !problem.contains("s3cret"),
        "{problem}"
    );
}

#[test]
fn too_large_copy_is_refused_before_it_is_tried() {
    let source = config_secret(&format!(
        r#"{{"auths":{{"quay.io":{{"username":"u","password":"{}"}}}}}}"#,
        "x".repeat(700_000)
    ));
    check(
        &source,
        &Terms::default(),
        Err("a copy would have more than 1048576 bytes, which no Secret may have"),
    );
}

fn direct(document: &str, terms: &Terms) -> bool {
    Content::read(&config_secret(document), terms, None)
        .unwrap()
        .serves_directly
}

#[test]
fn source_serves_its_own_namespace_only_if_a_kubelet_finds_the_same_in_it() {
    assert!(direct(
        r#"{"auths":{"quay.io":{"auth":"dTpw"}}}"#,
        &Terms::default()
    ));
    assert!(direct(
        r#"{"auths":{"quay.io/shop":{"auth":"dTpw"}}}"#,
        &Terms::default()
    ));
    assert!(direct(
        r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dTpw"}}}"#,
        &Terms::default()
    ));
    assert!(direct(
        r#"{"auths":{"quay.io":{"auth":"dTpw"}}}"#,
        &terms(None, &["quay.io/shop"])
    ));
    assert!(!direct(
        r#"{"auths":{"registry-1.docker.io":{"auth":"dTpw"}}}"#,
        &Terms::default()
    ));
    assert!(!direct(
        r#"{"auths":{"Quay.io":{"auth":"dTpw"}}}"#,
        &Terms::default()
    ));
    assert!(!direct(
        r#"{"auths":{"quay.io/shop/":{"auth":"dTpw"}}}"#,
        &Terms::default()
    ));
}

#[test]
fn exact_repository_and_other_spelling_need_a_key_of_their_own() {
    let content = Content::read(&config_secret(QUAY), &terms(None, &["quay.io/shop/web"]), None).unwrap();
    let image = |text: &str| Reference::parse(text).unwrap();
    assert!(content.needs_own_key(&image("quay.io/shop/web:1")));
    assert!(content.needs_own_key(&image("Quay.io/shop/web/a:1")));
    assert!(!content.needs_own_key(&image("quay.io/shop/web/a:1")));
    assert!(!content.needs_own_key(&image("ghcr.io/shop/web:1")));
    let document = content.document_for(&[image("quay.io/shop/web:1")]).unwrap();
    let expected = r#"{"auths":{"quay.io/shop/web/":{"username":"u","password":"p:w","auth":"dTpwOnc="},"quay.io/shop/web":{"username":"u","password":"p:w","auth":"dTpwOnc="}}}"#;
    assert_eq!(document.expose_text(), expected);
}

#[test]
fn ignore_stands_as_label_or_annotation() {
    let map = |key: &str, value: &str| Some([(key.to_owned(), value.to_owned())].into_iter().collect());
    assert!(is_ignored(map("keyside.dev/ignore", "true").as_ref(), None));
    assert!(is_ignored(None, map("keyside.dev/ignore", "true").as_ref()));
    assert!(!is_ignored(map("keyside.dev/ignore", "false").as_ref(), None));
}

#[test]
fn f32_every_entry_of_a_secret_with_several_registries_is_delivered() {
    let source = config_secret(
        r#"{"auths":{"quay.io":{"auth":"dTpw"},"ghcr.io":{"auth":"eDp5"},"reg.corp":{"username":"a","password":"b"}}}"#,
    );
    let expected = r#"{"auths":{"quay.io":{"username":"u","password":"p","auth":"dTpw"},"ghcr.io":{"username":"x","password":"y","auth":"eDp5"},"reg.corp":{"username":"a","password":"b","auth":"YTpi"}}}"#;
    check(&source, &Terms::default(), Ok(expected));
}

#[test]
fn f31_passwords_of_every_form_are_kept_byte_for_byte() {
    for password in [
        "a:b",
        "trailing\n",
        "$robot$x",
        "  ",
        r#"{"type":"service_account","key":"\n"}"#,
        "密码",
    ] {
        let document =
            json!({"auths": {"quay.io": {"username": "robot$team+x", "password": password}}}).to_string();
        let content = Content::read(&config_secret(&document), &Terms::default(), None).unwrap();
        let again = config_secret(&content.document.expose_text());
        let entry = again.config().unwrap().entries()[0].credential().clone();
        assert_eq!(entry.password.expose(), password.as_bytes());
        assert_eq!(entry.username.expose(), b"robot$team+x");
    }
}
