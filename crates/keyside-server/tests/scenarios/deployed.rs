//! keyside as it is installed in the cluster: what it calls, by the API server's audit log, and how many replicas run.

use crate::bed::{Bed, Call};
use http::Method;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Pod;
use keyside_api::SYSTEM_NAMESPACE;
use kube::api::{Api, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use std::io::{Read as _, Seek as _, SeekFrom};

/// The name of the installation.
const NAME: &str = "keyside";

/// How many replicas are installed.
const REPLICAS: i32 = 2;

/// The audit log, of which nobody wants to read again what has been read.
fn log() -> std::fs::File {
    let path = std::env::var_os("KEYSIDE_AUDIT_LOG").expect("the audit log of the cluster is named");
    std::fs::File::open(path).unwrap()
}

/// How long the audit log is by now.
pub(crate) fn end() -> u64 {
    log().metadata().unwrap().len()
}

/// Every call since the audit log was so long, without those that keep the Lease.
pub(crate) fn calls(since: u64) -> Vec<Call> {
    let (mut log, mut text) = (log(), String::new());
    log.seek(SeekFrom::Start(since)).unwrap();
    log.read_to_string(&mut text).unwrap();
    let user = format!("\"username\":\"system:serviceaccount:{SYSTEM_NAMESPACE}:");
    text.lines()
        .filter(|line| line.contains(&user) && !line.contains("\"resource\":\"leases\""))
        // The last line may be half written, and the first one may have been then.
        .filter_map(|line| call(&serde_json::from_str(line).ok()?))
        .collect()
}

fn call(entry: &Value) -> Option<Call> {
    let verb = entry["verb"].as_str()?;
    let method = match verb {
        "create" => Method::POST,
        "update" => Method::PUT,
        "patch" => Method::PATCH,
        "delete" | "deletecollection" => Method::DELETE,
        _ => Method::GET,
    };
    let uri = entry["requestURI"].as_str()?;
    Some(Call {
        method,
        path: uri.split('?').next()?.to_owned(),
        is_watch: verb == "watch" || uri.contains("watch=true"),
    })
}

/// Ends all replicas; returns when none is left.
pub(crate) async fn stop(bed: &Bed) {
    scale(bed, 0).await;
    let pods: Api<Pod> = Api::namespaced(bed.client.clone(), SYSTEM_NAMESPACE);
    let ours = ListParams::default().labels("app.kubernetes.io/component=server");
    bed.eventually("the replicas to end", async || {
        pods.list(&ours).await.unwrap().items.is_empty().then_some(())
    })
    .await;
}

/// Runs the replicas, if they do not run; returns when all are ready and one of them writes.
pub(crate) async fn run(bed: &Bed) {
    let deployments: Api<Deployment> = Api::namespaced(bed.client.clone(), SYSTEM_NAMESPACE);
    let ready = async || {
        let status = deployments.get(NAME).await.unwrap().status?;
        (status.ready_replicas == Some(REPLICAS)).then_some(())
    };
    if ready().await.is_some() {
        return;
    }
    scale(bed, REPLICAS).await;
    bed.eventually("the replicas", ready).await;
    let leases: Api<Lease> = Api::namespaced(bed.client.clone(), SYSTEM_NAMESPACE);
    bed.eventually("a replica that writes", async || {
        let holder = leases.get(NAME).await.unwrap().spec?.holder_identity?;
        (!holder.is_empty()).then_some(())
    })
    .await;
}

async fn scale(bed: &Bed, replicas: i32) {
    let deployments: Api<Deployment> = Api::namespaced(bed.client.clone(), SYSTEM_NAMESPACE);
    let patch = json!({"spec": {"replicas": replicas}});
    deployments
        .patch_scale(NAME, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap();
}
