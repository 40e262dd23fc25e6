//! The stream itself: first what is there, then what happens, now and then a bookmark, and an end.

use super::Start;
use super::frame::{Encoder, Kind};
use crate::call::Call;
use crate::present::Item;
use crate::store::{Event, Facts, Follow, Unavailable};
use crate::verbs::select::{self, Selection};
use bytes::Bytes;
use keyside_apimachinery::status::Status;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often an idle watcher hears where it stands.
const BOOKMARKS: Duration = Duration::from_secs(60);

/// Lines are gathered into chunks of about this size, as far as they are there already.
const CHUNK: usize = 32 * 1024;

/// When a watch speaks and when it ends.
pub(super) struct Timing {
    pub(super) bookmarks: bool,
    pub(super) timeout: Duration,
}

/// One watch.
pub(super) struct Feed {
    call: Call,
    selection: Selection,
    encoder: Encoder,
    /// Objects to be shown first.
    initial: std::vec::IntoIter<Item>,
    /// Whether their end is still to be marked.
    mark: bool,
    /// Nothing once the stream has ended.
    follow: Option<Follow>,
    /// Said last, if the watch cannot go on.
    refused: Option<Status>,
    bookmarks: bool,
    next_bookmark: Instant,
    deadline: Instant,
}

enum Wake {
    Changes,
    Bookmark,
    End,
}

impl Feed {
    pub(super) fn new(
        call: Call,
        selection: Selection,
        encoder: Encoder,
        start: Start,
        timing: Timing,
    ) -> Self {
        let now = Instant::now();
        let (initial, mark, follow, refused) = match start {
            Start::Objects {
                items,
                follow,
                marked,
            } => (items, marked && timing.bookmarks, Some(follow), None),
            Start::Revision(follow) => (Vec::new(), false, Some(follow), None),
            Start::Refused(status) => (Vec::new(), false, None, Some(status)),
        };
        Self {
            call,
            selection,
            encoder,
            initial: initial.into_iter(),
            mark,
            follow,
            refused,
            bookmarks: timing.bookmarks,
            next_bookmark: now + BOOKMARKS,
            deadline: now + timing.timeout,
        }
    }

    /// The next piece of the answer; nothing at its end.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        if let Some(status) = self.refused.take() {
            self.follow = None;
            return Some(Encoder::error(&status));
        }
        let first = self.first();
        if !first.is_empty() {
            return Some(first.into());
        }
        loop {
            let chunk = match self.changes() {
                Ok(chunk) => chunk?,
                Err(gone) => {
                    self.follow = None;
                    return Some(Encoder::error(&expired(&gone)));
                }
            };
            if !chunk.is_empty() {
                return Some(chunk.into());
            }
            match self.wait().await {
                Wake::Changes => {}
                Wake::Bookmark => {
                    self.next_bookmark = Instant::now() + BOOKMARKS;
                    return self.bookmark();
                }
                Wake::End => {
                    let last = if self.bookmarks { self.bookmark() } else { None };
                    self.follow = None;
                    return last;
                }
            }
        }
    }

    /// Objects that were there at the beginning, a chunk at a time, and the mark after them.
    fn first(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while out.len() < CHUNK {
            let Some(item) = self.initial.next() else {
                if std::mem::take(&mut self.mark)
                    && let Some(follow) = &self.follow
                {
                    out.extend_from_slice(&self.encoder.bookmark(follow.position(), true));
                }
                break;
            };
            out.extend_from_slice(&self.encoder.added(&item.entry.value));
        }
        out
    }

    /// Changes that are there already. `None` at the end of the stream.
    fn changes(&mut self) -> Result<Option<Vec<u8>>, Unavailable> {
        let mut out = Vec::new();
        let Some(follow) = &mut self.follow else {
            return Ok(None);
        };
        loop {
            let before = follow.position();
            let events = follow.ready()?;
            for event in &events {
                if let Some(kind) = seen(&self.selection, &self.call, event) {
                    out.extend_from_slice(&self.encoder.event(event, kind));
                }
            }
            if out.len() >= CHUNK || events.is_empty() || follow.position() == before {
                return Ok(Some(out));
            }
        }
    }

    fn bookmark(&mut self) -> Option<Bytes> {
        let position = self.follow.as_ref()?.position();
        Some(self.encoder.bookmark(position, false))
    }

    async fn wait(&mut self) -> Wake {
        let Some(follow) = &mut self.follow else {
            return Wake::End;
        };
        let bookmark = if self.bookmarks {
            self.next_bookmark
        } else {
            self.deadline + BOOKMARKS
        };
        tokio::select! {
            biased;
            () = self.call.core.shutdown.cancelled() => Wake::End,
            () = self.call.served.withdrawn.cancelled() => Wake::End,
            () = tokio::time::sleep_until(self.deadline) => Wake::End,
            () = follow.changed() => Wake::Changes,
            () = tokio::time::sleep_until(bookmark) => Wake::Bookmark,
        }
    }
}

/// What a change is to those who see only a selection: an object that begins to match is new to them, one that no
/// longer matches is gone.
fn seen(selection: &Selection, call: &Call, event: &Event) -> Option<Kind> {
    let everything = selection.is_everything();
    let facts = |before| {
        event.facts(call.served.stamp, before, |stored| {
            select::stored_facts(&call.served, stored)
        })
    };
    let matched = |facts: Option<Arc<Facts>>| facts.is_some_and(|facts| selection.matches_facts(&facts));
    let before = event.previous.is_some() && (everything || matched(facts(true)));
    let now = !event.deleted && (everything || matched(facts(false)));
    match (before, now) {
        (false, true) => Some(Kind::Added),
        (true, true) => Some(Kind::Modified),
        (true, false) => Some(Kind::Deleted),
        (false, false) => None,
    }
}

/// 410 in Kubernetes' words.
pub(super) fn expired(gone: &Unavailable) -> Status {
    Status::expired(format!(
        "too old resource version: {} ({})",
        gone.wanted, gone.oldest
    ))
}
