//! Older contents of a source Secret, kept beside the present one, so that a rotation can be taken back.
//!
//! Whoever replaces the content through keyside (the command line, the web UI) does so with the user's rights and keeps what is
//! replaced in the same Secret, under one more data key. So nobody needs another right for it, and it goes where the Secret goes. What
//! others write into the Secret leaves no trace here.
//!
//! Copies are made of entries and never of data keys, so they cannot carry it; and the fingerprint of a source leaves it out
//! ([`PullSecret::read`]), so that a change of the history alone changes nothing else.
//!
//! A content was entered for a destination: a registry's authority, its token service, a scope. Whoever changes that must enter a password
//! again, and putting an older one back enters nothing. So each keeps what the status said of its destination, and goes
//! back only to the same one, or to a narrower scope.

use crate::source::{BASIC_AUTH, Holding, PullSecret, SECRET_MAX};
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use keyside_api::CredentialStatus;
use keyside_api::condition::stalled;
use keyside_keychain::{Form, Secret};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The data key. A kubelet reads the key that the Secret's type names and no other, and a volume shows names that begin with a dot
/// to nobody who does not ask for them.
pub const KEY: &str = ".keyside-history";

/// How many older contents are kept.
pub const KEPT: usize = 3;

/// A content that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Older {
    /// When it was replaced.
    pub replaced: Timestamp,
    /// The version that the credential's status gave for it (`currentVersion`), if that is certain.
    pub version: Option<String>,
    /// The registries it has entries for, as they are spelled there; none for a user name and password without a registry.
    pub registries: Vec<String>,
    /// Where it might be sent: keyed hash and scope, as in `status.binding`.
    destination: Option<String>,
    values: Values,
}

/// What is known of the credential whose Secret it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// What keyside has made of it.
    pub status: Option<&'a CredentialStatus>,
    /// The generation of its spec.
    pub generation: Option<i64>,
}

/// Why an older content is not put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is none of that number.
    Missing {
        /// How many there are.
        kept: usize,
    },
    /// It was entered for another destination than the credential has now.
    Elsewhere,
    /// keyside has not looked at the credential's spec yet, so that nobody knows for which destination it is now.
    Unseen,
}

/// The values that a content consists of, by data key.
type Values = BTreeMap<String, Secret>;

/// An older content as it is stored: JSON, values in base64 as in any Secret.
#[derive(Serialize, Deserialize)]
struct Stored {
    replaced: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
    data: BTreeMap<String, ByteString>,
}

/// The older contents of a Secret, the newest first. What cannot be read, or is not of the Secret's type, is none.
pub fn older(secret: &core::Secret) -> Vec<Older> {
    let Some(text) = secret.data.as_ref().and_then(|data| data.get(KEY)) else {
        return Vec::new();
    };
    let stored: Vec<Stored> = serde_json::from_slice(&text.0).unwrap_or_default();
    let keys = keys(secret);
    let of_type = |one: &Stored| one.data.keys().all(|key| keys.contains(&key.as_str()));
    stored
        .into_iter()
        .filter(of_type)
        .map(|one| {
            let values = one
                .data
                .into_iter()
                .map(|(key, value)| (key, Secret::from(value.0)));
            let values: Values = values.collect();
            Older {
                replaced: one.replaced.0,
                version: one.version,
                destination: one.destination,
                registries: registries(&with(secret, &values)),
                values,
            }
        })
        .take(KEPT)
        .collect()
}

/// Keeps what `before` holds as an older content of `after`, if the two differ; the status speaks of `before`. The same content is kept once, and the present one is no older one. What does not fit into a Secret is forgotten, the
/// oldest first.
pub fn keep(
    before: &core::Secret,
    after: &mut core::Secret,
    status: Option<&CredentialStatus>,
    now: Timestamp,
) {
    let (replaced, present) = (content(before), content(after));
    if replaced == present || replaced.values().all(Secret::is_empty) {
        return;
    }
    let mut list = older(before);
    list.retain(|one| one.values != replaced);
    // The status follows the Secret by a moment: what it has said of another content already is not said of this one.
    let is_stale = |version: &&str| list.iter().any(|one| one.version.as_deref() == Some(*version));
    let version = status.and_then(|status| status.current_version.as_deref());
    let version = version.filter(|version| !is_stale(version)).map(str::to_owned);
    list.retain(|one| one.values != present);
    let newest = Older {
        replaced: now,
        version,
        registries: registries(before),
        destination: status.and_then(destination).map(str::to_owned),
        values: replaced,
    };
    list.insert(0, newest);
    list.truncate(KEPT);
    put(after, list);
}

/// The Secret with an older content in place of the present one, which becomes an older one itself. The newest of them is
/// number 1.
///
/// # Errors
/// There is none of that number, or it must not go where the credential goes now.
pub fn roll_back(
    secret: &core::Secret,
    number: usize,
    known: Known<'_>,
    now: Timestamp,
) -> Result<core::Secret, Refusal> {
    let list = older(secret);
    let missing = Refusal::Missing { kept: list.len() };
    let chosen = number.checked_sub(1).and_then(|at| list.get(at)).ok_or(missing)?;
    if let Some(status) = known.status {
        if is_suspended(status) || goes_elsewhere(chosen.destination.as_deref(), destination(status)) {
            return Err(Refusal::Elsewhere);
        }
        if status.observed_generation != known.generation {
            return Err(Refusal::Unseen);
        }
    }
    let mut back = with(secret, &chosen.values);
    keep(secret, &mut back, known.status, now);
    Ok(back)
}

/// Whether the credential may be sent nowhere, because its destination was changed without its content.
pub fn is_suspended(status: &CredentialStatus) -> bool {
    status.conditions.iter().any(|one| {
        one.type_ == stalled::TYPE && one.status == "True" && one.reason == stalled::DESTINATION_CHANGED
    })
}

/// The part of a binding that says where the content goes: a keyed hash, and the scope as a digit that grows with it.
fn destination(status: &CredentialStatus) -> Option<&str> {
    let (_, destination) = status.binding.as_deref()?.split_once('.')?;
    Some(destination)
}

fn goes_elsewhere(entered: Option<&str>, now: Option<&str>) -> bool {
    let parts = |text: Option<&str>| {
        let (place, scope) = text?.rsplit_once('.')?;
        Some((place.to_owned(), scope.to_owned()))
    };
    match (parts(entered), parts(now)) {
        (Some(entered), Some(now)) => entered.0 != now.0 || now.1 > entered.1,
        _ => false,
    }
}

/// Forgets all older contents, and says whether there was anything to forget.
pub fn forget(secret: &mut core::Secret) -> bool {
    let data = secret.data.as_mut();
    data.is_some_and(|data| data.remove(KEY).is_some())
}

/// The registries that a Secret has entries for, as they are spelled in it.
pub fn registries(secret: &core::Secret) -> Vec<String> {
    match PullSecret::read(secret, None).holding {
        Holding::Config(config) => config.entries().iter().map(|one| one.key().to_owned()).collect(),
        _ => Vec::new(),
    }
}

/// The data keys that a content of the Secret's type consists of.
fn keys(secret: &core::Secret) -> Vec<&'static str> {
    match secret.type_.as_deref() {
        Some(BASIC_AUTH) => vec!["username", "password"],
        kind => Form::of_secret_type(kind.unwrap_or_default())
            .map(|form| form.data_key())
            .into_iter()
            .collect(),
    }
}

fn content(secret: &core::Secret) -> Values {
    let value = |key: &str| secret.data.as_ref()?.get(key);
    let present = keys(secret).into_iter().filter_map(|key| {
        let bytes = value(key)?;
        Some((key.to_owned(), Secret::from(bytes.0.as_slice())))
    });
    present.collect()
}

/// The Secret with these values for its content.
fn with(secret: &core::Secret, values: &Values) -> core::Secret {
    let mut other = secret.clone();
    let data = other.data.get_or_insert_default();
    data.retain(|key, _| !keys(secret).contains(&key.as_str()));
    for (key, value) in values {
        data.insert(key.clone(), ByteString(value.expose().to_vec()));
    }
    other
}

/// Stores the list, as much of it as fits: the API server takes no Secret whose values have more bytes together.
fn put(secret: &mut core::Secret, mut list: Vec<Older>) {
    let data = secret.data.get_or_insert_default();
    data.remove(KEY);
    let taken: usize = data.values().map(|value| value.0.len()).sum();
    while !list.is_empty() {
        let text = to_json(&list);
        if taken + text.len() <= SECRET_MAX {
            data.insert(KEY.to_owned(), ByteString(text));
            return;
        }
        list.pop();
    }
}

fn to_json(list: &[Older]) -> Vec<u8> {
    let stored = list.iter().map(|one| Stored {
        replaced: Time(one.replaced),
        version: one.version.clone(),
        destination: one.destination.clone(),
        data: one
            .values
            .iter()
            .map(|(key, value)| (key.clone(), ByteString(value.expose().to_vec())))
            .collect(),
    });
    serde_json::to_vec(&stored.collect::<Vec<_>>()).expect("times and texts are JSON")
}

#[cfg(test)]
mod tests;
