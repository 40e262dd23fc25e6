//! What a registry said when it refused, for people who ask for its own words. They are a stranger's: bounded here, in one line, and
//! kept back if they repeat anything of the credential, because some registries print whatever they are sent.

use super::Response;
use keyside_keychain::Credential;
use std::collections::BTreeSet;

/// So many characters are enough to understand.
const MOST: usize = 300;

/// Shown in place of an answer that repeats the credential.
const KEPT_BACK: &str = "(kept back: it repeats the credential)";

/// The words of the last answer, unless it was a success.
pub(super) fn words(response: &Response, credential: Option<&Credential>) -> Option<String> {
    let answer = response
        .as_ref()
        .ok()
        .filter(|answer| !(200..300).contains(&answer.status))?;
    let body = String::from_utf8_lossy(&answer.body);
    if credential.is_some_and(|credential| repeats(&body, credential)) {
        return Some(KEPT_BACK.to_owned());
    }
    let line = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().take(MOST).collect();
    Some(format!("{} {line}", answer.status).trim_end().to_owned())
}

/// Whether a text holds user name or password, as they are or in one of the forms in which they travel.
fn repeats(text: &str, credential: &Credential) -> bool {
    let text = text.replace('-', "+").replace('_', "/").to_lowercase();
    let forms = [&credential.username, &credential.password]
        .into_iter()
        .filter(|secret| !secret.is_empty())
        .flat_map(|secret| forms(&secret.expose_text()))
        .collect::<BTreeSet<_>>();
    let login = credential.basic_auth().expose_text().into_owned();
    let mut all = forms.into_iter().chain(std::iter::once(login));
    all.any(|form| {
        let form = form.replace('-', "+").replace('_', "/").to_lowercase();
        text.contains(form.trim_end_matches('='))
    })
}

/// Plain, in JSON, in addresses, in hexadecimal, reversed, and in base64 wherever it begins.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let percent = |keep: fn(u8) -> bool| -> String {
        let one = |byte: u8| {
            if keep(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        };
        secret.bytes().map(one).collect()
    };
    let mut forms = vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        percent(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        secret.chars().rev().collect(),
    ];
    // Three bytes become four letters: after one, two or three bytes, only the letters in the middle depend on nothing else.
    for before in ["", "a", "aa"] {
        let encoded = Credential::new(before, secret).basic_auth();
        let letters = encoded.expose_text();
        if letters.len() > 12 {
            forms.push(letters[4..letters.len() - 4].to_owned());
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Answer;

    fn said(body: &str) -> String {
        let answer = Answer {
            status: 401,
            body: body.as_bytes().to_vec(),
            ..Answer::default()
        };
        let credential = Credential::new("robot+team", "pass/word \"17\"");
        words(&Ok(answer), Some(&credential)).expect("words")
    }

    #[test]
    fn refusal_is_one_bounded_line() {
        assert_eq!(said("{\n \"errors\": []\n}"), "401 { \"errors\": [] }");
        assert_eq!(said(&"x".repeat(9000)).len(), 304);
    }

    #[test]
    fn answer_that_repeats_the_credential_is_kept_back_in_every_form() {
        for body in [
            "you are robot+team",
            "wrong: pass/word \"17\"",
            r#"{"password": "pass/word \"17\""}"#,
            "pass%2Fword%20%2217%22",
            "706173732f776f7264202231372200",
            "cm9ib3QrdGVhbTpwYXNzL3dvcmQgIjE3Ig==",
            "eHBhc3Mvd29yZCAiMTci",
            "\"71\" drow/ssap",
        ] {
            assert_eq!(said(body), KEPT_BACK, "{body}");
        }
        assert_eq!(said("access denied"), "401 access denied");
    }

    #[test]
    fn success_has_no_words() {
        let answer = Answer {
            status: 200,
            ..Answer::default()
        };
        assert_eq!(words(&Ok(answer), None), None);
    }
}
