//! Which network addresses are dialled at all.
//!
//! A registry is a stranger who can make its visitors dial: through its name, the token service it announces, or a redirect. Behind
//! some addresses stand services that trust whoever reaches them. The check is made on the address that is then dialled, because a
//! name may answer differently the next time it is looked up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses of cloud metadata services outside the link-local ranges: Alibaba, Azure, Oracle, AWS, Google.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
const METADATA_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// Whether an address may be dialled. Private ranges may: most companies' registries live there.
pub(crate) fn is_allowed(address: IpAddr, loopback: bool) -> bool {
    match unwrapped(address) {
        IpAddr::V4(v4) if v4.is_loopback() => loopback,
        IpAddr::V6(v6) if v6.is_loopback() => loopback,
        IpAddr::V4(v4) => {
            let of_no_host = v4.octets()[0] == 0 || v4.is_multicast() || v4.is_broadcast();
            !of_no_host && !v4.is_link_local() && !METADATA_V4.contains(&v4)
        }
        IpAddr::V6(v6) => {
            let of_no_host = v6.is_unspecified() || v6.is_multicast();
            !of_no_host && !v6.is_unicast_link_local() && !METADATA_V6.contains(&v6)
        }
    }
}

/// The IPv4 address inside an IPv6 one, for every form of wrapping that a network may undo.
fn unwrapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let parts = v6.segments();
    let joined = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match parts {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => address,
        // Mapped, translated and compatible; then NAT64, its local form, and 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] => joined(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => joined(high, low),
        [0, 0, 0, 0, 0, 0, high, low] => joined(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => joined(high, low),
        [0x64, 0xff9b, 1, _, _, _, high, low] => joined(high, low),
        [0x2002, high, low, ..] => joined(high, low),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(address: &str) -> (bool, bool) {
        let address = address.parse().unwrap();
        (is_allowed(address, false), is_allowed(address, true))
    }

    #[test]
    fn public_and_private_addresses_are_dialled() {
        for address in [
            "8.8.8.8",
            "10.0.0.1",
            "192.168.1.1",
            "172.16.0.1",
            "100.64.0.1",
            "2001:db8::1",
            "fd00::1",
            "64:ff9b::808:808",
        ] {
            assert_eq!(allowed(address), (true, true), "{address}");
        }
    }

    #[test]
    fn loopback_is_dialled_only_if_the_registry_is_named_so() {
        for address in [
            "127.0.0.1",
            "127.255.0.9",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ] {
            assert_eq!(allowed(address), (false, true), "{address}");
        }
    }

    #[test]
    fn metadata_link_local_and_unspecified_addresses_are_never_dialled() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "::ffff:169.254.169.254",
            "::ffff:a9fe:a9fe",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "100.100.100.200",
            "168.63.129.16",
            "fd00:ec2::254",
            "fe80::1",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "::ffff:0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "ff02::1",
        ] {
            assert_eq!(allowed(address), (false, false), "{address}");
        }
    }
}
