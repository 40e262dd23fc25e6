//! Writing one blob: on a thread of its own, hashing what it writes, so that the network is never kept waiting for the disk.

use super::BlobDir;
use crate::digest::{Digest, Hasher};
use bytes::Bytes;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

/// Pieces that may wait between network and disk. A piece is at most a few hundred KiB.
const QUEUE: usize = 16;
const READ_SIZE: usize = 256 * 1024;
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// A blob that is being written. Dropping it keeps what has been written, to be continued later.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Order>,
    thread: JoinHandle<io::Result<Finished>>,
    written: u64,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Finished {
    /// The content has its digest and its final name.
    Stored,
    /// The content has another digest, and is gone.
    Mismatch(Digest),
    /// The content is not complete; its beginning is kept.
    Partial,
}

#[derive(Debug)]
enum Order {
    Append(Bytes),
    /// The content is complete: check it and give it its name.
    Finish,
}

impl Writer {
    /// Continues what an earlier attempt has left, or begins; a beginning that is longer than the whole is thrown away.
    pub(crate) async fn open(dir: &BlobDir, digest: &Digest, size: u64) -> io::Result<Self> {
        let (dir, digest) = (dir.clone(), digest.clone());
        let opened = spawn_blocking(move || Sink::open(dir, digest, size)).await;
        let sink = opened.map_err(io::Error::other)??;
        let written = sink.written;
        let (queue, orders) = mpsc::channel(QUEUE);
        Ok(Self {
            queue,
            thread: spawn_blocking(move || sink.run(orders)),
            written,
        })
    }

    /// Bytes written so far, those of earlier attempts included.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Appends a piece. False if the disk has failed; [`Writer::close`] says how.
    pub(crate) async fn append(&mut self, piece: Bytes) -> bool {
        self.written += piece.len() as u64;
        self.queue.send(Order::Append(piece)).await.is_ok()
    }

    /// Checks the content and gives it its final name.
    pub(crate) async fn finish(self) -> io::Result<Finished> {
        // A failed send means that the thread has ended with an error, which `close` returns.
        let _ended = self.queue.send(Order::Finish).await;
        self.close().await
    }

    /// Keeps what has been written.
    pub(crate) async fn close(self) -> io::Result<Finished> {
        drop(self.queue);
        self.thread.await.map_err(io::Error::other)?
    }
}

/// Waits a little: an attempt that was given up may still be writing its last piece.
fn lock(file: &File) -> io::Result<()> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other("another process writes the same content"))
}

/// The side of the disk.
struct Sink {
    dir: BlobDir,
    digest: Digest,
    file: File,
    hasher: Hasher,
    written: u64,
}

impl Sink {
    fn open(dir: BlobDir, digest: Digest, size: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600);
        let file = options.open(dir.partial(&digest))?;
        lock(&file)?;
        let mut sink = Self {
            hasher: digest.hasher(),
            dir,
            digest,
            file,
            written: 0,
        };
        sink.catch_up(size)?;
        Ok(sink)
    }

    /// Hashes what is there already.
    fn catch_up(&mut self, size: u64) -> io::Result<()> {
        if self.file.metadata()?.len() > size {
            self.file.set_len(0)?;
        }
        let mut buffer = vec![0; READ_SIZE];
        loop {
            let read = self.file.read(&mut buffer)?;
            if read == 0 {
                self.file.seek(io::SeekFrom::Start(self.written))?;
                return Ok(());
            }
            self.hasher.update(&buffer[..read]);
            self.written += read as u64;
        }
    }

    fn run(mut self, mut orders: mpsc::Receiver<Order>) -> io::Result<Finished> {
        while let Some(order) = orders.blocking_recv() {
            match order {
                Order::Append(piece) => {
                    self.file.write_all(&piece)?;
                    self.hasher.update(&piece);
                }
                Order::Finish => return self.finish(),
            }
        }
        Ok(Finished::Partial)
    }

    fn finish(self) -> io::Result<Finished> {
        let partial = self.dir.partial(&self.digest);
        let found = self.hasher.finish();
        if found != self.digest {
            fs::remove_file(partial)?;
            return Ok(Finished::Mismatch(found));
        }
        self.file.sync_all()?;
        self.dir.commit(&partial, &self.digest)?;
        Ok(Finished::Stored)
    }
}
