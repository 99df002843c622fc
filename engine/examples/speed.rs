//! What playing costs: CPU time of some patches as a multiple of real time, at each instruction level.
//!
//! `speed [SECONDS] [PATCH] [LEVEL]`: without a patch (its number) all, without a level (0, 1, 2) all that the
//! processor has. CPU time is the thread's own (`/proc`), so other work on the machine hardly disturbs it.

use songwalker_engine::patch_player::{Event, PatchPlayer};
use songwalker_engine::simd::Level;
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::osc::Destination;
use songwalker_schemas::patch::{FilterModel, FilterStyle, Fx, Route, Source};

const RATE: u32 = 44_100;
const CHORD: [u8; 8] = [48, 52, 55, 59, 60, 64, 67, 71];

/// Nanoseconds that this thread has computed.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn saws(voices: &[i64]) -> PatchSpec {
    let mut patch = PatchSpec::default();
    for (osc, voices) in patch.modules.osc.iter_mut().zip(voices) {
        osc.enabled = true;
        osc.destination = Destination::Filter1;
        osc.wavetable.name.0 = "saw".into();
        osc.wavetable.position = 0.0;
        osc.unison.voices = *voices;
        osc.unison.detune_cents = 15.0;
    }
    patch.modules.voicing.voices = 16;
    low_pass(&mut patch, 0);
    patch
}

fn low_pass(patch: &mut PatchSpec, i: usize) {
    let filter = &mut patch.modules.filter[i];
    filter.enabled = true;
    filter.model = FilterModel::Analog;
    filter.style = FilterStyle::Db24;
    filter.cutoff_hz = 2000.0;
}

fn effects(patch: &mut PatchSpec, all: bool) {
    for fx in &mut patch.modules.fx {
        match fx {
            Fx::Chorus(fx) => fx.enabled = true,
            Fx::Reverb(fx) => fx.enabled = true,
            Fx::Compressor(fx) => fx.enabled = all,
            Fx::Delay(fx) => fx.enabled = all,
            Fx::Distortion(fx) => fx.enabled = all,
            Fx::Eq(fx) => fx.enabled = all,
            Fx::Filter(fx) => fx.enabled = all,
            Fx::Flanger(fx) => fx.enabled = all,
            Fx::Phaser(fx) => fx.enabled = all,
        }
    }
}

fn patches() -> Vec<(&'static str, PatchSpec, Vec<u8>)> {
    let one = saws(&[1]);
    let mut pad = saws(&[7, 7]);
    pad.modulation.routes = vec![Route::bipolar(Source::Lfo0, "/modules/filter/0/cutoff_hz", 0.1)];
    let dry = pad.clone();
    effects(&mut pad, false);
    let mut moving = dry.clone();
    for (i, osc) in moving.modules.osc.iter_mut().enumerate().take(2) {
        osc.wavetable.name.0 = "saw_octaves".into();
        let path = format!("/modules/osc/{i}/wavetable/position");
        moving
            .modulation
            .routes
            .push(Route::bipolar(Source::Lfo1, &path, 0.9));
    }
    let mut full = saws(&[7, 7, 7]);
    low_pass(&mut full, 1);
    effects(&mut full, true);
    let mut many = one.clone();
    many.modules.voicing.voices = 64;
    vec![
        ("0: 1 saw + analog 24", one, vec![60]),
        ("1: pad", pad.clone(), vec![60]),
        ("2: pad, chord of 8", pad, CHORD.to_vec()),
        ("3: pad without effects", dry.clone(), vec![60]),
        ("4: the same, chord of 8", dry, CHORD.to_vec()),
        ("5: 3 osc x 7, 2 filters, all effects", full, vec![60]),
        ("6: 64 voices of 0", many, (32..96).collect()),
        ("7: pad without effects, frames moving", moving, vec![60]),
    ]
}

fn main() {
    let number = |i: usize| {
        std::env::args()
            .nth(i)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let seconds = number(1).unwrap_or(10);
    let mut left = vec![0.0; 512];
    let mut right = vec![0.0; 512];
    for (i, (title, patch, keys)) in patches().into_iter().enumerate() {
        if number(2).is_some_and(|wanted| wanted != i) {
            continue;
        }
        for (l, level) in Level::ALL.into_iter().enumerate() {
            if number(3).is_some_and(|wanted| wanted != l) || !level.is_available() {
                continue;
            }
            let Ok(mut player) = PatchPlayer::new(&patch, RATE, 0) else {
                println!("{title}: cannot be played");
                continue;
            };
            player.set_level(level);
            for &key in &keys {
                player.handle(0, Event::NoteOn { key, velocity: 0.8 });
            }
            let mut sum = 0.0_f64;
            // The kernel counts in ticks of some milliseconds: one long measurement says more than many short ones.
            let before = cpu_ns();
            for _ in 0..seconds.max(1) * (RATE / 512) as usize {
                player.process(&mut left, &mut right);
                sum += f64::from(left[0]) + f64::from(right[511]);
            }
            let played = seconds.max(1) as f64 * f64::from(RATE / 512 * 512) / f64::from(RATE);
            let times = played * 1e9 / (cpu_ns() - before).max(1) as f64;
            println!("{title:40} {level:?}: {times:.1} x real time ({sum:.6})");
        }
    }
}
