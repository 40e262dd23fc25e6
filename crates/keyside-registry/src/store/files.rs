//! Objects as files: the key is the path.
//!
//! A file is written under another name, flushed, and then renamed or linked into place, so readers and a crash see whole objects
//! only. Removal that depends on the content takes a lock that all processes over the folder share, and so does replacing.
//!
//! Work happens on tokio's blocking threads one piece at a time: a slow client never holds a thread.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::StreamExt as _;

use super::{Content, Listing, StoreError};
use crate::random;

/// Beside the objects, and no possible key of one.
const STAGING: &str = ".staging";
const LOCK: &str = ".lock";
/// What a crash left behind is removed when the store is opened a day later; other processes may be writing younger ones.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// How much is read or gathered before a blocking thread is asked.
const PIECE: usize = 512 * 1024;

#[derive(Debug)]
pub(super) struct Files {
    root: Arc<Path>,
}

impl Files {
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Open {
            path: folder.display().to_string(),
            source,
        };
        let staging = folder.join(STAGING);
        make_folder(&staging).map_err(failed)?;
        remove_stale(&staging).map_err(failed)?;
        Ok(Self {
            root: folder.canonicalize().map_err(failed)?.into(),
        })
    }

    pub(super) async fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        let path = self.path(key);
        let read = blocking(move || present(fs::read(path))).await;
        Ok(read.map_err(reading(key))?.map(Bytes::from))
    }

    pub(super) async fn size(&self, key: &str) -> Result<Option<u64>, StoreError> {
        let path = self.path(key);
        let found = blocking(move || present(fs::metadata(path))).await;
        let found = found.map_err(reading(key))?;
        Ok(found.filter(fs::Metadata::is_file).map(|file| file.len()))
    }

    pub(super) async fn open_range(&self, key: &str, start: u64) -> Result<Option<File>, StoreError> {
        let path = self.path(key);
        let opened = blocking(move || {
            let Some(mut file) = present(File::open(path))? else {
                return Ok(None);
            };
            file.seek(SeekFrom::Start(start))?;
            Ok(Some(file))
        });
        opened.await.map_err(reading(key))
    }

    pub(super) async fn stream(&self, key: &str, range: Range<u64>) -> Result<Option<Content>, StoreError> {
        let Some(file) = self.open_range(key, range.start).await? else {
            return Ok(None);
        };
        let key = key.to_owned();
        let left = range.end.saturating_sub(range.start);
        let pieces = futures::stream::try_unfold((file, left), move |(file, left)| {
            let key = key.clone();
            async move {
                if left == 0 {
                    return Ok(None);
                }
                let (file, piece) = blocking(move || read_piece(file, left))
                    .await
                    .map_err(reading(&key))?;
                let left = left - piece.len() as u64;
                Ok(Some((piece, (file, left))))
            }
        });
        Ok(Some(pieces.boxed()))
    }

    pub(super) async fn write(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        let (root, path) = (Arc::clone(&self.root), self.path(key));
        let written = blocking(move || {
            let staged = Staged::with(&root, &bytes)?;
            let _lock = lock(&root)?;
            staged.rename(&root, &path)
        });
        written.await.map_err(writing(key))
    }

    pub(super) async fn create(&self, key: &str, bytes: Bytes) -> Result<bool, StoreError> {
        let (root, path) = (Arc::clone(&self.root), self.path(key));
        let created = blocking(move || match Staged::with(&root, &bytes)?.link(&root, &path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        });
        created.await.map_err(writing(key))
    }

    pub(super) async fn writer(&self, key: &str) -> Result<FileWriter, StoreError> {
        let root = Arc::clone(&self.root);
        let staged = blocking(move || Staged::new(&root)).await.map_err(writing(key))?;
        Ok(FileWriter {
            root: Arc::clone(&self.root),
            staged,
            path: self.path(key),
            key: key.to_owned(),
            pending: Vec::new(),
            gathered: 0,
        })
    }

    pub(super) async fn copy(&self, from: &str, to: &str) -> Result<bool, StoreError> {
        let (root, from, to_path) = (Arc::clone(&self.root), self.path(from), self.path(to));
        let copied = blocking(move || {
            let path = staging_path(&root)?;
            if present(fs::hard_link(from, &path))?.is_none() {
                return Ok(false);
            }
            Staged { file: None, path }.rename(&root, &to_path)?;
            Ok(true)
        });
        copied.await.map_err(writing(to))
    }

    pub(super) async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        let (root, path) = (Arc::clone(&self.root), self.path(key));
        let deleted = blocking(move || {
            let removed = present(fs::remove_file(&path))?.is_some();
            remove_empty_folders(&root, &path);
            Ok(removed)
        });
        deleted.await.map_err(writing(key))
    }

    pub(super) async fn delete_if(&self, key: &str, content: &Bytes) -> Result<bool, StoreError> {
        let (root, path, content) = (Arc::clone(&self.root), self.path(key), content.clone());
        let deleted = blocking(move || {
            let _lock = lock(&root)?;
            if present(fs::read(&path))?.as_deref() != Some(&*content) {
                return Ok(false);
            }
            fs::remove_file(&path)?;
            remove_empty_folders(&root, &path);
            Ok(true)
        });
        deleted.await.map_err(writing(key))
    }

    pub(super) async fn delete_all(&self, prefix: &str) -> Result<(), StoreError> {
        let (root, path) = (Arc::clone(&self.root), self.path(prefix));
        let deleted = blocking(move || {
            present(fs::remove_dir_all(&path))?;
            remove_empty_folders(&root, &path);
            Ok(())
        });
        deleted.await.map_err(writing(prefix))
    }

    pub(super) async fn list(&self, prefix: &str) -> Result<Listing, StoreError> {
        let path = self.path(prefix);
        let listed = blocking(move || {
            let mut listing = Listing::default();
            let Some(entries) = present(fs::read_dir(path))? else {
                return Ok(listing);
            };
            for entry in entries {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                if entry.file_type()?.is_dir() {
                    listing.folders.push(name);
                } else {
                    listing.objects.push(name);
                }
            }
            listing.objects.sort();
            listing.folders.sort();
            Ok(listing)
        });
        listed.await.map_err(reading(prefix))
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }
}

/// A large file in the making.
pub(crate) struct FileWriter {
    root: Arc<Path>,
    staged: Staged,
    path: PathBuf,
    key: String,
    pending: Vec<Bytes>,
    gathered: usize,
}

impl FileWriter {
    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.gathered += bytes.len();
        self.pending.push(bytes);
        if self.gathered < PIECE {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        self.gathered = 0;
        let pending = std::mem::take(&mut self.pending);
        let Some(mut file) = self.staged.file.take() else {
            return Err(writing(&self.key)(ErrorKind::BrokenPipe.into()));
        };
        let written = blocking(move || {
            for bytes in &pending {
                file.write_all(bytes)?;
            }
            Ok(file)
        });
        self.staged.file = Some(written.await.map_err(writing(&self.key))?);
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<(), StoreError> {
        self.flush().await?;
        let Self {
            root,
            mut staged,
            path,
            key,
            ..
        } = self;
        let placed = blocking(move || {
            if let Some(file) = staged.file.take() {
                file.sync_all()?;
            }
            staged.rename(&root, &path)
        });
        placed.await.map_err(writing(&key))
    }
}

/// A file that is not yet in its place; dropped, it is removed.
struct Staged {
    file: Option<File>,
    path: PathBuf,
}

impl Staged {
    fn new(root: &Path) -> io::Result<Self> {
        let path = staging_path(root)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self {
            file: Some(options.open(&path)?),
            path,
        })
    }

    fn with(root: &Path, bytes: &[u8]) -> io::Result<Self> {
        let mut staged = Self::new(root)?;
        if let Some(mut file) = staged.file.take() {
            file.write_all(bytes)?;
            file.sync_all()?;
        }
        Ok(staged)
    }

    fn rename(self, root: &Path, to: &Path) -> io::Result<()> {
        place(root, to, || fs::rename(&self.path, to))
    }

    fn link(self, root: &Path, to: &Path) -> io::Result<()> {
        place(root, to, || fs::hard_link(&self.path, to))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove; any other failure leaves a file that the next start removes.
        let _ = fs::remove_file(&self.path);
    }
}

/// Runs a step that puts something to `to`, and makes its folder as often as somebody else removes it as empty. When this returns,
/// the entry is on disk, and so are those of the folders that had to be made.
fn place(root: &Path, to: &Path, step: impl Fn() -> io::Result<()>) -> io::Result<()> {
    let folder = to.parent().ok_or(ErrorKind::InvalidInput)?;
    let mut made = false;
    for _ in 0..64 {
        match step() {
            Ok(()) if made => {
                return folder
                    .ancestors()
                    .take_while(|above| above.starts_with(root))
                    .try_for_each(sync);
            }
            Ok(()) => return sync(folder),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        made = true;
        match make_folder(folder) {
            // A folder on the way was removed between two steps.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists) => {}
            other => other?,
        }
    }
    step()
}

/// Puts a folder's entries on disk. If it is gone, so is what was in it, and by somebody else's wish.
fn sync(folder: &Path) -> io::Result<()> {
    match present(File::open(folder))? {
        Some(folder) => folder.sync_all(),
        None => Ok(()),
    }
}

fn staging_path(root: &Path) -> io::Result<PathBuf> {
    Ok(root
        .join(STAGING)
        .join(random::hex_id().map_err(io::Error::other)?))
}

/// Held until dropped, by one process and one thread at a time.
fn lock(root: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(root.join(LOCK))?;
    file.lock()?;
    Ok(file)
}

fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn remove_stale(staging: &Path) -> io::Result<()> {
    let now = SystemTime::now();
    for entry in fs::read_dir(staging)? {
        let entry = entry?;
        let Some(metadata) = present(entry.metadata())? else {
            continue;
        };
        let age = now.duration_since(metadata.modified()?).unwrap_or_default();
        if age > STALE {
            present(fs::remove_file(entry.path()))?;
        }
    }
    Ok(())
}

/// So that a repository without content is no repository. Stops at the first folder that is not empty.
fn remove_empty_folders(root: &Path, below: &Path) {
    let mut folder = below.parent();
    while let Some(path) = folder.filter(|path| *path != root) {
        if fs::remove_dir(path).is_err() {
            return;
        }
        folder = path.parent();
    }
}

fn read_piece(file: File, left: u64) -> io::Result<(File, Bytes)> {
    let want = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE);
    let mut piece = Vec::with_capacity(want);
    (&file).take(want as u64).read_to_end(&mut piece)?;
    if piece.is_empty() {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok((file, piece.into()))
}

/// "There is none" is an answer, not an error; a key that goes on below a file is no key either.
fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

fn reading(key: &str) -> impl FnOnce(io::Error) -> StoreError {
    let key = key.to_owned();
    move |source| StoreError::Read { key, source }
}

fn writing(key: &str) -> impl FnOnce(io::Error) -> StoreError {
    let key = key.to_owned();
    move |source| StoreError::Write { key, source }
}
