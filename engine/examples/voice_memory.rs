//! Bytes that a player takes for itself and for each voice, counted by the allocator: one line of JSON per patch.
#![expect(unsafe_code, reason = "a global allocator cannot be written without it")]
#![expect(
    clippy::expect_used,
    reason = "a measurement that cannot go on says why by panicking"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

use serde_json::json;
use songwalker_engine::patch_player::PatchPlayer;
use songwalker_schemas::PatchSpec;

struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged; counting is one atomic addition.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that stay taken for a player of so many voices.
fn taken(patch: &PatchSpec, voices: i64) -> isize {
    let mut patch = patch.clone();
    patch.modules.voicing.voices = voices;
    let before = BYTES.load(Ordering::Relaxed);
    let player = PatchPlayer::new(&patch, 44_100, 0).expect("a player");
    let after = BYTES.load(Ordering::Relaxed);
    drop(player);
    after - before
}

fn main() {
    let mut plain = PatchSpec::default();
    plain.modules.filter[0].enabled = true;
    let mut full = PatchSpec::default();
    for osc in &mut full.modules.osc {
        osc.enabled = true;
        osc.unison.voices = 7;
    }
    for filter in &mut full.modules.filter {
        filter.enabled = true;
    }
    for (name, patch) in [
        ("1 oscillator, 1 filter", plain),
        ("3 oscillators, 2 filters", full),
    ] {
        let (few, many) = (taken(&patch, 8), taken(&patch, 40));
        let voice = (many - few) / 32;
        println!(
            "{}",
            json!({ "patch": name, "voice_bytes": voice, "player_bytes": few - 8 * voice })
        );
    }
}
