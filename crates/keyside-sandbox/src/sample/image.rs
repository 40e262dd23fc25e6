//! What the sample image consists of.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

const README: &str =
    "This is keyside's sample image. It is pulled and checked like any other, and never run.\n";
const OS_RELEASE: &str = "NAME=\"keyside sample\"\nID=keyside-sample\nVERSION_ID=1\n";
const SCRIPT: &str = "#!/bin/sh\necho \"hello from the keyside sample image\"\n";
/// Bytes of the layer that does not compress, so that a download takes more than one packet.
const NOISE: usize = 256 * 1024;

/// Some content and its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// `sha256:…`.
    pub digest: String,
    /// The content.
    pub content: Bytes,
}

impl Blob {
    fn new(content: Vec<u8>) -> Self {
        Self {
            digest: digest(&content),
            content: content.into(),
        }
    }
}

/// An image: a manifest, and what it lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The manifest, an OCI image manifest.
    pub manifest: Blob,
    /// Config and layers.
    pub blobs: Vec<Blob>,
}

impl Image {
    /// The sample image. `variant` becomes a file of the last layer: another variant is another image with the same base.
    #[must_use]
    pub fn sample(variant: &str) -> Self {
        let files = [
            vec![
                ("etc/os-release", OS_RELEASE.as_bytes().to_vec(), 0o644),
                ("README", README.as_bytes().to_vec(), 0o644),
            ],
            vec![("usr/share/sample/noise.bin", noise(), 0o644)],
            vec![("usr/bin/hello", SCRIPT.as_bytes().to_vec(), 0o755)],
            vec![("etc/sample-variant", format!("{variant}\n").into_bytes(), 0o644)],
        ];
        let archives: Vec<Vec<u8>> = files.into_iter().map(|files| archive(&files)).collect();
        let diff_ids: Vec<String> = archives.iter().map(|archive| digest(archive)).collect();
        let layers: Vec<Blob> = archives
            .iter()
            .map(|archive| Blob::new(compress(archive)))
            .collect();
        // Tools that convert images want to know of each layer where it came from.
        let history =
            vec![json!({"created": "1970-01-01T00:00:00Z", "created_by": "keyside sample"}); layers.len()];
        let config = Blob::new(
            json!({
                "architecture": architecture(), "os": "linux", "created": "1970-01-01T00:00:00Z",
                "config": { "Cmd": ["/usr/bin/hello"], "Labels": { "org.opencontainers.image.title": "keyside sample" } },
                "rootfs": { "type": "layers", "diff_ids": diff_ids },
                "history": history,
            })
            .to_string()
            .into_bytes(),
        );
        let descriptor = |kind: &str, blob: &Blob| json!({ "mediaType": kind, "digest": blob.digest, "size": blob.content.len() });
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor(CONFIG, &config),
            "layers": layers.iter().map(|layer| descriptor(LAYER, layer)).collect::<Vec<_>>(),
        });
        let blobs = std::iter::once(config).chain(layers).collect();
        Self {
            manifest: Blob::new(manifest.to_string().into_bytes()),
            blobs,
        }
    }
}

fn digest(content: &[u8]) -> String {
    let hex: String = Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// A tar archive without times, owners or anything else that could differ.
fn archive(files: &[(&str, Vec<u8>, u32)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content, mode) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(*mode);
        header.set_mtime(0);
        archive
            .append_data(&mut header, path, content.as_slice())
            .expect("writing into memory cannot fail, and the names are short");
    }
    archive.into_inner().expect("writing into memory cannot fail")
}

fn compress(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(content)
        .expect("writing into memory cannot fail");
    encoder.finish().expect("writing into memory cannot fail")
}

/// Bytes that look random and are always the same (xorshift).
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(NOISE);
    while bytes.len() < NOISE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn the_image_is_always_the_same_and_a_variant_differs_in_one_layer() {
        let image = Image::sample("1");
        assert_eq!(image, Image::sample("1"));
        let other = Image::sample("2");
        let shared = image
            .blobs
            .iter()
            .filter(|blob| other.blobs.contains(blob))
            .count();
        assert_eq!(
            (image.blobs.len(), shared),
            (5, 3),
            "config and last layer differ"
        );
        let size: usize = image.blobs.iter().map(|blob| blob.content.len()).sum();
        assert!((200_000..600_000).contains(&size), "{size}");
    }

    #[test]
    fn diff_ids_are_the_digests_of_the_unpacked_layers() {
        let image = Image::sample("1");
        let config: serde_json::Value = serde_json::from_slice(&image.blobs[0].content).unwrap();
        for (layer, diff_id) in image.blobs[1..]
            .iter()
            .zip(config["rootfs"]["diff_ids"].as_array().unwrap())
        {
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(&*layer.content)
                .read_to_end(&mut unpacked)
                .unwrap();
            assert_eq!(digest(&unpacked), diff_id.as_str().unwrap());
        }
    }
}
