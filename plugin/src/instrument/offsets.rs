//! Parameters that are offsets to the patch's own: they move the patch's raw values, smoothly, from where the patch has
//! them. An offset that was never moved touches nothing, so that it cannot change a bit.

use songwalker_engine::math;
use songwalker_engine::patch_player::PatchPlayer;
use songwalker_engine::{BLOCK, math::PI};
use songwalker_schemas::PatchSpec;
use songwalker_schemas::params::{self, ParamId};

use crate::params::SlotValues;

/// Corner of the way to a new value, hertz: that of the engine's macros.
const SMOOTH_HZ: f64 = 20.0;
/// This near, a value has arrived.
const ARRIVED: f32 = 1e-4;

/// A parameter that is moved.
#[derive(Debug, Clone, Copy)]
struct Aim {
    id: ParamId,
    /// The patch's raw value.
    base: f32,
    /// Raw value per unit of the offset.
    scale: f32,
}

#[derive(Debug)]
struct Offset {
    aims: Vec<Aim>,
    value: f32,
}

impl Offset {
    fn new(raw: &[f32], paths: &[String], scale: fn(ParamId) -> f32) -> Self {
        let aim = |path: &String| {
            let id = params::id(path)?;
            Some(Aim {
                id,
                base: raw[id.index()],
                scale: scale(id),
            })
        };
        Self {
            aims: paths.iter().filter_map(aim).collect(),
            value: 0.0,
        }
    }

    fn put(&mut self, player: &mut PatchPlayer, value: f32) {
        self.value = value;
        for aim in &self.aims {
            player.set_parameter(aim.id, aim.base + value * aim.scale);
        }
    }
}

/// The six offsets of a slot.
#[derive(Debug)]
pub struct Offsets {
    offsets: [Offset; 6],
    /// Share of the way that is left after a control block.
    keep: f32,
}

fn wanted(values: &SlotValues) -> [f32; 6] {
    [
        values.attack,
        values.decay,
        values.sustain,
        values.release,
        values.cutoff_st,
        values.resonance,
    ]
}

impl Offsets {
    /// Those of a patch, at 0.
    #[must_use]
    pub fn new(patch: &PatchSpec, sample_rate: u32) -> Self {
        let raw = patch.raw_values();
        let envelope = |what: &str| vec![format!("/modules/env/0/{what}")];
        let filters = |what: &str| -> Vec<String> {
            let on = (0..2).filter(|i| patch.modules.filter[*i].enabled);
            on.map(|i| format!("/modules/filter/{i}/{what}")).collect()
        };
        // Times: half the range of their fourth roots, so that the whole way goes from a click to seconds.
        let time = |id: ParamId| 0.5 * id.row().raw_range() as f32;
        let share = |id: ParamId| id.row().raw_range() as f32;
        let semitones = |_: ParamId| 1.0;
        let seconds = BLOCK as f64 / f64::from(sample_rate);
        Self {
            offsets: [
                Offset::new(&raw, &envelope("attack_s"), time),
                Offset::new(&raw, &envelope("decay_s"), time),
                Offset::new(&raw, &envelope("sustain"), share),
                Offset::new(&raw, &envelope("release_s"), time),
                Offset::new(&raw, &filters("cutoff_hz"), semitones),
                Offset::new(&raw, &filters("resonance"), share),
            ],
            keep: math::exp(-2.0 * PI * SMOOTH_HZ * seconds) as f32,
        }
    }

    /// Goes there at once: before the first sound.
    pub fn snap(&mut self, player: &mut PatchPlayer, values: &SlotValues) {
        for (offset, wanted) in self.offsets.iter_mut().zip(wanted(values)) {
            if offset.value != wanted {
                offset.put(player, wanted);
            }
        }
    }

    /// Goes a control block's way.
    pub fn advance(&mut self, player: &mut PatchPlayer, values: &SlotValues) {
        for (offset, wanted) in self.offsets.iter_mut().zip(wanted(values)) {
            if offset.value == wanted {
                continue;
            }
            let next = wanted + (offset.value - wanted) * self.keep;
            let near = (next - wanted).abs() < ARRIVED;
            offset.put(player, if near { wanted } else { next });
        }
    }
}
