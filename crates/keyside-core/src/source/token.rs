//! Passwords that say themselves when they end. Nothing of a token is trusted for more than that: a wrong date makes a wrong
//! reminder, and the registry decides.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use keyside_keychain::Secret;
use serde_json::{Map, Value};

/// Tokens are shorter; what is longer is something else.
const LONGEST: usize = 16 * 1024;

/// When a password ends: the `exp` of a JSON Web Token (RFC 7519), or the `expiration` in a password of ECR.
pub(super) fn expiry(password: &Secret) -> Option<Timestamp> {
    let text = std::str::from_utf8(password.expose()).ok()?;
    if text.len() > LONGEST {
        return None;
    }
    let seconds = jwt(text).or_else(|| ecr(text))?;
    Timestamp::from_second(seconds).ok()
}

fn jwt(text: &str) -> Option<i64> {
    let mut parts = text.split('.');
    let (head, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let decode = |part: &str| object(&URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?);
    decode(head)?.get("alg")?;
    seconds(decode(claims)?.get("exp")?)
}

fn ecr(text: &str) -> Option<i64> {
    seconds(object(&STANDARD.decode(text).ok()?)?.get("expiration")?)
}

fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(bytes).ok()
}

/// A date in a token is a number that may have a fraction.
fn seconds(value: &Value) -> Option<i64> {
    let whole = || value.as_f64()?.trunc().to_string().parse().ok();
    value.as_i64().or_else(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#), encode(claims))
    }

    #[track_caller]
    fn check(password: &str, expected: Option<i64>) {
        let found = expiry(&Secret::from(password)).map(Timestamp::as_second);
        assert_eq!(found, expected, "{password}");
    }

    #[test]
    fn web_token_says_when_it_ends() {
        check(&token(r#"{"exp":1800000000,"sub":"x"}"#), Some(1_800_000_000));
        check(&token(r#"{"exp":1800000000.5}"#), Some(1_800_000_000));
        check(&token(r#"{"sub":"x"}"#), None);
        check(&token(r#"{"exp":"tomorrow"}"#), None);
        check(&token(r#"{"exp":1e300}"#), None);
    }

    #[test]
    fn password_of_ecr_says_when_it_ends() {
        let password =
            STANDARD.encode(r#"{"payload":"x","version":"2","type":"DATA_KEY","expiration":1700000000}"#);
        check(&password, Some(1_700_000_000));
    }

    #[test]
    fn what_only_looks_like_a_token_says_nothing() {
        for password in ["", "a.b.c", "p@ss.word.x", "eyJ.eyJ", "....", "bm9uZQ=="] {
            check(password, None);
        }
        check(&"a.".repeat(LONGEST), None);
    }
}
