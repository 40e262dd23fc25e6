//! `keyside serve`: two processes against one API server, as two replicas in a cluster, and what may happen to them.

use crate::world::text;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use keyside_api::{Project, ProjectSpec, RegistryCredential, SYSTEM_NAMESPACE};
use keyside_apiserver::pki::{Authority, write_kubeconfig};
use keyside_apiserver::{ApiServer, UserInfo, auth};
use keyside_server::rbac;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt as _};
use serde_json::json;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How many namespaces a rotation has to reach.
const NAMESPACES: usize = 200;

/// A cluster without keyside in it.
pub(crate) struct Cluster {
    pub(crate) client: Client,
    kubeconfig: PathBuf,
    _dir: tempfile::TempDir,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let dir = tempfile::tempdir().expect("a folder");
        let authority = Authority::open(dir.path()).expect("certificates");
        let key = authority.token_key().expect("a key");
        let server = ApiServer::builder()
            .auth(auth::Config::default().token_key(key))
            .build()
            .await
            .expect("an API server");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = format!("https://{}", listener.local_addr().expect("an address"));
        let tls = authority.server(&["127.0.0.1".to_owned()]).expect("TLS");
        // keyside's own account and nothing else: what it may not do, it cannot do here either.
        let account = UserInfo::service_account(SYSTEM_NAMESPACE, rbac::NAME);
        let identity = authority
            .client(&account.username, "system:serviceaccounts")
            .expect("an identity");
        let kubeconfig = dir.path().join("kubeconfig");
        let text = authority.kubeconfig("test", &address, &identity);
        write_kubeconfig(&kubeconfig, &text).expect("a kubeconfig");
        let client = Client::new(server.in_process(UserInfo::admin("tests")), "default");
        tokio::spawn(async move { server.serve_tls(listener, tls).await });
        keyside_server::install(&client).await.expect("the kinds");
        rbac::install_rbac(&client, &rbac::Options::default())
            .await
            .expect("the rights");
        Self {
            client,
            kubeconfig,
            _dir: dir,
        }
    }

    fn secrets(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.client.clone(), namespace)
    }

    async fn holder(&self) -> Option<String> {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), SYSTEM_NAMESPACE);
        let lease = leases.get_opt(rbac::LEASE).await.expect("a lease")?;
        let holder = lease.spec?.holder_identity?;
        holder
            .split('_')
            .next()
            .map(str::to_owned)
            .filter(|name| !name.is_empty())
    }

    /// A project of many namespaces with one credential.
    async fn shop(&self) {
        let create = PostParams::default();
        let names: Vec<String> = (0..NAMESPACES).map(|at| format!("shop-{at}")).collect();
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        for name in &names {
            let namespace = serde_json::from_value(json!({"metadata": {"name": name}})).expect("a namespace");
            namespaces.create(&create, &namespace).await.expect("a namespace");
        }
        let spec = ProjectSpec {
            namespaces: names,
            ..ProjectSpec::default()
        };
        let projects: Api<Project> = Api::all(self.client.clone());
        projects
            .create(&create, &Project::new("shop", spec))
            .await
            .expect("a project");
        eventually("the home", async || {
            namespaces.get_opt("project-shop").await.ok().flatten()
        })
        .await;
        let secret = json!({
            "metadata": {"name": "quay"}, "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": document("first")},
        });
        let secret = serde_json::from_value(secret).expect("a secret");
        self.secrets("project-shop")
            .create(&create, &secret)
            .await
            .expect("a secret");
        let credential = json!({
            "apiVersion": "keyside.dev/v1alpha1", "kind": "RegistryCredential", "metadata": {"name": "quay"},
            "spec": {"scope": "Project", "source": {"secret": {"name": "quay"}}},
        });
        let credential = serde_json::from_value(credential).expect("a credential");
        let credentials: Api<RegistryCredential> = Api::namespaced(self.client.clone(), "project-shop");
        credentials
            .create(&create, &credential)
            .await
            .expect("a credential");
    }

    async fn rotate(&self, password: &str) {
        let patch = json!({"stringData": {".dockerconfigjson": document(password)}});
        self.secrets("project-shop")
            .patch("quay", &PatchParams::default(), &Patch::Merge(patch))
            .await
            .expect("a rotation");
    }

    /// In how many namespaces the copy holds this password. Every namespace that had a copy has one.
    async fn delivered(&self, password: &str) -> usize {
        let secrets = Api::<Secret>::all(self.client.clone())
            .list(&kube::api::ListParams::default().labels("app.kubernetes.io/managed-by=keyside"))
            .await
            .expect("a list");
        let holds = |secret: &&Secret| {
            let bytes = secret
                .data
                .as_ref()
                .and_then(|data| data.get(".dockerconfigjson"));
            bytes.is_some_and(|bytes| text(&bytes.0).contains(password))
        };
        assert!(secrets.items.iter().all(|one| one.name_any() == "quay"));
        secrets.items.iter().filter(holds).count()
    }

    async fn until_delivered(&self, password: &str, at_least: usize) {
        eventually(&format!("{at_least} copies with {password}"), async || {
            (self.delivered(password).await >= at_least).then_some(())
        })
        .await;
    }
}

fn document(password: &str) -> String {
    json!({"auths": {"quay.io": {"username": "u", "password": password}}}).to_string()
}

/// A process of `keyside serve`.
pub(crate) struct Replica {
    child: Child,
    health: u16,
}

impl Replica {
    async fn start(cluster: &Cluster, name: &str) -> Self {
        Self::start_with(cluster, name, &[]).await
    }

    /// With these flags besides.
    pub(crate) async fn start_with(cluster: &Cluster, name: &str, flags: &[&str]) -> Self {
        let [webhook, health, metrics] = [free_port(), free_port(), free_port()];
        let child = serve(&cluster.kubeconfig)
            .args([
                "--pod-name",
                name,
                "--listen",
                "127.0.0.1",
                "--log-format",
                "json",
                "--drain",
                "1s",
            ])
            .args(["--webhook-url", &format!("https://127.0.0.1:{webhook}")])
            .args(["--webhook-port", &webhook.to_string()])
            .args([
                "--health-port",
                &health.to_string(),
                "--metrics-port",
                &metrics.to_string(),
            ])
            .args(flags)
            .stderr(Stdio::null())
            .spawn()
            .expect("keyside starts");
        let replica = Self { child, health };
        eventually(&format!("{name} to be ready"), async || {
            let answer = reqwest::get(format!("http://127.0.0.1:{}/readyz", replica.health)).await;
            answer
                .is_ok_and(|answer| answer.status().is_success())
                .then_some(())
        })
        .await;
        replica
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(sent.success());
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn serve(kubeconfig: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyside"));
    command.arg("serve").arg("--kubeconfig").arg(kubeconfig);
    command
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "waited in vain for {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn holder_that_is_stopped_or_killed_in_a_rotation_is_replaced_and_does_no_harm() {
    let cluster = Cluster::start().await;
    let first = Replica::start(&cluster, "first").await;
    eventually("a holder", async || cluster.holder().await).await;
    let mut second = Replica::start(&cluster, "second").await;
    assert_eq!(cluster.holder().await.as_deref(), Some("first"));
    cluster.shop().await;
    cluster.until_delivered("first", NAMESPACES).await;

    // SIGSTOP with part of the copies written.
    cluster.rotate("second").await;
    cluster.until_delivered("second", 1).await;
    first.signal("STOP");
    let stopped = Instant::now();
    eventually("another holder", async || {
        (cluster.holder().await.as_deref() == Some("second")).then_some(())
    })
    .await;
    let taken = stopped.elapsed();
    assert!(taken < Duration::from_secs(20), "{taken:?}");
    cluster.until_delivered("second", NAMESPACES).await;
    cluster.rotate("third").await;
    cluster.until_delivered("third", NAMESPACES).await;

    // It wakes with what it was about to write.
    first.signal("CONT");
    let woken = Instant::now();
    while woken.elapsed() < Duration::from_secs(2) {
        assert_eq!(cluster.delivered("third").await, NAMESPACES);
    }
    assert_eq!(cluster.holder().await.as_deref(), Some("second"));

    // In order: the Lease is free at once, and the process ends in time.
    second.signal("TERM");
    let told = Instant::now();
    eventually("the first to hold the lease again", async || {
        (cluster.holder().await.as_deref() == Some("first")).then_some(())
    })
    .await;
    assert!(told.elapsed() < Duration::from_secs(2), "{:?}", told.elapsed());
    let status = second.child.wait().expect("it ends");
    assert!(
        status.success() && told.elapsed() < Duration::from_secs(10),
        "{status} {:?}",
        told.elapsed()
    );

    // kill -9 in the middle of a rotation.
    let third = Replica::start(&cluster, "third").await;
    cluster.rotate("fourth").await;
    cluster.until_delivered("fourth", 1).await;
    drop(first);
    let killed = Instant::now();
    cluster.until_delivered("fourth", NAMESPACES).await;
    assert!(
        killed.elapsed() < Duration::from_secs(20),
        "{:?}",
        killed.elapsed()
    );
    drop(third);
}

#[test]
fn flags_that_make_no_sense_are_refused_with_a_hint() {
    let output = serve(Path::new("/nowhere/kubeconfig"))
        .output()
        .expect("keyside runs");
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        message.contains("the kubeconfig cannot be used") && message.contains("hint:"),
        "{message}"
    );
    let output = serve(Path::new("/nowhere"))
        .args(["--drain", "soon"])
        .output()
        .expect("keyside runs");
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.contains("a time with its unit"), "{message}");
}
