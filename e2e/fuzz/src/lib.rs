//! What the targets have in common: a verification that has got to a certain point, and answers made of arbitrary bytes.

use http::{HeaderMap, HeaderName, HeaderValue};
use keyside_keychain::{Credential, Reference};
use keyside_oci::Answer;
use keyside_oci::verify::{Question, State, Step, begin, next};

/// Whether `registry.example.com/team/app:1` can be pulled with some credential.
pub fn question() -> Question {
    let image = Reference::parse("registry.example.com/team/app:1").expect("it is a reference");
    Question::usual_pull(&image, Some(Credential::new("user", "password"))).expect("it has a host")
}

/// The verification after the login, when a token for the repository was asked for.
pub fn asking_for_a_token() -> (Question, State) {
    let question = question();
    let Step::Ask(ping, _) = begin(&question) else { unreachable!() };
    let realm = "Bearer realm=\"https://registry.example.com/token\"";
    let challenged = answer(401, headers("www-authenticate", realm.as_bytes()), &[]);
    let Step::Ask(login, _) = next(&question, &ping, &Ok(challenged)) else { unreachable!() };
    let Step::Ask(scope, _) = next(&question, &login, &Ok(answer(200, HeaderMap::new(), b"{}"))) else {
        unreachable!()
    };
    (question, scope)
}

/// The verification after the token was issued.
pub fn asking_for_a_manifest() -> (Question, State) {
    let (question, scope) = asking_for_a_token();
    let issued = answer(200, HeaderMap::new(), br#"{"token":"t"}"#);
    let Step::Ask(pull, _) = next(&question, &scope, &Ok(issued)) else { unreachable!() };
    (question, pull)
}

/// An answer.
pub fn answer(status: u16, headers: HeaderMap, body: &[u8]) -> Answer {
    Answer {
        status,
        headers,
        body: body.to_vec(),
    }
}

/// Headers from lines: `name: value`, or only a value of the usual header.
pub fn headers(usual: &'static str, bytes: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(64) {
        let named = line.iter().position(|byte| *byte == b':').and_then(|at| {
            let name = HeaderName::from_bytes(&line[..at]).ok()?;
            Some((name, line[at + 1..].trim_ascii()))
        });
        let (name, value) = named.unwrap_or((HeaderName::from_static(usual), line));
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    headers
}
