//! The comb model: a tuned delay with a colour in its loop, as a plain comb or as a flanger up or down.
//!
//! The delay is one period of the cutoff (half of one for the flanger down) and a sample; r is its reading through the
//! colour C. Comb: y = C(x·(1 − F²/2) + F·reading), F = ±√|2ρ − 1|. Flangers: y = (x/(1 + ρ) ± r)/√2 with x ± ρ·r
//! written. C of styles 0–2 is low·LP + high·HP at cutoff + blend_transpose, then without what lies four octaves below
//! the cutoff; of styles 3–5 (1 + f₁/f₂)·HP(f₁)·LP(f₂), f at cutoff + blend_transpose ∓ 48·blend, f₁ at least four octaves
//! below the cutoff and f₂ at most the rate over 2.1. All measured: delays to 0.001 samples, corners to 0.001 semitones. Drive does nothing here.
//!
//! Voices run one after the other: each reads its memory elsewhere.

use super::bank::{Blocks, SEGMENT};
use super::controls::FilterControls;
use super::lanes::soft_limit;
use super::one_pole_coefficient;
use crate::math;
use crate::modulation::Detour;
use crate::simd::Level;
use songwalker_schemas::patch::FilterStyle;

/// Number of ramped coefficients.
const COEFFICIENTS: usize = 9;
/// Delay in samples; G of the colour's first and second pole; weights of low and high; gain of the input, of what is
/// read into the memory, of the input in the output; gain behind all.
const DELAY: usize = 0;
const FIRST: usize = 1;
const SECOND: usize = 2;
const LOW: usize = 3;
const HIGH: usize = 4;
const IN: usize = 5;
const FEEDBACK: usize = 6;
const PAST: usize = 7;
const OUT: usize = 8;

/// The lowest cutoff in hertz that the memory has room for.
const LOWEST_HZ: f32 = 12.5;
/// The shortest delay in samples that four points can be read around.
const SHORTEST: f32 = 1.6;

/// What the delay does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Comb,
    FlangeUp,
    FlangeDown,
}

/// One voice's memory.
#[derive(Debug, Clone)]
struct Slot {
    memory: Vec<[f32; 2]>,
    at: usize,
    poles: [[f32; 2]; 2],
    coefficients: [[f32; 2]; COEFFICIENTS],
    controls: Option<[FilterControls; 2]>,
}

/// The comb filters of all voices in one style.
#[derive(Debug, Clone)]
pub(crate) struct CombBank {
    kind: Kind,
    spread: bool,
    sample_rate: f32,
    slots: Vec<Slot>,
}

impl CombBank {
    pub(crate) fn new(style: FilterStyle, sample_rate: f32, voices: usize) -> Self {
        let (kind, spread) = match style {
            FilterStyle::Db12 => (Kind::Comb, false),
            FilterStyle::Db24 => (Kind::FlangeUp, false),
            FilterStyle::NotchBlend => (Kind::FlangeDown, false),
            FilterStyle::NotchSpread => (Kind::Comb, true),
            FilterStyle::Bpn => (Kind::FlangeUp, true),
            FilterStyle::Comb6 => (Kind::FlangeDown, true),
        };
        let room = (sample_rate / LOWEST_HZ) as usize + 8;
        let slot = Slot {
            memory: vec![[0.0; 2]; room.next_power_of_two()],
            at: 0,
            poles: [[0.0; 2]; 2],
            coefficients: [[0.0; 2]; COEFFICIENTS],
            controls: None,
        };
        Self {
            kind,
            spread,
            sample_rate,
            slots: vec![slot; voices],
        }
    }

    /// Puts a voice's filter back to silence; its next block starts at its own controls.
    pub(crate) fn reset(&mut self, voice: usize) {
        let slot = &mut self.slots[voice];
        slot.memory.fill([0.0; 2]);
        slot.poles = [[0.0; 2]; 2];
        slot.controls = None;
    }

    fn coefficients(&self, controls: &FilterControls) -> [f32; COEFFICIENTS] {
        let rate = self.sample_rate;
        let hz_of = |note: f32| 440.0 * math::exp2_f32((note - 69.0) * (1.0 / 12.0));
        let note = controls.cutoff_note;
        let hz = hz_of(note).clamp(LOWEST_HZ, rate / 2.1);
        let highest = rate / 2.1;
        let period = if self.kind == Kind::FlangeDown { 0.5 } else { 1.0 } * rate / hz;
        let lowest = hz_of(note - 48.0);
        let middle = note + controls.blend_transpose;
        let (first, second, low, high) = if self.spread {
            let away = 48.0 * controls.blend;
            let below = hz_of(middle - away).clamp(lowest, highest);
            let above = hz_of(middle + away).min(highest);
            (above, below, 1.0 + below / above, 0.0)
        } else {
            let blend = controls.blend;
            (
                hz_of(middle).min(highest),
                lowest,
                (2.0 - blend).min(1.0),
                blend.min(1.0),
            )
        };
        let rho = controls.rho();
        let (input, feedback, past, out) = if self.kind == Kind::Comb {
            let signed = 2.0 * rho - 1.0;
            let size = signed.abs().sqrt();
            (1.0 - 0.5 * size * size, size.copysign(signed), 0.0, 1.0)
        } else {
            (1.0, rho, 1.0 / (1.0 + rho), std::f32::consts::FRAC_1_SQRT_2)
        };
        [
            period + 1.0,
            one_pole_coefficient(first, rate),
            one_pole_coefficient(second, rate),
            low,
            high,
            input,
            feedback,
            past,
            out,
        ]
    }

    fn targets(&self, controls: &[FilterControls; 2]) -> [[f32; 2]; COEFFICIENTS] {
        let [left, right] = [0, 1].map(|side| self.coefficients(&controls[side]));
        std::array::from_fn(|i| [left[i], right[i]])
    }

    /// Filters one control block of each active voice in place.
    pub(crate) fn process<B: Blocks + ?Sized>(
        &mut self,
        _level: Level,
        active: &[usize],
        blocks: &mut B,
        controls: &[[FilterControls; 2]],
        detours: &[Detour],
    ) {
        for &voice in active {
            let to = [controls[voice][0].clamped(), controls[voice][1].clamped()];
            let from = match self.slots[voice].controls {
                Some(from) => from,
                None => {
                    self.slots[voice].coefficients = self.targets(&to);
                    to
                }
            };
            let detour = detours.get(voice);
            let detour = detour.and_then(|detour| Some([detour.side(0)?, detour.side(1)?]));
            let still = detour.is_none() && from[0].is_still(&to[0]) && from[1].is_still(&to[1]);
            self.slots[voice].controls = Some(if still { from } else { to });
            let (left, right) = blocks.of(voice);
            let frames = left.len();
            let mut done = 0;
            let mut mix = [from[0].mix, from[1].mix];
            while done < frames {
                let count = SEGMENT.min(frames - done);
                let now = self.slots[voice].coefficients;
                let (mut goal, mut mix_goal) = (now, mix);
                if !still {
                    let t = (done + count) as f32 / frames as f32;
                    let at = [0, 1].map(|side| {
                        let straight = from[side].lerp(&to[side], t);
                        detour.map_or(straight, |detour| straight.beside(detour[side], t))
                    });
                    goal = self.targets(&at);
                    mix_goal = at.map(|controls| controls.mix);
                }
                let (kind, spread) = (self.kind, self.spread);
                let slot = &mut self.slots[voice];
                slot.coefficients = goal;
                let left = &mut left[done..done + count];
                let right = &mut right[done..done + count];
                slot.run(kind, spread, [now, goal], [mix, mix_goal], left, right);
                mix = mix_goal;
                done += count;
            }
            for pole in self.slots[voice].poles.as_flattened_mut() {
                if pole.abs() < 1e-18 {
                    *pole = 0.0;
                }
            }
        }
    }
}

impl Slot {
    /// What was written `delay` samples ago, between four points around the nearest sample (Catmull–Rom, which Vital
    /// enters at −½..½ from that sample).
    fn read(&self, side: usize, delay: f32) -> f32 {
        let mask = self.memory.len() - 1;
        let delay = delay.clamp(SHORTEST, (mask - 4) as f32);
        let near = (delay + 0.5).floor();
        let t = delay - near;
        let at = |back: usize| self.memory[self.at.wrapping_sub(back) & mask][side];
        let near = near as usize;
        let (a, b, c, d) = (at(near - 1), at(near), at(near + 1), at(near + 2));
        let slope = 0.5 * (c - a);
        let bend = a - 2.5 * b + 2.0 * c - 0.5 * d;
        let turn = 0.5 * (d - a) + 1.5 * (b - c);
        ((turn * t + bend) * t + slope) * t + b
    }

    /// One sample of one side.
    fn tick(&mut self, kind: Kind, spread: bool, side: usize, x: f32, c: &[f32; COEFFICIENTS]) -> f32 {
        let reading = self.read(side, c[DELAY]);
        let coloured = match kind {
            Kind::Comb => c[IN] * x + c[FEEDBACK] * reading,
            Kind::FlangeUp => reading,
            Kind::FlangeDown => -reading,
        };
        let one_pole = |state: &mut f32, goal: f32, g: f32| {
            let delta = g * (goal - *state);
            let middle = *state + delta;
            *state = middle + delta;
            middle
        };
        let [first, second] = &mut self.poles;
        let low = one_pole(&mut first[side], coloured, c[FIRST]);
        let toned = if spread {
            c[LOW] * low
        } else {
            c[LOW] * low + c[HIGH] * (coloured - low)
        };
        let r = toned - one_pole(&mut second[side], toned, c[SECOND]);
        let (written, out) = match kind {
            Kind::Comb => (soft_limit(r), r),
            _ => (soft_limit(c[IN] * x + c[FEEDBACK] * r), c[PAST] * x + r),
        };
        // Too small to hear, and slow to compute with.
        self.memory[self.at][side] = if written.abs() < 1e-18 { 0.0 } else { written };
        out * c[OUT]
    }

    fn run(
        &mut self,
        kind: Kind,
        spread: bool,
        [mut now, goal]: [[[f32; 2]; COEFFICIENTS]; 2],
        [mut mix, mix_goal]: [[f32; 2]; 2],
        left: &mut [f32],
        right: &mut [f32],
    ) {
        let scale = 1.0 / left.len() as f32;
        let step: [[f32; 2]; COEFFICIENTS] =
            std::array::from_fn(|i| [0, 1].map(|side| (goal[i][side] - now[i][side]) * scale));
        let mix_step = [0, 1].map(|side| (mix_goal[side] - mix[side]) * scale);
        let mask = self.memory.len() - 1;
        for (left, right) in left.iter_mut().zip(right) {
            for (side, sample) in [left, right].into_iter().enumerate() {
                for (value, add) in now.iter_mut().zip(&step) {
                    value[side] += add[side];
                }
                mix[side] += mix_step[side];
                let c = now.map(|value| value[side]);
                let wet = self.tick(kind, spread, side, *sample, &c);
                *sample += (wet - *sample) * mix[side];
            }
            self.at = (self.at + 1) & mask;
        }
    }
}
