//! R3 and R5 by the database itself, whoever writes: steps that are not in the table, results that are final, fences that
//! would go back.

use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use songwalker_jobs::entity::jobs;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, cancel, ending, row as rows};
use songwalker_schemas::job::{JobState, TRANSITIONS};
use songwalker_schemas::{ErrorCode, JobId};
use uuid::Uuid;

use crate::bench::{ask, blob, cancelled, fail, row, running, succeeded};

async fn write(system: &TestSystem, job: JobId, change: &str) -> Result<(), JobsError> {
    let statement = format!("UPDATE jobs SET {change} WHERE id = {}", blob(job.0));
    let written = system.db.writer().execute_unprepared(&statement).await?;
    assert_eq!(written.rows_affected(), 1);
    Ok(())
}

/// A job in that state, come there by the operations themselves.
async fn in_state(system: &TestSystem, state: JobState, n: usize) -> JobId {
    let user = system.user;
    let prompt = format!("sound {n}");
    match state {
        JobState::Queued => ask(system, user, &prompt).await,
        JobState::Running => running(system, user, &prompt).await.job_id,
        JobState::Cancelling => {
            let job = running(system, user, &prompt).await.job_id;
            cancel::cancel(system, user, job).await.unwrap();
            job
        }
        JobState::Succeeded => succeeded(system, user, &prompt, prompt.as_bytes()).await,
        JobState::Failed => {
            let own = running(system, user, &prompt).await;
            fail(system, &own, ErrorCode::SilentPatch).await;
            own.job_id
        }
        JobState::Cancelled => cancelled(system, user, &prompt).await,
    }
}

/// What a row must have so that nothing but the step itself can be refused.
fn becoming(state: JobState) -> String {
    let owner = match state {
        JobState::Running | JobState::Cancelling => "worker_id = id, lease_until = 1",
        _ => "worker_id = NULL, lease_until = NULL",
    };
    let bundle = match state {
        JobState::Succeeded => "'hash'",
        _ => "NULL",
    };
    let end = if state.is_final() { "1" } else { "NULL" };
    format!("state = '{state}', {owner}, bundle_sha256 = {bundle}, finished_at = {end}")
}

#[tokio::test]
async fn r5_the_database_takes_the_steps_of_the_table_and_no_others() {
    let system = testing::system_with(|config| config.quotas.enabled = false).await;
    let mut n = 0;
    for from in JobState::ALL {
        for to in JobState::ALL {
            n += 1;
            let job = in_state(&system, *from, n).await;
            let step = write(&system, job, &becoming(*to)).await;
            if TRANSITIONS.contains(&(*from, *to)) || (from == to && !from.is_final()) {
                step.unwrap_or_else(|error| panic!("{from} → {to}: {error:?}"));
            } else {
                assert!(
                    matches!(step, Err(JobsError::Conflict(_))),
                    "{from} → {to}: {step:?}"
                );
                assert_eq!(row(&system, job).await.state, from.name());
            }
        }
    }
}

#[tokio::test]
async fn r5_nothing_changes_the_result_of_a_job_that_has_ended() {
    let system = testing::system().await;
    for (n, state) in [JobState::Succeeded, JobState::Failed, JobState::Cancelled]
        .into_iter()
        .enumerate()
    {
        let job = in_state(&system, state, n).await;
        let before = row(&system, job).await;
        for change in [
            "error = '{}'",
            "finished_at = 0",
            "fence = fence + 1",
            "attempt = attempt + 1",
            "stopped_at = 7",
        ] {
            let refused = write(&system, job, change).await;
            assert!(
                matches!(refused, Err(JobsError::Conflict(_))),
                "{state}: {change}: {refused:?}"
            );
        }
        assert_eq!(row(&system, job).await, before);
        // What its user calls it, retention and erasure are no part of the result.
        for change in [
            "own_name = 'mine'",
            "starred = TRUE",
            "job_key = NULL",
            "retain_until = 5",
        ] {
            write(&system, job, change).await.unwrap();
        }
    }
    let done = succeeded(&system, system.user, "done", b"bundle").await;
    let refused = write(&system, done, "bundle_sha256 = 'other'").await;
    assert!(matches!(refused, Err(JobsError::Conflict(_))));
}

#[tokio::test]
async fn r3_no_fence_goes_back() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    ending::hand_back(&system, &own).await.unwrap();
    let refused = write(&system, own.job_id, "fence = fence - 1").await;
    assert!(matches!(refused, Err(JobsError::Stale)));
}

#[tokio::test]
async fn r3_a_row_that_was_read_under_an_older_fence_is_not_saved() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    let tx = system.db.begin().await.unwrap();
    let mut read = rows::locked(&tx, job).await.unwrap();
    tx.rollback().await.unwrap();
    crate::bench::take(&system, job).await;
    read.model.own_name = Some("stale".to_owned());
    let tx = system.db.begin().await.unwrap();
    let saved = rows::save(&tx, &mut read, None).await;
    assert!(matches!(saved, Err(JobsError::Stale)));
}

#[tokio::test]
async fn r7_no_row_has_more_attempts_than_it_may() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    assert!(write(&system, job, "attempt = 4").await.is_err());
    assert!(write(&system, job, "attempt = -1").await.is_err());
}

#[tokio::test]
async fn a_job_begins_queued() {
    let system = testing::system().await;
    let mut model = row(&system, ask(&system, system.user, "pad").await).await;
    model.id = Uuid::now_v7();
    model.job_key = None;
    for state in JobState::ALL {
        let mut other = model.clone();
        other.id = Uuid::now_v7();
        other.state = state.name().to_owned();
        if matches!(state, JobState::Running | JobState::Cancelling) {
            (other.worker_id, other.lease_until) = (Some(other.id), Some(1));
        }
        other.finished_at = state.is_final().then_some(1);
        other.bundle_sha256 = (*state == JobState::Succeeded).then(|| "hash".to_owned());
        use sea_orm::ActiveModelTrait;
        let inserted = jobs::Entity::insert(other.into_active_model().reset_all())
            .exec_without_returning(system.db.writer())
            .await;
        assert_eq!(
            inserted.is_ok(),
            *state == JobState::Queued,
            "{state}: {inserted:?}"
        );
    }
}
