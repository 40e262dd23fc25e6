//! Our registry and our client: every mode of authentication, every scripted fault, and what the client makes of it.

use crate::layout::MANIFEST;
use crate::node::Node;
use crate::server::{Seen, Server};
use keyside_keychain::{Credential, Reference};
use keyside_oci::verify::{Question, verify};
use keyside_oci::{Client, Network};
use keyside_registry::{Authentication, Fault, Part, Registry, Rights, Script, Store};
use serde_json::json;
use std::num::NonZeroU32;
use std::time::Duration;
use tokio::net::TcpListener;

const LAYER: usize = 300_000;

/// The registry on a port, with the image `team/app:1`, an account that may read it, and one that may not.
struct Own {
    host: String,
    registry: Registry,
}

impl Own {
    async fn start(authentication: Authentication) -> Self {
        let registry = Registry::builder(Store::memory())
            .authentication(authentication)
            .password_rounds(NonZeroU32::new(10).unwrap())
            .build()
            .unwrap();
        let accounts = registry.accounts();
        accounts
            .set("reader", "r", Rights::none().pull("team"))
            .await
            .unwrap();
        accounts
            .set("stranger", "s", Rights::none().pull("elsewhere"))
            .await
            .unwrap();
        let put = async |bytes: Vec<u8>, kind: &str| {
            let size = bytes.len();
            let digest = registry.put_blob("team/app", bytes.into()).await.unwrap();
            json!({"mediaType": kind, "digest": digest, "size": size})
        };
        let config = json!({"os": "linux", "architecture": "amd64"})
            .to_string()
            .into_bytes();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": put(config, "application/vnd.oci.image.config.v1+json").await,
            "layers": [put(vec![7; LAYER], "application/vnd.oci.image.layer.v1.tar").await],
        });
        let manifest = manifest.to_string().into();
        registry
            .put_manifest("team/app", Some("1"), manifest)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let router = registry.router();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { host, registry }
    }

    /// What a node says of a pull, and the verdict of a verification, for the same registry and credential.
    async fn ask(&self, login: Option<(&str, &str)>) -> (String, String) {
        let credential = login.map(|(user, password)| Credential::new(user, password));
        let image = Reference::parse(&format!("{}/team/app:1", self.host)).unwrap();
        let client = Client::new(&Network::default()).unwrap();
        let question = Question::pull(&client, &image, credential.clone()).unwrap();
        let verdict = verify(&client, &question).await;
        let pulled = match Node::new("amd64").pull_app(&self.host, credential.as_ref()).await {
            Ok(pulled) => format!("{} layer", pulled.layers.len()),
            Err(error) => {
                let cause = error.cause().map_or("-", |cause| cause.as_str());
                let message = error.kubelet_message().replace(&self.host, "H");
                format!("{cause}: {}", message.rsplit("\": ").next().unwrap_or_default())
            }
        };
        (pulled, verdict.reason.to_string())
    }

    async fn check(&self, login: Option<(&str, &str)>, pulled: &str, verdict: &str) {
        assert_eq!(
            self.ask(login).await,
            (pulled.to_owned(), verdict.to_owned()),
            "{login:?}"
        );
    }

    /// With one fault at a time.
    async fn check_fault(&self, part: Part, fault: Fault, pulled: &str, verdict: &str) {
        let faults = self.registry.faults();
        faults.clear_all();
        faults.add(Script::new("team/app", fault.clone()).on(part));
        let expected = (pulled.to_owned(), verdict.to_owned());
        assert_eq!(self.ask(READER).await, expected, "{part:?} {fault:?}");
        faults.clear_all();
    }
}

const READER: Option<(&str, &str)> = Some(("reader", "r"));
const STRANGER: Option<(&str, &str)> = Some(("stranger", "s"));
const WRONG: Option<(&str, &str)> = Some(("reader", "wrong"));

#[tokio::test]
async fn without_authentication_everybody_pulls() {
    let own = Own::start(Authentication::None).await;
    own.check(None, "1 layer", "PullAllowed").await;
    own.check(WRONG, "1 layer", "PullAllowed").await;
}

#[tokio::test]
async fn passwords_are_judged_as_by_a_registry_with_basic() {
    let own = Own::start(Authentication::Basic).await;
    let refused = "pulling from host H failed with status code [manifests 1]: 401 Unauthorized";
    own.check(READER, "1 layer", "PullAllowed").await;
    own.check(None, &format!("AccessDenied: {refused}"), "NoCredentials")
        .await;
    own.check(WRONG, &format!("AccessDenied: {refused}"), "BadCredentials")
        .await;
    let denied = "NoPullScope: pulling from host H failed with status code [manifests 1]: 403 Forbidden";
    own.check(STRANGER, denied, "NoPullScope").await;
}

#[tokio::test]
async fn passwords_are_judged_as_by_a_registry_with_tokens() {
    let own = Own::start(Authentication::Bearer).await;
    own.check(READER, "1 layer", "PullAllowed").await;
    let refused = "failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized";
    own.check(WRONG, &format!("BadCredentials: {refused}"), "BadCredentials")
        .await;
    let refused = "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized";
    own.check(None, &format!("NoCredentials: {refused}"), "NoCredentials")
        .await;
    let denied = "AccessDenied: pull access denied, repository does not exist or may require authorization: \
                  server message: insufficient_scope: authorization failed";
    own.check(STRANGER, denied, "NoPullScope").await;
}

#[tokio::test]
async fn a_changed_password_fails_at_the_next_pull_and_the_new_one_works() {
    for authentication in [Authentication::Basic, Authentication::Bearer] {
        let own = Own::start(authentication).await;
        own.check(READER, "1 layer", "PullAllowed").await;
        own.registry
            .accounts()
            .set_password("reader", "new")
            .await
            .unwrap();
        assert_eq!(own.ask(READER).await.1, "BadCredentials");
        own.check(Some(("reader", "new")), "1 layer", "PullAllowed").await;
    }
}

#[tokio::test]
async fn faults_of_the_manifest_have_their_causes() {
    let own = Own::start(Authentication::Basic).await;
    let status = |cause: &str, status: &str| {
        format!("{cause}: pulling from host H failed with status code [manifests 1]: {status}")
    };
    let on = async |fault: Fault, pulled: String, verdict: &str| {
        own.check_fault(Part::Manifests, fault, &pulled, verdict).await;
    };
    on(
        Fault::Forbidden,
        status("NoPullScope", "403 Forbidden"),
        "NoPullScope",
    )
    .await;
    on(
        Fault::Unauthorized,
        status("AccessDenied", "401 Unauthorized"),
        "NoPullScope",
    )
    .await;
    on(
        Fault::ExpiredLogin,
        status("NoPullScope", "403 Forbidden"),
        "Expired",
    )
    .await;
    on(
        Fault::Unavailable(503),
        status("RegistryError", "503 Service Unavailable"),
        "RegistryError",
    )
    .await;
    let limited = Fault::RateLimited {
        retry_after: Some(Duration::from_secs(9)),
    };
    on(
        limited,
        status("RateLimited", "429 Too Many Requests"),
        "RateLimited",
    )
    .await;
    on(
        Fault::NotFound,
        "NotFound: H/team/app:1: not found".to_owned(),
        "NotFound",
    )
    .await;
}

#[tokio::test]
async fn faults_of_the_token_service_have_their_causes() {
    let own = Own::start(Authentication::Bearer).await;
    let token = |cause: &str, status: &str| {
        format!("{cause}: failed to authorize: failed to fetch oauth token: unexpected status: {status}")
    };
    let on = async |fault: Fault, pulled: String, verdict: &str| {
        own.check_fault(Part::Token, fault, &pulled, verdict).await;
    };
    on(
        Fault::Forbidden,
        token("NoPullScope", "403 Forbidden"),
        "NoPullScope",
    )
    .await;
    let limited = Fault::RateLimited { retry_after: None };
    on(
        limited,
        token("RateLimited", "429 Too Many Requests"),
        "RateLimited",
    )
    .await;
    on(
        Fault::Unavailable(502),
        token("RegistryError", "502 Bad Gateway"),
        "RegistryError",
    )
    .await;
    let expired = "AccessDenied: pull access denied, repository does not exist or may require authorization: \
                   server message: invalid_token: authorization failed";
    on(Fault::ExpiredToken, expired.to_owned(), "RegistryError").await;
}

#[tokio::test]
async fn faults_of_content_have_their_causes_though_the_credential_is_fine() {
    let own = Own::start(Authentication::Bearer).await;
    let on = async |fault: Fault, cause: &str, text: &str| {
        let faults = own.registry.faults();
        faults.clear_all();
        faults.add(Script::new("team/app", fault.clone()).on(Part::Blobs));
        let (pulled, verdict) = own.ask(READER).await;
        assert!(
            pulled.starts_with(cause) && pulled.contains(text),
            "{fault:?}: {pulled}"
        );
        assert_eq!(verdict, "PullAllowed", "{fault:?}");
    };
    on(
        Fault::Forbidden,
        "BlobDenied",
        "403 Forbidden - Server message: denied",
    )
    .await;
    on(
        Fault::NotFound,
        "ContentMissing",
        "could not fetch content descriptor",
    )
    .await;
    on(Fault::Corrupt, "ContentCorrupt", "unexpected commit digest").await;
    on(
        Fault::Unavailable(500),
        "RegistryError",
        "500 Internal Server Error",
    )
    .await;
    on(Fault::Slow(Duration::from_millis(30)), "1 layer", "").await;
    own.registry.faults().clear_all();
    own.check(READER, "1 layer", "PullAllowed").await;
}

#[tokio::test]
async fn a_layer_that_was_cut_off_is_continued() {
    let own = Own::start(Authentication::Bearer).await;
    let cut = Script::new("team/app", Fault::Cut { after: 1000 }).on(Part::Blobs);
    own.registry.faults().add(cut.times(2));
    let node = Node::new("amd64");
    let credential = Credential::new("reader", "r");
    let mut tries = 0;
    let pulled = loop {
        tries += 1;
        match node.pull_app(&own.host, Some(&credential)).await {
            Ok(pulled) => break pulled,
            Err(error) => assert!(tries < 4, "{error}"),
        }
    };
    assert_eq!(own.registry.faults().all(), [], "both cuts happened");
    let layer = std::fs::read(node.dir.path(&pulled.layers[0].digest)).unwrap();
    assert_eq!(layer, vec![7; LAYER]);
}

#[tokio::test]
async fn a_password_follows_neither_a_foreign_realm_nor_a_redirect() {
    for authentication in [Authentication::Basic, Authentication::Bearer] {
        let own = Own::start(authentication).await;
        // It asks for the password again and again, in both ways.
        let thief = Server::start(|seen: &Seen| {
            let challenge = [("WWW-Authenticate", "Basic realm=\"r\"")];
            seen.answer(401, &challenge, b"")
        })
        .await;
        let address = format!("http://{}", thief.host);
        for fault in [
            Fault::ForeignRealm(format!("{address}/token")),
            Fault::Redirect(address),
        ] {
            own.registry.faults().clear_all();
            own.registry.faults().add(Script::everywhere(fault.clone()));
            let (pulled, verdict) = own.ask(READER).await;
            assert_ne!(pulled, "1 layer", "{fault:?}");
            assert!(
                ["TokenServiceUnconfirmed", "NotARegistry"].contains(&&*verdict),
                "{fault:?}: {verdict}"
            );
        }
        let secrets = thief
            .seen()
            .iter()
            .filter(|seen| seen.has_secret() || !seen.body.is_empty())
            .count();
        assert_eq!(secrets, 0, "{authentication:?}: {:?}", thief.seen());
    }
}
