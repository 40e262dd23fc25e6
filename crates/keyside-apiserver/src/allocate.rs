//! Cluster addresses and node ports of services: each is held by one service at a time. A held one is a small record
//! in the store, written in the same transaction as the service, so that two services cannot race for one.

use crate::catalog::Served;
use crate::server::Core;
use crate::store::{Expect, Key, Store, Template, Transaction, Write};
use keyside_apimachinery::kinds;
use keyside_apimachinery::meta;
use keyside_apimachinery::status::{FieldError, Status};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// `10.96.0.0/12`, as Kubernetes' own tools choose it.
const NETWORK: u32 = 0x0a60_0000;
const SIZE: u32 = 1 << 20;

/// The address of the API server itself.
pub(crate) const FIRST: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 1);

/// The first addresses are for those who ask for one by name.
const BAND: u32 = 256;

/// Ports of nodes.
const PORTS: std::ops::RangeInclusive<u32> = 30_000..=32_767;

/// How many random addresses or ports are tried before the search goes one by one.
const GUESSES: usize = 32;

/// Something a service holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    Address(Ipv4Addr),
    Port(u32),
}

impl Held {
    /// Where its record is kept. No resource is served from there.
    fn key(&self) -> Key {
        match self {
            Self::Address(address) => Key::new("allocations", "addresses", "", &address.to_string()),
            Self::Port(port) => Key::new("allocations", "ports", "", &port.to_string()),
        }
    }

    fn take(&self, service: &Value) -> Write {
        let owner = format!("{}/{}", meta::namespace(service), meta::name(service));
        let key = self.key();
        let object = Template::new(&json!({"metadata": {"name": key.name()}, "owner": owner}));
        Write {
            key,
            expect: Expect::Absent,
            object,
            delete: false,
        }
    }

    fn free(&self, store: &Store) -> Option<Write> {
        let key = self.key();
        let entry = store.get(&key)?;
        let object = Template::new(&entry.object());
        Some(Write {
            key,
            expect: Expect::At(entry.revision),
            object,
            delete: true,
        })
    }
}

impl Served {
    fn is_services(&self) -> bool {
        self.resource.gvk.group.is_empty() && self.resource.plural == "services"
    }

    /// Gives a service what it asks for; returns the writes that take it and give back what it no longer has. Other
    /// kinds need nothing.
    pub(crate) fn allocate(
        &self,
        core: &Core,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<Transaction, Status> {
        if !self.is_services() {
            return Ok(Transaction::default());
        }
        let had = old.map(held).unwrap_or_default();
        check_given(&core.store, object, &had)?;
        complete(&core.store, object)?;
        let has = held(object);
        let mut writes: Vec<Write> = has.difference(&had).map(|one| one.take(object)).collect();
        writes.extend(had.difference(&has).filter_map(|one| one.free(&core.store)));
        Ok(Transaction {
            checks: Vec::new(),
            writes,
        })
    }

    /// The writes that give back what a deleted service had.
    pub(crate) fn release(&self, core: &Core, object: &Value) -> Transaction {
        if !self.is_services() {
            return Transaction::default();
        }
        let writes = held(object)
            .iter()
            .filter_map(|one| one.free(&core.store))
            .collect();
        Transaction {
            checks: Vec::new(),
            writes,
        }
    }
}

/// The writes that take everything a service has.
pub(crate) fn take_all(service: &Value) -> Transaction {
    Transaction {
        checks: Vec::new(),
        writes: held(service).iter().map(|one| one.take(service)).collect(),
    }
}

/// What a service has.
fn held(service: &Value) -> BTreeSet<Held> {
    let address = service["spec"]["clusterIP"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .map(Held::Address);
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let ports = ports
        .filter_map(|port| port["nodePort"].as_u64())
        .filter_map(|port| u32::try_from(port).ok());
    address
        .into_iter()
        .chain(ports.filter(|port| *port > 0).map(Held::Port))
        .collect()
}

/// What a service asks for by name must exist and be free.
fn check_given(store: &Store, service: &Value, had: &BTreeSet<Held>) -> Result<(), Status> {
    let mut errors = Vec::new();
    for one in held(service).difference(had) {
        let taken = store.get(&one.key()).is_some();
        match one {
            Held::Address(address) if !in_network(*address) => errors.push(address_error(
                *address,
                &format!("the provided IP ({address}) is not in the valid range. The range of valid IPs is 10.96.0.0/12"),
            )),
            Held::Address(address) if taken => errors.push(address_error(*address, "provided IP is already allocated")),
            Held::Port(port) if !PORTS.contains(port) => errors.push(port_error(
                service,
                *port,
                "provided port is not in the valid range. The range of valid ports is 30000-32767",
            )),
            Held::Port(port) if taken => errors.push(port_error(service, *port, "provided port is already allocated")),
            Held::Address(_) | Held::Port(_) => {}
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Status::invalid("", "Service", meta::name(service), &errors))
    }
}

fn in_network(address: Ipv4Addr) -> bool {
    let offset = u32::from(address).wrapping_sub(NETWORK);
    (1..SIZE - 1).contains(&offset)
}

fn address_error(address: Ipv4Addr, why: &str) -> FieldError {
    let detail = format!("failed to allocate IP {address}: {why}");
    FieldError::invalid("spec.clusterIPs", json!([address.to_string()]), detail)
}

fn port_error(service: &Value, port: u32, why: &str) -> FieldError {
    let ports = service["spec"]["ports"].as_array().map_or(&[][..], Vec::as_slice);
    let at = ports.iter().position(|one| one["nodePort"] == port).unwrap_or(0);
    FieldError::invalid(format!("spec.ports[{at}].nodePort"), port, why)
}

/// Fills in what a service has not said.
fn complete(store: &Store, service: &mut Value) -> Result<(), Status> {
    if kinds::needs_cluster_ip(service) {
        let full = || Status::internal("failed to allocate a serviceIP: range is full");
        let address = |offset| Ipv4Addr::from(NETWORK + BAND + offset);
        let free = |offset: &u32| store.get(&Held::Address(address(*offset)).key()).is_none();
        let offset = search(SIZE - BAND - 1, free).ok_or_else(full)?;
        kinds::set_cluster_ip(service, &address(offset).to_string());
    }
    for at in kinds::ports_without_node_port(service) {
        let full = || Status::internal("failed to allocate a nodePort: range is full");
        let chosen = held(service);
        let free = |offset: &u32| {
            let port = Held::Port(PORTS.start() + offset);
            !chosen.contains(&port) && store.get(&port.key()).is_none()
        };
        let offset = search(PORTS.end() - PORTS.start() + 1, free).ok_or_else(full)?;
        service["spec"]["ports"][at]["nodePort"] = (PORTS.start() + offset).into();
    }
    Ok(())
}

/// A free number below `end`: a random one if that is easy, else the first after one.
fn search(end: u32, free: impl Fn(&u32) -> bool) -> Option<u32> {
    let random = || {
        let (bits, _) = uuid::Uuid::new_v4().as_u64_pair();
        u32::try_from(bits % u64::from(end)).unwrap_or(0)
    };
    let guess = (0..GUESSES).map(|_| random()).find(|number| free(number));
    guess.or_else(|| {
        let start = random();
        (start..end).chain(0..start).find(free)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_the_only_free_number_and_gives_up_when_there_is_none() {
        assert_eq!(search(1000, |number| *number == 77), Some(77));
        assert_eq!(search(1000, |_| false), None);
    }

    #[test]
    fn a_service_holds_its_address_and_ports() {
        let service =
            json!({"spec": {"clusterIP": "10.96.1.2", "ports": [{"nodePort": 30001}, {"port": 80}]}});
        let expected = [Held::Address(Ipv4Addr::new(10, 96, 1, 2)), Held::Port(30001)];
        assert_eq!(held(&service), BTreeSet::from(expected));
        assert!(held(&json!({"spec": {"clusterIP": "None"}})).is_empty());
    }

    #[test]
    fn addresses_outside_the_network_are_told_apart() {
        assert!(in_network(Ipv4Addr::new(10, 96, 0, 1)));
        assert!(in_network(Ipv4Addr::new(10, 111, 255, 254)));
        assert!(!in_network(Ipv4Addr::new(10, 112, 0, 1)));
        assert!(!in_network(Ipv4Addr::new(10, 95, 255, 255)));
    }
}
