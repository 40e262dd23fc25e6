//! An API server and nothing else: no keyside, no controllers, no node. What a program writes into it stays as it is.

use crate::world::text;
use keyside_apiserver::{ApiServer, UserInfo};
use std::net::SocketAddr;
use std::process::{Command, Output};

/// Runs until it is dropped.
pub(crate) struct Bare {
    dir: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Bare {
    /// Starts it on a free port of the loopback, open to everybody there.
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let address = runtime.block_on(serve());
        let dir = tempfile::tempdir().expect("a folder");
        let kubeconfig = format!(
            "{{apiVersion: v1, kind: Config, current-context: it, contexts: [{{name: it, context: {{cluster: it, user: it}}}}], \
             clusters: [{{name: it, cluster: {{server: 'http://{address}'}}}}], users: [{{name: it, user: {{}}}}]}}"
        );
        std::fs::write(dir.path().join("kubeconfig"), kubeconfig).expect("it is written");
        Self {
            dir,
            _runtime: runtime,
        }
    }

    /// The program against it.
    pub(crate) fn keyside(&self, line: &str) -> Output {
        self.command(env!("CARGO_BIN_EXE_keyside"), line)
            .output()
            .expect("keyside runs")
    }

    /// kubectl against it, which must succeed; its stdout.
    pub(crate) fn kubectl(&self, line: &str) -> String {
        let output = self.command("kubectl", line).output().expect("kubectl runs");
        assert!(
            output.status.success(),
            "kubectl {line}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// A program that reads the kubeconfig.
    pub(crate) fn command(&self, program: &str, line: &str) -> Command {
        let mut command = Command::new(program);
        command
            .args(line.split_whitespace())
            .env("KUBECONFIG", self.dir.path().join("kubeconfig"));
        command
    }
}

async fn serve() -> SocketAddr {
    let api = ApiServer::builder().build().await.expect("an API server");
    let router = axum::Router::new().fallback_service(api.in_process(UserInfo::admin("tests")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
