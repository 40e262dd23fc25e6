//! Looking up names so that the address that was checked is the one that is dialled.

use super::meter::Meter;
use crate::address::is_allowed;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::time::Instant;

/// The resolver of one client.
#[derive(Clone, Debug)]
pub(super) struct Names {
    hosts: Arc<BTreeMap<String, SocketAddr>>,
    loopback: bool,
    /// Names whose addresses were chosen by whoever runs this machine.
    trusted: BTreeSet<String>,
    meter: Meter,
}

/// Why a name gave no address. Found again in the chain of causes of the failed request.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum NameError {
    #[error("{host} does not exist")]
    Unknown { host: String },
    #[error("{host} could not be looked up")]
    Failed { host: String },
    #[error("{host} is at an address that is not dialled")]
    Forbidden { host: String },
}

impl Names {
    pub(super) fn new(hosts: BTreeMap<String, SocketAddr>, loopback: bool, meter: Meter) -> Self {
        Self {
            hosts: Arc::new(hosts),
            loopback,
            trusted: BTreeSet::new(),
            meter,
        }
    }

    /// Also dials whatever these names resolve to.
    pub(super) fn trusting(mut self, names: impl Iterator<Item = String>) -> Self {
        self.trusted.extend(names);
        self
    }

    async fn look_up(&self, host: String) -> Result<Vec<SocketAddr>, NameError> {
        if let Some(address) = self.hosts.get(&host) {
            return Ok(vec![*address]);
        }
        let answer = tokio::net::lookup_host((host.as_str(), 0))
            .await
            .map(Iterator::collect);
        let found: Vec<SocketAddr> = match answer {
            Ok(found) => found,
            // The C library's words are all that tells the two apart.
            Err(error) if error.to_string().contains("emporary failure") => {
                return Err(NameError::Failed { host });
            }
            Err(_) => return Err(NameError::Unknown { host }),
        };
        if found.is_empty() {
            return Err(NameError::Unknown { host });
        }
        let trusted = self.trusted.contains(&host);
        let allowed: Vec<_> = found
            .into_iter()
            .filter(|address| trusted || is_allowed(address.ip(), self.loopback))
            .collect();
        if allowed.is_empty() {
            return Err(NameError::Forbidden { host });
        }
        Ok(allowed)
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, host) = (self.clone(), name.as_str().to_ascii_lowercase());
        Box::pin(async move {
            let since = Instant::now();
            let addresses = names.look_up(host).await;
            names.meter.note_lookup(since);
            let addresses = addresses?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
