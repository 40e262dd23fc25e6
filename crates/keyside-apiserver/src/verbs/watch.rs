//! Watching: the changes of a collection as a stream that ends when its time is up and can be resumed from any event.

mod feed;
mod frame;

use crate::accept::Encoding;
use crate::call::Call;
use crate::present::Item;
use crate::reply::Reply;
use crate::server::Body;
use crate::store::Follow;
use crate::verbs::list;
use crate::verbs::select::Selection;
use feed::Feed;
use frame::Encoder;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use keyside_apimachinery::status::{FieldError, Status};
use std::time::Duration;

/// Answers with the stream.
pub(crate) fn answer(call: Call) -> Result<Reply, Status> {
    let query = &call.query;
    let initial = query.maybe_flag("sendInitialEvents");
    check_options(initial, query.get("resourceVersionMatch"))?;
    if call.accept.encoding == Encoding::Yaml {
        let message = "only the following media types are accepted: application/json;stream=watch";
        return Err(Status::new(406, "NotAcceptable", message));
    }
    let selection = Selection::parse(&call)?;
    let from = list::revision(query.get("resourceVersion")).map_err(|wrong| Status::new(500, "", wrong))?;
    let bookmarks = query.flag("allowWatchBookmarks");
    let timeout = timeout(query.number("timeoutSeconds")?);
    let encoder = Encoder::new(&call)?;
    let start = start(&call, &selection, initial, from);
    let feed = Feed::new(
        call,
        selection,
        encoder,
        start,
        feed::Timing { bookmarks, timeout },
    );
    let stream = futures::stream::unfold(feed, |mut feed| async move {
        let chunk = feed.next().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), feed))
    });
    let json = HeaderValue::from_static("application/json");
    Ok(Reply::raw(StatusCode::OK, Body::from_stream(stream)).with(CONTENT_TYPE, json))
}

/// Where a watch begins.
pub(crate) enum Start {
    /// With these objects, then with what happens after.
    Objects {
        items: Vec<Item>,
        follow: Follow,
        /// Whether the end of the objects is marked (a streaming list).
        marked: bool,
    },
    /// With what happened after a revision.
    Revision(Follow),
    /// Not at all: that revision is gone, or has not come.
    Refused(Status),
}

fn start(call: &Call, selection: &Selection, initial: Option<bool>, from: u64) -> Start {
    let store = &call.core.store;
    if initial == Some(true) || (initial.is_none() && from == 0) {
        let newest = store.revision();
        if from > newest {
            return Start::Refused(list::too_large(from, newest));
        }
        let (revision, items) = list::all(call, selection);
        return match store.follow(selection.range(call), revision) {
            Ok(follow) => Start::Objects {
                items,
                follow,
                marked: initial == Some(true),
            },
            Err(gone) => Start::Refused(feed::expired(&gone)),
        };
    }
    let from = if from == 0 { store.revision() } else { from };
    match store.follow(selection.range(call), from) {
        Ok(follow) => Start::Revision(follow),
        Err(gone) => Start::Refused(feed::expired(&gone)),
    }
}

/// How long a watch lasts: as long as asked, else half an hour to an hour, so that not all end together.
fn timeout(seconds: Option<i64>) -> Duration {
    match seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0)
    {
        Some(seconds) => Duration::from_secs(seconds),
        None => Duration::from_secs(1800 + uuid::Uuid::new_v4().as_u64_pair().0 % 1800),
    }
}

fn check_options(initial: Option<bool>, matching: &str) -> Result<(), Status> {
    let mut errors = Vec::new();
    let field = "resourceVersionMatch";
    if initial.is_some() && matching != "NotOlderThan" {
        let detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        errors.push(FieldError::forbidden(field, detail));
    }
    if !matching.is_empty() {
        if initial.is_none() {
            let detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            errors.push(FieldError::forbidden(field, detail));
        }
        if matching != "NotOlderThan" {
            errors.push(FieldError::not_supported(field, matching, &["NotOlderThan"]));
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Status::invalid("meta.k8s.io", "ListOptions", "", &errors))
    }
}
