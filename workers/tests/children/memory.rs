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

/// The same three jobs in each round, so that what one round leaves behind, every round does. The allocator takes
/// another arena now and then, for good: a step in one round. What is kept of jobs grows in most of them, so the
/// median of what rounds add tells the two apart.
#[tokio::test]
async fn most_rounds_of_the_same_jobs_add_no_memory() {
    let mut child = child().await;
    let pid = child.pid().expect("lives");
    let prompts = ["short pluck", "closed hi hat", "organ stab"];
    let orders = prompts.map(|prompt| order(prompt, 0));
    let mut after = Vec::new();
    for _ in 0..12 {
        for order in &orders {
            child
                .generate(order, &patient(), &mut |_, _| {})
                .await
                .expect("a bundle");
        }
        after.push(resident(pid));
    }
    let mut added: Vec<i64> = after
        .windows(2)
        .map(|pair| pair[1].cast_signed() - pair[0].cast_signed())
        .collect();
    added.sort_unstable();
    let median = added[added.len() / 2];
    assert!(median < 512 << 10, "bytes after each round: {after:?}");
}
