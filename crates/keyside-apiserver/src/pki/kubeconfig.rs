//! A kubeconfig with everything inside: no files it refers to, nothing to install.

use super::PkiError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::path::Path;

/// The document. JSON is YAML, and quoting is never in doubt.
pub(super) fn text(cluster: &str, server: &str, authority: &str, certificate: &str, key: &str) -> String {
    let encoded = |pem: &str| STANDARD.encode(pem);
    let document = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": cluster,
            "cluster": {"server": server, "certificate-authority-data": encoded(authority)},
        }],
        "users": [{
            "name": cluster,
            "user": {"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)},
        }],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
        "current-context": cluster,
    });
    let mut text = serde_json::to_string_pretty(&document).expect("a JSON value is always written");
    text.push('\n');
    text
}

/// Writes a kubeconfig that only its owner can read (0600), in one step.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, kubeconfig: &str) -> Result<(), PkiError> {
    super::write(path, kubeconfig)
}
