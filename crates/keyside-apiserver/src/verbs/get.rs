//! `GET` of one object.

use crate::call::Call;
use crate::present::{self, Product};
use crate::reply::Reply;
use crate::verbs::list;
use http::StatusCode;
use keyside_apimachinery::status::Status;

/// The object as it is now. A `resourceVersion` asks for a state not older than that.
pub(crate) fn one(call: &Call) -> Result<Reply, Status> {
    let wanted =
        list::revision(call.query.get("resourceVersion")).map_err(|wrong| Status::new(500, "", wrong))?;
    let newest = call.core.store.revision();
    if wanted > newest {
        return Err(list::too_large(wanted, newest));
    }
    let entry = call.core.store.get(&call.key()).ok_or_else(|| call.not_found())?;
    present::object(call, StatusCode::OK, &Product::Stored(entry))
}
