//! What is counted in this process, in the form that Prometheus reads. One recorder for the whole process: a second
//! server in it counts into the same one. Labels are patterns of addresses, methods and statuses: nothing that a client
//! typed (R10). What the whole product counts stands in one table, from which come the lines that explain it and the
//! table of the API's page.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use songwalker_jobs::counts;

/// Upper bounds of the time that requests take, seconds.
const REQUEST_SECONDS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
/// Upper bounds of the time that attempts take, seconds.
const ATTEMPT_SECONDS_BOUNDS: [f64; 10] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0];
const ATTEMPT_SECONDS: &str = "songwalker_attempt_seconds";
/// The same of the times that jobs wait for their start, take from asking to having, and take to be accepted.
const START_SECONDS: [f64; 10] = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0];
const JOB_SECONDS: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0];
const HTTP_SECONDS: &str = "songwalker_http_request_seconds";
const HTTP_TOTAL: &str = "songwalker_http_requests_total";
/// Whoever listens to a job.
pub const LISTENERS: &str = "songwalker_event_listeners";

/// Whether a part that this process needs answers it.
pub const PART_UP: &str = "songwalker_part_up";

/// How a metric moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only up, until the process ends.
    Counter,
    /// Up and down.
    Gauge,
    /// Values by their size.
    Histogram,
}

/// Something that is counted.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub meaning: &'static str,
}

const fn metric(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric {
        name,
        kind,
        labels,
        meaning,
    }
}

/// Everything that the processes of the product count.
pub static METRICS: &[Metric] = &[
    metric(
        HTTP_TOTAL,
        Kind::Counter,
        &["method", "route", "status"],
        "Requests that were answered.",
    ),
    metric(
        HTTP_SECONDS,
        Kind::Histogram,
        &["method", "route"],
        "How long a request took until its answer began.",
    ),
    metric(
        LISTENERS,
        Kind::Gauge,
        &[],
        "Streams and waiting requests that listen to a job.",
    ),
    metric(
        "songwalker_jobs_accepted_total",
        Kind::Counter,
        &[],
        "Jobs that were accepted.",
    ),
    metric(
        "songwalker_jobs_ended_total",
        Kind::Counter,
        &["state"],
        "Jobs that came into a final state.",
    ),
    metric(
        "songwalker_jobs",
        Kind::Gauge,
        &["state"],
        "Jobs that there are, by state; those that have ended as the scheduler counted them last.",
    ),
    metric(
        "songwalker_jobs_waiting",
        Kind::Gauge,
        &["reason"],
        "Jobs that wait, by why: `backoff`, `no_worker`, `paused`, `queue`.",
    ),
    metric(
        "songwalker_oldest_waiting_seconds",
        Kind::Gauge,
        &[],
        "How long the job has waited that waits longest; those that rest after a failure are left out.",
    ),
    metric(
        "songwalker_start_wait_seconds",
        Kind::Histogram,
        &[],
        "How long a job waited until a worker first took it.",
    ),
    metric(
        "songwalker_job_seconds",
        Kind::Histogram,
        &[],
        "How long a job took from its acceptance to its result.",
    ),
    metric(
        "songwalker_accept_seconds",
        Kind::Histogram,
        &[],
        "How long accepting a job took.",
    ),
    metric(
        "songwalker_jobs_failed_total",
        Kind::Counter,
        &["code"],
        "Jobs that failed, by the code of their error.",
    ),
    metric(
        "songwalker_attempts_lost_total",
        Kind::Counter,
        &[],
        "Attempts whose lease ended without their worker.",
    ),
    metric(
        "songwalker_dead_letters",
        Kind::Gauge,
        &[],
        "Failed jobs that wait for somebody to do them again or to drop them.",
    ),
    metric(
        "songwalker_paused",
        Kind::Gauge,
        &[],
        "Whether an operator has paused jobs.",
    ),
    metric(
        PART_UP,
        Kind::Gauge,
        &["part"],
        "Whether a part answers this process: `database`, `queue`, `store`, `redis`.",
    ),
    metric(
        "songwalker_clock_skew_seconds",
        Kind::Gauge,
        &[],
        "By how much the clock of this machine is ahead of the database's, where several share one.",
    ),
    metric(
        "songwalker_data_free_bytes",
        Kind::Gauge,
        &[],
        "Bytes that are free where the data directory lies, where bundles lie in it.",
    ),
    metric(
        "songwalker_jobs_running",
        Kind::Gauge,
        &[],
        "Jobs that this process's workers are at.",
    ),
    metric(
        "songwalker_attempts_ended_total",
        Kind::Counter,
        &["ending"],
        "Attempts of this process's workers that ended, by how.",
    ),
    metric(ATTEMPT_SECONDS, Kind::Histogram, &[], "How long an attempt took."),
    metric(
        "songwalker_child_births_total",
        Kind::Counter,
        &[],
        "Rendering processes that were started.",
    ),
    metric(
        "songwalker_children_replaced_total",
        Kind::Counter,
        &[],
        "Rendering processes that another one was started for.",
    ),
    metric(
        "songwalker_queue_depth",
        Kind::Gauge,
        &[],
        "Hints that wait in the queue.",
    ),
    metric(
        "songwalker_lane_depth",
        Kind::Gauge,
        &["lane"],
        "Hints that wait in a lane of the queue; `dead`: that nobody can read.",
    ),
    metric(
        "songwalker_dead_hints_total",
        Kind::Counter,
        &[],
        "Hints that this process could not read.",
    ),
    metric(
        "songwalker_rabbitmq_up",
        Kind::Gauge,
        &[],
        "Whether RabbitMQ is connected, where it is used.",
    ),
    metric(
        "songwalker_queue_sessions_lost_total",
        Kind::Counter,
        &[],
        "Sessions with RabbitMQ that ended, and not by this process.",
    ),
    metric(
        "songwalker_redis_up",
        Kind::Gauge,
        &["part"],
        "Whether Redis answers, where it is used: `limits`, `events`.",
    ),
    metric(
        "songwalker_signals_dropped_total",
        Kind::Counter,
        &[],
        "Signals that did not leave this process.",
    ),
    metric(
        "songwalker_outbox_depth",
        Kind::Gauge,
        &[],
        "Rows of the outbox that are not sent yet.",
    ),
    metric(
        "songwalker_outbox_age_seconds",
        Kind::Gauge,
        &[],
        "How long the oldest row of the outbox has waited.",
    ),
    metric(
        "songwalker_webhooks_pending",
        Kind::Gauge,
        &[],
        "Messages to webhooks that are still to be sent, or tried again.",
    ),
    metric(
        "songwalker_webhook_attempts_total",
        Kind::Counter,
        &["outcome"],
        "Messages to webhooks that were sent, by how that ended.",
    ),
    metric("songwalker_workers", Kind::Gauge, &[], "Workers that are alive."),
    metric(
        "songwalker_worker_slots",
        Kind::Gauge,
        &[],
        "Jobs that all workers that are alive can run at a time.",
    ),
    metric(
        "songwalker_sweep_age_seconds",
        Kind::Gauge,
        &["sweep"],
        "How long ago a sweep was last complete.",
    ),
    metric(
        "songwalker_model_calls_total",
        Kind::Counter,
        &["outcome"],
        "Calls of the language model, by how they ended: `answered`, or why there was no answer.",
    ),
    metric(
        "songwalker_model_tokens_total",
        Kind::Counter,
        &["direction"],
        "Tokens that the language model read (`input`) and wrote (`output`); guessed where it did not count.",
    ),
    metric(
        "songwalker_model_seconds",
        Kind::Histogram,
        &[],
        "How long asking the language model took for a job, with repairs and waits.",
    ),
    metric(
        "songwalker_planner_fallbacks_total",
        Kind::Counter,
        &["code"],
        "Jobs for which the embedded planner took the language model's place, by why.",
    ),
    metric(
        "songwalker_sweeps_broken_total",
        Kind::Counter,
        &["sweep"],
        "Sweeps that broke off.",
    ),
    metric(
        "songwalker_sweep_rows_failed_total",
        Kind::Counter,
        &["sweep"],
        "Rows that a sweep could not deal with.",
    ),
    metric(
        "songwalker_erasures_overdue",
        Kind::Gauge,
        &[],
        "Erasures that are past their due time.",
    ),
    metric(
        "songwalker_scheduler_panics_total",
        Kind::Counter,
        &["loop"],
        "Panics of the scheduler's loops.",
    ),
];

/// Tells the recorder what each metric says.
fn describe() {
    for Metric {
        name, kind, meaning, ..
    } in METRICS
    {
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, *meaning),
            Kind::Gauge => metrics::describe_gauge!(*name, *meaning),
            Kind::Histogram => metrics::describe_histogram!(*name, *meaning),
        }
    }
}

/// The recorder of the process.
#[derive(Debug, Clone)]
pub struct Meter(PrometheusHandle);

/// How often samples are drained that nobody reads.
const UPKEEP: Duration = Duration::from_secs(5);

impl Meter {
    /// Drains samples into their buckets from time to time, so that they do not pile up where nobody reads the metrics.
    /// Never ends.
    pub async fn keep_up(&self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.0.run_upkeep();
        }
    }

    /// The process's recorder, installed when first asked for.
    ///
    /// # Errors
    /// Another recorder is installed already.
    pub fn of_process() -> Result<Self, BuildError> {
        static METER: OnceLock<Meter> = OnceLock::new();
        static INSTALLING: Mutex<()> = Mutex::new(());
        let _installing = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(meter) = METER.get() {
            return Ok(meter.clone());
        }
        let full = |name: &str| Matcher::Full(name.to_owned());
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(full(HTTP_SECONDS), &REQUEST_SECONDS)?
            .set_buckets_for_metric(full(ATTEMPT_SECONDS), &ATTEMPT_SECONDS_BOUNDS)?
            .set_buckets_for_metric(full("songwalker_accept_seconds"), &REQUEST_SECONDS)?
            .set_buckets_for_metric(full("songwalker_start_wait_seconds"), &START_SECONDS)?
            .set_buckets_for_metric(full("songwalker_job_seconds"), &JOB_SECONDS)?
            .set_buckets_for_metric(full("songwalker_model_seconds"), &START_SECONDS)?
            .install_recorder()?;
        describe();
        counts::begin();
        Ok(METER.get_or_init(|| Self(handle)).clone())
    }

    /// Everything that was counted, as text.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }
}

/// Counts a request that was answered.
pub fn answered(method: &'static str, route: &str, status: u16, took: Duration) {
    let route = route.to_owned();
    metrics::counter!(HTTP_TOTAL, "method" => method, "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!(HTTP_SECONDS, "method" => method, "route" => route).record(took.as_secs_f64());
}
