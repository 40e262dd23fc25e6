//! Addresses for pods that have no network.
//!
//! They come from 198.18.0.0/15, which is set aside for benchmarks (RFC 2544): nobody's host is mistaken for a pod.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

const FIRST: u32 = u32::from_be_bytes([198, 18, 0, 2]);
const LAST: u32 = u32::from_be_bytes([198, 19, 255, 254]);

#[derive(Debug, Default)]
pub(super) struct Addresses(Mutex<Pool>);

#[derive(Debug, Default)]
struct Pool {
    /// UID of the pod by address.
    taken: HashMap<Ipv4Addr, String>,
    next: u32,
}

impl Addresses {
    /// The address of a pod: the one it has, or the next free one.
    pub(super) fn of(&self, uid: &str, known: Option<&str>) -> String {
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.and_then(|known| known.parse::<Ipv4Addr>().ok());
        if let Some(known) = known {
            pool.taken.insert(known, uid.to_owned());
            return known.to_string();
        }
        let held = pool
            .taken
            .iter()
            .find(|(_, holder)| *holder == uid)
            .map(|(address, _)| *address);
        let address = held.unwrap_or_else(|| pool.take());
        pool.taken.insert(address, uid.to_owned());
        address.to_string()
    }

    /// Gives back the address of a pod that is gone.
    pub(super) fn release(&self, uid: &str, known: Option<&str>) {
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.and_then(|known| known.parse::<Ipv4Addr>().ok())
            && pool.taken.get(&known).is_some_and(|holder| holder == uid)
        {
            pool.taken.remove(&known);
        }
    }
}

impl Pool {
    /// The next free address after the last one given, so that one is not given again at once. When all are taken, the next is shared:
    /// nothing depends on them.
    fn take(&mut self) -> Ipv4Addr {
        let size = LAST - FIRST + 1;
        for _ in 0..size {
            let address = Ipv4Addr::from(FIRST + self.next % size);
            self.next = (self.next + 1) % size;
            if !self.taken.contains_key(&address) {
                return address;
            }
        }
        Ipv4Addr::from(FIRST + self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pod_has_its_own_address_and_keeps_it() {
        let addresses = Addresses::default();
        assert_eq!(addresses.of("a", None), "198.18.0.2");
        assert_eq!(addresses.of("b", None), "198.18.0.3");
        assert_eq!(addresses.of("a", Some("198.18.0.2")), "198.18.0.2");
        assert_eq!(
            addresses.of("a", None),
            "198.18.0.2",
            "also when the status is not known yet"
        );
    }

    #[test]
    fn addresses_known_from_before_are_not_given_again() {
        let addresses = Addresses::default();
        addresses.of("old", Some("198.18.0.2"));
        assert_eq!(addresses.of("new", None), "198.18.0.3");
        addresses.release("old", Some("198.18.0.2"));
        addresses.release("new", Some("198.18.0.9"));
        assert_eq!(addresses.of("third", None), "198.18.0.4");
    }
}
