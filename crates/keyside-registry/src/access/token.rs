//! Tokens: JSON web tokens (RFC 7519), signed with HMAC-SHA-256 and a key that lives in the store.
//!
//! Two kinds. An access token lasts minutes and says what it is for. A refresh token (the docker CLI calls it identity token) lasts
//! months, stands for the password at the token service, and opens nothing by itself. Both name the generation of their account,
//! so a changed password ends both.

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::accounts::Account;
use super::scope::Scope;
use crate::random::{self, RandomError};
use crate::store::{Store, StoreError};

const KEY: &str = "keys/token";
/// `{"alg":"HS256","typ":"JWT"}`. Compared as a whole: a token cannot choose how it is checked.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/// Processes over one store may disagree about the time by so much.
const SKEW: SignedDuration = SignedDuration::from_secs(10);
const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Why a token does not count.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("the token is not one of this registry")]
    Invalid,
    #[error("the token has expired")]
    Expired,
    #[error("cannot reach the signing key")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Random(#[from] RandomError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Access,
    Refresh,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Option<String>,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    kind: Kind,
    generation: Option<String>,
    access: Vec<Scope>,
}

/// What an access token says.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) subject: Option<String>,
    pub(crate) generation: Option<String>,
    pub(crate) granted: Vec<Scope>,
}

/// Makes and reads tokens.
#[derive(Clone)]
pub(crate) struct Signer {
    store: Store,
    service: Arc<str>,
    key: Arc<OnceCell<hmac::Key>>,
}

impl Signer {
    pub(crate) fn new(store: Store, service: &str) -> Self {
        Self {
            store,
            service: service.into(),
            key: Arc::default(),
        }
    }

    /// An access token for an account, or for nobody in particular.
    pub(crate) async fn access(
        &self,
        account: Option<&Account>,
        granted: Vec<Scope>,
        now: Timestamp,
        life: SignedDuration,
    ) -> Result<String, TokenError> {
        self.sign(&self.claims(Kind::Access, account, granted, now, life)?)
            .await
    }

    /// A refresh token for an account.
    pub(crate) async fn refresh(&self, account: &Account, now: Timestamp) -> Result<String, TokenError> {
        let claims = self.claims(Kind::Refresh, Some(account), Vec::new(), now, REFRESH_LIFE)?;
        self.sign(&claims).await
    }

    /// Reads an access token.
    pub(crate) async fn read_access(&self, token: &str) -> Result<Access, TokenError> {
        let claims = self.read(token, Kind::Access).await?;
        Ok(Access {
            subject: claims.sub,
            generation: claims.generation,
            granted: claims.access,
        })
    }

    /// The name and generation of the account that a refresh token stands for.
    pub(crate) async fn read_refresh(&self, token: &str) -> Result<(String, String), TokenError> {
        let claims = self.read(token, Kind::Refresh).await?;
        claims.sub.zip(claims.generation).ok_or(TokenError::Invalid)
    }

    fn claims(
        &self,
        kind: Kind,
        account: Option<&Account>,
        access: Vec<Scope>,
        now: Timestamp,
        life: SignedDuration,
    ) -> Result<Claims, RandomError> {
        Ok(Claims {
            iss: self.service.to_string(),
            aud: self.service.to_string(),
            sub: account.map(|account| account.name().to_owned()),
            iat: now.as_second(),
            nbf: now.as_second(),
            exp: now.as_second().saturating_add(life.as_secs()),
            jti: random::hex_id()?,
            kind,
            generation: account.map(|account| account.generation.clone()),
            access,
        })
    }

    async fn sign(&self, claims: &Claims) -> Result<String, TokenError> {
        let claims = serde_json::to_vec(claims)
            .expect("plain structures of strings and numbers can always be written");
        let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims));
        let tag = hmac::sign(self.key().await?, signed.as_bytes());
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag)))
    }

    async fn read(&self, token: &str, kind: Kind) -> Result<Claims, TokenError> {
        let (signed, tag) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| TokenError::Invalid)?;
        hmac::verify(self.key().await?, signed.as_bytes(), &tag).map_err(|_| TokenError::Invalid)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Invalid)?;
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| TokenError::Invalid)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| TokenError::Invalid)?;
        let now = Timestamp::now().as_second();
        let ours = header == HEADER
            && claims.kind == kind
            && claims.aud == *self.service
            && claims.iss == *self.service;
        if !ours || claims.nbf > now + SKEW.as_secs() {
            return Err(TokenError::Invalid);
        }
        if claims.exp <= now {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }

    /// The first process over a store makes the key, all others find it.
    async fn key(&self) -> Result<&hmac::Key, TokenError> {
        let make = || async {
            let fresh = Bytes::copy_from_slice(&random::bytes::<32>()?);
            self.store.create(KEY, fresh).await?;
            let bytes = self.store.read(KEY).await?.ok_or(TokenError::Invalid)?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
        };
        self.key.get_or_try_init(make).await
    }
}
