//! `cargo xtask bench memory`: what the server and its children hold after 100 jobs and after many.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::load;
use crate::service::{PATIENCE, Service};
use crate::workspace::Workspace;

/// After how many jobs everything is warm.
const WARM: usize = 100;
/// How often a child is looked for.
const PAUSE: Duration = Duration::from_millis(20);

/// What a process and its children hold, kB.
#[derive(Debug, PartialEq)]
struct Held {
    server: u64,
    children: Vec<u64>,
}

/// Prints the figures; an error where a job does not succeed.
pub fn run(workspace: &Workspace, jobs: usize, binary: Option<PathBuf>) -> Result<bool> {
    let binary = workspace.release_binary(binary.as_deref())?;
    let folder = workspace.target.join("bench-memory");
    let service = Service::start(&binary, &folder, &[("SONGWALKER__QUOTAS__ENABLED", "false")])?;
    println!("load average {}", load());
    println!(
        "{:>6}{:>12}{:>14}{:>10}",
        "jobs", "server MB", "children MB", "children"
    );
    let print = |done: usize| -> Result<()> {
        let held = steady(service.pid())?;
        let mb = |kb: u64| kb as f64 / 1024.0;
        println!(
            "{done:>6}{:>12.1}{:>14.1}{:>10}",
            mb(held.server),
            mb(held.children.iter().sum()),
            held.children.len()
        );
        Ok(())
    };
    print(0)?;
    for number in 1..=jobs {
        let request = json!({ "prompt": "closed hi hat", "seed": number, "variations": 0 });
        let answer = service.call("POST", "/v1/jobs", &["Prefer: wait=25"], Some(&request))?;
        ensure!(
            answer.json()["state"] == "succeeded",
            "{}: {}",
            answer.status,
            answer.json()
        );
        if number == WARM || number % 250 == 0 || number == jobs {
            print(number)?;
        }
    }
    service.stop()?;
    std::fs::remove_dir_all(&folder)?;
    Ok(true)
}

/// Parent and resident memory (kB) of every process, by id.
fn processes() -> Result<BTreeMap<u32, (u32, u64)>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").context("no /proc: this figure needs Linux")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end while it is looked at.
        if let Ok(status) = std::fs::read_to_string(entry.path().join("status"))
            && let Some(parent) = number(&status, "PPid:")
        {
            let kb = number(&status, "VmRSS:").unwrap_or(0);
            found.insert(pid, (u32::try_from(parent)?, kb));
        }
    }
    Ok(found)
}

/// The number behind a word at the start of a line.
pub(super) fn number(status: &str, word: &str) -> Option<u64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(word))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// What a server holds while its children are there: after so many jobs one is replaced by another.
fn steady(pid: u32) -> Result<Held> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let held = held(pid, &processes()?).context("the server is gone")?;
        if !held.children.is_empty() {
            return Ok(held);
        }
        ensure!(Instant::now() < deadline, "the server has no children");
        std::thread::sleep(PAUSE);
    }
}

/// What a process and its direct children hold.
fn held(pid: u32, processes: &BTreeMap<u32, (u32, u64)>) -> Option<Held> {
    let (_, server) = *processes.get(&pid)?;
    let children = processes
        .values()
        .filter(|(parent, _)| *parent == pid)
        .map(|(_, kb)| *kb)
        .collect();
    Some(Held { server, children })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_holds_its_own_and_its_childrens_memory_and_nobody_elses() {
        let processes = BTreeMap::from([
            (1, (0, 5)),
            (7, (1, 100)),
            (8, (7, 20)),
            (9, (7, 30)),
            (10, (9, 1)),
        ]);
        let held = held(7, &processes).unwrap();
        assert_eq!(
            held,
            Held {
                server: 100,
                children: vec![20, 30]
            }
        );
    }

    #[test]
    fn this_process_is_among_the_processes() {
        let all = processes().unwrap();
        assert!(all[&std::process::id()].1 > 100);
    }
}
