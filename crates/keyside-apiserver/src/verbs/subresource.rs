//! What is below an object: `status`, `scale`, and the commands of pods, namespaces and service accounts.

mod pod;
mod scale;
mod token;

pub(crate) use pod::bind;

use crate::call::Call;
use crate::handle::{not_allowed, unknown};
use crate::present::{self, Product};
use crate::reply::Reply;
use crate::server::Body;
use crate::verbs;
use http::StatusCode;
use keyside_apimachinery::resource::Subresource;
use keyside_apimachinery::status::Status;

/// Answers a request for a subresource.
pub(crate) async fn answer(call: Call, verb: &str, body: Body) -> Result<Reply, Status> {
    let found = call
        .served
        .resource
        .subresources
        .iter()
        .find(|subresource| name(subresource) == call.subresource);
    match found.cloned().ok_or_else(unknown)? {
        Subresource::Status => object(&call, verb, body).await,
        Subresource::Scale {
            spec_replicas,
            status_replicas,
            label_selector,
        } => {
            let paths = scale::Paths {
                spec_replicas,
                status_replicas,
                label_selector,
            };
            scale::answer(&call, &paths, verb, body).await
        }
        Subresource::Special { name, verbs, .. } => {
            if !verbs.contains(&verb) {
                return Err(not_allowed());
            }
            match name {
                "binding" => pod::binding(&call, body).await,
                "eviction" => pod::evict(&call, body).await,
                "log" | "exec" | "attach" | "portforward" => pod::refuse(&call, name),
                "token" => token::answer(&call, body).await,
                _ => object(&call, verb, body).await,
            }
        }
    }
}

/// Subresources that are the object itself, seen from one side: the kind's rules know what each may change.
async fn object(call: &Call, verb: &str, body: Body) -> Result<Reply, Status> {
    match verb {
        "get" => {
            let entry = call.core.store.get(&call.key()).ok_or_else(|| call.not_found())?;
            present::object(call, StatusCode::OK, &Product::Stored(entry))
        }
        "update" => verbs::update::answer(call, body).await,
        "patch" => verbs::patch::answer(call, body).await,
        _ => Err(not_allowed()),
    }
}

fn name(subresource: &Subresource) -> &str {
    match subresource {
        Subresource::Status => "status",
        Subresource::Scale { .. } => "scale",
        Subresource::Special { name, .. } => name,
    }
}
