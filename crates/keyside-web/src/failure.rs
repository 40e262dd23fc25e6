//! What can go wrong on the way to a page, as pages. What a registry or the API server refuses is said in its own status;
//! nothing of a Secret is ever in these texts, because the API server does not put it there and nothing else is repeated.

use super::frame::{Area, Frame};
use super::route::Answer;
use super::text::Lang;
use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;
use kube::core::Status;

/// Why there is no page.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody has signed in, or no longer.
    SignedOut,
    /// No such page.
    NoPage,
    /// No such object.
    NoObject,
    /// The form is too large.
    TooLarge,
    /// The API server cannot be asked.
    Unreachable(String),
    /// The user may not do this, in the API server's words.
    Forbidden(String),
    /// Somebody else has changed the object meanwhile, or made one of that name.
    Conflict(String),
    /// The API server refuses what was asked for, in its words.
    Refused(String),
    /// Something of ours.
    Ours(String),
}

#[derive(Template)]
#[template(path = "failure.html")]
struct Page<'a> {
    frame: &'a Frame,
    t: Lang,
    explanation: String,
    detail: String,
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::NoPage | Self::NoObject => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unreachable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Ours(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// One sentence for people; what the API server said follows in [`Failure::detail`].
    pub(super) fn sentence(&self, t: Lang) -> String {
        match self {
            Self::SignedOut => t.signed_out().to_owned(),
            Self::NoPage => t.no_such_page().to_owned(),
            Self::NoObject => t.no_such_object().to_owned(),
            Self::TooLarge => t.too_large().to_owned(),
            Self::Unreachable(_) => t.api_unreachable().to_owned(),
            Self::Forbidden(message) => match Missing::read(message) {
                Some(missing) => t.missing_right(&missing.verb, &missing.resource, &missing.place),
                None => t.forbidden().to_owned(),
            },
            Self::Conflict(_) => t.conflict_explained().to_owned(),
            Self::Refused(_) => t.refused_by_api().to_owned(),
            Self::Ours(_) => t.our_error().to_owned(),
        }
    }

    /// What the API server said.
    pub(super) fn detail(&self) -> &str {
        match self {
            Self::Unreachable(text) | Self::Forbidden(text) | Self::Conflict(text) | Self::Refused(text) => {
                text
            }
            Self::Ours(text) => {
                tracing::error!(error = text, "a page of the UI failed");
                ""
            }
            _ => "",
        }
    }

    /// The failure as a page; who is signed out is sent to the door, and brought back afterwards.
    pub(super) fn page(self, frame: &Frame) -> Response {
        if matches!(self, Self::SignedOut) {
            let is_part = frame.here.starts_with("/ask/") || frame.here.starts_with("/live/");
            if is_part {
                return (StatusCode::UNAUTHORIZED, "signed out\n").into_response();
            }
            return Redirect::to(&frame.sign_in()).into_response();
        }
        let t = frame.t;
        let mut frame = frame.clone();
        frame.area = Area::None;
        frame.title = t.failure_title(self.status().as_u16());
        let page = Page {
            frame: &frame,
            t,
            explanation: self.sentence(t),
            detail: self.detail().to_owned(),
        };
        match page.render() {
            Ok(text) => (self.status(), Html(text)).into_response(),
            Err(_) => (self.status(), "an error of ours\n").into_response(),
        }
    }
}

/// A page that was made.
pub(super) fn page(template: &impl Template) -> Answer {
    page_with(StatusCode::OK, template)
}

/// A page with a status of its own.
pub(super) fn page_with(status: StatusCode, template: &impl Template) -> Answer {
    let text = template
        .render()
        .map_err(|error| Failure::Ours(error.to_string()))?;
    Ok((status, Html(text)).into_response())
}

/// On to another page, after a change.
pub(super) fn go(to: &str) -> Answer {
    Ok(Redirect::to(to).into_response())
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_status(&status),
            error @ kube::Error::SerdeError(_) => Self::Ours(error.to_string()),
            kube::Error::BuildRequest(_) => Self::NoObject,
            // A name that cannot be part of an address names nothing.
            kube::Error::HttpError(_) => Self::NoObject,
            error => Self::Unreachable(error.to_string()),
        }
    }
}

impl Failure {
    fn of_status(status: &Status) -> Self {
        let message = status.message.clone();
        match status.code {
            401 => Self::SignedOut,
            403 => Self::Forbidden(message),
            404 => Self::NoObject,
            409 => Self::Conflict(message),
            400 | 422 => Self::Refused(message),
            _ => Self::Unreachable(message),
        }
    }
}

/// The right that is missing, read out of the API server's message.
struct Missing {
    verb: String,
    resource: String,
    place: String,
}

impl Missing {
    /// `… cannot create resource "secrets" in API group "" in the namespace "shop"`.
    fn read(message: &str) -> Option<Self> {
        let (_, rest) = message.split_once(" cannot ")?;
        let (verb, rest) = rest.split_once(" resource \"")?;
        let (resource, rest) = rest.split_once('"')?;
        let between = |start: &str| {
            let (_, rest) = rest.split_once(start)?;
            rest.split_once('"').map(|(text, _)| text)
        };
        let group = between("in API group \"").unwrap_or_default();
        let resource = if group.is_empty() {
            resource.to_owned()
        } else {
            format!("{resource}.{group}")
        };
        let place = between("in the namespace \"").unwrap_or_default().to_owned();
        Some(Self {
            verb: verb.to_owned(),
            resource,
            place,
        })
    }
}
