//! A registry whose token service is elsewhere: nothing goes there until the credential's spec confirms it.

use super::bench::Bench;
use crate::registry::{PASSWORD, USER};
use crate::world::{World, has_kubectl, up};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The proofs that somebody was shown.
type Shown = Arc<Mutex<Vec<String>>>;

/// A registry and its token service, each at an address of its own.
struct Split {
    _runtime: Runtime,
    registry: SocketAddr,
    service: SocketAddr,
    to_registry: Shown,
    to_service: Shown,
}

impl Split {
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (to_registry, to_service) = (Shown::default(), Shown::default());
        let (registry, service) = runtime.block_on(async {
            let service = listen(Router::new().fallback(issue).with_state(to_service.clone())).await;
            let state = (service, to_registry.clone());
            (
                listen(Router::new().fallback(serve).with_state(state)).await,
                service,
            )
        });
        Self {
            _runtime: runtime,
            registry,
            service,
            to_registry,
            to_service,
        }
    }
}

async fn listen(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(axum::serve(listener, router).into_future());
    address
}

fn note(shown: &Shown, request: &Request) -> Option<String> {
    let proof = request.headers().get(header::AUTHORIZATION)?;
    let proof = proof.to_str().expect("text").to_owned();
    shown.lock().expect("not poisoned").push(proof.clone());
    Some(proof)
}

async fn issue(State(shown): State<Shown>, request: Request) -> Response {
    let proof = note(&shown, &request);
    let expected = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    if proof.as_deref() == Some(expected.as_str()) {
        r#"{"token":"issued"}"#.into_response()
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

async fn serve(State((service, shown)): State<(SocketAddr, Shown)>, request: Request) -> Response {
    if note(&shown, &request).as_deref() == Some("Bearer issued") && request.method() == Method::HEAD {
        return StatusCode::OK.into_response();
    }
    let challenge = format!("Bearer realm=\"http://{service}/token\",service=\"tests\"");
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
}

fn verified(world: &World, name: &str, expected: &str) {
    let path = "{.status.conditions[?(@.type==\"Verified\")].reason}";
    world.wait(
        &format!("registrycredential/{name}"),
        "lab",
        path,
        &format!("{name} is {expected}"),
        |reason| reason == expected,
    );
}

#[test]
fn token_service_elsewhere_gets_nothing_until_the_spec_confirms_it_and_then_the_login_of_its_registry() {
    if !has_kubectl() {
        return;
    }
    let (world, split) = (up(), Split::start());
    let bench = Bench::new(&world);
    bench.namespace("lab");
    let credential = |name: &str, more: &str| {
        bench.secret("lab", name, &split.registry.to_string(), USER, PASSWORD);
        world.apply(&format!(
            "apiVersion: keyside.dev/v1alpha1\nkind: RegistryCredential\nmetadata: {{name: {name}, namespace: lab}}\nspec:\n  source: {{secret: {{name: {name}}}}}\n  verification: {{repository: {}/team/app:1}}\n{more}",
            split.registry
        ));
    };
    let explained = |rank: usize, expected: &str| {
        let line = format!(
            "keyside explain image {}/team/app:1 -n lab -o json",
            split.registry
        );
        let output = bench.shell(&line, "");
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(
            said["images"][0]["credentials"][rank]["reason"], expected,
            "{said}"
        );
    };
    credential("waiting", "");
    verified(&world, "waiting", "TokenServiceUnconfirmed");
    explained(0, "TokenServiceUnconfirmed");
    for shown in [&split.to_service, &split.to_registry] {
        assert_eq!(*shown.lock().expect("not poisoned"), [""; 0]);
    }
    credential(
        "confirmed",
        &format!("  tokenService: http://{}\n", split.service),
    );
    verified(&world, "confirmed", "PullAllowed");
    // The confirmation is one credential's own.
    verified(&world, "waiting", "TokenServiceUnconfirmed");
    let login = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    let to_service = split.to_service.lock().expect("not poisoned").clone();
    // Without a scope and with it.
    assert_eq!(to_service, [login.clone(), login]);
    assert_eq!(
        *split.to_registry.lock().expect("not poisoned"),
        ["Bearer issued"]
    );
}
