//! What holds of every patch that the parameter table allows, whatever it sounds like (`engine.md`, robustness).

use std::time::Instant;

use songwalker_engine::patch_player::{Event, PatchPlayer};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::params;
use songwalker_schemas::patch::osc::WarpMode;
use songwalker_schemas::patch::{Fx, Osc};

const RATE: u32 = 44_100;
/// Sample frames rendered between two looks.
const PIECE: usize = 1024;
/// The greatest level that may leave the player.
const CEILING: f32 = 2.2;
/// The greatest mean of a channel over a second or more.
const MOST_DC: f64 = 0.03;
/// −80 dB.
const SILENCE: f32 = 1e-4;
/// Seconds that a key is held.
const HOLD_S: f64 = 0.5;
/// A tail piece may cost this many times what a held one costs: what is slower is computing with numbers near the end
/// of the float range. Timing noise stays below.
const SLOWER: f64 = 3.0;

/// One note of one patch.
#[derive(Debug, Clone, Copy)]
pub struct Played {
    pub seed: u64,
    pub key: u8,
    pub velocity: f32,
    /// Renders 30 s of tail and looks for silence at its end, instead of stopping at −80 dB or after 5 s.
    pub long: bool,
    /// Compares the cost of the tail with that of the held note.
    pub timed: bool,
}

/// Plays a note and says what does not hold.
pub fn check(patch: &PatchSpec, played: Played) -> Result<(), String> {
    let mut player = PatchPlayer::with_most_notes(patch, RATE, played.seed, 1).map_err(|e| e.to_string())?;
    player.snap_macros();
    player.handle(
        0,
        Event::NoteOn {
            key: played.key,
            velocity: played.velocity,
        },
    );
    let held = (HOLD_S * f64::from(RATE)) as usize / PIECE;
    let tail = if played.long { 30.0 } else { 5.0 };
    let most = held + (tail * f64::from(RATE)) as usize / PIECE;
    let (mut left, mut right) = ([0.0_f32; PIECE], [0.0_f32; PIECE]);
    let mut sums = [0.0_f64; 2];
    let mut costs: [Vec<f64>; 2] = Default::default();
    let mut quiet = 0;
    let mut pieces = 0;
    while pieces < most {
        if pieces == held {
            player.handle(
                0,
                Event::NoteOff {
                    key: played.key,
                    lift: 0.5,
                },
            );
        }
        let started = Instant::now();
        player.process(&mut left, &mut right);
        let cost = started.elapsed().as_secs_f64();
        costs[usize::from(pieces >= held)].push(cost);
        let mut peak = 0.0_f32;
        for (side, samples) in [&left, &right].into_iter().enumerate() {
            for &x in samples {
                if !(x.is_finite() && x.abs() <= CEILING) {
                    return Err(format!("a sample of {x} after {pieces} pieces"));
                }
                peak = peak.max(x.abs());
                sums[side] += f64::from(x);
            }
        }
        pieces += 1;
        quiet = if peak < SILENCE { quiet + 1 } else { 0 };
        if !played.long && pieces > held && quiet >= 4 {
            break;
        }
    }
    let frames = (pieces * PIECE) as f64;
    let dc = sums.map(|sum| (sum / frames).abs());
    if frames >= f64::from(RATE) && is_centred(patch) && dc.iter().any(|x| *x >= MOST_DC) {
        return Err(format!("DC of {:.3} and {:.3}", dc[0], dc[1]));
    }
    if played.long && ends(patch) && quiet == 0 {
        return Err("not silent 30 s after note-off".to_owned());
    }
    if played.timed {
        let [held, after] = costs.map(|mut costs| {
            costs.sort_by(f64::total_cmp);
            costs.get(costs.len() / 2).copied().unwrap_or(0.0)
        });
        if after > SLOWER * held {
            return Err(format!(
                "a piece of the tail costs {:.0} µs, of the held note {:.0}",
                after * 1e6,
                held * 1e6
            ));
        }
    }
    Ok(())
}

/// Whether a patch has no offset of its own. A warp makes waves lopsided, in Vital as here, and a ringing loop makes
/// any offset as much larger as its feedback is near 1.
fn is_centred(patch: &PatchSpec) -> bool {
    let straight = |osc: &Osc| !osc.enabled || osc.warp.mode == WarpMode::None;
    patch.modules.osc.iter().all(straight) && settles(patch)
}

/// Whether a patch must fall silent within 30 s: release + 2 · decay below 15 s, feedback within ±0.9, nothing of it
/// moved by a route or knob.
fn ends(patch: &PatchSpec) -> bool {
    let decay = patch.modules.fx.iter().map(|fx| match fx {
        Fx::Reverb(fx) if fx.enabled => fx.decay_s,
        _ => 0.0,
    });
    settles(patch) && patch.modules.env[0].release_s + 2.0 * decay.fold(0.0, f64::max) < 15.0
}

/// Whether every loop dies away: feedback and the effect filter's resonance within ±0.9, and neither they nor the
/// release nor the reverb's decay moved by a route or knob.
fn settles(patch: &PatchSpec) -> bool {
    let modules = &patch.modules;
    let moved = |pointer: &str| {
        patch
            .modulation
            .routes
            .iter()
            .any(|route| route.target == pointer)
            || patch
                .macros
                .iter()
                .flat_map(|knob| &knob.targets)
                .any(|aim| aim.path == pointer)
    };
    let kinds = ["chorus", "delay", "flanger", "phaser"];
    let rows = params::table().iter().filter(|row| {
        row.path.ends_with("/decay_s") && row.path.contains("reverb")
            || row.path == "/modules/env/0/release_s"
            || row.path.ends_with("/feedback") && kinds.iter().any(|kind| row.path.contains(kind))
            || row.path.contains("/fx/filter/")
    });
    let pointers = rows.filter_map(|row| patch.pointer(&row.path));
    if pointers.into_iter().any(|pointer| moved(&pointer)) {
        return false;
    }
    modules.fx.iter().all(|fx| {
        let loops: f64 = match fx {
            Fx::Chorus(fx) if fx.enabled => fx.feedback,
            Fx::Delay(fx) if fx.enabled => fx.feedback,
            Fx::Flanger(fx) if fx.enabled => fx.feedback,
            Fx::Phaser(fx) if fx.enabled => fx.feedback,
            // A filter that rings by itself never ends.
            Fx::Filter(fx) if fx.enabled => fx.resonance,
            _ => 0.0,
        };
        loops.abs() <= 0.9
    })
}
