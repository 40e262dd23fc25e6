//! The published schemas: `/openapi/v2`, `/openapi/v3` and its documents per group and version. Made on demand and
//! kept until what they describe changes.

mod binary;

use super::{digest, tagged};
use crate::accept;
use crate::catalog::{Listing, Served};
use crate::handle::unknown;
use crate::reply::Reply;
use crate::server::Core;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, EXPIRES};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use keyside_apimachinery::openapi;
use keyside_apimachinery::resource::Resource;
use keyside_apimachinery::status::Status;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Documents that were asked for, each with the descriptions it was made of.
#[derive(Default)]
pub(crate) struct Documents(Mutex<HashMap<String, Document>>);

#[derive(Clone)]
struct Document {
    stamps: Vec<u64>,
    content: Bytes,
    digest: Arc<str>,
}

impl Documents {
    /// A document about these resources; made now if it is not known or they have changed.
    fn get(&self, key: &str, about: &[Arc<Served>], make: impl FnOnce(&[&Resource]) -> Vec<u8>) -> Document {
        let stamps: Vec<u64> = about.iter().map(|served| served.stamp).collect();
        let known = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned();
        if let Some(document) = known.filter(|document| document.stamps == stamps) {
            return document;
        }
        // Made outside the lock: others may ask for other documents meanwhile.
        let resources: Vec<&Resource> = about.iter().map(|served| &*served.resource).collect();
        let content = make(&resources);
        let document = Document {
            stamps,
            digest: digest(&content).into(),
            content: content.into(),
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.to_owned(), document.clone());
        document
    }

    /// Lets go of what is about group versions that are no longer there.
    fn keep(&self, names: &[&str]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|key, _| key.starts_with("v2 ") || names.contains(&key.as_str()));
    }
}

/// Answers below `/openapi/`.
pub(super) fn answer(core: &Core, parts: &Parts, path: &str) -> Result<Reply, Status> {
    let listing = core.catalog.listing();
    match path {
        "/openapi/v2" => {
            let (key, media) = if wants_binary(parts)? {
                ("v2 binary", BINARY)
            } else {
                ("v2 text", "application/json")
            };
            let document = core.documents.get(key, &listing.all, |resources| {
                let document = openapi::v2(resources);
                if media == BINARY {
                    binary::document(&document)
                } else {
                    document.to_string().into_bytes()
                }
            });
            Ok(tagged(parts, document.content, &document.digest, media))
        }
        "/openapi/v3" => Ok(Reply::value(StatusCode::OK, index(core, &listing))),
        _ => {
            let group_version = path
                .strip_prefix("/openapi/v3/")
                .and_then(group_version)
                .ok_or_else(unknown)?;
            let document = v3(core, &listing, group_version).ok_or_else(unknown)?;
            let reply = tagged(parts, document.content, &document.digest, "application/json");
            Ok(
                if parts.uri.query().is_some_and(|query| query.contains("hash=")) {
                    forever(reply)
                } else {
                    reply
                },
            )
        }
    }
}

/// The media type of the binary form, as answers name it. Clients also write it with an at sign.
const BINARY: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// Whether a client wants `/openapi/v2` in binary form.
fn wants_binary(parts: &Parts) -> Result<bool, Status> {
    let clauses = accept::clauses(&parts.headers);
    for clause in &clauses {
        if clause.media == BINARY
            || clause.media == "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
        {
            return Ok(true);
        }
        if clause.covers("json") {
            return Ok(false);
        }
    }
    if clauses.is_empty() {
        Ok(false)
    } else {
        Err(Status::new(
            406,
            "NotAcceptable",
            "only application/json and protobuf are served",
        ))
    }
}

/// `api/v1` or `apis/apps/v1` as `v1` or `apps/v1`.
fn group_version(path: &str) -> Option<&str> {
    path.strip_prefix("apis/").or_else(|| path.strip_prefix("api/"))
}

fn v3(core: &Core, listing: &Listing, group_version: &str) -> Option<Document> {
    let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
    let about: Vec<Arc<Served>> = listing.of(group, version).cloned().collect();
    if about.is_empty() {
        return None;
    }
    let make = |resources: &[&Resource]| openapi::v3(group, version, resources).to_string().into_bytes();
    Some(core.documents.get(group_version, &about, make))
}

/// `/openapi/v3`: names change when documents do, so that clients may keep them.
fn index(core: &Core, listing: &Listing) -> Value {
    let mut names: Vec<String> = Vec::new();
    for group in listing.groups() {
        for version in listing.versions(group) {
            names.push(if group.is_empty() {
                version.to_owned()
            } else {
                format!("{group}/{version}")
            });
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    core.documents.keep(&names);
    openapi::v3_index(&names, |name| {
        v3(core, listing, name)
            .map(|document| document.digest.to_string())
            .unwrap_or_default()
    })
}

/// A document named by its content never changes.
fn forever(reply: Reply) -> Reply {
    let far = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(24 * 365));
    let date = far.map(|at| jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at));
    let expires = date
        .ok()
        .and_then(Result::ok)
        .and_then(|text| HeaderValue::from_str(&text).ok());
    let reply = reply.with(CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
    match expires {
        Some(expires) => reply.with(EXPIRES, expires),
        None => reply,
    }
}
