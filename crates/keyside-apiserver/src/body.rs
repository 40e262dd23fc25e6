//! Reading request bodies, never more than allowed and never longer than allowed.

use crate::server::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use keyside_apimachinery::status::Status;
use std::time::Duration;

/// Kubernetes' limit for objects and patches.
const LIMIT: usize = 3 * 1024 * 1024;

/// Time a client has to send its body.
const PATIENCE: Duration = Duration::from_secs(30);

/// The whole body.
pub(crate) async fn read(body: Body) -> Result<Bytes, Status> {
    let collected = tokio::time::timeout(PATIENCE, Limited::new(body, LIMIT).collect()).await;
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(&format!("limit is {LIMIT}"))),
        Ok(Err(_)) => Err(Status::bad_request("the request body ended early")),
        Err(_) => Err(Status::new(
            408,
            "Timeout",
            "the request body did not arrive in time",
        )),
    }
}

/// 413.
pub(crate) fn too_large(detail: &str) -> Status {
    Status::new(
        413,
        "RequestEntityTooLarge",
        format!("Request entity too large: {detail}"),
    )
}
