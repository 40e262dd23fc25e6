//! One blob: from the registry, or the storage it points to, into the store.

use super::Puller;
use super::error::{Access, Failure};
use super::session::{Request, Session};
use crate::call::Call;
use crate::client::Opened;
use crate::failure::SendError;
use crate::manifest::Descriptor;
use crate::store::{BlobDir, Finished, Writer};
use http::Method;
use http::header::CONTENT_RANGE;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How often a download that breaks off is continued, as long as every attempt brings some bytes.
const ATTEMPTS: usize = 5;
/// Bytes that must arrive within the idle time, or all that is left if it is less.
const LEAST: usize = 16 * 1024;
/// How much of the text beside a refusal is read.
const REFUSAL_LIMIT: usize = 64 * 1024;

/// A blob that is wanted.
pub(super) struct Blob<'a> {
    pub(super) descriptor: &'a Descriptor,
    /// `config` or `layer`, for messages.
    pub(super) part: &'static str,
}

/// How an attempt ended that did not fail for good.
enum Attempt {
    Stored,
    /// The beginning that was there does not belong to this content. It is gone.
    Restart,
}

impl Puller {
    /// Makes sure that a blob is in the store.
    pub(super) async fn ensure(
        &self,
        session: &Session<'_>,
        dir: &BlobDir,
        blob: Blob<'_>,
    ) -> Result<(), Failure> {
        let present = || dir.size(&blob.descriptor.digest) == Some(blob.descriptor.size);
        if present() {
            return Ok(());
        }
        let _turn = self.flights.enter(dir, &blob.descriptor.digest).await;
        let _slot = self.downloads.acquire().await;
        if present() {
            return Ok(());
        }
        let mut before = None;
        for _ in 1..ATTEMPTS {
            let mut written = 0;
            match self.attempt(session, dir, &blob, &mut written).await {
                Ok(Attempt::Stored) => return Ok(()),
                Ok(Attempt::Restart) => before = None,
                Err(failure)
                    if !failure.is_interruption() || before.is_some_and(|before| written <= before) =>
                {
                    return Err(failure);
                }
                Err(failure) => {
                    tracing::debug!(digest = %blob.descriptor.digest, written, %failure, "continuing a download");
                    before = Some(written);
                }
            }
        }
        let mut written = 0;
        match self.attempt(session, dir, &blob, &mut written).await? {
            Attempt::Stored => Ok(()),
            Attempt::Restart => Err(Failure::Short),
        }
    }

    async fn attempt(
        &self,
        session: &Session<'_>,
        dir: &BlobDir,
        blob: &Blob<'_>,
        written: &mut u64,
    ) -> Result<Attempt, Failure> {
        let descriptor = blob.descriptor;
        let mut writer = Writer::open(dir, &descriptor.digest, descriptor.size)
            .await
            .map_err(Failure::Store)?;
        let from = writer.written();
        if from < descriptor.size || from == 0 {
            let received = match open(session, blob, from).await {
                Ok(Some((opened, skip))) => self.receive(opened, skip, blob, &mut writer).await,
                Ok(None) => Err(None),
                Err(failure) => Err(Some(failure)),
            };
            *written = writer.written();
            if let Err(failure) = received {
                writer.close().await.map_err(Failure::Store)?;
                let wrong = matches!(failure, None | Some(Failure::TooLong { .. }));
                if wrong {
                    dir.remove(&descriptor.digest).map_err(Failure::Store)?;
                }
                return failure.map_or(Ok(Attempt::Restart), Err);
            }
        }
        match writer.finish().await.map_err(Failure::Store)? {
            Finished::Stored => Ok(Attempt::Stored),
            Finished::Partial => Err(Failure::Short),
            // What an earlier attempt left may have come from somewhere else; it gets one chance to be wrong.
            Finished::Mismatch(_) if from > 0 => Ok(Attempt::Restart),
            Finished::Mismatch(found) => Err(Failure::Mismatch {
                part: blob.part,
                expected: descriptor.digest.clone(),
                found,
            }),
        }
    }

    /// Reads the body into the writer. There is no limit for the whole, but what brings almost nothing is given up, because a
    /// download takes the place of another one.
    async fn receive(
        &self,
        mut opened: Opened,
        mut skip: u64,
        blob: &Blob<'_>,
        writer: &mut Writer,
    ) -> Result<(), Option<Failure>> {
        let descriptor = blob.descriptor;
        let (mut until, mut recent) = (Instant::now() + self.idle_time, 0);
        loop {
            let piece = match timeout_at(until, opened.chunk()).await {
                Ok(piece) => piece.map_err(interrupted)?,
                Err(_) => return Err(Some(Failure::Body(SendError::Timeout))),
            };
            let Some(mut piece) = piece else { break };
            recent += piece.len();
            if recent >= LEAST {
                (until, recent) = (Instant::now() + self.idle_time, 0);
            }
            let known = skip.min(piece.len() as u64);
            skip -= known;
            let piece = piece.split_off(usize::try_from(known).unwrap_or(piece.len()));
            if writer.written() + piece.len() as u64 > descriptor.size {
                return Err(Some(Failure::TooLong {
                    part: blob.part,
                    digest: descriptor.digest.clone(),
                    size: descriptor.size,
                }));
            }
            if !piece.is_empty() && !writer.append(piece).await {
                // The thread has stopped because the disk failed; closing the writer says how.
                return Ok(());
            }
        }
        if writer.written() < descriptor.size {
            return Err(Some(Failure::Short));
        }
        Ok(())
    }
}

/// Opens the blob at an offset. Gives the answer and how many bytes of it are known already; nothing if the registry holds no such
/// offset.
async fn open(session: &Session<'_>, blob: &Blob<'_>, from: u64) -> Result<Option<(Opened, u64)>, Failure> {
    let digest = &blob.descriptor.digest;
    let path = format!("{}/blobs/{digest}", session.image.path());
    let request = Request {
        method: Method::GET,
        path: &path,
        accept: None,
        from,
        is_content: true,
    };
    let deadline = session.deadline();
    let reached = session.reach(&request, deadline).await.map_err(Failure::Fetch)?;
    if let Some(refusal) = reached.refusal {
        return Err(Failure::Fetch(Access::Denied(refusal)));
    }
    let opened = reached.opened;
    match opened.status {
        206 if starts_at(&opened, from) => Ok(Some((opened, 0))),
        206 | 416 if from > 0 => Ok(None),
        200 => Ok(Some((opened, from))),
        404 => Err(Failure::Missing {
            digest: digest.clone(),
            media_type: blob.descriptor.media_type.clone(),
        }),
        status_code => Err(Failure::Fetch(Access::Content {
            url: Call::api(&session.registry, Method::GET, &path).url().to_string(),
            status_code,
            message: message(session, opened, deadline).await,
            blob: true,
        })),
    }
}

/// Whether the answer says that it begins where it was asked to. A registry's promise to support ranges is not enough.
fn starts_at(opened: &Opened, from: u64) -> bool {
    let range = opened
        .headers
        .get(CONTENT_RANGE)
        .and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {from}-")))
}

async fn message(session: &Session<'_>, opened: Opened, deadline: Instant) -> String {
    match timeout_at(deadline, opened.read(REFUSAL_LIMIT)).await {
        Ok(Ok(answer)) => session.server_message(&answer),
        _ => String::new(),
    }
}

fn interrupted(error: SendError) -> Option<Failure> {
    Some(match error {
        // The connection ended before the promised length: what containerd calls an unexpected end.
        SendError::Eof => Failure::Short,
        error => Failure::Body(error),
    })
}

/// The time in which something of a body must arrive.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(30);
