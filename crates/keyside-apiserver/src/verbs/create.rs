//! `POST` to a collection.

use crate::auth::questions;
use crate::body;
use crate::call::Call;
use crate::present::{self, Product};
use crate::reply::Reply;
use crate::server::Body;
use crate::verbs::options::WriteOptions;
use crate::verbs::subresource;
use crate::verbs::{decode, write};
use http::StatusCode;
use keyside_apimachinery::status::Status;

/// Creates an object, or answers a question that is asked in the form of one.
pub(crate) async fn answer(mut call: Call, body: Body) -> Result<Reply, Status> {
    let options = WriteOptions::parse(&call.query, "CreateOptions", false)?;
    if call.namespace.is_empty() && call.served.resource.namespaced {
        return Err(crate::handle::not_allowed());
    }
    let body = body::read(body).await?;
    let object = decode::object(&call, &body, options.validation)?;
    let product = if call.served.is_stored() {
        write::create(&call, object, &options, false).await?
    } else if call.plural() == "bindings" {
        call.name = keyside_apimachinery::meta::name(&object).to_owned();
        return subresource::bind(&call, object, &options).await;
    } else {
        let resource = &call.served.resource;
        let namespace = &call.namespace;
        Product::Draft(questions::answer(&call.core, &call.user, resource, namespace, object).await?)
    };
    present::object(&call, StatusCode::CREATED, &product)
}
