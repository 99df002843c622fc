//! The dirty model: a plain pair of one-poles, then a saturated resonance in a loop of its own.
//!
//! The pair gives the slope, the loop (whose own transmission is flat but for its peak) the resonance and the dirt.
//! Formulas: `vital-laws.md` §6.

use super::analog::Pair;
use super::lanes::Lanes;
use super::{FilterControls, Model, Slope, Stereo, cutoff_hz, drive_gain, one_pole_coefficient};

/// Number of ramped coefficients.
pub(crate) const COEFFICIENTS: usize = 8;

/// G, loop feedback R/(1 − R(G−G²)), gain in front, gain into the loop, weights of low, band, high, gain of the
/// pair in front of the 24 dB slope.
const G: usize = 0;
const LOOP: usize = 1;
const FRONT: usize = 2;
const IN: usize = 3;
const LOW: usize = 4;
const BAND: usize = 5;
const HIGH: usize = 6;
const PRE: usize = 7;

/// v/(1 + v²/(3 + 0.2·v²)): how the loop's resonance saturates.
#[inline(always)]
fn saturate(v: Stereo) -> Stereo {
    v.map(|v| {
        let square = v * v;
        v * (3.0 + 0.2 * square) / (3.0 + 1.2 * square)
    })
}

/// State of the dirty model.
#[derive(Debug, Clone)]
pub(crate) struct Dirty {
    slope: Slope,
    pre: Pair,
    pair: Pair,
    first: Stereo,
    second: Stereo,
}

impl Dirty {
    pub(crate) fn new(slope: Slope) -> Self {
        let zero = Lanes::splat(0.0);
        Self {
            slope,
            pre: Pair::SILENT,
            pair: Pair::SILENT,
            first: zero,
            second: zero,
        }
    }
}

/// The pair's response: no feedback.
#[inline(always)]
fn mixed(pair: &mut Pair, x: Stereo, c: &[Stereo; COEFFICIENTS]) -> Stereo {
    let (first, second) = pair.tick(x, c[G]);
    c[LOW] * second + c[BAND] * (first - second) + c[HIGH] * (x - first - first + second)
}

impl Model<COEFFICIENTS> for Dirty {
    fn coefficients(&self, controls: &FilterControls, sample_rate: f32) -> [f32; COEFFICIENTS] {
        let g = one_pole_coefficient(cutoff_hz(controls.cutoff_note).min(20_000.0), sample_rate);
        let drive = drive_gain(controls.drive_db);
        let bent = controls.resonance.sqrt() / (0.5 * g + 0.97).max(1.0);
        let resonance = 0.1 + 2.05 * bent + 0.05 * controls.drive_db / 36.0;
        let square = resonance * resonance;
        let close = 1.0 / (1.0 - resonance * (g - g * g));
        let weights = self.slope.weights(controls.blend);
        [
            g,
            resonance * close,
            1.4 / (square + 1.0),
            (2.0 * drive - 1.0) / (square * 0.5 + 1.0),
            weights.low,
            weights.band,
            weights.high,
            1.0 / (1.0 - (g - g * g)),
        ]
    }

    #[inline(always)]
    fn tick(&mut self, input: Stereo, c: &[Stereo; COEFFICIENTS]) -> Stereo {
        let mut x = input * c[FRONT];
        if self.slope.is_steep() {
            x = mixed(&mut self.pre, x * c[PRE], c);
        }
        x = mixed(&mut self.pair, x, c);
        let rest = Stereo::splat(1.0) - c[G];
        let held = saturate(rest * (rest * self.first - self.second));
        let u = (c[IN] * x + c[LOOP] * (x + held)).tanh();
        let delta = c[G] * (u - self.first);
        let first = self.first + delta;
        self.first = first + delta;
        let delta = c[G] * (first - self.second);
        self.second = self.second + delta + delta;
        u * (1.0 / 1.4)
    }

    fn flush(&mut self) {
        self.pre = self.pre.flushed();
        self.pair = self.pair.flushed();
        self.first = self.first.flushed();
        self.second = self.second.flushed();
    }

    fn reset(&mut self) {
        *self = Self::new(self.slope);
    }
}
