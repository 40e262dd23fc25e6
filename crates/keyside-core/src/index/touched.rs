//! Whom a change concerns.

use crate::CredentialId;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Whom a change concerns. Everything named here is looked at again; looking costs no API call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Namespaces whose copies may have to change.
    pub namespaces: BTreeSet<Arc<str>>,
    /// Credentials whose copies in all namespaces may have to change.
    pub credentials: BTreeSet<CredentialId>,
    /// Credentials whose numbers may have changed, so that their status is due after the present burst.
    pub reports: BTreeSet<CredentialId>,
    /// Projects whose status may have changed.
    pub projects: BTreeSet<Arc<str>>,
}

impl Touched {
    /// Whether nobody is concerned.
    pub fn is_empty(&self) -> bool {
        self.namespaces.is_empty()
            && self.credentials.is_empty()
            && self.reports.is_empty()
            && self.projects.is_empty()
    }
}
