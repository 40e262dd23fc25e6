//! Uploads: `POST /v2/NAME/blobs/uploads/` and what follows it.

use axum::body::Body;
use axum::response::Response;
use futures::StreamExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, LOCATION, RANGE};
use http::{Method, StatusCode};

use super::body::incoming;
use super::range::chunk;
use super::{CONTENT_DIGEST, Call, Server, UPLOAD_ID, empty, set};
use crate::access::Action;
use crate::content::{ContentError, Incoming, Upload};
use crate::digest::Digest;
use crate::error::Refusal;
use crate::name::Repository;
use crate::route::parse_digest;

/// How many repositories are looked through for a blob that a client believes to be somewhere.
const SEARCHED: usize = 1000;

impl Server {
    pub(super) async fn begin_upload(
        &self,
        call: &Call,
        repository: &Repository,
        body: Body,
    ) -> Result<Response, Refusal> {
        call.only(&[Method::POST])?;
        self.guard
            .require(&call.caller, &call.site, &[(repository, Action::Push)])?;
        if let Some(mount) = call.query.one("mount") {
            let digest = parse_digest(&mount)?;
            if self.mount(call, repository, &digest).await? {
                return Ok(created(repository, &digest));
            }
        }
        if let Some(digest) = call.query.one("digest") {
            let digest = parse_digest(&digest)?;
            self.contents
                .write_blob(repository, &digest, incoming(body))
                .await?;
            return Ok(created(repository, &digest));
        }
        let upload = self.contents.begin_upload(repository).await?;
        Ok(progress(StatusCode::ACCEPTED, repository, &upload))
    }

    pub(super) async fn upload(
        &self,
        call: &Call,
        repository: &Repository,
        id: &str,
        body: Body,
    ) -> Result<Response, Refusal> {
        call.only(&[Method::GET, Method::PATCH, Method::PUT, Method::DELETE])?;
        self.guard
            .require(&call.caller, &call.site, &[(repository, Action::Push)])?;
        let upload = self.contents.upload(repository, id).await?;
        match *call.method() {
            Method::PATCH => self.append(call, repository, upload, body).await,
            Method::PUT => self.complete(call, repository, upload, body).await,
            Method::DELETE => {
                self.contents.cancel(&upload).await?;
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => Ok(progress(StatusCode::NO_CONTENT, repository, &upload)),
        }
    }

    async fn append(
        &self,
        call: &Call,
        repository: &Repository,
        upload: Upload,
        body: Body,
    ) -> Result<Response, Refusal> {
        let body = in_order(call, repository, &upload, body).await?;
        let upload = self
            .take_in(upload, body)
            .await
            .map_err(|error| out_of_order(repository, id_of(call), error))?;
        Ok(progress(StatusCode::ACCEPTED, repository, &upload))
    }

    async fn complete(
        &self,
        call: &Call,
        repository: &Repository,
        upload: Upload,
        body: Body,
    ) -> Result<Response, Refusal> {
        let digest = call
            .query
            .one("digest")
            .ok_or_else(|| Refusal::bad("DIGEST_INVALID", "the digest is missing"))?;
        let digest = parse_digest(&digest)?;
        let body = in_order(call, repository, &upload, body).await?;
        if upload.received == 0 {
            let written = self.contents.write_blob(repository, &digest, body).await;
            if matches!(written, Ok(()) | Err(ContentError::OtherDigest(_))) {
                self.contents.cancel(&upload).await?;
            }
            written?;
        } else {
            let upload = self
                .take_in(upload, body)
                .await
                .map_err(|error| out_of_order(repository, id_of(call), error))?;
            self.contents.complete(&upload, &digest).await?;
        }
        Ok(created(repository, &digest))
    }

    /// Runs apart from the request: when the client goes away in the middle, what has arrived is kept for it to come back to.
    async fn take_in(&self, upload: Upload, body: Incoming) -> Result<Upload, ContentError> {
        let contents = self.contents.clone();
        let task = tokio::spawn(async move { contents.append(upload, body).await });
        task.await.map_err(|error| ContentError::Body(error.into()))?
    }

    async fn mount(&self, call: &Call, to: &Repository, digest: &Digest) -> Result<bool, Refusal> {
        let Some(from) = call.query.one("from") else {
            return self.mount_from_anywhere(call, to, digest).await;
        };
        let Some(from) = Repository::parse(&from) else {
            return Err(Refusal::bad("NAME_INVALID", "invalid repository name"));
        };
        if !self.guard.may_mount(&call.caller, &call.site, &from, to)? {
            return Ok(false);
        }
        Ok(self.contents.mount_blob(&from, to, digest).await?)
    }

    /// The client knows a digest but not a repository: any that it may read will do.
    async fn mount_from_anywhere(
        &self,
        call: &Call,
        to: &Repository,
        digest: &Digest,
    ) -> Result<bool, Refusal> {
        let repositories = self.contents.repositories().await?;
        let readable = repositories
            .into_iter()
            .filter(|from| call.caller.could(from, Action::Pull));
        for from in readable.take(SEARCHED) {
            if self.contents.mount_blob(&from, to, digest).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The body, if it belongs where the upload stands. A chunk may not be longer than it says it is.
async fn in_order(
    call: &Call,
    repository: &Repository,
    upload: &Upload,
    body: Body,
) -> Result<Incoming, Refusal> {
    let body = incoming(body);
    let Some(header) = call.header(&CONTENT_RANGE) else {
        return Ok(body);
    };
    let Some(range) = chunk(header) else {
        return Err(Refusal::bad(
            "BLOB_UPLOAD_INVALID",
            "Content-Range must be first-last",
        ));
    };
    let length = call.header(&CONTENT_LENGTH).and_then(|text| text.parse().ok());
    if length.is_some_and(|length: u64| length != range.end - range.start) {
        return Err(Refusal::bad(
            "SIZE_INVALID",
            "Content-Range and Content-Length disagree",
        ));
    }
    if range.start != upload.received {
        drain(body).await;
        let error = ContentError::OtherOffset(upload.received);
        return Err(out_of_order(repository, upload.id(), error));
    }
    Ok(body)
}

/// Reads what a client is sending anyway, within reason: it would not read an answer before it has finished.
async fn drain(mut body: Incoming) {
    let mut left: usize = 1024 * 1024;
    while let Some(Ok(piece)) = body.next().await {
        left = left.saturating_sub(piece.len());
        if left == 0 {
            return;
        }
    }
}

fn id_of(call: &Call) -> &str {
    call.head.uri.path().rsplit('/').next().unwrap_or_default()
}

/// Tells where the upload really stands.
fn out_of_order(repository: &Repository, id: &str, error: ContentError) -> Refusal {
    let ContentError::OtherOffset(offset) = error else {
        return error.into();
    };
    Refusal::from(error)
        .with(LOCATION, location(repository, id))
        .with(RANGE, received(offset))
        .with(UPLOAD_ID, id)
}

fn location(repository: &Repository, id: &str) -> String {
    format!("/v2/{repository}/blobs/uploads/{id}")
}

/// The form of the specification has no way to say "nothing yet"; this is what others say.
fn received(bytes: u64) -> String {
    format!("0-{}", bytes.saturating_sub(1))
}

fn progress(status: StatusCode, repository: &Repository, upload: &Upload) -> Response {
    let mut response = empty(status);
    let headers = response.headers_mut();
    set(headers, LOCATION, location(repository, upload.id()));
    set(headers, RANGE, received(upload.received));
    set(headers, UPLOAD_ID, upload.id());
    response
}

fn created(repository: &Repository, digest: &Digest) -> Response {
    let mut response = empty(StatusCode::CREATED);
    let headers = response.headers_mut();
    set(headers, LOCATION, format!("/v2/{repository}/blobs/{digest}"));
    set(headers, CONTENT_DIGEST, digest.to_string());
    response
}
