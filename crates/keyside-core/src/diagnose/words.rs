//! What a node says about a failed pull, read.
//!
//! Kubelets pass on the words of their runtime, and runtimes those of their network library and of the registry. No code comes with
//! them, so they are recognised by a table, from the most telling words to the vaguest: an expired certificate is also an "x509: "
//! error, and almost everything ends in "not found". The first row that fits decides, so the order is part of the meaning.

use keyside_api::Cause;

/// What a message turned out to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// This stands in the way.
    Because(Cause),
    /// Only that the next attempt is still to come: an earlier message holds the cause.
    BackOff,
}

/// The kubelet's note that an event stands for several.
const COMBINED: &str = "(combined from similar events): ";

/// Words, by what they mean. In them `^` stands for the beginning of the message, perhaps behind `Error: `, `$` for its end, `*` for
/// letters without a blank, `…` for anything within a line, and `¦` for the edge of a word.
const SIGNS: &[(Said, &[&str])] = &[
    (
        Said::Because(Cause::BrokenPullSecret),
        &[
            "^illegal base64 data at input byte",
            "^unable to parse auth field",
            "^json: cannot unmarshal",
            "^invalid character … looking for",
            "^invalid character … after",
            "^invalid character … in",
            "^unexpected end of JSON input",
        ],
    ),
    (
        Said::Because(Cause::MissingPullSecret),
        &["^Unable to retrieve some image pull secrets (…)"],
    ),
    (
        Said::Because(Cause::InvalidReference),
        &[
            "couldn't parse image name",
            "failed to parse image reference",
            "invalid reference format",
            "InvalidImageName",
        ],
    ),
    (
        Said::Because(Cause::NeverPull),
        &["is not present with pull policy of Never", "^ErrImageNeverPull"],
    ),
    (Said::Because(Cause::PullQpsExceeded), &["pull QPS exceeded"]),
    (Said::Because(Cause::DiskFull), &["no space left on device"]),
    (
        Said::Because(Cause::RateLimited),
        &["429 Too Many Requests", "toomanyrequests", "StatusCode: 429"],
    ),
    (
        Said::Because(Cause::UntrustedCA),
        &["x509: certificate signed by unknown authority"],
    ),
    (Said::Because(Cause::CertificateInvalid), &["x509: "]),
    (
        Said::Because(Cause::HttpOnlyRegistry),
        &["server gave HTTP response to HTTPS client"],
    ),
    (
        Said::Because(Cause::TlsProtocolError),
        &["does not look like a TLS handshake", "tls: "],
    ),
    (
        Said::Because(Cause::DnsFailure),
        &[
            "dial tcp: lookup ",
            "no such host",
            "server misbehaving",
            "Temporary failure in name resolution",
        ],
    ),
    (
        Said::Because(Cause::ProxyError),
        &[
            "proxyconnect tcp",
            "pinging container registry *: StatusCode: 403",
        ],
    ),
    (
        Said::Because(Cause::ConnectionRefused),
        &["connection refused", "RegistryUnavailable"],
    ),
    (
        Said::Because(Cause::NetworkUnreachable),
        &["network is unreachable", "no route to host"],
    ),
    (
        Said::Because(Cause::Timeout),
        &[
            "i/o timeout",
            "TLS handshake timeout",
            "Client.Timeout exceeded",
            "context deadline exceeded",
            "request canceled while waiting",
            "timeout awaiting response headers",
        ],
    ),
    (
        Said::Because(Cause::AddressBlocked),
        &["client with IP * is not allowed access"],
    ),
    (
        Said::Because(Cause::PolicyBlocked),
        &[
            "412 Precondition Failed",
            "due to configured policy",
            "image verifier * blocked pull",
        ],
    ),
    (
        Said::Because(Cause::SignatureInvalid),
        &[
            "SignatureValidationFailed",
            "signature validation failed",
            "Source image rejected",
        ],
    ),
    (
        Said::Because(Cause::Expired),
        &[
            "uthorization token has expired",
            "uthorization Token has expired",
            "token has expired",
            "token is expired",
        ],
    ),
    (
        Said::Because(Cause::BlobDenied),
        &["/blobs/sha256:*: 403", "fetching blob: StatusCode: 403"],
    ),
    (
        Said::Because(Cause::ContentMissing),
        &["could not fetch content descriptor", "blob unknown"],
    ),
    (
        Said::Because(Cause::ContentCorrupt),
        &[
            "unexpected commit digest",
            "Digest did not match",
            "failed size validation",
            "unexpected EOF",
            "short read",
        ],
    ),
    (
        Said::Because(Cause::Interrupted),
        &["connection reset by peer", ": EOF¦"],
    ),
    (
        Said::Because(Cause::NoMatchingPlatform),
        &[
            "no match for platform in manifest",
            "no matching manifest for",
            "no image found in image index",
            "no image found in manifest list",
        ],
    ),
    (
        Said::Because(Cause::UnsupportedManifest),
        &[
            "schema 1 image manifests",
            "no signatures$",
            "no FSLayers in manifest",
        ],
    ),
    (
        Said::Because(Cause::NotARegistry),
        &[
            "invalid character '<'",
            "unexpected media type text/html",
            "pinging container registry *: StatusCode: 404",
            "unable to decode token response",
            "did not include a token",
        ],
    ),
    (
        Said::Because(Cause::RegistryError),
        &[
            "¦500 Internal Server Error",
            "¦502 Bad Gateway",
            "¦503 Service Unavailable",
            "¦504 Gateway Timeout",
            "¦504 Gateway Time-out",
        ],
    ),
    (
        Said::Because(Cause::NoCredentials),
        &["failed to fetch anonymous token", "no basic auth credentials"],
    ),
    (
        Said::Because(Cause::BadCredentials),
        &[
            "incorrect username or password",
            "invalid username/password",
            "HTTP Basic: Access denied",
            "User cannot be authenticated",
            "failed to fetch oauth token: unexpected status: 401",
            "failed to fetch oauth token: unexpected status from GET request to *: 401",
            "failed to fetch oauth token: unexpected status from POST request to *: 401",
        ],
    ),
    (
        Said::Because(Cause::NoPullScope),
        &[
            "failed to fetch oauth token: unexpected status: 403",
            "failed to fetch oauth token: unexpected status from GET request to *: 403",
            "failed to fetch oauth token: unexpected status from POST request to *: 403",
            "Requesting bearer token: received unexpected HTTP status: 403",
            "403 Forbidden",
            "is not authorized to perform",
            "denied on resource",
            "access forbidden",
            "permission_denied",
            "denied: denied",
            ": denied$",
        ],
    ),
    (
        Said::Because(Cause::AccessDenied),
        &[
            "pull access denied",
            "insufficient_scope",
            "invalid_token",
            "requested access to the resource is denied",
            "nauthorized",
            "authentication required",
        ],
    ),
    (
        Said::Because(Cause::NotFound),
        &["manifest unknown", "name unknown", ": not found¦", "¦not found$"],
    ),
    (Said::BackOff, &["^Back-off pulling image \"*\"$"]),
];

/// Reads the message of an event or of a waiting container. `None`: it says nothing that is known.
pub fn read(message: &str) -> Option<Said> {
    let message = message.strip_prefix(COMBINED).unwrap_or(message);
    SIGNS
        .iter()
        .find(|(_, signs)| signs.iter().any(|sign| stands_in(sign, message)))
        .map(|(said, _)| *said)
}

/// The name that could not be looked up, if the message is about one: it may be that of a token service or of a storage.
pub fn unknown_name(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("lookup ")?;
    let end = rest.find([' ', ':', ','])?;
    Some(&rest[..end]).filter(|name| !name.is_empty())
}

/// Whether it was the token service that did not do as it should.
pub fn is_of_token_service(message: &str) -> bool {
    ["failed to authorize", "token response", "did not include a token"]
        .iter()
        .any(|words| message.contains(words))
}

/// The host, perhaps with a port, that a request went to, if the message tells: it may be a token service or a storage as well.
pub fn asked_host(message: &str) -> Option<&str> {
    let methods = ["Get ", "Head ", "Post "];
    let address = methods.iter().find_map(|method| {
        let (_, rest) = message.split_once(method)?;
        let rest = rest.strip_prefix('"').unwrap_or(rest);
        rest.strip_prefix("https://")
            .or_else(|| rest.strip_prefix("http://"))
    })?;
    let is_of_host = |letter: char| letter.is_ascii_alphanumeric() || "-._:[]".contains(letter);
    let end = address.find(|letter| !is_of_host(letter))?;
    Some(&address[..end]).filter(|host| !host.is_empty() && address[end..].starts_with('/'))
}

/// The image that a kubelet's event is about.
pub fn image_of(message: &str) -> Option<&str> {
    let message = message.strip_prefix(COMBINED).unwrap_or(message);
    let before = [
        "Failed to pull image \"",
        "Back-off pulling image \"",
        "Failed to apply default image tag \"",
        "Container image \"",
    ];
    let rest = before.iter().find_map(|before| message.strip_prefix(before))?;
    rest.split_once('"').map(|(image, _)| image)
}

fn stands_in(sign: &str, text: &str) -> bool {
    match sign.strip_prefix('^') {
        Some(sign) => {
            begins(sign, text, None)
                || text
                    .strip_prefix("Error: ")
                    .is_some_and(|text| begins(sign, text, None))
        }
        None => text
            .char_indices()
            .any(|(at, _)| begins(sign, &text[at..], text[..at].chars().next_back())),
    }
}

/// Whether the text begins as the sign says; `before` is the letter in front of it.
fn begins(sign: &str, text: &str, before: Option<char>) -> bool {
    let mut letters = sign.chars();
    let Some(letter) = letters.next() else { return true };
    let sign = letters.as_str();
    match letter {
        '$' => matches!(text, "" | "\n"),
        '¦' => is_word(before) != is_word(text.chars().next()) && begins(sign, text, before),
        '*' => run(sign, text, |letter| !letter.is_whitespace()) && !text.is_empty(),
        '…' => run(sign, text, |letter| letter != '\n') || begins(sign, text, before),
        _ => text
            .strip_prefix(letter)
            .is_some_and(|text| begins(sign, text, Some(letter))),
    }
}

/// Whether the sign goes on after one or more letters of a kind.
fn run(sign: &str, text: &str, of_kind: impl Fn(char) -> bool) -> bool {
    let letters = text.char_indices().take_while(|(_, letter)| of_kind(*letter));
    letters
        .into_iter()
        .any(|(at, letter)| begins(sign, &text[at + letter.len_utf8()..], Some(letter)))
}

fn is_word(letter: Option<char>) -> bool {
    letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
}

#[cfg(test)]
pub(crate) mod tests;
