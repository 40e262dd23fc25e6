//! `PUT` of an object.

use crate::body;
use crate::call::Call;
use crate::present;
use crate::reply::Reply;
use crate::server::Body;
use crate::verbs::options::WriteOptions;
use crate::verbs::write::{self, Change};
use crate::verbs::{conduct, decode};
use http::StatusCode;
use keyside_apimachinery::status::Status;
use serde_json::Value;

/// Replaces an object by the one in the body.
pub(crate) async fn answer(call: &Call, body: Body) -> Result<Reply, Status> {
    let options = WriteOptions::parse(&call.query, "UpdateOptions", false)?;
    let body = body::read(body).await?;
    let object = decode::object(call, &body, options.validation)?;
    let may_create = call.subresource.is_empty() && conduct::creates_on_update(&call.served.resource);
    let source = |_: Option<&Value>| Ok(object.clone());
    let change = Change {
        source: &source,
        options: &options,
        may_create,
        tracked: false,
        patches: false,
    };
    let (product, created) = write::change(call, &change).await?;
    present::object(
        call,
        if created {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        },
        &product,
    )
}
