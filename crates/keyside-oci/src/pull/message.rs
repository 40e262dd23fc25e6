//! What a registry says about a refusal, made fit to be shown: JSON errors only, short, printable, and without the credential.

use keyside_keychain::Credential;
use serde::Deserialize;

const LONGEST: usize = 256;
/// Shorter values occur in ordinary words.
const SHORTEST_SECRET: usize = 4;

/// `code: message` of the first error in a body, if there is one.
pub(super) fn read(body: &[u8], credential: Option<&Credential>) -> Option<String> {
    #[derive(Deserialize)]
    struct Raw {
        errors: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let raw: Raw = serde_json::from_slice(body).ok()?;
    let first = raw.errors.into_iter().next()?;
    let text = format!(
        "{}: {}",
        first.code.to_lowercase().replace('_', " "),
        first.message
    );
    let text: String = text
        .chars()
        .filter(|letter| !letter.is_control() && !is_invisible(*letter))
        .collect();
    // After the cleaning, which could otherwise put a torn secret together again.
    if credential.is_some_and(|known| repeats(&text, known)) {
        return None;
    }
    Some(text.chars().take(LONGEST).collect())
}

/// Whether a text contains user name or password, as they are or as they are sent.
fn repeats(text: &str, credential: &Credential) -> bool {
    let encoded = credential.basic_auth();
    [&credential.username, &credential.password, &encoded]
        .into_iter()
        .any(|secret| {
            let secret = secret.expose_text();
            secret.len() >= SHORTEST_SECRET && text.contains(&*secret)
        })
}

/// Characters that reorder or hide what stands around them.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Option<&str>) {
        let credential = Credential::new("robot-7", "s3cret");
        assert_eq!(
            read(body.as_bytes(), Some(&credential)).as_deref(),
            expected,
            "{body}"
        );
    }

    #[test]
    fn code_and_message_are_shown() {
        let body =
            r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your limit"},{"code":"X"}]}"#;
        check(body, Some("toomanyrequests: You have reached your limit"));
        check(
            r#"{"errors":[{"code":"DENIED","message":"a\nb\u001b[31m\u202ec"}]}"#,
            Some("denied: ab[31mc"),
        );
        check("<html>", None);
        check(r#"{"errors":[]}"#, None);
    }

    #[test]
    fn what_repeats_the_credential_is_left_out() {
        check(r#"{"errors":[{"message":"robot-7 may not"}]}"#, None);
        check(r#"{"errors":[{"message":"wrong password s3cret"}]}"#, None);
        check(r#"{"errors":[{"message":"wrong password s3\u0001cret"}]}"#, None);
        check(r#"{"errors":[{"message":"Basic cm9ib3QtNzpzM2NyZXQ="}]}"#, None);
    }
}
