//! Random lives of many jobs: users ask, cancel, retry and delete; workers take, beat, fall silent, come back too late,
//! die at any step; hints are lost, clocks jump, the process is killed and started again. After every step the
//! invariants hold; at the end all workers die, one comes back, and every job ends (R2 to R9).

#![cfg(feature = "failpoints")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/bench.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod bench;

mod properties {
    pub mod step;
    pub mod world;
}

use proptest::prelude::*;
use proptest::test_runner::Config;

use properties::step::{Step, step};
use properties::world::World;

fn live(steps: &[Step]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut world = World::new().await;
        for step in steps {
            world.take(step).await;
            world.assert_invariants().await;
        }
        world.all_workers_die_and_one_comes_back().await;
        world.days_pass().await;
    });
}

/// As many lives as a test run has time for; `PROPTEST_CASES` says otherwise.
fn config() -> Config {
    let config = Config::default();
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config.cases,
        None => 40,
    };
    Config {
        cases,
        max_shrink_iters: 400,
        failure_persistence: None,
        ..config
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_happens_every_job_ends_and_every_invariant_holds_at_every_commit(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        live(&steps);
    }
}
