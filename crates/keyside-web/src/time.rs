//! Times as the pages show them.

use super::text::Lang;
use k8s_openapi::jiff::Timestamp;

/// A moment: what people read, and what machines read.
#[derive(Clone, Debug, Default)]
pub(super) struct Moment {
    /// `3 min ago`, `in 12 days`; empty if unknown.
    pub(super) relative: String,
    /// `2026-11-23 14:05 UTC`.
    pub(super) absolute: String,
    /// RFC 3339.
    pub(super) machine: String,
}

impl Moment {
    pub(super) fn of(time: Option<Timestamp>, t: Lang) -> Self {
        let Some(time) = time else {
            return Self::default();
        };
        let past = Timestamp::now().as_second() - time.as_second();
        Self {
            relative: if past >= 0 { t.ago(past) } else { t.ahead(-past) },
            absolute: time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            machine: time.to_string(),
        }
    }

    pub(super) fn is_known(&self) -> bool {
        !self.machine.is_empty()
    }
}
