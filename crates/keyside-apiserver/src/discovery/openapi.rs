//! The published schemas: `/openapi/v2`, `/openapi/v3` and its documents per group and version. Made on demand and
//! kept until the list of resources changes.

mod binary;

use super::{digest, tagged};
use crate::accept;
use crate::catalog::Listing;
use crate::handle::unknown;
use crate::reply::Reply;
use crate::server::Core;
use http::header::{CACHE_CONTROL, EXPIRES};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use keyside_apimachinery::openapi;
use keyside_apimachinery::resource::Resource;
use keyside_apimachinery::status::Status;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Documents of one generation of the catalog.
#[derive(Default)]
pub(crate) struct Documents(Mutex<(u64, HashMap<String, Arc<[u8]>>)>);

impl Documents {
    /// A document, made now if it is not known. `key` is `v2`, or a group and version.
    fn get(&self, generation: u64, key: &str, make: impl FnOnce() -> Vec<u8>) -> Arc<[u8]> {
        {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.0 != generation {
                *known = (generation, HashMap::new());
            }
            if let Some(document) = known.1.get(key) {
                return Arc::clone(document);
            }
        }
        // Made outside the lock: others may ask for other documents meanwhile.
        let document: Arc<[u8]> = make().into();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 == generation {
            known.1.insert(key.to_owned(), Arc::clone(&document));
        }
        document
    }
}

/// Answers below `/openapi/`.
pub(super) fn answer(core: &Core, parts: &Parts, path: &str) -> Result<Reply, Status> {
    let listing = core.catalog.listing();
    let known = &core.documents;
    match path {
        "/openapi/v2" => {
            let (key, media) = if wants_binary(parts)? { ("v2 binary", BINARY) } else { ("v2", "application/json") };
            let document = known.get(listing.generation, key, || {
                let document = openapi::v2(&all(&listing));
                if media == BINARY { binary::document(&document) } else { document.to_string().into_bytes() }
            });
            Ok(tagged(parts, document.to_vec(), media))
        }
        "/openapi/v3" => Ok(Reply::value(StatusCode::OK, index(core, &listing))),
        _ => {
            let group_version = path.strip_prefix("/openapi/v3/").and_then(group_version).ok_or_else(unknown)?;
            let document = v3(core, &listing, group_version).ok_or_else(unknown)?;
            let reply = tagged(parts, document.to_vec(), "application/json");
            Ok(if parts.uri.query().is_some_and(|query| query.contains("hash=")) { forever(reply) } else { reply })
        }
    }
}

/// The media type of the binary form, as answers name it. Clients also write it with an at sign.
const BINARY: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// Whether a client wants `/openapi/v2` in binary form.
fn wants_binary(parts: &Parts) -> Result<bool, Status> {
    let clauses = accept::clauses(&parts.headers);
    for clause in &clauses {
        if clause.media == BINARY || clause.media == "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" {
            return Ok(true);
        }
        if clause.covers("json") {
            return Ok(false);
        }
    }
    if clauses.is_empty() { Ok(false) } else { Err(Status::new(406, "NotAcceptable", "only application/json and protobuf are served")) }
}

/// `api/v1` or `apis/apps/v1` as `v1` or `apps/v1`.
fn group_version(path: &str) -> Option<&str> {
    path.strip_prefix("apis/").or_else(|| path.strip_prefix("api/"))
}

fn v3(core: &Core, listing: &Listing, group_version: &str) -> Option<Arc<[u8]>> {
    let (group, version) = group_version.split_once('/').unwrap_or(("", group_version));
    let resources: Vec<&Resource> = listing.of(group, version).map(|served| &*served.resource).collect();
    if resources.is_empty() {
        return None;
    }
    Some(core.documents.get(listing.generation, group_version, || {
        openapi::v3(group, version, &resources).to_string().into_bytes()
    }))
}

/// `/openapi/v3`: names change when documents do, so that clients may keep them.
fn index(core: &Core, listing: &Listing) -> Value {
    let mut names: Vec<String> = Vec::new();
    for group in listing.groups() {
        for version in listing.versions(group) {
            names.push(if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") });
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    openapi::v3_index(&names, |name| v3(core, listing, name).map(|document| digest(&document)).unwrap_or_default())
}

fn all(listing: &Listing) -> Vec<&Resource> {
    listing.all.iter().map(|served| &*served.resource).collect()
}

/// A document named by its content never changes.
fn forever(reply: Reply) -> Reply {
    let far = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(24 * 365));
    let date = far.map(|at| jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at));
    let expires = date.ok().and_then(Result::ok).and_then(|text| HeaderValue::from_str(&text).ok());
    let reply = reply.with(CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
    match expires {
        Some(expires) => reply.with(EXPIRES, expires),
        None => reply,
    }
}
