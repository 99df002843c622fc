//! R1 and R2: what is accepted is whole, and the same request is one job.

use songwalker_jobs::accept::{Accepted, Answer, accept};
use songwalker_jobs::entity::{idempotency_keys, jobs, outbox, prompts};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, cancel, delete, failpoint, library, retry};
use songwalker_schemas::job::PlannerChoice;
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{ErrorCode, JobId, UserId};
use uuid::Uuid;

use crate::bench::{
    DAY, ask, cancelled, count, events_of, fail, finish, intend, outbox_of, row, running, sql, state,
    succeeded, take,
};

async fn accepted(system: &TestSystem, request: CreateJob) -> Accepted {
    accept(system, system.user, request, None).await.unwrap()
}

async fn refusal(system: &TestSystem, request: CreateJob) -> (ErrorCode, Vec<String>) {
    match accept(system, system.user, request, None).await {
        Err(JobsError::Refused { code, faults, .. }) => {
            (code, faults.into_iter().map(|fault| fault.pointer).collect())
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn r1_job_prompt_and_hint_are_committed_together_or_not_at_all() {
    let system = testing::system().await;
    let request = CreateJob::new("pad");
    let died = failpoint::scope(
        "accept_inserted=fail",
        accept(&system, system.user, request.clone(), Some("header")),
    );
    died.await.unwrap().unwrap_err();
    assert_eq!(count::<jobs::Entity>(&system).await, 0);
    assert_eq!(count::<prompts::Entity>(&system).await, 0);
    assert_eq!(count::<outbox::Entity>(&system).await, 0);
    assert_eq!(count::<idempotency_keys::Entity>(&system).await, 0);

    let died = failpoint::scope(
        "accept_committed=fail",
        accept(&system, system.user, request.clone(), Some("header")),
    );
    died.await.unwrap().unwrap_err();
    assert_eq!(count::<jobs::Entity>(&system).await, 1);
    assert_eq!(count::<prompts::Entity>(&system).await, 1);
    assert_eq!(count::<outbox::Entity>(&system).await, 1);
    let again = accept(&system, system.user, request, Some("header"))
        .await
        .unwrap();
    assert_eq!(again.answer, Answer::Replayed, "who lost the answer asks again");
    assert_eq!(events_of(&system, again.row.id()).await, 1);
}

#[tokio::test]
async fn r1_an_accepted_job_outlives_the_process() {
    let system = testing::system().await;
    let job = ask(&system, system.user, "pad").await;
    let system = system.restarted().await;
    assert_eq!(state(&system, job).await, "queued");
    assert_eq!(outbox_of(&system, job).await, 1);
}

#[tokio::test]
async fn r2_the_same_request_is_the_same_job_as_it_stands() {
    let system = testing::system().await;
    let request = CreateJob {
        tags: vec!["b".to_owned(), "a".to_owned(), "b".to_owned()],
        ..CreateJob::new("  wa\u{308}rm pad\r\nslow ")
    };
    let first = accepted(&system, request).await;
    assert_eq!(first.answer, Answer::New);
    let in_other_words = CreateJob {
        tags: vec!["a".to_owned(), "b".to_owned()],
        planner: PlannerChoice::Embedded,
        ..CreateJob::new("w\u{e4}rm pad\nslow")
    };
    let second = accepted(&system, in_other_words.clone()).await;
    assert_eq!(
        (second.answer, second.row.id()),
        (Answer::Existing, first.row.id())
    );
    finish(&system, &take(&system, first.row.id()).await.own, b"bundle").await;
    let third = accepted(&system, in_other_words).await;
    assert_eq!((third.answer, third.row.id()), (Answer::Existing, first.row.id()));
    assert_eq!(third.row.model.state, "succeeded");
    assert_eq!(count::<jobs::Entity>(&system).await, 1);
}

#[tokio::test]
async fn r2_what_differs_in_anything_that_can_be_heard_is_another_job() {
    let system = testing::system_with(|config| config.quotas.enabled = false).await;
    let parent = succeeded(&system, system.user, "parent", b"parent").await;
    let base = CreateJob::new("pad");
    let others = [
        base.clone(),
        CreateJob::new("Pad"),
        CreateJob {
            tags: vec!["dark".to_owned()],
            ..base.clone()
        },
        CreateJob {
            seed: 1,
            ..base.clone()
        },
        CreateJob {
            variations: 2,
            ..base.clone()
        },
        CreateJob {
            template_id: Some("pad_warm".to_owned()),
            ..base.clone()
        },
        CreateJob {
            parent_job_id: Some(parent),
            ..base
        },
    ];
    for request in others {
        assert_eq!(accepted(&system, request).await.answer, Answer::New);
    }
}

#[tokio::test]
async fn r2_another_users_same_request_is_another_job_under_another_key() {
    let system = testing::system().await;
    let other = system.add_user("other", "standard").await;
    let mine = ask(&system, system.user, "pad").await;
    let theirs = ask(&system, other, "pad").await;
    assert_ne!(
        row(&system, mine).await.job_key,
        row(&system, theirs).await.job_key
    );
}

#[tokio::test]
async fn r2_a_failed_or_cancelled_job_is_done_again_by_asking_again() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    fail(&system, &own, ErrorCode::SilentPatch).await;
    let second = accepted(&system, CreateJob::new("pad")).await;
    assert_eq!(second.answer, Answer::New);
    assert_eq!(second.row.model.retry_of, Some(own.job_id.0));
    cancel::cancel(&system, system.user, second.row.id())
        .await
        .unwrap();
    let third = accepted(&system, CreateJob::new("pad")).await;
    assert_eq!(third.answer, Answer::New);
    assert_eq!(third.row.model.retry_of, Some(second.row.model.id));
}

#[tokio::test]
async fn r2_a_deleted_job_answers_no_request() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    delete::delete(&system, system.user, own.job_id).await.unwrap();
    let anew = accepted(&system, CreateJob::new("pad")).await;
    assert_eq!(anew.answer, Answer::New);
    assert_ne!(anew.row.id(), own.job_id);
}

#[tokio::test]
async fn r2_the_database_itself_has_one_live_job_per_key() {
    let system = testing::system().await;
    let (first, second) = (
        ask(&system, system.user, "pad").await,
        ask(&system, system.user, "lead").await,
    );
    let key = row(&system, first).await.job_key.unwrap();
    let statement = format!(
        "UPDATE jobs SET job_key = '{key}' WHERE id = {}",
        crate::bench::blob(second.0)
    );
    let refused = {
        use sea_orm::ConnectionTrait;
        system.db.writer().execute_unprepared(&statement).await
    };
    let refused = refused.unwrap_err().to_string();
    assert!(refused.to_lowercase().contains("unique"), "{refused}");
    cancel::cancel(&system, system.user, first).await.unwrap();
    sql(&system, &statement).await;
}

#[tokio::test]
async fn an_idempotency_key_answers_with_its_job_and_refuses_another_body() {
    let system = testing::system().await;
    let ask = |prompt: &'static str| accept(&system, system.user, CreateJob::new(prompt), Some("header"));
    let first = ask("pad").await.unwrap();
    let replayed = ask("pad").await.unwrap();
    assert_eq!(
        (replayed.answer, replayed.row.id()),
        (Answer::Replayed, first.row.id())
    );
    assert!(matches!(ask("lead").await, Err(JobsError::IdempotencyKeyReuse)));
    // Even where the same request would be done anew by now.
    cancel::cancel(&system, system.user, first.row.id())
        .await
        .unwrap();
    assert_eq!(ask("pad").await.unwrap().answer, Answer::Replayed);
    system.clock.advance(DAY);
    assert_eq!(ask("lead").await.unwrap().answer, Answer::New);
    let other = system.add_user("other", "standard").await;
    let theirs = accept(&system, other, CreateJob::new("bass"), Some("header")).await;
    assert_eq!(theirs.unwrap().answer, Answer::New, "a header is its user's own");
}

#[tokio::test]
async fn an_idempotency_key_whose_job_is_being_deleted_means_nothing_any_more() {
    let system = testing::system().await;
    let ask = || accept(&system, system.user, CreateJob::new("pad"), Some("header"));
    let first = ask().await.unwrap().row.id();
    take(&system, first).await;
    delete::delete(&system, system.user, first).await.unwrap();
    let second = ask().await.unwrap();
    assert_eq!(second.answer, Answer::New);
    let replayed = ask().await.unwrap();
    assert_eq!(
        (replayed.answer, replayed.row.id()),
        (Answer::Replayed, second.row.id())
    );
}

#[tokio::test]
async fn a_header_that_is_no_idempotency_key_is_refused() {
    let system = testing::system().await;
    for header in ["", "tab\there", "ümlaut", &"x".repeat(256)] {
        let refused = accept(&system, system.user, CreateJob::new("pad"), Some(header)).await;
        assert!(matches!(refused, Err(JobsError::Refused { .. })), "{header}");
    }
    assert_eq!(count::<jobs::Entity>(&system).await, 0);
}

#[tokio::test]
async fn every_fault_of_a_request_is_told_at_once() {
    let system = testing::system().await;
    let request = CreateJob {
        tags: vec![String::new()],
        template_id: Some("nowhere".to_owned()),
        seed: 1 << 53,
        variations: 6,
        webhook_url: Some("http://example.test".to_owned()),
        ..CreateJob::new("nul \0")
    };
    let (code, pointers) = refusal(&system, request).await;
    assert_eq!(code, ErrorCode::InvalidRequest);
    let wanted = [
        "/prompt",
        "/tags/0",
        "/template_id",
        "/seed",
        "/variations",
        "/webhook_url",
    ];
    assert_eq!(pointers, wanted);
    let (code, _) = refusal(&system, CreateJob::new("x".repeat(4_001))).await;
    assert_eq!(code, ErrorCode::PromptTooLong);
    assert_eq!(count::<jobs::Entity>(&system).await, 0);
}

#[tokio::test]
async fn a_planner_that_is_not_there_is_refused_as_unavailable() {
    let system = testing::system().await;
    for planner in [PlannerChoice::Llm, PlannerChoice::Hybrid] {
        let request = CreateJob {
            planner,
            ..CreateJob::new("pad")
        };
        assert_eq!(refusal(&system, request).await.0, ErrorCode::PlannerUnavailable);
    }
}

#[tokio::test]
async fn a_parent_is_a_finished_job_of_ones_own() {
    let system = testing::system().await;
    let other = system.add_user("other", "standard").await;
    let unfinished = ask(&system, system.user, "unfinished").await;
    let theirs = succeeded(&system, other, "theirs", b"theirs").await;
    let nowhere = JobId(Uuid::now_v7());
    for (parent, code) in [
        (unfinished, ErrorCode::Conflict),
        (theirs, ErrorCode::NotFound),
        (nowhere, ErrorCode::NotFound),
    ] {
        let request = CreateJob {
            parent_job_id: Some(parent),
            ..CreateJob::new("child")
        };
        let refused = refusal(&system, request).await;
        assert_eq!(refused, (code, vec!["/parent_job_id".to_owned()]));
    }
}

#[tokio::test]
async fn a_retry_is_a_new_job_with_the_same_request() {
    let system = testing::system().await;
    let request = CreateJob {
        tags: vec!["dark".to_owned()],
        seed: 7,
        variations: 1,
        template_id: Some("pad_warm".to_owned()),
        ..CreateJob::new("pad")
    };
    let first = accepted(&system, request).await.row;
    cancel::cancel(&system, system.user, first.id()).await.unwrap();
    let again = retry::retry(&system, system.user, first.id()).await.unwrap();
    assert_eq!(again.answer, Answer::New);
    let (new, old) = (&again.row.model, &first.model);
    assert_eq!(new.retry_of, Some(old.id));
    assert_eq!(
        (
            &new.job_key,
            &new.tags,
            new.seed,
            new.variations,
            &new.template_id
        ),
        (
            &old.job_key,
            &old.tags,
            old.seed,
            old.variations,
            &old.template_id
        )
    );
    assert_eq!(outbox_of(&system, again.row.id()).await, 1);
    let twice = retry::retry(&system, system.user, first.id()).await.unwrap();
    assert_eq!(
        (twice.answer, twice.row.id()),
        (Answer::Existing, again.row.id()),
        "two clicks are one retry"
    );
}

#[tokio::test]
async fn a_retry_goes_on_from_its_parent_though_the_parent_is_deleted() {
    let system = testing::system().await;
    let parent = succeeded(&system, system.user, "pad", b"bundle").await;
    let request = CreateJob {
        parent_job_id: Some(parent),
        ..CreateJob::new("darker")
    };
    let first = accepted(&system, request).await.row;
    cancel::cancel(&system, system.user, first.id()).await.unwrap();
    delete::delete(&system, system.user, parent).await.unwrap();
    let again = retry::retry(&system, system.user, first.id()).await.unwrap();
    assert!(again.row.model.parent_sha256.is_some());
    assert_eq!(again.row.model.job_key, first.model.job_key);
}

#[tokio::test]
async fn only_a_job_that_ended_without_a_result_is_retried_and_only_by_its_user() {
    let system = testing::system().await;
    let other = system.add_user("other", "standard").await;
    let done = succeeded(&system, system.user, "done", b"bundle").await;
    let waiting = ask(&system, system.user, "waiting").await;
    for job in [done, waiting] {
        let refused = retry::retry(&system, system.user, job).await;
        assert!(matches!(refused, Err(JobsError::Conflict(_))));
    }
    let stopped = cancelled(&system, system.user, "stopped").await;
    let theirs = retry::retry(&system, other, stopped).await;
    assert!(matches!(theirs, Err(JobsError::NotFound(_))));
}

#[tokio::test]
async fn a_retry_takes_the_intent_that_was_put_by_with_it() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    intend(&system, &own, b"{\"category\":\"pad\"}").await;
    fail(&system, &own, ErrorCode::RenderFailed).await;
    let again = retry::retry(&system, system.user, own.job_id).await.unwrap();
    let work = take(&system, again.row.id()).await.work;
    assert_eq!(work.intent.as_deref(), Some(&b"{\"category\":\"pad\"}"[..]));
}

#[tokio::test]
async fn nobody_sees_or_touches_another_users_job() {
    let system = testing::system().await;
    let other: UserId = system.add_user("other", "standard").await;
    let job = ask(&system, system.user, "pad").await;
    let not_found = |error: JobsError| matches!(error, JobsError::NotFound(_));
    assert!(not_found(
        songwalker_jobs::read::job(&system, other, job).await.unwrap_err()
    ));
    assert!(not_found(cancel::cancel(&system, other, job).await.unwrap_err()));
    assert!(not_found(delete::delete(&system, other, job).await.unwrap_err()));
    assert!(not_found(
        library::update(&system, other, job, Default::default())
            .await
            .unwrap_err()
    ));
    assert_eq!(state(&system, job).await, "queued");
}
