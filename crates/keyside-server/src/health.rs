//! Whether this replica should be asked: its first pass is done, its watches hear something, it has a certificate if it
//! needs one, and it has not been told to stop.

use crate::context::Context;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is known of this replica's state.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    first_pass: bool,
    draining: bool,
    /// `None` if no certificate is needed.
    certificate: Option<Option<Timestamp>>,
    registrations: BTreeMap<&'static str, bool>,
}

impl Health {
    /// Everything that was due at the start is done.
    pub(crate) fn passed(&self) {
        self.lock().first_pass = true;
    }

    /// No new reviews, please.
    pub(crate) fn drain(&self) {
        self.lock().draining = true;
    }

    /// The webhook is served by this replica, with a certificate that ends then.
    pub(crate) fn certificate(&self, until: Option<Timestamp>) {
        self.lock().certificate = Some(until);
    }

    pub(crate) fn certificate_until(&self) -> Option<Timestamp> {
        self.lock().certificate.flatten()
    }

    /// Whether a registration differs from what it shall be, for good.
    pub(crate) fn registration(&self, kind: &'static str, differs: bool) {
        self.lock().registrations.insert(kind, differs);
    }

    pub(crate) fn registrations(&self) -> BTreeMap<&'static str, bool> {
        self.lock().registrations.clone()
    }

    /// Why this replica is not ready; nothing if it is.
    pub(crate) fn unready(&self, ctx: &Context) -> Vec<String> {
        let state = self.lock();
        let mut why = Vec::new();
        if !state.first_pass {
            why.push("the first pass is not done".to_owned());
        }
        if state.draining {
            why.push("stopping".to_owned());
        }
        if state.certificate == Some(None) {
            why.push("there is no certificate for the webhook yet".to_owned());
        }
        let stalled = ctx.monitor.watches().into_iter().filter(|(_, stalled)| *stalled);
        why.extend(stalled.map(|(name, _)| format!("the watch of {name} hears nothing")));
        why
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `/livez`, `/readyz` and `/metrics`.
pub(crate) fn router(ctx: Arc<Context>) -> Router {
    let ready = ctx.clone();
    let ready = move || {
        let why = ready.health.unready(&ready);
        async move { answer(&why) }
    };
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
}

/// `/metrics`.
pub(crate) fn metrics_router(metrics: crate::metrics::Metrics) -> Router {
    let answer = move || {
        let text = metrics.render();
        async move { ([(header::CONTENT_TYPE, crate::metrics::CONTENT_TYPE)], text) }
    };
    Router::new().route("/metrics", get(answer))
}

fn answer(why: &[String]) -> Response {
    if why.is_empty() {
        return "ok\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, why.join("\n") + "\n").into_response()
}
