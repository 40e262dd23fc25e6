//! A pod as far as injection reads it: borrowed from the text of the review, so that nothing else of a big pod is built.

use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The parts of a pod that matter here. Whatever is null counts as absent.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Pod<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    metadata: Metadata<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    spec: Spec<'a>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    labels: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    #[serde(borrow, default)]
    annotations: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    #[serde(borrow, default)]
    service_account_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    image_pull_secrets: Option<Vec<Named<'a>>>,
    #[serde(borrow, default)]
    volumes: Option<Vec<Volume<'a>>>,
    #[serde(borrow, default)]
    init_containers: Option<Vec<Container<'a>>>,
    #[serde(borrow, default)]
    containers: Option<Vec<Container<'a>>>,
    #[serde(borrow, default)]
    ephemeral_containers: Option<Vec<Container<'a>>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Container<'a> {
    #[serde(borrow, default)]
    image: Option<Cow<'a, str>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Volume<'a> {
    #[serde(borrow, default)]
    image: Option<ImageVolume<'a>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct ImageVolume<'a> {
    #[serde(borrow, default)]
    reference: Option<Cow<'a, str>>,
}

fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

impl<'a> Pod<'a> {
    /// Reads a pod from its JSON.
    ///
    /// # Errors
    /// It is no pod.
    pub fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// Every image the pod refers to, in the order in which a kubelet pulls them: image volumes, ephemeral containers,
    /// init containers, containers. One may stand several times.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        let spec = &self.spec;
        let volumes = spec
            .volumes
            .iter()
            .flatten()
            .filter_map(|volume| volume.image.as_ref()?.reference.as_deref());
        let containers = [
            &spec.ephemeral_containers,
            &spec.init_containers,
            &spec.containers,
        ];
        let containers = containers
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|container| container.image.as_deref());
        volumes.chain(containers).filter(|image| !image.is_empty())
    }

    /// The names in `spec.imagePullSecrets`, in their order.
    pub fn pull_secrets(&self) -> impl Iterator<Item = &str> {
        self.spec
            .image_pull_secrets
            .iter()
            .flatten()
            .filter_map(|named| named.name.as_deref())
    }

    /// The `ServiceAccount`; `default` if none is named.
    pub fn service_account(&self) -> &str {
        self.spec
            .service_account_name
            .as_deref()
            .filter(|name| !name.is_empty())
            .unwrap_or("default")
    }

    pub(super) fn has_pull_secret_list(&self) -> bool {
        self.spec.image_pull_secrets.is_some()
    }

    pub(super) fn has_annotations(&self) -> bool {
        self.metadata.annotations.is_some()
    }

    /// An annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata.annotations.as_ref()?.get(key).map(AsRef::as_ref)
    }

    /// A label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.metadata.labels.as_ref()?.get(key).map(AsRef::as_ref)
    }
}
