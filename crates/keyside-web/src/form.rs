//! Fields of a query or a form, in their order. Values are kept byte for byte: a password is never trimmed.

use std::fmt::Write as _;

/// Fields by name; a name may stand several times.
#[derive(Clone, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `a=b&c=d`.
    pub(super) fn parse(encoded: &[u8]) -> Self {
        Self(
            url::form_urlencoded::parse(encoded)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// From pairs.
    pub(super) fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The first value of a name, as it is.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(own, _)| own == name)
            .map_or("", |(_, value)| value)
    }

    /// The first value of a name without blanks around it. Not for passwords.
    pub(super) fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// All values of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether there is a value under this name.
    pub(super) fn has(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// The same fields as a query, with one of them changed; an empty value leaves it out.
    pub(super) fn query_with(&self, name: &str, value: &str) -> String {
        let kept = self
            .0
            .iter()
            .filter(|(own, value)| own != name && !value.is_empty());
        let mut out = String::new();
        for (name, value) in kept
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain((!value.is_empty()).then_some((name, value)))
        {
            let _ = write!(
                out,
                "{}{}={}",
                if out.is_empty() { "?" } else { "&" },
                encode(name),
                encode(value)
            );
        }
        out
    }
}

/// A value as part of a query or a path.
pub(super) fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .map(|part| if part == "+" { "%20" } else { part })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_keeps_its_blanks() {
        let form = Form::parse(b"user=%20a%20&password=%20p%20%0A");
        assert_eq!((form.get("user"), form.raw("password")), ("a", " p \n"));
    }

    #[test]
    fn one_field_of_a_query_is_changed() {
        let form = Form::parse(b"q=a%26b&sort=name&page=");
        assert_eq!(form.query_with("sort", "age"), "?q=a%26b&sort=age");
        assert_eq!(form.query_with("sort", ""), "?q=a%26b");
    }
}
