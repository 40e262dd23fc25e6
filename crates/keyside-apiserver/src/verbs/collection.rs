//! `DELETE` of a collection: each selected object is deleted as if it were named.

use crate::body;
use crate::call::Call;
use crate::present;
use crate::reply::Reply;
use crate::server::Body;
use crate::verbs::delete::{self, DeleteOptions};
use crate::verbs::list;
use futures::{StreamExt, TryStreamExt};
use keyside_apimachinery::meta;
use keyside_apimachinery::status::Status;
use serde_json::json;
use std::sync::Arc;

/// How many deletions are under way at once: they share their syncs.
const TOGETHER: usize = 64;

/// Deletes them and answers with the list of what was found.
pub(crate) async fn answer(call: &Call, body: Body) -> Result<Reply, Status> {
    let options = DeleteOptions::read(call, &body::read(body).await?)?;
    let items = list::some(call)?;
    let targets: Vec<(String, String)> = items
        .iter()
        .map(|item| {
            let object = item.entry.object();
            (
                meta::namespace(&object).to_owned(),
                meta::name(&object).to_owned(),
            )
        })
        .collect();
    let options = &options;
    futures::stream::iter(targets)
        .map(|(namespace, name)| async move {
            let one = call.about(Arc::clone(&call.served), &namespace, &name, "");
            match delete::one(&one, options).await {
                Err(status) if status.code != 404 => Err(status),
                _ => Ok(()),
            }
        })
        .buffer_unordered(TOGETHER)
        .try_collect::<()>()
        .await?;
    let meta = json!({"resourceVersion": call.core.store.revision().to_string()});
    present::list(call, &items, meta)
}
