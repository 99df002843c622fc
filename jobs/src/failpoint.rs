//! Failpoints: a name for every step at which a process may die or a call may fail, so that tests can make it do so.
//!
//! Built only with the feature `failpoints`; otherwise [`reached`] is nothing. The environment variable
//! `SONGWALKER_FAILPOINTS` says what happens where: `name=stop;name=stop:2;name=fail;name=fail:always`.
//! The steps themselves belong to those who call [`reached`].

/// Defines the points: one line each, in the order of a job's life.
macro_rules! failpoints {
    ($($(#[$meta:meta])* $variant:ident = $name:literal,)+) => {
        /// A step at which tests can stop a process or make a call fail.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Failpoint { $($(#[$meta])* $variant,)+ }

        impl Failpoint {
            /// Every point, in the order of a job's life.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name that the environment variable and the log use.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

failpoints! {
    /// Job, prompt and outbox row are written, their transaction not yet committed.
    AcceptInserted = "accept_inserted",
    /// The job is accepted, nobody was told.
    AcceptCommitted = "accept_committed",
    /// The hint is published, its outbox row not yet removed.
    RelayPublished = "relay_published",
    /// A hint was taken from the queue, nothing claimed yet.
    IntakeReceived = "intake_received",
    /// The claim is committed, the hint not yet acknowledged.
    ClaimCommitted = "claim_committed",
    /// A call of a language model is written down, nothing was asked yet.
    ModelCallBegun = "model_call_begun",
    /// A language model's answer is stored, nothing was made of it yet.
    ModelAnswered = "model_answered",
    /// The intent is stored.
    PlanningStored = "planning_stored",
    /// A child runs for the job.
    ChildStarted = "child_started",
    /// The request went to the child, nothing came back yet.
    RenderRequestSent = "render_request_sent",
    /// The row that claims the object is written, the object not yet put.
    PackagingClaimed = "packaging_claimed",
    /// The object is put, nothing of that recorded.
    ObjectPut = "object_put",
    /// The put object is recorded.
    PackagingStored = "packaging_stored",
    /// The job succeeded, nobody was told.
    PublishingCommitted = "publishing_committed",
    /// The job failed, nobody was told.
    EndingFailedCommitted = "ending_failed_committed",
    /// The wish to cancel is committed, the owner not yet told.
    CancelCommitted = "cancel_committed",
    /// The owner has seen the wish to cancel, the job has not stopped.
    CancelAcknowledged = "cancel_acknowledged",
    /// The job is cancelled, nobody was told.
    CancelledCommitted = "cancelled_committed",
    /// A retry is due and its outbox row committed, nobody was told.
    RetryReleased = "retry_released",
    /// An object has its tombstone and still stands.
    ObjectTombstoned = "object_tombstoned",
    /// An object is deleted and its tombstone stands.
    ObjectDeleted = "object_deleted",
    /// A prompt is erased, its receipt not yet done.
    EraseCommitted = "erase_committed",
    /// A share is committed, its token not yet told.
    ShareCreated = "share_created",
    /// A job is deleted, its objects not yet.
    DeleteCommitted = "delete_committed",
    /// `fail`: a put took place and says that it did not.
    StorePutLies = "store_put_lies",
    /// `fail`: a put finds no space left.
    StorePutFull = "store_put_full",
}

impl std::fmt::Display for Failpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A failpoint failed, as it was told, or what it was told cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FailpointError {
    /// A test made this step fail.
    #[error("failpoint {0} failed")]
    Failed(Failpoint),
    /// `SONGWALKER_FAILPOINTS` is not of its form.
    #[error("SONGWALKER_FAILPOINTS: {0}")]
    Invalid(String),
}

/// Says that a step was reached. Without the feature it does nothing.
///
/// # Errors
/// A test made this step fail.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub async fn reached(_point: Failpoint) -> Result<(), FailpointError> {
    Ok(())
}

#[cfg(feature = "failpoints")]
pub use armed::{reached, scope};

/// The build for tests: what `SONGWALKER_FAILPOINTS` says, and how it comes to pass.
#[cfg(feature = "failpoints")]
mod armed {
    use std::collections::BTreeMap;
    use std::future::Future;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, OnceLock};

    use super::{Failpoint, FailpointError};

    /// What happens at a point.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Action {
        /// From the nth arrival on, whoever arrives stays for ever.
        Stop(u32),
        /// The nth arrival fails.
        Fail(u32),
        /// Every arrival fails.
        FailAlways,
    }

    /// What happens where, and how often each point was reached.
    #[derive(Debug, Default)]
    struct Plan {
        points: BTreeMap<Failpoint, (Action, AtomicU32)>,
    }

    impl Plan {
        fn parse(text: &str) -> Result<Self, FailpointError> {
            let mut plan = Self::default();
            for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
                let invalid = |problem: &str| FailpointError::Invalid(format!("`{entry}`: {problem}"));
                let (name, action) = entry
                    .split_once('=')
                    .ok_or_else(|| invalid("write name=action"))?;
                let point = Failpoint::ALL
                    .iter()
                    .find(|point| point.name() == name.trim())
                    .ok_or_else(|| invalid("there is no such point"))?;
                let action = match action.trim().split_once(':').unwrap_or((action.trim(), "1")) {
                    ("fail", "always") => Action::FailAlways,
                    ("stop", nth) => Action::Stop(arrival(nth).ok_or_else(|| invalid("no such arrival"))?),
                    ("fail", nth) => Action::Fail(arrival(nth).ok_or_else(|| invalid("no such arrival"))?),
                    _ => return Err(invalid("the action is stop or fail")),
                };
                if plan.points.insert(*point, (action, AtomicU32::new(0))).is_some() {
                    return Err(invalid("named twice"));
                }
            }
            Ok(plan)
        }

        async fn reached(&self, point: Failpoint) -> Result<(), FailpointError> {
            let Some((action, arrivals)) = self.points.get(&point) else {
                return Ok(());
            };
            let arrival = arrivals.fetch_add(1, Ordering::SeqCst) + 1;
            match *action {
                Action::Stop(nth) if arrival >= nth => {
                    tracing::warn!(failpoint = point.name(), "failpoint reached");
                    std::future::pending().await
                }
                Action::Fail(nth) if arrival == nth => Err(failed(point)),
                Action::FailAlways => Err(failed(point)),
                Action::Stop(_) | Action::Fail(_) => Ok(()),
            }
        }
    }

    fn arrival(text: &str) -> Option<u32> {
        text.parse().ok().filter(|nth| *nth > 0)
    }

    fn failed(point: Failpoint) -> FailpointError {
        tracing::warn!(failpoint = point.name(), "failpoint failed");
        FailpointError::Failed(point)
    }

    tokio::task_local! {
        static SCOPED: Arc<Plan>;
    }

    /// Says that a step was reached: passes, stays here for ever or fails, as the test said.
    ///
    /// # Errors
    /// A test made this step fail, or `SONGWALKER_FAILPOINTS` is not of its form.
    pub async fn reached(point: Failpoint) -> Result<(), FailpointError> {
        static OF_PROCESS: OnceLock<Result<Plan, FailpointError>> = OnceLock::new();
        if let Ok(plan) = SCOPED.try_with(Arc::clone) {
            return plan.reached(point).await;
        }
        let plan = OF_PROCESS
            .get_or_init(|| Plan::parse(&std::env::var("SONGWALKER_FAILPOINTS").unwrap_or_default()));
        match plan {
            Ok(plan) => plan.reached(point).await,
            Err(error) => Err(error.clone()),
        }
    }

    /// Runs a future of a test under failpoints of its own, in the place of the process's. What the future spawns
    /// as tasks is not under them.
    ///
    /// # Errors
    /// `points` is not of the form of `SONGWALKER_FAILPOINTS`.
    pub async fn scope<F: Future>(points: &str, future: F) -> Result<F::Output, FailpointError> {
        let plan = Arc::new(Plan::parse(points)?);
        Ok(SCOPED.scope(plan, future).await)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[tokio::test]
        async fn a_point_that_nobody_named_passes() {
            let passed = scope("", reached(Failpoint::ObjectPut)).await.unwrap();
            assert_eq!(passed, Ok(()));
        }

        #[tokio::test]
        async fn fail_fails_once_and_always_fails_always() {
            let outcomes = scope(
                "object_put=fail; object_deleted=fail:always;share_created=fail:2",
                async {
                    let mut outcomes = Vec::new();
                    for _ in 0..3 {
                        outcomes.push((
                            reached(Failpoint::ObjectPut).await.is_err(),
                            reached(Failpoint::ObjectDeleted).await.is_err(),
                            reached(Failpoint::ShareCreated).await.is_err(),
                        ));
                    }
                    outcomes
                },
            );
            let expected = [(true, true, false), (false, true, true), (false, true, false)];
            assert_eq!(outcomes.await.unwrap(), expected);
        }

        #[tokio::test]
        async fn stop_lets_nobody_pass_from_the_named_arrival_on() {
            let stayed = scope("claim_committed=stop:2", async {
                reached(Failpoint::ClaimCommitted).await.unwrap();
                let second = reached(Failpoint::ClaimCommitted);
                let third = reached(Failpoint::ClaimCommitted);
                let (mut second, mut third) = (Box::pin(second), Box::pin(third));
                futures::poll!(&mut second).is_pending() && futures::poll!(&mut third).is_pending()
            });
            assert!(stayed.await.unwrap());
        }

        #[test]
        fn what_cannot_be_read_is_refused() {
            for wrong in [
                "object_put",
                "nowhere=stop",
                "object_put=explode",
                "object_put=stop:0",
                "object_put=fail:x",
                "object_put=stop;object_put=fail",
            ] {
                assert!(
                    matches!(Plan::parse(wrong), Err(FailpointError::Invalid(_))),
                    "{wrong}"
                );
            }
        }

        #[test]
        fn every_point_can_be_named() {
            let all: Vec<String> = Failpoint::ALL
                .iter()
                .map(|point| format!("{point}=stop"))
                .collect();
            assert_eq!(
                Plan::parse(&all.join(";")).unwrap().points.len(),
                Failpoint::ALL.len()
            );
        }
    }
}
