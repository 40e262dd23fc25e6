//! Clients of registries: one for all that the platform's authorities vouch for, and one for each private authority.

use crate::error::Error;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use keyside_core::index::Authority;
use keyside_oci::{Cause, Client, Network};
use kube::Api;
use std::sync::{Mutex, PoisonError};

/// How many clients of private authorities are kept.
const MOST: usize = 32;

/// Clients that were made; each shares its connections.
pub(super) struct Clients {
    network: Network,
    /// By the certificates; none for the usual client.
    known: Mutex<Vec<(Option<Vec<u8>>, Client)>>,
}

impl Clients {
    pub(super) fn new(network: Network) -> Self {
        Self {
            network,
            known: Mutex::default(),
        }
    }

    /// The client for a registry with this authority. The certificates are read anew each time, because they are renewed.
    pub(super) async fn client(
        &self,
        api: &kube::Client,
        authority: Option<&Authority>,
    ) -> Result<Client, Cause> {
        let pem = certificates(api, authority).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = known.iter().find(|(known, _)| *known == pem) {
            return Ok(client.clone());
        }
        let client = client_trusting(&self.network, pem.as_deref())?;
        if known.len() >= MOST {
            known.remove(0);
        }
        known.push((pem, client.clone()));
        Ok(client)
    }
}

/// A client of the registries of a credential with this authority, made anew.
///
/// # Errors
/// The certificates cannot be read or are none.
pub async fn registry_client(
    api: &kube::Client,
    network: &Network,
    authority: Option<&Authority>,
) -> Result<Client, Cause> {
    let pem = certificates(api, authority).await?;
    client_trusting(network, pem.as_deref())
}

fn client_trusting(network: &Network, pem: Option<&[u8]>) -> Result<Client, Cause> {
    let mut network = network.clone();
    if let Some(pem) = pem {
        network.trust = network.trust.with_pem(pem).map_err(|_| Cause::UntrustedCA)?;
    }
    Client::new(&network).map_err(|_| Cause::UntrustedCA)
}

async fn certificates(api: &kube::Client, authority: Option<&Authority>) -> Result<Option<Vec<u8>>, Cause> {
    let Some(authority) = authority else {
        return Ok(None);
    };
    match read(api, authority).await {
        Ok(pem) => Ok(Some(pem.ok_or(Cause::UntrustedCA)?)),
        Err(error) => {
            let (answer, name) = (error.answer(), &authority.name);
            tracing::warn!(%error, answer, name, "a private authority cannot be read");
            Err(Cause::UntrustedCA)
        }
    }
}

async fn read(api: &kube::Client, authority: &Authority) -> Result<Option<Vec<u8>>, Error> {
    let Authority {
        in_secret,
        namespace,
        name,
        key,
    } = authority;
    if *in_secret {
        let secrets: Api<Secret> = Api::namespaced(api.clone(), namespace);
        let secret = secrets.get_opt(name).await.map_err(Error::ReadAuthority)?;
        return Ok(secret.and_then(|secret| Some(secret.data?.remove(key)?.0)));
    }
    let maps: Api<ConfigMap> = Api::namespaced(api.clone(), namespace);
    let map = maps.get_opt(name).await.map_err(Error::ReadAuthority)?;
    Ok(map.and_then(|map| Some(map.data?.remove(key)?.into_bytes())))
}
