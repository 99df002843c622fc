//! The event stream: everything, once, in order, whatever is cut; and an end.

use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use serde_json::{Value, json};
use songwalker_jobs::{attempt, claim::Claimed};
use songwalker_schemas::JobId;
use songwalker_schemas::job::Stage;

use crate::support::{Server, claimed, header, publish, refused, send};

/// An event as it came.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    id: Option<u64>,
    name: String,
    data: Value,
}

/// A stream that is read event by event.
struct Stream {
    answer: std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<tokio_util::bytes::Bytes>> + Send>>,
    text: String,
}

impl Stream {
    async fn open(server: &Server, job: JobId, last: Option<&str>) -> Self {
        let mut request = server.request("GET", &format!("/v1/jobs/{job}/events"));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let answer = send(request).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "content-type"), Some("text/event-stream"));
        Self {
            answer: Box::pin(answer.bytes_stream()),
            text: String::new(),
        }
    }

    /// The next event; nothing at the end of the stream.
    async fn next(&mut self) -> Option<Told> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let told = parse(event);
                self.text = rest.to_owned();
                if told.is_some() {
                    return told;
                }
            }
            let chunk = self.answer.next().await?.expect("the stream goes on");
            self.text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    async fn rest(mut self) -> Vec<Told> {
        let mut told = Vec::new();
        while let Some(event) = self.next().await {
            told.push(event);
        }
        told
    }
}

fn parse(event: &str) -> Option<Told> {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
    Some(Told {
        id: field("id: ").map(|id| id.parse().expect("a number")),
        name: field("event: ")?.to_owned(),
        data: serde_json::from_str(field("data: ")?).expect("JSON"),
    })
}

/// What a worker does between claim and end.
async fn work(server: &Server, claimed: &Claimed) {
    for (done, stage) in [
        (0.1, Stage::Planning),
        (0.5, Stage::Rendering),
        (0.9, Stage::Publishing),
    ] {
        attempt::begin_stage(&server.system, &claimed.own, stage, done)
            .await
            .expect("it goes on");
        attempt::tell_progress(&server.system, &claimed.own, stage, done + 0.05);
    }
    attempt::log(&server.system, &claimed.own, "a line")
        .await
        .expect("it goes on");
    publish(&server.system, claimed).await;
}

fn stored(told: &[Told]) -> Vec<Told> {
    told.iter().filter(|event| event.id.is_some()).cloned().collect()
}

#[tokio::test]
async fn a_listener_hears_everything_from_the_first_event_to_the_last() {
    let server = Server::start().await;
    let job = server.job("pad").await;
    let mut stream = Stream::open(&server, job, None).await;
    let first = stream.next().await.expect("an event");
    assert_eq!(
        (first.id, first.name.as_str(), &first.data["state"]),
        (Some(1), "state", &json!("queued"))
    );
    let claimed = claimed(&server.system, job).await;
    let (told, ()) = tokio::join!(stream.rest(), work(&server, &claimed));
    let names: Vec<(Option<u64>, &str)> = stored(&told)
        .iter()
        .map(|event| {
            (
                event.id,
                match event.name.as_str() {
                    "state" => "state",
                    "stage" => "stage",
                    _ => "log",
                },
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            (Some(2), "state"),
            (Some(3), "stage"),
            (Some(4), "stage"),
            (Some(5), "stage"),
            (Some(6), "log"),
            (Some(7), "state")
        ]
    );
    let last = told.last().expect("an end");
    assert_eq!(last.data["state"], "succeeded");
    assert_eq!(last.data["seq"], 7);
    for (at, event) in told.iter().enumerate().filter(|(_, event)| event.id.is_none()) {
        assert_eq!(event.name, "progress");
        let begun = told[..at]
            .iter()
            .rfind(|event| event.name == "stage")
            .expect("a stage");
        assert_eq!(
            event.data["stage"], begun.data["stage"],
            "progress of the stage that goes on"
        );
        assert!(
            event.data["progress"]
                .as_f64()
                .is_some_and(|done| (0.0..=1.0).contains(&done)),
            "{event:?}"
        );
    }
    let whole = Stream::open(&server, job, None).await.rest().await;
    assert_eq!(stored(&whole), [vec![first], stored(&told)].concat());
}

#[tokio::test]
async fn a_listener_that_is_cut_after_each_event_misses_nothing_and_hears_nothing_twice() {
    let server = Server::start().await;
    let job = server.job("pad").await;
    let claimed = claimed(&server.system, job).await;
    let listen = async {
        let mut seen: Vec<Told> = Vec::new();
        while seen.last().is_none_or(|event| event.data["state"] != "succeeded") {
            let last = seen.last().and_then(|event| event.id).map(|id| id.to_string());
            let mut stream = Stream::open(&server, job, last.as_deref()).await;
            let next = loop {
                let event = stream.next().await.expect("more");
                if event.id.is_some() {
                    break event;
                }
            };
            seen.push(next);
        }
        seen
    };
    let (seen, ()) = tokio::join!(listen, work(&server, &claimed));
    let whole = stored(&Stream::open(&server, job, None).await.rest().await);
    assert_eq!(seen, whole);
}

#[tokio::test]
async fn what_nobody_sent_is_answered_with_a_reset_and_then_everything() {
    let server = Server::start().await;
    let job = server.made("pad").await;
    let whole = Stream::open(&server, job, None).await.rest().await;
    for unknown in ["999", "18446744073709551616", "x", "-1"] {
        let told = Stream::open(&server, job, Some(unknown)).await.rest().await;
        assert_eq!((told[0].name.as_str(), told[0].id), ("reset", None), "{unknown}");
        assert_eq!(told[0].data["id"], json!(job));
        assert_eq!(told[0].data["state"], "succeeded");
        assert_eq!(told[1..], whole);
    }
}

#[tokio::test]
async fn events_that_were_cleared_away_are_replaced_by_the_state() {
    let server = Server::start_with(|config| config.retention.events = "1h".parse().expect("a span")).await;
    let job = server.made("pad").await;
    server.system.clock.advance(Duration::from_secs(7_200));
    songwalker_jobs::sweep::full(&server.system).await;
    for last in [None, Some("1")] {
        let told = Stream::open(&server, job, last).await.rest().await;
        let names: Vec<&str> = told.iter().map(|event| event.name.as_str()).collect();
        assert_eq!(names, ["reset", "state"], "{last:?}");
        assert!(told.iter().all(|event| event.id.is_none()));
        assert_eq!(told[1].data["state"], "succeeded");
    }
}

#[tokio::test]
async fn whoever_has_seen_the_end_is_told_that_nothing_will_come() {
    let server = Server::start().await;
    let job = server.made("pad").await;
    let last = stored(&Stream::open(&server, job, None).await.rest().await)
        .pop()
        .and_then(|event| event.id)
        .expect("an end");
    let path = format!("/v1/jobs/{job}/events");
    let by_header = send(
        server
            .request("GET", &path)
            .header("Last-Event-ID", last.to_string()),
    )
    .await;
    assert_eq!(by_header.status(), 204);
    let by_query = send(server.request("GET", &format!("{path}?last_event_id={last}"))).await;
    assert_eq!(by_query.status(), 204);
    refused(
        send(server.request("GET", &format!("{path}?last=1"))).await,
        400,
        "invalid_request",
    )
    .await;
    let head = send(server.request("HEAD", &path)).await;
    assert_eq!(
        (head.status().as_u16(), header(&head, "content-type")),
        (200, Some("text/event-stream"))
    );
}

#[tokio::test]
async fn the_stream_of_a_job_that_is_deleted_ends() {
    let server = Server::start().await;
    let job = server.job("pad").await;
    let mut stream = Stream::open(&server, job, None).await;
    assert!(stream.next().await.is_some());
    assert_eq!(
        server.call("DELETE", &format!("/v1/jobs/{job}"), None).await.0,
        204
    );
    let rest = stream.rest().await;
    assert!(
        rest.iter().all(|event| event.data["state"] == "cancelled"),
        "{rest:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_listeners_hear_the_same() {
    let server = Server::start().await;
    let job = server.job("pad").await;
    let mut streams = join_all((0..200).map(|_| Stream::open(&server, job, None))).await;
    for stream in &mut streams {
        assert_eq!(stream.next().await.expect("an event").id, Some(1));
    }
    let claimed = claimed(&server.system, job).await;
    let listen = join_all(streams.into_iter().map(Stream::rest));
    let (all, ()) = tokio::join!(listen, work(&server, &claimed));
    let whole = stored(&Stream::open(&server, job, None).await.rest().await);
    for told in all {
        assert_eq!(stored(&told), whole[1..]);
    }
}
