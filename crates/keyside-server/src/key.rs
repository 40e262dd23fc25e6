//! The install key: 32 random bytes in a Secret of keyside's own namespace, made once.

use anyhow::Context as _;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use keyside_api::FIELD_MANAGER;
use keyside_core::InstallKey;
use kube::api::{Api, PostParams};
use serde_json::json;

/// The Secret.
const NAME: &str = "keyside-install-key";

/// The key in it.
const KEY: &str = "key";

/// The install key, made now if there is none yet. Of two that make one at once, the first counts.
pub(crate) async fn install_key(client: &kube::Client, namespace: &str) -> anyhow::Result<InstallKey> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    if let Some(secret) = secrets.get_opt(NAME).await.context("read the install key")? {
        return read(&secret);
    }
    let mut bytes = [0; InstallKey::LEN];
    let random = rustls::crypto::aws_lc_rs::default_provider().secure_random;
    random
        .fill(&mut bytes)
        .map_err(|_| anyhow::anyhow!("the system gives no random bytes for the install key"))?;
    let secret =
        json!({"metadata": {"name": NAME}, "immutable": true, "data": {KEY: ByteString(bytes.to_vec())}});
    let secret = serde_json::from_value(secret).expect("a Secret has this form");
    let parameters = PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    };
    match secrets.create(&parameters, &secret).await {
        Ok(secret) => read(&secret),
        Err(kube::Error::Api(status)) if status.code == 409 => read(
            &secrets
                .get(NAME)
                .await
                .context("read the install key that another one made")?,
        ),
        Err(error) => Err(error).context("write the install key"),
    }
}

fn read(secret: &Secret) -> anyhow::Result<InstallKey> {
    let bytes = secret.data.as_ref().and_then(|data| data.get(KEY));
    bytes
        .and_then(|bytes| InstallKey::new(&bytes.0))
        .with_context(|| format!("Secret {NAME} holds no key of {} bytes", InstallKey::LEN))
}
