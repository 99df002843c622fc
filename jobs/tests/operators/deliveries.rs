//! A message's way: taken under a lease by one, tried again with growing pauses, ended for good; and what is in it.

use std::time::Duration;

use serde_json::{Value, json};
use songwalker_jobs::entity::webhook_deliveries;
use songwalker_jobs::sweep::{Sweep, Swept, deliveries::LISTED};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::webhooks::delivery::{Attempted, Delivery, MOST_ATTEMPTS, PAUSES, settle, take};
use songwalker_jobs::webhooks::{SECRETS_OVERLAP, create, deliveries, list, rotate, signature, test};
use songwalker_schemas::wire::{CreateWebhook, DeliveryProblem, DeliveryState, NewWebhook, WebhookDelivery};

use crate::bench::{cancelled, count, succeeded};

const ARRIVED: Attempted = Attempted {
    status: Some(200),
    problem: None,
};
const REFUSED: Attempted = Attempted {
    status: Some(500),
    problem: Some(DeliveryProblem::Status),
};
const GONE: Attempted = Attempted {
    status: Some(410),
    problem: Some(DeliveryProblem::Gone),
};
/// Longer than any lease on a message.
const LEASE: Duration = Duration::from_secs(31);

async fn webhook(system: &TestSystem) -> NewWebhook {
    let request = CreateWebhook {
        url: Some("https://hooks.example/songs".to_owned()),
        events: None,
    };
    create(system, system.user, request).await.unwrap()
}

/// The one message that is due.
async fn one(system: &TestSystem) -> Delivery {
    let mut taken = take(system, 10).await.unwrap();
    assert_eq!(taken.len(), 1);
    taken.remove(0)
}

async fn last(system: &TestSystem, webhook: &NewWebhook) -> WebhookDelivery {
    let all = deliveries(system, system.user, webhook.webhook.id).await.unwrap();
    all.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_message_is_the_job_without_its_prompt_signed_by_every_secret() {
    let system = testing::system().await;
    let webhook = webhook(&system).await;
    let job = succeeded(&system, system.user, "the canary's song", b"bundle").await;
    let delivery = one(&system).await;
    assert_eq!(delivery.url, "https://hooks.example/songs");
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!(body["type"], "job.succeeded");
    assert_eq!(body["timestamp"], body["data"]["finished_at"]);
    assert_eq!(
        (
            &body["data"]["id"],
            &body["data"]["state"],
            &body["data"]["request"]["prompt"]
        ),
        (&json!(job), &json!("succeeded"), &Value::Null)
    );
    assert!(body["data"]["bundle"]["sha256"].is_string());
    assert!(
        !String::from_utf8(delivery.body.clone())
            .unwrap()
            .contains("canary")
    );
    assert!(!format!("{delivery:?}").contains("hooks.example"));
    let signed_by = |delivery: &Delivery, secrets: &[&NewWebhook]| {
        let secrets: Vec<Vec<u8>> = secrets.iter().map(|one| bytes(&one.secret)).collect();
        signature::sign(&secrets, &delivery.id, 17, &delivery.body)
    };
    assert_eq!(delivery.signature(17), signed_by(&delivery, &[&webhook]));
    settle(&system, &delivery, REFUSED).await.unwrap();
    system.clock.advance(PAUSES[0]);
    let second = rotate(&system, system.user, webhook.webhook.id).await.unwrap();
    let again = one(&system).await;
    assert_eq!((&again.id, again.attempt), (&delivery.id, 2));
    assert_eq!(again.signature(17), signed_by(&again, &[&second, &webhook]));
    settle(&system, &again, REFUSED).await.unwrap();
    system.clock.advance(SECRETS_OVERLAP);
    let late = one(&system).await;
    assert_eq!(late.signature(17), signed_by(&late, &[&second]));
}

fn bytes(secret: &str) -> Vec<u8> {
    let digits = secret.strip_prefix("whsec_").unwrap().trim_end_matches('=');
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0_u32;
    let mut have = 0;
    let mut bytes = Vec::new();
    for digit in digits.bytes() {
        let value = alphabet.iter().position(|one| *one == digit).unwrap();
        bits = bits << 6 | u32::try_from(value).unwrap();
        have += 6;
        if have >= 8 {
            have -= 8;
            bytes.push(u8::try_from(bits >> have & 0xff).unwrap());
        }
    }
    bytes
}

#[tokio::test]
async fn a_message_is_tried_ten_times_over_three_days_and_then_given_up() {
    let system = testing::system().await;
    let webhook = webhook(&system).await;
    test(&system, system.user, webhook.webhook.id).await.unwrap();
    for (attempt, pause) in (1..).zip(PAUSES) {
        let delivery = one(&system).await;
        assert_eq!(delivery.attempt, attempt);
        settle(&system, &delivery, REFUSED).await.unwrap();
        let told = last(&system, &webhook).await;
        assert_eq!((told.state, told.status), (DeliveryState::Pending, Some(500)));
        assert_eq!(told.problem, Some(DeliveryProblem::Status));
        system.clock.advance(pause - Duration::from_millis(1));
        assert!(take(&system, 10).await.unwrap().is_empty(), "before its time");
        system.clock.advance(Duration::from_millis(1));
    }
    let delivery = one(&system).await;
    assert_eq!(delivery.attempt, MOST_ATTEMPTS);
    settle(&system, &delivery, REFUSED).await.unwrap();
    let told = last(&system, &webhook).await;
    assert_eq!((told.state, told.attempts), (DeliveryState::Failed, 10));
    assert!(told.ended_at.is_some() && told.next_at.is_none());
    system.clock.advance(LISTED / 2);
    assert!(take(&system, 10).await.unwrap().is_empty());
    let told = &list(&system, system.user).await.unwrap()[0];
    assert_eq!(
        (told.problem, told.disabled_at, told.delivered_at),
        (Some(DeliveryProblem::Status), None, None)
    );
    let days = PAUSES.iter().sum::<Duration>().as_secs() / 86_400;
    assert_eq!(days, 3);
}

#[tokio::test]
async fn who_has_a_message_has_it_alone_until_the_lease_ends_and_comes_too_late_then() {
    let system = testing::system().await;
    let webhook = webhook(&system).await;
    test(&system, system.user, webhook.webhook.id).await.unwrap();
    let dead = one(&system).await;
    assert!(take(&system, 10).await.unwrap().is_empty());
    system.clock.advance(LEASE);
    let heir = one(&system).await;
    assert_eq!((&heir.id, heir.attempt), (&dead.id, 2));
    settle(&system, &dead, GONE).await.unwrap();
    assert_eq!(last(&system, &webhook).await.state, DeliveryState::Pending);
    settle(&system, &heir, ARRIVED).await.unwrap();
    let told = last(&system, &webhook).await;
    assert_eq!(
        (told.state, told.status, told.problem, told.attempts),
        (DeliveryState::Delivered, Some(200), None, 2)
    );
    settle(&system, &heir, REFUSED).await.unwrap();
    assert_eq!(last(&system, &webhook).await.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn a_message_whose_last_sender_died_is_given_up_by_the_sweep() {
    let system = testing::system().await;
    let webhook = webhook(&system).await;
    test(&system, system.user, webhook.webhook.id).await.unwrap();
    for _ in 0..MOST_ATTEMPTS {
        one(&system).await;
        assert_eq!(Sweep::Deliveries.run(&system).await.unwrap(), Swept::default());
        system.clock.advance(LEASE);
    }
    assert!(take(&system, 10).await.unwrap().is_empty());
    let given_up = Swept { done: 1, failed: 0 };
    assert_eq!(Sweep::Deliveries.run(&system).await.unwrap(), given_up);
    let told = last(&system, &webhook).await;
    assert_eq!(
        (told.state, told.problem),
        (DeliveryState::Failed, Some(DeliveryProblem::Interrupted))
    );
    system.clock.advance(LISTED);
    assert_eq!(Sweep::Deliveries.run(&system).await.unwrap(), given_up);
    assert_eq!(count::<webhook_deliveries::Entity>(&system).await, 0);
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_told_nothing_any_more() {
    let system = testing::system_with(|config| config.quotas.enabled = false).await;
    let webhook = webhook(&system).await;
    cancelled(&system, system.user, "one").await;
    cancelled(&system, system.user, "two").await;
    let taken = take(&system, 1).await.unwrap();
    settle(&system, &taken[0], GONE).await.unwrap();
    let told = &list(&system, system.user).await.unwrap()[0];
    assert!(told.disabled_at.is_some());
    assert_eq!(told.problem, Some(DeliveryProblem::Gone));
    assert!(take(&system, 10).await.unwrap().is_empty());
    let last = last(&system, &webhook).await;
    assert_eq!(
        (last.state, last.problem),
        (DeliveryState::Failed, Some(DeliveryProblem::Disabled))
    );
    cancelled(&system, system.user, "three").await;
    assert_eq!(count::<webhook_deliveries::Entity>(&system).await, 2);
}

#[tokio::test]
async fn one_user_with_many_messages_is_in_nobodys_way() {
    let system = testing::system_with(|config| config.quotas.enabled = false).await;
    let webhook = webhook(&system).await;
    for _ in 0..20 {
        test(&system, system.user, webhook.webhook.id).await.unwrap();
    }
    let ada = system.add_user("ada", "standard").await;
    let request = CreateWebhook {
        url: Some("https://ada.example/".to_owned()),
        events: None,
    };
    let hers = create(&system, ada, request).await.unwrap().webhook;
    test(&system, ada, hers.id).await.unwrap();
    let taken = take(&system, 10).await.unwrap();
    let (of_ada, others): (Vec<_>, Vec<_>) = taken.iter().partition(|one| one.webhook_id == hers.id.0);
    assert_eq!((of_ada.len(), others.len()), (1, 4));
    assert!(
        take(&system, 10).await.unwrap().is_empty(),
        "while those are on their way"
    );
    settle(&system, others[0], ARRIVED).await.unwrap();
    assert_eq!(take(&system, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_process_with_another_clock_finds_what_waits() {
    let system = testing::system().await;
    let webhook = webhook(&system).await;
    test(&system, system.user, webhook.webhook.id).await.unwrap();
    let delivery = one(&system).await;
    settle(&system, &delivery, REFUSED).await.unwrap();
    // The clock of the process before went a month ahead.
    let ahead =
        "UPDATE webhook_deliveries SET due_at = due_at + 2592000000, lease_until = due_at + 2592000000";
    crate::bench::sql(&system, ahead).await;
    assert_eq!(one(&system).await.attempt, 2);
}
