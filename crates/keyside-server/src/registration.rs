//! The webhook's registration with the API server: what it shall be, whether it still is, and what to do if it is not.
//!
//! A failure never blocks a pod, the system's namespaces and ours are never asked about, and pods that certainly need
//! nothing are kept away by the API server itself.

use anyhow::Context as _;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use keyside_api::{FIELD_MANAGER, SYSTEM_NAMESPACE};
use keyside_core::plan::policy;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// After how long without a difference the next one counts as a new one, to be put right again.
const CALM: Duration = Duration::from_secs(3600);

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

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// For pods.
    Mutating,
    /// For our own kinds.
    Validating,
}

impl Which {
    pub(crate) const BOTH: [Self; 2] = [Self::Mutating, Self::Validating];

    /// The name of the kind, for metrics and logs.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Mutating => "MutatingWebhookConfiguration",
            Self::Validating => "ValidatingWebhookConfiguration",
        }
    }

    /// What shall be registered; `own` is keyside's own namespace. Behind a policy the webhook is asked only about pods that
    /// the policy gave nothing: such as the first of a new namespace, for which there is no table yet.
    pub(crate) fn desired(self, reach: &Reach, own: &str, behind_policy: bool) -> Value {
        let webhook = match self {
            Self::Mutating => pods(reach, own, behind_policy),
            Self::Validating => kinds(reach),
        };
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": self.kind(),
            "metadata": {"name": WEBHOOK_CONFIGURATION},
            "webhooks": [webhook],
        })
    }

    /// Writes it, over whatever stands there; returns its version.
    pub(crate) async fn apply(self, client: &kube::Client, desired: &Value) -> kube::Result<u64> {
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        let patch = Patch::Apply(desired);
        match self {
            Self::Mutating => {
                let api: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
                let written = api.patch(WEBHOOK_CONFIGURATION, &parameters, &patch).await?;
                Ok(version(written.metadata.resource_version.as_deref()))
            }
            Self::Validating => {
                let api: Api<ValidatingWebhookConfiguration> = Api::all(client.clone());
                let written = api.patch(WEBHOOK_CONFIGURATION, &parameters, &patch).await?;
                Ok(version(written.metadata.resource_version.as_deref()))
            }
        }
    }
}

/// Registers the webhook for pods (mutating; a failure never blocks a pod) and for our kinds (validating).
///
/// # Errors
/// A configuration cannot be written.
pub async fn register_webhook(client: &kube::Client, reach: &Reach) -> anyhow::Result<()> {
    for which in Which::BOTH {
        let desired = which.desired(reach, SYSTEM_NAMESPACE, false);
        which
            .apply(client, &desired)
            .await
            .with_context(|| format!("write the {}", which.kind()))?;
    }
    Ok(())
}

/// A resourceVersion as a number: versions of one object grow.
pub(crate) fn version(text: Option<&str>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Whether what stands is what shall. Fields that a newer API server adds do not matter.
pub(crate) fn is_right(desired: &Value, live: Option<&Value>) -> bool {
    let Some(live) = live.and_then(|live| live["webhooks"].as_array()) else {
        return false;
    };
    let desired = desired["webhooks"].as_array().into_iter().flatten();
    let same = |(one, other): (&Value, &Value)| {
        one.as_object()
            .is_some_and(|fields| fields.iter().all(|(field, value)| other[field] == *value))
    };
    desired.clone().count() == live.len() && desired.zip(live).all(same)
}

/// What to do about a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Right,
    /// Write it.
    Write,
    /// Somebody insists on something else: say so, and leave it.
    Report,
}

/// What became of one registration so far: it is put right once, and whoever changes it again is not fought.
#[derive(Debug, Default)]
pub(crate) struct Drift {
    restored: Option<Instant>,
    right_since: Option<Instant>,
}

impl Drift {
    /// `renewed`: what is desired has changed since it was last right, so that the difference is our own doing.
    pub(crate) fn judge(&mut self, is_right: bool, renewed: bool, now: Instant) -> Verdict {
        if is_right {
            let since = *self.right_since.get_or_insert(now);
            if now.duration_since(since) >= CALM {
                self.restored = None;
            }
            return Verdict::Right;
        }
        let calm = self
            .right_since
            .take()
            .is_some_and(|since| now.duration_since(since) >= CALM);
        if renewed {
            return Verdict::Write;
        }
        if self.restored.is_some() && !calm {
            return Verdict::Report;
        }
        self.restored = Some(now);
        Verdict::Write
    }
}

/// Pods of all namespaces but the system's and ours. With keyside down, pods are created all the same.
fn pods(reach: &Reach, own: &str, behind_policy: bool) -> Value {
    let mut conditions = policy::match_conditions();
    if let (true, Some(conditions)) = (behind_policy, conditions.as_array_mut()) {
        conditions.push(policy::not_served());
    }
    json!({
        "name": "pods.keyside.dev",
        "admissionReviewVersions": ["v1"],
        "clientConfig": client_config(reach, "/mutate-pods"),
        "rules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"],
            "operations": ["CREATE"], "scope": "Namespaced",
        }],
        "namespaceSelector": policy::namespace_selector(own),
        "objectSelector": {},
        "matchConditions": conditions,
        "failurePolicy": "Ignore",
        "matchPolicy": "Equivalent",
        "reinvocationPolicy": "IfNeeded",
        "sideEffects": "NoneOnDryRun",
        "timeoutSeconds": 2,
    })
}

/// Our own kinds. With keyside down they can be edited all the same; what is wrong then shows in their conditions.
fn kinds(reach: &Reach) -> Value {
    json!({
        "name": "credentials.keyside.dev",
        "admissionReviewVersions": ["v1"],
        "clientConfig": client_config(reach, "/validate"),
        "rules": [{
            "apiGroups": ["keyside.dev"], "apiVersions": ["v1alpha1"],
            "resources": ["projects", "registrycredentials", "clusterregistrycredentials"],
            "operations": ["CREATE", "UPDATE"], "scope": "*",
        }],
        "namespaceSelector": {},
        "objectSelector": {},
        "failurePolicy": "Ignore",
        "matchPolicy": "Equivalent",
        "sideEffects": "None",
        "timeoutSeconds": 2,
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
            let service = json!({"namespace": namespace, "name": name, "path": path, "port": 443});
            match ca_bundle {
                Some(pem) => json!({"service": service, "caBundle": encode(pem)}),
                None => json!({"service": service}),
            }
        }
        Reach::Url { url, ca_bundle } => {
            json!({"url": format!("{url}{path}"), "caBundle": encode(ca_bundle)})
        }
    }
}

#[cfg(test)]
mod tests;
