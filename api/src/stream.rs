//! The event stream of a job (Server-Sent Events): everything that is stored behind the event that the client saw last,
//! then what happens, until the job has ended. Only stored events have an `id`; what cannot be told again without a gap
//! begins with a `reset`, which carries the whole job.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use async_stream::stream;
use futures::Stream;
use serde::Serialize;
use songwalker_schemas::wire::Job;
use tokio_util::sync::CancellationToken;

use crate::feed::{Listener, Told, is_last, state_event};

/// How often a comment says that the stream is alive.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// How soon a browser that was cut comes back, milliseconds.
const RETRY_MS: u32 = 1_000;

/// The event that a client saw last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// None: it is new here.
    Nothing,
    /// The one with this number.
    Event(u64),
    /// Something that no event of ours is called.
    Unknown,
}

impl Seen {
    /// From the header that browsers send when they come back, or the parameter for those that cannot set it.
    #[must_use]
    pub fn of(headers: &HeaderMap, parameter: Option<&str>) -> Self {
        let header = headers
            .get("last-event-id")
            .map(|value| value.to_str().unwrap_or("?"));
        match header.or(parameter) {
            None | Some("") => Self::Nothing,
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map_or(Self::Unknown, Self::Event)
            }
            Some(_) => Self::Unknown,
        }
    }
}

/// Where a stream begins.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    /// Behind this event.
    Behind(u64),
    /// With a reset, then everything that is stored.
    Anew,
    /// With a reset and the state alone: the events are cleared away.
    Cleared,
}

fn start(told: &Told, seen: Seen) -> Start {
    match seen {
        Seen::Nothing if told.has_all_after(0) => Start::Behind(0),
        Seen::Event(seq) if told.has_all_after(seq) => Start::Behind(seq),
        _ if told.has_all_after(0) => Start::Anew,
        _ => Start::Cleared,
    }
}

/// The stream of a job, as the client that has `seen` something is to get it. `job` is the job as it stood when it was
/// asked for.
pub fn of(
    mut listener: Listener,
    seen: Seen,
    job: Job,
    stopping: CancellationToken,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream! {
        yield Ok(Bytes::from(format!("retry: {RETRY_MS}\n\n")));
        let is_read = tokio::select! {
            () = stopping.cancelled() => return,
            is_read = listener.told.wait_for(|told| told.is_read) => is_read.map(|told| start(&told, seen)),
        };
        let mut last = match is_read {
            Err(_) => return,
            Ok(Start::Behind(seq)) => seq,
            Ok(Start::Anew) => {
                yield frame(None, "reset", &job);
                0
            }
            Ok(Start::Cleared) => {
                let seq = listener.told.borrow().seq;
                yield frame(None, "reset", &job);
                yield frame(None, "state", &state_event(&job, seq));
                seq
            }
        };
        let mut progress = None;
        let mut comments = tokio::time::interval(COMMENT_EVERY);
        comments.reset();
        loop {
            let now = listener.told.borrow_and_update().clone();
            for event in now.after(last) {
                last = event.seq;
                yield frame(Some(event.seq), event.kind.name(), &**event);
                if is_last(event) {
                    return;
                }
            }
            if now.is_gone || now.is_final {
                return;
            }
            if let Some((count, far)) = now.progress.filter(|(count, _)| progress != Some(*count)) {
                progress = Some(count);
                yield frame(None, "progress", &far);
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                changed = listener.told.changed() => if changed.is_err() { return },
                _ = comments.tick() => yield Ok(Bytes::from_static(b": still here\n\n")),
            }
        }
    }
}

fn frame<T: Serialize>(id: Option<u64>, name: &str, data: &T) -> Result<Bytes, Infallible> {
    // Types of the wire have no maps with other keys than texts, so they can always be written.
    let data = serde_json::to_string(data).unwrap_or_default();
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Ok(Bytes::from(format!("{id}event: {name}\ndata: {data}\n\n")))
}
