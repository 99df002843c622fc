//! The handle on a running scheduler: how its loops stand, and how they end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a step that goes on may take when everything is to stop. What is cut off then is what a death at that
/// place would be: the next start goes on from there.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// One of the loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loop {
    /// Sends what is in the outbox.
    Relay,
    /// Wakes what is due.
    Due,
    /// Looks through everything.
    Full,
    /// Sends messages to webhooks.
    Webhooks,
}

impl Loop {
    /// Every loop.
    pub const ALL: [Self; 4] = [Self::Relay, Self::Due, Self::Full, Self::Webhooks];

    /// Its name in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Due => "due",
            Self::Full => "full",
            Self::Webhooks => "webhooks",
        }
    }
}

/// How a loop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    /// Rounds that came to their end.
    pub rounds: u64,
    /// Rounds that failed, wholly or in part.
    pub failed: u64,
    /// Rounds that panicked.
    pub panicked: u64,
}

/// Where a loop tells how it stands.
#[derive(Debug, Clone)]
pub(crate) struct Told(Arc<watch::Sender<State>>);

impl Told {
    pub(crate) fn round(&self, failed: bool) {
        self.0.send_modify(|state| {
            state.rounds += u64::from(!failed);
            state.failed += u64::from(failed);
        });
    }

    pub(crate) fn panic(&self) {
        self.0.send_modify(|state| state.panicked += 1);
    }
}

#[derive(Debug)]
struct Running {
    which: Loop,
    state: watch::Receiver<State>,
    task: JoinHandle<()>,
}

/// A running scheduler. Dropped, it tells its loops to stop without waiting for them.
#[derive(Debug)]
pub struct SchedulerHandle {
    stop: CancellationToken,
    loops: Vec<Running>,
}

impl SchedulerHandle {
    pub(crate) const fn new(stop: CancellationToken) -> Self {
        Self {
            stop,
            loops: Vec::new(),
        }
    }

    pub(crate) fn spawn<F>(&mut self, which: Loop, run: impl FnOnce(Told) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (told, state) = watch::channel(State::default());
        let task = tokio::spawn(run(Told(Arc::new(told))));
        self.loops.push(Running { which, state, task });
    }

    /// How a loop stands.
    #[must_use]
    pub fn state(&self, which: Loop) -> State {
        let state = self.loops.iter().find(|running| running.which == which);
        state.map_or_else(State::default, |running| *running.state.borrow())
    }

    /// Whether every loop is still there. They end only when they are told to.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.loops.iter().all(|running| !running.task.is_finished())
    }

    /// Waits until a loop stands so. Returns at once where the loop has ended.
    pub async fn reached(&self, which: Loop, so: impl Fn(&State) -> bool) {
        if let Some(running) = self.loops.iter().find(|running| running.which == which) {
            let _ = running.state.clone().wait_for(so).await;
        }
    }

    /// Ends every loop after the step that it is in, and waits for that.
    pub async fn stop(mut self) {
        self.stop.cancel();
        for running in &mut self.loops {
            if tokio::time::timeout(STOP_WITHIN, &mut running.task)
                .await
                .is_err()
            {
                tracing::warn!(scheduler.r#loop = running.which.name(), "loop cut off");
                running.task.abort();
                let _ = (&mut running.task).await;
            }
        }
    }
}

impl Drop for SchedulerHandle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
