//! R12: no sweep is stopped by one row, nor by one row that panics or hangs, and none does anything before its time.
//! The first test goes through every sweep that there is; a new one does not compile until it is planted here.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::prelude::Uuid;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use songwalker_jobs::accept::accept;
use songwalker_jobs::clock::Clock;
use songwalker_jobs::entity::{api_keys, erasures, sessions};
use songwalker_jobs::planning::{self, Leave, Tokens};
use songwalker_jobs::ports::{ObjectInfo, ObjectKey, ObjectStore, PortError};
use songwalker_jobs::sweep::{
    self, Sweep, Swept, deliveries as delivery_sweep, gauges, shares as share_sweep,
};
use songwalker_jobs::system::Parts;
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::webhooks::delivery::{self, Attempted};
use songwalker_jobs::{
    System, account, delete, erase, failpoint, objects, outbox, presence, shares, webhooks,
};
use songwalker_schemas::wire::{CreateJob, CreateShare, CreateWebhook};
use songwalker_schemas::{ErrorCode, UserId, canonical};
use tokio_util::sync::CancellationToken;

use crate::bench::{
    DAY, LEASE, ask, blob, bytes, cancelled, cure, fail, intend, is_stored, packaged, poison, running, sql,
    succeeded,
};

/// A row for a sweep: how nothing can write it, and what else of it there is to know.
struct Planted {
    event: &'static str,
    table: &'static str,
    when: String,
}

impl Planted {
    fn new(event: &'static str, table: &'static str, when: String) -> Self {
        Self { event, table, when }
    }
}

async fn system() -> TestSystem {
    testing::system_with(|config| {
        config.quotas.enabled = false;
        config.scheduler.batch = 2;
        config.retention.artifacts = Some("2d".parse().unwrap());
        config.retention.prompts = Some("2d".parse().unwrap());
        config.retry.jitter = 0.0;
    })
    .await
}

/// How long after [`plant`] its row is due.
fn due_after(sweep: Sweep) -> Duration {
    match sweep {
        Sweep::Leases => LEASE,
        Sweep::QueueDeadlines => Duration::from_secs(15 * 60),
        Sweep::Backoff => Duration::from_secs(1),
        Sweep::Hints => Duration::from_secs(60),
        Sweep::Deletions | Sweep::Accounts | Sweep::Receipts => Duration::ZERO,
        Sweep::Retention | Sweep::Prompts => 2 * DAY,
        Sweep::Events | Sweep::StageOutputs | Sweep::Idempotency | Sweep::Strays => DAY,
        Sweep::Shares => 7 * DAY + share_sweep::LISTED,
        Sweep::Sessions => DAY,
        Sweep::Deliveries => delivery_sweep::LISTED,
        Sweep::Workers => LEASE * 10,
        Sweep::ModelCalls => sweep::model_calls::KEPT,
        Sweep::Tombstones => sweep::tombstones::LEFT_ALONE,
    }
}

/// Makes the `n`th row that a sweep will find.
async fn plant(system: &TestSystem, sweep: Sweep, n: usize) -> Planted {
    let user = system.user;
    let prompt = format!("sound {n}");
    let job_is = |id: Uuid| format!("OLD.id = {}", blob(id));
    let of_job = |id: Uuid| format!("OLD.job_id = {}", blob(id));
    match sweep {
        Sweep::Leases => {
            let own = running(system, user, &prompt).await;
            Planted::new("UPDATE", "jobs", job_is(own.job_id.0))
        }
        Sweep::QueueDeadlines => {
            let job = ask(system, user, &prompt).await;
            Planted::new("UPDATE", "jobs", job_is(job.0))
        }
        Sweep::Backoff => {
            let own = running(system, user, &prompt).await;
            fail(system, &own, ErrorCode::Timeout).await;
            Planted::new("UPDATE", "jobs", job_is(own.job_id.0))
        }
        Sweep::Hints => {
            let job = ask(system, user, &prompt).await;
            outbox::relay(system, 100).await.unwrap();
            Planted::new("INSERT", "outbox", format!("NEW.job_id = {}", blob(job.0)))
        }
        Sweep::Deletions => {
            let job = cancelled(system, user, &prompt).await;
            // Whoever began the deletion died behind its first commit.
            let died = failpoint::scope("delete_committed=fail", delete::delete(system, user, job)).await;
            died.unwrap().unwrap_err();
            Planted::new("DELETE", "jobs", job_is(job.0))
        }
        Sweep::Accounts => {
            let leaver = system.add_user(&prompt, "standard").await;
            account::erase(system, leaver).await.unwrap();
            Planted::new("DELETE", "users", job_is(leaver.0))
        }
        Sweep::Retention => {
            let job = succeeded(system, user, &prompt, prompt.as_bytes()).await;
            Planted::new("UPDATE", "jobs", job_is(job.0))
        }
        Sweep::Prompts => {
            let job = cancelled(system, user, &prompt).await;
            Planted::new("DELETE", "prompts", of_job(job.0))
        }
        Sweep::Events => {
            let job = cancelled(system, user, &prompt).await;
            Planted::new("DELETE", "job_events", of_job(job.0))
        }
        Sweep::StageOutputs => {
            let own = running(system, user, &prompt).await;
            intend(system, &own, b"{}").await;
            fail(system, &own, ErrorCode::InvalidIntent).await;
            Planted::new("DELETE", "stage_outputs", of_job(own.job_id.0))
        }
        Sweep::Idempotency => {
            let accepted = accept(system, user, CreateJob::new(&*prompt), Some(&prompt)).await;
            Planted::new("DELETE", "idempotency_keys", of_job(accepted.unwrap().row.id().0))
        }
        Sweep::Shares => {
            let job = succeeded(system, user, &prompt, prompt.as_bytes()).await;
            let share = shares::create(system, user, job, CreateShare::default())
                .await
                .unwrap();
            Planted::new("DELETE", "shares", job_is(share.share.id.0))
        }
        Sweep::Sessions => plant_session(system, user, n).await,
        Sweep::Deliveries => plant_delivery(system, user).await,
        Sweep::Workers => {
            let worker = Uuid::now_v7();
            presence::register(system, worker, 1).await.unwrap();
            Planted::new("DELETE", "workers", job_is(worker))
        }
        Sweep::ModelCalls => {
            let own = running(system, user, &prompt).await;
            let few = Tokens {
                input: 1,
                output: 1,
                estimated: true,
            };
            let leave = planning::begin_call(system, &own, "small", few).await.unwrap();
            let Leave::Given(call) = leave else {
                panic!("{leave:?}")
            };
            Planted::new("DELETE", "model_calls", job_is(call))
        }
        Sweep::Tombstones => {
            let sha256 = canonical::sha256_hex(prompt.as_bytes());
            let died =
                failpoint::scope("object_tombstoned=fail", objects::collect(system, user, &sha256)).await;
            died.unwrap().unwrap_err();
            Planted::new(
                "UPDATE",
                "tombstones",
                format!("OLD.object_key = 'users/{user}/{sha256}'"),
            )
        }
        Sweep::Strays => {
            let sha256 = put_stray(system, user, &prompt).await;
            Planted::new(
                "INSERT",
                "tombstones",
                format!("NEW.object_key = 'users/{user}/{sha256}'"),
            )
        }
        Sweep::Receipts => {
            let job = cancelled(system, user, &prompt).await;
            erase::prompt(system, job).await.unwrap();
            Planted::new("UPDATE", "erasures", of_job(job.0))
        }
    }
}

/// A message that arrived.
async fn plant_delivery(system: &TestSystem, user: UserId) -> Planted {
    let request = CreateWebhook {
        url: Some("https://hooks.example/".to_owned()),
        events: None,
    };
    let webhook = webhooks::create(system, user, request).await.unwrap().webhook;
    webhooks::test(system, user, webhook.id).await.unwrap();
    let taken = delivery::take(system, 1).await.unwrap();
    let arrived = Attempted {
        status: Some(204),
        problem: None,
    };
    delivery::settle(system, &taken[0], arrived).await.unwrap();
    let when = format!("OLD.webhook_id = {}", blob(webhook.id.0));
    Planted::new("DELETE", "webhook_deliveries", when)
}

async fn plant_session(system: &TestSystem, user: UserId, n: usize) -> Planted {
    let key = api_keys::Entity::find()
        .one(system.db.read())
        .await
        .unwrap()
        .unwrap();
    let hash = vec![u8::try_from(n).unwrap(); 32];
    let now = system.clock.now();
    let session = sessions::Model {
        hash: hash.clone(),
        user_id: user.0,
        key_id: key.id,
        csrf_token: "token".to_owned(),
        created_at: now.0,
        expires_at: now.plus(DAY).0,
    };
    sessions::Entity::insert(session.into_active_model().reset_all())
        .exec_without_returning(system.db.writer())
        .await
        .unwrap();
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Planted::new("DELETE", "sessions", format!("OLD.hash = {}", bytes(&hex)))
}

/// An object that no row ever spoke of.
async fn put_stray(system: &System, user: UserId, bytes: &str) -> String {
    let sha256 = packaged(bytes.as_bytes()).sha256;
    let key = ObjectKey::bundle(user, &sha256).unwrap();
    system.store.put(&key, Arc::from(bytes.as_bytes())).await.unwrap();
    sha256
}

#[tokio::test]
async fn r12_a_row_that_cannot_be_written_stops_no_sweep_and_is_found_again() {
    for sweep in Sweep::ALL {
        let name = sweep.name();
        let system = system().await;
        let poisoned = plant(&system, *sweep, 0).await;
        // A second bad row in the way of the others, on the same page, and more rows than two pages hold.
        for n in 1..=4 {
            plant(&system, *sweep, n).await;
        }
        let due = due_after(*sweep);
        if due > Duration::ZERO {
            system.clock.advance(due - Duration::from_millis(1));
            assert_eq!(
                sweep.run(&system).await.unwrap(),
                Swept::default(),
                "{name} before its time"
            );
            system.clock.advance(Duration::from_millis(1));
        }
        poison(&system, poisoned.event, poisoned.table, &poisoned.when).await;
        let swept = sweep.run(&system).await.unwrap();
        assert_eq!(
            swept,
            Swept { done: 4, failed: 1 },
            "{name} with a row in its way"
        );
        let again = sweep.run(&system).await.unwrap();
        assert_eq!(
            again,
            Swept { done: 0, failed: 1 },
            "{name} has done its rows for good"
        );
        cure(&system).await;
        let cured = sweep.run(&system).await.unwrap();
        assert_eq!(
            cured,
            Swept { done: 1, failed: 0 },
            "{name} finds the row that failed again"
        );
        assert_eq!(
            sweep.run(&system).await.unwrap(),
            Swept::default(),
            "{name} at rest"
        );
    }
}

/// The store of a system, but for what goes wrong in it.
struct BadStore {
    inner: Arc<dyn ObjectStore>,
    /// The object at which a deletion panics.
    panics: Option<ObjectKey>,
    /// The object at which a deletion never ends.
    hangs: Option<ObjectKey>,
    /// Whether every listing panics.
    list_panics: bool,
}

/// The same system with such a store.
fn with_bad_store(system: &System, bad: impl FnOnce(&mut BadStore)) -> System {
    let mut store = BadStore {
        inner: Arc::clone(&system.store),
        panics: None,
        hangs: None,
        list_panics: false,
    };
    bad(&mut store);
    System::new(Parts {
        config: system.config.clone(),
        db: system.db.clone(),
        clock: Arc::clone(&system.clock),
        queue: Arc::clone(&system.queue),
        store: Arc::new(store),
        limiter: Arc::clone(&system.limiter),
        bus: Arc::clone(&system.bus),
        catalogue: system.catalogue.clone(),
    })
}

#[async_trait]
impl ObjectStore for BadStore {
    async fn put(&self, key: &ObjectKey, bytes: Arc<[u8]>) -> Result<(), PortError> {
        self.inner.put(key, bytes).await
    }
    async fn get(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>, PortError> {
        self.inner.get(key).await
    }
    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, PortError> {
        self.inner.head(key).await
    }
    async fn delete(&self, key: &ObjectKey) -> Result<(), PortError> {
        assert_ne!(Some(key), self.panics.as_ref(), "as the test wants it");
        if Some(key) == self.hangs.as_ref() {
            return std::future::pending().await;
        }
        self.inner.delete(key).await
    }
    async fn list(
        &self,
        prefix: &str,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, PortError> {
        assert!(!self.list_panics, "as the test wants it");
        self.inner.list(prefix, after, limit).await
    }
    async fn sign_get(
        &self,
        key: &ObjectKey,
        ttl: Duration,
        filename: &str,
    ) -> Result<Option<String>, PortError> {
        self.inner.sign_get(key, ttl, filename).await
    }
    async fn sweep_partial(&self, older_than: Duration) -> Result<u64, PortError> {
        self.inner.sweep_partial(older_than).await
    }
    async fn ping(&self) -> Result<(), PortError> {
        self.inner.ping().await
    }
}

#[tokio::test]
async fn r12_a_row_that_panics_or_hangs_stops_no_sweep() {
    let system = system().await;
    let mut strays = Vec::new();
    for n in 0..4 {
        strays.push(put_stray(&system, system.user, &format!("stray {n}")).await);
    }
    strays.sort();
    let key = |sha256: &str| ObjectKey::bundle(system.user, sha256).unwrap();
    let bad = with_bad_store(&system, |store| {
        store.panics = Some(key(&strays[0]));
        store.hangs = Some(key(&strays[1]));
    });
    system.clock.advance(DAY);
    // Waits for as long as a deletion may take.
    let swept = Sweep::Strays.run(&bad).await.unwrap();
    assert_eq!(swept, Swept { done: 2, failed: 2 });
    assert!(!is_stored(&system, system.user, &strays[2]).await);
    assert!(!is_stored(&system, system.user, &strays[3]).await);
}

#[tokio::test]
async fn r12_a_sweep_that_breaks_off_or_panics_stops_no_round() {
    let system = system().await;
    running(&system, system.user, "lost").await;
    system.clock.advance(LEASE);
    sql(&system, "ALTER TABLE shares RENAME TO elsewhere").await;
    let bad = with_bad_store(&system, |store| store.list_panics = true);
    let round = sweep::full(&bad).await;
    assert_eq!(round.broken, [Sweep::Shares, Sweep::Strays]);
    assert_eq!(round.complete.len(), Sweep::ALL.len() - 2);
    let one = Swept { done: 1, failed: 0 };
    assert_eq!(round.swept, one, "the lost attempt was found");
    // The metric of their age shows which ones do not come to their end.
    for (sweep, age) in gauges::ages(&system).await.unwrap() {
        assert_eq!(
            age.is_infinite(),
            round.broken.contains(&sweep),
            "{}",
            sweep.name()
        );
    }
}

#[tokio::test]
async fn the_age_of_a_sweep_is_the_time_since_it_last_saw_every_row() {
    let system = system().await;
    let fresh = gauges::ages(&system).await.unwrap();
    assert!(fresh.iter().all(|(_, age)| age.is_infinite()));
    sweep::full(&system).await;
    system.clock.advance(Duration::from_secs(90));
    let later = gauges::ages(&system).await.unwrap();
    assert_eq!(later.len(), Sweep::ALL.len());
    assert!(later.iter().all(|(_, age)| *age == 90.0), "{later:?}");
    // A round of the fast ones is no full one.
    sweep::round(&system, sweep::FAST, &CancellationToken::new()).await;
    let unchanged = gauges::ages(&system).await.unwrap();
    assert_eq!(unchanged, later);
}

#[tokio::test]
async fn a_round_that_is_told_to_stop_begins_no_further_sweep() {
    let system = system().await;
    let stop = CancellationToken::new();
    stop.cancel();
    let round = sweep::full_until(&system, &stop).await;
    assert_eq!(round, sweep::Round::default());
    assert!(
        gauges::ages(&system)
            .await
            .unwrap()
            .iter()
            .all(|(_, age)| age.is_infinite())
    );
}

#[tokio::test]
async fn an_erasure_past_its_date_is_counted_as_overdue() {
    let system = system().await;
    let now = system.clock.now();
    let receipt = erasures::Model {
        id: Uuid::now_v7(),
        user_id: system.user.0,
        job_id: Some(ask(&system, system.user, "still there").await.0),
        what: "job".to_owned(),
        requested_at: now.0,
        due_at: now.plus(DAY).0,
        done_at: None,
    };
    erasures::Entity::insert(receipt.into_active_model().reset_all())
        .exec_without_returning(system.db.writer())
        .await
        .unwrap();
    assert_eq!(gauges::overdue(&system).await.unwrap(), 0);
    system.clock.advance(DAY);
    assert_eq!(gauges::overdue(&system).await.unwrap(), 1);
    // A prompt that should have gone two days after its job was accepted, and within a day from then.
    system.clock.advance(2 * DAY);
    assert_eq!(gauges::overdue(&system).await.unwrap(), 2);
}
