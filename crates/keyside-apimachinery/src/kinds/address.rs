//! IP addresses and networks in fields (`validation.IsValidIPForLegacyField`).

use super::checks::Errors;
use super::path::Path;
use crate::status::FieldError;
use std::net::IpAddr;

/// A text must be an IP address in its plain form.
pub(crate) fn ip(errors: &mut Errors, path: &Path, text: &str) {
    let Ok(address) = text.parse::<IpAddr>() else {
        // A number like 010 is eight to some programs and ten to others.
        let padded = text
            .split('.')
            .any(|part| part.len() > 1 && part.starts_with('0'));
        let plain: Vec<&str> = text.split('.').map(|part| part.trim_start_matches('0')).collect();
        let almost = padded
            && plain
                .iter()
                .all(|part| part.is_empty() || part.parse::<u8>().is_ok());
        let detail = if almost && plain.len() == 4 {
            "must not have leading 0s"
        } else {
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        };
        errors.push(FieldError::invalid(path, text, detail));
        return;
    };
    if matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()) {
        errors.push(FieldError::invalid(
            path,
            text,
            "must not be an IPv4-mapped IPv6 address",
        ));
    }
}

/// A text must be an address and the length of its network's part.
pub(crate) fn network(errors: &mut Errors, path: &Path, text: &str) {
    let valid = text.split_once('/').is_some_and(|(address, bits)| {
        let most = match address.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        bits.parse::<u8>().is_ok_and(|bits| bits <= most)
    });
    if !valid {
        let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
        errors.push(FieldError::invalid(path, text, detail));
    }
}

/// Whether a text is an IPv6 address.
pub(crate) fn is_v6(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6())
}

/// An address that others can reach: not everywhere, not the host itself, not only this link.
pub(crate) fn reachable(errors: &mut Errors, path: &Path, text: &str) {
    let Ok(address) = text.parse::<IpAddr>() else {
        errors.push(FieldError::invalid(path, text, "must be a valid IP address"));
        return;
    };
    let (link_local, link_multicast) = match address {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(v6) => (v6.is_unicast_link_local(), v6.segments()[0] & 0xff0f == 0xff02),
    };
    let rules = [
        (
            address.is_unspecified(),
            format!("may not be unspecified ({text})"),
        ),
        (
            address.is_loopback(),
            "may not be in the loopback range (127.0.0.0/8, ::1/128)".into(),
        ),
        (
            link_local,
            "may not be in the link-local range (169.254.0.0/16, fe80::/10)".into(),
        ),
        (
            link_multicast,
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".into(),
        ),
    ];
    let broken = rules.into_iter().filter(|(broken, _)| *broken);
    errors.extend(broken.map(|(_, rule)| FieldError::invalid(path, text, rule)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(judge: fn(&mut Errors, &Path, &str), text: &str, expected: &[&str]) {
        let mut errors = Errors::new();
        judge(&mut errors, &Path::new("ip"), text);
        let details: Vec<_> = errors.iter().map(|e| e.detail.as_str()).collect();
        assert_eq!(details, expected, "{text}");
    }

    #[test]
    fn addresses_are_written_plainly() {
        check(ip, "10.0.0.1", &[]);
        check(ip, "2001:db8::1", &[]);
        check(ip, "010.0.0.1", &["must not have leading 0s"]);
        check(
            ip,
            "::ffff:10.0.0.1",
            &["must not be an IPv4-mapped IPv6 address"],
        );
        check(
            ip,
            "host",
            &["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"],
        );
    }

    #[test]
    fn some_addresses_lead_nowhere() {
        check(reachable, "10.0.0.1", &[]);
        check(
            reachable,
            "127.0.0.1",
            &["may not be in the loopback range (127.0.0.0/8, ::1/128)"],
        );
        check(reachable, "0.0.0.0", &["may not be unspecified (0.0.0.0)"]);
        check(
            reachable,
            "fe80::1",
            &["may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
        );
    }

    #[test]
    fn networks_have_a_length() {
        check(network, "10.0.0.0/8", &[]);
        check(
            network,
            "10.0.0.0/33",
            &["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"],
        );
    }
}
