//! What is asked about a pod that fails: the same question, with the same checks behind it, as that of `keyside explain`, from memory.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use keyside_api::label;
use keyside_core::diagnose::{Word, words};
use keyside_core::explain::{Observed, Question};
use kube::ResourceExt;

/// What has to be known of a pod, so that it can be asked again when something has changed.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    image: String,
    container: Option<String>,
    listed: Vec<String>,
    injected: Vec<String>,
    exists: bool,
    word: Word,
}

impl Asked {
    /// From the pod, if it may be read, and from what the node says.
    pub(super) fn new(pod: Option<&Pod>, word: Word) -> Option<Self> {
        let spec = pod.and_then(|pod| pod.spec.as_ref());
        let image = match words::image_of(&word.message) {
            Some(image) => image.to_owned(),
            // Such as a Secret that cannot be read: it stops all images alike.
            None => spec?.containers.first()?.image.clone()?,
        };
        let mut containers = spec.into_iter().flat_map(|spec| &spec.containers);
        let container = containers.find(|one| one.image.as_ref() == Some(&image));
        let listed = spec.and_then(|spec| spec.image_pull_secrets.clone());
        let listed = listed.unwrap_or_default().into_iter();
        let injected = pod.and_then(|pod| pod.annotations().get(label::INJECTED));
        let injected = injected.map(String::as_str).unwrap_or_default().split(',');
        Some(Self {
            container: container.map(|container| container.name.clone()),
            listed: listed.map(|reference| reference.name).collect(),
            injected: injected
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            // Without the right to read it nobody knows what it lists: then it is taken for one that is made now.
            exists: pod.is_some(),
            image,
            word,
        })
    }

    /// The question about the pod of this name, as long as it waits.
    pub(super) fn question<'a>(&'a self, namespace: &'a str, name: &'a str) -> Question<'a> {
        Question {
            namespace,
            image: &self.image,
            pod: Some(name),
            listed: self.listed.clone(),
            injected: self.injected.clone(),
            exists: self.exists,
            container: self.container.as_deref(),
            observed: Some(Observed::Waiting("ErrImagePull".to_owned())),
            node: vec![self.word.clone()],
            ..Question::default()
        }
    }

    /// When the node said so last.
    pub(super) fn at(&self) -> Option<Timestamp> {
        self.word.at
    }

    /// It has said so again.
    pub(super) fn again(&mut self, at: Option<Timestamp>) {
        self.word.at = self.word.at.max(at);
    }
}
