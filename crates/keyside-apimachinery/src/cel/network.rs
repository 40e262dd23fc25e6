//! IP addresses and networks.

use super::function::Row;
use super::run::{Outcome, failed};
use super::value::Value;
use std::fmt;
use std::net::IpAddr;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("ip", "(string) IP", to_ip), ("isIP", "(string) bool", is_ip), ("ip.isCanonical", "(string) bool", is_canonical),
    ("family", "IP.() int", family), ("isUnspecified", "IP.() bool", is_unspecified), ("isLoopback", "IP.() bool", is_loopback),
    ("isLinkLocalMulticast", "IP.() bool", is_link_local_multicast),
    ("isLinkLocalUnicast", "IP.() bool", is_link_local_unicast), ("isGlobalUnicast", "IP.() bool", is_global_unicast),
    ("cidr", "(string) CIDR", to_cidr), ("isCIDR", "(string) bool", is_cidr),
    ("containsIP", "CIDR.(string) bool", contains_ip), ("containsIP", "CIDR.(IP) bool", contains_ip),
    ("containsCIDR", "CIDR.(string) bool", contains_cidr), ("containsCIDR", "CIDR.(CIDR) bool", contains_cidr),
    ("ip", "CIDR.() IP", ip_of), ("prefixLength", "CIDR.() int", prefix_length), ("masked", "CIDR.() CIDR", masked),
];

/// A network: an address, and how many of its first bits belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    length: u8,
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl Cidr {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address = parse_ip(address)?;
        let plain = !length.is_empty()
            && length.bytes().all(|b| b.is_ascii_digit())
            && (length == "0" || !length.starts_with('0'));
        let length: u8 = length.parse().ok().filter(|_| plain)?;
        (length <= width(address)).then_some(Self { address, length })
    }

    fn contains(self, address: IpAddr) -> bool {
        let other = Self {
            address,
            length: self.length,
        };
        self.address.is_ipv4() == address.is_ipv4() && self.masked() == other.masked()
    }

    fn masked(self) -> Self {
        let drop = u32::from(width(self.address) - self.length);
        let address = match self.address {
            IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(drop).unwrap_or(0)).into()),
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(drop).unwrap_or(0)).into()),
        };
        Self {
            address,
            length: self.length,
        }
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// An address; one of IPv4 dressed as IPv6 is none.
fn parse_ip(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    let disguised = matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
    (!disguised).then_some(address)
}

fn no_overload() -> Outcome {
    failed("no such overload")
}

fn to_ip(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return no_overload();
    };
    match parse_ip(text) {
        Some(address) => Ok(Value::Ip(address)),
        None => failed(format!(
            "IP Address {text:?} parse error during conversion from string: unable to parse IP"
        )),
    }
}

fn is_ip(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return no_overload();
    };
    Ok(Value::Bool(parse_ip(text).is_some()))
}

fn is_canonical(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return no_overload();
    };
    match parse_ip(text) {
        Some(address) => Ok(Value::Bool(address.to_string() == **text)),
        None => failed(format!(
            "IP Address {text:?} parse error during conversion from string: unable to parse IP"
        )),
    }
}

fn family(values: &[Value]) -> Outcome {
    let [Value::Ip(address)] = values else {
        return no_overload();
    };
    Ok(Value::Int(if address.is_ipv4() { 4 } else { 6 }))
}

fn test(values: &[Value], holds: fn(IpAddr) -> bool) -> Outcome {
    let [Value::Ip(address)] = values else {
        return no_overload();
    };
    Ok(Value::Bool(holds(*address)))
}

fn is_unspecified(values: &[Value]) -> Outcome {
    test(values, |address| address.is_unspecified())
}

fn is_loopback(values: &[Value]) -> Outcome {
    test(values, |address| address.is_loopback())
}

fn link_local_multicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.octets()[..3] == [224, 0, 0],
        IpAddr::V6(v6) => v6.segments()[0] & 0xff0f == 0xff02,
    }
}

fn link_local_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

fn is_link_local_multicast(values: &[Value]) -> Outcome {
    test(values, link_local_multicast)
}

fn is_link_local_unicast(values: &[Value]) -> Outcome {
    test(values, link_local_unicast)
}

fn is_global_unicast(values: &[Value]) -> Outcome {
    test(values, |address| {
        let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
        let special = address.is_unspecified() || address.is_loopback() || address.is_multicast();
        !broadcast && !special && !link_local_unicast(address)
    })
}

fn to_cidr(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return no_overload();
    };
    match Cidr::parse(text) {
        Some(network) => Ok(Value::Cidr(network)),
        None => failed(format!(
            "network address parse error during conversion from string: invalid CIDR {text:?}"
        )),
    }
}

fn is_cidr(values: &[Value]) -> Outcome {
    let [Value::String(text)] = values else {
        return no_overload();
    };
    Ok(Value::Bool(Cidr::parse(text).is_some()))
}

fn contains_ip(values: &[Value]) -> Outcome {
    match values {
        [Value::Cidr(network), Value::Ip(address)] => Ok(Value::Bool(network.contains(*address))),
        [network, text @ Value::String(_)] => {
            contains_ip(&[network.clone(), to_ip(std::slice::from_ref(text))?])
        }
        _ => no_overload(),
    }
}

fn contains_cidr(values: &[Value]) -> Outcome {
    match values {
        [Value::Cidr(network), Value::Cidr(other)] => Ok(Value::Bool(
            network.length <= other.length && network.contains(other.address),
        )),
        [network, text @ Value::String(_)] => {
            contains_cidr(&[network.clone(), to_cidr(std::slice::from_ref(text))?])
        }
        _ => no_overload(),
    }
}

fn ip_of(values: &[Value]) -> Outcome {
    let [Value::Cidr(network)] = values else {
        return no_overload();
    };
    Ok(Value::Ip(network.address))
}

fn prefix_length(values: &[Value]) -> Outcome {
    let [Value::Cidr(network)] = values else {
        return no_overload();
    };
    Ok(Value::Int(i64::from(network.length)))
}

fn masked(values: &[Value]) -> Outcome {
    let [Value::Cidr(network)] = values else {
        return no_overload();
    };
    Ok(Value::Cidr(network.masked()))
}
