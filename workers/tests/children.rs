//! Real child processes: what they answer, how they are confined, and what becomes of those that misbehave.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use songwalker_generator::pipeline::{self, Request};
use songwalker_schemas::Intent;
use songwalker_schemas::job::PlannerChoice;
use songwalker_workers::child::{ChildLimits, GenerateOrder, PlanOrder, RenderChild, Stop};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

#[path = "children/confinement.rs"]
mod confinement;
#[path = "children/conversation.rs"]
mod conversation;
#[path = "children/memory.rs"]
mod memory;
#[path = "children/misbehaving.rs"]
mod misbehaving;
#[path = "children/pool.rs"]
mod pool;

const LIMITS: ChildLimits = ChildLimits {
    memory_bytes: 1 << 30,
    cores: 2,
    slot: 0,
};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_songwalker-child-for-tests"))
}

async fn child() -> RenderChild {
    RenderChild::spawn(&LIMITS, program()).await.expect("a child")
}

/// Never in the tests' way.
fn patient() -> Stop {
    let long = Duration::from_secs(120);
    Stop::new(CancellationToken::new(), long, Instant::now() + long)
}

fn intent(prompt: &str) -> Intent {
    let request = Request {
        prompt: prompt.to_owned(),
        tags: Vec::new(),
        template_id: None,
        seed: 0,
        variations: 0,
        parent: None,
    };
    pipeline::plan(&request).expect("plans").intent
}

fn words(prompt: &str) -> PlanOrder {
    PlanOrder {
        prompt: prompt.to_owned(),
        tags: Vec::new(),
        template_id: None,
        seed: 0,
    }
}

fn order(prompt: &str, variations: usize) -> GenerateOrder {
    GenerateOrder {
        intent: intent(prompt),
        seed: 0,
        variations,
        parent: None,
        planner: PlannerChoice::Embedded,
    }
}

/// A file of a process's folder under `/proc`.
fn proc_file(pid: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}

/// Whether a process is there and no mere entry that nobody has collected. A process ends with its last thread.
fn lives(pid: u32) -> bool {
    let threads = std::fs::read_dir(proc_file(pid, "task")).map_or(0, Iterator::count);
    let stat = std::fs::read_to_string(proc_file(pid, "stat")).unwrap_or_default();
    match stat.rsplit_once(") ") {
        Some((_, rest)) => threads > 1 || !rest.starts_with(['Z', 'X']),
        None => false,
    }
}

/// Waits until something holds; a test that waits for nothing ends here.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
