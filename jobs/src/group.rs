//! Doing together what many want at the same moment: whoever comes first does it for all who wait by then, in one
//! transaction, and tells each how it went; the others come together meanwhile. Nobody waits for company: who is alone
//! goes alone.
//!
//! A group is a short cut, never a place where something is kept: whoever is not told how it went (because it does not
//! fit with others, because the transaction failed, or because whoever led is gone) does it alone, as if there were no
//! group. What was committed and not told is found by that, as after any answer that was lost.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use sea_orm::DbErr;
use sea_orm::prelude::Uuid;
use tokio::sync::oneshot;

use crate::error::JobsError;
use crate::system::System;

/// How many are done in one transaction at most.
const MOST: usize = 64;

/// Something that can be done with others.
pub(crate) trait Member {
    /// Two with the same word are not done in one transaction.
    fn alone(&self) -> Uuid;
}

/// How it went for each, in their order; nothing: it is to be done alone.
pub(crate) type Told<R> = Vec<Option<Result<R, JobsError>>>;

/// Does it for all of them, in one transaction.
pub(crate) type Together<T, R> = for<'a> fn(&'a System, &'a [T]) -> BoxFuture<'a, Result<Told<R>, JobsError>>;

struct Waiting<T, R> {
    member: T,
    tell: oneshot::Sender<Result<R, JobsError>>,
}

/// Those who wait, and the right to lead.
pub(crate) struct Group<T, R> {
    // A std mutex: no section awaits.
    waiting: Mutex<VecDeque<Waiting<T, R>>>,
    lead: tokio::sync::Mutex<()>,
}

impl<T, R> Default for Group<T, R> {
    fn default() -> Self {
        Self {
            waiting: Mutex::new(VecDeque::new()),
            lead: tokio::sync::Mutex::new(()),
        }
    }
}

impl<T: Member, R> Group<T, R> {
    /// Has it done with others; nothing: it is to be done alone.
    pub(crate) async fn join(
        &self,
        system: &System,
        member: T,
        together: Together<T, R>,
    ) -> Option<Result<R, JobsError>> {
        let (tell, mut told) = oneshot::channel();
        self.waiting().push_back(Waiting { member, tell });
        loop {
            let lead = tokio::select! {
                biased;
                told = &mut told => return told.ok(),
                lead = self.lead.lock() => lead,
            };
            let (members, tells): (Vec<T>, Vec<_>) = self
                .take()
                .into_iter()
                .map(|waiting| (waiting.member, waiting.tell))
                .unzip();
            let done = together(system, &members).await;
            match done {
                Ok(all) => {
                    for (tell, how) in tells.into_iter().zip(all) {
                        if let Some(how) = how {
                            let _ = tell.send(how);
                        }
                    }
                }
                Err(error) => {
                    for tell in tells {
                        if let Some(error) = of_all(&error) {
                            let _ = tell.send(Err(error));
                        }
                    }
                }
            }
            // Not before all are told: who was need not lead.
            drop(lead);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting<T, R>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those whose turn it is; who has gone is left out.
    fn take(&self) -> Vec<Waiting<T, R>> {
        let mut waiting = self.waiting();
        let (mut taken, mut left, mut words) = (Vec::new(), VecDeque::new(), HashSet::new());
        for one in waiting.drain(..) {
            if one.tell.is_closed() {
                continue;
            }
            if taken.len() < MOST && words.insert(one.member.alone()) {
                taken.push(one);
            } else {
                left.push_back(one);
            }
        }
        *waiting = left;
        taken
    }
}

/// What failed for all alike, so that none need try alone: there is no connection, or a test says so.
fn of_all(error: &JobsError) -> Option<JobsError> {
    match error {
        JobsError::Database(error @ (DbErr::ConnectionAcquire(_) | DbErr::Conn(_))) => {
            Some(JobsError::Database(error.clone()))
        }
        JobsError::Failpoint(error) => Some(JobsError::Failpoint(error.clone())),
        _ => None,
    }
}
