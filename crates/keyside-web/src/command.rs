//! What a page did, or would do, as a command to paste. Secrets are never part of one.

/// A word as a shell takes it literally.
pub(super) fn quote(text: &str) -> String {
    let is_plain = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c));
    if is_plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_touch_is_quoted() {
        assert_eq!(quote("robot$shop+web"), "'robot$shop+web'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote("quay.io/shop"), "quay.io/shop");
        assert_eq!(quote(""), "''");
    }
}
