//! What must stand before keyside can run: its kinds, its namespace, and the webhook registration.

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use keyside_api::{FIELD_MANAGER, SYSTEM_NAMESPACE};
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::wait::{await_condition, conditions};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a new kind may take until it is served.
const ESTABLISHED_WITHIN: Duration = Duration::from_secs(30);

/// How the API server reaches the webhook.
#[derive(Clone, Debug)]
pub enum Reach {
    /// A Service of the cluster, or a service the embedded API server calls in process.
    Service {
        /// The Service's namespace.
        namespace: String,
        /// The Service's name.
        name: String,
        /// The PEM certificates that vouch for it; none in process.
        ca_bundle: Option<Vec<u8>>,
    },
    /// An address, without the path.
    Url {
        /// For example `https://127.0.0.1:9443`.
        url: String,
        /// The PEM certificates that vouch for it.
        ca_bundle: Vec<u8>,
    },
}

impl Reach {
    /// The service `keyside` in keyside's own namespace, called in process.
    pub fn service() -> Self {
        Self::Service {
            namespace: SYSTEM_NAMESPACE.to_owned(),
            name: SERVICE.to_owned(),
            ca_bundle: None,
        }
    }
}

/// The name of the Service in front of the webhook.
pub const SERVICE: &str = "keyside";

/// The name of both webhook configurations.
pub const WEBHOOK_CONFIGURATION: &str = "keyside";

/// Writes the kinds and keyside's own namespace, and waits until the kinds are served. Writes nothing that is right
/// already, so that it can be called at every start.
pub async fn install(client: &kube::Client) -> anyhow::Result<()> {
    let apply = PatchParams::apply(FIELD_MANAGER).force();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE}});
    namespaces
        .patch(SYSTEM_NAMESPACE, &apply, &Patch::Apply(namespace))
        .await
        .context("create keyside's namespace")?;
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    futures::stream::iter(keyside_api::crds::crds())
        .map(|crd| install_kind(&definitions, &apply, crd))
        .buffer_unordered(3)
        .try_collect()
        .await
}

async fn install_kind(
    definitions: &Api<CustomResourceDefinition>,
    apply: &PatchParams,
    crd: CustomResourceDefinition,
) -> anyhow::Result<()> {
    let name = crd.metadata.name.clone().expect("a definition has a name");
    definitions
        .patch(&name, apply, &Patch::Apply(&crd))
        .await
        .with_context(|| format!("install {name}"))?;
    let served = await_condition(definitions.clone(), &name, conditions::is_crd_established());
    tokio::time::timeout(ESTABLISHED_WITHIN, served)
        .await
        .with_context(|| format!("{name} is not served after {} s", ESTABLISHED_WITHIN.as_secs()))?
        .with_context(|| format!("wait for {name}"))?;
    Ok(())
}

/// Registers the webhook for pods (mutating; a failure never blocks a pod) and for our kinds (validating).
pub async fn register_webhook(client: &kube::Client, reach: &Reach) -> anyhow::Result<()> {
    let apply = PatchParams::apply(FIELD_MANAGER).force();
    let mutating: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
    mutating
        .patch(
            WEBHOOK_CONFIGURATION,
            &apply,
            &Patch::Apply(mutating_configuration(reach)),
        )
        .await
        .context("register the webhook for pods")?;
    let validating: Api<ValidatingWebhookConfiguration> = Api::all(client.clone());
    validating
        .patch(
            WEBHOOK_CONFIGURATION,
            &apply,
            &Patch::Apply(validating_configuration(reach)),
        )
        .await
        .context("register the webhook for keyside's kinds")?;
    Ok(())
}

/// Pods of all namespaces but the system's and ours. With keyside down, pods are created all the same.
fn mutating_configuration(reach: &Reach) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": WEBHOOK_CONFIGURATION},
        "webhooks": [{
            "name": "pods.keyside.dev",
            "admissionReviewVersions": ["v1"],
            "clientConfig": client_config(reach, "/mutate-pods"),
            "rules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
                "operations": ["CREATE"], "scope": "Namespaced",
            }],
            "namespaceSelector": {"matchExpressions": [{
                "key": "kubernetes.io/metadata.name",
                "operator": "NotIn",
                "values": ["kube-system", "kube-public", "kube-node-lease", SYSTEM_NAMESPACE],
            }]},
            "failurePolicy": "Ignore",
            "matchPolicy": "Equivalent",
            "reinvocationPolicy": "IfNeeded",
            "sideEffects": "NoneOnDryRun",
            "timeoutSeconds": 2,
        }],
    })
}

/// Our own kinds. With keyside down they can be edited all the same; what is wrong then shows in their conditions.
fn validating_configuration(reach: &Reach) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": WEBHOOK_CONFIGURATION},
        "webhooks": [{
            "name": "credentials.keyside.dev",
            "admissionReviewVersions": ["v1"],
            "clientConfig": client_config(reach, "/validate"),
            "rules": [{
                "apiGroups": ["keyside.dev"], "apiVersions": ["v1alpha1"],
                "resources": ["projects", "registrycredentials", "clusterregistrycredentials"],
                "operations": ["CREATE", "UPDATE"], "scope": "*",
            }],
            "failurePolicy": "Ignore",
            "matchPolicy": "Equivalent",
            "sideEffects": "None",
            "timeoutSeconds": 2,
        }],
    })
}

fn client_config(reach: &Reach, path: &str) -> Value {
    use base64::Engine as _;
    let encode = |pem: &[u8]| base64::engine::general_purpose::STANDARD.encode(pem);
    match reach {
        Reach::Service {
            namespace,
            name,
            ca_bundle,
        } => {
            let mut config = json!({"service": {"namespace": namespace, "name": name, "path": path}});
            if let Some(pem) = ca_bundle {
                config["caBundle"] = encode(pem).into();
            }
            config
        }
        Reach::Url { url, ca_bundle } => {
            json!({"url": format!("{url}{path}"), "caBundle": encode(ca_bundle)})
        }
    }
}
