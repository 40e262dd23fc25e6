//! Who asks, and may they: authentication and RBAC authorization.
//!
//! | Module | What it does |
//! |---|---|
//! | `certificate`, `token`, `key` | users by client certificate, and by service account token |
//! | `impersonate` | acting as another user |
//! | [`rbac`] | roles, bindings, decisions |
//! | [`questions`] | token and access reviews, token requests |

mod certificate;
pub(crate) mod impersonate;
mod key;
pub(crate) mod questions;
pub(crate) mod rbac;
mod token;

use crate::store::Store;
use http::header::AUTHORIZATION;
use http::request::Parts;
use keyside_apimachinery::status::Status;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use token::Tokens;

pub(crate) use certificate::certificate_user;
pub use key::TokenKey;
pub use rbac::Authorizer;
#[cfg(test)]
pub(crate) use token::service_account_user;

/// Who issues service account tokens, and whom they are for unless said otherwise.
const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// Paths that answer without knowing who asks.
const OPEN_PATHS: [&str; 4] = ["/healthz", "/livez", "/readyz", "/version"];

/// Who a request comes from, as `user.Info` of Kubernetes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserInfo {
    /// User name, such as `system:serviceaccount:team:default`.
    pub username: String,
    /// Uid, empty if unknown.
    pub uid: String,
    /// Groups, such as `system:masters`.
    pub groups: Vec<String>,
    /// Further facts, such as the pod a token is bound to.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl UserInfo {
    /// A member of `system:masters`, who may do everything.
    #[must_use]
    pub fn admin(username: &str) -> Self {
        Self {
            username: username.to_owned(),
            groups: vec!["system:masters".to_owned(), "system:authenticated".to_owned()],
            ..Self::default()
        }
    }

    /// A service account, in the groups that Kubernetes puts it in.
    #[must_use]
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self {
            username: format!("system:serviceaccount:{namespace}:{name}"),
            groups: vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
                "system:authenticated".to_owned(),
            ],
            ..Self::default()
        }
    }

    /// The same user, in the group of all who have proved who they are.
    fn authenticated(mut self) -> Self {
        let group = "system:authenticated";
        if !self.groups.iter().any(|own| own == group) {
            self.groups.push(group.to_owned());
        }
        self
    }

    fn anonymous() -> Self {
        Self {
            username: "system:anonymous".to_owned(),
            groups: vec!["system:unauthenticated".to_owned()],
            ..Self::default()
        }
    }
}

/// The identity of an in-process caller: a request extension, which nothing that comes over a socket can carry.
#[derive(Debug, Clone)]
pub(crate) struct InProcess(pub(crate) UserInfo);

/// The certificates a TLS client has shown and proved to own, leaf first; set by the listener.
#[derive(Debug, Clone)]
pub(crate) struct PeerCertificates(pub(crate) Arc<Vec<rustls_pki_types::CertificateDer<'static>>>);

/// How clients prove who they are, besides certificates, which the listener checks.
#[derive(Clone)]
pub struct Config {
    /// Tokens given by the embedder, as digests: the tokens themselves are nowhere to be found.
    fixed: Vec<([u8; 32], UserInfo)>,
    key: Option<TokenKey>,
    issuer: String,
    audiences: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            fixed: Vec::new(),
            key: None,
            issuer: ISSUER.to_owned(),
            audiences: vec![ISSUER.to_owned()],
        }
    }
}

impl Config {
    /// Lets whoever shows this token act as `user`.
    #[must_use]
    pub fn token(mut self, token: &str, user: UserInfo) -> Self {
        self.fixed
            .push((Sha256::digest(token).into(), user.authenticated()));
        self
    }

    /// Signs service account tokens with this key, so that they outlive the process. Without one, tokens last as long
    /// as the server.
    #[must_use]
    pub fn token_key(mut self, key: TokenKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Names the issuer of service account tokens, who is also their audience unless another is asked for.
    #[must_use]
    pub fn issuer(mut self, issuer: &str) -> Self {
        issuer.clone_into(&mut self.issuer);
        self.audiences = vec![issuer.to_owned()];
        self
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users: Vec<&str> = self
            .fixed
            .iter()
            .map(|(_, user)| user.username.as_str())
            .collect();
        f.debug_struct("Config")
            .field("users", &users)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Finds out who asks.
pub struct Authenticator {
    fixed: Vec<([u8; 32], UserInfo)>,
    tokens: Option<Tokens>,
    audiences: Vec<String>,
    store: Store,
}

impl Authenticator {
    /// Reads bound tokens and service accounts from this store.
    pub(crate) fn new(config: &Config, store: Store) -> Self {
        let key = config.key.clone().or_else(TokenKey::ephemeral);
        let tokens = |key| Tokens {
            key,
            issuer: config.issuer.clone(),
            audiences: config.audiences.clone(),
        };
        let (fixed, audiences) = (config.fixed.clone(), config.audiences.clone());
        Self {
            fixed,
            tokens: key.map(tokens),
            audiences,
            store,
        }
    }

    /// Order: in-process identity, client certificate, bearer token; nobody is anonymous except on health and
    /// version paths.
    ///
    /// # Errors
    /// 401 if nothing of it says who asks, or a token is not believed.
    pub(crate) async fn authenticate(&self, parts: &Parts) -> Result<UserInfo, Status> {
        if let Some(InProcess(user)) = parts.extensions.get::<InProcess>() {
            return Ok(user.clone());
        }
        let peer = parts
            .extensions
            .get::<PeerCertificates>()
            .and_then(|peer| peer.0.first());
        if let Some(user) = peer.and_then(certificate_user) {
            return Ok(user);
        }
        if let Some(token) = bearer(parts) {
            return self
                .user_of_token(token, &[])
                .map(|(user, _)| user)
                .ok_or_else(Status::unauthorized);
        }
        let path = parts.uri.path();
        let open = |open: &&str| {
            path.strip_prefix(*open)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if OPEN_PATHS.iter().any(open) {
            Ok(UserInfo::anonymous())
        } else {
            Err(Status::unauthorized())
        }
    }

    /// The user of a token and those of the wanted audiences (ours, if none is named) it is meant for.
    fn user_of_token(&self, token: &str, audiences: &[String]) -> Option<(UserInfo, Vec<String>)> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        // All are compared, so that the time taken says nothing about which one came close.
        let mut known = self
            .fixed
            .iter()
            .filter(|(own, _)| bool::from(own.ct_eq(&digest)));
        if let Some((_, user)) = known.next_back() {
            // A fixed token is for this server, whatever it is called.
            let ours = &self.audiences;
            let wanted = if audiences.is_empty() {
                ours.as_slice()
            } else {
                audiences
            };
            let meant: Vec<String> = wanted
                .iter()
                .filter(|audience| ours.contains(audience))
                .cloned()
                .collect();
            return (!meant.is_empty()).then(|| (user.clone(), meant));
        }
        self.tokens.as_ref()?.user(&self.store, token, audiences)
    }
}

/// The token of an `Authorization: Bearer` header.
fn bearer(parts: &Parts) -> Option<&str> {
    let header = parts.headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let (scheme, token) = header.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

/// What is asked for, as `authorizer.Attributes` of Kubernetes.
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    /// Who.
    pub user: UserInfo,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, or the lower-case HTTP
    /// method of a path that is no resource.
    pub verb: String,
    /// API group; empty for core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Plural.
    pub resource: String,
    /// Empty, or `status` and the like.
    pub subresource: String,
    /// Empty for cluster-wide requests.
    pub namespace: String,
    /// Empty for collections.
    pub name: String,
    /// The path, where it is no resource; else empty.
    pub path: String,
}

impl Attributes {
    /// Whether a resource is asked for.
    #[must_use]
    pub fn is_resource(&self) -> bool {
        self.path.is_empty()
    }
}

/// Yes or no, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether to go on.
    pub allowed: bool,
    /// For `SubjectAccessReview` and the 403 message.
    pub reason: String,
}

#[cfg(test)]
mod tests;
