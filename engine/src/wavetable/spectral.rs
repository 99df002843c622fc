//! Spectral modes: what is done to a frame's harmonics before they are drawn (vital-laws §5, and as measured).

use songwalker_schemas::patch::osc::SpectralMode;

use super::scatter::{self, STAGES};
use super::{LAST_BIN, LAST_FRAME, Wavetable};
use crate::math::{self, fast};

/// Bins of a spectrum: DC, the harmonics 1..=1023, and the last one.
pub(super) const BINS: usize = LAST_BIN + 1;
/// Below this magnitude a harmonic counts as silent: it has no phase of its own. The transform of a sine at full
/// scale is 1,024.
const SILENT: f32 = 1e-5;
/// The phasor of a silent harmonic, where modes mix phasors (measured).
const SILENT_PHASOR: [f32; 2] = [0.0, 1.0];

/// A mode with its amount.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Morph {
    /// The mode.
    pub mode: SpectralMode,
    /// Its amount, 0..1.
    pub amount: f32,
    /// The note's frequency over that at which a table's sample is one of the output (for vocode).
    pub pitch_ratio: f32,
}

impl Morph {
    /// No morph at all.
    pub const NONE: Self = Self {
        mode: SpectralMode::None,
        amount: 0.0,
        pitch_ratio: 1.0,
    };
}

/// How much faster a mode makes the buffer be read, so that what it draws stands where it belongs: Shepard's buffer
/// holds the wave and its lower octave, and goes through an octave from amount 0 to 1; all others stay.
#[must_use]
pub fn speed(mode: SpectralMode, amount: f32) -> f64 {
    match mode {
        SpectralMode::Shepard => math::exp2(f64::from(amount.clamp(0.0, 1.0)) - 1.0),
        _ => 1.0,
    }
}

/// A spectrum; bin k is harmonic k.
#[derive(Debug, Clone)]
pub(super) struct Bins {
    pub re: Box<[f32; BINS]>,
    pub im: Box<[f32; BINS]>,
}

impl Bins {
    pub fn silent() -> Self {
        Self {
            re: Box::new([0.0; BINS]),
            im: Box::new([0.0; BINS]),
        }
    }

    #[inline(always)]
    fn at(&self, k: usize) -> [f32; 2] {
        [self.re[k], self.im[k]]
    }

    #[inline(always)]
    fn set(&mut self, k: usize, [re, im]: [f32; 2]) {
        (self.re[k], self.im[k]) = (re, im);
    }
}

/// What the modes look up, computed once.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    /// log2(k) by bin; 0 for DC.
    log2: Box<[f32; BINS]>,
    noise: &'static [[f32; BINS]; STAGES],
}

impl Tables {
    pub fn new() -> Self {
        let mut log2 = Box::new([0.0; BINS]);
        for (k, x) in log2.iter_mut().enumerate().skip(1) {
            *x = math::log2(k as f64) as f32;
        }
        Self {
            log2,
            noise: scatter::noise(),
        }
    }
}

/// The highest bin of the table that a mode reads for the harmonics up to `kept`.
#[inline(always)]
pub(super) fn reach(morph: Morph, kept: usize) -> usize {
    let highest = match morph.mode {
        SpectralMode::Vocode | SpectralMode::FormantScale => {
            (kept as f32 * formant_scale(morph)).min(LAST_BIN as f32) as usize + 3
        }
        // Partials may come from anywhere.
        SpectralMode::HarmonicStretch | SpectralMode::InharmonicStretch => LAST_BIN,
        _ => kept,
    };
    highest.clamp(1, LAST_BIN)
}

/// Writes the morphed harmonics 0..=`kept` into `out`; `source` holds the bins up to [`reach`] of `frame`.
#[inline(always)]
pub(super) fn apply(
    morph: Morph,
    table: &Wavetable,
    frame: u16,
    kept: usize,
    tables: &Tables,
    source: &Bins,
    out: &mut Bins,
) {
    let a = morph.amount.clamp(0.0, 1.0);
    match morph.mode {
        SpectralMode::None => weigh(|_| 1.0, kept, source, out),
        SpectralMode::Vocode | SpectralMode::FormantScale => {
            scale_formants(formant_scale(morph), kept, source, out)
        }
        SpectralMode::HarmonicStretch => {
            let factor = math::exp2_f32(8.0 * (a - 0.5));
            move_partials(|_| factor, kept, source, out);
        }
        SpectralMode::InharmonicStretch => {
            // m^(log2(k)/10) with m = 2^(24(a−½)) is k to the power 2.4(a−½).
            let power = 2.4 * (a - 0.5);
            move_partials(|k| fast::exp2(power * tables.log2[k]), kept, source, out);
        }
        SpectralMode::Smear => smear(a, kept, source, out),
        SpectralMode::RandomAmplitudes => scatter(a, kept, tables.noise, source, out),
        SpectralMode::LowPass => {
            let edge = math::exp2_f32(10.0 * a) + 1.0;
            weigh(|k| (edge - k).clamp(0.0, 1.0), kept, source, out);
        }
        SpectralMode::HighPass => {
            let edge = math::exp2_f32(10.0 * a) * (1026.0 / 1025.0);
            weigh(|k| (k - edge + 1.0).clamp(0.0, 1.0), kept, source, out);
        }
        SpectralMode::PhaseDisperse => disperse(a, kept, source, out),
        SpectralMode::Shepard => lower_octave(a, kept, source, out),
        SpectralMode::TimeSkew => skew(a, table, frame, kept, tables, out),
    }
}

/// Formant scale: 2^(−4(a−½)); vocode, whose formants stay where they are in hertz: 2^(−2(a−½)) · pitch ratio.
#[inline(always)]
fn formant_scale(morph: Morph) -> f32 {
    let a = morph.amount.clamp(0.0, 1.0) - 0.5;
    match morph.mode {
        SpectralMode::Vocode => math::exp2_f32(-2.0 * a) * morph.pitch_ratio,
        _ => math::exp2_f32(-4.0 * a),
    }
}

/// new C_i = s·(C_k(1−t) + C_{k+2}t) at j = i·s, k ≤ j the nearest of i's parity, t = (j−k)/2.
#[inline(always)]
fn scale_formants(scale: f32, kept: usize, source: &Bins, out: &mut Bins) {
    for i in 0..=kept {
        let parity = i & 1;
        let place = i as f32 * scale;
        // Between harmonic 1 and its mirror image lies harmonic 1.
        let from = (place - parity as f32).max(0.0);
        let k = parity + 2 * ((0.5 * from) as usize);
        if k + 2 > LAST_BIN {
            out.set(i, [0.0; 2]);
            continue;
        }
        let t = (0.5 * (place - k as f32)).max(0.0);
        let mix = |x: &[f32; BINS]| scale * (x[k] * (1.0 - t) + x[k + 2] * t);
        out.set(i, [mix(&source.re), mix(&source.im)]);
    }
}

/// Moves partial k to 1 + (k−1)·`factor(k)`, split linearly between the two bins around that.
#[inline(always)]
fn move_partials(factor: impl Fn(usize) -> f32, kept: usize, source: &Bins, out: &mut Bins) {
    out.re[..=kept].fill(0.0);
    out.im[..=kept].fill(0.0);
    let end = (kept + 1) as f32;
    let mut places = [0.0_f32; LANES];
    for first in (1..LAST_BIN).step_by(LANES) {
        for (i, place) in places.iter_mut().enumerate() {
            let k = (first + i).min(LAST_BIN);
            *place = 1.0 + (k - 1) as f32 * factor(k);
        }
        for (i, &place) in places.iter().enumerate().take(LAST_BIN - first) {
            // Places only rise: what follows is higher still.
            if place >= end {
                return;
            }
            let (k, bin) = (first + i, place as usize);
            let t = place - bin as f32;
            out.re[bin] += source.re[k] * (1.0 - t);
            out.im[bin] += source.im[k] * (1.0 - t);
            out.re[bin + 1] += source.re[k] * t;
            out.im[bin + 1] += source.im[k] * t;
        }
    }
}

/// Bins that are computed together.
const LANES: usize = 16;

/// The amplitude runs on, even and odd bins for themselves; the phase stays the harmonic's own.
#[inline(always)]
fn smear(amount: f32, kept: usize, source: &Bins, out: &mut Bins) {
    let rest = 1.0 - amount;
    let hold = 1.0 - rest * rest * rest;
    let mut running = [0.0_f32; 2];
    for k in 0..=kept {
        let (magnitude, [cos, sin]) = polar(source.at(k));
        let pair = k / 2;
        let before = &mut running[k & 1];
        *before = magnitude * (1.0 - hold) + *before * hold;
        out.set(k, [*before * cos, *before * sin]);
        if pair > 0 {
            *before *= (pair as f32 + 0.25) / pair as f32;
        }
    }
}

/// Scattered amplitudes: gain (1 + 15a)·max(0, 1 − 30a·u), u going straight from one of 16 stages of noise to the next
/// as a does from 0 to 1, the gains being mixed and not the noise; no harmonic gets louder than a sine at full scale
/// (measured to a thousandth of the greatest gain).
#[inline(always)]
fn scatter(a: f32, kept: usize, noise: &[[f32; BINS]; STAGES], source: &Bins, out: &mut Bins) {
    let place = a * (STAGES - 1) as f32;
    let stage = (place as usize).min(STAGES - 2);
    let t = place - stage as f32;
    let (from, to) = (&noise[stage], &noise[stage + 1]);
    let (greatest, slope) = (1.0 + 15.0 * a, 30.0 * a);
    for k in 0..=kept {
        let before = (1.0 - slope * from[k]).max(0.0);
        let after = (1.0 - slope * to[k]).max(0.0);
        let loudest = LAST_BIN as f32 / magnitude(source.at(k)).max(SILENT);
        let gain = (greatest * (before + t * (after - before))).min(loudest);
        out.set(k, [gain * source.re[k], gain * source.im[k]]);
    }
}

#[inline(always)]
fn weigh(gain: impl Fn(f32) -> f32, kept: usize, source: &Bins, out: &mut Bins) {
    for k in 0..=kept {
        let g = gain(k as f32);
        out.set(k, [g * source.re[k], g * source.im[k]]);
    }
}

/// phase += −0.05·(2a−1)·((k−24)²−23²) radians.
#[inline(always)]
fn disperse(amount: f32, kept: usize, source: &Bins, out: &mut Bins) {
    let slope = -0.05 * (2.0 * amount - 1.0) / std::f32::consts::TAU;
    for k in 0..=kept {
        let from = k as f32 - 24.0;
        let cycles = slope * (from * from - 529.0);
        let (cos, sin) = (fast::cos_cycles(cycles), fast::sin_cycles(cycles));
        let [re, im] = source.at(k);
        out.set(k, [re * cos - im * sin, re * sin + im * cos]);
    }
}

/// Shepard: a buffer an octave lower, in which the wave (on its even bins) gives way to its lower octave as a rises;
/// with [`speed`] amount 1 sounds as amount 0 (measured: odd bins a·C_j, even ones from C_{j/2} to C_j; the phase takes
/// the shortest arc where neither is less than half as loud as the other, else the phasors go straight).
#[inline(always)]
fn lower_octave(a: f32, kept: usize, source: &Bins, out: &mut Bins) {
    for k in 0..=kept {
        let low = source.at(k);
        let mixed = if k % 2 == 0 {
            let high = source.at(k / 2);
            let [a_high, a_low] = [magnitude(high), magnitude(low)];
            if a_high.min(a_low) < 0.4999 * a_high.max(a_low) {
                between(high, low, a)
            } else {
                along_the_arc(high, low, a)
            }
        } else {
            low.map(|x| a * x)
        };
        out.set(k, mixed);
    }
}

/// Time skew: harmonic k comes from the frame 16·256/11·a²·log2(k) further on, turning back at the table's ends, mixed
/// from the frames on both sides (measured to 0.1 frame).
#[inline(always)]
fn skew(a: f32, table: &Wavetable, frame: u16, kept: usize, tables: &Tables, out: &mut Bins) {
    let end = f32::from(LAST_FRAME);
    let slope = 16.0 * end / 11.0 * a * a;
    for k in 0..=kept {
        let place = f32::from(frame) + slope * tables.log2[k];
        let turns = place * (0.5 / end);
        let folded = 2.0 * end * (turns - (turns as u32) as f32);
        let place = folded.min(2.0 * end - folded).clamp(0.0, end);
        let first = place as u16;
        let t = place - f32::from(first);
        let next = (first + 1).min(LAST_FRAME);
        out.set(k, between(table.bin(first, k), table.bin(next, k), t));
    }
}

#[inline(always)]
fn magnitude([re, im]: [f32; 2]) -> f32 {
    (re * re + im * im).sqrt()
}

/// Magnitude and phasor of a bin.
#[inline(always)]
fn polar([re, im]: [f32; 2]) -> (f32, [f32; 2]) {
    let magnitude = magnitude([re, im]);
    let over = 1.0 / magnitude.max(SILENT);
    if magnitude < SILENT {
        (magnitude, SILENT_PHASOR)
    } else {
        (magnitude, [re * over, im * over])
    }
}

/// A bin between two others: magnitudes and phasors go straight, each for itself (so that phases far apart cancel).
#[inline(always)]
fn between(from: [f32; 2], to: [f32; 2], t: f32) -> [f32; 2] {
    let ((a, from), (b, to)) = (polar(from), polar(to));
    let magnitude = a + t * (b - a);
    [0, 1].map(|i| magnitude * (from[i] + t * (to[i] - from[i])))
}

/// A bin between two others: magnitudes go straight, the phase takes the shortest arc.
fn along_the_arc(from: [f32; 2], to: [f32; 2], t: f32) -> [f32; 2] {
    let phase = |[re, im]: [f32; 2]| math::atan2(f64::from(im), f64::from(re)) as f32 / std::f32::consts::TAU;
    let (a, b) = (magnitude(from), magnitude(to));
    let start = phase(from);
    let cycles = start + t * fast::wrap(phase(to) - start);
    let magnitude = a + t * (b - a);
    [
        magnitude * fast::cos_cycles(cycles),
        magnitude * fast::sin_cycles(cycles),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wavetable::{SAMPLES, Shape};

    fn saw() -> [f32; BINS] {
        let mut re = std::array::from_fn(|k| 1.0 / k.max(1) as f32);
        (re[0], re[LAST_BIN]) = (0.0, 0.0);
        re
    }

    fn morphed(mode: SpectralMode, amount: f32) -> Vec<f32> {
        let mut source = Bins::silent();
        *source.re = saw();
        let mut out = Bins::silent();
        out.re.fill(9.0);
        let table = crate::wavetable::by_name("saw").unwrap();
        let morph = Morph {
            mode,
            amount,
            pitch_ratio: 1.0,
        };
        apply(morph, &table, 0, LAST_BIN - 1, &Tables::new(), &source, &mut out);
        (0..LAST_BIN).map(|k| polar(out.at(k)).0).collect()
    }

    #[test]
    fn neutral_amounts_leave_the_harmonics_alone() {
        let re = saw();
        let neutral = [
            (SpectralMode::FormantScale, 0.5),
            (SpectralMode::HarmonicStretch, 0.5),
            (SpectralMode::InharmonicStretch, 0.5),
            (SpectralMode::LowPass, 1.0),
            (SpectralMode::HighPass, 0.0),
            (SpectralMode::PhaseDisperse, 0.25),
        ];
        for (mode, amount) in neutral {
            for (k, (got, want)) in morphed(mode, amount)
                .iter()
                .zip(&re)
                .enumerate()
                .take(500)
                .skip(2)
            {
                assert!((got - want).abs() < 1e-6, "{mode:?} {k}: {got} {want}");
            }
        }
    }

    #[test]
    fn the_low_pass_keeps_what_is_below_its_edge_and_nothing_above() {
        let got = morphed(SpectralMode::LowPass, 0.5);
        assert_eq!(got[32], 1.0 / 32.0);
        assert_eq!(got[33], 0.0);
        let got = morphed(SpectralMode::HighPass, 0.5);
        assert_eq!(got[31], 0.0);
        assert_eq!(got[40], 1.0 / 40.0);
    }

    #[test]
    fn stretching_by_two_octaves_puts_the_second_partial_on_the_fifth_bin() {
        let got = morphed(SpectralMode::HarmonicStretch, 0.75);
        assert_eq!(got[5], 0.5);
        assert_eq!(got[2], 0.0);
        assert_eq!(got[1], 1.0);
    }

    #[test]
    fn scattered_amplitudes_are_those_measured() {
        // Gains of the harmonics 1 to 5 in Vital, at three amounts.
        for (amount, measured) in [
            (1.0 / 160.0, [0.9913_f32, 0.9078, 0.9499, 0.9627, 1.0525]),
            (0.05, [1.3113, 0.7806, 0.1623, 1.1849, 1.4861]),
            (0.125, [0.3054, 2.4256, 0.0, 0.27, 1.4687]),
        ] {
            let got = morphed(SpectralMode::RandomAmplitudes, amount);
            for (i, want) in measured.iter().enumerate() {
                let gain = got[i + 1] * (i + 1) as f32;
                assert!((gain - want).abs() < 4e-3, "{amount} {}: {gain} {want}", i + 1);
            }
        }
        let got = morphed(SpectralMode::RandomAmplitudes, 0.6);
        for (k, want) in [(2, 8.315), (5, 3.269), (31, 6.014)] {
            let gain = got[k] * k as f32;
            assert!((gain - want).abs() < 0.02, "{k}: {gain} {want}");
        }
        let mut loud = Bins::silent();
        loud.set(2, [0.0, 0.5 * LAST_BIN as f32]);
        let mut out = Bins::silent();
        scatter(0.6, 4, scatter::noise(), &loud, &mut out);
        assert!(
            (out.im[2] / LAST_BIN as f32 - 1.0).abs() < 1e-6,
            "a sine at full scale is the limit"
        );
    }

    #[test]
    fn shepard_ends_an_octave_higher_than_it_begins_and_halves_on_the_way() {
        let got = morphed(SpectralMode::Shepard, 0.0);
        assert!((got[1], got[2], got[3]) == (0.0, 1.0, 0.0) && (got[4] - 0.5).abs() < 1e-6);
        let got = morphed(SpectralMode::Shepard, 1.0);
        assert!((got[1] - 1.0).abs() < 1e-6 && (got[3] - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(
            speed(SpectralMode::Shepard, 1.0),
            2.0 * speed(SpectralMode::Shepard, 0.0)
        );
        // A lone harmonic at 0.7 radians: its octave is empty, and so is half the other's place (measured).
        let lone = [math::cos(0.7) as f32, math::sin(0.7) as f32];
        for (a, want) in [
            (0.1, 0.0242 / 0.2503),
            (0.5, 0.1134 / 0.2503),
            (0.9, 0.2178 / 0.2503),
        ] {
            let got = polar(between([0.0; 2], lone, a)).0;
            assert!((got - want).abs() < 1e-3, "{a}: {got} {want}");
        }
    }

    #[test]
    fn time_skew_takes_each_octave_from_a_later_frame_and_turns_back_at_the_end() {
        let root = |amplitude: f64| Shape::additive(40, move |_| (amplitude, 0.0));
        let samples = |shape: Shape| -> [f32; SAMPLES] {
            let samples = shape.samples();
            std::array::from_fn(|i| samples[i] as f32)
        };
        let (a, b) = (samples(root(1e-4)), samples(root(1.0)));
        let table = Wavetable::of_waveforms([(0, &a), (256, &b)]);
        let frame_of = |frame: u16, amount: f32, k: usize| {
            let mut out = Bins::silent();
            skew(amount, &table, frame, 40, &Tables::new(), &mut out);
            let root = (polar(out.at(k)).0 / LAST_BIN as f32).sqrt();
            (root - 0.01) / 0.99 * 256.0
        };
        // The frames of harmonics 2 and 32 as measured in Vital.
        for (frame, amount, k, measured) in [
            (0, 0.25, 2, 23.6),
            (0, 0.5, 2, 93.1),
            (0, 0.5, 32, 46.9),
            (64, 0.6, 32, 222.2),
            (128, 1.0, 2, 11.8),
            (256, 0.25, 32, 139.4),
            (200, 0.75, 1, 199.9),
        ] {
            let got = frame_of(frame, amount, k);
            assert!(
                (got - measured).abs() < 0.5,
                "{frame} {amount} {k}: {got} {measured}"
            );
        }
    }

    #[test]
    fn only_what_the_kept_harmonics_need_is_read() {
        let source = |reach: usize| {
            let mut bins = Bins::silent();
            for k in 0..=reach {
                bins.set(k, [1.0 / (k + 1) as f32, 0.3 * k as f32]);
            }
            bins
        };
        let (tables, table) = (Tables::new(), crate::wavetable::by_name("saw").unwrap());
        for &mode in SpectralMode::ALL {
            for (amount, kept) in [(0.0, 20), (0.3, 7), (0.5, 300), (0.8, 100), (1.0, 1000)] {
                let morph = Morph {
                    mode,
                    amount,
                    pitch_ratio: 3.3,
                };
                let (mut some, mut all) = (Bins::silent(), Bins::silent());
                apply(
                    morph,
                    &table,
                    9,
                    kept,
                    &tables,
                    &source(reach(morph, kept)),
                    &mut some,
                );
                apply(morph, &table, 9, kept, &tables, &source(LAST_BIN), &mut all);
                assert_eq!(some.re[..=kept], all.re[..=kept], "{mode} {amount}");
                assert_eq!(some.im[..=kept], all.im[..=kept], "{mode} {amount}");
            }
        }
    }

    #[test]
    fn every_mode_is_finite_over_its_range() {
        for &mode in SpectralMode::ALL {
            for amount in [0.0, 0.1, 0.5, 0.9, 1.0] {
                assert!(morphed(mode, amount).iter().all(|x| x.is_finite()));
            }
        }
    }
}
