//! Styles, script and icon: compiled in, named by their content, so that a browser may keep them for ever.

use axum::response::{IntoResponse, Response};
use http::header;
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

/// One file.
pub(super) struct Asset {
    /// Where it is served, with the first digits of its digest in the name.
    pub(super) path: String,
    content_type: &'static str,
    body: &'static str,
}

/// All files.
pub(super) struct Assets {
    pub(super) style: Asset,
    pub(super) script: Asset,
    pub(super) icon: Asset,
}

/// The files of this build.
pub(super) static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: Asset::new(
        "style",
        "css",
        "text/css; charset=utf-8",
        include_str!("assets/style.css"),
    ),
    script: Asset::new(
        "script",
        "js",
        "text/javascript; charset=utf-8",
        include_str!("assets/script.js"),
    ),
    icon: Asset::new("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")),
});

impl Asset {
    fn new(stem: &str, end: &str, content_type: &'static str, body: &'static str) -> Self {
        let digest: String = Sha256::digest(body)
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            path: format!("/assets/{stem}-{digest}.{end}"),
            content_type,
            body,
        }
    }
}

/// The file at a path.
pub(super) fn serve(path: &str) -> Option<Response> {
    let all = &*ASSETS;
    let asset = [&all.style, &all.script, &all.icon]
        .into_iter()
        .find(|asset| asset.path == path)?;
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Some((headers, asset.body).into_response())
}
