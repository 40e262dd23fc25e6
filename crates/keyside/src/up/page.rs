//! The page on the metrics' port.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use keyside_server::metrics::{self, Metrics};
use std::sync::{Arc, OnceLock};

fn names_us(headers: &HeaderMap, hosts: &[String]) -> bool {
    headers
        .get(header::HOST)
        .is_some_and(|host| hosts.iter().any(|known| host == known.as_str()))
}

/// The router of the metrics' port. `source` is set once keyside runs.
pub(super) fn metrics(port: u16, source: Arc<OnceLock<Metrics>>) -> Router {
    let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let answer = |headers: HeaderMap| async move {
        if !names_us(&headers, &hosts) {
            return StatusCode::MISDIRECTED_REQUEST.into_response();
        }
        match source.get() {
            Some(metrics) => {
                ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics.render()).into_response()
            }
            None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    };
    Router::new().route("/metrics", get(answer))
}
