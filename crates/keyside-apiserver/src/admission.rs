//! What happens between decoding and storing besides the kind's own rules: the service account plugin, small pod
//! defaults, escalation checks and webhooks.
//!
//! | Module | What it does |
//! |---|---|
//! | `account` | the service account plugin |
//! | `pod` | priority and tolerations of new pods |
//! | `policy` | admission policies: expressions that change an object, and those that refuse or warn |
//! | `webhook` | webhook configurations: which are called, how, and what their answers mean |

mod account;
mod pod;
mod policy;
mod webhook;

use crate::auth::UserInfo;
use crate::auth::rbac::{Authorizer, escalation};
use crate::services::Services;
use crate::store::Store;
use keyside_apimachinery::meta;
use keyside_apimachinery::resource::Resource;
use keyside_apimachinery::status::Status;
use policy::{Mutations, Policies, Round};
use serde_json::Value;
use std::sync::Arc;
use webhook::Webhooks;

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A new object, or a `create` on a subresource.
    Create,
    /// A change of an object.
    Update,
    /// A deletion.
    Delete,
    /// `exec`, `attach`, `portforward`, `proxy`.
    Connect,
}

impl Operation {
    /// The word of webhook rules and reviews.
    fn word(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// What admission is asked about; the objects come beside it.
#[derive(Clone)]
pub struct AdmissionRequest {
    /// Who asks.
    pub user: UserInfo,
    /// What is done.
    pub operation: Operation,
    /// The resource as it was named in the path.
    pub resource: Arc<Resource>,
    /// Empty, or `status` and the like.
    pub subresource: String,
    /// Empty for cluster-wide objects.
    pub namespace: String,
    /// May be empty on creation with `generateName`.
    pub name: String,
    /// `CreateOptions`, `UpdateOptions`, `PatchOptions` or `DeleteOptions`.
    pub options: Value,
    /// Whether nothing will be stored.
    pub dry_run: bool,
}

/// The admission chain.
pub struct Admission {
    store: Store,
    authorizer: Authorizer,
    mutations: Mutations,
    policies: Policies,
    webhooks: Webhooks,
}

impl Admission {
    /// A chain that reads webhook configurations and service accounts from the store and calls `services` in process.
    pub(crate) fn new(store: Store, authorizer: Authorizer, services: Arc<Services>) -> Self {
        Self {
            mutations: Mutations::new(store.clone()),
            policies: Policies::new(store.clone()),
            webhooks: Webhooks::new(store.clone(), services),
            store,
            authorizer,
        }
    }

    /// Lets plugins and webhooks change the object; returns warnings. `object` is null for a deletion.
    ///
    /// # Errors
    /// If something refuses the object, or a webhook that must be asked cannot be.
    pub(crate) async fn mutate(
        &self,
        request: &AdmissionRequest,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<Vec<String>, Status> {
        let mut warnings = Vec::new();
        self.plugins(request, object).await?;
        if self.mutations.mutate(request, object, old, Round::First)? {
            self.plugins(request, object).await?;
        }
        let first = self.webhooks.mutate(request, object, old, &mut warnings).await?;
        if first.changed {
            // What webhooks added (a container, say) is completed by the plugins, and webhooks that asked for it may
            // look again.
            self.plugins(request, object).await?;
            self.mutations.mutate(request, object, old, Round::Again)?;
            self.webhooks
                .mutate_again(request, object, old, &first, &mut warnings)
                .await?;
        }
        Ok(warnings)
    }

    async fn plugins(&self, request: &AdmissionRequest, object: &mut Value) -> Result<(), Status> {
        if object.is_null() {
            return Ok(());
        }
        account::admit(&self.store, request, object).await?;
        pod::admit(&self.store, request, object)
    }

    /// Lets plugins and webhooks refuse the object as it will be stored; returns warnings. `object` is null for a
    /// deletion.
    ///
    /// # Errors
    /// If something refuses the object, or a webhook that must be asked cannot be.
    pub(crate) async fn validate(
        &self,
        request: &AdmissionRequest,
        object: &Value,
        old: Option<&Value>,
    ) -> Result<Vec<String>, Status> {
        if !object.is_null() {
            account::validate(&self.store, request, object).await?;
            self.confirm_no_escalation(request, object, old)?;
        }
        let mut warnings = self.policies.validate(request, object, old)?;
        warnings.extend(self.webhooks.validate(request, object, old).await?);
        Ok(warnings)
    }

    fn confirm_no_escalation(
        &self,
        request: &AdmissionRequest,
        object: &Value,
        old: Option<&Value>,
    ) -> Result<(), Status> {
        let resource = request.resource.plural.as_str();
        let is_rbac = request.resource.gvk.group == "rbac.authorization.k8s.io";
        if !is_rbac || !matches!(request.operation, Operation::Create | Operation::Update) {
            return Ok(());
        }
        let change = escalation::Change {
            user: &request.user,
            resource,
            namespace: &request.namespace,
            name: meta::name(object),
            new: object,
            old,
        };
        escalation::check(&self.authorizer, &change)
    }
}

/// 403 about the object, by its name or what its name will begin with.
fn forbidden(request: &AdmissionRequest, object: &Value, why: &str) -> Status {
    let names = [
        request.name.as_str(),
        meta::name(object),
        meta::string(object, "generateName"),
    ];
    let name = names
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or("Unknown");
    Status::forbidden(&request.resource.gvk.group, &request.resource.plural, name, why)
}
