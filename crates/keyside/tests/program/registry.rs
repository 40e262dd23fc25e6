//! Registries of a test's own: with a login, with scripted faults, behind TLS with any certificate, and things that are none.

use axum::serve::Listener;
use keyside_keychain::Credential;
use keyside_registry::{Authentication, Faults, Registry, Rights, Store};
use keyside_sandbox::sample::{self, Image, Target};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The account that may do everything, and its password.
pub(crate) const USER: &str = "robot";
pub(crate) const PASSWORD: &str = "a-good-word";

/// A registry on a port of its own, stopped when dropped.
pub(crate) struct Own {
    runtime: Runtime,
    registry: Registry,
    pub(crate) address: SocketAddr,
}

impl Own {
    /// A registry over plain HTTP, which asks for a user name and a password.
    pub(crate) fn start() -> Self {
        let runtime = runtime();
        let registry = build(false);
        let address = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            tokio::spawn(axum::serve(listener, registry.router()).into_future());
            address
        });
        let own = Self {
            runtime,
            registry,
            address,
        };
        own.account(USER, PASSWORD, Rights::all());
        own
    }

    /// A registry behind TLS; the certificate can be changed while it runs.
    pub(crate) fn start_tls(certificate: &Presented) -> Self {
        let runtime = runtime();
        let registry = build(true);
        let acceptor = certificate.0.clone();
        let address = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let listener = Tls { listener, acceptor };
            tokio::spawn(axum::serve(listener, registry.router()).into_future());
            address
        });
        let own = Self {
            runtime,
            registry,
            address,
        };
        own.account(USER, PASSWORD, Rights::all());
        own
    }

    pub(crate) fn account(&self, user: &str, password: &str, rights: Rights) {
        self.runtime
            .block_on(self.registry.accounts().set(user, password, rights))
            .expect("an account");
    }

    /// Puts the sample image into a repository.
    pub(crate) fn push(&self, repository: &str, tag: &str) {
        let login = Credential::new(USER, PASSWORD);
        let host = self.address.to_string();
        let target = Target {
            host: &host,
            repository,
            tag,
            login: Some(&login),
        };
        self.runtime
            .block_on(sample::push(
                self.registry.router(),
                &target,
                &Image::sample(repository),
            ))
            .expect("pushed");
    }

    /// Puts an index into a repository that lists one manifest of it, for another platform.
    pub(crate) fn push_foreign(&self, repository: &str, tag: &str) {
        self.push(repository, "only");
        let manifest = Image::sample(repository).manifest;
        let index = serde_json::json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [{
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": manifest.digest,
                "size": manifest.content.len(), "platform": {"os": "plan9", "architecture": "mips"},
            }],
        });
        let bytes = bytes::Bytes::from(serde_json::to_vec(&index).expect("JSON"));
        self.runtime
            .block_on(self.registry.put_manifest(repository, Some(tag), bytes))
            .expect("an index");
    }

    pub(crate) fn faults(&self) -> &Faults {
        self.registry.faults()
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }
}

/// Something that listens and is no registry: it answers everything with this.
pub(crate) fn stranger(answer: &'static str) -> (Runtime, SocketAddr) {
    let runtime = runtime();
    let address = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(say(stream, answer));
            }
        });
        address
    });
    (runtime, address)
}

/// An address at which there is no registry at first, and later one.
pub(crate) struct Gate {
    runtime: Runtime,
    leads: Arc<Mutex<Option<SocketAddr>>>,
    /// The socket, as long as nobody listens there.
    silent: Mutex<Option<TcpSocket>>,
    pub(crate) address: SocketAddr,
}

impl Gate {
    /// Nobody listens; the address is taken all the same, so that nobody else comes to it.
    pub(crate) fn closed() -> Self {
        let runtime = runtime();
        let socket = runtime.block_on(async {
            let socket = TcpSocket::new_v4().expect("a socket");
            let any = "127.0.0.1:0".parse().expect("an address");
            socket.bind(any).expect("a port");
            socket
        });
        Self {
            runtime,
            leads: Arc::default(),
            address: socket.local_addr().expect("an address"),
            silent: Mutex::new(Some(socket)),
        }
    }

    /// Whoever comes is answered with this.
    pub(crate) fn saying(answer: &'static str) -> Self {
        let gate = Self::closed();
        gate.listen(answer);
        gate
    }

    /// From now on it leads to a registry.
    pub(crate) fn lead_to(&self, registry: &Own) {
        *self.leads.lock().expect("not poisoned") = Some(registry.address);
        self.listen("");
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    fn listen(&self, answer: &'static str) {
        let Some(socket) = self.silent.lock().expect("not poisoned").take() else {
            return;
        };
        let leads = Arc::clone(&self.leads);
        self.runtime.spawn(async move {
            let listener = socket.listen(128).expect("it listens");
            while let Ok((stream, _)) = listener.accept().await {
                let behind = *leads.lock().expect("not poisoned");
                tokio::spawn(async move {
                    match behind {
                        Some(registry) => pass(stream, registry).await,
                        None => say(stream, answer).await,
                    }
                });
            }
        });
    }
}

async fn pass(mut stream: TcpStream, registry: SocketAddr) {
    if let Ok(mut behind) = TcpStream::connect(registry).await {
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
    }
}

async fn say(mut stream: TcpStream, answer: &str) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn build(tls: bool) -> Registry {
    Registry::builder(Store::memory())
        .authentication(Authentication::Basic)
        .password_rounds(NonZeroU32::new(10).expect("not zero"))
        .tls(tls)
        .build()
        .expect("a registry")
}

/// An authority of a test's own.
pub(crate) struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).expect("a certificate");
        Self {
            certificate,
            issuer: Issuer::new(parameters, key),
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A server's configuration with a certificate for a name, perhaps one that has expired.
    pub(crate) fn certify(&self, name: &str, expired: bool) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        if expired {
            parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let certificate = parameters.signed_by(&key, &self.issuer).expect("signed");
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a configuration");
        Arc::new(config)
    }
}

/// The certificate that a server shows.
#[derive(Clone)]
pub(crate) struct Presented(Arc<Mutex<Arc<ServerConfig>>>);

impl Presented {
    pub(crate) fn new(config: Arc<ServerConfig>) -> Self {
        Self(Arc::new(Mutex::new(config)))
    }

    /// Shows another one from now on.
    pub(crate) fn renew(&self, config: Arc<ServerConfig>) {
        *self.0.lock().expect("not poisoned") = config;
    }
}

struct Tls {
    listener: TcpListener,
    acceptor: Arc<Mutex<Arc<ServerConfig>>>,
}

impl Listener for Tls {
    type Io = tokio_rustls::server::TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.listener.accept().await else {
                continue;
            };
            let config = self.acceptor.lock().expect("not poisoned").clone();
            // Whoever does not like the certificate goes away again.
            if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
