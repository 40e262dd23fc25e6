//! The rights that docs/install.md publishes, and those that an API server says an account has.

use std::collections::{BTreeMap, BTreeSet};

/// Verbs by resource and name.
pub(crate) type Rights = BTreeMap<(String, String), BTreeSet<String>>;

/// What `kubectl auth can-i --list --no-headers` says, besides what every account may.
pub(crate) fn listed(list: &str) -> Rights {
    let mut rights = Rights::new();
    for line in list.lines().filter(|line| !line.starts_with([' ', '['])) {
        let Some((resource, names, verbs)) = columns(line) else {
            continue;
        };
        // `projects.keyside.dev/status`: the group says nothing that the name does not.
        let (whole, sub) = resource
            .split_once('/')
            .map_or((resource, String::new()), |(whole, sub)| {
                (whole, format!("/{sub}"))
            });
        let plain = format!("{}{sub}", whole.split('.').next().unwrap_or_default());
        if plain.starts_with("self") || plain == "clustertrustbundles" {
            continue;
        }
        let verbs = verbs.split_whitespace().map(str::to_owned);
        rights.entry((plain, names.to_owned())).or_default().extend(verbs);
    }
    rights
}

/// Resource, names and verbs of a line; the column between is of paths.
fn columns(line: &str) -> Option<(&str, &str, &str)> {
    let (what, verbs) = line.trim_end_matches(']').rsplit_once('[')?;
    let (what, names) = what.trim_end().trim_end_matches(']').rsplit_once('[')?;
    Some((what.split_whitespace().next()?, names, verbs))
}

/// The table of the page, as far as it is about these places.
pub(crate) fn published(page: &str, places: &[&str]) -> Rights {
    let mut rights = Rights::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, place, resources, verbs, _] = cells[..] else {
            continue;
        };
        if !places.contains(&place) {
            continue;
        }
        let (resources, name) = resources.split_once(", named ").unwrap_or((resources, ""));
        for resource in resources.split(", ") {
            let key = (resource.to_owned(), name.trim_matches('`').to_owned());
            rights
                .entry(key)
                .or_default()
                .extend(verbs.split(' ').map(str::to_owned));
        }
    }
    rights
}
