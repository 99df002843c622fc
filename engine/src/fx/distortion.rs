//! The distortion: six shapes after a drive gain, without make-up, and an optional filter before or after (vital-laws §9).

use super::ramp::{Line, Ramp};
use super::svf::{self, Svf, SvfCoefficients};
use crate::math::{self, fast};

/// Samples per second on which the longest hold of the sample-rate reducer is counted.
const HOLD_RATE: f32 = 88_200.0;

/// Shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DistortionKind {
    /// tanh.
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

#[derive(Debug, Clone, Copy, Default)]
struct Hold {
    value: f32,
    age: f32,
}

/// The distortion effect.
#[derive(Debug)]
pub struct Distortion {
    sample_rate: f32,
    filter: Svf<2>,
    hold: [Hold; 2],
    strength: Ramp,
    mix: Ramp,
    g: Ramp,
    k: Ramp,
    weights: [Ramp; 3],
}

/// The one number each shape takes from the drive: gain, step or hold in samples.
fn strength(kind: DistortionKind, drive_db: f32, sample_rate: f32) -> f32 {
    let drive_db = drive_db.clamp(-30.0, 30.0);
    let t = (drive_db + 30.0) / 60.0;
    match kind {
        DistortionKind::BitCrush => (t * t).max(1e-4),
        DistortionKind::DownSample => {
            let open = (1.0 - t).max(1e-3);
            (0.99 / (open * open)).max(1.0) * sample_rate / HOLD_RATE
        }
        _ => math::db_to_gain(f64::from(drive_db)) as f32,
    }
}

/// x within one period 1 from zero.
#[inline]
fn fract(x: f32) -> f32 {
    x - x.floor()
}

/// The memoryless shapes; `s` is the gain, or the step of the bit crusher.
#[inline]
fn shape(kind: DistortionKind, x: f32, s: f32) -> f32 {
    match kind {
        DistortionKind::SoftClip => fast::tanh(x * s),
        DistortionKind::HardClip => (x * s).clamp(-1.0, 1.0),
        DistortionKind::LinearFold => (4.0 * fract(x * s * 0.25 + 0.75) - 2.0).abs() - 1.0,
        DistortionKind::SineFold => fast::sin_cycles(x * s * 0.25),
        DistortionKind::BitCrush => (x / s + 0.5).floor() * s,
        DistortionKind::DownSample => x,
    }
}

impl Distortion {
    /// At rest.
    #[must_use]
    pub fn new(sample_rate: f32) -> Self {
        Self {
            sample_rate,
            filter: Svf::default(),
            hold: [Hold::default(); 2],
            strength: Ramp::default(),
            mix: Ramp::default(),
            g: Ramp::default(),
            k: Ramp::default(),
            weights: [Ramp::default(); 3],
        }
    }

    /// At rest; the next block starts at its values.
    pub fn reset(&mut self) {
        *self = Self::new(self.sample_rate);
    }

    /// Replaces a block by its mix with the shaped signal.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32], p: &DistortionParams) {
        let frames = left.len();
        let strength = self
            .strength
            .towards(strength(p.kind, p.drive_db, self.sample_rate), frames);
        let mix = self.mix.towards(p.mix.clamp(0.0, 1.0), frames);
        let g = self
            .g
            .towards(svf::coefficient(p.filter_hz, self.sample_rate), frames);
        let k = self.k.towards(svf::damping(p.filter_resonance), frames);
        let target = blend_weights(p.filter_blend);
        let mut weights = [Line::default(); 3];
        for ((line, ramp), target) in weights.iter_mut().zip(&mut self.weights).zip(target) {
            *line = ramp.towards(target, frames);
        }
        let (mut strength, mut mix, mut g, mut k) = (strength, mix, g, k);
        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            let dry = [*l, *r];
            let (strength, mix) = (strength.advance(), mix.advance());
            let wet = match p.filter {
                FilterPlace::None => self.shaped(dry, p.kind, strength),
                FilterPlace::Pre => {
                    let c = SvfCoefficients::new(g.advance(), k.advance());
                    let filtered = self
                        .filter
                        .tick(dry, &c)
                        .mixed(weights.each_mut().map(Line::advance));
                    self.shaped(filtered, p.kind, strength)
                }
                FilterPlace::Post => {
                    let c = SvfCoefficients::new(g.advance(), k.advance());
                    let shaped = self.shaped(dry, p.kind, strength);
                    self.filter
                        .tick(shaped, &c)
                        .mixed(weights.each_mut().map(Line::advance))
                }
            };
            *l += mix * (wet[0] - *l);
            *r += mix * (wet[1] - *r);
        }
    }

    #[inline]
    fn shaped(&mut self, x: [f32; 2], kind: DistortionKind, strength: f32) -> [f32; 2] {
        if kind != DistortionKind::DownSample {
            return x.map(|x| shape(kind, x, strength));
        }
        for (hold, x) in self.hold.iter_mut().zip(x) {
            hold.age += 1.0;
            if hold.age >= strength {
                hold.age = (hold.age - strength).min(strength);
                hold.value = x;
            }
        }
        self.hold.map(|hold| hold.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fx::probe::{RATE, run};

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
        let mut distortion = Distortion::new(RATE);
        run(|l, r| distortion.process(l, r, &p), &[x; 4], &[x; 4], 4).0[3]
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
            assert!((f64::from(at(DistortionKind::SoftClip)) - math::tanh(driven)).abs() < 1e-5);
            assert!((at(DistortionKind::HardClip) - (x * gain).clamp(-1.0, 1.0)).abs() < 1e-6);
            assert!(
                (f64::from(at(DistortionKind::SineFold)) - math::sin(0.5 * math::PI * driven)).abs() < 1e-5
            );
            // The triangle wave with period 4 that is x itself within ±1.
            let t = (driven + 1.0) / 4.0;
            let fold = 1.0 - (4.0 * (t - t.floor()) - 2.0).abs();
            assert!(
                (f64::from(at(DistortionKind::LinearFold)) - fold).abs() < 1e-5,
                "{x}"
            );
            let step = (42.0_f32 / 60.0) * (42.0 / 60.0);
            assert!((at(DistortionKind::BitCrush) - (x / step + 0.5).floor() * step).abs() < 1e-6);
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
        // 10.7 dB: (1 − 40.7/60)² = 0.1035, so a hold of 9.57 samples at 88.2 kHz.
        let p = DistortionParams {
            kind: DistortionKind::DownSample,
            drive_db: 10.7,
            ..PLAIN
        };
        let ramp: Vec<f32> = (0..9_570).map(|n| n as f32).collect();
        let mut distortion = Distortion::new(RATE);
        let (held, _) = run(|l, r| distortion.process(l, r, &p), &ramp, &ramp, 64);
        let changes = held.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!((990..=1_010).contains(&changes), "{changes}");
    }

    #[test]
    fn a_filter_before_or_after_takes_the_top_away() {
        let tone = crate::fx::probe::sine(12_000.0, 0.5, 8_000);
        for filter in [FilterPlace::Pre, FilterPlace::Post] {
            let mut distortion = Distortion::new(RATE);
            let p = DistortionParams {
                filter,
                filter_hz: 500.0,
                ..PLAIN
            };
            let (left, _) = run(|l, r| distortion.process(l, r, &p), &tone, &tone, 128);
            assert!(crate::fx::probe::level_db(&left[4_000..]) < -50.0);
        }
    }
}
