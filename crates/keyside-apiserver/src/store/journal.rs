//! Where changes are made durable before anyone hears of them.

use super::state::Change;

/// Why changes could not be made durable. The text holds no stored value.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct JournalError(pub(super) String);

/// A durable log of changes.
pub(super) trait Journal: Send {
    /// Makes these changes durable, all or none, and lets go of `gone`: revisions nobody can ask for any more.
    /// `compacted` is the newest forgotten change. Returns only when a power cut could not undo it.
    fn append(&mut self, changes: &[Change], gone: &[u64], compacted: u64) -> Result<(), JournalError>;
}

/// Nothing is durable: for tests.
pub(super) struct Memory;

impl Journal for Memory {
    fn append(&mut self, _changes: &[Change], _gone: &[u64], _compacted: u64) -> Result<(), JournalError> {
        Ok(())
    }
}
