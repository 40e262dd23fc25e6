//! Reasons of the events keyside emits. No event ever carries a value from a Secret.

/// On a credential: its copies stand in all namespaces it applies to.
pub const DELIVERED: &str = "Delivered";
/// On a credential: a Secret that is not ours has the copy's name in a namespace; pods there use another name.
pub const DELIVERY_CONFLICT: &str = "DeliveryConflict";
/// On a credential: a namespace refused the copy.
pub const DELIVERY_FAILED: &str = "DeliveryFailed";
/// On a credential: the registry was asked and accepted it.
pub const VERIFIED: &str = "Verified";
/// On a credential: the registry was asked and refused it.
pub const VERIFICATION_FAILED: &str = "VerificationFailed";
/// On a credential: new content has replaced the old one in all copies.
pub const ROTATED: &str = "Rotated";
/// On a credential: the previous content was put back.
pub const ROLLED_BACK: &str = "RolledBack";
/// On a credential: it expires soon.
pub const EXPIRING: &str = "Expiring";
/// On a credential: it has expired.
pub const EXPIRED: &str = "Expired";
/// On a credential: its Secret is missing or cannot be used; copies keep the last good content.
pub const SOURCE_INVALID: &str = "SourceInvalid";
/// On a credential: what it may be sent to was changed without entering the secret again.
pub const DESTINATION_CHANGED: &str = "DestinationChanged";
/// On a pod: why its images cannot be pulled, and the next step; once per cause.
pub const PULL_DIAGNOSED: &str = "PullDiagnosed";
