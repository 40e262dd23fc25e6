//! One download per blob, however many pods want it at the same moment.

use crate::digest::Digest;
use crate::store::BlobDir;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::OwnedMutexGuard;

type Key = (BlobDir, Digest);
type Turn = tokio::sync::Mutex<()>;

/// Who downloads what at the moment.
#[derive(Debug, Default)]
pub(super) struct Flights {
    turns: Mutex<HashMap<Key, Weak<Turn>>>,
}

impl Flights {
    /// Waits until nobody else downloads this blob. The caller then looks whether it is there: if the one before has failed, it may
    /// have had a worse credential, so everybody tries for themselves.
    pub(super) async fn enter(&self, dir: &BlobDir, digest: &Digest) -> OwnedMutexGuard<()> {
        self.turn(dir, digest).lock_owned().await
    }

    fn turn(&self, dir: &BlobDir, digest: &Digest) -> Arc<Turn> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        let key = (dir.clone(), digest.clone());
        if let Some(turn) = turns.get(&key).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::new(Turn::default());
        turns.insert(key, Arc::downgrade(&turn));
        turn
    }
}
