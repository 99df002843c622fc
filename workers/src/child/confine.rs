//! A child takes from itself what it must not have, before it reads a word of anybody's: memory, cores, core dumps,
//! precedence; and it dies with its parent.
//!
//! It does so itself because between fork and exec no safe code can run.

use super::protocol::ChildLimits;

/// The least address space with which a generation works: threads reserve far more than they use.
pub const LEAST_MEMORY_BYTES: u64 = 1 << 30;

/// Applies the limits to this process. Call it before any other thread exists: cores and precedence are a thread's own,
/// inherited by those that it starts.
///
/// # Errors
/// Which limit the system refused.
#[cfg(target_os = "linux")]
pub fn apply(limits: &ChildLimits) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, Signal, nice, set_parent_process_death_signal, setrlimit};
    use rustix::thread::{sched_getaffinity, sched_setaffinity};

    let refused = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    // The signal comes when the thread that started this process ends, so that thread must be a lasting one. A parent
    // that died before this line is seen by the end of standard input.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(refused("parent-death signal"))?;
    let exactly = |value: u64| Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    let memory = limits.memory_bytes.max(LEAST_MEMORY_BYTES);
    setrlimit(Resource::As, exactly(memory)).map_err(refused("memory"))?;
    setrlimit(Resource::Core, exactly(0)).map_err(refused("core dumps"))?;
    let allowed = sched_getaffinity(None).map_err(refused("cores"))?;
    let family =
        rustix::process::getppid().map_or(0, |parent| parent.as_raw_nonzero().get().unsigned_abs() as usize);
    sched_setaffinity(None, &chosen(&allowed, limits, family)).map_err(refused("cores"))?;
    let _ = rustix::thread::set_name(c"songwalker");
    // What follows is a courtesy to the server; without it the child works as well.
    let _ = nice(5);
    let _ = std::fs::write("/proc/self/oom_score_adj", "500");
    Ok(())
}

/// Elsewhere a child has an empty environment, a pipe and a parent that can kill it; it ends at the end of its input.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn apply(_limits: &ChildLimits) -> Result<(), String> {
    Ok(())
}

/// The cores of a slot: the next ones after its neighbour's, around the circle of those that are allowed. Each parent
/// begins elsewhere, so that workers who know nothing of each other do not crowd on the first cores.
#[cfg(target_os = "linux")]
fn chosen(allowed: &rustix::thread::CpuSet, limits: &ChildLimits, parent: usize) -> rustix::thread::CpuSet {
    use rustix::thread::CpuSet;

    let cores: Vec<usize> = (0..CpuSet::MAX_CPU)
        .filter(|core| allowed.is_set(*core))
        .collect();
    let first = limits.slot.wrapping_add(parent).wrapping_mul(limits.cores.max(1));
    let mut set = CpuSet::new();
    for core in cores
        .iter()
        .cycle()
        .skip(first % cores.len().max(1))
        .take(limits.cores.clamp(1, cores.len().max(1)))
    {
        set.set(*core);
    }
    set
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::thread::CpuSet;

    use super::*;

    #[test]
    fn neighbouring_slots_get_other_cores_until_there_are_no_more() {
        let mut allowed = CpuSet::new();
        for core in [1, 2, 5, 6, 9] {
            allowed.set(core);
        }
        let cores_of = |slot, cores, parent| {
            let limits = ChildLimits {
                memory_bytes: LEAST_MEMORY_BYTES,
                cores,
                slot,
            };
            let set = chosen(&allowed, &limits, parent);
            (0..CpuSet::MAX_CPU)
                .filter(|core| set.is_set(*core))
                .collect::<Vec<_>>()
        };
        assert_eq!(cores_of(0, 2, 0), [1, 2]);
        assert_eq!(cores_of(1, 2, 0), [5, 6]);
        assert_eq!(cores_of(2, 2, 0), [1, 9]);
        assert_eq!(cores_of(0, 2, 1), [5, 6], "another parent begins elsewhere");
        assert_eq!(cores_of(7, 1, 0), [5]);
        assert_eq!(cores_of(0, 99, 0), [1, 2, 5, 6, 9]);
        assert_eq!(
            cores_of(usize::MAX, 0, usize::MAX).len(),
            1,
            "no child is without a core"
        );
    }
}
