//! An OCI image layout on disk (image-spec, "OCI Image Layout"): blobs by digest, and an index that names the image.

use super::root::Layer;
use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Images have no time of their own: the same content is the same image.
const CREATED: &str = "1970-01-01T00:00:00Z";

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A layout while it is written.
pub(super) struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// An empty layout in a folder that is made, or emptied if it is one.
    pub(super) fn create(folder: &Path) -> Result<Self> {
        if folder.join("oci-layout").exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        let blobs = folder.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).with_context(|| format!("cannot make {}", blobs.display()))?;
        let layout = Self {
            folder: folder.to_path_buf(),
        };
        layout.put("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(layout)
    }

    /// Writes an image under a tag; returns the digest of its manifest.
    pub(super) fn image(
        &mut self,
        layers: Vec<Layer>,
        config: &Value,
        architecture: &str,
        tag: &str,
    ) -> Result<String> {
        let mut contents = Vec::new();
        let mut descriptors = Vec::new();
        for layer in layers {
            let archive = layer.finish()?;
            contents.push(digest(&archive));
            let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
            descriptors.push(self.blob(kind, &packed(&archive)?)?);
        }
        let history: Vec<Value> = ["base", "keyside"]
            .iter()
            .map(|part| json!({"created": CREATED, "created_by": format!("cargo e2e image ({part})")}))
            .collect();
        let config = json!({
            "architecture": architecture, "os": "linux", "created": CREATED, "config": config,
            "rootfs": {"type": "layers", "diff_ids": contents}, "history": history,
        });
        let config = self.blob(
            "application/vnd.oci.image.config.v1+json",
            config.to_string().as_bytes(),
        )?;
        let manifest =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": descriptors});
        let mut manifest = self.blob(MANIFEST, manifest.to_string().as_bytes())?;
        let named = manifest["digest"].as_str().unwrap_or_default().to_owned();
        manifest["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        manifest["platform"] = json!({"architecture": architecture, "os": "linux"});
        let index = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [manifest],
        });
        self.put("index.json", index.to_string().as_bytes())?;
        Ok(named)
    }

    /// Writes a blob and describes it.
    fn blob(&self, media_type: &str, content: &[u8]) -> Result<Value> {
        let digest = digest(content);
        self.put(&format!("blobs/{}", digest.replace(':', "/")), content)?;
        Ok(json!({"mediaType": media_type, "digest": digest, "size": content.len()}))
    }

    fn put(&self, name: &str, content: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn digest(content: &[u8]) -> String {
    let hex: String = Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}

/// More bytes than this have only builds that are not optimised, for a test bed next door: there time counts, not size.
const UNOPTIMISED: usize = 64 << 20;

/// Packed without a name and a time.
fn packed(archive: &[u8]) -> Result<Vec<u8>> {
    let level = if archive.len() > UNOPTIMISED {
        Compression::fast()
    } else {
        Compression::best()
    };
    let mut packer = GzBuilder::new().mtime(0).write(Vec::new(), level);
    packer.write_all(archive).context("cannot pack the layer")?;
    packer.finish().context("cannot pack the layer")
}
