//! The page on the UI's port. The web UI is not part of this version; the page says so, in both languages, and what to use
//! instead. It shows nothing of the cluster and takes nothing from the reader.

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use keyside_server::metrics::{self, Metrics};
use std::sync::{Arc, OnceLock};

const PAGE: &str = include_str!("page.html");

/// The headers of every answer, errors included (security.md names them one by one).
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (HeaderName::from_static("permissions-policy"), ""),
];

/// The router of the UI's port; only requests that name this very host are answered, so that no foreign page can reach
/// it through a name of its own.
pub(super) fn router(port: u16) -> Router {
    let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        .layer(axum::middleware::from_fn(
            move |request: axum::extract::Request, next: axum::middleware::Next| {
                let known = names_us(request.headers(), &hosts);
                async move {
                    let answer = if known {
                        next.run(request).await
                    } else {
                        StatusCode::MISDIRECTED_REQUEST.into_response()
                    };
                    with_headers(answer)
                }
            },
        ))
}

fn names_us(headers: &HeaderMap, hosts: &[String]) -> bool {
    headers
        .get(header::HOST)
        .is_some_and(|host| hosts.iter().any(|known| host == known.as_str()))
}

fn with_headers(mut answer: Response) -> Response {
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
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
