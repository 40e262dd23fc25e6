//! What a page did, or would do, as a command to paste. Secrets are never part of one.

pub(super) use keyside_core::shell::quote;

/// `keyside credential add …`.
pub(super) fn add(name: &str, registry: &str, username: &str, scope: &str) -> String {
    let or = |text: &str, example: &str| {
        if text.is_empty() {
            example.to_owned()
        } else {
            quote(text)
        }
    };
    format!(
        "keyside credential add {} --registry {} --username {} {scope} --password-stdin",
        or(name, "NAME"),
        or(registry, "HOST"),
        or(username, "USER")
    )
}
