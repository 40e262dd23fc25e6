//! Manifests and indexes: what an image consists of, and which of its variants fits a platform.

use crate::digest::Digest;
use serde::Deserialize;
use std::fmt;

/// What is asked for. All four, because a registry that serves a type which is not listed answers "not found".
pub(crate) const ACCEPT: &str = concat!(
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, ",
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
);

const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFESTS: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
const SCHEMA_1: [&str; 2] = [
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
];

/// The format of a document, as its media type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Index,
    Image,
    Schema1,
    Unknown,
}

impl Kind {
    pub(crate) fn of(media_type: &str) -> Self {
        match media_type {
            known if INDEXES.contains(&known) => Self::Index,
            known if MANIFESTS.contains(&known) => Self::Image,
            known if SCHEMA_1.contains(&known) => Self::Schema1,
            _ => Self::Unknown,
        }
    }
}

/// A `Content-Type` without its parameters, in lower case.
pub(crate) fn bare_media_type(content_type: &str) -> String {
    let bare = content_type.split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}

/// Operating system and processor an image is built for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64`, in Go's words.
    pub architecture: String,
    /// `v7`, `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// Linux on the processor that this program was built for.
    pub fn host() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" => "ppc64le",
            "loongarch64" => "loong64",
            other => other,
        };
        Self::new("linux", architecture)
    }

    /// A platform without variant.
    pub fn new(os: &str, architecture: &str) -> Self {
        Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: None,
        }
    }

    /// Whether something built for `other` runs here.
    pub(crate) fn runs(&self, other: &Self) -> bool {
        self.suits(other).is_some()
    }

    /// How well something built for `other` runs here: the higher the better, none if not at all.
    fn suits(&self, other: &Self) -> Option<u32> {
        if self.os != other.os || self.architecture != other.architecture {
            return None;
        }
        let (own, built) = (self.level(), other.level());
        (built <= own).then_some(built)
    }

    /// The variant as a number. Without one it is what the architecture began with; on ARM, what its distributions build for.
    fn level(&self) -> u32 {
        let written = self
            .variant
            .as_deref()
            .and_then(|variant| variant.strip_prefix('v'));
        let usual = match self.architecture.as_str() {
            "arm" => 7,
            "arm64" => 8,
            _ => 1,
        };
        written.and_then(|number| number.parse().ok()).unwrap_or(usual)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant
            .iter()
            .try_for_each(|variant| write!(f, "/{variant}"))
    }
}

/// A reference to content, with what is promised about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// What the content is.
    pub media_type: String,
    /// Its name.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    pub(crate) platform: Option<Platform>,
}

/// The document of an image for one platform.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
}

/// A document does not say what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a manifest")]
pub(crate) struct NotAManifest;

impl Manifest {
    pub(crate) fn parse(document: &[u8]) -> Result<Self, NotAManifest> {
        #[derive(Deserialize)]
        struct Raw {
            config: RawDescriptor,
            layers: Vec<RawDescriptor>,
        }
        let raw: Raw = serde_json::from_slice(document).map_err(|_| NotAManifest)?;
        Ok(Self {
            config: raw.config.check()?,
            layers: raw
                .layers
                .into_iter()
                .map(RawDescriptor::check)
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Picks from an index what fits a platform best. Something without a platform is the last resort: it may turn out to fit.
pub(crate) fn choose(index: &[u8], wanted: &Platform) -> Result<Option<Descriptor>, NotAManifest> {
    #[derive(Deserialize)]
    struct Raw {
        manifests: Vec<RawDescriptor>,
    }
    let raw: Raw = serde_json::from_slice(index).map_err(|_| NotAManifest)?;
    let mut best: Option<(u32, Descriptor)> = None;
    for entry in raw.manifests {
        // Other artifacts in an index are none of our business, so their flaws are not either.
        let Ok(entry) = entry.check() else { continue };
        let score = match &entry.platform {
            _ if !matches!(Kind::of(&entry.media_type), Kind::Image | Kind::Index) => None,
            Some(platform) => wanted.suits(platform),
            None => Some(0),
        };
        let Some(score) = score else { continue };
        if best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, entry));
        }
    }
    Ok(best.map(|(_, entry)| entry))
}

/// The platform that an image's config names.
pub(crate) fn platform_of_config(config: &[u8]) -> Option<Platform> {
    serde_json::from_slice(config).ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    /// Kept loose: an index may hold platforms of other kinds of systems.
    #[serde(default)]
    platform: Option<serde_json::Value>,
}

impl RawDescriptor {
    fn check(self) -> Result<Descriptor, NotAManifest> {
        let platform = self.platform.filter(|platform| !platform.is_null());
        Ok(Descriptor {
            media_type: self.media_type,
            digest: Digest::parse(&self.digest).map_err(|_| NotAManifest)?,
            size: self.size,
            platform: platform
                .map(|platform| serde_json::from_value(platform).unwrap_or_else(|_| Platform::new("", ""))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(letter: char, platform: Option<(&str, &str, Option<&str>)>) -> serde_json::Value {
        let mut entry = json!({
            "mediaType": MANIFESTS[0],
            "digest": format!("sha256:{}", letter.to_string().repeat(64)),
            "size": 7,
        });
        if let Some((os, architecture, variant)) = platform {
            entry["platform"] = json!({"os": os, "architecture": architecture});
            if let Some(variant) = variant {
                entry["platform"]["variant"] = json!(variant);
            }
        }
        entry
    }

    fn chosen(entries: &[serde_json::Value], wanted: &Platform) -> Option<char> {
        let index = serde_json::to_vec(&json!({"manifests": entries})).unwrap();
        choose(&index, wanted).unwrap()?.digest.hex().chars().next()
    }

    fn arm(variant: &str) -> Platform {
        Platform {
            variant: Some(variant.to_owned()),
            ..Platform::new("linux", "arm")
        }
    }

    #[test]
    fn the_best_variant_that_still_runs_is_chosen() {
        let entries = [
            entry('a', Some(("linux", "arm", Some("v5")))),
            entry('b', Some(("linux", "arm", Some("v7")))),
            entry('c', Some(("linux", "arm", Some("v6")))),
            entry('d', Some(("linux", "amd64", None))),
            entry('e', Some(("linux", "amd64", Some("v3")))),
            entry('f', Some(("windows", "amd64", None))),
        ];
        assert_eq!(chosen(&entries, &arm("v7")), Some('b'));
        assert_eq!(chosen(&entries, &arm("v6")), Some('c'));
        assert_eq!(chosen(&entries, &Platform::new("linux", "arm")), Some('b'));
        assert_eq!(chosen(&entries, &Platform::new("linux", "amd64")), Some('d'));
        assert_eq!(chosen(&entries, &Platform::new("linux", "s390x")), None);
    }

    #[test]
    fn what_names_no_platform_is_the_last_resort() {
        let amd64 = Platform::new("linux", "amd64");
        let any = entry('a', None);
        assert_eq!(chosen(std::slice::from_ref(&any), &amd64), Some('a'));
        assert_eq!(
            chosen(&[any, entry('b', Some(("linux", "amd64", None)))], &amd64),
            Some('b')
        );
        assert_eq!(
            chosen(&[entry('c', Some(("unknown", "unknown", None)))], &amd64),
            None,
            "an attestation"
        );
    }

    #[test]
    fn flawed_documents_are_refused() {
        for document in [
            "",
            "[]",
            "{}",
            r#"{"config":{"digest":"sha256:../x","size":1},"layers":[]}"#,
            r#"{"config":1,"layers":[]}"#,
        ] {
            assert!(Manifest::parse(document.as_bytes()).is_err(), "{document}");
        }
        let negative = format!(
            r#"{{"config":{{"digest":"sha256:{}","size":-1}},"layers":[]}}"#,
            "a".repeat(64)
        );
        assert!(Manifest::parse(negative.as_bytes()).is_err());
        assert!(choose(b"<html>", &Platform::host()).is_err());
    }
}
