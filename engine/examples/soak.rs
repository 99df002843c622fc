//! Many random patches × 3 notes against the invariants of `engine/tests/support/invariants.rs`, on all processors:
//! `soak FROM TO`. Prints `{"done": SEED}` after each patch and `{"seed", "key", "fault"}` for each fault.
//! `soak SEED` prints that patch.
#![expect(
    clippy::expect_used,
    reason = "a soak that cannot go on says why by panicking"
)]

#[path = "../tests/support/invariants.rs"]
mod invariants;
#[path = "../tests/support/random_patch.rs"]
mod random_patch;

use std::sync::atomic::{AtomicU64, Ordering};

use invariants::{Played, check};
use random_patch::{Dice, random_patch};
use serde_json::json;

fn main() {
    let mut bounds = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (from, to) = match (bounds.next(), bounds.next()) {
        (Some(Ok(from)), Some(Ok(to))) => (from, to),
        (Some(Ok(seed)), None) => {
            println!("{}", random_patch(&mut Dice(seed)).to_value());
            return;
        }
        _ => {
            eprintln!("usage: soak FROM TO | soak SEED");
            std::process::exit(2);
        }
    };
    let next = AtomicU64::new(from);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= to {
                        break;
                    }
                    play(seed);
                    println!("{}", json!({ "done": seed }));
                }
            });
        }
    });
}

fn play(seed: u64) {
    let mut dice = Dice(seed);
    let patch = random_patch(&mut dice);
    for key in [24, 60, 108] {
        let played = Played {
            seed,
            key,
            velocity: (0.3 + 0.7 * dice.unit()) as f32,
            long: seed % 50 == 7,
            timed: true,
        };
        // What only another process's load made slow is not slow the second time.
        if let Err(fault) = check(&patch, played).or_else(|_| check(&patch, played)) {
            println!("{}", json!({ "seed": seed, "key": key, "fault": fault }));
        }
    }
}
