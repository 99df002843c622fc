//! Webhooks as their users keep them, and when a job's end is to be told to whom.

use songwalker_jobs::accept::{Answer, accept};
use songwalker_jobs::entity::{webhook_deliveries, webhook_secrets};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::webhooks::{SECRETS_OVERLAP, create, deliveries, list, remove, rotate, test};
use songwalker_jobs::{JobsError, account, cancel, delete, retry};
use songwalker_schemas::wire::{CreateJob, CreateWebhook, Webhook, WebhookEvent};
use songwalker_schemas::{ErrorCode, JobId, WebhookId};
use uuid::Uuid;

use crate::bench::{ask, cancelled, count, fail, finish, poison, running, state, succeeded, take};

const URL: &str = "https://hooks.example/songs";

async fn webhook(system: &TestSystem, url: Option<&str>, events: &[WebhookEvent]) -> Webhook {
    let request = CreateWebhook {
        url: url.map(str::to_owned),
        events: (!events.is_empty()).then(|| events.to_vec()),
    };
    create(system, system.user, request).await.unwrap().webhook
}

/// What is told to a webhook, oldest first.
async fn told(system: &TestSystem, webhook: WebhookId) -> Vec<(WebhookEvent, Option<JobId>)> {
    let mut all = deliveries(system, system.user, webhook).await.unwrap();
    all.reverse();
    all.iter().map(|one| (one.event, one.job_id)).collect()
}

async fn unlimited() -> TestSystem {
    testing::system_with(|config| config.quotas.enabled = false).await
}

#[tokio::test]
async fn every_end_of_a_job_is_told_once_to_the_webhooks_that_want_it() {
    let system = unlimited().await;
    let all = webhook(&system, Some(URL), &[]).await;
    let failures = webhook(&system, Some(URL), &[WebhookEvent::JobFailed]).await;
    let of_jobs = webhook(&system, None, &[]).await;
    let good = succeeded(&system, system.user, "good", b"bundle").await;
    let bad = running(&system, system.user, "bad").await;
    fail(&system, &bad, ErrorCode::SilentPatch).await;
    let stopped = cancelled(&system, system.user, "stopped").await;
    let again = running(&system, system.user, "again").await;
    fail(&system, &again, ErrorCode::Timeout).await;
    ask(&system, system.user, "waits").await;
    let elsewhere = system.add_user("other", "local").await;
    cancelled(&system, elsewhere, "another's").await;
    let ended = [
        (WebhookEvent::JobSucceeded, Some(good)),
        (WebhookEvent::JobFailed, Some(bad.job_id)),
        (WebhookEvent::JobCancelled, Some(stopped)),
    ];
    assert_eq!(told(&system, all.id).await, ended);
    assert_eq!(told(&system, failures.id).await, ended[1..2]);
    assert_eq!(told(&system, of_jobs.id).await, []);
    // What happens to a job behind its end is none.
    let name = songwalker_schemas::wire::UpdateJob {
        starred: Some(true),
        ..Default::default()
    };
    songwalker_jobs::library::update(&system, system.user, good, name)
        .await
        .unwrap();
    cancel::cancel(&system, system.user, stopped).await.unwrap();
    assert_eq!(count::<webhook_deliveries::Entity>(&system).await, 4);
}

#[tokio::test]
async fn an_end_and_what_is_told_of_it_are_committed_together_or_not_at_all() {
    let system = testing::system().await;
    webhook(&system, Some(URL), &[]).await;
    let job = ask(&system, system.user, "pad").await;
    poison(&system, "INSERT", "webhook_deliveries", "NEW.user_id IS NOT NULL").await;
    assert!(cancel::cancel(&system, system.user, job).await.is_err());
    assert_eq!(state(&system, job).await, "queued");
    crate::bench::cure(&system).await;
    cancel::cancel(&system, system.user, job).await.unwrap();
    assert_eq!(count::<webhook_deliveries::Entity>(&system).await, 1);
}

#[tokio::test]
async fn a_job_tells_the_addresses_that_its_requests_name() {
    let system = unlimited().await;
    let request = |url: &str| CreateJob {
        webhook_url: Some(url.to_owned()),
        ..CreateJob::new("pad")
    };
    let unsigned = accept(&system, system.user, request(URL), None).await;
    assert!(matches!(
        unsigned,
        Err(JobsError::Refused {
            code: ErrorCode::Conflict,
            ..
        })
    ));
    assert_eq!(count::<songwalker_jobs::entity::jobs::Entity>(&system).await, 0);
    let signer = webhook(&system, None, &[]).await;
    let first = accept(&system, system.user, request(URL), None).await.unwrap();
    let job = first.row.id();
    // The same request with another address is the same job, which then tells both.
    for url in [URL, "https://hooks.example/other"] {
        let same = accept(&system, system.user, request(url), None).await.unwrap();
        assert_eq!((same.answer, same.row.id()), (Answer::Existing, job));
    }
    assert_eq!(told(&system, signer.id).await, []);
    let own = take(&system, job).await.own;
    finish(&system, &own, b"bundle").await;
    let end = (WebhookEvent::JobSucceeded, Some(job));
    assert_eq!(told(&system, signer.id).await, [end, end]);
    // An address that comes after the end is told at once, and one that was told is not told again.
    accept(&system, system.user, request("https://hooks.example/late"), None)
        .await
        .unwrap();
    accept(&system, system.user, request(URL), None).await.unwrap();
    assert_eq!(told(&system, signer.id).await, [end, end, end]);
    for n in 3..5 {
        let url = format!("https://hooks.example/{n}");
        accept(&system, system.user, request(&url), None).await.unwrap();
    }
    let sixth = accept(&system, system.user, request("https://hooks.example/6"), None).await;
    assert!(matches!(
        sixth,
        Err(JobsError::Refused {
            code: ErrorCode::Conflict,
            ..
        })
    ));
}

#[tokio::test]
async fn a_job_that_is_done_again_tells_whom_the_one_before_was_to_tell() {
    let system = testing::system().await;
    let signer = webhook(&system, None, &[]).await;
    let request = CreateJob {
        webhook_url: Some(URL.to_owned()),
        ..CreateJob::new("pad")
    };
    let first = accept(&system, system.user, request, None)
        .await
        .unwrap()
        .row
        .id();
    cancel::cancel(&system, system.user, first).await.unwrap();
    let second = retry::retry(&system, system.user, first).await.unwrap().row.id();
    cancel::cancel(&system, system.user, second).await.unwrap();
    let ends = [first, second].map(|job| (WebhookEvent::JobCancelled, Some(job)));
    assert_eq!(told(&system, signer.id).await, ends);
}

#[tokio::test]
async fn a_job_that_its_user_deletes_is_told_of_no_more() {
    let system = testing::system().await;
    let all = webhook(&system, Some(URL), &[]).await;
    let own = running(&system, system.user, "pad").await;
    delete::delete(&system, system.user, own.job_id).await.unwrap();
    songwalker_jobs::ending::stopped(&system, &own).await.unwrap();
    assert_eq!(told(&system, all.id).await, []);
    let ended = cancelled(&system, system.user, "another").await;
    assert_eq!(told(&system, all.id).await.len(), 1);
    delete::delete(&system, system.user, ended).await.unwrap();
    assert_eq!(told(&system, all.id).await, []);
}

#[tokio::test]
async fn another_users_webhook_is_not_there() {
    let system = testing::system().await;
    let id = webhook(&system, Some(URL), &[]).await.id;
    let other = system.add_user("other", "local").await;
    assert_eq!(list(&system, other).await.unwrap(), []);
    let not_found = |result: Result<(), JobsError>| matches!(result, Err(JobsError::NotFound("webhook")));
    assert!(not_found(rotate(&system, other, id).await.map(drop)));
    assert!(not_found(test(&system, other, id).await.map(drop)));
    assert!(not_found(deliveries(&system, other, id).await.map(drop)));
    assert!(not_found(remove(&system, other, id).await));
    assert!(not_found(
        remove(&system, system.user, WebhookId(Uuid::now_v7())).await
    ));
    remove(&system, system.user, id).await.unwrap();
    assert_eq!(list(&system, system.user).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_no_webhook_is_refused() {
    let system = testing::system().await;
    for url in ["http://hooks.example/", "https://127.0.0.1/", "x", ""] {
        let request = CreateWebhook {
            url: Some(url.to_owned()),
            events: None,
        };
        let refused = create(&system, system.user, request).await;
        assert!(
            matches!(
                refused,
                Err(JobsError::Refused {
                    code: ErrorCode::InvalidRequest,
                    ..
                })
            ),
            "{url}"
        );
    }
    let none = CreateWebhook {
        url: None,
        events: Some(Vec::new()),
    };
    assert!(create(&system, system.user, none).await.is_err());
    let signer = webhook(&system, None, &[]).await;
    let second = create(&system, system.user, CreateWebhook::default()).await;
    assert!(matches!(second, Err(JobsError::Conflict(_))));
    assert!(matches!(
        test(&system, system.user, signer.id).await,
        Err(JobsError::Conflict(_))
    ));
    for _ in 1..20 {
        webhook(&system, Some(URL), &[]).await;
    }
    let request = CreateWebhook {
        url: Some(URL.to_owned()),
        events: None,
    };
    let twenty_first = create(&system, system.user, request).await;
    assert!(matches!(twenty_first, Err(JobsError::Conflict(_))));
}

#[tokio::test]
async fn old_secrets_end_a_day_after_the_new_one_and_are_never_many() {
    let system = testing::system().await;
    let id = webhook(&system, Some(URL), &[]).await.id;
    let mut secrets = std::collections::BTreeSet::new();
    for _ in 0..10 {
        let new = rotate(&system, system.user, id).await.unwrap();
        assert!(new.secret.starts_with("whsec_"));
        assert!(secrets.insert(new.secret), "never the same again");
        system.clock.advance(std::time::Duration::from_secs(1));
    }
    assert_eq!(count::<webhook_secrets::Entity>(&system).await, 5);
    system.clock.advance(SECRETS_OVERLAP);
    rotate(&system, system.user, id).await.unwrap();
    assert_eq!(count::<webhook_secrets::Entity>(&system).await, 2);
}

#[tokio::test]
async fn an_account_that_ends_tells_nobody_any_more() {
    let system = testing::system().await;
    let user = system.add_user("ada", "standard").await;
    let request = CreateWebhook {
        url: Some(URL.to_owned()),
        events: None,
    };
    create(&system, user, request).await.unwrap();
    ask(&system, user, "pad").await;
    account::erase(&system, user).await.unwrap();
    assert_eq!(list(&system, user).await.unwrap(), []);
    assert_eq!(count::<webhook_deliveries::Entity>(&system).await, 0);
}
