//! Words of a command that is printed to be pasted.

/// A word as a POSIX shell takes it literally.
pub fn quote(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
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
