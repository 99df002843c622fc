//! What the doctor looks at beyond the engine: the configuration in force, the services that it names or the data directory
//! with database and store, who runs jobs there, and whether a child process starts. It changes nothing and leaves nothing.

use std::path::Path;
use std::time::Instant;

use reqwest::Method;
use rustix::fs::statvfs;
use serde_json::{Value, json};
use songwalker_jobs::Config;
use songwalker_jobs::checkup::{self, Finding, Verdict};
use songwalker_jobs::data_dir::DataDir;
use songwalker_jobs::open::examine::{Closeness, Examined};
use songwalker_jobs::open::look;
use songwalker_jobs::runner::holder;
use songwalker_schemas::JobState;
use songwalker_workers::child::{ChildLimits, RenderChild, this_program};

use crate::client::{Here, There, Wanted};
use crate::failure::Failure;
use crate::runtime;

/// Below this much room a data directory deserves a look.
const LITTLE_ROOM_BYTES: u64 = 1 << 30;
/// Most jobs that are counted.
const COUNTED: u64 = 100;

/// One part and how it stands.
#[derive(Debug)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// How good it is.
    pub verdict: Verdict,
    /// How it is said.
    pub words: String,
    /// The same for programs.
    pub value: Value,
}

impl Part {
    fn new(name: &'static str, verdict: Verdict, words: impl Into<String>, value: Value) -> Self {
        Self {
            name,
            verdict,
            words: words.into(),
            value,
        }
    }
}

/// Looks at every part.
///
/// # Errors
/// There is no runtime to look with.
pub fn examine(config: &Config) -> Result<Vec<Part>, Failure> {
    runtime::block_on(async {
        let mut parts = vec![configuration(config)];
        let services = checkup::of_services(config).await;
        if is_of_many_machines(config) {
            parts.extend(services.into_iter().map(Part::from));
            parts.extend(lacking(config));
        } else {
            parts.push(directory(&config.data_dir));
            parts.extend(old_copies(&config.data_dir));
            parts.extend(services.into_iter().map(Part::from));
            let (database, is_ready) = database(&config.data_dir).await;
            parts.push(database);
            if is_ready {
                parts.push(jobs(config).await);
            }
            parts.push(runner(&config.data_dir).await);
        }
        parts.push(planner(config));
        parts.push(child(config).await);
        Ok(parts)
    })
}

/// Whether the configuration is one of processes that work together.
pub const fn is_of_many_machines(config: &Config) -> bool {
    config.database.url.is_some() || config.queue.url.is_some()
}

/// What such processes need beside what is named.
fn lacking(config: &Config) -> Vec<Part> {
    let bad = |name, key: &str| {
        let words = format!("none is named: processes that work together need {key}");
        Part::new(name, Verdict::Bad, words.clone(), json!({ "problem": words }))
    };
    let mut parts = Vec::new();
    if config.database.url.is_none() {
        parts.push(bad("database", "database.url"));
    }
    if config.queue.url.is_none() {
        parts.push(bad("queue", "queue.url"));
    }
    if config.store.bucket.is_none() {
        let mut part = directory(&config.data_dir);
        part.name = "store";
        part.verdict = Verdict::Notice;
        part.words
            .push_str("; right only where every process has this folder (store.bucket names a store)");
        parts.push(part);
    }
    parts
}

impl From<Finding> for Part {
    fn from(finding: Finding) -> Self {
        Self::new(finding.part, finding.verdict, finding.words, finding.facts)
    }
}

fn configuration(config: &Config) -> Part {
    let all = config.describe();
    let set: Vec<String> = all
        .iter()
        .filter(|(_, _, source)| source != "default")
        .map(|(key, value, source)| format!("{key} = {value} ({source})"))
        .collect();
    let words = if set.is_empty() {
        format!("the defaults of all {} settings", all.len())
    } else {
        set.join("; ")
    };
    let value: Vec<Value> = all
        .iter()
        .map(|(key, value, source)| json!({ "key": key, "value": value, "source": source }))
        .collect();
    Part::new("settings", Verdict::Good, words, json!(value))
}

/// Copies from before migrations and restores, which keep what was erased since; nothing where there are none.
fn old_copies(data_dir: &Path) -> Option<Part> {
    let named = |folder: &Path, start: &str| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        let is_copy = |path: &std::path::PathBuf| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(start))
        };
        paths.filter(is_copy).collect::<Vec<_>>()
    };
    let mut copies = named(data_dir, "before-restore-");
    copies.extend(named(&DataDir::at(data_dir).backups(), "before-"));
    copies.sort();
    if copies.is_empty() {
        return None;
    }
    let copies: Vec<_> = copies.iter().map(|path| path.to_string_lossy()).collect();
    let words = format!(
        "{}: they keep what was erased since; delete those you no longer need",
        copies.join(", ")
    );
    Some(Part::new("copies", Verdict::Good, words, json!(copies)))
}

fn directory(path: &Path) -> Part {
    let shown = path.display();
    // What is not there yet will be made where its nearest folder is.
    let nearest = path.ancestors().find(|folder| folder.exists()).unwrap_or(path);
    let free = statvfs(nearest).ok().map(|told| told.f_bavail * told.f_frsize);
    let room = free.map_or_else(String::new, |free| format!(", {:.1} GB free", free as f64 / 1e9));
    let (verdict, words) = if path.exists() && !path.is_dir() {
        (Verdict::Bad, format!("{shown} is not a folder"))
    } else if !may_write(nearest) {
        (Verdict::Bad, format!("{shown} cannot be written by this account"))
    } else if !path.exists() {
        (Verdict::Good, format!("{shown} is made when it is needed{room}"))
    } else if is_open_to_others(path) {
        let words =
            format!("{shown}{room}, but other accounts can look into it: `chmod 700` keeps prompts private");
        (Verdict::Notice, words)
    } else if free.is_some_and(|free| free < LITTLE_ROOM_BYTES) {
        (Verdict::Notice, format!("{shown}{room}: that is little"))
    } else {
        (Verdict::Good, format!("{shown}{room}"))
    };
    let value = json!({
        "path": path.to_string_lossy(), "exists": path.exists(), "free_bytes": free, "writable": may_write(nearest),
    });
    Part::new("data", verdict, words, value)
}

fn may_write(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok()
}

fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|told| told.permissions().mode() & 0o077 != 0)
}

/// The database, and whether it can be asked.
async fn database(data_dir: &Path) -> (Part, bool) {
    let part = |verdict, words: String, value| Part::new("database", verdict, words, value);
    match look(data_dir, Closeness::Pages).await {
        Ok(None | Some(Examined::Empty)) => {
            let words = "none yet; the first job makes it".to_owned();
            (part(Verdict::Good, words, json!({ "exists": false })), false)
        }
        Ok(Some(Examined::Ours { applied, pending })) => {
            let words = if pending.is_empty() {
                "whole, and of this version".to_owned()
            } else {
                format!(
                    "whole; the next command brings it to this version: {}",
                    pending.join(", ")
                )
            };
            let is_ready = pending.is_empty();
            let value = json!({ "exists": true, "applied": applied, "pending": pending });
            (part(Verdict::Good, words, value), is_ready)
        }
        Err(error) => {
            let value = json!({ "exists": true, "problem": error.to_string() });
            (part(Verdict::Bad, error.to_string(), value), false)
        }
    }
}

/// Database and store, asked.
async fn jobs(config: &Config) -> Part {
    let asked = async {
        let here = Here::open(config.clone()).await?;
        let asked = async {
            here.system()
                .store
                .ping()
                .await
                .map_err(|error| Failure::from(songwalker_jobs::JobsError::from(error)))?;
            let mut counts = Vec::new();
            for state in JobState::ALL.iter().filter(|state| !state.is_final()) {
                let wanted = Wanted {
                    state: Some(state.name().to_owned()),
                    limit: COUNTED,
                    ..Wanted::default()
                };
                counts.push((state.name(), here.list(&wanted).await?.items.len()));
            }
            Ok::<_, Failure>(counts)
        };
        let asked = asked.await;
        here.close().await?;
        asked
    };
    match asked.await {
        Ok(counts) => {
            let words: Vec<String> = counts
                .iter()
                .filter(|(_, count)| *count > 0)
                .map(|(state, count)| format!("{count} {state}"))
                .collect();
            let words = if words.is_empty() {
                "none unfinished".to_owned()
            } else {
                words.join(", ")
            };
            let value: serde_json::Map<String, Value> = counts
                .iter()
                .map(|(state, count)| ((*state).to_owned(), json!(count)))
                .collect();
            Part::new(
                "jobs",
                Verdict::Good,
                format!("{words}; database and store answer"),
                json!(value),
            )
        }
        Err(failure) => {
            let words = failure.message().to_owned();
            let value = json!({ "problem": words });
            Part::new("jobs", Verdict::Bad, words, value)
        }
    }
}

/// Who runs jobs.
async fn runner(data_dir: &Path) -> Part {
    let part = |verdict, words: String, value| Part::new("server", verdict, words, value);
    if let Some(server) = There::of_data_dir(data_dir) {
        let ready = async {
            let server = server?;
            let address = server.address().to_owned();
            let request = server.request(Method::GET, "health/ready")?;
            Ok::<_, Failure>((address, server.send(request).await.err()))
        };
        return match ready.await {
            Ok((address, None)) => part(
                Verdict::Good,
                format!("ready at {address}"),
                json!({ "url": address, "ready": true }),
            ),
            Ok((address, Some(failure))) => {
                let words = format!("{address} is not ready: {}", failure.message());
                part(Verdict::Notice, words, json!({ "url": address, "ready": false }))
            }
            Err(failure) => part(
                Verdict::Notice,
                failure.message().to_owned(),
                json!({ "ready": false }),
            ),
        };
    }
    match holder(data_dir) {
        Ok(Some(holder)) => part(Verdict::Good, holder.to_string(), json!({ "holder": holder })),
        Ok(None) => {
            let words = "none runs here; `generate` runs its own jobs, `songwalker serve` those of everybody";
            part(Verdict::Good, words.to_owned(), Value::Null)
        }
        Err(error) => part(
            Verdict::Bad,
            error.to_string(),
            json!({ "problem": error.to_string() }),
        ),
    }
}

/// Who plans. A model is not asked: that costs money.
fn planner(config: &Config) -> Part {
    let llm = &config.llm;
    let (Some(base_url), Some(model)) = (&llm.base_url, llm.named()) else {
        let words = "the embedded one; no language model is named (llm.base_url)";
        return Part::new("planner", Verdict::Good, words, json!({ "model": null }));
    };
    let key = if llm.key.is_some() {
        "with a key"
    } else {
        "without a key"
    };
    let words = format!("{model} at {base_url}, {key}; it was not asked, for that may cost money");
    let value = json!({ "model": model, "base_url": base_url, "has_key": llm.key.is_some() });
    Part::new("planner", Verdict::Good, words, value)
}

/// A child process as jobs get it.
async fn child(config: &Config) -> Part {
    let limits = ChildLimits {
        memory_bytes: config.worker.child_memory_bytes,
        cores: config.worker.child_cores,
        slot: 0,
    };
    let started = Instant::now();
    match RenderChild::spawn(&limits, &this_program()).await {
        Ok(mut child) => {
            let ms = started.elapsed().as_secs_f64() * 1e3;
            child.kill().await;
            let words = format!(
                "a child is ready in {ms:.0} ms; {} at a time",
                config.worker.slots()
            );
            Part::new(
                "workers",
                Verdict::Good,
                words,
                json!({ "child_ready_ms": ms, "slots": config.worker.slots() }),
            )
        }
        Err(error) => {
            let words = format!("no child process starts: {error}");
            Part::new(
                "workers",
                Verdict::Bad,
                words,
                json!({ "problem": error.to_string() }),
            )
        }
    }
}
