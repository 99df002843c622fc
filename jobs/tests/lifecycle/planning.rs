//! Calls of a language model on a job's account: no budget is overdrawn, whoever asks at the same time; what was answered
//! is the next attempt's; and what was spent stays spent (R3, R10).

use futures::future::join_all;
use sea_orm::EntityTrait;
use songwalker_jobs::claim::Ownership;
use songwalker_jobs::planning::{self, Leave, PlannedBy, Tokens};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, accept, delete, ending, erase, read, retry};
use songwalker_schemas::ErrorCode;
use songwalker_schemas::job::{PlannerChoice, PlannerFallback};
use songwalker_schemas::wire::CreateJob;
use uuid::Uuid;

use crate::bench::{fail, succeeded, take};

const MOST: Tokens = Tokens {
    input: 600,
    output: 400,
    estimated: true,
};
const TOOK: Tokens = Tokens {
    input: 100,
    output: 10,
    estimated: false,
};

async fn system(change: impl FnOnce(&mut songwalker_jobs::config::Llm)) -> TestSystem {
    testing::system_with(|config| {
        config.quotas.enabled = false;
        config.llm.base_url = Some("http://127.0.0.1:1/v1".to_owned());
        config.llm.model = Some("small".to_owned());
        change(&mut config.llm);
    })
    .await
}

/// A job that a model is to plan, taken.
async fn planned(system: &TestSystem, prompt: &str) -> Ownership {
    let request = CreateJob::new(prompt);
    let accepted = accept::accept(system, system.user, request, None).await.unwrap();
    assert_eq!(accepted.row.planner().unwrap(), PlannerChoice::Hybrid);
    take(system, accepted.row.id()).await.own
}

async fn begin(system: &TestSystem, own: &Ownership) -> Leave {
    planning::begin_call(system, own, "small", MOST).await.unwrap()
}

fn given(leave: Leave) -> Uuid {
    match leave {
        Leave::Given(call) => call,
        Leave::Refused(why) => panic!("{why}"),
    }
}

#[tokio::test]
async fn of_many_that_ask_at_once_no_more_may_than_the_budget_holds() {
    let system = system(|llm| llm.day_tokens = Some(3_500)).await;
    let mut owners = Vec::new();
    for n in 0..8 {
        owners.push(planned(&system, &format!("pad {n}")).await);
    }
    let leaves = join_all(owners.iter().map(|own| begin(&system, own))).await;
    let refused = Leave::Refused(PlannerFallback::InstallationBudget);
    assert_eq!(leaves.iter().filter(|leave| **leave == refused).count(), 5);
    // What a call did not take is there for others.
    let (own, call) = owners
        .iter()
        .zip(&leaves)
        .find_map(|(own, leave)| match leave {
            Leave::Given(call) => Some((own, *call)),
            Leave::Refused(_) => None,
        })
        .unwrap();
    planning::end_call(&system, own, call, TOOK, "answered", Some(b"[]"))
        .await
        .unwrap();
    given(begin(&system, own).await);
    assert_eq!(begin(&system, own).await, refused);
    // A day later everything is.
    system.clock.advance(std::time::Duration::from_secs(86_400));
    let own = planned(&system, "pad of tomorrow").await;
    given(begin(&system, &own).await);
}

#[tokio::test]
async fn a_job_and_a_user_have_budgets_of_their_own_in_tokens_and_in_money() {
    let with_price = |llm: &mut songwalker_jobs::config::Llm| {
        llm.input_price = Some(1.0);
        llm.output_price = Some(10.0);
    };
    let job = system(|llm| llm.job_tokens = Some(1_999)).await;
    let own = planned(&job, "pad").await;
    given(begin(&job, &own).await);
    assert_eq!(
        begin(&job, &own).await,
        Leave::Refused(PlannerFallback::JobBudget)
    );
    let job = system(|llm| {
        with_price(llm);
        llm.job_cost = Some(0.0046);
    })
    .await;
    let own = planned(&job, "pad").await;
    let call = given(begin(&job, &own).await);
    assert_eq!(
        begin(&job, &own).await,
        Leave::Refused(PlannerFallback::JobBudget)
    );
    planning::end_call(&job, &own, call, TOOK, "answered", None)
        .await
        .unwrap();
    let told = read::job(&job, job.user, own.job_id)
        .await
        .unwrap()
        .planner
        .unwrap();
    assert_eq!((told.calls, told.cost, told.estimated), (1, Some(0.0002), false));
    let user = system(|llm| {
        with_price(llm);
        llm.user_day_cost = Some(0.0046);
    })
    .await;
    given(begin(&user, &planned(&user, "pad 1").await).await);
    let next = planned(&user, "pad 2").await;
    let refused = Leave::Refused(PlannerFallback::UserBudget);
    assert_eq!(begin(&user, &next).await, refused);
    let other = user.add_user("other", "standard").await;
    let request = CreateJob::new("pad 3");
    let theirs = accept::accept(&user, other, request, None).await.unwrap();
    given(begin(&user, &take(&user, theirs.row.id()).await.own).await);
}

#[tokio::test]
async fn deleting_a_job_gives_its_user_nothing_back() {
    let system = system(|llm| llm.user_day_tokens = Some(1_500)).await;
    let own = planned(&system, "pad").await;
    given(begin(&system, &own).await);
    fail(&system, &own, ErrorCode::RenderFailed).await;
    delete::delete(&system, system.user, own.job_id).await.unwrap();
    let next = planned(&system, "another").await;
    assert_eq!(
        begin(&system, &next).await,
        Leave::Refused(PlannerFallback::UserBudget)
    );
}

#[tokio::test]
async fn calls_of_an_erased_account_are_nobodys_and_still_counted() {
    let system = system(|llm| llm.day_tokens = Some(1_500)).await;
    let leaver = system.add_user("leaver", "standard").await;
    let accepted = accept::accept(&system, leaver, CreateJob::new("pad"), None)
        .await
        .unwrap();
    let own = take(&system, accepted.row.id()).await.own;
    given(begin(&system, &own).await);
    fail(&system, &own, ErrorCode::RenderFailed).await;
    songwalker_jobs::account::erase(&system, leaver).await.unwrap();
    assert!(erase::account(&system, leaver).await.unwrap());
    let calls = songwalker_jobs::entity::model_calls::Entity::find()
        .all(system.db.read())
        .await
        .unwrap();
    let left: Vec<_> = calls.iter().map(|call| (call.user_id, call.job_id)).collect();
    assert_eq!(left, [(None, None)]);
    let next = planned(&system, "another").await;
    assert_eq!(
        begin(&system, &next).await,
        Leave::Refused(PlannerFallback::InstallationBudget)
    );
}

#[tokio::test]
async fn r3_answers_are_the_next_attempts_and_a_job_whose_workers_died_twice_is_not_asked_again() {
    let system = system(|_| {}).await;
    let own = planned(&system, "pad").await;
    let call = given(begin(&system, &own).await);
    planning::end_call(&system, &own, call, TOOK, "answered", Some(b"[1]"))
        .await
        .unwrap();
    given(begin(&system, &own).await);
    let mut last = own;
    for n in 2..=3 {
        fail(&system, &last, ErrorCode::Timeout).await;
        system.clock.advance(std::time::Duration::from_secs(120));
        songwalker_jobs::sweep::full(&system).await;
        let next = take(&system, own.job_id).await;
        assert_eq!(next.work.answers.as_deref(), Some(&b"[1]"[..]));
        assert!(next.work.intent.is_none());
        last = next.own;
        let leave = begin(&system, &last).await;
        if n == 2 {
            given(leave);
        } else {
            assert_eq!(leave, Leave::Refused(PlannerFallback::WorkerLost));
        }
    }
    // Whoever is stale changes nothing but the account.
    let stale = planning::end_call(&system, &own, call, TOOK, "answered", Some(b"[2]")).await;
    assert!(matches!(stale, Err(JobsError::Stale)));
    let stale = planning::begin_call(&system, &own, "small", MOST).await;
    assert!(matches!(stale, Err(JobsError::Stale)));
}

#[tokio::test]
async fn a_retry_takes_a_models_intent_with_it_and_not_what_took_its_place() {
    for (by, is_taken) in [
        (
            PlannedBy {
                used: PlannerChoice::Hybrid,
                model: Some("small".to_owned()),
                fallback: None,
            },
            true,
        ),
        (
            PlannedBy {
                used: PlannerChoice::Embedded,
                model: Some("small".to_owned()),
                fallback: Some(PlannerFallback::Unreachable),
            },
            false,
        ),
    ] {
        let system = system(|_| {}).await;
        let own = planned(&system, "pad").await;
        planning::store_intent(&system, &own, b"{}", &by).await.unwrap();
        let told = read::job(&system, system.user, own.job_id)
            .await
            .unwrap()
            .planner
            .unwrap();
        assert_eq!((told.used, told.fallback), (Some(by.used), by.fallback));
        fail(&system, &own, ErrorCode::RenderFailed).await;
        let again = retry::retry(&system, system.user, own.job_id).await.unwrap().row;
        let work = take(&system, again.id()).await.work;
        assert_eq!(work.intent.is_some(), is_taken);
        assert_eq!(work.planned_by, is_taken.then_some(by));
    }
}

#[tokio::test]
async fn r10_what_was_answered_goes_with_the_prompt_and_a_cancelled_job_keeps_none_of_it() {
    let system = system(|_| {}).await;
    let answered = async |prompt: &str| {
        let own = planned(&system, prompt).await;
        let call = given(begin(&system, &own).await);
        planning::end_call(&system, &own, call, TOOK, "answered", Some(b"kanarie"))
            .await
            .unwrap();
        own
    };
    let failed = answered("pad 1").await;
    fail(&system, &failed, ErrorCode::RenderFailed).await;
    erase::prompt(&system, failed.job_id).await.unwrap();
    let stopped = answered("pad 2").await;
    songwalker_jobs::cancel::cancel(&system, system.user, stopped.job_id)
        .await
        .unwrap();
    ending::stopped(&system, &stopped).await.unwrap();
    let left = songwalker_jobs::entity::stage_outputs::Entity::find()
        .all(system.db.read())
        .await
        .unwrap();
    assert!(left.is_empty(), "{left:?}");
    let told = read::job(&system, system.user, stopped.job_id).await.unwrap();
    assert_eq!(told.planner.unwrap().calls, 1);
}

#[tokio::test]
async fn no_model_reads_words_about_a_sound_that_is_there() {
    let system = system(|_| {}).await;
    let parent = succeeded(&system, system.user, "pad", b"bundle").await;
    let darker = |planner| CreateJob {
        parent_job_id: Some(parent),
        planner,
        ..CreateJob::new("darker")
    };
    let request = darker(PlannerChoice::Auto);
    let accepted = accept::accept(&system, system.user, request, None).await.unwrap();
    assert_eq!(accepted.row.planner().unwrap(), PlannerChoice::Embedded);
    for planner in [PlannerChoice::Llm, PlannerChoice::Hybrid] {
        let refused = accept::accept(&system, system.user, darker(planner), None).await;
        let error = refused.unwrap_err();
        assert_eq!(error.code(), ErrorCode::PlannerUnavailable);
    }
}

#[tokio::test]
async fn an_embedded_job_says_so_and_nobody_writes_that_down() {
    let system = testing::system().await;
    let job = succeeded(&system, system.user, "pad", b"bundle").await;
    let row = read::row(&system, system.user, job).await.unwrap();
    assert!(row.model.planning.is_none());
    let told = row.planning().unwrap();
    assert_eq!(
        (told.asked, told.used),
        (PlannerChoice::Embedded, Some(PlannerChoice::Embedded))
    );
}
