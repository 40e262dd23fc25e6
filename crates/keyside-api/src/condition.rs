//! Condition types of our kinds and the reasons each of them has. All reasons are `PascalCase` and stable.
//!
//! The rules of kstatus hold: `Ready=False` means "in progress" unless [`stalled::TYPE`] is `True`, and that is set
//! exactly while a human must act.

/// Whether pods in the credential's scope, or namespaces of the Project, are served.
pub mod ready {
    /// The condition's type.
    pub const TYPE: &str = "Ready";
    /// True: the credential is delivered everywhere it applies. (When False, the reason is that of `Delivered`.)
    pub const DELIVERED: &str = "Delivered";
    /// True, on a Project: every stated namespace that exists is a member.
    pub const ACCEPTED: &str = "Accepted";
    /// False, on a Project: a stated namespace belongs to an older Project.
    pub const NAMESPACE_CLAIMED: &str = "NamespaceClaimed";
    /// False, on a Project: a stated namespace was deleted and made anew; it gets nothing until it is stated again.
    pub const NAMESPACE_RECREATED: &str = "NamespaceRecreated";
    /// False, on a Project: its home namespace is the home of an older Project, or a system namespace.
    pub const HOME_NAMESPACE_TAKEN: &str = "HomeNamespaceTaken";
    /// False, on a Project: its home namespace could not be created, or is being deleted.
    pub const HOME_NAMESPACE_MISSING: &str = "HomeNamespaceMissing";
}

/// Whether the registry accepts the credential. Besides these, every [`Cause`](crate::Cause) is a reason.
pub mod verified {
    /// The condition's type.
    pub const TYPE: &str = "Verified";
    /// True: a manifest could be read.
    pub const PULL_ALLOWED: &str = "PullAllowed";
    /// True: the login works; no repository is known to test the pull with.
    pub const LOGGED_IN: &str = "LoggedIn";
    /// Unknown: there is no Secret to verify.
    pub const SOURCE_MISSING: &str = "SourceMissing";
    /// Unknown: the registry was not asked yet.
    pub const UNVERIFIED: &str = "Unverified";
    /// Unknown: the registry names a token service that nobody has confirmed; nothing was sent.
    pub const TOKEN_SERVICE_UNCONFIRMED: &str = "TokenServiceUnconfirmed";

    /// The condition's status for a reason. Only the registry's own refusal of this credential makes it `False`: limits,
    /// outages and networks say nothing about a credential, so whoever can cause them must not change what is known.
    pub fn status_of(reason: &str) -> &'static str {
        match reason {
            PULL_ALLOWED | LOGGED_IN => "True",
            "BadCredentials" | "NoPullScope" | "Expired" => "False",
            _ => "Unknown",
        }
    }
}

/// Values of `status.expiryState`.
pub mod expiry {
    /// The end is near.
    pub const EXPIRING: &str = "Expiring";
    /// The end has passed.
    pub const EXPIRED: &str = "Expired";
}

/// Whether the copies stand.
pub mod delivered {
    /// The condition's type.
    pub const TYPE: &str = "Delivered";
    /// True: each target namespace has the present content.
    pub const ALL_COPIES_CURRENT: &str = "AllCopiesCurrent";
    /// False or Unknown: copies are being written, or nothing can be said yet.
    pub const PROGRESSING: &str = "Progressing";
    /// False: a Secret that is not ours has the name in some namespace; pods there are served under another name.
    pub const NAME_TAKEN: &str = "NameTaken";
    /// False: a target namespace is being deleted and gets no copy.
    pub const NAMESPACE_TERMINATING: &str = "NamespaceTerminating";
    /// False: a namespace refused the copy (permission, quota, policy).
    pub const FORBIDDEN: &str = "Forbidden";
    /// False: scope `Project` is asked for outside of a Project's home namespace.
    pub const NOT_PROJECT_HOME: &str = "NotProjectHome";
    /// False: the Secret is missing or cannot be used.
    pub const SOURCE_INVALID: &str = "SourceInvalid";
    /// False: see [`stalled::DESTINATION_CHANGED`](super::stalled::DESTINATION_CHANGED).
    pub const DESTINATION_CHANGED: &str = "DestinationChanged";
    /// True: pods beside the Secret are given its name; keyside may not read it, and so does not know whether it stands.
    pub const NAME_GIVEN: &str = "NameGiven";
    /// Unknown: nothing is copied; the credential provider on each node answers.
    pub const NODE_DELIVERY: &str = "NodeDelivery";
}

/// Set exactly while a human must act; never for an outage of a registry.
pub mod stalled {
    /// The condition's type.
    pub const TYPE: &str = "Stalled";
    /// Where the credential may be sent was changed (registry, authority, token service, wider scope) while its Secret
    /// stayed the same: it is suspended until the Secret's content is written anew.
    pub const DESTINATION_CHANGED: &str = "DestinationChanged";
}
