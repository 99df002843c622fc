//! What all voices of a patch share and nothing changes while it plays: tables, settings, places of controls, routing.

use std::sync::Arc;

use songwalker_schemas::PatchSpec;
use songwalker_schemas::modulation::Source;
use songwalker_schemas::params;
use songwalker_schemas::patch::osc::{Destination, WavetableSource};
use songwalker_schemas::patch::random::Restart;
use songwalker_schemas::patch::rate::{RateMode, Sync};
use songwalker_schemas::patch::sample::SampleSource;
use songwalker_schemas::patch::{FilterModel, FilterStyle};

use super::ids::{EnvelopeIds, FilterIds, LfoIds, OscIds, RateIds, SampleIds, VoicingIds};
use crate::assets::Assets;
use crate::envelope::EnvelopeControls;
use crate::lfo::{LfoControls, LfoSettings, Shape, rate_hz};
use crate::modulation::Matrix;
use crate::noise::{SampleSetup, SampleTable};
use crate::oscillator::{OscDetours, OscSetup};
use crate::warp::{Modulator, modulator};
use crate::{BLOCK, wavetable};

/// An oscillator of every voice.
#[derive(Debug)]
pub(crate) struct OscPlan {
    pub ids: OscIds,
    pub setup: OscSetup,
    pub tracks: bool,
    pub destination: Destination,
    pub modulator: Option<Modulator>,
    /// Its controls may differ between left and right: each side is computed for itself.
    pub sided: bool,
    /// The places of its detours.
    pub detours: OscDetours<usize>,
}

/// The noise and sample slot of every voice.
#[derive(Debug)]
pub(crate) struct SamplePlan {
    pub ids: SampleIds,
    pub setup: SampleSetup,
    pub table: Arc<SampleTable>,
    pub destination: Destination,
    /// The place of the level's detour.
    pub detour: Option<usize>,
}

/// A filter of every voice.
#[derive(Debug)]
pub(crate) struct FilterPlan {
    pub ids: FilterIds,
    pub model: FilterModel,
    pub style: FilterStyle,
    /// The place of the cutoff's detour.
    pub detour: Option<usize>,
}

/// A rate of an LFO or random source.
#[derive(Debug)]
pub(crate) struct RatePlan {
    pub ids: RateIds,
    pub mode: RateMode,
}

impl RatePlan {
    /// Cycles per second with these raw values at `note`.
    pub(crate) fn hz(&self, raw: &[f32], bpm: f64, note: f32) -> f64 {
        let at = |id: usize| f64::from(raw[id]);
        let sync = Sync::ALL[(at(self.ids.sync).max(0.0) as usize).min(Sync::ALL.len() - 1)];
        let followed = f64::from(note) + at(self.ids.transpose) + at(self.ids.tune);
        rate_hz(self.mode, at(self.ids.hz), sync, bpm, followed)
    }
}

/// An LFO of every voice.
#[derive(Debug)]
pub(crate) struct LfoPlan {
    pub ids: LfoIds,
    pub rate: RatePlan,
    pub settings: LfoSettings,
    pub shape: Shape,
}

impl LfoPlan {
    pub(crate) fn controls(&self, raw: &[f32], bpm: f64, note: f32) -> LfoControls {
        let at = |id: usize| f64::from(raw[id]);
        LfoControls {
            hz: self.rate.hz(raw, bpm, note),
            phase: at(self.ids.phase),
            delay_s: at(self.ids.delay).max(0.0),
            smooth_s: f64::from(crate::math::fast::exp2(raw[self.ids.smooth].clamp(-20.0, 6.0))),
            fade_s: at(self.ids.fade).max(0.0),
            stereo: at(self.ids.stereo),
        }
    }
}

/// A random source of every voice.
#[derive(Debug)]
pub(crate) struct RandomPlan {
    pub rate: RatePlan,
    pub style: songwalker_schemas::patch::random::RandomStyle,
    pub stereo: bool,
    pub restart: Restart,
}

/// Everything that voices share.
#[derive(Debug)]
pub(crate) struct Plan {
    pub sample_rate: f64,
    pub oversampling: usize,
    pub seed: u64,
    pub osc: [Option<OscPlan>; 3],
    /// In what order oscillators are computed, so that modulators come first where they can.
    pub osc_order: [usize; 3],
    pub sample: Option<SamplePlan>,
    pub filter: [Option<FilterPlan>; 2],
    /// Filter 1 takes filter 0's output; not when filter 0 is off: its sources then go past both.
    pub serial: bool,
    pub env: [EnvelopeIds; 6],
    pub env_used: [bool; 6],
    /// Envelope 0 or what velocity does to it may differ between left and right.
    pub amplitude_sided: bool,
    pub lfo: [Option<LfoPlan>; 8],
    pub random: [Option<RandomPlan>; 4],
    pub voicing: VoicingIds,
    pub glide_octave_scaled: bool,
    pub matrix: Matrix,
}

impl Plan {
    /// Frames of a control block at the oversampled rate.
    pub(crate) fn frames(&self) -> usize {
        BLOCK * self.oversampling
    }

    /// Frames per second at which voices are computed.
    pub(crate) fn rate(&self) -> f64 {
        self.sample_rate * self.oversampling as f64
    }

    /// Seconds of a control block.
    pub(crate) fn block_s(&self) -> f64 {
        BLOCK as f64 / self.sample_rate
    }

    pub(crate) fn new(
        patch: &PatchSpec,
        assets: &Assets,
        sample_rate: u32,
        oversampling: usize,
        seed: u64,
    ) -> Self {
        let modules = &patch.modules;
        let matrix = Matrix::new(patch);
        let sided = sided(patch, &matrix);
        let osc: [Option<OscPlan>; 3] = std::array::from_fn(|i| {
            let spec = &modules.osc[i];
            if !spec.enabled {
                return None;
            }
            let ids = OscIds::below(&format!("/modules/osc/{i}"));
            let name = &spec.wavetable.name.0;
            let table = match spec.wavetable.source {
                WavetableSource::Named => Arc::new(wavetable::by_name(name)?),
                WavetableSource::Asset => assets.wavetable(name)?,
            };
            let spread_moves = [ids.frame_spread, ids.spectral_spread]
                .iter()
                .any(|id| moves(patch, &matrix, *id));
            Some(OscPlan {
                ids,
                setup: OscSetup::new(spec, table, spread_moves),
                tracks: spec.midi_track,
                destination: spec.destination,
                modulator: modulator(spec.warp.mode, i),
                sided: sided.iter().any(|id| {
                    params::table()[*id]
                        .path
                        .starts_with(&format!("/modules/osc/{i}/"))
                }),
                detours: OscDetours {
                    level: matrix.detour_of(ids.level),
                    notes: [ids.transpose, ids.tune].map(|id| matrix.detour_of(id)),
                    phase: matrix.detour_of(ids.phase),
                },
            })
        });
        let spec = &modules.sample;
        let table = match spec.source {
            _ if !spec.enabled => None,
            SampleSource::White => Some(Arc::new(SampleTable::noise(0.0))),
            SampleSource::Colored => Some(Arc::new(SampleTable::noise(spec.color))),
            SampleSource::Asset => assets.sample(&spec.asset.0),
        };
        let sample = table.map(|table| {
            let setup = SampleSetup {
                keytrack: spec.keytrack,
                loop_on: spec.loop_on,
                bounce: spec.bounce,
                random_start: spec.random_start,
            };
            let ids = SampleIds::below("/modules/sample");
            SamplePlan {
                detour: matrix.detour_of(ids.level),
                ids,
                setup,
                table: table.formed(&setup),
                destination: spec.destination,
            }
        });
        let filter = std::array::from_fn(|i| {
            let spec = &modules.filter[i];
            let ids = FilterIds::below(&format!("/modules/filter/{i}"));
            spec.enabled.then(|| FilterPlan {
                detour: matrix.detour_of(ids.cutoff),
                ids,
                model: spec.model,
                style: spec.style,
            })
        });
        let lfo = std::array::from_fn(|i| {
            let spec = &modules.lfo[i];
            matrix
                .uses(Source::ALL[Source::Lfo0.index() + i])
                .then(|| LfoPlan {
                    ids: LfoIds::below(&format!("/modules/lfo/{i}")),
                    rate: RatePlan {
                        ids: RateIds::below(&format!("/modules/lfo/{i}")),
                        mode: spec.rate.mode,
                    },
                    settings: LfoSettings {
                        mode: spec.mode,
                        smooth: spec.smooth.mode,
                    },
                    shape: Shape::new(&spec.points, spec.smooth_shape),
                })
        });
        let random = std::array::from_fn(|i| {
            let spec = &modules.random[i];
            matrix
                .uses(Source::ALL[Source::Random0.index() + i])
                .then(|| RandomPlan {
                    rate: RatePlan {
                        ids: RateIds::below(&format!("/modules/random/{i}")),
                        mode: spec.rate.mode,
                    },
                    style: spec.style,
                    stereo: spec.stereo,
                    restart: spec.restart,
                })
        });
        Self {
            sample_rate: f64::from(sample_rate),
            oversampling,
            seed,
            osc_order: order(&osc),
            osc,
            sample,
            filter,
            serial: modules.filter[0].enabled && modules.filter[1].enabled && modules.filter[1].from_filter_0,
            env: std::array::from_fn(|i| EnvelopeIds::below(&format!("/modules/env/{i}"))),
            amplitude_sided: sided.iter().any(|id| {
                let path = &params::table()[*id].path;
                path.starts_with("/modules/env/0/") || path == "/modules/voicing/velocity_to_amp"
            }),
            env_used: std::array::from_fn(|i| i == 0 || matrix.uses(Source::ALL[i - 1])),
            lfo,
            random,
            voicing: VoicingIds::below("/modules/voicing"),
            glide_octave_scaled: modules.voicing.glide_octave_scaled,
            matrix,
        }
    }

    /// The settings of envelope `i` with these raw values.
    pub(crate) fn envelope(&self, i: usize, raw: &[f32]) -> EnvelopeControls {
        let ids = &self.env[i];
        let at = |id: usize| f64::from(raw[id]);
        let seconds = |id: usize| {
            let v = at(id).clamp(0.0, 4.0);
            v * v * v * v
        };
        EnvelopeControls {
            delay_s: seconds(ids.delay),
            attack_s: seconds(ids.attack),
            attack_power: at(ids.attack_power),
            hold_s: seconds(ids.hold),
            decay_s: seconds(ids.decay),
            decay_power: at(ids.decay_power),
            sustain: at(ids.sustain).clamp(0.0, 1.0),
            release_s: seconds(ids.release),
            release_power: at(ids.release_power),
        }
    }
}

/// The parameters whose values may differ between left and right.
pub(crate) fn sided(patch: &PatchSpec, matrix: &Matrix) -> Vec<usize> {
    let modules = &patch.modules;
    matrix.sided(|source| {
        let lfo = source
            .index()
            .checked_sub(Source::Lfo0.index())
            .and_then(|i| modules.lfo.get(i).map(|lfo| (i, lfo)));
        let random = source
            .index()
            .checked_sub(Source::Random0.index())
            .and_then(|i| modules.random.get(i));
        source == Source::Stereo
            || random.is_some_and(|random| random.stereo)
            || lfo.is_some_and(|(i, lfo)| {
                lfo.stereo != 0.0 || moves(patch, matrix, LfoIds::below(&format!("/modules/lfo/{i}")).stereo)
            })
    })
}

/// Whether a route or a knob moves a parameter.
fn moves(patch: &PatchSpec, matrix: &Matrix, id: usize) -> bool {
    let knobs = || patch.macros.iter().flat_map(|slot| &slot.targets);
    matrix.touched().contains(&id)
        || knobs().any(|aim| patch.param_id(&aim.path).is_some_and(|aimed| aimed.index() == id))
}

/// Oscillators in an order in which modulators come before what they modulate; in a ring the first one goes first
/// and hears its modulator's last block.
fn order(osc: &[Option<OscPlan>; 3]) -> [usize; 3] {
    let mut done = [false; 3];
    let mut order = [0; 3];
    for slot in &mut order {
        let waits = |i: usize| match osc[i].as_ref().and_then(|plan| plan.modulator) {
            Some(Modulator::Osc(other)) => osc[other].is_some() && !done[other],
            _ => false,
        };
        let left = || (0..3).filter(|i| !done[*i]);
        let next = left().find(|i| !waits(*i)).or_else(|| left().next()).unwrap_or(0);
        done[next] = true;
        *slot = next;
    }
    order
}
