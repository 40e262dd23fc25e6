//! `AdmissionReview` as far as it is read, borrowed from the body; and the answers.

use crate::metrics::Outcome;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyside_core::inject::Operation;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::borrow::Cow;

/// The request of a review.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request<'a> {
    #[serde(borrow)]
    pub(super) uid: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) kind: Kind<'a>,
    #[serde(borrow, default)]
    pub(super) namespace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) operation: Cow<'a, str>,
    #[serde(default)]
    pub(super) dry_run: Option<bool>,
    #[serde(borrow, default)]
    pub(super) object: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) old_object: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Kind<'a> {
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Review<'a> {
    #[serde(borrow)]
    request: Request<'a>,
}

/// Reads a review; `None` if it is none.
pub(super) fn parse(body: &[u8]) -> Option<Request<'_>> {
    serde_json::from_slice::<Review<'_>>(body)
        .ok()
        .map(|review| review.request)
}

/// The answer to a review.
pub(super) enum Answer<'a> {
    /// Allowed as it is.
    Allowed { uid: &'a str },
    /// Allowed with a change.
    Patched {
        uid: &'a str,
        operations: Vec<Operation>,
    },
    /// Refused, with a reason for people.
    Refused { uid: &'a str, message: String },
}

impl Answer<'_> {
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Allowed { .. } => Outcome::Unchanged,
            Self::Patched { .. } => Outcome::Injected,
            Self::Refused { .. } => Outcome::Refused,
        }
    }

    fn response(&self) -> Value {
        match self {
            Self::Allowed { uid } => json!({"uid": uid, "allowed": true}),
            Self::Patched { uid, operations } => {
                let patch = serde_json::to_vec(operations).expect("a patch is plain data");
                json!({"uid": uid, "allowed": true, "patchType": "JSONPatch", "patch": STANDARD.encode(patch)})
            }
            Self::Refused { uid, message } => {
                json!({"uid": uid, "allowed": false, "status": {"code": 422, "reason": "Invalid", "message": message}})
            }
        }
    }
}

impl IntoResponse for Answer<'_> {
    fn into_response(self) -> Response {
        let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": self.response()});
        ([(CONTENT_TYPE, "application/json")], review.to_string()).into_response()
    }
}
