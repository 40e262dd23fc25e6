//! Scripted faults: a registry that misbehaves on request, so that clients and diagnoses can be tried.
//!
//! Faults are set through the library by whoever runs the registry; nothing on the network can set them. They live in the process, not
//! in the store.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use http::header::{LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{StatusCode, Uri};

use crate::error::Refusal;
use crate::route::Endpoint;

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 401 with the registry's own challenge, whatever the client shows.
    Unauthorized,
    /// 403 `DENIED`.
    Forbidden,
    /// 404 with the code that fits the request.
    NotFound,
    /// 429 `TOOMANYREQUESTS`, perhaps with `Retry-After`.
    RateLimited {
        /// How long the client is asked to wait.
        retry_after: Option<Duration>,
    },
    /// A server error: 500, 502, 503, 504.
    Unavailable(u16),
    /// Everything comes, but each piece of the answer, the head too, only after this time.
    Slow(Duration),
    /// The connection breaks after so many bytes of the body.
    Cut {
        /// How many bytes still arrive.
        after: u64,
    },
    /// The body has the right length and wrong bytes.
    Corrupt,
    /// 401 with a Bearer challenge whose realm is this address: what a thief of credentials would do.
    ForeignRealm(String),
    /// The token service gives out tokens that are out of date already.
    ExpiredToken,
    /// 403 with the words of a registry whose password has expired, for every request that shows a proof.
    ExpiredLogin,
    /// 307 to the same path below this address.
    Redirect(String),
}

/// Which requests go wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    #[default]
    Everything,
    /// `GET /v2/`, which belongs to no repository.
    Ping,
    /// Requests for a token that name the repository in a scope.
    Token,
    /// Manifests, tags and referrers.
    Manifests,
    /// Blobs and uploads.
    Blobs,
}

/// One fault and when it strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The repository, or every one.
    pub repository: Option<String>,
    /// The kind of request.
    pub part: Part,
    /// What goes wrong.
    pub fault: Fault,
    /// How often, or always.
    pub times: Option<u32>,
}

impl Script {
    /// A fault in one repository, in all requests, always.
    pub fn new(repository: impl Into<String>, fault: Fault) -> Self {
        Self {
            repository: Some(repository.into()),
            part: Part::Everything,
            fault,
            times: None,
        }
    }

    /// A fault in all repositories and in requests that belong to none.
    pub fn everywhere(fault: Fault) -> Self {
        Self {
            repository: None,
            part: Part::Everything,
            fault,
            times: None,
        }
    }

    /// Only in one kind of request.
    #[must_use]
    pub fn on(mut self, part: Part) -> Self {
        self.part = part;
        self
    }

    /// Only so often.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn fits(&self, part: Part, repositories: &[&str]) -> bool {
        let here = match &self.repository {
            None => true,
            Some(name) => repositories.contains(&name.as_str()),
        };
        here && (self.part == Part::Everything || self.part == part)
    }
}

/// The faults of a registry. Clones are the same faults.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Script>>>);

impl Faults {
    /// Adds a fault. Of several that fit a request the one added first strikes.
    pub fn add(&self, script: Script) {
        self.with(|scripts| scripts.push(script));
    }

    /// Removes the faults of one repository.
    pub fn clear(&self, repository: &str) {
        self.with(|scripts| scripts.retain(|script| script.repository.as_deref() != Some(repository)));
    }

    /// Removes all faults.
    pub fn clear_all(&self) {
        self.with(Vec::clear);
    }

    /// The faults that would still strike.
    pub fn all(&self) -> Vec<Script> {
        self.with(|scripts| scripts.clone())
    }

    /// The fault that strikes a request, which is thereby used up once.
    pub(crate) fn strike(&self, endpoint: &Endpoint, token_for: &[String]) -> Option<Fault> {
        let mut repositories: Vec<&str> = token_for.iter().map(String::as_str).collect();
        repositories.extend(endpoint.repository().map(|repository| repository.as_str()));
        let part = match endpoint {
            Endpoint::Ping => Part::Ping,
            Endpoint::Token => Part::Token,
            Endpoint::Blob(..) | Endpoint::Uploads(_) | Endpoint::Upload(..) => Part::Blobs,
            Endpoint::Catalog | Endpoint::Tags(_) | Endpoint::Referrers(..) | Endpoint::Manifest(..) => {
                Part::Manifests
            }
        };
        self.with(|scripts| {
            let place = scripts.iter().position(|script| {
                // A token out of date is a matter of the token service, whatever part it is set for.
                let possible = script.fault != Fault::ExpiredToken || part == Part::Token;
                script.fits(part, &repositories) && possible
            })?;
            let script = scripts.get_mut(place)?;
            let fault = script.fault.clone();
            if let Some(times) = &mut script.times {
                *times = times.saturating_sub(1);
                if *times == 0 {
                    scripts.remove(place);
                }
            }
            Some(fault)
        })
    }

    fn with<T>(&self, step: impl FnOnce(&mut Vec<Script>) -> T) -> T {
        step(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Fault {
    /// The answer that replaces the proper one. `None` for faults that spoil the proper one.
    pub(crate) fn answer(
        &self,
        endpoint: &Endpoint,
        uri: &Uri,
        challenge: impl FnOnce() -> Refusal,
    ) -> Option<Response> {
        let refusal = match self {
            Self::Unauthorized => challenge(),
            Self::Forbidden => Refusal::denied(),
            Self::NotFound => not_found(endpoint),
            Self::RateLimited { retry_after } => rate_limited(*retry_after),
            Self::Unavailable(status) => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Refusal::new(status, "UNKNOWN", "scripted failure")
            }
            Self::ForeignRealm(realm) => {
                let challenge = format!("Bearer realm=\"{realm}\",service=\"elsewhere\"");
                Refusal::new(
                    StatusCode::UNAUTHORIZED,
                    "UNAUTHORIZED",
                    "authentication required",
                )
                .with(WWW_AUTHENTICATE, challenge)
            }
            Self::ExpiredLogin => Refusal::new(
                StatusCode::FORBIDDEN,
                "DENIED",
                "Your authorization token has expired. Reauthenticate and try again.",
            ),
            Self::Redirect(base) => {
                let target = format!("{}{uri}", base.trim_end_matches('/'));
                Refusal::new(StatusCode::TEMPORARY_REDIRECT, "UNKNOWN", "elsewhere").with(LOCATION, target)
            }
            Self::Slow(_) | Self::Cut { .. } | Self::Corrupt | Self::ExpiredToken => return None,
        };
        Some(refusal.into_response())
    }

    /// Spoils the proper answer.
    pub(crate) fn spoil(&self, response: Response) -> Response {
        let (head, body) = response.into_parts();
        let body = match *self {
            Self::Slow(pause) => Body::from_stream(slow(body, pause)),
            Self::Cut { after } => Body::from_stream(cut(body, after)),
            Self::Corrupt => Body::from_stream(
                body.into_data_stream()
                    .map(|piece| piece.map(|bytes| corrupt(&bytes))),
            ),
            _ => body,
        };
        Response::from_parts(head, body)
    }
}

fn not_found(endpoint: &Endpoint) -> Refusal {
    match endpoint {
        Endpoint::Blob(..) => Refusal::missing("BLOB_UNKNOWN", "blob unknown to registry"),
        Endpoint::Manifest(..) => Refusal::missing("MANIFEST_UNKNOWN", "manifest unknown"),
        Endpoint::Upload(..) => Refusal::missing("BLOB_UPLOAD_UNKNOWN", "there is no such upload"),
        _ => Refusal::missing("NAME_UNKNOWN", "repository name not known to registry"),
    }
}

fn rate_limited(retry_after: Option<Duration>) -> Refusal {
    let refusal = Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        "TOOMANYREQUESTS",
        "too many requests, come back later",
    );
    match retry_after {
        Some(time) => refusal.with(RETRY_AFTER, time.as_secs().to_string()),
        None => refusal,
    }
}

const BEFORE_THE_CUT: Duration = Duration::from_millis(20);
const SLOW_PIECE: usize = 16 * 1024;

fn slow(body: Body, pause: Duration) -> impl Stream<Item = Result<Bytes, axum::Error>> {
    body.into_data_stream()
        .flat_map(|piece| {
            futures::stream::iter(match piece {
                Ok(mut bytes) => {
                    let mut pieces = Vec::new();
                    while !bytes.is_empty() {
                        pieces.push(Ok(bytes.split_to(bytes.len().min(SLOW_PIECE))));
                    }
                    pieces
                }
                Err(error) => vec![Err(error)],
            })
        })
        .then(move |piece| async move {
            tokio::time::sleep(pause).await;
            piece
        })
}

fn corrupt(bytes: &Bytes) -> Bytes {
    bytes.iter().map(|byte| byte ^ 0x01).collect()
}

/// A body that ends in an error, which makes the server drop the connection. What comes before the end is sent first: the server
/// gets time to do so.
fn cut(body: Body, after: u64) -> impl Stream<Item = Result<Bytes, axum::Error>> {
    futures::stream::try_unfold((body.into_data_stream(), after), |(mut body, left)| async move {
        if left == 0 {
            tokio::time::sleep(BEFORE_THE_CUT).await;
            let broken = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
            return Err(axum::Error::new(broken));
        }
        let Some(mut piece) = body.try_next().await? else {
            return Ok(None);
        };
        piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left - piece.len() as u64;
        Ok(Some((piece, (body, left))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strike(faults: &Faults, path: &str) -> Option<Fault> {
        faults.strike(&Endpoint::parse(path).unwrap(), &[])
    }

    #[test]
    fn faults_strike_their_repository_and_part_as_often_as_told() {
        let faults = Faults::default();
        faults.add(Script::new("a", Fault::Forbidden).on(Part::Manifests).times(2));
        faults.add(Script::new("b", Fault::NotFound));
        assert_eq!(strike(&faults, "/v2/a/blobs/uploads/"), None);
        assert_eq!(strike(&faults, "/v2/a/manifests/1"), Some(Fault::Forbidden));
        assert_eq!(strike(&faults, "/v2/a/tags/list"), Some(Fault::Forbidden));
        assert_eq!(strike(&faults, "/v2/a/manifests/1"), None);
        assert_eq!(strike(&faults, "/v2/b/blobs/uploads/"), Some(Fault::NotFound));
        assert_eq!(strike(&faults, "/v2/"), None);
        faults.clear("b");
        assert_eq!(faults.all(), []);
    }

    #[test]
    fn tokens_out_of_date_come_from_the_token_service_only() {
        let faults = Faults::default();
        faults.add(Script::new("a", Fault::ExpiredToken));
        assert_eq!(strike(&faults, "/v2/a/manifests/1"), None);
        let token = faults.strike(&Endpoint::Token, &["a".to_owned()]);
        assert_eq!(token, Some(Fault::ExpiredToken));
        assert_eq!(faults.strike(&Endpoint::Token, &["b".to_owned()]), None);
    }
}
