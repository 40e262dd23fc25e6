//! Docker config documents: what a pull secret holds.
//!
//! Three things share one shape. A Secret of type `kubernetes.io/dockerconfigjson` and docker's own `config.json` hold
//! `{"auths":{KEY:ENTRY}}`; a legacy Secret of type `kubernetes.io/dockercfg` holds `{KEY:ENTRY}`. [`DockerConfig::parse`] reads them
//! as the kubelet does, with its tolerance and its errors; [`DockerConfig::to_json`] writes what kubectl would have written, always
//! with `auth` (some runtimes read nothing else), and keeps every field that it does not know.

mod entries;
mod read;
mod write;

use crate::credential::{Credential, Secret};
use crate::json;

pub use crate::json::Escape;
pub use read::{Place, ReadError};

use entries::Entries;

/// The two shapes of a document in a Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// `kubernetes.io/dockerconfigjson`, also docker's own `config.json`.
    ConfigJson,
    /// `kubernetes.io/dockercfg`.
    Legacy,
}

impl Form {
    /// The form that a Secret type promises; `None` for every other type, which the kubelet ignores.
    pub fn of_secret_type(secret_type: &str) -> Option<Self> {
        [Self::ConfigJson, Self::Legacy]
            .into_iter()
            .find(|form| form.secret_type() == secret_type)
    }

    /// The Secret type.
    pub const fn secret_type(self) -> &'static str {
        match self {
            Self::ConfigJson => "kubernetes.io/dockerconfigjson",
            Self::Legacy => "kubernetes.io/dockercfg",
        }
    }

    /// The key in the Secret's `data`.
    pub const fn data_key(self) -> &'static str {
        match self {
            Self::ConfigJson => ".dockerconfigjson",
            Self::Legacy => ".dockercfg",
        }
    }
}

/// A document: entries by registry key, in the order written, and whatever else it holds.
#[derive(Clone, Debug)]
pub struct DockerConfig {
    form: Form,
    entries: Entries,
    rest: Vec<Member>,
    quirks: Quirks,
}

/// What was unusual in the text. None of it stops the kubelet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// A name stands twice; the last value won, or two `auths` were merged.
    pub duplicate_names: bool,
    /// Bytes that are not UTF-8, or half a surrogate pair, became U+FFFD.
    pub replaced_text: bool,
}

/// One registry key with its credential.
#[derive(Clone, Debug)]
pub struct Entry {
    key: String,
    credential: Credential,
    stated: Stated,
    rest: Vec<Member>,
}

/// The fields as they were written, before `auth` won over the others.
#[derive(Clone, Debug, Default)]
pub struct Stated {
    /// The field `username`.
    pub username: Option<Secret>,
    /// The field `password`.
    pub password: Option<Secret>,
    /// The field `auth`, still encoded.
    pub auth: Option<Secret>,
}

/// A member that is kept but not read. Its raw value may hold a secret.
#[derive(Clone, Debug)]
struct Member {
    name: String,
    raw: Secret,
}

impl Member {
    /// The value, if it is a string.
    fn text(&self) -> Option<Secret> {
        let raw = self.raw.expose();
        (json::kind(raw) == json::Kind::String).then(|| Secret::from(json::string(raw).0.as_bytes()))
    }
}

impl Entry {
    /// The registry key as written, such as `quay.io` or `https://index.docker.io/v1/`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The credential that the kubelet uses; both halves may be empty.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The fields as written.
    pub fn stated(&self) -> &Stated {
        &self.stated
    }

    /// The refresh token of a docker login. Registries take it; the kubelet ignores it.
    pub fn identity_token(&self) -> Option<Secret> {
        self.token("identitytoken")
    }

    /// A bearer token for the registry itself. The kubelet ignores it.
    pub fn registry_token(&self) -> Option<Secret> {
        self.token("registrytoken")
    }

    fn token(&self, name: &str) -> Option<Secret> {
        let member = self
            .rest
            .iter()
            .rev()
            .find(|member| json::same_name(&member.name, name))?;
        member.text().filter(|token| !token.is_empty())
    }
}

impl DockerConfig {
    /// A document without entries.
    pub fn new(form: Form) -> Self {
        Self {
            form,
            entries: Entries::default(),
            rest: Vec::new(),
            quirks: Quirks::default(),
        }
    }

    /// A document with the same credential under each of the keys.
    pub fn with_keys<K: Into<String>>(keys: impl IntoIterator<Item = K>, credential: &Credential) -> Self {
        let mut config = Self::new(Form::ConfigJson);
        for key in keys {
            config.set(key, credential.clone());
        }
        config
    }

    /// Reads a document as the kubelet does.
    ///
    /// # Errors
    /// Whatever breaks the whole Secret for the kubelet, in its words. An empty value is an error here too; the kubelet skips it
    /// before it reads (see [`crate::Keyring::add_secret`]).
    pub fn parse(form: Form, bytes: &[u8]) -> Result<Self, ReadError> {
        read::parse(form, bytes)
    }

    /// The shape it was read in or is written in.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The entries in the order of the document.
    pub fn entries(&self) -> &[Entry] {
        self.entries.as_slice()
    }

    /// The entry under exactly this key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// What was unusual in the text.
    pub fn quirks(&self) -> Quirks {
        self.quirks
    }

    /// Sets the credential of a key. Other fields of the entry stay, except tokens that belonged to the former credential.
    pub fn set(&mut self, key: impl Into<String>, credential: Credential) {
        let key = key.into();
        let Some(entry) = self.entries.get_mut(&key) else {
            self.entries.put(Entry {
                key,
                credential,
                stated: Stated::default(),
                rest: Vec::new(),
            });
            return;
        };
        let is_token =
            |name: &str| json::same_name(name, "identitytoken") || json::same_name(name, "registrytoken");
        entry.rest.retain(|member| !is_token(&member.name));
        entry.credential = credential;
        entry.stated = Stated::default();
    }

    /// Removes a key, and says whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        self.entries.remove(key)
    }

    /// The same entries in the other form; a legacy document has no place for anything else.
    #[must_use]
    pub fn into_form(mut self, form: Form) -> Self {
        if form == Form::Legacy {
            self.rest.clear();
        }
        self.form = form;
        self
    }

    /// The program that holds the passwords instead of this file (`credsStore`), if docker's own config names one.
    pub fn credential_store(&self) -> Option<String> {
        let member = self
            .rest
            .iter()
            .rev()
            .find(|member| json::same_name(&member.name, "credsstore"))?;
        let name = member.text()?.expose_text().into_owned();
        (!name.is_empty()).then_some(name)
    }

    /// The programs that hold the passwords of single registries (`credHelpers`): registry and program.
    pub fn credential_helpers(&self) -> Vec<(String, String)> {
        let helpers = self
            .rest
            .iter()
            .rev()
            .find(|member| json::same_name(&member.name, "credhelpers"));
        let raw = helpers.map_or(&[][..], |member| member.raw.expose());
        json::members(raw)
            .filter(|(_, value)| json::kind(value) == json::Kind::String)
            .map(|(name, value)| {
                (
                    json::string(name).0.to_string(),
                    json::string(value).0.to_string(),
                )
            })
            .collect()
    }

    /// The document as one line of JSON in kubectl's order of fields: `username`, `password`, `email` if there is one, `auth`, then
    /// what else the entry held.
    ///
    /// `auth` is left out only where it would be wrong: for an entry without user and password, and for a user name with a colon.
    pub fn to_json(&self, escape: Escape) -> Secret {
        write::to_json(self, escape)
    }
}

/// Whether the API server accepts `bytes` as the document of a pull secret (`ValidateSecret` in
/// `pkg/apis/core/validation/validation.go`): one JSON object or null, and no number beyond the range of a float.
///
/// # Errors
/// The text that the API server would show behind `<secret contents redacted>`.
pub fn api_server_accepts(bytes: &[u8]) -> Result<(), ReadError> {
    read::check_for_api_server(bytes)
}

#[cfg(test)]
mod tests;
