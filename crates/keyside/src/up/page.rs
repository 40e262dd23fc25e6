//! The page on the metrics' port.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

fn names_us(headers: &HeaderMap, hosts: &[String]) -> bool {
    headers
        .get(header::HOST)
        .is_some_and(|host| hosts.iter().any(|known| host == known.as_str()))
}

/// The router of the metrics' port: what the process itself knows, in Prometheus' text form.
pub(super) fn metrics(port: u16) -> Router {
    let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let answer = |headers: HeaderMap| async move {
        if !names_us(&headers, &hosts) {
            return StatusCode::MISDIRECTED_REQUEST.into_response();
        }
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], process()).into_response()
    };
    Router::new().route("/metrics", get(answer))
}

fn process() -> String {
    let resident = resident_bytes().unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "# HELP keyside_build_info The version that runs.\n# TYPE keyside_build_info gauge\nkeyside_build_info{{version=\"{version}\"}} 1\n\
         # HELP process_resident_memory_bytes Resident memory.\n# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {resident}\n"
    )
}

/// `VmRSS` of this process.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}
