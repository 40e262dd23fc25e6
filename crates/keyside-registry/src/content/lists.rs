//! Lists: the tags of a repository, and the repositories.

use super::{Contents, REPOSITORIES, folder};
use crate::name::Repository;
use crate::store::StoreError;

/// Which part of a list is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// At most so many entries.
    pub(crate) limit: Option<usize>,
    /// Only what comes after this one.
    pub(crate) after: Option<String>,
}

impl Page {
    /// Cuts a sorted list to the page; the flag says whether more follows.
    pub(crate) fn cut(&self, mut entries: Vec<String>) -> (Vec<String>, bool) {
        if let Some(after) = &self.after {
            entries.retain(|entry| entry > after);
        }
        let more = self.limit.is_some_and(|limit| entries.len() > limit);
        entries.truncate(self.limit.unwrap_or(usize::MAX));
        (entries, more)
    }
}

impl Contents {
    /// The tags of a repository in byte order; nothing if there is no such repository.
    pub(crate) async fn tags(&self, repository: &Repository) -> Result<Option<Vec<String>>, StoreError> {
        let tags = self.store.list(&folder(repository, "_tags")).await?.objects;
        if tags.is_empty() && !self.exists(repository).await? {
            return Ok(None);
        }
        Ok(Some(tags))
    }

    /// Whether a repository holds a manifest.
    pub(crate) async fn exists(&self, repository: &Repository) -> Result<bool, StoreError> {
        let manifests = self.store.list(&folder(repository, "_manifests")).await?;
        Ok(!manifests.folders.is_empty())
    }

    /// All repositories that hold something, in byte order.
    pub(crate) async fn repositories(&self) -> Result<Vec<Repository>, StoreError> {
        let mut found = Vec::new();
        let mut open = vec![String::new()];
        while let Some(name) = open.pop() {
            let key = if name.is_empty() {
                REPOSITORIES.to_owned()
            } else {
                format!("{REPOSITORIES}/{name}")
            };
            let mut holds = false;
            for folder in self.store.list(&key).await?.folders {
                if folder.starts_with('_') {
                    holds = true;
                } else if name.is_empty() {
                    open.push(folder);
                } else {
                    open.push(format!("{name}/{folder}"));
                }
            }
            found.extend(Repository::parse(&name).filter(|_| holds));
        }
        found.sort();
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_begin_after_the_last_one_and_say_if_more_follows() {
        let all = || ["a", "b", "c"].map(str::to_owned).to_vec();
        let check = |limit, after: Option<&str>, expected: &[&str], more| {
            let page = Page {
                limit,
                after: after.map(str::to_owned),
            };
            assert_eq!(
                page.cut(all()),
                (expected.iter().map(|name| (*name).to_owned()).collect(), more)
            );
        };
        check(None, None, &["a", "b", "c"], false);
        check(Some(2), None, &["a", "b"], true);
        check(Some(2), Some("b"), &["c"], false);
        check(Some(0), None, &[], true);
        check(None, Some("aa"), &["b", "c"], false);
    }
}
