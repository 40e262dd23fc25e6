//! Service accounts: who pods run as.

use crate::kinds::access::is_set;
use crate::kinds::kind::Kind;
use serde_json::Value;

pub(super) const SERVICE_ACCOUNT: Kind = Kind {
    warnings,
    ..Kind::PLAIN
};

/// The annotation that restricts an account's pods to the Secrets it lists.
const ENFORCE: &str = "kubernetes.io/enforce-mountable-secrets";

fn warnings(account: &Value, old: Option<&Value>) -> Vec<String> {
    let given = |account: &Value| is_set(&account["metadata"]["annotations"], ENFORCE);
    if given(account) && !old.is_some_and(given) {
        let path = format!("metadata.annotations[{ENFORCE}]");
        vec![format!(
            "{path}: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
        )]
    } else {
        Vec::new()
    }
}
