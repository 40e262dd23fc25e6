//! What may be a name: the checks of `k8s.io/apimachinery/pkg/util/validation` with their sentences. Each function
//! returns the sentences that apply, none if the text is fine.

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

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

/// A lower-case RFC 1123 label of at most 63 characters: namespaces, containers, volumes.
pub(super) fn label(name: &str, prefix: bool) -> Vec<String> {
    let name = if prefix { masked(name) } else { name.to_owned() };
    let mut errors = at_most(&name, 63);
    if !is_label(&name) {
        errors.push(format!(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
             and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
             '{LABEL}')"
        ));
    }
    errors
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
        vec![too_long(max)]
    } else {
        Vec::new()
    }
}

/// The sentence for a text of more than `max` bytes.
pub(crate) fn too_long(max: usize) -> String {
    format!("must be no more than {max} characters")
}

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(&first), Some(&last)) => {
            inner(first) && inner(last) && bytes.iter().all(|&b| inner(b) || b == b'-')
        }
        _ => false,
    }
}
