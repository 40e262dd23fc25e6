//! The order of the questions and the meaning of the answers.

use super::answer::{common, is_grant_refused, is_json, is_page, says_address, says_expired};
use super::{Name, Question, Reason, Response, Verdict};
use crate::bound::{Authorization, Form, RealmError, TokenService};
use crate::call::{Answer, Call};
use crate::cause::Cause;
use crate::challenge::{Ask, Bearer};
use crate::manifest::ACCEPT;
use crate::token;
use http::Method;

/// What happens next.
#[derive(Debug)]
pub enum Step {
    /// This is to be asked; the answer belongs to the state.
    Ask(State, Box<Call>),
    /// The verdict.
    Done(Verdict),
}

/// Where a verification stands.
#[derive(Clone, Debug)]
pub struct State(Stage);

#[derive(Clone, Debug)]
enum Stage {
    /// `/v2/` without a secret.
    Ping,
    /// The token service, without a scope: is the password right?
    TokenLogin { service: TokenService, grant: Grant },
    /// The token service, with the scope of the pull.
    TokenScope { login: Login },
    /// `/v2/` with user name and password.
    BasicLogin(Authorization),
    /// The manifest or the list of tags.
    Pull {
        method: Method,
        authorization: Option<Authorization>,
    },
}

/// How user name and password are given to a token service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grant {
    /// `GET` with Basic, which nearly every service takes, and takes alike with and without a scope.
    Basic,
    /// `POST` with a form, for services that know nothing else.
    Form,
}

/// What the question without a scope has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Login {
    /// Nothing that matters for the question with a scope.
    Open,
    /// It was answered with 403.
    Forbidden,
    /// The service knows neither way to ask.
    Unknown,
}

/// The parts of a verification, as the steps name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Ping,
    Login,
    Pull,
}

impl Part {
    pub(super) fn name(self) -> Name {
        match self {
            Self::Ping => Name::Registry,
            Self::Login => Name::Login,
            Self::Pull => Name::Pull,
        }
    }
}

impl State {
    pub(super) fn part(&self) -> Part {
        match self.0 {
            Stage::Ping => Part::Ping,
            Stage::TokenLogin { .. } | Stage::BasicLogin(_) => Part::Login,
            Stage::TokenScope { .. } | Stage::Pull { .. } => Part::Pull,
        }
    }
}

/// The first question.
pub fn begin(question: &Question) -> Step {
    ask(Stage::Ping, Call::api(&question.registry, Method::GET, "").cut())
}

fn ask(stage: Stage, call: Call) -> Step {
    Step::Ask(State(stage), Box::new(call))
}

/// What an answer means, and what to ask after it.
pub fn next(question: &Question, state: &State, response: &Response) -> Step {
    let step = match &state.0 {
        Stage::Ping => after_ping(question, response),
        Stage::TokenLogin { service, grant } => after_token_login(question, service, *grant, response),
        Stage::TokenScope { login } => after_token_scope(question, *login, response),
        Stage::BasicLogin(authorization) => after_basic_login(question, authorization, response),
        Stage::Pull {
            method,
            authorization,
        } => after_pull(question, method, authorization.as_ref(), response),
    };
    step.unwrap_or_else(Step::Done)
}

fn after_ping(question: &Question, response: &Response) -> Result<Step, Verdict> {
    let answer = common(response, "", "/v2/")?;
    match answer.status {
        404 => return Err(Verdict::failed(Cause::NotARegistry, "no /v2/")),
        403 if says_address(answer) => return Err(Verdict::failed(Cause::AddressBlocked, "address-blocked")),
        403 => return Err(Verdict::failed(Cause::ProxyError, "forbidden")),
        200..300 if is_page(answer) => return Err(Verdict::failed(Cause::NotARegistry, "web page")),
        _ => {}
    }
    let unreadable = || Verdict::failed(Cause::RegistryError, "challenge");
    match (
        Ask::read(&answer.headers).map_err(|_| unreadable())?,
        &question.credential,
    ) {
        (Ask::Unknown, _) => Err(unreadable()),
        (Ask::Bearer(challenge), _) => ask_token(question, &challenge),
        // Without a challenge Basic is tried on purpose: a registry that is open to everybody never asks, and a wrong password would
        // go unnoticed.
        (Ask::Basic | Ask::Nothing, Some(credential)) => {
            let authorization = Authorization::basic(credential, &question.registry);
            let call = Call::api(&question.registry, Method::GET, "")
                .cut()
                .authorized(authorization.clone());
            Ok(ask(Stage::BasicLogin(authorization), call))
        }
        (Ask::Basic | Ask::Nothing, None) => ask_pull(question, None, "anonymous"),
    }
}

fn ask_token(question: &Question, challenge: &Bearer) -> Result<Step, Verdict> {
    // An anonymous verification keeps to the same services: it is made where somebody waits for a verdict on a configuration.
    let admitted = TokenService::admit(&question.registry, challenge, &question.token_services);
    let service = admitted.map_err(|error| match error {
        RealmError::Unusable => Verdict::failed(Cause::RegistryError, "challenge"),
        RealmError::Unconfirmed { service, .. } => Verdict {
            unconfirmed: Some(service),
            ..Verdict::failed(Cause::TokenServiceUnconfirmed, "token service")
        },
    })?;
    if question.credential.is_none() {
        return ask_scope(question, &service, Grant::Basic, Login::Open);
    }
    Ok(ask_login(question, service, Grant::Basic))
}

fn ask_login(question: &Question, service: TokenService, grant: Grant) -> Step {
    let call = token_call(question, &service, grant, None);
    ask(Stage::TokenLogin { service, grant }, call)
}

fn after_token_login(
    question: &Question,
    service: &TokenService,
    grant: Grant,
    response: &Response,
) -> Result<Step, Verdict> {
    let answer = common(response, "token:", "token")?;
    match (answer.status, grant) {
        (401, _) => return Err(Verdict::failed(Cause::BadCredentials, "token service")),
        (400, Grant::Form) if is_grant_refused(answer) => {
            return Err(Verdict::failed(Cause::BadCredentials, "token service"));
        }
        (200..300, _) if !is_json(answer) => {
            return Err(Verdict::failed(Cause::NotARegistry, "token service"));
        }
        // A question without a scope is refused with 400 by some; that the way itself is unknown is said by these two.
        (404 | 405, Grant::Basic) if !is_identity(question) => {
            return Ok(ask_login(question, service.clone(), Grant::Form));
        }
        _ => {}
    }
    // A service that takes neither way without a scope may still take the usual one with it.
    let (grant, login) = match (answer.status, grant) {
        (404 | 405, Grant::Form) => (Grant::Basic, Login::Unknown),
        (403, grant) => (grant, Login::Forbidden),
        (_, grant) => (grant, Login::Open),
    };
    if question.image.is_some() {
        return ask_scope(question, service, grant, login);
    }
    Err(match answer.status {
        200..300 => Verdict::new(Reason::LoggedIn, "login only"),
        403 => refused_twice(answer),
        _ => Verdict::new(Reason::Unverified, "token service"),
    })
}

fn ask_scope(
    question: &Question,
    service: &TokenService,
    grant: Grant,
    login: Login,
) -> Result<Step, Verdict> {
    let Some(image) = &question.image else {
        return Err(Verdict::new(Reason::Unverified, "anonymous"));
    };
    let call = token_call(question, service, grant, Some(&token::pull_scope(image.path())));
    Ok(ask(Stage::TokenScope { login }, call))
}

fn token_call(question: &Question, service: &TokenService, grant: Grant, scope: Option<&str>) -> Call {
    let registry = &question.registry;
    match (&question.credential, grant) {
        (None, _) => Call::anonymous_token(registry, service.realm(), scope),
        (Some(credential), _) if token::is_identity_token(credential) => {
            Call::token_form(registry, Form::refresh(&credential.password, service, scope))
        }
        (Some(credential), Grant::Form) => {
            Call::token_form(registry, Form::password(credential, service, scope))
        }
        (Some(credential), Grant::Basic) => {
            let login = Authorization::basic_at(credential, service);
            Call::token(registry, service, login, scope)
        }
    }
}

fn is_identity(question: &Question) -> bool {
    question.credential.as_ref().is_some_and(token::is_identity_token)
}

fn after_token_scope(question: &Question, login: Login, response: &Response) -> Result<Step, Verdict> {
    let answer = common(response, "token:", "token")?;
    let anonymous = question.credential.is_none();
    match answer.status {
        401 | 403 if anonymous => Err(Verdict::failed(Cause::NoCredentials, "anonymous")),
        401 => Err(Verdict::failed(Cause::BadCredentials, "token service")),
        403 | 405 if login == Login::Forbidden => Err(refused_twice(answer)),
        405 if login == Login::Unknown => Err(Verdict::failed(Cause::RegistryError, "token service")),
        403 if says_expired(answer) => Err(Verdict::failed(Cause::Expired, "token service")),
        403 | 405 => Err(Verdict::failed(Cause::NoPullScope, "token service")),
        200..300 => {
            let not_a_token = |_| Verdict::failed(Cause::NotARegistry, "token service");
            let token = token::read(answer).map_err(not_a_token)?;
            let unsendable = |_| Verdict::failed(Cause::NotARegistry, "token service");
            let authorization = Authorization::bearer(&token, &question.registry).map_err(unsendable)?;
            ask_pull(question, Some(authorization), "login only")
        }
        _ => Err(Verdict::failed(Cause::RegistryError, "token service")),
    }
}

/// Refused whatever was asked: the usual answer to a wrong password, but also to one without a single right.
fn refused_twice(answer: &Answer) -> Verdict {
    if says_expired(answer) {
        return Verdict::failed(Cause::Expired, "token service");
    }
    let detail = "token service; the token may also lack every pull permission";
    Verdict::failed(Cause::BadCredentials, detail)
}

fn after_basic_login(
    question: &Question,
    authorization: &Authorization,
    response: &Response,
) -> Result<Step, Verdict> {
    let answer = common(response, "", "/v2/")?;
    match answer.status {
        401 => Err(Verdict::failed(Cause::BadCredentials, "registry")),
        403 if says_expired(answer) => Err(Verdict::failed(Cause::Expired, "registry")),
        403 if says_address(answer) => Err(Verdict::failed(Cause::AddressBlocked, "address-blocked")),
        403 if question.image.is_none() => Err(Verdict::failed(Cause::NoPullScope, "registry")),
        200..300 if is_page(answer) => Err(Verdict::failed(Cause::NotARegistry, "web page")),
        200..300 if question.image.is_none() => Err(Verdict::new(Reason::LoggedIn, "login only")),
        _ => ask_pull(question, Some(authorization.clone()), "registry"),
    }
}

/// Asks for the manifest, or for the tags if none is named. Without a repository there is nothing to ask.
fn ask_pull(
    question: &Question,
    authorization: Option<Authorization>,
    otherwise: &str,
) -> Result<Step, Verdict> {
    let Some(image) = &question.image else {
        return Err(Verdict::new(Reason::Unverified, otherwise));
    };
    let method = if image.tag().is_some() || image.digest().is_some() {
        Method::HEAD
    } else {
        Method::GET
    };
    Ok(pull_step(question, method, authorization))
}

fn pull_step(question: &Question, method: Method, authorization: Option<Authorization>) -> Step {
    let image = question.image.as_ref().expect("only asked with an image");
    let path = match image.digest().or(image.tag()) {
        Some(target) => format!("{}/manifests/{target}", image.path()),
        None => format!("{}/tags/list", image.path()),
    };
    // A page of tags, or a manifest whose content does not matter here: its beginning is enough.
    let mut call = Call::api(&question.registry, method.clone(), &path)
        .accepting(ACCEPT)
        .cut();
    if let Some(authorization) = &authorization {
        call = call.authorized(authorization.clone());
    }
    ask(
        Stage::Pull {
            method,
            authorization,
        },
        call,
    )
}

fn after_pull(
    question: &Question,
    method: &Method,
    authorization: Option<&Authorization>,
    response: &Response,
) -> Result<Step, Verdict> {
    let answer = common(response, "manifest:", "manifest")?;
    match answer.status {
        200..300 => Err(Verdict::new(Reason::PullAllowed, "pull")),
        412 => Err(Verdict::new(Reason::PullAllowed, "policy blocks this image")),
        404 => Err(Verdict::failed(Cause::NotFound, "manifest")),
        // The reason stands in the body, and a HEAD has none.
        403 | 405 if *method == Method::HEAD => Ok(pull_step(question, Method::GET, authorization.cloned())),
        401 if is_token_rejected(answer) => Err(Verdict::failed(Cause::RegistryError, "token rejected")),
        401 | 403 if question.credential.is_none() => Err(Verdict::failed(Cause::NoCredentials, "anonymous")),
        401 | 403 if says_expired(answer) => Err(Verdict::failed(Cause::Expired, "registry")),
        403 if says_address(answer) => Err(Verdict::failed(Cause::AddressBlocked, "address-blocked")),
        401 | 403 => Err(Verdict::failed(Cause::NoPullScope, "registry")),
        _ => Err(Verdict::failed(Cause::RegistryError, "manifest")),
    }
}

/// Whether a token that was issued a moment ago is refused as such: a matter between the registry and its token service.
fn is_token_rejected(answer: &Answer) -> bool {
    let asked = Ask::read(&answer.headers);
    matches!(asked, Ok(Ask::Bearer(Bearer { error: Some(error), .. })) if error == "invalid_token")
}
