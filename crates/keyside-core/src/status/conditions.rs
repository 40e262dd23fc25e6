//! Conditions: built anew from facts each time; only the time of the last transition is carried over.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    True,
    False,
    Unknown,
}

impl Holds {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// What a condition says, before it has a time.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) holds: Holds,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Said {
    pub(super) fn new(holds: Holds, reason: &str, message: impl Into<String>) -> Self {
        Self {
            holds,
            reason: reason.to_owned(),
            message: message.into(),
        }
    }
}

/// Builds conditions beside the former ones.
pub(super) struct Conditions<'a> {
    pub(super) former: &'a [Condition],
    pub(super) generation: i64,
    pub(super) now: Timestamp,
}

impl Conditions<'_> {
    /// The condition; its time of transition stays while its status stays.
    pub(super) fn condition(&self, type_: &str, said: Said) -> Condition {
        let status = said.holds.as_str();
        let former = self
            .former
            .iter()
            .find(|former| former.type_ == type_ && former.status == status);
        Condition {
            type_: type_.to_owned(),
            status: status.to_owned(),
            reason: said.reason,
            message: said.message,
            observed_generation: Some(self.generation),
            // Whole seconds: that is what the API stores, and an equal status must compare equal.
            last_transition_time: former.map_or_else(
                || Time(whole_seconds(self.now)),
                |former| former.last_transition_time.clone(),
            ),
        }
    }
}

/// The time as the API stores it.
pub(super) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// The condition of a type.
pub(super) fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}
