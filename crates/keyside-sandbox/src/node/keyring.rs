//! The credentials of one pod: the Secrets it lists, in its order, read as the kubelet reads them.

use super::records::SecretProof;
use k8s_openapi::api::core::v1::Secret;
use keyside_keychain::{Credential, Keyring, Reference};
use std::sync::Arc;

/// The pod's keyring, or why no image of the pod can be pulled at all: one document that cannot be read breaks every pull.
#[derive(Debug, Clone)]
pub(crate) struct PodKeyring(Result<Keyring<Arc<Source>>, String>);

/// Where a credential comes from.
#[derive(Debug)]
struct Source {
    namespace: String,
    name: String,
    uid: String,
}

/// One credential to try, and how a success with it is remembered.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) credential: Credential,
    pub(crate) proof: SecretProof,
}

impl PodKeyring {
    /// Reads the Secrets of a pod. They are read anew for each attempt: what counts is what a Secret holds then.
    pub(crate) fn read<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut ring = Keyring::new();
        for secret in secrets {
            if let Err(broken) = add(&mut ring, secret) {
                return Self(Err(broken));
            }
        }
        Self(Ok(ring))
    }

    /// The credentials for an image, in the order the kubelet tries them. None at all means one anonymous pull.
    pub(crate) fn candidates(&self, image: &Reference) -> Result<Vec<Candidate>, String> {
        let ring = self.0.as_ref().map_err(Clone::clone)?;
        let candidate = |credential: &Credential, source: &Source| Candidate {
            credential: credential.clone(),
            proof: SecretProof {
                namespace: source.namespace.clone(),
                name: source.name.clone(),
                uid: source.uid.clone(),
                hash: credential.kubelet_hash(),
            },
        };
        Ok(ring
            .lookup(image.lookup())
            .iter()
            .map(|found| candidate(found.credential, found.source))
            .collect())
    }
}

fn add(ring: &mut Keyring<Arc<Source>>, secret: &Secret) -> Result<(), String> {
    let meta = &secret.metadata;
    let source = Arc::new(Source {
        namespace: meta.namespace.clone().unwrap_or_default(),
        name: meta.name.clone().unwrap_or_default(),
        uid: meta.uid.clone().unwrap_or_default(),
    });
    let kind = secret.type_.as_deref().unwrap_or_default();
    for (key, value) in secret.data.iter().flatten() {
        ring.add_secret(Arc::clone(&source), kind, key, &value.0)
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}
