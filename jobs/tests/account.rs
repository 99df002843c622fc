//! A user's own account: what it says of itself, and that its end takes effect at once (R10).

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

mod support {
    #![expect(dead_code, reason = "each test binary uses its part")]
    pub mod finished;
}

use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait};
use songwalker_jobs::access::{self, Caller};
use songwalker_jobs::entity::erasures;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{account, delete, keys, read, sessions, shares, users};
use songwalker_schemas::wire::{CreateKey, CreateShare};
use songwalker_schemas::{ErrorCode, JobState, Scope, UserId};
use support::finished;

async fn caller(system: &TestSystem, user: UserId) -> (Caller, String) {
    let request = CreateKey {
        name: "test".to_owned(),
        scopes: vec![Scope::JobsRead],
        expires_in: None,
    };
    let new = keys::create(system, user, request, Scope::ALL)
        .await
        .expect("a key is made");
    let caller = access::by_bearer(system, &new.secret).await;
    (caller.expect("the key holds"), new.secret)
}

#[tokio::test]
async fn an_account_says_who_it_is_and_what_it_uses() {
    let system = testing::system().await;
    let user = system.add_user("other", "standard").await;
    let (caller, _) = caller(&system, user).await;
    let me = account::me(&system, &caller).await.expect("is there");
    assert_eq!(
        (me.id, me.name.as_str(), me.plan.as_str()),
        (user, "other", "standard")
    );
    assert_eq!(me.scopes, [Scope::JobsRead]);
    assert_eq!(me.erase_due_at, None);

    finished::published(&system, user, "a", b"same bytes", &"0".repeat(64)).await;
    finished::published(&system, user, "b", b"same bytes", &"0".repeat(64)).await;
    let third = finished::published(&system, user, "c", b"12345", &"0".repeat(64)).await;
    finished::published(&system, system.user, "d", b"somebody else's", &"0".repeat(64)).await;
    finished::queued(&system, user, "waits").await;
    let usage = account::usage(&system, user).await.expect("is there");
    assert_eq!((usage.jobs, usage.unfinished_jobs), (4, 1));
    assert_eq!(usage.stored_bytes, 15, "jobs of the same bytes share an object");
    assert_eq!(usage.unfinished_jobs_limit, Some(2));
    assert_eq!(usage.requests_per_minute, Some(60));

    delete::delete(&system, user, third.id())
        .await
        .expect("is deleted");
    let usage = account::usage(&system, user).await.expect("is there");
    assert_eq!((usage.jobs, usage.stored_bytes), (3, 10));
}

#[tokio::test]
async fn a_limit_that_is_not_enforced_is_none() {
    let system = testing::system_with(|config| config.quotas.enabled = false).await;
    let usage = account::usage(&system, system.user).await.expect("is there");
    assert_eq!(
        (usage.unfinished_jobs_limit, usage.requests_per_minute),
        (None, None)
    );
}

#[tokio::test]
async fn an_erasure_ends_keys_sessions_shares_and_jobs_at_once() {
    let system = testing::system().await;
    let user = system.add_user("other", "standard").await;
    let (caller, secret) = caller(&system, user).await;
    let session = sessions::create(&system, &caller).await.expect("is opened");
    let done = finished::succeeded(&system, user, "done").await.id();
    let share = shares::create(&system, user, done, CreateShare::default())
        .await
        .expect("is shared");
    let running = finished::running(&system, user, "runs").await;
    let waiting = finished::queued(&system, user, "waits").await;
    let bystander = finished::queued(&system, system.user, "stays").await;

    let receipt = account::erase(&system, user).await.expect("is asked for");
    assert_eq!(
        receipt.due_at,
        receipt.requested_at.plus(Duration::from_secs(86_400))
    );
    assert_eq!(receipt.done_at, None);
    let error = access::by_bearer(&system, &secret).await.expect_err("is over");
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
    let error = access::by_session(&system, session.cookie.expose())
        .await
        .expect_err("is over");
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
    let error = shares::resolve(&system, &share.token).await.expect_err("is over");
    assert_eq!(error.code(), ErrorCode::NotFound);
    let state = async |user, job| {
        let row = read::row(&system, user, job).await.expect("is there");
        row.state().expect("a state")
    };
    assert_eq!(state(user, waiting).await, JobState::Cancelled);
    assert_eq!(state(user, running.job_id).await, JobState::Cancelling);
    assert_eq!(state(system.user, bystander).await, JobState::Queued);
    let request = CreateKey {
        name: "late".to_owned(),
        scopes: vec![Scope::JobsRead],
        expires_in: None,
    };
    let late = keys::create(&system, user, request, Scope::ALL).await;
    assert_eq!(late.err().expect("is refused").code(), ErrorCode::Gone);

    system.clock.advance(Duration::from_secs(3_600));
    let again = account::erase(&system, user).await.expect("is asked for");
    assert_eq!(again, receipt, "the first word counts");
    let receipts = erasures::Entity::find()
        .all(system.db.read())
        .await
        .expect("are read");
    assert_eq!(receipts.len(), 1);
    assert_eq!((receipts[0].what.as_str(), receipts[0].job_id), ("account", None));
}

#[tokio::test]
async fn the_local_user_starts_anew_after_an_erasure() {
    let system = testing::system().await;
    let old = system.user;
    assert_eq!(users::local(&system).await.expect("is there"), old);
    let token = || std::fs::read_to_string(system.path().join("token")).expect("the token file is there");
    let old_token = token();
    account::erase(&system, old).await.expect("is asked for");
    let new = users::local(&system).await.expect("is made");
    assert_ne!(new, old);
    assert_eq!(users::local(&system).await.expect("is there"), new);
    access::by_bearer(&system, old_token.trim())
        .await
        .expect_err("the old token is over");

    let system = system.restarted().await;
    assert_eq!(system.user, new);
    let token = std::fs::read_to_string(system.path().join("token")).expect("is there");
    assert_ne!(token, old_token);
    let caller = access::by_bearer(&system, token.trim())
        .await
        .expect("the new token holds");
    assert_eq!(caller.user_id, new);
    assert_eq!(caller.scopes, Scope::ALL);
}

#[tokio::test]
async fn the_name_of_an_erased_account_is_gone_and_free_at_once() {
    let system = testing::system().await;
    let user = system.add_user("Canary Name", "standard").await;
    account::erase(&system, user).await.expect("is asked for");
    system.db.truncate_log().await.expect("the log is emptied");
    let file = std::fs::read(system.path().join("songwalker.db")).expect("is read");
    assert!(!file.windows(11).any(|window| window == b"Canary Name"));
    users::create(&system, "Canary Name", "standard")
        .await
        .expect("the name is free");
}

#[tokio::test]
async fn a_limit_of_a_plan_that_is_not_there_is_none() {
    let system = testing::system().await;
    system
        .db
        .writer()
        .execute_unprepared("UPDATE plans SET unfinished_jobs = NULL WHERE name = 'local'")
        .await
        .expect("is written");
    let usage = account::usage(&system, system.user).await.expect("is there");
    assert_eq!(usage.unfinished_jobs_limit, None);
    assert_eq!(usage.requests_per_minute, Some(1_200));
}
