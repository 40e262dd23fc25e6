//! The document in a credential's Secret: written for the first time, changed without losing anything, shown without the
//! password.

use crate::failure::Failure;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use keyside_keychain::docker_config::{DockerConfig, Escape, Form};
use keyside_keychain::{Credential, Secret as Password};
use kube::ResourceExt;

/// What may be shown of an entry.
pub(super) struct Shown {
    pub(super) registry: String,
    pub(super) username: String,
    pub(super) password_bytes: usize,
}

/// A pull secret with these entries.
pub(super) fn secret(name: &str, namespace: &str, config: &DockerConfig) -> Secret {
    let form = Form::ConfigJson;
    let mut secret = Secret {
        type_: Some(form.secret_type().to_owned()),
        ..Secret::default()
    };
    secret.metadata.name = Some(name.to_owned());
    secret.metadata.namespace = Some(namespace.to_owned());
    put(&mut secret, form, config);
    secret
}

/// The entries of a Secret, the password as a length.
pub(super) fn entries(secret: &Secret) -> Result<Vec<Shown>, Failure> {
    if is_basic_auth(secret) {
        let field = |name: &str| {
            secret
                .data
                .as_ref()
                .and_then(|data| data.get(name))
                .map(|bytes| bytes.0.clone())
                .unwrap_or_default()
        };
        let username = String::from_utf8_lossy(&field("username")).into_owned();
        return Ok(vec![Shown {
            registry: "<the credential's>".to_owned(),
            username,
            password_bytes: field("password").len(),
        }]);
    }
    let (_, config) = read(secret)?;
    Ok(config
        .entries()
        .iter()
        .map(|entry| Shown {
            registry: entry.key().to_owned(),
            username: entry.credential().username.expose_text().into_owned(),
            password_bytes: entry.credential().password.len(),
        })
        .collect())
}

/// Puts a new password (and user name, if given) into the entry for the registry; the only entry needs no naming. All
/// other entries and fields stay.
pub(super) fn set_password(
    secret: &mut Secret,
    registry: Option<&str>,
    username: Option<&str>,
    fresh: &Password,
) -> Result<(), Failure> {
    if is_basic_auth(secret) {
        let data = secret.data.get_or_insert_default();
        data.insert("password".to_owned(), ByteString(fresh.expose().to_vec()));
        if let Some(username) = username {
            data.insert("username".to_owned(), ByteString(username.as_bytes().to_vec()));
        }
        return Ok(());
    }
    let (form, mut config) = read(secret)?;
    for key in chosen(&config, registry)? {
        let old = config
            .get(&key)
            .map(|entry| entry.credential().clone())
            .unwrap_or_else(|| Credential::new("", ""));
        let username = username.map_or_else(|| old.username.clone(), |name| Password::from(name.as_bytes()));
        let email = old.email.clone();
        config.set(
            key,
            Credential {
                email,
                ..Credential::new(username, fresh.clone())
            },
        );
    }
    put(secret, form, &config);
    Ok(())
}

/// The keys to change: all of them where they hold one and the same account, else those that the flag names.
fn chosen(config: &DockerConfig, registry: Option<&str>) -> Result<Vec<String>, Failure> {
    let keys: Vec<String> = config
        .entries()
        .iter()
        .map(|entry| entry.key().to_owned())
        .collect();
    let Some(registry) = registry else {
        let users: Vec<_> = config
            .entries()
            .iter()
            .map(|entry| entry.credential().username.expose().to_vec())
            .collect();
        let hubs = keys.iter().all(|key| key.contains("docker.io"));
        return match keys.len() {
            0 => Err(Failure::new("the Secret holds no registry")
                .hint("keyside credential set-password NAME --registry HOST")),
            1 => Ok(keys),
            _ if hubs && users.windows(2).all(|pair| pair[0] == pair[1]) => Ok(keys),
            _ => Err(Failure::new("the credential has several registries")
                .because(format!("it holds {}", keys.join(", ")))
                .hint(format!(
                    "keyside credential set-password NAME --registry {}",
                    keys[0]
                ))),
        };
    };
    let found: Vec<String> = keys
        .iter()
        .filter(|key| *key == registry || bare(key) == bare(registry))
        .cloned()
        .collect();
    if found.is_empty() {
        return Err(
            Failure::new(format!("the credential has no entry for {registry}"))
                .because(format!("it holds {}", keys.join(", "))),
        );
    }
    Ok(found)
}

/// A key without scheme, version path and final slash, to compare what people type.
fn bare(key: &str) -> &str {
    let key = key
        .split_once("://")
        .map_or(key, |(_, rest)| rest)
        .trim_end_matches('/');
    key.strip_suffix("/v1")
        .or_else(|| key.strip_suffix("/v2"))
        .unwrap_or(key)
}

fn is_basic_auth(secret: &Secret) -> bool {
    secret.type_.as_deref() == Some("kubernetes.io/basic-auth")
}

fn read(secret: &Secret) -> Result<(Form, DockerConfig), Failure> {
    let kind = secret.type_.as_deref().unwrap_or("Opaque");
    let title = format!("{}/{}", secret.namespace().unwrap_or_default(), secret.name_any());
    let form = Form::of_secret_type(kind).ok_or_else(|| {
        Failure::found(format!("the Secret {title} has the type {kind}"))
            .because("a pull secret has the type kubernetes.io/dockerconfigjson")
    })?;
    let bytes = secret
        .data
        .as_ref()
        .and_then(|data| data.get(form.data_key()))
        .map(|bytes| bytes.0.as_slice())
        .unwrap_or_default();
    let config = DockerConfig::parse(form, bytes).map_err(|error| {
        Failure::found(format!(
            "the Secret {title} cannot be read, and every pull that names it fails"
        ))
        .because(error)
    })?;
    Ok((form, config))
}

fn put(secret: &mut Secret, form: Form, config: &DockerConfig) {
    let json = config.to_json(Escape::Plain);
    secret
        .data
        .get_or_insert_default()
        .insert(form.data_key().to_owned(), ByteString(json.expose().to_vec()));
}
