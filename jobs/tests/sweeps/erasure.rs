//! Erasure: prompts, jobs, accounts. What is erased is in no file of the database any more when its receipt says done.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, TransactionTrait};
use songwalker_jobs::accept::{Answer, accept};
use songwalker_jobs::clock::Clock;
use songwalker_jobs::delete::{self, Deletion};
use songwalker_jobs::entity::{api_keys, erasures, idempotency_keys, jobs, prompts, shares, users};
use songwalker_jobs::sweep::{self, Sweep, Swept, receipts};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, account, ending, erase, failpoint, retry};
use songwalker_schemas::job::PlannerChoice;
use songwalker_schemas::wire::{CreateJob, CreateShare};
use songwalker_schemas::{JobId, UserId};

use crate::bench::{
    DAY, ask, cancelled, count, find, finish, intend, is_stored, outputs_of, packaged, put_by, row, running,
    state, succeeded,
};

const ONE: Swept = Swept { done: 1, failed: 0 };
const CANARY: &str = "canary-bird-of-the-prompt";

async fn run(system: &TestSystem, sweep: Sweep) -> Swept {
    sweep.run(system).await.unwrap()
}

/// Whether the canary sings in any file of the database.
fn is_in_the_database(system: &TestSystem) -> bool {
    let files = std::fs::read_dir(system.path())
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut looked_at = 0;
    let found = files.filter(|file| file.is_file()).any(|file| {
        looked_at += 1;
        let bytes = std::fs::read(file).unwrap();
        bytes
            .windows(CANARY.len())
            .any(|window| window == CANARY.as_bytes())
    });
    assert!(found || looked_at > 1, "no database was looked at");
    found
}

async fn receipts_of(system: &TestSystem, user: UserId) -> Vec<erasures::Model> {
    erasures::Entity::find()
        .filter(erasures::Column::UserId.eq(user.0))
        .all(system.db.read())
        .await
        .unwrap()
}

async fn forgetful() -> TestSystem {
    testing::system_with(|config| config.retention.prompts = Some("30d".parse().unwrap())).await
}

#[tokio::test]
async fn r10_an_erased_prompt_is_in_no_file_when_its_receipt_says_done() {
    let system = forgetful().await;
    let own = running(&system, system.user, CANARY).await;
    intend(
        &system,
        &own,
        format!("{{\"rationale\":\"{CANARY}\"}}").as_bytes(),
    )
    .await;
    finish(&system, &own, b"bundle").await;
    assert!(is_in_the_database(&system));
    system.clock.advance(30 * DAY);
    assert_eq!(run(&system, Sweep::Prompts).await, ONE);
    let open = receipts_of(&system, system.user).await;
    assert_eq!(
        (open.len(), open[0].what.as_str(), open[0].done_at),
        (1, "prompt", None)
    );
    assert_eq!(open[0].due_at - open[0].requested_at, 24 * 3600 * 1000);
    assert_eq!(run(&system, Sweep::Receipts).await, ONE);
    assert!(!is_in_the_database(&system));
    let done = receipts_of(&system, system.user).await;
    assert_eq!(done[0].done_at, Some(system.clock.now().0));
    // The sound itself is still its user's.
    assert_eq!(state(&system, own.job_id).await, "succeeded");
    assert!(outputs_of(&system, own.job_id).await.is_empty());
    assert!(is_stored(&system, system.user, &packaged(b"bundle").sha256).await);
}

#[tokio::test]
async fn r2_erasure_blanks_the_key_so_that_the_same_words_make_a_new_job() {
    let system = forgetful().await;
    let job = succeeded(&system, system.user, "pad", b"bundle").await;
    let same = accept(&system, system.user, CreateJob::new("pad"), Some("header"))
        .await
        .unwrap();
    assert_eq!((same.answer, same.row.id()), (Answer::Existing, job));
    erase::prompt(&system, job).await.unwrap();
    assert_eq!(row(&system, job).await.job_key, None);
    assert_eq!(count::<prompts::Entity>(&system).await, 0);
    assert_eq!(
        count::<idempotency_keys::Entity>(&system).await,
        0,
        "a hash of the words goes with them"
    );
    let new = accept(&system, system.user, CreateJob::new("pad"), None)
        .await
        .unwrap();
    assert_eq!(new.answer, Answer::New);
}

#[tokio::test]
async fn a_job_that_has_not_ended_keeps_its_prompt_past_its_date() {
    let system = forgetful().await;
    let job = ask(&system, system.user, "pad").await;
    system.clock.jump(31 * 24 * 3600 * 1000);
    assert_eq!(run(&system, Sweep::Prompts).await, Swept::default());
    assert!(matches!(
        erase::prompt(&system, job).await,
        Err(JobsError::Conflict(_))
    ));
    songwalker_jobs::cancel::cancel(&system, system.user, job)
        .await
        .unwrap();
    assert_eq!(run(&system, Sweep::Prompts).await, ONE);
    let again = retry::retry(&system, system.user, job).await;
    assert!(
        matches!(again, Err(JobsError::Gone(_))),
        "there is nothing left to do again"
    );
}

#[tokio::test]
async fn r10_a_receipt_is_not_done_while_a_reader_keeps_the_log() {
    let system = forgetful().await;
    let job = cancelled(&system, system.user, CANARY).await;
    // A reader that still sees the database as it was.
    let reader = system.db.read().begin().await.unwrap();
    assert_eq!(prompts::Entity::find().all(&reader).await.unwrap().len(), 1);
    erase::prompt(&system, job).await.unwrap();
    assert!(Sweep::Receipts.run(&system).await.is_err());
    assert_eq!(receipts_of(&system, system.user).await[0].done_at, None);
    assert!(
        is_in_the_database(&system),
        "gone from the rows, not from the files"
    );
    reader.rollback().await.unwrap();
    assert_eq!(run(&system, Sweep::Receipts).await, ONE);
    assert!(!is_in_the_database(&system));
}

#[tokio::test]
async fn a_receipt_whose_thing_is_still_there_stays_open() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    let deletion = delete::delete(&system, system.user, own.job_id).await;
    assert_eq!(deletion.unwrap(), Deletion::Stopping);
    assert_eq!(run(&system, Sweep::Receipts).await, Swept::default());
    assert_eq!(run(&system, Sweep::Deletions).await, Swept::default());
    ending::stopped(&system, &own).await.unwrap();
    assert!(find(&system, own.job_id).await.is_none());
    assert!(receipts_of(&system, system.user).await[0].done_at.is_some());
}

#[tokio::test]
async fn a_deletion_whose_author_died_before_anybody_was_told_to_stop_is_finished() {
    let system = testing::system().await;
    let own = running(&system, system.user, "pad").await;
    put_by(&system, &own, b"bundle").await;
    let died = failpoint::scope(
        "delete_committed=fail",
        delete::delete(&system, system.user, own.job_id),
    );
    died.await.unwrap().unwrap_err();
    assert_eq!(state(&system, own.job_id).await, "running");
    assert_eq!(run(&system, Sweep::Deletions).await, Swept::default());
    assert_eq!(
        state(&system, own.job_id).await,
        "cancelling",
        "its owner is told by the sweep"
    );
    ending::stopped(&system, &own).await.unwrap();
    run(&system, Sweep::Deletions).await;
    run(&system, Sweep::Receipts).await;
    assert!(find(&system, own.job_id).await.is_none());
    assert!(!is_stored(&system, system.user, &packaged(b"bundle").sha256).await);
    assert!(receipts_of(&system, system.user).await[0].done_at.is_some());
}

#[tokio::test]
async fn an_erased_account_leaves_nothing_but_its_receipt() {
    let system = testing::system().await;
    let (leaver, stayer) = (
        system.add_user("leaver", "standard").await,
        system.add_user("stayer", "standard").await,
    );
    let done = succeeded(&system, leaver, CANARY, b"same").await;
    let kept = succeeded(&system, stayer, "pad", b"same").await;
    songwalker_jobs::shares::create(&system, leaver, done, CreateShare::default())
        .await
        .unwrap();
    let own = running(&system, leaver, "running").await;
    put_by(&system, &own, b"unfinished").await;
    let receipt = account::erase(&system, leaver).await.unwrap();
    assert_eq!(receipt.done_at, None);
    assert_eq!(
        run(&system, Sweep::Accounts).await,
        Swept::default(),
        "one job has still to stop"
    );
    assert!(find(&system, done).await.is_none(), "the others are gone by now");
    ending::stopped(&system, &own).await.unwrap();
    assert_eq!(run(&system, Sweep::Accounts).await, ONE);
    assert_eq!(
        run(&system, Sweep::Receipts).await.failed,
        0,
        "the log can be emptied"
    );

    assert!(!is_in_the_database(&system));
    assert!(
        users::Entity::find_by_id(leaver.0)
            .one(system.db.read())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(count::<shares::Entity>(&system).await, 0);
    assert_eq!(jobs_of(&system, leaver).await, Vec::<JobId>::new());
    assert_eq!(jobs_of(&system, stayer).await, [kept]);
    let objects = crate::bench::objects(&system).await;
    assert_eq!(objects, [format!("users/{stayer}/{}", packaged(b"same").sha256)]);
    let receipts = receipts_of(&system, leaver).await;
    let account: Vec<_> = receipts
        .iter()
        .filter(|receipt| receipt.what == "account")
        .collect();
    assert_eq!(account.len(), 1);
    assert!(receipts.iter().all(|receipt| receipt.done_at.is_some()));
}

async fn jobs_of(system: &TestSystem, user: UserId) -> Vec<JobId> {
    let rows = jobs::Entity::find()
        .filter(jobs::Column::UserId.eq(user.0))
        .all(system.db.read())
        .await
        .unwrap();
    rows.into_iter().map(|row| JobId(row.id)).collect()
}

#[tokio::test]
async fn an_account_is_erased_only_when_its_user_has_asked() {
    let system = testing::system().await;
    let job = succeeded(&system, system.user, "pad", b"bundle").await;
    assert!(matches!(
        erase::account(&system, system.user).await,
        Err(JobsError::Conflict(_))
    ));
    assert_eq!(run(&system, Sweep::Accounts).await, Swept::default());
    assert_eq!(state(&system, job).await, "succeeded");
    assert!(count::<api_keys::Entity>(&system).await > 0);
}

#[tokio::test]
async fn an_object_that_no_row_spoke_of_goes_with_its_account_however_young() {
    let system = testing::system().await;
    let leaver = system.add_user("leaver", "standard").await;
    let key = songwalker_jobs::ports::ObjectKey::bundle(leaver, &packaged(b"stray").sha256).unwrap();
    system
        .store
        .put(&key, std::sync::Arc::from(&b"stray"[..]))
        .await
        .unwrap();
    account::erase(&system, leaver).await.unwrap();
    assert_eq!(run(&system, Sweep::Accounts).await, ONE);
    assert!(crate::bench::objects(&system).await.is_empty());
}

#[tokio::test]
async fn a_receipt_is_kept_for_a_year() {
    let system = testing::system().await;
    let job = cancelled(&system, system.user, "pad").await;
    erase::prompt(&system, job).await.unwrap();
    assert_eq!(run(&system, Sweep::Receipts).await, ONE);
    system.clock.advance(receipts::KEPT - DAY);
    assert_eq!(run(&system, Sweep::Receipts).await, Swept::default());
    system.clock.advance(DAY);
    assert_eq!(run(&system, Sweep::Receipts).await, ONE);
    assert_eq!(count::<erasures::Entity>(&system).await, 0);
}

#[tokio::test]
async fn a_full_round_finishes_an_erasure_by_itself() {
    let system = forgetful().await;
    let request = CreateJob {
        planner: PlannerChoice::Embedded,
        ..CreateJob::new(CANARY)
    };
    let job = accept(&system, system.user, request, Some("header"))
        .await
        .unwrap()
        .row
        .id();
    songwalker_jobs::cancel::cancel(&system, system.user, job)
        .await
        .unwrap();
    system.clock.advance(30 * DAY);
    let round = sweep::full(&system).await;
    assert!(round.broken.is_empty() && round.swept.failed == 0);
    assert!(!is_in_the_database(&system));
    assert!(receipts_of(&system, system.user).await[0].done_at.is_some());
    assert_eq!(sweep::full(&system).await.swept, Swept::default());
}
