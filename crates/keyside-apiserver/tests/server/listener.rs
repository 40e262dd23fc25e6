//! The server on a socket: who gets in, what is refused before anybody is known, and how it stops (R31, R32).

use crate::rig::MAPS;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keyside_apiserver::pki::Authority;
use keyside_apiserver::{ApiServer, UserInfo};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

struct Listening {
    server: ApiServer,
    authority: Authority,
    address: SocketAddr,
    ended: JoinHandle<std::io::Result<()>>,
    _folder: tempfile::TempDir,
}

async fn listen() -> Listening {
    // Another test may have installed it already.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(folder.path()).unwrap();
    let server = ApiServer::builder().build().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tls = authority.server(&["127.0.0.1".to_owned()]).unwrap();
    let serving = server.clone();
    let ended = tokio::spawn(async move { serving.serve_tls(listener, tls).await });
    Listening {
        server,
        authority,
        address,
        ended,
        _folder: folder,
    }
}

impl Listening {
    fn client(&self, identity: bool) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(self.authority.certificate().as_bytes()).unwrap();
        let builder = reqwest::Client::builder().tls_certs_only([root]);
        if !identity {
            return builder.build().unwrap();
        }
        let identity = self.authority.client("alice", "system:masters").unwrap();
        let kubeconfig = self.authority.kubeconfig("test", &self.url(""), &identity);
        let kubeconfig: serde_json::Value = serde_json::from_str(&kubeconfig).unwrap();
        let user = &kubeconfig["users"][0]["user"];
        let pem = |field: &str| STANDARD.decode(user[field].as_str().unwrap()).unwrap();
        let pem = [pem("client-certificate-data"), pem("client-key-data")].concat();
        builder
            .identity(reqwest::Identity::from_pem(&pem).unwrap())
            .build()
            .unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    /// A bare TLS connection, for saying what no proper client says.
    async fn bare(&self) -> tokio_rustls::client::TlsStream<TcpStream> {
        use rustls_pki_types::pem::PemObject;
        let mut roots = rustls::RootCertStore::empty();
        let certificate =
            rustls_pki_types::CertificateDer::from_pem_slice(self.authority.certificate().as_bytes());
        roots.add(certificate.unwrap()).unwrap();
        let config = rustls::ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = rustls_pki_types::ServerName::from(self.address.ip());
        tokio_rustls::TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn r31_a_certificate_opens_the_door_and_nothing_else_does() {
    let listening = listen().await;
    let known = listening.client(true);
    let who = known
        .post(listening.url("/apis/authentication.k8s.io/v1/selfsubjectreviews"))
        .header("content-type", "application/json")
        .body(json!({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(who.version(), http::Version::HTTP_2);
    let who: serde_json::Value = who.json().await.unwrap();
    assert_eq!(who["status"]["userInfo"]["username"], "alice");
    let stranger = listening.client(false);
    let refused = stranger.get(listening.url(MAPS)).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let refused = stranger
        .get(listening.url(MAPS))
        .bearer_auth("guess")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(
        stranger
            .get(listening.url("/readyz"))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    listening.server.stop().await;
}

#[tokio::test]
async fn r31_a_foreign_host_name_is_refused_even_with_a_certificate() {
    let listening = listen().await;
    let known = listening.client(true);
    let answer = known
        .get(listening.url("/readyz"))
        .header("host", "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 421);
    listening.server.stop().await;
}

#[tokio::test]
async fn r32_too_many_headers_are_cut_off() {
    let listening = listen().await;
    let mut stream = listening.bare().await;
    let head = format!(
        "GET /api HTTP/1.1\r\nhost: 127.0.0.1\r\nx: {}\r\n\r\n",
        "a".repeat(1 << 20)
    );
    // The server may hang up before everything is written.
    drop(stream.write_all(head.as_bytes()).await);
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    let text = String::from_utf8_lossy(&answer);
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 431"), "{text}");
    listening.server.stop().await;
}

#[tokio::test]
async fn r32_a_stranger_cannot_make_the_server_read_a_body() {
    let listening = listen().await;
    let mut stream = listening.bare().await;
    let head = format!("POST {MAPS} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000000000\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
    listening.server.stop().await;
}

#[tokio::test]
async fn stopping_ends_watches_and_the_listener_and_frees_the_port() {
    let listening = listen().await;
    let client = listening.client(true);
    let mut watch = client
        .get(listening.url(&format!("{MAPS}?watch=1")))
        .send()
        .await
        .unwrap();
    let local = kube::Client::new(listening.server.in_process(UserInfo::admin("tests")), "default");
    let maps: kube::Api<k8s_openapi::api::core::v1::ConfigMap> = kube::Api::default_namespaced(local);
    let map = serde_json::from_value(json!({"metadata": {"name": "a"}})).unwrap();
    maps.create(&kube::api::PostParams::default(), &map)
        .await
        .unwrap();
    assert!(watch.chunk().await.unwrap().is_some());
    let started = std::time::Instant::now();
    listening.server.stop().await;
    listening.ended.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    let drain = async { while let Ok(Some(_)) = watch.chunk().await {} };
    tokio::time::timeout(Duration::from_secs(1), drain)
        .await
        .expect("the watch has ended");
    TcpListener::bind(listening.address).await.unwrap();
}
