//! Reading as the kubelet reads: `pkg/credentialprovider/config.go` on top of Go's `encoding/json`.
//!
//! Go goes on after a value of the wrong type and reports the first one at the end; an entry that cannot be read stops it at once.
//! Which error people see in an event depends on that, so both ways are kept apart here: `saved` and the question mark.

use zeroize::Zeroizing;

use super::{DockerConfig, Entry, Form, Member, Stated};
use crate::auth_field::{self, AuthFieldError};
use crate::credential::{Credential, Secret};
use crate::json::{self, Kind, SyntaxError};

/// Why a document cannot be read, in Go's words. No value from the document is part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not JSON.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// A value of the wrong type.
    #[error("json: cannot unmarshal {found} into Go {place}")]
    WrongType {
        /// What was found: `array`, `bool`, `number`, `object` or `string`.
        found: &'static str,
        /// Where.
        place: Place,
    },
    /// An `auth` field that does not decode.
    #[error(transparent)]
    AuthField(#[from] AuthFieldError),
}

/// A place in a document that can hold a value of the wrong type; displayed with Go's type names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The whole document.
    Document(Form),
    /// The value of `auths`.
    Auths,
    /// The value of `HttpHeaders`.
    Headers,
    /// One header.
    HeaderValue,
    /// The value of a registry key.
    Entry(Form),
    /// A field of an entry.
    Field(Form, &'static str),
    /// The whole document as the API server reads it.
    ApiServerDocument,
    /// A number as the API server reads it.
    ApiServerNumber,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const CONFIG: &str = "struct field DockerConfigJSON";
        const ENTRY: &str = "credentialprovider.dockerConfigEntryWithAuth";
        match *self {
            Self::Document(Form::ConfigJson) => {
                f.write_str("value of type credentialprovider.DockerConfigJSON")
            }
            Self::Document(Form::Legacy) => f.write_str("value of type credentialprovider.DockerConfig"),
            Self::Auths => write!(f, "{CONFIG}.auths of type credentialprovider.DockerConfig"),
            Self::Headers => write!(f, "{CONFIG}.HttpHeaders of type map[string]string"),
            Self::HeaderValue => write!(f, "{CONFIG}.HttpHeaders of type string"),
            Self::Entry(Form::ConfigJson) => write!(f, "{CONFIG}.auths of type {ENTRY}"),
            Self::Entry(Form::Legacy) => write!(f, "value of type {ENTRY}"),
            Self::Field(Form::ConfigJson, name) => write!(f, "{CONFIG}.auths.{name} of type string"),
            Self::Field(Form::Legacy, name) => {
                write!(f, "struct field dockerConfigEntryWithAuth.{name} of type string")
            }
            Self::ApiServerDocument => f.write_str("value of type map[string]interface {}"),
            Self::ApiServerNumber => f.write_str("value of type float64"),
        }
    }
}

pub(super) fn parse(form: Form, bytes: &[u8]) -> Result<DockerConfig, ReadError> {
    json::check(bytes)?;
    let mut reader = Reader::new(form);
    match (json::kind(bytes), form) {
        (Kind::Null, _) => {}
        (Kind::Object, Form::ConfigJson) => reader.document(bytes)?,
        (Kind::Object, Form::Legacy) => reader.entries(bytes)?,
        (kind, _) => reader.wrong_type(kind, Place::Document(form)),
    }
    match reader.saved {
        Some(error) => Err(error),
        None => Ok(reader.config),
    }
}

pub(super) fn check_for_api_server(bytes: &[u8]) -> Result<(), ReadError> {
    let checked = json::check(bytes)?;
    let kind = json::kind(bytes);
    if !matches!(kind, Kind::Null | Kind::Object) {
        return Err(ReadError::WrongType {
            found: kind.word(),
            place: Place::ApiServerDocument,
        });
    }
    if checked.number_out_of_range {
        return Err(ReadError::WrongType {
            found: Kind::Number.word(),
            place: Place::ApiServerNumber,
        });
    }
    Ok(())
}

struct Reader {
    config: DockerConfig,
    saved: Option<ReadError>,
}

impl Reader {
    fn new(form: Form) -> Self {
        Self {
            config: DockerConfig::new(form),
            saved: None,
        }
    }

    fn wrong_type(&mut self, kind: Kind, place: Place) {
        self.saved.get_or_insert(ReadError::WrongType {
            found: kind.word(),
            place,
        });
    }

    fn document(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        let mut seen_auths = false;
        for (name, value) in json::members(bytes) {
            let name = self.text(name);
            if json::same_name(&name, "auths") {
                self.config.quirks.duplicate_names |= std::mem::replace(&mut seen_auths, true);
                self.auths(value)?;
                continue;
            }
            if json::same_name(&name, "httpheaders") {
                self.headers(value);
            }
            self.config.rest.push(Member {
                name: name.to_string(),
                raw: Secret::from(value),
            });
        }
        Ok(())
    }

    /// A second `auths` is merged into the first; null empties it.
    fn auths(&mut self, value: &[u8]) -> Result<(), ReadError> {
        match json::kind(value) {
            Kind::Object => self.entries(value)?,
            Kind::Null => self.config.entries.clear(),
            kind => self.wrong_type(kind, Place::Auths),
        }
        Ok(())
    }

    fn headers(&mut self, value: &[u8]) {
        match json::kind(value) {
            Kind::Object => {
                for (_, value) in json::members(value) {
                    match json::kind(value) {
                        Kind::Null | Kind::String => {}
                        kind => self.wrong_type(kind, Place::HeaderValue),
                    }
                }
            }
            Kind::Null => {}
            kind => self.wrong_type(kind, Place::Headers),
        }
    }

    fn entries(&mut self, object: &[u8]) -> Result<(), ReadError> {
        for (key, value) in json::members(object) {
            let key = self.text(key).to_string();
            let entry = self.entry(key, value)?;
            self.config.quirks.duplicate_names |= self.config.entries.put(entry).is_some();
        }
        Ok(())
    }

    fn entry(&mut self, key: String, value: &[u8]) -> Result<Entry, ReadError> {
        let kind = json::kind(value);
        if !matches!(kind, Kind::Object | Kind::Null) {
            return Err(ReadError::WrongType {
                found: kind.word(),
                place: Place::Entry(self.config.form),
            });
        }
        let mut stated = Stated::default();
        let mut email = None;
        let mut rest = Vec::new();
        let mut wrong = None;
        for (name, value) in json::members(value) {
            let name = self.text(name);
            let read = match FIELDS.into_iter().find(|field| json::same_name(&name, field)) {
                Some("username") => self.field("username", value, &mut stated.username),
                Some("password") => self.field("password", value, &mut stated.password),
                Some("auth") => self.field("auth", value, &mut stated.auth),
                Some(_) => self.field("email", value, &mut email),
                None => {
                    rest.push(Member {
                        name: name.to_string(),
                        raw: Secret::from(value),
                    });
                    Ok(())
                }
            };
            wrong = wrong.or(read.err());
        }
        if let Some(error) = wrong {
            return Err(error);
        }
        let credential = effective(&stated, email.unwrap_or_default())?;
        Ok(Entry {
            key,
            credential,
            stated,
            rest,
        })
    }

    /// Reads a text into its slot. Null leaves there what an earlier duplicate said.
    fn field(
        &mut self,
        name: &'static str,
        value: &[u8],
        slot: &mut Option<Secret>,
    ) -> Result<(), ReadError> {
        match json::kind(value) {
            Kind::Null => Ok(()),
            Kind::String => {
                let text = self.text(value);
                self.config.quirks.duplicate_names |= slot.replace(Secret::from(text.as_bytes())).is_some();
                Ok(())
            }
            kind => Err(ReadError::WrongType {
                found: kind.word(),
                place: Place::Field(self.config.form, name),
            }),
        }
    }

    fn text(&mut self, quoted: &[u8]) -> Zeroizing<String> {
        let (text, replaced) = json::string(quoted);
        self.config.quirks.replaced_text |= replaced;
        text
    }
}

const FIELDS: [&str; 4] = ["username", "password", "email", "auth"];

/// The credential in use: a non-empty `auth` wins over user name and password, even when it is the stale one.
fn effective(stated: &Stated, email: Secret) -> Result<Credential, AuthFieldError> {
    let (username, password) = match &stated.auth {
        Some(auth) if !auth.is_empty() => auth_field::decode(auth.expose())?,
        _ => (
            stated.username.clone().unwrap_or_default(),
            stated.password.clone().unwrap_or_default(),
        ),
    };
    Ok(Credential {
        username,
        password,
        email,
    })
}
