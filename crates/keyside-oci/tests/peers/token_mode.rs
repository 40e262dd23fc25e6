//! Debian's docker-registry with a token service on another origin, which it believes by a certificate: the set-up of GitLab
//! and Gitea.

use crate::docker_registry::{DockerRegistry, PASSWORD, USER};
use crate::layout::Layout;
use crate::server::{Seen, Server};
use keyside_keychain::{Credential, Reference};
use keyside_oci::verify::{Question, verify};
use keyside_oci::{Client, Network, Origin};
use rcgen::{CertificateParams, KeyPair, SigningKey as _};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// What signs tokens.
struct Signer {
    key: KeyPair,
    pem: String,
    /// The certificate in base64, as it stands in a token's head.
    chain: String,
}

impl Signer {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["token.test".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        Self {
            pem: certificate.pem(),
            chain: base64(certificate.der(), false),
            key,
        }
    }

    /// A token that lets these accesses through.
    fn token(&self, access: &Value) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let head = json!({"typ": "JWT", "alg": "ES256", "x5c": [self.chain]});
        let claims = json!({
            "iss": "tests", "sub": USER, "aud": "tests", "jti": "1",
            "nbf": now - 60, "iat": now - 60, "exp": now + 300, "access": access,
        });
        let text = [head, claims]
            .map(|part| base64(part.to_string().as_bytes(), true))
            .join(".");
        let signature = raw_signature(&self.key.sign(text.as_bytes()).unwrap());
        format!("{text}.{}", base64(&signature, true))
    }
}

/// Two numbers of 32 bytes out of their ASN.1 form.
fn raw_signature(der: &[u8]) -> Vec<u8> {
    let first = usize::from(der[3]);
    let second = &der[4 + first + 2..];
    let number = |bytes: &[u8]| -> Vec<u8> {
        let digits: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        [vec![0; 32 - digits.len()], digits].concat()
    };
    [number(&der[4..4 + first]), number(second)].concat()
}

/// Base64, for addresses without padding or the usual one with it.
fn base64(bytes: &[u8], for_addresses: bool) -> String {
    let alphabet: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk
            .iter()
            .fold(0_u32, |number, byte| (number << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(alphabet[(number >> (18 - 6 * at)) as usize & 63]));
        }
        text.extend(std::iter::repeat_n('=', 3 - chunk.len()));
    }
    match for_addresses {
        true => text.trim_end_matches('=').replace('+', "-").replace('/', "_"),
        false => text,
    }
}

/// Gives whoever knows the password the pulls and pushes below `team` that are asked for, and nothing else.
fn issue(signer: &Signer, seen: &Seen) -> crate::server::Reply {
    let right = Credential::new(USER, PASSWORD)
        .basic_auth()
        .expose_text()
        .to_lowercase();
    match seen.header("authorization") {
        Some(shown) if shown == format!("basic {right}") => {}
        Some(_) => return seen.answer(401, &[], b""),
        None => {}
    }
    let query = seen.target.split_once('?').map_or("", |(_, query)| query);
    let access: Vec<Value> = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "scope" && seen.has_secret())
        .filter_map(|(_, scope)| {
            let mut parts = scope.split(':');
            let (kind, name, actions) = (parts.next()?, parts.next()?, parts.next()?);
            let actions: Vec<&str> = actions.split(',').collect();
            name.starts_with("team/")
                .then(|| json!({"type": kind, "name": name, "actions": actions}))
        })
        .collect();
    let token = signer.token(&json!(access));
    seen.answer(
        200,
        &[("Content-Type", "application/json")],
        json!({"token": token}).to_string().as_bytes(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmed_token_service_of_a_real_registry_is_used_and_an_unconfirmed_one_is_not() {
    let signer = Signer::new();
    let pem = signer.pem.clone();
    let service = Server::start(move |seen: &Seen| issue(&signer, seen)).await;
    let realm = format!("http://{}/token", service.host);
    let Some(registry) = DockerRegistry::start_with_tokens(&realm, "tests", &pem) else {
        return;
    };
    tokio::task::block_in_place(|| registry.push(&Layout::write(&["amd64"], &[10]), "team/app"));
    let client = Client::new(&Network::default()).unwrap();
    let asked = service.seen().len();
    let ask = async |repository: &str, password: &str, confirmed: bool| {
        let image = Reference::parse(&format!("{}/{repository}", registry.host)).unwrap();
        let question = Question::pull(&client, &image, Some(Credential::new(USER, password))).unwrap();
        let services = if confirmed {
            vec![Origin::parse(&format!("http://{}", service.host)).unwrap()]
        } else {
            Vec::new()
        };
        verify(&client, &question.confirming(services)).await
    };
    let unconfirmed = ask("team/app:1", PASSWORD, false).await;
    assert_eq!(unconfirmed.reason.as_str(), "TokenServiceUnconfirmed");
    assert_eq!(
        unconfirmed.unconfirmed.map(|origin| origin.to_string()),
        Some(format!("http://{}", service.host))
    );
    assert_eq!(service.seen().len(), asked);
    assert_eq!(
        ask("team/app:1", PASSWORD, true).await.reason.as_str(),
        "PullAllowed"
    );
    assert_eq!(
        ask("team/app", PASSWORD, true).await.reason.as_str(),
        "PullAllowed"
    );
    assert_eq!(
        ask("team/app:2", PASSWORD, true).await.reason.as_str(),
        "NotFound"
    );
    assert_eq!(
        ask("elsewhere/app:1", PASSWORD, true).await.reason.as_str(),
        "NoPullScope"
    );
    assert_eq!(
        ask("team/app:1", "wrong", true).await.reason.as_str(),
        "BadCredentials"
    );
}
