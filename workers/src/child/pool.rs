//! Warm children, one a slot: lent for one job at a time, taken back while they are healthy, replaced when they are not.
//!
//! A slot is always in exactly one of three hands: a birth under way, an idle child, a lease. So there are never more
//! children than slots, and no slot is lost. Births that fail are repeated with growing pauses; who waits for a child
//! waits that long. On Linux children die with the thread that starts them, so the pool belongs into a runtime whose
//! threads last (a current-thread one).

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::protocol::ChildLimits;
use super::render_child::RenderChild;

/// The pause after the first failed birth; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between births.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How a pool is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolConfig {
    /// Children, so jobs at a time.
    pub slots: usize,
    /// Jobs after which a child is replaced.
    pub child_jobs: u32,
    /// Address space of each, bytes.
    pub memory_bytes: u64,
    /// Cores of each.
    pub cores: usize,
    /// The program that is the child.
    pub program: PathBuf,
}

/// What a pool looks like from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PoolState {
    /// Children that wait for a job.
    pub idle: usize,
    /// Children that are lent.
    pub leased: usize,
    /// Slots whose child is being started.
    pub unborn: usize,
    /// Children that got ready, ever.
    pub births: u64,
    /// Births that failed since the last that did not.
    pub failures: u32,
    /// Why the last one failed.
    pub last_problem: Option<String>,
}

struct Warm {
    child: RenderChild,
    slot: usize,
    jobs: u32,
}

struct Shared {
    config: PoolConfig,
    runtime: Handle,
    closed: CancellationToken,
    /// One permit for each idle child.
    ready: Semaphore,
    idle: Mutex<Vec<Warm>>,
    state: watch::Sender<PoolState>,
}

/// A handle on the pool.
#[derive(Clone)]
pub struct RenderPool {
    shared: Arc<Shared>,
}

/// A child, lent for one job.
pub struct Lease {
    /// There until it is dropped.
    warm: Option<Warm>,
    shared: Arc<Shared>,
}

impl RenderPool {
    /// A pool on the current runtime; the children's births begin at once.
    #[must_use]
    pub fn start(config: PoolConfig) -> Self {
        let unborn = config.slots;
        let shared = Arc::new(Shared {
            config,
            runtime: Handle::current(),
            closed: CancellationToken::new(),
            ready: Semaphore::new(0),
            idle: Mutex::new(Vec::new()),
            state: watch::Sender::new(PoolState {
                unborn,
                ..PoolState::default()
            }),
        });
        for slot in 0..shared.config.slots {
            shared.runtime.spawn(Arc::clone(&shared).give_birth(slot));
        }
        Self { shared }
    }

    /// Waits for a child. Nothing once the pool is closed.
    pub async fn checkout(&self) -> Option<Lease> {
        loop {
            self.shared.ready.acquire().await.ok()?.forget();
            if let Some(lease) = self.lent(self.shared.idle().pop()?) {
                return Some(lease);
            }
        }
    }

    /// A child that waits for a job now, if there is one.
    #[must_use]
    pub fn try_checkout(&self) -> Option<Lease> {
        loop {
            self.shared.ready.try_acquire().ok()?.forget();
            if let Some(lease) = self.lent(self.shared.idle().pop()?) {
                return Some(lease);
            }
        }
    }

    /// Lends a child that waited; one that has died meanwhile is replaced.
    fn lent(&self, mut warm: Warm) -> Option<Lease> {
        self.shared.state.send_modify(|state| state.idle -= 1);
        if !warm.child.is_reusable() {
            self.shared.replace(&warm);
            return None;
        }
        warm.jobs += 1;
        self.shared.state.send_modify(|state| state.leased += 1);
        Some(Lease {
            warm: Some(warm),
            shared: Arc::clone(&self.shared),
        })
    }

    /// What it looks like now.
    #[must_use]
    pub fn state(&self) -> PoolState {
        self.shared.state.borrow().clone()
    }

    /// Tells each change of what it looks like.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<PoolState> {
        self.shared.state.subscribe()
    }

    /// Lends no more and ends the idle children, waiting for their end; a lent one ends with its lease.
    pub async fn close(&self) {
        for mut warm in self.shut() {
            warm.child.kill().await;
        }
    }

    /// The same without waiting.
    pub fn abandon(&self) {
        drop(self.shut());
    }

    fn shut(&self) -> Vec<Warm> {
        self.shared.closed.cancel();
        self.shared.ready.close();
        let idle = std::mem::take(&mut *self.shared.idle());
        self.shared.state.send_modify(|state| state.idle -= idle.len());
        idle
    }
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Vec<Warm>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the birth of a child in the place of one that is no more lent.
    fn replace(self: &Arc<Self>, warm: &Warm) {
        metrics::counter!("songwalker_children_replaced_total").increment(1);
        self.state.send_modify(|state| state.unborn += 1);
        self.runtime.spawn(Arc::clone(self).give_birth(warm.slot));
    }

    fn take_back(self: &Arc<Self>, mut warm: Warm) {
        self.state.send_modify(|state| state.leased -= 1);
        if !self.closed.is_cancelled() && warm.jobs < self.config.child_jobs && warm.child.is_reusable() {
            self.lend(warm);
        } else {
            self.replace(&warm);
        }
    }

    fn lend(&self, warm: Warm) {
        let mut idle = self.idle();
        // Looked at under the lock under which the last idle children are taken away.
        if self.closed.is_cancelled() {
            return;
        }
        idle.push(warm);
        drop(idle);
        self.state.send_modify(|state| state.idle += 1);
        self.ready.add_permits(1);
    }

    async fn give_birth(self: Arc<Self>, slot: usize) {
        let closed = self.closed.clone();
        let child = tokio::select! {
            biased;
            () = closed.cancelled() => None,
            child = self.born(slot) => Some(child),
        };
        self.state.send_modify(|state| state.unborn -= 1);
        if let Some(child) = child {
            self.state.send_modify(|state| {
                state.births += 1;
                state.failures = 0;
            });
            metrics::counter!("songwalker_child_births_total").increment(1);
            self.lend(Warm { child, slot, jobs: 0 });
        }
    }

    async fn born(&self, slot: usize) -> RenderChild {
        let limits = ChildLimits {
            memory_bytes: self.config.memory_bytes,
            cores: self.config.cores,
            slot,
        };
        loop {
            let failures = self.state.borrow().failures;
            tokio::time::sleep(pause(failures)).await;
            match RenderChild::spawn(&limits, &self.config.program).await {
                Ok(child) => return child,
                Err(error) => {
                    tracing::warn!(error = %error, child.slot = slot, "child birth failed");
                    self.state.send_modify(|state| {
                        state.failures = state.failures.saturating_add(1);
                        state.last_problem = Some(error.to_string());
                    });
                }
            }
        }
    }
}

fn pause(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        n => FIRST_PAUSE
            .saturating_mul(1 << (n - 1).min(16))
            .min(LONGEST_PAUSE),
    }
}

impl Deref for Lease {
    type Target = RenderChild;

    #[expect(clippy::expect_used, reason = "only drop takes it out")]
    fn deref(&self) -> &RenderChild {
        &self.warm.as_ref().expect("lent").child
    }
}

impl DerefMut for Lease {
    #[expect(clippy::expect_used, reason = "only drop takes it out")]
    fn deref_mut(&mut self) -> &mut RenderChild {
        &mut self.warm.as_mut().expect("lent").child
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(warm) = self.warm.take() {
            self.shared.take_back(warm);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_between_births_grow_to_a_bound() {
        assert_eq!(pause(0), Duration::ZERO);
        assert_eq!(pause(1), FIRST_PAUSE);
        assert_eq!(pause(3), 4 * FIRST_PAUSE);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
