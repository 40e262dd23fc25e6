//! Who may do what.
//!
//! Three ways, chosen when the registry is built: everybody may do everything; user and password with every request; or user and
//! password to a token service, which is part of this registry, and a short-lived token with every request.
//!
//! Accounts and the key that signs tokens are objects of the store, so every process over it knows the same accounts, and a changed
//! password counts everywhere with the next request.

mod accounts;
mod credentials;
mod password;
mod rights;
mod scope;
mod token;
mod token_service;

use std::sync::Arc;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, StatusCode};

use crate::error::Refusal;
use crate::name::Repository;
use crate::store::Store;

pub use accounts::{AccountError, Accounts};
pub(crate) use credentials::Offered;
pub use rights::{Action, Rights};
pub(crate) use scope::Scope;
pub(crate) use token::{Signer, TokenError};
pub(crate) use token_service::TokenRequest;

/// Where tokens are given out.
pub(crate) const TOKEN_PATH: &str = "/token";

/// How clients prove who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Authentication {
    /// They do not: everybody may pull, push and delete.
    #[default]
    None,
    /// User and password with every request (RFC 7617).
    Basic,
    /// A token with every request, from this registry's own token service.
    Bearer,
}

/// What a client has proved to be, and may therefore do.
#[derive(Debug)]
pub(crate) enum Caller {
    /// Nobody asked.
    Anybody,
    /// Known by user and password, or nobody in particular.
    Account { rights: Rights, named: bool },
    /// Known by a token, which says what it is for.
    Bearer {
        granted: Vec<Scope>,
        account: Rights,
        /// Whether there was a token at all.
        presented: bool,
    },
}

impl Caller {
    pub(crate) fn may(&self, repository: &Repository, action: Action) -> bool {
        match self {
            Self::Anybody => true,
            Self::Account { rights, .. } => rights.allow(repository, action),
            Self::Bearer { granted, .. } => granted.iter().any(|scope| scope.covers(repository, action)),
        }
    }

    /// Like [`Caller::may`], but for repositories that no token could have been asked for because the client does not know them.
    pub(crate) fn could(&self, repository: &Repository, action: Action) -> bool {
        match self {
            Self::Anybody => true,
            Self::Account { rights, .. } | Self::Bearer { account: rights, .. } => {
                rights.allow(repository, action)
            }
        }
    }

    /// Whether the client has shown something, so that "is this a registry, and do you know me" can be answered.
    pub(crate) fn is_known(&self) -> bool {
        match self {
            Self::Anybody => true,
            Self::Account { named, .. } => *named,
            Self::Bearer { presented, .. } => *presented,
        }
    }

    /// Whether another token might help: this one was not asked about the repository at all.
    fn may_ask_again(&self, repository: &Repository) -> bool {
        match self {
            Self::Anybody => false,
            Self::Account { named, .. } => !named,
            Self::Bearer { granted, .. } => !granted.iter().any(|scope| scope.is_about(repository)),
        }
    }
}

/// Decides about requests.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) mode: Authentication,
    pub(crate) service: Arc<str>,
    pub(crate) accounts: Accounts,
    pub(crate) anonymous: Rights,
    pub(crate) signer: Signer,
}

impl Guard {
    pub(crate) fn new(
        mode: Authentication,
        service: &str,
        store: &Store,
        accounts: Accounts,
        anonymous: Rights,
    ) -> Self {
        Self {
            mode,
            service: service.into(),
            accounts,
            anonymous,
            signer: Signer::new(store.clone(), service),
        }
    }

    /// Finds out who is calling. Proofs that are wrong are refused even where none is needed.
    pub(crate) async fn identify(&self, headers: &HeaderMap, site: &Site) -> Result<Caller, Refusal> {
        match self.mode {
            Authentication::None => Ok(Caller::Anybody),
            Authentication::Basic => self.identify_basic(headers, site).await,
            Authentication::Bearer => self.identify_bearer(headers, site).await,
        }
    }

    async fn identify_basic(&self, headers: &HeaderMap, site: &Site) -> Result<Caller, Refusal> {
        let (rights, named) = match Offered::read(headers) {
            Offered::Nothing => (self.anonymous.clone(), false),
            Offered::Password { name, password } => match self.accounts.verify(&name, &password).await? {
                Some(account) => (account.rights, true),
                None => return Err(self.challenge(site, &[], None)),
            },
            Offered::Bearer(_) | Offered::Unreadable => return Err(self.challenge(site, &[], None)),
        };
        Ok(Caller::Account { rights, named })
    }

    async fn identify_bearer(&self, headers: &HeaderMap, site: &Site) -> Result<Caller, Refusal> {
        let token = match Offered::read(headers) {
            Offered::Nothing => {
                return Ok(Caller::Bearer {
                    granted: Vec::new(),
                    account: self.anonymous.clone(),
                    presented: false,
                });
            }
            Offered::Bearer(token) => token,
            Offered::Password { .. } | Offered::Unreadable => return Err(self.challenge(site, &[], None)),
        };
        let invalid = || self.challenge(site, &[], Some("invalid_token"));
        let access = match self.signer.read_access(&token).await {
            Ok(access) => access,
            Err(TokenError::Store(error)) => return Err(error.into()),
            Err(TokenError::Random(error)) => return Err(AccountError::from(error).into()),
            Err(TokenError::Invalid | TokenError::Expired) => return Err(invalid()),
        };
        let account = match &access.subject {
            None => self.anonymous.clone(),
            Some(name) => match self.accounts.find(name).await? {
                // A token of an account that has changed since: its password or its rights may be others by now.
                Some(account) if Some(&account.generation) == access.generation.as_ref() => account.rights,
                _ => return Err(invalid()),
            },
        };
        Ok(Caller::Bearer {
            granted: access.granted,
            account,
            presented: true,
        })
    }

    /// Whether the caller may do all of this; otherwise the answer that tells it what to do about it.
    pub(crate) fn require(
        &self,
        caller: &Caller,
        site: &Site,
        needs: &[(&Repository, Action)],
    ) -> Result<(), Refusal> {
        if needs
            .iter()
            .all(|(repository, action)| caller.may(repository, *action))
        {
            return Ok(());
        }
        let scopes: Vec<Scope> = needs
            .iter()
            .map(|(repository, action)| Scope::needed(repository, *action))
            .collect();
        match caller {
            Caller::Account { named: true, .. } => Err(Refusal::denied()),
            Caller::Bearer { presented: true, .. } => {
                Err(self.challenge(site, &scopes, Some("insufficient_scope")))
            }
            _ => Err(self.challenge(site, &scopes, None)),
        }
    }

    /// For a blob from another repository: `Ok(false)` if it cannot be had, so that the client uploads it, and a refusal if another
    /// token might get it.
    pub(crate) fn may_mount(
        &self,
        caller: &Caller,
        site: &Site,
        from: &Repository,
        to: &Repository,
    ) -> Result<bool, Refusal> {
        if caller.may(from, Action::Pull) {
            return Ok(true);
        }
        if self.mode == Authentication::Bearer && caller.may_ask_again(from) {
            self.require(caller, site, &[(to, Action::Push), (from, Action::Pull)])?;
        }
        Ok(false)
    }

    /// A 401 that says how to do better.
    pub(crate) fn challenge(&self, site: &Site, scopes: &[Scope], error: Option<&str>) -> Refusal {
        let service = &self.service;
        let challenge = match self.mode {
            Authentication::None | Authentication::Basic => format!("Basic realm=\"{service}\""),
            Authentication::Bearer => {
                let mut text = format!(
                    "Bearer realm=\"{}{TOKEN_PATH}\",service=\"{service}\"",
                    site.origin()
                );
                if !scopes.is_empty() {
                    let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
                    text.push_str(&format!(",scope=\"{}\"", scopes.join(" ")));
                }
                if let Some(error) = error {
                    text.push_str(&format!(",error=\"{error}\""));
                }
                text
            }
        };
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            "authentication required",
        )
        .with(WWW_AUTHENTICATE, challenge)
    }
}

/// Under which name a client reached the registry: what the realm and absolute addresses are made of.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) scheme: &'static str,
    pub(crate) host: String,
}

impl Site {
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }
}
