//! Shares: what a token opens, for how long, and that whatever is wrong with one looks the same.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

mod support {
    #![expect(dead_code, reason = "each test binary uses its part")]
    pub mod finished;
}

use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use songwalker_jobs::entity::shares as rows;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, account, cancel, delete, shares};
use songwalker_schemas::wire::{CreateShare, NewShare};
use songwalker_schemas::{ErrorCode, JobId, ShareId, UserId};
use support::finished;
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(86_400);

fn lasting(expires_in: &str) -> CreateShare {
    CreateShare {
        expires_in: Some(expires_in.to_owned()),
    }
}

async fn shared(system: &TestSystem, job: JobId) -> NewShare {
    shares::create(system, system.user, job, CreateShare::default())
        .await
        .expect("is shared")
}

/// What somebody outside sees who shows a token that opens nothing.
async fn refusal(system: &TestSystem, token: &str) -> String {
    let error = shares::resolve(system, token).await.expect_err("opens nothing");
    serde_json::to_string(&error.envelope()).expect("is JSON")
}

#[tokio::test]
async fn a_token_opens_its_job_for_a_week_where_nobody_says_otherwise() {
    let system = testing::system().await;
    let job = finished::succeeded(&system, system.user, "pad").await;
    let new = shared(&system, job.id()).await;
    assert_eq!(new.token.len(), 22);
    assert!(new.token.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert_eq!(new.url, format!("/s/{}", new.token));
    assert_eq!(new.share.name.as_deref(), Some("Warm Pad"));
    assert_eq!(new.share.expires_at, new.share.created_at.plus(7 * DAY));

    system.clock.advance(7 * DAY - Duration::from_millis(1));
    let opened = shares::open(&system, &new.token).await.expect("works still");
    assert_eq!(opened.row.id(), job.id());
    assert_eq!(opened.expires_at, new.share.expires_at);
    system.clock.advance(Duration::from_millis(1));
    refusal(&system, &new.token).await;
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_the_answer_is_the_same() {
    let system = testing::system().await;
    let job = finished::succeeded(&system, system.user, "pad").await.id();
    let deleted = finished::succeeded(&system, system.user, "bass").await.id();
    let expired = shares::create(&system, system.user, job, lasting("1s"))
        .await
        .expect("is shared");
    let revoked = shared(&system, job).await;
    let of_deleted = shared(&system, deleted).await;
    let working = shared(&system, job).await;
    system.clock.advance(Duration::from_secs(1));
    shares::revoke(&system, system.user, revoked.share.id)
        .await
        .expect("is revoked");
    delete::delete(&system, system.user, deleted)
        .await
        .expect("is deleted");
    let unknown = "0".repeat(22);
    let mut answers = Vec::new();
    for token in [
        &expired.token,
        &revoked.token,
        &of_deleted.token,
        &unknown,
        "",
        "../../etc/passwd",
        "' OR 1=1 --",
        &"x".repeat(10_000),
        &working.token.to_lowercase(),
        &format!("{} ", working.token),
        "\u{0}é🌊",
    ] {
        answers.push(refusal(&system, token).await);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers[0].contains("\"not_found\""), "{}", answers[0]);
    shares::resolve(&system, &working.token)
        .await
        .expect("the others do not end this one");
}

#[tokio::test]
async fn a_share_whose_job_or_artifacts_are_about_to_go_opens_nothing() {
    let system = testing::system().await;
    let unknown = refusal(&system, "unknown").await;
    for (column, code) in [
        ("artifacts_deleted_at", ErrorCode::Gone),
        ("delete_requested_at", ErrorCode::NotFound),
    ] {
        let job = finished::succeeded(&system, system.user, column).await.id();
        let new = shared(&system, job).await;
        shares::resolve(&system, &new.token).await.expect("works still");
        system
            .db
            .writer()
            .execute_unprepared(&format!("UPDATE jobs SET {column} = 1"))
            .await
            .expect("is written");
        assert_eq!(refusal(&system, &new.token).await, unknown, "{column}");
        let error = shares::create(&system, system.user, job, CreateShare::default())
            .await
            .err()
            .expect("is refused");
        assert_eq!(error.code(), code, "{column}");
    }
    let listed = shares::list(&system, system.user, None, None)
        .await
        .expect("is listed");
    assert!(listed.items.is_empty(), "shares of jobs that are being deleted");
}

#[tokio::test]
async fn only_ones_own_job_that_succeeded_is_shared() {
    let system = testing::system().await;
    let other = system.add_user("other", "standard").await;
    let waiting = finished::queued(&system, system.user, "waits").await;
    let cancelled = finished::queued(&system, system.user, "ends").await;
    cancel::cancel(&system, system.user, cancelled)
        .await
        .expect("is cancelled");
    let done = finished::succeeded(&system, system.user, "pad").await.id();
    let create = |user: UserId, job: JobId| shares::create(&system, user, job, CreateShare::default());
    for job in [waiting, cancelled] {
        let error = create(system.user, job).await.err().expect("is refused");
        assert_eq!(error.code(), ErrorCode::Conflict);
    }
    for (user, job) in [(other, done), (system.user, JobId(Uuid::now_v7()))] {
        let error = create(user, job).await.err().expect("is not there");
        assert!(matches!(error, JobsError::NotFound("job")), "{error}");
    }
    let count = rows::Entity::find().count(system.db.read()).await;
    assert_eq!(count.expect("is counted"), 0);
}

#[tokio::test]
async fn a_share_lasts_a_year_at_most_and_a_second_at_least() {
    let system = testing::system().await;
    let job = finished::succeeded(&system, system.user, "pad").await.id();
    for (text, lasts) in [("365d", 365 * DAY), ("1s", Duration::from_secs(1))] {
        let new = shares::create(&system, system.user, job, lasting(text))
            .await
            .expect("is shared");
        assert_eq!(new.share.expires_at, new.share.created_at.plus(lasts));
    }
    for bad in ["366d", "99999999d", "0s", "", "keep", "-1d", "7", "500ms"] {
        let error = shares::create(&system, system.user, job, lasting(bad))
            .await
            .err()
            .expect("is refused");
        assert_eq!(error.code(), ErrorCode::InvalidRequest, "{bad}");
        assert_eq!(error.envelope().error.details[0].pointer, "/expires_in");
    }
}

#[tokio::test]
async fn a_link_is_whole_where_the_public_address_is_known() {
    let system = testing::system_with(|config| {
        config.server.public_url = Some("https://sounds.example.org/walk/".to_owned());
    })
    .await;
    let job = finished::succeeded(&system, system.user, "pad").await.id();
    let new = shared(&system, job).await;
    assert_eq!(
        new.url,
        format!("https://sounds.example.org/walk/s/{}", new.token)
    );
}

#[tokio::test]
async fn a_hundred_shares_may_work_at_once_and_a_revoked_one_makes_room() {
    let system = testing::system().await;
    let job = finished::succeeded(&system, system.user, "pad").await.id();
    let first = shared(&system, job).await;
    for _ in 1..100 {
        shared(&system, job).await;
    }
    let error = shares::create(&system, system.user, job, CreateShare::default())
        .await
        .err()
        .expect("is one too many");
    assert_eq!(error.code(), ErrorCode::Conflict);
    shares::revoke(&system, system.user, first.share.id)
        .await
        .expect("is revoked");
    shared(&system, job).await;
}

#[tokio::test]
async fn the_list_goes_back_page_by_page_without_gap_or_repetition() {
    let system = testing::system().await;
    let other = system.add_user("other", "standard").await;
    let job = finished::succeeded(&system, system.user, "pad").await.id();
    let foreign = finished::succeeded(&system, other, "pad").await.id();
    shares::create(&system, other, foreign, CreateShare::default())
        .await
        .expect("is shared");
    // The clock stands still: all but the last are of one moment, and still in order.
    let mut made: Vec<ShareId> = Vec::new();
    for _ in 0..6 {
        made.push(shared(&system, job).await.share.id);
    }
    system.clock.advance(Duration::from_secs(1));
    made.push(shared(&system, job).await.share.id);
    made.reverse();

    let (mut listed, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let page = shares::list(&system, system.user, cursor.as_deref(), Some(3))
            .await
            .expect("is listed");
        pages += 1;
        listed.extend(page.items.iter().map(|share| share.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((listed, pages), (made, 3));

    for (cursor, limit) in [(Some("nonsense"), None), (None, Some(0)), (None, Some(101))] {
        let error = shares::list(&system, system.user, cursor, limit)
            .await
            .expect_err("is refused");
        assert_eq!(error.code(), ErrorCode::InvalidRequest);
    }
}

#[tokio::test]
async fn revoking_is_idempotent_and_only_for_ones_own() {
    let system = testing::system().await;
    let other = system.add_user("other", "standard").await;
    let job = finished::succeeded(&system, system.user, "pad").await.id();
    let new = shared(&system, job).await;
    for (user, id) in [(other, new.share.id), (system.user, ShareId(Uuid::now_v7()))] {
        let error = shares::revoke(&system, user, id).await.expect_err("is not there");
        assert!(matches!(error, JobsError::NotFound("share")), "{error}");
    }
    shares::resolve(&system, &new.token).await.expect("works still");
    let first = shares::revoke(&system, system.user, new.share.id)
        .await
        .expect("is revoked");
    assert!(first.revoked_at.is_some());
    system.clock.advance(DAY);
    let again = shares::revoke(&system, system.user, new.share.id)
        .await
        .expect("is revoked");
    assert_eq!(again, first, "the first time counts");
}

#[tokio::test]
async fn an_account_that_is_being_erased_shares_nothing() {
    let system = testing::system().await;
    let job = finished::succeeded(&system, system.user, "pad").await.id();
    let new = shared(&system, job).await;
    account::erase(&system, system.user).await.expect("is asked for");
    refusal(&system, &new.token).await;
    let error = shares::create(&system, system.user, job, CreateShare::default())
        .await
        .err()
        .expect("is refused");
    assert_eq!(error.code(), ErrorCode::Gone);
}

#[tokio::test]
async fn shares_that_ended_are_forgotten_beyond_five_hundred() {
    let system = testing::system_with(|config| config.quotas.enabled = false).await;
    let job = finished::succeeded(&system, system.user, "pad").await.id();
    let first = shared(&system, job).await;
    for _ in 0..504 {
        shared(&system, job).await;
    }
    system.clock.advance(8 * DAY);
    let working = shared(&system, job).await;
    let left = rows::Entity::find()
        .all(system.db.read())
        .await
        .expect("are read");
    assert_eq!(left.len(), 501);
    assert!(left.iter().any(|row| row.id == working.share.id.0));
    assert!(
        left.iter().all(|row| row.id != first.share.id.0),
        "the oldest goes first"
    );
}
