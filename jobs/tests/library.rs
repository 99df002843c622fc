//! What a user calls a sound and thinks of it, whatever the job is doing (R3, R5).

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

mod support {
    #![expect(dead_code, reason = "each test binary uses its part")]
    pub mod finished;
}

use songwalker_jobs::library::update;
use songwalker_jobs::{JobsError, delete, read, testing};
use songwalker_schemas::wire::UpdateJob;
use songwalker_schemas::{ErrorCode, JobState};
use support::finished;

fn named(name: &str) -> UpdateJob {
    UpdateJob {
        name: Some(name.to_owned()),
        ..UpdateJob::default()
    }
}

#[tokio::test]
async fn a_user_names_tags_stars_and_rates_a_sound_and_takes_it_back() {
    let system = testing::system().await;
    let id = finished::succeeded(&system, system.user, "pad").await.id();
    let all = UpdateJob {
        name: Some("  Cafe\u{301} 🌊 ".to_owned()),
        tags: Some(vec!["b".to_owned(), " a ".to_owned(), "b".to_owned()]),
        starred: Some(true),
        rating: Some(5),
    };
    update(&system, system.user, id, all).await.expect("is changed");
    let job = read::job(&system, system.user, id).await.expect("is there");
    assert_eq!(job.name.as_deref(), Some("Café 🌊"));
    assert_eq!(job.tags, ["a", "b"]);
    assert!(job.starred);
    assert_eq!(job.rating, Some(5));

    update(&system, system.user, id, UpdateJob::default())
        .await
        .expect("nothing is asked for");
    let same = read::job(&system, system.user, id).await.expect("is there");
    assert_eq!(same, job, "what is left out stays");

    let back = UpdateJob {
        name: Some("  ".to_owned()),
        tags: Some(Vec::new()),
        starred: Some(false),
        rating: Some(0),
    };
    update(&system, system.user, id, back).await.expect("is changed");
    let job = read::job(&system, system.user, id).await.expect("is there");
    assert_eq!(job.name.as_deref(), Some("Warm Pad"), "the sound's own name");
    assert!(job.tags.is_empty() && !job.starred && job.rating.is_none());
    assert!(
        job.request.tags.is_empty(),
        "what was asked stays as it was asked"
    );
}

#[tokio::test]
async fn every_fault_of_a_change_is_listed_and_nothing_is_changed() {
    let system = testing::system().await;
    let id = finished::succeeded(&system, system.user, "pad").await.id();
    let before = read::job(&system, system.user, id).await.expect("is there");
    let bad = UpdateJob {
        name: Some("x".repeat(49)),
        tags: Some(vec![String::new(), "y".repeat(65)]),
        starred: Some(true),
        rating: Some(6),
    };
    let error = update(&system, system.user, id, bad)
        .await
        .expect_err("is refused");
    assert_eq!(error.code(), ErrorCode::InvalidRequest);
    let envelope = error.envelope();
    let pointers: Vec<&str> = envelope
        .error
        .details
        .iter()
        .map(|fault| fault.pointer.as_str())
        .collect();
    assert_eq!(pointers, ["/name", "/tags/0", "/tags/1", "/rating"]);
    let after = read::job(&system, system.user, id).await.expect("is there");
    assert_eq!(after, before);

    let many = UpdateJob {
        tags: Some((0..21).map(|i| format!("t{i}")).collect()),
        ..UpdateJob::default()
    };
    let error = update(&system, system.user, id, many)
        .await
        .expect_err("is refused");
    assert_eq!(error.code(), ErrorCode::TooManyTags);
    for control in ["a\nb", "a\0b", "a\u{7f}"] {
        let error = update(&system, system.user, id, named(control))
            .await
            .expect_err("is refused");
        assert_eq!(error.code(), ErrorCode::InvalidRequest, "{control:?}");
    }
}

#[tokio::test]
async fn a_job_is_named_while_it_runs_and_its_owner_notices_nothing() {
    let system = testing::system().await;
    let own = finished::running(&system, system.user, "pad").await;
    update(&system, system.user, own.job_id, named("Mine"))
        .await
        .expect("is changed");
    let row = finished::publish(&system, &own, b"bytes", &"0".repeat(64)).await;
    assert_eq!(row.state().expect("a state"), JobState::Succeeded);
    assert_eq!(row.model.own_name.as_deref(), Some("Mine"));
    assert_eq!(row.model.fence, own.fence);
    let result = (row.model.bundle_sha256.clone(), row.model.finished_at);
    let row = update(&system, system.user, own.job_id, named("Other"))
        .await
        .expect("a final job is named as well");
    assert_eq!((row.model.bundle_sha256, row.model.finished_at), result);
}

#[tokio::test]
async fn somebody_elses_or_a_deleted_job_is_not_there() {
    let system = testing::system().await;
    let other = system.add_user("other", "standard").await;
    let id = finished::succeeded(&system, system.user, "pad").await.id();
    let error = update(&system, other, id, named("Mine"))
        .await
        .expect_err("is not there");
    assert!(matches!(error, JobsError::NotFound(_)), "{error}");
    delete::delete(&system, system.user, id)
        .await
        .expect("is deleted");
    let error = update(&system, system.user, id, named("Mine"))
        .await
        .expect_err("is not there");
    assert!(matches!(error, JobsError::NotFound(_)), "{error}");
}
