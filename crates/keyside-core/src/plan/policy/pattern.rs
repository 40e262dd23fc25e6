//! Patterns as regular expressions, in what RE2 and Rust's `regex` read alike.

use keyside_keychain::{Pattern, keyring};

/// For the registry of an image in lower case and without `:443`.
pub(super) fn registry(pattern: &Pattern) -> String {
    format!("^{}$", glob(pattern.host()))
}

/// For images as they are written, without tag and digest.
pub(super) fn images(pattern: &Pattern) -> String {
    let path = match pattern.path() {
        "" => String::new(),
        path => format!("{}(/|$)", escaped(path)),
    };
    format!("^(?i:{})(:443)?/{path}", glob(pattern.host()))
}

/// For one repository as it is written.
pub(super) fn repository(lookup: &str) -> String {
    format!("^{}$", escaped(lookup))
}

/// For images that the kubelet finds under a key of a Secret; `None` if there are none. The kubelet keeps the case and
/// compares paths letter by letter, without regard to segments (`pkg/credentialprovider/keyring.go`).
pub(super) fn key(key: &str) -> Option<String> {
    let index_key = keyring::index_key(key).ok()?;
    if index_key == "index.docker.io" {
        return Some(r"^docker\.io/".to_owned());
    }
    let (host, path) = match index_key.find('/') {
        Some(slash) => index_key.split_at(slash),
        None => (index_key.as_str(), "/"),
    };
    let sample = format!("{host}{path}");
    if host.contains('[') && !keyring::serves(key, &sample) {
        // An address that the kubelet takes for a set of characters.
        return None;
    }
    Some(format!("^{}{}", glob(host), escaped(path)))
}

/// A host whose labels may hold stars. A star alone also stands for an address in brackets.
fn glob(host: &str) -> String {
    if host == "*" {
        return r"([^.:/]*|\[[^/]*\])".to_owned();
    }
    let parts: Vec<String> = host.split('*').map(escaped).collect();
    parts.join("[^.:/]*")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
