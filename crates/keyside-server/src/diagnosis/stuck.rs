//! The pods that are known to fail, each with its causes, for as long as it goes on failing.

use super::asked::Asked;
use super::{RECENT, REMEMBERED};
use jiff::Timestamp;
use keyside_api::Cause;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How many pulls fail, by cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnoses {
    /// Pods that fail now.
    pub failing: BTreeMap<Cause, u64>,
    /// Diagnoses since the start.
    pub total: BTreeMap<Cause, u64>,
}

/// Pods that fail.
#[derive(Debug, Default)]
pub(crate) struct Stuck(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    pods: HashMap<String, Failing>,
    total: BTreeMap<Cause, u64>,
    /// From this many pods on, those that fail no more are dropped.
    look_at: usize,
}

#[derive(Debug)]
struct Failing {
    namespace: String,
    name: String,
    /// What the node said, and what came of it.
    causes: BTreeMap<Cause, Cause>,
    /// What to ask again, if pods are replaced.
    asked: Option<Arc<Asked>>,
    last: Instant,
}

/// A pod that fails, and what to ask about it.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) uid: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) asked: Arc<Asked>,
}

impl Stuck {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the node has not said this about the pod yet. A pod that is known is thereby known to go on failing.
    pub(super) fn is_new(&self, uid: &str, said: Cause, at: Option<Timestamp>) -> bool {
        match self.state().pods.get_mut(uid) {
            Some(known) => {
                known.last = Instant::now();
                if let Some(asked) = &mut known.asked {
                    Arc::make_mut(asked).again(at);
                }
                !known.causes.contains_key(&said)
            }
            None => true,
        }
    }

    /// Takes note of a diagnosis; whether it is the pod's first with this outcome.
    pub(super) fn add(
        &self,
        (uid, namespace, name): (&str, &str, &str),
        said: Cause,
        found: Cause,
        asked: Option<Arc<Asked>>,
    ) -> bool {
        let mut state = self.state();
        // Looked through only when it may have grown to twice what was left the last time, so that a note costs no more with many.
        if state.pods.len() >= state.look_at.max(64) {
            state.pods.retain(|_, pod| pod.last.elapsed() < RECENT);
            state.look_at = state.pods.len() * 2;
        }
        if state.pods.len() >= REMEMBERED && !state.pods.contains_key(uid) {
            return false;
        }
        let pod = state.pods.entry(uid.to_owned()).or_insert_with(|| Failing {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            causes: BTreeMap::new(),
            asked: None,
            last: Instant::now(),
        });
        let is_new = !pod.causes.values().any(|known| *known == found);
        pod.causes.insert(said, found);
        pod.asked = asked;
        if is_new {
            *state.total.entry(found).or_default() += 1;
        }
        is_new
    }

    /// Pods that were failing a moment ago and can be asked about again.
    pub(super) fn waiting(&self) -> Vec<Waiting> {
        let state = self.state();
        let recent = state.pods.iter().filter(|(_, pod)| pod.last.elapsed() < RECENT);
        let waiting = recent.filter_map(|(uid, pod)| {
            Some(Waiting {
                uid: uid.clone(),
                namespace: pod.namespace.clone(),
                name: pod.name.clone(),
                asked: pod.asked.clone()?,
            })
        });
        waiting.collect()
    }

    /// Drops a pod.
    pub(super) fn forget(&self, uid: &str) {
        self.state().pods.remove(uid);
    }

    /// The numbers, for metrics.
    pub(crate) fn diagnoses(&self) -> Diagnoses {
        let state = self.state();
        let mut failing: BTreeMap<Cause, u64> = BTreeMap::new();
        for pod in state.pods.values().filter(|pod| pod.last.elapsed() < RECENT) {
            for cause in pod.causes.values() {
                *failing.entry(*cause).or_default() += 1;
            }
        }
        Diagnoses {
            failing,
            total: state.total.clone(),
        }
    }
}

/// A number for a pod and an outcome (FNV-1a): equal ones are one event.
pub(super) fn mark(uid: &str, reason: &str) -> u64 {
    let bytes = uid.bytes().chain([b'/']).chain(reason.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_of_a_pod_is_counted_once() {
        let stuck = Stuck::default();
        let add = |uid: &str, said, found| stuck.add((uid, "shop", "web"), said, found, None);
        assert!(add("a", Cause::AccessDenied, Cause::NoMatchingCredential));
        assert!(!stuck.is_new("a", Cause::AccessDenied, None));
        assert!(!add("a", Cause::NoCredentials, Cause::NoMatchingCredential));
        assert!(add("b", Cause::DnsFailure, Cause::DnsFailure));
        let diagnoses = stuck.diagnoses();
        assert_eq!(
            diagnoses.total,
            [(Cause::DnsFailure, 1), (Cause::NoMatchingCredential, 1)].into()
        );
        stuck.forget("b");
        assert_eq!(stuck.diagnoses().failing.get(&Cause::DnsFailure), None);
        assert_eq!(stuck.diagnoses().total.get(&Cause::DnsFailure), Some(&1));
    }

    #[test]
    fn memory_ends_where_it_was_said_to_end() {
        let stuck = Stuck::default();
        for at in 0..REMEMBERED + 10 {
            let uid = at.to_string();
            stuck.add((&uid, "n", "p"), Cause::NotFound, Cause::NotFound, None);
        }
        assert_eq!(stuck.diagnoses().failing[&Cause::NotFound], REMEMBERED as u64);
    }
}
