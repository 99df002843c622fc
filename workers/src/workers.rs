//! The workers as a service: actors on a thread of their own, and a handle to them.
//!
//! The thread has its own runtime, so that nothing that others do on theirs delays a heartbeat, and it lasts as long as
//! its children do (they die with it).

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use actix::{Actor, Addr};
use songwalker_jobs::System;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::actors::supervisor::{Drain, Purpose, Supervisor};
use crate::board::{Board, WorkersState};
use crate::child::{self, PoolConfig};
use crate::model;

/// How often the supervisor itself is looked after.
const ROUND: Duration = Duration::from_millis(250);

/// How the workers are started.
#[derive(Debug, Clone)]
pub struct WorkersOptions {
    /// The program that is a child when its first argument is `child`.
    pub program: PathBuf,
    /// Jobs at a time; none: as the configuration says.
    pub slots: Option<usize>,
}

impl Default for WorkersOptions {
    fn default() -> Self {
        Self {
            program: child::this_program(),
            slots: None,
        }
    }
}

/// Where workers come from.
#[derive(Debug)]
pub struct Workers;

/// A word to the workers' thread.
enum Command {
    Drain(Duration),
    #[cfg(feature = "failpoints")]
    Hurt(&'static str),
}

/// The workers that were started. Dropped, they go down at once and hand back what they have.
#[derive(Debug)]
pub struct WorkersHandle {
    board: Arc<Board>,
    commands: mpsc::UnboundedSender<Command>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Workers {
    /// Starts the workers of a system; they take jobs from now on.
    ///
    /// # Errors
    /// There is no thread to be had, or the language model that is named cannot be asked.
    pub fn start(system: System, options: WorkersOptions) -> std::io::Result<WorkersHandle> {
        Self::launch(
            system,
            options,
            #[cfg(feature = "bench")]
            None,
        )
    }

    /// The same with attempts that ask no child for anything and say at once that this is their result.
    ///
    /// # Errors
    /// There is no thread to be had, or the language model that is named cannot be asked.
    #[cfg(feature = "bench")]
    pub fn start_making_nothing(
        system: System,
        options: WorkersOptions,
        nothing: songwalker_jobs::publish::Packaged,
    ) -> std::io::Result<WorkersHandle> {
        Self::launch(system, options, Some(Arc::new(nothing)))
    }

    fn launch(
        system: System,
        options: WorkersOptions,
        #[cfg(feature = "bench")] makes_nothing: Option<Arc<songwalker_jobs::publish::Packaged>>,
    ) -> std::io::Result<WorkersHandle> {
        let worker = &system.config.worker;
        let slots = options.slots.unwrap_or_else(|| worker.slots()).max(1);
        let model = model::of(&system.config.llm)?.map(Arc::new);
        let board = Board::new(slots);
        let purpose = Purpose {
            pool: PoolConfig {
                slots,
                child_jobs: worker.child_jobs,
                memory_bytes: worker.child_memory_bytes,
                cores: worker.child_cores,
                program: options.program,
            },
            system,
            worker_id: Uuid::now_v7(),
            model,
            board: Arc::clone(&board),
            #[cfg(feature = "bench")]
            makes_nothing,
        };
        let (commands, heard) = mpsc::unbounded_channel();
        board.show(|state| state.alive = true);
        let alive = Alive(Arc::clone(&board));
        let thread = std::thread::Builder::new()
            .name("songwalker-workers".to_owned())
            .spawn(move || {
                let _alive = alive;
                actix_rt::System::new().block_on(work(purpose, heard));
            })?;
        Ok(WorkersHandle {
            board,
            commands,
            thread: Mutex::new(Some(thread)),
        })
    }
}

/// Shows on the board that the thread is there, until it ends in whatever way.
struct Alive(Arc<Board>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.show(|state| state.alive = false);
    }
}

async fn work(purpose: Purpose, mut commands: mpsc::UnboundedReceiver<Command>) {
    let mut supervisor: Addr<Supervisor> = Supervisor::new(purpose.clone()).start();
    let mut round = tokio::time::interval(ROUND);
    let grace = loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(Command::Drain(grace)) => break grace,
                None => break Duration::ZERO,
                #[cfg(feature = "failpoints")]
                Some(Command::Hurt(whom)) => {
                    supervisor.do_send(crate::actors::supervisor::Hurt(whom));
                }
            },
            _ = round.tick() => {
                if !supervisor.connected() {
                    tracing::error!(actor = "supervisor", "actor restarted");
                    purpose.board.show(|state| state.restarts += 1);
                    supervisor = Supervisor::new(purpose.clone()).start();
                }
            }
        }
    };
    if supervisor.send(Drain { grace }).await.is_err() {
        tracing::error!("supervisor died while the workers went down");
    }
}

impl WorkersHandle {
    /// What they look like now.
    #[must_use]
    pub fn state(&self) -> WorkersState {
        self.board.state()
    }

    /// Tells each change of what they look like.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<WorkersState> {
        self.board.watch()
    }

    /// Takes no more jobs, lets those that run go on for `grace`, hands the rest back, and ends.
    pub async fn drain(&self, grace: Duration) {
        let _ = self.commands.send(Command::Drain(grace));
        let mut watch = self.watch();
        let _ = watch.wait_for(|state| !state.alive).await;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    /// Ends now: what runs is stopped and handed back.
    pub async fn stop(&self) {
        self.drain(Duration::ZERO).await;
    }

    /// Makes an actor die: `supervisor`, `intake`, `render_pool`, `planner`, `control`, or `job`, every running job's.
    #[cfg(feature = "failpoints")]
    pub fn hurt(&self, actor: &'static str) {
        let _ = self.commands.send(Command::Hurt(actor));
    }
}
