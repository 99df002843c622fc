//! The `Supervisor` starts the other actors, starts anew those that die, says that this worker is there, and takes it
//! down in order: no more jobs, a grace for those that run, the rest handed back (R7).
//!
//! Jobs' owners are not restarted: an owner that dies loses its lease, and the sweep sees to the job (R4).

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, ResponseFuture, WrapFuture};
use songwalker_jobs::{System, presence};
use songwalker_llm::Model;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::control::{self, Control};
use super::intake::{Intake, Needs};
use super::job_actor::Colleagues;
use super::planner::Planner;
use super::render_pool::{Close, RenderPoolActor};
use crate::attempt::Cause;
use crate::board::{Board, IntakeState};
use crate::child::PoolConfig;

/// How often the others are looked after.
const ROUND: Duration = Duration::from_millis(250);
/// How long, beyond the grace of a stop, the ends of what was stopped may take to write.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Take the worker down; answered when it is.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Drain {
    /// How long jobs that run may go on.
    pub grace: Duration,
}

/// What all this is for.
#[derive(Clone)]
pub struct Purpose {
    /// Everything.
    pub system: System,
    /// As whom jobs are claimed.
    pub worker_id: Uuid,
    /// The children.
    pub pool: PoolConfig,
    /// The language model that may be asked, with its one circuit breaker.
    pub model: Option<Arc<Model>>,
    /// Where all show what they do.
    pub board: Arc<Board>,
    /// What attempts say in place of making something.
    #[cfg(feature = "bench")]
    pub makes_nothing: Option<Arc<songwalker_jobs::publish::Packaged>>,
}

/// The others.
struct Crew {
    pool: Addr<RenderPoolActor>,
    planner: Addr<Planner>,
    control: Addr<Control>,
    intake: Addr<Intake>,
    /// Ends the intake.
    stop: CancellationToken,
}

/// The actor.
pub struct Supervisor {
    purpose: Purpose,
    crew: Crew,
    is_draining: bool,
}

impl Supervisor {
    /// An actor whose crew is at work already. Call it where actors can start.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        let pool = purpose.pool();
        let planner = purpose.planner();
        let control = purpose.control();
        let (intake, stop) = purpose.intake(&pool, &planner, &control);
        let crew = Crew {
            pool,
            planner,
            control,
            intake,
            stop,
        };
        Self {
            purpose,
            crew,
            is_draining: false,
        }
    }

    /// Starts anew what has died. What worked with it is given the new address.
    fn round(&mut self, _: &mut Context<Self>) {
        if self.is_draining {
            return;
        }
        let (purpose, crew) = (&self.purpose, &mut self.crew);
        let mut dead = Vec::new();
        if !crew.pool.connected() {
            dead.push("render_pool");
            crew.pool = purpose.pool();
        }
        if !crew.planner.connected() {
            dead.push("planner");
            crew.planner = purpose.planner();
        }
        if !crew.control.connected() {
            dead.push("control");
            crew.control = purpose.control();
        }
        if !dead.is_empty() {
            // It works with the others' addresses; its own end is seen in a later round.
            crew.stop.cancel();
        }
        let is_new = !crew.intake.connected();
        if is_new {
            if !crew.stop.is_cancelled() {
                dead.push("intake");
            }
            crew.stop.cancel();
            (crew.intake, crew.stop) = purpose.intake(&crew.pool, &crew.planner, &crew.control);
        }
        for name in &dead {
            tracing::error!(actor = name, "actor restarted");
        }
        let is_whole = dead.is_empty() && (is_new || !crew.stop.is_cancelled());
        purpose.board.show(|state| {
            state.restarts += dead.len() as u64;
            state.down = if is_whole { Vec::new() } else { dead };
        });
    }

    /// Says that this worker is there.
    fn presence(&mut self, ctx: &mut Context<Self>) {
        if self.is_draining {
            return;
        }
        let Purpose {
            system,
            worker_id,
            pool,
            ..
        } = self.purpose.clone();
        let seen = async move {
            let said = match presence::seen(&system, worker_id).await {
                Ok(true) => Ok(()),
                Ok(false) => presence::register(&system, worker_id, pool.slots).await,
                Err(error) => Err(error),
            };
            if let Err(error) = said {
                tracing::warn!(worker.id = %worker_id, error = %error, "presence not said");
            }
        };
        ctx.spawn(seen.into_actor(self));
    }
}

impl Purpose {
    fn pool(&self) -> Addr<RenderPoolActor> {
        RenderPoolActor::new(self.pool.clone(), Arc::clone(&self.board)).start()
    }

    fn planner(&self) -> Addr<Planner> {
        Planner::new(self.pool.slots, self.model.clone()).start()
    }

    fn control(&self) -> Addr<Control> {
        Control::new(self.system.clone()).start()
    }

    fn intake(
        &self,
        pool: &Addr<RenderPoolActor>,
        planner: &Addr<Planner>,
        control: &Addr<Control>,
    ) -> (Addr<Intake>, CancellationToken) {
        let stop = CancellationToken::new();
        let needs = Needs {
            system: self.system.clone(),
            worker_id: self.worker_id,
            slots: self.pool.slots,
            pool: pool.clone(),
            colleagues: Colleagues {
                planner: planner.clone(),
                control: control.clone(),
                #[cfg(feature = "bench")]
                makes_nothing: self.makes_nothing.clone(),
            },
            board: Arc::clone(&self.board),
            stop: stop.clone(),
        };
        (Intake::new(needs).start(), stop)
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(ROUND, Self::round);
        self.presence(ctx);
        let heartbeat = self.purpose.system.config.worker.heartbeat.duration();
        ctx.run_interval(heartbeat, Self::presence);
    }
}

impl Handler<Drain> for Supervisor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Drain { grace }: Drain, _: &mut Self::Context) -> Self::Result {
        self.is_draining = true;
        let Purpose {
            system,
            worker_id,
            board,
            ..
        } = self.purpose.clone();
        let pool = self.crew.pool.clone();
        board.show(|state| state.draining = true);
        self.crew.stop.cancel();
        Box::pin(async move {
            // A claim that is under way becomes a running job before the intake is gone.
            let mut watch = board.watch();
            let _ = timeout(
                LAST_WRITES,
                watch.wait_for(|state| state.intake == IntakeState::Away),
            )
            .await;
            if timeout(grace, board.until_idle()).await.is_err() {
                board.stop_all(Cause::Shutdown);
                let stop = system.config.worker.cancel_grace.duration() + LAST_WRITES;
                let _ = timeout(stop, board.until_idle()).await;
            }
            let _ = pool.send(Close).await;
            if let Ok(Err(error)) = timeout(LAST_WRITES, presence::leave(&system, worker_id)).await {
                tracing::warn!(worker.id = %worker_id, error = %error, "leave not said");
            }
        })
    }
}

/// What it started ends with it; jobs that run are not touched. Pool and control have streams of their own and would
/// stay for ever beside those of the next supervisor.
impl Drop for Supervisor {
    fn drop(&mut self) {
        self.crew.stop.cancel();
        self.crew.pool.do_send(Close);
        self.crew.control.do_send(control::Close);
    }
}

/// Make an actor die: `supervisor`, `intake`, `render_pool`, `planner`, `control`, or `job`, every running job's.
#[cfg(feature = "failpoints")]
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Hurt(pub &'static str);

#[cfg(feature = "failpoints")]
impl Handler<Hurt> for Supervisor {
    type Result = ();

    fn handle(&mut self, Hurt(whom): Hurt, _: &mut Self::Context) {
        use super::Panic;
        match whom {
            "intake" => self.crew.intake.do_send(Panic),
            "render_pool" => self.crew.pool.do_send(Panic),
            "planner" => self.crew.planner.do_send(Panic),
            "control" => self.crew.control.do_send(Panic),
            "job" => self.crew.control.do_send(super::control::PanicOwners),
            _ => panic!("told to"),
        }
    }
}

#[cfg(all(test, feature = "failpoints"))]
mod tests {
    use songwalker_jobs::config::Config;
    use songwalker_jobs::{Catalogue, open};
    use tokio::time::Instant;

    use super::*;

    #[actix::test]
    async fn a_supervisor_that_dies_takes_pool_and_control_with_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let catalogue = Catalogue {
            generator_version: "1".to_owned(),
            template_ids: std::collections::BTreeSet::new(),
        };
        let config = Config::for_tests(dir.path().join("data"));
        let system = open::open(config, catalogue).await.expect("opens");
        let purpose = Purpose {
            pool: PoolConfig {
                slots: 1,
                child_jobs: 1,
                memory_bytes: 1 << 30,
                cores: 1,
                // No child is born: an actor must end all the same.
                program: dir.path().join("nothing"),
            },
            system,
            worker_id: Uuid::now_v7(),
            model: None,
            board: Board::new(1),
            #[cfg(feature = "bench")]
            makes_nothing: None,
        };
        let supervisor = Supervisor::new(purpose);
        let (pool, control) = (supervisor.crew.pool.clone(), supervisor.crew.control.clone());
        let supervisor = supervisor.start();
        assert!(pool.connected() && control.connected());
        supervisor.do_send(Hurt("supervisor"));
        let deadline = Instant::now() + Duration::from_secs(60);
        while supervisor.connected() || pool.connected() || control.connected() {
            assert!(Instant::now() < deadline, "never: all three have ended");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
