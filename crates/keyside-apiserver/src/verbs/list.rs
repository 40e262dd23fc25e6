//! `GET` of a collection: all of it, or in chunks that stay consistent while others write.

use crate::call::Call;
use crate::present::{self, Item};
use crate::reply::Reply;
use crate::store::{Range, Unavailable};
use crate::verbs::select::Selection;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use keyside_apimachinery::status::{FieldError, Status};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How many objects are looked at under one lock while a selector searches.
const STRIDE: usize = 1000;

/// Answers with the objects.
pub(crate) fn answer(call: &Call) -> Result<Reply, Status> {
    let wanted = Wanted::parse(call)?;
    match find(call, &wanted) {
        Ok(found) => {
            let mut meta = json!({"resourceVersion": found.revision.to_string()});
            if let Some(token) = &found.next {
                meta["continue"] = token.as_str().into();
            }
            if let Some(remaining) = found.remaining {
                meta["remainingItemCount"] = remaining.into();
            }
            present::list(call, &found.items, meta)
        }
        Err(Failure::Status(status)) => Err(*status),
        Err(Failure::Expired(token)) => Ok(expired(&token)),
    }
}

/// What of the collection is wanted.
pub(crate) struct Wanted {
    pub(crate) selection: Selection,
    pub(crate) range: Range,
    limit: usize,
    /// Path after which to go on.
    after: String,
    /// The moment, if not now.
    at: Option<u64>,
}

/// What was found.
pub(crate) struct Found {
    pub(crate) revision: u64,
    pub(crate) items: Vec<Item>,
    next: Option<String>,
    remaining: Option<usize>,
}

enum Failure {
    Status(Box<Status>),
    /// The token to go on with, inconsistently.
    Expired(String),
}

impl Wanted {
    pub(crate) fn parse(call: &Call) -> Result<Self, Status> {
        let query = &call.query;
        let version = query.get("resourceVersion");
        let matching = query.get("resourceVersionMatch");
        let token = query.get("continue");
        check_options(query.has("sendInitialEvents"), version, matching, token)?;
        let selection = Selection::parse(call)?;
        let range = selection.range(call);
        let limit = query
            .number("limit")?
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(0);
        let newest = call.core.store.revision();
        let asked = revision(version)
            .map_err(|wrong| Status::bad_request(format!("invalid resource version: {wrong}")))?;
        if asked > newest {
            return Err(too_large(asked, newest));
        }
        let (after, at) = if token.is_empty() {
            let exact = matching == "Exact" || (matching.is_empty() && limit > 0 && asked > 0);
            (String::new(), exact.then_some(asked))
        } else {
            let token = Token::read(token)?;
            (
                format!("{}{}", range.prefix, token.start.trim_end_matches('\0')),
                u64::try_from(token.rv).ok(),
            )
        };
        Ok(Self {
            selection,
            range,
            limit,
            after,
            at,
        })
    }
}

/// Finds the objects, of one moment.
fn find(call: &Call, wanted: &Wanted) -> Result<Found, Failure> {
    let store = &call.core.store;
    let everything = wanted.selection.is_everything();
    let limit = if wanted.limit == 0 {
        usize::MAX
    } else {
        wanted.limit
    };
    let mut items = Vec::new();
    let (mut after, mut at) = (wanted.after.clone(), wanted.at);
    loop {
        let stride = if everything { limit } else { STRIDE };
        let page = store
            .page(&wanted.range, &after, stride, at)
            .map_err(|gone| unavailable(&gone, &wanted.range, &after, !wanted.after.is_empty()))?;
        at = Some(page.revision);
        let count = page.entries.len();
        for (index, (path, entry)) in page.entries.into_iter().enumerate() {
            // The next stride begins after the last object that was looked at, chosen or not.
            after.clear();
            after.push_str(&path);
            let parsed = (!everything).then(|| present::value(&call.served, &entry.value));
            if parsed
                .as_ref()
                .is_some_and(|object| !wanted.selection.matches(&call.served, object))
            {
                continue;
            }
            items.push(Item { entry, parsed });
            let more = page.more || index + 1 < count;
            if items.len() == limit && more {
                let remaining = everything.then(|| store.count(&wanted.range, &path));
                let next = Token::write(
                    &wanted.range,
                    &path,
                    i64::try_from(page.revision).unwrap_or(i64::MAX),
                );
                return Ok(Found {
                    revision: page.revision,
                    items,
                    next: Some(next),
                    remaining,
                });
            }
        }
        if !page.more {
            return Ok(Found {
                revision: page.revision,
                items,
                next: None,
                remaining: None,
            });
        }
    }
}

/// Everything that is selected now; for watches and collection deletion.
pub(crate) fn all(call: &Call, selection: &Selection) -> (u64, Vec<Item>) {
    let page = call.core.store.list(&selection.range(call));
    let everything = selection.is_everything();
    let items = page.entries.into_iter().filter_map(|(_, entry)| {
        let parsed = (!everything).then(|| present::value(&call.served, &entry.value));
        let matches = parsed
            .as_ref()
            .is_none_or(|object| selection.matches(&call.served, object));
        matches.then_some(Item { entry, parsed })
    });
    (page.revision, items.collect())
}

/// The part of a collection a request's list options name, for deleting it.
pub(crate) fn some(call: &Call) -> Result<Vec<Item>, Status> {
    match find(call, &Wanted::parse(call)?) {
        Ok(found) => Ok(found.items),
        Err(Failure::Status(status)) => Err(*status),
        Err(Failure::Expired(_)) => Err(Status::expired(GONE)),
    }
}

/// A `resourceVersion` as a number; absent is 0.
///
/// # Errors
/// What is wrong with it. Each verb has its own way to say so.
pub(crate) fn revision(text: &str) -> Result<u64, String> {
    if text.is_empty() {
        return Ok(0);
    }
    let wrong = "strconv.ParseUint: parsing";
    text.parse()
        .map_err(|_| format!("resourceVersion: Invalid value: {text:?}: {wrong} {text:?}: invalid syntax"))
}

/// 504 of a version that does not exist yet.
pub(crate) fn too_large(wanted: u64, newest: u64) -> Status {
    let message = format!("Too large resource version: {wanted}, current: {newest}");
    let mut status = Status::new(504, "Timeout", message);
    let cause = json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
    status.details = json!({"causes": [cause], "retryAfterSeconds": 1});
    status
}

const GONE: &str = "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.";

fn unavailable(gone: &Unavailable, range: &Range, after: &str, continued: bool) -> Failure {
    if gone.wanted > gone.newest {
        return Failure::Status(Box::new(too_large(gone.wanted, gone.newest)));
    }
    if continued {
        return Failure::Expired(Token::write(range, after, -1));
    }
    let message = format!(
        "The resourceVersion for the provided list is too old. ({} < {})",
        gone.wanted, gone.oldest
    );
    Failure::Status(Box::new(Status::expired(message)))
}

/// 410 with a token that goes on from the same place in today's collection.
fn expired(token: &str) -> Reply {
    let message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";
    let mut body = Status::expired(message).to_json();
    body["metadata"]["continue"] = token.into();
    Reply::value(StatusCode::GONE, body)
}

fn check_options(initial: bool, version: &str, matching: &str, token: &str) -> Result<(), Status> {
    let mut errors = Vec::new();
    let field = "resourceVersionMatch";
    if initial {
        errors.push(FieldError::forbidden(
            "sendInitialEvents",
            "sendInitialEvents is forbidden for list",
        ));
    }
    if !matching.is_empty() {
        if version.is_empty() {
            let detail = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            errors.push(FieldError::forbidden(field, detail));
        }
        if !token.is_empty() {
            errors.push(FieldError::forbidden(
                field,
                "resourceVersionMatch is forbidden when continue is provided",
            ));
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            errors.push(FieldError::not_supported(
                field,
                matching,
                &["Exact", "NotOlderThan", ""],
            ));
        }
        if matching == "Exact" && version == "0" {
            let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            errors.push(FieldError::forbidden(field, detail));
        }
    }
    if !errors.is_empty() {
        return Err(Status::invalid("meta.k8s.io", "ListOptions", "", &errors));
    }
    if !token.is_empty() && !matches!(version, "" | "0") {
        return Err(Status::bad_request(
            "specifying resource version is not allowed when using continue",
        ));
    }
    Ok(())
}

/// What a `continue` token holds; opaque to clients, and the same as Kubernetes'.
#[derive(Serialize, Deserialize)]
struct Token {
    v: String,
    rv: i64,
    start: String,
}

impl Token {
    fn write(range: &Range, last: &str, rv: i64) -> String {
        let start = format!("{}\0", last.strip_prefix(&range.prefix).unwrap_or(last));
        let token = Self {
            v: "meta.k8s.io/v1".to_owned(),
            rv,
            start,
        };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).expect("two texts and a number can be written"))
    }

    fn read(text: &str) -> Result<Self, Status> {
        let wrong = || Status::bad_request("invalid continue token: continue key is not valid");
        let bytes = URL_SAFE_NO_PAD
            .decode(text.trim_end_matches('='))
            .map_err(|_| wrong())?;
        let token: Self = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        if token.v != "meta.k8s.io/v1" {
            let sentence = "invalid continue token: continue key is not valid: server does not recognize this encoded version";
            return Err(Status::bad_request(format!("{sentence} {}", token.v)));
        }
        let climbs = token.start.split('/').any(|part| part == "..");
        if token.rv == 0 || token.start.is_empty() || climbs {
            Err(wrong())
        } else {
            Ok(token)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_a_place_and_a_moment() {
        let range = Range::new("", "pods", Some("team"));
        let token = Token::read(&Token::write(&range, "team/web", 7)).unwrap();
        assert_eq!((token.rv, token.start.as_str()), (7, "web\0"));
    }

    #[test]
    fn a_forged_token_is_refused() {
        for text in [
            "x",
            "e30",
            &URL_SAFE_NO_PAD.encode(r#"{"v":"meta.k8s.io/v1","rv":1,"start":"../a"}"#),
        ] {
            assert!(Token::read(text).is_err(), "{text}");
        }
    }

    fn check(version: &str, matching: &str, token: &str, expected: bool) {
        assert_eq!(
            check_options(false, version, matching, token).is_ok(),
            expected,
            "{version} {matching} {token}"
        );
    }

    #[test]
    fn options_that_contradict_each_other_are_refused() {
        check("", "", "", true);
        check("5", "Exact", "", true);
        check("0", "NotOlderThan", "", true);
        check("0", "Exact", "", false);
        check("", "Exact", "", false);
        check("5", "Newest", "", false);
        check("5", "", "token", false);
        check("0", "", "token", true);
    }
}
