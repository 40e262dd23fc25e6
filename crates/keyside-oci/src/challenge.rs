//! What a registry asks for: the `WWW-Authenticate` headers of RFC 9110, section 11.6.1, read strictly.
//!
//! A header that does not fit the grammar is an error and stays one. Guessing has sent passwords to the wrong place before: a reader
//! that takes the unreadable for `Basic` offers the password to whoever garbles the header.

mod grammar;

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// One challenge: a scheme and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Challenge {
    /// In lower case, because schemes are compared without regard to it.
    scheme: String,
    /// Names in lower case, in the order given; a name occurs once.
    parameters: Vec<(String, String)>,
}

/// The header does not follow the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the registry's challenge cannot be read")]
pub struct Unreadable;

/// What a client should do about a set of challenges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// There is no challenge.
    Nothing,
    /// User name and password in every request.
    Basic,
    /// A token from a token service.
    Bearer(Bearer),
    /// Only schemes that registries do not use, such as `Negotiate`.
    Unknown,
}

/// The parameters of a Bearer challenge that matter. All of them are the registry's word and nothing more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bearer {
    /// Address of the token service.
    pub realm: Option<String>,
    /// Who the token is for.
    pub service: Option<String>,
    /// Why the previous token was refused, such as `insufficient_scope`.
    pub error: Option<String>,
}

impl Ask {
    /// Reads all challenges of an answer and prefers Bearer to Basic.
    ///
    /// # Errors
    /// [`Unreadable`] if any of the headers breaks the grammar, even if another one could be read.
    pub fn read(headers: &HeaderMap) -> Result<Self, Unreadable> {
        let mut challenges = Vec::new();
        for value in headers.get_all(WWW_AUTHENTICATE) {
            challenges.extend(grammar::parse(value.as_bytes())?);
        }
        let find = |scheme: &str| challenges.iter().find(|challenge| challenge.scheme == scheme);
        Ok(match (find("bearer"), find("basic")) {
            (Some(bearer), _) => Self::Bearer(Bearer {
                realm: bearer.parameter("realm"),
                service: bearer.parameter("service"),
                error: bearer.parameter("error"),
            }),
            (None, Some(_)) => Self::Basic,
            (None, None) if challenges.is_empty() => Self::Nothing,
            (None, None) => Self::Unknown,
        })
    }
}

impl Challenge {
    fn parameter(&self, name: &str) -> Option<String> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }
}

#[cfg(test)]
mod tests;
