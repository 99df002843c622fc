//! Brightness, and character.

use songwalker_engine::math;
use songwalker_schemas::PatchSpec;
use songwalker_schemas::patch::fx::{Eq, EqBandMode, EqHighMode, EqLowMode, Fx, FxType};
use songwalker_schemas::patch::osc::{Destination, Warp, WarpMode};

use super::Turn;
use super::way::{between, room, straight};
use crate::mapper::rack;

/// Raw range of a cutoff, semitones.
const CUTOFF_ST: f64 = 128.0;
/// How far brightness moves a cutoff on each side, semitones.
const CUTOFF_WAY_ST: f64 = 24.0;

/// Switches the equaliser on, which at 0 dB changes nothing, and lets `change` see to its bands.
fn eq(patch: &mut PatchSpec, change: impl FnOnce(&mut Eq)) -> usize {
    let place = rack::place(patch, FxType::Eq);
    if let Fx::Eq(fx) = &mut patch.modules.fx[place] {
        fx.enabled = true;
        change(fx);
    }
    place
}

/// How far a filter's cutoff lies above the reference note's fundamental, semitones.
fn above_fundamental(patch: &PatchSpec, i: usize) -> f64 {
    let filter = &patch.modules.filter[i];
    let note = f64::from(patch.meta.category.reference_note());
    math::hz_to_note(filter.cutoff_hz) + filter.keytrack * (note - 60.0) - note
}

/// Whether a wave is read as it is; a pulse as long as the cycle is the wave itself.
fn is_unbent(warp: &Warp) -> bool {
    warp.mode == WarpMode::None || (warp.mode == WarpMode::Pulse && warp.amount == 0.0)
}

/// Whether there is nothing but sines, which cannot be darker than they are.
fn is_pure(patch: &PatchSpec) -> bool {
    let modules = &patch.modules;
    let noise = modules.sample.enabled && modules.sample.level > 0.05;
    !noise
        && modules
            .osc
            .iter()
            .filter(|osc| osc.enabled && osc.level > 0.05)
            .all(|osc| {
                let table = osc.wavetable.name.0.as_str();
                is_unbent(&osc.warp)
                    && (table == "sine" || (table == "basic_shapes" && osc.wavetable.position < 32.0))
            })
}

/// Filters, a shelf, and harmonics where there are none to let through.
pub(super) fn brightness(patch: &mut PatchSpec) -> Turn {
    let default = if is_pure(patch) { 0.0 } else { 0.5 };
    let mut targets = Vec::new();
    for i in 0..2 {
        let filter = &patch.modules.filter[i];
        if filter.enabled && filter.blend < 1.5 {
            let path = format!("/modules/filter/{i}/cutoff_hz");
            // Below the fundamental a low-pass makes softer, not darker.
            let down = (above_fundamental(patch, i) + 7.0).clamp(2.0, CUTOFF_WAY_ST);
            let high = room(patch, &path, CUTOFF_WAY_ST / CUTOFF_ST);
            targets.push(between(path, default, -down / CUTOFF_ST, high.max(0.02)));
        }
    }
    for (i, osc) in patch.modules.osc.iter_mut().enumerate() {
        if !osc.enabled || osc.level <= 0.05 || !is_unbent(&osc.warp) {
            continue;
        }
        let (table, position) = (osc.wavetable.name.0.as_str(), osc.wavetable.position);
        if table == "basic_shapes" && position < 64.0 {
            let path = format!("/modules/osc/{i}/wavetable/position");
            // Before its first frame the table goes no further.
            targets.push(straight(path, 0.6));
        } else if table == "sine"
            && matches!(
                osc.destination,
                Destination::Filter1 | Destination::Filter2 | Destination::Both
            )
        {
            osc.warp.mode = WarpMode::Pulse;
            osc.warp.amount = 0.0;
            targets.push(straight(format!("/modules/osc/{i}/warp/amount"), 0.35));
        }
    }
    let place = eq(patch, |_| {});
    let is_shelf = matches!(&patch.modules.fx[place], Fx::Eq(fx) if fx.high.mode == EqHighMode::Shelf);
    if is_shelf {
        targets.push(straight(format!("/modules/fx/{place}/high/gain_db"), 0.5));
    }
    let is_low_shelf = matches!(&patch.modules.fx[place], Fx::Eq(fx) if fx.low.mode == EqLowMode::Shelf);
    if is_low_shelf {
        targets.push(straight(format!("/modules/fx/{place}/low/gain_db"), -0.2));
    }
    (default, targets)
}

/// Where the bell of character stands: between the third and the tenth partial of the reference note, Hz.
fn bell_hz(patch: &PatchSpec) -> f64 {
    let note = f64::from(patch.meta.category.reference_note());
    let partial = math::note_to_hz(note + 31.0);
    let open = (0..2)
        .filter(|i| patch.modules.filter[*i].enabled && patch.modules.filter[*i].blend < 1.5)
        .map(|i| math::note_to_hz(note + above_fundamental(patch, i)))
        .fold(f64::INFINITY, f64::min);
    partial.min(1.5 * open).max(math::note_to_hz(note + 12.0))
}

/// Another colour: shapes, resonance, and a broad bell that hollows out or brings forward the middle.
pub(super) fn character(patch: &mut PatchSpec) -> Turn {
    let mut targets = Vec::new();
    for (i, osc) in patch
        .modules
        .osc
        .iter()
        .enumerate()
        .filter(|(_, osc)| osc.enabled)
    {
        if osc.warp.mode != WarpMode::None && osc.warp.amount > 0.0 {
            targets.push(straight(format!("/modules/osc/{i}/warp/amount"), 0.3));
        }
        targets.push(straight(format!("/modules/osc/{i}/wavetable/position"), 0.5));
    }
    for i in 0..2 {
        if patch.modules.filter[i].enabled {
            targets.push(straight(format!("/modules/filter/{i}/resonance"), 0.35));
        }
    }
    let hz = songwalker_schemas::canonical::quantise(bell_hz(patch));
    let mut is_bell = false;
    let place = eq(patch, |fx| {
        is_bell = fx.band.mode == EqBandMode::Peak;
        if is_bell && fx.band.gain_db == 0.0 {
            fx.band.hz = hz;
            fx.band.resonance = 0.2;
        }
        if fx.low.mode == EqLowMode::Shelf && fx.low.gain_db == 0.0 {
            fx.low.hz = songwalker_schemas::canonical::quantise(0.4 * hz);
        }
    });
    if is_bell {
        targets.push(straight(format!("/modules/fx/{place}/band/gain_db"), 0.7));
    }
    (0.5, targets)
}
