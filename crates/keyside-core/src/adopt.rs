//! Taking over a pull secret that somebody made: it becomes the source of a `RegistryCredential` of its own name, in its
//! own namespace. The scope stays as it is; a wider one needs the password again.

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use keyside_api::{RegistryCredential, RegistryCredentialSpec, Source, label};
use keyside_keychain::docker_config::{Escape, ReadError};
use keyside_keychain::{DockerConfig, Form, keyring, lint};

/// Why there is nothing to take over.
#[derive(Debug)]
pub enum Refusal {
    /// keyside has delivered it.
    Copy,
    /// It is no pull secret, but of this type.
    Kind(String),
    /// No kubelet can read it.
    Unreadable(ReadError),
}

/// What is taken over.
#[derive(Debug)]
pub struct Adoption {
    form: Form,
    config: DockerConfig,
    /// Keys that the kubelet would not find, and how they are written instead.
    pub rewritten: Vec<(String, String)>,
    /// What was noticed in the document as it stands.
    pub findings: Vec<lint::Finding>,
}

/// Reads what is to be taken over. Nothing is changed.
///
/// # Errors
/// See [`Refusal`].
pub fn read(secret: &Secret) -> Result<Adoption, Refusal> {
    let labels = secret.metadata.labels.as_ref();
    if labels.is_some_and(|labels| labels.contains_key(label::CREDENTIAL)) {
        return Err(Refusal::Copy);
    }
    let kind = secret.type_.as_deref().unwrap_or("Opaque");
    let form = Form::of_secret_type(kind).ok_or_else(|| Refusal::Kind(kind.to_owned()))?;
    let bytes = secret.data.as_ref().and_then(|data| data.get(form.data_key()));
    let bytes = bytes.map(|bytes| bytes.0.as_slice()).unwrap_or_default();
    let config = DockerConfig::parse(form, bytes).map_err(Refusal::Unreadable)?;
    let (config, rewritten) = canonical(config);
    Ok(Adoption {
        form,
        config,
        rewritten,
        findings: lint::document(form, bytes),
    })
}

/// The credential that has the Secret as its source.
pub fn credential(secret: &Secret) -> RegistryCredential {
    let name = secret.metadata.name.as_deref().unwrap_or_default();
    let spec = RegistryCredentialSpec {
        source: Source::secret(name),
        ..RegistryCredentialSpec::default()
    };
    let mut credential = RegistryCredential::new(name, spec);
    credential
        .metadata
        .namespace
        .clone_from(&secret.metadata.namespace);
    credential
}

impl Adoption {
    /// The registries and paths it is for, as they are written now.
    pub fn registries(&self) -> impl Iterator<Item = String> {
        let entries = self.config.entries().iter();
        entries.map(|entry| lint::shown_key(entry.key()))
    }

    /// Writes the keys anew. Only needed if there are any that are [rewritten](Self::rewritten).
    pub fn write(&self, secret: &mut Secret) {
        let document = ByteString(self.config.to_json(Escape::Plain).expose().to_vec());
        let data = secret.data.get_or_insert_default();
        data.insert(self.form.data_key().to_owned(), document);
    }
}

/// The document with every key in the spelling that works, and what was changed.
fn canonical(mut config: DockerConfig) -> (DockerConfig, Vec<(String, String)>) {
    let entries: Vec<_> = config
        .entries()
        .iter()
        .map(|entry| (entry.key().to_owned(), entry.credential().clone()))
        .collect();
    let mut changed = Vec::new();
    for (old, credential) in entries {
        let (_, new) = lint::entry(&old, &credential);
        let is_found = new == old || keyring::serves(&old, &format!("{new}/x"));
        if is_found || config.get(&new).is_some() {
            continue;
        }
        config.remove(&old);
        config.set(new.clone(), credential);
        changed.push((old, new));
    }
    (config, changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secret(kind: &str, document: &str) -> Secret {
        serde_json::from_value(json!({
            "metadata": {"namespace": "shop", "name": "pull"}, "type": kind,
            "data": {".dockerconfigjson": ByteString(document.as_bytes().to_vec())},
        }))
        .unwrap()
    }

    const TYPE: &str = "kubernetes.io/dockerconfigjson";

    #[test]
    fn a_key_that_no_kubelet_finds_is_written_anew_and_nothing_else() {
        let mut secret = secret(
            TYPE,
            r#"{"auths":{"HTTPS://Quay.io:443/v2/":{"username":"u","password":"canary"},"ghcr.io":{"username":"u","password":"p"}}}"#,
        );
        let found = read(&secret).unwrap();
        assert_eq!(found.rewritten.len(), 1);
        assert_eq!(found.rewritten[0].1, "quay.io");
        found.write(&mut secret);
        let again = read(&secret).unwrap();
        assert!(again.rewritten.is_empty());
        let registries: Vec<String> = again.registries().collect();
        assert!(registries.contains(&"quay.io".to_owned()) && registries.contains(&"ghcr.io".to_owned()));
        assert!(!format!("{again:?}").contains("canary"));
    }

    #[test]
    fn what_is_no_pull_secret_or_cannot_be_read_is_refused() {
        assert!(matches!(read(&secret("Opaque", "{}")), Err(Refusal::Kind(kind)) if kind == "Opaque"));
        assert!(matches!(read(&secret(TYPE, "{")), Err(Refusal::Unreadable(_))));
        let mut copy = secret(TYPE, r#"{"auths":{}}"#);
        copy.metadata.labels = Some([(label::CREDENTIAL.to_owned(), "x".to_owned())].into());
        assert!(matches!(read(&copy), Err(Refusal::Copy)));
    }

    #[test]
    fn the_credential_has_the_secrets_name_and_place() {
        let credential = credential(&secret(TYPE, "{}"));
        assert_eq!(credential.metadata.namespace.as_deref(), Some("shop"));
        assert_eq!(credential.spec.source, Source::secret("pull"));
    }
}
