//! What comes at the same moment shares a transaction in PostgreSQL (R1, R2, R3, R6, R9): each has its own fate in it, and
//! whoever is left by the others goes alone. The same holds where nothing is shared.

use std::sync::Arc;

use futures::future::join_all;
use songwalker_jobs::accept::{Answer, accept};
use songwalker_jobs::claim::{claim, claim_all};
use songwalker_jobs::entity::webhook_deliveries;
use songwalker_jobs::publish::{store, succeed};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, attempt, cancel, failpoint, webhooks};
use songwalker_schemas::wire::{CreateJob, CreateWebhook};
use songwalker_schemas::{ErrorCode, JobId, UserId};
use uuid::Uuid;

use crate::bench::{
    ask, count, events_of, fail, intend, is_stored, objects, outbox_of, outputs_of, packaged, put_by, row,
    running, sql, state,
};

async fn users(system: &TestSystem, many: usize) -> Vec<UserId> {
    let mut users = Vec::new();
    for number in 0..many {
        users.push(system.add_user(&format!("user {number}"), "standard").await);
    }
    users
}

#[tokio::test]
async fn requests_that_come_together_are_each_answered_by_themselves() {
    let system = testing::system().await;
    let users = users(&system, 8).await;
    let before = ask(&system, users[0], "known").await;
    for prompt in ["one", "two"] {
        ask(&system, users[1], prompt).await;
    }
    let replayed = accept(&system, users[2], CreateJob::new("keyed"), Some("key"))
        .await
        .unwrap()
        .row
        .id();
    let requests = [
        (users[0], "known", None),
        (users[1], "three", None),
        (users[2], "keyed", Some("key")),
        (users[3], "new", Some("key")),
        (users[4], "new", None),
        (users[4], "new", None),
        (users[5], "first", None),
        (users[5], "second", None),
        (UserId(Uuid::now_v7()), "nobody's", None),
        (users[6], "new", None),
    ];
    let answers = join_all(
        requests
            .iter()
            .map(|(user, prompt, key)| accept(&system, *user, CreateJob::new(*prompt), *key)),
    )
    .await;
    let told: Vec<_> = answers
        .iter()
        .map(|answer| {
            answer
                .as_ref()
                .map(|accepted| accepted.answer)
                .map_err(JobsError::code)
        })
        .collect();
    let mut of_the_same = [told[4], told[5]];
    of_the_same.sort_by_key(|answer| *answer == Ok(Answer::Existing));
    assert_eq!(of_the_same, [Ok(Answer::New), Ok(Answer::Existing)]);
    assert_eq!(told[0], Ok(Answer::Existing));
    assert_eq!(told[1], Err(ErrorCode::TooManyConcurrentJobs));
    assert_eq!(told[2], Ok(Answer::Replayed));
    assert_eq!(told[8], Err(ErrorCode::NotFound));
    for place in [3, 6, 7, 9] {
        assert_eq!(told[place], Ok(Answer::New), "{place}");
    }
    assert_eq!(answers[0].as_ref().unwrap().row.id(), before);
    assert_eq!(answers[2].as_ref().unwrap().row.id(), replayed);
    for answer in answers
        .iter()
        .flatten()
        .filter(|accepted| accepted.answer == Answer::New)
    {
        let id = answer.row.id();
        assert!(
            answer.row.model == row(&system, id).await,
            "what was told is what is written"
        );
        assert_eq!(
            (outbox_of(&system, id).await, events_of(&system, id).await),
            (1, 1)
        );
    }
    assert_eq!(
        accept(&system, users[3], CreateJob::new("new"), Some("key"))
            .await
            .unwrap()
            .answer,
        Answer::Replayed
    );
    let prompts = count::<songwalker_jobs::entity::prompts::Entity>(&system).await;
    assert_eq!(
        prompts,
        count::<songwalker_jobs::entity::jobs::Entity>(&system).await
    );
}

#[tokio::test]
async fn r1_who_was_to_be_accepted_by_one_that_is_gone_is_accepted_all_the_same() {
    let system = testing::system().await;
    let users = users(&system, 3).await;
    let asked = |user: usize| accept(&system, users[user], CreateJob::new("pad"), None);
    let leading = failpoint::scope("accept_inserted=stop", asked(0));
    let mut leading = Box::pin(leading);
    // It stays between its rows and their commit for ever.
    let patience = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(patience, &mut leading).await.is_err());
    // The others wait behind it, where they come together; when it goes, they are accepted.
    let mut others = Box::pin(async { tokio::join!(asked(1), asked(2)) });
    let early = tokio::time::timeout(patience, &mut others).await;
    drop(leading);
    let (one, two) = match early {
        Ok(done) => done,
        Err(_) => others.await,
    };
    assert_eq!(
        (one.unwrap().answer, two.unwrap().answer),
        (Answer::New, Answer::New)
    );
    let jobs = count::<songwalker_jobs::entity::jobs::Entity>(&system).await;
    assert_eq!(jobs, 2, "what was not committed is not there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r3_of_workers_that_claim_the_same_jobs_together_each_job_gets_one() {
    if !testing::is_on_services() {
        return;
    }
    let system = testing::system().await;
    let mut ids = Vec::new();
    for user in users(&system, 10).await {
        ids.push(ask(&system, user, "pad").await);
    }
    let claims = join_all((0..8).map(|turn| {
        let (system, mut ids) = (system.system.clone(), ids.clone());
        ids.rotate_left(turn);
        tokio::spawn(async move { claim_all(&system, Uuid::now_v7(), &ids).await.unwrap() })
    }))
    .await;
    let mut owned: Vec<JobId> = claims
        .into_iter()
        .flat_map(Result::unwrap)
        .map(|one| one.own.job_id)
        .collect();
    for id in ids
        .iter()
        .filter(|id| !owned.contains(id))
        .copied()
        .collect::<Vec<_>>()
    {
        owned.extend(
            claim(&system, Uuid::now_v7(), id)
                .await
                .unwrap()
                .map(|one| one.own.job_id),
        );
    }
    owned.sort_unstable();
    ids.sort_unstable();
    assert_eq!(owned, ids);
    for id in ids {
        let row = row(&system, id).await;
        assert_eq!((row.fence, row.attempt, row.event_seq), (1, 1, 2));
        assert_eq!(events_of(&system, id).await, 2);
    }
}

#[tokio::test]
async fn only_what_nothing_stands_against_is_claimed_together() {
    if !testing::is_on_services() {
        return;
    }
    let system = testing::system().await;
    let users = users(&system, 7).await;
    let mut ids = Vec::new();
    for user in &users {
        ids.push(ask(&system, *user, "pad").await);
    }
    let [plain, again, cancelled, late, worn, dangerous, taken] = ids[..] else {
        panic!("seven jobs");
    };
    let own = claim(&system, Uuid::now_v7(), again).await.unwrap().unwrap().own;
    intend(&system, &own, b"intent").await;
    let put_by = put_by(&system, &own, b"bundle").await;
    fail(&system, &own, ErrorCode::StorageUnavailable).await;
    cancel::cancel(&system, users[2], cancelled).await.unwrap();
    claim(&system, Uuid::now_v7(), taken).await.unwrap().unwrap();
    let of = |id: JobId, set: &str| format!("UPDATE jobs SET {set} WHERE id = '{}'", id.0);
    sql(&system, &of(again, "not_before = NULL")).await;
    sql(&system, &of(late, "queue_deadline = 0")).await;
    sql(&system, &of(worn, "attempt = max_attempts")).await;
    sql(&system, &of(dangerous, "deaths = 2")).await;
    let worker = Uuid::now_v7();
    let mut claimed = claim_all(
        &system,
        worker,
        &[ids.clone(), ids.clone(), vec![JobId(Uuid::now_v7())]].concat(),
    )
    .await
    .unwrap();
    claimed.sort_by_key(|one| one.own.job_id);
    let of_both: Vec<_> = claimed
        .iter()
        .map(|one| {
            (
                one.own.job_id,
                one.own.worker_id,
                one.own.fence,
                one.own.attempt,
                one.quarantine,
            )
        })
        .collect();
    assert_eq!(
        of_both,
        [(plain, worker, 1, 1, false), (again, worker, 2, 2, false)]
    );
    assert_eq!(
        (&claimed[0].work.prompt[..], claimed[0].work.packaged.as_ref()),
        ("pad", None)
    );
    assert_eq!(claimed[1].work.packaged.as_ref(), Some(&put_by));
    assert_eq!(claimed[1].work.intent.as_deref(), Some(&b"intent"[..]));
    assert!(claim_all(&system, worker, &ids).await.unwrap().is_empty());
    let alone = claim(&system, worker, dangerous).await.unwrap().unwrap();
    assert!(alone.quarantine);
    songwalker_jobs::pause::pause(&system, None).await.unwrap();
    let waiting = ask(&system, system.user, "pad").await;
    assert!(claim_all(&system, worker, &[waiting]).await.unwrap().is_empty());
}

#[tokio::test]
async fn results_that_come_together_are_each_said_under_their_own_fence() {
    let system = testing::system().await;
    let users = users(&system, 6).await;
    let request = CreateWebhook {
        url: Some("https://example.org/hook".to_owned()),
        ..serde_json::from_str("{}").unwrap()
    };
    webhooks::create(&system, users[0], request).await.unwrap();
    let mut owns = Vec::new();
    for user in &users {
        owns.push(running(&system, *user, "pad").await);
    }
    let bundle = packaged(b"bundle");
    for own in &owns {
        store(&system, own, &bundle, Arc::from(&b"bundle"[..]))
            .await
            .unwrap();
    }
    // One is to stop, one has another owner, one put other bytes by at first.
    cancel::cancel(&system, users[3], owns[3].job_id).await.unwrap();
    let mut stale = owns[4];
    stale.fence -= 1;
    owns[4] = stale;
    let other = packaged(b"other");
    store(&system, &owns[5], &other, Arc::from(&b"other"[..]))
        .await
        .unwrap();
    let said = join_all(
        owns.iter()
            .enumerate()
            .map(|(place, own)| succeed(&system, own, if place == 5 { &other } else { &bundle })),
    )
    .await;
    let codes: Vec<_> = said
        .iter()
        .map(|said| said.as_ref().map_err(ToString::to_string))
        .collect();
    for place in [0, 1, 2, 5] {
        assert_eq!(codes[place], Ok(&()), "{place}");
        let row = row(&system, owns[place].job_id).await;
        assert_eq!(
            (row.state.as_str(), row.progress, row.worker_id),
            ("succeeded", 1.0, None)
        );
        assert!(row.retain_until.is_some() && row.finished_at.is_some());
        assert_eq!(
            i64::try_from(events_of(&system, owns[place].job_id).await).unwrap(),
            row.event_seq
        );
        assert!(outputs_of(&system, owns[place].job_id).await.is_empty());
        let hash = row.bundle_sha256.unwrap();
        assert!(is_stored(&system, users[place], &hash).await);
    }
    assert!(matches!(said[3], Err(JobsError::Stopping)));
    assert!(matches!(said[4], Err(JobsError::Stale)));
    assert_eq!(
        (
            state(&system, owns[3].job_id).await,
            state(&system, owns[4].job_id).await
        ),
        ("cancelling".to_owned(), "running".to_owned())
    );
    assert_eq!(count::<webhook_deliveries::Entity>(&system).await, 1);
    assert_eq!(objects(&system).await.len(), 6);
    assert!(matches!(
        attempt::pulse(&system, &owns[0]).await,
        Ok(attempt::Pulse::Stale)
    ));
}
