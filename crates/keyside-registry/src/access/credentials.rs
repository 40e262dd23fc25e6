//! What a request offers as proof.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::AUTHORIZATION;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The content of an `Authorization` header.
pub(crate) enum Offered {
    /// There is none.
    Nothing,
    /// User and password.
    Password { name: String, password: String },
    /// A token.
    Bearer(String),
    /// A header that makes no sense. It never counts as "none": who sends something wants it to be checked.
    Unreadable,
}

impl Offered {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            return Self::Nothing;
        };
        let parts = value.to_str().ok().and_then(|text| text.split_once(' '));
        match (parts, values.next()) {
            (Some((scheme, token)), None) if scheme.eq_ignore_ascii_case("bearer") => {
                Self::Bearer(token.trim().to_owned())
            }
            (Some((scheme, pair)), None) if scheme.eq_ignore_ascii_case("basic") => Self::basic(pair.trim()),
            _ => Self::Unreadable,
        }
    }

    fn basic(pair: &str) -> Self {
        let text = LENIENT
            .decode(pair)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        match text.as_deref().and_then(|text| text.split_once(':')) {
            Some((name, password)) => Self::Password {
                name: name.to_owned(),
                password: password.to_owned(),
            },
            None => Self::Unreadable,
        }
    }
}
