//! The objects a cluster has before anybody creates one.

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
    Ok(())
}
