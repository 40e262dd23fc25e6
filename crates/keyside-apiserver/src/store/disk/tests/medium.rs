//! A disk in memory that remembers what is durable and what is not, fails on demand, and loses power.

use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex};

/// `SplitMix64`: the same numbers for the same seed, everywhere.
#[derive(Debug, Clone)]
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

/// What was written and not synced yet.
#[derive(Debug, Clone)]
enum Pending {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Debug)]
struct Inner {
    random: Random,
    /// What a power cut cannot take.
    durable: Vec<u8>,
    pending: Vec<Pending>,
    /// What the running process sees.
    visible: Vec<u8>,
    calls: u64,
    fail_at: Option<u64>,
    acknowledged: u64,
    /// One image in so many calls; 0: none.
    every: u64,
    honest: bool,
    images: Vec<(Vec<u8>, u64)>,
}

/// The disk; clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct Medium(Arc<Mutex<Inner>>);

impl Medium {
    pub(super) fn new(seed: u64) -> Self {
        Self::from_image(&[], seed)
    }

    /// A disk with this content.
    pub(super) fn from_image(image: &[u8], seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            random: Random(seed),
            durable: image.to_vec(),
            pending: Vec::new(),
            visible: image.to_vec(),
            calls: 0,
            fail_at: None,
            acknowledged: 0,
            every: 0,
            honest: true,
            images: Vec::new(),
        })))
    }

    /// From now on, one call in `every` is the last before a power cut. A dishonest disk says it has synced and has
    /// not.
    pub(super) fn take_images(&self, every: u64, honest: bool) {
        let mut inner = self.0.lock().unwrap();
        inner.every = every;
        inner.honest = honest;
    }

    /// What was left after each cut, and what was acknowledged by then.
    pub(super) fn images(&self) -> Vec<(Vec<u8>, u64)> {
        self.0.lock().unwrap().images.clone()
    }

    /// The store has told somebody that this revision is safe.
    pub(super) fn acknowledge(&self, revision: u64) {
        self.0.lock().unwrap().acknowledged = revision;
    }

    /// The call after so many fails, once.
    pub(super) fn fail_once_after(&self, calls: u64) {
        let mut inner = self.0.lock().unwrap();
        inner.fail_at = Some(inner.calls + calls);
    }

    /// What is left if the power is cut now and everything unsynced is lost.
    pub(super) fn durable(&self) -> Vec<u8> {
        self.0.lock().unwrap().durable.clone()
    }
}

impl Inner {
    /// Every call that changes something passes here.
    fn call(&mut self) -> io::Result<()> {
        self.calls += 1;
        if self.fail_at.is_some_and(|at| self.calls > at) {
            self.fail_at = None;
            return Err(io::Error::from_raw_os_error(5));
        }
        if self.every > 0 && self.random.below(self.every) == 0 {
            let image = self.cut();
            self.images.push((image, self.acknowledged));
        }
        Ok(())
    }

    /// Unsynced writes arrive whole, in part (512-byte sectors), or not at all, in any combination.
    fn cut(&mut self) -> Vec<u8> {
        let mut image = self.durable.clone();
        for pending in self.pending.clone() {
            match (pending, self.random.below(4)) {
                (_, 0) => {}
                (Pending::Length(length), _) => image.resize(length, 0),
                (Pending::Write(at, data), 1) => {
                    for (sector, part) in data.chunks(512).enumerate() {
                        if self.random.below(2) == 0 {
                            write(&mut image, at + sector * 512, part);
                        }
                    }
                }
                (Pending::Write(at, data), _) => write(&mut image, at, &data),
            }
        }
        image
    }
}

fn write(image: &mut Vec<u8>, at: usize, data: &[u8]) {
    if image.len() < at + data.len() {
        image.resize(at + data.len(), 0);
    }
    image[at..at + data.len()].copy_from_slice(data);
}

impl StorageBackend for Medium {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().visible.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inner = self.0.lock().unwrap();
        let at = usize::try_from(offset).unwrap();
        let part = inner
            .visible
            .get(at..at + out.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(part);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut inner = self.0.lock().unwrap();
        inner.call()?;
        let length = usize::try_from(length).unwrap();
        inner.visible.resize(length, 0);
        inner.pending.push(Pending::Length(length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.0.lock().unwrap();
        inner.call()?;
        if inner.honest {
            inner.durable = inner.visible.clone();
            inner.pending.clear();
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut inner = self.0.lock().unwrap();
        inner.call()?;
        let at = usize::try_from(offset).unwrap();
        write(&mut inner.visible, at, data);
        inner.pending.push(Pending::Write(at, data.to_vec()));
        Ok(())
    }
}
