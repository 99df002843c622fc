//! The event stream of a job (Server-Sent Events): everything that is stored behind the event that the client saw last,
//! then what happens, until the job has ended. Only stored events have an `id`; what cannot be told again without a gap
//! begins with a `reset`, which carries the whole job. Progress, which is heard of sooner than stored events are read, waits
//! for the event that begins its stage.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use async_stream::stream;
use futures::Stream;
use serde::Serialize;
use songwalker_schemas::job::Stage;
use songwalker_schemas::wire::{Event, EventKind, Job, Progress};
use tokio_util::sync::CancellationToken;

use crate::feed::{Listener, Told, is_last, state_event};

/// How often a comment says that the stream is alive: often enough for proxies that close silent connections.
pub const COMMENT_EVERY: Duration = Duration::from_secs(15);
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
/// asked for; a comment comes every `comment_every`.
pub fn of(
    mut listener: Listener,
    seen: Seen,
    job: Job,
    stopping: CancellationToken,
    comment_every: Duration,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream! {
        yield Ok(Bytes::from(format!("retry: {RETRY_MS}\n\n")));
        let is_read = tokio::select! {
            () = stopping.cancelled() => return,
            is_read = listener.told.wait_for(|told| told.is_read) => is_read.map(|told| start(&told, seen)),
        };
        let mut stage = None;
        let mut last = match is_read {
            Err(_) => return,
            Ok(Start::Behind(seq)) => {
                let now = listener.told.borrow();
                let seen = now.events.iter().take_while(|event| event.seq <= seq);
                stage = seen.fold(None, |stage, event| stage_behind(stage, event));
                seq
            }
            Ok(Start::Anew) => {
                yield frame(None, "reset", &job);
                0
            }
            Ok(Start::Cleared) => {
                let seq = listener.told.borrow().seq;
                yield frame(None, "reset", &job);
                let event = state_event(&job, seq);
                stage = stage_behind(stage, &event);
                yield frame(None, "state", &event);
                seq
            }
        };
        let mut progress = None;
        let mut comments = tokio::time::interval(comment_every);
        comments.reset();
        loop {
            let now = listener.told.borrow_and_update().clone();
            for event in now.after(last) {
                last = event.seq;
                stage = stage_behind(stage, event);
                yield frame(Some(event.seq), event.kind.name(), &**event);
                if is_last(event) {
                    return;
                }
            }
            if now.is_gone || now.is_final {
                return;
            }
            let is_due = |(count, far): &(u64, Progress)| {
                progress != Some(*count) && stage.is_some_and(|stage| stage.name() == far.stage)
            };
            if let Some((count, far)) = now.progress.filter(is_due) {
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

/// The stage that goes on behind an event. A line of the log begins none.
fn stage_behind(stage: Option<Stage>, event: &Event) -> Option<Stage> {
    match event.kind {
        EventKind::State | EventKind::Stage => event.stage,
        EventKind::Log => stage,
    }
}

fn frame<T: Serialize>(id: Option<u64>, name: &str, data: &T) -> Result<Bytes, Infallible> {
    // Types of the wire have no maps with other keys than texts, so they can always be written.
    let data = serde_json::to_string(data).unwrap_or_default();
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Ok(Bytes::from(format!("{id}event: {name}\ndata: {data}\n\n")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::StreamExt;
    use serde_json::{Value, json};
    use tokio::sync::watch;

    use super::*;

    fn event(seq: u64, state: &str) -> Arc<Event> {
        let event = json!({
            "seq": seq, "kind": "state", "at": "2023-11-14T22:13:20Z", "attempt": 1, "state": state
        });
        Arc::new(serde_json::from_value(event).unwrap())
    }

    fn stage(seq: u64, stage: &str) -> Arc<Event> {
        let event = json!({
            "seq": seq, "kind": "stage", "at": "2023-11-14T22:13:20Z", "attempt": 1, "state": "running",
            "stage": stage
        });
        Arc::new(serde_json::from_value(event).unwrap())
    }

    fn far(stage: &str, progress: f64) -> Progress {
        Progress {
            stage: stage.to_owned(),
            progress,
        }
    }

    fn job() -> Job {
        let job = json!({
            "id": "0198c0de-0000-7000-8000-000000000000", "kind": "patch", "state": "running", "progress": 0.0,
            "attempt": 1, "max_attempts": 3,
            "request": { "tags": [], "seed": 0, "variations": 0, "planner": "embedded" },
            "tags": [], "starred": false, "stages": [],
            "created_at": "2023-11-14T22:13:20Z", "queued_at": "2023-11-14T22:13:20Z",
            "links": { "self": "", "events": "", "log": "" }
        });
        serde_json::from_value(job).unwrap()
    }

    fn told(seqs: std::ops::RangeInclusive<u64>, seq: u64) -> Told {
        Told {
            is_read: true,
            events: seqs.map(|seq| event(seq, "running")).collect(),
            seq,
            ..Told::default()
        }
    }

    #[test]
    fn a_stream_goes_on_behind_what_was_seen_or_begins_anew() {
        let whole = told(1..=5, 5);
        assert_eq!(start(&whole, Seen::Nothing), Start::Behind(0));
        assert_eq!(start(&whole, Seen::Event(3)), Start::Behind(3));
        assert_eq!(start(&whole, Seen::Event(5)), Start::Behind(5));
        assert_eq!(start(&whole, Seen::Event(6)), Start::Anew);
        assert_eq!(start(&whole, Seen::Unknown), Start::Anew);
        let (from, to) = (1, 0);
        let cleared = told(from..=to, 5);
        for seen in [Seen::Nothing, Seen::Event(3), Seen::Event(6), Seen::Unknown] {
            assert_eq!(start(&cleared, seen), Start::Cleared);
        }
        assert_eq!(start(&cleared, Seen::Event(5)), Start::Behind(5));
        assert_eq!(start(&told(4..=5, 5), Seen::Event(1)), Start::Cleared);
        assert_eq!(start(&told(4..=5, 5), Seen::Event(3)), Start::Behind(3));
    }

    #[test]
    fn only_a_number_is_an_event() {
        let seen = |text| Seen::of(&HeaderMap::new(), text);
        assert_eq!(seen(None), Seen::Nothing);
        assert_eq!(seen(Some("")), Seen::Nothing);
        assert_eq!(seen(Some("12")), Seen::Event(12));
        for other in ["-1", "+1", "1.0", "x", "99999999999999999999", " 1"] {
            assert_eq!(seen(Some(other)), Seen::Unknown, "{other}");
        }
    }

    /// Name and data of what came; the name is empty for comments.
    fn read(bytes: &Bytes) -> (String, Value) {
        let text = std::str::from_utf8(bytes).unwrap();
        assert!(text.ends_with("\n\n"), "{text}");
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        (
            field("event: ").unwrap_or_default().to_owned(),
            serde_json::from_str(field("data: ").unwrap_or("null")).unwrap(),
        )
    }

    /// So rarely that no comment comes while a test runs.
    const NEVER: Duration = Duration::from_secs(86_400);

    #[tokio::test]
    async fn comments_come_while_nothing_happens() {
        let (_say, hear) = watch::channel(told(1..=1, 1));
        let (listener, stopping) = (Listener::of_test(hear), CancellationToken::new());
        let often = Duration::from_millis(1);
        let mut stream = Box::pin(of(listener, Seen::Event(1), job(), stopping, often));
        assert!(stream.next().await.unwrap().unwrap().starts_with(b"retry: "));
        for _ in 0..3 {
            assert!(stream.next().await.unwrap().unwrap().starts_with(b":"));
        }
        assert_eq!(COMMENT_EVERY.as_secs(), 15);
    }

    #[tokio::test]
    async fn what_happens_is_told_until_the_end() {
        let (say, hear) = watch::channel(told(1..=1, 1));
        let (listener, stopping) = (Listener::of_test(hear), CancellationToken::new());
        let mut stream = Box::pin(of(listener, Seen::Nothing, job(), stopping, NEVER));
        let mut next = async || stream.next().await.map(|chunk| chunk.unwrap());
        assert!(next().await.unwrap().starts_with(b"retry: "));
        assert_eq!(read(&next().await.unwrap()).1["seq"], 1);
        say.send_modify(|told| {
            told.events.push(stage(2, "rendering"));
            told.seq = 2;
            told.progress = Some((1, far("rendering", 0.5)));
        });
        assert_eq!(read(&next().await.unwrap()).1["stage"], "rendering");
        let (name, data) = read(&next().await.unwrap());
        assert_eq!((name.as_str(), &data["progress"]), ("progress", &json!(0.5)));
        say.send_modify(|told| {
            told.events.push(event(3, "succeeded"));
            told.seq = 3;
        });
        assert_eq!(read(&next().await.unwrap()).1["state"], "succeeded");
        assert_eq!(next().await, None);
    }

    #[tokio::test]
    async fn progress_waits_for_the_event_that_begins_its_stage() {
        let mut first = told(1..=1, 1);
        first.progress = Some((1, far("mapping", 0.2)));
        let (say, hear) = watch::channel(first);
        let (listener, stopping) = (Listener::of_test(hear), CancellationToken::new());
        let mut stream = Box::pin(of(listener, Seen::Nothing, job(), stopping, NEVER));
        let mut next = async || read(&stream.next().await.unwrap().unwrap());
        assert_eq!(next().await.0, "", "the time after which to come again");
        assert_eq!(next().await.1["seq"], 1);
        // Had the progress not waited, it would come before this event.
        say.send_modify(|told| {
            told.events.push(stage(2, "mapping"));
            told.seq = 2;
        });
        assert_eq!(next().await.1["seq"], 2);
        assert_eq!(next().await.1, json!({ "stage": "mapping", "progress": 0.2 }));
        // What is told of a stage that has not begun gives way to what is told later.
        say.send_modify(|told| told.progress = Some((2, far("rendering", 0.4))));
        say.send_modify(|told| told.progress = Some((3, far("rendering", 0.5))));
        say.send_modify(|told| {
            told.events.push(stage(3, "rendering"));
            told.seq = 3;
        });
        assert_eq!(next().await.1["seq"], 3);
        assert_eq!(next().await.1["progress"], 0.5);
        // A job that is queued again has no stage.
        say.send_modify(|told| {
            told.events.push(event(4, "queued"));
            told.seq = 4;
            told.progress = Some((4, far("rendering", 0.6)));
        });
        assert_eq!(next().await.1["seq"], 4);
        say.send_modify(|told| {
            told.events.push(event(5, "failed"));
            told.seq = 5;
        });
        assert_eq!(next().await.1["seq"], 5);
    }

    #[tokio::test]
    async fn whoever_comes_back_hears_of_progress_in_the_stage_that_it_knows() {
        let mut first = told(1..=1, 2);
        first.events.push(stage(2, "rendering"));
        first.progress = Some((1, far("rendering", 0.5)));
        let (_say, hear) = watch::channel(first);
        let (listener, stopping) = (Listener::of_test(hear), CancellationToken::new());
        let mut stream = Box::pin(of(listener, Seen::Event(2), job(), stopping, NEVER));
        assert!(stream.next().await.unwrap().unwrap().starts_with(b"retry: "));
        assert_eq!(read(&stream.next().await.unwrap().unwrap()).1["progress"], 0.5);
    }

    #[tokio::test]
    async fn a_stream_ends_when_the_server_stops_or_the_job_is_gone() {
        let (say, hear) = watch::channel(told(1..=1, 1));
        let stopping = CancellationToken::new();
        let open = || {
            Box::pin(of(
                Listener::of_test(hear.clone()),
                Seen::Event(1),
                job(),
                stopping.clone(),
                NEVER,
            ))
        };
        let (mut gone, mut stopped) = (open(), open());
        assert!(gone.next().await.is_some() && stopped.next().await.is_some());
        say.send_modify(|told| told.is_gone = true);
        assert!(gone.next().await.is_none());
        say.send_modify(|told| told.is_gone = false);
        stopping.cancel();
        assert!(stopped.next().await.is_none());
    }
}
