//! A request that is ready to be sent, and what comes back.

use crate::bound::{Authorization, Form, Realm, TokenService};
use crate::origin::Registry;
use http::{HeaderMap, Method};
use url::Url;

/// A request on behalf of one registry. The secret in it was made for one origin, and the client checks that it goes there.
#[derive(Debug)]
pub struct Call {
    registry: Registry,
    method: Method,
    url: Url,
    accept: Option<&'static str>,
    from: Option<u64>,
    cut: bool,
    elsewhere: bool,
    secrets: Secrets,
}

#[derive(Debug)]
pub(crate) enum Secrets {
    None,
    Header(Authorization),
    Form(Form),
}

impl Call {
    /// A request to the registry's API; the path stands below `/v2/`.
    pub(crate) fn api(registry: &Registry, method: Method, path: &str) -> Self {
        Self::new(registry, method, registry.url(path))
    }

    /// A request to where the registry redirects. It never carries a secret.
    pub(crate) fn redirected(registry: &Registry, method: Method, url: Url) -> Self {
        let mut call = Self::new(registry, method, url);
        call.elsewhere = true;
        call
    }

    /// Asks a token service without a secret.
    pub(crate) fn anonymous_token(registry: &Registry, realm: &Realm, scope: Option<&str>) -> Self {
        Self::new(registry, Method::GET, realm.token_url(scope))
    }

    /// Asks a token service with user name and password.
    pub(crate) fn token(
        registry: &Registry,
        service: &TokenService,
        login: Authorization,
        scope: Option<&str>,
    ) -> Self {
        Self::new(registry, Method::GET, service.realm().token_url(scope)).authorized(login)
    }

    /// Asks a token service with a form that holds the secret.
    pub(crate) fn token_form(registry: &Registry, form: Form) -> Self {
        let mut call = Self::new(registry, Method::POST, form.url().clone());
        call.secrets = Secrets::Form(form);
        call
    }

    fn new(registry: &Registry, method: Method, url: Url) -> Self {
        Self {
            registry: registry.clone(),
            method,
            url,
            accept: None,
            from: None,
            cut: false,
            elsewhere: false,
            secrets: Secrets::None,
        }
    }

    /// Adds an `Authorization` header.
    pub(crate) fn authorized(mut self, authorization: Authorization) -> Self {
        self.secrets = Secrets::Header(authorization);
        self
    }

    /// Adds what kinds of answer are understood.
    pub(crate) fn accepting(mut self, accept: &'static str) -> Self {
        self.accept = Some(accept);
        self
    }

    /// Asks for the content from this byte on.
    pub(crate) fn starting_at(mut self, from: u64) -> Self {
        self.from = (from > 0).then_some(from);
        self
    }

    /// Only wants the beginning of the body.
    pub(crate) fn cut(mut self) -> Self {
        self.cut = true;
        self
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What kinds of answer are understood.
    pub fn accept(&self) -> Option<&'static str> {
        self.accept
    }

    /// The scheme of the secret inside, if any: `basic`, `bearer` or `form`.
    pub fn secret_kind(&self) -> Option<&'static str> {
        match &self.secrets {
            Secrets::None => None,
            Secrets::Header(authorization) => Some(authorization.scheme()),
            Secrets::Form(_) => Some("form"),
        }
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn from(&self) -> Option<u64> {
        self.from
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    pub(crate) fn is_elsewhere(&self) -> bool {
        self.elsewhere
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

/// A complete answer within the limits.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body; of an answer other than a success perhaps only its beginning.
    pub body: Vec<u8>,
}

impl Answer {
    /// The text of a header, if it is there and is text.
    pub fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
