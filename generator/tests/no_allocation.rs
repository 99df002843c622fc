//! Nothing on the audio path allocates: all templates play under an allocator that ends the process, while controls
//! move, voices are stolen and patches are swapped.
#![expect(unsafe_code, reason = "a global allocator cannot be written without it")]
#![expect(
    clippy::expect_used,
    reason = "helpers outside test functions fail the test by panicking"
)]

#[path = "../../engine/tests/support/aborting.rs"]
mod aborting;
#[path = "../../engine/tests/support/live.rs"]
mod live;
#[path = "../../engine/tests/support/random_patch.rs"]
#[expect(dead_code, reason = "only the dice are used here")]
mod random_patch;

use aborting::guarded;
use random_patch::Dice;
use songwalker_engine::patch_player::PatchPlayer;
use songwalker_generator::templates;

/// Blocks played of each template, half of them on one that was swapped in.
const BLOCKS: usize = 10;

#[test]
fn playing_allocates_nothing_with_any_template() {
    let (mut left, mut right) = (vec![0.0; 4096], vec![0.0; 4096]);
    let patches: Vec<_> = templates::all().map(|template| &template.base).collect();
    assert!(patches.len() >= 20);
    for (i, patch) in patches.iter().enumerate() {
        let after = patches[(i + 1) % patches.len()];
        let player = |patch| PatchPlayer::new(patch, 44_100, 0).expect("a player");
        let (mut playing, mut next) = (player(patch), player(after));
        let mut dice = Dice(i as u64);
        let loudest =
            guarded(|| live::play(&mut playing, &mut next, &mut dice, BLOCKS, &mut left, &mut right));
        assert!(loudest > 0.0, "template {i} is silent");
    }
}
