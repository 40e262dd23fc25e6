//! The document in a credential's Secret: made from a form, changed without losing anything, shown without the password.

use super::failure::Failure;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use keyside_core::source::BASIC_AUTH;
use keyside_keychain::docker_config::{DockerConfig, Escape, Form};
use keyside_keychain::{Credential, Secret as Password};
use kube::ResourceExt as _;

/// What may be shown of an entry.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) registry: String,
    pub(super) username: String,
    /// The length of the password; nothing else of it is ever sent.
    pub(super) bytes: usize,
}

/// What somebody wants an entry to be.
pub(super) struct Change<'a> {
    pub(super) registry: &'a str,
    pub(super) username: &'a str,
    /// Empty keeps the password.
    pub(super) password: &'a str,
    pub(super) remove: bool,
}

/// A pull secret with these entries.
pub(super) fn secret(name: &str, namespace: &str, config: &DockerConfig) -> Secret {
    let mut secret = Secret {
        type_: Some(Form::ConfigJson.secret_type().to_owned()),
        ..Secret::default()
    };
    secret.metadata.name = Some(name.to_owned());
    secret.metadata.namespace = Some(namespace.to_owned());
    put(&mut secret, config);
    secret
}

/// The entries of a Secret. `registry` is the credential's, for a Secret that holds none.
pub(super) fn entries(secret: &Secret, registry: &str) -> Result<Vec<(Shown, Credential)>, Failure> {
    if secret.type_.as_deref() == Some(BASIC_AUTH) {
        let credential = Credential::new(field(secret, "username"), field(secret, "password"));
        return Ok(vec![(shown(registry, &credential), credential)]);
    }
    let config = read(secret)?;
    Ok(config
        .entries()
        .iter()
        .map(|entry| (shown(entry.key(), entry.credential()), entry.credential().clone()))
        .collect())
}

fn shown(registry: &str, credential: &Credential) -> Shown {
    Shown {
        registry: registry.to_owned(),
        username: credential.username.expose_text().into_owned(),
        bytes: credential.password.len(),
    }
}

/// Changes entries; whatever is not named stays as it is. Says whether anything is different now.
pub(super) fn change(secret: &mut Secret, changes: &[Change<'_>]) -> Result<bool, Failure> {
    let before = secret.data.clone();
    if secret.type_.as_deref() == Some(BASIC_AUTH) {
        if let Some(change) = changes.first() {
            let data = secret.data.get_or_insert_default();
            data.insert("username".to_owned(), ByteString(change.username.into()));
            if !change.password.is_empty() {
                data.insert("password".to_owned(), ByteString(change.password.into()));
            }
        }
        return Ok(secret.data != before);
    }
    let mut config = read(secret)?;
    let mut changed = false;
    for change in changes {
        changed |= change_one(&mut config, change);
    }
    if changed {
        put(secret, &config);
    }
    Ok(changed && secret.data != before)
}

fn change_one(config: &mut DockerConfig, change: &Change<'_>) -> bool {
    if change.remove {
        return config.remove(change.registry);
    }
    let old = config
        .get(change.registry)
        .map(|entry| entry.credential().clone());
    let kept = || old.as_ref().map(|old| old.password.clone()).unwrap_or_default();
    let password = if change.password.is_empty() {
        kept()
    } else {
        Password::from(change.password.as_bytes())
    };
    let same = old
        .as_ref()
        .is_some_and(|old| old.username.expose() == change.username.as_bytes() && old.password == password);
    if same || password.is_empty() {
        return false;
    }
    let email = old.and_then(|old| (!old.email.is_empty()).then_some(old.email));
    let mut fresh = Credential::new(change.username.as_bytes(), password);
    if let Some(email) = email {
        fresh.email = email;
    }
    config.set(change.registry, fresh);
    true
}

fn field(secret: &Secret, name: &str) -> Vec<u8> {
    let data = secret.data.as_ref();
    data.and_then(|data| data.get(name))
        .map(|bytes| bytes.0.clone())
        .unwrap_or_default()
}

fn read(secret: &Secret) -> Result<DockerConfig, Failure> {
    let kind = secret.type_.as_deref().unwrap_or("Opaque");
    let title = format!("{}/{}", secret.namespace().unwrap_or_default(), secret.name_any());
    let form = Form::of_secret_type(kind)
        .ok_or_else(|| Failure::Refused(format!("the Secret {title} has the type {kind}")))?;
    DockerConfig::parse(form, &field(secret, form.data_key()))
        .map_err(|error| Failure::Refused(format!("the Secret {title} cannot be read: {error}")))
}

fn put(secret: &mut Secret, config: &DockerConfig) {
    let json = config.to_json(Escape::Plain);
    secret.data.get_or_insert_default().insert(
        config.form().data_key().to_owned(),
        ByteString(json.expose().to_vec()),
    );
}
