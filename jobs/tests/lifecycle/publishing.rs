//! R6: a bundle is visible if and only if its row says so, whatever the store does or says.

use std::sync::Arc;

use songwalker_jobs::ports::PortError;
use songwalker_jobs::sweep::Sweep;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, failpoint, publish, read};
use songwalker_schemas::ErrorCode;

use crate::bench::{
    LEASE, SECOND, fail, finish, is_stored, objects, outputs_of, packaged, put_by, row, running, state, take,
};

fn bytes() -> Arc<[u8]> {
    Arc::from(&b"bundle"[..])
}

async fn is_there(system: &TestSystem) -> bool {
    is_stored(system, system.user, &packaged(b"bundle").sha256).await
}

#[tokio::test]
async fn r6_a_bundle_is_served_from_the_moment_its_row_says_succeeded() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    let what = put_by(&system, &own, b"bundle").await;
    let before = read::row(&system, system.user, own.job_id).await.unwrap();
    assert!(read::bundle(&system, &before).await.is_err());
    publish::succeed(&system, &own, &what).await.unwrap();
    let after = read::row(&system, system.user, own.job_id).await.unwrap();
    assert_eq!(read::bundle(&system, &after).await.unwrap(), b"bundle");
    let job = read::job(&system, system.user, own.job_id).await.unwrap();
    let bundle = job.bundle.unwrap();
    assert_eq!((bundle.sha256, bundle.bytes), (what.sha256, 6));
    assert_eq!(job.name.as_deref(), Some("Slow Dawn"));
    assert_eq!((job.progress, job.error), (1.0, None));
    assert!(
        outputs_of(&system, own.job_id).await.is_empty(),
        "the row is the claim now"
    );
}

#[tokio::test]
async fn r6_a_put_that_took_place_and_was_denied_is_no_failure() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    let what = packaged(b"bundle");
    let stored = failpoint::scope(
        "store_put_lies=fail:always",
        publish::store(&system, &own, &what, bytes()),
    );
    stored.await.unwrap().unwrap();
    publish::succeed(&system, &own, &what).await.unwrap();
    assert!(is_there(&system).await);
}

#[tokio::test]
async fn r6_a_put_that_failed_once_is_tried_again() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    let what = packaged(b"bundle");
    let stored = failpoint::scope(
        "store_put_full=fail",
        publish::store(&system, &own, &what, bytes()),
    );
    stored.await.unwrap().unwrap();
    assert!(is_there(&system).await);
}

#[tokio::test]
async fn r6_a_full_store_is_a_retryable_failure_that_leaves_nothing() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    let what = packaged(b"bundle");
    let stored = failpoint::scope(
        "store_put_full=fail:always",
        publish::store(&system, &own, &what, bytes()),
    );
    let error = stored.await.unwrap().unwrap_err();
    assert!(matches!(error, JobsError::Port(PortError::Full)));
    assert!(error.code().retryable());
    assert!(!is_there(&system).await);
    fail(&system, &own, error.code()).await;
    system.clock.advance(60 * SECOND);
    let claimed = take(&system, own.job_id).await;
    // What was claimed and never put is found out, and made again.
    let claimed_only = claimed.work.packaged.unwrap();
    assert!(
        !publish::is_stored(&system, &claimed.own, &claimed_only)
            .await
            .unwrap()
    );
    finish(&system, &claimed.own, b"bundle").await;
    assert_eq!(state(&system, own.job_id).await, "succeeded");
}

#[tokio::test]
async fn r6_whatever_step_a_publisher_dies_at_the_next_attempt_publishes() {
    for step in ["packaging_claimed", "object_put", "packaging_stored"] {
        let system = testing::system().await;
        let own = running(&system, system.user, "pad").await;
        let what = packaged(b"bundle");
        let died = async {
            let points = format!("{step}=fail");
            failpoint::scope(&points, publish::store(&system, &own, &what, bytes())).await
        };
        died.await.unwrap().unwrap_err();
        system.clock.advance(LEASE);
        Sweep::Leases.run(&system).await.unwrap();
        system.clock.advance(60 * SECOND);
        let claimed = take(&system, own.job_id).await;
        let put_by = claimed.work.packaged.unwrap();
        if !publish::is_stored(&system, &claimed.own, &put_by).await.unwrap() {
            publish::store(&system, &claimed.own, &put_by, bytes())
                .await
                .unwrap();
        }
        publish::succeed(&system, &claimed.own, &put_by).await.unwrap();
        assert_eq!(objects(&system).await.len(), 1, "{step}");
        assert_eq!(row(&system, own.job_id).await.attempt, 2, "{step}");
    }
}

#[tokio::test]
async fn r6_a_success_whose_answer_was_lost_is_a_success() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    let what = put_by(&system, &own, b"bundle").await;
    let lost = failpoint::scope(
        "publishing_committed=fail",
        publish::succeed(&system, &own, &what),
    );
    lost.await.unwrap().unwrap_err();
    assert_eq!(state(&system, own.job_id).await, "succeeded");
    assert!(is_there(&system).await);
}

#[tokio::test]
async fn r6_what_a_failed_job_had_put_by_goes_with_its_end() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    put_by(&system, &own, b"bundle").await;
    fail(&system, &own, ErrorCode::BundleTooLarge).await;
    assert!(!is_there(&system).await);
}

#[tokio::test]
async fn r6_two_attempts_with_different_bundles_leave_one_object() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    put_by(&system, &own, b"first").await;
    fail(&system, &own, ErrorCode::Timeout).await;
    system.clock.advance(60 * SECOND);
    let next = take(&system, own.job_id).await.own;
    let what = finish(&system, &next, b"second").await;
    let left = objects(&system).await;
    assert_eq!(left, [format!("users/{}/{}", system.user, what.sha256)]);
}

#[tokio::test]
async fn r6_bytes_that_are_not_those_of_the_hash_are_refused() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    let what = packaged(b"something else");
    let refused = publish::store(&system, &own, &what, bytes()).await;
    assert!(matches!(refused, Err(JobsError::Port(PortError::Refused(_)))));
    assert!(objects(&system).await.is_empty());
}

#[tokio::test]
async fn r6_an_object_that_was_damaged_is_found_out_and_put_anew() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    let what = put_by(&system, &own, b"bundle").await;
    let file = system
        .path()
        .join(format!("objects/users/{}/{}", system.user, what.sha256));
    std::fs::write(&file, b"bundlf").unwrap();
    assert!(!publish::is_stored(&system, &own, &what).await.unwrap());
    publish::store(&system, &own, &what, bytes()).await.unwrap();
    assert!(publish::is_stored(&system, &own, &what).await.unwrap());
}
