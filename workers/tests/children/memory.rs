//! A child that does job after job keeps nothing of them.

use super::{child, order, patient, proc_file};

/// Resident memory of a process, bytes.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(proc_file(pid, "status")).expect("a living process");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .expect("a line");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    1_024 * kib
}

/// The same three jobs in each round, so that what a round leaves behind is left by all.
#[tokio::test]
async fn eight_rounds_of_the_same_jobs_take_no_more_memory_than_three() {
    let mut child = child().await;
    let pid = child.pid().expect("lives");
    let prompts = ["short pluck", "closed hi hat", "organ stab"];
    let orders = prompts.map(|prompt| order(prompt, 0));
    let mut after = Vec::new();
    for _ in 0..8 {
        for order in &orders {
            child
                .generate(order, &patient(), &mut |_, _| {})
                .await
                .expect("a bundle");
        }
        after.push(resident(pid));
    }
    // What threads hold of freed memory comes and goes; what is kept only grows.
    let first = after[..3].iter().max().expect("three rounds");
    let last = after[5..].iter().min().expect("three rounds");
    assert!(last < &(first + (4 << 20)), "bytes after each round: {after:?}");
}
