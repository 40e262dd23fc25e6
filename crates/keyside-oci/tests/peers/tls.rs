//! Certificates, and peers that do not speak TLS.

use crate::image::Image;
use crate::node::{Node, options};
use crate::server::{Reply, Seen, Server};
use keyside_oci::{Cause, Network, Options, Trust};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

struct Authority {
    pem: String,
    own: (CertificateDer<'static>, Vec<u8>),
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        Self::of("authority.corp.test", false)
    }

    /// An authority whose certificate could stand at a server, too.
    fn of(name: &str, expired: bool) -> Self {
        let mut params = params(name, expired);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            own: (certificate.der().clone(), key.serialize_der()),
            issuer: Issuer::new(params, key),
        }
    }

    fn own_acceptor(&self) -> TlsAcceptor {
        acceptor(self.own.0.clone(), self.own.1.clone())
    }

    fn acceptor(&self, name: &str, expired: bool) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name, expired).signed_by(&key, &self.issuer).unwrap();
        acceptor(certificate.der().clone(), key.serialize_der())
    }
}

fn params(name: &str, expired: bool) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    params
}

fn acceptor(certificate: CertificateDer<'static>, key: Vec<u8>) -> TlsAcceptor {
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key).unwrap())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn node(address: SocketAddr, authority: Option<&Authority>) -> Node {
    let trust = match authority {
        Some(authority) => Trust::default().with_pem(authority.pem.as_bytes()).unwrap(),
        None => Trust::default(),
    };
    Node::with(Options {
        network: Network {
            trust,
            hosts: BTreeMap::from([("reg.corp.test".to_owned(), address)]),
            ..Network::default()
        },
        ..options()
    })
}

async fn check(server: Server, authority: Option<&Authority>, cause: Cause, words: &str) {
    let node = node(server.host.parse().unwrap(), authority);
    let image = format!("reg.corp.test:{}", server.port());
    let error = node.pull_app(&image, None).await.unwrap_err();
    assert_eq!(error.cause(), Some(cause), "{error}");
    assert!(error.to_string().ends_with(words), "{error}");
}

fn honest(seen: &Seen) -> Reply {
    Image::new(10).answer(seen)
}

#[tokio::test]
async fn private_authority_is_trusted_when_it_is_configured() {
    let authority = Authority::new();
    let server = Server::start_tls(authority.acceptor("reg.corp.test", false), honest).await;
    let node = node(server.host.parse().unwrap(), Some(&authority));
    let image = format!("reg.corp.test:{}", server.port());
    node.pull_app(&image, None).await.unwrap();
}

#[tokio::test]
async fn each_fault_of_a_certificate_has_its_name() {
    let authority = Authority::new();
    let start = |name, expired| Server::start_tls(authority.acceptor(name, expired), honest);
    let unknown = "x509: certificate signed by unknown authority";
    check(
        start("reg.corp.test", false).await,
        None,
        Cause::UntrustedCA,
        unknown,
    )
    .await;
    check(
        start("reg.corp.test", false).await,
        Some(&Authority::new()),
        Cause::UntrustedCA,
        unknown,
    )
    .await;
    let expired = "x509: certificate has expired or is not yet valid";
    check(
        start("reg.corp.test", true).await,
        Some(&authority),
        Cause::CertificateInvalid,
        expired,
    )
    .await;
    let name = "x509: certificate is not valid for reg.corp.test";
    check(
        start("other.corp.test", false).await,
        Some(&authority),
        Cause::CertificateInvalid,
        name,
    )
    .await;
}

/// Says the same to everybody, as soon as they say something.
async fn parrot(words: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut first = [0; 1024];
            let _heard = stream.read(&mut first).await;
            let _said = stream.write_all(words).await;
        }
    });
    address
}

#[tokio::test]
async fn server_without_tls_is_told_from_one_without_http() {
    // With the port in the image, and with one that only the name's given address brings.
    let pull = async |words, with_port: bool| {
        let address = parrot(words).await;
        let image = if with_port {
            format!("reg.corp.test:{}", address.port())
        } else {
            "reg.corp.test".to_owned()
        };
        node(address, None).pull_app(&image, None).await.unwrap_err()
    };
    for with_port in [true, false] {
        let words = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let plain = pull(words, with_port).await;
        assert_eq!(plain.cause(), Some(Cause::HttpOnlyRegistry), "{plain}");
        let other = pull(b"SSH-2.0-OpenSSH_9.2\r\n", with_port).await;
        assert_eq!(other.cause(), Some(Cause::TlsProtocolError), "{other}");
    }
}

#[tokio::test]
async fn server_that_is_its_own_authority_is_trusted_exactly_when_it_is_configured() {
    let own = |name: &str, expired| Authority::of(name, expired);
    let start = |authority: &Authority| Server::start_tls(authority.own_acceptor(), honest);
    let authority = own("reg.corp.test", false);

    let server = start(&authority).await;
    let trusting = node(server.host.parse().unwrap(), Some(&authority));
    trusting
        .pull_app(&format!("reg.corp.test:{}", server.port()), None)
        .await
        .unwrap();

    let unknown = "x509: certificate signed by unknown authority";
    check(start(&authority).await, None, Cause::UntrustedCA, unknown).await;
    let twin = own("reg.corp.test", false);
    check(start(&authority).await, Some(&twin), Cause::UntrustedCA, unknown).await;
    let late = own("reg.corp.test", true);
    check(
        start(&late).await,
        Some(&late),
        Cause::CertificateInvalid,
        "x509: certificate has expired or is not yet valid",
    )
    .await;
    let other = own("other.corp.test", false);
    let name = "x509: certificate is not valid for reg.corp.test";
    check(start(&other).await, Some(&other), Cause::CertificateInvalid, name).await;
}

#[tokio::test]
async fn names_and_ports_without_an_answer_are_told_apart() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = node(free, None)
        .pull_app(&format!("reg.corp.test:{}", free.port()), None)
        .await
        .unwrap_err();
    assert_eq!(error.cause(), Some(Cause::ConnectionRefused), "{error}");
    let expected = format!(
        "dial tcp reg.corp.test:{}: connect: connection refused",
        free.port()
    );
    assert!(error.to_string().ends_with(&expected), "{error}");

    let error = node(free, None)
        .pull_app("missing.invalid", None)
        .await
        .unwrap_err();
    assert_eq!(error.cause(), Some(Cause::DnsFailure), "{error}");
    assert!(
        error.to_string().contains("dial tcp: lookup missing.invalid: "),
        "{error}"
    );
    for text in ["", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        assert!(Trust::default().with_pem(text.as_bytes()).is_err());
    }
}
