//! The pool: as many children as slots, healthy ones again and again, others never again.

use std::path::PathBuf;
use std::time::Duration;

use songwalker_workers::child::misbehaviour::Misbehaviour;
use songwalker_workers::child::{PoolConfig, PoolState, RenderPool};

use super::{lives, order, patient, program, until, words};

fn config(slots: usize) -> PoolConfig {
    PoolConfig {
        slots,
        child_jobs: 100,
        memory_bytes: 1 << 30,
        cores: 1,
        program: program().to_owned(),
    }
}

async fn until_state(pool: &RenderPool, holds: impl FnMut(&PoolState) -> bool) {
    let mut watch = pool.watch();
    let change = watch.wait_for(holds);
    tokio::time::timeout(Duration::from_secs(60), change)
        .await
        .expect("in time")
        .expect("the pool lives");
}

#[tokio::test]
async fn a_healthy_child_is_lent_again_and_again() {
    let pool = RenderPool::start(config(1));
    let mut pids = Vec::new();
    for _ in 0..3 {
        let mut lease = pool.checkout().await.expect("a child");
        lease.plan(&words("pad"), &patient()).await.expect("plans");
        pids.push(lease.pid());
    }
    assert!(
        pids.iter().all(|pid| pid.is_some() && *pid == pids[0]),
        "{pids:?}"
    );
    assert_eq!(pool.state().births, 1);
}

#[tokio::test]
async fn there_are_never_more_children_than_slots() {
    let pool = RenderPool::start(config(2));
    let first = pool.checkout().await.expect("a child");
    let second = pool.checkout().await.expect("a child");
    assert_ne!(first.pid(), second.pid());
    let third = tokio::time::timeout(Duration::from_millis(50), pool.checkout()).await;
    assert!(third.is_err(), "a third child for two slots");
    let pid = second.pid();
    drop(second);
    assert_eq!(pool.checkout().await.expect("a child").pid(), pid);
}

#[tokio::test]
async fn a_child_is_replaced_after_its_share_of_jobs() {
    let pool = RenderPool::start(PoolConfig {
        child_jobs: 2,
        ..config(1)
    });
    let mut pids = Vec::new();
    for _ in 0..4 {
        let lease = pool.checkout().await.expect("a child");
        pids.push(lease.pid().expect("lives"));
    }
    assert!(
        pids[0] == pids[1] && pids[1] != pids[2] && pids[2] == pids[3],
        "{pids:?}"
    );
    until("the replaced child is gone", || !lives(pids[0])).await;
}

#[tokio::test]
async fn a_child_that_went_wrong_or_was_left_in_the_middle_is_replaced() {
    let pool = RenderPool::start(config(1));
    let mut lease = pool.checkout().await.expect("a child");
    let crashed = lease.pid();
    lease.misbehave(Misbehaviour::Crash).await.expect("told");
    assert!(lease.plan(&words("pad"), &patient()).await.is_err());
    drop(lease);
    let mut lease = pool.checkout().await.expect("a child");
    let left = lease.pid();
    assert_ne!(left, crashed);
    lease.misbehave(Misbehaviour::HangHard).await.expect("told");
    let (order, stop) = (order("pad", 0), patient());
    let mut hear = |_, _| {};
    let call = lease.generate(&order, &stop, &mut hear);
    assert!(
        tokio::time::timeout(Duration::from_millis(20), call)
            .await
            .is_err()
    );
    drop(lease);
    let mut lease = pool.checkout().await.expect("a child");
    assert_ne!(lease.pid(), left);
    lease.plan(&words("pad"), &patient()).await.expect("plans");
}

#[tokio::test]
async fn a_child_that_died_in_its_sleep_is_not_lent() {
    let pool = RenderPool::start(config(1));
    let lease = pool.checkout().await.expect("a child");
    let pid = lease.pid().expect("lives");
    drop(lease);
    let number = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .expect("a number");
    rustix::process::kill_process(number, rustix::process::Signal::KILL).expect("killed");
    until("the child is dead", || !lives(pid)).await;
    let mut lease = pool.checkout().await.expect("a child");
    assert_ne!(lease.pid(), Some(pid));
    lease.plan(&words("pad"), &patient()).await.expect("plans");
}

#[tokio::test]
async fn births_that_fail_are_repeated_until_one_succeeds() {
    let folder = std::env::temp_dir().join(format!("songwalker-birth-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let place: PathBuf = folder.join("child");
    let pool = RenderPool::start(PoolConfig {
        program: place.clone(),
        ..config(1)
    });
    until_state(&pool, |state| state.failures >= 2).await;
    let state = pool.state();
    assert!(
        state.idle == 0 && state.unborn == 1 && state.last_problem.is_some(),
        "{state:?}"
    );
    std::os::unix::fs::symlink(program(), &place).expect("a link");
    assert!(pool.checkout().await.is_some());
    assert_eq!(pool.state().failures, 0);
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[tokio::test]
async fn a_closed_pool_lends_nothing_and_leaves_no_child() {
    let pool = RenderPool::start(config(2));
    until_state(&pool, |state| state.idle == 2).await;
    let lease = pool.checkout().await.expect("a child");
    let lent = lease.pid().expect("lives");
    pool.close().await;
    assert!(pool.checkout().await.is_none());
    assert!(lives(lent), "a lent child may finish");
    drop(lease);
    until("the lent child is gone", || !lives(lent)).await;
    until_state(&pool, |state| state.idle + state.leased + state.unborn == 0).await;
}
