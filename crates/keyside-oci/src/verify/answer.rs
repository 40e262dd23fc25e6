//! What can be read from an answer.

use super::{Response, Verdict};
use crate::call::Answer;
use crate::cause::Cause;
use crate::failure::SendError;
use crate::manifest::bare_media_type;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use std::time::Duration;
use url::Url;

/// Nobody is believed who asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// Takes what every step treats alike out of a response: no answer, too many requests, an outage, a redirect. The place is the detail
/// of the verdict on too many requests.
pub(super) fn common<'a>(response: &'a Response, prefix: &str, place: &str) -> Result<&'a Answer, Verdict> {
    let answer = response
        .as_ref()
        .map_err(|error| Verdict::failed(error.cause(), format!("{prefix}{}", word(error))))?;
    match answer.status {
        429 => {
            let mut verdict = Verdict::failed(Cause::RateLimited, place);
            verdict.retry_after = pause(answer);
            Err(verdict)
        }
        407 => Err(Verdict::failed(Cause::ProxyError, format!("{prefix}proxy"))),
        500.. => Err(Verdict::failed(
            Cause::RegistryError,
            format!("{prefix}registry-error"),
        )),
        300..400 => Err(Verdict::failed(Cause::NotARegistry, redirect(answer))),
        _ => Ok(answer),
    }
}

/// Says what stood in the way of an answer, in one word.
fn word(error: &SendError) -> &'static str {
    match error {
        SendError::UnknownHost { .. } | SendError::LookupFailed { .. } => "dns",
        SendError::Forbidden { .. } => "address-not-dialled",
        SendError::Refused { .. } => "refused",
        SendError::Unreachable { .. } => "unreachable",
        SendError::ConnectTimeout { .. } | SendError::Timeout => "timeout",
        SendError::Reset { .. } | SendError::Eof => "reset",
        SendError::Proxy => "proxy",
        SendError::UnknownAuthority => "tls-unknown-authority",
        SendError::CertificateExpired => "tls-expired",
        SendError::CertificateName { .. } => "tls-name",
        SendError::CertificateOther => "tls-certificate",
        SendError::PlainAnswer => "http-on-https",
        SendError::NotTls | SendError::Handshake => "tls-protocol",
        SendError::HeadTooLarge | SendError::TooLarge { .. } => "too-large",
        SendError::Malformed => "not-http",
        SendError::Scheme | SendError::PlainHttp { .. } | SendError::ForeignOrigin => "not-sent",
    }
}

/// The target is shown so that people see which address they should have typed; its query may hold anything, so it is not.
fn redirect(answer: &Answer) -> String {
    let target = answer
        .header(LOCATION)
        .and_then(|location| Url::parse(location).ok());
    match target {
        Some(url) if matches!(url.scheme(), "http" | "https") => {
            let host = url[url::Position::BeforeHost..url::Position::AfterPath]
                .chars()
                .take(200);
            format!("redirect to {}://{}", url.scheme(), host.collect::<String>())
        }
        _ => "redirect".to_owned(),
    }
}

fn pause(answer: &Answer) -> Option<Duration> {
    let seconds: u64 = answer.header(RETRY_AFTER)?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

pub(super) fn is_page(answer: &Answer) -> bool {
    let kind = answer.header(CONTENT_TYPE).map(bare_media_type);
    matches!(kind.as_deref(), Some("text/html" | "application/xhtml+xml"))
}

pub(super) fn is_json(answer: &Answer) -> bool {
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&answer.body).is_ok()
}

/// Whether a form is refused for the password inside it (RFC 6749, section 5.2), and not for its shape.
pub(super) fn is_grant_refused(answer: &Answer) -> bool {
    #[derive(serde::Deserialize)]
    struct Refusal {
        error: String,
    }
    serde_json::from_slice::<Refusal>(&answer.body).is_ok_and(|refusal| refusal.error == "invalid_grant")
}

/// Whether the registry says that the credential's time is over. Only asked where a refusal is about the credential: tags expire too,
/// and some texts name every possible reason at once.
pub(super) fn says_expired(answer: &Answer) -> bool {
    body_contains(answer, "expired")
}

/// Whether a refusal is about the asker's address.
pub(super) fn says_address(answer: &Answer) -> bool {
    body_contains(answer, "is not allowed access")
}

fn body_contains(answer: &Answer, words: &str) -> bool {
    String::from_utf8_lossy(&answer.body)
        .to_ascii_lowercase()
        .contains(words)
}
