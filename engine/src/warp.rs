//! Warp modes: how an oscillator bends its phase or its gain while it reads the table (vital-laws §4).
//!
//! Phases have 2³² to the cycle; u is the signed phase in cycles, −½..½, 0 where the table starts. Each mode has one
//! coefficient, computed per control block and ramped over it; `shift` is the warp phase minus ½.

use songwalker_schemas::patch::osc::WarpMode;

use crate::math::{self, fast};

/// Where a warp takes its modulator from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modulator {
    /// An oscillator, by its number 0..3.
    Osc(usize),
    /// The noise and sample slot.
    Sample,
}

/// The modulator of a mode in oscillator `osc` (0..3), if it has one: A and B are the other two oscillators in order.
#[must_use]
pub const fn modulator(mode: WarpMode, osc: usize) -> Option<Modulator> {
    match mode {
        WarpMode::FmA | WarpMode::RmA => Some(Modulator::Osc(if osc == 0 { 1 } else { 0 })),
        WarpMode::FmB | WarpMode::RmB => Some(Modulator::Osc(if osc == 2 { 1 } else { 2 })),
        WarpMode::FmSample | WarpMode::RmSample => Some(Modulator::Sample),
        _ => None,
    }
}

/// The coefficient of a mode at an amount (kept in 0..1).
#[must_use]
pub fn coefficient(mode: WarpMode, amount: f32) -> f32 {
    let a = amount.clamp(0.0, 1.0);
    match mode {
        // Cycles of the table per cycle of the note, 1/16..16.
        WarpMode::Sync | WarpMode::Formant => math::exp2_f32(8.0 * (a - 0.5)),
        // Steps of a cycle.
        WarpMode::Quantize => math::exp2_f32(27.2 * (1.0 - a) * (1.0 - a) * (1.0 - a) + 1.0),
        WarpMode::Squeeze => 1.9 * a + 0.05,
        // The pulse's length in cycles; at 0 there is none.
        WarpMode::Pulse => 1.0 - a,
        // Phase deviation in cycles of a modulator at full scale.
        WarpMode::FmA | WarpMode::FmB | WarpMode::FmSample => 6.0 * a * a,
        WarpMode::None | WarpMode::Bend | WarpMode::RmA | WarpMode::RmB | WarpMode::RmSample => a,
    }
}

/// By how much a mode multiplies the bandwidth of the table: its harmonics are cut so much lower.
#[must_use]
pub fn bandwidth(mode: WarpMode, coefficient: f32) -> f32 {
    match mode {
        WarpMode::Sync | WarpMode::Formant => coefficient,
        _ => 1.0,
    }
}

/// Cycles; a shorter pulse lies between two samples, and what is read in it is of no account.
const SHORTEST_PULSE: f32 = 1e-6;

/// What one mode does to one sample; implementations are chosen once per block, so that loops hold no branches.
pub(crate) trait Bend: Copy {
    /// The phase to read the table at, and the gain of what is read. `source` is the modulator's sample.
    fn bend(self, phase: u32, coefficient: f32, shift: f32, source: f32) -> (u32, f32);
}

/// u of a phase.
#[inline(always)]
fn signed(phase: u32) -> f32 {
    phase as i32 as f32 * (1.0 / 4_294_967_296.0)
}

/// The phase of any number of cycles.
#[inline(always)]
fn phase_of(cycles: f32) -> u32 {
    (fast::wrap(cycles) * 4_294_967_296.0) as i32 as u32
}

/// None.
#[derive(Clone, Copy)]
pub(crate) struct Straight;
/// Hard sync: the table restarts with each cycle, centred in it.
#[derive(Clone, Copy)]
pub(crate) struct Sync;
/// Sync under a cosine window.
#[derive(Clone, Copy)]
pub(crate) struct Formant;
/// Phase in steps, the last ones cut off at the cycle's ends.
#[derive(Clone, Copy)]
pub(crate) struct Quantize;
/// A cubic that pulls the cycle to one side.
#[derive(Clone, Copy)]
pub(crate) struct Lean;
/// Two slopes that narrow or widen the middle.
#[derive(Clone, Copy)]
pub(crate) struct Squeeze;
/// The cycle shortened, silence in between.
#[derive(Clone, Copy)]
pub(crate) struct Pulse;
/// Phase modulation.
#[derive(Clone, Copy)]
pub(crate) struct Fm;
/// Ring modulation.
#[derive(Clone, Copy)]
pub(crate) struct Rm;

impl Bend for Straight {
    #[inline(always)]
    fn bend(self, phase: u32, _coefficient: f32, _shift: f32, _source: f32) -> (u32, f32) {
        (phase, 1.0)
    }
}

impl Bend for Sync {
    #[inline(always)]
    fn bend(self, phase: u32, ratio: f32, shift: f32, _source: f32) -> (u32, f32) {
        let u = signed(phase.wrapping_sub(0x8000_0000));
        (phase_of(ratio * u + 0.5 + shift), 1.0)
    }
}

impl Bend for Formant {
    #[inline(always)]
    fn bend(self, phase: u32, ratio: f32, shift: f32, _source: f32) -> (u32, f32) {
        let u = signed(phase.wrapping_sub(0x8000_0000));
        (phase_of(ratio * u + 0.5 + shift), fast::cos_cycles(0.5 * u))
    }
}

impl Bend for Quantize {
    #[inline(always)]
    fn bend(self, phase: u32, steps: f32, shift: f32, _source: f32) -> (u32, f32) {
        // Beyond 2²⁰ steps rounding changes nothing that a frame of 2,048 samples could show.
        let steps = steps.min(1_048_576.0);
        let bent = (fast::round(signed(phase) * steps + shift) - shift) / steps;
        (phase_of(bent.clamp(-0.5, 0.5)), 1.0)
    }
}

impl Bend for Lean {
    #[inline(always)]
    fn bend(self, phase: u32, a: f32, shift: f32, _source: f32) -> (u32, f32) {
        let f = fast::wrap(signed(phase) - shift) + 0.5;
        let o = 2.0 * (a - a * a);
        let (f2, f3) = (f * f, f * f * f);
        let bent = f3 + (3.0 * a + o) * (f2 - f3) + (3.0 * a - o) * (f - 2.0 * f2 + f3) - 0.5;
        (phase_of(bent + shift), 1.0)
    }
}

impl Bend for Squeeze {
    #[inline(always)]
    fn bend(self, phase: u32, d: f32, shift: f32, _source: f32) -> (u32, f32) {
        let u = fast::wrap(signed(phase) - shift);
        let inner = u / d;
        let outer = (0.5 - (0.5 - u.abs()) / (2.0 - d)).copysign(u);
        let bent = if u.abs() <= 0.25 * d { inner } else { outer };
        (phase_of(bent + shift), 1.0)
    }
}

impl Bend for Pulse {
    #[inline(always)]
    fn bend(self, phase: u32, length: f32, shift: f32, _source: f32) -> (u32, f32) {
        let u = signed(phase);
        let gain = if u.abs() <= 0.5 * length && length > 0.0 {
            1.0
        } else {
            0.0
        };
        (
            phase_of((u / length.max(SHORTEST_PULSE)).clamp(-0.5, 0.5) + shift),
            gain,
        )
    }
}

impl Bend for Fm {
    #[inline(always)]
    fn bend(self, phase: u32, deviation: f32, _shift: f32, source: f32) -> (u32, f32) {
        (phase.wrapping_add(phase_of(deviation * source)), 1.0)
    }
}

impl Bend for Rm {
    #[inline(always)]
    fn bend(self, phase: u32, a: f32, _shift: f32, source: f32) -> (u32, f32) {
        (phase, 1.0 - a + a * source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phases() -> impl Iterator<Item = u32> {
        (0..1000_u32).map(|i| i.wrapping_mul(4_294_967))
    }

    fn apart(a: u32, b: u32) -> u32 {
        a.wrapping_sub(b).min(b.wrapping_sub(a))
    }

    #[test]
    fn every_mode_is_straight_at_its_neutral_amount() {
        fn check(warp: impl Bend, mode: WarpMode, amount: f32) {
            for phase in phases() {
                for shift in [0.0, 0.2] {
                    let (bent, gain) = warp.bend(phase, coefficient(mode, amount), shift, 0.0);
                    let want = if matches!(mode, WarpMode::Sync | WarpMode::Pulse) {
                        phase.wrapping_add(phase_of(shift))
                    } else {
                        phase
                    };
                    assert!(apart(bent, want) < 3000, "{mode} {phase} {bent}");
                    assert_eq!(gain, 1.0);
                }
            }
        }
        check(Sync, WarpMode::Sync, 0.5);
        check(Lean, WarpMode::Bend, 0.5);
        check(Squeeze, WarpMode::Squeeze, 0.5);
        check(Pulse, WarpMode::Pulse, 0.0);
        check(Quantize, WarpMode::Quantize, 0.0);
        check(Fm, WarpMode::FmA, 0.7);
        check(Rm, WarpMode::RmA, 0.0);
    }

    #[test]
    fn full_scale_modulation_at_four_tenths_moves_the_phase_by_0_96_cycles() {
        let (bent, _) = Fm.bend(0, coefficient(WarpMode::FmA, 0.4), 0.0, 1.0);
        assert!(apart(bent, phase_of(0.96)) < 3000);
    }

    #[test]
    fn a_pulse_is_silent_outside_its_length() {
        let c = coefficient(WarpMode::Pulse, 0.5);
        assert_eq!(Pulse.bend(phase_of(0.24), c, 0.0, 0.0).1, 1.0);
        assert_eq!(Pulse.bend(phase_of(0.26), c, 0.0, 0.0).1, 0.0);
        let none = coefficient(WarpMode::Pulse, 9.0);
        assert!([0.0, 0.1, 0.49].map(|u| Pulse.bend(phase_of(u), none, 0.0, 0.0).1) == [0.0; 3]);
    }

    #[test]
    fn modulators_are_the_other_oscillators_in_order() {
        let of = |mode| [0, 1, 2].map(|osc| modulator(mode, osc));
        assert_eq!(of(WarpMode::FmA), [1, 0, 0].map(|i| Some(Modulator::Osc(i))));
        assert_eq!(of(WarpMode::RmB), [2, 2, 1].map(|i| Some(Modulator::Osc(i))));
        assert_eq!(of(WarpMode::FmSample), [Some(Modulator::Sample); 3]);
        assert_eq!(of(WarpMode::Bend), [None; 3]);
    }
}
