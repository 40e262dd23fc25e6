//! The admission webhook: a pod is given the credentials it needs, and our own kinds are checked against what else there
//! is. Answers come from memory.
//!
//! A pod is never refused and never held up for long. But a pod that is created in the same second as its namespace would
//! start before its copy stands; so where a copy is due, the answer waits for it, at most [`WAIT`].

mod kinds;
mod pods;
mod review;

use crate::context::Context;
use crate::metrics::{Outcome, Subject};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use std::sync::Arc;
use std::time::Duration;

/// The longest wait for a copy that is due: well within the time that the API server waits for us.
const WAIT: Duration = Duration::from_millis(1500);

/// How long a replica that does not hold the Lease leaves it to the holder to deliver what a pod waits for.
const HOLDER_FIRST: Duration = Duration::from_millis(300);

/// The largest review: an object of the largest size, twice (new and old), and what stands around it.
const REVIEW_MAX: usize = 8 << 20;

/// The webhook service.
pub(crate) fn router(ctx: Arc<Context>) -> Router {
    Router::new()
        .route("/mutate-pods", post(mutate_pods))
        .route("/validate", post(validate))
        .layer(DefaultBodyLimit::max(REVIEW_MAX))
        .with_state(ctx)
}

async fn mutate_pods(State(ctx): State<Arc<Context>>, body: Bytes) -> Response {
    let Some(review) = review::parse(&body) else {
        ctx.counters.admission(Subject::Pod, Outcome::Malformed);
        return not_a_review();
    };
    let answer = pods::answer(&ctx, &review).await;
    ctx.counters.admission(Subject::Pod, answer.outcome());
    answer.into_response()
}

async fn validate(State(ctx): State<Arc<Context>>, body: Bytes) -> Response {
    let Some(review) = review::parse(&body) else {
        ctx.counters.admission(Subject::Credential, Outcome::Malformed);
        return not_a_review();
    };
    let answer = kinds::answer(&ctx, &review).await;
    ctx.counters.admission(Subject::Credential, answer.outcome());
    answer.into_response()
}

fn not_a_review() -> Response {
    (
        StatusCode::BAD_REQUEST,
        "the body is no AdmissionReview of admission.k8s.io/v1 with a request",
    )
        .into_response()
}
