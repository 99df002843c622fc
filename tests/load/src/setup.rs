//! The services by the product's own configuration, users with keys, and questions to the database.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sea_orm::{ConnectionTrait, Statement};
use songwalker_generator::{generator_version, recipes, templates};
use songwalker_jobs::admin::plans;
use songwalker_jobs::config::Sources;
use songwalker_jobs::{Catalogue, Config, System, keys, open, users};
use songwalker_schemas::wire::{CreateKey, UpdatePlan};
use songwalker_schemas::{Scope, UserId};

/// The plan of all users.
const PLAN: &str = "standard";
/// What their names begin with.
const NAME: &str = "load-";
/// How many jobs one user may have unfinished: what users are refused is not what is measured.
const UNFINISHED: u32 = 1_000;
/// How long jobs may make no progress while their ends are waited for.
const PATIENCE: u32 = 600;
/// How often it is looked whether all have ended.
const LOOK: Duration = Duration::from_millis(100);

/// Opens everything that the configuration names.
pub async fn open() -> Result<System> {
    let config = Config::load(&Sources::default())
        .map_err(|error| anyhow::anyhow!("the configuration cannot be used: {error:?}"))?;
    let catalogue = Catalogue {
        generator_version: generator_version().to_owned(),
        template_ids: templates::ids()
            .chain(recipes::ids())
            .map(str::to_owned)
            .collect(),
    };
    Ok(open::open(config, catalogue).await?)
}

/// Makes users, lifts what their plan limits, and writes a key of each to `file`.
pub async fn users(system: &System, count: usize, file: &Path) -> Result<()> {
    let lifted = UpdatePlan {
        unfinished_jobs: Some(Some(UNFINISHED)),
        requests_per_minute: Some(Some(1_000_000)),
        ..UpdatePlan::default()
    };
    plans::update(system, PLAN, lifted).await?;
    let mut lines = String::new();
    for number in 0..count {
        let user = users::create(system, &format!("{NAME}{number}"), PLAN).await?;
        let request = CreateKey {
            name: "load".to_owned(),
            scopes: vec![Scope::JobsRead, Scope::JobsWrite],
            expires_in: None,
        };
        let key = keys::create(system, user.id, request, Scope::ALL).await?;
        writeln!(lines, "{}", key.secret)?;
    }
    std::fs::write(file, lines)?;
    Ok(())
}

/// The users that [`users`] made.
pub async fn made(system: &System) -> Result<Vec<UserId>> {
    let all = users::list(system).await?;
    let made: Vec<UserId> = all
        .into_iter()
        .filter(|user| user.name.starts_with(NAME))
        .map(|user| user.id)
        .collect();
    ensure!(!made.is_empty(), "no users were made");
    Ok(made)
}

/// A number that the database is asked for.
pub async fn number(system: &System, sql: &str) -> Result<i64> {
    let db = system.db.read();
    let question = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(question).await?.context("no answer")?;
    Ok(row.try_get_by_index::<Option<i64>>(0)?.unwrap_or(0))
}

/// Waits until every job has ended; an error where for a minute none did.
pub async fn all_ended(system: &System) -> Result<()> {
    let left = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'cancelling')";
    let (mut before, mut still) = (i64::MAX, 0);
    loop {
        let now = number(system, left).await?;
        if now == 0 {
            return Ok(());
        }
        still = if now < before { 0 } else { still + 1 };
        ensure!(still < PATIENCE, "{now} jobs do not end");
        before = now;
        tokio::time::sleep(LOOK).await;
    }
}
