//! One request about a resource, as far as it is understood before its body is read.

use crate::accept::Accept;
use crate::admission::{AdmissionRequest, Operation};
use crate::auth::UserInfo;
use crate::catalog::Served;
use crate::clock;
use crate::query::Query;
use crate::server::Core;
use crate::store::Key;
use crate::verbs::options::WriteOptions;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, USER_AGENT};
use keyside_apimachinery::resource::WriteContext;
use keyside_apimachinery::status::Status;
use std::sync::{Arc, Mutex, PoisonError};

/// A request: who asks for what, and in which form the answer is wanted.
pub(crate) struct Call {
    pub(crate) core: Arc<Core>,
    pub(crate) user: UserInfo,
    pub(crate) served: Arc<Served>,
    /// Empty outside namespaces.
    pub(crate) namespace: String,
    /// Empty for collections.
    pub(crate) name: String,
    /// Empty for the object itself.
    pub(crate) subresource: String,
    pub(crate) query: Query,
    pub(crate) accept: Accept,
    pub(crate) headers: HeaderMap,
    /// When the request came.
    pub(crate) now: String,
    pub(crate) warnings: Warnings,
}

impl Call {
    /// The object's place.
    pub(crate) fn key(&self) -> Key {
        self.key_of(&self.name)
    }

    /// The place of another object of the same resource and namespace.
    pub(crate) fn key_of(&self, name: &str) -> Key {
        Key::within(&self.served.collection, &self.namespace, name)
    }

    pub(crate) fn group(&self) -> &str {
        &self.served.resource.gvk.group
    }

    pub(crate) fn plural(&self) -> &str {
        &self.served.resource.plural
    }

    pub(crate) fn kind(&self) -> &str {
        &self.served.resource.gvk.kind
    }

    /// Media type of the body, without parameters, lower case; empty if none is given.
    pub(crate) fn content_type(&self) -> String {
        let text = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        text.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    }

    /// The first word of the user agent, which names the field manager of those who do not.
    pub(crate) fn agent(&self) -> String {
        let text = self
            .headers
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let first = text.split('/').next().unwrap_or_default();
        first.chars().filter(|c| !c.is_control()).take(128).collect()
    }

    pub(crate) fn not_found(&self) -> Status {
        Status::not_found(self.group(), self.plural(), &self.name)
    }

    /// What the kind's own functions are told about a write.
    pub(crate) fn context(&self) -> WriteContext {
        WriteContext {
            subresource: self.subresource.clone(),
            now: self.now.clone(),
            username: self.user.username.clone(),
        }
    }

    /// What admission is told about a write.
    pub(crate) fn admission(
        &self,
        operation: Operation,
        name: &str,
        options: &WriteOptions,
    ) -> AdmissionRequest {
        AdmissionRequest {
            user: self.user.clone(),
            operation,
            resource: Arc::clone(&self.served.resource),
            subresource: self.subresource.clone(),
            namespace: self.namespace.clone(),
            name: name.to_owned(),
            options: options.to_json(operation),
            dry_run: options.dry_run,
        }
    }

    /// The same caller asking about something else: the steps a request consists of.
    pub(crate) fn about(&self, served: Arc<Served>, namespace: &str, name: &str, subresource: &str) -> Self {
        Self {
            core: Arc::clone(&self.core),
            user: self.user.clone(),
            served,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
            query: self.query.clone(),
            accept: self.accept,
            headers: self.headers.clone(),
            now: clock::now(),
            warnings: self.warnings.clone(),
        }
    }
}

/// Sentences for the `Warning:` headers, gathered on the way, each once.
#[derive(Clone, Default)]
pub(crate) struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    pub(crate) fn add(&self, sentences: impl IntoIterator<Item = String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for sentence in sentences {
            if !known.contains(&sentence) {
                known.push(sentence);
            }
        }
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
