//! `songwalker api`, `worker`, `scheduler`: the processes of a service on many machines, each on the services that the
//! configuration names. They know of each other by the database, the queue and the event bus alone.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use songwalker_api::{Api, ApiOptions, Side};
use songwalker_jobs::open::open;
use songwalker_jobs::{Config, System};
use songwalker_scheduler::Scheduler;
use songwalker_schemas::ErrorCode;
use songwalker_workers::child::quiet_panics;
use songwalker_workers::{Workers, WorkersHandle, WorkersOptions};
use tokio_util::sync::CancellationToken;

use crate::args::{ApiProcess, Place, Plain, WorkerProcess};
use crate::client::catalogue;
use crate::commands::serve::{cannot_listen, probe, version};
use crate::failure::Failure;
use crate::interrupt::{self, Answer};
use crate::telemetry::Telemetry;
use crate::terminal::{self, BOLD, DIM, paint};
use crate::{runtime, settings};

/// The HTTP API.
pub fn api(args: &ApiProcess) -> Result<(), Failure> {
    let listen = args.listen.map(|at| ("server.listen".to_owned(), at.to_string()));
    run("api", &args.place, listen.into_iter().collect(), async |system| {
        let options = ApiOptions {
            version: version(),
            workers: None,
        };
        let api = Api::bind(system.clone(), options).await.map_err(cannot_listen)?;
        let url = api.url();
        announce(
            "api",
            args.json,
            &[("url", json!(url)), ("metrics", metrics(api.metrics_addr))],
        )?;
        let stopping = CancellationToken::new();
        let (served, ()) = tokio::join!(api.run(stopping.clone()), until_asked(&stopping));
        served.map_err(broke)
    })
}

/// Workers.
pub fn worker(args: &WorkerProcess) -> Result<(), Failure> {
    run("worker", &args.place, Vec::new(), async |system| {
        let handle = Arc::new(OnceLock::new());
        let probe = probe(Arc::clone(&handle), |workers: &WorkersHandle| {
            workers.state().problem()
        });
        let side = Side::bind(system.clone(), Some(probe)).map_err(cannot_listen)?;
        let options = WorkersOptions {
            slots: args.slots.map(usize::from),
            ..WorkersOptions::default()
        };
        let workers = Workers::start(system.clone(), options).map_err(|error| {
            Failure::new(ErrorCode::Internal, format!("no worker can be started: {error}"))
        })?;
        let workers = Arc::new(workers);
        let _ = handle.set(Arc::downgrade(&workers));
        announce("worker", args.json, &[("metrics", metrics(side.addr))])?;
        // Health is answered while jobs come to their end.
        let beside = CancellationToken::new();
        let end = async {
            asked().await;
            workers
                .drain(system.config.worker.shutdown_grace.duration())
                .await;
            beside.cancel();
        };
        let (served, ()) = tokio::join!(side.run(beside.clone()), end);
        served.map_err(broke)
    })
}

/// What happens by the clock.
pub fn scheduler(args: &Plain) -> Result<(), Failure> {
    run("scheduler", &args.place, Vec::new(), async |system| {
        let side = Side::bind(system.clone(), None).map_err(cannot_listen)?;
        let scheduler = Scheduler::start(system.clone());
        announce("scheduler", args.json, &[("metrics", metrics(side.addr))])?;
        let stopping = CancellationToken::new();
        let (served, ()) = tokio::join!(side.run(stopping.clone()), until_asked(&stopping));
        scheduler.stop().await;
        served.map_err(broke)
    })
}

/// Opens the services that the configuration names, does its part on them, and closes them.
fn run(
    name: &str,
    place: &Place,
    overrides: Vec<(String, String)>,
    part: impl AsyncFnOnce(&System) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let config = settings::load_with(place, overrides)?;
    shared(&config)?;
    quiet_panics();
    interrupt::answer(Answer::Ask);
    interrupt::last_words("stopped at once; jobs that ran go on elsewhere once their leases end");
    runtime::block_on(async {
        let telemetry = Telemetry::start(&config, Some(name))?;
        let done = on_services(config, part).await;
        tracing::info!("process stopped");
        telemetry.finish().await;
        done
    })
}

async fn on_services(
    config: Config,
    part: impl AsyncFnOnce(&System) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let system = open(config, catalogue()).await?;
    let done = part(&system).await;
    system.db.close().await;
    done
}

/// Refuses a configuration whose processes could not find each other.
fn shared(config: &Config) -> Result<(), Failure> {
    let missing: Vec<&str> = [
        ("database.url", config.database.url.is_none()),
        ("queue.url", config.queue.url.is_none()),
    ]
    .into_iter()
    .filter_map(|(key, is_missing)| is_missing.then_some(key))
    .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("processes that work together need {}", missing.join(" and "));
    Err(Failure::new(ErrorCode::Usage, message)
        .with_hint("docs/CONFIGURATION.md lists the settings; `songwalker serve` needs none"))
}

async fn asked() {
    interrupt::asked().await;
    tracing::info!("process stopping");
}

async fn until_asked(stopping: &CancellationToken) {
    asked().await;
    stopping.cancel();
}

fn broke(error: std::io::Error) -> Failure {
    Failure::new(ErrorCode::Unavailable, format!("the listener broke: {error}"))
}

fn metrics(at: Option<SocketAddr>) -> Value {
    at.map_or(Value::Null, |at| json!(format!("http://{at}/metrics")))
}

/// Says on standard output that the process does its part, and where it is found.
fn announce(part: &str, wants_json: bool, about: &[(&str, Value)]) -> Result<(), Failure> {
    tracing::info!(process.part = part, "process started");
    if wants_json {
        let mut told = json!({ "part": part, "pid": std::process::id() });
        for (name, value) in about {
            told[*name] = value.clone();
        }
        return terminal::print_json(&told);
    }
    let mut text = format!("{}\n", paint(BOLD, format!("SongWalker {part} runs")));
    for (name, value) in about {
        if let Some(value) = value.as_str() {
            text.push_str(&format!("  {}  {value}\n", paint(DIM, *name)));
        }
    }
    terminal::print(&text)
}
