//! What may be a name: the checks of `k8s.io/apimachinery/pkg/util/validation` with their sentences. Each function
//! returns the sentences that apply, none if the text is fine.

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const KEY: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

/// A lower-case RFC 1123 subdomain of at most 253 characters: most objects' names. A prefix for `generateName` may
/// end in a dash.
pub(crate) fn subdomain(name: &str, prefix: bool) -> Vec<String> {
    let name = if prefix { masked(name) } else { name.to_owned() };
    let mut errors = at_most(&name, 253);
    if !name.split('.').all(is_label) {
        errors.push(format!(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
             must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
             '{LABEL}(\\.{LABEL})*')"
        ));
    }
    errors
}

/// A subdomain in which parts may also have underscores, but not at their end: what a resolver searches.
pub(crate) fn searched_domain(name: &str) -> Vec<String> {
    const PART: &str = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
    let mut errors = at_most(name, 253);
    let is_part = |part: &str| is_label(&part.strip_prefix('_').unwrap_or(part).replace('_', "-"));
    if !name.split('.').all(is_part) {
        errors.push(format!(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and \
             must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
             '{PART}(\\.{PART})*')"
        ));
    }
    errors
}

/// A lower-case RFC 1123 label of at most 63 characters: namespaces, containers, volumes.
pub(crate) fn label(name: &str, prefix: bool) -> Vec<String> {
    let name = if prefix { masked(name) } else { name.to_owned() };
    let mut errors = at_most(&name, 63);
    if is_label(&name) {
        return errors;
    }
    if name.split('.').all(is_label) {
        errors.push("must not contain dots".into());
    } else {
        errors.push(format!(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
             and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
             '{LABEL}')"
        ));
    }
    errors
}

/// A label that starts with a letter (RFC 1035): services.
pub(crate) fn letter_label(name: &str, prefix: bool) -> Vec<String> {
    let name = if prefix { masked(name) } else { name.to_owned() };
    let mut errors = at_most(&name, 63);
    if !is_label(&name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        errors.push(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
             character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
             validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
                .into(),
        );
    }
    errors
}

/// A name that only has to fit into a URL path: roles and bindings (`system:node`).
pub(crate) fn path_segment(name: &str, prefix: bool) -> Vec<String> {
    if !prefix && (name == "." || name == "..") {
        return vec![format!("may not be '{name}'")];
    }
    let forbidden = ["/", "%"].into_iter().filter(|part| name.contains(part));
    forbidden
        .map(|part| format!("may not contain '{part}'"))
        .collect()
}

/// A label key: an optional subdomain, a slash, and a name of at most 63 characters.
pub(crate) fn label_key(key: &str) -> Vec<String> {
    let shape = format!(
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
         character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{KEY}')"
    );
    let mut errors = Vec::new();
    let name = match key.split('/').collect::<Vec<_>>()[..] {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                errors.push("prefix part must be non-empty".into());
            } else {
                errors.extend(
                    subdomain(prefix, false)
                        .iter()
                        .map(|e| format!("prefix part {}", in_bytes(e))),
                );
            }
            name
        }
        _ => {
            return vec![format!(
                "a valid label key {shape} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".into());
    } else if name.len() > 63 {
        errors.push("name part must be no more than 63 bytes".into());
    }
    if !is_key_name(name) {
        errors.push(format!("name part {shape}"));
    }
    errors
}

/// A label value: empty, or at most 63 characters of a key's alphabet.
pub(crate) fn label_value(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > 63 {
        errors.push("must be no more than 63 bytes".into());
    }
    if !value.is_empty() && !is_key_name(value) {
        errors.push(format!(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
             must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex \
             used for validation is '({KEY})?')"
        ));
    }
    errors
}

/// A key of a Secret's or `ConfigMap`'s data: it becomes a file name.
pub(crate) fn data_key(key: &str) -> Vec<String> {
    let mut errors = at_most(key, 253);
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if key.is_empty() || !key.bytes().all(allowed) {
        errors.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
             'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                .into(),
        );
    }
    match key {
        "." | ".." => errors.push(format!("must not be '{key}'")),
        _ if key.starts_with("..") => errors.push("must not start with '..'".into()),
        _ => {}
    }
    errors
}

/// A name of an environment variable: any printable ASCII but `=`.
pub(crate) fn variable(name: &str) -> Vec<String> {
    if name.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=') {
        return Vec::new();
    }
    let rule =
        "a valid environment variable name must consist only of printable ASCII characters other than '='";
    vec![rule.into()]
}

/// A name of a port.
pub(crate) fn port(name: &str) -> Vec<String> {
    let mut errors = at_most(name, 15);
    let rules = [
        (
            name.is_empty()
                || !name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (
            !name.bytes().any(|b| b.is_ascii_lowercase()),
            "must contain at least one letter (a-z)",
        ),
        (name.contains("--"), "must not contain consecutive hyphens"),
        (
            name.starts_with('-') || name.ends_with('-'),
            "must not begin or end with a hyphen",
        ),
    ];
    errors.extend(
        rules
            .iter()
            .filter(|(broken, _)| *broken)
            .map(|(_, rule)| (*rule).to_owned()),
    );
    errors
}

/// A number of a port.
pub(crate) fn port_number(number: i64) -> Vec<String> {
    between(number, 1, 65535)
}

/// A number of a user or group.
pub(crate) fn user_number(number: i64) -> Vec<String> {
    between(number, 0, i64::from(i32::MAX))
}

/// A number within bounds.
pub(crate) fn between(number: i64, low: i64, high: i64) -> Vec<String> {
    if (low..=high).contains(&number) {
        Vec::new()
    } else {
        vec![format!("must be between {low} and {high}, inclusive")]
    }
}

/// A prefix for generated names may end in a dash. Kubernetes judges it with its last two characters replaced by a
/// letter, so that what stands before the dash is not looked at; kept, because the name made from it is judged again.
fn masked(prefix: &str) -> String {
    let mut chars = prefix.chars();
    if prefix.len() < 2 || chars.next_back() != Some('-') {
        return prefix.to_owned();
    }
    chars.next_back();
    format!("{}a", chars.as_str())
}

fn at_most(text: &str, max: usize) -> Vec<String> {
    if text.len() > max {
        vec![format!("must be no more than {max} characters")]
    } else {
        Vec::new()
    }
}

/// Kubernetes counts in bytes where a name is part of a label key, and says so.
fn in_bytes(sentence: &str) -> String {
    match sentence.strip_prefix("must be no more than ") {
        Some(rest) => format!("must be no more than {}", rest.replace("characters", "bytes")),
        None => sentence.to_owned(),
    }
}

pub(crate) fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(&first), Some(&last)) => {
            inner(first) && inner(last) && bytes.iter().all(|&b| inner(b) || b == b'-')
        }
        _ => false,
    }
}

fn is_key_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) => {
            first.is_ascii_alphanumeric()
                && last.is_ascii_alphanumeric()
                && bytes
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_words(errors: &[String]) -> Vec<String> {
        errors
            .iter()
            .map(|e| e.split_whitespace().take(5).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn names_follow_their_alphabet() {
        for good in ["a", "a-b", "0a", "a.b-c.d"] {
            assert!(subdomain(good, false).is_empty(), "{good}");
        }
        for bad in ["", "A", "a_b", "-a", "a-", "a..b", ".a", "a."] {
            assert_eq!(subdomain(bad, false).len(), 1, "{bad}");
        }
        assert!(subdomain("web-", true).is_empty());
        assert_eq!(first_words(&label("a.b", false)), ["must not contain dots"]);
        assert_eq!(letter_label("1a", false).len(), 1);
    }

    #[test]
    fn roles_may_have_colons_but_no_slash() {
        assert!(path_segment("system:node", false).is_empty());
        assert_eq!(path_segment("a/b", false), ["may not contain '/'"]);
        assert_eq!(path_segment("..", false), ["may not be '..'"]);
    }

    #[test]
    fn label_keys_have_one_optional_prefix() {
        assert!(label_key("example.com/My_name.1").is_empty());
        assert_eq!(first_words(&label_key("a/b/c")), ["a valid label key must"]);
        assert_eq!(label_key("/a"), ["prefix part must be non-empty"]);
        assert_eq!(label_key("").len(), 2);
    }

    #[test]
    fn ports_are_named_or_numbered() {
        assert!(port("http").is_empty());
        assert_eq!(port("80"), ["must contain at least one letter (a-z)"]);
        assert_eq!(port_number(0), ["must be between 1 and 65535, inclusive"]);
    }
}
