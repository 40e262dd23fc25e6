//! Manifests: `GET`, `HEAD`, `PUT` and `DELETE /v2/NAME/manifests/TAG-OR-DIGEST`.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderValue, Method, StatusCode};

use super::body::collect;
use super::{CONTENT_DIGEST, Call, SUBJECT, Server, TAG, empty, set};
use crate::access::Action;
use crate::content::Stored;
use crate::digest::{Algorithm, Digest};
use crate::error::Refusal;
use crate::manifest::{MAX_BYTES, Manifest};
use crate::name::{Repository, Tag};
use crate::route::Selector;

/// How many tags one push may set.
const MAX_TAGS: usize = 100;

impl Server {
    pub(super) async fn manifest(
        &self,
        call: &Call,
        repository: &Repository,
        selector: Selector,
        body: Body,
    ) -> Result<Response, Refusal> {
        call.only(&[Method::GET, Method::HEAD, Method::PUT, Method::DELETE])?;
        let action = match *call.method() {
            Method::PUT => Action::Push,
            Method::DELETE => Action::Delete,
            _ => Action::Pull,
        };
        self.guard
            .require(&call.caller, &call.site, &[(repository, action)])?;
        match action {
            Action::Push => self.put_manifest(call, repository, selector, body).await,
            Action::Delete => self.delete_manifest(repository, selector).await,
            Action::Pull => self.get_manifest(call, repository, selector).await,
        }
    }

    async fn get_manifest(
        &self,
        call: &Call,
        repository: &Repository,
        selector: Selector,
    ) -> Result<Response, Refusal> {
        let digest = match selector {
            Selector::Digest(digest) => Some(digest),
            Selector::Tag(tag) => self.contents.tag(repository, &tag).await?,
            Selector::Nothing(_) => None,
        };
        let digest = digest.ok_or_else(unknown)?;
        let stored = self
            .contents
            .manifest(repository, &digest)
            .await?
            .ok_or_else(unknown)?;
        let length = stored.bytes.len();
        let body = if call.method() == Method::HEAD {
            Body::empty()
        } else {
            Body::from(stored.bytes)
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        set(headers, CONTENT_TYPE, &stored.media_type);
        set(headers, CONTENT_LENGTH, length.to_string());
        set(headers, CONTENT_DIGEST, digest.to_string());
        set(headers, ETAG, format!("\"{digest}\""));
        Ok(response)
    }

    async fn put_manifest(
        &self,
        call: &Call,
        repository: &Repository,
        selector: Selector,
        body: Body,
    ) -> Result<Response, Refusal> {
        let mut tags = extra_tags(call)?;
        let expected = match selector {
            Selector::Digest(digest) => Some(digest),
            Selector::Tag(tag) => {
                tags.push(tag);
                None
            }
            Selector::Nothing(name) => return Err(no_tag(&name)),
        };
        let bytes = collect(body, MAX_BYTES).await?;
        let algorithm = expected.as_ref().map_or(Algorithm::Sha256, Digest::algorithm);
        let digest = Digest::of(algorithm, &bytes);
        if expected.is_some_and(|expected| expected != digest) {
            return Err(Refusal::bad(
                "DIGEST_INVALID",
                format!("the content has the digest {digest}"),
            ));
        }
        let manifest = Manifest::read(call.header(&CONTENT_TYPE), &bytes)?;
        self.require_contents(repository, &manifest).await?;
        let stored = Stored {
            digest: digest.clone(),
            media_type: manifest.media_type.to_owned(),
            bytes,
        };
        self.contents
            .put_manifest(repository, &manifest, &stored, &tags)
            .await?;
        let mut response = empty(StatusCode::CREATED);
        let headers = response.headers_mut();
        set(headers, LOCATION, format!("/v2/{repository}/manifests/{digest}"));
        set(headers, CONTENT_DIGEST, digest.to_string());
        if let Some(subject) = &manifest.subject {
            set(headers, SUBJECT, subject.to_string());
        }
        for tag in &tags {
            headers.extend(HeaderValue::from_str(tag.as_str()).map(|tag| (TAG, tag)));
        }
        Ok(response)
    }

    /// A manifest must not point to what cannot be pulled.
    async fn require_contents(&self, repository: &Repository, manifest: &Manifest) -> Result<(), Refusal> {
        match self.contents.first_missing(repository, manifest).await? {
            None => Ok(()),
            Some(digest) => Err(Refusal::missing(
                "MANIFEST_BLOB_UNKNOWN",
                format!("{digest} is unknown to the registry"),
            )),
        }
    }

    async fn delete_manifest(
        &self,
        repository: &Repository,
        selector: Selector,
    ) -> Result<Response, Refusal> {
        let deleted = match selector {
            Selector::Digest(digest) => self.contents.delete_manifest(repository, &digest).await?,
            Selector::Tag(tag) => self.contents.delete_tag(repository, &tag).await?,
            Selector::Nothing(_) => false,
        };
        if deleted {
            Ok(empty(StatusCode::ACCEPTED))
        } else {
            Err(unknown())
        }
    }
}

/// Tags that are set together with a push by digest: `?tag=a&tag=b`.
fn extra_tags(call: &Call) -> Result<Vec<Tag>, Refusal> {
    let tags: Vec<Tag> = call
        .query
        .all("tag")
        .map(|name| Tag::parse(name).ok_or_else(|| no_tag(name)))
        .collect::<Result<_, _>>()?;
    if tags.len() > MAX_TAGS {
        return Err(Refusal::bad(
            "MANIFEST_INVALID",
            format!("more than {MAX_TAGS} tags"),
        ));
    }
    Ok(tags)
}

fn no_tag(name: &str) -> Refusal {
    Refusal::bad("MANIFEST_INVALID", format!("{name:?} is no tag"))
}

fn unknown() -> Refusal {
    Refusal::missing("MANIFEST_UNKNOWN", "manifest unknown")
}
