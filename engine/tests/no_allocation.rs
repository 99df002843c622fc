//! Nothing on the audio path allocates: the allocator counts, the player plays in blocks of any size.
#![expect(unsafe_code, reason = "a global allocator cannot be written without it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use songwalker_engine::patch_player::{Event, PatchPlayer};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::osc::{Destination, WarpMode};
use songwalker_schemas::patch::{Fx, Route, Source};

thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    static COUNTED: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

fn count() {
    if COUNTING.with(Cell::get) {
        COUNTED.with(|counted| counted.set(counted.get() + 1));
    }
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches only thread-local cells without
// destructors, which never allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often the allocator was called while `work` ran.
fn allocations(work: impl FnOnce()) -> usize {
    COUNTED.with(|counted| counted.set(0));
    COUNTING.with(|counting| counting.set(true));
    work();
    COUNTING.with(|counting| counting.set(false));
    COUNTED.with(Cell::get)
}

/// A patch with everything switched on.
fn everything() -> PatchSpec {
    let mut patch = PatchSpec::default();
    let modules = &mut patch.modules;
    for (osc, (warp, destination)) in modules.osc.iter_mut().zip([
        (WarpMode::FmA, Destination::Both),
        (WarpMode::Sync, Destination::Reverb),
        (WarpMode::Bend, Destination::Direct),
    ]) {
        osc.enabled = true;
        osc.unison.voices = 5;
        osc.warp.mode = warp;
        osc.destination = destination;
    }
    modules.sample.enabled = true;
    for filter in &mut modules.filter {
        filter.enabled = true;
    }
    modules.filter[1].from_filter_0 = true;
    modules.voicing.glide_s = 0.05;
    modules.voicing.voices = 4;
    for fx in &mut modules.fx {
        match fx {
            Fx::Chorus(fx) => fx.enabled = true,
            Fx::Compressor(fx) => fx.enabled = true,
            Fx::Delay(fx) => fx.enabled = true,
            Fx::Distortion(fx) => fx.enabled = true,
            Fx::Eq(fx) => fx.enabled = true,
            Fx::Filter(fx) => fx.enabled = true,
            Fx::Flanger(fx) => fx.enabled = true,
            Fx::Phaser(fx) => fx.enabled = true,
            Fx::Reverb(fx) => fx.enabled = true,
        }
    }
    patch.modulation.routes = vec![
        Route::new(Source::Env1, "/modules/filter/0/cutoff_hz", 0.3),
        Route::bipolar(Source::Lfo0, "/modules/osc/0/wavetable/position", 0.5),
        Route::bipolar(Source::Random0, "/modules/osc/1/tune_cents", 0.2),
        Route::new(Source::ModWheel, "/modulation/routes/1/amount", 0.5),
        Route::new(Source::Velocity, "/modules/osc/0/unison/voices", 0.7),
    ];
    patch
}

#[test]
fn playing_allocates_nothing_whatever_the_block_size() {
    let patch = everything();
    patch.check().expect("the patch is valid");
    let mut player = PatchPlayer::new(&patch, 44_100, 0).expect("a player");
    let mut left = vec![0.0; 4096];
    let mut right = vec![0.0; 4096];
    let mut state = 12_345_u32;
    let mut random = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let mut loudest = 0.0_f32;
    let counted = allocations(|| {
        for _ in 0..60 {
            let frames = 1 + random(4096) as usize;
            let key = 36 + random(48) as u8;
            let offset = random(frames as u32) as usize;
            player.handle(offset, Event::NoteOn { key, velocity: 0.7 });
            player.handle(
                frames,
                Event::NoteOff {
                    key: 36 + random(48) as u8,
                    lift: 0.5,
                },
            );
            player.handle(offset, Event::PitchBend(random(200) as f32 / 100.0 - 1.0));
            player.handle(offset, Event::ModWheel(random(100) as f32 / 100.0));
            player.handle(offset, Event::Sustain(random(2) == 0));
            player.set_macro(random(8) as usize, f64::from(random(100)) / 100.0);
            player.set_tempo(60.0 + f64::from(random(120)));
            player.process(&mut left[..frames], &mut right[..frames]);
            loudest = left[..frames].iter().fold(loudest, |m, x| m.max(x.abs()));
        }
    });
    assert!(loudest > 0.01, "nothing sounded");
    assert_eq!(counted, 0, "the audio path called the allocator");
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(vec![1_u8; 100])) > 0);
}
