//! `songwalker serve`: the whole service in one process. It opens the data directory, takes the right to run jobs on it,
//! listens, takes over what the process before left, and runs until it is told to stop: then jobs that run may end,
//! requests are answered, and what is left is handed back to the queue (R7, R8).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use songwalker_api::{Api, ApiOptions, BindError, BoundApi};
use songwalker_generator::generator_version;
use songwalker_jobs::open::open;
use songwalker_jobs::runner::{RunnerLock, holder};
use songwalker_jobs::secret::Secret;
use songwalker_jobs::server_file::ServerFile;
use songwalker_jobs::{Config, System};
use songwalker_schemas::wire::Version;
use songwalker_schemas::{ErrorCode, SCHEMA_VERSION};
use songwalker_workers::child::quiet_panics;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::args::Serve;
use crate::browser::Door;
use crate::client::catalogue;
use crate::failure::Failure;
use crate::interrupt::{self, Answer};
use crate::runner::Runner;
use crate::table::Table;
use crate::telemetry::Telemetry;
use crate::terminal::{self, BOLD, COMMAND, DIM, NOTICE, paint};
use crate::{runtime, settings, whereabouts};

/// What others read about this process.
const PURPOSE: &str = "songwalker serve";
/// How long a command that runs its own job may hold the right to run jobs.
const HELD: Duration = Duration::from_secs(2);
/// How often it is tried.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// Serves.
pub fn run(args: &Serve) -> Result<(), Failure> {
    let listen = args.listen.map(|at| ("server.listen".to_owned(), at.to_string()));
    let config = settings::load_with(&args.place, listen.into_iter().collect())?;
    if config.database.url.is_some() || config.queue.url.is_some() {
        let message = "this configuration is of a service on many machines, and `serve` is for one";
        return Err(Failure::new(ErrorCode::Usage, message)
            .with_hint("run `songwalker api`, `songwalker worker` and `songwalker scheduler`, or remove database.url and queue.url"));
    }
    quiet_panics();
    interrupt::answer(Answer::Ask);
    interrupt::last_words("stopped at once; jobs that ran go on at the next start");
    runtime::block_on(async {
        let telemetry = Telemetry::start(&config, None)?;
        let served = serve(config, args).await;
        telemetry.finish().await;
        served
    })
}

async fn serve(config: Config, args: &Serve) -> Result<(), Failure> {
    let data_dir = config.data_dir.clone();
    let system = open(config, catalogue()).await?;
    let served = on_system(&system, args).await;
    system.db.close().await;
    let removed = ServerFile::remove(&data_dir);
    served?;
    Ok(removed?)
}

async fn on_system(system: &System, args: &Serve) -> Result<(), Failure> {
    let data_dir = &system.config.data_dir;
    let lock = take_lock(data_dir).await?;
    let workers = Arc::new(std::sync::OnceLock::new());
    let options = ApiOptions {
        version: version(),
        workers: Some(probe(Arc::clone(&workers), Runner::problem)),
    };
    let api = Api::bind(system.clone(), options).await.map_err(cannot_listen)?;
    let url = api.url();
    let runner = Arc::new(Runner::start(system, lock).await?);
    let _ = workers.set(Arc::downgrade(&runner));
    let door = match known(&api, data_dir, args) {
        Ok(door) => door,
        Err(failure) => {
            // Workers may have jobs by now: they hand them back while the lock is still held (R7).
            if let Err(error) = ServerFile::remove(data_dir) {
                tracing::warn!(error = %error, "server file not removed");
            }
            drop(api);
            runner.stop().await;
            return Err(failure);
        }
    };
    tracing::info!(server.url = url, "server started");

    let stopping = CancellationToken::new();
    let down = go_down(system, runner, stopping.clone());
    let (served, ()) = tokio::join!(api.run(stopping.clone()), down);
    drop(door);
    tracing::info!("server stopped");
    served.map_err(|error| Failure::new(ErrorCode::Unavailable, format!("the server broke: {error}")))
}

/// Lets commands and people know where the server is.
fn known(api: &BoundApi, data_dir: &Path, args: &Serve) -> Result<Option<Door>, Failure> {
    ServerFile::of_this_process(api.url()).write(data_dir)?;
    announce(api, data_dir, args)
}

/// Waits for the word to stop, and stops one part after the other. While jobs come to their end, requests are answered.
async fn go_down(system: &System, runner: Arc<Runner>, stopping: CancellationToken) {
    tokio::select! {
        () = interrupt::asked() => {}
        // The server broke.
        () = stopping.cancelled() => {}
    }
    tracing::info!("server stopping");
    // Commands that come now do not ask a server that goes.
    if let Err(error) = ServerFile::remove(&system.config.data_dir) {
        tracing::warn!(error = %error, "server file not removed");
    }
    runner.drain(system.config.worker.shutdown_grace.duration()).await;
    stopping.cancel();
    runner.stop().await;
}

/// The right to run jobs on the data directory.
async fn take_lock(data_dir: &Path) -> Result<RunnerLock, Failure> {
    let until = Instant::now() + HELD;
    loop {
        if let Some(mut lock) = RunnerLock::try_take(data_dir)? {
            lock.name_purpose(PURPOSE)?;
            return Ok(lock);
        }
        let Some(holder) = holder(data_dir)? else { continue };
        if Instant::now() >= until || holder.purpose == PURPOSE {
            let message = format!("{holder}: {}", data_dir.display());
            return Err(Failure::new(ErrorCode::Conflict, message)
                .with_hint("use that one, end it, or serve another directory with --data-dir"));
        }
        sleep(TRY_AGAIN).await;
    }
}

/// Why there is no listener, and what to do.
pub fn cannot_listen(error: BindError) -> Failure {
    let hint = match &error {
        BindError::InUse(_) => Some("end what listens there, or take another port with --listen"),
        BindError::Unusable(..) => {
            Some("name an address of this machine with --listen, and a port above 1023")
        }
        BindError::Metrics(_) | BindError::Jobs(_) => None,
        // The message says what to do.
        BindError::NoKeys(_) => Some(""),
    };
    let failure = match error {
        BindError::Jobs(error) => Failure::from(error),
        other => Failure::new(other.code(), other.to_string()),
    };
    match hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

/// What readiness asks whoever has the workers, once that is there.
pub fn probe<T: Send + Sync + 'static>(
    workers: Arc<std::sync::OnceLock<std::sync::Weak<T>>>,
    problem: impl Fn(&T) -> Option<&'static str> + Send + Sync + 'static,
) -> Arc<dyn Fn() -> Result<(), String> + Send + Sync> {
    Arc::new(move || {
        let workers = workers.get().and_then(std::sync::Weak::upgrade);
        match workers {
            None => Err("the workers are being started or have ended".to_owned()),
            Some(workers) => problem(&workers).map_or(Ok(()), |problem| Err(problem.to_owned())),
        }
    })
}

/// What this program is.
pub fn version() -> Version {
    Version {
        binary: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("SONGWALKER_COMMIT").map(str::to_owned),
        engine: songwalker_engine::ENGINE_VERSION.to_owned(),
        generator: generator_version().to_owned(),
        schemas: SCHEMA_VERSION.to_owned(),
    }
}

/// Says where everything is, never the token, and opens the page where that was asked for.
fn announce(api: &BoundApi, data_dir: &Path, args: &Serve) -> Result<Option<Door>, Failure> {
    let url = api.url();
    let token = data_dir.join("token");
    if args.json {
        terminal::print_json(&json!({
            "url": url, "data_dir": data_dir.to_string_lossy(), "token_file": token.to_string_lossy(),
            "pid": std::process::id(), "metrics": api.metrics_addr.map(|at| format!("http://{at}/metrics")),
        }))?;
    } else {
        let mut table = Table::new();
        let mut row = |name: &str, value: String| {
            table.row([(DIM, name.to_owned()), (anstyle::Style::new(), value)]);
        };
        row("data", data_dir.display().to_string());
        row(
            "token",
            format!("{} (only this account can read it)", token.display()),
        );
        row("API", format!("{url}/docs"));
        if let Some(at) = api.metrics_addr {
            row("metrics", format!("http://{at}/metrics"));
        }
        row(
            "stop",
            "Ctrl-C lets running jobs end; a second one stops at once".to_owned(),
        );
        let mut text = format!(
            "{} {}\n{}",
            paint(BOLD, "SongWalker serves at"),
            paint(COMMAND, &url),
            table.text(2)
        );
        if !args.open {
            let open = whereabouts::line("serve --open");
            text.push_str(&format!(
                "  {}\n",
                paint(DIM, format!("`{open}` opens the page in a browser, signed in"))
            ));
        }
        terminal::print(&text)?;
    }
    if args.open {
        open_page(&url, data_dir, &token)
    } else {
        Ok(None)
    }
}

fn open_page(url: &str, data_dir: &Path, token: &Path) -> Result<Option<Door>, Failure> {
    let secret = Secret::from_file(token).map_err(|error| {
        Failure::new(
            ErrorCode::StorageUnavailable,
            format!("{}: {error}", token.display()),
        )
    })?;
    let door = Door::make(data_dir, url, &secret).map_err(|error| {
        Failure::writing(data_dir, &error)
            .with_hint("name another place with --data-dir, or leave --open out")
    })?;
    if !door.open() {
        let word = format!(
            "{} no browser was found: open {url} in one, and sign in with what is in {}\n",
            paint(NOTICE, "notice:"),
            token.display()
        );
        terminal::complain(&word);
    }
    Ok(Some(door))
}
