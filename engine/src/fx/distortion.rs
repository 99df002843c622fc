//! The distortion: six shapes after a drive gain, without make-up, and an optional filter before or after (vital-laws §9).
//!
//! The shapes without memory take the samples of a block as lanes; filter and hold take both sides.

use super::mix::flush;
use super::ramp::{Line, Ramp};
use super::svf::{self, Svf, SvfCoefficients};
use crate::math::fast;
use crate::simd::{Kernel, Level};

/// Samples per second on which a hold of the sample-rate reducer is counted.
const HOLD_RATE: f32 = 44_100.0;

/// Shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DistortionKind {
    /// Nearly tanh.
    SoftClip,
    /// Held within ±1.
    HardClip,
    /// Folded back at ±1 in straight lines.
    LinearFold,
    /// Folded back along a sine.
    SineFold,
    /// Rounded to steps.
    BitCrush,
    /// Held for a while.
    DownSample,
}

/// Place of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterPlace {
    /// No filter.
    None,
    /// Before the shape.
    Pre,
    /// After it.
    Post,
}

/// Values at the end of a block.
#[derive(Debug, Clone, Copy)]
pub struct DistortionParams {
    /// Shape.
    pub kind: DistortionKind,
    /// Drive in dB, −30..30; for the crushers the strength.
    pub drive_db: f32,
    /// Wet share 0..1, linear.
    pub mix: f32,
    /// Place of the filter.
    pub filter: FilterPlace,
    /// Its corner in Hz.
    pub filter_hz: f32,
    /// Its resonance 0..1.
    pub filter_resonance: f32,
    /// 0 low-pass, 1 band-pass, 2 high-pass.
    pub filter_blend: f32,
}

/// Weights (low, band, high) of a blend 0..2 (vital-laws §6).
pub(crate) fn blend_weights(blend: f32) -> [f32; 3] {
    let x = blend.clamp(0.0, 2.0) - 1.0;
    [(-x).max(0.0), (1.0 - x * x).max(0.0).sqrt(), x.max(0.0)]
}

/// Most holds that take turns: one per phase of the oversampling.
const MOST_HOLDS: usize = 8;

/// The sample-rate reducer. Vital's holds a sample of each phase of the oversampling by itself, each counting only its
/// own samples: a hold lasts as many samples of the base rate, and the phases step one after another. They drift apart
/// while a freshly loaded drive glides there from 0 dB and stay so: phase n of N steps n/N/3.96 of a period after the
/// first, 3.96 being the hold at 0 dB (measured at 2×: 0.125 to 0.126 at 13 to 24 dB).
#[derive(Debug, Clone, Copy)]
struct Reducer {
    holds: usize,
    /// Whose turn it is.
    turn: usize,
    /// The samples that each has counted since it took its own; none before the first block.
    ages: Option<[[f32; MOST_HOLDS]; 2]>,
    values: [[f32; 2]; MOST_HOLDS],
}

impl Reducer {
    fn new(holds: usize) -> Self {
        Self {
            holds: holds.clamp(1, MOST_HOLDS),
            turn: 0,
            ages: None,
            values: [[0.0; 2]; MOST_HOLDS],
        }
    }

    /// Ages as they are after the way from `rest` samples a hold to `length`: hold n is n/N of a sample late all along.
    fn begin(&mut self, rest: f32, lengths: [f32; 2]) {
        self.ages.get_or_insert_with(|| {
            lengths.map(|length| {
                std::array::from_fn(|n| {
                    let late = n as f32 / self.holds as f32;
                    let cycles = late * (1.0 / length - 1.0 / rest);
                    (cycles - cycles.floor()) * length
                })
            })
        });
    }

    #[inline(always)]
    fn pass(&mut self, left: &mut [f32], right: &mut [f32], lengths: &[Line; 2], start: usize) {
        let Some(ages) = &mut self.ages else { return };
        for (i, (l, r)) in left.iter_mut().zip(right).enumerate() {
            let turn = self.turn % MOST_HOLDS;
            self.turn = if turn + 1 < self.holds { turn + 1 } else { 0 };
            for (side, x) in [l, r].into_iter().enumerate() {
                let length = lengths[side].at(start + i);
                let age = &mut ages[side][turn];
                *age += 1.0;
                if *age >= length {
                    *age = (*age - length).min(length);
                    self.values[turn][side] = *x;
                }
                *x = self.values[turn][side];
            }
        }
    }
}

/// The distortion effect.
#[derive(Debug)]
pub struct Distortion {
    sample_rate: f32,
    oversampling: usize,
    filter: Svf<2>,
    reducer: Reducer,
    strength: [Ramp; 2],
    mix: [Ramp; 2],
    /// What the filter's coefficient was made of, and it: its function is dear.
    tuned: [(f32, f32); 2],
    g: [Ramp; 2],
    k: [Ramp; 2],
    weights: [[Ramp; 2]; 3],
}

/// How many samples of the base rate a drive in dB holds: 0.99/(1 − (drive + 30)/60)², at least 1, at 44.1 kHz.
fn hold(drive_db: f32, base_rate: f32) -> f32 {
    let open = (0.5 - drive_db / 60.0).max(1e-3);
    (0.99 / (open * open)).max(1.0) * base_rate / HOLD_RATE
}

/// The one number each shape takes from the drive: gain, step or hold in samples of the base rate.
fn strength(kind: DistortionKind, drive_db: f32, base_rate: f32) -> f32 {
    let drive_db = drive_db.clamp(-30.0, 30.0);
    let t = (drive_db + 30.0) / 60.0;
    match kind {
        DistortionKind::BitCrush => (t * t).max(1e-4),
        DistortionKind::DownSample => hold(drive_db, base_rate),
        _ => fast::db_to_gain(drive_db),
    }
}

impl Distortion {
    /// At rest, at `oversampling` times the base rate.
    #[must_use]
    pub fn new(sample_rate: f32, oversampling: usize) -> Self {
        Self {
            sample_rate,
            oversampling,
            filter: Svf::default(),
            reducer: Reducer::new(oversampling),
            strength: [Ramp::default(); 2],
            mix: [Ramp::default(); 2],
            tuned: [(0.0, 0.0); 2],
            g: [Ramp::default(); 2],
            k: [Ramp::default(); 2],
            weights: [[Ramp::default(); 2]; 3],
        }
    }

    /// At rest; the next block starts at its values.
    pub fn reset(&mut self) {
        *self = Self::new(self.sample_rate, self.oversampling);
    }

    /// Replaces a block by its mix with the shaped signal. Each side follows its own values; the shape and the place of
    /// the filter are the left one's.
    pub fn process(
        &mut self,
        level: Level,
        left: &mut [f32],
        right: &mut [f32],
        sides: &[DistortionParams; 2],
    ) {
        let frames = left.len().min(right.len());
        let DistortionParams {
            kind, filter: place, ..
        } = sides[0];
        for (tuned, p) in self.tuned.iter_mut().zip(sides) {
            if tuned.0 != p.filter_hz {
                *tuned = (p.filter_hz, svf::coefficient(p.filter_hz, self.sample_rate));
            }
        }
        let base_rate = self.sample_rate / self.oversampling.max(1) as f32;
        let strengths = sides.map(|p| strength(kind, p.drive_db, base_rate));
        if kind == DistortionKind::DownSample {
            self.reducer.begin(hold(0.0, base_rate), strengths);
        }
        let blends = sides.map(|p| blend_weights(p.filter_blend));
        let mut weights = [[Line::default(); 2]; 3];
        for (place, (lines, ramps)) in weights.iter_mut().zip(&mut self.weights).enumerate() {
            *lines = lines_of(ramps, blends.map(|blend| blend[place]), frames);
        }
        level.run(Block {
            left: &mut left[..frames],
            right: &mut right[..frames],
            filter: &mut self.filter,
            reducer: &mut self.reducer,
            kind,
            place,
            strength: lines_of(&mut self.strength, strengths, frames),
            mix: lines_of(&mut self.mix, sides.map(|p| p.mix.clamp(0.0, 1.0)), frames),
            g: lines_of(&mut self.g, self.tuned.map(|tuned| tuned.1), frames),
            k: lines_of(
                &mut self.k,
                sides.map(|p| svf::damping(p.filter_resonance)),
                frames,
            ),
            weights,
        });
        self.filter.flush();
    }
}

/// The lines of both sides.
fn lines_of(ramps: &mut [Ramp; 2], targets: [f32; 2], frames: usize) -> [Line; 2] {
    let [left, right] = ramps;
    [
        left.towards(targets[0], frames),
        right.towards(targets[1], frames),
    ]
}

/// Frames that are worked on at a time.
const CHUNK: usize = 64;

/// A block's work.
struct Block<'a> {
    left: &'a mut [f32],
    right: &'a mut [f32],
    filter: &'a mut Svf<2>,
    reducer: &'a mut Reducer,
    kind: DistortionKind,
    place: FilterPlace,
    strength: [Line; 2],
    mix: [Line; 2],
    g: [Line; 2],
    k: [Line; 2],
    weights: [[Line; 2]; 3],
}

impl Kernel for Block<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            left, right, filter, ..
        } = self;
        let (mut wet_left, mut wet_right) = ([0.0; CHUNK], [0.0; CHUNK]);
        let chunks = left.chunks_mut(CHUNK).zip(right.chunks_mut(CHUNK));
        for (number, (left, right)) in chunks.enumerate() {
            let start = number * CHUNK;
            let wet_left = &mut wet_left[..left.len()];
            let wet_right = &mut wet_right[..left.len()];
            wet_left.copy_from_slice(left);
            wet_right.copy_from_slice(right);
            let tone = Tone {
                g: self.g,
                k: self.k,
                weights: self.weights,
                start,
            };
            if self.place == FilterPlace::Pre {
                tone.filter(filter, wet_left, wet_right);
            }
            if self.kind == DistortionKind::DownSample {
                self.reducer.pass(wet_left, wet_right, &self.strength, start);
            }
            for (wet, strength) in [&mut *wet_left, &mut *wet_right].into_iter().zip(&self.strength) {
                shape(self.kind, wet, strength, start);
            }
            if self.place == FilterPlace::Post {
                tone.filter(filter, wet_left, wet_right);
            }
            for ((dry, wet), mix) in [(left, wet_left), (right, wet_right)].into_iter().zip(&self.mix) {
                for (i, (dry, wet)) in dry.iter_mut().zip(wet).enumerate() {
                    *dry += mix.at(start + i) * (*wet - *dry);
                }
            }
        }
    }
}

/// The filter's lines in a chunk that begins at `start`.
struct Tone {
    g: [Line; 2],
    k: [Line; 2],
    weights: [[Line; 2]; 3],
    start: usize,
}

impl Tone {
    #[inline(always)]
    fn filter(&self, filter: &mut Svf<2>, left: &mut [f32], right: &mut [f32]) {
        let mut running = *filter;
        let at = |lines: &[Line; 2], at: usize| [lines[0].at(at), lines[1].at(at)];
        let coefficients = |i| SvfCoefficients::new(at(&self.g, i), at(&self.k, i));
        let still = self.g.iter().chain(&self.k).all(Line::is_flat);
        let mut c = coefficients(self.start);
        for (i, (l, r)) in left.iter_mut().zip(right).enumerate() {
            let now = self.start + i;
            if !still {
                c = coefficients(now);
            }
            let weights = [0, 1, 2].map(|k| at(&self.weights[k], now));
            let [a, b] = running.tick([*l, *r], &c).mixed(&weights);
            (*l, *r) = (flush(a), flush(b));
        }
        *filter = running;
    }
}

/// Shapes the samples of one side by the shapes without memory; `strength` is the gain or the step of the bit crusher.
#[inline(always)]
fn shape(kind: DistortionKind, x: &mut [f32], strength: &Line, start: usize) {
    match kind {
        DistortionKind::SoftClip => each(x, strength, start, |x, s| fast::quick_tanh(x * s)),
        DistortionKind::HardClip => each(x, strength, start, |x, s| (x * s).clamp(-1.0, 1.0)),
        DistortionKind::LinearFold => each(x, strength, start, |x, s| {
            4.0 * fast::wrap(x * s * 0.25 + 0.25).abs() - 1.0
        }),
        DistortionKind::SineFold => each(x, strength, start, |x, s| fast::quick_sine(x * s * 0.25)),
        DistortionKind::BitCrush => each(x, strength, start, |x, s| {
            fast::round((x / s).clamp(-4e6, 4e6)) * s
        }),
        DistortionKind::DownSample => {}
    }
}

/// `f` of every sample and its strength.
#[inline(always)]
fn each(x: &mut [f32], strength: &Line, start: usize, f: impl Fn(f32, f32) -> f32) {
    for (i, x) in x.iter_mut().enumerate() {
        *x = f(*x, strength.at(start + i));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fx::probe::{RATE, run};
    use crate::math;

    const PLAIN: DistortionParams = DistortionParams {
        kind: DistortionKind::SoftClip,
        drive_db: 0.0,
        mix: 1.0,
        filter: FilterPlace::None,
        filter_hz: 830.0,
        filter_resonance: 0.5,
        filter_blend: 0.0,
    };

    fn shaped(p: DistortionParams, x: f32) -> f32 {
        let mut distortion = Distortion::new(RATE, 2);
        run(
            |l, r| distortion.process(Level::best(), l, r, &[p; 2]),
            &[x; 4],
            &[x; 4],
            4,
        )
        .0[3]
    }

    #[test]
    fn every_shape_has_its_static_curve() {
        let gain = math::db_to_gain(12.0) as f32;
        for i in -20..=20 {
            let x = i as f32 * 0.05;
            let at = |kind| {
                shaped(
                    DistortionParams {
                        kind,
                        drive_db: 12.0,
                        ..PLAIN
                    },
                    x,
                )
            };
            let driven = f64::from(x * gain);
            assert!((f64::from(at(DistortionKind::SoftClip)) - math::tanh(driven)).abs() < 7e-4);
            assert!((at(DistortionKind::HardClip) - (x * gain).clamp(-1.0, 1.0)).abs() < 1e-6);
            assert!(
                (f64::from(at(DistortionKind::SineFold)) - math::sin(0.5 * math::PI * driven)).abs() < 2e-3
            );
            // The triangle wave with period 4 that is x itself within ±1.
            let t = (driven + 1.0) / 4.0;
            let fold = 1.0 - (4.0 * (t - t.floor()) - 2.0).abs();
            assert!(
                (f64::from(at(DistortionKind::LinearFold)) - fold).abs() < 1e-5,
                "{x}"
            );
            let step = (42.0_f32 / 60.0) * (42.0 / 60.0);
            assert!((at(DistortionKind::BitCrush) - fast::round(x / step) * step).abs() < 1e-6);
        }
    }

    #[test]
    fn half_a_mix_is_the_mean_of_dry_and_wet() {
        let p = DistortionParams {
            kind: DistortionKind::HardClip,
            drive_db: 20.0,
            mix: 0.5,
            ..PLAIN
        };
        assert!((shaped(p, 0.4) - 0.7).abs() < 1e-6);
    }

    #[test]
    fn down_sampling_holds_each_sample_for_its_period() {
        // Measured in Vital at 2×: steps of each phase every 11 and 222.75 samples of 44.1 kHz at 12 and 26 dB, the
        // second phase an eighth of a period after the first.
        let steps = |drive_db, phase: usize| {
            let p = DistortionParams {
                kind: DistortionKind::DownSample,
                drive_db,
                ..PLAIN
            };
            let ramp: Vec<f32> = (0..20_000).map(|n| n as f32).collect();
            let mut distortion = Distortion::new(RATE, 2);
            let (held, _) = run(
                |l, r| distortion.process(Level::best(), l, r, &[p; 2]),
                &ramp,
                &ramp,
                64,
            );
            let own: Vec<f32> = held.iter().skip(phase).step_by(2).copied().collect();
            (1..own.len())
                .filter(|i| own[*i] != own[i - 1])
                .collect::<Vec<usize>>()
        };
        assert_eq!(steps(12.0, 0).len(), 10_000 / 11);
        let (first, second) = (steps(26.0, 0), steps(26.0, 1));
        assert_eq!(first.len(), 44);
        assert_eq!(first[4] - first[0], 891);
        let apart = (second[1] as f64 + 0.5 - first[0] as f64) / 222.75;
        assert!((apart - 0.126).abs() < 0.005, "{apart}");
    }

    #[test]
    fn a_filter_before_or_after_takes_the_top_away() {
        let tone = crate::fx::probe::sine(12_000.0, 0.5, 8_000);
        for filter in [FilterPlace::Pre, FilterPlace::Post] {
            let mut distortion = Distortion::new(RATE, 2);
            let p = DistortionParams {
                filter,
                filter_hz: 500.0,
                ..PLAIN
            };
            let (left, _) = run(
                |l, r| distortion.process(Level::best(), l, r, &[p; 2]),
                &tone,
                &tone,
                128,
            );
            assert!(crate::fx::probe::level_db(&left[4_000..]) < -50.0);
        }
    }
}
