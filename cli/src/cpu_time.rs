//! How much processor time this thread has used: what a render costs, whatever else the machine does.

use std::time::Instant;

/// A running measurement.
#[derive(Debug)]
pub struct CpuTimer {
    started: Instant,
    thread_s: Option<f64>,
}

impl CpuTimer {
    /// Starts measuring the calling thread.
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
            thread_s: thread_seconds(),
        }
    }

    /// Seconds of processor time since then; of wall time where the system does not say.
    pub fn seconds(&self) -> f64 {
        let wall = self.started.elapsed().as_secs_f64();
        match (self.thread_s, thread_seconds()) {
            (Some(before), Some(now)) if now > before => now - before,
            _ => wall,
        }
    }
}

/// Processor time of the calling thread so far. Linux says it in nanoseconds where its scheduler keeps statistics,
/// else in hundredths of a second (user and system, `proc(5)`); both are 0 in some sandboxes.
fn thread_seconds() -> Option<f64> {
    let fine = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .filter(|ns| *ns > 0)
        .map(|ns| ns as f64 / 1e9);
    fine.or_else(|| {
        let text = std::fs::read_to_string("/proc/thread-self/stat").ok()?;
        // The second field is the program's name in parentheses and may hold blanks.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(ticks as f64 / 100.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time_and_no_more_than_the_clock_saw() {
        let timer = CpuTimer::start();
        let wall = Instant::now();
        let mut x = 0_u64;
        while wall.elapsed().as_millis() < 60 {
            x = std::hint::black_box(x.wrapping_mul(31).wrapping_add(7));
        }
        let spent = timer.seconds();
        assert!(
            spent > 0.0 && spent < wall.elapsed().as_secs_f64() + 0.02,
            "{spent} s"
        );
    }
}
