//! Webhook configurations, read from the store when they change.

use super::condition::Conditions;
use super::matching::Scope;
use crate::store::{Follow, Range, Store};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const GROUP: &str = "admissionregistration.k8s.io";

/// One webhook of one configuration.
pub(super) struct Webhook {
    pub(super) name: String,
    pub(super) target: Target,
    /// Certificates to trust, in PEM; empty for those of the machine.
    pub(super) authorities: String,
    pub(super) scope: Scope,
    pub(super) conditions: Conditions,
    pub(super) timeout: Duration,
    /// Whether a request goes on if the webhook cannot be asked.
    pub(super) ignore_failure: bool,
    /// Whether it may be called for a dry run.
    pub(super) dry_run: bool,
    /// Whether it wants to see what later ones have changed.
    pub(super) reinvoke: bool,
}

/// Where a webhook is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    Url(String),
    Service {
        namespace: String,
        name: String,
        path: String,
        port: i64,
    },
}

/// The webhooks of all configurations; what has changed is read before they are used.
pub(super) struct Configurations {
    store: Store,
    mutating: Mutex<Known>,
    validating: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    follow: Option<Follow>,
    webhooks: Arc<Vec<Arc<Webhook>>>,
}

impl Configurations {
    pub(super) fn new(store: Store) -> Self {
        Self {
            store,
            mutating: Mutex::default(),
            validating: Mutex::default(),
        }
    }

    /// Mutating webhooks in their order.
    pub(super) fn mutating(&self) -> Arc<Vec<Arc<Webhook>>> {
        self.current(&self.mutating, "mutatingwebhookconfigurations")
    }

    /// Validating webhooks in their order.
    pub(super) fn validating(&self) -> Arc<Vec<Arc<Webhook>>> {
        self.current(&self.validating, "validatingwebhookconfigurations")
    }

    fn current(&self, known: &Mutex<Known>, resource: &str) -> Arc<Vec<Arc<Webhook>>> {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let unchanged = known
            .follow
            .as_mut()
            .is_some_and(|follow| follow.ready().is_ok_and(|events| events.is_empty()));
        if !unchanged {
            let range = Range::new(GROUP, resource, None);
            let page = self.store.list(&range);
            // Objects are listed by name, which is the order Kubernetes calls them in.
            let objects = page.entries.iter().map(|(_, entry)| entry.object());
            known.webhooks = Arc::new(objects.flat_map(|object| read(&object)).collect());
            known.follow = self.store.follow(range, page.revision).ok();
        }
        Arc::clone(&known.webhooks)
    }
}

fn read(configuration: &Value) -> Vec<Arc<Webhook>> {
    let webhooks = configuration["webhooks"].as_array().into_iter().flatten();
    webhooks.map(|webhook| Arc::new(webhook_of(webhook))).collect()
}

fn webhook_of(webhook: &Value) -> Webhook {
    let text = |field: &str| webhook[field].as_str().unwrap_or_default();
    let timeout = webhook["timeoutSeconds"].as_u64().unwrap_or(10).clamp(1, 30);
    let name = text("name").to_owned();
    Webhook {
        target: target_of(&webhook["clientConfig"]),
        authorities: authorities_of(&webhook["clientConfig"]["caBundle"]),
        scope: Scope::read(webhook, "rules"),
        conditions: Conditions::read(webhook),
        timeout: Duration::from_secs(timeout),
        ignore_failure: text("failurePolicy") == "Ignore",
        dry_run: matches!(text("sideEffects"), "None" | "NoneOnDryRun"),
        reinvoke: text("reinvocationPolicy") == "IfNeeded",
        name,
    }
}

fn target_of(client: &Value) -> Target {
    if let Some(url) = client["url"].as_str() {
        return Target::Url(url.to_owned());
    }
    let service = &client["service"];
    let text = |field: &str| service[field].as_str().unwrap_or_default().to_owned();
    let port = service["port"].as_i64().unwrap_or(443);
    Target::Service {
        namespace: text("namespace"),
        name: text("name"),
        path: text("path"),
        port,
    }
}

/// `caBundle` is base64 of PEM.
fn authorities_of(bundle: &Value) -> String {
    use base64::Engine;
    let decoded = bundle
        .as_str()
        .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    decoded
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}
