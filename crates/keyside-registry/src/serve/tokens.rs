//! The token service's side of HTTP: `GET` and `POST /token`.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{Method, StatusCode};

use super::body::collect;
use super::{Server, Struck, pause, set};
use crate::access::{Authentication, Site, TokenRequest};
use crate::error::Refusal;
use crate::faults::Fault;
use crate::route::Endpoint;

/// Forms are small; this is read before anything is known about the client.
const MAX_FORM: usize = 64 * 1024;

impl Server {
    pub(super) async fn token(&self, head: &Parts, site: &Site, body: Body) -> Result<Response, Refusal> {
        if self.guard.mode != Authentication::Bearer {
            return Err(Refusal::missing("UNSUPPORTED", "there is no token service here"));
        }
        let mut request = match head.method {
            Method::GET => TokenRequest::from_query(head.uri.query().unwrap_or_default(), &head.headers)?,
            Method::POST => {
                let form = collect(body, MAX_FORM).await?;
                TokenRequest::from_form(&String::from_utf8_lossy(&form))?
            }
            _ => {
                let status = StatusCode::METHOD_NOT_ALLOWED;
                return Err(
                    Refusal::new(status, "UNSUPPORTED", "the method is not supported here")
                        .with(ALLOW, "GET, POST"),
                );
            }
        };
        let repositories: Vec<String> = request
            .scopes()
            .iter()
            .map(|scope| scope.name().to_owned())
            .collect();
        let fault = match self.strike(&Endpoint::Token, head, site, &repositories) {
            Struck::Answer(response) => return Ok(response),
            Struck::Spoil(fault) => Some(fault),
            Struck::Not => None,
        };
        request.expired = fault == Some(Fault::ExpiredToken);
        let answer = self.guard.token(request).await.map(|answer| {
            let mut response = Response::new(Body::from(answer.to_string()));
            set(response.headers_mut(), CONTENT_TYPE, "application/json");
            set(response.headers_mut(), CACHE_CONTROL, "no-store");
            response
        });
        Ok(match fault {
            Some(fault) => {
                pause(&fault).await;
                fault.spoil(answer.unwrap_or_else(Refusal::into_response))
            }
            None => answer?,
        })
    }
}
