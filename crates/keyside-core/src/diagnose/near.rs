//! Which registry may have been meant by somebody whose image names an address at which there is none.

use std::net::IpAddr;

/// So many letters may be wrong in a name, and fewer than one of four.
const SLIPS: usize = 2;

/// The known host that looks most like this address: the same name at another port, or else a name with a slip or two. None where two
/// look alike: then only the author knows.
pub(super) fn meant(address: &str, known: impl IntoIterator<Item = String>) -> Option<String> {
    let mut near: Vec<(usize, String)> = known
        .into_iter()
        .filter_map(|host| Some((distance(address, &host)?, host)))
        .collect();
    near.sort();
    near.dedup();
    let mut near = near.into_iter();
    let (distance, host) = near.next()?;
    let is_alone = near.next().is_none_or(|(next, _)| next > distance);
    is_alone.then_some(host)
}

/// How far a host is from what was written; none if it is the same, or too far to be meant.
fn distance(address: &str, host: &str) -> Option<usize> {
    if address.eq_ignore_ascii_case(host) {
        return None;
    }
    let (name, port) = split(address);
    let (other, other_port) = split(host);
    let (name, other) = (name.to_ascii_lowercase(), other.to_ascii_lowercase());
    if name == other {
        return Some(0);
    }
    let is_number = |name: &str| name.parse::<IpAddr>().is_ok() || name.starts_with('[');
    if is_number(&name) || is_number(&other) {
        return None;
    }
    let wrong = slips(name.as_bytes(), other.as_bytes());
    (wrong <= SLIPS && wrong * 4 < name.len()).then(|| wrong + usize::from(port != other_port))
}

fn split(address: &str) -> (&str, Option<&str>) {
    match address.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (address, None),
    }
}

/// Letters to add, drop, change, or swap with their neighbour, to make one text of the other.
fn slips(one: &[u8], other: &[u8]) -> usize {
    let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
    for at in 0..=one.len() {
        for by in 0..=other.len() {
            if at == 0 || by == 0 {
                table[at][by] = at + by;
                continue;
            }
            let change = usize::from(one[at - 1] != other[by - 1]);
            let mut best = (table[at - 1][by] + 1)
                .min(table[at][by - 1] + 1)
                .min(table[at - 1][by - 1] + change);
            let is_swapped = at > 1 && by > 1 && one[at - 1] == other[by - 2] && one[at - 2] == other[by - 1];
            if is_swapped {
                best = best.min(table[at - 2][by - 2] + 1);
            }
            table[at][by] = best;
        }
    }
    table[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, known: &[&str], expected: Option<&str>) {
        let known = known.iter().map(|host| (*host).to_owned());
        assert_eq!(meant(address, known).as_deref(), expected, "{address}");
    }

    #[test]
    fn another_port_comes_before_another_name() {
        check(
            "reg.corp:5001",
            &["rge.corp:5001", "reg.corp:5000"],
            Some("reg.corp:5000"),
        );
        check("reg.corp:443", &["reg.corp"], Some("reg.corp"));
    }

    #[test]
    fn slips_of_the_hand_are_recognised() {
        for typed in ["qauy.io", "quay.oi", "qay.io", "quayy.io", "Qusy.io"] {
            check(typed, &["quay.io", "ghcr.io"], Some("quay.io"));
        }
        check(
            "registry.exmaple.con",
            &["registry.example.com"],
            Some("registry.example.com"),
        );
    }

    #[test]
    fn other_names_and_other_machines_are_not_meant() {
        check("ghcr.io", &["quay.io"], None);
        check("quay.io", &["quay.io"], None);
        check("a.io", &["b.io"], None);
        check("10.0.0.1", &["10.0.0.2"], None);
        check("10.0.0.1:5000", &["10.0.0.1:5001"], Some("10.0.0.1:5001"));
        check("[fd00::1]:5000", &["[fd00::1]"], Some("[fd00::1]"));
    }

    #[test]
    fn nobody_is_told_which_of_two() {
        check("reg.corp:1", &["reg.corp:5000", "reg.corp:5001"], None);
        check(
            "reg.corp:1",
            &["reg.corp:5000", "reg.corp:5000"],
            Some("reg.corp:5000"),
        );
    }
}
