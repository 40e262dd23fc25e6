//! Services that live in this process: a webhook that names `clientConfig.service` is called here, without a socket.

use crate::server::Body;
use http::{Request, Response};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{PoisonError, RwLock};
use tower::util::BoxCloneSyncService;

/// A service that can be called in process.
pub(crate) type Service = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// Services by namespace and name.
#[derive(Default)]
pub(crate) struct Services(RwLock<HashMap<(String, String), Service>>);

impl Services {
    /// Puts a service in place of an earlier one of that name.
    pub(crate) fn register(&self, namespace: &str, name: &str, service: Service) {
        let mut services = self.0.write().unwrap_or_else(PoisonError::into_inner);
        services.insert((namespace.to_owned(), name.to_owned()), service);
    }

    /// A service, to be called.
    pub(crate) fn find(&self, namespace: &str, name: &str) -> Option<Service> {
        let services = self.0.read().unwrap_or_else(PoisonError::into_inner);
        services.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }
}
