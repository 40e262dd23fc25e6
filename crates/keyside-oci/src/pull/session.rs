//! The requests of one pull: to one registry, about one repository, with at most one credential.

use super::error::{Access, TokenFault};
use crate::bound::{Authorization, Form, Realm, TokenService};
use crate::call::{Answer, Call};
use crate::challenge::{Ask, Bearer};
use crate::client::{Client, Opened};
use crate::failure::SendError;
use crate::origin::{Origin, Registry};
use crate::token;
use http::Method;
use http::header::LOCATION;
use keyside_keychain::{Credential, Reference};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

/// How often a registry may point elsewhere.
const HOPS: usize = 3;

pub(super) struct Session<'a> {
    pub(super) client: &'a Client,
    pub(super) registry: Registry,
    pub(super) image: &'a Reference,
    credential: Option<&'a Credential>,
    confirmed: &'a [Origin],
    /// Held while a token is fetched, so that parallel downloads that find it expired fetch one new token and not one each.
    authorization: Mutex<Option<Authorization>>,
    step_time: Duration,
}

/// An answer of the registry, or of the storage it points to.
pub(super) struct Reached {
    pub(super) opened: Opened,
    /// What the registry said against a token that it was just given.
    pub(super) refusal: Option<String>,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        client: &'a Client,
        registry: Registry,
        image: &'a Reference,
        credential: Option<&'a Credential>,
        confirmed: &'a [Origin],
        step_time: Duration,
    ) -> Self {
        Self {
            client,
            registry,
            image,
            credential: credential.filter(|credential| token::is_usable(credential)),
            confirmed,
            authorization: Mutex::new(None),
            step_time,
        }
    }

    /// When a step that begins now must have ended.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.step_time
    }

    /// Sends a request to the registry, and once more with a secret if the registry asks for one.
    pub(super) async fn reach(&self, request: &Request<'_>, deadline: Instant) -> Result<Reached, Access> {
        let held = self.authorization.lock().await.clone();
        let first = self.open(request, held.clone(), deadline).await?;
        if first.status != 401 || first.moved {
            return Ok(first.plain());
        }
        let Some(login) = self.login(&first.opened, held.is_some())? else {
            return Ok(first.plain());
        };
        // The token service is often the same host, and the request is repeated in any case: one connection is enough.
        first.opened.drain(deadline).await;
        let fresh = self.authorize(login, held, deadline).await?;
        let second = self.open(request, Some(fresh), deadline).await?;
        let refusal = match second.status {
            401 => refusal(&second.opened),
            _ => None,
        };
        Ok(Reached {
            opened: second.opened,
            refusal,
        })
    }

    async fn open(
        &self,
        request: &Request<'_>,
        authorization: Option<Authorization>,
        deadline: Instant,
    ) -> Result<Sent, Access> {
        let with_secret = authorization.is_some();
        let mut call = request.dress(Call::api(&self.registry, request.method.clone(), request.path));
        if let Some(authorization) = authorization {
            call = call.authorized(authorization);
        }
        let mut opened = self.send(&call, deadline).await?;
        let mut moved = false;
        if with_secret && !request.is_content {
            return Ok(Sent::new(opened, moved));
        }
        let mut base = call.url().clone();
        for _ in 0..HOPS {
            let Some(target) = target(&opened, &base) else {
                break;
            };
            let call = request.dress(Call::redirected(
                &self.registry,
                request.method.clone(),
                target.clone(),
            ));
            opened = self.send(&call, deadline).await?;
            (base, moved) = (target, true);
        }
        Ok(Sent::new(opened, moved))
    }

    async fn send(&self, call: &Call, deadline: Instant) -> Result<Opened, Access> {
        self.client
            .open(call, deadline)
            .await
            .map_err(|error| request_failed(call, error))
    }

    /// What a challenge is answered with. None if there is nothing to answer it with.
    fn login(&self, refused: &Opened, again: bool) -> Result<Option<Login>, Access> {
        Ok(match Ask::read(&refused.headers)? {
            Ask::Bearer(challenge) => Some(Login::Token(challenge)),
            // A second Basic refusal is final: the password does not change.
            Ask::Basic if !again => self
                .credential
                .map(|known| Login::Ready(Authorization::basic(known, &self.registry))),
            Ask::Basic | Ask::Nothing | Ask::Unknown => None,
        })
    }

    /// Gets what answers a challenge, or what somebody else has got meanwhile.
    async fn authorize(
        &self,
        login: Login,
        used: Option<Authorization>,
        deadline: Instant,
    ) -> Result<Authorization, Access> {
        let mut held = self.authorization.lock().await;
        if let Some(other) = held.as_ref().filter(|held| Some(*held) != used.as_ref()) {
            return Ok(other.clone());
        }
        let fresh = match login {
            Login::Ready(authorization) => authorization,
            Login::Token(challenge) => self.token(&challenge, deadline).await?,
        };
        *held = Some(fresh.clone());
        Ok(fresh)
    }

    async fn token(&self, challenge: &Bearer, deadline: Instant) -> Result<Authorization, Access> {
        let scope = token::pull_scope(self.image.path());
        let Some(credential) = self.credential else {
            let realm = Realm::read(&self.registry, challenge)?;
            let call = Call::anonymous_token(&self.registry, &realm, Some(&scope));
            let fetched = self.fetch_token(&call, deadline).await;
            return fetched.map_err(|fault| Access::Token {
                anonymous: true,
                fault,
            });
        };
        let service = TokenService::admit(&self.registry, challenge, self.confirmed)?;
        let fetched = self.exchange(credential, &service, &scope, deadline).await;
        fetched.map_err(|fault| Access::Token {
            anonymous: false,
            fault,
        })
    }

    /// Gives a credential to the token service as containerd does (`core/remotes/docker/authorizer.go`): a form first, and where
    /// the service does not take it, the older way with Basic. An identity token only fits into a form.
    async fn exchange(
        &self,
        credential: &Credential,
        service: &TokenService,
        scope: &str,
        deadline: Instant,
    ) -> Result<Authorization, TokenFault> {
        if token::is_identity_token(credential) {
            let form = Form::refresh(&credential.password, service, Some(scope));
            return self
                .fetch_token(&Call::token_form(&self.registry, form), deadline)
                .await;
        }
        let form = Form::password(credential, service, Some(scope));
        match self
            .fetch_token(&Call::token_form(&self.registry, form), deadline)
            .await
        {
            Err(TokenFault::Status(400 | 401 | 404 | 405)) => {
                let login = Authorization::basic_at(credential, service);
                let call = Call::token(&self.registry, service, login, Some(scope));
                self.fetch_token(&call, deadline).await
            }
            fetched => fetched,
        }
    }

    async fn fetch_token(&self, call: &Call, deadline: Instant) -> Result<Authorization, TokenFault> {
        let answer = match self.client.send(call, deadline).await {
            Ok(answer) => answer,
            Err(error @ SendError::TooLarge { .. }) => return Err(TokenFault::TooLarge(error)),
            Err(error) => {
                return Err(TokenFault::Request {
                    method: go_method(call.method()),
                    url: call.url().to_string(),
                    error,
                });
            }
        };
        if !(200..300).contains(&answer.status) {
            return Err(TokenFault::Status(answer.status));
        }
        let token = token::read(&answer)?;
        Authorization::bearer(&token, &self.registry).map_err(|_| TokenFault::Unsendable)
    }

    /// What the registry says about a refusal, as containerd appends it; empty if it says nothing readable.
    pub(super) fn server_message(&self, answer: &Answer) -> String {
        let text = super::message::read(&answer.body, self.credential);
        text.map(|text| format!(" - Server message: {text}"))
            .unwrap_or_default()
    }
}

/// How a challenge is answered.
enum Login {
    Ready(Authorization),
    /// With a token of the service that it names.
    Token(Bearer),
}

/// A request to the registry before it is known whether it needs a secret.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) accept: Option<&'static str>,
    pub(super) from: u64,
    /// Whether a redirect may be followed without the secret that the request carried: content proves itself by its digest.
    /// Everything else with a secret ends at a redirect; without one it goes on.
    pub(super) is_content: bool,
}

impl Request<'_> {
    fn dress(&self, call: Call) -> Call {
        let call = call.starting_at(self.from);
        match self.accept {
            Some(accept) => call.accepting(accept),
            None => call,
        }
    }
}

struct Sent {
    status: u16,
    opened: Opened,
    moved: bool,
}

impl Sent {
    fn new(opened: Opened, moved: bool) -> Self {
        Self {
            status: opened.status,
            opened,
            moved,
        }
    }

    fn plain(self) -> Reached {
        Reached {
            opened: self.opened,
            refusal: None,
        }
    }
}

/// Where an answer points, if it is a redirect.
fn target(opened: &Opened, base: &Url) -> Option<Url> {
    if !matches!(opened.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = opened.headers.get(LOCATION)?.to_str().ok()?;
    base.join(location).ok()
}

/// The `error` of a Bearer challenge, if it is a word that may be shown.
fn refusal(opened: &Opened) -> Option<String> {
    let Ok(Ask::Bearer(Bearer {
        error: Some(error), ..
    })) = Ask::read(&opened.headers)
    else {
        return None;
    };
    let is_word = error.len() <= 64
        && error
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    Some(if is_word {
        error
    } else {
        "authorization error".to_owned()
    })
}

pub(super) fn request_failed(call: &Call, error: SendError) -> Access {
    // Storage addresses carry signatures in their query: whoever reads them can fetch the content.
    let mut url = call.url().clone();
    url.set_query(None);
    Access::Request {
        method: go_method(call.method()),
        url: url.to_string(),
        error,
    }
}

/// Go writes `Head` and `Get` in its messages.
fn go_method(method: &Method) -> &'static str {
    match *method {
        Method::HEAD => "Head",
        Method::POST => "Post",
        _ => "Get",
    }
}
