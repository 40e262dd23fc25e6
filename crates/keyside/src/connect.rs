//! Which API server a verb talks to: the order is fixed, because scripts rely on it.
//!
//! 1. `--kubeconfig`, `--context`.
//! 2. `--sandbox` or `KEYSIDE_SANDBOX=1`: the running embedded one.
//! 3. `KUBECONFIG` or the user's default kubeconfig, as kubectl does.
//! 4. In a pod: the cluster it runs in, by the pod's own account.
//! 5. The running embedded one if there is no kubeconfig at all.

use crate::cli::Global;
use crate::failure::Failure;
use crate::state::{self, Ready};
use kube::config::{KubeConfigOptions, Kubeconfig};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A connection, and the namespace the user's context names.
pub(crate) struct Connection {
    pub(crate) client: kube::Client,
    /// What the client was made of.
    pub(crate) config: kube::Config,
    pub(crate) namespace: String,
    /// Flags that reach the same server again, for hints that can be pasted.
    pub(crate) flags: String,
}

/// Connects as the flags say.
pub(crate) async fn connect(global: &Global) -> Result<Connection, Failure> {
    if global.kubeconfig.is_some() || global.context.is_some() {
        return from_file(global.kubeconfig.as_deref(), global).await;
    }
    if global.sandbox || std::env::var("KEYSIDE_SANDBOX").is_ok_and(|value| value == "1") {
        let ready = running(global)?.ok_or_else(not_running)?;
        return sandbox(&ready, global).await;
    }
    if user_kubeconfig_exists() {
        return from_file(None, global).await;
    }
    if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
        return in_cluster(global);
    }
    match running(global)? {
        Some(ready) => sandbox(&ready, global).await,
        None => Err(Failure::new("there is no cluster to talk to")
            .because("no kubeconfig was found and no embedded cluster is running")
            .hint("keyside up")),
    }
}

/// Connects by the pod's own account.
fn in_cluster(global: &Global) -> Result<Connection, Failure> {
    let config = kube::Config::incluster().map_err(|error| {
        Failure::new("this pod's account cannot be used")
            .because(error)
            .hint("set automountServiceAccountToken: true")
    })?;
    finish(config, global)
}

/// The running embedded world, by `--data-dir` or the default folder.
pub(crate) fn running(global: &Global) -> Result<Option<Ready>, Failure> {
    let dir = global.data_dir.clone().map_or_else(state::default_dir, Ok)?;
    Ok(state::running(&dir))
}

fn not_running() -> Failure {
    Failure::new("no embedded cluster is running").hint("keyside up")
}

async fn sandbox(ready: &Ready, global: &Global) -> Result<Connection, Failure> {
    let mut connection = from_file(Some(&ready.kubeconfig), global).await?;
    connection.flags = " --sandbox".to_owned();
    Ok(connection)
}

async fn from_file(path: Option<&Path>, global: &Global) -> Result<Connection, Failure> {
    let options = KubeConfigOptions {
        context: global.context.clone(),
        ..KubeConfigOptions::default()
    };
    let unreadable = |error: &dyn std::error::Error| {
        Failure::new("the kubeconfig cannot be used")
            .because(error.to_string())
            .hint("kubectl config view --minify")
    };
    let config = match path {
        Some(path) => {
            let file = Kubeconfig::read_from(path).map_err(|error| unreadable(&error))?;
            kube::Config::from_custom_kubeconfig(file, &options).await
        }
        None => kube::Config::from_kubeconfig(&options).await,
    }
    .map_err(|error| unreadable(&error))?;
    finish(config, global)
}

fn finish(mut config: kube::Config, global: &Global) -> Result<Connection, Failure> {
    config.read_timeout = Some(Duration::from_secs(295));
    config.connect_timeout = Some(Duration::from_secs(5));
    // The library would try again for minutes what the API server refuses with 429: a disruption budget answers so, and whoever waits
    // wants to hear it. Controllers and watches try again by themselves.
    config.default_retry = false;
    if let Some(user) = &global.r#as {
        config.auth_info.impersonate = Some(user.clone());
        config.auth_info.impersonate_groups = (!global.as_group.is_empty()).then(|| global.as_group.clone());
    }
    let namespace = config.default_namespace.clone();
    let client = kube::Client::try_from(config.clone())?;
    Ok(Connection {
        client,
        config,
        namespace,
        flags: flags(global),
    })
}

/// The flags that chose this server, to be repeated in hints.
fn flags(global: &Global) -> String {
    let mut text = String::new();
    if let Some(path) = &global.kubeconfig {
        text.push_str(&format!(" --kubeconfig {}", path.display()));
    }
    if let Some(context) = &global.context {
        text.push_str(&format!(" --context {context}"));
    }
    text
}

fn user_kubeconfig_exists() -> bool {
    if let Some(list) = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        return std::env::split_paths(&list).any(|path| path.exists());
    }
    std::env::var_os("HOME").is_some_and(|home| PathBuf::from(home).join(".kube/config").exists())
}
