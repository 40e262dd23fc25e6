//! From a name to the manifest of one platform.

use super::error::{Access, Failure};
use super::session::{Reached, Request, Session, request_failed};
use crate::call::{Answer, Call};
use crate::digest::Digest;
use crate::failure::SendError;
use crate::manifest::{ACCEPT, Descriptor, Kind, Manifest, Platform, bare_media_type, choose};
use crate::store::BlobDir;
use http::Method;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use tokio::time::{Instant, timeout_at};

/// Larger documents are no manifests. The limit of containerd.
const MANIFEST_LIMIT: usize = 4 * 1024 * 1024;
/// An index may list indexes, but not for ever.
const DEPTH: usize = 3;

/// What a name means.
pub(super) struct Resolved {
    /// Digest of what the name points to: the index if there is one.
    pub(super) digest: Digest,
    /// The manifest for the platform.
    pub(super) descriptor: Descriptor,
    pub(super) manifest: Manifest,
    /// Bytes of the documents that were read on the way.
    pub(super) size: u64,
    /// Whether an index was passed that did not say what the manifest is for.
    pub(super) unproven: bool,
}

/// Asks what the name means and reads documents until there is a manifest.
pub(super) async fn resolve(
    session: &Session<'_>,
    dir: &BlobDir,
    wanted: &Platform,
) -> Result<Resolved, Failure> {
    let deadline = session.deadline();
    let mut current = head(session, deadline).await.map_err(Failure::Resolve)?;
    let (digest, mut size, mut unproven) = (current.digest.clone(), 0, false);
    for depth in 0..=DEPTH {
        // Its registry promises the digest of the part that was signed, not of the document.
        if Kind::of(&current.media_type) == Kind::Schema1 {
            return Err(Failure::Schema1);
        }
        let document = fetch(session, dir, &current, deadline).await?;
        size += document.len() as u64;
        match Kind::of(&current.media_type) {
            Kind::Image => {
                let not_a_manifest = |_| Failure::NotAManifest(current.digest.clone());
                return Ok(Resolved {
                    digest,
                    manifest: Manifest::parse(&document).map_err(not_a_manifest)?,
                    descriptor: current,
                    size,
                    unproven,
                });
            }
            Kind::Index if depth < DEPTH => {
                let chosen =
                    choose(&document, wanted).map_err(|_| Failure::NotAManifest(current.digest.clone()))?;
                current = chosen.ok_or_else(|| Failure::Platform(current.digest.clone()))?;
                unproven |= current.platform.is_none();
            }
            Kind::Index | Kind::Schema1 | Kind::Unknown => return Err(strange(current)),
        }
    }
    Err(strange(current))
}

/// What the name points to, by the headers alone if the registry gives them.
async fn head(session: &Session<'_>, deadline: Instant) -> Result<Descriptor, Access> {
    let name = session.image.containerd_name();
    let target = session.image.identifier();
    let path = format!("{}/manifests/{target}", session.image.path());
    let reached = session
        .reach(&manifest_request(Method::HEAD, &path), deadline)
        .await?;
    let reached = match reached.opened.status {
        405 => {
            session
                .reach(&manifest_request(Method::GET, &path), deadline)
                .await?
        }
        _ => reached,
    };
    let headers = check_resolved(session, &reached, target)?;
    let asked = session
        .image
        .digest()
        .and_then(|digest| Digest::parse(digest).ok());
    let (digest, size) = match asked.or(headers.digest) {
        Some(digest) => (digest, headers.length.unwrap_or_default()),
        // Without a digest, the document itself tells it.
        None => {
            let answer = document(session, &path, deadline).await?;
            (Digest::of(&answer.body), answer.body.len() as u64)
        }
    };
    if size > MANIFEST_LIMIT as u64 {
        return Err(Access::TooLarge { size, name });
    }
    Ok(Descriptor {
        media_type: headers.media_type,
        digest,
        size,
        platform: None,
    })
}

struct Headers {
    media_type: String,
    digest: Option<Digest>,
    length: Option<u64>,
}

fn check_resolved(session: &Session<'_>, reached: &Reached, target: &str) -> Result<Headers, Access> {
    if let Some(refusal) = &reached.refusal {
        return Err(Access::Denied(refusal.clone()));
    }
    let headers = &reached.opened.headers;
    let text = |name: &str| headers.get(name)?.to_str().ok();
    match reached.opened.status {
        200..300 => Ok(Headers {
            media_type: bare_media_type(text(CONTENT_TYPE.as_str()).unwrap_or_default()),
            digest: text("docker-content-digest").and_then(|digest| Digest::parse(digest).ok()),
            length: text(CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok()),
        }),
        404 => Err(Access::NotFound(session.image.containerd_name())),
        status_code => Err(Access::Manifest {
            host: session.registry.origin().authority(),
            target: target.to_owned(),
            status_code,
        }),
    }
}

/// A document that is promised under a digest: from the store, or from the registry into it.
async fn fetch(
    session: &Session<'_>,
    dir: &BlobDir,
    wanted: &Descriptor,
    deadline: Instant,
) -> Result<Vec<u8>, Failure> {
    if wanted.size > MANIFEST_LIMIT as u64 {
        let (size, name) = (wanted.size, session.image.containerd_name());
        return Err(Failure::Fetch(Access::TooLarge { size, name }));
    }
    if let Some(known) = dir.read(&wanted.digest, MANIFEST_LIMIT as u64) {
        return Ok(known);
    }
    let path = format!("{}/manifests/{}", session.image.path(), wanted.digest);
    let answer = match document(session, &path, deadline).await {
        Err(Access::NotFound(_)) => {
            return Err(Failure::Missing {
                digest: wanted.digest.clone(),
                media_type: wanted.media_type.clone(),
            });
        }
        other => other.map_err(Failure::Fetch)?,
    };
    let found = wanted.digest.same_kind_of(&answer.body);
    if found != wanted.digest {
        return Err(Failure::Mismatch {
            part: part_of(wanted),
            expected: wanted.digest.clone(),
            found,
        });
    }
    let (dir, digest, body) = (dir.clone(), wanted.digest.clone(), answer.body.clone());
    let stored = tokio::task::spawn_blocking(move || dir.put(&digest, &body)).await;
    stored
        .map_err(std::io::Error::other)
        .flatten()
        .map_err(Failure::Store)?;
    Ok(answer.body)
}

/// Reads a whole document of the manifest endpoint.
async fn document(session: &Session<'_>, path: &str, deadline: Instant) -> Result<Answer, Access> {
    let reached = session
        .reach(&manifest_request(Method::GET, path), deadline)
        .await?;
    if let Some(refusal) = reached.refusal {
        return Err(Access::Denied(refusal));
    }
    let call = Call::api(&session.registry, Method::GET, path);
    let reading = timeout_at(deadline, reached.opened.read(MANIFEST_LIMIT)).await;
    let answer = match reading {
        Ok(answer) => answer.map_err(|error| request_failed(&call, error))?,
        Err(_) => return Err(request_failed(&call, SendError::Timeout)),
    };
    match answer.status {
        200..300 => Ok(answer),
        404 => Err(Access::NotFound(session.image.containerd_name())),
        status_code => Err(Access::Content {
            url: call.url().to_string(),
            status_code,
            message: session.server_message(&answer),
            blob: false,
        }),
    }
}

fn manifest_request(method: Method, path: &str) -> Request<'_> {
    Request {
        method,
        path,
        accept: Some(ACCEPT),
        from: 0,
        is_content: false,
    }
}

fn part_of(descriptor: &Descriptor) -> &'static str {
    match Kind::of(&descriptor.media_type) {
        Kind::Index => "index",
        _ => "manifest",
    }
}

/// Neither index nor manifest. A web page is the usual case: a login page or a proxy's.
fn strange(found: Descriptor) -> Failure {
    if found.media_type == "text/html" {
        return Failure::Page(found.digest);
    }
    let printable = |letter: &char| letter.is_ascii_graphic();
    Failure::MediaType {
        media_type: found.media_type.chars().filter(printable).take(64).collect(),
        digest: found.digest,
    }
}
