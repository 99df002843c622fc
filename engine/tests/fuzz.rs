//! Random valid patches: whatever the parameter table allows stays finite and bounded, and ends. `cargo xtask soak
//! engine` plays 10,000 of the same patches.
#![expect(
    clippy::expect_used,
    reason = "helpers outside test functions fail the test by panicking"
)]

#[path = "support/invariants.rs"]
mod invariants;
#[path = "support/random_patch.rs"]
mod random_patch;

use invariants::{Played, check};
use random_patch::{Dice, random_patch};
use songwalker_engine::render::{RenderRequest, render};

/// Patches per run.
const PATCHES: u64 = 200;

#[test]
fn random_valid_patches_stay_finite_and_bounded_and_end() {
    for seed in 0..PATCHES {
        let mut dice = Dice(seed);
        let patch = random_patch(&mut dice);
        for key in [24, 60, 108] {
            let played = Played {
                seed,
                key,
                velocity: (0.3 + 0.7 * dice.unit()) as f32,
                long: seed % 50 == 7 && key == 60,
                timed: false,
            };
            if let Err(fault) = check(&patch, played) {
                let document = patch.to_canonical();
                panic!(
                    "seed {seed}, key {key}: {fault}\n{}",
                    String::from_utf8_lossy(&document)
                );
            }
        }
    }
}

#[test]
fn the_random_patches_are_not_all_silent() {
    let loud = (0..20)
        .filter(|seed| {
            let patch = random_patch(&mut Dice(*seed));
            let audio = render(&patch, &RenderRequest::note(60, 1.0, 0.2, 0.3), &|| false).expect("a render");
            audio.left.iter().any(|x| x.abs() > 1e-4)
        })
        .count();
    assert!(loud >= 8, "only {loud} of 20 can be heard");
}
