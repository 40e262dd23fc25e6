//! How long it takes to verify a hundred credentials of one registry on this machine, over one connection, and how long a
//! loop of `skopeo login` takes for the same credentials and the same registry.
//!
//! `cargo bench -p keyside-oci` prints both, and how many connections the registry has seen.

#![expect(clippy::print_stdout, reason = "the result of a measurement is its output")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use axum::serve::ListenerExt as _;
use keyside_keychain::{Credential, Reference};
use keyside_oci::verify::{Question, verify};
use keyside_oci::{Client, Network};
use keyside_registry::{Authentication, Registry, Rights, Store};
use std::io::Write as _;
use std::num::NonZeroU32;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CREDENTIALS: usize = 100;
const REPEATS: usize = 5;

/// The registry, and how many connections it has seen.
struct Peer {
    host: String,
    connections: Arc<AtomicUsize>,
}

#[tokio::main]
async fn main() {
    let peer = start().await;
    let mut ours = Vec::new();
    let mut connections = 0;
    for _ in 0..REPEATS {
        peer.connections.store(0, Ordering::Relaxed);
        ours.push(verify_all(&peer.host).await);
        connections = peer.connections.load(Ordering::Relaxed);
    }
    print("keyside, login and pull scope", &mut ours, connections);
    if Command::new("skopeo").arg("--version").output().is_err() {
        println!("skopeo is not installed: no comparison");
        return;
    }
    peer.connections.store(0, Ordering::Relaxed);
    let host = peer.host.clone();
    let theirs = tokio::task::spawn_blocking(move || skopeo_all(&host))
        .await
        .unwrap();
    print(
        "skopeo login, login only",
        &mut [theirs],
        peer.connections.load(Ordering::Relaxed),
    );
}

fn print(what: &str, times: &mut [Duration], connections: usize) {
    times.sort();
    let median = times[times.len() / 2].as_secs_f64() * 1000.0;
    let range = format!(
        "{:.0}-{:.0}",
        times[0].as_secs_f64() * 1000.0,
        times[times.len() - 1].as_secs_f64() * 1000.0
    );
    println!("{what:<32} {CREDENTIALS} credentials in {median:>6.0} ms ({range}), {connections} connections");
}

fn user(at: usize) -> String {
    format!("robot-{at}")
}

fn password(at: usize) -> String {
    format!("s3cret-{at}")
}

async fn start() -> Peer {
    let registry = Registry::builder(Store::memory())
        .authentication(Authentication::Bearer)
        .password_rounds(NonZeroU32::new(1_000).unwrap())
        .build()
        .unwrap();
    for at in 0..CREDENTIALS {
        let rights = Rights::none().pull("team");
        registry
            .accounts()
            .set(&user(at), &password(at), rights)
            .await
            .unwrap();
    }
    let config = registry.put_blob("team/app", "{}".into()).await.unwrap();
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[],"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}}}}"#
    );
    registry
        .put_manifest("team/app", Some("1"), manifest.into())
        .await
        .unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let seen = connections.clone();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let listener = listener.tap_io(move |_| {
        seen.fetch_add(1, Ordering::Relaxed);
    });
    tokio::spawn(async move { axum::serve(listener, registry.router()).await.unwrap() });
    Peer { host, connections }
}

/// One after the other: then one connection is enough.
async fn verify_all(host: &str) -> Duration {
    let client = Client::new(&Network::default()).unwrap();
    let image = Reference::parse(&format!("{host}/team/app:1")).unwrap();
    let started = Instant::now();
    for at in 0..CREDENTIALS {
        let login = Credential::new(user(at), password(at));
        let question = Question::pull(&client, &image, Some(login)).unwrap();
        let verdict = verify(&client, &question).await;
        assert_eq!(verdict.reason.as_str(), "PullAllowed", "{verdict:?}");
    }
    started.elapsed()
}

fn skopeo_all(host: &str) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    for at in 0..CREDENTIALS {
        let mut child = Command::new("skopeo")
            .args([
                "login",
                "--tls-verify=false",
                "--password-stdin",
                "--username",
                &user(at),
            ])
            .arg("--authfile")
            .arg(folder.path().join("auth.json"))
            .arg(host)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(password(at).as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success());
    }
    started.elapsed()
}
