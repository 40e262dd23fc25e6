//! On-demand copies that no new pod has asked for in a long while: the pods of the namespace are looked at once, and the
//! copy goes only if none of them names it. Whoever may not look keeps the copy.

use super::Requeue;
use crate::context::{Context, Key};
use crate::error::Error;
use crate::queue::When;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use keyside_core::plan::on_demand;
use kube::api::{Api, ListParams};
use std::time::Duration;

pub(super) async fn reconcile(ctx: &Context) -> Result<Requeue, Error> {
    let now = Timestamp::now();
    let idle = on_demand::idle(&ctx.index(), ctx.started, now, ctx.config.idle_for);
    for copy in idle {
        if is_used(ctx, &copy.namespace, &copy.secret).await? {
            ctx.note(|index| index.note_need(&copy.namespace, &copy.credential, Vec::new(), now));
        } else {
            ctx.note(|index| index.release_need(&copy.namespace, &copy.credential, now));
            ctx.queue.add(Key::Namespace(copy.namespace), When::Usual);
        }
    }
    let pause = Duration::try_from(ctx.config.idle_for).unwrap_or_default() / 4;
    Ok(Requeue::After(pause.max(Duration::from_secs(1))))
}

/// Whether a pod of the namespace names the Secret, or whether nobody can say.
async fn is_used(ctx: &Context, namespace: &str, secret: &str) -> Result<bool, Error> {
    let pods: Api<Pod> = Api::namespaced(ctx.config.client.clone(), namespace);
    let mut parameters = ListParams::default().limit(500);
    loop {
        let page = match pods.list(&parameters).await {
            Ok(page) => page,
            Err(kube::Error::Api(status)) if status.code == 403 => return Ok(true),
            Err(error) => return Err(Error::ListPods(error)),
        };
        let names = page
            .items
            .iter()
            .filter_map(|pod| pod.spec.as_ref()?.image_pull_secrets.as_ref())
            .flatten();
        if names.into_iter().any(|reference| reference.name == secret) {
            return Ok(true);
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters.continue_token = Some(token),
            None => return Ok(false),
        }
    }
}
