//! The Lease as far as the election reads and writes it.

use crate::rbac::Mode;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use keyside_api::{GROUP, label};
use std::collections::BTreeMap;

/// What a Lease says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// Who holds it; nobody if it was given back.
    pub(super) holder: Option<String>,
    /// When it was renewed, by the holder's own clock: compared with itself only, never with ours.
    pub(super) renewed: Option<Timestamp>,
    /// When the holder got it.
    pub(super) acquired: Option<Timestamp>,
    /// How often it went from one to another.
    pub(super) transitions: i32,
    /// Who asks the holder to show that it lives.
    pub(super) challenger: Option<String>,
    /// For people and programs that look at Leases; the election itself goes by [`super::Pace`].
    pub(super) seconds: i32,
    pub(super) version: Option<String>,
}

impl Record {
    /// The resourceVersion that a change of it has to name; `None` for one that does not exist yet.
    pub(super) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    #[cfg(test)]
    pub(super) fn at(self, version: &str) -> Self {
        Self {
            version: Some(version.to_owned()),
            ..self
        }
    }

    /// `rights` is for people and `keyside check`, which learn from it what keyside can do.
    pub(super) fn to_lease(&self, name: &str, rights: Mode) -> Lease {
        let rights = (label::RIGHTS.to_owned(), rights.as_str().to_owned());
        let challenge = self.challenger.iter().map(|who| (annotation(), who.clone()));
        let annotations = challenge.chain([rights]).collect::<BTreeMap<_, _>>();
        Lease {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                resource_version: self.version.clone(),
                annotations: Some(annotations),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.holder.clone().unwrap_or_default()),
                renew_time: self.renewed.map(MicroTime),
                acquire_time: self.acquired.map(MicroTime),
                lease_transitions: Some(self.transitions),
                lease_duration_seconds: Some(self.seconds),
                ..LeaseSpec::default()
            }),
        }
    }
}

impl From<Lease> for Record {
    fn from(lease: Lease) -> Self {
        let spec = lease.spec.unwrap_or_default();
        let annotations = lease.metadata.annotations.unwrap_or_default();
        Self {
            holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
            renewed: spec.renew_time.map(|time| time.0),
            acquired: spec.acquire_time.map(|time| time.0),
            transitions: spec.lease_transitions.unwrap_or_default(),
            challenger: annotations.get(&annotation()).cloned(),
            seconds: spec.lease_duration_seconds.unwrap_or_default(),
            version: lease.metadata.resource_version,
        }
    }
}

/// By this annotation a candidate asks the holder to renew at once.
fn annotation() -> String {
    format!("{GROUP}/challenged-by")
}
