//! Secrets bound to where they may go.
//!
//! A password reaches the network only inside an [`Authorization`] or a [`Form`]. Both are made for one origin, which is the
//! credential's own registry or a [`TokenService`] that was admitted for it, and the client refuses to send them anywhere else. There
//! is no other way to write an `Authorization` header in this crate, so the rule holds wherever a request comes from.

use crate::challenge::Bearer;
use crate::origin::{Origin, Registry, has_user_part};
use http::HeaderValue;
use keyside_keychain::{Credential, Secret};
use url::Url;

/// Registries whose token service is known to live elsewhere. Pairs, not hosts: a list of trusted token services alone would let any
/// registry send its visitors to them with the wrong password.
const KNOWN_PAIRS: [(&str, &str); 2] = [
    ("https://registry-1.docker.io", "https://auth.docker.io"),
    ("https://registry.gitlab.com", "https://gitlab.com"),
];

/// Address and audience of a token service, fit for requests without a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    url: Url,
    origin: Origin,
    service: Option<String>,
}

/// A token service that may see the credential of one registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenService(Realm);

/// Why a credential is not sent to the token service that a registry names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RealmError {
    /// No realm, a relative one, or neither HTTP nor HTTPS.
    #[error("the registry names no usable token service")]
    Unusable,
    /// Another origin than the registry's, which nobody has confirmed; or an unencrypted one beside an encrypted registry.
    #[error("registry {registry} names the token service {service}, which is not confirmed for it")]
    Unconfirmed {
        /// The registry.
        registry: Origin,
        /// What it names, without path and query.
        service: Origin,
    },
}

impl Realm {
    /// Reads the realm of a challenge, for a request that carries no secret.
    ///
    /// # Errors
    /// [`RealmError::Unusable`] if it is no absolute address; [`RealmError::Unconfirmed`] if it carries a user part or would give up
    /// the registry's encryption, because the token that comes back is worth something too.
    pub fn read(registry: &Registry, challenge: &Bearer) -> Result<Self, RealmError> {
        let text = challenge.realm.as_deref().ok_or(RealmError::Unusable)?;
        let mut url = Url::parse(text).map_err(|_| RealmError::Unusable)?;
        let origin = Origin::of(&url).ok_or(RealmError::Unusable)?;
        let downgraded = registry.origin().is_secure() && !origin.is_secure();
        if downgraded || has_user_part(&url) {
            return Err(unconfirmed(registry, &origin));
        }
        url.set_fragment(None);
        Ok(Self {
            url,
            origin,
            service: challenge.service.clone(),
        })
    }

    /// Where the token service is.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The address to ask for a token; service and scopes are encoded into it.
    pub(crate) fn token_url(&self, scope: Option<&str>) -> Url {
        let mut url = self.url.clone();
        let mut query = url.query_pairs_mut();
        if let Some(service) = &self.service {
            query.append_pair("service", service);
        }
        if let Some(scope) = scope {
            query.append_pair("scope", scope);
        }
        drop(query);
        if url.query() == Some("") {
            url.set_query(None);
        }
        url
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }
}

impl TokenService {
    /// Decides whether the registry's credential may go to the token service that its challenge names: the same origin, a known pair,
    /// or one that whoever may edit the credential has confirmed (CVE-2020-15157 and its many successors).
    ///
    /// # Errors
    /// As [`Realm::read`], and [`RealmError::Unconfirmed`] for every other origin.
    pub fn admit(registry: &Registry, challenge: &Bearer, confirmed: &[Origin]) -> Result<Self, RealmError> {
        let realm = Realm::read(registry, challenge)?;
        let known = || {
            let pair = (registry.origin().to_string(), realm.origin.to_string());
            KNOWN_PAIRS
                .iter()
                .any(|(registry, service)| pair.0 == *registry && pair.1 == *service)
        };
        if realm.origin == *registry.origin() || confirmed.contains(&realm.origin) || known() {
            return Ok(Self(realm));
        }
        Err(unconfirmed(registry, &realm.origin))
    }

    /// Address and audience.
    pub fn realm(&self) -> &Realm {
        &self.0
    }
}

fn unconfirmed(registry: &Registry, service: &Origin) -> RealmError {
    RealmError::Unconfirmed {
        registry: registry.origin().clone(),
        service: service.clone(),
    }
}

/// An `Authorization` header and the only origin it is for. Its value is redacted in `Debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    value: HeaderValue,
    origin: Origin,
}

/// A token or password cannot stand in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value cannot stand in a header")]
pub struct Unsendable;

impl Authorization {
    /// User name and password for the registry itself.
    pub fn basic(credential: &Credential, registry: &Registry) -> Self {
        Self::basic_for(credential, registry.origin())
    }

    /// User name and password for the registry's token service.
    pub fn basic_at(credential: &Credential, service: &TokenService) -> Self {
        Self::basic_for(credential, &service.0.origin)
    }

    /// A token for the registry that it was issued for.
    ///
    /// # Errors
    /// [`Unsendable`] for a token with line breaks or other controls.
    pub fn bearer(token: &Secret, registry: &Registry) -> Result<Self, Unsendable> {
        let value =
            HeaderValue::from_bytes(&[b"Bearer ", token.expose()].concat()).map_err(|_| Unsendable)?;
        Ok(Self::new(value, registry.origin()))
    }

    fn basic_for(credential: &Credential, origin: &Origin) -> Self {
        let encoded = credential.basic_auth();
        let value = HeaderValue::from_bytes(&[b"Basic ", encoded.expose()].concat());
        Self::new(value.expect("base64 can stand in a header"), origin)
    }

    fn new(mut value: HeaderValue, origin: &Origin) -> Self {
        value.set_sensitive(true);
        Self {
            value,
            origin: origin.clone(),
        }
    }

    /// `basic` or `bearer`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.value.as_bytes().starts_with(b"Basic ") {
            "basic"
        } else {
            "bearer"
        }
    }

    /// The header, if the address is of the origin it is for.
    pub(crate) fn header_for(&self, url: &Url) -> Option<HeaderValue> {
        (Origin::of(url).as_ref() == Some(&self.origin)).then(|| self.value.clone())
    }
}

/// The body of a token request with a secret inside, and the only address it is for.
#[derive(Debug)]
pub struct Form {
    body: Secret,
    url: Url,
}

impl Form {
    /// Asks for a token with user name and password: the password grant of distribution's `spec/auth/oauth.md`.
    pub fn password(credential: &Credential, service: &TokenService, scope: Option<&str>) -> Self {
        let (username, password) = (&credential.username, &credential.password);
        let secrets = [("username", username), ("password", password)];
        Self::new("password", &secrets, service, scope)
    }

    /// Asks for a token with an identity token, which is a refresh token in OAuth 2.0's words.
    pub fn refresh(identity_token: &Secret, service: &TokenService, scope: Option<&str>) -> Self {
        let secrets = [("refresh_token", identity_token)];
        Self::new("refresh_token", &secrets, service, scope)
    }

    fn new(grant: &str, secrets: &[(&str, &Secret)], service: &TokenService, scope: Option<&str>) -> Self {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("grant_type", grant);
        if let Some(audience) = service.0.service() {
            body.append_pair("service", audience);
        }
        body.append_pair("client_id", "keyside");
        if let Some(scope) = scope {
            body.append_pair("scope", scope);
        }
        let mut body = body.finish();
        for (name, secret) in secrets {
            body.extend(["&", name, "="]);
            // Byte by byte: a password need not be text.
            body.extend(url::form_urlencoded::byte_serialize(secret.expose()));
        }
        Self {
            body: Secret::from(body),
            url: service.0.url().clone(),
        }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn body_for(&self, url: &Url) -> Option<Vec<u8>> {
        (*url == self.url).then(|| self.body.expose().to_vec())
    }
}

#[cfg(test)]
mod tests;
