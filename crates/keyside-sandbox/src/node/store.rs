//! The images of the node on disk: which names mean which image, and who may use it.
//!
//! ```text
//! DIR/blobs/…            content, checked while it was written (keyside-oci)
//! DIR/images.json        which images there are, by name
//! DIR/access/ID.json     who may use an image (KEP-2535)
//! ```
//!
//! An image is listed after all of its content is on disk. At start, and whenever it is looked up, what has lost content is not there.

use super::records::{Record, Records};
use keyside_oci::{BlobDir, Digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// An image that is completely present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Image {
    /// Digest of its config.
    pub(crate) id: String,
    /// `repository:tag` and `repository@digest`, as a container runtime lists them.
    pub(crate) names: BTreeSet<String>,
    /// Bytes of manifest, config and layers.
    pub(crate) size: u64,
    /// Everything it consists of, with sizes.
    pub(crate) content: Vec<(String, u64)>,
}

/// The store of one node. One process at a time uses it.
#[derive(Debug)]
pub(crate) struct Store {
    dir: PathBuf,
    blobs: BlobDir,
    images: Mutex<Vec<Image>>,
    changed: watch::Sender<Arc<Vec<Image>>>,
}

impl Store {
    /// Opens a store and creates what is missing of it. What an interrupted run has left half done is not listed.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir.join("access"))?;
        let blobs = BlobDir::open(dir.join("blobs"))?;
        let listed: Vec<Image> = match fs::read(dir.join("images.json")) {
            // A list that cannot be read costs a download, not a start.
            Ok(text) => serde_json::from_slice(&text).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let images: Vec<Image> = listed
            .into_iter()
            .filter(|image| is_complete(&blobs, image))
            .collect();
        let changed = watch::Sender::new(Arc::new(images.clone()));
        Ok(Self {
            dir: dir.to_owned(),
            blobs,
            images: Mutex::new(images),
            changed,
        })
    }

    pub(crate) fn blobs(&self) -> &BlobDir {
        &self.blobs
    }

    /// The images, and word of every change.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Vec<Image>>> {
        self.changed.subscribe()
    }

    /// The image of this name.
    pub(crate) fn find(&self, name: &str) -> Option<Image> {
        let images = self.images();
        images
            .iter()
            .find(|image| image.names.contains(name))
            .filter(|image| is_complete(&self.blobs, image))
            .cloned()
    }

    /// Lists an image whose content is on disk. Its names no longer mean any other image.
    pub(crate) fn add(&self, image: Image) -> io::Result<()> {
        let mut images = self.images();
        let mut next = images.clone();
        for other in &mut next {
            other.names.retain(|name| !image.names.contains(name));
        }
        match next.iter_mut().find(|other| other.id == image.id) {
            Some(known) => {
                known.names.extend(image.names);
                known.content = image.content;
                known.size = image.size;
            }
            None => next.push(image),
        }
        if *images == next {
            return Ok(());
        }
        // Serialising our own type into memory cannot fail.
        write(
            &self.dir.join("images.json"),
            &serde_json::to_vec(&next).unwrap_or_default(),
        )?;
        images.clone_from(&next);
        self.changed.send_replace(Arc::new(next));
        Ok(())
    }

    /// What earlier runs have noted about who may use what. An image of which nothing is noted was pulled by a run that ended too
    /// early to note it; it is nobody's until somebody proves a right to it.
    pub(crate) fn records(&self) -> Records {
        let record = |image: &Image| {
            let text = fs::read(self.record_path(&image.id)).unwrap_or_default();
            (
                image.id.clone(),
                serde_json::from_slice(&text).unwrap_or_default(),
            )
        };
        Records::load(self.images().iter().map(record))
    }

    pub(crate) fn save(&self, id: &str, record: &Record) -> io::Result<()> {
        // Serialising our own type into memory cannot fail.
        write(
            &self.record_path(id),
            &serde_json::to_vec(record).unwrap_or_default(),
        )
    }

    /// Ids are digests, so they hold nothing that a path could be made of.
    fn record_path(&self, id: &str) -> PathBuf {
        self.dir
            .join("access")
            .join(format!("{}.json", id.replace(':', "-")))
    }

    fn images(&self) -> MutexGuard<'_, Vec<Image>> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_complete(blobs: &BlobDir, image: &Image) -> bool {
    image
        .content
        .iter()
        .all(|(digest, size)| Digest::parse(digest).is_ok_and(|digest| blobs.size(&digest) == Some(*size)))
}

/// Replaces a file in one step: after a crash it is the old one or the new one.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(parent)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    fs::File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::records::Access;

    fn image(id: &str, names: &[&str]) -> Image {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Image {
            id: id.into(),
            names,
            size: 0,
            content: Vec::new(),
        }
    }

    fn ids(store: &Store, names: &[&str]) -> Vec<Option<String>> {
        names
            .iter()
            .map(|name| store.find(name).map(|image| image.id))
            .collect()
    }

    #[test]
    fn a_name_means_the_image_it_was_last_given_to() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.add(image("one", &["r:1", "r:latest"])).unwrap();
        store.add(image("two", &["r:latest"])).unwrap();
        store.add(image("one", &["r@sha256:x"])).unwrap();
        let expected = [
            Some("one".to_owned()),
            Some("two".to_owned()),
            Some("one".to_owned()),
            None,
        ];
        assert_eq!(ids(&store, &["r:1", "r:latest", "r@sha256:x", "r:2"]), expected);
        let again = Store::open(dir.path()).unwrap();
        assert_eq!(ids(&again, &["r:1", "r:latest", "r@sha256:x", "r:2"]), expected);
    }

    #[test]
    fn an_image_that_lost_content_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let digest = format!("sha256:{}", "a".repeat(64));
        let path = store.blobs().path(&Digest::parse(&digest).unwrap());
        fs::write(&path, "abc").unwrap();
        store
            .add(Image {
                content: vec![(digest, 3)],
                ..image("one", &["r:1"])
            })
            .unwrap();
        assert!(store.find("r:1").is_some());
        fs::write(&path, "ab").unwrap();
        assert!(store.find("r:1").is_none());
        assert!(Store::open(dir.path()).unwrap().find("r:1").is_none());
    }

    #[test]
    fn rights_survive_and_an_image_without_note_is_nobodys() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.add(image("sha256:a", &["r:1"])).unwrap();
        store.add(image("sha256:b", &["r:2"])).unwrap();
        let record = Record {
            access: [("r".to_owned(), Access::Everybody)].into(),
        };
        store.save("sha256:a", &record).unwrap();
        let mut records = Store::open(dir.path()).unwrap().records();
        let policy = super::super::VerificationPolicy::default();
        let mut must = |image: &str, id: &str| {
            records
                .must_pull::<()>(&policy, image, id, || Ok(Vec::new()))
                .unwrap()
        };
        assert!(!must("r:1", "sha256:a"));
        assert!(must("r:2", "sha256:b"));
    }
}
