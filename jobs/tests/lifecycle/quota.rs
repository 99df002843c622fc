//! R9 and R2 under pressure: at no commit has a user more than two unfinished jobs, and one request is one job, however
//! many ask at once, from however many processes.

use std::collections::HashSet;
use std::sync::Arc;

use futures::future::join_all;
use songwalker_jobs::accept::{Answer, accept};
use songwalker_jobs::open::open_with_clock;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, System, cancel, ending, retry};
use songwalker_schemas::ErrorCode;
use songwalker_schemas::wire::CreateJob;

use crate::bench::{ask, cancelled, fail, observe, observed, running};

/// The same data directory as another process would have it: connections of its own.
async fn beside(system: &TestSystem) -> System {
    let clock = Arc::clone(&system.system.clock);
    open_with_clock(system.config.clone(), testing::catalogue(), clock)
        .await
        .unwrap()
}

fn tasks<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    systems: &[System],
    count: usize,
    run: impl Fn(System, usize) -> F,
) -> impl Future<Output = Vec<T>> {
    let running: Vec<_> = (0..count)
        .map(|n| tokio::spawn(run(systems[n % systems.len()].clone(), n)))
        .collect();
    async { join_all(running).await.into_iter().map(Result::unwrap).collect() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r9_fifty_requests_at_once_leave_exactly_two_unfinished_jobs_at_every_commit() {
    let system = testing::system().await;
    observe(&system).await;
    let systems = [system.system.clone(), beside(&system).await];
    let user = system.user;
    let answers = tasks(&systems, 50, |system, n| async move {
        accept(&system, user, CreateJob::new(format!("sound {n}")), None).await
    })
    .await;
    let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(accepted, 2);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert!(
            matches!(
                refused,
                JobsError::TooManyJobs {
                    unfinished: 2,
                    limit: 2
                }
            ),
            "{refused:?}"
        );
        assert_eq!(refused.code(), ErrorCode::TooManyConcurrentJobs);
    }
    assert_eq!(observed(&system, user).await, (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r9_holds_at_every_commit_while_jobs_come_go_and_are_retried() {
    let system = testing::system().await;
    observe(&system).await;
    let systems = [system.system.clone(), beside(&system).await];
    let user = system.user;
    let old = cancelled(&system, user, "old").await;
    let let_in = tasks(&systems, 12, |system, n| async move {
        let mut let_in = 0;
        for round in 0..8 {
            let job = match n % 3 {
                0 => retry::retry(&system, user, old).await,
                _ => accept(&system, user, CreateJob::new(format!("sound {n} {round}")), None).await,
            };
            match job {
                Ok(accepted) => {
                    cancel::cancel(&system, user, accepted.row.id()).await.unwrap();
                    let_in += 1;
                }
                Err(JobsError::TooManyJobs { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        let_in
    })
    .await;
    let (most, commits) = observed(&system, user).await;
    assert_eq!(most, 2);
    let let_in: i32 = let_in.iter().sum();
    assert!(let_in > 4, "slots came free and were taken: {let_in}");
    assert!(commits > 8, "{commits} commits were looked at");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r2_the_same_request_from_fifty_clients_is_one_job() {
    let system = testing::system().await;
    let systems = [system.system.clone(), beside(&system).await];
    let user = system.user;
    let answers = tasks(&systems, 50, |system, _| async move {
        accept(&system, user, CreateJob::new("pad"), None).await.unwrap()
    })
    .await;
    let new = answers.iter().filter(|accepted| accepted.answer == Answer::New);
    assert_eq!(new.count(), 1);
    let ids: HashSet<_> = answers.iter().map(|accepted| accepted.row.id()).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_idempotency_key_from_fifty_clients_is_one_job() {
    let system = testing::system().await;
    let systems = [system.system.clone(), beside(&system).await];
    let user = system.user;
    let answers = tasks(&systems, 50, |system, n| async move {
        // Half of them have another body: refused, whoever comes first.
        let prompt = if n % 4 < 2 { "pad" } else { "lead" };
        (
            n % 4 < 2,
            accept(&system, user, CreateJob::new(prompt), Some("header")).await,
        )
    })
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, answer)| answer.is_ok());
    assert_eq!((won.len() + lost.len(), won.len().abs_diff(25) <= 1), (50, true));
    let ids: HashSet<_> = won
        .iter()
        .map(|(_, answer)| answer.as_ref().unwrap().row.id())
        .collect();
    assert_eq!(ids.len(), 1);
    let sides: HashSet<bool> = won.iter().map(|(side, _)| *side).collect();
    assert_eq!(sides.len(), 1);
    assert!(
        lost.iter()
            .all(|(_, answer)| matches!(answer, Err(JobsError::IdempotencyKeyReuse)))
    );
}

#[tokio::test]
async fn r9_the_third_job_is_refused_until_one_has_ended() {
    let system = testing::system().await;
    let user = system.user;
    let own = running(&system, user, "first").await;
    let second = ask(&system, user, "second").await;
    let third = || accept(&system, user, CreateJob::new("third"), None);
    assert!(matches!(third().await, Err(JobsError::TooManyJobs { .. })));
    // A job that waits for its next attempt, or was handed back, or is still to stop, holds its slot.
    fail(&system, &own, ErrorCode::Timeout).await;
    assert!(matches!(third().await, Err(JobsError::TooManyJobs { .. })));
    let own = crate::bench::take(&system, second).await.own;
    ending::hand_back(&system, &own).await.unwrap();
    assert!(matches!(third().await, Err(JobsError::TooManyJobs { .. })));
    let own = crate::bench::take(&system, second).await.own;
    cancel::cancel(&system, user, second).await.unwrap();
    assert!(matches!(third().await, Err(JobsError::TooManyJobs { .. })));
    ending::stopped(&system, &own).await.unwrap();
    assert_eq!(third().await.unwrap().answer, Answer::New);
}

#[tokio::test]
async fn r9_the_same_request_passes_where_another_would_be_refused() {
    let system = testing::system().await;
    let first = ask(&system, system.user, "first").await;
    ask(&system, system.user, "second").await;
    let same = accept(&system, system.user, CreateJob::new("first"), None)
        .await
        .unwrap();
    assert_eq!((same.answer, same.row.id()), (Answer::Existing, first));
}

#[tokio::test]
async fn r9_a_retry_passes_the_same_door() {
    let system = testing::system().await;
    let old = cancelled(&system, system.user, "old").await;
    ask(&system, system.user, "first").await;
    ask(&system, system.user, "second").await;
    let refused = retry::retry(&system, system.user, old).await;
    assert!(matches!(refused, Err(JobsError::TooManyJobs { .. })));
}

#[tokio::test]
async fn r9_another_users_jobs_do_not_count_and_a_lifted_quota_lets_all_in() {
    let system = testing::system().await;
    let other = system.add_user("other", "standard").await;
    ask(&system, system.user, "first").await;
    ask(&system, system.user, "second").await;
    ask(&system, other, "first").await;
    let lifted = testing::system_with(|config| config.quotas.enabled = false).await;
    for n in 0..5 {
        ask(&lifted, lifted.user, &format!("sound {n}")).await;
    }
}

#[tokio::test]
async fn an_account_that_is_being_erased_lets_no_job_in() {
    let system = testing::system().await;
    let old = cancelled(&system, system.user, "old").await;
    songwalker_jobs::account::erase(&system, system.user)
        .await
        .unwrap();
    let refused = accept(&system, system.user, CreateJob::new("pad"), None).await;
    assert!(matches!(refused, Err(JobsError::Gone(_))));
    let refused = retry::retry(&system, system.user, old).await;
    assert!(matches!(refused, Err(JobsError::Gone(_))));
}
