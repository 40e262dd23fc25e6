//! The objects a cluster has before anybody creates one.

use crate::allocate;
use crate::clock;
use crate::store::{CommitError, Key, Store, Transaction};
use serde_json::json;

/// Namespaces that always exist and may not be deleted.
pub(crate) const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// Creates what is missing.
pub(super) async fn run(store: &Store) -> Result<(), CommitError> {
    for name in IMMORTAL.into_iter().chain(["kube-node-lease"]) {
        let key = Key::new("", "namespaces", "", name);
        if store.get(&key).is_some() {
            continue;
        }
        let namespace = json!({
            "kind": "Namespace", "apiVersion": "v1",
            "metadata": {
                "name": name, "uid": uuid::Uuid::new_v4().to_string(), "creationTimestamp": clock::now(),
                "labels": {"kubernetes.io/metadata.name": name},
            },
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        });
        store.commit(Transaction::create(key, &namespace)).await?;
    }
    own_service(store).await
}

/// The service under which a cluster knows its own API server. It has the first address of the network.
async fn own_service(store: &Store) -> Result<(), CommitError> {
    let key = Key::new("", "services", "default", "kubernetes");
    if store.get(&key).is_some() {
        return Ok(());
    }
    let address = allocate::FIRST.to_string();
    let service = json!({
        "kind": "Service", "apiVersion": "v1",
        "metadata": {
            "name": "kubernetes", "namespace": "default", "uid": uuid::Uuid::new_v4().to_string(),
            "creationTimestamp": clock::now(),
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "type": "ClusterIP", "clusterIP": address, "clusterIPs": [address],
            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster",
            "sessionAffinity": "None",
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": 6443}],
        },
        "status": {"loadBalancer": {}},
    });
    let taken = allocate::take_all(&service);
    store
        .commit(Transaction::create(key, &service).and(taken))
        .await?;
    Ok(())
}
