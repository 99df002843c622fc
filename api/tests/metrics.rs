//! Each metric of the job domain moves when its cause comes about, and by as much: what alerts and dashboard ask. What is
//! counted is counted for the whole process, so these tests have one of their own, and take turns in it.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

#[path = "api/conformance.rs"]
mod conformance;
#[path = "api/support.rs"]
#[expect(dead_code, reason = "each test binary uses its part")]
mod support;

use std::time::Duration;

use songwalker_jobs::counts::FAILING;
use songwalker_jobs::ending::{self, Fate};
use songwalker_jobs::sweep::{Sweep, gauges};
use songwalker_jobs::{admin, outbox, pause, presence};
use songwalker_schemas::ids::Uuid;
use songwalker_schemas::{ErrorCode, JobId};

use tokio::sync::Mutex;

use crate::support::{Server, accepted, claimed, send};

/// Whose turn it is.
static TURN: Mutex<()> = Mutex::const_new(());

/// What a server counts, line by line.
struct Scrape(String);

impl Scrape {
    async fn of(server: &Server) -> Self {
        let answer = send(server.request("GET", "/metrics")).await;
        assert_eq!(answer.status(), 200);
        Self(answer.text().await.expect("metrics"))
    }

    /// The value of a series, as `name` or `name{label="value"}`.
    fn find(&self, series: &str) -> Option<f64> {
        self.0
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    fn value(&self, series: &str) -> f64 {
        self.find(series)
            .unwrap_or_else(|| panic!("{series}:\n{}", self.0))
    }
}

/// Holds every series against its value.
#[track_caller]
fn expect(scrape: &Scrape, wanted: &[(&str, f64)]) {
    for (series, value) in wanted {
        assert_eq!(scrape.value(series), *value, "{series}");
    }
}

async fn server() -> Server {
    Server::start_with(|config| {
        config.quotas.enabled = false;
        config.retry.jitter = 0.0;
    })
    .await
}

async fn advance(server: &Server, seconds: u64) {
    server.system.clock.advance(Duration::from_secs(seconds));
}

/// The attempt fails.
async fn fail(server: &Server, job: JobId, code: ErrorCode) {
    let own = claimed(&server.system, job).await.own;
    let error = ending::sanitised(code, "it went wrong", Vec::new());
    ending::fail(&server.system, &own, error, Fate::Failed)
        .await
        .expect("written");
}

#[tokio::test]
async fn who_waits_is_told_with_how_long_and_why() {
    let _turn = TURN.lock().await;
    let server = server().await;
    let idle = Scrape::of(&server).await;
    expect(
        &idle,
        &[
            ("songwalker_oldest_waiting_seconds", 0.0),
            ("songwalker_outbox_age_seconds", 0.0),
            ("songwalker_worker_slots", 0.0),
            ("songwalker_paused", 0.0),
            (r#"songwalker_jobs_waiting{reason="no_worker"}"#, 0.0),
            (r#"songwalker_jobs_waiting{reason="backoff"}"#, 0.0),
        ],
    );
    let job = accepted(&server.system, server.system.user, "pad").await;
    advance(&server, 60).await;
    accepted(&server.system, server.system.user, "a younger one").await;
    advance(&server, 30).await;
    let waits = Scrape::of(&server).await;
    expect(
        &waits,
        &[
            ("songwalker_oldest_waiting_seconds", 90.0),
            ("songwalker_outbox_age_seconds", 90.0),
            (r#"songwalker_jobs{state="queued"}"#, 2.0),
            (r#"songwalker_jobs_waiting{reason="no_worker"}"#, 2.0),
            (r#"songwalker_jobs_waiting{reason="queue"}"#, 0.0),
        ],
    );
    for slots in [3, 4] {
        presence::register(&server.system, Uuid::now_v7(), slots)
            .await
            .expect("there");
    }
    outbox::relay(&server.system, 10).await.expect("sent");
    let served = Scrape::of(&server).await;
    expect(
        &served,
        &[
            ("songwalker_workers", 2.0),
            ("songwalker_worker_slots", 7.0),
            ("songwalker_outbox_age_seconds", 0.0),
            (r#"songwalker_jobs_waiting{reason="queue"}"#, 2.0),
            (r#"songwalker_jobs_waiting{reason="no_worker"}"#, 0.0),
        ],
    );
    pause::pause(&server.system, None).await.expect("paused");
    let paused = Scrape::of(&server).await;
    expect(
        &paused,
        &[
            ("songwalker_paused", 1.0),
            (r#"songwalker_jobs_waiting{reason="paused"}"#, 2.0),
            (r#"songwalker_jobs_waiting{reason="queue"}"#, 0.0),
        ],
    );
    pause::resume(&server.system, None).await.expect("resumed");
    let before = waits.find("songwalker_start_wait_seconds_sum").unwrap_or(0.0);
    fail(&server, job, ErrorCode::Timeout).await;
    let rests = Scrape::of(&server).await;
    expect(
        &rests,
        &[
            ("songwalker_paused", 0.0),
            (r#"songwalker_jobs_waiting{reason="backoff"}"#, 1.0),
            (r#"songwalker_jobs_waiting{reason="queue"}"#, 1.0),
            // The one that rests is left out.
            ("songwalker_oldest_waiting_seconds", 30.0),
            ("songwalker_start_wait_seconds_sum", before + 90.0),
        ],
    );
    // The second attempt is no first start.
    advance(&server, 60).await;
    claimed(&server.system, job).await;
    let again = Scrape::of(&server).await;
    expect(&again, &[("songwalker_start_wait_seconds_sum", before + 90.0)]);
}

#[tokio::test]
async fn how_long_a_job_took_is_told_once_it_has_its_result() {
    let _turn = TURN.lock().await;
    let server = server().await;
    let before = Scrape::of(&server).await;
    let job = accepted(&server.system, server.system.user, "pad").await;
    let taken = claimed(&server.system, job).await;
    advance(&server, 7).await;
    crate::support::publish(&server.system, &taken).await;
    gauges::tell_ended(&server.system).await.expect("told");
    let after = Scrape::of(&server).await;
    let grew = |series: &str| after.value(series) - before.find(series).unwrap_or(0.0);
    assert_eq!(grew("songwalker_job_seconds_count"), 1.0);
    assert_eq!(grew("songwalker_job_seconds_sum"), 7.0);
    assert_eq!(grew(r#"songwalker_job_seconds_bucket{le="5"}"#), 0.0);
    assert_eq!(grew(r#"songwalker_job_seconds_bucket{le="10"}"#), 1.0);
    assert_eq!(grew("songwalker_accept_seconds_count"), 1.0);
    assert_eq!(after.value(r#"songwalker_jobs{state="succeeded"}"#), 1.0);
}

#[tokio::test]
async fn every_way_to_fail_is_counted_from_nought() {
    let _turn = TURN.lock().await;
    let server = server().await;
    let before = Scrape::of(&server).await;
    let failed = |code: ErrorCode| format!(r#"songwalker_jobs_failed_total{{code="{}"}}"#, code.name());
    for code in FAILING {
        assert!(before.find(&failed(*code)).is_some(), "{}", code.name());
    }
    for name in [
        "songwalker_attempts_lost_total",
        "songwalker_queue_sessions_lost_total",
    ] {
        assert!(before.find(name).is_some(), "{name}");
    }

    let silent = accepted(&server.system, server.system.user, "silence").await;
    fail(&server, silent, ErrorCode::SilentPatch).await;

    // A worker that dies three times with the same job.
    let poison = accepted(&server.system, server.system.user, "poison").await;
    for _ in 0..3 {
        claimed(&server.system, poison).await;
        advance(&server, 60).await;
        let swept = Sweep::Leases.run(&server.system).await.expect("swept");
        assert_eq!(swept.done, 1);
        advance(&server, 120).await;
    }
    let dead = Scrape::of(&server).await;
    let grew = |series: &str| dead.value(series) - before.find(series).unwrap_or(0.0);
    assert_eq!(grew(&failed(ErrorCode::SilentPatch)), 1.0);
    assert_eq!(grew(&failed(ErrorCode::WorkerLost)), 1.0);
    assert_eq!(grew("songwalker_attempts_lost_total"), 3.0);
    assert_eq!(dead.value("songwalker_dead_letters"), 1.0);
    admin::dead_letters::discard(&server.system, poison)
        .await
        .expect("dropped");
    assert_eq!(Scrape::of(&server).await.value("songwalker_dead_letters"), 0.0);

    accepted(&server.system, server.system.user, "nobody takes it").await;
    let wait = server.system.config.queue.wait_deadline.duration();
    server.system.clock.advance(wait);
    let swept = Sweep::QueueDeadlines.run(&server.system).await.expect("swept");
    assert_eq!(swept.done, 1);
    let late = Scrape::of(&server).await;
    let series = failed(ErrorCode::QueueTimeout);
    assert_eq!(late.value(&series) - before.value(&series), 1.0);
    let ended = r#"songwalker_jobs_ended_total{state="failed"}"#;
    assert_eq!(late.value(ended) - before.find(ended).unwrap_or(0.0), 3.0);
}

#[tokio::test]
async fn a_part_that_does_not_answer_is_told_though_the_database_is_away() {
    let _turn = TURN.lock().await;
    let server = server().await;
    let up = Scrape::of(&server).await;
    for part in ["database", "queue", "store"] {
        assert_eq!(up.value(&format!(r#"songwalker_part_up{{part="{part}"}}"#)), 1.0);
    }
    assert_eq!(
        up.find(r#"songwalker_part_up{part="redis"}"#),
        None,
        "only parts that there are"
    );
    assert!(up.value("songwalker_data_free_bytes") > 0.0);
    // A key is not needed where the database cannot say whether it is one.
    let alone = Server::start_with(|config| {
        config.metrics.listen = Some("127.0.0.1:0".parse().expect("an address"));
    })
    .await;
    alone.system.db.close().await;
    let url = format!("{}/metrics", alone.metrics_url.as_ref().expect("a listener"));
    let answer = send(crate::support::client().get(url)).await;
    assert_eq!(answer.status(), 200);
    let down = Scrape(answer.text().await.expect("metrics"));
    expect(
        &down,
        &[
            (r#"songwalker_part_up{part="database"}"#, 0.0),
            (r#"songwalker_part_up{part="store"}"#, 1.0),
        ],
    );
}
