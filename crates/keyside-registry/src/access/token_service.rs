//! The token service: what clients call when a 401 tells them to.
//!
//! `GET` with Basic is distribution's `spec/auth/token.md`, `POST` with a form is its `spec/auth/oauth.md`. Asking for more than one
//! may have is no error: the token is for less.

use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::accounts::Account;
use super::credentials::Offered;
use super::scope::Scope;
use super::token::TokenError;
use super::{AccountError, Guard, Rights};
use crate::error::Refusal;
use crate::form::Form;

/// How long an access token lasts.
const LIFE: SignedDuration = SignedDuration::from_mins(5);

/// A request for a token, with either method.
pub(crate) struct TokenRequest {
    proof: Proof,
    service: Option<String>,
    scopes: Vec<Scope>,
    /// Whether a refresh token is wanted as well.
    offline: bool,
    /// Whether the answer has the form's fields.
    oauth: bool,
    /// For tests of clients: the token is out of date when it arrives.
    pub(crate) expired: bool,
}

enum Proof {
    Nobody,
    Password { name: String, password: String },
    Refresh(String),
}

impl TokenRequest {
    /// Reads a `GET`: the query and the `Authorization` header.
    pub(crate) fn from_query(query: &str, headers: &HeaderMap) -> Result<Self, Refusal> {
        let form = Form::parse(query);
        let proof = match Offered::read(headers) {
            Offered::Nothing => Proof::Nobody,
            Offered::Password { name, password } => Proof::Password { name, password },
            Offered::Bearer(_) | Offered::Unreadable => return Err(refused()),
        };
        Ok(Self {
            proof,
            service: form.one("service"),
            scopes: Scope::parse_all(form.all("scope")),
            offline: form.one("offline_token").as_deref() == Some("true"),
            oauth: false,
            expired: false,
        })
    }

    /// Reads a `POST`: a form.
    pub(crate) fn from_form(body: &str) -> Result<Self, Refusal> {
        let form = Form::parse(body);
        let proof = match form.one("grant_type").as_deref() {
            Some("password") => Proof::Password {
                name: form.one("username").unwrap_or_default(),
                password: form.one("password").unwrap_or_default(),
            },
            Some("refresh_token") => Proof::Refresh(form.one("refresh_token").unwrap_or_default()),
            _ => {
                return Err(Refusal::bad(
                    "UNSUPPORTED",
                    "grant_type must be password or refresh_token",
                ));
            }
        };
        Ok(Self {
            proof,
            service: form.one("service"),
            scopes: Scope::parse_all(form.all("scope")),
            offline: form.one("access_type").as_deref() == Some("offline"),
            oauth: true,
            expired: false,
        })
    }

    /// What is asked for.
    pub(crate) fn scopes(&self) -> &[Scope] {
        &self.scopes
    }
}

impl Guard {
    /// Gives out a token, or refuses.
    pub(crate) async fn token(&self, request: TokenRequest) -> Result<Value, Refusal> {
        if request
            .service
            .as_deref()
            .is_some_and(|service| service != &*self.service)
        {
            return Err(Refusal::bad(
                "UNSUPPORTED",
                "this token service serves another service",
            ));
        }
        let account = self.prove(&request.proof).await?;
        if account.is_none() && self.anonymous.is_empty() {
            return Err(refused());
        }
        let rights: &Rights = account
            .as_ref()
            .map_or(&self.anonymous, |account| &account.rights);
        let granted: Vec<Scope> = request.scopes.iter().map(|scope| scope.granted(rights)).collect();
        let now = if request.expired {
            Timestamp::now() - LIFE - LIFE
        } else {
            Timestamp::now()
        };
        let mut answer = json!({"expires_in": LIFE.as_secs(), "issued_at": now.to_string()});
        if request.oauth {
            let scopes: Vec<String> = granted.iter().map(ToString::to_string).collect();
            answer["scope"] = scopes.join(" ").into();
        }
        let token = self
            .signer
            .access(account.as_ref(), granted, now, LIFE)
            .await
            .map_err(failed)?;
        if !request.oauth {
            answer["token"] = token.clone().into();
        }
        answer["access_token"] = token.into();
        match (&account, request.proof) {
            (Some(_), Proof::Refresh(same)) => answer["refresh_token"] = same.into(),
            (Some(account), _) if request.offline => {
                answer["refresh_token"] = self.signer.refresh(account, now).await.map_err(failed)?.into();
            }
            _ => {}
        }
        Ok(answer)
    }

    async fn prove(&self, proof: &Proof) -> Result<Option<Account>, Refusal> {
        let account = match proof {
            Proof::Nobody => return Ok(None),
            Proof::Password { name, password } => self.accounts.verify(name, password).await?,
            Proof::Refresh(token) => match self.signer.read_refresh(token).await {
                Ok((name, generation)) => {
                    let account = self.accounts.find(&name).await?;
                    account.filter(|account| account.generation == generation)
                }
                Err(TokenError::Invalid | TokenError::Expired) => None,
                Err(error) => return Err(failed(error)),
            },
        };
        account.map(Some).ok_or_else(refused)
    }
}

fn refused() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "UNAUTHORIZED",
        "incorrect username or password",
    )
}

fn failed(error: TokenError) -> Refusal {
    match error {
        TokenError::Store(error) => error.into(),
        TokenError::Random(error) => AccountError::from(error).into(),
        TokenError::Invalid | TokenError::Expired => AccountError::Damaged.into(),
    }
}
