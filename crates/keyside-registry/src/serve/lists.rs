//! Lists: tags, repositories, referrers.

use axum::body::Body;
use axum::response::Response;
use http::Method;
use http::header::{CONTENT_TYPE, LINK};
use serde_json::{Value, json};

use super::{Call, FILTERS, Server, set};
use crate::access::Action;
use crate::content::Page;
use crate::digest::Digest;
use crate::error::Refusal;
use crate::manifest::INDEX;
use crate::name::Repository;

/// The page of those who name none, for repositories.
const CATALOG_PAGE: usize = 1000;

impl Server {
    pub(super) async fn tags(&self, call: &Call, repository: &Repository) -> Result<Response, Refusal> {
        call.only(&[Method::GET, Method::HEAD])?;
        self.guard
            .require(&call.caller, &call.site, &[(repository, Action::Pull)])?;
        let Some(tags) = self.contents.tags(repository).await? else {
            return Err(Refusal::missing(
                "NAME_UNKNOWN",
                "repository name not known to registry",
            ));
        };
        let page = page(call)?;
        let (tags, more) = page.cut(tags);
        let path = format!("/v2/{repository}/tags/list");
        let link = next(&path, &page, tags.last().filter(|_| more));
        Ok(answer(
            "application/json",
            &json!({"name": repository.as_str(), "tags": tags}),
            link,
        ))
    }

    /// The repositories that the client may pull from; the others are none of its business.
    pub(super) async fn catalog(&self, call: &Call) -> Result<Response, Refusal> {
        call.only(&[Method::GET, Method::HEAD])?;
        if !call.caller.is_known() {
            return Err(self.guard.challenge(&call.site, &[], None));
        }
        let all = self.contents.repositories().await?;
        let readable = all
            .iter()
            .filter(|repository| call.caller.could(repository, Action::Pull));
        let mut page = page(call)?;
        page.limit = Some(page.limit.unwrap_or(CATALOG_PAGE));
        let (names, more) = page.cut(readable.map(ToString::to_string).collect());
        let link = next("/v2/_catalog", &page, names.last().filter(|_| more));
        Ok(answer("application/json", &json!({"repositories": names}), link))
    }

    pub(super) async fn referrers(
        &self,
        call: &Call,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Response, Refusal> {
        call.only(&[Method::GET, Method::HEAD])?;
        self.guard
            .require(&call.caller, &call.site, &[(repository, Action::Pull)])?;
        let mut manifests = self.contents.referrers(repository, digest).await?;
        let filter = call.query.one("artifactType").filter(|kind| !kind.is_empty());
        if let Some(kind) = &filter {
            manifests.retain(|descriptor| descriptor["artifactType"] == kind.as_str());
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
        let mut response = answer(INDEX, &index, None);
        if filter.is_some() {
            set(response.headers_mut(), FILTERS, "artifactType");
        }
        Ok(response)
    }
}

fn page(call: &Call) -> Result<Page, Refusal> {
    let limit = call.query.one("n").filter(|text| !text.is_empty());
    let bad = |_| Refusal::bad("PAGINATION_NUMBER_INVALID", "n must be a number");
    Ok(Page {
        limit: limit.map(|text| text.parse().map_err(bad)).transpose()?,
        after: call.query.one("last").filter(|text| !text.is_empty()),
    })
}

fn next(path: &str, page: &Page, last: Option<&String>) -> Option<String> {
    let (limit, last) = page.limit.zip(last)?;
    Some(format!("<{path}?n={limit}&last={last}>; rel=\"next\""))
}

fn answer(kind: &str, value: &Value, link: Option<String>) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    set(response.headers_mut(), CONTENT_TYPE, kind);
    if let Some(link) = link {
        set(response.headers_mut(), LINK, link);
    }
    response
}
