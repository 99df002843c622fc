//! The end of a run: every accepted job comes to its end, the auditor finds nothing, and everything is counted.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::clients::{Clients, is_final};
use crate::plan::Way;
use crate::world::World;

/// How long nothing at all may change while jobs are not final, or orphans not gone: longer than any lease, deadline or
/// pause of these settings.
const STANDSTILL: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(500);

/// What is said in the log of a service that writes a hint anew, because nobody took it for seconds.
const LOGGED: [(&str, &str); 1] = [("lost hint written again", "hints that the sweep wrote again")];

/// Something that changes as long as there is progress.
struct Progress {
    seen: Value,
    since: Instant,
}

impl Progress {
    fn new() -> Self {
        Self {
            seen: Value::Null,
            since: Instant::now(),
        }
    }

    /// Looks at what changes.
    ///
    /// # Errors
    /// It has not for long.
    fn look(&mut self, seen: Value) -> Result<()> {
        if self.seen != seen {
            self.seen = seen;
            self.since = Instant::now();
        }
        if self.since.elapsed() > STANDSTILL {
            bail!("nothing has changed for {STANDSTILL:?}: {}", self.seen);
        }
        Ok(())
    }
}

/// Waits until every job that a client was told of is final, or gone by its client's wish.
///
/// # Errors
/// Some do not end.
pub async fn all_final(world: &World, clients: &Clients) -> Result<()> {
    let mut open = world.counts.jobs();
    let mut progress = Progress::new();
    while !open.is_empty() {
        let mut still = BTreeMap::new();
        let mut seen = Vec::new();
        for (id, told) in open {
            match clients.look(told.user, &id).await {
                Some(Value::Null) if told.is_deleted => {}
                Some(Value::Null) => world
                    .counts
                    .strange(format!("job {id} was accepted and is not there")),
                Some(job) if is_final(&job) => {}
                job => {
                    let of = |name: &str| job.as_ref().map(|job| job[name].clone());
                    seen.push(json!([id, of("state"), of("stage"), of("attempt")]));
                    still.insert(id, told);
                }
            }
        }
        open = still;
        progress.look(json!(seen))?;
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Waits until the end of every job was told to the webhook of its user, but for what was refused so often that it is put
/// off; which ends were not told is strange.
///
/// # Errors
/// Messages are not sent, or the database does not answer.
pub async fn all_told(world: &World, clients: &Clients) -> Result<()> {
    let mut progress = Progress::new();
    let waiting =
        "SELECT 'waiting', COUNT(*) FROM webhook_deliveries WHERE state = 'pending' AND attempts < 2";
    loop {
        let rows = world.place.rows(waiting).await?;
        if rows.iter().all(|(_, count)| *count == 0) {
            break;
        }
        progress.look(json!([rows, world.receiver.counts().0]))?;
        tokio::time::sleep(LOOK).await;
    }
    let id = match world.place.way {
        Way::Distributed => "REPLACE(CAST(job_id AS TEXT), '-', '')",
        Way::Embedded => "LOWER(HEX(job_id))",
    };
    let put_off = format!(
        "SELECT {id}, CAST(0 AS BIGINT) FROM webhook_deliveries WHERE state = 'pending' AND job_id IS NOT NULL"
    );
    let put_off: Vec<String> = world
        .place
        .rows(&put_off)
        .await?
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    for (id, told) in world.counts.jobs() {
        let job = clients.look(told.user, &id).await.unwrap_or_default();
        let state = job["state"].as_str().unwrap_or_default();
        if told.is_deleted || world.receiver.was_told(state, &id) {
            continue;
        }
        if put_off.contains(&id.replace('-', "")) {
            world.counts.count("webhook: message put off");
        } else {
            world
                .counts
                .strange(format!("nobody was told that job {id} is {state:?}"));
        }
    }
    Ok(())
}

/// Audits until nothing is left to clean up; the last report, of a deep audit. What an audit finds is strange.
///
/// # Errors
/// The audit cannot be made, or something is never cleaned up.
pub async fn audited(world: &World) -> Result<Value> {
    let mut progress = Progress::new();
    loop {
        let Some(report) = once(world, false)? else {
            return Ok(Value::Null);
        };
        let looked = &report["looked"];
        let left = ["unfinished", "hints", "tombstones", "unreferred"].map(|name| looked[name].clone());
        if left.iter().all(|count| count == 0) {
            return Ok(once(world, true)?.unwrap_or_default());
        }
        progress.look(json!(left))?;
        tokio::time::sleep(LOOK).await;
    }
}

fn once(world: &World, deep: bool) -> Result<Option<Value>> {
    match world.place.audit(deep)? {
        Ok(report) => Ok(Some(report)),
        Err(found) => {
            for finding in found {
                world.counts.strange(format!("audit: {finding}"));
            }
            Ok(None)
        }
    }
}

/// What the database and the logs say of the run: names and numbers.
///
/// # Errors
/// The database does not answer.
pub async fn counted(world: &World) -> Result<Vec<(String, i64)>> {
    let place = &world.place;
    let mut all = Vec::new();
    for (name, sql) in [
        (
            "state",
            "SELECT state, COUNT(*) FROM jobs GROUP BY state ORDER BY 1",
        ),
        (
            "attempts of one job",
            "SELECT CAST(attempt AS TEXT), COUNT(*) FROM jobs GROUP BY attempt ORDER BY 1",
        ),
        (
            "deaths of one job",
            "SELECT CAST(deaths AS TEXT), COUNT(*) FROM jobs GROUP BY deaths ORDER BY 1",
        ),
        (
            "quota",
            "SELECT 'most unfinished jobs of a user at any commit', COALESCE(MAX(unfinished), 0) FROM observed",
        ),
        ("quota", "SELECT 'commits observed', COUNT(*) FROM observed"),
        (
            "kept",
            "SELECT 'results whose time was over', COUNT(*) FROM jobs WHERE artifacts_deleted_at IS NOT NULL",
        ),
        (
            "kept",
            "SELECT 'prompts erased at their date', COUNT(*) FROM jobs j
                WHERE NOT EXISTS (SELECT 1 FROM prompts p WHERE p.job_id = j.id)",
        ),
    ] {
        let rows = place.rows(sql).await?;
        all.extend(
            rows.into_iter()
                .map(|(what, count)| (format!("{name}: {what}"), count)),
        );
    }
    let mut codes = BTreeMap::<String, i64>::new();
    let errors =
        "SELECT error, COUNT(*) FROM jobs WHERE error IS NOT NULL AND state = 'failed' GROUP BY error";
    for (error, count) in place.rows(errors).await? {
        let error: Value = serde_json::from_str(&error).unwrap_or_default();
        let code = error["code"].as_str().unwrap_or("unreadable");
        *codes.entry(format!("failed: {code}")).or_default() += count;
    }
    all.extend(codes);
    all.extend(logged(world).await);
    Ok(all)
}

async fn logged(world: &World) -> Vec<(String, i64)> {
    let mut counts = LOGGED.map(|(_, name)| (format!("log: {name}"), 0));
    for process in &world.processes {
        let Ok(log) = std::fs::File::open(process.lock().await.log()) else {
            continue;
        };
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            for ((words, _), (_, count)) in LOGGED.iter().zip(&mut counts) {
                *count += i64::from(line.contains(words));
            }
        }
    }
    counts.to_vec()
}

/// Whether nobody ever had more unfinished jobs than the plan allows (R9), as the database itself saw it.
pub fn check_quota(world: &World, counted: &[(String, i64)], limit: i64) {
    let most = counted.iter().find(|(name, _)| name.contains("at any commit"));
    match most {
        Some((_, most)) if *most <= limit && *most > 0 => {}
        other => world
            .counts
            .strange(format!("the quota was not held, or not looked at: {other:?}")),
    }
}
