//! etcd, kube-apiserver, kube-controller-manager and kube-scheduler.

use super::folder::Folder;
use super::place::Place;
use super::process::{Process, mortal};
use super::wait::until;
use crate::succeed;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who asked for what, without contents. Answers only: a request is one line.
const AUDIT_POLICY: &str = r#"{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived", "ResponseStarted"],
  "rules": [{"level": "Metadata"}]}
"#;

/// Who may read and write everything, in `certs/`.
const USERS: [&str; 5] = ["admin", "controller-manager", "scheduler", "proxy", "node"];

/// Another program may take a port between the moment it is found free and the moment it is used.
const TRIES: usize = 3;

/// The running control plane. Fields end in order: who asks before who answers.
pub(super) struct ControlPlane {
    processes: Vec<Process>,
    kubeconfig: PathBuf,
    audit_log: PathBuf,
}

impl ControlPlane {
    /// Starts it, and waits until it serves.
    pub(super) fn start(kubebed: &Path, folder: &Folder, place: &Place) -> Result<Self> {
        let mut tried = 1;
        loop {
            let started = Self::try_start(kubebed, folder, place);
            match started {
                Err(error) if tried < TRIES && format!("{error:#}").contains("address already in use") => {
                    tried += 1;
                }
                other => return other,
            }
        }
    }

    fn try_start(kubebed: &Path, folder: &Folder, place: &Place) -> Result<Self> {
        let [client, peer, secure] = free_ports()?;
        let certs = folder.make("certs")?;
        certificates(kubebed, &certs, place)?;
        for user in USERS {
            folder.write(&format!("{user}.kubeconfig"), &kubeconfig(&certs, user, secure))?;
        }
        let logs = folder.make("logs")?;
        let audit_log = folder.path().join("audit.log");
        let etcd_url = format!("http://127.0.0.1:{client}");
        let mut etcd = place.command(kubebed);
        etcd.arg("etcd")
            .arg(folder.path().join("etcd"))
            .arg(&etcd_url)
            .arg(format!("http://127.0.0.1:{peer}"));
        let policy = folder.write("audit-policy.json", AUDIT_POLICY)?;
        let mut api_server = place.command(kubebed);
        api_server
            .arg("kube-apiserver")
            .args(api_server_flags(&etcd_url, secure, place, &certs))
            .arg(format!("--audit-policy-file={}", policy.display()))
            .arg(format!("--audit-log-path={}", audit_log.display()));
        let mut plane = Self {
            processes: vec![
                Process::start("etcd", etcd, &logs)?,
                Process::start("kube-apiserver", api_server, &logs)?,
            ],
            kubeconfig: folder.path().join("admin.kubeconfig"),
            audit_log,
        };
        plane.until_ok(kubebed, place, &["get", "--raw=/readyz"], "the API server")?;
        plane.start_controllers(kubebed, folder, place, &logs)?;
        // The first thing every controller manager does; pods need it.
        plane.until_ok(
            kubebed,
            place,
            &["get", "serviceaccount/default", "configmap/kube-root-ca.crt"],
            "the controller manager",
        )?;
        Ok(plane)
    }

    fn start_controllers(
        &mut self,
        kubebed: &Path,
        folder: &Folder,
        place: &Place,
        logs: &Path,
    ) -> Result<()> {
        for (name, user) in [
            ("kube-controller-manager", "controller-manager"),
            ("kube-scheduler", "scheduler"),
        ] {
            let mut command = place.command(kubebed);
            command
                .arg(name)
                .arg(flag(
                    "kubeconfig",
                    &folder.path().join(format!("{user}.kubeconfig")),
                ))
                .args([
                    "--leader-elect=false",
                    "--secure-port=0",
                    "--kube-api-qps=2000",
                    "--kube-api-burst=4000",
                ]);
            if user == "controller-manager" {
                let certs = folder.path().join("certs");
                command
                    .arg(flag("service-account-private-key-file", &certs.join("sa.key")))
                    .arg(flag("root-ca-file", &certs.join("ca.crt")))
                    // Namespaces go in bulk between tests.
                    .arg("--concurrent-namespace-syncs=50");
            }
            // The last to come is the first to go.
            self.processes.insert(0, Process::start(name, command, logs)?);
        }
        Ok(())
    }

    /// Waits until a call of kubectl succeeds, as long as all programs run.
    pub(super) fn until_ok(
        &mut self,
        kubebed: &Path,
        place: &Place,
        call: &[&str],
        what: &str,
    ) -> Result<()> {
        let kubeconfig = flag("kubeconfig", &self.kubeconfig);
        let processes = &mut self.processes;
        until(what, || {
            for process in processes.iter_mut() {
                process.check()?;
            }
            let output = place
                .command(kubebed)
                .args(["kubectl", &kubeconfig])
                .args(call)
                .output()?;
            Ok(output.status.success().then_some(()))
        })
        .with_context(|| self.tails())
    }

    /// The ends of all logs.
    fn tails(&self) -> String {
        self.processes
            .iter()
            .map(Process::tail)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Who may do everything.
    pub(super) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// One line of JSON for each request.
    pub(super) fn audit_log(&self) -> &Path {
        &self.audit_log
    }
}

fn api_server_flags(etcd: &str, port: u16, place: &Place, certs: &Path) -> Vec<String> {
    let file = |name: &str| certs.join(name).display().to_string();
    let (bind, advertise) = match place {
        // Its own address would be refused as a service's endpoint; nothing reaches services there anyway.
        Place::Machine => ("127.0.0.1", "10.88.0.1"),
        Place::Apart(_) => ("0.0.0.0", place.address()),
    };
    let mut flags = vec![
        format!("--etcd-servers={etcd}"),
        format!("--secure-port={port}"),
        format!("--bind-address={bind}"),
        format!("--advertise-address={advertise}"),
        format!("--tls-cert-file={}", file("apiserver.crt")),
        format!("--tls-private-key-file={}", file("apiserver.key")),
        format!("--client-ca-file={}", file("ca.crt")),
        // For `kubectl logs` and `kubectl exec`, which ask the kubelet.
        format!("--kubelet-client-certificate={}", file("admin.crt")),
        format!("--kubelet-client-key={}", file("admin.key")),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", file("sa.pub")),
        format!("--service-account-signing-key-file={}", file("sa.key")),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
        "--allow-privileged=true".to_owned(),
        "--enable-admission-plugins=NodeRestriction".to_owned(),
    ];
    if matches!(place, Place::Machine) {
        flags.push("--endpoint-reconciler-type=none".to_owned());
    }
    flags
}

fn certificates(kubebed: &Path, dir: &Path, place: &Place) -> Result<()> {
    let mut command = mortal(kubebed);
    command.arg("certificates").arg(dir).args([
        "localhost",
        "127.0.0.1",
        "10.96.0.1",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
    ]);
    succeed(command.arg(place.address()))
}

/// JSON is YAML, and quoting is never in doubt.
fn kubeconfig(certs: &Path, user: &str, port: u16) -> String {
    let file = |name: &str| format!("{:?}", certs.join(name).display().to_string());
    format!(
        r#"{{"apiVersion": "v1", "kind": "Config", "current-context": "bed",
  "clusters": [{{"name": "bed", "cluster": {{"server": "https://127.0.0.1:{port}", "certificate-authority": {}}}}}],
  "users": [{{"name": "bed", "user": {{"client-certificate": {}, "client-key": {}}}}}],
  "contexts": [{{"name": "bed", "context": {{"cluster": "bed", "user": "bed"}}}}]}}
"#,
        file("ca.crt"),
        file(&format!("{user}.crt")),
        file(&format!("{user}.key")),
    )
}

/// Three different ports that are free now.
fn free_ports() -> Result<[u16; 3]> {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut ports = BTreeSet::new();
    for listener in listeners {
        ports.insert(listener?.local_addr()?.port());
    }
    let ports: Vec<u16> = ports.into_iter().collect();
    ports.try_into().ok().context("no three free ports")
}

/// A flag with a path.
pub(super) fn flag(name: &str, path: &Path) -> String {
    format!("--{name}={}", path.display())
}

/// A command of kubectl as the user of this kubeconfig.
pub(super) fn kubectl(kubebed: &Path, place: &Place, kubeconfig: &Path) -> Command {
    let mut command = place.command(kubebed);
    command.arg("kubectl").arg(flag("kubeconfig", kubeconfig));
    command
}
