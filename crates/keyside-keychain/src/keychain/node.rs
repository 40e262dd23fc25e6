//! The credentials of one host, by path.

use std::collections::HashMap;

use super::Filed;

/// The credentials of one host. Each list is sorted by rank.
#[derive(Clone, Debug)]
pub(super) struct Node<T> {
    whole_host: Vec<Filed<T>>,
    by_path: HashMap<Box<str>, Vec<Filed<T>>>,
    /// The most segments of any path, so that longer images are not looked up in vain.
    deepest: usize,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self {
            whole_host: Vec::new(),
            by_path: HashMap::new(),
            deepest: 0,
        }
    }
}

impl<T> Node<T> {
    pub(super) fn insert(&mut self, filed: Filed<T>) {
        let path = filed.pattern.path();
        let list = if path.is_empty() {
            &mut self.whole_host
        } else {
            self.deepest = self.deepest.max(path.split('/').count());
            self.by_path.entry(path.into()).or_default()
        };
        let at = list.partition_point(|known| known.rank <= filed.rank);
        list.insert(at, filed);
    }

    /// Drops what `keep` does not want, and says whether anything is left.
    pub(super) fn retain(&mut self, keep: &mut impl FnMut(&Filed<T>) -> bool) -> bool {
        self.whole_host.retain(&mut *keep);
        self.by_path.retain(|_, list| {
            list.retain(&mut *keep);
            !list.is_empty()
        });
        !self.whole_host.is_empty() || !self.by_path.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Filed<T>> {
        self.whole_host.iter().chain(self.by_path.values().flatten())
    }

    /// Appends the credentials for a path, the longest matching path first.
    pub(super) fn collect<'a>(&'a self, path: &str, found: &mut Vec<&'a Filed<T>>) {
        if !self.by_path.is_empty() {
            let ends = path
                .match_indices('/')
                .map(|(slash, _)| slash)
                .chain(std::iter::once(path.len()));
            let at_first = found.len();
            for end in ends.take(self.deepest) {
                found.extend(self.by_path.get(&path[..end]).into_iter().flatten().rev());
            }
            // Walked from short to long with each list backwards: turned around, both are as they should be.
            found[at_first..].reverse();
        }
        found.extend(&self.whole_host);
    }
}
