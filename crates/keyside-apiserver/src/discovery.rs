//! Telling clients what there is: groups, versions, resources, OpenAPI, health, version.

mod aggregated;
mod legacy;
mod openapi;

pub(crate) use openapi::Documents;

use crate::accept;
use crate::handle::{not_allowed, unknown};
use crate::path::Target;
use crate::query::Query;
use crate::reply::Reply;
use crate::server::Core;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use keyside_apimachinery::status::Status;
use serde_json::{Value, json};

/// Answers a request for anything that is not a resource.
pub(crate) fn answer(core: &Core, parts: &Parts, target: &Target, query: &Query) -> Result<Reply, Status> {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return Err(not_allowed());
    }
    let listing = core.catalog.listing();
    let document = match target {
        Target::CoreVersions | Target::Groups => return groups(core, parts, target),
        Target::Group(group) => match legacy::group(&listing, group) {
            Some(group) => group,
            None => return Ok(nothing()),
        },
        Target::Resources { group, version } => {
            legacy::resources(&listing, group, version).ok_or_else(unknown)?
        }
        Target::Other => return other(core, parts, query),
        Target::Resource(_) => return Err(unknown()),
    };
    Ok(Reply::value(StatusCode::OK, document))
}

/// `/api` and `/apis`: with everything in one document for those who ask for that.
fn groups(core: &Core, parts: &Parts, target: &Target) -> Result<Reply, Status> {
    let listing = core.catalog.listing();
    let is_core = *target == Target::CoreVersions;
    for clause in accept::clauses(&parts.headers) {
        let asked = (clause.param("g"), clause.param("as"), clause.param("v"));
        let version = match asked {
            ("apidiscovery.k8s.io", "APIGroupDiscoveryList", "v2") => "v2",
            ("apidiscovery.k8s.io", "APIGroupDiscoveryList", "v2beta1") => "v2beta1",
            ("", "", _) => break,
            _ => continue,
        };
        if clause.covers("json") {
            return Ok(aggregated_reply(
                parts,
                version,
                &aggregated::document(&listing, is_core, version),
            ));
        }
    }
    let document = if is_core {
        legacy::core_versions(&listing)
    } else {
        legacy::groups(&listing)
    };
    Ok(Reply::value(StatusCode::OK, document).with(VARY, HeaderValue::from_static("Accept")))
}

fn aggregated_reply(parts: &Parts, version: &str, document: &Value) -> Reply {
    let text = document.to_string();
    let digest = digest(text.as_bytes());
    let media = format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
    let reply = tagged(parts, text.into(), &digest, &media);
    reply.with(VARY, HeaderValue::from_static("Accept"))
}

/// An answer with a name for its content: 304 for those who have it already.
fn tagged(parts: &Parts, content: Bytes, digest: &str, media: &str) -> Reply {
    let tag = format!("\"{digest}\"");
    let known = parts
        .headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let unchanged = known
        .flat_map(|list| list.split(','))
        .any(|one| one.trim() == tag);
    let reply = if unchanged {
        Reply::raw(StatusCode::NOT_MODIFIED, axum::body::Body::empty())
    } else {
        Reply::raw(StatusCode::OK, content.into())
    };
    let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    reply.with(CONTENT_TYPE, value(media)).with(ETAG, value(&tag))
}

/// SHA-512 in upper case, as Kubernetes names documents.
fn digest(content: &[u8]) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, content);
    hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// What is answered where nothing is known at all, not even whose business it would be.
fn nothing() -> Reply {
    Reply::text(StatusCode::NOT_FOUND, "404 page not found\n")
}

fn other(core: &Core, parts: &Parts, query: &Query) -> Result<Reply, Status> {
    let path = parts.uri.path().trim_end_matches('/');
    match path {
        "" => Ok(Reply::value(StatusCode::OK, json!({"paths": index(core)}))),
        "/version" => Ok(Reply::value(StatusCode::OK, version())),
        "/healthz" | "/livez" | "/readyz" => Ok(health(core, path, query.has("verbose"))),
        _ if path.starts_with("/openapi/") => openapi::answer(core, parts, path),
        _ => Ok(nothing()),
    }
}

/// What kubectl prints as the server's version.
pub(crate) fn version() -> Value {
    json!({
        "major": "1", "minor": "37", "gitVersion": "v1.37.2+keyside", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc", "platform": platform(),
        "emulationMajor": "1", "emulationMinor": "37", "minCompatibilityMajor": "1", "minCompatibilityMinor": "36",
    })
}

fn platform() -> String {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{}/{arch}", std::env::consts::OS)
}

/// Healthy unless the store has stopped writing or the server is stopping.
fn health(core: &Core, path: &str, verbose: bool) -> Reply {
    let checks = [
        ("ping", true),
        ("store", core.store.is_writable()),
        ("shutdown", !core.shutdown.is_cancelled()),
    ];
    let checked = |name: &str| name != "shutdown" || path != "/livez";
    let well = checks
        .iter()
        .filter(|(name, _)| checked(name))
        .all(|(_, well)| *well);
    if well && !verbose {
        return Reply::text(StatusCode::OK, "ok");
    }
    let mut text = String::new();
    for (name, well) in checks.iter().filter(|(name, _)| checked(name)) {
        let line = if *well {
            format!("[+]{name} ok\n")
        } else {
            format!("[-]{name} failed\n")
        };
        text.push_str(&line);
    }
    let name = &path[1..];
    text.push_str(&format!(
        "{name} check {}\n",
        if well { "passed" } else { "failed" }
    ));
    Reply::text(
        if well {
            StatusCode::OK
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        },
        text,
    )
}

/// All paths that lead on.
fn index(core: &Core) -> Vec<String> {
    let listing = core.catalog.listing();
    let mut paths = vec![
        "/api".to_owned(),
        "/api/v1".to_owned(),
        "/apis".to_owned(),
        "/apis/".to_owned(),
    ];
    for group in listing.groups().into_iter().filter(|group| !group.is_empty()) {
        paths.push(format!("/apis/{group}"));
        paths.extend(
            listing
                .versions(group)
                .into_iter()
                .map(|version| format!("/apis/{group}/{version}")),
        );
    }
    paths.extend(
        [
            "/healthz",
            "/livez",
            "/openapi/v2",
            "/openapi/v3",
            "/readyz",
            "/version",
        ]
        .map(str::to_owned),
    );
    paths.sort();
    paths
}
