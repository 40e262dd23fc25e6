//! The web UI on its port. Whoever can read the data folder signs in by a one-time link; behind the session stands a token
//! of a `ServiceAccount` that may do everything here, asked for when the link is used. The UI itself has no rights.

use super::folder::Folder;
use crate::cli::Global;
use crate::connect::running;
use crate::failure::Failure;
use crate::output::Output;
use crate::state::Ready;
use crate::verbs::Ended;
use anyhow::Context as _;
use axum::Router;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use keyside_api::SYSTEM_NAMESPACE;
use keyside_apiserver::ApiServer;
use keyside_oci::Network;
use keyside_web::{self as web, Door, LinkKey, Sample, Sandbox};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Who the owner of the embedded world is to its API server.
const OWNER: &str = "sandbox-owner";
/// The file that the key of one-time links is in.
const KEY: &str = "ui-key";
/// A session's token works as long as the longest session.
const TOKEN_SECONDS: i64 = 12 * 3600;

/// A new key with every start: links of an earlier run work no more.
pub(super) fn key(folder: &Folder) -> Result<String, Failure> {
    // Not being there is as good as being removed.
    let _ = std::fs::remove_file(folder.path().join(KEY));
    let random = || {
        format!(
            "{}{}",
            uuid::Uuid::new_v4().simple(),
            uuid::Uuid::new_v4().simple()
        )
    };
    folder.secret(KEY, random)
}

/// A one-time link to the UI at this address.
pub(super) fn link(address: &SocketAddr, key: &str) -> String {
    format!("http://{address}/{}", LinkKey::new(key).path())
}

/// `keyside up --print-link`: another link to the one that runs.
pub(super) fn print_link(global: &Global, output: &Output) -> Ended {
    let ready =
        running(global)?.ok_or_else(|| Failure::new("no embedded cluster is running").hint("keyside up"))?;
    let key = std::fs::read_to_string(ready.data_dir.join(KEY))?;
    let place = ready.ui.split('#').next().unwrap_or_default();
    output.raw(&format!("{place}#{}", LinkKey::new(key.trim_end()).code()));
    Ok(ExitCode::SUCCESS)
}

/// The account of the owner, who may do everything.
pub(super) async fn account(admin: &Client) -> Result<(), Failure> {
    let parameters = PatchParams::apply("keyside-up").force();
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": OWNER, "namespace": SYSTEM_NAMESPACE},
        "automountServiceAccountToken": false,
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "keyside-sandbox-owner"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": OWNER, "namespace": SYSTEM_NAMESPACE}],
    });
    Api::<ServiceAccount>::namespaced(admin.clone(), SYSTEM_NAMESPACE)
        .patch(OWNER, &parameters, &Patch::Apply(account))
        .await?;
    Api::<ClusterRoleBinding>::all(admin.clone())
        .patch("keyside-sandbox-owner", &parameters, &Patch::Apply(binding))
        .await?;
    Ok(())
}

/// The pages, over the API server in this process. Registries are reached as the controllers reach them.
pub(super) fn router(
    api: &ApiServer,
    admin: &Client,
    ready: &Ready,
    key: &str,
    network: Network,
    stop: &CancellationToken,
) -> Router {
    let address = ready.ui.trim_start_matches("http://");
    let port = address.split(['/', ':']).nth(1).unwrap_or_default();
    let admin = admin.clone();
    web::router(web::Config {
        door: Door::service(api.by_token()),
        hosts: vec![format!("127.0.0.1:{port}"), format!("localhost:{port}")],
        tls: false,
        network,
        sandbox: Some(Sandbox {
            key: LinkKey::new(key),
            issue: Arc::new(move || Box::pin(token(admin.clone()))),
            sample: Sample {
                image: ready.image.clone(),
                registry: ready.registry.clone(),
                user: ready.registry_user.clone(),
            },
        }),
        shutdown: stop.clone(),
    })
}

async fn token(admin: Client) -> anyhow::Result<String> {
    let api: Api<ServiceAccount> = Api::namespaced(admin, SYSTEM_NAMESPACE);
    let request = TokenRequest {
        spec: TokenRequestSpec {
            expiration_seconds: Some(TOKEN_SECONDS),
            ..TokenRequestSpec::default()
        },
        ..TokenRequest::default()
    };
    let answer = api
        .create_token_request(OWNER, &PostParams::default(), &request)
        .await
        .context("ask for a token")?;
    Ok(answer.status.context("the token request has no answer")?.token)
}

/// Serves them, addresses of the askers included.
pub(super) fn serve(
    listener: TcpListener,
    pages: Router,
    stop: &CancellationToken,
    servers: &mut JoinSet<(&'static str, std::io::Result<()>)>,
) {
    let stop = stop.clone();
    servers.spawn(async move {
        let pages = pages.into_make_service_with_connect_info::<SocketAddr>();
        let ended = axum::serve(listener, pages)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await;
        ("web UI", ended)
    });
}
