//! The faults themselves: each is done, held for its time and taken back, then the next one of its lane comes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use songwalker_services::Server;
use songwalker_services::servers::query;
use tokio::sync::Mutex;

use crate::broker;
use crate::plan::{Fault, Planned, Role};
use crate::process::Process;
use crate::world::World;

/// How long a process is waited for at its step, where few jobs pass.
const AT_STEP: Duration = Duration::from_secs(20);
/// After how many more accepted jobs it is waited for no longer.
const AT_STEP_JOBS: u64 = 25;
/// How long a process stands still: longer than the lease.
const FROZEN: Duration = Duration::from_secs(6);
/// How long a process may take to stop in order.
const STOPPING: Duration = Duration::from_secs(30);
/// How long what is away is away, beyond what starting it takes.
const AWAY: Duration = Duration::from_secs(2);

/// Does one lane of a schedule, each fault at its moment.
pub async fn lane(world: &World, planned: &[Planned]) {
    for fault in planned {
        let mut accepted = world.counts.watch();
        if accepted.wait_for(|count| *count >= fault.after).await.is_err() {
            return;
        }
        println!("  at {:4} accepted: {}", *accepted.borrow(), fault.fault);
        match one(world, fault).await {
            Ok(()) => world.counts.count(format!("fault: {}", fault.fault.kind())),
            Err(error) => world
                .counts
                .strange(format!("{} could not be done: {error:#}", fault.fault)),
        }
    }
}

async fn one(world: &World, planned: &Planned) -> Result<()> {
    let of = |role: Role| {
        world
            .process(role, planned.which)
            .context("there is no such process")
    };
    match planned.fault {
        Fault::Kill(role) => {
            let mut process = of(role)?.lock().await;
            process.kill();
            process.start("", "")
        }
        Fault::KillAt(role, point, nth) => {
            let plan = format!("{point}=stop:{nth}");
            let reached = stopped_at(world, of(role)?, &plan).await?;
            let told = if reached { "reached" } else { "not reached in time" };
            world.counts.count(format!("step: {point}, {told}"));
            Ok(())
        }
        Fault::Stop(role) => stop(of(role)?).await,
        Fault::Freeze(role) => {
            let process = of(role)?.lock().await;
            process.signal(Signal::STOP);
            tokio::time::sleep(FROZEN).await;
            process.signal(Signal::CONT);
            Ok(())
        }
        Fault::Children(how) => {
            let worker = world.worker(planned.which).context("there is no worker")?;
            let mut process = worker.lock().await;
            process.kill();
            process.start("", &format!("{how}:times:1"))
        }
        Fault::StoreLies => {
            let worker = world.worker(planned.which).context("there is no worker")?;
            let mut process = worker.lock().await;
            process.kill();
            process.start("store_put_lies=fail:always", "")
        }
        Fault::HintsDoubled if world.place.fleet.is_none() => {
            let twice =
                "INSERT INTO outbox (job_id, created_at) SELECT id, 0 FROM jobs ORDER BY id DESC LIMIT 50";
            world.place.execute(&[twice.to_owned(), twice.to_owned()]).await
        }
        Fault::HintsDoubled => {
            let count = broker::double(&broker_url(world)?, planned.which).await?;
            world.counts.count(format!(
                "hints doubled: {}",
                if count > 0 { "some" } else { "none waited" }
            ));
            Ok(())
        }
        Fault::QueuesPurged => {
            let count = broker::purge(&broker_url(world)?).await?;
            world.counts.count(format!(
                "hints purged: {}",
                if count > 0 { "some" } else { "none waited" }
            ));
            Ok(())
        }
        Fault::ClockJumps => world.place.clock_jumps(),
        Fault::DiskFull if !world.place.has_own_disk() => {
            let worker = world.worker(planned.which).context("there is no worker")?;
            let mut process = worker.lock().await;
            process.kill();
            process.start("store_put_full=fail:1", "")
        }
        Fault::DiskFull => {
            world.place.fill_disk(true)?;
            tokio::time::sleep(AWAY).await;
            world.place.fill_disk(false)
        }
        Fault::Store(fault) => {
            let proxy = world.place.proxy.as_ref().context("there is no way to S3")?;
            proxy.disturb(Some(fault));
            tokio::time::sleep(AWAY).await;
            proxy.disturb(None);
            Ok(())
        }
        _ => of_server(world, planned.fault).await,
    }
}

/// Starts a process that will stand at a step, waits until it does, kills it there, and starts it again; whether it came
/// there.
async fn stopped_at(world: &World, process: &Arc<Mutex<Process>>, plan: &str) -> Result<bool> {
    let mut reached = {
        let mut process = process.lock().await;
        process.kill();
        process.start(plan, "")?;
        process.reached()
    };
    let mut accepted = world.counts.watch();
    let enough = *accepted.borrow() + AT_STEP_JOBS;
    let is_reached = tokio::select! {
        reached = reached.wait_for(|reached| *reached) => reached.is_ok(),
        _ = accepted.wait_for(|count| *count >= enough) => false,
        () = tokio::time::sleep(AT_STEP) => false,
    };
    let mut process = process.lock().await;
    process.kill();
    process.start("", "")?;
    Ok(is_reached)
}

async fn stop(process: &Mutex<Process>) -> Result<()> {
    let mut process = process.lock().await;
    process.signal(Signal::TERM);
    let over = tokio::time::timeout(STOPPING, async {
        while !process.is_over() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let is_over = over.await.is_ok();
    process.kill();
    process.start("", "")?;
    ensure!(is_over, "it did not stop within {STOPPING:?}");
    Ok(())
}

fn broker_url(world: &World) -> Result<String> {
    world
        .place
        .server(|fleet| fleet.rabbit.url())
        .context("there is no RabbitMQ")
}

/// What is done to a server; it is away for a while.
async fn of_server(world: &World, fault: Fault) -> Result<()> {
    let fleet = Arc::clone(world.place.fleet.as_ref().context("there are no servers")?);
    let done = tokio::task::spawn_blocking(move || -> Result<()> {
        let mut fleet = fleet.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let away = |server: &mut dyn Server| {
            server.kill();
            std::thread::sleep(AWAY);
            server.start()
        };
        match fault {
            Fault::BrokerKilled => away(&mut fleet.rabbit),
            Fault::BrokerEmptied => {
                fleet.rabbit.kill();
                fleet.rabbit.empty_disk()?;
                fleet.rabbit.start()
            }
            Fault::DatabaseKilled => away(&mut fleet.postgres),
            Fault::DatabaseRestarted => {
                fleet.postgres.stop();
                fleet.postgres.start()
            }
            Fault::ConnectionsCut => {
                let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
                for _ in 0..5 {
                    query(&fleet.postgres.url(), cut)?;
                    std::thread::sleep(Duration::from_millis(300));
                }
                Ok(())
            }
            Fault::RedisKilled => away(&mut fleet.redis),
            Fault::RedisFlushed => broker::flush_redis(&fleet.redis.url()),
            Fault::StoreKilled => away(&mut fleet.s3),
            other => anyhow::bail!("{other} is done to no server"),
        }
    });
    done.await?
}
