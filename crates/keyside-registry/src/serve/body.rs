//! Bodies of requests: small ones whole, large ones as they come, none for ever.

use std::error::Error;
use std::io::{Error as IoError, ErrorKind};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, TryStreamExt as _};
use http::StatusCode;

use crate::content::Incoming;
use crate::error::Refusal;

/// A client that sends nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// A small body has to be here by then.
const PATIENCE: Duration = Duration::from_secs(30);

/// A large body, piece by piece; silence breaks it off.
pub(super) fn incoming(body: Body) -> Incoming {
    let pieces = futures::stream::try_unfold(body.into_data_stream(), |mut body| async move {
        let next = tokio::time::timeout(SILENCE, body.next()).await;
        let next = next.map_err(|_| IoError::from(ErrorKind::TimedOut))?;
        let piece = next.transpose()?;
        Ok::<_, Box<dyn Error + Send + Sync>>(piece.map(|piece| (piece, body)))
    });
    pieces.boxed()
}

/// A whole body of at most so many bytes.
pub(super) async fn collect(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let collected = tokio::time::timeout(PATIENCE, gather(body, limit)).await;
    collected.unwrap_or_else(|_| {
        let status = StatusCode::REQUEST_TIMEOUT;
        Err(Refusal::new(status, "UNKNOWN", "the body did not arrive in time"))
    })
}

async fn gather(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let mut pieces = body.into_data_stream();
    let mut whole = BytesMut::new();
    while let Some(piece) = pieces.try_next().await.map_err(|_| broken())? {
        if whole.len() + piece.len() > limit {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return Err(Refusal::new(
                status,
                "SIZE_INVALID",
                format!("the body is larger than {limit} bytes"),
            ));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

fn broken() -> Refusal {
    Refusal::bad("UNKNOWN", "the body broke off")
}
