//! Images written by hand, as OCI image layouts.

use keyside_oci::Digest;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// A folder with one image, which is an index of one or more platforms.
pub(crate) struct Layout {
    folder: tempfile::TempDir,
    /// Digest of each platform's config, in order.
    pub(crate) configs: Vec<Digest>,
    pub(crate) index: Digest,
}

impl Layout {
    /// One variant for each processor, all with layers of the given sizes.
    pub(crate) fn write(architectures: &[&str], layer_sizes: &[usize]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
        fs::write(
            folder.path().join("oci-layout"),
            r#"{"imageLayoutVersion":"1.0.0"}"#,
        )
        .unwrap();
        let mut layout = Self {
            folder,
            configs: Vec::new(),
            index: Digest::of(b""),
        };
        let manifests: Vec<Value> = architectures
            .iter()
            .map(|name| layout.variant(name, layer_sizes))
            .collect();
        let document = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
        let index = layout.blob(INDEX, document.to_string().as_bytes());
        layout.index = Digest::parse(index["digest"].as_str().unwrap()).unwrap();
        let mut top = index;
        top["annotations"] = json!({"org.opencontainers.image.ref.name": "1"});
        let top = json!({"schemaVersion": 2, "manifests": [top]});
        fs::write(layout.folder.path().join("index.json"), top.to_string()).unwrap();
        layout
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.folder.path().join("blobs/sha256").join(digest.hex())
    }

    fn variant(&mut self, architecture: &str, layer_sizes: &[usize]) -> Value {
        let layers: Vec<Value> = layer_sizes
            .iter()
            .enumerate()
            .map(|(at, size)| self.layer(at, *size))
            .collect();
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|layer| layer["digest"].clone()).collect::<Vec<_>>()},
        });
        let config = self.blob(CONFIG, config.to_string().as_bytes());
        self.configs
            .push(Digest::parse(config["digest"].as_str().unwrap()).unwrap());
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        let mut manifest = self.blob(MANIFEST, manifest.to_string().as_bytes());
        manifest["platform"] = json!({"os": "linux", "architecture": architecture});
        manifest
    }

    fn layer(&self, at: usize, size: usize) -> Value {
        let seed = u8::try_from(at).unwrap();
        let content: Vec<u8> = (0..size)
            .map(|place| (place / 251) as u8 ^ (place as u8).wrapping_add(seed))
            .collect();
        self.blob(LAYER, &content)
    }

    fn blob(&self, media_type: &str, content: &[u8]) -> Value {
        let digest = Digest::of(content);
        fs::write(self.blob_path(&digest), content).unwrap();
        json!({"mediaType": media_type, "digest": digest.as_str(), "size": content.len()})
    }
}
