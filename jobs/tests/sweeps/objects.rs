//! R6: objects go when nobody refers to them and not before, whatever died while they were being deleted.

use std::sync::Arc;
use std::time::Duration;

use songwalker_jobs::accept::{Answer, accept};
use songwalker_jobs::clock::Clock;
use songwalker_jobs::entity::tombstones;
use songwalker_jobs::ports::ObjectKey;
use songwalker_jobs::sweep::{self, Sweep, Swept};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, failpoint, objects, publish, read};
use songwalker_schemas::ErrorCode;
use songwalker_schemas::wire::CreateJob;

use crate::bench::{
    DAY, HOUR, ask, count, fail, find, finish, is_stored, outputs_of, packaged, put_by, row, running, state,
    succeeded, take,
};

const ONE: Swept = Swept { done: 1, failed: 0 };

async fn run(system: &TestSystem, sweep: Sweep) -> Swept {
    sweep.run(system).await.unwrap()
}

async fn keeping_two_days() -> TestSystem {
    testing::system_with(|config| config.retention.artifacts = Some("2d".parse().unwrap())).await
}

#[tokio::test]
async fn artifacts_past_their_retention_go_and_their_job_stays() {
    let system = keeping_two_days().await;
    let job = succeeded(&system, system.user, "pad", b"bundle").await;
    let sha256 = packaged(b"bundle").sha256;
    system.clock.advance(2 * DAY);
    assert_eq!(run(&system, Sweep::Retention).await, ONE);
    assert!(!is_stored(&system, system.user, &sha256).await);
    let left = read::row(&system, system.user, job).await.unwrap();
    assert_eq!(left.model.state, "succeeded");
    assert!(matches!(
        read::bundle(&system, &left).await,
        Err(JobsError::Gone(_))
    ));
    let again = accept(&system, system.user, CreateJob::new("pad"), None)
        .await
        .unwrap();
    assert_eq!(again.answer, Answer::New, "the same request makes it anew");
    assert_eq!(again.row.model.retry_of, Some(job.0));
}

#[tokio::test]
async fn artifacts_are_kept_until_told_otherwise_on_a_persons_own_machine() {
    let system = testing::system().await;
    let job = succeeded(&system, system.user, "pad", b"bundle").await;
    assert_eq!(row(&system, job).await.retain_until, None);
    system.clock.advance(400 * DAY);
    sweep::full(&system).await;
    assert!(is_stored(&system, system.user, &packaged(b"bundle").sha256).await);
}

#[tokio::test]
async fn a_plan_says_how_long_artifacts_are_kept_where_the_configuration_does_not() {
    let system = testing::system().await;
    let user = system.add_user("paying", "standard").await;
    succeeded(&system, user, "pad", b"bundle").await;
    system.clock.advance(90 * DAY - HOUR);
    assert_eq!(run(&system, Sweep::Retention).await, Swept::default());
    system.clock.advance(HOUR);
    assert_eq!(run(&system, Sweep::Retention).await, ONE);
}

#[tokio::test]
async fn r6_an_object_that_another_job_has_too_outlives_the_first_ones_retention() {
    let system = keeping_two_days().await;
    let first = succeeded(&system, system.user, "pad", b"same").await;
    system.clock.advance(DAY);
    let second = succeeded(&system, system.user, "same pad", b"same").await;
    system.clock.advance(DAY);
    assert_eq!(run(&system, Sweep::Retention).await, ONE);
    assert!(row(&system, first).await.artifacts_deleted_at.is_some());
    assert!(row(&system, second).await.artifacts_deleted_at.is_none());
    assert!(is_stored(&system, system.user, &packaged(b"same").sha256).await);
    system.clock.advance(DAY);
    assert_eq!(run(&system, Sweep::Retention).await, ONE);
    assert!(!is_stored(&system, system.user, &packaged(b"same").sha256).await);
}

#[tokio::test]
async fn r6_a_retention_that_died_between_row_and_object_leaves_a_tombstone() {
    let system = keeping_two_days().await;
    let job = succeeded(&system, system.user, "pad", b"bundle").await;
    system.clock.advance(2 * DAY);
    let died = failpoint::scope("object_tombstoned=fail", Sweep::Retention.run(&system)).await;
    assert_eq!(
        died.unwrap().unwrap(),
        ONE,
        "the row says so; the object is the tombstone's affair"
    );
    assert!(row(&system, job).await.artifacts_deleted_at.is_some());
    assert!(is_stored(&system, system.user, &packaged(b"bundle").sha256).await);
    system.clock.advance(sweep::tombstones::LEFT_ALONE);
    assert_eq!(run(&system, Sweep::Tombstones).await, ONE);
    assert!(!is_stored(&system, system.user, &packaged(b"bundle").sha256).await);
}

#[tokio::test]
async fn r6_a_deletion_that_died_at_any_step_is_ended_by_the_sweep() {
    for step in ["object_tombstoned=fail", "object_deleted=fail"] {
        let system = testing::system().await;
        let job = succeeded(&system, system.user, "pad", b"bundle").await;
        let delete = songwalker_jobs::delete::delete(&system, system.user, job);
        // The job is gone; that its object is not is only logged.
        failpoint::scope(step, delete).await.unwrap().unwrap();
        assert!(find(&system, job).await.is_none());
        assert_eq!(count::<tombstones::Entity>(&system).await, 1, "{step}");
        assert_eq!(
            run(&system, Sweep::Tombstones).await,
            Swept::default(),
            "{step}: who began is left alone at first"
        );
        system.clock.advance(sweep::tombstones::LEFT_ALONE);
        assert_eq!(run(&system, Sweep::Tombstones).await, ONE, "{step}");
        assert_eq!(count::<tombstones::Entity>(&system).await, 0, "{step}");
        assert!(!is_stored(&system, system.user, &packaged(b"bundle").sha256).await);
    }
}

#[tokio::test]
async fn r6_a_tombstone_by_the_clock_of_a_dead_process_does_not_stand_for_hours() {
    let system = testing::system().await;
    let sha256 = packaged(b"bundle").sha256;
    let died = failpoint::scope(
        "object_tombstoned=fail",
        objects::collect(&system, system.user, &sha256),
    );
    died.await.unwrap().unwrap_err();
    crate::bench::sql(&system, "UPDATE tombstones SET at = at + 5 * 3600000").await;
    assert_eq!(run(&system, Sweep::Tombstones).await, ONE);
}

#[tokio::test]
async fn r6_who_finds_a_tombstone_leaves_the_deletion_to_who_put_it_up() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    put_by(&system, &own, b"bundle").await;
    let sha256 = packaged(b"bundle").sha256;
    crate::bench::sql(&system, "DELETE FROM stage_outputs").await;
    let first = failpoint::scope(
        "object_tombstoned=fail",
        objects::collect(&system, system.user, &sha256),
    );
    first.await.unwrap().unwrap_err();
    assert!(!objects::collect(&system, system.user, &sha256).await.unwrap());
    assert!(is_stored(&system, system.user, &sha256).await);
}

#[tokio::test]
async fn r6_an_object_without_a_row_goes_when_it_is_a_day_old() {
    let system = testing::system().await;
    let key = ObjectKey::bundle(system.user, &packaged(b"stray").sha256).unwrap();
    system.store.put(&key, Arc::from(&b"stray"[..])).await.unwrap();
    let job = succeeded(&system, system.user, "pad", b"bundle").await;
    // Claimed by an attempt that goes on: not a stray either, however old.
    let own = running(&system, system.user, "lead").await;
    put_by(&system, &own, b"claimed").await;
    system.clock.advance(DAY - HOUR);
    assert_eq!(run(&system, Sweep::Strays).await, Swept::default());
    system.clock.advance(HOUR);
    assert_eq!(run(&system, Sweep::Strays).await, ONE);
    assert!(!is_stored(&system, system.user, key.sha256()).await);
    assert!(is_stored(&system, system.user, &packaged(b"bundle").sha256).await);
    assert!(is_stored(&system, system.user, &packaged(b"claimed").sha256).await);
    assert_eq!(state(&system, job).await, "succeeded");
}

#[tokio::test]
async fn r6_a_strays_sweep_touches_no_other_users_object_of_the_same_bytes() {
    let system = testing::system().await;
    let other = system.add_user("other", "local").await;
    succeeded(&system, other, "pad", b"same").await;
    let key = ObjectKey::bundle(system.user, &packaged(b"same").sha256).unwrap();
    system.store.put(&key, Arc::from(&b"same"[..])).await.unwrap();
    system.clock.advance(DAY);
    assert_eq!(run(&system, Sweep::Strays).await, ONE);
    assert!(!is_stored(&system, system.user, key.sha256()).await);
    assert!(is_stored(&system, other, key.sha256()).await);
}

#[tokio::test]
async fn a_half_written_file_goes_when_it_is_a_day_old() {
    let system = testing::system().await;
    let partial = system.path().join("objects/.partial/half");
    std::fs::write(&partial, b"half").unwrap();
    let at = |since: Duration| std::time::UNIX_EPOCH + since;
    let now = Duration::from_millis(u64::try_from(system.clock.now().0).unwrap());
    let file = std::fs::File::options().write(true).open(&partial).unwrap();
    file.set_modified(at(now)).unwrap();
    assert_eq!(run(&system, Sweep::Strays).await, Swept::default());
    system.clock.advance(DAY);
    assert_eq!(run(&system, Sweep::Strays).await, ONE);
    assert!(!partial.exists());
}

#[tokio::test]
async fn r6_a_retry_publishes_the_object_that_is_just_being_deleted() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    put_by(&system, &own, b"bundle").await;
    // The attempt ends for good; whoever deletes its object dies under way.
    let ended = failpoint::scope(
        "object_tombstoned=fail",
        fail(&system, &own, ErrorCode::RenderFailed),
    );
    ended.await.unwrap();
    let again = accept(&system, system.user, CreateJob::new("pad"), None)
        .await
        .unwrap();
    let own = take(&system, again.row.id()).await.own;
    let bundle: Arc<[u8]> = Arc::from(&b"bundle"[..]);
    let what = packaged(b"bundle");
    let publisher = publish::store(&system, &own, &what, bundle);
    let sweeper = async {
        // The publisher waits while the tombstone stands; now its time is over.
        system.clock.advance(sweep::tombstones::LEFT_ALONE);
        run(&system, Sweep::Tombstones).await
    };
    let (stored, swept) = tokio::join!(publisher, sweeper);
    stored.unwrap();
    assert_eq!(swept, ONE);
    publish::succeed(&system, &own, &what).await.unwrap();
    assert!(is_stored(&system, system.user, &what.sha256).await);
}

#[tokio::test]
async fn stage_outputs_go_a_day_after_the_end_of_their_job() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    crate::bench::intend(&system, &own, b"{}").await;
    finish(&system, &own, b"bundle").await;
    assert_eq!(outputs_of(&system, own.job_id).await, ["planning"]);
    let waiting = ask(&system, system.user, "lead").await;
    system.clock.advance(DAY - HOUR);
    assert_eq!(run(&system, Sweep::StageOutputs).await, Swept::default());
    system.clock.advance(HOUR);
    assert_eq!(run(&system, Sweep::StageOutputs).await, ONE);
    assert!(outputs_of(&system, own.job_id).await.is_empty());
    assert_eq!(state(&system, waiting).await, "queued");
}
