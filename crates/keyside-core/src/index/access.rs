//! What keyside may do with Secrets: where it may read them, and whether it may write copies. The fewer rights it has, the
//! less it can deliver; what it cannot do it says, and never tries.

use super::{Applies, Credential, Index, State};
use keyside_api::Delivery;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What keyside may do with Secrets outside of its own namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether it may write copies.
    pub copies: bool,
    /// The namespaces whose Secrets it may read; `None`: those of all.
    pub readable: Option<BTreeSet<Arc<str>>>,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            copies: true,
            readable: None,
        }
    }
}

impl Index {
    /// Says what keyside may do. Before anything is fed.
    pub fn set_access(&mut self, access: Access) {
        self.access = access;
    }

    /// Whether Secrets of this namespace may be read, and so are known here. Its own may always.
    pub fn may_read(&self, namespace: &str) -> bool {
        let readable = self.access.readable.as_ref();
        readable.is_none_or(|readable| readable.contains(namespace)) || namespace == &*self.system_namespace
    }

    /// Whether a credential could be delivered by copies only, and none may be written.
    pub(crate) fn lacks_copies(&self, credential: &Credential) -> bool {
        let own = credential.id.namespace.as_deref().unwrap_or_default();
        let serves_itself = credential.applies == Applies::Namespace && serves_from_source(credential, own);
        !self.access.copies && credential.delivery != Delivery::Node && !serves_itself
    }
}

/// Whether the kubelet finds a credential in its own Secret in this namespace, so that no copy is needed beside it.
pub(super) fn serves_from_source(credential: &Credential, namespace: &str) -> bool {
    let source = credential.source.as_ref();
    let is_here = source.is_some_and(|(source_in, _)| **source_in == *namespace);
    is_here
        && match &credential.state {
            State::Ready(content) => content.serves_directly,
            State::Unread(_) => true,
            State::Suspended | State::Unserved { .. } => false,
        }
}
