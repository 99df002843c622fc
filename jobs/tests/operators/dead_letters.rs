//! Dead letters: which jobs are some, what operators see of them, and how they leave the list (R7, R10).

use songwalker_jobs::JobsError;
use songwalker_jobs::admin::dead_letters::{discard, list, requeue, show};
use songwalker_jobs::sweep::Sweep;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{delete, erase, retry};
use songwalker_schemas::{ErrorCode, JobId, UserId};

use crate::bench::{DAY, LEASE, ask, cancelled, fail, row, running, state, succeeded, take};

async fn listed(system: &TestSystem) -> Vec<JobId> {
    let page = list(system, None, None).await.unwrap();
    page.items.iter().map(|letter| letter.job.id).collect()
}

/// A job whose every attempt fails with `code`.
async fn exhausted(system: &TestSystem, user: UserId, prompt: &str, code: ErrorCode) -> JobId {
    let job = ask(system, user, prompt).await;
    while state(system, job).await == "queued" {
        system.clock.advance(DAY / 100);
        Sweep::Backoff.run(system).await.unwrap();
        let own = take(system, job).await.own;
        fail(system, &own, code).await;
    }
    job
}

/// A job whose every worker dies.
async fn lost(system: &TestSystem, prompt: &str) -> JobId {
    let job = ask(system, system.user, prompt).await;
    while state(system, job).await == "queued" {
        take(system, job).await;
        system.clock.advance(LEASE);
        Sweep::Leases.run(system).await.unwrap();
        system.clock.advance(DAY / 100);
        Sweep::Backoff.run(system).await.unwrap();
    }
    job
}

async fn unlimited() -> TestSystem {
    testing::system_with(|config| {
        config.quotas.enabled = false;
        config.queue.wait_deadline = "30d".parse().unwrap();
    })
    .await
}

#[tokio::test]
async fn r7_jobs_that_ran_out_of_attempts_are_dead_letters_and_no_others() {
    let system = unlimited().await;
    let timed_out = exhausted(&system, system.user, "slow", ErrorCode::Timeout).await;
    let lost = lost(&system, "deadly").await;
    succeeded(&system, system.user, "good", b"bundle").await;
    cancelled(&system, system.user, "not wanted").await;
    ask(&system, system.user, "waits").await;
    let own = running(&system, system.user, "silent").await;
    fail(&system, &own, ErrorCode::SilentPatch).await;
    assert_eq!(listed(&system).await, [lost, timed_out]);
    let letter = show(&system, lost).await.unwrap();
    assert_eq!((letter.letter.deaths, letter.letter.user_id), (3, system.user));
    assert_eq!(letter.letter.job.error.unwrap().code, ErrorCode::WorkerLost);
    assert!(
        letter
            .log
            .iter()
            .any(|line| line.message.contains("no heartbeat")),
        "{:?}",
        letter.log
    );
    assert!(matches!(
        show(&system, own.job_id).await,
        Err(JobsError::NotFound(_))
    ));
}

#[tokio::test]
async fn r10_nobodys_words_are_in_a_dead_letter() {
    let system = unlimited().await;
    let job = exhausted(&system, system.user, "the canary's song", ErrorCode::Timeout).await;
    let page = list(&system, None, None).await.unwrap();
    let again = requeue(&system, job).await.unwrap();
    for text in [
        serde_json::to_string(&page).unwrap(),
        serde_json::to_string(&again).unwrap(),
    ] {
        assert!(
            text.contains("\"prompt\":null") && !text.contains("canary"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn what_is_done_again_or_dropped_or_deleted_is_off_the_list() {
    let system = unlimited().await;
    let mut jobs = Vec::new();
    for prompt in ["a", "b", "c", "d"] {
        jobs.push(exhausted(&system, system.user, prompt, ErrorCode::Timeout).await);
    }
    let [requeued, retried, dropped, deleted] = jobs[..] else {
        unreachable!("four were made");
    };
    let again = requeue(&system, requeued).await.unwrap();
    assert_eq!(again.job.retry_of, Some(requeued));
    assert_eq!(state(&system, again.job.id).await, "queued");
    retry::retry(&system, system.user, retried).await.unwrap();
    discard(&system, dropped).await.unwrap();
    discard(&system, dropped).await.unwrap();
    delete::delete(&system, system.user, deleted).await.unwrap();
    assert_eq!(listed(&system).await, []);
    assert_eq!(
        row(&system, dropped).await.state,
        "failed",
        "the job stays as it is"
    );
    for gone in [requeued, retried, dropped, deleted] {
        assert!(matches!(
            requeue(&system, gone).await,
            Err(JobsError::NotFound(_))
        ));
    }
}

#[tokio::test]
async fn r9_a_dead_letter_is_done_again_within_its_users_limits_and_while_its_prompt_is_there() {
    let system = testing::system_with(|config| config.queue.wait_deadline = "30d".parse().unwrap()).await;
    let job = exhausted(&system, system.user, "slow", ErrorCode::Timeout).await;
    let waiting = [
        ask(&system, system.user, "one").await,
        ask(&system, system.user, "two").await,
    ];
    assert!(matches!(
        requeue(&system, job).await,
        Err(JobsError::TooManyJobs { limit: 2, .. })
    ));
    for job in waiting {
        songwalker_jobs::cancel::cancel(&system, system.user, job)
            .await
            .unwrap();
    }
    erase::prompt(&system, job).await.unwrap();
    assert!(matches!(requeue(&system, job).await, Err(JobsError::Gone(_))));
    assert_eq!(listed(&system).await, [job]);
}

#[tokio::test]
async fn the_list_comes_in_pages_newest_first() {
    let system = unlimited().await;
    let mut jobs = Vec::new();
    for n in 0..5 {
        jobs.push(exhausted(&system, system.user, &format!("{n}"), ErrorCode::Timeout).await);
    }
    jobs.reverse();
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let page = list(&system, cursor.as_deref(), Some(2)).await.unwrap();
        found.extend(page.items.iter().map(|letter| letter.job.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, jobs);
    assert!(list(&system, Some("x"), None).await.is_err());
    assert!(list(&system, None, Some(0)).await.is_err());
}
