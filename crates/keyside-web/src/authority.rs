//! Registries with a private authority: they are asked trusting what the credential names, if the user may read that.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use keyside_core::index::Authority;
use keyside_oci::Network;
use kube::{Api, Client};

/// The network in which a credential's registries are asked; none where its authority cannot be read or is none.
pub(super) async fn network(
    client: &Client,
    network: &Network,
    authority: Option<&Authority>,
) -> Option<Network> {
    let mut network = network.clone();
    if let Some(authority) = authority {
        let pem = certificates(client, authority).await?;
        network.trust = network.trust.with_pem(&pem).ok()?;
    }
    Some(network)
}

async fn certificates(client: &Client, authority: &Authority) -> Option<Vec<u8>> {
    let Authority {
        in_secret,
        namespace,
        name,
        key,
    } = authority;
    if *in_secret {
        let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
        let secret = secrets.get_opt(name).await.ok()??;
        return Some(secret.data?.remove(key)?.0);
    }
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let map = maps.get_opt(name).await.ok()??;
    Some(map.data?.remove(key)?.into_bytes())
}
