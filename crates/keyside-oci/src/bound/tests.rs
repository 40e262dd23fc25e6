use super::*;

fn registry(host: &str) -> Registry {
    Registry::new(host, false).unwrap()
}

fn bearer(realm: &str) -> Bearer {
    Bearer {
        realm: Some(realm.to_owned()),
        service: Some("s&x=1".to_owned()),
        error: None,
    }
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Admitted,
    Unconfirmed,
    Unusable,
}

fn admit(host: &str, realm: &str, confirmed: &[&str]) -> Verdict {
    let confirmed: Vec<_> = confirmed
        .iter()
        .map(|text| Origin::parse(text).unwrap())
        .collect();
    match TokenService::admit(&registry(host), &bearer(realm), &confirmed) {
        Ok(_) => Verdict::Admitted,
        Err(RealmError::Unconfirmed { .. }) => Verdict::Unconfirmed,
        Err(RealmError::Unusable) => Verdict::Unusable,
    }
}

#[test]
fn same_origin_known_pairs_and_confirmed_services_get_the_password() {
    for (host, realm) in [
        ("quay.io", "https://quay.io/v2/auth"),
        ("quay.io:443", "https://QUAY.io/v2/auth"),
        ("quay.io", "https://quay.io:443/v2/auth?tenant=a#x"),
        ("docker.io", "https://auth.docker.io/token"),
        ("registry.gitlab.com", "https://gitlab.com/jwt/auth"),
        ("localhost:5000", "http://localhost:5000/token"),
    ] {
        assert_eq!(admit(host, realm, &[]), Verdict::Admitted, "{host} {realm}");
    }
    let own = "https://token.corp.example";
    assert_eq!(
        admit("reg.corp.example", "https://token.corp.example/t", &[own]),
        Verdict::Admitted
    );
}

#[test]
fn every_other_origin_gets_nothing() {
    for realm in [
        "https://token.evil.example/t",
        "https://auth.docker.io/token",
        "https://gitlab.com/jwt/auth",
        "https://reg.corp.example:8443/t",
        "https://auth.reg.corp.example/t",
        "https://reg.corp.example.evil.example/t",
        "https://reg.corp.example@evil.example/t",
        "https://user:pass@reg.corp.example/t",
        "http://reg.corp.example/t",
        "http://reg.corp.example:443/t",
        "http://169.254.169.254/latest/meta-data/",
        "https:evil.example/t",
        "https:\\\\evil.example\\t",
        "https://evil.example\\@reg.corp.example/t",
    ] {
        assert_eq!(
            admit("reg.corp.example", realm, &[]),
            Verdict::Unconfirmed,
            "{realm}"
        );
        let other = ["https://token.corp.example"];
        assert_eq!(
            admit("reg.corp.example", realm, &other),
            Verdict::Unconfirmed,
            "{realm}"
        );
    }
    assert_eq!(
        admit(
            "reg.corp.example",
            "http://token.corp.example/t",
            &["http://token.corp.example"]
        ),
        Verdict::Unconfirmed,
        "not even a confirmation gives up encryption"
    );
    assert_eq!(
        admit("localhost:5000", "http://localhost:5001/t", &[]),
        Verdict::Unconfirmed
    );
    assert_eq!(
        admit("127.0.0.1:5000", "http://localhost:5000/t", &[]),
        Verdict::Unconfirmed
    );
}

#[test]
fn realm_must_be_an_absolute_web_address() {
    for realm in [
        "",
        "/token",
        "//quay.io/token",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "quay.io/token",
        "https://",
    ] {
        assert_eq!(admit("quay.io", realm, &[]), Verdict::Unusable, "{realm}");
    }
    let missing = TokenService::admit(&registry("quay.io"), &Bearer::default(), &[]);
    assert_eq!(missing, Err(RealmError::Unusable));
}

#[test]
fn service_and_scope_cannot_add_parameters() {
    let realm = Realm::read(&registry("quay.io"), &bearer("https://quay.io/t?tenant=a")).unwrap();
    assert_eq!(
        realm.token_url(Some("repository:a/b:pull&x=2")).as_str(),
        "https://quay.io/t?tenant=a&service=s%26x%3D1&scope=repository%3Aa%2Fb%3Apull%26x%3D2"
    );
    let bare = Bearer {
        service: None,
        ..bearer("https://quay.io/t")
    };
    let realm = Realm::read(&registry("quay.io"), &bare).unwrap();
    assert_eq!(realm.token_url(None).as_str(), "https://quay.io/t");
}

#[test]
fn header_is_given_to_its_own_origin_alone() {
    let registry = registry("quay.io");
    let header = Authorization::basic(&Credential::new("u", "s3cret"), &registry);
    let gives = |url: &str| header.header_for(&Url::parse(url).unwrap()).is_some();
    assert!(gives("https://quay.io/v2/"));
    assert!(gives("https://quay.io:443/x"));
    for url in [
        "http://quay.io/v2/",
        "https://quay.io:8443/",
        "https://quay.io.evil.example/",
        "https://evil.example/",
    ] {
        assert!(!gives(url), "{url}");
    }
}

#[test]
fn nothing_secret_is_shown() {
    let registry = registry("quay.io");
    let service = TokenService::admit(&registry, &bearer("https://quay.io/t"), &[]).unwrap();
    let secret = Secret::from("s3cret");
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        Authorization::basic(&Credential::new("u", "s3cret"), &registry),
        Authorization::bearer(&secret, &registry).unwrap(),
        Form::refresh(&secret, &service, None),
        Form::password(&Credential::new("u", "s3cret"), &service, None),
    );
    for leak in ["s3cret", "dTpzM2NyZXQ"] {
        assert!(!shown.contains(leak), "{shown}");
    }
}

#[test]
fn form_is_given_to_its_own_address_alone_and_keeps_every_byte() {
    let registry = registry("quay.io");
    let service = TokenService::admit(&registry, &bearer("https://quay.io/t"), &[]).unwrap();
    let password = Secret::from(b"a&b=c \xff".to_vec());
    let login = Credential::new("u+x", password);
    let form = Form::password(&login, &service, Some("repository:a/b:pull"));
    let body = |url: &str| form.body_for(&Url::parse(url).unwrap());
    assert_eq!(
        String::from_utf8(body("https://quay.io/t").unwrap()).unwrap(),
        "grant_type=password&service=s%26x%3D1&client_id=keyside&scope=repository%3Aa%2Fb%3Apull&username=u%2Bx&password=a%26b%3Dc+%FF"
    );
    for url in [
        "http://quay.io/t",
        "https://quay.io:8443/t",
        "https://evil.example/t",
    ] {
        assert_eq!(body(url), None, "{url}");
    }
}

#[test]
fn token_with_a_line_break_is_not_sent() {
    let token = Secret::from("a\r\nX-Evil: 1");
    assert_eq!(
        Authorization::bearer(&token, &registry("quay.io")),
        Err(Unsendable)
    );
}
