//! Tokens: what a token service answers, by the distribution project's token and OAuth specifications.

use crate::call::Answer;
use keyside_keychain::{Credential, Secret};
use serde::Deserialize;

/// Whoever comes with this user name brings an identity token as its password: the convention of docker's credential helpers.
const IDENTITY_TOKEN_USER: &[u8] = b"<token>";

/// Why there is no token in a successful answer. Only the first character of the answer is ever shown: the rest may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    /// The answer begins with something that JSON does not begin with.
    #[error("unable to decode token response: invalid character '{0}' looking for beginning of value")]
    NotJson(char),
    /// The answer is JSON, but broken or of another shape.
    #[error("unable to decode token response: unexpected end of JSON input")]
    Broken,
    /// There is neither `token` nor `access_token`.
    #[error("authorization server did not include a token in the response")]
    Missing,
}

/// The scope of a pull, in the words of the token specification. Built here, because challenges may lack it or ask for more.
pub(crate) fn pull_scope(repository: &str) -> String {
    format!("repository:{repository}:pull")
}

/// Whether a credential is one. Runtimes take an empty user name or password for no credential, and nodes behave accordingly.
pub(crate) fn is_usable(credential: &Credential) -> bool {
    !credential.username.is_empty() && !credential.password.is_empty()
}

/// Whether a credential is an identity token in disguise.
pub(crate) fn is_identity_token(credential: &Credential) -> bool {
    credential.username.expose() == IDENTITY_TOKEN_USER
}

/// Takes the token out of an answer.
pub(crate) fn read(answer: &Answer) -> Result<Secret, TokenError> {
    #[derive(Deserialize)]
    struct Raw {
        token: Option<String>,
        access_token: Option<String>,
    }
    let first = answer.body.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'{') => {}
        Some(byte) if byte.is_ascii_graphic() => return Err(TokenError::NotJson(char::from(*byte))),
        _ => return Err(TokenError::Broken),
    }
    let raw: Raw = serde_json::from_slice(&answer.body).map_err(|_| TokenError::Broken)?;
    let given = |token: Option<String>| token.filter(|token| !token.is_empty());
    let token = given(raw.access_token).or(given(raw.token));
    token.map(Secret::from).ok_or(TokenError::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Result<&str, TokenError>) {
        let answer = Answer {
            body: body.into(),
            ..Answer::default()
        };
        assert_eq!(read(&answer), expected.map(Secret::from), "{body}");
    }

    #[test]
    fn both_names_of_the_token_are_read() {
        check(r#"{"token":"a","expires_in":300}"#, Ok("a"));
        check(r#" {"access_token":"b","refresh_token":null}"#, Ok("b"));
        check(r#"{"token":"a","access_token":"b"}"#, Ok("b"));
        check(r#"{"token":"a","access_token":""}"#, Ok("a"));
    }

    #[test]
    fn an_answer_without_token_is_told_from_a_page() {
        check("{}", Err(TokenError::Missing));
        check(r#"{"token":""}"#, Err(TokenError::Missing));
        check("<html>", Err(TokenError::NotJson('<')));
        check("", Err(TokenError::Broken));
        check(r#"{"token":7}"#, Err(TokenError::Broken));
        check(r#"{"token":"s3cr"#, Err(TokenError::Broken));
    }
}
