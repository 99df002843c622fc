//! A system and everybody who acts on it; what must hold after every step, and what must come of it all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use songwalker_jobs::accept::accept;
use songwalker_jobs::attempt::{self, Pulse};
use songwalker_jobs::audit::audit;
use songwalker_jobs::claim::{Ownership, claim};
use songwalker_jobs::ending::{self, Fate};
use songwalker_jobs::entity::{erasures, jobs, outbox, stage_outputs, tombstones};
use songwalker_jobs::planning::{self, PlannedBy};
use songwalker_jobs::publish::{self, Packaged};
use songwalker_jobs::runner::{RunnerLock, adopt};
use songwalker_jobs::sweep::{self, Swept};
use songwalker_jobs::testing::{self, TestSystem};
use songwalker_jobs::{JobsError, cancel, delete, failpoint, outbox as hints, retry};
use songwalker_schemas::job::{JobState, Stage};
use songwalker_schemas::wire::CreateJob;
use songwalker_schemas::{ErrorCode, JobId, UserId};
use tokio_util::sync::CancellationToken;

use super::step::Step;
use crate::bench::{DAY, SECOND, count, hasten, objects, observe, observed, packaged, waiting_hints};

/// A worker's hold on a job, which it keeps for good, however stale it is by now.
struct Owner {
    own: Ownership,
    packaged: Option<Packaged>,
}

/// A result, which nothing may change.
type Ended = (
    String,
    Option<String>,
    Option<String>,
    i64,
    i32,
    Option<i64>,
    Option<i64>,
);

/// Everybody and everything.
pub struct World {
    system: Option<TestSystem>,
    users: [UserId; 2],
    jobs: Vec<(UserId, JobId)>,
    owners: Vec<Owner>,
    ended: BTreeMap<Uuid, Ended>,
    deleted: BTreeSet<Uuid>,
}

impl World {
    pub async fn new() -> Self {
        let system = testing::system_with(|config| {
            config.retention.artifacts = Some("36h".parse().unwrap());
            config.retention.prompts = Some("3h".parse().unwrap());
        })
        .await;
        // What is lost with the power is not what this is about; the writes are the same.
        hasten(&system).await;
        observe(&system).await;
        let users = [system.user, system.add_user("other", "standard").await];
        Self {
            system: Some(system),
            users,
            jobs: Vec::new(),
            owners: Vec::new(),
            ended: BTreeMap::new(),
            deleted: BTreeSet::new(),
        }
    }

    fn system(&self) -> &TestSystem {
        self.system.as_ref().unwrap()
    }

    fn job(&self, n: usize) -> Option<(UserId, JobId)> {
        (!self.jobs.is_empty()).then(|| self.jobs[n % self.jobs.len()])
    }

    /// Takes one step, and sees that it was answered as the rows say it must be.
    pub async fn take(&mut self, step: &Step) {
        match step {
            Step::Ask { user, sound } => self.ask(self.users[*user], *sound).await,
            Step::Cancel(n) => self.cancel(*n).await,
            Step::Retry(n) => self.retry(*n).await,
            Step::Delete(n) => self.delete(*n).await,
            Step::Work => self.work().await,
            Step::LoseHint => drop(self.next_hint().await),
            Step::LoseQueue => drop(waiting_hints(self.system()).await),
            Step::Relay => drop(hints::relay(self.system(), 10).await.unwrap()),
            Step::RelayDies => {
                let relay = hints::relay(self.system(), 10);
                let _ = failpoint::scope("relay_published=fail", relay).await.unwrap();
            }
            Step::Due(mishap) => drop(self.due(mishap).await),
            Step::Full => {
                let round = sweep::full(self.system()).await;
                assert_eq!((round.broken.len(), round.swept.failed), (0, 0));
            }
            Step::Pass(span) => self.system().clock.advance(*span),
            Step::Jump(millis) => self.system().clock.jump(*millis),
            Step::Restart => self.restart().await,
            Step::Beat(n)
            | Step::Stage(n)
            | Step::Intend(n)
            | Step::Store(n, ..)
            | Step::Succeed(n)
            | Step::Fail(n, _)
            | Step::ChildDies(n)
            | Step::HandBack(n)
            | Step::Acknowledge(n)
            | Step::Stopped(n) => {
                if !self.owners.is_empty() {
                    let n = n % self.owners.len();
                    self.owner_acts(n, step).await;
                }
            }
        }
    }

    async fn ask(&mut self, user: UserId, sound: u8) {
        let request = CreateJob::new(format!("sound {sound}"));
        match accept(self.system(), user, request, None).await {
            Ok(accepted) => self.remember(user, accepted.row.id()),
            Err(JobsError::TooManyJobs { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    fn remember(&mut self, user: UserId, job: JobId) {
        if !self.jobs.contains(&(user, job)) {
            self.jobs.push((user, job));
        }
    }

    async fn cancel(&self, n: usize) {
        let Some((user, job)) = self.job(n) else { return };
        match cancel::cancel(self.system(), user, job).await {
            Ok(row) => {
                assert!(row.state().unwrap() != JobState::Queued && row.state().unwrap() != JobState::Running)
            }
            Err(JobsError::NotFound(_)) => assert!(self.deleted.contains(&job.0)),
            Err(other) => panic!("{other:?}"),
        }
    }

    async fn retry(&mut self, n: usize) {
        let Some((user, job)) = self.job(n) else { return };
        match retry::retry(self.system(), user, job).await {
            Ok(accepted) => self.remember(user, accepted.row.id()),
            Err(JobsError::NotFound(_)) => assert!(self.deleted.contains(&job.0)),
            Err(JobsError::Conflict(_) | JobsError::Gone(_) | JobsError::TooManyJobs { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }

    async fn delete(&mut self, n: usize) {
        let Some((user, job)) = self.job(n) else { return };
        match delete::delete(self.system(), user, job).await {
            Ok(_) => {
                self.deleted.insert(job.0);
            }
            Err(JobsError::NotFound(_)) => assert!(self.deleted.contains(&job.0)),
            Err(other) => panic!("{other:?}"),
        }
    }

    async fn next_hint(&self) -> Option<JobId> {
        let mut consumer = self.system().queue.consumer(1).await.unwrap();
        let delivery = consumer.next().now_or_never().flatten()?;
        let job = delivery.hint.job_id;
        consumer.ack(delivery).await.unwrap();
        Some(job)
    }

    async fn work(&mut self) {
        let Some(job) = self.next_hint().await else { return };
        if let Some(claimed) = claim(self.system(), Uuid::now_v7(), job).await.unwrap() {
            self.owners.push(Owner {
                own: claimed.own,
                packaged: claimed.work.packaged,
            });
        }
    }

    async fn row(&self, job: JobId) -> Option<jobs::Model> {
        jobs::Entity::find_by_id(job.0)
            .one(self.system().db.read())
            .await
            .unwrap()
    }

    /// R3, R8: an owner whose row is not its own any more is told so, one that is to stop is told that.
    async fn owner_acts(&mut self, n: usize, step: &Step) {
        let own = self.owners[n].own;
        let row = self.row(own.job_id).await;
        let holds = |states: &[JobState]| {
            row.as_ref().is_some_and(|row| {
                row.fence == own.fence && states.iter().any(|state| state.name() == row.state)
            })
        };
        let (goes_on, is_to_stop) = (holds(&[JobState::Running]), holds(&[JobState::Cancelling]));
        let mut mishap = "";
        let done = match step {
            Step::Beat(_) => {
                let pulse = attempt::beat(self.system(), &own, 0.5).await.unwrap();
                let expected = match (goes_on, is_to_stop) {
                    (true, _) => Pulse::Go,
                    (_, true) => Pulse::Stop,
                    _ => Pulse::Stale,
                };
                assert_eq!(pulse, expected);
                return;
            }
            Step::Acknowledge(_) | Step::Stopped(_) => {
                let done = match step {
                    Step::Stopped(_) => ending::stopped(self.system(), &own).await.map(drop),
                    _ => ending::acknowledge(self.system(), &own).await,
                };
                match done {
                    Ok(()) => assert!(goes_on || is_to_stop),
                    Err(JobsError::Conflict(_)) => assert!(goes_on, "nobody wants it to stop"),
                    Err(JobsError::Stale) => assert!(!goes_on && !is_to_stop),
                    Err(other) => panic!("{other:?}"),
                }
                return;
            }
            Step::Store(_, bundle, with) => {
                mishap = with;
                self.store(n, *bundle, with).await
            }
            Step::Succeed(_) => {
                let Some(packaged) = self.owners[n].packaged.clone() else {
                    return;
                };
                if !publish::is_stored(self.system(), &own, &packaged).await.unwrap() {
                    return;
                }
                publish::succeed(self.system(), &own, &packaged).await
            }
            Step::Stage(_) => attempt::begin_stage(self.system(), &own, Stage::Mapping, 0.2).await,
            Step::Intend(_) => planning::store_intent(self.system(), &own, b"{}", &PlannedBy::EMBEDDED).await,
            Step::Fail(_, code) => self.fail(&own, *code, Fate::Failed).await,
            Step::ChildDies(_) => self.fail(&own, ErrorCode::WorkerLost, Fate::Died).await,
            _ => ending::hand_back(self.system(), &own).await,
        };
        match done {
            Ok(()) => assert!(goes_on, "{step:?} of one that may not"),
            Err(JobsError::Stopping) => assert!(is_to_stop),
            Err(JobsError::Stale) => assert!(!goes_on && !is_to_stop),
            Err(JobsError::Failpoint(_)) => assert!(!mishap.is_empty()),
            // A tombstone whose owner died stands over the object.
            Err(JobsError::Port(_)) => assert!(count::<tombstones::Entity>(self.system()).await > 0),
            Err(other) => panic!("{step:?}: {other:?}"),
        }
    }

    async fn fail(&self, own: &Ownership, code: ErrorCode, fate: Fate) -> Result<(), JobsError> {
        let error = ending::sanitised(code, "as the test wants it", Vec::new());
        ending::fail(self.system(), own, error, fate).await.map(drop)
    }

    async fn store(&mut self, n: usize, bundle: u8, mishap: &str) -> Result<(), JobsError> {
        let own = self.owners[n].own;
        if count::<tombstones::Entity>(self.system()).await > 0 {
            // It would wait for a sweep, and nobody moves while it does: what comes of that is a failure.
            return self.fail(&own, ErrorCode::StorageUnavailable, Fate::Failed).await;
        }
        let bytes = format!("bundle {bundle}").into_bytes();
        let what = packaged(&bytes);
        let stored = publish::store(self.system(), &own, &what, Arc::from(bytes));
        let stored = failpoint::scope(mishap, stored).await.unwrap();
        self.owners[n].packaged = Some(what);
        stored
    }

    async fn due(&self, mishap: &str) -> sweep::Round {
        let stop = CancellationToken::new();
        let round = sweep::round(self.system(), sweep::FAST, &stop);
        let round = failpoint::scope(mishap, round).await.unwrap();
        assert!(round.broken.is_empty());
        assert!(round.swept.failed == 0 || !mishap.is_empty());
        round
    }

    async fn restart(&mut self) {
        let system = self.system.take().unwrap().restarted().await;
        hasten(&system).await;
        let lock = RunnerLock::try_take(system.path()).unwrap().unwrap();
        let adopted = adopt(&system, &lock).await.unwrap();
        assert_eq!(adopted.left, 0);
        self.system = Some(system);
    }

    async fn rows(&self) -> Vec<jobs::Model> {
        jobs::Entity::find().all(self.system().db.read()).await.unwrap()
    }

    /// What holds at every commit.
    pub async fn assert_invariants(&mut self) {
        for user in self.users {
            assert!(observed(self.system(), user).await.0 <= 2, "R9");
        }
        let rows = self.rows().await;
        let there: BTreeSet<Uuid> = rows.iter().map(|row| row.id).collect();
        for (_, job) in &self.jobs {
            assert!(
                there.contains(&job.0) || self.deleted.contains(&job.0),
                "R1: a job is lost"
            );
        }
        for row in rows {
            assert!(row.attempt <= 3, "R7");
            let state = JobState::from_name(&row.state).unwrap();
            if !state.is_final() {
                assert!(!self.ended.contains_key(&row.id), "R5: {} came back", row.id);
                continue;
            }
            if state == JobState::Succeeded && row.artifacts_deleted_at.is_none() {
                let sha256 = row.bundle_sha256.clone().unwrap();
                let user = UserId(row.user_id);
                assert!(crate::bench::is_stored(self.system(), user, &sha256).await, "R6");
            }
            let ended = (
                row.state,
                row.bundle_sha256,
                row.error,
                row.fence,
                row.attempt,
                row.finished_at,
                row.stopped_at,
            );
            assert_eq!(
                self.ended.entry(row.id).or_insert_with(|| ended.clone()),
                &ended,
                "R5"
            );
        }
    }

    async fn unfinished(&self) -> u64 {
        jobs::Entity::find()
            .filter(jobs::Column::FinishedAt.is_null())
            .count(self.system().db.read())
            .await
            .unwrap()
    }

    /// R4: nobody beats any more; one worker is there that does what it takes. Within minutes every job has ended.
    pub async fn all_workers_die_and_one_comes_back(&mut self) {
        self.owners.clear();
        for round in 0..60 {
            if self.unfinished().await == 0 {
                break;
            }
            self.system().clock.advance(10 * SECOND);
            match round % 6 {
                5 => drop(sweep::full(self.system()).await),
                _ => drop(self.due("").await),
            }
            hints::relay(self.system(), 100).await.unwrap();
            while let Some(job) = self.next_hint().await {
                self.finish(job).await;
            }
            self.assert_invariants().await;
        }
        for row in self.rows().await {
            let state = JobState::from_name(&row.state).unwrap();
            assert!(state.is_final(), "R4: {} is {state} for ever", row.id);
            assert_eq!(state == JobState::Cancelled, row.stopped_at.is_some());
            assert!(state != JobState::Cancelled || row.cancel_requested_at.is_some());
            assert_eq!(state == JobState::Succeeded, row.error.is_none());
        }
        // What came due while nobody swept.
        sweep::full(self.system()).await;
        self.assert_audited().await;
    }

    async fn finish(&self, job: JobId) {
        let Some(claimed) = claim(self.system(), Uuid::now_v7(), job).await.unwrap() else {
            return;
        };
        let what = packaged(b"bundle 0");
        if count::<tombstones::Entity>(self.system()).await > 0 {
            self.fail(&claimed.own, ErrorCode::StorageUnavailable, Fate::Failed)
                .await
                .unwrap();
            return;
        }
        publish::store(self.system(), &claimed.own, &what, Arc::from(&b"bundle 0"[..]))
            .await
            .unwrap();
        publish::succeed(self.system(), &claimed.own, &what)
            .await
            .unwrap();
    }

    /// Nothing is left over: what nobody refers to is gone, what was promised is done, the sweeps are at rest.
    pub async fn days_pass(&mut self) {
        hints::relay(self.system(), 1000).await.unwrap();
        self.system().clock.advance(DAY + Duration::from_secs(3600));
        sweep::full(self.system()).await;
        let referred: BTreeSet<String> = self
            .rows()
            .await
            .into_iter()
            .filter(|row| row.artifacts_deleted_at.is_none())
            .filter_map(|row| Some(format!("users/{}/{}", row.user_id, row.bundle_sha256?)))
            .collect();
        let stored: BTreeSet<String> = objects(self.system()).await.into_iter().collect();
        assert_eq!(
            stored, referred,
            "R6: an object exists if and only if its row says so"
        );
        assert_eq!(count::<outbox::Entity>(self.system()).await, 0);
        assert_eq!(count::<tombstones::Entity>(self.system()).await, 0);
        assert_eq!(count::<stage_outputs::Entity>(self.system()).await, 0);
        let open = erasures::Entity::find().filter(erasures::Column::DoneAt.is_null());
        assert_eq!(open.count(self.system().db.read()).await.unwrap(), 0);
        assert!(
            self.rows()
                .await
                .iter()
                .all(|row| !self.deleted.contains(&row.id))
        );
        assert_eq!(sweep::full(self.system()).await.swept, Swept::default());
        self.assert_audited().await;
        // The wall clock may have been set back an hour while a job ended.
        self.system().clock.advance(DAY);
        sweep::full(self.system()).await;
        assert_eq!(objects(self.system()).await, Vec::<String>::new());
        self.assert_audited().await;
    }

    async fn assert_audited(&self) {
        let report = audit(self.system(), false).await.unwrap();
        assert_eq!(report.findings, []);
    }
}
