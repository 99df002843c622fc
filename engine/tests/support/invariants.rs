//! What holds of every patch that the parameter table allows, whatever it sounds like (`engine.md`, robustness).

use std::time::Instant;

use songwalker_engine::math;
use songwalker_engine::patch_player::{Event, PatchPlayer};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::params;
use songwalker_schemas::patch::fx::Reverb;
use songwalker_schemas::patch::osc::WarpMode;
use songwalker_schemas::patch::{Fx, Osc};

const RATE: u32 = 44_100;
/// Sample frames rendered between two looks.
const PIECE: usize = 1024;
/// The greatest level that may leave the player.
const CEILING: f32 = 2.2;
/// The greatest mean of a channel over a second or more.
const MOST_DC: f64 = 0.03;
/// What has touched the player's ceiling of 2.1 was cut there.
const CUT: f32 = 2.099;
/// The lowest note that can be heard, 20.6 Hz.
const LOWEST_NOTE: i64 = 16;
/// −80 dB.
const SILENCE: f32 = 1e-4;
/// Seconds that a key is held.
const HOLD_S: f64 = 0.5;
/// A tail piece in the middle may cost this many times what a held one of the dearer quarter costs: what is slower is
/// computing with numbers near the end of the float range. Timing noise stays below. The dearer quarter, because what
/// draws waves anew may stand still for half of a short note and move in the few pieces of its release.
const SLOWER: f64 = 3.0;
/// Fewer tail pieces have no middle: one is slow where the machine gave its time to another process.
const FEWEST: usize = 4;

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
    let mut loudest = 0.0_f32;
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
        loudest = loudest.max(peak);
        quiet = if peak < SILENCE { quiet + 1 } else { 0 };
        if !played.long && pieces > held && quiet >= 4 {
            break;
        }
    }
    let frames = (pieces * PIECE) as f64;
    let dc = sums.map(|sum| (sum / frames).abs());
    if frames >= f64::from(RATE)
        && loudest < CUT
        && is_centred(patch, played.key)
        && dc.iter().any(|x| *x >= MOST_DC)
    {
        return Err(format!("DC of {:.3} and {:.3}", dc[0], dc[1]));
    }
    if played.long && ends(patch) && quiet == 0 {
        return Err("not silent 30 s after note-off".to_owned());
    }
    if played.timed {
        for costs in &mut costs {
            costs.sort_by(f64::total_cmp);
        }
        let at = |costs: &[f64], place: usize| costs.get(place).copied().unwrap_or(0.0);
        let held = at(&costs[0], costs[0].len() * 3 / 4);
        let after = at(&costs[1], costs[1].len() / 2);
        if costs[1].len() >= FEWEST && after > SLOWER * held {
            return Err(format!(
                "a piece of the tail costs {:.0} µs, of the held note {:.0}",
                after * 1e6,
                held * 1e6
            ));
        }
    }
    Ok(())
}

/// Whether a patch has no offset of its own, as Vital has none. What is named here has one in both; the figures are
/// those of random patches exported to Vital, and ours.
///
/// - A warp makes waves lopsided, and a ringing loop makes any offset as much larger as its feedback is near 1.
/// - A distortion bends a lopsided wave to one side: Vital −0.275 and −0.104, here −0.21 and −0.10.
/// - So does the ceiling at ±2.1, which the caller looks for: Vital 0.18, −0.135, 0.11 and −0.08, here 0.18, −0.095, 0.11
///   and −0.087.
/// - A reverb whose lines are moved so fast that every pass may lower what it reads by an octave moves low notes to 0
///   Hz: Vital 0.043 and −0.007, here 0.18 and −0.08, by where the motion stands.
/// - A wave below hearing goes round less than twice in a held note: Vital 0.009 over 3 s at 2 Hz, here 0.010.
fn is_centred(patch: &PatchSpec, key: u8) -> bool {
    let modules = &patch.modules;
    let deepest = i64::from(key) + modules.voicing.voice_transpose;
    let straight =
        |osc: &Osc| !osc.enabled || osc.warp.mode == WarpMode::None && deepest + osc.transpose >= LOWEST_NOTE;
    let upright = |fx: &Fx| match fx {
        Fx::Distortion(fx) => !fx.enabled,
        Fx::Reverb(fx) => !fx.enabled || slows(fx) < 0.5,
        _ => true,
    };
    modules.osc.iter().all(straight) && modules.fx.iter().all(upright) && settles(patch)
}

/// By how much the modulation of a reverb slows the reading of its lines at the most, 1 being a standstill: its swing is
/// 2,500 samples of 44.1 kHz times the size's factor.
fn slows(reverb: &Reverb) -> f64 {
    let swing_s =
        2_500.0 / 44_100.0 * math::exp2(4.0 * reverb.size - 3.0) * reverb.mod_amount * reverb.mod_amount;
    2.0 * math::PI * reverb.mod_hz * swing_s
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
