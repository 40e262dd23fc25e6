//! First delivery and rotation of one project credential over a thousand namespaces on a real Kubernetes, beside a raw writer
//! that does the same number of writes, 64 at a time, in the same run. Times and counts are the API server's own, from its
//! audit log.
//!
//! `cargo e2e rotation` starts a Kubernetes and runs it.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on has failed, and its figures are for whoever reads them"
)]

use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Api, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::discovery::ApiResource;
use kube::{Client, Config};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Writes under way at once, as keyside's own limit.
const SIDE_BY_SIDE: usize = 64;

/// Rotations, after the first delivery.
const ROUNDS: usize = 5;

/// When to give up.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() {
    let (Some(kubeconfig), Some(audit_log)) = (
        std::env::var_os("KEYSIDE_KUBECONFIG"),
        std::env::var_os("KEYSIDE_AUDIT_LOG"),
    ) else {
        println!("skipped: it needs a real Kubernetes; `cargo e2e rotation` starts one");
        return;
    };
    let count = std::env::var("KEYSIDE_NAMESPACES").map_or(1000, |text| text.parse().unwrap());
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .unwrap();
    let mut bench = Bench::start(kubeconfig.into(), audit_log.into(), count).await;
    println!(
        "{count} namespaces; times in seconds, from the first request received to the last answer given"
    );
    println!(
        "{:>8} {:>8} {:>8} {:>8} {:>6}  calls by keyside",
        "", "raw", "keyside", "(begins", "ratio"
    );
    println!("{:>8} {:>8} {:>8} {:>8}", "", "", "", "after)");
    for round in 0..=ROUNDS {
        bench.round(round).await;
    }
}

struct Bench {
    users: Client,
    writer: Client,
    audit: Audit,
    namespaces: Vec<String>,
    _running: keyside_server::Running,
}

impl Bench {
    async fn start(kubeconfig: PathBuf, audit_log: PathBuf, count: usize) -> Self {
        let users = client(&kubeconfig, None).await;
        keyside_server::install(&users).await.unwrap();
        let namespaces: Vec<String> = (0..count).map(|at| format!("shop-{at}")).collect();
        each(&namespaces, |name| {
            let api: Api<Namespace> = Api::all(users.clone());
            let namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
            async move {
                api.create(&PostParams::default(), &namespace)
                    .await
                    .map(drop)
                    .unwrap()
            }
        })
        .await;
        let keyside = client(&kubeconfig, Some("keyside")).await;
        let config = keyside_server::Config::new(keyside);
        let running = keyside_server::run(config, CancellationToken::new())
            .await
            .unwrap();
        running.ready().await;
        let bench = Self {
            writer: client(&kubeconfig, Some("writer")).await,
            audit: Audit::new(audit_log),
            namespaces,
            users,
            _running: running,
        };
        bench
            .create(
                "Project",
                None,
                json!({"metadata": {"name": "shop"}, "spec": {"namespaces": bench.namespaces}}),
            )
            .await;
        let home: Api<Namespace> = Api::all(bench.users.clone());
        until("the home namespace", async || {
            home.get_opt("project-shop").await.unwrap().is_some()
        })
        .await;
        bench
    }

    /// The raw writer, then keyside: alone each, because they would take each other's time.
    async fn round(&mut self, round: usize) {
        self.audit.settle().await;
        self.write_raw(round).await;
        let raw = self
            .audit
            .until(|calls| calls.copies("writer").count() >= self.namespaces.len())
            .await;
        self.audit.settle().await;
        self.write_source(round).await;
        let count = self.namespaces.len();
        let mut ours = self
            .audit
            .until(|calls| {
                calls.copies("keyside").count() >= count && calls.of("keyside").any(Call::is_status)
            })
            .await;
        // Whatever still comes belongs to this round.
        ours.0.extend(self.audit.settle().await.0);
        let raw_time = raw.span(raw.copies("writer"), None);
        let ours_time = ours.span(ours.copies("keyside"), ours.source());
        let name = if round == 0 {
            "deliver".to_owned()
        } else {
            format!("rotate {round}")
        };
        let begin = ours_time - ours.span(ours.copies("keyside"), None);
        println!(
            "{name:>8} {raw_time:>8.2} {ours_time:>8.2} {begin:>8.2} {:>6.2}  {:?}",
            ours_time / raw_time,
            ours.summary("keyside")
        );
    }

    async fn write_raw(&self, round: usize) {
        let content = format!(r#"{{"auths":{{"quay.io":{{"username":"raw","password":"{round}"}}}}}}"#);
        each(&self.namespaces, |namespace| {
            let api: Api<Secret> = Api::namespaced(self.writer.clone(), namespace);
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "raw"},
                "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": content},
            });
            async move {
                let apply = PatchParams::apply("writer").force();
                api.patch("raw", &apply, &Patch::Apply(secret))
                    .await
                    .map(drop)
                    .unwrap();
            }
        })
        .await;
    }

    /// Stores the credential, or a new password for it.
    async fn write_source(&self, round: usize) {
        let content = format!(r#"{{"auths":{{"quay.io":{{"username":"u","password":"{round}"}}}}}}"#);
        let api: Api<Secret> = Api::namespaced(self.users.clone(), "project-shop");
        if round > 0 {
            let patch = json!({"stringData": {".dockerconfigjson": content}});
            api.patch("testquay", &PatchParams::default(), &Patch::Merge(patch))
                .await
                .unwrap();
            return;
        }
        let secret = json!({
            "metadata": {"name": "testquay"}, "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": content},
        });
        api.create(&PostParams::default(), &serde_json::from_value(secret).unwrap())
            .await
            .unwrap();
        let spec = json!({"scope": "Project", "source": {"secret": {"name": "testquay"}}});
        self.create(
            "RegistryCredential",
            Some("project-shop"),
            json!({"metadata": {"name": "testquay"}, "spec": spec}),
        )
        .await;
    }

    async fn create(&self, kind: &str, namespace: Option<&str>, mut object: Value) {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("keyside.dev", "v1alpha1", kind));
        let api: Api<DynamicObject> = match namespace {
            Some(namespace) => Api::namespaced_with(self.users.clone(), namespace, &resource),
            None => Api::all_with(self.users.clone(), &resource),
        };
        object["apiVersion"] = json!("keyside.dev/v1alpha1");
        object["kind"] = json!(kind);
        api.create(&PostParams::default(), &serde_json::from_value(object).unwrap())
            .await
            .unwrap();
    }
}

/// Does something in each namespace, 64 at a time.
async fn each<'a, F: Future<Output = ()>>(namespaces: &'a [String], work: impl Fn(&'a str) -> F) {
    futures::stream::iter(namespaces.iter().map(|name| work(name)))
        .buffer_unordered(SIDE_BY_SIDE)
        .collect::<Vec<()>>()
        .await;
}

async fn client(kubeconfig: &PathBuf, user: Option<&str>) -> Client {
    let file = Kubeconfig::read_from(kubeconfig).unwrap();
    let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
        .await
        .unwrap();
    config.read_timeout = Some(Duration::from_secs(295));
    config.auth_info.impersonate = user.map(str::to_owned);
    config.auth_info.impersonate_groups = user.map(|_| vec!["system:masters".to_owned()]);
    Client::try_from(config).unwrap()
}

async fn until(what: &str, mut look: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !look().await {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The audit log, read as it grows.
struct Audit {
    path: PathBuf,
    read: u64,
}

impl Audit {
    fn new(path: PathBuf) -> Self {
        Self { path, read: 0 }
    }

    /// What came since the last look.
    fn news(&mut self) -> Calls {
        let mut file = std::fs::File::open(&self.path).unwrap();
        file.seek(SeekFrom::Start(self.read)).unwrap();
        let mut lines = BufReader::new(file);
        let mut calls = Vec::new();
        let mut line = String::new();
        while lines.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
            self.read += line.len() as u64;
            calls.push(Call(serde_json::from_str(&line).unwrap()));
            line.clear();
        }
        Calls(calls)
    }

    /// Everything until enough has come.
    async fn until(&mut self, enough: impl Fn(&Calls) -> bool) -> Calls {
        let mut calls = Calls(Vec::new());
        until("calls in the audit log", async || {
            calls.0.extend(self.news().0);
            enough(&calls)
        })
        .await;
        calls
    }

    /// Everything until neither keyside nor the writer has called for two seconds.
    async fn settle(&mut self) -> Calls {
        let mut calls = Calls(Vec::new());
        let mut last = Instant::now();
        while last.elapsed() < Duration::from_secs(2) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let news = self.news();
            if news.of("keyside").chain(news.of("writer")).next().is_some() {
                last = Instant::now();
            }
            calls.0.extend(news.0);
        }
        calls
    }
}

/// One request, as the audit log has it.
struct Call(Value);

impl Call {
    fn text(&self, pointer: &str) -> &str {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    fn is_status(&self) -> bool {
        self.text("/objectRef/subresource") == "status"
    }

    fn time(&self, field: &str) -> Timestamp {
        self.text(field).parse().unwrap()
    }
}

struct Calls(Vec<Call>);

impl Calls {
    /// Calls of a user, watches left out.
    fn of<'a>(&'a self, user: &'a str) -> impl Iterator<Item = &'a Call> {
        self.0.iter().filter(move |call| {
            call.text("/impersonatedUser/username") == user && call.text("/verb") != "watch"
        })
    }

    /// Writes of Secrets by a user.
    fn copies<'a>(&'a self, user: &'a str) -> impl Iterator<Item = &'a Call> {
        self.of(user)
            .filter(|call| call.text("/objectRef/resource") == "secrets" && call.text("/verb") != "get")
    }

    /// When the API server answered the user who wrote the source.
    fn source(&self) -> Option<Timestamp> {
        self.0
            .iter()
            .find(|call| {
                call.text("/objectRef/namespace") == "project-shop"
                    && call.text("/user/username") == "kubernetes-admin"
            })
            .map(|call| call.time("/requestReceivedTimestamp"))
    }

    /// Seconds from the first request, or a moment, to the last answer.
    fn span<'a>(&self, calls: impl Iterator<Item = &'a Call>, from: Option<Timestamp>) -> f64 {
        let (mut first, mut last) = (from, Timestamp::MIN);
        for call in calls {
            let start = call.time("/requestReceivedTimestamp");
            first = Some(first.map_or(start, |first| first.min(start)));
            last = last.max(call.time("/stageTimestamp"));
        }
        last.duration_since(first.unwrap()).as_secs_f64()
    }

    /// How many calls of each sort.
    fn summary(&self, user: &str) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in self.of(user) {
            let resource = [
                call.text("/objectRef/resource"),
                call.text("/objectRef/subresource"),
            ];
            let what = format!(
                "{} {}",
                call.text("/verb"),
                resource.join("/").trim_end_matches('/')
            );
            *counts.entry(what).or_default() += 1;
        }
        counts
    }
}
