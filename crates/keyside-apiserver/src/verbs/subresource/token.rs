//! `serviceaccounts/token`: a bound token for a service account.

use crate::auth::questions;
use crate::body;
use crate::call::Call;
use crate::reply::Reply;
use crate::server::Body;
use crate::verbs::decode;
use http::StatusCode;
use keyside_apimachinery::status::Status;

/// Issues a token.
pub(super) async fn answer(call: &Call, body: Body) -> Result<Reply, Status> {
    let (request, _) = decode::document(call, &body::read(body).await?)?;
    let entry = call.core.store.get(&call.key()).ok_or_else(|| call.not_found())?;
    let issued = questions::token(&call.core, &call.user, &entry.object(), request).await?;
    Ok(Reply::value(StatusCode::CREATED, issued))
}
