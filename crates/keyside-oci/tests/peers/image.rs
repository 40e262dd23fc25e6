//! A small image in memory, and the honest answers of a registry that has it.

use crate::layout::MANIFEST;
use crate::server::{Reply, Seen};
use keyside_oci::Digest;
use serde_json::json;

/// An image with one layer, in the repository `team/app`.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) manifest: Vec<u8>,
    pub(crate) config: Vec<u8>,
    pub(crate) layer: Vec<u8>,
}

impl Image {
    pub(crate) fn new(layer_size: usize) -> Self {
        let layer: Vec<u8> = (0..layer_size)
            .map(|place| (place * 7 + place / 256) as u8)
            .collect();
        Self::with_layer(layer, layer_size)
    }

    /// An image whose manifest promises another size than the layer has.
    pub(crate) fn with_layer(layer: Vec<u8>, promised: usize) -> Self {
        let config = br#"{"os":"linux","architecture":"amd64"}"#.to_vec();
        let described = |content: &[u8], size: usize, media_type: &str| json!({"mediaType": media_type, "digest": Digest::of(content).as_str(), "size": size});
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described(&config, config.len(), "application/vnd.oci.image.config.v1+json"),
            "layers": [described(&layer, promised, "application/vnd.oci.image.layer.v1.tar")],
        });
        Self {
            manifest: manifest.to_string().into_bytes(),
            config,
            layer,
        }
    }

    pub(crate) fn layer_path(&self) -> String {
        format!("/v2/team/app/blobs/{}", Digest::of(&self.layer))
    }

    /// What an honest registry answers.
    pub(crate) fn answer(&self, seen: &Seen) -> Reply {
        let digest = Digest::of(&self.manifest);
        let config = format!("/v2/team/app/blobs/{}", Digest::of(&self.config));
        let by_digest = format!("/v2/team/app/manifests/{digest}");
        match seen.target.as_str() {
            target if target == "/v2/team/app/manifests/1" || target == by_digest => {
                let headers = [
                    ("Content-Type", MANIFEST),
                    ("Docker-Content-Digest", digest.as_str()),
                ];
                seen.answer(200, &headers, &self.manifest)
            }
            target if target == config => seen.answer(200, &[], &self.config),
            target if target == self.layer_path() => seen.answer(200, &[], &self.layer),
            _ => seen.answer(404, &[], b""),
        }
    }
}
