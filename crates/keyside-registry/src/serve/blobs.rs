//! Blobs: `GET`, `HEAD` and `DELETE /v2/NAME/blobs/DIGEST`.

use std::ops::Range;

use axum::body::Body;
use axum::response::Response;
use http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, RANGE};
use http::{Method, StatusCode};

use super::range::{Wanted, wanted};
use super::{CONTENT_DIGEST, Call, Server, empty, set};
use crate::access::Action;
use crate::digest::Digest;
use crate::error::Refusal;
use crate::name::Repository;

impl Server {
    pub(super) async fn blob(
        &self,
        call: &Call,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Response, Refusal> {
        call.only(&[Method::GET, Method::HEAD, Method::DELETE])?;
        if call.method() == Method::DELETE {
            return self.delete_blob(call, repository, digest).await;
        }
        self.guard
            .require(&call.caller, &call.site, &[(repository, Action::Pull)])?;
        let size = self
            .contents
            .blob_size(repository, digest)
            .await?
            .ok_or_else(unknown)?;
        // A range of nothing but a head has no meaning (RFC 9110, section 14.2).
        let header = call.header(&RANGE).filter(|_| call.method() == Method::GET);
        let range = match wanted(header, size) {
            Wanted::Whole => 0..size,
            Wanted::Part(range) => range,
            Wanted::Beyond => {
                let status = StatusCode::RANGE_NOT_SATISFIABLE;
                return Err(
                    Refusal::new(status, "BLOB_UNKNOWN", "the range begins behind the end")
                        .with(CONTENT_RANGE, format!("bytes */{size}")),
                );
            }
        };
        let mut response = if call.method() == Method::HEAD {
            empty(StatusCode::OK)
        } else {
            let content = self.contents.read_blob(repository, digest, range.clone()).await?;
            Response::new(Body::from_stream(content.ok_or_else(unknown)?))
        };
        describe(&mut response, digest, &range, size);
        Ok(response)
    }

    async fn delete_blob(
        &self,
        call: &Call,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Response, Refusal> {
        self.guard
            .require(&call.caller, &call.site, &[(repository, Action::Delete)])?;
        if self.contents.delete_blob(repository, digest).await? {
            return Ok(empty(StatusCode::ACCEPTED));
        }
        Err(unknown())
    }
}

fn describe(response: &mut Response, digest: &Digest, range: &Range<u64>, size: u64) {
    let partial = range.end - range.start < size;
    if partial {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    let headers = response.headers_mut();
    set(headers, CONTENT_TYPE, "application/octet-stream");
    set(headers, CONTENT_LENGTH, (range.end - range.start).to_string());
    set(headers, CONTENT_DIGEST, digest.to_string());
    set(headers, ACCEPT_RANGES, "bytes");
    set(headers, ETAG, format!("\"{digest}\""));
    set(headers, CACHE_CONTROL, "private, max-age=31536000, immutable");
    if partial {
        let last = range.end.saturating_sub(1);
        set(
            headers,
            CONTENT_RANGE,
            format!("bytes {}-{last}/{size}", range.start),
        );
    }
}

fn unknown() -> Refusal {
    Refusal::missing("BLOB_UNKNOWN", "blob unknown to registry")
}
