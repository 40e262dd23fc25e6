//! What is asked of every request before anything else, and what is said with every answer. Pure functions over headers.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method};

/// The headers of every answer, errors included.
pub(super) const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), serial=(), usb=()",
    ),
];

/// Sent besides over TLS.
const HSTS: &str = "max-age=31536000; includeSubDomains";

/// Why a request is not even looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It names a host that is not ours.
    Host,
    /// Another site's page sent it.
    CrossSite,
}

/// Whether a request may be answered: it names one of our hosts, and comes from our own pages or from nobody's.
///
/// A page elsewhere may at most bring the reader here: a navigation with GET, which has no effect. Everything that has an
/// effect must say that it comes from this origin.
pub(super) fn admit(method: &Method, headers: &HeaderMap, hosts: &[String]) -> Result<(), Refusal> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(&header::HOST)
        .filter(|host| hosts.iter().any(|ours| is_named(ours, host)))
        .ok_or(Refusal::Host)?;
    let is_read = *method == Method::GET || *method == Method::HEAD;
    let site = text(&HeaderName::from_static("sec-fetch-site"));
    let mode = text(&HeaderName::from_static("sec-fetch-mode"));
    let is_ours = match site {
        Some("same-origin") => true,
        Some("none") => is_read,
        Some(_) => is_read && mode == Some("navigate"),
        // Not a browser, or one without these headers: then the origin tells.
        None => match text(&header::ORIGIN) {
            Some(origin) => origin
                .split_once("://")
                .is_some_and(|(_, from)| from.eq_ignore_ascii_case(host)),
            None => is_read,
        },
    };
    is_ours.then_some(()).ok_or(Refusal::CrossSite)
}

/// Whether `host` is this name of ours. A name without a port is ours at every port: what forwards to us has one of its own.
fn is_named(ours: &str, host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        if is_port { name } else { host }
    });
    ours.eq_ignore_ascii_case(host) || ours.eq_ignore_ascii_case(name)
}

/// Puts the headers on an answer. Pages are for their reader alone and kept nowhere.
pub(super) fn seal(headers: &mut HeaderMap, tls: bool) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "127.0.0.1:7080";

    fn asked(method: &Method, fields: &[(&'static str, &'static str)]) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(OURS));
        for (name, value) in fields {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        admit(method, &headers, &[OURS.to_owned()])
    }

    #[test]
    fn only_own_pages_may_have_effects() {
        let site = "sec-fetch-site";
        for (fields, reads, effects) in [
            (vec![(site, "same-origin")], true, true),
            (vec![(site, "same-site")], false, false),
            (vec![(site, "cross-site")], false, false),
            (vec![(site, "none")], true, false),
            (
                vec![(site, "cross-site"), ("sec-fetch-mode", "navigate")],
                true,
                false,
            ),
            (
                vec![(site, "cross-site"), ("sec-fetch-mode", "cors")],
                false,
                false,
            ),
            (vec![(site, "nonsense")], false, false),
            (vec![], true, false),
            (vec![("origin", "http://127.0.0.1:7080")], true, true),
            (vec![("origin", "http://evil.example")], false, false),
            (vec![("origin", "null")], false, false),
            (
                vec![(site, "cross-site"), ("origin", "http://127.0.0.1:7080")],
                false,
                false,
            ),
        ] {
            for method in [Method::GET, Method::HEAD] {
                assert_eq!(asked(&method, &fields).is_ok(), reads, "{method} {fields:?}");
            }
            for method in [
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
                Method::OPTIONS,
                Method::TRACE,
            ] {
                assert_eq!(asked(&method, &fields).is_ok(), effects, "{method} {fields:?}");
            }
        }
    }

    #[test]
    fn a_name_without_a_port_is_ours_at_every_port() {
        for (ours, host, is) in [
            ("localhost", "localhost:8443", true),
            ("localhost", "LOCALHOST", true),
            ("localhost", "localhost:", false),
            ("localhost", "localhost:x", false),
            ("localhost", "evil.example:localhost", false),
            ("localhost", "localhost.evil.example:8443", false),
            ("localhost:1", "localhost:2", false),
            ("[::1]", "[::1]:8443", true),
            ("[::1]", "[::1]", true),
        ] {
            assert_eq!(is_named(ours, host), is, "{ours} {host}");
        }
    }

    #[test]
    fn a_foreign_host_is_refused_first() {
        for host in ["evil.example", "127.0.0.1", "127.0.0.1:7081", ""] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            let answer = admit(&Method::GET, &headers, &[OURS.to_owned()]);
            assert_eq!(answer, Err(Refusal::Host), "{host}");
        }
    }
}
