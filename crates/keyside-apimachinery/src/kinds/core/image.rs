//! The default pull policy of an image: always if its tag is `latest` or nothing says which, else only if it is not
//! there (`pkg/apis/core/v1/defaults.go`). What is not a reference has no tag.

/// `Always` or `IfNotPresent`.
pub(super) fn pull_policy(image: &str) -> &'static str {
    match tag(image) {
        Some("latest") => "Always",
        _ => "IfNotPresent",
    }
}

/// Tag of a reference, `latest` if it has neither tag nor digest.
fn tag(image: &str) -> Option<&str> {
    if image.len() == 64
        && image
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    {
        return None;
    }
    let (named, digest) = match image.split_once('@') {
        Some((named, digest)) if is_digest(digest) => (named, true),
        Some(_) => return None,
        None => (image, false),
    };
    let (repository, tag) = match named.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (named, None),
    };
    if !is_repository(repository) || !tag.is_none_or(is_tag) {
        return None;
    }
    tag.or((!digest).then_some("latest"))
}

/// `host/path` or `path`, in the alphabet of image names.
fn is_repository(text: &str) -> bool {
    let (host, path) = match text.split_once('/') {
        Some((first, rest)) if is_host_like(first) => (Some(first), rest),
        _ => (None, text),
    };
    if host.is_some_and(|host| !is_host(host)) {
        // An underscore makes the first part no host; then the whole must be a path, as the grammar allows.
        return is_path(text) && text.len() <= 255;
    }
    let library = "library/".len() * usize::from(is_hub_single(host, path));
    is_path(path) && path.len() + library <= 255
}

fn is_hub_single(host: Option<&str>, path: &str) -> bool {
    matches!(host, None | Some("docker.io" | "index.docker.io")) && !path.contains('/')
}

/// Whether the first part is meant as a host.
fn is_host_like(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':']) || part.chars().any(char::is_uppercase)
}

fn is_host(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else {
            return false;
        };
        let hex = !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
        return hex && (port.is_empty() || port.strip_prefix(':').is_some_and(is_digits));
    }
    let (name, port) = match host.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let label = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.split('.').all(label) && port.is_none_or(is_digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_path(path: &str) -> bool {
    path.split('/').all(is_path_part)
}

/// `[a-z0-9]+` joined by `.`, `_`, `__` or dashes.
fn is_path_part(part: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes
        .first()
        .zip(bytes.last())
        .is_some_and(|(&a, &z)| inner(a) && inner(z));
    ends && bytes
        .split(|&b| inner(b))
        .all(|gap| matches!(gap, b"" | b"." | b"_" | b"__") || gap.iter().all(|&b| b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let bytes = tag.as_bytes();
    bytes.len() <= 128
        && bytes.first().is_some_and(|&b| word(b))
        && bytes.iter().all(|&b| word(b) || matches!(b, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    let length = match digest.split_once(':') {
        Some(("sha256", _)) => 64,
        Some(("sha384", _)) => 96,
        Some(("sha512", _)) => 128,
        _ => return false,
    };
    let (_, hex) = digest.split_once(':').unwrap_or_default();
    hex.len() == length
        && hex
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::pull_policy;

    #[test]
    fn latest_or_nothing_is_pulled_always() {
        for image in [
            "nginx",
            "reg:5000/app",
            "Quay.io/a/b",
            "a/b:latest",
            "my_reg.example.com/app",
            "[::1]:5000/a",
        ] {
            assert_eq!(pull_policy(image), "Always", "{image}");
        }
    }

    #[test]
    fn a_tag_a_digest_or_nonsense_is_pulled_once() {
        for image in [
            "nginx:1",
            "localhost:5000",
            "Nginx",
            "a//b",
            "a:b:c",
            " nginx",
            "nginx:-a",
            "a@sha256:0",
        ] {
            assert_eq!(pull_policy(image), "IfNotPresent", "{image}");
        }
    }
}
