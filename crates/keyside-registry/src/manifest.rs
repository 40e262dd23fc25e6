//! Reads manifests as far as a registry has to understand them: what kind, what they need, what they are about.

use serde::Deserialize;
use serde_json::Value;

use crate::digest::Digest;

/// The specification asks registries to take at least this much; more is refused.
pub(crate) const MAX_BYTES: usize = 4 * 1024 * 1024;

const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// The media type of an index, as in answers about referrers.
pub(crate) const INDEX: &str = OCI_INDEX;

/// A manifest that fits its media type.
#[derive(Debug, PartialEq)]
pub(crate) struct Manifest {
    pub(crate) media_type: &'static str,
    /// Blobs that must be there: the configuration and the layers that may be distributed.
    pub(crate) blobs: Vec<Digest>,
    /// Manifests that must be there, for an index.
    pub(crate) manifests: Vec<Digest>,
    /// The manifest this one is about.
    pub(crate) subject: Option<Digest>,
    pub(crate) artifact_type: Option<String>,
    pub(crate) annotations: Option<Value>,
}

/// Why a document is no manifest.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ManifestError {
    #[error("the document is not JSON of a manifest's form: {0}")]
    Form(String),
    #[error("the media type {0} is not supported")]
    MediaType(String),
    #[error("the document says it is {inner}, the request says it is {outer}")]
    TwoMediaTypes { inner: String, outer: String },
    #[error("schemaVersion must be 2")]
    SchemaVersion,
    #[error("{0} is no digest")]
    Digest(String),
    #[error("a document with both layers and manifests can be read in two ways")]
    Ambiguous,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: Option<u64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    annotations: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: Option<String>,
    digest: String,
    #[serde(default)]
    urls: Vec<String>,
}

impl Descriptor {
    fn digest(&self) -> Result<Digest, ManifestError> {
        Digest::parse(&self.digest).ok_or_else(|| ManifestError::Digest(self.digest.clone()))
    }

    /// Layers that the registry need not have: their owner forbids copies, and they say where they are instead.
    fn is_elsewhere(&self) -> bool {
        let kind = self.media_type.as_deref().unwrap_or_default();
        kind.contains(".nondistributable.") || kind.contains(".foreign.") || !self.urls.is_empty()
    }
}

impl Manifest {
    /// Reads a manifest; `content_type` is what the request calls it.
    pub(crate) fn read(content_type: Option<&str>, bytes: &[u8]) -> Result<Self, ManifestError> {
        let document: Document =
            serde_json::from_slice(bytes).map_err(|error| ManifestError::Form(error.to_string()))?;
        let media_type = media_type(content_type, &document)?;
        if document.schema_version != Some(2) {
            return Err(ManifestError::SchemaVersion);
        }
        if document.manifests.is_some() && (document.layers.is_some() || document.config.is_some()) {
            return Err(ManifestError::Ambiguous);
        }
        let image = matches!(media_type, OCI_IMAGE | DOCKER_IMAGE);
        if image && document.config.is_none() {
            return Err(ManifestError::Form("an image has a config".into()));
        }
        if !image && document.manifests.is_none() {
            return Err(ManifestError::Form("an index has manifests".into()));
        }
        let layers = document
            .layers
            .iter()
            .flatten()
            .filter(|layer| !layer.is_elsewhere());
        let blobs = document.config.iter().chain(layers).map(Descriptor::digest);
        let manifests = document.manifests.iter().flatten().map(Descriptor::digest);
        let config_type = document
            .config
            .as_ref()
            .and_then(|config| config.media_type.clone());
        Ok(Self {
            media_type,
            blobs: blobs.collect::<Result<_, _>>()?,
            manifests: manifests.collect::<Result<_, _>>()?,
            subject: document.subject.as_ref().map(Descriptor::digest).transpose()?,
            artifact_type: document
                .artifact_type
                .filter(|kind| !kind.is_empty())
                .or(config_type),
            annotations: document.annotations,
        })
    }
}

fn media_type(content_type: Option<&str>, document: &Document) -> Result<&'static str, ManifestError> {
    let outer = content_type
        .map(|text| {
            text.split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        })
        .filter(|text| !text.is_empty());
    let inner = document.media_type.clone();
    if let (Some(inner), Some(outer)) = (&inner, &outer)
        && inner != outer
    {
        return Err(ManifestError::TwoMediaTypes {
            inner: inner.clone(),
            outer: outer.clone(),
        });
    }
    let Some(named) = inner.or(outer) else {
        return Ok(if document.manifests.is_some() {
            OCI_INDEX
        } else {
            OCI_IMAGE
        });
    };
    [OCI_INDEX, OCI_IMAGE, DOCKER_LIST, DOCKER_IMAGE]
        .into_iter()
        .find(|known| *known == named)
        .ok_or(ManifestError::MediaType(named))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CONFIG: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn descriptor(kind: &str) -> Value {
        json!({"mediaType": kind, "digest": CONFIG, "size": 2})
    }

    fn check(content_type: Option<&str>, document: &Value) -> Result<Manifest, String> {
        Manifest::read(content_type, document.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_image_needs_its_config_and_the_layers_that_may_be_distributed() {
        let mut far = descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip");
        far["digest"] = json!(format!("sha256:{}", "0".repeat(64)));
        let layers = json!([descriptor("application/vnd.oci.image.layer.v1.tar"), far]);
        let image = json!({"schemaVersion": 2, "config": descriptor("application/x"), "layers": layers});
        let manifest = check(Some(OCI_IMAGE), &image).unwrap();
        assert_eq!(manifest.blobs.len(), 2);
        assert_eq!(manifest.media_type, OCI_IMAGE);
        assert_eq!(manifest.artifact_type.as_deref(), Some("application/x"));
    }

    #[test]
    fn the_media_type_comes_from_either_side_but_not_two_different_ones() {
        let index = json!({"schemaVersion": 2, "manifests": []});
        assert_eq!(check(None, &index).unwrap().media_type, OCI_INDEX);
        assert_eq!(
            check(
                Some("application/vnd.oci.image.index.v1+json; charset=utf-8"),
                &index
            )
            .unwrap()
            .media_type,
            OCI_INDEX
        );
        let named = json!({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": []});
        assert_eq!(check(None, &named).unwrap().media_type, DOCKER_LIST);
        insta::assert_snapshot!(check(Some(OCI_INDEX), &named).unwrap_err(), @"the document says it is application/vnd.docker.distribution.manifest.list.v2+json, the request says it is application/vnd.oci.image.index.v1+json");
        insta::assert_snapshot!(check(Some("text/html"), &index).unwrap_err(), @"the media type text/html is not supported");
    }

    #[test]
    fn documents_that_are_no_manifest_are_refused_with_the_reason() {
        let refused = |document: Value| check(None, &document).unwrap_err();
        insta::assert_snapshot!(refused(json!({"schemaVersion": 1, "manifests": []})), @"schemaVersion must be 2");
        insta::assert_snapshot!(refused(json!({"schemaVersion": 2})), @"the document is not JSON of a manifest's form: an image has a config");
        insta::assert_snapshot!(refused(json!({"schemaVersion": 2, "manifests": [], "layers": []})), @"a document with both layers and manifests can be read in two ways");
        insta::assert_snapshot!(refused(json!({"schemaVersion": 2, "config": {"digest": "sha256:1"}})), @"sha256:1 is no digest");
        assert!(Manifest::read(None, b"{").is_err());
        assert!(Manifest::read(None, b"[]").is_err());
    }
}
