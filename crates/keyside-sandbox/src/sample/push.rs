//! Pushing an image into a registry that is called directly, as a tower service: no socket, the same requests.

use super::image::{Blob, Image, MANIFEST};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use keyside_keychain::{Credential, Secret};
use keyside_oci::Ask;
use std::error::Error;
use std::fmt::Display;
use tower::{Service, ServiceExt as _};

/// Where an image goes.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// Host and port of the registry, for the `Host` header.
    pub host: &'a str,
    /// Such as `team/app`.
    pub repository: &'a str,
    /// Such as `1`.
    pub tag: &'a str,
    /// Who pushes; nobody if the registry lets everybody.
    pub login: Option<&'a Credential>,
}

/// Why an image was not pushed.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The service itself failed.
    #[error("the registry could not be called: {0}")]
    Call(String),
    /// An answer could not be read.
    #[error("the registry's answer could not be read: {0}")]
    Read(String),
    /// The registry refused.
    #[error("the registry answered {status} to {step}")]
    Refused {
        /// The request, such as `upload`.
        step: &'static str,
        /// HTTP status.
        status: StatusCode,
    },
    /// A challenge or a token that cannot be used.
    #[error("the registry's login cannot be used")]
    Login,
    /// A request could not be made of what was given.
    #[error("the target is not usable: {0}")]
    Target(#[from] http::Error),
}

/// Pushes an image. What the registry has already is not sent again. The answer is the digest of the manifest.
///
/// # Errors
/// If the registry refuses a step, or cannot be called.
pub async fn push<S, B>(registry: S, target: &Target<'_>, image: &Image) -> Result<String, PushError>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: Display,
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut session = Session {
        registry,
        target,
        authorization: None,
    };
    for blob in &image.blobs {
        session.push_blob(blob).await?;
    }
    let path = format!("/v2/{}/manifests/{}", target.repository, target.tag);
    let content = image.manifest.content.clone();
    let answer = session.call(Method::PUT, &path, MANIFEST, content).await?;
    answer.expect("manifest", StatusCode::CREATED)?;
    Ok(image.manifest.digest.clone())
}

struct Session<'a, S> {
    registry: S,
    target: &'a Target<'a>,
    authorization: Option<Secret>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn expect(self, step: &'static str, wanted: StatusCode) -> Result<Self, PushError> {
        if self.status == wanted {
            Ok(self)
        } else {
            Err(PushError::Refused {
                step,
                status: self.status,
            })
        }
    }
}

impl<S, B> Session<'_, S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: Display,
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    async fn push_blob(&mut self, blob: &Blob) -> Result<(), PushError> {
        let repository = self.target.repository;
        let present = self
            .call(
                Method::HEAD,
                &format!("/v2/{repository}/blobs/{}", blob.digest),
                "",
                Bytes::new(),
            )
            .await?;
        if present.status == StatusCode::OK {
            return Ok(());
        }
        let started = self
            .call(
                Method::POST,
                &format!("/v2/{repository}/blobs/uploads/"),
                "",
                Bytes::new(),
            )
            .await?;
        let started = started.expect("upload", StatusCode::ACCEPTED)?;
        let location = started
            .headers
            .get(LOCATION)
            .and_then(|location| location.to_str().ok());
        let location = path_of(location.ok_or(PushError::Refused {
            step: "upload",
            status: started.status,
        })?);
        let separator = if location.contains('?') { '&' } else { '?' };
        let path = format!("{location}{separator}digest={}", blob.digest);
        let done = self
            .call(
                Method::PUT,
                &path,
                "application/octet-stream",
                blob.content.clone(),
            )
            .await?;
        done.expect("blob", StatusCode::CREATED).map(drop)
    }

    /// Sends a request, and once more with a login if the registry asks for one.
    async fn call(
        &mut self,
        method: Method,
        path: &str,
        kind: &str,
        body: Bytes,
    ) -> Result<Answer, PushError> {
        let answer = self.send(&method, path, kind, body.clone()).await?;
        if answer.status != StatusCode::UNAUTHORIZED || self.target.login.is_none() {
            return Ok(answer);
        }
        self.authorization = Some(self.log_in(&answer.headers).await?);
        self.send(&method, path, kind, body).await
    }

    async fn log_in(&mut self, headers: &HeaderMap) -> Result<Secret, PushError> {
        let credential = self.target.login.ok_or(PushError::Login)?;
        let basic = prefixed("Basic ", credential.basic_auth().expose());
        match Ask::read(headers).map_err(|_| PushError::Login)? {
            Ask::Basic => Ok(basic),
            Ask::Bearer(challenge) => {
                let scope = format!("repository:{}:pull,push", self.target.repository);
                let realm = challenge.realm.ok_or(PushError::Login)?;
                let path = format!(
                    "{}?service={}&scope={scope}",
                    path_of(&realm),
                    challenge.service.unwrap_or_default()
                );
                self.authorization = Some(basic);
                let answer = self
                    .send(&Method::GET, &path, "", Bytes::new())
                    .await?
                    .expect("login", StatusCode::OK)?;
                let token: serde_json::Value =
                    serde_json::from_slice(&answer.body).map_err(|_| PushError::Login)?;
                let token = token["token"]
                    .as_str()
                    .or(token["access_token"].as_str())
                    .ok_or(PushError::Login)?;
                Ok(prefixed("Bearer ", token.as_bytes()))
            }
            _ => Err(PushError::Login),
        }
    }

    async fn send(
        &mut self,
        method: &Method,
        path: &str,
        kind: &str,
        body: Bytes,
    ) -> Result<Answer, PushError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.target.host);
        if !kind.is_empty() {
            request = request.header(CONTENT_TYPE, kind);
        }
        if let Some(authorization) = &self.authorization {
            let mut value =
                http::HeaderValue::from_bytes(authorization.expose()).map_err(|_| PushError::Login)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.body(Full::new(body))?;
        let answer = self
            .registry
            .clone()
            .oneshot(request)
            .await
            .map_err(|error| PushError::Call(error.to_string()))?;
        let (parts, body) = answer.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| PushError::Read(error.into().to_string()))?;
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
        })
    }
}

/// Path and query of an address; registries answer with paths or with whole addresses.
fn path_of(address: &str) -> &str {
    match address.split_once("://") {
        None => address,
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
    }
}

fn prefixed(scheme: &str, value: &[u8]) -> Secret {
    Secret::from([scheme.as_bytes(), value].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_cut_to_what_is_called() {
        for (address, expected) in [
            ("/v2/x?y=z", "/v2/x?y=z"),
            ("http://h:5000/v2/x", "/v2/x"),
            ("https://h", "/"),
        ] {
            assert_eq!(path_of(address), expected);
        }
    }
}
