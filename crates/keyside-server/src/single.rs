//! Watching one object by its name.

use futures::{Stream, StreamExt as _};
use kube::Resource;
use kube::api::Api;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event};
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// The object as it is, every time it changes, and `None` while there is none. A watch that fails is begun again; what was
/// told holds until then.
pub(crate) fn watch<K>(api: Api<K>, name: &str) -> impl Stream<Item = Option<K>> + Send + use<K>
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
    watcher::watcher(api, config)
        .default_backoff()
        .scan(false, |listed, event| {
            let told = match event {
                Ok(Event::Init) => {
                    *listed = false;
                    None
                }
                Ok(Event::InitApply(object)) => {
                    *listed = true;
                    Some(Some(object))
                }
                Ok(Event::Apply(object)) => Some(Some(object)),
                Ok(Event::Delete(_)) => Some(None),
                Ok(Event::InitDone) => (!*listed).then_some(None),
                Err(_) => None,
            };
            std::future::ready(Some(told))
        })
        .filter_map(std::future::ready)
}
