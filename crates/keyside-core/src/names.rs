//! Names that keyside derives: labels that must fit into 63 characters, and the name of a copy where its own is taken.
//!
//! Whatever is shortened gets a hash, so that two different things never get one name (`docker.io` and `docker.corp`
//! would both become `docker`).

use crate::CredentialId;
use sha2::{Digest as _, Sha256};

/// The longest label value Kubernetes accepts.
const LABEL_MAX: usize = 63;

/// How many hexadecimal digits of the credential's uid a conflict name carries.
const CONFLICT_DIGITS: usize = 8;

/// The value of the label `keyside.dev/credential`: `<kind>.<namespace>.<name>`, or `<kind>.<hash>` when that is too long.
/// A namespace holds no dot, so no two credentials share a value.
pub fn credential_label(id: &CredentialId) -> String {
    let namespace = id.namespace.as_deref().unwrap_or_default();
    let full = format!("{}.{namespace}.{}", id.kind(), id.name);
    if full.len() <= LABEL_MAX {
        return full;
    }
    let digest = Sha256::digest(full.as_bytes());
    format!("{}.{}", id.kind(), hex(&digest[..16]))
}

/// The name of a copy where the credential's own name is taken: `<name>-<8 hex of the uid>`.
pub fn conflict_name(name: &str, uid: &str) -> String {
    let digits: String = uid
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(CONFLICT_DIGITS)
        .collect();
    if digits.len() == CONFLICT_DIGITS {
        return format!("{name}-{}", digits.to_ascii_lowercase());
    }
    // An object without a usual uid exists only outside of an API server; its hash serves as well.
    let digest = Sha256::digest(uid.as_bytes());
    format!("{name}-{}", hex(&digest[..CONFLICT_DIGITS / 2]))
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Eight bytes that stand for a text in memory, where comparing is all that is asked.
pub(crate) fn fingerprint(parts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_reads_as_kind_namespace_and_name() {
        let project = CredentialId::namespaced("project-shop", "testquay");
        assert_eq!(
            credential_label(&project),
            "RegistryCredential.project-shop.testquay"
        );
        assert_eq!(
            credential_label(&CredentialId::cluster("hub")),
            "ClusterRegistryCredential..hub"
        );
    }

    #[test]
    fn f50_long_labels_are_hashed_and_stay_apart() {
        let [one, other] = ["docker.io", "docker.corp"].map(|tail| {
            credential_label(&CredentialId::namespaced(
                "project-with-a-rather-long-name",
                format!("{}-{tail}", "x".repeat(60)),
            ))
        });
        assert_ne!(one, other);
        for label in [one, other] {
            assert!(
                label.len() <= LABEL_MAX && label.starts_with("RegistryCredential."),
                "{label}"
            );
        }
    }

    #[test]
    fn f50_conflict_names_of_two_credentials_differ() {
        let uid = "3fa92c1e-0000-4000-8000-000000000001";
        assert_eq!(conflict_name("testquay", uid), "testquay-3fa92c1e");
        assert_ne!(conflict_name("testquay", "a"), conflict_name("testquay", "b"));
    }
}
