//! Nothing on the audio path allocates: 1,000 random patches play under an allocator that ends the process, while
//! controls move, voices are stolen and patches are swapped. `generator/tests/no_allocation.rs` does the same with all
//! templates.
#![expect(unsafe_code, reason = "a global allocator cannot be written without it")]
#![expect(
    clippy::expect_used,
    reason = "helpers outside test functions fail the test by panicking"
)]

#[path = "support/aborting.rs"]
mod aborting;
#[path = "support/live.rs"]
mod live;
#[path = "support/random_patch.rs"]
mod random_patch;

use aborting::guarded;
use random_patch::{Dice, random_patch};
use songwalker_engine::patch_player::PatchPlayer;

/// Patches of each of the four tests, which run side by side.
const PATCHES: u64 = 250;
/// Blocks played of each, half of them on a patch that was swapped in.
const BLOCKS: usize = 6;

fn random_patches_from(first: u64) {
    let (mut left, mut right) = (vec![0.0; 4096], vec![0.0; 4096]);
    let mut sounding = 0;
    for seed in first..first + PATCHES {
        let mut dice = Dice(seed);
        let player = |dice: &mut Dice| {
            let mut patch = random_patch(dice);
            patch.modules.voicing.voices = patch.modules.voicing.voices.min(6);
            PatchPlayer::new(&patch, 44_100, seed).expect("a player")
        };
        let (mut playing, mut next) = (player(&mut dice), player(&mut dice));
        let loudest =
            guarded(|| live::play(&mut playing, &mut next, &mut dice, BLOCKS, &mut left, &mut right));
        sounding += usize::from(loudest > 1e-4);
    }
    assert!(sounding > 100, "only {sounding} of {PATCHES} can be heard");
}

#[test]
fn playing_allocates_nothing_in_the_first_quarter_of_a_thousand_random_patches() {
    random_patches_from(0);
}

#[test]
fn playing_allocates_nothing_in_the_second_quarter_of_a_thousand_random_patches() {
    random_patches_from(PATCHES);
}

#[test]
fn playing_allocates_nothing_in_the_third_quarter_of_a_thousand_random_patches() {
    random_patches_from(2 * PATCHES);
}

#[test]
fn playing_allocates_nothing_in_the_last_quarter_of_a_thousand_random_patches() {
    random_patches_from(3 * PATCHES);
}

/// A process of its own, which must end: the allocator can fail a test.
#[test]
fn a_guarded_allocation_ends_the_process() {
    const ASKED: &str = "SONGWALKER_TEST_ALLOCATES";
    if std::env::var_os(ASKED).is_some() {
        guarded(|| drop(std::hint::black_box(vec![1_u8; 100])));
        return;
    }
    let test = std::env::current_exe().expect("this test");
    let done = std::process::Command::new(test)
        .args(["--exact", "--nocapture", "a_guarded_allocation_ends_the_process"])
        .env(ASKED, "1")
        .output()
        .expect("the process");
    assert!(!done.status.success());
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("the audio path called the allocator"), "{said}");
}
