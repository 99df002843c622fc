//! Plans: what is changed holds from then on, for whoever has the plan, and a user may be put under another one.

use songwalker_jobs::admin::plans::{create, list, update};
use songwalker_jobs::testing;
use songwalker_jobs::{JobsError, accept::accept, account, users};
use songwalker_schemas::UserId;
use songwalker_schemas::wire::{CreateJob, CreatePlan, UpdatePlan};
use uuid::Uuid;

use crate::bench::ask;

#[tokio::test]
async fn a_limit_that_is_changed_holds_for_the_next_job() {
    let system = testing::system().await;
    let user = system.add_user("ada", "standard").await;
    ask(&system, user, "one").await;
    ask(&system, user, "two").await;
    let third = || accept(&system, user, CreateJob::new("three"), None);
    assert!(matches!(
        third().await,
        Err(JobsError::TooManyJobs { limit: 2, .. })
    ));
    let more = UpdatePlan {
        unfinished_jobs: Some(Some(3)),
        ..UpdatePlan::default()
    };
    let plan = update(&system, "standard", more).await.unwrap();
    assert_eq!(
        (plan.unfinished_jobs, plan.requests_per_minute, plan.users),
        (Some(3), Some(60), 1)
    );
    third().await.unwrap();
    let none = UpdatePlan {
        unfinished_jobs: Some(None),
        ..UpdatePlan::default()
    };
    assert_eq!(
        update(&system, "standard", none).await.unwrap().unfinished_jobs,
        None
    );
    ask(&system, user, "four").await;
}

#[tokio::test]
async fn a_plan_is_made_given_to_a_user_and_listed() {
    let system = testing::system().await;
    let user = system.add_user("ada", "standard").await;
    let studio = || CreatePlan {
        name: "studio".to_owned(),
        unfinished_jobs: Some(1),
        keep_artifacts: Some("365d".to_owned()),
        ..CreatePlan::default()
    };
    let made = create(&system, studio()).await.unwrap();
    assert_eq!(
        (
            made.unfinished_jobs,
            made.keep_artifacts.as_deref(),
            made.keep_prompts
        ),
        (Some(1), Some("365d"), None)
    );
    assert!(matches!(
        create(&system, studio()).await,
        Err(JobsError::Conflict(_))
    ));
    assert_eq!(
        users::set_plan(&system, user, "studio").await.unwrap().plan,
        "studio"
    );
    let plans: Vec<(String, u64)> = list(&system)
        .await
        .unwrap()
        .into_iter()
        .map(|plan| (plan.name, plan.users))
        .collect();
    let expected =
        [("local", 1), ("standard", 0), ("studio", 1)].map(|(name, users)| (name.to_owned(), users));
    assert_eq!(plans, expected);
    ask(&system, user, "one").await;
    let second = accept(&system, user, CreateJob::new("two"), None).await;
    assert!(matches!(second, Err(JobsError::TooManyJobs { limit: 1, .. })));
}

#[tokio::test]
async fn what_is_wrong_with_a_plan_is_told_at_once_and_changes_nothing() {
    let system = testing::system().await;
    let before = list(&system).await.unwrap();
    let bad = CreatePlan {
        name: "No Plan".to_owned(),
        unfinished_jobs: Some(u32::MAX),
        keep_prompts: Some("never".to_owned()),
        ..CreatePlan::default()
    };
    let Err(JobsError::Refused { faults, .. }) = create(&system, bad).await else {
        panic!("it is refused");
    };
    let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/name", "/unfinished_jobs", "/keep_prompts"]);
    let bad = UpdatePlan {
        keep_artifacts: Some(Some("0d".to_owned())),
        ..UpdatePlan::default()
    };
    assert!(matches!(
        update(&system, "standard", bad).await,
        Err(JobsError::Refused { .. })
    ));
    assert!(matches!(
        update(&system, "nowhere", UpdatePlan::default()).await,
        Err(JobsError::NotFound(_))
    ));
    assert_eq!(list(&system).await.unwrap(), before);
    let user = system.add_user("ada", "standard").await;
    assert!(matches!(
        users::set_plan(&system, user, "nowhere").await,
        Err(JobsError::Refused { .. })
    ));
    assert!(matches!(
        users::set_plan(&system, UserId(Uuid::now_v7()), "standard").await,
        Err(JobsError::NotFound(_))
    ));
    account::erase(&system, user).await.unwrap();
    assert!(matches!(
        users::set_plan(&system, user, "local").await,
        Err(JobsError::Gone(_))
    ));
}
