//! One trace leads from a request to everything that came of it, whichever process did it; and whoever takes the traces
//! can be slow, or away, and nobody waits for that.

use std::collections::BTreeSet;

use songwalker_jobs::testing::is_on_services;
use songwalker_schemas::Stage;
use songwalker_tests::service::{Service, Settings, small, until};
use songwalker_tests::sink::Sink;
use songwalker_tests::spans::{Spoken, spans};

const PROMPT: &str = "a warm pad that no trace knows of";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

fn settings(collector: &Sink) -> Settings {
    Settings::new()
        .with("SONGWALKER__TELEMETRY__OTLP_ENDPOINT", &collector.url())
        // How long spans wait for others to go with them, in milliseconds.
        .with("OTEL_BSP_SCHEDULE_DELAY", "100")
}

/// What a process calls itself: on services each has its part.
fn service(part: &str) -> String {
    if is_on_services() {
        format!("songwalker-{part}")
    } else {
        "songwalker".to_owned()
    }
}

fn one<'a>(spans: &'a [Spoken], name: &str, has: impl Fn(&Spoken) -> bool) -> &'a Spoken {
    let mut found = spans.iter().filter(|span| span.name == name && has(span));
    let first = found
        .next()
        .unwrap_or_else(|| panic!("no span {name}: {spans:#?}"));
    assert!(found.next().is_none(), "more than one span {name}: {spans:#?}");
    first
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_leads_from_a_request_over_the_relay_to_the_attempt_and_its_stages() {
    let dir = tempfile::tempdir().expect("a folder");
    let collector = Sink::start().await.expect("a port");
    let mut running = Service::start(dir.path(), &settings(&collector))
        .await
        .expect("it starts");
    let answer = running
        .request("POST", "/v1/jobs")
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .json(&small(PROMPT))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 202);
    let job: serde_json::Value = answer.json().await.expect("a job");
    let id = job["id"].as_str().expect("an id");
    assert_eq!(running.ended(id).await.expect("it ends")["state"], "succeeded");
    // What still waits is sent when the processes end.
    running.stop().await.expect("it stops");

    let all = spans(&collector).expect("exports of traces");
    let of_trace: Vec<Spoken> = all.into_iter().filter(|span| span.trace == TRACE).collect();
    let request = one(&of_trace, "request", |_| true);
    assert_eq!(request.parent, CALLER);
    assert_eq!(request.attributes["http.route"], "/v1/jobs");
    assert_eq!(request.service, service("api"));
    let relay = one(&of_trace, "relay", |_| true);
    assert_eq!(relay.parent, request.id);
    assert_eq!(relay.service, service("scheduler"));
    let attempt = one(&of_trace, "attempt", |_| true);
    assert_eq!(attempt.parent, relay.id);
    assert_eq!(attempt.service, service("worker"));
    assert_eq!(attempt.attributes["job.id"], id);
    assert_eq!(attempt.attributes["job.attempt"], "1");
    assert_eq!(attempt.attributes["user.id"], request.attributes["user.id"]);
    let stages: Vec<&Spoken> = of_trace.iter().filter(|span| span.name == "stage").collect();
    assert!(
        stages.iter().all(|stage| stage.parent == attempt.id),
        "{stages:#?}"
    );
    let names: BTreeSet<&str> = stages
        .iter()
        .map(|stage| stage.attributes["job.stage"].as_str())
        .collect();
    let varying = Stage::Varying.name();
    let wanted: BTreeSet<&str> = Stage::NAMES
        .iter()
        .copied()
        .filter(|name| *name != varying)
        .collect();
    assert!(names.is_superset(&wanted), "{names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_never_answers_keeps_no_job_and_no_end_waiting() {
    let dir = tempfile::tempdir().expect("a folder");
    let collector = Sink::deaf().await.expect("a port");
    let mut running = Service::start(dir.path(), &settings(&collector))
        .await
        .expect("it starts");
    let job = running.post(small(PROMPT)).await.expect("accepted");
    let id = job["id"].as_str().expect("an id");
    assert_eq!(running.ended(id).await.expect("it ends")["state"], "succeeded");
    until("an export that waits for its answer", || async {
        (!collector.taken().is_empty()).then_some(())
    })
    .await
    .expect("the collector was asked");
    running
        .logged("the collector takes no traces")
        .await
        .expect("it is told");
    running.stop().await.expect("it stops all the same");
}
